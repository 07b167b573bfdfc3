//! Coverability: any number of threads.
//!
//! The tree of Karp and Miller (Parallel program schemata, 1969) over the states of
//! [`exploration`](super::exploration), where counts may be "any number" (ω). It departs from the paper in three ways.
//!
//! * A state that is covered by one already in the tree is dropped. (Nothing that has been expanded is ever removed; that
//!   is what made the "minimal coverability tree" of 1993 incomplete, see Finkel, Geeraerts, Raskin and Van Begin, 2005.)
//! * Accelerations of one step are not waited for: where any number of threads stand before a step that changes nothing but
//!   where they stand, any number of them can take it, so every new state is *filled* that way before it is looked at.
//!   (Accelerations kept and used again are from MinCov: Finkel, Haddad and Khmelnitsky, FoSSaCS 2020.)
//! * Markings are numbered, and it is remembered which covers which: with a thousand tickets most states have one of a few.
//!
//! It decides what is upward-closed, that is, stays so when more threads come: overselling, torn reads, crashes and
//! overlapping searches.

mod path;
mod repeats;
mod tree;

use super::automaton::{Automaton, AutomatonError, Endings, Flags, NodeId};
use super::basis::{Decided, by_automaton};
use super::exploration::{MANY, Space};
use super::limits::Limits;
use super::told_apart::alike;
use super::witness::Sought;
use super::{CheckError, Engine, Explored, Finding, Instance, Property, Scope, Threads, Verdict, extension, witness};
use crate::scenario::Scenario;
use path::{Frame, Path, accelerate};
use repeats::Repeats;
use tree::Tree;

/// Explores the states of any number of threads. Kills still have a budget.
#[derive(Clone, Debug)]
pub struct Coverability {
    /// How far it goes.
    pub limits: Limits,
}

impl Default for Coverability {
    /// At most 50,000 states: every new one is held against those before it, so a tree that is larger takes long.
    fn default() -> Self {
        Coverability { limits: Limits { max_states: 50_000, ..Limits::default() } }
    }
}

/// How many counts of states are looked at, at most: where few states are covered by others, each is held against very many,
/// and states can be long.
const MOST_LOOKED_AT: u64 = 50_000_000;

/// To look for what follows from a control point is about as much as to compare so many counts.
const STEPS: usize = 5;

/// The most threads that the search for the smallest instance goes up to.
const LARGEST_WITNESS: usize = 64;

/// The same where the tree only bounds what can be sold, as somebody gives back.
const LARGEST_GUESS: usize = 5;

/// What the tree has shown.
struct Cover {
    flags: Flags,
    /// In the order of the properties that were asked for.
    shown: Vec<bool>,
    /// The most that was sold beyond what there was, if that has a bound.
    worst: Option<i64>,
    /// Whether a step of somebody was not enabled somewhere.
    waits: bool,
    transitions: u64,
    states: usize,
    limit: Option<String>,
}

impl Engine for Coverability {
    fn name(&self) -> &'static str {
        "coverability"
    }

    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        alike(self.name(), scenario)?;
        let read = || Automaton::merged(scenario, &self.limits, Endings::asked_by(properties), instance);
        by_automaton(scenario, properties, read, |automaton| {
            Ok(decide(self.name(), automaton, instance, properties)?.into())
        })
    }
}

/// What coverability has to say.
pub(super) struct Covered {
    /// One for each property.
    pub verdicts: Vec<Verdict>,
    /// The most that can be sold, if that has a bound.
    pub worst: Option<u64>,
    /// For each property, whether it shows for some number of threads, even if no execution was found that shows it.
    pub shows: Vec<bool>,
    /// Whether every state is covered.
    pub complete: bool,
}

impl From<Covered> for Decided {
    fn from(covered: Covered) -> Decided {
        Decided { verdicts: covered.verdicts, worst: covered.worst }
    }
}

