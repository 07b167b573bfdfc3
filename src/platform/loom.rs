//! The loom platform: the shared objects are loom's own primitives, and loom decides who goes on.
//!
//! | object | is | so that |
//! | --- | --- | --- |
//! | cell | an atomic of its type, accessed with the ordering that was asked for | its behaviour is C11's, as loom has it |
//! | lock or mutex | a mutex, whose guard the thread keeps | waiting, and what is ordered by it, is loom's |
//! | everything else | its [`Content`] behind a mutex that is locked for the length of one step | it does what `Content` says, and a read is never stale |
//!
//! A lock that somebody only *tries* to take, and a reader–writer lock, are held as their content, too. (Where a thread
//! is about to try a mutex of loom's that another one is about to take, loom lets it wait instead of failing; and a
//! thread that reads twice breaks loom's reader–writer lock.) Which locks those are comes up on the way, and then the
//! exploration starts over: see `Plan`.
//!
//! Loom leaves out executions that differ only in the order of independent accesses to *its* objects. What
//! else is in a trace (who started, what was said) must therefore not matter beyond the steps around it, and
//! it does not, with exceptions: see `Watched`.
//!
//! Threads are not joined, as joining is an access too: loom would try to have the parent arrive before and
//! after each of them, which for two threads means three times as many executions. The parent parks instead until
//! all have ended, and that orders memory just as well.

mod cell;
mod object;
mod step;
mod thread;
mod weak;

pub use weak::{is_sequentially_consistent, is_weak};

use self::object::Object;
use self::thread::LoomThread;
use super::picks::Picks;
use super::record::Recorder;
use super::{Actor, Content, End, Instance, Trace, What};
use crate::scenario::{Launch, RoleId, Scenario, Shared};
use crate::sync::{ObjectId, Platform};
use ::loom::sync::atomic::AtomicUsize as LoomUsize;
use ::loom::thread as loom_thread;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The stack of a thread, in words. Loom's own 32 KiB are little for code that parses and formats.
const STACK: usize = 0x4000;

/// What loom must tell apart beyond the order of dependent accesses.
///
/// The boundaries of a span touch nothing shared, so loom takes two executions that differ only in their order for
/// one: if all that threads do in a search is to read something that nobody writes, it runs one search after another,
/// and no other way. Likewise it sees no need to visit each state between the steps of two threads that touch different
/// things. So there is one more atomic, which is counted up where order matters: relaxed, so that it orders no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nothing.
    Nothing,
    /// Who is inside a span, and when: its beginning counts, and every step inside.
    Span(&'static str),
    /// Every state: every step counts.
    States,
}

/// What an exploration goes by. What comes up on the way may call for another plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Locks that are held as their content.
    pub gated: BTreeSet<ObjectId>,
    /// Threads end while they hold a content, which their end frees. That happens together with their last step, and
    /// which one that was is only known afterwards; so a thread then keeps the gates of all that it holds closed from
    /// each step to its next.
    pub closes_gates: bool,
}

/// What all executions of an exploration go by, and what has come up in them.
#[derive(Debug)]
pub(crate) struct Exploration {
    pub scenario: Scenario,
    pub instance: Instance,
    pub watched: Watched,
    pub plan: Plan,
    /// The plan that should have been made.
    pub better: Mutex<Option<Plan>>,
    /// Why no verdict can be given.
    pub refused: Mutex<Option<String>>,
}

impl Exploration {
    /// Whether further executions are of no use.
    pub fn is_over(&self) -> bool {
        lock(&self.better).is_some() || lock(&self.refused).is_some()
    }
}

/// What happens in an execution, also in one that does not come to an end.
#[derive(Debug)]
pub(crate) struct Record {
    pub recorder: Recorder,
    picks: Mutex<Picks>,
}

impl Record {
    /// What was asked, and answered.
    pub fn picks(&self) -> Picks {
        lock(&self.picks).clone()
    }
}

/// One execution, within loom's model.
pub(crate) struct Execution {
    shared: Shared,
    world: Arc<World>,
}

