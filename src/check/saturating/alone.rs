//! Who can come to an end alone: that excludes livelocks.

use super::{AutomatonError, NodeId, Space};
use rustc_hash::FxHashMap;

/// Somebody alone: what is shared, and where it stands.
type Place = (Vec<u32>, NodeId);

/// Who can come to an end alone.
#[derive(Default)]
pub struct Alone {
    known: FxHashMap<NodeId, FxHashMap<Vec<u32>, bool>>,
    /// How many places have been looked at for all answers together. Past the limit on states there are no more: then
    /// nobody is known to come to an end.
    looked_at: usize,
}

impl Alone {
    /// Whether somebody in this state is known to.
    pub fn somebody(&mut self, space: &mut Space<'_>, state: &[u32]) -> Result<bool, AutomatonError> {
        let contents = &state[..space.objects()];
        for node in space.parent_at(state).into_iter().chain(space.marking(state).map(|(node, _)| node)) {
            if space.automaton.node(node).step().is_none() {
                continue;
            }
            let can = match self.known(contents, node) {
                Some(can) => can,
                None => self.can_end(space, contents, node)?,
            };
            if can {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn known(&self, contents: &[u32], node: NodeId) -> Option<bool> {
        self.known.get(&node)?.get(contents).copied()
    }

    fn learn(&mut self, (contents, node): Place, can: bool) {
        self.known.entry(node).or_default().insert(contents, can);
    }

    fn can_end(&mut self, space: &mut Space<'_>, contents: &[u32], node: NodeId) -> Result<bool, AutomatonError> {
        // Each with where it was come to from.
        let mut places: Vec<(Place, usize)> = vec![((contents.to_vec(), node), 0)];
        let mut numbers: FxHashMap<Place, usize> = FxHashMap::from_iter([(places[0].0.clone(), 0)]);
        let mut work = vec![0];
        while let Some(from) = work.pop() {
            let (contents, node) = places[from].0.clone();
            let object = space.automaton.node(node).object();
            let edges = space.automaton.edges(node, &contents)?;
            for edge in space.automaton.list(edges).to_vec() {
                let mut contents = contents.clone();
                if let Some(object) = object {
                    contents[object] = edge.content;
                }
                let is_end = space.automaton.node(edge.to).step().is_none();
                match self.known(&contents, edge.to) {
                    // So can all that led here.
                    can if is_end || can == Some(true) => {
                        let mut at = from;
                        loop {
                            let (place, before) = places[at].clone();
                            self.learn(place, true);
                            if at == before {
                                return Ok(true);
                            }
                            at = before;
                        }
                    }
                    Some(_) => {}
                    None => {
                        let next = places.len();
                        if *numbers.entry((contents.clone(), edge.to)).or_insert(next) == next {
                            places.push(((contents, edge.to), from));
                            work.push(next);
                        }
                    }
                }
            }
            self.looked_at += 1;
            let (count, bytes) = (self.looked_at, space.automaton.bytes());
            let meter = space.automaton.meter();
            let limit = meter.limits.max_states;
            if meter.look("states", count, limit, bytes).is_some() {
                return Ok(false);
            }
        }
        for (place, _) in places {
            self.learn(place, false);
        }
        Ok(false)
    }
}
