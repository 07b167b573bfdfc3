//! The worst case: the most that can be sold, searched for directly.
//!
//! Depth first, with steps first that change nothing shared (whoever has seen that there is one left can act on it later),
//! and without steps after which somebody could no longer sell what it could have. The search stops where it reaches a
//! bound: as much as all threads together could sell at most, each for itself. Then that is the worst case; if the search
//! ends elsewhere, what it has found is only a lower bound, and nothing is claimed.

use super::automaton::{AutomatonError, NodeId};
use super::exploration::{Space, Transition};
use super::states::States;

/// The most states that are looked at.
const MOST_STATES: usize = 50_000;

/// Searches an instance whose automaton has been read for any number of threads. Returns the worst case if the search
/// has reached it.
pub fn worst(space: &mut Space<'_>) -> Result<Option<i64>, AutomatonError> {
    let potential = Potential::of(space);
    let mut states = States::default();
    let initial = space.initial()?.0;
    let bound = potential.total(space, &initial);
    states.insert(&initial);
    let mut path = vec![options(space, &potential, &initial)?];
    if sold(space, &initial) == Some(bound) {
        return Ok(Some(bound));
    }
    while let Some(rest) = path.last_mut() {
        let Some(state) = rest.pop() else {
            path.pop();
            continue;
        };
        if !states.insert(&state).1 {
            continue;
        }
        if sold(space, &state) == Some(bound) {
            return Ok(Some(bound));
        }
        if states.len() > MOST_STATES {
            break;
        }
        path.push(options(space, &potential, &state)?);
    }
    Ok(None)
}

/// What is sold in a state, beyond what was added to the stock.
fn sold(space: &Space<'_>, state: &[u32]) -> Option<i64> {
    space.balance(state).map(|balance| balance + space.stock())
}

/// The states that follow without loss, the most promising last.
fn options(space: &mut Space<'_>, potential: &Potential, state: &[u32]) -> Result<Vec<Vec<u32>>, AutomatonError> {
    let total = potential.total(space, state);
    let mut nexts: Vec<(Transition, Vec<u32>)> = Vec::new();
    space.successors(state, &mut Vec::new(), |_, transition, next| nexts.push((transition, next.to_vec())))?;
    nexts.retain(|(_, next)| potential.total(space, next) == total);
    let loud = |next: &[u32]| space.control(next) != space.control(state);
    nexts.sort_by_key(|(_, next)| std::cmp::Reverse(loud(next)));
    // Whatever changes what is shared comes first, so it is taken last.
    Ok(nexts.into_iter().map(|(_, next)| next).collect())
}

/// By control point, the most that a thread can have sold at its end that stands there.
struct Potential(Vec<i64>);

impl Potential {
    fn of(space: &Space<'_>) -> Potential {
        let automaton = &*space.automaton;
        let own = |node: usize| {
            let tally = &automaton.node(node as NodeId).tally;
            tally.sold - tally.restocked
        };
        let mut most: Vec<i64> = (0..automaton.len()).map(own).collect();
        // Edges lead to later points as often as not, so this is soon over.
        let mut changed = true;
        while changed {
            changed = false;
            for node in (0..most.len()).rev() {
                let best = automaton.targets(node as NodeId).map(|to| most[to as usize]).max();
                if let Some(best) = best.filter(|best| *best > most[node]) {
                    most[node] = best;
                    changed = true;
                }
            }
        }
        Potential(most)
    }

    /// The most that can be sold from a state on, if nobody hinders anybody.
    fn total(&self, space: &Space<'_>, state: &[u32]) -> i64 {
        let of = |node: NodeId| self.0.get(node as usize).copied().unwrap_or(0);
        let there: i64 = space.marking(state).map(|(node, count)| of(node) * i64::from(count)).sum();
        let first = space.instance().threads.first().map_or(0, |_| of(space.start_of(0, 0)));
        there + first * i64::from(space.unstarted(state))
    }
}
