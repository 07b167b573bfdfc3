//! One database of MariaDB for one exploration at a time.

use super::connection::MariadbConnection;
use super::{TABLES, Turn, connect, rows};
use crate::database::innodb_status::waits;
use crate::database::served::{MARK, ours};
use crate::database::value::listed;
use crate::database::{Arena, Connection, DatabaseError, Level, Row, Wait};
use mysql::{Conn, Opts};
use std::time::Duration;

/// How long a statement may take before it is worth asking whether it waits. InnoDB says nothing of its own accord.
const PATIENCE: Duration = Duration::from_micros(500);

pub(super) struct MariadbArena {
    pub(super) watcher: Conn,
    pub(super) opts: Opts,
    pub(super) turn: Turn,
    pub(super) name: Option<String>,
    pub(super) tables: Vec<String>,
    /// Whether one of them numbers its rows.
    pub(super) counts: bool,
}

const COUNTERS: &str = "SELECT table_name, auto_increment FROM information_schema.tables \
                        WHERE table_schema = database() AND auto_increment IS NOT NULL ORDER BY table_name";

impl MariadbArena {
    fn drop_ours(&mut self) -> Result<(), DatabaseError> {
        let tables = ours(&rows(&mut self.watcher, TABLES)?)?;
        let tables: Vec<_> = tables.iter().map(|name| format!("`{name}`")).collect();
        if !tables.is_empty() {
            rows(&mut self.watcher, "SET foreign_key_checks = 0")?;
            rows(&mut self.watcher, &format!("DROP TABLE {}", tables.join(", ")))?;
            rows(&mut self.watcher, "SET foreign_key_checks = 1")?;
        }
        Ok(())
    }
}

impl Arena for MariadbArena {
    fn furnish(&mut self, tables: &[String]) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        for statement in tables {
            rows(&mut self.watcher, statement)?;
            // Marked at once: nothing that is left half-way is taken for somebody else's.
            for row in rows(&mut self.watcher, TABLES)? {
                let (Ok(table), Ok(comment)) = (row.text(0), row.text(1)) else { continue };
                if comment != MARK {
                    rows(&mut self.watcher, &format!("ALTER TABLE `{table}` COMMENT = '{MARK}'"))?;
                    self.tables.push(table);
                }
            }
        }
        let counts = "SELECT 1 FROM information_schema.columns \
                      WHERE table_schema = database() AND extra LIKE '%auto_increment%'";
        self.counts = !rows(&mut self.watcher, counts)?.is_empty();
        Ok(())
    }

    fn reset(&mut self, fill: &[String]) -> Result<(), DatabaseError> {
        // Not DELETE: rows that are marked as deleted keep their places in the index, and the gaps between them, until
        // they are purged, whenever that is.
        rows(&mut self.watcher, "SET foreign_key_checks = 0")?;
        for table in &self.tables {
            rows(&mut self.watcher, &format!("TRUNCATE `{table}`"))?;
        }
        rows(&mut self.watcher, "SET foreign_key_checks = 1")?;
        fill.iter().try_for_each(|sql| rows(&mut self.watcher, sql).map(drop))
    }

    fn clear(&mut self) -> Result<(), DatabaseError> {
        self.drop_ours()?;
        self.turn.0.databases.give_back(self.name.take());
        Ok(())
    }

    fn connect(&mut self, level: Level) -> Result<Box<dyn Connection>, DatabaseError> {
        let mut conn = connect(&self.opts)?;
        rows(&mut conn, &format!("SET SESSION TRANSACTION ISOLATION LEVEL {}", level.sql()))?;
        let (id, opts) = (u64::from(conn.connection_id()), self.opts.clone());
        Ok(Box::new(MariadbConnection { id, conn: Some(conn), opts, open: false }))
    }

    fn ask(&mut self, sql: &str) -> Result<Option<Vec<Row>>, DatabaseError> {
        rows(&mut self.watcher, sql).map(Some)
    }

    fn contents(&mut self) -> Result<String, DatabaseError> {
        let mut contents = String::new();
        for table in &self.tables {
            let found = rows(&mut self.watcher, &format!("SELECT * FROM `{table}`"))?;
            contents.push_str(&format!("{table}: {}; ", listed(&found)));
        }
        if self.counts {
            contents.push_str(&listed(&rows(&mut self.watcher, COUNTERS)?));
        }
        Ok(contents)
    }

    fn waits(&mut self, connections: &[u64]) -> Result<Vec<Option<Wait>>, DatabaseError> {
        let status = rows(&mut self.watcher, "SHOW ENGINE INNODB STATUS")?;
        let status = status.first().and_then(|row| row.text(2).ok()).unwrap_or_default();
        let mut waits = waits(&status, connections);
        // Locks by name are the server's, not InnoDB's.
        let ids = connections.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let sql =
            format!("SELECT id, info FROM information_schema.processlist WHERE state = 'User lock' AND id IN ({ids})");
        for row in rows(&mut self.watcher, &sql)? {
            let (Ok(id), Ok(info)) = (row.int(0), row.text(1)) else { continue };
            let name = info.split('\'').nth(1).unwrap_or_default().to_owned();
            let holder = rows(&mut self.watcher, &format!("SELECT is_used_lock('{name}')"))?;
            let holder = holder.first().and_then(|row| row.int(0).ok());
            // The state stands in the list until the thread runs again; by then the lock may be its own.
            let holder = holder.filter(|holder| *holder != id);
            if let (Some(at), Some(holder)) = (connections.iter().position(|other| *other as i64 == id), holder) {
                waits[at] = Some(Wait { holders: vec![holder as u64], since: name });
            }
        }
        Ok(waits)
    }

    fn terminate(&mut self, connections: &[u64]) -> Result<(), DatabaseError> {
        for id in connections {
            rows(&mut self.watcher, &format!("KILL {id}"))?;
        }
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}
