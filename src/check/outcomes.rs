//! Every final outcome that is possible, each with one schedule that leads to it.

use super::automaton::{Automaton, NodeId};
use super::exploration::{Mover, Space, Transition};
use super::states::States;
use super::{CheckError, Counting, Crowd, Final};
use crate::platform::{Actor, Move};
use crate::scenario::{Launch, Scenario};
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

/// Explores every execution of a crowd and lists how they can end, sorted.
///
/// # Errors
/// The scenario cannot be checked, or has more states than `limits` allow.
pub fn outcomes<S: Scenario>(scenario: &S, crowd: &Crowd, limits: &Counting) -> Result<Vec<Reached>, CheckError> {
    let mut automaton = Automaton::new(scenario, limits.max_nodes);
    let mut space = Space::new(&mut automaton, *crowd)?;
    let mut states = States::default();
    let (mut state, mut next) = (space.initial()?, Vec::new());
    states.insert(&state);
    // invariant: `parents[n - 1]` is how state `n` was first reached
    let mut parents: Vec<(u32, Transition)> = Vec::new();
    let mut ends: BTreeMap<Final, usize> = BTreeMap::new();
    let mut number = 0;
    while number < states.len() {
        state.clear();
        state.extend_from_slice(states.get(number));
        let steps = space.successors(&state, &mut next, |_, transition, next| {
            if states.insert(next) {
                parents.push((number as u32, transition));
            }
        })?;
        if !steps {
            ends.entry(space.finale(&state)).or_insert(number);
        }
        number += 1;
        if states.len() > limits.max_states {
            let reason = format!("has more than {} states to explore (see --max-states)", limits.max_states);
            return Err(CheckError::Unsupported { engine: "counting", reason });
        }
    }
    let start = space.automaton.buyer()?.0;
    let mut reached = Vec::new();
    for (end, mut number) in ends {
        let mut path = Vec::new();
        while number > 0 {
            let (parent, transition) = parents[number - 1];
            path.push((transition, space.unstarted(states.get(number)) as usize));
            number = parent as usize;
        }
        path.reverse();
        let schedule = number_buyers(&path, scenario.launch(), crowd.buyers, start);
        reached.push(Reached { end, schedule });
    }
    Ok(reached)
}

/// Gives the buyers on a path their numbers: whoever moved last goes on if it can, else the lowest number does.
fn number_buyers(path: &[(Transition, usize)], launch: Launch, buyers: usize, start: NodeId) -> Schedule {
    let mut places = vec![start; if launch == Launch::Together { buyers } else { 1 }];
    let mut moves: Vec<Move> = Vec::new();
    for (transition, unstarted) in path {
        let actor = match transition.mover {
            Mover::Launcher => Actor::Launcher,
            Mover::At(node) => {
                let last = moves.last().and_then(|mv| mv.actor.buyer()).filter(|last| places[*last] == node);
                let buyer = last.or_else(|| places.iter().position(|place| *place == node));
                let buyer = buyer.expect("the path has somebody at every control point it leaves");
                places[buyer] = transition.to;
                Actor::Buyer(buyer)
            }
        };
        places.resize(buyers - unstarted, start);
        moves.push(Move { actor, kill: transition.kill });
    }
    Schedule(moves)
}
