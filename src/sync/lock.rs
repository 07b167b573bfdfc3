//! Locks: exclusive, reader–writer, and counting; with a value in them or without.

use super::{Access, Erased, Mode, ObjectId, Observation, Platform, Value};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// What somebody holds. Dropping it frees it.
struct Held<'p> {
    at: &'p dyn Platform,
    object: ObjectId,
    mode: Mode,
}

impl<'p> Held<'p> {
    /// Waits until the lock is to be had.
    fn wait(at: &'p dyn Platform, object: ObjectId, mode: Mode) -> (Self, Observation) {
        let seen = at.on(object, Access::Lock(mode));
        (Held { at, object, mode }, seen)
    }

    /// Takes the lock if it is to be had at once.
    fn attempt(at: &'p dyn Platform, object: ObjectId, mode: Mode) -> Option<(Self, Observation)> {
        match at.on(object, Access::TryLock(mode)) {
            Observation::Refused => None,
            seen => Some((Held { at, object, mode }, seen)),
        }
    }

    fn free(&self, put: impl FnOnce() -> Option<Erased>) {
        // Whoever is dying takes no more steps: what becomes of its locks is the platform's affair.
        if std::thread::panicking() {
            self.at.unwound(self.object);
        } else {
            self.at.on(self.object, Access::Unlock(self.mode, put()));
        }
    }
}

fn value<T: Value>(seen: &Observation) -> T {
    match seen {
        Observation::Value(value) => {
            value.get::<T>().expect("a handle has its object's type, by `Setup::mutex` and `rwlock`").clone()
        }
        other => unreachable!("taking a lock with a value observed {other:?}"),
    }
}

/// A lock that excludes others while its guard lives. Declared by [`Setup::lock`](super::Setup::lock).
#[derive(Clone, Copy, Debug)]
pub struct Lock(pub(crate) ObjectId);

impl Lock {
    /// Waits until the lock is free and takes it. Step: *acquire*.
    pub fn acquire<'p>(&self, at: &'p dyn Platform) -> Guard<'p> {
        Guard(Held::wait(at, self.0, Mode::Exclusive).0)
    }

    /// Takes the lock if it is free; `None` if it is not. Step: *try-acquire*.
    pub fn try_acquire<'p>(&self, at: &'p dyn Platform) -> Option<Guard<'p>> {
        Held::attempt(at, self.0, Mode::Exclusive).map(|(held, _)| Guard(held))
    }
}

/// Holds a [`Lock`]; dropping it is the step *release*.
#[must_use = "the lock is released when the guard is dropped"]
pub struct Guard<'p>(Held<'p>);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.free(|| None);
    }
}

/// A counting semaphore. Declared by [`Setup::semaphore`](super::Setup::semaphore).
#[derive(Clone, Copy, Debug)]
pub struct Semaphore(pub(crate) ObjectId);

impl Semaphore {
    /// Waits until so many permits are to be had at once, and takes them. Step: *acquire*.
    pub fn acquire<'p>(&self, at: &'p dyn Platform, permits: u32) -> Permits<'p> {
        Permits(Held::wait(at, self.0, Mode::Permits(permits)).0)
    }

    /// Takes so many permits if they are to be had at once. Step: *try-acquire*.
    pub fn try_acquire<'p>(&self, at: &'p dyn Platform, permits: u32) -> Option<Permits<'p>> {
        Held::attempt(at, self.0, Mode::Permits(permits)).map(|(held, _)| Permits(held))
    }

    /// Adds permits that nobody has taken. Step: *release*.
    pub fn add(&self, at: &dyn Platform, permits: u32) {
        at.on(self.0, Access::AddPermits(permits));
    }
}

/// Holds permits of a [`Semaphore`]; dropping it is the step *release*.
#[must_use = "the permits are given back when the guard is dropped"]
pub struct Permits<'p>(Held<'p>);

impl Drop for Permits<'_> {
    fn drop(&mut self) {
        self.0.free(|| None);
    }
}

