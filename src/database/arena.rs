//! The seam that every database plugs into: a database for one exploration at a time, and its connections.

use super::{DatabaseError, Line, Reply, Row, SqlError, Value};
use std::any::Any;
use std::fmt;
use std::time::Duration;

/// How much a transaction is kept apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// READ COMMITTED.
    ReadCommitted,
    /// REPEATABLE READ.
    RepeatableRead,
    /// REPEATABLE READ, WITH CONSISTENT SNAPSHOT (MariaDB, MySQL).
    ConsistentSnapshot,
    /// SERIALIZABLE.
    Serializable,
    /// BEGIN DEFERRED (SQLite).
    Deferred,
    /// BEGIN IMMEDIATE (SQLite).
    Immediate,
}

impl Level {
    /// All of them.
    pub const ALL: [Level; 6] = [
        Level::ReadCommitted,
        Level::RepeatableRead,
        Level::ConsistentSnapshot,
        Level::Serializable,
        Level::Deferred,
        Level::Immediate,
    ];

    /// Its name in tables and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Level::ReadCommitted => "read-committed",
            Level::RepeatableRead => "repeatable-read",
            Level::ConsistentSnapshot => "consistent-snapshot",
            Level::Serializable => "serializable",
            Level::Deferred => "deferred",
            Level::Immediate => "immediate",
        }
    }

    /// What it is called in SQL, after ISOLATION LEVEL.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Level::ReadCommitted => "READ COMMITTED",
            Level::RepeatableRead | Level::ConsistentSnapshot => "REPEATABLE READ",
            Level::Serializable | Level::Deferred | Level::Immediate => "SERIALIZABLE",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the SQL of a database is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB and MySQL.
    Mariadb,
}

/// What a plain read does to others at some level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Nothing at all, and neither does the end of a transaction that did nothing else: it reads a version.
    Versions,
    /// It is remembered: whoever writes the same may fail for it, or make it fail.
    Remembered,
    /// It takes locks.
    Lock,
    /// Nothing to other statements; but whoever commits must wait until the reading transaction has ended.
    HoldOffCommits,
}

/// What a database does at some level, as far as the order of steps goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// Whether BEGIN itself does something that others notice.
    pub begin_is_step: bool,
    /// Whether taking a snapshot is a step of its own, before the first statement.
    pub snapshot_is_step: bool,
    /// What a plain read does.
    pub reads: Reads,
    /// Whether a statement that inserts what it selects locks what it reads, before it locks what it writes: a step
    /// of its own.
    pub selects_lock: bool,
    /// Whether any failed statement ends its whole transaction.
    pub failure_ends_transaction: bool,
    /// Whether a COMMIT is decided, for all that others may do, before they see it: and [`Connection::hold`] keeps it
    /// there.
    pub commit_is_held: bool,
    /// Whether what comes next can depend on the order in which open transactions did what they did: on who queues
    /// before whom, or on what overlapped. Where it cannot, all that is kept of them is what locks each has, which
    /// follows from what it has seen, and the version that it reads.
    pub order_is_kept: bool,
}

/// A kind of database that is there to be used.
pub trait Database: Send + Sync {
    /// What it is called in tables: `postgres`, `sqlite-wal`.
    fn name(&self) -> &str;
    /// Its product and version, as a verdict names it.
    fn title(&self) -> &str;
    /// Its SQL.
    fn dialect(&self) -> Dialect;
    /// Its levels, from weak to strong.
    fn levels(&self) -> &'static [Level];
    /// What it does at a level.
    fn semantics(&self, level: Level) -> Semantics;
    /// A database of its own, for one exploration at a time.
    ///
    /// # Errors
    /// The server is not there any more, or does not allow it.
    fn arena(&self) -> Result<Box<dyn Arena>, DatabaseError>;
}

/// A statement waits, as the database itself reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The connections it waits for, by [`Connection::id`].
    pub holders: Vec<u64>,
    /// What tells this wait from a later one of the same connection.
    pub since: String,
}

