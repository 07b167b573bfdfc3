//! Real objects: files on disk and locks that the operating system keeps.
//!
//! Threads and processes differ in how a buyer is started, not in what its steps do; what they do is here.
//!
//! | step | calls |
//! | --- | --- |
//! | read | open, read to end |
//! | truncate | open with `O_TRUNC`, keep open |
//! | write | one write through that handle, close |
//! | replace | write a temporary file in the same folder, rename it over |
//! | acquire, release | `flock` on a lock file; for a semaphore, creating and removing the lock file |

use super::record::{Deed, Recorder};
use super::script::Aside;
use super::site::{Place, Site, lock_file, replace};
use super::{Actor, End, LockKind, Ran, halt, run};
use crate::sync::{Access, Erased, Event, ObjectId, Observation, Platform, Step};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A lock that a buyer holds.
enum Held {
    /// Freed by us, or by the kernel when we die.
    Owned { _until_dropped: Flock },
    /// Freed when the file is removed, by us or by nobody.
    Semaphore(PathBuf),
    /// A value mutex.
    Mutex,
}

/// A locked file. It is unlocked explicitly: closing it would not do while another thread is starting a process,
/// which holds a copy of every handle until it has begun to run.
struct Flock(File);

impl Drop for Flock {
    fn drop(&mut self) {
        // Nothing could be done about an error, and closing the file is next.
        let _ = self.0.unlock();
    }
}

/// How a buyer lets time pass and hears that it shall stop.
pub trait Clock {
    /// Waits; less if it shall stop.
    fn pause(&self, time: Duration);

    /// Whether the buyer shall stop at the next place where it leaves the files whole.
    fn stopping(&self) -> bool;
}

/// The platform of real objects, as one actor sees it.
pub struct Desk<'a> {
    actor: Actor,
    site: &'a Site,
    clock: &'a dyn Clock,
    tell: &'a dyn Fn(Event),
    recorder: Option<&'a Recorder>,
    open: RefCell<BTreeMap<ObjectId, File>>,
    held: RefCell<BTreeMap<ObjectId, Held>>,
}

impl<'a> Desk<'a> {
    /// A desk at which nothing is open or held. What is said goes to `tell`; everything else that happens to
    /// the `recorder`. Steps that are recorded do not overlap: their order in the record is the order in which
    /// they happened.
    pub fn new(
        actor: Actor,
        site: &'a Site,
        clock: &'a dyn Clock,
        tell: &'a dyn Fn(Event),
        recorder: Option<&'a Recorder>,
    ) -> Self {
        Desk { actor, site, clock, tell, recorder, open: RefCell::default(), held: RefCell::default() }
    }

    /// Runs code at the desk to its end, and records that; `None` if it was stopped.
    pub fn attend<R>(&self, code: impl FnOnce() -> R, deed: impl FnOnce(R) -> Deed) -> Option<Deed> {
        let (ended, crashed) = match run(code) {
            Ran::Returned(value) => (deed(value), false),
            Ran::Crashed(reason) => (Deed::Ended(End::Crashed(reason)), true),
            Ran::Halted => return None,
        };
        self.record(ended.clone());
        if crashed {
            self.bury();
        }
        Some(ended)
    }

    /// Death frees owned locks, and leaves semaphores as they are.
    fn bury(&self) {
        let held = std::mem::take(&mut *self.held.borrow_mut());
        if self.site.kind == LockKind::Semaphore {
            return;
        }
        for (object, held) in held {
            self.record(Deed::Freed(object));
            // A lock file is freed as the loop drops it.
            if let (Held::Mutex, Place::Mutex(mutex)) = (held, &self.site.places[object]) {
                unlock(mutex, None);
            }
        }
    }

    fn record(&self, deed: Deed) {
        if let Some(recorder) = self.recorder {
            recorder.record(self.actor, deed);
        }
    }

