//! Steps that lead where others have led.
//!
//! Two states that differ only in what an object holds are one after a step on it that leaves the same and observes the
//! same. With a thousand tickets most steps are such: whoever writes does not look at what was there.

use super::tree::Tree;
use crate::check::automaton::{Edges, NodeId};
use crate::check::exploration::Space;
use crate::check::states::States;
use crate::sync::ObjectId;

/// The steps that have been taken.
#[derive(Default)]
pub struct Repeats {
    /// What states have in common that differ in one object: which one, the rest of their control, and their marking.
    rests: States,
    /// By number of those, and by control point, the edges that were taken last; `None` while only one state is known.
    taken: Vec<Option<Vec<Edges>>>,
    /// How many edges are kept.
    kept: usize,
}

impl Repeats {
    /// The number of what a state has in common with others that differ in this object.
    pub fn rest(&mut self, space: &Space<'_>, tree: &Tree, state: usize, object: ObjectId) -> usize {
        let mut words = space.control(tree.state(state)).to_vec();
        words[object] = u32::MAX;
        words.extend([object as u32, tree.marking(state) as u32]);
        let (rest, is_new) = self.rests.insert(&words);
        match is_new {
            true => self.taken.push(None),
            false => drop(self.taken[rest].get_or_insert_default()),
        }
        rest
    }

    /// Takes the edges of a control point, if they were not those taken last from a state with this rest. Whether they were.
    pub fn take(&mut self, rest: usize, node: NodeId, edges: Edges) -> bool {
        let Some(taken) = &mut self.taken[rest] else { return false };
        let node = usize::from(node);
        if taken.len() <= node {
            self.kept += node + 1 - taken.len();
            taken.resize(node + 1, Edges::default());
        }
        std::mem::replace(&mut taken[node], edges) == edges
    }

    /// About how much memory that takes.
    pub fn bytes(&self) -> usize {
        self.rests.bytes() + self.kept * size_of::<Edges>() + self.taken.capacity() * size_of::<Option<Vec<Edges>>>()
    }
}
