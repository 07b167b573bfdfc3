//! The platform as one thread sees it under loom.

use super::object::{Gated, Object};
use super::{Plan, Watched, World, lock};
use crate::platform::script::{Local, made_up};
use crate::platform::tries::{Outcome, Tries};
use crate::platform::{Actor, Content, End, Hold, Ran, What, caught, record};
use crate::sync::{Death, Erased, Event, Mode, ObjectId, Observation, Platform, Step};
use ::loom::sync::MutexGuard;
use ::loom::thread::yield_now;
use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::sync::atomic::Ordering::Relaxed;

/// One thread of a role, or the parent.
pub(super) struct LoomThread<'w> {
    pub(super) world: &'w World,
    pub(super) actor: Actor,
    pub(super) held: RefCell<Vec<(ObjectId, Mode)>>,
    /// The guards of the locks that it holds.
    pub(super) guards: RefCell<Vec<(ObjectId, MutexGuard<'w, Option<Erased>>)>>,
    /// The gates that it keeps closed until its next step.
    pub(super) gates: RefCell<Vec<MutexGuard<'w, ()>>>,
    pub(super) tries: RefCell<Tries>,
    /// How many watched spans it stands in.
    pub(super) depth: Cell<usize>,
    /// Whether it is within one of loom's operations. If it unwinds from there, the thread's code did not do it.
    in_loom: Cell<bool>,
    /// The code has died, or a guard of it was dropped by unwinding: it must take no step any more.
    dying: Cell<Option<&'static str>>,
}

impl<'w> LoomThread<'w> {
    pub fn new(world: &'w World, actor: Actor) -> Self {
        LoomThread {
            world,
            actor,
            held: RefCell::default(),
            guards: RefCell::default(),
            gates: RefCell::default(),
            tries: RefCell::default(),
            depth: Cell::default(),
            in_loom: Cell::default(),
            dying: Cell::default(),
        }
    }

    pub fn attend<R>(&self, code: impl FnOnce(&dyn Platform) -> R, end: impl FnOnce(&R) -> What) -> Option<R> {
        self.record(What::Started);
        let ran = caught(|| code(self));
        if self.in_loom.get() {
            // Loom has stopped, or has been stopped. Nobody is to notice that these guards go.
            self.guards.take().into_iter().for_each(std::mem::forget);
            self.gates.take().into_iter().for_each(std::mem::forget);
        }
        match ran {
            Ran::Crashed(death) if self.in_loom.get() => resume_unwind(Box::new(death.reason)),
            Ran::Crashed(death) => {
                self.end(What::Ended(End::Crashed(death)), true);
                None
            }
            Ran::Returned(value) => {
                if let Some(dying) = self.dying.get() {
                    self.refuse(&format!("{dying}, and yet it returns (`catch_unwind`?)"));
                }
                self.end(end(&value), false);
                Some(value)
            }
        }
    }

    /// Records the end, and frees what it frees.
    fn end(&self, what: What, died: bool) {
        self.record(what);
        let held = self.held.take();
        let kind = self.world.exploration.instance.lock;
        let left = record::left_behind(&held, kind, died, |object| self.content(object));
        let mut freed = Vec::new();
        for (object, content) in left {
            match &self.world.objects[object] {
                Object::Gated(_) if !self.world.exploration.plan.closes_gates => {
                    self.plan_anew(|plan| plan.closes_gates = true)
                }
                Object::Gated(gated) => {
                    gated.set(content.clone());
                    freed.push(gated);
                }
                _ => drop(self.guard(object)),
            }
            self.world.changes.fetch_add(1, Relaxed);
            self.record(What::Freed(object, content));
        }
        self.in_loom(|| freed.into_iter().for_each(Gated::tell_of_change));
        self.gates.take();
        // Only a forgotten guard is still here, and then nobody frees the lock.
        self.guards.take().into_iter().for_each(std::mem::forget);
    }

    /// What something holds that this thread holds.
    fn content(&self, object: ObjectId) -> Content {
        match &self.world.objects[object] {
            Object::Gated(gated) => gated.content(),
            _ => {
                let guards = self.guards.borrow();
                let guard = guards.iter().find(|(other, _)| *other == object);
                let value = guard.and_then(|(_, guard)| (**guard).clone());
                Content::Lock { value, hold: Hold::Exclusive }
            }
        }
    }

