//! A script of observations: one buyer alone, up to its next step.
//!
//! A buyer is determined by what it has observed. So its real code can be asked "and what do you do next?" by
//! feeding it every observation so far; it stops, by unwinding quietly, at the first step that the script does
//! not answer. That is how the checkers read a program without a model of it.

use super::{Actor, Content, End, Ran, halt, run};
use crate::scenario::Scenario;
use crate::sync::{Erased, Event, Meaning, ObjectId, Observation, Platform, Step};
use std::cell::RefCell;

/// Where a scripted run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before this step: the script has no answer to it.
    Before(Step),
    /// The buyer ended.
    Ended(End),
    /// The launcher ended: whether it goes on launching.
    Decided(bool),
}

/// One thing that a buyer remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// What a step observed.
    Observed(Observation),
    /// A span is open.
    Inside(&'static str),
    /// A finished span left this behind, and nothing else.
    Left(&'static str, Erased),
}

/// What a scripted run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The steps that it took, one for each observation.
    pub taken: Vec<Step>,
    /// Where it stopped.
    pub stop: Stop,
    /// What the buyer remembers: its observations, with finished spans reduced to their result.
    pub memory: Vec<Memory>,
    /// What it did since the last scripted observation, besides steps.
    pub asides: Vec<Aside>,
    /// How many sales it has announced in all.
    pub sales: u32,
    /// The locks and value mutexes that it holds.
    pub held: Vec<ObjectId>,
}

impl Run {
    /// The spans that it stands in, outermost first.
    pub fn spans(&self) -> impl Iterator<Item = &'static str> {
        self.memory.iter().filter_map(|memory| match memory {
            Memory::Inside(span) => Some(*span),
            _ => None,
        })
    }
}

/// Something between two steps that touches nothing shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It was said.
    Told(Event),
    /// A span was entered.
    Entered(&'static str),
    /// A span was left, with this result.
    Left(&'static str, Erased),
    /// A retry started over.
    Again(&'static str),
}

/// Runs one actor of a scenario on a script, from its start to the first step that the script does not answer.
pub fn follow<S: Scenario>(scenario: &S, shared: &S::Shared, actor: Actor, script: &[Observation]) -> Run {
    follow_on(scenario, shared, actor, script, |_| None).pop().expect("a run stops somewhere")
}

/// The same, and then on while `answer` has an observation for the next step. Gives the run as it was at the end
/// of the script and after each observation more; so one run stands for many, of which each but the last would
/// have had to be unwound.
pub fn follow_on<S: Scenario>(
    scenario: &S,
    shared: &S::Shared,
    actor: Actor,
    script: &[Observation],
    mut answer: impl FnMut(&Step) -> Option<Observation>,
) -> Vec<Run> {
    let platform = Script::new(script, &mut answer);
    let stop = match actor {
        Actor::Buyer(number) => {
            platform.run(|at| scenario.buyer(at, shared, number), |outcome| Stop::Ended(End::Returned(outcome)))
        }
        Actor::Launcher => platform.run(|at| scenario.go_on(at, shared), Stop::Decided),
    };
    let mut state = platform.state.into_inner();
    let last = state.run(stop);
    state.runs.push(last);
    state.runs
}

/// Takes a step on the contents while nobody else does anything; `None` if it is not enabled.
pub fn alone(contents: &mut [Content], step: &Step) -> Option<Observation> {
    let content = &mut contents[step.object];
    if !content.enables(&step.access) {
        return None;
    }
    let (after, observation) = content.apply(&step.access);
    *content = after;
    Some(observation)
}

/// Asks a scenario's audit about final contents; `None` if they cannot be read, or stay locked.
pub fn audit<S: Scenario>(scenario: &S, shared: &S::Shared, contents: &[Content]) -> Option<u64> {
    let mut contents = contents.to_vec();
    let mut answer = |step: &Step| alone(&mut contents, step);
    let mut count = None;
    let returned = |audited| {
        count = audited;
        Stop::Decided(true)
    };
    Script::new(&[], &mut answer).run(|at| scenario.audit(at, shared), returned);
    count
}

struct Script<'s> {
    script: &'s [Observation],
    state: RefCell<State<'s>>,
}

struct State<'s> {
    next: usize,
    /// Goes on where the script ends.
    answer: &'s mut dyn FnMut(&Step) -> Option<Observation>,
    /// The run at the end of the script, and after each answer but the last.
    runs: Vec<Run>,
    unanswered: Option<Step>,
    taken: Vec<Step>,
    memory: Vec<Memory>,
    asides: Vec<Aside>,
    sales: u32,
    held: Vec<ObjectId>,
}

