//! What else could have happened at each step of an execution, and whether it could still have ended well.
//!
//! Of a property that must *always* hold, **an execution ends well** if it comes to its end (a state in which nobody can take
//! a step) and
//!
//! | property looks at | on the way and at the end |
//! | --- | --- |
//! | states (`no-oversell`) | no state breaks it |
//! | steps (`no-torn-read`, `no-crash`) | no step breaks it |
//! | ends (`ledger-balances`, `no-undersell`) | the end does not break it; for `no-deadlock`: all have finished |
//! | futures (`no-livelock`) | nothing more: it has an end |
//!
//! A state **can still end well** if some execution from there does, in which nobody more is killed: kills happen, and nobody
//! may count on them. An execution that goes on for ever does not end well. The **point of no return** of an execution is
//! the step after the last state on it that can still end well.
//!
//! All of this is read off the graph of every reachable state, so it is exact for this many threads; where there are more than
//! [`MOST_STATES`], nothing is said.

mod graph;
mod picture;

use super::automaton::AutomatonError;
use super::exploration::Space;
use super::witness::Numbers;
use super::{Instance, Property};
use crate::platform::model::Model;
use crate::platform::{Act, Actor, Move};
use crate::scenario::Scenario;
use crate::trace::page::{Fate, Way, Ways};
use crate::trace::{Closing, RowKind, Schedule, layout};
use graph::{Arc, Graph};

/// The most states of which it is said what can come of them.
pub const MOST_STATES: usize = 20_000;

/// The most steps of an execution at each of which it is said what else could have happened.
const MOST_STEPS: usize = 200;

/// What else could have happened, and a picture of all states with what is to be said of it.
pub struct Alternatives {
    /// What else could have happened.
    pub ways: Ways,
    /// The picture, as SVG, and what is to be said of it; an empty one where there is none.
    pub picture: (String, String),
}

/// Looks at an execution that breaks an *always* property, or does not.
pub fn alternatives(scenario: &Scenario, instance: &Instance, property: Property, schedule: &Schedule) -> Alternatives {
    let unknown = |why: String| {
        let picture = (String::new(), format!("No picture: {why}."));
        Alternatives { ways: Ways::Unknown(format!("not computed: {why}")), picture }
    };
    match looked(scenario, instance, property, schedule) {
        Ok(Ok(alternatives)) => alternatives,
        Ok(Err(why)) => unknown(why),
        Err(error) => unknown(error.to_string()),
    }
}

fn looked(
    scenario: &Scenario,
    instance: &Instance,
    property: Property,
    schedule: &Schedule,
) -> Result<Result<Alternatives, String>, AutomatonError> {
    let mut automaton = graph::automaton(scenario)?;
    let mut space = Space::new(&mut automaton, instance)?;
    let graph = match Graph::of(&mut space, property)? {
        Ok(graph) => graph,
        Err(limit) => return Ok(Err(limit)),
    };
    let walk = match Walk::along(&space, &graph, schedule) {
        Ok(walk) => walk,
        Err(why) => return Ok(Err(why)),
    };
    let picture = picture::of(&space, &graph, &walk.states());
    let ways = if schedule.0.len() > MOST_STEPS {
        Ways::Unknown(format!("not computed: it takes more than {MOST_STEPS} steps"))
    } else {
        Ways::Known { turn: walk.turn(&graph), steps: walk.steps(&space, &graph) }
    };
    Ok(Ok(Alternatives { ways, picture }))
}

/// An execution as a path through the graph.
struct Walk<'s> {
    schedule: &'s Schedule,
    /// Before each move, and after the last.
    places: Vec<Spot>,
    /// The arcs that lead from one to the next.
    arcs: Vec<Arc>,
}

/// A moment of the execution: the state, and which thread stands where.
struct Spot {
    state: usize,
    numbers: Numbers,
}

impl<'s> Walk<'s> {
    fn along(space: &Space<'_>, graph: &Graph, schedule: &'s Schedule) -> Result<Self, String> {
        let mut numbers = Numbers::new(space, graph.state(0));
        let (mut places, mut arcs, mut state) = (Vec::new(), Vec::new(), 0);
        for mv in &schedule.0 {
            let taken = graph.arcs(state).iter().find(|arc| {
                let movers = numbers.at(space, arc.transition.mover);
                arc.transition.act == mv.act && movers.contains(&mv.actor)
            });
            let Some(arc) = taken.copied() else {
                return Err("this is no interleaving of steps that the counting engine knows".to_owned());
            };
            places.push(Spot { state, numbers: numbers.clone() });
            numbers.moved(space, mv.actor, arc.transition.to, graph.state(arc.to));
            state = arc.to;
            arcs.push(arc);
        }
        places.push(Spot { state, numbers });
        Ok(Walk { schedule, places, arcs })
    }

