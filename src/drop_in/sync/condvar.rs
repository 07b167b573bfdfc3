//! A condition variable.

use super::mutex::{Guard, MutexGuard};
use super::{LockResult, PoisonError};
use crate::drop_in::place;
use crate::sync::{Access, Condvar as Primitive, Observation, Value};
use std::fmt;
use std::time::Duration;

/// `std`'s [`Condvar`](std::sync::Condvar), which can be checked. Under a check nobody wakes without having been notified,
/// or, with a timeout, by choice.
pub struct Condvar(Inner);

enum Inner {
    Std(std::sync::Condvar),
    Checked(Primitive),
}

/// Whether a wait was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether it was.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

const FOREIGN: &str = "the mutex and the condition variable belong together, or neither belongs to a check";

impl Condvar {
    /// One for which nobody waits.
    #[track_caller]
    pub fn new() -> Self {
        Condvar(match place::declare("Condvar", |setup, name| setup.condvar(name)) {
            Some(condvar) => Inner::Checked(condvar),
            None => Inner::Std(std::sync::Condvar::new()),
        })
    }

    /// Frees the mutex, waits to be notified, and takes the mutex again.
    ///
    /// # Errors
    /// Somebody panicked while they held the mutex.
    #[track_caller]
    pub fn wait<'a, T: Value>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.mutex;
        match (&self.0, guard.inner) {
            (Inner::Checked(condvar), Guard::Checked(held)) => place::together(|| {
                let place = self.place(*condvar);
                drop(held);
                place::on(|at| at.on(condvar.0, Access::Wake(place)));
                mutex.again()
            }),
            (Inner::Std(condvar), Guard::Std(guard)) => mutex.of_std(condvar.wait(guard)),
            _ => panic!("{FOREIGN}"),
        }
    }

    /// Waits as long as `condition` holds.
    ///
    /// # Errors
    /// As of [`wait`](Condvar::wait).
    #[track_caller]
    pub fn wait_while<'a, T: Value>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits, but no longer than this. Under a check it is a choice whether it takes too long.
    ///
    /// # Errors
    /// As of [`wait`](Condvar::wait).
    #[track_caller]
    pub fn wait_timeout<'a, T: Value>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let mutex = guard.mutex;
        match (&self.0, guard.inner) {
            (Inner::Checked(_), Guard::Checked(held)) => place::together(|| {
                if place::on(|at| at.choose("wait", &["notified", "timed out"])) == "notified" {
                    let guard = self.wait(MutexGuard { mutex, inner: Guard::Checked(held) });
                    return with(guard, WaitTimeoutResult(false));
                }
                drop(held);
                with(mutex.again(), WaitTimeoutResult(true))
            }),
            (Inner::Std(condvar), Guard::Std(guard)) => match condvar.wait_timeout(guard, time) {
                Ok((guard, result)) => with(mutex.of_std(Ok(guard)), WaitTimeoutResult(result.timed_out())),
                Err(poison) => {
                    let (guard, result) = poison.into_inner();
                    let guard = mutex.of_std(Err(PoisonError::new(guard)));
                    with(guard, WaitTimeoutResult(result.timed_out()))
                }
            },
            _ => panic!("{FOREIGN}"),
        }
    }

    /// Notifies one of those who wait, if anybody does.
    #[track_caller]
    pub fn notify_one(&self) {
        match &self.0 {
            Inner::Checked(condvar) => place::on(|at| condvar.notify_one(at)),
            Inner::Std(condvar) => {
                place::outside("Condvar");
                condvar.notify_one();
            }
        }
    }

    /// Notifies all of those who wait.
    #[track_caller]
    pub fn notify_all(&self) {
        match &self.0 {
            Inner::Checked(condvar) => place::on(|at| condvar.notify_all(at)),
            Inner::Std(condvar) => {
                place::outside("Condvar");
                condvar.notify_all();
            }
        }
    }

    /// Takes a place among those who wait: from here on a notification is not missed.
    #[track_caller]
    fn place(&self, condvar: Primitive) -> usize {
        match place::on(|at| at.on(condvar.0, Access::Wait)) {
            Observation::Place(place) => place,
            other => unreachable!("who waits gets a place, and not {other:?}"),
        }
    }
}

fn with<G>(guard: LockResult<G>, result: WaitTimeoutResult) -> LockResult<(G, WaitTimeoutResult)> {
    match guard {
        Ok(guard) => Ok((guard, result)),
        Err(poison) => Err(PoisonError::new((poison.into_inner(), result))),
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condvar")
    }
}
