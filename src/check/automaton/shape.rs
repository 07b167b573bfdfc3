//! What can be said of code from its control points alone.

use super::{Automaton, AutomatonError, NodeId};
use crate::sync::{Access, Step};
use std::sync::atomic::Ordering::SeqCst;

impl Automaton {
    /// Whether anybody gives back more, or adds more to the stock, than it has sold itself.
    pub fn gives_back(&self) -> bool {
        self.nodes.iter().any(|node| node.tally.sold < node.tally.restocked)
    }

    /// Where the steps lead that have been read at a control point.
    pub fn targets(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.leads_to[node as usize].iter().copied()
    }

    /// Whether no code that has been read can come to a control point twice: then every execution ends.
    pub fn is_acyclic(&self) -> bool {
        /// 0: not seen; 1: on the path; 2: done.
        fn visit(automaton: &Automaton, node: usize, seen: &mut [u8]) -> bool {
            let mut path = vec![(node, 0)];
            seen[node] = 1;
            while let Some((node, next)) = path.pop() {
                match automaton.targets(node as NodeId).nth(next).map(usize::from) {
                    None => seen[node] = 2,
                    Some(to) => {
                        path.push((node, next + 1));
                        match seen[to] {
                            0 => {
                                seen[to] = 1;
                                path.push((to, 0));
                            }
                            1 => return false,
                            _ => {}
                        }
                    }
                }
            }
            true
        }
        let mut seen = vec![0; self.nodes.len()];
        (0..self.nodes.len()).all(|node| seen[node] != 0 || visit(self, node, &mut seen))
    }

    /// The cells that are accessed with orderings weaker than sequential consistency, by name.
    pub fn weakly_ordered(&self) -> Vec<&'static str> {
        let names = self.reading.names();
        let weak = |step: &Step| match step {
            Step::On(object, access) => {
                let weak = match access {
                    Access::Load(order) | Access::Store(_, order) | Access::Update(_, _, order) => *order != SeqCst,
                    // A failed exchange may be weaker: it is a load.
                    Access::CompareExchange { success, failure, .. } => *success != SeqCst || *failure != SeqCst,
                    _ => false,
                };
                weak.then(|| names[*object])
            }
            Step::Fence(order) => (*order != SeqCst).then_some("a fence"),
            Step::Choose(_) => None,
        };
        let weak: std::collections::BTreeSet<_> =
            self.nodes.iter().filter_map(|node| node.step().and_then(weak)).collect();
        weak.into_iter().collect()
    }

    /// Whether the step at a control point is one that nobody else, and no property, can notice, and after which such steps
    /// soon come to an end.
    pub fn is_unnoticed(&mut self, node: NodeId) -> Result<bool, AutomatonError> {
        if let Some(&known) = self.unnoticed.get(&node) {
            return Ok(known);
        }
        let here = self.node(node);
        let free = matches!(here.step(), Some(Step::Choose(_) | Step::Fence(_))) && here.role.is_some();
        if !free {
            self.unnoticed.insert(node, false);
            return Ok(false);
        }
        // Until it is known better: whoever comes back here has gone round.
        self.unnoticed.insert(node, false);
        // It accesses nothing, so it does not matter what there is.
        let edges = self.edges(node, &[])?;
        for edge in self.list(edges).to_vec() {
            let (here, there) = (self.node(node), self.node(edge.to));
            let quiet = here.tally == there.tally && here.inside == there.inside && here.role == there.role;
            let goes_round = matches!(there.step(), None | Some(Step::Choose(_) | Step::Fence(_)));
            if !quiet || (goes_round && !self.is_unnoticed(edge.to)?) {
                return Ok(false);
            }
        }
        self.unnoticed.insert(node, true);
        Ok(true)
    }
}
