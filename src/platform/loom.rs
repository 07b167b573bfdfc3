//! The loom platform: the shared objects are loom's own primitives, and loom decides who goes on.
//!
//! | object | is | so that |
//! | --- | --- | --- |
//! | file | a mutex around its content, locked for the length of one step | a read is never stale, as that of an atomic may be |
//! | lock, value mutex | a mutex, whose guard stays at the buyer's desk | waiting, and what is ordered by it, is loom's |
//! | cell | an atomic, accessed with the ordering that was asked for | its behaviour is C11's, as loom has it |
//!
//! Loom leaves out executions that differ only in the order of independent accesses to *its* objects. What
//! else is in a trace (who started, what was said) must therefore not matter beyond the steps around it, and
//! it does not, with one exception: [`Execution::new`].
//!
//! Buyers are not joined, as joining is an access too: loom would try to have the parent arrive before and
//! after each of them, which for two buyers means three times as many executions. The parent parks instead until
//! all have ended, and that orders memory just as well.

mod object;
mod weak;

pub use weak::{is_sequentially_consistent, is_weak};

use self::object::{Held, Object, locked};
use super::record::{Deed, Recorder, Trace};
use super::script::Aside;
use super::{Actor, Content, End, Ran, run};
use crate::platform::model::Crowd;
use crate::scenario::{Launch, Scenario};
use crate::sync::{Access, Erased, Event, ObjectId, Observation, Platform, Setup, Step};
use ::loom::sync::{Mutex, MutexGuard};
use ::loom::thread;
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The stack of a buyer, in words. Loom's own 32 KiB are little for code that parses and formats.
const STACK: usize = 0x4000;

/// One execution of a scenario, within loom's model.
pub struct Execution<S: Scenario> {
    scenario: Arc<S>,
    shared: S::Shared,
    world: Arc<World>,
}

impl<S: Scenario> Execution<S> {
    /// Declares the objects.
    ///
    /// With `watched`, it matters who is inside the span of that name, and not only which steps are taken there.
    /// As boundaries touch nothing shared, loom takes two executions that differ only in their order for one:
    /// if all that buyers do in a search is to read something that nobody writes, it runs one search after
    /// another, and no other way. So there is one more object. Entering the span is an access to it, and every
    /// step inside is taken with it locked, up to the end of the span if that follows. (An access at either end would
    /// not do: loom would let somebody in before another one leaves, but after its last step, and
    /// [settled](Trace::settled) it has left by then.)
    pub fn new(scenario: &Arc<S>, watched: Option<&'static str>) -> Self {
        let mut setup = Setup::default();
        let shared = scenario.build(&mut setup);
        let objects = setup.objects().iter().map(|(_, content)| Object::holding(content)).collect();
        let watched = watched.map(|span| (span, Mutex::new(())));
        let world = World { objects, watched, recorder: Recorder::new(&setup), ended: AtomicUsize::new(0) };
        Execution { scenario: Arc::clone(scenario), shared, world: Arc::new(world) }
    }

    /// Where everything is recorded, also what leads to a deadlock.
    pub fn recorder(&self) -> &Recorder {
        &self.world.recorder
    }

    /// Sends a crowd, on one thread of loom's each, and waits until all have ended. Returns what happened and
    /// what the objects hold then.
    ///
    /// # Panics
    /// There is a deadlock, or another of loom's limits is hit.
    pub fn run(&self, crowd: &Crowd) -> (Trace, Vec<Content>) {
        match self.scenario.launch() {
            Launch::Together => {
                (0..crowd.buyers).for_each(|number| self.spawn(number));
                self.wait_for(crowd.buyers);
            }
            launch => {
                for number in 0..crowd.buyers {
                    self.spawn(number);
                    self.wait_for(number + 1);
                    if launch == Launch::JoinedWhile && !self.go_on() {
                        break;
                    }
                }
            }
        }
        let trace = self.world.recorder.trace();
        let contents = self.world.objects.iter().zip(trace.contents());
        let contents = contents.map(|(object, recorded)| object.left(recorded)).collect();
        (trace, contents)
    }

    fn spawn(&self, number: usize) {
        let (scenario, shared, world) = (Arc::clone(&self.scenario), self.shared.clone(), Arc::clone(&self.world));
        let parent = thread::current();
        let buyer = move || {
            Desk::new(&world, Actor::Buyer(number))
                .attend(|at| scenario.buyer(at, &shared, number), |o| Deed::returned(*o));
            world.ended.fetch_add(1, Relaxed);
            parent.unpark();
        };
        thread::Builder::new().stack_size(STACK).spawn(buyer).expect("loom's threads are only stacks");
    }