/// Decides what is upward-closed; the rest is inconclusive.
pub(super) fn decide(
    engine: &'static str,
    automaton: &mut Automaton,
    instance: &Instance,
    properties: &[Property],
) -> Result<Covered, CheckError> {
    let cover = cover(automaton, instance, properties)?;
    let explored = Explored(vec![
        ("states", cover.states as u64),
        ("transitions", cover.transitions),
        ("nodes", automaton.reached() as u64),
    ]);
    let (mut verdicts, mut shows) = (Vec::new(), Vec::new());
    for (&property, &shown) in properties.iter().zip(&cover.shown) {
        let guess = property == Property::NoOversell && automaton.gives_back();
        let inconclusive = |limit: String| Verdict::Inconclusive { limit, explored: explored.clone() };
        let decided = match property {
            Property::NoOversell | Property::SearchesOverlap => Some(shown),
            Property::NoTornRead => Some(cover.flags.torn),
            Property::NoCrash => Some(cover.flags.crash),
            // Where no code goes round, every execution of any number of threads ends.
            Property::NoLivelock if cover.limit.is_none() && automaton.is_acyclic() => Some(false),
            // Where nobody ever waits, nobody waits for ever.
            Property::NoDeadlock if cover.limit.is_none() && !cover.waits && ends(automaton, instance)? => Some(false),
            _ => None,
        };
        shows.push(decided == Some(true) && !guess);
        verdicts.push(match (decided, &cover.limit) {
            (None, _) => inconclusive(match property.scope() {
                Scope::States => "a property of the scenario's own is not decided by coverability".to_owned(),
                _ => "how executions end is not decided by coverability".to_owned(),
            }),
            (Some(false), Some(limit)) => inconclusive(limit.clone()),
            (Some(false), None) => Verdict::settled(property, None, explored.clone()),
            (Some(true), _) => {
                let largest = if guess { LARGEST_GUESS } else { LARGEST_WITNESS };
                match witness::smallest(engine, automaton, instance, property, 0..=largest)? {
                    Sought::Found(witness) => Verdict::settled(property, Some(witness), explored.clone()),
                    Sought::Stopped(limit) => inconclusive(limit),
                    Sought::Nowhere => inconclusive(format!(
                        "it may show for some number of threads, but does for none of up to {largest}"
                    )),
                }
            }
        });
    }
    let worst = cover.worst.filter(|_| cover.limit.is_none()).map(|worst| u64::try_from(worst).unwrap_or(0));
    Ok(Covered { verdicts, worst, shows, complete: cover.limit.is_none() })
}

/// Whether some execution is known to end: where none does, nothing is proved of ends.
fn ends(automaton: &mut Automaton, instance: &Instance) -> Result<bool, AutomatonError> {
    let one = |threads: &Threads| if *threads == Threads::Any { Threads::Exactly(1) } else { *threads };
    let few = Instance { threads: instance.threads.iter().map(one).collect(), ..instance.clone() };
    extension::some_execution_ends(&mut Space::new(automaton, &few)?)
}

fn cover(automaton: &mut Automaton, instance: &Instance, properties: &[Property]) -> Result<Cover, AutomatonError> {
    let mut space = Space::merged(automaton, instance)?;
    let (initial, flags) = space.initial()?;
    let mut cover = Cover {
        flags,
        shown: vec![false; properties.len()],
        worst: Some(0),
        waits: false,
        transitions: 0,
        states: 0,
        limit: None,
    };
    let (mut tree, mut repeats) = (Tree::default(), Repeats::default());
    let mut path = Path::default();
    let first = fill(&mut space, initial, &mut cover)?;
    path.push(tree.add(&space, first).map(|state| Frame::at(&space, &tree, state)));
    while let Some(frame) = path.frames.last_mut() {
        if frame.next == (0, 0) {
            cover.look(&space, properties, &frame.words);
            tree.looks_at(STEPS * frame.words.len());
        }
        // What covers a state covers all that follows it, and is looked at in its own turn.
        let step = match tree.is_covered(frame.state) {
            true => None,
            false => next_step(&mut space, &tree, &mut repeats, frame, &mut cover)?,
        };
        let Some(next) = step else {
            path.pop();
            continue;
        };
        // What covers it covers all that fills it, too.
        if tree.covered(&space, &next) {
            continue;
        }
        let mut next = fill(&mut space, next, &mut cover)?;
        if tree.covered(&space, &next) {
            continue;
        }
        if accelerate(&space, &tree, &path, &mut next) {
            next = fill(&mut space, next, &mut cover)?;
        }
        path.push(tree.add(&space, next).map(|state| Frame::at(&space, &tree, state)));
        let (count, bytes) = (tree.len(), tree.bytes() + repeats.bytes() + space.automaton.bytes());
        let meter = space.automaton.meter();
        let limit = meter.limits.max_states;
        cover.limit = meter.look("states", count, limit, bytes);
        cover.limit = cover.limit.or_else(|| space.automaton.has_read_much());
        if tree.looked_at() > MOST_LOOKED_AT {
            let limit = format!("stopped after looking at {MOST_LOOKED_AT} counts of {count} states");
            cover.limit.get_or_insert(limit);
        }
        if cover.limit.is_some() {
            break;
        }
    }
    if cover.limit.is_none() {
        space.automaton.has_read_all();
    }
    cover.states = tree.len();
    Ok(cover)
}

