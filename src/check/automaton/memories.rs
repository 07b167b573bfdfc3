//! What threads remember, kept once: two memories that begin alike share their beginning.

use super::node::MemoryId;
use crate::check::interner::Interner;
use crate::platform::script::Memory;

/// Hash-consed lists of memories. A list is its last item and the list before it.
pub struct Memories {
    /// invariant: the list before an item has a smaller number than the item, plus one; 0 is the empty list
    items: Interner<(MemoryId, Memory)>,
}

impl Memories {
    pub fn new() -> Self {
        Memories { items: Interner::new() }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The number of a list.
    pub fn intern(&mut self, list: &[Memory]) -> MemoryId {
        list.iter().fold(0, |before, item| self.items.intern((before, item.clone())) + 1)
    }

    /// The list of this number.
    pub fn list(&self, mut number: MemoryId) -> Vec<Memory> {
        let mut list = Vec::new();
        while number > 0 {
            let (before, item) = &self.items[number - 1];
            list.push(item.clone());
            number = *before;
        }
        list.reverse();
        list
    }
}
