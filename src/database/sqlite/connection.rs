//! One connection to a SQLite file.

use crate::database::{Connection, Level, Line, Reply, Row, SqlError, Trouble, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, ffi};
use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// One connection to a SQLite file.
pub(in crate::database) struct SqliteConnection {
    pub(super) id: u64,
    pub(super) connection: Option<rusqlite::Connection>,
    pub(super) line: Arc<Mutex<Option<Line>>>,
}

impl SqliteConnection {
    pub(in crate::database) fn client(&self) -> Result<&rusqlite::Connection, SqlError> {
        self.connection.as_ref().ok_or_else(|| SqlError::lost("the connection is cut"))
    }

    fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.client()?.execute_batch(sql).map_err(sql_error)
    }
}

impl Connection for SqliteConnection {
    fn id(&self) -> u64 {
        self.id
    }

    fn attach(&mut self, line: Option<Line>) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }

    fn begin(&mut self, level: Level) -> Result<(), SqlError> {
        if level != Level::Immediate || !self.in_transaction() {
            return self.batch(if level == Level::Immediate { "BEGIN IMMEDIATE" } else { "BEGIN DEFERRED" });
        }
        // It has its read lock. A write that changes nothing takes the other, and no more.
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' LIMIT 1";
        let table = run(self.client()?, sql, &[])?.rows.first().map_or(Ok(String::new()), |row| row.text(0))?;
        let taken = self.batch(&format!("DELETE FROM \"{table}\" WHERE 0"));
        taken.map_err(|error| {
            // Nobody sees that it had begun, nor that its snapshot is stale: it has seen nothing yet.
            let _ = self.rollback();
            if error.is_retryable() { SqlError::new(Trouble::Busy, "busy") } else { error }
        })
    }

    fn snapshot(&mut self) -> Result<(), SqlError> {
        if !self.in_transaction() {
            self.batch("BEGIN DEFERRED")?;
        }
        run(self.client()?, "SELECT count(*) FROM sqlite_master", &[]).map(drop)
    }

    fn run(&mut self, sql: &str, params: &[Value]) -> Result<Reply, SqlError> {
        run(self.client()?, sql, params)
    }

    fn commit(&mut self) -> Result<(), SqlError> {
        self.batch("COMMIT")
    }

    fn rollback(&mut self) -> Result<(), SqlError> {
        if self.in_transaction() { self.batch("ROLLBACK") } else { Ok(()) }
    }

    fn in_transaction(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_autocommit())
    }

    fn sever(&mut self) {
        self.connection = None;
    }

    fn is_severed(&self) -> bool {
        self.connection.is_none()
    }

    fn clean(&mut self) -> Result<(), SqlError> {
        self.rollback()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

pub(super) fn run(client: &rusqlite::Connection, sql: &str, params: &[Value]) -> Result<Reply, SqlError> {
    let mut statement = client.prepare(sql).map_err(sql_error)?;
    for (i, value) in params.iter().enumerate() {
        // `$1` is a name to SQLite.
        if let Some(index) = statement.parameter_index(&format!("${}", i + 1)).map_err(sql_error)? {
            statement.raw_bind_parameter(index, value).map_err(sql_error)?;
        }
    }
    let columns = statement.column_count();
    if columns == 0 {
        let affected = statement.raw_execute().map_err(sql_error)? as u64;
        return Ok(Reply { affected, ..Reply::default() });
    }
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(sql_error)? {
        let value = |column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Real(number) => Value::Text(number.to_string()),
                ValueRef::Text(text) | ValueRef::Blob(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            })
        };
        found.push(Row((0..columns).map(value).collect::<rusqlite::Result<_>>().map_err(sql_error)?));
    }
    Ok(Reply { rows: found, is_query: true, affected: 0 })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// What SQLite's errors mean.
pub(in crate::database) fn sql_error(error: rusqlite::Error) -> SqlError {
    let (trouble, message) = match &error {
        rusqlite::Error::SqliteFailure(code, message) => {
            let said = message.clone().unwrap_or_else(|| code.to_string());
            match (code.code, code.extended_code) {
                (_, ffi::SQLITE_BUSY_SNAPSHOT) => (Trouble::Serialization, "busy: the snapshot is stale".to_owned()),
                (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => (Trouble::Busy, "busy".to_owned()),
                (ErrorCode::ConstraintViolation, _) => (Trouble::Constraint, said),
                (ErrorCode::Unknown, _) => (Trouble::Wrong, said),
                _ => (Trouble::Refused, said),
            }
        }
        rusqlite::Error::SqlInputError { msg, .. } => (Trouble::Wrong, msg.clone()),
        other => (Trouble::Refused, other.to_string()),
    };
    SqlError::new(trouble, message)
}