impl Execution {
    /// Declares the objects.
    pub fn new(exploration: &Arc<Exploration>, picks: Picks) -> Self {
        let Exploration { scenario, watched, plan, .. } = &**exploration;
        let (setup, shared) = scenario.build();
        let objects = setup.objects().iter().enumerate();
        let objects = objects.map(|(object, (_, content))| Object::holding(content, plan.gated.contains(&object)));
        let world = World {
            objects: objects.collect(),
            ticks: (*watched != Watched::Nothing).then(|| LoomUsize::new(0)),
            record: Arc::new(Record { recorder: Recorder::new(scenario, &setup), picks: Mutex::new(picks) }),
            exploration: Arc::clone(exploration),
            changes: AtomicU64::new(0),
            ended: [AtomicUsize::new(0), AtomicUsize::new(0)],
        };
        Execution { shared, world: Arc::new(world) }
    }

    /// Where everything is recorded, also what leads to a deadlock.
    pub fn record(&self) -> &Arc<Record> {
        &self.world.record
    }

    /// Sends all threads, each on a thread of loom's, and waits until they have ended. Returns what happened and
    /// what the objects hold then.
    ///
    /// # Panics
    /// There is a deadlock, or another of loom's limits is hit, or the exploration is over.
    pub fn run(&self) -> (Trace, Vec<Content>) {
        let Exploration { scenario, instance, .. } = &*self.world.exploration;
        let first = instance.threads.first().map_or(0, |_| instance.number(0));
        let at_once = if scenario.launch() == Launch::Together { first } else { first.min(1) };
        (0..at_once).for_each(|number| self.spawn(0, number));
        for role in 1..scenario.roles().len() {
            (0..instance.number(role)).for_each(|number| self.spawn(role, number));
        }
        let mut started = at_once;
        if scenario.launch() != Launch::Together {
            while started > 0 {
                self.wait_for(0, started);
                let goes_on = scenario.launch() == Launch::Joined || self.goes_on();
                if !goes_on || started == first {
                    break;
                }
                self.spawn(0, started);
                started += 1;
            }
        }
        self.wait_for(0, started);
        self.wait_for(1, (1..scenario.roles().len()).map(|role| instance.number(role)).sum());
        let trace = self.world.record.recorder.trace();
        let contents = self.world.objects.iter().zip(trace.contents());
        let contents = contents.map(|(object, recorded)| object.left(recorded)).collect();
        (trace, contents)
    }

    fn spawn(&self, role: RoleId, number: usize) {
        let (shared, world) = (Arc::clone(&self.shared), Arc::clone(&self.world));
        let parent = loom_thread::current();
        let thread = move || {
            let code = |at: &dyn Platform| world.exploration.scenario.run(role, number, at, &shared);
            let thread = LoomThread::new(&world, Actor::Thread(role, number));
            thread.attend(code, |ending| What::Ended(End::Returned(ending.clone())));
            world.ended[role.min(1)].fetch_add(1, Relaxed);
            parent.unpark();
        };
        loom_thread::Builder::new().stack_size(STACK).spawn(thread).expect("loom's threads are only stacks");
    }

    /// Waits until so many threads of the first role have ended, or of all others.
    fn wait_for(&self, others: usize, threads: usize) {
        while self.world.ended[others].load(Relaxed) < threads {
            loom_thread::park();
        }
    }

    fn goes_on(&self) -> bool {
        let parent = LoomThread::new(&self.world, Actor::Parent);
        let code = |at: &dyn Platform| self.world.exploration.scenario.go_on(at, &self.shared);
        parent.attend(code, |goes_on| What::Decided(*goes_on)).unwrap_or(false)
    }
}

/// What all threads of one execution share.
struct World {
    objects: Vec<Object>,
    /// Counted up where the order of independent accesses matters.
    ticks: Option<LoomUsize>,
    record: Arc<Record>,
    exploration: Arc<Exploration>,
    /// How often anything has changed.
    changes: AtomicU64,
    /// How many threads of the first role have ended, and of the others. Not atomics of loom's: it must not look here.
    ended: [AtomicUsize; 2],
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
