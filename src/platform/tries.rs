//! Whether a try of a retry came to nothing, so that the next one will too until somebody else has moved.
//!
//! A thread whose try has changed nothing, while nobody else changed anything either, stands where it stood before in
//! a state that was there before: its next try would be the same again. Engines that run executions one by one need
//! not go round such a circle, and would otherwise never come to an end.

use super::Content;
use crate::scenario::Scenario;
use crate::sync::{Access, Event, Meaning, Mode, ObjectId, Step};

/// The open spans of a thread, innermost last, and what was done in each of them since it began or started over.
#[derive(Debug, Default)]
pub(crate) struct Tries(Vec<Span>);

#[derive(Debug)]
struct Span {
    stepped: bool,
    /// Something was done that lasts.
    lasting: bool,
    /// What the thread held at the beginning.
    held: Vec<(ObjectId, Mode)>,
    /// How often anything shared had changed by then.
    since: u64,
    /// How many of the changes after that were the thread's own: a lock that is taken and freed again changes twice.
    own: u64,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It took no step, so the retry never ends.
    NoStep,
    /// All is as it was at its beginning.
    Nothing,
    /// The next one may go another way.
    Something,
}

impl Tries {
    /// A span begins.
    pub fn enter(&mut self, held: &[(ObjectId, Mode)], changes: u64) {
        self.0.push(Span { stepped: false, lasting: false, held: held.to_vec(), since: changes, own: 0 });
    }

    /// The innermost span ends.
    pub fn leave(&mut self) {
        if let (Some(inner), Some(outer)) = (self.0.pop(), self.0.last_mut()) {
            outer.stepped |= inner.stepped;
            outer.lasting |= inner.lasting;
            outer.own += inner.own;
        }
    }

    /// A step was taken: whether it changed its object, and whether that lasts.
    pub fn step(&mut self, changed: bool, lasting: bool) {
        if let Some(span) = self.0.last_mut() {
            span.stepped = true;
            span.own += u64::from(changed);
            span.lasting |= lasting;
        }
    }

    /// Something was said.
    pub fn tell(&mut self, scenario: &Scenario, event: &Event) {
        let counts = event.meaning != Meaning::Word || scenario.tallied().contains(&&*event.name);
        if let Some(span) = self.0.last_mut() {
            span.lasting |= counts;
        }
    }

    /// The innermost span, a retry, starts over.
    pub fn again(&mut self, held: &[(ObjectId, Mode)], changes: u64) -> Outcome {
        let Some(span) = self.0.pop() else { return Outcome::Something };
        if let Some(outer) = self.0.last_mut() {
            outer.stepped |= span.stepped;
            outer.lasting |= span.lasting;
            outer.own += span.own;
        }
        self.enter(held, changes);
        let alone = changes == span.since + span.own;
        match span.stepped {
            false => Outcome::NoStep,
            true if !span.lasting && alone && span.held == held => Outcome::Nothing,
            true => Outcome::Something,
        }
    }
}

/// Whether what a step did lasts beyond the thread's own freeing of what it holds.
pub(crate) fn lasts(step: &Step, before: &Content, after: &Content) -> bool {
    match (step, before, after) {
        (_, Content::Lock { value: before, .. }, Content::Lock { value: after, .. }) => before != after,
        (Step::On(_, Access::AddPermits(permits)), ..) => *permits > 0,
        (_, Content::Semaphore { .. }, _) => false,
        _ => before != after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_comes_to_nothing_only_if_nobody_changed_anything_that_lasts() {
        let mut tries = Tries::default();
        tries.enter(&[], 7);
        assert_eq!(tries.again(&[], 7), Outcome::NoStep);
        tries.step(false, false);
        assert_eq!(tries.again(&[], 7), Outcome::Nothing);
        tries.step(false, false);
        assert_eq!(tries.again(&[], 8), Outcome::Something, "somebody else changed something");
        // A lock, taken and freed.
        tries.step(true, false);
        tries.step(true, false);
        assert_eq!(tries.again(&[], 10), Outcome::Nothing);
        tries.step(true, true);
        assert_eq!(tries.again(&[], 11), Outcome::Something);
        tries.step(true, false);
        assert_eq!(tries.again(&[(0, Mode::Exclusive)], 12), Outcome::Something, "it holds more than before");
    }

    #[test]
    fn what_an_inner_span_did_counts_for_the_outer_one() {
        let mut tries = Tries::default();
        tries.enter(&[], 0);
        tries.enter(&[], 0);
        tries.step(true, true);
        assert_eq!(tries.again(&[], 1), Outcome::Something);
        tries.step(false, false);
        assert_eq!(tries.again(&[], 1), Outcome::Nothing);
        tries.leave();
        assert_eq!(tries.again(&[], 1), Outcome::Something);
    }

    #[test]
    fn a_try_that_sells_comes_to_something_and_one_that_only_talks_does_not() {
        let scenario: Scenario = Scenario::new("talkers", |_| ()).role("talker", |_, ()| {}).into();
        let mut tries = Tries::default();
        tries.enter(&[], 0);
        tries.step(false, false);
        tries.tell(&scenario, &Event::word("looks"));
        assert_eq!(tries.again(&[], 0), Outcome::Nothing);
        tries.step(false, false);
        tries.tell(&scenario, &Event::sale("bought"));
        assert_eq!(tries.again(&[], 0), Outcome::Something);
    }

    #[test]
    fn what_is_taken_lasts_no_longer_than_its_guard() {
        use crate::platform::Hold;
        let lock = |hold| Content::Lock { value: None, hold };
        let take = Step::On(0, Access::Lock(Mode::Exclusive));
        assert!(!lasts(&take, &lock(Hold::Free), &lock(Hold::Exclusive)));
        let permits = |permits| Content::Semaphore { permits };
        assert!(!lasts(&take, &permits(2), &permits(1)));
        assert!(lasts(&Step::On(0, Access::AddPermits(1)), &permits(1), &permits(2)), "nobody gives these back");
    }
}
