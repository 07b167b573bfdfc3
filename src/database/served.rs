//! What databases with a server have in common: one of their own for each exploration, with only tables that this made.

use super::{DatabaseError, Row};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the tables that this makes are marked with.
pub(super) const MARK: &str = "made by oversell";

/// The databases of a server that are empty again; `None`: there is only the one that was named.
pub(super) struct Databases(Mutex<Option<Vec<String>>>);

impl Databases {
    /// As many as are needed.
    pub(super) fn many() -> Databases {
        Databases(Mutex::new(Some(Vec::new())))
    }

    /// The one that was named, which is empty or called `oversell…`.
    pub(super) fn named(name: &str, tables: &[Row]) -> Result<Databases, DatabaseError> {
        if !name.starts_with("oversell") && !tables.is_empty() {
            return Err(DatabaseError::NotOurs(format!(
                "the database `{name}` has tables; name one that is empty, or whose name begins with `oversell`"
            )));
        }
        Ok(Databases(Mutex::new(None)))
    }

    /// An empty one, made if there is none; `None` for the one that was named.
    pub(super) fn take(
        &self,
        make: impl FnOnce() -> Result<String, DatabaseError>,
    ) -> Result<Option<String>, DatabaseError> {
        let mut free = lock(&self.0);
        let Some(free) = &mut *free else { return Ok(None) };
        free.pop().map_or_else(make, Ok).map(Some)
    }

    /// Gives back one that is empty again.
    pub(super) fn give_back(&self, name: Option<String>) {
        if let (Some(free), Some(name)) = (&mut *lock(&self.0), name) {
            free.push(name);
        }
    }
}

/// The names of tables, each found with its mark: all of them were made by this.
pub(super) fn ours(found: &[Row]) -> Result<Vec<String>, DatabaseError> {
    let name = |row: &Row| match row.text(1).ok().as_deref() {
        Some(MARK) => Ok(row.text(0).unwrap_or_default()),
        _ => Err(DatabaseError::NotOurs(format!(
            "there is a table {} that was not made by this; it stays untouched, and so do all others",
            row.text(0).unwrap_or_default()
        ))),
    };
    found.iter().map(name).collect()
}

/// The text that was found first.
pub(super) fn first(found: &[Row]) -> String {
    found.first().and_then(|row| row.text(0).ok()).unwrap_or_default()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
