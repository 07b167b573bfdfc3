//! Shared objects as loom's primitives.

use crate::platform::Content;
use crate::sync::{Access, Erased, ObjectId, Observation, Step};
use ::loom::sync::atomic::AtomicU64;
use ::loom::sync::{Mutex, MutexGuard};
use std::sync::atomic::Ordering::SeqCst;

/// One shared object.
pub(super) enum Object {
    /// invariant: the content of a file
    File(Mutex<Content>),
    Lock(Mutex<()>),
    Value(Mutex<Erased>),
    Cell(AtomicU64),
}

/// The guard of something that a buyer holds.
pub(super) enum Held<'w> {
    Lock { _guard: MutexGuard<'w, ()> },
    Value(MutexGuard<'w, Erased>),
}

impl Object {
    pub fn holding(content: &Content) -> Object {
        match content {
            Content::File(_) => Object::File(Mutex::new(content.clone())),
            Content::Lock { .. } => Object::Lock(Mutex::new(())),
            Content::Mutex { value, .. } => Object::Value(Mutex::new(value.clone())),
            Content::Cell(number) => Object::Cell(AtomicU64::new(*number)),
        }
    }

    /// What the step does, for somebody who holds these guards. Nothing else happens between its effect and the
    /// return from here.
    pub fn take<'w>(&'w self, step: &Step, held: &mut Vec<(ObjectId, Held<'w>)>) -> Observation {
        match (self, &step.access) {
            (Object::File(file), access) => {
                let mut content = locked(file);
                let (after, observation) = content.apply(access);
                *content = after;
                observation
            }
            (Object::Lock(lock), Access::Acquire) => {
                held.push((step.object, Held::Lock { _guard: locked(lock) }));
                Observation::Done
            }
            (Object::Value(mutex), Access::LockValue) => {
                let guard = locked(mutex);
                let value = guard.clone();
                held.push((step.object, Held::Value(guard)));
                Observation::Value(value)
            }
            (Object::Lock(_) | Object::Value(_), Access::Release | Access::UnlockValue(_)) => {
                let place = held.iter().position(|(object, _)| *object == step.object);
                let (_, guard) = held.remove(place.expect("a guard releases what it has acquired, once"));
                if let (Held::Value(mut guard), Access::UnlockValue(value)) = (guard, &step.access) {
                    *guard = value.clone();
                }
                Observation::Done
            }
            (Object::Cell(cell), access) => access_cell(cell, access),
            (_, access) => panic!("{access:?} does not fit object {}", step.object),
        }
    }

    /// What it holds when all buyers have ended, if the recorded steps lead to `recorded`. Only cells may hold
    /// something else: of several stores that nothing orders any may be the last, and loom tries them all.
    pub fn left(&self, recorded: Content) -> Content {
        match self {
            Object::Cell(cell) => Content::Cell(cell.load(SeqCst)),
            _ => recorded,
        }
    }
}

/// Waits for a mutex and locks it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a buyer's guards are dropped after it has unwound, so none is poisoned")
}

fn access_cell(cell: &AtomicU64, access: &Access) -> Observation {
    Observation::Number(match *access {
        Access::Load(order) => cell.load(order),
        Access::Store(new, order) => {
            cell.store(new, order);
            return Observation::Done;
        }
        Access::Swap(new, order) => cell.swap(new, order),
        Access::FetchAdd(n, order) => cell.fetch_add(n, order),
        Access::FetchSub(n, order) => cell.fetch_sub(n, order),
        Access::CompareExchange { expected, new, success, failure } => {
            cell.compare_exchange(expected, new, success, failure).unwrap_or_else(|held| held)
        }
        ref access => panic!("{access:?} does not fit a cell"),
    })
}
