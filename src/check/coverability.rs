//! Coverability: any number of buyers.
//!
//! The tree of Karp and Miller (Parallel program schemata, 1969) over the states of
//! [`exploration`](super::exploration), where counts may be "any number" (ω). It departs from the paper in
//! pruning: a state that is covered by one already in the tree is dropped, and one that is covered by a newer one
//! before its own turn is skipped. (Nothing that has been expanded is ever removed; that is what made the
//! "minimal coverability tree" of 1993 incomplete, see Finkel, Geeraerts, Raskin and Van Begin, 2005.)
//!
//! It decides what is upward-closed, that is, stays so when more buyers come: overselling, torn reads and
//! overlapping searches. How executions end is not.

use super::automaton::{Automaton, AutomatonError};
use super::counting::undecided;
use super::exploration::{MANY, Space};
use super::witness::Sought;
use super::{CheckError, Counting, Crowd, Engine, Explored, Finding, Property, Verdict, witness};
use crate::scenario::Scenario;
use rustc_hash::FxHashMap;

/// Explores the states of any number of buyers. [`Crowd::buyers`] is ignored; kills still have a budget.
#[derive(Clone)]
pub struct Coverability {
    /// The most states of the tree; past that, what is not settled is inconclusive. (Every new state is held
    /// against those before it, so a tree that is larger takes very long.)
    pub max_states: usize,
    /// The limits of the search for a witness, which is by counting, and of the reading of the code.
    pub counting: Counting,
}

impl Default for Coverability {
    /// At most 200,000 states, and the limits of [`Counting`].
    fn default() -> Self {
        Coverability { max_states: 200_000, counting: Counting::default() }
    }
}

/// The most buyers that the search for the smallest crowd goes up to.
const LARGEST_WITNESS: usize = 64;

/// What the tree has shown.
#[derive(Default)]
struct Cover {
    oversold: bool,
    torn: bool,
    overlap: bool,
    /// The most sold, if that has a bound.
    worst: Option<u64>,
    transitions: u64,
    states: usize,
    complete: bool,
}

/// A state in the tree.
struct Branch {
    state: Vec<u32>,
    parent: Option<usize>,
    /// Whether a newer state covers it.
    covered: bool,
}

impl Engine for Coverability {
    fn name(&self) -> &'static str {
        "coverability"
    }

    fn check<S: Scenario>(
        &self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let mut automaton = Automaton::new(scenario, self.counting.max_nodes);
        let cover = match self.cover(&mut automaton, crowd) {
            Ok(cover) => cover,
            Err(error @ AutomatonError::Unbounded(_)) => {
                return Ok(undecided(properties, &error.to_string(), &automaton));
            }
            Err(error) => return Err(error.into()),
        };
        let explored = Explored(vec![
            ("states", cover.states as u64),
            ("transitions", cover.transitions),
            ("nodes", automaton.len() as u64),
        ]);
        let mut findings = Vec::new();
        for &property in properties {
            let shown = match property {
                Property::NoOversell => Some(cover.oversold),
                Property::NoTornRead => Some(cover.torn),
                Property::SearchesOverlap => Some(cover.overlap),
                _ => None,
            };
            let inconclusive = |limit: String| Verdict::Inconclusive { limit, explored: explored.clone() };
            let verdict = match shown {
                None => inconclusive("how executions end is not decided for any number of buyers".to_owned()),
                Some(false) if !cover.complete => {
                    inconclusive(format!("stopped at {} states (see --max-states)", self.max_states))
                }
                Some(false) => Verdict::settled(property, None, explored.clone()),
                Some(true) => {
                    let crowd = Crowd { buyers: LARGEST_WITNESS, ..*crowd };
                    let limit = self.counting.max_states;
                    match witness::smallest(self.name(), &mut automaton, &crowd, property, limit)? {
                        Sought::Found(witness) => Verdict::settled(property, Some(witness), explored.clone()),
                        Sought::Stopped(limit) => inconclusive(limit),
                        Sought::Nowhere => inconclusive(format!(
                            "it shows for some crowd, but for none of up to {LARGEST_WITNESS} buyers"
                        )),
                    }
                }
            };
            let worst = cover.worst.filter(|_| property == Property::NoOversell && cover.complete);
            findings.push(Finding { property, verdict, worst });
        }
        Ok(findings)
    }
}

