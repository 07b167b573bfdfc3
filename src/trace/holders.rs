//! Who holds which lock, as a trace tells it.

use crate::platform::{Actor, End, Entry, Trace, What};
use crate::sync::{Access, Mode, ObjectId, Observation, Step};
use std::collections::BTreeMap;

/// Who holds what, and what became of them.
#[derive(Debug, Default)]
pub struct Holders {
    /// By object, in the order in which they took it.
    held: BTreeMap<ObjectId, Vec<(Actor, Mode)>>,
    /// Those who are no longer there, and how they went.
    gone: BTreeMap<Actor, &'static str>,
}

impl Holders {
    /// Takes notice of what happens.
    pub fn see(&mut self, Entry { actor, what }: &Entry) {
        match what {
            What::Took(Step::On(object, access), seen, _) => self.took(*actor, *object, access, seen),
            What::Freed(object, _) => self.held.entry(*object).or_default().retain(|(holder, _)| holder != actor),
            What::Killed => {
                self.gone.insert(*actor, "who was killed");
            }
            What::Ended(end) => {
                let how = if matches!(end, End::Returned(_)) { "who has ended" } else { "who has crashed" };
                self.gone.insert(*actor, how);
            }
            _ => {}
        }
    }

    fn took(&mut self, actor: Actor, object: ObjectId, access: &Access, seen: &Observation) {
        let holders = self.held.entry(object).or_default();
        match access {
            Access::Lock(mode) | Access::TryLock(mode) if *seen != Observation::Refused => holders.push((actor, *mode)),
            Access::Unlock(mode, _) => {
                // A permit may be given back by somebody who did not take it.
                let own = holders.iter().rposition(|holder| *holder == (actor, *mode));
                if let Some(place) = own.or_else(|| holders.iter().rposition(|(_, held)| held == mode)) {
                    holders.remove(place);
                }
            }
            _ => {}
        }
    }

    /// Those who hold an object.
    pub fn at(&self, object: ObjectId) -> impl Iterator<Item = Actor> + '_ {
        self.held.get(&object).into_iter().flatten().map(|(actor, _)| *actor)
    }

    /// Those who hold an object, in words.
    pub fn of(&self, object: ObjectId, trace: &Trace) -> Option<String> {
        let holders = self.held.get(&object).filter(|holders| !holders.is_empty())?;
        let names = holders.iter().map(|(actor, _)| match self.gone.get(actor) {
            Some(how) => format!("{}, {how}", trace.name(*actor)),
            None => trace.name(*actor),
        });
        Some(names.collect::<Vec<_>>().join("; "))
    }
}
