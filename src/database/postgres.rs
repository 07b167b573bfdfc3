//! PostgreSQL: a throw-away server, or a database made for this.

mod arena;
mod connection;

use arena::PostgresArena;
use connection::run;
pub(super) use connection::{PostgresConnection, ready, sql_error};

use super::served::{Databases, first};
use super::server::{Recipe, Server, program, quoted};
use super::{Arena, Database, DatabaseError, Dialect, Level, Reads, Row, Semantics};
use postgres::{Client, Config, NoTls};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

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
                // Whoever asks for it waits in COMMIT for a standby, which there is not: decided, and not seen.
                "synchronous_standby_names=oversell",
                "full_page_writes=off",
                "autovacuum=off",
                "checkpoint_timeout=1h",
                "max_connections=100",
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
            commit_is_held: level == Level::Serializable && self.shared.server.is_some(),
            order_is_kept: true,
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