impl Coverability {
    fn cover<S: Scenario>(&self, automaton: &mut Automaton<S>, crowd: &Crowd) -> Result<Cover, AutomatonError> {
        let mut space = Space::new(automaton, Crowd { buyers: MANY as usize, ..*crowd })?;
        let mut cover = Cover { worst: Some(0), complete: true, ..Cover::default() };
        let mut tree = vec![Branch { state: space.initial()?, parent: None, covered: false }];
        // By control, the states that nothing newer covers.
        let mut by_control: FxHashMap<Vec<u32>, Vec<usize>> = FxHashMap::default();
        let mut work = vec![0];
        let mut path = Path::default();
        while let Some(number) = work.pop() {
            if tree[number].covered {
                continue;
            }
            let state = tree[number].state.clone();
            path.go_to(&space, &tree, number);
            cover.look(&space, &state);
            let mut nexts = Vec::new();
            space.successors(&state, &mut Vec::new(), |_, transition, next| {
                cover.torn |= transition.torn;
                nexts.push(next.to_vec());
            })?;
            cover.transitions += nexts.len() as u64;
            for mut next in nexts {
                let peers = by_control.entry(space.control(&next).to_vec()).or_default();
                if peers.iter().any(|peer| covers(&space, &tree[*peer].state, &next)) {
                    continue;
                }
                path.accelerate(&space, &tree, &mut next);
                peers.retain(|peer| {
                    let covered = covers(&space, &next, &tree[*peer].state);
                    tree[*peer].covered |= covered;
                    !covered
                });
                peers.push(tree.len());
                work.push(tree.len());
                tree.push(Branch { state: next, parent: Some(number), covered: false });
            }
            if tree.len() > self.max_states {
                cover.complete = false;
                break;
            }
        }
        cover.states = tree.len();
        Ok(cover)
    }
}

impl Cover {
    fn look<S: Scenario>(&mut self, space: &Space<'_, S>, state: &[u32]) {
        let sold = space.sold(state);
        self.oversold |= sold.is_none_or(|sold| sold > space.tickets());
        self.overlap |= space.searching(state) >= 2;
        self.worst = match (self.worst, sold) {
            (Some(worst), Some(sold)) => Some(worst.max(sold)),
            _ => None,
        };
    }
}

/// Whether `large` has the control of `small`, and at least as many buyers everywhere.
fn covers<S: Scenario>(space: &Space<'_, S>, large: &[u32], small: &[u32]) -> bool {
    // Markings ascend by control point, so one pass over each is enough.
    let mut places = space.marking(large);
    let mut has = |node, count| {
        let place = places.find(|(other, _)| *other >= node);
        place.is_some_and(|(other, most)| other == node && most >= count)
    };
    space.control(large) == space.control(small)
        && space.unstarted(large) >= space.unstarted(small)
        && space.marking(small).all(|(node, count)| has(node, count))
}

fn count_at<S: Scenario>(space: &Space<'_, S>, state: &[u32], node: super::automaton::NodeId) -> u32 {
    space.marking(state).find(|(other, _)| *other == node).map_or(0, |(_, count)| count)
}

/// The way from the root of the tree to the state that is being expanded.
#[derive(Default)]
struct Path {
    branches: Vec<usize>,
    /// The same branches by control. With cells that count without end a path gets very long, and no new state is
    /// comparable with more than a few on it.
    by_control: FxHashMap<Vec<u32>, Vec<usize>>,
}

impl Path {
    /// Goes on to a branch whose parent is on the path (as it is when a tree is walked depth first).
    fn go_to<S: Scenario>(&mut self, space: &Space<'_, S>, tree: &[Branch], number: usize) {
        while let Some(left) = self.branches.pop_if(|last| Some(*last) != tree[number].parent) {
            self.by_control.get_mut(space.control(&tree[left].state)).map(Vec::pop);
        }
        self.branches.push(number);
        self.by_control.entry(space.control(&tree[number].state).to_vec()).or_default().push(number);
    }

    /// If the new state covers one that it comes from, whatever has grown on the way can grow without end.
    fn accelerate<S: Scenario>(&self, space: &Space<'_, S>, tree: &[Branch], next: &mut [u32]) {
        for &number in self.by_control.get(space.control(next)).into_iter().flatten().rev() {
            let old = &tree[number].state;
            if !covers(space, next, old) {
                continue;
            }
            let grown: Vec<_> = space.marking(next).map(|(node, count)| count > count_at(space, old, node)).collect();
            let marking = next.len() - grown.len();
            for (pair, _) in next[marking..].iter_mut().zip(grown).filter(|(_, grown)| *grown) {
                *pair |= MANY;
            }
        }
    }
}
