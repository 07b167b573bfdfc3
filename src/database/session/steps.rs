//! How the calls of a session become steps.

use super::{Session, Transaction};
use crate::database::line::{Announcement, Kind, Order, Report, Stopped};
use crate::database::reading::{is_plain_read, is_session_lock, locking_read, may_ask_who};
use crate::database::{Connection, DatabaseError, Dialect, Level, Reads, SqlError, Trouble};

impl Session {
    /// One statement, however it is sent, in the transaction that is open or in one of its own.
    pub(in crate::database) fn act<T>(
        &mut self,
        text: &str,
        run: impl FnOnce(&mut dyn Connection) -> Result<(T, String), SqlError>,
    ) -> Result<T, SqlError> {
        self.alive()?;
        let alone = self.transaction.is_none();
        let is_lock = is_session_lock(text);
        self.lingers |= is_lock;
        if self.line.is_none() {
            self.send_begin()?;
            return run(&mut *self.connection).map(|(result, _)| result);
        }
        // SQLite's level is a way to begin; a statement on its own begins in the one way there is.
        let own_level = if self.database.dialect() == Dialect::Sqlite { Level::Deferred } else { self.level };
        let level = self.transaction.map_or(own_level, |open| open.level);
        let semantics = self.database.semantics(level);
        let kind = if is_plain_read(text) { Kind::Read } else { Kind::Statement };
        if may_ask_who(text) {
            self.told_apart();
        }
        let text = text.to_owned();
        // A version is read at one moment, and a lock of the session is not the transaction's.
        if alone && (is_lock || kind == Kind::Read && semantics.reads == Reads::Versions) {
            return self.step(text, kind, run);
        }
        if alone {
            self.transaction = Some(Transaction::unsent(level));
        }
        let unsent = self.transaction.is_some_and(|transaction| transaction.unsent);
        // What SQLite reads first, takes that lock by itself.
        let apart = self.database.dialect() != Dialect::Sqlite || kind != Kind::Read;
        if unsent && semantics.snapshot_is_step && apart && !text.to_uppercase().starts_with("LOCK") {
            let what = if self.database.dialect() == Dialect::Sqlite { "read lock" } else { "snapshot" };
            let taken = self.step(format!("(takes its {what})"), Kind::Snapshot, |connection| {
                connection.begin(level)?;
                connection.snapshot().map(|()| ((), String::new()))
            });
            if let Some(transaction) = &mut self.transaction {
                transaction.unsent = false;
                transaction.noticed = semantics.reads != Reads::Versions;
            }
            if let Err(error) = taken {
                if alone {
                    self.rollback()?;
                }
                return Err(error);
            }
        }
        if let Some(read) = locking_read(&text).filter(|_| semantics.selects_lock) {
            self.lock_what_is_read(&read, alone)?;
        }
        let begin = self.take_begin();
        let noticed = kind != Kind::Read || semantics.reads != Reads::Versions;
        let is_statement = kind == Kind::Statement;
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
            transaction.writes |= is_statement;
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

    /// The first half of a statement that inserts what it selects: what it reads is locked, and nothing else yet.
    fn lock_what_is_read(&mut self, read: &str, alone: bool) -> Result<(), SqlError> {
        let begin = self.take_begin();
        let locked = self.step("(locks what it reads)".to_owned(), Kind::Statement, |connection| {
            if let Some(level) = begin {
                connection.begin(level)?;
            }
            match connection.run(read, &[]) {
                // What cannot be asked apart stays in one piece.
                Err(error) if error.trouble != Trouble::Wrong => {
                    if alone {
                        connection.rollback()?;
                    }
                    Err(error)
                }
                _ => Ok(((), String::new())),
            }
        });
        if let Some(transaction) = &mut self.transaction {
            transaction.noticed = true;
        }
        if locked.is_err() && !self.connection.in_transaction() {
            self.transaction = None;
        }
        locked
    }

    /// Ends the transaction: a step, unless there is nothing to end.
    pub(super) fn end(&mut self, text: &str, commit: bool) -> Result<(), SqlError> {
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
            (true, _) => Ok(()),
            (false, Some(_)) if !transaction.dead => {
                let wrote = transaction.noticed;
                let held = transaction.writes && self.database.semantics(transaction.level).commit_is_held;
                let kind = if commit { Kind::Commit { wrote, held } } else { Kind::Rollback { wrote } };
                self.step(text.to_owned(), kind, run)
            }
            _ => run(&mut *self.connection).map(|((), _)| ()),
        };
        if transaction.unsent || !self.connection.in_transaction() {
            self.transaction = None;
        }
        result
    }

    /// When the code has ended: a connection that closes rolls back what is open.
    pub(in crate::database) fn close(&mut self) {
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
    pub(in crate::database) fn told(&self) -> i64 {
        self.told
    }

    /// Gives the connection back.
    pub(in crate::database) fn surrender(self) -> Box<dyn Connection> {
        self.connection
    }

    /// Gives the connection back when the execution is over before the code is: nothing stays locked.
    pub(in crate::database) fn abandon(mut self) -> Box<dyn Connection> {
        self.connection.attach(None);
        if self.connection.clean().is_err() {
            self.connection.sever();
        }
        self.connection
    }

    /// The BEGIN that waits to be sent, for the one who sends it now.
    fn take_begin(&mut self) -> Option<Level> {
        let open = self.transaction.as_mut().filter(|open| open.unsent)?;
        open.unsent = false;
        Some(open.level)
    }

    pub(super) fn send_begin(&mut self) -> Result<(), SqlError> {
        match self.take_begin() {
            Some(level) => self.connection.begin(level).inspect_err(|_| self.transaction = None),
            None => Ok(()),
        }
    }

    pub(super) fn alive(&mut self) -> Result<(), SqlError> {
        match self.connection.is_severed() {
            true => Err(SqlError::lost("the connection is cut")),
            false => Ok(()),
        }
    }

    /// One step of the schedule.
    pub(super) fn step<T>(
        &mut self,
        text: String,
        kind: Kind,
        run: impl FnOnce(&mut dyn Connection) -> Result<(T, String), SqlError>,
    ) -> Result<T, SqlError> {
        let Some(line) = self.line.clone() else { return run(&mut *self.connection).map(|(result, _)| result) };
        let mut order = line.turn(Announcement { text: text.clone(), kind });
        let result = match order {
            Order::Cut => Err(SqlError::lost("the connection is cut")),
            Order::Hold => {
                let result = self.connection.hold().and_then(|()| run(&mut *self.connection));
                // Whoever shows it says first what is to follow.
                order = line.told().unwrap_or(order);
                result
            }
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
    pub(in crate::database) fn broken(&mut self, statement: &str, error: SqlError) -> SqlError {
        if let Some(line) = &self.line {
            let (who, statement, message) = (String::new(), statement.to_owned(), error.message.clone());
            line.tell(Report::Breaks(match error.trouble {
                Trouble::ConnectionLost => DatabaseError::Died { who, statement, message },
                _ => DatabaseError::Wrong { who, statement, message },
            }));
            std::panic::resume_unwind(Box::new(Stopped));
        }
        error
    }
}
