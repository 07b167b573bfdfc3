//! The platform as one thread sees it under shuttle.

use super::{How, Pending, World};
use crate::platform::script::{Local, made_up};
use crate::platform::tries::{Outcome, Tries};
use crate::platform::{Actor, End, Ran, What, caught, hold, record};
use crate::sync::{Death, Erased, Event, Mode, ObjectId, Observation, Platform, Step};
use ::shuttle::rand::{Rng, thread_rng};
use ::shuttle::thread::sleep;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// The platform as one thread, or the parent, sees it.
pub(super) struct ShuttleThread {
    actor: Actor,
    world: World,
    held: RefCell<Vec<(ObjectId, Mode)>>,
    tries: RefCell<Tries>,
    idle_at: Cell<Option<u64>>,
    /// The code has died, or a guard of it was dropped by unwinding: it must take no step any more.
    dying: Cell<Option<&'static str>>,
    /// It has taken a step while it unwound.
    refused: Cell<bool>,
}

impl ShuttleThread {
    pub fn new(actor: Actor, world: World) -> Self {
        ShuttleThread {
            actor,
            world,
            held: RefCell::default(),
            tries: RefCell::default(),
            idle_at: Cell::default(),
            dying: Cell::default(),
            refused: Cell::default(),
        }
    }

    pub fn attend<R>(&self, code: impl FnOnce(&dyn Platform) -> R, end: impl FnOnce(&R) -> What) -> Option<R> {
        self.record(What::Started);
        match catch_unwind(AssertUnwindSafe(|| code(self))) {
            Ok(value) => {
                if let Some(dying) = self.dying.get() {
                    self.refuse(&format!("{dying}, and yet it returns (`catch_unwind`?)"));
                }
                self.end(end(&value), false);
                Some(value)
            }
            // Should shuttle unwind what it was told to stop, this is none of the code's doing.
            Err(payload) if self.world.state().stopped.is_some() && !self.refused.get() => resume_unwind(payload),
            Err(payload) => {
                if let Ran::<()>::Crashed(death) = caught(|| resume_unwind(payload)) {
                    self.end(What::Ended(End::Crashed(death)), true);
                }
                None
            }
        }
    }

    /// Records the end, and frees what it frees.
    fn end(&self, what: What, died: bool) {
        let state = &mut *self.world.state();
        state.record(self.actor, what);
        let held = self.held.take();
        for (object, content) in record::left_behind(&held, state.lock, died, |object| state.contents[object].clone()) {
            state.contents[object] = content.clone();
            state.changes += 1;
            state.record(self.actor, What::Freed(object, content));
        }
    }

    fn record(&self, what: What) {
        self.world.state().record(self.actor, what);
    }

    /// Stops the execution: no verdict can be given.
    fn refuse(&self, reason: &str) -> ! {
        self.world.state().refuse(self.actor, reason);
        self.halt()
    }

    /// Never comes back: the scheduler stops the execution here.
    fn halt(&self) -> ! {
        sleep(Duration::ZERO);
        unreachable!("shuttle goes on with an execution that its scheduler has stopped")
    }

    /// What a step observes that should not have been taken any more: without a scheduling point and without effect.
    fn afterwards(&self, step: &Step) -> Option<Observation> {
        let (panicking, dying) = (std::thread::panicking(), self.dying.get());
        if !panicking && dying.is_none() {
            return None;
        }
        let mut state = self.world.state();
        if state.stopped.is_none() {
            let names: Vec<_> = state.trace.objects.iter().map(|(name, _)| *name).collect();
            let step = crate::trace::step(&names, step);
            let reason = match dying {
                Some(dying) => format!("{dying}, and yet it goes on: {step}"),
                None => format!("a `Drop` takes a step while a panic unwinds: {step}"),
            };
            state.refuse(self.actor, &reason);
        }
        if panicking {
            self.refused.set(true);
            return Some(made_up(step, &state.contents));
        }
        drop(state);
        self.halt()
    }

    /// Stands before the step until it is this thread's turn.
    fn wait_for_turn(&self, step: &Step) {
        let me = usize::from(::shuttle::current::me());
        {
            let mut state = self.world.state();
            let tasks = state.pending.len().max(me + 1);
            state.pending.resize_with(tasks, || None);
            state.pending[me] = Some(Pending { step: step.clone(), idle_at: self.idle_at.take() });
        }
        // shuttle has no time, so a sleep is a scheduling point and nothing else.
        sleep(Duration::ZERO);
        self.world.state().pending[me] = None;
    }

    /// Which of so many outcomes the step comes to.
    fn pick(&self, outcomes: usize) -> usize {
        if outcomes == 1 {
            return 0;
        }
        let told = {
            let picks = &mut self.world.state().picks;
            let question = picks.question(self.actor);
            picks.answer(question, outcomes)
        };
        let answer = told.unwrap_or_else(|| thread_rng().gen_range(0..outcomes));
        let missing = self.world.state().picks.missing();
        if missing {
            self.world.state().stopped = Some(How::Missing);
            self.halt();
        }
        answer
    }
}

impl Platform for ShuttleThread {
    fn step(&self, step: Step) -> Observation {
        if let Some(seen) = self.afterwards(&step) {
            return seen;
        }
        self.wait_for_turn(&step);
        let mut outcomes = self.world.state().outcomes(&step);
        let (content, seen) = outcomes.swap_remove(self.pick(outcomes.len()));
        let mut state = self.world.state();
        let (changed, lasting) = state.set(&step, content.clone());
        self.tries.borrow_mut().step(changed, lasting);
        hold(&mut self.held.borrow_mut(), &step, &seen);
        state.record(self.actor, What::Took(step, seen.clone(), content));
        seen
    }

    fn tell(&self, event: Event) {
        let mut state = self.world.state();
        self.tries.borrow_mut().tell(&state.scenario, &event);
        state.record(self.actor, What::Local(Local::Told(event)));
    }

    fn enter(&self, span: &'static str) -> Option<Erased> {
        let mut state = self.world.state();
        self.tries.borrow_mut().enter(&self.held.borrow(), state.changes);
        state.record(self.actor, What::Local(Local::Entered(span)));
        None
    }

    fn leave(&self, span: &'static str, result: Erased) {
        self.tries.borrow_mut().leave();
        self.record(What::Local(Local::Left(span, result)));
    }

    fn again(&self, span: &'static str) {
        let changes = self.world.state().changes;
        self.record(What::Local(Local::Again(span)));
        let came = self.tries.borrow_mut().again(&self.held.borrow(), changes);
        match came {
            Outcome::NoStep => {
                self.refuse(&format!("the retry `{span}` starts over without having taken a step, so it never ends"))
            }
            Outcome::Nothing => self.idle_at.set(Some(changes)),
            Outcome::Something => {}
        }
    }

    fn die(&self, death: Death) -> ! {
        self.dying.set(Some("it died of an error of its own"));
        resume_unwind(Box::new(death))
    }

    fn refuse(&self, reason: String) -> ! {
        ShuttleThread::refuse(self, &reason)
    }

    fn explores(&self) -> bool {
        true
    }

    fn unwound(&self, _object: ObjectId) {
        if self.dying.get().is_none() {
            self.dying.set(Some("a panic dropped a guard of it"));
        }
    }
}
