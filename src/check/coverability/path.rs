//! The way from the root to where the search stands, and what may grow without end on it.

use super::tree::{Tree, covers};
use crate::check::automaton::NodeId;
use crate::check::exploration::{MANY, Space};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

/// The way from the root.
#[derive(Default)]
pub struct Path {
    pub frames: Vec<Frame>,
    /// By hash of their control, the places of frames: only they are comparable.
    by_control: FxHashMap<u64, Vec<usize>>,
}

impl Path {
    pub fn push(&mut self, frame: Option<Frame>) {
        let Some(frame) = frame else { return };
        self.by_control.entry(frame.control).or_default().push(self.frames.len());
        self.frames.push(frame);
    }

    pub fn pop(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        if let Entry::Occupied(mut places) = self.by_control.entry(frame.control) {
            places.get_mut().pop();
            if places.get().is_empty() {
                places.remove();
            }
        }
    }
}

/// A state on the path from the root, and which of its transitions come next.
pub struct Frame {
    pub state: usize,
    pub words: Vec<u32>,
    /// Those before this one have been taken: which mover, and which of its moves.
    pub next: (usize, usize),
    /// A hash of the control, so that what is not comparable is passed over soon.
    control: u64,
    /// By control point: whether any number of threads stand there.
    many: Vec<bool>,
    /// By object, the number of what the state has in common with others that differ in it, once somebody has asked.
    pub rests: Vec<Option<usize>>,
    /// What an object may hold after a step that leaves the marking as it is, where that is known to be covered.
    pub known: FxHashSet<(usize, u32)>,
}

impl Frame {
    pub fn at(space: &Space<'_>, tree: &Tree, state: usize) -> Frame {
        let words = tree.state(state).to_vec();
        let mut many = Vec::new();
        for (node, _) in space.marking(&words).filter(|(_, count)| *count == MANY) {
            many.resize(node as usize, false);
            many.push(true);
        }
        let control = hash(space.control(&words));
        Frame {
            state,
            words,
            next: (0, 0),
            control,
            many,
            rests: vec![None; space.objects()],
            known: FxHashSet::default(),
        }
    }

    pub fn has_many(&self, node: NodeId) -> bool {
        self.many.get(node as usize).copied().unwrap_or(false)
    }
}

fn hash(words: &[u32]) -> u64 {
    FxBuildHasher.hash_one(words)
}

/// If the new state covers one that it comes from, whatever has grown on the way can grow without end. Whether anything
/// has.
pub fn accelerate(space: &Space<'_>, tree: &Tree, path: &Path, next: &mut [u32]) -> bool {
    let mut changed = false;
    let places = path.by_control.get(&hash(space.control(next))).into_iter().flatten();
    for place in places.rev() {
        let old = &path.frames[*place].words;
        if space.marking(next).all(|(_, count)| count == MANY) {
            break;
        }
        tree.looks_at(next.len());
        if !covers(space, next, old) {
            continue;
        }
        // Both ascend by control point, and the old one has no control point that the new one has not.
        let mut before = old[space.head()..].iter().peekable();
        for pair in &mut next[space.head()..] {
            let old = before.next_if(|old| **old >> 16 == *pair >> 16);
            if old.is_none_or(|old| old & 0xffff < *pair & 0xffff) && *pair & 0xffff != MANY {
                changed = true;
                *pair |= MANY;
            }
        }
    }
    changed
}