    /// Takes the step for real.
    fn act(&self, step: &Step) -> io::Result<Observation> {
        let object = step.object;
        match (&self.site.places[object], &step.access) {
            (Place::File(path), Access::Read) => {
                let mut bytes = Vec::new();
                File::open(path)?.read_to_end(&mut bytes)?;
                return Ok(Observation::Content(bytes.into()));
            }
            (Place::File(path), Access::Truncate) => {
                let file = File::options().write(true).create(true).truncate(true).open(path)?;
                self.open.borrow_mut().insert(object, file);
            }
            (Place::File(_), Access::Write(bytes)) => {
                let mut file = self.open.borrow_mut().remove(&object).expect("`Emptied` is only made by a truncate");
                file.write_all(bytes)?;
            }
            (Place::File(path), Access::Replace(bytes)) => replace(path, bytes)?,
            (Place::Lock(path), Access::Acquire) => {
                let held = self.acquire(path)?;
                self.held.borrow_mut().insert(object, held);
            }
            (Place::Lock(_), Access::Release) => match self.held.borrow_mut().remove(&object) {
                Some(Held::Semaphore(path)) => fs::remove_file(path)?,
                _freed_by_dropping => {}
            },
            (Place::Mutex(mutex), Access::LockValue) => {
                let state = mutex.0.lock().unwrap_or_else(PoisonError::into_inner);
                let mut state = mutex.1.wait_while(state, |state| state.1).unwrap_or_else(PoisonError::into_inner);
                state.1 = true;
                self.held.borrow_mut().insert(object, Held::Mutex);
                return Ok(Observation::Value(state.0.clone()));
            }
            (Place::Mutex(mutex), Access::UnlockValue(value)) => {
                self.held.borrow_mut().remove(&object);
                unlock(mutex, Some(value));
            }
            (Place::Cell(cell), access) => return Ok(on_cell(cell, access)),
            (place, access) => unreachable!("{access:?} does not fit {place:?}"),
        }
        Ok(Observation::Done)
    }

    fn acquire(&self, path: &Path) -> io::Result<Held> {
        if self.site.kind == LockKind::Owned {
            let file = lock_file(path)?;
            file.lock()?;
            return Ok(Held::Owned { _until_dropped: Flock(file) });
        }
        loop {
            match File::create_new(path) {
                Ok(_) => return Ok(Held::Semaphore(path.to_owned())),
                // Nobody tells us when it is removed, so look again. (The order of buyers is not up to us either way.)
                Err(error) if error.kind() == ErrorKind::AlreadyExists => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => return Err(error),
            }
            if self.clock.stopping() {
                halt();
            }
        }
    }
}

fn unlock(mutex: &(Mutex<(Erased, bool)>, Condvar), value: Option<&Erased>) {
    let mut state = mutex.0.lock().unwrap_or_else(PoisonError::into_inner);
    state.0 = value.unwrap_or(&state.0).clone();
    state.1 = false;
    mutex.1.notify_one();
}

fn on_cell(cell: &AtomicU64, access: &Access) -> Observation {
    Observation::Number(match *access {
        Access::Load(order) => cell.load(order),
        Access::Swap(new, order) => cell.swap(new, order),
        Access::FetchAdd(n, order) => cell.fetch_add(n, order),
        Access::FetchSub(n, order) => cell.fetch_sub(n, order),
        Access::CompareExchange { expected, new, success, failure } => {
            cell.compare_exchange(expected, new, success, failure).unwrap_or_else(|held| held)
        }
        Access::Store(new, order) => {
            cell.store(new, order);
            return Observation::Done;
        }
        ref other => unreachable!("{other:?} does not fit a cell"),
    })
}

impl Platform for Desk<'_> {
    fn step(&self, step: Step) -> Observation {
        // Between its truncate and its write a buyer goes on: it must not leave an empty file.
        if self.clock.stopping() && self.open.borrow().is_empty() {
            halt();
        }
        let takes_lock = matches!(step.access, Access::Acquire | Access::LockValue);
        // A step that may wait must let others record meanwhile; and it is over when the lock is taken.
        let done = match self.recorder {
            Some(recorder) if !takes_lock => recorder.during(self.actor, &step, || self.act(&step)),
            _ => self.act(&step).inspect(|seen| self.record(Deed::Took(step.clone(), seen.clone()))),
        };
        done.unwrap_or_else(|error| {
            let path = match &self.site.places[step.object] {
                Place::File(path) | Place::Lock(path) => path.display().to_string(),
                _ => String::new(),
            };
            <dyn Platform>::crash(self, format!("cannot {} {path}: {error}", verb(&step.access)))
        })
    }

    fn tell(&self, event: Event) {
        self.record(Deed::Aside(Aside::Told(event.clone())));
        (self.tell)(event);
    }

    fn pause(&self, time: Duration) {
        self.clock.pause(time);
    }

    fn enter(&self, span: &'static str) {
        self.record(Deed::Aside(Aside::Entered(span)));
    }

    fn leave(&self, span: &'static str, result: Erased) {
        self.record(Deed::Aside(Aside::Left(span, result)));
    }

    fn again(&self, span: &'static str) {
        self.record(Deed::Aside(Aside::Again(span)));
    }
}

fn verb(access: &Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Truncate => "empty",
        Access::Write(_) => "write",
        Access::Replace(_) => "replace",
        Access::Acquire => "lock",
        _ => "unlock",
    }
}
