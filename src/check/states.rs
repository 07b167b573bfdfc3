//! A set of states: each a run of words, kept once, numbered in the order in which they were added.

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// A set of states, numbered in the order in which they were added.
#[derive(Default)]
pub struct States {
    words: Vec<u32>,
    /// Where each state ends in `words`.
    ends: Vec<usize>,
    /// Each state's hash and number. The hash is kept so that growing does not look at the states again.
    numbers: HashTable<(u32, u32)>,
}

impl States {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// How much memory the set takes.
    pub fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u32>()
            + self.ends.capacity() * size_of::<usize>()
            + self.numbers.capacity() * (size_of::<(u32, u32)>() + 1)
    }

    pub fn get(&self, number: usize) -> &[u32] {
        slice(&self.words, &self.ends, number)
    }

    /// The number of a state that is in the set.
    pub fn find(&self, state: &[u32]) -> Option<usize> {
        let hash = hash(state);
        let same = |(other, number): &(u32, u32)| *other == hash && self.get(*number as usize) == state;
        self.numbers.find(spread(hash), same).map(|(_, number)| *number as usize)
    }

    /// Adds a state; gives its number, and says whether it is new.
    pub fn insert(&mut self, state: &[u32]) -> (usize, bool) {
        let States { words, ends, numbers } = self;
        let hash = hash(state);
        let same = |(other, number): &(u32, u32)| *other == hash && slice(words, ends, *number as usize) == state;
        let vacant = match numbers.entry(spread(hash), same, |(hash, _)| spread(*hash)) {
            hashbrown::hash_table::Entry::Occupied(known) => return (known.get().1 as usize, false),
            hashbrown::hash_table::Entry::Vacant(vacant) => vacant,
        };
        let number = ends.len();
        vacant.insert((hash, u32::try_from(number).expect("memory runs out before 2^32 states")));
        words.extend_from_slice(state);
        ends.push(words.len());
        (number, true)
    }
}

fn slice<'w>(words: &'w [u32], ends: &[usize], number: usize) -> &'w [u32] {
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &words[start..ends[number]]
}

fn hash(state: &[u32]) -> u32 {
    let mut hasher = FxHasher::default();
    let (pairs, rest) = state.as_chunks::<2>();
    for [low, high] in pairs {
        hasher.write_u64(u64::from(*high) << 32 | u64::from(*low));
    }
    for word in rest {
        hasher.write_u32(*word);
    }
    let hash = hasher.finish();
    (hash >> 32 ^ hash) as u32
}

/// A table looks at the low and at the highest bits of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
