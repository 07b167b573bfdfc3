//! Handles: typed names for shared objects, through which buying code takes its steps.

use super::{Access, Bytes, Erased, ObjectId, Observation, Platform, Step, Value};
use crate::platform::Content;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;

/// Declares the shared objects of a scenario, with their initial content.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    objects: Vec<(&'static str, Content)>,
}

impl Setup {
    /// A file that exists with this content.
    pub fn file(&mut self, name: &'static str, content: impl Into<Bytes>) -> File {
        File(self.declare(name, Content::File(content.into())))
    }

    /// A lock that is free.
    pub fn lock(&mut self, name: &'static str) -> Lock {
        Lock(self.declare(name, Content::Lock { held: false }))
    }

    /// A free mutex that holds `value`.
    pub fn mutex<T: Value>(&mut self, name: &'static str, value: T) -> Mutex<T> {
        Mutex(self.declare(name, Content::Mutex { value: Erased::new(value), held: false }), PhantomData)
    }

    /// An atomic cell.
    pub fn cell(&mut self, name: &'static str, value: u64) -> Cell {
        Cell(self.declare(name, Content::Cell(value)))
    }

    /// The declared objects, by [`ObjectId`]: name and initial content.
    pub fn objects(&self) -> &[(&'static str, Content)] {
        &self.objects
    }

    fn declare(&mut self, name: &'static str, content: Content) -> ObjectId {
        self.objects.push((name, content));
        self.objects.len() - 1
    }
}

/// A file whose reads and writes are small enough to be atomic.
#[derive(Clone, Copy, Debug)]
pub struct File(ObjectId);

impl File {
    /// The whole content. Step: *read*.
    pub fn read(&self, at: &dyn Platform) -> Bytes {
        match at.step(Step { object: self.0, access: Access::Read }) {
            Observation::Content(bytes) => bytes,
            other => unreachable!("a read observed {other:?}"),
        }
    }

    /// Opens the file for writing, which empties it. Step: *truncate*.
    pub fn truncate(&self, at: &dyn Platform) -> Emptied {
        at.step(Step { object: self.0, access: Access::Truncate });
        Emptied(self.0)
    }

    /// Gives the file new content all at once (a temporary file, renamed over it). Step: *replace*.
    pub fn replace(&self, at: &dyn Platform, content: impl Into<Bytes>) {
        at.step(Step { object: self.0, access: Access::Replace(content.into()) });
    }
}

/// A file that its holder has emptied and not yet written.
#[derive(Debug)]
#[must_use = "the file is empty until it is written"]
pub struct Emptied(ObjectId);

impl Emptied {
    /// Writes the new content and closes the file. Step: *write*.
    pub fn write(self, at: &dyn Platform, content: impl Into<Bytes>) {
        at.step(Step { object: self.0, access: Access::Write(content.into()) });
    }
}

/// A lock that excludes others while its guard lives.
#[derive(Clone, Copy, Debug)]
pub struct Lock(ObjectId);

impl Lock {
    /// Waits until the lock is free and takes it. Step: *acquire*.
    pub fn acquire<'p>(&self, at: &'p dyn Platform) -> Guard<'p> {
        at.step(Step { object: self.0, access: Access::Acquire });
        Guard { at, lock: self.0 }
    }
}

/// Holds a [`Lock`]; dropping it is the step *release*.
#[must_use = "the lock is released when the guard is dropped"]
pub struct Guard<'p> {
    at: &'p dyn Platform,
    lock: ObjectId,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // A buyer that is dying takes no more steps: what becomes of its locks is the platform's affair.
        // (And a platform may stop a buyer by unwinding from `step`, which in a drop during unwinding
        // would abort the process.)
        if !std::thread::panicking() {
            self.at.step(Step { object: self.lock, access: Access::Release });
        }
    }
}

/// A mutex that holds a value.
#[derive(Debug)]
pub struct Mutex<T>(ObjectId, PhantomData<fn(T)>);

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Mutex<T> {}

impl<T: Value> Mutex<T> {
    /// Waits until the mutex is free and takes it, observing the value. Step: *lock*.
    pub fn lock<'p>(&self, at: &'p dyn Platform) -> ValueGuard<'p, T> {
        let Observation::Value(value) = at.step(Step { object: self.0, access: Access::LockValue }) else {
            unreachable!("locking a value mutex observes its value");
        };
        let value = value.get::<T>().expect("a handle has its object's type, by `Setup::mutex`").clone();
        ValueGuard { at, mutex: self.0, value }
    }
}

/// Holds a [`Mutex`]; dropping it puts the value back. Step: *unlock*.
#[must_use = "the mutex is freed when the guard is dropped"]
pub struct ValueGuard<'p, T: Value> {
    at: &'p dyn Platform,
    mutex: ObjectId,
    value: T,
}

impl<T: Value> Deref for ValueGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Value> DerefMut for ValueGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Value> Drop for ValueGuard<'_, T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let value = Erased::new(self.value.clone());
            self.at.step(Step { object: self.mutex, access: Access::UnlockValue(value) });
        }
    }
}

/// An atomic cell.
#[derive(Clone, Copy, Debug)]
pub struct Cell(ObjectId);

impl Cell {
    /// What the cell holds. Step: *load*.
    pub fn load(&self, at: &dyn Platform, order: Ordering) -> u64 {
        self.number(at, Access::Load(order))
    }

    /// Sets the cell. Step: *store*.
    pub fn store(&self, at: &dyn Platform, value: u64, order: Ordering) {
        at.step(Step { object: self.0, access: Access::Store(value, order) });
    }

    /// Sets the cell and returns what it held. Step: *swap*.
    pub fn swap(&self, at: &dyn Platform, value: u64, order: Ordering) -> u64 {
        self.number(at, Access::Swap(value, order))
    }

    /// Adds, wrapping, and returns what the cell held. Step: *fetch-add*.
    pub fn fetch_add(&self, at: &dyn Platform, value: u64, order: Ordering) -> u64 {
        self.number(at, Access::FetchAdd(value, order))
    }

    /// Subtracts, wrapping, and returns what the cell held. Step: *fetch-sub*.
    pub fn fetch_sub(&self, at: &dyn Platform, value: u64, order: Ordering) -> u64 {
        self.number(at, Access::FetchSub(value, order))
    }

    /// Sets the cell to `new` if it holds `expected`. Step: *compare-exchange*.
    ///
    /// # Errors
    /// What the cell holds, if that is not `expected`.
    pub fn compare_exchange(
        &self,
        at: &dyn Platform,
        expected: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let held = self.number(at, Access::CompareExchange { expected, new, success, failure });
        if held == expected { Ok(held) } else { Err(held) }
    }

    fn number(&self, at: &dyn Platform, access: Access) -> u64 {
        match at.step(Step { object: self.0, access }) {
            Observation::Number(number) => number,
            other => unreachable!("a cell observed {other:?}"),
        }
    }
}
