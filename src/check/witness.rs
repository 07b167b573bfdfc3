//! Canonical witnesses: of all executions that show a property the one with the fewest threads, then the fewest
//! moves, then the fewest context switches, then the lowest-numbered thread first.
//!
//! Threads are counted here too, so this reaches any size. A breadth-first search finds the fewest moves; going
//! back over its layers, every state on a shortest path learns how few switches the rest can do with. Whether
//! the next move is a switch depends only on where the last mover stands, so counts are enough. Going forward
//! again, threads get their numbers: at each move the lowest number that stays within the optimum.

use super::automaton::{Automaton, AutomatonError, NodeId};
use super::exploration::{MOST_THREADS, Mover, Space, Transition};
use super::livelock::Trapped;
use super::states::States;
use super::{CheckError, Instance, Property, Scope, Threads, Witness, directed};
use crate::platform::{Act, Actor, Move};
use rustc_hash::FxHashMap;
use std::ops::RangeInclusive;

/// What came of a search for a witness.
pub enum Sought<W> {
    /// This one.
    Found(W),
    /// There is none.
    Nowhere,
    /// A limit was hit, in these words.
    Stopped(String),
}

/// Searches for the canonical witness of a property in instances of few threads first. Those roles vary that the instance
/// leaves open, and the first: they have at least one thread each and in all as many as `threads` says (and not more than
/// the instance).
pub fn smallest(
    engine: &'static str,
    automaton: &mut Automaton,
    instance: &Instance,
    property: Property,
    threads: RangeInclusive<usize>,
) -> Result<Sought<Witness>, CheckError> {
    let fewest = fewest_threads(automaton, instance, property)?;
    let threads = *threads.start().max(&fewest)..=*threads.end().max(&fewest);
    for instance in sizes(instance, threads) {
        let sought = match canonical(automaton, &instance, property) {
            Ok(Sought::Stopped(limit)) => match some(automaton, &instance, property)? {
                Some(schedule) => {
                    let witness = Witness::by_replay(automaton.scenario(), &instance, property, schedule);
                    let mut witness = witness.map_err(|reason| CheckError::Witness { engine, reason })?;
                    witness.is_canonical = false;
                    witness.remark += " (this execution shows it, but perhaps it is not the shortest)";
                    return Ok(Sought::Found(witness));
                }
                None => Ok(Sought::Stopped(limit)),
            },
            sought => sought,
        };
        match sought {
            Ok(Sought::Found(schedule)) => {
                return Witness::by_replay(automaton.scenario(), &instance, property, schedule)
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

/// The fewest threads of those roles that vary that are needed, as far as it is known beforehand.
fn fewest_threads(automaton: &mut Automaton, instance: &Instance, property: Property) -> Result<usize, AutomatonError> {
    if !automaton.all_is_read() {
        return Ok(0);
    }
    let varies = |role: usize| role == 0 || instance.threads[role] == Threads::Any;
    let number = |threads: &Threads| if *threads == Threads::Any { Threads::Exactly(1) } else { *threads };
    let one = Instance { threads: instance.threads.iter().map(number).collect(), ..instance.clone() };
    let fewest = directed::fewest(&Space::new(automaton, &one)?, property, varies);
    Ok(match instance.total() {
        Some(total) => fewest.min(total),
        None => fewest.min(MOST_THREADS),
    })
}

/// A schedule that shows a property, but perhaps not the canonical one.
fn some(
    automaton: &mut Automaton,
    instance: &Instance,
    property: Property,
) -> Result<Option<Vec<Move>>, AutomatonError> {
    let mut space = Space::new(automaton, instance)?;
    let initial = space.initial()?.0;
    let Some(way) = directed::execution(&mut space, property)? else { return Ok(None) };
    let mut numbers = Numbers::new(&space, &initial);
    let mut last = None;
    let mut moves = Vec::new();
    for (transition, state) in way {
        let movers = numbers.at(&space, transition.mover);
        // Whoever has moved last goes on, if it may have been it.
        let actor = last.filter(|last| movers.contains(last)).unwrap_or(movers[0]);
        numbers.moved(&space, actor, transition.to, &state);
        moves.push(Move { actor, act: transition.act });
        last = Some(actor);
    }
    Ok(Some(moves))
}

/// The instances in which the roles that vary have so many threads in all, those with fewer first.
fn sizes(instance: &Instance, threads: RangeInclusive<usize>) -> Vec<Instance> {
    let most = (*threads.end()).min(MOST_THREADS);
    // By instance, how many threads those that vary have so far.
    let mut sizes = vec![(0, Vec::new())];
    for (role, threads) in instance.threads.iter().enumerate() {
        let (vary, counts) = match *threads {
            Threads::Any => (1, 1..=most),
            Threads::Exactly(number) if role == 0 => (1, 1.min(number)..=number.min(most)),
            Threads::Exactly(number) => (0, number..=number),
        };
        let with = |(sum, size): &(usize, Vec<Threads>), count: usize| {
            (sum + vary * count, [&size[..], &[Threads::Exactly(count)]].concat())
        };
        sizes = sizes.iter().flat_map(|size| counts.clone().map(move |count| with(size, count))).collect();
        sizes.retain(|(sum, _)| *sum <= most);
    }
    sizes.retain(|(sum, _)| threads.contains(sum));
    sizes.sort_by_key(|(sum, _)| *sum);
    sizes.into_iter().map(|(_, threads)| Instance { threads, ..instance.clone() }).collect()
}

/// The canonical schedule that shows a property for exactly this many threads.
fn canonical(
    automaton: &mut Automaton,
    instance: &Instance,
    property: Property,
) -> Result<Sought<Vec<Move>>, AutomatonError> {
    let mut space = Space::merged(automaton, instance)?;
    let mut shown = Shown { property, trapped: None };
    if property == Property::NoLivelock {
        match Trapped::in_all(&mut space)? {
            Ok(trapped) if trapped.is_empty() => return Ok(Sought::Nowhere),
            Ok(trapped) => shown.trapped = Some(trapped),
            Err(limit) => return Ok(Sought::Stopped(limit)),
        }
    }
    let layers = match Layers::search(&mut space, &shown)? {
        Sought::Found(layers) => layers,
        Sought::Nowhere => return Ok(Sought::Nowhere),
        Sought::Stopped(limit) => return Ok(Sought::Stopped(limit)),
    };
    let options = layers.options(&mut space, &shown)?;
    Ok(Sought::Found(layers.number_threads(&mut space, &options)))
}

/// Where a property shows.
struct Shown {
    property: Property,
    /// For `no-livelock`: the states from which no end can be reached.
    trapped: Option<Trapped>,
}

impl Shown {
    /// Whether a transition shows it.
    fn by(&self, transition: &Transition) -> bool {
        match self.property {
            Property::NoTornRead => transition.flags.torn,
            Property::NoCrash => transition.flags.crash,
            _ => false,
        }
    }

    /// Whether a state shows it, which is an end or is not.
    fn at(&self, space: &mut Space<'_>, state: &[u32], end: bool) -> bool {
        match self.property.scope() {
            Scope::States => space.state_shows(self.property, state),
            Scope::Steps => false,
            Scope::Ends => {
                end && {
                    let finale = space.finale(state);
                    space.end_shows(self.property, state, &finale)
                }
            }
            Scope::Futures => self.trapped.as_ref().is_some_and(|trapped| trapped.holds(state)),
        }
    }
}

/// The states of a breadth-first search up to the first layer that shows the property.
struct Layers {
    states: States,
    /// Where each layer starts, up to the one that shows the property (or that a step which does leads to).
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
    fn search(space: &mut Space<'_>, shown: &Shown) -> Result<Sought<Layers>, AutomatonError> {
        let mut states = States::default();
        let (initial, flags) = space.initial()?;
        states.insert(&initial);
        let at_once = match shown.property {
            Property::NoTornRead => flags.torn,
            Property::NoCrash => flags.crash,
            _ => false,
        };
        let (mut starts, mut next) = (vec![0], Vec::new());
        if at_once {
            return Ok(Sought::Found(Layers { states, starts, moves: 0 }));
        }
        loop {
            let (start, end) = (starts[starts.len() - 1], states.len());
            if start == end {
                return Ok(Sought::Nowhere);
            }
            let (mut found, mut stepped) = (false, false);
            for number in start..end {
                let state = states.get(number).to_vec();
                let steps = space.successors(&state, &mut next, |_, transition, next| {
                    stepped |= shown.by(&transition);
                    states.insert(next);
                })?;
                found |= shown.at(space, &state, !steps);
                let (count, bytes) = (states.len(), states.bytes() + space.automaton.bytes());
                let meter = space.automaton.meter();
                let limit = meter.limits.max_states;
                if let Some(limit) = meter.look("states", count, limit, bytes) {
                    return Ok(Sought::Stopped(format!("it shows, but the search for a witness {limit}")));
                }
            }
            let moves = starts.len() - 1;
            if found {
                return Ok(Sought::Found(Layers { states, starts, moves }));
            }
            starts.push(end);
            if stepped {
                return Ok(Sought::Found(Layers { states, starts, moves: moves + 1 }));
            }
        }
    }

    /// For every state on a shortest path, the moves that stay on one.
    fn options(&self, space: &mut Space<'_>, shown: &Shown) -> Result<FxHashMap<usize, Vec<Choice>>, AutomatonError> {
        let mut options: FxHashMap<usize, Vec<Choice>> = FxHashMap::default();
        let by_step = shown.property.scope() == Scope::Steps;
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
                    } else if by_step {
                        shown.by(&transition).then_some(0)
                    } else {
                        let end = !space.successors(&state, &mut Vec::new(), |_, _, _| {})?;
                        (next >= self.starts[self.moves] && shown.at(space, &state, end)).then_some(0)
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

    /// Goes forward along the best moves and gives the threads their numbers.
    fn number_threads(&self, space: &mut Space<'_>, options: &FxHashMap<usize, Vec<Choice>>) -> Vec<Move> {
        let mut numbers = Numbers::new(space, self.states.get(0));
        numbers.merge(space, self.states.get(0));
        let (mut state, mut last, mut moves) = (0, None, Vec::new());
        while moves.len() < self.moves {
            let choices = &options[&state];
            let cost =
                |actor: Actor, choice: &Choice| choice.switches + usize::from(last.is_some_and(|last| last != actor));
            let mut candidates: Vec<(Move, &Choice)> = Vec::new();
            for choice in choices {
                let act = choice.transition.act;
                let movers = numbers.at(space, choice.transition.mover);
                candidates.extend(movers.into_iter().map(|actor| (Move { actor, act }, choice)));
            }
            let best = candidates.into_iter().min_by_key(|(mv, choice)| (cost(mv.actor, choice), *mv));
            let (mv, choice) = best.expect("a state on a shortest path has a next move");
            state = choice.next;
            numbers.moved(space, mv.actor, choice.transition.to, self.states.get(state));
            numbers.merge(space, self.states.get(state));
            last = Some(mv.actor);
            moves.push(mv);
        }
        moves
    }
}

/// Which thread stands where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Numbers {
    /// By role, those that have been started.
    places: Vec<Vec<NodeId>>,
}

impl Numbers {
    /// Everybody stands where they start, in the initial state.
    pub fn new(space: &Space<'_>, initial: &[u32]) -> Self {
        let place = |(role, threads): (usize, &Threads)| {
            let threads = threads.number().expect("witnesses have a number of threads");
            let started = if role == 0 { threads - space.unstarted(initial) as usize } else { threads };
            (0..started).map(|number| space.start_of(role, number)).collect()
        };
        Numbers { places: space.instance().threads.iter().enumerate().map(place).collect() }
    }

    /// Those who can make a move.
    pub fn at(&self, space: &Space<'_>, mover: Mover) -> Vec<Actor> {
        match mover {
            Mover::Parent => vec![Actor::Parent],
            Mover::At(node) => {
                let role = space.automaton.node(node).role.expect("only threads stand at control points");
                let places = &self.places[role];
                (0..places.len()).filter(|n| places[*n] == node).map(|n| Actor::Thread(role, n)).collect()
            }
        }
    }

    /// Everybody stands where somebody stands for them, in this state.
    fn merge(&mut self, space: &mut Space<'_>, state: &[u32]) {
        for place in self.places.iter_mut().flatten() {
            *place = space.stand_in(state, *place);
        }
    }

    /// Where somebody stands, if it has been started.
    pub fn place(&self, actor: Actor) -> Option<NodeId> {
        let Actor::Thread(role, number) = actor else { return None };
        self.places.get(role)?.get(number).copied()
    }

    /// How many threads of a role have been started.
    pub fn started(&self, role: usize) -> usize {
        self.places[role].len()
    }

    /// Somebody has moved, and this is the state then.
    pub fn moved(&mut self, space: &Space<'_>, actor: Actor, to: NodeId, state: &[u32]) {
        if let Actor::Thread(role, number) = actor {
            self.places[role][number] = to;
        }
        if let Some(first) = self.places.first_mut() {
            let started = space.instance().number(0) - space.unstarted(state) as usize;
            first.extend((first.len()..started).map(|number| space.start_of(0, number)));
        }
    }
}

/// Where the mover can go on from, if it can.
fn stands(transition: &Transition) -> Option<Mover> {
    match transition.mover {
        _ if transition.act == Act::Kill => None,
        Mover::At(_) => Some(Mover::At(transition.to)),
        Mover::Parent => Some(Mover::Parent),
    }
}

/// The fewest switches from a state on, if the last mover stands at `last`.
fn fewest(choices: &[Choice], last: Option<Mover>) -> usize {
    let cost = |choice: &Choice| choice.switches + usize::from(Some(choice.transition.mover) != last);
    choices.iter().map(cost).min().expect("a state on a shortest path has a next move")
}
