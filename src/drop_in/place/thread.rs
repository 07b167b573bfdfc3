//! On a thread under check: every access is a step of it.

use super::{PLACE, Place, place_of, stand};
use crate::drop_in::time::LONG;
use crate::sync::{Access, Death, Erased, Event, Mode, ObjectId, Observation, Platform, Step};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The object that stands for what comes after the last turn of a loop that is followed: nobody ever gets there.
pub const BEYOND: ObjectId = 0;

/// How often a thread may come to one place in the source, and where it would have come more often.
///
/// A loop that is no retry may keep anything in its locals, so no two of its turns are the same to a checker. It is
/// followed for so many turns, and there the thread stands still for ever. That is a beginning of real executions, and
/// what is proved so is proved up to there.
#[derive(Debug)]
pub struct Turns {
    limit: AtomicU32,
    /// How often threads have been stopped at a place.
    stopped: Mutex<BTreeMap<String, u64>>,
}

impl Turns {
    pub fn new(limit: u32) -> Self {
        Turns { limit: AtomicU32::new(limit), stopped: Mutex::default() }
    }

    pub fn set(&self, limit: u32) {
        self.limit.store(limit, Relaxed);
    }

    pub fn limit(&self) -> u32 {
        self.limit.load(Relaxed)
    }

    /// Where threads were stopped so far, and how often.
    pub fn stopped(&self) -> BTreeMap<String, u64> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stop(&self, place: String) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default() += 1;
    }
}

/// A place in the source, and how often it has been come to.
type Visits = Vec<(&'static Location<'static>, u32)>;

/// What comes of something that was dropped while a panic unwound.
enum Dropped {
    /// A lock is freed: how it was held, what is put into it, and where it was taken.
    Guard(ObjectId, Mode, Option<Erased>, &'static Location<'static>),
    End(Box<dyn FnOnce()>),
}

thread_local! {
    /// Where in the source each step was taken, while somebody wants to know.
    static SITES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Reads some code, and says where in the source each of its steps was taken.
pub fn sites(read: impl FnOnce()) -> Vec<String> {
    SITES.set(Some(Vec::new()));
    read();
    SITES.take().unwrap_or_default()
}

/// A thread under check.
pub struct Thread<'p> {
    at: &'p dyn Platform,
    turns: &'p Turns,
    /// Where in the source it is.
    site: Cell<Option<&'static Location<'static>>>,
    /// How many things the future that it runs awaits at once, and whether the one that it awaits goes on.
    pub awaited: Cell<u32>,
    pub goes_on: Cell<bool>,
    /// How often it has called its platform.
    pub steps: Cell<u64>,
    /// Whether it is within one call of several accesses.
    pub inside: Cell<bool>,
    /// For each span that it stands in, and outside of all: a finished span is skipped when code is read, so what was
    /// done in it must not count.
    visits: RefCell<Vec<Visits>>,
    /// What was dropped while a panic unwound.
    unwound: RefCell<Vec<Dropped>>,
    /// The locks that it holds whose poison was made good.
    cleared: RefCell<Vec<ObjectId>>,
    /// What its clock said last, if it has looked.
    clock: Cell<Option<Duration>>,
}

