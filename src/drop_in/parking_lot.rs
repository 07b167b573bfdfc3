//! `parking_lot`'s locks, which nobody poisons. Outside a check they are `std`'s, with the poison left out.

use super::sync::{self, PoisonError, TryLockError};
pub use super::sync::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};
use crate::sync::Value;

/// A mutex that is not poisoned.
#[derive(Debug)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T: Value> Mutex<T> {
    /// A free mutex that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Mutex(sync::Mutex::declared(value, false))
    }

    /// Waits until it is free, and takes it.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes it if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poison)) => Some(poison.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A reader–writer lock that is not poisoned.
#[derive(Debug)]
pub struct RwLock<T>(sync::RwLock<T>);

impl<T: Value> RwLock<T> {
    /// A free lock that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        RwLock(sync::RwLock::declared(value, false))
    }

    /// Waits until no writer is inside.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody is inside.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable for such a mutex.
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// One for which nobody waits.
    #[track_caller]
    pub fn new() -> Self {
        Condvar(sync::Condvar::new())
    }

    /// Frees the mutex, waits to be notified, and takes the mutex again.
    #[track_caller]
    pub fn wait<T: Value>(&self, guard: &mut MutexGuard<'_, T>) {
        guard.replaced(|guard| self.0.wait(guard).unwrap_or_else(PoisonError::into_inner));
    }

    /// Notifies one of those who wait, if anybody does.
    #[track_caller]
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Notifies all of those who wait.
    #[track_caller]
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
