//! One connection to MariaDB.

use super::connect;
use crate::database::value::with_parameters;
use crate::database::{Connection, Level, Line, Reply, Row, SqlError, Trouble, Value};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use std::any::Any;

/// One connection to MariaDB.
pub(in crate::database) struct MariadbConnection {
    pub(super) id: u64,
    pub(super) conn: Option<Conn>,
    pub(super) opts: Opts,
    pub(super) open: bool,
}

impl MariadbConnection {
    fn batch(&mut self, sql: &str) -> Result<(), SqlError> {
        let conn = self.conn.as_mut().ok_or_else(|| SqlError::lost("the connection is cut"))?;
        run(conn, sql).map(drop)
    }
}

impl Connection for MariadbConnection {
    fn id(&self) -> u64 {
        self.id
    }

    fn attach(&mut self, _line: Option<Line>) {}

    fn begin(&mut self, level: Level) -> Result<(), SqlError> {
        self.batch(&format!("SET TRANSACTION ISOLATION LEVEL {}", level.sql()))?;
        let snapshot = if level == Level::ConsistentSnapshot { " WITH CONSISTENT SNAPSHOT" } else { "" };
        self.batch(&format!("START TRANSACTION{snapshot}"))?;
        self.open = true;
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), SqlError> {
        Ok(())
    }

    fn run(&mut self, sql: &str, params: &[Value]) -> Result<Reply, SqlError> {
        let sql = with_parameters(sql, params)?;
        let conn = self.conn.as_mut().ok_or_else(|| SqlError::lost("the connection is cut"))?;
        let result = run(conn, &sql);
        // A deadlock ends the whole transaction; other failures end only the statement.
        let ended = |error: &SqlError| matches!(error.trouble, Trouble::Deadlock | Trouble::ConnectionLost);
        self.open &= !result.as_ref().is_err_and(ended);
        result
    }

    fn commit(&mut self) -> Result<(), SqlError> {
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
        if self.conn.take().is_some()
            && let Ok(mut conn) = connect(&self.opts)
        {
            // The server notices by itself; this waits until it has. If it is gone, so are its locks.
            let _ = conn.query_drop(format!("KILL {}", self.id));
            let here = format!("SELECT count(*) FROM information_schema.processlist WHERE id = {}", self.id);
            let trx =
                format!("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = {}", self.id);
            while [&here, &trx].iter().any(|sql| conn.query_first::<i64, _>(sql).is_ok_and(|n| n != Some(0))) {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
        }
        self.open = false;
    }

    fn is_severed(&self) -> bool {
        self.conn.is_none()
    }

    fn clean(&mut self) -> Result<(), SqlError> {
        self.open = false;
        self.batch("ROLLBACK")?;
        self.batch("DO release_all_locks()")
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

pub(super) fn run(conn: &mut Conn, sql: &str) -> Result<Reply, SqlError> {
    let mut result = conn.query_iter(sql).map_err(|error| sql_error(&error))?;
    let is_query = !result.columns().as_ref().is_empty();
    let affected = if is_query { 0 } else { result.affected_rows() };
    let mut found = Vec::new();
    for row in result.by_ref() {
        let row = row.map_err(|error| sql_error(&error))?;
        let value = |value| match value {
            mysql::Value::NULL => Value::Null,
            mysql::Value::Int(number) => Value::Int(number),
            mysql::Value::Bytes(bytes) => Value::of_text(&String::from_utf8_lossy(&bytes)),
            other => Value::Text(other.as_sql(true)),
        };
        found.push(Row(row.unwrap().into_iter().map(value).collect()));
    }
    Ok(Reply { rows: found, is_query, affected })
}

/// What MariaDB's errors mean.
pub(in crate::database) fn sql_error(error: &mysql::Error) -> SqlError {
    let mysql::Error::MySqlError(error) = error else { return SqlError::lost(error) };
    let trouble = match error.code {
        1213 => Trouble::Deadlock,
        1020 => Trouble::Serialization,
        1205 | 3572 => Trouble::Busy,
        1062 | 1451 | 1452 | 4025 | 3819 => Trouble::Constraint,
        1064 | 1054 | 1146 | 1149 | 1136 | 1305 => Trouble::Wrong,
        1927 | 1317 | 1053 => Trouble::ConnectionLost,
        _ => Trouble::Refused,
    };
    SqlError::new(trouble, &error.message)
}
