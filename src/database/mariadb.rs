//! MariaDB: a throw-away server, or a database made for this. MySQL has the same protocol and an InnoDB that reports in
//! the same words, and so one is taken by its URL; but no test has been made with it, and none is started.

mod arena;
mod connection;

use arena::MariadbArena;
use connection::run;

use super::served::{Databases, first, lock};
use super::server::{Recipe, Server, program, quoted};
use super::{Arena, Database, DatabaseError, Dialect, Level, Reads, Row, Semantics};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// MariaDB; or MySQL, by its URL and untested.
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
            commit_is_held: false,
            order_is_kept: true,
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
        Ok(Box::new(MariadbArena { watcher, opts, turn, name, tables: Vec::new(), counts: false }))
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
