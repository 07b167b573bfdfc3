//! What checkout code talks to: one connection, whose every step waits for its turn.

mod steps;

use super::line::{Announcement, Kind, Line, Order, Report};
use super::value::with_parameters;
use super::{Connection, Database, Level, Reply, Row, SqlError, Value};
use std::sync::Arc;

/// A connection to the database under test, for plain synchronous code.
///
/// Inside an exploration every call is a step that waits for its turn; let loose, it goes straight to the database.
/// The code must be deterministic but for what it reads and [chooses](Session::choose).
///
/// Placeholders are `$1`, `$2`, … for every database. A statement outside of a transaction is two steps, itself and
/// its commit: in between, others see nothing of it yet.
pub struct Session {
    connection: Box<dyn Connection>,
    line: Option<Line>,
    level: Level,
    database: Arc<dyn Database>,
    transaction: Option<Transaction>,
    told: i64,
    customer: i64,
    /// Whether a lock of the session may be held, which no end of a transaction frees.
    lingers: bool,
}

/// What is known of an open transaction.
#[derive(Clone, Copy)]
struct Transaction {
    level: Level,
    /// BEGIN waits for the first statement, since nobody notices it.
    unsent: bool,
    /// Whether it may have changed or locked a row.
    writes: bool,
    /// Whether others may notice its end: it changed or locked something.
    noticed: bool,
    /// Whether the database has ended it already, and only the client does not know.
    dead: bool,
}

impl Transaction {
    fn unsent(level: Level) -> Transaction {
        Transaction { level, unsent: true, writes: false, noticed: false, dead: false }
    }
}

impl Session {
    pub(super) fn new(
        connection: Box<dyn Connection>,
        line: Option<Line>,
        level: Level,
        database: Arc<dyn Database>,
        customer: i64,
    ) -> Session {
        Session { connection, line, level, database, transaction: None, told: 0, lingers: false, customer }
    }

    /// The level that is being tried.
    pub fn level(&self) -> Level {
        self.level
    }

    /// A number that nobody else has, as a customer has one: 1 for the first buyer.
    pub fn customer(&self) -> i64 {
        self.told_apart();
        self.customer
    }

    /// Begins a transaction. Where that takes a lock (SQLite's IMMEDIATE) it is a step; elsewhere nobody notices,
    /// and the database hears of it with the first statement. Where a transaction reads from one snapshot, taking
    /// that is a step of its own before the first statement.
    ///
    /// # Errors
    /// As the database reports.
    pub fn begin(&mut self, level: Level) -> Result<(), SqlError> {
        if self.transaction.is_some() {
            return Err(self.broken("BEGIN", SqlError::wrong("a transaction is open already")));
        }
        self.alive()?;
        if self.line.is_none() || !self.database.semantics(level).begin_is_step {
            self.transaction = Some(Transaction::unsent(level));
            return Ok(());
        }
        if self.database.semantics(level).snapshot_is_step {
            self.step("(takes its read lock)".to_owned(), Kind::Snapshot, |connection| {
                let taken = connection.snapshot();
                if taken.is_err() {
                    connection.rollback()?;
                }
                taken.map(|()| ((), String::new()))
            })?;
        }
        let (text, kind) = match level {
            Level::ConsistentSnapshot => ("BEGIN with a snapshot".to_owned(), Kind::Snapshot),
            level => (format!("BEGIN {}", level.name().to_uppercase()), Kind::Statement),
        };
        let noticed = kind == Kind::Statement;
        self.step(text, kind, |connection| connection.begin(level).map(|()| ((), String::new())))?;
        self.transaction = Some(Transaction { unsent: false, noticed, ..Transaction::unsent(level) });
        Ok(())
    }

    /// Rows of a query.
    ///
    /// # Errors
    /// As the database reports.
    pub fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, SqlError> {
        self.statement(sql, params).map(|reply| reply.rows)
    }

    /// The whole number that a query finds first.
    ///
    /// # Errors
    /// As the database reports; no row, or no whole number in it, is a mistake in the statement.
    pub fn number(&mut self, sql: &str, params: &[Value]) -> Result<i64, SqlError> {
        let rows = self.query(sql, params)?;
        let number = rows.first().ok_or_else(|| SqlError::wrong("it finds no row")).and_then(|row| row.int(0));
        number.map_err(|error| self.broken(sql, error))
    }

    /// How many rows a statement changed.
    ///
    /// # Errors
    /// As the database reports.
    pub fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, SqlError> {
        self.statement(sql, params).map(|reply| reply.affected)
    }

    /// Commits. When this fails the transaction may still be open (SQLite, busy): call it again, or roll back.
    ///
    /// # Errors
    /// As the database reports.
    pub fn commit(&mut self) -> Result<(), SqlError> {
        self.end("COMMIT", true)
    }

    /// Rolls back, if a transaction is open. A step, unless the database has ended the transaction already.
    ///
    /// # Errors
    /// As the database reports.
    pub fn rollback(&mut self) -> Result<(), SqlError> {
        if self.transaction.is_none() { Ok(()) } else { self.end("ROLLBACK", false) }
    }

    /// One of a few named alternatives, by its position: each one is explored. Let loose, one is drawn.
    pub fn choose(&mut self, name: &str, alternatives: &[&str]) -> usize {
        let Some(line) = &self.line else { return fastrand::usize(..alternatives.len()) };
        let kind = Kind::Choice(alternatives.iter().map(|name| (*name).to_owned()).collect());
        match line.turn(Announcement { text: name.to_owned(), kind }) {
            Order::Take(number) => number,
            _ => 0,
        }
    }

    /// Tells the buyer that they bought so many: from here on they count as sold.
    pub fn sold(&mut self, quantity: i64) {
        self.told += quantity;
        if let Some(line) = &self.line {
            line.tell(Report::Sold(quantity));
        }
    }

    /// Puts a remark into the trace.
    pub fn say(&mut self, remark: &str) {
        if let Some(line) = &self.line {
            line.tell(Report::Says(remark.to_owned()));
        }
    }

    /// Runs a transaction, and starts it over when the database says that it may go through then: so many times,
    /// and no more.
    ///
    /// # Errors
    /// Any other failure, and the last one.
    pub fn retrying<T>(
        &mut self,
        times: usize,
        body: impl Fn(&mut Session) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        for _ in 0..times {
            match body(self) {
                Err(error) if error.is_retryable() => {
                    self.rollback()?;
                    self.again(&error.message);
                }
                other => return other,
            }
        }
        body(self)
    }

    /// Says, in the trace, that the code starts over, and why.
    pub fn again(&mut self, why: &str) {
        self.say(&format!("again: {why}"));
    }

    fn told_apart(&self) {
        if let Some(line) = &self.line {
            line.tell(Report::ToldApart);
        }
    }

    pub(super) fn statement(&mut self, sql: &str, params: &[Value]) -> Result<Reply, SqlError> {
        let text = match with_parameters(sql, params) {
            Ok(text) => text,
            Err(error) => return Err(self.broken(sql, error)),
        };
        self.act(&text, |connection| {
            let reply = connection.run(sql, params)?;
            let shown = reply.to_string();
            Ok((reply, shown))
        })
    }
}