/// A database of its own, watched over a connection that takes part in nothing.
pub trait Arena: Send {
    /// Makes the tables, for the first time.
    ///
    /// # Errors
    /// There are tables already that this did not make, or a statement fails.
    fn furnish(&mut self, tables: &[String]) -> Result<(), DatabaseError>;
    /// Empties the tables that [`Arena::furnish`] made, and fills them anew.
    ///
    /// # Errors
    /// A statement fails.
    fn reset(&mut self, fill: &[String]) -> Result<(), DatabaseError>;
    /// Drops the tables that [`Arena::furnish`] made.
    ///
    /// # Errors
    /// A statement fails.
    fn clear(&mut self) -> Result<(), DatabaseError>;
    /// One more connection, with this level for what runs outside of transactions.
    ///
    /// # Errors
    /// The server does not take it.
    fn connect(&mut self, level: Level) -> Result<Box<dyn Connection>, DatabaseError>;
    /// Asks for what is committed; `None` if that cannot be read while somebody is about to commit (SQLite), and so
    /// is what it was.
    ///
    /// # Errors
    /// The statement fails.
    fn ask(&mut self, sql: &str) -> Result<Option<Vec<Row>>, DatabaseError>;
    /// All that is committed, in the order in which the database finds it, and where its counters stand.
    ///
    /// # Errors
    /// The server is not there any more.
    fn contents(&mut self) -> Result<String, DatabaseError>;
    /// A number that every commit changes that writes anything; `None` if it cannot be read while somebody is about to
    /// commit, and so is what it was.
    ///
    /// # Errors
    /// The server is not there any more.
    fn version(&mut self) -> Result<Option<i64>, DatabaseError> {
        Ok(None)
    }
    /// Which of these connections wait for a lock at this moment.
    ///
    /// # Errors
    /// The server is not there any more.
    fn waits(&mut self, connections: &[u64]) -> Result<Vec<Option<Wait>>, DatabaseError>;
    /// Whether a COMMIT that was to be held is: decided, and not seen.
    ///
    /// # Errors
    /// The server is not there any more.
    fn holds(&mut self, _connection: u64) -> Result<bool, DatabaseError> {
        Ok(false)
    }
    /// Lets a COMMIT be seen that is held back.
    ///
    /// # Errors
    /// The server is not there any more.
    fn shows(&mut self, _connection: u64) -> Result<(), DatabaseError> {
        Ok(())
    }
    /// Ends these connections, whatever they do.
    ///
    /// # Errors
    /// The server is not there any more.
    fn terminate(&mut self, connections: &[u64]) -> Result<(), DatabaseError>;
    /// How long a statement may take before it is worth asking whether it waits; `None` if the connection itself
    /// says so.
    fn patience(&self) -> Option<Duration>;
}

/// One connection of a checkout.
pub trait Connection: Send {
    /// What the server calls it.
    fn id(&self) -> u64;
    /// From now on, who is told when a statement of this connection waits.
    fn attach(&mut self, line: Option<Line>);
    /// BEGIN, at this level.
    ///
    /// # Errors
    /// As the database reports.
    fn begin(&mut self, level: Level) -> Result<(), SqlError>;
    /// Takes the transaction's snapshot, where that is a step of its own.
    ///
    /// # Errors
    /// As the database reports.
    fn snapshot(&mut self) -> Result<(), SqlError>;
    /// One statement, to its end: the server is ready for the next when this returns, also with an error.
    ///
    /// # Errors
    /// As the database reports.
    fn run(&mut self, sql: &str, params: &[Value]) -> Result<Reply, SqlError>;
    /// The COMMIT of this transaction is to be decided, and not to be seen until [`Arena::shows`].
    ///
    /// # Errors
    /// As the database reports.
    fn hold(&mut self) -> Result<(), SqlError> {
        Ok(())
    }
    /// COMMIT.
    ///
    /// # Errors
    /// As the database reports; what becomes of the transaction then, see [`Connection::in_transaction`].
    fn commit(&mut self) -> Result<(), SqlError>;
    /// ROLLBACK, also of a transaction that has failed already.
    ///
    /// # Errors
    /// As the database reports.
    fn rollback(&mut self) -> Result<(), SqlError>;
    /// Whether a transaction is open after the last statement, even one that can only be rolled back.
    fn in_transaction(&self) -> bool;
    /// Ends the connection at once, and returns when the server knows.
    fn sever(&mut self);
    /// Whether it was severed, or the server ended it.
    fn is_severed(&self) -> bool;
    /// Forgets what a session keeps: open transactions and locks of the session.
    ///
    /// # Errors
    /// As the database reports.
    fn clean(&mut self) -> Result<(), SqlError>;
    /// For code over the client's own types.
    fn as_any(&mut self) -> &mut dyn Any;
}
