//! The tree of coverability: the states that have been found, and which covers which.

use crate::check::exploration::Space;
use crate::check::states::States;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};

/// All states that have been found, with their markings numbered.
#[derive(Default)]
pub struct Tree {
    states: Vec<Vec<u32>>,
    /// By state, the number of its marking.
    markings: Vec<usize>,
    numbers: States,
    /// By state: whether a newer one covers it.
    covered: Vec<bool>,
    /// By control, the states that nothing newer covers.
    by_control: FxHashMap<Vec<u32>, Vec<usize>>,
    /// Which markings are known to be covered by which, and which not to be.
    known: RefCell<FxHashMap<(usize, usize), bool>>,
    words: usize,
    looked_at: Cell<u64>,
}

impl Tree {
    pub fn len(&self) -> usize {
        self.states.len()
    }

    pub fn bytes(&self) -> usize {
        (self.words + self.states.len() * 32) * size_of::<u32>() + self.numbers.bytes()
    }

    pub fn state(&self, number: usize) -> &[u32] {
        &self.states[number]
    }

    /// Adds a state, unless it is covered.
    pub fn add(&mut self, space: &Space<'_>, state: Vec<u32>) -> Option<usize> {
        if self.covered(space, &state) {
            return None;
        }
        let number = self.states.len();
        let peers = self.by_control.entry(space.control(&state).to_vec()).or_default();
        self.looked_at.update(|before| before + (peers.len() * state.len()) as u64);
        peers.retain(|peer| {
            let covered = covers(space, &state, &self.states[*peer]);
            self.covered[*peer] |= covered;
            !covered
        });
        peers.push(number);
        self.covered.push(false);
        self.words += state.len();
        self.markings.push(self.numbers.insert(space.places(&state)).0);
        self.states.push(state);
        Some(number)
    }

    /// The number of a state's marking.
    pub fn marking(&self, state: usize) -> usize {
        self.markings[state]
    }

    pub fn is_covered(&self, state: usize) -> bool {
        self.covered[state]
    }

    pub fn covered(&self, space: &Space<'_>, state: &[u32]) -> bool {
        let mut peers = self.by_control.get(space.control(state)).into_iter().flatten().rev();
        peers.any(|peer| {
            self.looks_at(state.len());
            covers(space, &self.states[*peer], state)
        })
    }

    /// So many counts are looked at.
    pub fn looks_at(&self, counts: usize) {
        self.looked_at.update(|before| before + counts as u64);
    }

    /// How many have been so far.
    pub fn looked_at(&self) -> u64 {
        self.looked_at.get()
    }

    /// Whether a state with this control covers one with the marking of state `number`.
    pub fn has(&self, control: &[u32], number: usize) -> bool {
        let small = self.markings[number];
        let peers = self.by_control.get(control).into_iter().flatten();
        peers.rev().any(|&peer| {
            let large = self.markings[peer];
            let mut known = self.known.borrow_mut();
            *known.entry((large, small)).or_insert_with(|| at_least(self.numbers.get(large), self.numbers.get(small)))
        })
    }
}

/// Whether `large` has the control of `small`, and at least as many threads everywhere.
pub fn covers(space: &Space<'_>, large: &[u32], small: &[u32]) -> bool {
    space.control(large) == space.control(small) && at_least(space.places(large), space.places(small))
}

/// Whether one marking (and the number of threads not started before it) has at least as many threads everywhere.
fn at_least(large: &[u32], small: &[u32]) -> bool {
    // Markings ascend by control point, so one pass over each is enough.
    let mut places = large[1..].iter();
    let mut has = |pair: u32| {
        let place = places.find(|other| **other >> 16 >= pair >> 16);
        place.is_some_and(|other| other >> 16 == pair >> 16 && other & 0xffff >= pair & 0xffff)
    };
    large[0] >= small[0] && small[1..].iter().all(|pair| has(*pair))
}