    /// Takes the guard of a lock.
    pub(super) fn guard(&self, object: ObjectId) -> MutexGuard<'w, Option<Erased>> {
        let mut guards = self.guards.borrow_mut();
        let place = guards.iter().position(|(other, _)| *other == object);
        guards.remove(place.expect("what is freed was taken before, and once")).1
    }

    pub(super) fn record(&self, what: What) {
        self.world.record.recorder.record(self.actor, what);
    }

    fn in_loom<R>(&self, operation: impl FnOnce() -> R) -> R {
        self.in_loom.set(true);
        let result = operation();
        self.in_loom.set(false);
        result
    }

    /// Leaves loom's model for good.
    fn leave_model(&self) -> ! {
        self.in_loom.set(true);
        resume_unwind(Box::new("the exploration is over".to_owned()))
    }

    /// The exploration must start over by another plan.
    pub(super) fn plan_anew(&self, change: impl FnOnce(&mut Plan)) -> ! {
        let mut plan = self.world.exploration.plan.clone();
        change(&mut plan);
        *lock(&self.world.exploration.better) = Some(plan);
        self.leave_model()
    }

    /// No verdict can be given.
    fn note_refusal(&self, reason: &str) {
        let trace = self.world.record.recorder.trace();
        let reason = format!("cannot follow {}: {reason}", trace.name(self.actor));
        lock(&self.world.exploration.refused).get_or_insert(reason);
    }

    fn refuse(&self, reason: &str) -> ! {
        self.note_refusal(reason);
        self.leave_model()
    }

    /// What a step observes that should not have been taken any more: without effect, and loom does not see it.
    fn afterwards(&self, step: &Step) -> Option<Observation> {
        let (panicking, dying) = (std::thread::panicking(), self.dying.get());
        if !panicking && dying.is_none() && !self.in_loom.get() {
            return None;
        }
        let trace = self.world.record.recorder.trace();
        if !self.in_loom.get() {
            let names: Vec<_> = trace.objects.iter().map(|(name, _)| *name).collect();
            let step = crate::trace::step(&names, step);
            self.note_refusal(&match dying {
                Some(dying) => format!("{dying}, and yet it goes on: {step}"),
                None => format!("a `Drop` takes a step while a panic unwinds: {step}"),
            });
        }
        if panicking { Some(made_up(step, &trace.contents())) } else { self.leave_model() }
    }

    /// Which of so many outcomes the step comes to.
    pub(super) fn pick(&self, outcomes: usize) -> usize {
        if outcomes == 1 {
            return 0;
        }
        let mut picks = lock(&self.world.record.picks);
        let question = picks.question(self.actor);
        let answer = picks.answer(question, outcomes);
        answer.expect("nothing is drawn under loom")
    }

    fn is_watched(&self, span: &'static str) -> bool {
        self.actor != Actor::Parent && self.world.exploration.watched == Watched::Span(span)
    }
}

impl Platform for LoomThread<'_> {
    fn step(&self, step: Step) -> Observation {
        if let Some(seen) = self.afterwards(&step) {
            return seen;
        }
        if step == Step::Fence(Relaxed) {
            self.refuse("it asks for a relaxed fence, and there is no such thing");
        }
        self.in_loom(|| self.take(&step))
    }

    fn tell(&self, event: Event) {
        self.tries.borrow_mut().tell(&self.world.exploration.scenario, &event);
        self.record(What::Local(Local::Told(event)));
    }

    fn enter(&self, span: &'static str) -> Option<Erased> {
        if self.is_watched(span) {
            self.in_loom(|| self.tick());
            self.depth.set(self.depth.get() + 1);
        }
        self.tries.borrow_mut().enter(&self.held.borrow(), self.world.changes.load(Relaxed));
        self.record(What::Local(Local::Entered(span)));
        None
    }

    fn leave(&self, span: &'static str, result: Erased) {
        if self.is_watched(span) {
            self.depth.set(self.depth.get() - 1);
        }
        self.tries.borrow_mut().leave();
        self.record(What::Local(Local::Left(span, result)));
    }

    /// Where a try came to nothing, somebody else goes first: until they have moved, the next one could only see what
    /// this one saw.
    fn again(&self, span: &'static str) {
        self.record(What::Local(Local::Again(span)));
        let changes = self.world.changes.load(Relaxed);
        let came = self.tries.borrow_mut().again(&self.held.borrow(), changes);
        match came {
            Outcome::NoStep => {
                self.refuse(&format!("the retry `{span}` starts over without having taken a step, so it never ends"))
            }
            Outcome::Nothing => self.in_loom(yield_now),
            Outcome::Something => {}
        }
    }

    fn die(&self, death: Death) -> ! {
        self.dying.set(Some("it died of an error of its own"));
        resume_unwind(Box::new(death))
    }

    fn refuse(&self, reason: String) -> ! {
        LoomThread::refuse(self, &reason)
    }

    fn explores(&self) -> bool {
        true
    }

    fn unwound(&self, _object: ObjectId) {
        if self.dying.get().is_none() && !self.in_loom.get() {
            self.dying.set(Some("a panic dropped a guard of it"));
        }
    }
}
