//! Refusing code that breaks what verdicts rest on: the errors, and what they say of two runs.

use crate::platform::script::{Aside, Run, Stop};
use crate::sync::{Observation, Step};

/// The code does not keep to what a verdict rests on (or its automaton has no end).
#[derive(Debug, thiserror::Error)]
pub enum AutomatonError {
    /// Two runs of one script differ.
    #[error(
        "the buying code is not deterministic: after {history} it first did this: {first}; and on a second run: {second}. \
         Let it depend on nothing but what it observes through the platform (no clock, no random numbers, no statics)"
    )]
    NotDeterministic {
        /// The script.
        history: String,
        /// What the code did first.
        first: String,
        /// What it did then.
        second: String,
    },
    /// Two buyers take different steps on one script.
    #[error(
        "buyers are not interchangeable: after {history} buyer 0 did this: {first}; and buyer {buyer}: {second}. \
         Let a buyer's number matter only to what is printed"
    )]
    NotInterchangeable {
        /// The script.
        history: String,
        /// What buyer 0 did.
        first: String,
        /// The other buyer.
        buyer: usize,
        /// What that one did.
        second: String,
    },
    /// Two histories that were summarised as one lead to different steps.
    #[error(
        "a span leaks more than its return value: two histories left the same behind, yet after {first_history} the \
         next is this: {first}; and after {second_history}: {second}. Return from the span what matters later"
    )]
    Leak {
        /// One history.
        first_history: String,
        /// What followed it.
        first: String,
        /// The other.
        second_history: String,
        /// What followed that.
        second: String,
    },
    /// The automaton did not close.
    #[error("the code has {0}: it may remember without end. Wrap loops in `retry` and finished work in `span`")]
    Unbounded(Bound),
}

/// Where an automaton that does not close is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bound {
    /// It has more nodes than this.
    #[error("more than {0} control points")]
    Nodes(usize),
    /// A buyer remembers more than this at one of them: a loop that is no `retry`, most likely.
    #[error("control points at which a buyer remembers more than {0} observations")]
    Memory(usize),
}

/// Where two runs of one script come apart: what was common, and what each did then.
pub fn difference(script: &[Observation], first: &Run, second: &Run) -> (String, String, String) {
    let common = first.taken.iter().zip(&second.taken).take_while(|(first, second)| first == second).count();
    let then = |run: &Run| run.taken.get(common).map_or_else(|| did(run), does);
    (told(&first.taken[..common], script), then(first), then(second))
}

/// A history in words: its steps and what they observed.
pub fn told(steps: &[Step], observations: &[Observation]) -> String {
    if steps.is_empty() {
        return "no step at all".to_owned();
    }
    let told = steps.iter().zip(observations).map(|(step, seen)| format!("{} -> {}", does(step), observed(seen)));
    format!("[{}]", told.collect::<Vec<_>>().join("; "))
}

fn does(step: &Step) -> String {
    format!("{:?} of object {}", step.access, step.object)
}

/// What a run came to, in words: equal for runs that are alike.
pub fn did(run: &Run) -> String {
    let told = run.asides.iter().filter_map(|aside| match aside {
        Aside::Told(event) => {
            Some(format!("told {}{}, then ", event.name, event.value.map_or(String::new(), |v| format!(" {v}"))))
        }
        _ => None,
    });
    let told: String = told.collect();
    match &run.stop {
        Stop::Before(step) => format!("{told}{}", does(step)),
        Stop::Ended(end) => format!("{told}end: {end:?}"),
        Stop::Decided(go_on) => format!("{told}decision: {go_on}"),
    }
}

fn observed(observation: &Observation) -> String {
    match observation {
        Observation::Done => "done".to_owned(),
        Observation::Content(bytes) => crate::trace::shown(bytes),
        Observation::Value(value) => format!("{value:?}"),
        Observation::Number(number) => number.to_string(),
    }
}
