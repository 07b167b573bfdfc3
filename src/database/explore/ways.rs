//! The best ways through what was explored.

use super::{Graph, Next};
use crate::database::{Move, Outcome, Property};
use std::collections::BTreeMap;

impl Graph {
    /// The most that was ever told to be sold.
    pub(in crate::database) fn worst(&self) -> i64 {
        self.nodes.iter().map(|node| node.sold).max().unwrap_or(0)
    }

    /// The best way to the nodes that are wanted: fewest moves, then fewest switches, then the lowest first. Of two
    /// ways of one length to one node that end with the same actor, the better one stays the better one however they
    /// go on.
    pub(in crate::database) fn best(&self, ways: &[(usize, Vec<Move>)], wanted: Property) -> Option<Vec<Move>> {
        let shown = ways.iter().filter(|(node, _)| self.nodes[*node].shows.contains(&wanted));
        shown.map(|(_, path)| path).min_by_key(|path| rank(path)).cloned()
    }

    /// Every outcome, each with the best way to it.
    pub(in crate::database) fn outcomes(&self, ways: &[(usize, Vec<Move>)]) -> BTreeMap<Outcome, Vec<Move>> {
        let mut outcomes: BTreeMap<Outcome, Vec<Move>> = BTreeMap::new();
        for (node, path) in ways {
            let Some(outcome) = &self.nodes[*node].outcome else { continue };
            let best = outcomes.entry(outcome.clone()).or_insert_with(|| path.clone());
            if rank(path) < rank(best) {
                best.clone_from(path);
            }
        }
        outcomes
    }

    /// The best ways to each node that shows something or is an end.
    pub(in crate::database) fn ways(&self) -> Vec<(usize, Vec<Move>)> {
        let wanted = |node: usize| !self.nodes[node].shows.is_empty() || self.nodes[node].outcome.is_some();
        let mut found = Vec::new();
        let mut layer: BTreeMap<(usize, usize), Vec<Move>> = BTreeMap::new();
        if !self.nodes.is_empty() {
            layer.insert((0, usize::MAX), Vec::new());
        }
        while !layer.is_empty() {
            let mut next: BTreeMap<(usize, usize), Vec<Move>> = BTreeMap::new();
            for ((node, _), path) in layer {
                for (mv, to) in self.nodes[node].enabled.iter().zip(&self.nodes[node].next) {
                    let Next::To(to) = to else { continue };
                    let mut path = path.clone();
                    path.push(*mv);
                    let best = next.entry((*to, mv.actor)).or_insert_with(|| path.clone());
                    if rank(&path) < rank(best) {
                        *best = path;
                    }
                }
                if wanted(node) {
                    found.push((node, path));
                }
            }
            layer = next;
        }
        found
    }
}

fn rank(path: &[Move]) -> (usize, usize, &[Move]) {
    (path.len(), crate::database::execution::switches(path), path)
}
