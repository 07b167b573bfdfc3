//! PostgreSQL: a throw-away server, or a database made for this.

mod connection;

use connection::run;
pub(super) use connection::{PostgresConnection, ready, sql_error};

use super::served::{Databases, MARK, first, lock, ours};
use super::server::{Recipe, Server, program, quoted};
use super::value::listed;
use super::{Arena, Connection, Database, DatabaseError, Dialect, Level, Line, Reads, Row, Semantics, Wait};
use crate::database::line::Report;
use postgres::{Client, Config, NoTls};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// PostgreSQL.
pub struct Postgres {
    shared: Arc<Shared>,
    title: String,
}

struct Shared {
    config: Config,
    databases: Databases,
    server: Option<Server>,
}

impl Shared {
    fn explained(&self, error: DatabaseError) -> DatabaseError {
        self.server.as_ref().map_or(error.clone(), |server| server.explained(error))
    }
}

impl Postgres {
    /// A throw-away server, from the newest of the installed versions.
    ///
    /// # Errors
    /// None is installed, or it does not come up.
    pub fn start() -> Result<Postgres, DatabaseError> {
        let binary = |name| program(&[name], &folders());
        let (Some(initdb), Some(postgres)) = (binary("initdb"), binary("postgres")) else {
            let why = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)";
            return Err(DatabaseError::NoServer(why.to_owned()));
        };
        let mut server = Server::start("postgres", "QUIT", |folder| {
            let data = quoted(&folder.join("data"));
            let init = "--username=oversell --auth=trust --no-sync --no-instructions --encoding=UTF8 --locale=C";
            let settings = [
                "listen_addresses=",
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum=off",
                "checkpoint_timeout=1h",
                "max_connections=50",
                "shared_buffers=32MB",
                "max_parallel_workers=0",
                "jit=off",
                "log_min_messages=fatal",
            ];
            let settings: Vec<_> = settings.iter().map(|setting| format!("-c {setting}")).collect();
            Recipe {
                init: format!("{} --pgdata={data} {init}", quoted(&initdb)),
                serve: format!("{} -D {data} -k {} {}", quoted(&postgres), quoted(folder), settings.join(" ")),
            }
        })?;
        let mut config = Config::new();
        config.host_path(server.folder()).user("oversell").dbname("postgres");
        let client = server.reach(|| config.connect(NoTls))?;
        let shared = Shared { config, databases: Databases::many(), server: Some(server) };
        Postgres::over(shared, client)
    }

    /// A database made for this, by its URL. Its role must be allowed to set `deadlock_timeout` and
    /// `log_lock_waits`, as a superuser is.
    ///
    /// # Errors
    /// It cannot be reached; or it has tables already and is not called `oversell…`.
    pub fn at(url: &str) -> Result<Postgres, DatabaseError> {
        let wrong = |error: postgres::Error| DatabaseError::NoServer(format!("cannot use that database: {error}"));
        let config = Config::from_str(url).map_err(wrong)?;
        let mut client = config.connect(NoTls).map_err(wrong)?;
        let name = config.get_dbname().unwrap_or_default().to_owned();
        let databases = Databases::named(&name, &rows(&mut client, TABLES)?)?;
        Postgres::over(Shared { config, databases, server: None }, client)
    }

    /// The URL of a database of this server; `None` if it is not a throw-away one.
    pub fn url(&self, database: &str) -> Option<String> {
        let folder = self.folder()?.display().to_string().replace('/', "%2F");
        Some(format!("postgres://oversell@{folder}/{database}"))
    }

    /// Where the files of a throw-away server are.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.shared.server.as_ref().map(Server::folder)
    }

    fn over(shared: Shared, mut client: Client) -> Result<Postgres, DatabaseError> {
        let version = rows(&mut client, "SHOW server_version")?;
        let version = first(&version).split(' ').next().unwrap_or_default().to_owned();
        Ok(Postgres { shared: Arc::new(shared), title: format!("PostgreSQL {version}") })
    }
}

/// Where Debian and others keep servers, newest first.
fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for parent in ["/usr/lib/postgresql", "/usr/local/pgsql"] {
        let versions = std::fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(versions.map(|version| version.path().join("bin")));
    }
    let version = |folder: &PathBuf| {
        let version = folder.parent().and_then(|parent| parent.file_name());
        version.and_then(|version| version.to_string_lossy().parse::<u32>().ok())
    };
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders
}

const TABLES: &str = "SELECT format('%I.%I', n.nspname, c.relname), obj_description(c.oid, 'pg_class') \
                      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' \
                      AND n.nspname <> 'information_schema' ORDER BY c.oid";

impl Database for Postgres {
    fn name(&self) -> &str {
        "postgres"
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn levels(&self) -> &'static [Level] {
        &[Level::ReadCommitted, Level::RepeatableRead, Level::Serializable]
    }

    fn semantics(&self, level: Level) -> Semantics {
        Semantics {
            begin_is_step: false,
            snapshot_is_step: level != Level::ReadCommitted,
            reads: if level == Level::Serializable { Reads::Remembered } else { Reads::Versions },
            selects_lock: false,
            failure_ends_transaction: true,
        }
    }

    fn arena(&self) -> Result<Box<dyn Arena>, DatabaseError> {
        let mut config = self.shared.config.clone();
        let name = self.shared.databases.take(|| {
            let mut client = connect(&config).map_err(|error| self.shared.explained(error))?;
            let name = first(&rows(&mut client, "SELECT 'oversell_' || count(*) FROM pg_database")?);
            rows(&mut client, &format!("CREATE DATABASE {name}")).map(|_| name)
        })?;
        if let Some(name) = &name {
            config.dbname(name);
        }
        let watcher = connect(&config).map_err(|error| self.shared.explained(error))?;
        Ok(Box::new(PostgresArena {
            watcher,
            config,
            shared: self.shared.clone(),
            name,
            tables: Vec::new(),
            counters: Vec::new(),
        }))
    }
}

