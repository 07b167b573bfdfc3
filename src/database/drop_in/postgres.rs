//! The call shapes of the crate `postgres`.

use crate::database::postgres::{PostgresConnection, ready, sql_error};
use crate::database::{Connection, Level, Session, SqlError, Trouble};
use postgres::types::{ToSql, Type};
use postgres::{IsolationLevel, Row};
use std::fmt;

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// As `postgres` reports it.
    Postgres(postgres::Error),
    /// The exploration has cut the connection, or the code has made a mistake.
    Session(SqlError),
}

impl Error {
    /// The code of an error that the database reports.
    pub fn code(&self) -> Option<&postgres::error::SqlState> {
        if let Error::Postgres(error) = self { error.code() } else { None }
    }

    /// The error as the database reports it.
    pub fn as_db_error(&self) -> Option<&postgres::error::DbError> {
        if let Error::Postgres(error) = self { error.as_db_error() } else { None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_db_error() {
            Some(error) => f.write_str(error.message()),
            None => match self {
                Error::Postgres(error) => write!(f, "{error}"),
                Error::Session(error) => write!(f, "{error}"),
            },
        }
    }
}

impl std::error::Error for Error {}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        Error::Session(error)
    }
}

impl From<Error> for SqlError {
    fn from(error: Error) -> Self {
        match error {
            Error::Postgres(error) => sql_error(&error),
            Error::Session(error) => error,
        }
    }
}

/// As [`postgres::Client`].
pub struct Client<'a>(&'a mut Session);

/// As [`postgres::Transaction`]: rolled back when dropped.
pub struct Transaction<'a> {
    session: &'a mut Session,
    done: bool,
}

/// As [`postgres::TransactionBuilder`].
pub struct TransactionBuilder<'a> {
    session: &'a mut Session,
    level: Level,
}

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl<'a> Client<'a> {
    /// A client over a session. Every call fails if that is not one of PostgreSQL.
    pub fn new(session: &'a mut Session) -> Client<'a> {
        Client(session)
    }

    /// A transaction at the level that is tried.
    ///
    /// # Errors
    /// As the database reports.
    pub fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        self.build_transaction().start()
    }

    /// A transaction at a level of its own.
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_> {
        TransactionBuilder { level: self.0.level(), session: self.0 }
    }
}

impl<'a> TransactionBuilder<'a> {
    /// At this level, whatever is tried.
    pub fn isolation_level(mut self, level: IsolationLevel) -> TransactionBuilder<'a> {
        self.level = match level {
            IsolationLevel::RepeatableRead => Level::RepeatableRead,
            IsolationLevel::Serializable => Level::Serializable,
            _ => Level::ReadCommitted,
        };
        self
    }

    /// Begins it.
    ///
    /// # Errors
    /// As the database reports.
    pub fn start(self) -> Result<Transaction<'a>, Error> {
        self.session.begin(self.level)?;
        Ok(Transaction { session: self.session, done: false })
    }
}

impl Transaction<'_> {
    /// Commits.
    ///
    /// # Errors
    /// As the database reports.
    pub fn commit(mut self) -> Result<(), Error> {
        self.done = true;
        Ok(self.session.commit()?)
    }

    /// Rolls back.
    ///
    /// # Errors
    /// As the database reports.
    pub fn rollback(mut self) -> Result<(), Error> {
        self.done = true;
        Ok(self.session.rollback()?)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // Not while the execution is being given up: nobody says any more whose turn it is.
        if !self.done && !std::thread::panicking() {
            // As in `postgres`, nobody is told.
            let _ = self.session.rollback();
        }
    }
}

macro_rules! statements {
    ($type:ty, $session:tt) => {
        impl $type {
            /// All rows.
            ///
            /// # Errors
            /// As the database reports.
            pub fn query(&mut self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
                query(&mut *self.$session, sql, params)
            }

            /// The one row there is.
            ///
            /// # Errors
            /// As the database reports; there is none, or several.
            pub fn query_one(&mut self, sql: &str, params: Params<'_>) -> Result<Row, Error> {
                let row = self.query_opt(sql, params)?;
                row.ok_or_else(|| SqlError::new(Trouble::Refused, "query returned an unexpected number of rows").into())
            }

            /// The one row, if there is one.
            ///
            /// # Errors
            /// As the database reports; there are several.
            pub fn query_opt(&mut self, sql: &str, params: Params<'_>) -> Result<Option<Row>, Error> {
                let mut rows = self.query(sql, params)?;
                match rows.len() {
                    0 | 1 => Ok(rows.pop()),
                    _ => Err(SqlError::new(Trouble::Refused, "query returned an unexpected number of rows").into()),
                }
            }

            /// How many rows were changed.
            ///
            /// # Errors
            /// As the database reports.
            pub fn execute(&mut self, sql: &str, params: Params<'_>) -> Result<u64, Error> {
                execute(&mut *self.$session, sql, params)
            }
        }
    };
}

statements!(Client<'_>, 0);
statements!(Transaction<'_>, session);

fn query(session: &mut Session, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Error> {
    perform(session, sql, params, |client| {
        let rows = client.query(sql, params)?;
        let shown =
            if rows.is_empty() { "none".to_owned() } else { rows.iter().map(shown).collect::<Vec<_>>().join(", ") };
        Ok((rows, shown))
    })
}

fn execute(session: &mut Session, sql: &str, params: Params<'_>) -> Result<u64, Error> {
    perform(session, sql, params, |client| {
        let rows = client.execute(sql, params)?;
        Ok((rows, format!("{rows} row{}", if rows == 1 { "" } else { "s" })))
    })
}

fn perform<T>(
    session: &mut Session,
    sql: &str,
    params: Params<'_>,
    run: impl FnOnce(&mut postgres::Client) -> Result<(T, String), postgres::Error>,
) -> Result<T, Error> {
    let mut text = sql.to_owned();
    for (i, param) in params.iter().enumerate().rev() {
        text = text.replace(&format!("${}", i + 1), &format!("{param:?}"));
    }
    let mut original = None;
    let result = session.act(&text, |connection: &mut dyn Connection| {
        let connection = connection.as_any().downcast_mut::<PostgresConnection>();
        let connection = connection.ok_or_else(|| SqlError::new(Trouble::Wrong, "this is no session of PostgreSQL"))?;
        let client = connection.client()?;
        run(client).map_err(|error| {
            let meant = sql_error(&error);
            ready(client);
            original = Some(error);
            meant
        })
    });
    result.map_err(|error| original.map_or(Error::Session(error), Error::Postgres))
}

/// A row as traces show it; of what is no number, text or truth, there is only a sign.
fn shown(row: &Row) -> String {
    let cell = |i: usize| {
        let text = match *row.columns()[i].type_() {
            Type::INT2 => row.get::<_, Option<i16>>(i).map(|value| value.to_string()),
            Type::INT4 => row.get::<_, Option<i32>>(i).map(|value| value.to_string()),
            Type::INT8 => row.get::<_, Option<i64>>(i).map(|value| value.to_string()),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR => row.get::<_, Option<String>>(i),
            Type::BOOL => row.get::<_, Option<bool>>(i).map(|value| value.to_string()),
            _ => Some("…".to_owned()),
        };
        text.unwrap_or_else(|| "NULL".to_owned())
    };
    let cells: Vec<_> = (0..row.len()).map(cell).collect();
    if cells.len() == 1 { cells.concat() } else { format!("({})", cells.join(", ")) }
}
