//! Shared objects in the memory of one process, and how its threads wait for them.

use super::super::{Content, LockKind};
use crate::sync::{Access, Mode, Observation};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A lock with a value, a counting semaphore or a condition variable.
#[derive(Debug)]
pub struct InMemory(Mutex<Content>);

impl InMemory {
    /// An object that holds this.
    pub fn new(content: Content) -> Self {
        InMemory(Mutex::new(content))
    }

    /// What it holds.
    pub fn content(&self) -> Content {
        self.lock().clone()
    }

    /// Takes a step, and returns what was observed and what the object then holds; `None` if it would have to wait.
    /// Of so many outcomes, `pick` says which one it is.
    pub fn attempt(&self, access: &Access, pick: impl FnOnce(usize) -> usize) -> Option<(Observation, Content)> {
        let mut content = self.lock();
        let mut outcomes = content.outcomes(access);
        if outcomes.is_empty() {
            return None;
        }
        let (after, seen) = outcomes.swap_remove(pick(outcomes.len()));
        *content = after.clone();
        Some((seen, after))
    }

    /// Somebody has ended who held it this way. What it then holds, if that is something else.
    pub fn left_by(&self, mode: Mode, kind: LockKind, died: bool) -> Option<Content> {
        let mut content = self.lock();
        let after = content.left_by(mode, kind, died);
        if after == *content {
            return None;
        }
        *content = after.clone();
        Some(after)
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        // It is only ever set as a whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rings whenever somebody in this process frees something or notifies somebody.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<u64>,
    condvar: Condvar,
}

impl Bell {
    /// How often it has rung.
    pub fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.condvar.notify_all();
    }

    /// Waits until it has rung more than `heard` times, but no longer than this.
    pub fn wait(&self, heard: u64, longest: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.condvar.wait_timeout_while(rung, longest, |rung| *rung == heard));
    }
}
