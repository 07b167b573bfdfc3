//! Canonical witnesses: of all executions that show a property the one with the fewest buyers, then the fewest
//! moves, then the fewest context switches, then the lowest-numbered buyer first.
//!
//! Buyers are counted here too, so this reaches any size. A breadth-first search finds the fewest moves; going
//! back over its layers, every state on a shortest path learns how few switches the rest can do with. Whether
//! the next move is a switch depends only on where the last mover stands, so counts are enough. Going forward
//! again, buyers get their numbers: at each move the lowest number that stays within the optimum.

use super::automaton::{Automaton, AutomatonError, NodeId};
use super::exploration::{Mover, Space, Transition};
use super::states::States;
use super::{CheckError, Crowd, Property, Witness};
use crate::platform::{Actor, Move};
use crate::scenario::{Launch, Scenario};
use rustc_hash::FxHashMap;

/// What came of a search for a witness.
pub enum Sought<W> {
    /// This one.
    Found(W),
    /// There is none.
    Nowhere,
    /// A limit was hit, in these words.
    Stopped(String),
}

/// Searches for the canonical witness of a property in crowds of one buyer, two buyers, up to `crowd.buyers`.
/// Every such search keeps at most `max_states` states.
pub fn smallest<S: Scenario>(
    engine: &'static str,
    automaton: &mut Automaton<S>,
    crowd: &Crowd,
    property: Property,
    max_states: usize,
) -> Result<Sought<Witness>, CheckError> {
    for buyers in 1..=crowd.buyers {
        let crowd = Crowd { buyers, ..*crowd };
        match canonical(automaton, crowd, property, max_states) {
            Ok(Sought::Found(schedule)) => {
                return Witness::by_replay(automaton.scenario(), &crowd, property, schedule)
                    .map(Sought::Found)
                    .map_err(|reason| CheckError::Witness { engine, reason });
            }
            Ok(Sought::Nowhere) => {}
            Ok(Sought::Stopped(limit)) => return Ok(Sought::Stopped(limit)),
            // If the exploration was cut short, the search for a witness may come further than it.
            Err(error @ AutomatonError::Unbounded(_)) => return Ok(Sought::Stopped(error.to_string())),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Sought::Nowhere)
}

/// The canonical schedule that shows a property for exactly this many buyers.
fn canonical<S: Scenario>(
    automaton: &mut Automaton<S>,
    crowd: Crowd,
    property: Property,
    max_states: usize,
) -> Result<Sought<Vec<Move>>, AutomatonError> {
    let launch = automaton.scenario().launch();
    let mut space = Space::new(automaton, crowd)?;
    let layers = match Layers::search(&mut space, property, max_states)? {
        Sought::Found(layers) => layers,
        Sought::Nowhere => return Ok(Sought::Nowhere),
        Sought::Stopped(limit) => return Ok(Sought::Stopped(limit)),
    };
    let options = layers.options(&mut space, property)?;
    layers.number_buyers(&mut space, &options, launch).map(Sought::Found)
}

/// The states of a breadth-first search up to the first layer that shows the property.
struct Layers {
    states: States,
    /// Where each layer starts, up to the one that shows the property (or that a torn read leads to).
    /// invariant: `starts.len() == moves + 1`
    starts: Vec<usize>,
    moves: usize,
}

/// A move on a shortest path.
struct Choice {
    transition: Transition,
    next: usize,
    /// The fewest switches after this move.
    switches: usize,
}

impl Layers {
    fn search<S: Scenario>(
        space: &mut Space<'_, S>,
        property: Property,
        max_states: usize,
    ) -> Result<Sought<Layers>, AutomatonError> {
        let mut states = States::default();
        states.insert(&space.initial()?);
        let (mut starts, mut next) = (vec![0], Vec::new());
        loop {
            let (start, end) = (starts[starts.len() - 1], states.len());
            if start == end {
                return Ok(Sought::Nowhere);
            }
            if end > max_states {
                let buyers = space.crowd().buyers;
                let limit =
                    format!("it shows, but the search for a witness of {buyers} buyers stopped at {end} states");
                return Ok(Sought::Stopped(format!("{limit} (see --max-states)")));
            }
            let (mut shown, mut torn) = (false, false);
            for number in start..end {
                let state = states.get(number).to_vec();
                let steps = space.successors(&state, &mut next, |_, transition, next| {
                    torn |= transition.torn;
                    states.insert(next);
                })?;
                shown |= shows(space, property, &state, !steps);
            }
            let moves = starts.len() - 1;
            if shown {
                return Ok(Sought::Found(Layers { states, starts, moves }));
            }
            starts.push(end);
            if torn && property == Property::NoTornRead {
                return Ok(Sought::Found(Layers { states, starts, moves: moves + 1 }));
            }
        }
    }

    /// For every state on a shortest path, the moves that stay on one.
    fn options<S: Scenario>(
        &self,
        space: &mut Space<'_, S>,
        property: Property,
    ) -> Result<FxHashMap<usize, Vec<Choice>>, AutomatonError> {
        let mut options: FxHashMap<usize, Vec<Choice>> = FxHashMap::default();
        let mut next = Vec::new();
        for layer in (0..self.moves).rev() {
            let end = self.starts[layer + 1];
            for number in self.starts[layer]..end {
                let state = self.states.get(number).to_vec();
                let mut moves = Vec::new();
                space.successors(&state, &mut next, |_, transition, next| moves.push((transition, next.to_vec())))?;
                let mut choices = Vec::new();
                for (transition, state) in moves {
                    let next = self.states.find(&state).expect("the search has been here");
                    let switches = if layer + 1 < self.moves {
                        // Within the search, a state is only ever on the one layer where it was found first.
                        if next < end {
                            continue;
                        }
                        options.get(&next).map(|choices| fewest(choices, stands(&transition)))
                    } else if property == Property::NoTornRead {
                        transition.torn.then_some(0)
                    } else {
                        let end = !space.successors(&state, &mut Vec::new(), |_, _, _| {})?;
                        (next >= self.starts[self.moves] && shows(space, property, &state, end)).then_some(0)
                    };
                    choices.extend(switches.map(|switches| Choice { transition, next, switches }));
                }
                if !choices.is_empty() {
                    options.insert(number, choices);
                }
            }
        }
        Ok(options)
    }

    /// Goes forward along the best moves and gives the buyers their numbers.
    fn number_buyers<S: Scenario>(
        &self,
        space: &mut Space<'_, S>,
        options: &FxHashMap<usize, Vec<Choice>>,
        launch: Launch,
    ) -> Result<Vec<Move>, AutomatonError> {
        let start = space.automaton.buyer()?.0;
        let buyers = space.crowd().buyers;
        let started = if launch == Launch::Together { buyers } else { 1 };
        let mut places: Vec<NodeId> = vec![start; started];
        let (mut state, mut last, mut moves) = (0, None, Vec::new());
        while moves.len() < self.moves {
            let choices = &options[&state];
            let cost =
                |actor: Actor, choice: &Choice| choice.switches + usize::from(last.is_some_and(|last| last != actor));
            let mut candidates: Vec<(Move, &Choice)> = Vec::new();
            for choice in choices {
                let kill = choice.transition.kill;
                match choice.transition.mover {
                    Mover::Launcher => candidates.push((Move { actor: Actor::Launcher, kill }, choice)),
                    Mover::At(node) => {
                        let there = (0..places.len()).filter(|buyer| places[*buyer] == node);
                        candidates.extend(there.map(|buyer| (Move { actor: Actor::Buyer(buyer), kill }, choice)));
                    }
                }
            }
            let best = candidates.into_iter().min_by_key(|(mv, choice)| (cost(mv.actor, choice), *mv));
            let (mv, choice) = best.expect("a state on a shortest path has a next move");
            if let Actor::Buyer(buyer) = mv.actor {
                places[buyer] = choice.transition.to;
            }
            state = choice.next;
            let unstarted = space.unstarted(self.states.get(state)) as usize;
            places.resize(buyers - unstarted, start);
            last = Some(mv.actor);
            moves.push(mv);
        }
        Ok(moves)
    }
}

/// Where the mover can go on from, if it can.
fn stands(transition: &Transition) -> Option<Mover> {
    match transition.mover {
        _ if transition.kill => None,
        Mover::At(_) => Some(Mover::At(transition.to)),
        Mover::Launcher => Some(Mover::Launcher),
    }
}

/// The fewest switches from a state on, if the last mover stands at `last`.
fn fewest(choices: &[Choice], last: Option<Mover>) -> usize {
    let cost = |choice: &Choice| choice.switches + usize::from(Some(choice.transition.mover) != last);
    choices.iter().map(cost).min().expect("a state on a shortest path has a next move")
}

/// Whether a state shows the property; a torn read is no state, but a transition.
fn shows<S: Scenario>(space: &mut Space<'_, S>, property: Property, state: &[u32], end: bool) -> bool {
    match property {
        Property::NoOversell => space.sold(state).is_none_or(|sold| sold > space.tickets()),
        Property::SearchesOverlap => space.searching(state) >= 2,
        Property::NoTornRead => false,
        at_end => end && at_end.shown_at_end(&space.finale(state), space.tickets(), space.crowd()),
    }
}
