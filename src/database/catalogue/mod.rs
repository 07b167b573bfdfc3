//! The catalogue: the ways in which shops take one from the stock, right and wrong.

mod bundles;
mod counter;
mod guards;
mod locks;
mod orders;
mod seats;

use super::{Checkout, Dialect, Level};

/// One way to sell, wherever it can be written.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Its name.
    pub name: &'static str,
    /// What it does, in words.
    pub says: &'static str,
    /// The checkout in the SQL of a database; `None` where it cannot be written.
    pub checkout: fn(Dialect) -> Option<Checkout>,
    /// Whether it is right, by the manuals, at a level: it neither oversells, nor undersells, nor loses count there,
    /// with two buyers. (With a third, `skip-locked` undersells under PostgreSQL's SERIALIZABLE.)
    pub is_right: fn(Dialect, Level) -> bool,
}

impl Pattern {
    /// The checkout, with its name.
    pub fn on(&self, dialect: Dialect) -> Option<Checkout> {
        let mut checkout = (self.checkout)(dialect)?;
        checkout.name = self.name.to_owned();
        checkout.called = Some(self.name.to_owned());
        checkout.says = self.says.to_owned();
        Some(checkout)
    }

    /// The pattern of this name.
    ///
    /// # Errors
    /// There is none; the message lists them.
    pub fn named(name: &str) -> Result<Pattern, String> {
        all().into_iter().find(|pattern| pattern.name == name).ok_or_else(|| {
            let names: Vec<_> = all().iter().map(|pattern| pattern.name).collect();
            format!("there is no checkout `{name}` in the catalogue; there are {}", names.join(", "))
        })
    }
}

/// All of them, in the order of the table.
pub fn all() -> Vec<Pattern> {
    [counter::PATTERNS, guards::PATTERNS, orders::PATTERNS, seats::PATTERNS, locks::PATTERNS, bundles::PATTERNS]
        .concat()
}

/// How often those start over that do: as often as two buyers can need.
const RETRIES: usize = 1;

fn everywhere(_: Dialect, _: Level) -> bool {
    true
}

fn nowhere(_: Dialect, _: Level) -> bool {
    false
}

/// Where a transaction reads from one snapshot.
fn stale(level: Level) -> bool {
    matches!(level, Level::RepeatableRead | Level::ConsistentSnapshot | Level::Serializable)
}

/// Where a transaction cannot overwrite what has changed since it was read: PostgreSQL from REPEATABLE READ on, and
/// wherever it is serializable. MariaDB's REPEATABLE READ writes over what its snapshot does not show.
fn snapshots_lose(dialect: Dialect, level: Level) -> bool {
    dialect == Dialect::Postgres && stale(level) || when_serializable(dialect, level)
}

/// Where transactions are serializable: so named, and always in SQLite.
fn when_serializable(dialect: Dialect, level: Level) -> bool {
    dialect == Dialect::Sqlite || level == Level::Serializable
}

/// Where a statement that inserts what it selects locks what it reads: MariaDB from REPEATABLE READ on; and
/// wherever transactions are serializable.
fn with_current_locks(dialect: Dialect, level: Level) -> bool {
    dialect == Dialect::Mariadb && stale(level) || when_serializable(dialect, level)
}

/// A checkout that locks rows, where there is SQL for that.
fn locking(dialect: Dialect, checkout: impl FnOnce() -> Checkout) -> Option<Checkout> {
    (dialect != Dialect::Sqlite).then(checkout)
}

/// What a read ends with that shares a lock.
fn share(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Mariadb { "LOCK IN SHARE MODE" } else { "FOR SHARE" }
}

/// What a SELECT without a table needs before its WHERE.
fn dual(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Mariadb { " FROM DUAL" } else { "" }
}

/// A column that numbers the rows.
fn identity(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "id INTEGER PRIMARY KEY",
        Dialect::Postgres => "id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        Dialect::Mariadb => "id INTEGER AUTO_INCREMENT PRIMARY KEY",
    }
}