macro_rules! handle {
    ($name:ident) => {
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }

        impl<T: Value> $name<T> {
            pub(super) fn new(object: ObjectId) -> Self {
                $name(object, PhantomData)
            }
        }
    };
}

/// A mutex that holds a value. Declared by [`Setup::mutex`](super::Setup::mutex).
pub struct Mutex<T>(pub(crate) ObjectId, PhantomData<fn(T)>);

handle!(Mutex);

impl<T: Value> Mutex<T> {
    /// Waits until the mutex is free and takes it, observing the value. Step: *lock*.
    pub fn lock<'p>(&self, at: &'p dyn Platform) -> ValueGuard<'p, T> {
        ValueGuard::new(Held::wait(at, self.0, Mode::Exclusive))
    }

    /// Takes the mutex if it is free. Step: *try-lock*.
    pub fn try_lock<'p>(&self, at: &'p dyn Platform) -> Option<ValueGuard<'p, T>> {
        Held::attempt(at, self.0, Mode::Exclusive).map(ValueGuard::new)
    }
}

/// A reader–writer lock that holds a value. Declared by [`Setup::rwlock`](super::Setup::rwlock).
///
/// A reader comes in while no writer is inside, whoever waits: writers have no precedence.
pub struct RwLock<T>(pub(crate) ObjectId, PhantomData<fn(T)>);

handle!(RwLock);

impl<T: Value> RwLock<T> {
    /// Waits until no writer is inside, observing the value. Step: *read-lock*.
    pub fn read<'p>(&self, at: &'p dyn Platform) -> ReadGuard<'p, T> {
        ReadGuard::new(Held::wait(at, self.0, Mode::Shared))
    }

    /// Comes in as a reader if no writer is inside. Step: *try-read-lock*.
    pub fn try_read<'p>(&self, at: &'p dyn Platform) -> Option<ReadGuard<'p, T>> {
        Held::attempt(at, self.0, Mode::Shared).map(ReadGuard::new)
    }

    /// Waits until nobody is inside, observing the value. Step: *write-lock*.
    pub fn write<'p>(&self, at: &'p dyn Platform) -> ValueGuard<'p, T> {
        ValueGuard::new(Held::wait(at, self.0, Mode::Exclusive))
    }

    /// Comes in as the writer if nobody is inside. Step: *try-write-lock*.
    pub fn try_write<'p>(&self, at: &'p dyn Platform) -> Option<ValueGuard<'p, T>> {
        Held::attempt(at, self.0, Mode::Exclusive).map(ValueGuard::new)
    }
}

/// Holds a [`Mutex`], or an [`RwLock`] as its writer; dropping it puts the value back. Step: *unlock*.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct ValueGuard<'p, T: Value> {
    held: Held<'p>,
    value: T,
}

impl<'p, T: Value> ValueGuard<'p, T> {
    fn new((held, seen): (Held<'p>, Observation)) -> Self {
        ValueGuard { value: value(&seen), held }
    }

    /// Where the code runs that holds it.
    pub(super) fn platform(&self) -> &'p dyn Platform {
        self.held.at
    }

    /// Takes the same lock again, after it has been freed.
    pub(super) fn again(at: &'p dyn Platform, object: ObjectId) -> Self {
        ValueGuard::new(Held::wait(at, object, Mode::Exclusive))
    }

    pub(super) fn object(&self) -> ObjectId {
        self.held.object
    }
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
        self.held.free(|| Some(Erased::new(self.value.clone())));
    }
}

/// Holds an [`RwLock`] as one of its readers. Step when dropped: *read-unlock*.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct ReadGuard<'p, T: Value> {
    held: Held<'p>,
    value: T,
}

impl<'p, T: Value> ReadGuard<'p, T> {
    fn new((held, seen): (Held<'p>, Observation)) -> Self {
        ReadGuard { value: value(&seen), held }
    }
}

impl<T: Value> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Value> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.held.free(|| None);
    }
}
