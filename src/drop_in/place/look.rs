//! In a property: what is shared can be looked at, as it stands between two steps, and cannot be changed.

use super::{Place, stand};
use crate::platform::{Content, Hold};
use crate::scenario::State;
use crate::sync::{Access, Event, Observation, Platform, Step};
use std::ptr::NonNull;

/// A state that is looked at.
pub struct Looking<'v>(&'v State<'v>);

/// Looks at a state.
pub fn look<R>(state: &State<'_>, act: impl FnOnce() -> R) -> R {
    // SAFETY: a reference to a shorter-lived view of the same; only what it shows is copied out of it, while it lives.
    let state: &State<'static> = unsafe { std::mem::transmute(state) };
    let looking = Looking(state);
    stand(Place::Look(NonNull::from(&looking).cast()), act)
}

impl Platform for Looking<'_> {
    fn step(&self, step: Step) -> Observation {
        let Step::On(object, access) = step else {
            panic!("a property only looks, but this one takes a step: {step:?}")
        };
        let content = (self.0.contents)(object).clone();
        match (&access, content) {
            (Access::Lock(_) | Access::TryLock(_), Content::Lock { value: Some(value), .. }) => {
                Observation::Value(value)
            }
            (Access::Unlock(_, put), Content::Lock { value, .. }) => {
                assert!(put.is_none() || *put == value, "a property only looks, but this one puts {put:?} into a lock");
                Observation::Done
            }
            (Access::Lock(_) | Access::TryLock(_) | Access::Unlock(..), _) => Observation::Done,
            (_, content) => {
                let content = match content {
                    Content::Lock { value, .. } => Content::Lock { value, hold: Hold::Free },
                    content => content,
                };
                let outcome = content.outcomes(&access).into_iter().next();
                let (after, seen) = outcome.expect("only what is looked at without waiting gets here");
                assert!(after == content, "a property only looks, but this one changes something: {access:?}");
                seen
            }
        }
    }

    fn tell(&self, event: Event) {
        panic!("a property only looks, but this one says `{}`", event.name)
    }
}
