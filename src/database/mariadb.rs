//! MariaDB (and MySQL's InnoDB): a throw-away server, or a database made for this.

mod connection;

use connection::{MariadbConnection, run};

use super::innodb_status::waits;
use super::served::{Databases, MARK, first, lock, ours};
use super::server::{Recipe, Server, program, quoted};
use super::value::listed;
use super::{Arena, Connection, Database, DatabaseError, Dialect, Level, Reads, Row, Semantics, Wait};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a statement may take before it is worth asking whether it waits. InnoDB says nothing of its own accord.
const PATIENCE: Duration = Duration::from_micros(500);

/// MariaDB or MySQL.
pub struct Mariadb {
    shared: Arc<Shared>,
    title: String,
}

struct Shared {
    opts: Opts,
    databases: Databases,
    /// Whether somebody explores. Locks by name are the whole server's, so it is one at a time.
    taken: (Mutex<bool>, Condvar),
    server: Option<Server>,
}

impl Shared {
    fn explained(&self, error: DatabaseError) -> DatabaseError {
        self.server.as_ref().map_or(error.clone(), |server| server.explained(error))
    }
}

impl Mariadb {
    /// A throw-away server, without system tables: nobody needs to be granted anything.
    ///
    /// # Errors
    /// None is installed, or it does not come up.
    pub fn start() -> Result<Mariadb, DatabaseError> {
        let folders = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/libexec")];
        let Some(mariadbd) = program(&["mariadbd"], &folders) else {
            let why = "MariaDB's server is not installed (Debian: apt-get install mariadb-server)";
            return Err(DatabaseError::NoServer(why.to_owned()));
        };
        let mut server = Server::start("mysql", "KILL", |folder| {
            let settings = [
                "--skip-networking",
                "--skip-grant-tables",
                "--skip-log-bin",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-flush-method=nosync",
                "--innodb-doublewrite=0",
                "--innodb-file-per-table=OFF",
                "--innodb-use-native-aio=0",
                "--innodb-buffer-pool-size=32M",
                "--innodb-log-file-size=8M",
                "--innodb-status-output-locks=ON",
            ];
            let at = |name: &str| quoted(&folder.join(name));
            let (data, socket, pid, scratch) = (at("data"), at("socket"), at("pid"), at("scratch"));
            // Where servers share a folder for temporary tables, each one that starts removes those of the others.
            let files = format!("--datadir={data} --tmpdir={scratch} --socket={socket} --pid-file={pid}");
            Recipe {
                init: format!("mkdir {data} {scratch}"),
                serve: format!("{} --no-defaults {files} {}", quoted(&mariadbd), settings.join(" ")),
            }
        })?;
        let socket = server.folder().join("socket").display().to_string();
        let opts: Opts = OptsBuilder::new().socket(Some(socket)).user(Some("root")).into();
        let conn = server.reach(|| Conn::new(opts.clone()))?;
        Mariadb::over(
            Shared { opts, databases: Databases::many(), taken: Default::default(), server: Some(server) },
            conn,
        )
    }

    /// A database made for this, by its URL, as in `mysql://user@host/name`. Its user must be allowed to see InnoDB's
    /// status (PROCESS).
    ///
    /// # Errors
    /// It cannot be reached; or it has tables already and is not called `oversell…`.
    pub fn at(url: &str) -> Result<Mariadb, DatabaseError> {
        let wrong =
            |error: &dyn std::fmt::Display| DatabaseError::NoServer(format!("cannot use that database: {error}"));
        let opts = Opts::from_url(url).map_err(|error| wrong(&error))?;
        let mut conn = Conn::new(opts.clone()).map_err(|error| wrong(&error))?;
        let Some(name) = opts.get_db_name().map(str::to_owned) else {
            return Err(DatabaseError::NotOurs("the URL names no database".to_owned()));
        };
        let databases = Databases::named(&name, &rows(&mut conn, TABLES)?)?;
        // Who waits is in there. Without the right to the setting, it is not shown for whom.
        rows(&mut conn, "SHOW ENGINE INNODB STATUS")?;
        let _ = conn.query_drop("SET GLOBAL innodb_status_output_locks = ON");
        Mariadb::over(Shared { opts, databases, taken: Default::default(), server: None }, conn)
    }

