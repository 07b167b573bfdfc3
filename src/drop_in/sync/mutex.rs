//! A mutex.

use super::held::{Held, Lock};
use super::{LockResult, PoisonError, TryLockError, TryLockResult};
use crate::drop_in::place;
use crate::sync::{Mode, Value};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// `std`'s [`Mutex`](std::sync::Mutex), which can be checked.
pub struct Mutex<T>(Inner<T>);

enum Inner<T> {
    Std(std::sync::Mutex<T>),
    Checked(Lock),
}

/// Holds a [`Mutex`].
#[must_use = "the mutex is freed when the guard is dropped"]
pub struct MutexGuard<'a, T: Value> {
    pub(super) mutex: &'a Mutex<T>,
    pub(super) inner: Guard<'a, T>,
}

pub(super) enum Guard<'a, T: Value> {
    Std(std::sync::MutexGuard<'a, T>),
    Checked(Held<T>),
    /// It has been given up for a while.
    Away,
}

impl<T: Value> Mutex<T> {
    /// A free mutex that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Mutex::declared(value, true)
    }

    /// The same, which a panic may or may not poison.
    #[track_caller]
    pub(crate) fn declared(value: T, poisons: bool) -> Self {
        Mutex(match Lock::declare("Mutex", poisons, value) {
            Ok(lock) => Inner::Checked(lock),
            Err(value) => Inner::Std(std::sync::Mutex::new(value)),
        })
    }

    /// Waits until it is free, and takes it.
    ///
    /// # Errors
    /// Somebody panicked while they held it; the error holds the guard all the same.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => self.checked(lock.take(Mode::Exclusive)),
            Inner::Std(mutex) => {
                place::outside("Mutex");
                self.of_std(mutex.lock())
            }
        }
    }

    /// Takes it if it is free.
    ///
    /// # Errors
    /// It is not, or somebody panicked while they held it.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => match lock.attempt(Mode::Exclusive) {
                Some(held) => self.checked(held).map_err(TryLockError::Poisoned),
                None => Err(TryLockError::WouldBlock),
            },
            Inner::Std(mutex) => {
                place::outside("Mutex");
                match mutex.try_lock() {
                    Ok(guard) => Ok(self.guard(Guard::Std(guard))),
                    Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
                    Err(TryLockError::Poisoned(poison)) => {
                        Err(TryLockError::Poisoned(PoisonError::new(self.guard(Guard::Std(poison.into_inner())))))
                    }
                }
            }
        }
    }

    /// Whether somebody panicked while they held it. Under a check, what [`lock`](Mutex::lock) returns says it; to ask in
    /// any other way is refused.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        match &self.0 {
            Inner::Checked(_) => {
                place::refuse("it asks whether a mutex is poisoned without taking it, which is not modelled")
            }
            Inner::Std(mutex) => mutex.is_poisoned(),
        }
    }

    /// Makes the poison good. Under a check, whoever does so holds the mutex, and frees it sound.
    pub fn clear_poison(&self) {
        match &self.0 {
            Inner::Checked(lock) => place::clear_poison(lock.object),
            Inner::Std(mutex) => mutex.clear_poison(),
        }
    }

    /// What it holds, of one that nobody shares.
    ///
    /// # Errors
    /// Somebody panicked while they held it.
    ///
    /// # Panics
    /// It belongs to a check, whose threads share it.
    pub fn into_inner(self) -> LockResult<T> {
        match self.0 {
            Inner::Checked(_) => panic!("a `Mutex` under check is shared"),
            Inner::Std(mutex) => mutex.into_inner(),
        }
    }

    /// What it holds, of one that nobody shares now.
    ///
    /// # Errors
    /// Somebody panicked while they held it.
    ///
    /// # Panics
    /// It belongs to a check, whose threads share it.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        match &mut self.0 {
            Inner::Checked(_) => panic!("a `Mutex` under check is shared"),
            Inner::Std(mutex) => mutex.get_mut(),
        }
    }

    /// Takes it again, after a guard of it was given up.
    #[track_caller]
    pub(super) fn again(&self) -> LockResult<MutexGuard<'_, T>> {
        match &self.0 {
            Inner::Checked(lock) => self.checked(lock.take(Mode::Exclusive)),
            Inner::Std(_) => unreachable!("only a guard of a check is given up"),
        }
    }

    fn guard<'a>(&'a self, inner: Guard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard { mutex: self, inner }
    }

    fn checked(&self, held: Held<T>) -> LockResult<MutexGuard<'_, T>> {
        let poisoned = held.lock.poisons && held.poisoned;
        let guard = self.guard(Guard::Checked(held));
        if poisoned { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }

    pub(super) fn of_std<'a>(
        &'a self,
        locked: LockResult<std::sync::MutexGuard<'a, T>>,
    ) -> LockResult<MutexGuard<'a, T>> {
        match locked {
            Ok(guard) => Ok(self.guard(Guard::Std(guard))),
            Err(poison) => Err(PoisonError::new(self.guard(Guard::Std(poison.into_inner())))),
        }
    }
}

const AWAY: &str = "a guard is not looked at while it is given up";

impl<T: Value> MutexGuard<'_, T> {
    /// Gives it up for another one of the same mutex.
    pub(crate) fn replaced(&mut self, other: impl FnOnce(Self) -> Self) {
        let inner = std::mem::replace(&mut self.inner, Guard::Away);
        self.inner = other(MutexGuard { mutex: self.mutex, inner }).inner;
    }
}

impl<T: Value> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.inner {
            Guard::Std(guard) => guard,
            Guard::Checked(held) => &held.value,
            Guard::Away => unreachable!("{AWAY}"),
        }
    }
}

impl<T: Value> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.inner {
            Guard::Std(guard) => guard,
            Guard::Checked(held) => &mut held.value,
            Guard::Away => unreachable!("{AWAY}"),
        }
    }
}

impl<T: Value> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: Value + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To look into it would be a step.
        f.write_str("Mutex")
    }
}

impl<T: Value + Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T: Value> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}
