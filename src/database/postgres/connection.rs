//! One connection to PostgreSQL.

use super::{connect, rows};
use crate::database::served::lock;
use crate::database::value::with_parameters;
use crate::database::{Connection, Level, Line, Reply, Row, SqlError, Trouble, Value};
use postgres::error::SqlState;
use postgres::{Client, Config, SimpleQueryMessage};
use std::any::Any;
use std::sync::{Arc, Mutex};

/// One connection to PostgreSQL.
pub(in crate::database) struct PostgresConnection {
    pub(super) id: u64,
    pub(super) client: Option<Client>,
    pub(super) config: Config,
    pub(super) line: Arc<Mutex<Option<Line>>>,
    pub(super) open: bool,
    /// Whether there may be something to clean up.
    pub(super) used: bool,
}

impl PostgresConnection {
    pub(in crate::database) fn client(&mut self) -> Result<&mut Client, SqlError> {
        self.used = true;
        self.client.as_mut().ok_or_else(|| SqlError::lost("the connection is cut"))
    }

    fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        run(self.client()?, sql).map(drop)
    }
}

impl Connection for PostgresConnection {
    fn id(&self) -> u64 {
        self.id
    }

    fn attach(&mut self, line: Option<Line>) {
        *lock(&self.line) = line;
    }

    fn begin(&mut self, level: Level) -> Result<(), SqlError> {
        self.batch(&format!("BEGIN ISOLATION LEVEL {}", level.sql()))?;
        self.open = true;
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), SqlError> {
        self.batch("SELECT 1")
    }

    fn run(&mut self, sql: &str, params: &[Value]) -> Result<Reply, SqlError> {
        let sql = with_parameters(sql, params)?;
        run(self.client()?, &sql)
    }

    fn hold(&mut self) -> Result<(), SqlError> {
        // There is no standby to wait for.
        self.batch("SET LOCAL synchronous_commit = on")
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        // Whatever comes of it, the transaction is over.
        self.open = false;
        self.batch("COMMIT")
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        self.open = false;
        self.batch("ROLLBACK")
    }

    fn in_transaction(&self) -> bool {
        self.open
    }

    fn sever(&mut self) {
        if self.client.take().is_some()
            && let Ok(mut client) = connect(&self.config)
        {
            // Ends the backend, and waits until it is gone with its locks. If it is gone already, so much the better.
            let _ = rows(&mut client, &format!("SELECT pg_terminate_backend({}, 5000)", self.id));
        }
        self.open = false;
    }

    fn is_severed(&self) -> bool {
        self.client.as_ref().is_none_or(Client::is_closed)
    }

    fn clean(&mut self) -> Result<(), SqlError> {
        self.open = false;
        if self.used {
            self.batch("ROLLBACK; SELECT pg_advisory_unlock_all()")?;
            self.used = false;
        }
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// One message of statements, to its end.
pub(super) fn run(client: &mut Client, sql: &str) -> Result<Reply, SqlError> {
    let messages = match client.simple_query(sql) {
        Ok(messages) => messages,
        Err(error) => {
            ready(client);
            return Err(sql_error(&error));
        }
    };
    let mut reply = Reply::default();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                let value = |column| row.get(column).map_or(Value::Null, Value::of_text);
                reply.rows.push(Row((0..row.len()).map(value).collect()));
            }
            SimpleQueryMessage::RowDescription(_) => reply.is_query = true,
            SimpleQueryMessage::CommandComplete(rows) => reply.affected = rows,
            _ => {}
        }
    }
    Ok(reply)
}

/// After an error: waits until the server is ready again. The client returns the error earlier, when locks of the
/// transaction that it has ended may still be there.
pub(in crate::database) fn ready(client: &mut Client) {
    // If the connection is gone, so are its locks.
    let _ = client.simple_query("");
}

/// What PostgreSQL's errors mean.
pub(in crate::database) fn sql_error(error: &postgres::Error) -> SqlError {
    let Some(error) = error.as_db_error() else { return SqlError::lost(error) };
    let trouble = match error.code() {
        code if *code == SqlState::T_R_SERIALIZATION_FAILURE => Trouble::Serialization,
        code if *code == SqlState::T_R_DEADLOCK_DETECTED => Trouble::Deadlock,
        code if *code == SqlState::LOCK_NOT_AVAILABLE => Trouble::Busy,
        code if code.code().starts_with("23") => Trouble::Constraint,
        code if code.code().starts_with("42") => Trouble::Wrong,
        code if code.code().starts_with("57P") || code.code().starts_with("08") => Trouble::ConnectionLost,
        _ => Trouble::Refused,
    };
    SqlError::new(trouble, error.message())
}