    /// The URL of a database of this server; `None` if it is not a throw-away one.
    pub fn url(&self, database: &str) -> Option<String> {
        let socket = self.folder()?.join("socket").display().to_string().replace('/', "%2F");
        Some(format!("mysql://root@localhost/{database}?socket={socket}"))
    }

    /// Where the files of a throw-away server are.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.shared.server.as_ref().map(Server::folder)
    }

    fn over(shared: Shared, mut conn: Conn) -> Result<Mariadb, DatabaseError> {
        let version = rows(&mut conn, "SELECT version()")?;
        let version = first(&version);
        let product = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
        let version = version.split('-').next().unwrap_or_default();
        Ok(Mariadb { shared: Arc::new(shared), title: format!("{product} {version}") })
    }
}

const TABLES: &str = "SELECT table_name, table_comment FROM information_schema.tables \
                      WHERE table_schema = database() ORDER BY create_time, table_name";

impl Database for Mariadb {
    fn name(&self) -> &str {
        "mariadb"
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn dialect(&self) -> Dialect {
        Dialect::Mariadb
    }

    fn levels(&self) -> &'static [Level] {
        &[Level::ReadCommitted, Level::RepeatableRead, Level::ConsistentSnapshot, Level::Serializable]
    }

    fn semantics(&self, level: Level) -> Semantics {
        Semantics {
            begin_is_step: level == Level::ConsistentSnapshot,
            // The first plain read takes it, and reads nothing else: no need for a step of its own.
            snapshot_is_step: false,
            reads: if level == Level::Serializable { Reads::Lock } else { Reads::Versions },
            selects_lock: level != Level::ReadCommitted,
            failure_ends_transaction: false,
        }
    }

    fn arena(&self) -> Result<Box<dyn Arena>, DatabaseError> {
        let mut opts = self.shared.opts.clone();
        let turn = Turn::wait(&self.shared);
        let name = self.shared.databases.take(|| {
            let mut conn = connect(&opts).map_err(|error| self.shared.explained(error))?;
            let sql = "SELECT concat('oversell_', count(*)) FROM information_schema.schemata";
            let name = first(&rows(&mut conn, sql)?);
            rows(&mut conn, &format!("CREATE DATABASE {name}")).map(|_| name)
        })?;
        if let Some(name) = &name {
            opts = OptsBuilder::from_opts(opts).db_name(Some(name)).into();
        }
        let watcher = connect(&opts).map_err(|error| self.shared.explained(error))?;
        Ok(Box::new(MariadbArena { watcher, opts, turn, name, tables: Vec::new() }))
    }
}

fn connect(opts: &Opts) -> Result<Conn, DatabaseError> {
    let unreachable = |error| DatabaseError::NoServer(format!("the server cannot be reached: {error}"));
    let mut conn = Conn::new(opts.clone()).map_err(unreachable)?;
    rows(&mut conn, "SET sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")?;
    Ok(conn)
}

fn rows(conn: &mut Conn, sql: &str) -> Result<Vec<Row>, DatabaseError> {
    run(conn, sql)
        .map(|reply| reply.rows)
        .map_err(|error| DatabaseError::Statement { statement: sql.to_owned(), message: error.message })
}

/// The right to explore.
struct Turn(Arc<Shared>);

impl Turn {
    fn wait(shared: &Arc<Shared>) -> Turn {
        let (taken, freed) = &shared.taken;
        let mut taken = freed.wait_while(lock(taken), |taken| *taken).unwrap_or_else(PoisonError::into_inner);
        *taken = true;
        Turn(shared.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (taken, freed) = &self.0.taken;
        *lock(taken) = false;
        freed.notify_one();
    }
}

struct MariadbArena {
    watcher: Conn,
    opts: Opts,
    turn: Turn,
    name: Option<String>,
    tables: Vec<String>,
}

impl MariadbArena {
    fn drop_ours(&mut self) -> Result<(), DatabaseError> {
        let tables = ours(&rows(&mut self.watcher, TABLES)?)?;
        let tables: Vec<_> = tables.iter().map(|name| format!("`{name}`")).collect();
        if !tables.is_empty() {
            rows(&mut self.watcher, "SET foreign_key_checks = 0")?;
            rows(&mut self.watcher, &format!("DROP TABLE {}", tables.join(", ")))?;
            rows(&mut self.watcher, "SET foreign_key_checks = 1")?;
        }
        Ok(())
    }
}

impl Arena for MariadbArena {
    fn furnish(&mut self, tables: &[String]) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        for statement in tables {
            rows(&mut self.watcher, statement)?;
            // Marked at once: nothing that is left half-way is taken for somebody else's.
            for row in rows(&mut self.watcher, TABLES)? {
                let (Ok(table), Ok(comment)) = (row.text(0), row.text(1)) else { continue };
                if comment != MARK {
                    rows(&mut self.watcher, &format!("ALTER TABLE `{table}` COMMENT = '{MARK}'"))?;
                    self.tables.push(table);
                }
            }
        }
        Ok(())
    }

