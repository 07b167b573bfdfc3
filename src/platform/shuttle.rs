//! The shuttle platform: contents in memory, and shuttle decides who takes the next step.
//!
//! A step is one scheduling point and what [`Content::outcomes`] says. `StepScheduler` stands between shuttle and its
//! scheduler, so that nothing else is a choice: whoever is not before a step (just started, just ended, joining) goes
//! first, and a thread that has to wait is not offered. Nor is one that would only go round in a circle; see
//! `platform::tries`. Thus a depth-first search goes through every interleaving of steps exactly once (but for
//! circles), and a deadlock is an execution that ends, not a panic.
//!
//! Where an execution cannot go on, the scheduler stops it, and shuttle abandons the stacks as they stand: nothing
//! unwinds through the code of a thread that has not died.

mod scheduler;
mod thread;

pub(crate) use scheduler::StepScheduler;

use self::thread::ShuttleThread;
use super::picks::{Picks, is_open};
use super::tries::lasts;
use super::{Actor, Content, End, Entry, Instance, LockKind, Trace, What};
use crate::scenario::{Launch, RoleId, Scenario, Shared};
use crate::sync::{Observation, Platform, Setup, Step};
use ::shuttle::thread::{JoinHandle, spawn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One execution, as it came out.
#[derive(Debug)]
pub(crate) struct Execution {
    /// How it came to its end, or why it did not.
    pub how: How,
    /// What happened.
    pub trace: Trace,
    /// What the shared objects hold at the end.
    pub contents: Vec<Content>,
    /// What was asked, and answered.
    pub picks: Picks,
}

/// How far an execution came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// To its end: nobody can take a step.
    Ended,
    /// Nothing will ever change: whoever can take a step tries what it has tried before, again and again.
    Endless,
    /// It was longer than executions may be.
    CutShort,
    /// A step was to have come to something that did not exist.
    Missing,
    /// The code does what no verdict can be given on.
    Refused(String),
}

/// What all threads of an execution, and the scheduler, know.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

struct State {
    scenario: Scenario,
    lock: LockKind,
    contents: Vec<Content>,
    trace: Trace,
    /// By task: the step that it stands before.
    pending: Vec<Option<Pending>>,
    /// How often anything shared has changed.
    changes: u64,
    steps: usize,
    most_steps: usize,
    picks: Picks,
    /// Why the execution is being stopped.
    stopped: Option<How>,
}

/// A step that a thread stands before.
struct Pending {
    step: Step,
    /// It is the first of a try that only makes sense once there have been more changes than these.
    idle_at: Option<u64>,
}

