//! What is done once, and what is set once.

use super::PoisonError;
use super::held::{Copied, Held, Lock};
use crate::drop_in::place;
use crate::sync::{Cell, Mode, Value};
use std::fmt;
use std::sync::OnceLock as StdOnceLock;
use std::sync::atomic::Ordering::{Acquire, Release};

/// `std`'s [`OnceLock`](std::sync::OnceLock), which can be checked.
pub struct OnceLock<T>(Inner<T>);

enum Inner<T> {
    Std(StdOnceLock<T>),
    /// Whoever sets it holds the lock; whether it is set can be seen without.
    Checked {
        lock: Lock,
        is_set: Cell<bool>,
        seen: Seen<T>,
    },
}

/// The values that were found in one, in whichever execution: what is lent out has to be somewhere. Each is here once.
struct Seen<T>(StdOnceLock<Box<(T, Seen<T>)>>);

impl<T: Value> Seen<T> {
    fn lend(&self, value: T) -> &T {
        let mut rest = self;
        let value = Copied::of(value);
        loop {
            let (known, next) = &**rest.0.get_or_init(|| Box::new((T::clone(&value), Seen(StdOnceLock::new()))));
            if *known == *value {
                return known;
            }
            rest = next;
        }
    }
}

impl<T: Value> OnceLock<T> {
    /// One that is not set.
    #[track_caller]
    pub fn new() -> Self {
        OnceLock::declared("OnceLock", false)
    }

    #[track_caller]
    pub(super) fn declared(kind: &'static str, poisons: bool) -> Self {
        OnceLock(match Lock::declare::<Option<T>>(kind, poisons, None) {
            Ok(lock) => {
                let is_set = place::declare_with(lock.object, "is set", |setup, name| setup.cell(name, false));
                Inner::Checked { lock, is_set, seen: Seen(StdOnceLock::new()) }
            }
            Err(_) => Inner::Std(StdOnceLock::new()),
        })
    }

    /// What it was set to, if it was.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        match &self.0 {
            Inner::Std(once) => {
                place::outside("OnceLock");
                once.get()
            }
            Inner::Checked { lock, is_set, seen } => {
                let value = place::span("get", || {
                    if !place::on(|at| is_set.load(at, Acquire)) {
                        return None;
                    }
                    let held: Held<Option<T>> = lock.take(Mode::Shared);
                    (*held.value).clone()
                });
                value.map(|value| seen.lend(value))
            }
        }
    }

    /// Sets it.
    ///
    /// # Errors
    /// It was set before; the value comes back.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        match &self.0 {
            Inner::Std(once) => {
                place::outside("OnceLock");
                once.set(value)
            }
            Inner::Checked { lock, is_set, .. } => {
                let is_first = place::span("set", || {
                    let mut held: Held<Option<T>> = lock.take(Mode::Exclusive);
                    let is_first = held.value.is_none();
                    if is_first {
                        *held.value = Some(value.clone());
                        place::on(|at| is_set.store(at, true, Release));
                    }
                    is_first
                });
                if !is_first {
                    return Err(value);
                }
                place::aside(|| drop(value));
                Ok(())
            }
        }
    }

    /// What it was set to; if it was not, it is set to this first, while others who need it wait.
    #[track_caller]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        match &self.0 {
            Inner::Std(once) => {
                place::outside("OnceLock");
                once.get_or_init(init)
            }
            Inner::Checked { lock, is_set, seen } => {
                if let Some(value) = self.get() {
                    return value;
                }
                let mut held: Held<Option<T>> = lock.take(Mode::Exclusive);
                assert!(!held.poisoned, "LazyLock instance has previously been poisoned");
                if let Some(value) = (*held.value).clone() {
                    return seen.lend(value);
                }
                let value = init();
                *held.value = Some(value.clone());
                // Who sees that it is set finds it set, even if they wait for that.
                place::on(|at| is_set.store(at, true, Release));
                seen.lend(value)
            }
        }
    }

    /// What it was set to, of one that nobody shares.
    ///
    /// # Panics
    /// It belongs to a check, whose threads share it.
    pub fn into_inner(self) -> Option<T> {
        match self.0 {
            Inner::Checked { .. } => panic!("a `OnceLock` under check is shared"),
            Inner::Std(once) => once.into_inner(),
        }
    }
}

impl<T: Value> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceLock")
    }
}

/// `std`'s [`Once`](std::sync::Once), which can be checked.
pub struct Once(OfOnce);

enum OfOnce {
    Std(std::sync::Once),
    Checked { lock: super::Mutex<bool>, is_done: Cell<bool> },
}

impl Once {
    /// Nothing has been done.
    #[track_caller]
    pub fn new() -> Self {
        Once(match place::declare("Once", |setup, name| setup.cell(name, false)) {
            Some(is_done) => OfOnce::Checked { lock: super::Mutex::new(false), is_done },
            None => OfOnce::Std(std::sync::Once::new()),
        })
    }

    /// Does this if nothing has been done; otherwise waits until it is done.
    ///
    /// # Panics
    /// Who did it panicked.
    #[track_caller]
    pub fn call_once(&self, act: impl FnOnce()) {
        match &self.0 {
            OfOnce::Std(once) => {
                place::outside("Once");
                once.call_once(act);
            }
            OfOnce::Checked { lock, is_done } => {
                if place::on(|at| is_done.load(at, Acquire)) {
                    return;
                }
                let done = lock.lock().map_err(PoisonError::into_inner);
                let Ok(mut done) = done else { panic!("Once instance has previously been poisoned") };
                if !*done {
                    act();
                    *done = true;
                    place::on(|at| is_done.store(at, true, Release));
                }
            }
        }
    }

    /// Whether it is done.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        match &self.0 {
            OfOnce::Std(once) => {
                place::outside("Once");
                once.is_completed()
            }
            OfOnce::Checked { is_done, .. } => place::on(|at| is_done.load(at, Acquire)),
        }
    }
}

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}
