//! The graph of every reachable state, and what can come of each.

use super::{MOST_STATES, is_made};
use crate::check::automaton::{Automaton, AutomatonError, Endings};
use crate::check::exploration::{Space, Transition};
use crate::check::limits::Limits;
use crate::check::states::States;
use crate::check::{Property, Scope};
use crate::scenario::Scenario;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The code of a scenario, with all endings apart: any property may ask for them.
pub fn automaton(scenario: &Scenario) -> Result<Automaton, AutomatonError> {
    Automaton::new(scenario, &Limits { max_nodes: MOST_STATES, ..Limits::default() }, Endings::Apart)
}

/// A transition between two states of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Arc {
    pub transition: Transition,
    pub to: usize,
    /// Whether what happens in it breaks the property.
    pub breaks: bool,
}

/// Every reachable state, with what a property has to say of it.
pub struct Graph {
    states: States,
    arcs: Vec<Vec<Arc>>,
    ends: Vec<bool>,
    /// Whether a state breaks the property, as a state or as an end.
    breaks: Vec<bool>,
    at_once: bool,
    /// How many steps a good end is away; `None` if none can be reached.
    well: Vec<Option<u32>>,
    /// How many steps it takes at least to break the property.
    badly: Vec<Option<u32>>,
}

impl Graph {
    /// Explores all of it; `Ok(Err)` says which limit was hit.
    pub fn of(space: &mut Space<'_>, property: Property) -> Result<Result<Graph, String>, AutomatonError> {
        let shows = |flags: crate::check::automaton::Flags| match property {
            Property::NoTornRead => flags.torn,
            Property::NoCrash => flags.crash,
            _ => false,
        };
        let (initial, flags) = space.initial()?;
        let mut graph = Graph {
            states: States::default(),
            arcs: Vec::new(),
            ends: Vec::new(),
            breaks: Vec::new(),
            at_once: shows(flags),
            well: Vec::new(),
            badly: Vec::new(),
        };
        graph.states.insert(&initial);
        let (mut state, mut next) = (Vec::new(), Vec::new());
        while graph.arcs.len() < graph.states.len() {
            state.clear();
            state.extend_from_slice(graph.states.get(graph.arcs.len()));
            let mut arcs = Vec::new();
            let goes_on = space.successors(&state, &mut next, |_, transition, next| {
                let (to, _) = graph.states.insert(next);
                arcs.push(Arc { transition, to, breaks: shows(transition.flags) });
            })?;
            let breaks = match property.scope() {
                Scope::States => space.state_shows(property, &state),
                Scope::Ends if !goes_on => {
                    let finale = space.finale(&state);
                    space.end_shows(property, &state, &finale)
                }
                _ => false,
            };
            graph.arcs.push(arcs);
            graph.ends.push(!goes_on);
            graph.breaks.push(breaks);
            if graph.states.len() > MOST_STATES {
                return Ok(Err(format!("there are more than {MOST_STATES} states")));
            }
        }
        graph.look_ahead();
        if property.scope() == Scope::Futures {
            graph.breaks = graph.well.iter().map(Option::is_none).collect();
        }
        Ok(Ok(graph))
    }

    /// How many states there are.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    pub fn state(&self, number: usize) -> &[u32] {
        self.states.get(number)
    }

    pub fn arcs(&self, state: usize) -> &[Arc] {
        &self.arcs[state]
    }

    pub fn is_end(&self, state: usize) -> bool {
        self.ends[state]
    }

    /// Whether a state breaks the property.
    pub fn breaks(&self, state: usize) -> bool {
        self.breaks[state]
    }

    /// Whether it is broken before anybody has taken a step.
    pub fn breaks_at_once(&self) -> bool {
        self.at_once
    }

    pub fn can_end_well(&self, state: usize) -> bool {
        self.well[state].is_some()
    }

    /// Whether the last step of a path breaks the property.
    pub fn arrives_broken(&self, path: &[usize]) -> bool {
        let [.., from, to] = *path else { return self.at_once };
        self.arcs[from].iter().any(|arc| arc.to == to && arc.breaks)
    }

    /// A shortest way on from a state: to a good end if there is one in reach, else to where the property breaks.
    pub fn way_on(&self, mut state: usize) -> Vec<Arc> {
        let well = self.can_end_well(state);
        let away = |state: usize| if well { self.well[state] } else { self.badly[state] };
        let mut way = Vec::new();
        while let Some(left) = away(state).filter(|left| *left > 0) {
            let nearer = |arc: &&Arc| {
                is_made(arc.transition.act)
                    && if arc.breaks { !well && left == 1 } else { away(arc.to) == Some(left - 1) }
            };
            let arc = self.arcs[state].iter().find(nearer).expect("somebody is nearer by a step");
            way.push(*arc);
            if arc.breaks {
                break;
            }
            state = arc.to;
        }
        way
    }

    /// Finds out how far good ends are, and how far what breaks the property is.
    fn look_ahead(&mut self) {
        let good = (0..self.len()).filter(|state| self.ends[*state] && !self.breaks[*state]);
        self.well = self.away_from(good.map(|state| (0, state)), |graph, state| !graph.breaks[state]);
        let broken = (0..self.len()).filter_map(|state| {
            let by_step = self.arcs[state].iter().any(|arc| arc.breaks && is_made(arc.transition.act));
            if self.breaks[state] { Some((0, state)) } else { by_step.then_some((1, state)) }
        });
        self.badly = self.away_from(broken, |_, _| true);
    }

    /// By state, how many steps, none of which breaks anything, it takes to one of these. With each goes how far it is
    /// itself, 0 or 1.
    fn away_from(
        &self,
        from: impl Iterator<Item = (u32, usize)>,
        passes: impl Fn(&Graph, usize) -> bool,
    ) -> Vec<Option<u32>> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.len()];
        for (state, arcs) in self.arcs.iter().enumerate() {
            for arc in arcs.iter().filter(|arc| !arc.breaks && is_made(arc.transition.act)) {
                before[arc.to].push(state);
            }
        }
        let mut away = vec![None; self.len()];
        let mut work: BinaryHeap<_> = from.map(Reverse).collect();
        while let Some(Reverse((near, state))) = work.pop() {
            if away[state].is_some() || !passes(self, state) {
                continue;
            }
            away[state] = Some(near);
            work.extend(before[state].iter().map(|state| Reverse((near + 1, *state))));
        }
        away
    }
}
