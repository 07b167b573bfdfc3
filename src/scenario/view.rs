//! What a scenario's own properties look at.

use crate::platform::{Content, Hold};
use crate::sync::{Bytes, Cell, File, Lock, Mutex, ObjectId, Primitive, RwLock, Semaphore, Value};

/// A reachable state, between two steps.
pub struct State<'v> {
    pub(crate) contents: &'v dyn Fn(ObjectId) -> &'v Content,
    pub(crate) totals: &'v dyn Fn(&str) -> Option<i64>,
    pub(crate) inside: &'v dyn Fn(&str, &str) -> usize,
    pub(crate) sold: &'v dyn Fn() -> i64,
    pub(crate) stock: &'v dyn Fn() -> i64,
}

impl State<'_> {
    /// What a cell holds.
    pub fn cell<T: Primitive>(&self, cell: Cell<T>) -> T {
        match (self.contents)(cell.0) {
            Content::Cell(word) => T::from_word(*word),
            other => unreachable!("a cell holds {other:?}"),
        }
    }

    /// What a mutex holds: for one that is locked, what was put into it last.
    pub fn mutex<T: Value>(&self, mutex: Mutex<T>) -> T {
        self.value(mutex.0)
    }

    /// What a reader–writer lock holds.
    pub fn rwlock<T: Value>(&self, lock: RwLock<T>) -> T {
        self.value(lock.0)
    }

    /// Whether a lock is held.
    pub fn is_locked(&self, lock: Lock) -> bool {
        matches!((self.contents)(lock.0), Content::Lock { hold, .. } if *hold != Hold::Free)
    }

    /// How many permits of a semaphore are to be had.
    pub fn permits(&self, semaphore: Semaphore) -> u32 {
        match (self.contents)(semaphore.0) {
            Content::Semaphore { permits } => *permits,
            other => unreachable!("a semaphore holds {other:?}"),
        }
    }

    /// The content of a file.
    pub fn file(&self, file: File) -> Bytes {
        match (self.contents)(file.0) {
            Content::File { bytes, .. } => bytes.clone(),
            other => unreachable!("a file holds {other:?}"),
        }
    }

    /// How often an event was told so far; one that speaks of a number counts as often as that.
    ///
    /// # Panics
    /// The scenario does not keep the total: see [`Builder::tally`](super::Builder::tally).
    pub fn total(&self, event: &str) -> i64 {
        (self.totals)(event).unwrap_or_else(|| panic!("no total is kept of `{event}`: declare it with `.tally`"))
    }

    /// How many threads of a role are inside a span.
    pub fn inside(&self, role: &str, span: &str) -> usize {
        (self.inside)(role, span)
    }

    /// How many tickets count as sold.
    pub fn sold(&self) -> i64 {
        (self.sold)()
    }

    /// How many tickets there are in all, sold or not.
    pub fn stock(&self) -> i64 {
        (self.stock)()
    }

    fn value<T: Value>(&self, object: ObjectId) -> T {
        match (self.contents)(object) {
            Content::Lock { value: Some(value), .. } => {
                value.get::<T>().expect("a handle has its object's type, by `Setup`").clone()
            }
            other => unreachable!("a lock with a value holds {other:?}"),
        }
    }
}

/// The end of an execution.
pub struct Ended<'v> {
    pub(crate) state: State<'v>,
    pub(crate) ended: &'v dyn Fn(&str) -> usize,
    pub(crate) crashed: usize,
    pub(crate) stuck: usize,
    pub(crate) count: Option<u64>,
}

impl<'v> Ended<'v> {
    /// The state in which it ends.
    pub fn state(&self) -> &State<'v> {
        &self.state
    }

    /// How many threads ended in this way.
    pub fn ended(&self, ending: &str) -> usize {
        (self.ended)(ending)
    }

    /// How many threads crashed.
    pub fn crashed(&self) -> usize {
        self.crashed
    }

    /// How many threads wait for ever.
    pub fn stuck(&self) -> usize {
        self.stuck
    }

    /// How many tickets the ledger says are left; `None` if it cannot be read.
    pub fn count(&self) -> Option<u64> {
        self.count
    }
}