    fn reset(&mut self, fill: &[String]) -> Result<(), DatabaseError> {
        // Not DELETE: rows that are marked as deleted keep their places in the index, and the gaps between them, until
        // they are purged, whenever that is.
        rows(&mut self.watcher, "SET foreign_key_checks = 0")?;
        for table in &self.tables {
            rows(&mut self.watcher, &format!("TRUNCATE `{table}`"))?;
        }
        rows(&mut self.watcher, "SET foreign_key_checks = 1")?;
        fill.iter().try_for_each(|sql| rows(&mut self.watcher, sql).map(drop))
    }

    fn clear(&mut self) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        self.turn.0.databases.give_back(self.name.take());
        Ok(())
    }

    fn connect(&mut self, level: Level) -> Result<Box<dyn Connection>, DatabaseError> {
        let mut conn = connect(&self.opts)?;
        rows(&mut conn, &format!("SET SESSION TRANSACTION ISOLATION LEVEL {}", level.sql()))?;
        let (id, opts) = (u64::from(conn.connection_id()), self.opts.clone());
        Ok(Box::new(MariadbConnection { id, conn: Some(conn), opts, open: false }))
    }

    fn ask(&mut self, sql: &str) -> Result<Option<Vec<Row>>, DatabaseError> {
        rows(&mut self.watcher, sql).map(Some)
    }

    fn contents(&mut self) -> Result<String, DatabaseError> {
        let mut contents = String::new();
        for table in &self.tables {
            let found = rows(&mut self.watcher, &format!("SELECT * FROM `{table}`"))?;
            contents.push_str(&format!("{table}: {}; ", listed(&found)));
        }
        let counters = "SELECT table_name, auto_increment FROM information_schema.tables \
                        WHERE table_schema = database() AND auto_increment IS NOT NULL ORDER BY table_name";
        contents.push_str(&listed(&rows(&mut self.watcher, counters)?));
        Ok(contents)
    }

    fn waits(&mut self, connections: &[u64]) -> Result<Vec<Option<Wait>>, DatabaseError> {
        let status = rows(&mut self.watcher, "SHOW ENGINE INNODB STATUS")?;
        let status = status.first().and_then(|row| row.text(2).ok()).unwrap_or_default();
        let mut waits = waits(&status, connections);
        // Locks by name are the server's, not InnoDB's.
        let ids = connections.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let sql =
            format!("SELECT id, info FROM information_schema.processlist WHERE state = 'User lock' AND id IN ({ids})");
        for row in rows(&mut self.watcher, &sql)? {
            let (Ok(id), Ok(info)) = (row.int(0), row.text(1)) else { continue };
            let name = info.split('\'').nth(1).unwrap_or_default().to_owned();
            let holder = rows(&mut self.watcher, &format!("SELECT is_used_lock('{name}')"))?;
            let holder = holder.first().and_then(|row| row.int(0).ok());
            // The state stands in the list until the thread runs again; by then the lock may be its own.
            let holder = holder.filter(|holder| *holder != id);
            if let (Some(at), Some(holder)) = (connections.iter().position(|other| *other as i64 == id), holder) {
                waits[at] = Some(Wait { holders: vec![holder as u64], since: name });
            }
        }
        Ok(waits)
    }

    fn terminate(&mut self, connections: &[u64]) -> Result<(), DatabaseError> {
        for id in connections {
            rows(&mut self.watcher, &format!("KILL {id}"))?;
        }
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}
