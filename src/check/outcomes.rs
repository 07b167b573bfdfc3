//! Every final outcome that is possible, each with one schedule that leads to it.

use super::automaton::{Automaton, Endings};
use super::exploration::{Mover, Space, Transition};
use super::states::States;
use super::turns::Followed;
use super::witness::Numbers;
use super::{CheckError, Final, Instance, Limits};
use crate::platform::Move;
use crate::scenario::Scenario;
use crate::trace::Schedule;
use std::collections::BTreeMap;

/// An outcome that some execution comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The outcome.
    pub end: Final,
    /// A shortest schedule that leads to it.
    pub schedule: Schedule,
}

/// The outcomes of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// Those that were found, sorted.
    pub reached: Vec<Reached>,
    /// The limit that was hit, if there may be more.
    pub limit: Option<String>,
}

/// Explores every execution of an instance and lists how they can end.
///
/// # Errors
/// The scenario cannot be checked.
pub fn outcomes(scenario: &Scenario, instance: &Instance, limits: &Limits) -> Result<Outcomes, CheckError> {
    if instance.is_any() {
        let reason = "lists outcomes of a known number of threads only".to_owned();
        return Err(CheckError::Unsupported { engine: "counting", reason });
    }
    by(&mut Automaton::new(scenario, limits, Endings::Apart)?, instance)
}

/// Lists how an instance of a known number of threads can end.
pub(super) fn by(automaton: &mut Automaton, instance: &Instance) -> Result<Outcomes, CheckError> {
    let scenario = automaton.scenario().clone();
    let followed = Followed::new(&scenario);
    let mut space = Space::new(automaton, instance)?;
    let mut states = States::default();
    let (mut state, mut next) = (space.initial()?.0, Vec::new());
    states.insert(&state);
    // invariant: `parents[n - 1]` is how state `n` was first reached
    let mut parents: Vec<(u32, Transition)> = Vec::new();
    let mut ends: BTreeMap<Final, usize> = BTreeMap::new();
    let (mut number, mut limit) = (0, None);
    while number < states.len() && limit.is_none() {
        state.clear();
        state.extend_from_slice(states.get(number));
        let steps = space.successors(&state, &mut next, |_, transition, next| {
            if states.insert(next).1 {
                parents.push((number as u32, transition));
            }
        })?;
        if !steps {
            ends.entry(space.finale(&state)).or_insert(number);
        }
        number += 1;
        let bytes = states.bytes() + parents.capacity() * size_of::<(u32, Transition)>() + space.automaton.bytes();
        let meter = space.automaton.meter();
        let most = meter.limits.max_states;
        limit = meter.look("states", states.len(), most, bytes);
    }
    let mut reached = Vec::new();
    for (end, mut number) in ends {
        let mut path = Vec::new();
        while number > 0 {
            let (parent, transition) = parents[number - 1];
            path.push((transition, number));
            number = parent as usize;
        }
        path.reverse();
        reached.push(Reached { end, schedule: number_threads(&space, &path, &states) });
    }
    automaton.cross_check()?;
    // Whoever stands still has not ended.
    let limit = limit.or_else(|| followed.bound().map(|bound| format!("followed the code {bound}")));
    Ok(Outcomes { reached, limit })
}

/// Gives the threads on a path their numbers: whoever moved last goes on if it can, else the lowest number does.
fn number_threads(space: &Space<'_>, path: &[(Transition, usize)], states: &States) -> Schedule {
    let mut numbers = Numbers::new(space, states.get(0));
    let mut moves: Vec<Move> = Vec::new();
    for (transition, state) in path {
        let able = numbers.at(space, transition.mover);
        let last = moves.last().map(|mv| mv.actor).filter(|last| able.contains(last));
        let actor = last.or(able.first().copied()).expect("the path has somebody at every control point it leaves");
        debug_assert!(matches!(transition.mover, Mover::Parent) || actor.role().is_some());
        numbers.moved(space, actor, transition.to, states.get(*state));
        moves.push(Move { actor, act: transition.act });
    }
    Schedule(moves)
}
