//! A script of observations: one thread alone, up to its next step.
//!
//! A thread is determined by what it has observed and chosen. So its real code can be asked "and what do you do
//! next?" by feeding it every observation so far; it stops at the first step that the script does not answer. That
//! is how the checkers read a program without a model of it.
//!
//! The code runs on a stack of its own, and stopping is switching away from that stack: nothing unwinds through the
//! code, and nothing in it can notice. Afterwards it is led to its end with made-up observations, so that what it owns
//! is dropped in the ordinary way; if it does not come to an end by itself (a loop that waits for somebody else), its
//! stack is abandoned as it stands.

use super::{Actor, Content, End, Ran, caught};
use crate::scenario::{Scenario, Shared};
use crate::sync::{Access, Death, Erased, Event, ObjectId, Observation, Platform, Setup, Step};
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Where a scripted run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before this step: the script has no answer to it.
    Before(Step),
    /// The thread ended.
    Ended(End),
    /// The parent ended: whether it goes on launching.
    Decided(bool),
    /// The code does what no verdict could be given on, in these words.
    Refused(String),
    /// The code does not do what its script says that it once did, in these words.
    Strayed(String),
}

/// One thing that a thread remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// A step, and what it observed.
    Took(Step, Observation),
    /// A span is open.
    Inside(&'static str),
    /// A finished span left this behind, and nothing else.
    Left(&'static str, Erased),
}

/// What a scripted run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where it stopped.
    pub stop: Stop,
    /// What the thread remembers: its steps and observations, with finished spans reduced to their result. As a
    /// script, it leads here again.
    pub memory: Vec<Memory>,
    /// What it did since the last step of the script, besides steps.
    pub locals: Vec<Local>,
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Local {
    /// It was said.
    Told(Event),
    /// A span was entered.
    Entered(&'static str),
    /// A span was left, with this result.
    Left(&'static str, Erased),
    /// A retry started over.
    Again(&'static str),
}

/// A script.
#[derive(Clone, Copy, Debug)]
pub enum Script<'s> {
    /// Every step since the start.
    Whole(&'s [(Step, Observation)]),
    /// What the thread remembers: finished spans are skipped, and retries start from their head.
    Skipping(&'s [Memory]),
}

/// The code of a scenario's threads, ready to be run on scripts.
#[derive(Clone)]
pub struct Reading {
    scenario: Scenario,
    shared: Shared,
    /// What there is at the start, to lead stopped code to its end with.
    initial: Vec<Content>,
    names: Arc<[&'static str]>,
}

impl Reading {
    /// Reads a scenario.
    pub fn new(scenario: &Scenario) -> (Self, Setup) {
        let (setup, shared) = scenario.build();
        let initial = setup.objects().iter().map(|(_, content)| content.clone()).collect();
        let names = setup.objects().iter().map(|(name, _)| *name).collect();
        (Reading { scenario: scenario.clone(), shared, initial, names }, setup)
    }

    /// The scenario that is read.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The handles of its shared objects.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Runs somebody on a script, from the start to the first step that the script does not answer. What the number
    /// within the role is makes no difference, unless the role's code is given it.
    pub fn follow(&self, actor: Actor, script: Script<'_>) -> Run {
        let script = match script {
            Script::Whole(steps) => steps.iter().map(|(step, seen)| Memory::Took(step.clone(), seen.clone())).collect(),
            Script::Skipping(memory) => memory.to_vec(),
        };
        let (scenario, shared) = (self.scenario.clone(), self.shared.clone());
        let code = move |at: &dyn Platform| match actor {
            Actor::Thread(role, number) => Stop::Ended(End::Returned(scenario.run(role, number, at, &shared))),
            Actor::Parent => Stop::Decided(scenario.go_on(at, &shared)),
        };
        let state = Rc::new(RefCell::new(State::new(script, self.initial.clone(), &self.names)));
        execute(&state, code);
        let mut state = state.borrow_mut();
        state.came_to.take().expect("a run stops somewhere")
    }

    /// The names of the shared objects.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Asks the scenario's audit about final contents; `None` if they cannot be read, or stay locked.
    pub fn audit(&self, contents: &[Content]) -> Option<u64> {
        let count = Rc::new(RefCell::new(None));
        let (scenario, shared, result) = (self.scenario.clone(), self.shared.clone(), Rc::clone(&count));
        let state = Rc::new(RefCell::new(State::new(Vec::new(), contents.to_vec(), &self.names)));
        state.borrow_mut().leading = Some(LONGEST_AUDIT);
        execute(&state, move |at| {
            *result.borrow_mut() = scenario.audit(at, &shared);
            Stop::Decided(true)
        });
        count.take()
    }
}

/// How many steps stopped code is given to come to its end by itself.
const LONGEST_END: usize = 64;

/// How many steps an audit may take.
const LONGEST_AUDIT: usize = 100_000;

/// How often a retry may start over while stopped code is led to its end.
const MOST_TRIES: usize = 2;

/// Runs code on a stack of its own, to its end.
fn execute(state: &Rc<RefCell<State>>, code: impl FnOnce(&dyn Platform) -> Stop + 'static) {
    thread_local! {
        /// Stacks that are free to be used again.
        static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
    }
    let stack = STACKS.with_borrow_mut(Vec::pop).unwrap_or_default();
    let inside = Rc::clone(state);
    let mut coroutine: Coroutine<(), (), (), DefaultStack> = Coroutine::with_stack(stack, move |yielder, ()| {
        let thread = ScriptedThread { state: &inside, yielder };
        let ran = caught(|| code(&thread));
        let mut state = inside.borrow_mut();
        let stop = match (ran, state.dying) {
            (Ran::Crashed(death), _) => Stop::Ended(End::Crashed(death)),
            (Ran::Returned(stop), None) => stop,
            (Ran::Returned(_), Some(dying)) => Stop::Refused(format!("{dying}, and yet it returns (`catch_unwind`?)")),
        };
        state.stopped(stop);
    });
    // Stopped once, it is led on; stopped again, it comes to no end.
    for _ in 0..2 {
        if let CoroutineResult::Return(()) = super::quietly(|| coroutine.resume(())) {
            break;
        }
        state.borrow_mut().leading.get_or_insert(LONGEST_END);
    }
    if !coroutine.done() {
        // SAFETY: nothing on the stack is used again, and nothing outside points to it: the coroutine is 'static, it
        // runs on this thread alone, and what its stack owns is leaked, which is safe.
        unsafe { coroutine.force_reset() };
        state.borrow_mut().abandon();
    }
    STACKS.with_borrow_mut(|stacks| stacks.push(coroutine.into_stack()));
}

struct State {
    script: Vec<Memory>,
    next: usize,
    memory: Vec<Memory>,
    locals: Vec<Local>,
    /// What the run came to, once it has stopped.
    came_to: Option<Run>,
    /// The code has died, or a guard of it was dropped by unwinding: it must take no step any more.
    dying: Option<&'static str>,
    /// A step was taken since the innermost retry (re)started.
    stepped: bool,
    /// While code is led to its end: how many steps it may still take.
    leading: Option<usize>,
    contents: Vec<Content>,
    names: Arc<[&'static str]>,
    tries: usize,
}

impl State {
    fn new(script: Vec<Memory>, contents: Vec<Content>, names: &Arc<[&'static str]>) -> Self {
        State {
            script,
            next: 0,
            memory: Vec::new(),
            locals: Vec::new(),
            came_to: None,
            dying: None,
            stepped: false,
            leading: None,
            contents,
            names: Arc::clone(names),
            tries: 0,
        }
    }

    /// The code's stack is abandoned, and with it a handle of this, so that it is never dropped.
    fn abandon(&mut self) {
        self.script = Vec::new();
        self.memory = Vec::new();
        self.locals = Vec::new();
        self.contents = Vec::new();
        self.names = Arc::default();
    }

    /// The run has come to this, unless it has stopped before.
    fn stopped(&mut self, stop: Stop) {
        if self.came_to.is_none() {
            let stop = match stop {
                Stop::Ended(_) | Stop::Decided(_) if self.next < self.script.len() => {
                    Stop::Strayed(format!("it ended before it had done {}", did(&self.names, &self.script[self.next])))
                }
                stop => stop,
            };
            let (memory, locals) = (std::mem::take(&mut self.memory), std::mem::take(&mut self.locals));
            self.came_to = Some(Run { stop, memory, locals });
        }
    }

    /// What the step observes by the script; otherwise where the run stops.
    fn answer(&mut self, step: &Step) -> Result<Observation, Stop> {
        if let Some(dying) = self.dying {
            return Err(Stop::Refused(format!(
                "{dying}, and yet it goes on: {}",
                crate::trace::step(&self.names, step)
            )));
        }
        if std::thread::panicking() {
            let step = crate::trace::step(&self.names, step);
            return Err(Stop::Refused(format!("a `Drop` takes a step while a panic unwinds: {step}")));
        }
        match self.script.get(self.next) {
            None => Err(Stop::Before(step.clone())),
            Some(Memory::Took(expected, seen)) if expected == step => {
                self.next += 1;
                Ok(seen.clone())
            }
            Some(other) => {
                let (other, step) = (did(&self.names, other), crate::trace::step(&self.names, step));
                Err(Stop::Strayed(format!("where it once had {other} it now takes another step: {step}")))
            }
        }
    }

    /// An observation for code that is led to its end: what there would be if nobody else did anything.
    fn lead(&mut self, step: &Step) -> Option<Observation> {
        let left = self.leading.as_mut()?;
        *left = left.checked_sub(1)?;
        let Step::On(object, access) = step else {
            return Some(if matches!(step, Step::Choose(_)) { Observation::Chosen(0) } else { Observation::Done });
        };
        let content = &mut self.contents[*object];
        // What the script has taken is not held in these contents.
        if matches!(access, Access::Unlock(mode, _) if !content.may_be_held(*mode)) {
            return Some(Observation::Done);
        }
        let (after, seen) = content.outcomes(access).into_iter().next()?;
        *content = after;
        Some(seen)
    }

    /// Forgets everything since the innermost open span was entered, and its entry too.
    fn forget_span(&mut self, span: &'static str) {
        let inside = Memory::Inside(span);
        if let Some(start) = self.memory.iter().rposition(|memory| *memory == inside) {
            self.memory.truncate(start);
        }
    }
}

/// Something remembered, in words.
pub(crate) fn did(names: &[&str], memory: &Memory) -> String {
    match memory {
        Memory::Took(step, seen) => crate::trace::took(names, step, seen),
        Memory::Inside(span) => format!("entered `{span}`"),
        Memory::Left(span, result) => format!("left `{span}` with {result:?}"),
    }
}

/// The platform of a scripted run.
struct ScriptedThread<'s> {
    state: &'s RefCell<State>,
    yielder: &'s Yielder<(), ()>,
}

impl ScriptedThread<'_> {
    /// Stops here. Comes back only to be led to the end.
    fn stop(&self, stop: Stop) {
        self.state.borrow_mut().stopped(stop);
        // With a panic under way this stack cannot be left: the runtime counts panics by thread, not by stack.
        if !std::thread::panicking() {
            self.yielder.suspend(());
        }
    }

    fn is_over(&self) -> bool {
        self.state.borrow().came_to.is_some()
    }
}

impl Platform for ScriptedThread<'_> {
    fn step(&self, step: Step) -> Observation {
        let answer = {
            let mut state = self.state.borrow_mut();
            if state.came_to.is_none() && state.leading.is_none() { Some(state.answer(&step)) } else { None }
        };
        match answer {
            Some(Ok(seen)) => {
                let mut state = self.state.borrow_mut();
                state.locals.clear();
                state.memory.push(Memory::Took(step, seen.clone()));
                state.stepped = true;
                return seen;
            }
            Some(Err(stop)) => self.stop(stop),
            None => {}
        }
        loop {
            let led = {
                let mut state = self.state.borrow_mut();
                if std::thread::panicking() {
                    state.leading.get_or_insert(LONGEST_END);
                }
                state.lead(&step)
            };
            match led {
                Some(seen) => return seen,
                // A panic cannot wait, so whatever the step may observe will do.
                None if std::thread::panicking() => return made_up(&step, &self.state.borrow().contents),
                None => self.yielder.suspend(()),
            }
        }
    }

    fn tell(&self, event: Event) {
        if !self.is_over() {
            self.state.borrow_mut().locals.push(Local::Told(event));
        }
    }

    fn enter(&self, span: &'static str) -> Option<Erased> {
        if self.is_over() {
            return None;
        }
        let mut state = self.state.borrow_mut();
        match state.script.get(state.next).cloned() {
            Some(Memory::Left(left, result)) if left == span => {
                state.next += 1;
                state.stepped = true;
                state.memory.push(Memory::Left(left, result.clone()));
                return Some(result);
            }
            Some(Memory::Inside(inside)) if inside == span => state.next += 1,
            // A whole script tells steps only.
            Some(Memory::Took(..)) | None => {}
            Some(other) => {
                let other = did(&state.names, &other);
                drop(state);
                self.stop(Stop::Strayed(format!("where it once had {other} it now enters `{span}`")));
                return None;
            }
        }
        state.memory.push(Memory::Inside(span));
        state.locals.push(Local::Entered(span));
        None
    }

    fn leave(&self, span: &'static str, result: Erased) {
        if !self.is_over() {
            let mut state = self.state.borrow_mut();
            state.forget_span(span);
            state.memory.push(Memory::Left(span, result.clone()));
            state.locals.push(Local::Left(span, result));
        }
    }

    fn again(&self, span: &'static str) {
        let (over, stepped) = (self.is_over(), std::mem::take(&mut self.state.borrow_mut().stepped));
        if over {
            let tries = {
                let mut state = self.state.borrow_mut();
                state.tries += 1;
                state.tries
            };
            if tries > MOST_TRIES {
                self.yielder.suspend(());
            }
            return;
        }
        if !stepped {
            let reason = format!("the retry `{span}` starts over without having taken a step, so it never ends");
            self.stop(Stop::Refused(reason));
            // Nobody leads it on: there is no step in it to lead it by.
            self.yielder.suspend(());
            return;
        }
        let mut state = self.state.borrow_mut();
        state.forget_span(span);
        state.memory.push(Memory::Inside(span));
        state.locals.push(Local::Again(span));
    }

    fn die(&self, death: Death) -> ! {
        self.state.borrow_mut().dying = Some("it died of an error of its own");
        std::panic::resume_unwind(Box::new(death))
    }

    fn refuse(&self, reason: String) -> ! {
        self.stop(Stop::Refused(reason));
        loop {
            self.yielder.suspend(());
        }
    }

    fn explores(&self) -> bool {
        true
    }

    fn unwound(&self, _object: ObjectId) {
        self.state.borrow_mut().dying.get_or_insert("a panic dropped a guard of it");
    }
}

/// Some observation that fits a step.
pub(crate) fn made_up(step: &Step, contents: &[Content]) -> Observation {
    match (step, step.object().map(|object| &contents[object])) {
        (Step::On(_, Access::Lock(_)), Some(Content::Lock { value: Some(value), .. })) => {
            Observation::Value(value.clone())
        }
        (Step::On(_, access), Some(content)) => {
            content.outcomes(access).into_iter().next().map_or(Observation::Done, |(_, seen)| seen)
        }
        (Step::Choose(_), _) => Observation::Chosen(0),
        _ => Observation::Done,
    }
}
