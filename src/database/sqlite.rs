//! SQLite, in this process: a file in a temporary folder, rollback journal or WAL, busy as an outcome or as a wait.

mod connection;

use connection::run;
pub(super) use connection::{SqliteConnection, sql_error};

use super::server::guarded_folder;
use super::value::listed;
use super::{Arena, Connection, Database, DatabaseError, Dialect, Level, Line, Reads, Row, Semantics, Trouble, Wait};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// How SQLite keeps what it may have to undo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Journal {
    /// In a rollback journal: readers and a committing writer exclude each other.
    #[default]
    Rollback,
    /// In a write-ahead log: readers read their snapshot beside one writer.
    Wal,
}

/// What becomes of a statement that finds the database locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Busy {
    /// It waits until the lock comes free, as with a long `busy_timeout`. Which of several that wait gets it is
    /// explored. Where nobody can free it any more, the wait times out.
    #[default]
    Waits,
    /// It fails at once, as without a `busy_timeout`.
    Fails,
}

/// SQLite.
#[derive(Clone, Debug)]
pub struct Sqlite {
    journal: Journal,
    busy: Busy,
    name: String,
    title: String,
}

impl Sqlite {
    /// SQLite with this journal, and this way to be busy.
    pub fn new(journal: Journal, busy: Busy) -> Sqlite {
        let (in_name, in_title) = match (journal, busy) {
            (Journal::Rollback, Busy::Waits) => ("", "rollback journal, busy waits"),
            (Journal::Wal, Busy::Waits) => ("-wal", "WAL, busy waits"),
            (Journal::Rollback, Busy::Fails) => ("-busy", "rollback journal, busy fails"),
            (Journal::Wal, Busy::Fails) => ("-wal-busy", "WAL, busy fails"),
        };
        let (name, title) = (format!("sqlite{in_name}"), format!("SQLite {}, {in_title}", rusqlite::version()));
        Sqlite { journal, busy, name, title }
    }

    /// All four.
    pub fn all() -> [Sqlite; 4] {
        let of = |busy| [Sqlite::new(Journal::Rollback, busy), Sqlite::new(Journal::Wal, busy)];
        let ([a, b], [c, d]) = (of(Busy::Waits), of(Busy::Fails));
        [a, b, c, d]
    }
}

impl Database for Sqlite {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn levels(&self) -> &'static [Level] {
        &[Level::Deferred, Level::Immediate]
    }

    fn semantics(&self, level: Level) -> Semantics {
        Semantics {
            begin_is_step: level == Level::Immediate,
            // A transaction first takes the lock to read, also one that begins IMMEDIATE. Where it then fails to get the
            // one to write, it keeps others from committing for that moment, and they fail. (With a busy handler it
            // lets go before it waits.)
            snapshot_is_step: self.busy == Busy::Fails,
            reads: Reads::HoldOffCommits,
            selects_lock: false,
            failure_ends_transaction: false,
            // Nobody queues: a lock is the file's, and whoever tries next has it. And nothing is kept of those that have
            // ended.
            commit_is_held: false,
            order_is_kept: false,
        }
    }

    fn arena(&self) -> Result<Box<dyn Arena>, DatabaseError> {
        let folder = tempfile::Builder::new().prefix("sqlite-").tempdir_in(guarded_folder()?);
        let folder = folder.map_err(|error| DatabaseError::NoServer(format!("no temporary folder: {error}")))?;
        let path = folder.path().join("checkout.sqlite");
        let watcher = open(&path, self.journal).map_err(|error| stated("open", error))?;
        watcher.busy_timeout(Duration::ZERO).map_err(|error| stated("open", error))?;
        Ok(Box::new(SqliteArena { watcher, path, busy: self.busy, journal: self.journal, tables: Vec::new(), folder }))
    }
}

fn open(path: &Path, journal: Journal) -> rusqlite::Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(path)?;
    let journal = if journal == Journal::Wal { "wal" } else { "delete" };
    connection.pragma_update(None, "journal_mode", journal)?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    Ok(connection)
}