impl<'s> Script<'s> {
    fn new(script: &'s [Observation], answer: &'s mut dyn FnMut(&Step) -> Option<Observation>) -> Self {
        let state = State {
            next: 0,
            answer,
            runs: Vec::new(),
            unanswered: None,
            taken: Vec::new(),
            memory: Vec::new(),
            asides: Vec::new(),
            sales: 0,
            held: Vec::new(),
        };
        Script { script, state: RefCell::new(state) }
    }

    fn run<R>(&self, code: impl FnOnce(&dyn Platform) -> R, returned: impl FnOnce(R) -> Stop) -> Stop {
        match run(|| code(self)) {
            Ran::Returned(value) => returned(value),
            Ran::Crashed(reason) => Stop::Ended(End::Crashed(reason)),
            Ran::Halted => {
                let step = self.state.borrow_mut().unanswered.take();
                Stop::Before(step.expect("a script halts its buyer only at a step"))
            }
        }
    }
}

impl State<'_> {
    /// The run so far, if it stops here.
    fn run(&self, stop: Stop) -> Run {
        let (taken, memory, held) = (self.taken.clone(), self.memory.clone(), self.held.clone());
        Run { taken, stop, memory, asides: self.asides.clone(), sales: self.sales, held }
    }

    /// What the step observes; `None` where the run stops.
    fn observe(&mut self, script: &[Observation], step: &Step) -> Option<Observation> {
        if let Some(observation) = script.get(self.next) {
            self.next += 1;
            return Some(observation.clone());
        }
        let observation = (self.answer)(step)?;
        let run = self.run(Stop::Before(step.clone()));
        self.runs.push(run);
        Some(observation)
    }

    /// Forgets everything since the innermost open span was entered, and its entry too.
    fn forget_span(&mut self, span: &'static str) {
        let inside = Memory::Inside(span);
        let start = self.memory.iter().rposition(|memory| *memory == inside);
        self.memory.truncate(start.expect("a span is entered before it is left"));
    }
}

impl Platform for Script<'_> {
    fn step(&self, step: Step) -> Observation {
        let mut state = self.state.borrow_mut();
        let Some(observation) = state.observe(self.script, &step) else {
            state.unanswered = Some(step);
            drop(state);
            halt();
        };
        state.asides.clear();
        super::hold(&mut state.held, &step);
        state.taken.push(step);
        state.memory.push(Memory::Observed(observation.clone()));
        observation
    }

    fn tell(&self, event: Event) {
        let mut state = self.state.borrow_mut();
        state.sales += u32::from(event.meaning == Meaning::Sale);
        state.asides.push(Aside::Told(event));
    }

    fn enter(&self, span: &'static str) {
        let mut state = self.state.borrow_mut();
        state.memory.push(Memory::Inside(span));
        state.asides.push(Aside::Entered(span));
    }

    fn leave(&self, span: &'static str, result: Erased) {
        let mut state = self.state.borrow_mut();
        state.forget_span(span);
        state.memory.push(Memory::Left(span, result.clone()));
        state.asides.push(Aside::Left(span, result));
    }

    fn again(&self, span: &'static str) {
        let mut state = self.state.borrow_mut();
        state.forget_span(span);
        state.memory.push(Memory::Inside(span));
        state.asides.push(Aside::Again(span));
    }
}
