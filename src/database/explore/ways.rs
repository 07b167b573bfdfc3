//! The best ways through what was explored.

use super::alike::Names;
use super::{Graph, Next};
use crate::database::{Act, Move, Outcome, Property};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The best ways: fewest moves, then fewest of them that hold a COMMIT, then fewest switches, then the lowest first.
#[derive(Default)]
pub(in crate::database) struct Ways {
    /// To what shows a property.
    pub(in crate::database) shown: BTreeMap<Property, Vec<Move>>,
    /// To each outcome.
    pub(in crate::database) outcomes: BTreeMap<Outcome, Vec<Move>>,
}

impl Graph {
    /// The most that was ever told to be sold.
    pub(in crate::database) fn worst(&self) -> i64 {
        self.nodes.iter().map(|node| node.sold).max().unwrap_or(0)
    }

    /// The best ways to all that is to be seen. Of two ways of one length to one node that end with the same actor, the
    /// better one stays the better one however they go on.
    pub(in crate::database) fn ways(&self) -> Ways {
        let mut ways = Ways::default();
        // Where one stands, who moved last, and by which names; and the best way there.
        let mut layer: BTreeMap<(usize, usize, Names), Vec<Move>> = BTreeMap::new();
        if !self.nodes.is_empty() {
            layer.insert((0, usize::MAX, self.alike.unnamed()), Vec::new());
        }
        while !layer.is_empty() {
            let mut next = BTreeMap::new();
            for ((node, _, names), path) in layer {
                let node = &self.nodes[node];
                for (mv, to) in node.enabled.iter().zip(&node.next) {
                    let Next::To(to) = to else { continue };
                    for names in self.alike.named(&names, *mv) {
                        let actor = names[mv.actor].unwrap_or(mv.actor);
                        let mut path = path.clone();
                        path.push(Move { actor, ..*mv });
                        keep(&mut next, (*to, actor, names), path);
                    }
                }
                for property in &node.shows {
                    keep(&mut ways.shown, *property, path.clone());
                }
                if let Some(outcome) = &node.outcome {
                    keep(&mut ways.outcomes, self.alike.renamed(outcome, &names), path);
                }
            }
            layer = next;
        }
        ways
    }
}

/// Keeps the better one of two ways.
fn keep<K: Ord>(ways: &mut BTreeMap<K, Vec<Move>>, to: K, path: Vec<Move>) {
    match ways.entry(to) {
        Entry::Vacant(entry) => drop(entry.insert(path)),
        Entry::Occupied(mut entry) if rank(&path) < rank(entry.get()) => drop(entry.insert(path)),
        Entry::Occupied(_) => {}
    }
}

fn rank(path: &[Move]) -> (usize, usize, usize, &[Move]) {
    let holds = path.iter().filter(|mv| mv.act == Act::Hold).count();
    (path.len(), holds, crate::database::execution::switches(path), path)
}
