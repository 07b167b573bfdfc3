//! Which edges have been read, by control point and content.

use super::{Edge, NodeId};
use rustc_hash::FxHashMap;

/// The edges of a control point with one content of its object: where they are among all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    start: u32,
    end: u32,
}

/// What has not been read.
const UNKNOWN: Edges = Edges { start: u32::MAX, end: u32::MAX };

/// So many control points with following numbers are kept together: they tend to be asked for one after the other.
const TOGETHER: u16 = 16;

/// All edges that have been read.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// One control point and content after the other.
    edges: Vec<Edge>,
    /// By content and [`TOGETHER`] control points, where what is known of these is, in `ranges`.
    blocks: FxHashMap<u64, u32>,
    /// The block that was looked up last.
    last: Option<(u64, u32)>,
    ranges: Vec<[Edges; TOGETHER as usize]>,
}

impl Known {
    /// The edges of a control point with a content of its object (0 where it accesses none), if they have been read.
    pub fn of(&self, node: NodeId, content: u32) -> Option<Edges> {
        self.in_block(*self.blocks.get(&key(node, content))?, node)
    }

    /// The same, faster where the control points that are asked for follow one another.
    pub fn next_of(&mut self, node: NodeId, content: u32) -> Option<Edges> {
        let key = key(node, content);
        let block = match self.last.filter(|(last, _)| *last == key) {
            Some((_, block)) => block,
            None => {
                let block = *self.blocks.get(&key)?;
                self.last = Some((key, block));
                block
            }
        };
        self.in_block(block, node)
    }

    fn in_block(&self, block: u32, node: NodeId) -> Option<Edges> {
        let edges = self.ranges[block as usize][usize::from(node % TOGETHER)];
        (edges != UNKNOWN).then_some(edges)
    }

    /// These are the edges of a control point with this content.
    pub fn set(&mut self, node: NodeId, content: u32, edges: Edges) {
        let block = *self.blocks.entry(key(node, content)).or_insert_with(|| {
            self.ranges.push([UNKNOWN; TOGETHER as usize]);
            self.ranges.len() as u32 - 1
        });
        self.ranges[block as usize][usize::from(node % TOGETHER)] = edges;
    }

    /// Keeps edges.
    pub fn add(&mut self, edges: Vec<Edge>) -> Edges {
        let start = self.edges.len() as u32;
        self.edges.extend(edges);
        Edges { start, end: self.edges.len() as u32 }
    }

    pub fn list(&self, edges: Edges) -> &[Edge] {
        &self.edges[edges.start as usize..edges.end as usize]
    }

    /// About how much memory that takes.
    pub fn bytes(&self) -> usize {
        self.edges.capacity() * size_of::<Edge>()
            + self.ranges.capacity() * size_of::<[Edges; TOGETHER as usize]>()
            + self.blocks.capacity() * size_of::<(u64, u32)>()
    }
}

impl Edges {
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

fn key(node: NodeId, content: u32) -> u64 {
    u64::from(content) << 16 | u64::from(node / TOGETHER)
}