fn connect(config: &Config) -> Result<Client, DatabaseError> {
    config.connect(NoTls).map_err(|error| DatabaseError::NoServer(format!("the server cannot be reached: {error}")))
}

fn rows(client: &mut Client, sql: &str) -> Result<Vec<Row>, DatabaseError> {
    run(client, sql)
        .map(|reply| reply.rows)
        .map_err(|error| DatabaseError::Statement { statement: sql.to_owned(), message: error.message })
}

struct PostgresArena {
    watcher: Client,
    config: Config,
    shared: Arc<Shared>,
    name: Option<String>,
    tables: Vec<String>,
    /// The sequences that number their rows.
    counters: Vec<String>,
}

impl PostgresArena {
    fn drop_ours(&mut self) -> Result<(), DatabaseError> {
        let tables = ours(&rows(&mut self.watcher, TABLES)?)?;
        if !tables.is_empty() {
            rows(&mut self.watcher, &format!("DROP TABLE {} CASCADE", tables.join(", ")))?;
        }
        Ok(())
    }
}

impl Arena for PostgresArena {
    fn furnish(&mut self, tables: &[String]) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        for statement in tables {
            rows(&mut self.watcher, statement)?;
        }
        self.tables = rows(&mut self.watcher, TABLES)?.iter().filter_map(|row| row.text(0).ok()).collect();
        for table in self.tables.clone() {
            rows(&mut self.watcher, &format!("COMMENT ON TABLE {table} IS '{MARK}'"))?;
        }
        let counters = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'S' ORDER BY c.oid";
        self.counters = rows(&mut self.watcher, counters)?.iter().filter_map(|row| row.text(0).ok()).collect();
        Ok(())
    }

    fn reset(&mut self, fill: &[String]) -> Result<(), DatabaseError> {
        let mut sql = String::new();
        if !self.tables.is_empty() {
            sql = format!("TRUNCATE {} RESTART IDENTITY; ", self.tables.join(", "));
        }
        sql.push_str(&fill.join("; "));
        rows(&mut self.watcher, &sql).map(drop)
    }

    fn clear(&mut self) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        self.shared.databases.give_back(self.name.take());
        Ok(())
    }

    fn connect(&mut self, level: Level) -> Result<Box<dyn Connection>, DatabaseError> {
        let line: Arc<Mutex<Option<Line>>> = Arc::default();
        let told = line.clone();
        let mut config = self.config.clone();
        config.notice_callback(move |notice| {
            if let Some(line) = &*lock(&told) {
                // "process 7 still waiting for ShareLock on transaction 9 after 1.1 ms", and later "acquired".
                let waits = notice.message().contains(" still waiting for ");
                if waits || notice.message().contains(" acquired ") {
                    // If nobody listens, the execution is over.
                    let _ = line.reports.send((line.actor, Report::Notice { waits }));
                }
            }
        });
        let mut client = connect(&config)?;
        // A statement that waits looks for a deadlock once, after this time, and then says that it still waits. So
        // whoever closes a circle finds it, and the word is the proof that the others have looked.
        let settings = format!(
            "SET deadlock_timeout = '1ms'; SET log_lock_waits = on; SET lc_messages = 'C'; \
             SET client_min_messages = log; SET default_transaction_isolation = '{}'",
            level.sql().to_lowercase()
        );
        rows(&mut client, &settings)?;
        let id = rows(&mut client, "SELECT pg_backend_pid()")?;
        let id = id.first().and_then(|row| row.int(0).ok()).unwrap_or(0) as u64;
        let config = self.config.clone();
        Ok(Box::new(PostgresConnection { id, client: Some(client), config, line, open: false, used: false }))
    }

    fn ask(&mut self, sql: &str) -> Result<Option<Vec<Row>>, DatabaseError> {
        rows(&mut self.watcher, sql).map(Some)
    }

    fn contents(&mut self) -> Result<String, DatabaseError> {
        let tables = self.tables.iter().map(|table| format!("SELECT string_agg(t::text, ';') FROM {table} t"));
        let counters = self.counters.iter().map(|name| format!("SELECT (last_value, is_called)::text FROM {name}"));
        let all: Vec<_> = tables.chain(counters).collect();
        if all.is_empty() {
            return Ok(String::new());
        }
        rows(&mut self.watcher, &all.join(" UNION ALL ")).map(|rows| listed(&rows))
    }

    fn waits(&mut self, connections: &[u64]) -> Result<Vec<Option<Wait>>, DatabaseError> {
        let pids = connections.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let sql = format!(
            "SELECT pid, array_to_string(pg_blocking_pids(pid), ' '), coalesce(waitstart::text, '') \
             FROM pg_locks WHERE NOT granted AND pid IN ({pids})"
        );
        let found = rows(&mut self.watcher, &sql)?;
        let wait = |pid: &u64| {
            let row = found.iter().find(|row| row.int(0).is_ok_and(|found| found as u64 == *pid))?;
            let holders = row.text(1).ok()?.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>();
            let since = row.text(2).ok()?;
            (!holders.is_empty()).then_some(Wait { holders, since })
        };
        Ok(connections.iter().map(wait).collect())
    }

    fn terminate(&mut self, connections: &[u64]) -> Result<(), DatabaseError> {
        for pid in connections {
            rows(&mut self.watcher, &format!("SELECT pg_terminate_backend({pid}, 5000)"))?;
        }
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        None
    }
}
