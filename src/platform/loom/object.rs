//! Shared objects as loom's primitives.

use super::cell::LoomCell;
use crate::platform::{Content, Hold};
use crate::sync::{Access, Erased, Observation};
use ::loom::sync::{Condvar, Mutex, MutexGuard};
use std::sync::PoisonError;

/// One shared object.
pub(super) enum Object {
    /// A lock that one thread takes at a time, and only ever waits for.
    Lock(Mutex<Option<Erased>>),
    Cell(LoomCell),
    Gated(Gated),
}

/// A content behind a gate, which is locked for the length of a step.
pub(super) struct Gated {
    gate: Mutex<()>,
    /// Something has changed that somebody may be waiting for.
    changed: Condvar,
    /// Only looked at with the gate locked, or by the one who locked it last.
    inside: std::sync::Mutex<Inside>,
}

struct Inside {
    content: Content,
    /// How many threads wait for a change.
    waiting: usize,
}

impl Object {
    /// With `gated`, a lock is held as its content, and can do all that [`Content`] can.
    pub fn holding(content: &Content, gated: bool) -> Object {
        match content {
            Content::Lock { value, hold: Hold::Free } if !gated => Object::Lock(Mutex::new(value.clone())),
            Content::Cell(word) => Object::Cell(LoomCell::new(*word)),
            _ => Object::Gated(Gated {
                gate: Mutex::new(()),
                changed: Condvar::new(),
                inside: std::sync::Mutex::new(Inside { content: content.clone(), waiting: 0 }),
            }),
        }
    }

    /// What it holds when all threads have ended, if the recorded steps lead to `recorded`.
    pub fn left(&self, recorded: Content) -> Content {
        match self {
            // Of several stores that nothing orders any may be the last, and loom tries them all.
            Object::Cell(cell) => Content::Cell(cell.word()),
            Object::Lock(_) => recorded,
            Object::Gated(gated) => gated.content(),
        }
    }
}

impl Gated {
    pub fn lock(&self) -> MutexGuard<'_, ()> {
        locked(&self.gate)
    }

    /// Waits for a change, with the gate open meanwhile.
    pub fn wait<'w>(&'w self, gate: MutexGuard<'w, ()>) {
        self.inside().waiting += 1;
        let gate = self.changed.wait(gate).expect("loom poisons nothing");
        self.inside().waiting -= 1;
        drop(gate);
    }

    pub fn content(&self) -> Content {
        self.inside().content.clone()
    }

    /// What a step can come to now.
    pub fn outcomes(&self, access: &Access) -> Vec<(Content, Observation)> {
        self.inside().content.outcomes(access)
    }

    /// Gives it another content; the gate must be locked.
    pub fn set(&self, content: Content) {
        self.inside().content = content;
    }

    /// Wakes those who wait for a change; the gate must be locked.
    pub fn tell_of_change(&self) {
        if self.inside().waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a mutex and locks it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a guard is never dropped by unwinding, so nothing is poisoned")
}
