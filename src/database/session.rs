//! What checkout code talks to: one connection, whose every step waits for its turn.

use super::line::{Announcement, Kind, Line, Order, Report};
use super::value::with_parameters;
use super::{Connection, Database, DatabaseError, Dialect, Level, Reads, Reply, Row, SqlError, Trouble, Value};
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
#[derive(Clone, Copy, Default)]
struct Transaction {
    /// A BEGIN that waits for the first statement, since nobody notices it.
    unsent: Option<Level>,
    /// Whether others may notice its end: it changed or locked something.
    noticed: bool,
    /// Whether the database has ended it already, and only the client does not know.
    dead: bool,
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
            self.transaction = Some(Transaction { unsent: Some(level), ..Transaction::default() });
            return Ok(());
        }
        let (text, kind) = match level {
            Level::ConsistentSnapshot => ("BEGIN with a snapshot".to_owned(), Kind::Snapshot),
            level => (format!("BEGIN {}", level.name().to_uppercase()), Kind::Statement),
        };
        let noticed = kind == Kind::Statement;
        self.step(text, kind, |connection| connection.begin(level).map(|()| ((), String::new())))?;
        self.transaction = Some(Transaction { noticed, ..Transaction::default() });
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

    /// Says that nothing has come of it and that the code starts over. It goes on only when somebody else has moved,
    /// if anybody can: until then it would find everything as it was.
    pub fn again(&mut self, why: &str) {
        match &self.line {
            Some(line) => drop(line.turn(Announcement { text: format!("again: {why}"), kind: Kind::Again })),
            None => std::thread::yield_now(),
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

    /// One statement, however it is sent, in the transaction that is open or in one of its own.
    pub(super) fn act<T>(
        &mut self,
        text: &str,
        run: impl FnOnce(&mut dyn Connection) -> Result<(T, String), SqlError>,
    ) -> Result<T, SqlError> {
        self.alive()?;
        let alone = self.transaction.is_none();
        if self.line.is_none() {
            self.send_begin()?;
            return run(&mut *self.connection).map(|(result, _)| result);
        }
        // SQLite's level is a way to begin; a statement on its own begins in the one way there is.
        let own_level = if self.database.dialect() == Dialect::Sqlite { Level::Deferred } else { self.level };
        let level = if alone { own_level } else { self.transaction.and_then(|t| t.unsent).unwrap_or(self.level) };
        let semantics = self.database.semantics(level);
        let kind = if is_plain_read(text) { Kind::Read } else { Kind::Statement };
        let text = text.to_owned();
        let is_lock = is_session_lock(&text);
        self.lingers |= is_lock;
        // A version is read at one moment, and a lock of the session is not the transaction's.
        if alone && (is_lock || kind == Kind::Read && semantics.reads == Reads::Versions) {
            return self.step(text, kind, run);
        }
        if alone {
            self.transaction = Some(Transaction { unsent: Some(level), ..Transaction::default() });
        }
        let unsent = self.transaction.is_some_and(|transaction| transaction.unsent.is_some());
        // What SQLite reads first, takes that lock by itself.
        let apart = self.database.dialect() != Dialect::Sqlite || kind != Kind::Read;
        if unsent && semantics.snapshot_is_step && apart && !text.to_uppercase().starts_with("LOCK") {
            let what = if self.database.dialect() == Dialect::Sqlite { "read lock" } else { "snapshot" };
            let taken = self.step(format!("(takes its {what})"), Kind::Snapshot, |connection| {
                connection.begin(level)?;
                connection.snapshot().map(|()| ((), String::new()))
            });
            if let Some(transaction) = &mut self.transaction {
                transaction.unsent = None;
                transaction.noticed = semantics.reads != Reads::Versions;
            }
            if let Err(error) = taken {
                if alone {
                    self.rollback()?;
                }
                return Err(error);
            }
        }
        let begin = self.transaction.as_mut().and_then(|transaction| transaction.unsent.take());
        let noticed = kind != Kind::Read || semantics.reads != Reads::Versions;
        let result = self.step(text, kind, |connection| {
            if let Some(level) = begin {
                connection.begin(level)?;
            }
            let result = run(connection);
            // A statement of its own that fails leaves nothing behind.
            if alone && result.is_err() {
                connection.rollback()?;
            }
            result
        });
        if let Some(transaction) = &mut self.transaction {
            transaction.noticed |= noticed;
            transaction.dead |= result.is_err() && semantics.failure_ends_transaction;
        }
        if result.is_err() && !self.connection.in_transaction() {
            self.transaction = None;
        }
        if alone && result.is_ok() {
            self.end("COMMIT of that statement", true)?;
        }
        result
    }

    /// Ends the transaction: a step, unless there is nothing to end.
    fn end(&mut self, text: &str, commit: bool) -> Result<(), SqlError> {
        self.alive()?;
        let Some(transaction) = self.transaction else {
            return Err(self.broken(text, SqlError::wrong("no transaction is open")));
        };
        let run = |connection: &mut dyn Connection| {
            let ended = if commit { connection.commit() } else { connection.rollback() };
            ended.map(|()| ((), String::new()))
        };
        let result = match (transaction.unsent, &self.line) {
            // The database has never heard of it.
            (Some(_), _) => Ok(()),
            (None, Some(_)) if !transaction.dead => {
                let wrote = transaction.noticed;
                let kind = if commit { Kind::Commit { wrote } } else { Kind::Rollback { wrote } };
                self.step(text.to_owned(), kind, run)
            }
            _ => run(&mut *self.connection).map(|((), _)| ()),
        };
        if transaction.unsent.is_some() || !self.connection.in_transaction() {
            self.transaction = None;
        }
        result
    }

    /// When the code has ended: a connection that closes rolls back what is open.
    pub(super) fn close(&mut self) {
        if self.transaction.is_some() && !self.connection.is_severed() {
            // What a rollback at the end reports, nobody is there to see.
            let _ = self.rollback();
        }
        if self.lingers && !self.connection.is_severed() {
            // A connection that cannot be cleaned is not used again.
            let _ = self.connection.clean();
        }
    }

    /// How many were told to be sold.
    pub(super) fn told(&self) -> i64 {
        self.told
    }

    /// Gives the connection back.
    pub(super) fn surrender(self) -> Box<dyn Connection> {
        self.connection
    }

    /// Gives the connection back when the execution is over before the code is: nothing stays locked.
    pub(super) fn abandon(mut self) -> Box<dyn Connection> {
        self.connection.attach(None);
        if self.connection.clean().is_err() {
            self.connection.sever();
        }
        self.connection
    }

    fn send_begin(&mut self) -> Result<(), SqlError> {
        match self.transaction.as_mut().and_then(|transaction| transaction.unsent.take()) {
            Some(level) => self.connection.begin(level).inspect_err(|_| self.transaction = None),
            None => Ok(()),
        }
    }

    fn alive(&mut self) -> Result<(), SqlError> {
        match self.connection.is_severed() {
            true => Err(SqlError::lost("the connection is cut")),
            false => Ok(()),
        }
    }

    /// One step of the schedule.
    fn step<T>(
        &mut self,
        text: String,
        kind: Kind,
        run: impl FnOnce(&mut dyn Connection) -> Result<(T, String), SqlError>,
    ) -> Result<T, SqlError> {
        let Some(line) = self.line.clone() else { return run(&mut *self.connection).map(|(result, _)| result) };
        let order = line.turn(Announcement { text: text.clone(), kind });
        let result = match order {
            Order::Cut => Err(SqlError::lost("the connection is cut")),
            _ => run(&mut *self.connection),
        };
        if matches!(order, Order::Cut | Order::CutAfter) {
            self.connection.sever();
            self.transaction = None;
            let error = SqlError::lost("the connection is cut");
            line.tell(Report::Did { reply: error.message.clone(), trouble: Some(error.trouble), keeps: false });
            return Err(error);
        }
        let keeps = self.lingers || self.connection.in_transaction();
        match &result {
            Ok((_, reply)) => line.tell(Report::Did { reply: reply.clone(), trouble: None, keeps }),
            Err(error) if matches!(error.trouble, Trouble::Wrong | Trouble::ConnectionLost) => {
                return Err(self.broken(&text, error.clone()));
            }
            Err(error) => {
                line.tell(Report::Did { reply: error.message.clone(), trouble: Some(error.trouble), keeps });
            }
        }
        result.map(|(result, _)| result)
    }

    /// A mistake in the checkout, or the end of the database: inside an exploration, that ends it.
    fn broken(&mut self, statement: &str, error: SqlError) -> SqlError {
        if let Some(line) = &self.line {
            let (who, statement, message) = (String::new(), statement.to_owned(), error.message.clone());
            line.tell(Report::Breaks(match error.trouble {
                Trouble::ConnectionLost => DatabaseError::Died { who, statement, message },
                _ => DatabaseError::Wrong { who, statement, message },
            }));
            std::panic::resume_unwind(Box::new(super::line::Stopped));
        }
        error
    }
}

/// Whether a statement does nothing but take or free a lock of the session.
fn is_session_lock(sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let names = ["pg_advisory_lock(", "pg_advisory_unlock(", "get_lock(", "release_lock("];
    sql.strip_prefix("select ").is_some_and(|call| names.iter().any(|name| call.starts_with(name)))
        && !sql.contains(" from ")
}

/// Whether a statement only reads, and calls nothing that might do more.
fn is_plain_read(sql: &str) -> bool {
    const HARMLESS: [&str; 14] = [
        "COUNT", "MAX", "MIN", "SUM", "COALESCE", "IN", "EXISTS", "ABS", "LENGTH", "AND", "OR", "NOT", "WHERE", "FROM",
    ];
    let sql = sql.to_uppercase();
    let words: Vec<_> = sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let calls = sql.match_indices('(').map(|(at, _)| {
        let before = sql[..at].trim_end();
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    words.first() == Some(&"SELECT")
        && !words.iter().any(|word| ["FOR", "LOCK", "INTO"].contains(word))
        && calls.into_iter().all(|name| name.is_empty() || HARMLESS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::is_plain_read;

    #[test]
    fn only_what_surely_just_reads_is_a_plain_read() {
        for sql in ["SELECT count FROM stock", "select coalesce(max(seat), 0) + 1 from orders"] {
            assert!(is_plain_read(sql), "{sql}");
        }
        for sql in [
            "SELECT count FROM stock FOR UPDATE",
            "SELECT count FROM stock\nFOR SHARE",
            "SELECT pg_advisory_lock(1)",
            "SELECT count FROM stock LOCK IN SHARE MODE",
            "UPDATE stock SET count = 0",
            "WITH gone AS (DELETE FROM stock RETURNING 1) SELECT 1",
        ] {
            assert!(!is_plain_read(sql), "{sql}");
        }
    }
}
