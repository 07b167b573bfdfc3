//! Who can come to an end alone: that excludes livelocks.

use super::{AutomatonError, NodeId, Space};
use rustc_hash::{FxHashMap, FxHashSet};

/// Who can come to an end alone.
#[derive(Default)]
pub struct Alone {
    /// By control point and contents.
    known: FxHashMap<NodeId, FxHashMap<Vec<u32>, bool>>,
}

impl Alone {
    /// Whether somebody in this state can.
    pub fn somebody(&mut self, space: &mut Space<'_>, state: &[u32]) -> Result<bool, AutomatonError> {
        let contents = &state[..space.objects()];
        for node in space.parent_at(state).into_iter().chain(space.marking(state).map(|(node, _)| node)) {
            if space.automaton.node(node).step().is_some() && self.can_end(space, contents, node)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn can_end(&mut self, space: &mut Space<'_>, contents: &[u32], node: NodeId) -> Result<bool, AutomatonError> {
        if let Some(&known) = self.known.get(&node).and_then(|known| known.get(contents)) {
            return Ok(known);
        }
        let mut seen: FxHashSet<(Vec<u32>, NodeId)> = FxHashSet::default();
        let mut work = vec![(contents.to_vec(), node)];
        let mut found = false;
        'search: while let Some((contents, node)) = work.pop() {
            if !seen.insert((contents.clone(), node)) {
                continue;
            }
            let object = space.automaton.node(node).object();
            let edges = space.automaton.edges(node, &contents)?;
            for edge in space.automaton.list(edges).to_vec() {
                if space.automaton.node(edge.to).step().is_none() {
                    found = true;
                    break 'search;
                }
                let mut contents = contents.clone();
                if let Some(object) = object {
                    contents[object] = edge.content;
                }
                work.push((contents, edge.to));
            }
            let (count, bytes) = (seen.len(), space.automaton.bytes());
            let meter = space.automaton.meter();
            let limit = meter.limits.max_states;
            if meter.look("states", count, limit, bytes).is_some() {
                break;
            }
        }
        self.known.entry(node).or_default().insert(contents.to_vec(), found);
        Ok(found)
    }
}