/// The next transition from a state that leads to a state that is not known to be covered.
fn next_step(
    space: &mut Space<'_>,
    tree: &Tree,
    repeats: &mut Repeats,
    frame: &mut Frame,
    cover: &mut Cover,
) -> Result<Option<Vec<u32>>, AutomatonError> {
    // What was read last comes first: it leads on to what has not been seen, and that tends to cover the rest.
    let places = space.movers(&frame.words);
    while let Some(place) = places.checked_sub(frame.next.0 + 1) {
        let Some(mover) = space.mover(&frame.words, place) else { break };
        let node = space.node_of(&frame.words, mover);
        let moves = space.moves(&frame.words, node)?;
        if frame.next.1 == 0 {
            let object = space.automaton.node(node).object();
            let edges = space.edges(&frame.words, node)?;
            cover.waits |= edges.is_empty() && space.automaton.node(node).step().is_some();
            let rest = object.map(|object| {
                *frame.rests[object].get_or_insert_with(|| repeats.rest(space, tree, frame.state, object))
            });
            if rest.is_some_and(|rest| repeats.take(rest, node, edges)) {
                cover.transitions += edges.len() as u64;
                frame.next.1 = edges.len();
            }
        }
        while frame.next.1 < moves {
            let index = frame.next.1;
            frame.next.1 += 1;
            cover.transitions += 1;
            // Where any number stand before and behind the step, only what is shared changes.
            if frame.has_many(node)
                && let Some((to, flags, change)) = space.change(&frame.words, mover, node, index)?
                && frame.has_many(to)
            {
                cover.flags = cover.flags.or(flags);
                if frame.known.contains(&change) {
                    continue;
                }
                let mut control = space.control(&frame.words).to_vec();
                control[change.0] = change.1;
                if tree.has(&control, frame.state) {
                    frame.known.insert(change);
                    continue;
                }
            }
            let mut next = Vec::new();
            let transition = space.make(&frame.words, mover, node, index, &mut next)?;
            cover.flags = cover.flags.or(transition.flags);
            return Ok(Some(next));
        }
        frame.next = (frame.next.0 + 1, 0);
    }
    Ok(None)
}

/// Lets any number of threads take every step that any number can take and that changes nothing but where they stand.
fn fill(space: &mut Space<'_>, mut state: Vec<u32>, cover: &mut Cover) -> Result<Vec<u32>, AutomatonError> {
    let mut work: Vec<NodeId> =
        space.marking(&state).filter(|(_, count)| *count == MANY).map(|(node, _)| node).collect();
    while let Some(node) = work.pop() {
        for index in 0..space.edges(&state, node)?.len() {
            let Some((to, flags)) = space.stays(&state, node, index)? else { continue };
            cover.flags = cover.flags.or(flags);
            if space.fill(&mut state, to) {
                work.push(to);
            }
        }
    }
    Ok(state)
}

impl Cover {
    fn look(&mut self, space: &Space<'_>, properties: &[Property], state: &[u32]) {
        let balance = space.balance(state);
        for (shown, property) in self.shown.iter_mut().zip(properties) {
            *shown |= match property {
                Property::NoOversell => balance.is_none_or(|balance| balance > 0),
                Property::SearchesOverlap => space.searching(state) >= 2,
                _ => false,
            };
        }
        self.worst = match (self.worst, balance) {
            (Some(worst), Some(balance)) => Some(worst.max(balance + space.stock())),
            _ => None,
        };
    }
}