    fn states(&self) -> Vec<usize> {
        self.places.iter().map(|spot| spot.state).collect()
    }

    /// The step after which it can no longer end well.
    fn turn(&self, graph: &Graph) -> Option<usize> {
        let last = (0..self.places.len()).rev().find(|&k| {
            let broken = self.arcs[..k].iter().any(|arc| arc.breaks)
                || self.places[..k].iter().any(|spot| graph.breaks(spot.state))
                || graph.breaks_at_once();
            !broken && graph.can_end_well(self.places[k].state)
        });
        match last {
            None => Some(0),
            Some(last) if last + 1 == self.places.len() => None,
            Some(last) => Some(last + 1),
        }
    }

    /// For each step the moves that were possible in its place.
    fn steps(&self, space: &Space<'_>, graph: &Graph) -> Vec<Vec<Way>> {
        let mut model = Model::new(space.scenario(), space.instance());
        let mut steps = Vec::new();
        for (spot, mv) in self.places.iter().zip(&self.schedule.0) {
            let mut ways: Vec<(Actor, Way)> = Vec::new();
            for arc in graph.arcs(spot.state) {
                let movers = spot.numbers.at(space, arc.transition.mover);
                let act = arc.transition.act;
                let (taker, others): (Vec<_>, Vec<_>) =
                    movers.into_iter().partition(|actor| Move { actor: *actor, act } == *mv);
                // Whoever stands at the same place can do the same, with the same to come of it.
                for group in [taker, others].into_iter().filter(|group| !group.is_empty()) {
                    let way = self.way(space, graph, &model, spot, *arc, &group);
                    let taken = Move { actor: group[0], act } == *mv;
                    ways.push((group[0], Way { taken, ..way }));
                }
            }
            ways.sort_by_key(|(actor, way)| (!way.taken, *actor));
            steps.push(ways.into_iter().map(|(_, way)| way).collect());
            model.make(*mv).expect("the graph has this move, so the model does");
        }
        steps
    }

    fn way(&self, space: &Space<'_>, graph: &Graph, model: &Model, spot: &Spot, arc: Arc, who: &[Actor]) -> Way {
        let fate = if arc.breaks || graph.breaks(arc.to) {
            Fate::Breaks
        } else if graph.can_end_well(arc.to) {
            Fate::Good
        } else {
            Fate::Doomed
        };
        let actor = who[0];
        let mut numbers = spot.numbers.clone();
        numbers.moved(space, actor, arc.transition.to, graph.state(arc.to));
        let mut moves = vec![Move { actor, act: arc.transition.act }];
        let on = if fate == Fate::Breaks { Vec::new() } else { graph.way_on(arc.to) };
        for next in on {
            let movers = numbers.at(space, next.transition.mover);
            let last = moves.last().map(|mv| mv.actor).filter(|last| movers.contains(last));
            let actor = last.unwrap_or(movers[0]);
            numbers.moved(space, actor, next.transition.to, graph.state(next.to));
            moves.push(Move { actor, act: next.transition.act });
        }
        let mut said = told(model, &moves).into_iter();
        let (_, text) = said.next().expect("a move is a step of the trace");
        let name = |actor: &Actor| model.trace().name(*actor);
        let who = match who {
            [one] => name(one),
            [one, other] => format!("{} or {}", name(one), name(other)),
            [one, rest @ ..] => format!("{} or any of {} like it", name(one), rest.len()),
            [] => unreachable!("a group has somebody in it"),
        };
        Way { who, text, taken: false, fate, then: said.collect() }
    }
}

/// What becomes of an execution if it goes on so: who, and what, move by move.
fn told(model: &Model, moves: &[Move]) -> Vec<(String, String)> {
    let (mut model, before) = (model.clone(), model.trace().schedule().len());
    for mv in moves {
        model.make(*mv).expect("the graph has this move, so the model does");
    }
    let layout = layout(model.scenario(), model.trace(), &Closing::Stands(String::new()));
    let mut told: Vec<(String, String)> = Vec::new();
    let mut new = false;
    for row in layout.rows {
        new |= row.number.is_some_and(|number| number > before);
        let Some(lane) = row.lane.filter(|_| new) else { continue };
        match (row.number, told.last_mut()) {
            (Some(_), _) => told.push((layout.lanes[lane].clone(), row.text)),
            // What is said on the way says little; how somebody dies says all.
            (None, Some((_, text))) if row.kind == RowKind::Death => text.push_str(&format!(", {}", row.text)),
            _ => {}
        }
    }
    told
}

/// Whether a move is one that somebody makes, rather than one that befalls them.
fn is_made(act: Act) -> bool {
    act != Act::Kill
}
