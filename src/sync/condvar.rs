//! Condition variables.

use super::{Access, ObjectId, Observation, Platform, Value, ValueGuard};

/// A condition variable. Declared by [`Setup::condvar`](super::Setup::condvar).
///
/// Nobody wakes without having been notified, and of several who wait any may be notified.
#[derive(Clone, Copy, Debug)]
pub struct Condvar(pub(crate) ObjectId);

impl Condvar {
    /// Frees the mutex, waits to be notified, and takes the mutex again. Steps: *wait* (from here on a notification
    /// is not missed), *unlock*, *wake*, *lock*.
    pub fn wait<'p, T: Value>(&self, guard: ValueGuard<'p, T>) -> ValueGuard<'p, T> {
        let (at, mutex) = (guard.platform(), guard.object());
        let Observation::Place(place) = at.on(self.0, Access::Wait) else {
            unreachable!("who waits gets a place");
        };
        drop(guard);
        at.on(self.0, Access::Wake(place));
        ValueGuard::again(at, mutex)
    }

    /// Notifies one of those who wait, if anybody does. Step: *notify-one*.
    pub fn notify_one(&self, at: &dyn Platform) {
        at.on(self.0, Access::NotifyOne);
    }

    /// Notifies all of those who wait. Step: *notify-all*.
    pub fn notify_all(&self, at: &dyn Platform) {
        at.on(self.0, Access::NotifyAll);
    }
}
