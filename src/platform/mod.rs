//! Where a program runs, one file per place.
//!
//! | platform | shared objects | who decides the order |
//! | --- | --- | --- |
//! | [`threads`] | real files, real locks | the operating system, or a [`conductor`] |
//! | [`processes`] | the same, between processes | the same |
//! | [`shuttle`] | in memory | shuttle's schedulers |
//! | `loom` (only with `--cfg loom`) | loom's primitives | loom |
//! | [`script`] | none: observations are fed in | whoever writes the script |
//! | [`model`] | in memory | the caller, move by move |
//!
//! What a step does to a file, a lock or a cell is said once, in [`Content::apply`], and the platforms that keep
//! their objects in memory all call it. What it does on a real machine is said once too, in [`real`]; that the two
//! agree is what the [`conductor`] finds out.

pub mod conductor;
mod content;
#[cfg(loom)]
pub mod loom;
pub mod model;
pub mod processes;
pub mod real;
pub mod record;
pub mod script;
pub mod shuttle;
pub mod site;
pub mod stage;
pub mod threads;
mod wire;

pub use content::Content;
pub use record::{Deed, Entry, Move, Recorder, Trace};

use crate::sync::{Access, Crash, ObjectId, Outcome, Step};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Somebody who takes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Buyer number *i*, from 0.
    Buyer(usize),
    /// The parent that starts buyers one by one.
    Launcher,
}

impl Actor {
    /// The buyer's number; `None` for the launcher.
    pub fn buyer(self) -> Option<usize> {
        match self {
            Actor::Buyer(number) => Some(number),
            Actor::Launcher => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Buyer(number) => write!(f, "buyer {number}"),
            Actor::Launcher => f.write_str("the parent"),
        }
    }
}

/// How a buyer ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Its code returned this.
    Returned(Outcome),
    /// It died of this.
    Crashed(String),
    /// It was killed from outside.
    Killed,
}

/// How the locks of the dead are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LockKind {
    /// The kernel frees them, as with a file lock.
    #[default]
    Owned,
    /// Nobody frees them, as with the tutorials' semaphores.
    Semaphore,
}

/// How a run of some code on a platform ended.
pub(crate) enum Ran<R> {
    /// It came to its end.
    Returned(R),
    /// It crashed, or panicked.
    Crashed(String),
    /// The platform stopped it.
    Halted,
}

/// Stops the running code from within a step, quietly; the other end is [`run`].
pub(crate) fn halt() -> ! {
    resume_unwind(Box::new(Halt))
}

struct Halt;

/// Runs code until it returns, dies or is halted.
pub(crate) fn run<R>(code: impl FnOnce() -> R) -> Ran<R> {
    let payload = match catch_unwind(AssertUnwindSafe(code)) {
        Ok(returned) => return Ran::Returned(returned),
        Err(payload) => payload,
    };
    if payload.is::<Halt>() {
        return Ran::Halted;
    }
    Ran::Crashed(match payload.downcast::<Crash>() {
        Ok(crash) => crash.0,
        Err(panic) => match panic.downcast::<String>() {
            Ok(message) => *message,
            Err(panic) => panic.downcast_ref::<&str>().map_or("a panic without a message", |m| m).to_owned(),
        },
    })
}

/// Keeps the list of locks that somebody holds, as a step changes it.
pub(crate) fn hold(held: &mut Vec<ObjectId>, step: &Step) {
    match step.access {
        Access::Acquire | Access::LockValue => held.push(step.object),
        Access::Release | Access::UnlockValue(_) => held.retain(|object| *object != step.object),
        _ => {}
    }
}
