//! A real thread: real objects under the code of one actor, in this process.
//!
//! Threads and processes differ in how an actor is started and stopped ([`Contact`]), not in what its steps do; what
//! they do is here.
//!
//! | step | calls |
//! | --- | --- |
//! | read | open, read to end |
//! | truncate | open with `O_TRUNC`, keep open |
//! | write | one write through that handle, close |
//! | replace | write a temporary file in the same folder, rename it over |
//! | acquire, release of a lock | `flock` on a lock file; for a semaphore, creating and removing the lock file |
//! | accesses to a cell, fences | those of `std::sync::atomic`, with their orderings |
//! | locks with a value, counting semaphores, condition variables | [`Content::outcomes`] under a `std` mutex |

mod cell;
mod contact;
mod disk;
mod ends;
mod memory;
mod text;

pub use cell::AtomicWord;
pub use contact::Contact;
pub(super) use disk::{lock_file, replace, temporary_of};
pub use memory::{Bell, InMemory};
pub(super) use text::{observation_text, step_text};

use super::record::{Recorder, What};
use super::script::Local;
use super::site::{Place, Site};
use super::stage::News;
use super::{Actor, Content, hold};
use crate::sync::{Access, Death, Erased, Event, Mode, ObjectId, Observation, Platform, Step};
use disk::Disk;
use std::cell::{Cell, RefCell};
use std::io;
use std::time::Duration;

/// How often to look again for something that one waits for, unless the bell rings: other processes do not ring it, and
/// neither does a stop.
const TICK: Duration = Duration::from_millis(20);

/// The same where nobody is there to ring.
const ALONE_TICK: Duration = Duration::from_millis(1);

/// The platform of real objects, as one actor sees it.
pub struct RealThread<'a> {
    actor: Actor,
    site: &'a Site,
    contact: &'a dyn Contact,
    conducted: bool,
    recorder: Option<&'a Recorder>,
    disk: RefCell<Disk>,
    held: RefCell<Vec<(ObjectId, Mode)>>,
    random: RefCell<fastrand::Rng>,
    /// Why it must take no step any more.
    dying: Cell<Option<&'static str>>,
    last_steps: Cell<usize>,
}

impl<'a> RealThread<'a> {
    /// An actor that has nothing open and holds nothing. A conducted one waits for its turn before each step, and no
    /// time passes for it; a free one draws its choices from the seed. What happens goes to the `recorder`, if there
    /// is one: then no two steps overlap, and their order in the record is the order in which they happened.
    pub fn new(
        actor: Actor,
        site: &'a Site,
        contact: &'a dyn Contact,
        conducted: bool,
        seed: u64,
        recorder: Option<&'a Recorder>,
    ) -> Self {
        let stream = match actor {
            Actor::Parent => 0,
            Actor::Thread(role, number) => ((role as u64 + 1) << 32) | number as u64,
        };
        // Mixed twice, so that neighbouring seeds and neighbouring threads have nothing in common.
        let own = fastrand::Rng::with_seed(stream).u64(..);
        let random = fastrand::Rng::with_seed(fastrand::Rng::with_seed(seed).u64(..) ^ own);
        RealThread {
            actor,
            site,
            contact,
            conducted,
            recorder,
            disk: RefCell::new(Disk::new(site.kind)),
            held: RefCell::default(),
            random: RefCell::new(random),
            dying: Cell::new(None),
            last_steps: Cell::new(0),
        }
    }

    /// Does something while nobody else records.
    fn alone<R>(&self, act: impl FnOnce(&mut dyn FnMut(What)) -> R) -> R {
        match self.recorder {
            Some(recorder) => recorder.alone(|record| act(&mut |what| record(self.actor, what))),
            None => act(&mut |_| ()),
        }
    }

    /// Takes the step, waiting until it is enabled.
    fn take(&self, step: &Step, pick: Option<&str>) -> io::Result<Observation> {
        loop {
            let heard = self.site.bell.count();
            let taken = self.alone(|record| {
                let taken = self.attempt(step, pick)?;
                if let Some((seen, after)) = &taken {
                    record(What::Took(step.clone(), seen.clone(), after.clone()));
                }
                Ok::<_, io::Error>(taken)
            })?;
            if let Some((seen, _)) = taken {
                hold(&mut self.held.borrow_mut(), step, &seen);
                if frees(step) {
                    self.site.bell.ring();
                }
                return Ok(seen);
            }
            // Whoever would free it may have been told to stop, too.
            if self.contact.stopping() {
                self.halt();
            }
            self.site.bell.wait(heard, if self.contact.is_alone() { ALONE_TICK } else { TICK });
        }
    }

