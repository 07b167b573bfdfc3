//! One database of PostgreSQL for one exploration at a time.

use super::connection::PostgresConnection;
use super::{Shared, TABLES, connect, rows};
use crate::database::line::Report;
use crate::database::served::{MARK, lock, ours};
use crate::database::value::listed;
use crate::database::{Arena, Connection, DatabaseError, Level, Line, Row, Wait};
use postgres::{Client, Config};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) struct PostgresArena {
    pub(super) watcher: Client,
    pub(super) config: Config,
    pub(super) shared: Arc<Shared>,
    pub(super) name: Option<String>,
    pub(super) tables: Vec<String>,
    /// The sequences that number their rows.
    pub(super) counters: Vec<String>,
}

impl PostgresArena {
    fn drop_ours(&mut self) -> Result<(), DatabaseError> {
        let tables = ours(&rows(&mut self.watcher, TABLES)?)?;
        if !tables.is_empty() {
            rows(&mut self.watcher, &format!("DROP TABLE {} CASCADE", tables.join(", ")))?;
        }
        Ok(())
    }
}

impl Arena for PostgresArena {
    fn furnish(&mut self, tables: &[String]) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        for statement in tables {
            rows(&mut self.watcher, statement)?;
        }
        self.tables = rows(&mut self.watcher, TABLES)?.iter().filter_map(|row| row.text(0).ok()).collect();
        for table in self.tables.clone() {
            rows(&mut self.watcher, &format!("COMMENT ON TABLE {table} IS '{MARK}'"))?;
        }
        let counters = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'S' ORDER BY c.oid";
        self.counters = rows(&mut self.watcher, counters)?.iter().filter_map(|row| row.text(0).ok()).collect();
        Ok(())
    }

    fn reset(&mut self, fill: &[String]) -> Result<(), DatabaseError> {
        let mut sql = String::new();
        if !self.tables.is_empty() {
            sql = format!("TRUNCATE {} RESTART IDENTITY; ", self.tables.join(", "));
        }
        sql.push_str(&fill.join("; "));
        rows(&mut self.watcher, &sql).map(drop)
    }

    fn clear(&mut self) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        self.shared.databases.give_back(self.name.take());
        Ok(())
    }

    fn connect(&mut self, level: Level) -> Result<Box<dyn Connection>, DatabaseError> {
        let line: Arc<Mutex<Option<Line>>> = Arc::default();
        let told = line.clone();
        let mut config = self.config.clone();
        config.notice_callback(move |notice| {
            if let Some(line) = &*lock(&told) {
                // "process 7 still waiting for ShareLock on transaction 9 after 1.1 ms", and later "acquired".
                let waits = notice.message().contains(" still waiting for ");
                if waits || notice.message().contains(" acquired ") {
                    // If nobody listens, the execution is over.
                    let _ = line.reports.send((line.actor, Report::Notice { waits }));
                }
            }
        });
        let mut client = connect(&config)?;
        // A statement that waits looks for a deadlock once, after this time, and then says that it still waits. So
        // whoever closes a circle finds it, and the word is the proof that the others have looked.
        let settings = format!(
            "SET deadlock_timeout = '1ms'; SET log_lock_waits = on; SET lc_messages = 'C'; \
             SET client_min_messages = log; SET default_transaction_isolation = '{}'",
            level.sql().to_lowercase()
        );
        rows(&mut client, &settings)?;
        let id = rows(&mut client, "SELECT pg_backend_pid()")?;
        let id = id.first().and_then(|row| row.int(0).ok()).unwrap_or(0) as u64;
        let config = self.config.clone();
        Ok(Box::new(PostgresConnection { id, client: Some(client), config, line, open: false, used: false }))
    }

    fn ask(&mut self, sql: &str) -> Result<Option<Vec<Row>>, DatabaseError> {
        rows(&mut self.watcher, sql).map(Some)
    }

    fn contents(&mut self) -> Result<String, DatabaseError> {
        let tables = self.tables.iter().map(|table| format!("SELECT string_agg(t::text, ';') FROM {table} t"));
        let counters = self.counters.iter().map(|name| format!("SELECT (last_value, is_called)::text FROM {name}"));
        let all: Vec<_> = tables.chain(counters).collect();
        if all.is_empty() {
            return Ok(String::new());
        }
        rows(&mut self.watcher, &all.join(" UNION ALL ")).map(|rows| listed(&rows))
    }

    fn waits(&mut self, connections: &[u64]) -> Result<Vec<Option<Wait>>, DatabaseError> {
        let pids = connections.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let sql = format!(
            "SELECT pid, array_to_string(pg_blocking_pids(pid), ' '), coalesce(waitstart::text, '') \
             FROM pg_locks WHERE NOT granted AND pid IN ({pids})"
        );
        let found = rows(&mut self.watcher, &sql)?;
        let wait = |pid: &u64| {
            let row = found.iter().find(|row| row.int(0).is_ok_and(|found| found as u64 == *pid))?;
            let holders = row.text(1).ok()?.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>();
            let since = row.text(2).ok()?;
            (!holders.is_empty()).then_some(Wait { holders, since })
        };
        Ok(connections.iter().map(wait).collect())
    }

    fn holds(&mut self, connection: u64) -> Result<bool, DatabaseError> {
        let sql = format!("SELECT pid FROM pg_stat_activity WHERE pid = {connection} AND wait_event = 'SyncRep'");
        rows(&mut self.watcher, &sql).map(|rows| !rows.is_empty())
    }

    fn shows(&mut self, connection: u64) -> Result<(), DatabaseError> {
        // It is committed already: what is cancelled is the wait for the standby.
        rows(&mut self.watcher, &format!("SELECT pg_cancel_backend({connection})")).map(drop)
    }

    fn terminate(&mut self, connections: &[u64]) -> Result<(), DatabaseError> {
        for pid in connections {
            rows(&mut self.watcher, &format!("SELECT pg_terminate_backend({pid}, 5000)"))?;
        }
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        None
    }
}
