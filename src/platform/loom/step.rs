//! Steps of a thread under loom.

use super::Watched;
use super::cell::changes;
use super::object::{Gated, Object, locked};
use super::thread::LoomThread;
use crate::platform::tries::lasts;
use crate::platform::{Content, What, hold};
use crate::sync::{Access, Mode, ObjectId, Observation, Step};
use ::loom::sync::MutexGuard;
use ::loom::sync::atomic::fence;
use std::sync::atomic::Ordering::Relaxed;

impl<'w> LoomThread<'w> {
    /// Takes a step.
    pub(super) fn take(&self, step: &Step) -> Observation {
        // No step of anybody comes between one of this thread's and what follows on it, so they can stay until now.
        self.gates.take();
        if self.depth.get() > 0 || self.world.exploration.watched == Watched::States {
            self.tick();
        }
        let Step::On(object, access) = step else {
            self.close_gates(None);
            let seen = match step {
                Step::Choose(choice) => Observation::Chosen(self.pick(choice.alternatives.len())),
                Step::Fence(order) => {
                    fence(*order);
                    Observation::Done
                }
                Step::On(..) => unreachable!("it is none, as was seen above"),
            };
            let lasting = matches!(step, Step::Choose(_));
            return self.took(step, seen, None, (false, lasting));
        };
        match (&self.world.objects[*object], access) {
            (Object::Cell(cell), access) => {
                self.close_gates(None);
                let seen = cell.access(access);
                let changed = changes(access, &seen);
                self.took(step, seen, None, (changed, changed))
            }
            (Object::Lock(mutex), Access::Lock(Mode::Exclusive)) => {
                let guard = locked(mutex);
                let seen = (*guard).clone().map_or(Observation::Done, Observation::Value);
                self.guards.borrow_mut().push((*object, guard));
                self.close_gates(None);
                self.took(step, seen, None, (true, false))
            }
            (Object::Lock(_), Access::Unlock(_, put)) => {
                self.close_gates(None);
                let mut guard = self.guard(*object);
                let lasting = put.is_some() && *put != *guard;
                if put.is_some() {
                    (*guard).clone_from(put);
                }
                drop(guard);
                self.took(step, Observation::Done, None, (true, lasting))
            }
            (Object::Lock(_), _) => self.plan_anew(|plan| {
                plan.gated.insert(*object);
            }),
            (Object::Gated(gated), access) => self.take_gated(step, *object, gated, access),
        }
    }

    fn take_gated(&self, step: &Step, object: ObjectId, gated: &'w Gated, access: &Access) -> Observation {
        let mut outcomes = loop {
            let gate = self.close_gates(Some((object, gated))).expect("it was asked for");
            let outcomes = gated.outcomes(access);
            if !outcomes.is_empty() {
                self.gates.borrow_mut().push(gate);
                break outcomes;
            }
            self.gates.take();
            gated.wait(gate);
        };
        let (after, seen) = outcomes.swap_remove(self.pick(outcomes.len()));
        let before = gated.content();
        let changed = before != after;
        gated.set(after.clone());
        self.took(step, seen.clone(), Some(after.clone()), (changed, changed && lasts(step, &before, &after)));
        if changed {
            gated.tell_of_change();
        }
        if !self.world.exploration.plan.closes_gates {
            self.gates.take();
        }
        seen
    }

    /// Closes the gate of the object, if there is one, and of everything that the thread holds, if that is the plan; in
    /// order, so that nobody waits for each other here.
    fn close_gates(&self, object: Option<(ObjectId, &'w Gated)>) -> Option<MutexGuard<'w, ()>> {
        let mut wanted: Vec<(ObjectId, &'w Gated)> = object.into_iter().collect();
        if self.world.exploration.plan.closes_gates {
            wanted.extend(self.held.borrow().iter().filter_map(|(held, _)| match &self.world.objects[*held] {
                Object::Gated(gated) => Some((*held, gated)),
                _ => None,
            }));
        }
        wanted.sort_by_key(|(object, _)| *object);
        wanted.dedup_by_key(|(object, _)| *object);
        let mut own = None;
        for (closed, gated) in wanted {
            let gate = gated.lock();
            match object {
                Some((object, _)) if object == closed => own = Some(gate),
                _ => self.gates.borrow_mut().push(gate),
            }
        }
        own
    }

    fn took(
        &self,
        step: &Step,
        seen: Observation,
        after: Option<Content>,
        (changed, lasting): (bool, bool),
    ) -> Observation {
        self.world.changes.fetch_add(u64::from(changed), Relaxed);
        self.tries.borrow_mut().step(changed, lasting);
        hold(&mut self.held.borrow_mut(), step, &seen);
        self.record(What::Took(step.clone(), seen.clone(), after));
        seen
    }

    /// Makes loom tell apart when this happens.
    pub(super) fn tick(&self) {
        if let Some(ticks) = &self.world.ticks {
            ticks.fetch_add(1, Relaxed);
        }
    }
}
