//! A reader–writer lock.

use super::held::{Held, Lock};
use super::{LockResult, PoisonError, TryLockError, TryLockResult};
use crate::drop_in::place;
use crate::sync::{Mode, Value};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// `std`'s [`RwLock`](std::sync::RwLock), which can be checked. Under a check, writers have no precedence.
pub struct RwLock<T>(Inner<T>);

enum Inner<T> {
    Std(std::sync::RwLock<T>),
    Checked(Lock),
}

/// Holds an [`RwLock`] as one of its readers.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: Value>(Reader<'a, T>);

enum Reader<'a, T: Value> {
    Std(std::sync::RwLockReadGuard<'a, T>),
    Checked(Held<T>),
}

/// Holds an [`RwLock`] as its writer.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: Value>(Writer<'a, T>);

enum Writer<'a, T: Value> {
    Std(std::sync::RwLockWriteGuard<'a, T>),
    Checked(Held<T>),
}

impl<T: Value> RwLock<T> {
    /// A free lock that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        RwLock::declared(value, true)
    }

    /// The same, which a panic may or may not poison.
    #[track_caller]
    pub(crate) fn declared(value: T, poisons: bool) -> Self {
        RwLock(match Lock::declare("RwLock", poisons, value) {
            Ok(lock) => Inner::Checked(lock),
            Err(value) => Inner::Std(std::sync::RwLock::new(value)),
        })
    }

    /// Waits until no writer is inside.
    ///
    /// # Errors
    /// A writer panicked inside; the error holds the guard all the same.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => checked(lock.take(Mode::Shared), read),
            Inner::Std(lock) => {
                place::outside("RwLock");
                mapped(lock.read(), |guard| RwLockReadGuard(Reader::Std(guard)))
            }
        }
    }

    /// Waits until nobody is inside.
    ///
    /// # Errors
    /// As of [`read`](RwLock::read).
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => checked(lock.take(Mode::Exclusive), write),
            Inner::Std(lock) => {
                place::outside("RwLock");
                mapped(lock.write(), |guard| RwLockWriteGuard(Writer::Std(guard)))
            }
        }
    }

    /// Comes in as a reader if no writer is inside.
    ///
    /// # Errors
    /// One is, or one panicked inside.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => attempted(lock.attempt(Mode::Shared), read),
            Inner::Std(lock) => {
                place::outside("RwLock");
                try_mapped(lock.try_read(), |guard| RwLockReadGuard(Reader::Std(guard)))
            }
        }
    }

    /// Comes in as the writer if nobody is inside.
    ///
    /// # Errors
    /// Somebody is, or a writer panicked inside.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => attempted(lock.attempt(Mode::Exclusive), write),
            Inner::Std(lock) => {
                place::outside("RwLock");
                try_mapped(lock.try_write(), |guard| RwLockWriteGuard(Writer::Std(guard)))
            }
        }
    }

    /// Whether a writer panicked inside; see [`Mutex::is_poisoned`](super::Mutex::is_poisoned).
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        match &self.0 {
            Inner::Checked(_) => {
                place::refuse("it asks whether a lock is poisoned without taking it, which is not modelled")
            }
            Inner::Std(lock) => lock.is_poisoned(),
        }
    }

    /// Makes the poison good; see [`Mutex::clear_poison`](super::Mutex::clear_poison).
    pub fn clear_poison(&self) {
        match &self.0 {
            Inner::Checked(lock) => place::clear_poison(lock.object),
            Inner::Std(lock) => lock.clear_poison(),
        }
    }

    /// What it holds, of one that nobody shares.
    ///
    /// # Errors
    /// A writer panicked inside.
    ///
    /// # Panics
    /// It belongs to a check, whose threads share it.
    pub fn into_inner(self) -> LockResult<T> {
        match self.0 {
            Inner::Checked(_) => panic!("an `RwLock` under check is shared"),
            Inner::Std(lock) => lock.into_inner(),
        }
    }
}

fn read<'a, T: Value>(held: Held<T>) -> RwLockReadGuard<'a, T> {
    RwLockReadGuard(Reader::Checked(held))
}

fn write<'a, T: Value>(held: Held<T>) -> RwLockWriteGuard<'a, T> {
    RwLockWriteGuard(Writer::Checked(held))
}

fn checked<T: Value, G>(held: Held<T>, guard: impl FnOnce(Held<T>) -> G) -> LockResult<G> {
    let poisoned = held.lock.poisons && held.poisoned;
    let guard = guard(held);
    if poisoned { Err(PoisonError::new(guard)) } else { Ok(guard) }
}

fn attempted<T: Value, G>(held: Option<Held<T>>, guard: impl FnOnce(Held<T>) -> G) -> TryLockResult<G> {
    match held {
        Some(held) => checked(held, guard).map_err(TryLockError::Poisoned),
        None => Err(TryLockError::WouldBlock),
    }
}

fn mapped<S, G>(locked: LockResult<S>, guard: impl FnOnce(S) -> G) -> LockResult<G> {
    match locked {
        Ok(std) => Ok(guard(std)),
        Err(poison) => Err(PoisonError::new(guard(poison.into_inner()))),
    }
}

fn try_mapped<S, G>(locked: TryLockResult<S>, guard: impl FnOnce(S) -> G) -> TryLockResult<G> {
    match locked {
        Ok(std) => Ok(guard(std)),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        Err(TryLockError::Poisoned(poison)) => {
            Err(TryLockError::Poisoned(PoisonError::new(guard(poison.into_inner()))))
        }
    }
}

impl<T: Value> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Reader::Std(guard) => guard,
            Reader::Checked(held) => &held.value,
        }
    }
}

impl<T: Value> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Writer::Std(guard) => guard,
            Writer::Checked(held) => &held.value,
        }
    }
}

impl<T: Value> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.0 {
            Writer::Std(guard) => guard,
            Writer::Checked(held) => &mut held.value,
        }
    }
}

impl<T: Value> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: Value> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To look into it would be a step.
        f.write_str("RwLock")
    }
}

impl<T: Value + Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T: Value> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}
