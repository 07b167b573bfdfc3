//! The call shapes of the crate `rusqlite`.

use crate::database::sqlite::{SqliteConnection, sql_error};
use crate::database::{Level, Session, SqlError, Trouble};
use rusqlite::{Params, Row, TransactionBehavior};

/// As [`rusqlite::Connection`].
pub struct Connection<'a>(&'a mut Session);

/// As [`rusqlite::Transaction`]: rolled back when dropped.
pub struct Transaction<'a> {
    session: &'a mut Session,
    done: bool,
}

impl<'a> Connection<'a> {
    /// A connection over a session. Every call fails if that is not one of SQLite.
    pub fn new(session: &'a mut Session) -> Connection<'a> {
        Connection(session)
    }

    /// A transaction that begins as is being tried.
    ///
    /// # Errors
    /// As the database reports.
    pub fn transaction(&mut self) -> Result<Transaction<'_>, SqlError> {
        let level = self.0.level();
        self.0.begin(level)?;
        Ok(Transaction { session: self.0, done: false })
    }

    /// A transaction that begins in a way of its own.
    ///
    /// # Errors
    /// As the database reports.
    pub fn transaction_with_behavior(&mut self, behavior: TransactionBehavior) -> Result<Transaction<'_>, SqlError> {
        let level = if let TransactionBehavior::Deferred = behavior { Level::Deferred } else { Level::Immediate };
        self.0.begin(level)?;
        Ok(Transaction { session: self.0, done: false })
    }
}

impl Transaction<'_> {
    /// Commits.
    ///
    /// # Errors
    /// As the database reports.
    pub fn commit(mut self) -> Result<(), SqlError> {
        self.done = true;
        self.session.commit()
    }

    /// Rolls back.
    ///
    /// # Errors
    /// As the database reports.
    pub fn rollback(mut self) -> Result<(), SqlError> {
        self.done = true;
        self.session.rollback()
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // Not while the execution is being given up: nobody says any more whose turn it is.
        if !self.done && !std::thread::panicking() {
            // As in `rusqlite`, nobody is told.
            let _ = self.session.rollback();
        }
    }
}

macro_rules! statements {
    ($type:ty, $session:tt) => {
        impl $type {
            /// How many rows were changed.
            ///
            /// # Errors
            /// As the database reports.
            pub fn execute<P: Params>(&mut self, sql: &str, params: P) -> Result<usize, SqlError> {
                perform(&mut *self.$session, sql, |client| {
                    let rows = client.execute(sql, params)?;
                    Ok((rows, format!("{rows} row{}", if rows == 1 { "" } else { "s" })))
                })
            }

            /// What is made of the first row.
            ///
            /// # Errors
            /// As the database reports; there is none.
            pub fn query_row<T, P: Params>(
                &mut self,
                sql: &str,
                params: P,
                make: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
            ) -> Result<T, SqlError> {
                perform(&mut *self.$session, sql, |client| {
                    let mut seen = String::new();
                    let made = client.query_row(sql, params, |row| {
                        seen = shown(row);
                        make(row)
                    })?;
                    Ok((made, seen))
                })
            }
        }
    };
}

statements!(Connection<'_>, 0);
statements!(Transaction<'_>, session);

fn perform<T>(
    session: &mut Session,
    sql: &str,
    run: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<(T, String)>,
) -> Result<T, SqlError> {
    session.act(sql, |connection| {
        let connection = connection.as_any().downcast_mut::<SqliteConnection>();
        let connection = connection.ok_or_else(|| SqlError::new(Trouble::Wrong, "this is no session of SQLite"))?;
        run(connection.client()?).map_err(sql_error)
    })
}

fn shown(row: &Row<'_>) -> String {
    let columns = row.as_ref().column_count();
    let cell = |i| match row.get_ref(i) {
        Ok(rusqlite::types::ValueRef::Integer(number)) => number.to_string(),
        Ok(rusqlite::types::ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        Ok(rusqlite::types::ValueRef::Null) => "NULL".to_owned(),
        _ => "…".to_owned(),
    };
    let cells: Vec<_> = (0..columns).map(cell).collect();
    if columns == 1 { cells.concat() } else { format!("({})", cells.join(", ")) }
}