    /// Takes the step if it is enabled; also returns what its object then holds, where that is known.
    fn attempt(&self, step: &Step, pick: Option<&str>) -> io::Result<Option<(Observation, Option<Content>)>> {
        let (object, access) = match step {
            Step::On(object, access) => (*object, access),
            Step::Choose(choice) => {
                let named = |pick: &str| choice.alternatives.iter().position(|alternative| *alternative == pick);
                let chosen = self.pick(choice.alternatives.len(), pick, named);
                return Ok(Some((Observation::Chosen(chosen), None)));
            }
            Step::Fence(order) => {
                std::sync::atomic::fence(*order);
                return Ok(Some((Observation::Done, None)));
            }
        };
        let known = |seen| Some((seen, None));
        match &self.site.places[object] {
            Place::File(path) => self.disk.borrow_mut().on_file(path, access).map(known),
            Place::Lock(path) => {
                let wait = self.contact.is_alone() && !self.contact.stopping();
                Ok(self.disk.borrow_mut().on_lock(object, path, access, wait)?.and_then(known))
            }
            Place::Cell(cell) => Ok(known(cell.access(access))),
            Place::Memory(memory) => {
                let taken = memory.attempt(access, |outcomes| self.pick(outcomes, pick, |pick| pick.parse().ok()));
                Ok(taken.map(|(seen, after)| (seen, Some(after))))
            }
        }
    }

    /// Which of several outcomes a step takes: the one that was granted, or else one that is drawn.
    fn pick(&self, outcomes: usize, pick: Option<&str>, position: impl Fn(&str) -> Option<usize>) -> usize {
        match pick {
            _ if outcomes == 1 => 0,
            None => self.random.borrow_mut().usize(..outcomes),
            Some(pick) => position(pick)
                .filter(|index| *index < outcomes)
                .unwrap_or_else(|| panic!("the step was to come to `{pick}`, which it cannot")),
        }
    }
}

/// Whether somebody may have been waiting for this.
fn frees(step: &Step) -> bool {
    use Access::{AddPermits, NotifyAll, NotifyOne, Unlock};
    matches!(step, Step::On(_, Unlock(..) | AddPermits(_) | NotifyOne | NotifyAll))
}

impl Platform for RealThread<'_> {
    fn step(&self, step: Step) -> Observation {
        self.expect_alive(&step);
        let mut pick = None;
        if self.conducted {
            self.contact.report(News::Before(step_text(&self.site.names, &step)));
            pick = self.contact.turn();
        }
        self.heed_stop();
        let seen = self.take(&step, pick.as_deref()).unwrap_or_else(|error| {
            let path = step.object().and_then(|object| self.site.places[object].path());
            let path = path.map(|path| path.display().to_string()).unwrap_or_default();
            <dyn Platform>::crash(self, format!("cannot {} {path}: {error}", verb(&step)))
        });
        if self.conducted {
            self.contact.report(News::Took(observation_text(&seen)));
        }
        seen
    }

    fn tell(&self, event: Event) {
        self.alone(|record| record(What::Local(Local::Told(event.clone()))));
        self.contact.report(News::Told(event));
    }

    fn pause(&self, time: Duration) {
        // A conductor decides what overlaps; nothing is gained by waiting.
        if !self.conducted {
            self.contact.pause(time);
        }
    }

    fn enter(&self, span: &'static str) -> Option<Erased> {
        self.alone(|record| record(What::Local(Local::Entered(span))));
        None
    }

    fn leave(&self, span: &'static str, result: Erased) {
        self.alone(|record| record(What::Local(Local::Left(span, result))));
    }

    fn again(&self, span: &'static str) {
        self.alone(|record| record(What::Local(Local::Again(span))));
    }

    fn die(&self, death: Death) -> ! {
        self.dying.set(Some("it died of an error of its own"));
        std::panic::resume_unwind(Box::new(death))
    }

    fn unwound(&self, _object: ObjectId) {
        if self.dying.get().is_none() {
            self.dying.set(Some("a panic dropped a guard of it"));
        }
    }
}

/// What cannot be done, when a call fails.
fn verb(step: &Step) -> &'static str {
    match step {
        Step::On(_, Access::Read) => "read",
        Step::On(_, Access::Truncate) => "empty",
        Step::On(_, Access::Write(..)) => "write",
        Step::On(_, Access::Replace(_)) => "replace",
        Step::On(_, Access::Lock(_) | Access::TryLock(_)) => "lock",
        _ => "unlock",
    }
}
