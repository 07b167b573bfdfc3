//! In a constructor: what is made there is declared, and can be used there already.

use super::{PLACE, Place, place_of, refuse, stand};
use crate::platform::record::interned;
use crate::sync::{Event, ObjectId, Observation, Platform, Setup, Step};
use std::cell::RefCell;
use std::panic::Location;
use std::ptr::NonNull;

/// A scenario's shared value in the making.
pub struct Making<'m> {
    setup: RefCell<&'m mut Setup>,
    /// What things shall be called, in the order in which they are made.
    names: &'m [&'static str],
    /// What they are called so far.
    named: RefCell<Vec<String>>,
}

/// Makes a scenario's shared value.
///
/// # Panics
/// There are more names than things.
pub fn construct<S>(setup: &mut Setup, names: &[&'static str], make: impl FnOnce() -> S) -> S {
    let making = Making { setup: RefCell::new(setup), names, named: RefCell::default() };
    let shared = stand(Place::Constructor(NonNull::from(&making).cast()), make);
    let made = making.named.borrow().len();
    assert!(made >= names.len(), "there are {} names, and {made} things to name", names.len());
    shared
}

/// Declares a thing of this kind if a constructor is at work here. On a thread under check that is too late.
#[track_caller]
pub fn declare<H>(kind: &str, declare: impl FnOnce(&mut Setup, &'static str) -> H) -> Option<H> {
    match PLACE.get() {
        // SAFETY: by the invariant of `Place`.
        Place::Constructor(making) => Some(unsafe { making.as_ref() }.declare(kind, Location::caller(), declare)),
        Place::Thread(_) => refuse(&format!(
            "it makes a `{kind}` while it runs; what threads share is made in the scenario's constructor"
        )),
        Place::Outside | Place::Look(_) => None,
    }
}

/// Declares something more that belongs to what was just declared.
pub fn declare_with<H>(object: ObjectId, what: &str, declare: impl FnOnce(&mut Setup, &'static str) -> H) -> H {
    let Place::Constructor(making) = PLACE.get() else { unreachable!("what it belongs to was declared here") };
    // SAFETY: by the invariant of `Place`.
    let mut setup = unsafe { making.as_ref() }.setup.borrow_mut();
    let name = format!("{} {what}", setup.objects()[object].0);
    declare(&mut setup, interned(&name))
}

impl Making<'_> {
    fn declare<H>(
        &self,
        kind: &str,
        location: &Location<'_>,
        declare: impl FnOnce(&mut Setup, &'static str) -> H,
    ) -> H {
        let mut named = self.named.borrow_mut();
        let given = self.names.get(named.len()).map(|name| (*name).to_owned());
        let wanted = given.unwrap_or_else(|| format!("{kind}@{}", location.line()));
        let mut name = wanted.clone();
        let mut more = 2;
        while named.contains(&name) {
            name = format!("{wanted}#{more}");
            more += 1;
        }
        named.push(name.clone());
        declare(&mut self.setup.borrow_mut(), interned(&name))
    }
}

/// Nobody else is there yet, so steps are taken at once.
impl Platform for Making<'_> {
    fn step(&self, step: Step) -> Observation {
        match step {
            Step::On(object, access) => {
                let mut setup = self.setup.borrow_mut();
                let content = setup.content_mut(object);
                let outcome = content.outcomes(&access).into_iter().next();
                let (after, seen) = outcome.unwrap_or_else(|| {
                    panic!("the constructor waits for itself: {place}", place = place_of(Location::caller()))
                });
                *content = after;
                seen
            }
            Step::Choose(choice) => panic!("the constructor chooses `{}`; let the threads do that", choice.name),
            Step::Fence(_) => Observation::Done,
        }
    }

    fn tell(&self, event: Event) {
        panic!("the constructor says `{}`; let the threads do that", event.name)
    }
}