    fn wait_for(&self, buyers: usize) {
        while self.world.ended.load(Relaxed) < buyers {
            thread::park();
        }
    }

    fn go_on(&self) -> bool {
        let desk = Desk::new(&self.world, Actor::Launcher);
        desk.attend(|at| self.scenario.go_on(at, &self.shared), |go_on| Deed::Decided(*go_on)).unwrap_or(false)
    }
}

/// What all threads of one execution share.
struct World {
    objects: Vec<Object>,
    /// The span that is watched, and the object that makes it visible.
    watched: Option<(&'static str, Mutex<()>)>,
    recorder: Recorder,
    /// How many buyers have ended. Not an atomic of loom's: it must not look here.
    ended: AtomicUsize,
}

/// The platform as one actor sees it.
struct Desk<'w> {
    world: &'w World,
    actor: Actor,
    held: RefCell<Vec<(ObjectId, Held<'w>)>>,
    /// How many watched spans it stands in.
    depth: Cell<usize>,
    /// Whether it is within one of loom's operations. If it unwinds from there, the buyer's code did not do it.
    in_loom: Cell<bool>,
}

impl<'w> Desk<'w> {
    fn new(world: &'w World, actor: Actor) -> Self {
        Desk { world, actor, held: RefCell::default(), depth: Cell::new(0), in_loom: Cell::new(false) }
    }

    fn attend<R>(&self, code: impl FnOnce(&dyn Platform) -> R, deed: impl FnOnce(&R) -> Deed) -> Option<R> {
        self.record(Deed::Started);
        match run(|| code(self)) {
            Ran::Returned(value) => {
                self.record(deed(&value));
                // Only a leaked guard is still here, and then nobody releases the lock.
                self.held.take().into_iter().for_each(std::mem::forget);
                Some(value)
            }
            Ran::Crashed(message) if self.in_loom.get() => resume_unwind(Box::new(message)),
            Ran::Crashed(reason) => {
                self.record(Deed::Ended(End::Crashed(reason)));
                for (object, guard) in self.held.take() {
                    drop(guard);
                    self.record(Deed::Freed(object));
                }
                None
            }
            Ran::Halted => unreachable!("nobody halts a buyer under loom"),
        }
    }

    fn record(&self, deed: Deed) {
        self.world.recorder.record(self.actor, deed);
    }

    fn in_loom<R>(&self, operation: impl FnOnce() -> R) -> R {
        self.in_loom.set(true);
        let result = operation();
        self.in_loom.set(false);
        result
    }

    /// Whether this is the beginning or the end of a span that is watched.
    fn watches(&self, span: &'static str) -> bool {
        self.actor != Actor::Launcher && self.world.watched.as_ref().is_some_and(|(watched, _)| *watched == span)
    }

    /// Locks the object that makes the watched span visible.
    fn watched(&self) -> Option<MutexGuard<'w, ()>> {
        self.world.watched.as_ref().map(|(_, object)| locked(object))
    }
}

impl Platform for Desk<'_> {
    fn step(&self, step: Step) -> Observation {
        self.in_loom(|| {
            let inside = self.depth.get() > 0;
            let observation;
            let watched;
            // Who waited for a lock with the watched object locked would keep everybody else from entering.
            let take = || self.world.objects[step.object].take(&step, &mut self.held.borrow_mut());
            if inside && matches!(step.access, Access::Acquire | Access::LockValue) {
                observation = take();
                watched = self.watched();
            } else {
                watched = if inside { self.watched() } else { None };
                observation = take();
            }
            self.record(Deed::Took(step, observation.clone()));
            drop(watched);
            observation
        })
    }

    fn tell(&self, event: Event) {
        self.record(Deed::Aside(Aside::Told(event)));
    }

    fn enter(&self, span: &'static str) {
        if self.watches(span) {
            self.in_loom(|| drop(self.watched()));
            self.depth.set(self.depth.get() + 1);
        }
        self.record(Deed::Aside(Aside::Entered(span)));
    }

    fn leave(&self, span: &'static str, result: Erased) {
        if self.watches(span) {
            self.depth.set(self.depth.get() - 1);
        }
        self.record(Deed::Aside(Aside::Left(span, result)));
    }

    /// Lets somebody else go first: until they have moved, the next try could only see what this one saw.
    fn again(&self, span: &'static str) {
        self.record(Deed::Aside(Aside::Again(span)));
        self.in_loom(thread::yield_now);
    }
}
