//! Refusing code that breaks what verdicts rest on: the errors, and what they say of two runs.

use crate::platform::script::{Local, Memory, Run, Stop, did};
use crate::scenario::{Role, Scenario};
use std::any::TypeId;
use std::sync::{Mutex, PoisonError};

/// The code does not keep to what a verdict rests on (or its automaton has no end).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AutomatonError {
    /// Two runs of one script differ.
    #[error(
        "the code of {role} is not deterministic: after {history} it first did this: {first}; and on another run: {second}. \
         Let it depend on nothing but what it observes and chooses through the platform (no clock, no random numbers, \
         no statics, no interior mutability)"
    )]
    NotDeterministic {
        /// Whose code.
        role: String,
        /// The script.
        history: String,
        /// What the code did first.
        first: String,
        /// What it did then.
        second: String,
    },
    /// With a finished span skipped, the code does something else than with the span run.
    #[error(
        "a span in the code of {role} leaves more behind than its return value: after {history} the code does this: {whole}; \
         but with finished spans skipped: {skipped}. Return from the span what matters later"
    )]
    Leak {
        /// Whose code.
        role: String,
        /// The whole history.
        history: String,
        /// What it did after it.
        whole: String,
        /// What it did when it only knew what the spans returned.
        skipped: String,
    },
    /// The code does what no verdict could be given on.
    #[error("the code of {role} cannot be followed: after {history} {reason}")]
    Refused {
        /// Whose code.
        role: String,
        /// The script.
        history: String,
        /// What it does.
        reason: String,
    },
    /// The shared objects are declared in different ways.
    #[error(
        "the scenario declares other objects each time: once {first}, then {second}. Let `build` always do the same"
    )]
    NotBuiltAlike {
        /// At first.
        first: String,
        /// Then.
        second: String,
    },
    /// Two values are equal and yet not the same.
    #[error(
        "two values of the {object} compare equal and yet are not the same: {first} and {second}. \
         Let its `PartialEq` (and `Hash`) look at all of it, or leave what does not matter out of the value"
    )]
    UnequalEquals {
        /// Which object, or span.
        object: String,
        /// One value.
        first: String,
        /// The other.
        second: String,
    },
    /// The same code has been refused before in this process, and may have changed its ways since.
    #[error(
        "the code of `{scenario}` was refused before in this process ({reason}), so what it does now proves nothing: \
         mend it, and run anew"
    )]
    RefusedBefore {
        /// The scenario.
        scenario: String,
        /// Why it was refused.
        reason: String,
    },
    /// What somebody could see is not modelled.
    #[error(
        "a thread of {role} can come to its end (a crash, or a guard that is forgotten) while it holds the {object}, which is \
         also tried without waiting: whoever tries it in between is refused, and that is not modelled. \
         Release it before the end, or wait for it"
    )]
    EndUnseen {
        /// Whose threads.
        role: String,
        /// What they hold.
        object: String,
    },
    /// The automaton did not close.
    #[error("{0}")]
    Unbounded(Bound),
}

/// Where an automaton that does not close is given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bound {
    /// It has more nodes than this.
    #[error(
        "the code has more than {0} control points: it may remember without end. Wrap loops in `retry` and finished \
         work in `span`"
    )]
    Nodes(usize),
    /// A thread remembers more than this at one of them: a loop that is no `retry`, most likely.
    #[error(
        "the code has control points at which a thread remembers more than {0} observations: it may remember without \
         end. Wrap loops in `retry` and finished work in `span`"
    )]
    Memory(usize),
    /// A limit was hit while the code was read, in these words.
    #[error("while the code was being read, the check {0}")]
    Limit(String),
}

/// A history in words: its steps and what they observed.
pub fn told(names: &[&str], memory: &[Memory]) -> String {
    if memory.is_empty() {
        return "no step at all".to_owned();
    }
    format!("[{}]", memory.iter().map(|memory| did(names, memory)).collect::<Vec<_>>().join("; "))
}

/// What a run came to, in words: equal for runs that are alike.
pub fn came_to(names: &[&str], run: &Run) -> String {
    let told = run.locals.iter().map(|local| match local {
        Local::Told(event) => {
            format!("told {}{}, then ", event.name, event.value.map_or(String::new(), |v| format!(" {v}")))
        }
        Local::Entered(span) => format!("entered `{span}`, then "),
        Local::Left(span, result) => format!("left `{span}` with {result:?}, then "),
        Local::Again(span) => format!("began `{span}` again, then "),
    });
    let told: String = told.collect();
    match &run.stop {
        Stop::Before(step) => format!("{told}{}", crate::trace::step(names, step)),
        Stop::Ended(end) => format!("{told}end: {end:?}"),
        Stop::Decided(go_on) => format!("{told}decision: {go_on}"),
        Stop::Refused(reason) | Stop::Strayed(reason) => format!("{told}{reason}"),
    }
}

/// Code that was refused in this process: by the name of its scenario and the type of a role's closure.
static REFUSED: Mutex<Vec<(String, TypeId, String)>> = Mutex::new(Vec::new());

/// Remembers that a scenario's code was refused: if it only misbehaves at first (a static that it fills), it shall not
/// be proved later on.
pub fn remember(scenario: &Scenario, error: &AutomatonError) {
    if matches!(error, AutomatonError::Unbounded(_) | AutomatonError::RefusedBefore { .. }) {
        return;
    }
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.extend(keys(scenario).map(|(name, code)| (name, code, error.to_string())));
}

/// The refusal of the same code before, if there was one.
pub fn remembered(scenario: &Scenario) -> Option<AutomatonError> {
    let refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = refused.iter().find(|(name, code, _)| keys(scenario).any(|key| key == (name.clone(), *code)))?;
    Some(AutomatonError::RefusedBefore { scenario: scenario.name().to_owned(), reason: known.2.clone() })
}

fn keys(scenario: &Scenario) -> impl Iterator<Item = (String, TypeId)> + '_ {
    scenario.roles().iter().map(|role: &Role| (scenario.name().to_owned(), role.code_type))
}
