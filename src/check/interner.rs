//! Interning: equal values as equal small integers.

use rustc_hash::FxHashMap;
use std::hash::Hash;
use std::ops::Index;

/// Gives every distinct value a number, counted from 0 in the order of first sight.
#[derive(Debug)]
pub struct Interner<T> {
    numbers: FxHashMap<T, u32>,
    /// invariant: `values[numbers[v]] == v` for every value `v` in `numbers`
    values: Vec<T>,
}

impl<T: Clone + Eq + Hash> Interner<T> {
    pub fn new() -> Self {
        Interner { numbers: FxHashMap::default(), values: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn intern(&mut self, value: T) -> u32 {
        if let Some(&known) = self.numbers.get(&value) {
            return known;
        }
        let next = u32::try_from(self.values.len()).expect("fewer than 2^32 distinct values fit into memory");
        self.values.push(value.clone());
        self.numbers.insert(value, next);
        next
    }
}

impl<T> Index<u32> for Interner<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}