/// Runs code as a thread under check.
pub fn run<R>(at: &dyn Platform, turns: &Turns, code: impl FnOnce() -> R) -> R {
    let thread = Thread {
        at,
        turns,
        site: Cell::new(None),
        awaited: Cell::default(),
        goes_on: Cell::default(),
        steps: Cell::default(),
        inside: Cell::default(),
        visits: RefCell::new(vec![Visits::new()]),
        unwound: RefCell::default(),
        cleared: RefCell::default(),
        clock: Cell::default(),
    };
    stand(Place::Thread(NonNull::from(&thread).cast()), || {
        let ran = catch_unwind(AssertUnwindSafe(code));
        thread.settle();
        // No panic hook is called again.
        ran.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

impl Thread<'_> {
    /// Begins to do something at a place in the source.
    pub fn begin(&self, site: &'static Location<'static>) {
        if self.inside.get() {
            return;
        }
        self.site.set(Some(site));
        if self.is_beyond(site) && self.at.explores() {
            self.turns.stop(place_of(site));
            self.step(Step::On(BEYOND, Access::Wake(0)));
        }
    }

    /// Whether it has come to a place more often than it is followed.
    fn is_beyond(&self, site: &'static Location<'static>) -> bool {
        let mut visits = self.visits.borrow_mut();
        let Some(visits) = visits.last_mut() else { return false };
        match visits.iter_mut().find(|(other, _)| *other == site) {
            Some((_, visits)) => {
                *visits += 1;
                *visits > self.turns.limit()
            }
            None => {
                visits.push((site, 1));
                false
            }
        }
    }

    pub fn free(&self, object: ObjectId, mode: Mode, put: Option<Erased>, site: &'static Location<'static>) {
        if std::thread::panicking() {
            self.unwound.borrow_mut().push(Dropped::Guard(object, mode, put, site));
        } else {
            if !self.inside.get() {
                self.site.set(Some(site));
            }
            self.step(Step::On(object, Access::Unlock(mode, put)));
        }
    }

    pub fn end(&self, act: impl FnOnce() + 'static) {
        if std::thread::panicking() {
            self.unwound.borrow_mut().push(Dropped::End(Box::new(act)));
        } else {
            act();
        }
    }

    /// Does what comes of what was dropped while a panic unwound that has been caught since.
    fn settle(&self) {
        if self.unwound.borrow().is_empty() || std::thread::panicking() {
            return;
        }
        for dropped in self.unwound.take() {
            match dropped {
                Dropped::Guard(object, mode, put, site) => {
                    self.site.set(Some(site));
                    self.take(Step::On(object, Access::Unlock(mode, put)));
                }
                Dropped::End(act) => act(),
            }
        }
    }

    pub fn refuse(&self, reason: String) -> ! {
        self.away(|at| at.refuse(reason))
    }

    pub fn clock(&self) -> Duration {
        let now = match self.clock.get() {
            // Nothing has been measured yet, so it makes no difference.
            None => Duration::ZERO,
            Some(before) => {
                let at: &dyn Platform = self;
                match at.choose("time", &["none has passed", "long has passed"]) {
                    "long has passed" => before + LONG,
                    _ => before,
                }
            }
        };
        self.clock.set(Some(now));
        now
    }

    pub fn clear_poison(&self, object: ObjectId) {
        self.cleared.borrow_mut().push(object);
    }

    pub fn was_cleared(&self, object: ObjectId) -> bool {
        let mut cleared = self.cleared.borrow_mut();
        let before = cleared.len();
        cleared.retain(|other| *other != object);
        cleared.len() < before
    }

    fn take(&self, step: Step) -> Observation {
        let seen = self.away(|at| at.step(step));
        SITES.with_borrow_mut(|sites| {
            if let Some(sites) = sites {
                sites.push(self.site.get().map(|site| place_of(site)).unwrap_or_default());
            }
        });
        seen
    }

    /// Calls its platform, which may let others run on this thread of the machine meanwhile, or never come back. Should it
    /// unwind, the code did not do it: whatever is dropped then takes no step.
    fn away<R>(&self, call: impl FnOnce(&dyn Platform) -> R) -> R {
        self.steps.set(self.steps.get() + 1);
        PLACE.set(Place::Outside);
        let result = call(self.at);
        PLACE.set(Place::Thread(NonNull::from(self).cast()));
        result
    }
}

impl Platform for Thread<'_> {
    fn step(&self, step: Step) -> Observation {
        self.settle();
        self.take(step)
    }

    fn tell(&self, event: Event) {
        self.settle();
        self.away(|at| at.tell(event));
    }

    fn pause(&self, time: Duration) {
        self.away(|at| at.pause(time));
    }

    fn enter(&self, span: &'static str) -> Option<Erased> {
        self.settle();
        let left = self.away(|at| at.enter(span));
        if left.is_none() {
            self.visits.borrow_mut().push(Visits::new());
        }
        left
    }

    fn leave(&self, span: &'static str, result: Erased) {
        self.settle();
        self.visits.borrow_mut().pop();
        self.away(|at| at.leave(span, result));
    }

    fn again(&self, span: &'static str) {
        self.settle();
        if let Some(visits) = self.visits.borrow_mut().last_mut() {
            visits.clear();
        }
        self.away(|at| at.again(span));
    }

    fn die(&self, death: Death) -> ! {
        self.away(|at| at.die(death))
    }

    fn unwound(&self, object: ObjectId) {
        self.at.unwound(object);
    }

    fn explores(&self) -> bool {
        self.at.explores()
    }
}
