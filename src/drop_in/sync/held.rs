//! A lock of a check that is held: a copy of its value, which is put back when it is freed.

use crate::drop_in::place;
use crate::sync::{Access, Erased, Mode, ObjectId, Observation, Setup, Value};
use std::fmt;
use std::panic::Location;

/// What a lock holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Kept<T> {
    pub value: T,
    /// Whether somebody panicked while they held it.
    pub poisoned: bool,
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)?;
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
        let mut value = Some(value);
        let kept = |value: &mut Option<T>| Kept { value: value.take().expect("it is declared once"), poisoned: false };
        let declared = place::declare(kind, |setup: &mut Setup, name| setup.rwlock(name, kept(&mut value)));
        match (declared, value) {
            (Some(lock), _) => Ok(Lock { object: lock.0, poisons }),
            (None, Some(value)) => Err(value),
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
    pub value: T,
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