fn stated(statement: &str, error: rusqlite::Error) -> DatabaseError {
    DatabaseError::Statement { statement: statement.to_owned(), message: sql_error(error).message }
}

struct SqliteArena {
    // Closed before the folder goes.
    watcher: rusqlite::Connection,
    path: PathBuf,
    busy: Busy,
    journal: Journal,
    tables: Vec<String>,
    #[expect(dead_code, reason = "removed when dropped")]
    folder: TempDir,
}

impl SqliteArena {
    /// The tables, and what counts for AUTOINCREMENT, if there is any.
    fn names(&self) -> Result<Vec<String>, DatabaseError> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
                   AND (name NOT LIKE 'sqlite_%' OR name = 'sqlite_sequence') ORDER BY rowid";
        self.rows(sql).map(|rows| rows.iter().filter_map(|row| row.text(0).ok()).collect())
    }

    fn rows(&self, sql: &str) -> Result<Vec<Row>, DatabaseError> {
        run(&self.watcher, sql, &[])
            .map(|reply| reply.rows)
            .map_err(|error| DatabaseError::Statement { statement: sql.to_owned(), message: error.message })
    }
}

impl Arena for SqliteArena {
    fn furnish(&mut self, tables: &[String]) -> Result<(), DatabaseError> {
        for statement in tables {
            self.watcher.execute_batch(statement).map_err(|error| stated(statement, error))?;
        }
        self.tables = self.names()?;
        Ok(())
    }

    fn reset(&mut self, fill: &[String]) -> Result<(), DatabaseError> {
        let mut statements = vec!["BEGIN IMMEDIATE".to_owned()];
        statements.extend(self.tables.iter().rev().map(|table| format!("DELETE FROM \"{table}\"")));
        statements.extend(fill.iter().cloned());
        statements.push("COMMIT".to_owned());
        statements.iter().try_for_each(|sql| self.watcher.execute_batch(sql).map_err(|error| stated(sql, error)))
    }

    fn clear(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn connect(&mut self, _level: Level) -> Result<Box<dyn Connection>, DatabaseError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut connection = open(&self.path, self.journal).map_err(|error| stated("open", error))?;
        let line: Arc<Mutex<Option<Line>>> = Arc::default();
        match self.busy {
            Busy::Fails => connection.busy_timeout(Duration::ZERO).map_err(|error| stated("open", error))?,
            Busy::Waits => {
                let line = line.clone();
                let handler = move |times: i32| {
                    let line = line.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    match line {
                        Some(line) => line.park(),
                        // Let loose: SQLite's own way to wait is to try again after a while.
                        None => {
                            std::thread::sleep(Duration::from_micros(200));
                            times < 50_000
                        }
                    }
                };
                connection.busy_handler(Some(handler)).map_err(|error| stated("open", error))?;
            }
        }
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(SqliteConnection { id, connection: Some(connection), line }))
    }

    fn ask(&mut self, sql: &str) -> Result<Option<Vec<Row>>, DatabaseError> {
        match run(&self.watcher, sql, &[]) {
            Ok(reply) => Ok(Some(reply.rows)),
            Err(error) if error.trouble == Trouble::Busy => Ok(None),
            Err(error) => Err(DatabaseError::Statement { statement: sql.to_owned(), message: error.message }),
        }
    }

    fn contents(&mut self) -> Result<String, DatabaseError> {
        let mut contents = String::new();
        for table in &self.tables {
            let rows = self.rows(&format!("SELECT rowid, * FROM \"{table}\""))?;
            contents.push_str(&format!("{table}: {}; ", listed(&rows)));
        }
        Ok(contents)
    }

    fn version(&mut self) -> Result<Option<i64>, DatabaseError> {
        let found = self.ask("PRAGMA data_version")?;
        Ok(found.and_then(|rows| rows.first().and_then(|row| row.int(0).ok())))
    }

    fn waits(&mut self, connections: &[u64]) -> Result<Vec<Option<Wait>>, DatabaseError> {
        // A statement that waits says so itself.
        Ok(vec![None; connections.len()])
    }

    fn terminate(&mut self, _connections: &[u64]) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        None
    }
}
