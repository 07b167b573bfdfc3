//! The shuttle platform: contents in memory, and shuttle decides who takes the next step.
//!
//! A step is one scheduling point and what [`Content::apply`] does. [`Gate`] stands between shuttle and its
//! scheduler, so that nothing else is a choice: whoever is not before a step (just started, just ended, joining)
//! goes first, and a buyer that waits for a held lock is not offered. Thus a depth-first search goes through
//! every interleaving of steps exactly once, and a deadlock is an execution that ends, not a panic.

use super::record::{Deed, Recorder};
use super::script::Aside;
use super::{Actor, Content, End, Ran, Trace, halt, run};
use crate::platform::model::Crowd;
use crate::scenario::{Launch, Scenario};
use crate::sync::{Erased, Event, ObjectId, Observation, Outcome, Platform, Setup, Step};
use ::shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What all buyers of one execution, and the gate, know.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    contents: Vec<Content>,
    /// By task: the step that it stands before.
    pending: Vec<Option<Step>>,
    /// Nobody can take a step, and somebody is waiting.
    stuck: bool,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        // shuttle runs all tasks on one thread and none is switched out while it holds this.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scheduler that only chooses among steps that can be taken.
#[derive(Debug)]
pub struct Gate<S> {
    scheduler: S,
    board: Board,
    executions: usize,
    /// Whether there has ever been more than one step to choose from.
    chose: bool,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Board")
    }
}

impl<S> Gate<S> {
    /// Puts a gate before a scheduler. The executions must run on the same board.
    pub fn new(scheduler: S, board: Board) -> Self {
        Gate { scheduler, board, executions: 0, chose: false }
    }
}

impl<S: Scheduler> Scheduler for Gate<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        // An execution without a choice is the only one there is (and PCT panics if asked for another).
        if self.executions > 0 && !self.chose {
            return None;
        }
        self.executions += 1;
        *self.board.state() = State::default();
        self.scheduler.new_execution()
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _is_yielding: bool) -> Option<TaskId> {
        let mut state = self.board.state();
        let step = |task: &&Task| state.pending.get(usize::from(task.id())).and_then(Option::as_ref);
        if let Some(task) = runnable.iter().find(|task| step(task).is_none()) {
            return Some(task.id());
        }
        let enabled = |step: &Step| state.contents[step.object].enables(&step.access);
        let able: Vec<&Task> = runnable.iter().copied().filter(|task| step(task).is_some_and(enabled)).collect();
        if able.is_empty() {
            state.stuck = true;
            return runnable.first().map(|task| task.id());
        }
        drop(state);
        self.chose |= able.len() > 1;
        self.scheduler.next_task(&able, current, false)
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}

/// One execution, as it came out.
pub struct Execution {
    /// What happened.
    pub trace: Trace,
    /// What the shared objects hold at the end.
    pub contents: Vec<Content>,
}

/// Runs a crowd through a scenario, inside a shuttle test whose scheduler is a [`Gate`] on the same board.
pub fn execute<S: Scenario>(scenario: &Arc<S>, crowd: &Crowd, board: &Board) -> Execution {
    let mut setup = Setup::default();
    let shared = scenario.build(&mut setup);
    let recorder = Recorder::new(&setup);
    board.state().contents = setup.objects().iter().map(|(_, content)| content.clone()).collect();
    let spawn = |number: usize| {
        let (scenario, shared) = (Arc::clone(scenario), shared.clone());
        let desk = Desk {
            actor: Actor::Buyer(number),
            board: board.clone(),
            recorder: recorder.clone(),
            held: Mutex::default(),
        };
        ::shuttle::thread::spawn(move || desk.attend(|at| scenario.buyer(at, &shared, number), Desk::outcome))
    };
    match scenario.launch() {
        Launch::Together => {
            let buyers: Vec<_> = (0..crowd.buyers).map(spawn).collect();
            for buyer in buyers {
                buyer.join().expect("a buyer's end is caught in its own thread");
            }
        }
        launch => {
            for number in 0..crowd.buyers {
                spawn(number).join().expect("a buyer's end is caught in its own thread");
                if board.state().stuck || (launch == Launch::JoinedWhile && !go_on(scenario, &shared, board, &recorder))
                {
                    break;
                }
            }
        }
    }
    let contents = board.state().contents.clone();
    Execution { trace: recorder.trace(), contents }
}

fn go_on<S: Scenario>(scenario: &Arc<S>, shared: &S::Shared, board: &Board, recorder: &Recorder) -> bool {
    let desk =
        Desk { actor: Actor::Launcher, board: board.clone(), recorder: recorder.clone(), held: Mutex::default() };
    desk.attend(|at| scenario.go_on(at, shared), |go_on| Deed::Decided(*go_on)).unwrap_or(false)
}

/// The platform as one actor sees it.
struct Desk {
    actor: Actor,
    board: Board,
    recorder: Recorder,
    held: Mutex<Vec<ObjectId>>,
}

impl Desk {
    fn attend<R>(&self, code: impl FnOnce(&dyn Platform) -> R, deed: impl FnOnce(&R) -> Deed) -> Option<R> {
        self.recorder.record(self.actor, Deed::Started);
        match run(|| code(self)) {
            Ran::Returned(value) => {
                self.recorder.record(self.actor, deed(&value));
                Some(value)
            }
            Ran::Crashed(reason) => {
                self.recorder.record(self.actor, Deed::Ended(End::Crashed(reason)));
                for object in self.held().drain(..) {
                    let mut state = self.board.state();
                    state.contents[object] = state.contents[object].freed();
                    self.recorder.record(self.actor, Deed::Freed(object));
                }
                None
            }
            Ran::Halted => None,
        }
    }

    fn outcome(outcome: &Outcome) -> Deed {
        Deed::Ended(End::Returned(*outcome))
    }

    fn held(&self) -> MutexGuard<'_, Vec<ObjectId>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Platform for Desk {
    fn step(&self, step: Step) -> Observation {
        let me = usize::from(::shuttle::current::me());
        {
            let mut state = self.board.state();
            let tasks = state.pending.len().max(me + 1);
            state.pending.resize(tasks, None);
            state.pending[me] = Some(step.clone());
        }
        // shuttle has no time, so a sleep is a scheduling point and nothing else.
        ::shuttle::thread::sleep(Duration::ZERO);
        let mut state = self.board.state();
        state.pending[me] = None;
        if state.stuck {
            drop(state);
            halt();
        }
        let (after, observation) = state.contents[step.object].apply(&step.access);
        state.contents[step.object] = after;
        super::hold(&mut self.held(), &step);
        self.recorder.record(self.actor, Deed::Took(step, observation.clone()));
        observation
    }

    fn tell(&self, event: Event) {
        self.recorder.record(self.actor, Deed::Aside(Aside::Told(event)));
    }

    fn enter(&self, span: &'static str) {
        self.recorder.record(self.actor, Deed::Aside(Aside::Entered(span)));
    }

    fn leave(&self, span: &'static str, result: Erased) {
        self.recorder.record(self.actor, Deed::Aside(Aside::Left(span, result)));
    }

    fn again(&self, span: &'static str) {
        self.recorder.record(self.actor, Deed::Aside(Aside::Again(span)));
    }
}
