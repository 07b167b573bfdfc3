//! A lock of a check that is held: a copy of its value, which is put back when it is freed.

use crate::drop_in::place;
use crate::sync::{Access, Condvar, Erased, Mode, ObjectId, Observation, Setup, Value};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// A value that the checker keeps, or a copy of it. Things that do something when they are dropped, as an end of a channel
/// does, do it only if they have been moved out of here before. (It is `None` only while it is moved out.)
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Copied<T>(Option<T>);

const MOVED: &str = "only its last owner moves it out";

impl<T> Copied<T> {
    pub fn of(value: T) -> Self {
        Copied(Some(value))
    }

    fn into_inner(mut self) -> T {
        self.0.take().expect(MOVED)
    }
}

impl<T> Drop for Copied<T> {
    fn drop(&mut self) {
        if std::mem::needs_drop::<T>() {
            place::aside(|| drop(self.0.take()));
        }
    }
}

impl<T> Deref for Copied<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect(MOVED)
    }
}

impl<T> DerefMut for Copied<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(MOVED)
    }
}

/// What a lock holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Kept<T> {
    pub value: Copied<T>,
    /// Whether somebody panicked while they held it.
    pub poisoned: bool,
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self.value).fmt(f)?;
        if self.poisoned { f.write_str(" (poisoned)") } else { Ok(()) }
    }
}

/// A lock of a check.
#[derive(Clone, Copy, Debug)]
pub struct Lock {
    pub object: ObjectId,
    /// Whether a panic of who holds it poisons it.
    pub poisons: bool,
}

impl Lock {
    /// Declares a lock, if a constructor is at work here; otherwise the value comes back.
    #[track_caller]
    pub fn declare<T: Value>(kind: &'static str, poisons: bool, value: T) -> Result<Lock, T> {
        let mut value = Some(Copied::of(value));
        let kept = |value: &mut Option<_>| Kept { value: value.take().expect("it is declared once"), poisoned: false };
        let declared = place::declare(kind, |setup: &mut Setup, name| setup.rwlock(name, kept(&mut value)));
        match (declared, value) {
            (Some(lock), _) => Ok(Lock { object: lock.0, poisons }),
            (None, Some(value)) => Err(value.into_inner()),
            (None, None) => unreachable!("only a declaration takes the value"),
        }
    }

    /// Takes it, once nobody is in the way.
    #[track_caller]
    pub fn take<T: Value>(self, mode: Mode) -> Held<T> {
        self.take_at(mode, Location::caller())
    }

    /// The same, from this place in the source.
    pub fn take_at<T: Value>(self, mode: Mode, site: &'static Location<'static>) -> Held<T> {
        let seen = place::on_at(site, |at| at.on(self.object, Access::Lock(mode)));
        Held::new(self, mode, &seen, site)
    }

    /// Takes it if nobody is in the way.
    #[track_caller]
    pub fn attempt<T: Value>(self, mode: Mode) -> Option<Held<T>> {
        match place::on(|at| at.on(self.object, Access::TryLock(mode))) {
            Observation::Refused => None,
            seen => Some(Held::new(self, mode, &seen, Location::caller())),
        }
    }
}

/// A lock that is held. Dropping it frees it.
pub struct Held<T: Value> {
    pub lock: Lock,
    mode: Mode,
    pub value: Copied<T>,
    /// Whether it was poisoned when it was taken.
    pub poisoned: bool,
    /// Where it was taken: where it is freed is nowhere in the source.
    site: &'static Location<'static>,
}

impl<T: Value> Held<T> {
    fn new(lock: Lock, mode: Mode, seen: &Observation, site: &'static Location<'static>) -> Self {
        let Observation::Value(kept) = seen else { unreachable!("taking a lock with a value observed {seen:?}") };
        let kept = kept.get::<Kept<T>>().expect("a lock has the type that it was declared with").clone();
        Held { lock, mode, value: kept.value, poisoned: kept.poisoned, site }
    }

    /// Waits for a condition variable, and frees it meanwhile.
    #[track_caller]
    pub fn wait(self, condvar: Condvar) {
        let Observation::Place(place) = place::on(|at| at.on(condvar.0, Access::Wait)) else {
            unreachable!("who waits gets a place");
        };
        drop(self);
        place::on(|at| at.on(condvar.0, Access::Wake(place)));
    }
}

impl<T: Value> Drop for Held<T> {
    fn drop(&mut self) {
        let put = (self.mode == Mode::Exclusive).then(|| {
            let poisoned = self.poisoned && !place::was_cleared(self.lock.object);
            let poisoned = poisoned || (self.lock.poisons && std::thread::panicking());
            Erased::new(Kept { value: self.value.clone(), poisoned })
        });
        place::free(self.lock.object, self.mode, put, self.site);
    }
}
