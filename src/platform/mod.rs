//! Where a program runs, one file per place.
//!
//! | platform | shared objects | who decides the order |
//! | --- | --- | --- |
//! | [`threads`] | real files, real locks | the operating system, or a [`conductor`] |
//! | [`processes`] | the same, between processes | the same |
//! | `shuttle` (feature `shuttle`) | in memory | shuttle's schedulers |
//! | `loom` (only with `--cfg loom`) | loom's primitives | loom |
//! | [`script`] | none: observations are fed in | whoever writes the script |
//! | [`model`] | in memory | the caller, move by move |
//!
//! What a step does to a file, a lock or a cell is said once, in [`Content::outcomes`], and the platforms that keep
//! their objects in memory all call it. What it does on a real machine is said once too, in [`real`]; that the two
//! agree is what the [`conductor`] finds out.

#[macro_use]
mod atomics;
pub mod conductor;
mod content;
mod instance;
#[cfg(loom)]
pub mod loom;
pub mod model;
#[cfg(any(loom, feature = "shuttle"))]
pub(crate) mod picks;
pub mod processes;
mod quiet;
pub mod real;
pub mod record;
pub mod script;
#[cfg(feature = "shuttle")]
pub mod shuttle;
pub mod site;
pub mod stage;
pub mod threads;
#[cfg(any(loom, feature = "shuttle"))]
mod tries;
pub mod wire;

pub use content::{Content, Hold, Waiter};
pub use instance::{Instance, LockKind, Threads};
pub(crate) use quiet::quietly;
pub use record::{Act, Actor, Entry, Move, Recorder, Trace, What};

use crate::sync::{Access, Death, Ending, Mode, ObjectId, Observation, Step};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a thread ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Its code returned this.
    Returned(Ending),
    /// It died of this.
    Crashed(Death),
    /// It was killed from outside.
    Killed,
}

/// How a run of some code on a platform ended.
pub(crate) enum Ran<R> {
    /// It came to its end.
    Returned(R),
    /// It crashed, or panicked.
    Crashed(Death),
}

/// Runs code until it returns or dies. A panic in it prints nothing: it is reported as what the thread died of.
pub(crate) fn run<R>(code: impl FnOnce() -> R) -> Ran<R> {
    quietly(|| caught(code))
}

/// The same where somebody else sees to it that nothing is printed.
fn caught<R>(code: impl FnOnce() -> R) -> Ran<R> {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(returned) => Ran::Returned(returned),
        Err(payload) => match payload.downcast::<Death>() {
            Ok(death) => Ran::Crashed(*death),
            Err(panic) => Ran::Crashed(Death { reason: message(panic), torn: false }),
        },
    }
}

/// What a panic says.
fn message(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().map_or("a panic without a message", |m| m).to_owned(),
    }
}

/// Keeps the list of what somebody holds, as a step changes it.
pub(crate) fn hold(held: &mut Vec<(ObjectId, Mode)>, step: &Step, seen: &Observation) {
    let Step::On(object, access) = step else { return };
    let mut free = |mode: Mode| {
        let place = held.iter().rposition(|other| *other == (*object, mode));
        place.map(|place| held.remove(place));
    };
    match (access, seen) {
        (Access::TryLock(_), Observation::Refused) => {}
        (Access::Lock(mode) | Access::TryLock(mode), _) => held.push((*object, *mode)),
        (Access::Unlock(mode, _), _) => free(*mode),
        (Access::Wait, Observation::Place(place)) => held.push((*object, Mode::Waiting(*place))),
        (Access::Wake(place), _) => free(Mode::Waiting(*place)),
        _ => {}
    }
}