impl World {
    /// A world in which executions of a scenario can take place, of at most so many steps each.
    pub fn new(scenario: &Scenario, instance: &Instance, most_steps: usize) -> Self {
        World(Arc::new(Mutex::new(State {
            scenario: scenario.clone(),
            lock: instance.lock,
            contents: Vec::new(),
            trace: Trace::new(scenario, &Setup::default()),
            pending: Vec::new(),
            changes: 0,
            steps: 0,
            most_steps,
            picks: Picks::Drawn,
            stopped: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // shuttle runs all tasks on one thread and none is switched out while it holds this.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the execution before, and has the next one answered like this.
    fn clear(&self, picks: Picks) {
        let state = &mut *self.state();
        (state.pending, state.changes, state.steps, state.stopped) = (Vec::new(), 0, 0, None);
        state.picks = picks;
    }

    fn declare(&self, setup: &Setup) {
        let state = &mut *self.state();
        state.contents = setup.objects().iter().map(|(_, content)| content.clone()).collect();
        state.trace = Trace::new(&state.scenario, setup);
    }

    /// The execution that has just come to its end.
    fn take(&self) -> Execution {
        let state = &mut *self.state();
        let empty = Trace { entries: Vec::new(), ..state.trace.clone() };
        Execution {
            how: state.stopped.take().unwrap_or(How::Ended),
            trace: std::mem::replace(&mut state.trace, empty),
            contents: std::mem::take(&mut state.contents),
            picks: state.picks.clone(),
        }
    }
}

impl State {
    /// What a step can come to now: the content of its object after it, and what is observed.
    fn outcomes(&self, step: &Step) -> Vec<(Option<Content>, Observation)> {
        match step {
            Step::On(object, access) => {
                let outcomes = self.contents[*object].outcomes(access);
                outcomes.into_iter().map(|(content, seen)| (Some(content), seen)).collect()
            }
            Step::Choose(choice) => {
                (0..choice.alternatives.len()).map(|index| (None, Observation::Chosen(index))).collect()
            }
            Step::Fence(_) => vec![(None, Observation::Done)],
        }
    }

    fn enables(&self, pending: &Pending) -> bool {
        let enabled = match &pending.step {
            Step::On(object, access) => self.contents[*object].enables(access),
            Step::Choose(_) | Step::Fence(_) => true,
        };
        enabled && pending.idle_at != Some(self.changes)
    }

    /// Gives an object its new content. Says whether anything changed, and whether that lasts.
    fn set(&mut self, step: &Step, content: Option<Content>) -> (bool, bool) {
        let (Some(object), Some(content)) = (step.object(), content) else { return (false, is_open(step)) };
        let before = std::mem::replace(&mut self.contents[object], content);
        let after = &self.contents[object];
        let changed = before != *after;
        self.changes += u64::from(changed);
        (changed, changed && lasts(step, &before, after))
    }

    fn record(&mut self, actor: Actor, what: What) {
        self.trace.entries.push(Entry { actor, what });
    }

    fn refuse(&mut self, actor: Actor, reason: &str) {
        let reason = format!("cannot follow {}: {reason}", self.trace.name(actor));
        self.stopped.get_or_insert(How::Refused(reason));
    }
}

/// Runs a scenario, inside a shuttle test whose scheduler is a `StepScheduler` of the same world.
pub(crate) fn execute(scenario: &Scenario, instance: &Instance, world: &World) {
    let (setup, shared) = scenario.build();
    world.declare(&setup);
    let spawn = |role: RoleId, number: usize| {
        let (scenario, shared, world) = (scenario.clone(), Arc::clone(&shared), world.clone());
        spawn(move || {
            let thread = ShuttleThread::new(Actor::Thread(role, number), world);
            let code = |at: &dyn Platform| scenario.run(role, number, at, &shared);
            thread.attend(code, |ending| What::Ended(End::Returned(ending.clone())));
        })
    };
    let all = |role: RoleId| (0..instance.number(role)).map(move |number| (role, number));
    let joined = scenario.launch() != Launch::Together;
    let roles = usize::from(joined)..scenario.roles().len();
    let first = (joined && instance.number(0) > 0).then(|| spawn(0, 0));
    let others: Vec<JoinHandle<()>> = roles.flat_map(all).map(|(role, number)| spawn(role, number)).collect();
    if let Some(first) = first {
        launch_one_by_one(scenario, &shared, world, instance.number(0), first, |number| spawn(0, number));
    }
    others.into_iter().for_each(join);
}

/// Starts each thread of the first role after the one before has ended.
fn launch_one_by_one(
    scenario: &Scenario,
    shared: &Shared,
    world: &World,
    threads: usize,
    first: JoinHandle<()>,
    spawn: impl Fn(usize) -> JoinHandle<()>,
) {
    let mut running = first;
    for next in 1..=threads {
        join(running);
        if scenario.launch() == Launch::JoinedWhile {
            let parent = ShuttleThread::new(Actor::Parent, world.clone());
            let goes_on = parent.attend(|at| scenario.go_on(at, shared), |goes_on| What::Decided(*goes_on));
            if goes_on != Some(true) {
                return;
            }
        }
        if next == threads {
            return;
        }
        running = spawn(next);
    }
}

fn join(thread: JoinHandle<()>) {
    thread.join().expect("a thread's end is caught in the thread itself");
}
