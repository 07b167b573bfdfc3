//! Directed search: to the worst case, and to executions of many threads, without all states before them.
//!
//! Depth first, and without steps after which somebody could no longer sell what is still needed. For the worst case, steps
//! come first that change nothing shared (whoever has seen that there is one left can act on it later), and the search stops
//! where it reaches a bound: as much as all threads together could sell at most, each for itself. Then that is the worst case;
//! if the search ends elsewhere, nothing is claimed. An execution that it finds is one, but need not be the shortest.

use super::Property;
use super::automaton::{AutomatonError, NodeId};
use super::exploration::{Mover, Space, Transition};
use super::states::States;
use crate::platform::Act;

/// Moves, each with the state after it.
type Way = Vec<(Transition, Vec<u32>)>;

/// The most states that are looked at.
const MOST_STATES: usize = 50_000;

/// Searches an instance whose automaton has been read for any number of threads, which all together can sell no more than
/// `most`, if that is known. Returns the worst case if the search has reached it.
pub fn worst(space: &mut Space<'_>, most: Option<i64>) -> Result<Option<i64>, AutomatonError> {
    let potential = Potential::of(space);
    let initial = space.initial()?.0;
    let bound = potential.total(space, &initial);
    let bound = most.map_or(bound, |most| bound.min(most));
    let found = search(space, &potential, bound, First::Quiet, |space, state| Ok(sold(space, state) == Some(bound)))?;
    Ok(found.map(|_| bound))
}

/// An execution that shows a property of what is sold, move by move, with the state after each.
pub fn execution(space: &mut Space<'_>, property: Property) -> Result<Option<Way>, AutomatonError> {
    let potential = Potential::of(space);
    let (Some(needed), false) = (needed(space, property), space.automaton.is_apart()) else { return Ok(None) };
    if property == Property::NoOversell {
        return search(space, &potential, needed, First::Quiet, |space, state| Ok(space.state_shows(property, state)));
    }
    search(space, &potential, needed, First::Same, |space, state| {
        let is_end = !space.successors(state, &mut Vec::new(), |_, _, _| {})?;
        let finale = space.finale(state);
        Ok(is_end && space.end_shows(property, state, &finale))
    })
}

/// How much has to be sold for a property to show.
fn needed(space: &Space<'_>, property: Property) -> Option<i64> {
    match property {
        Property::NoOversell => Some(space.stock() + 1),
        Property::SellsOut => Some(space.stock()),
        _ => None,
    }
}

/// The fewest threads of roles that vary which could show a property, as far as that is plain from what each of them can
/// sell. All of the automaton must have been read.
pub fn fewest(space: &Space<'_>, property: Property, varies: impl Fn(usize) -> bool) -> usize {
    let Some(needed) = needed(space, property) else { return 0 };
    let potential = Potential::of(space);
    let (mut fixed, mut most) = (0, 0);
    for (role, threads) in space.instance().threads.iter().enumerate() {
        let each = potential.at(space.start_of(role, 0));
        match varies(role) {
            true => most = most.max(each),
            false => fixed += each * threads.number().unwrap_or(0) as i64,
        }
    }
    match most {
        1.. => usize::try_from((needed - fixed + most - 1) / most).unwrap_or(0),
        _ => 0,
    }
}

/// Which steps are tried first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// Those that change nothing shared.
    Quiet,
    /// Those of the thread that has moved last.
    Same,
}

/// Searches for a state that is sought, among those from which `needed` can still be sold; the way there.
fn search(
    space: &mut Space<'_>,
    potential: &Potential,
    needed: i64,
    first: First,
    mut is_sought: impl FnMut(&mut Space<'_>, &[u32]) -> Result<bool, AutomatonError>,
) -> Result<Option<Way>, AutomatonError> {
    let initial = space.initial()?.0;
    let mut states = States::default();
    states.insert(&initial);
    if is_sought(space, &initial)? {
        return Ok(Some(Vec::new()));
    }
    let mut way: Way = Vec::new();
    let mut open = vec![options(space, potential, needed, first, &initial, None)?];
    while let Some(rest) = open.last_mut() {
        let Some((transition, state)) = rest.pop() else {
            open.pop();
            way.pop();
            continue;
        };
        if !states.insert(&state).1 {
            continue;
        }
        let sought = is_sought(space, &state)?;
        way.push((transition, state));
        if sought {
            return Ok(Some(way));
        }
        if states.len() > MOST_STATES {
            break;
        }
        let (transition, state) = &way[way.len() - 1];
        open.push(options(space, potential, needed, first, state, Some(transition))?);
    }
    Ok(None)
}

/// What follows without loss, the most promising last.
fn options(
    space: &mut Space<'_>,
    potential: &Potential,
    needed: i64,
    first: First,
    state: &[u32],
    last: Option<&Transition>,
) -> Result<Way, AutomatonError> {
    let mut nexts: Way = Vec::new();
    space.successors(state, &mut Vec::new(), |_, transition, next| nexts.push((transition, next.to_vec())))?;
    // Nobody needs to be killed to sell something.
    nexts.retain(|(transition, next)| transition.act != Act::Kill && potential.total(space, next) >= needed);
    match first {
        // Whatever changes what is shared comes first, so it is taken last.
        First::Quiet => nexts.sort_by_key(|(_, next)| space.control(next) == space.control(state)),
        First::Same => {
            let stands = last.map(|last| if last.mover == Mover::Parent { last.mover } else { Mover::At(last.to) });
            nexts.sort_by_key(|(transition, _)| Some(transition.mover) == stands);
        }
    }
    Ok(nexts)
}

/// What is sold in a state, beyond what was added to the stock.
fn sold(space: &Space<'_>, state: &[u32]) -> Option<i64> {
    space.balance(state).map(|balance| balance + space.stock())
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

    fn at(&self, node: NodeId) -> i64 {
        self.0.get(node as usize).copied().unwrap_or(0)
    }

    /// The most that can be sold from a state on, if nobody hinders anybody.
    fn total(&self, space: &Space<'_>, state: &[u32]) -> i64 {
        let there: i64 = space.marking(state).map(|(node, count)| self.at(node) * i64::from(count)).sum();
        let first = space.instance().threads.first().map_or(0, |_| self.at(space.start_of(0, 0)));
        there + first * i64::from(space.unstarted(state))
    }
}
