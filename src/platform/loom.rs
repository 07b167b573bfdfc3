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
//! Buyers are not joined, as joining is an access too: loom would go through every order of a buyer's last
//! moment and the parent's first look at it. The parent parks instead until all have ended; that orders memory
//! just as well.

use super::record::{Deed, Recorder, Trace};
use super::script::Aside;
use super::{Actor, Content, End, Ran, run};
use crate::platform::model::Crowd;
use crate::scenario::{Launch, Scenario};
use crate::sync::{Access, Erased, Event, ObjectId, Observation, Platform, Setup, Step};
use ::loom::sync::atomic::AtomicU64;
use ::loom::sync::{Mutex, MutexGuard};
use ::loom::thread;
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

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
    /// With `watched`, who is inside the span of that name matters, and not only the steps that are taken
    /// there. As a span's boundaries touch nothing shared, loom would take two executions that differ in their
    /// order for one: say all buyers look before they read, and loom might only ever run them one after another. So
    /// there is one more object: entering the span is an access to it, and every step inside has it locked,
    /// together with the end of the span if that follows. (An access of its own at the end would not do. Loom
    /// would let a buyer linger between its last step and the boundary, and somebody else enter who was let in
    /// by that very step.)
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
        let initial = self.world.recorder.trace().objects;
        let objects = self.world.objects.iter().zip(initial);
        let contents = objects.map(|(object, (_, initial))| object.content(initial)).collect();
        (self.world.recorder.trace(), contents)
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

enum Object {
    /// invariant: the content of a file
    File(Mutex<Content>),
    Lock(Mutex<()>),
    Value(Mutex<Erased>),
    Cell(AtomicU64),
}

impl Object {
    fn holding(content: &Content) -> Object {
        match content {
            Content::File(_) => Object::File(Mutex::new(content.clone())),
            Content::Lock { .. } => Object::Lock(Mutex::new(())),
            Content::Mutex { value, .. } => Object::Value(Mutex::new(value.clone())),
            Content::Cell(number) => Object::Cell(AtomicU64::new(*number)),
        }
    }

    /// What it holds when all buyers have ended; `initial` if that is none of loom's business.
    fn content(&self, initial: Content) -> Content {
        match self {
            Object::File(file) => locked(file).clone(),
            // Whoever has ended and still holds a lock (a leaked guard) leaves it locked.
            Object::Lock(lock) => Content::Lock { held: lock.try_lock().is_err() },
            Object::Value(mutex) => match (mutex.try_lock(), initial) {
                (Ok(value), _) => Content::Mutex { value: value.clone(), held: false },
                (Err(_), Content::Mutex { value, .. }) => Content::Mutex { value, held: true },
                (Err(_), other) => other,
            },
            // Of several stores that nothing orders, any may be the last: loom tries them all.
            Object::Cell(cell) => Content::Cell(cell.load(SeqCst)),
        }
    }
}

/// The guard of something that a buyer holds.
enum Held<'w> {
    Lock { _guard: MutexGuard<'w, ()> },
    Value(MutexGuard<'w, Erased>),
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

    /// What the step does. Nothing else happens between its effect and the return from here.
    fn act(&self, step: &Step) -> Observation {
        let object = &self.world.objects[step.object];
        match (object, &step.access) {
            (Object::File(file), access) => {
                let mut content = locked(file);
                let (after, observation) = content.apply(access);
                *content = after;
                observation
            }
            (Object::Lock(lock), Access::Acquire) => {
                self.held.borrow_mut().push((step.object, Held::Lock { _guard: locked(lock) }));
                Observation::Done
            }
            (Object::Value(mutex), Access::LockValue) => {
                let guard = locked(mutex);
                let value = guard.clone();
                self.held.borrow_mut().push((step.object, Held::Value(guard)));
                Observation::Value(value)
            }
            (_, Access::Release | Access::UnlockValue(_)) => {
                let mut held = self.held.borrow_mut();
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
}

impl Platform for Desk<'_> {
    fn step(&self, step: Step) -> Observation {
        self.in_loom(|| {
            let inside = self.depth.get() > 0;
            let observation;
            let watched;
            // Who waited for a lock with the watched object locked would keep everybody else from entering.
            if inside && matches!(step.access, Access::Acquire | Access::LockValue) {
                observation = self.act(&step);
                watched = self.watched();
            } else {
                watched = if inside { self.watched() } else { None };
                observation = self.act(&step);
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
