//! Promise: whatever text comes in from outside is read as it should be or refused with an error: never a panic, and never
//! half of it.
//!
//! `cargo test` takes some hundred cases from a fixed seed; `cargo test --release --test fuzz -- --ignored` very many from
//! others. The same properties are libFuzzer's targets, in a crate of their own: `targets/`. Each test counts the cases that came to something, so that none can be refused as a whole and pass.
#![cfg(not(loom))]

mod certificates;
mod documents;
mod outputs;
mod properties;
mod schedules;
mod wire;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// How many cases were of which kind.
type Tally = BTreeMap<&'static str, u32>;

/// Runs a test on so many cases. It says of what kind each was.
fn fuzz<T: Debug>(
    seed: u8,
    cases: u32,
    strategy: &impl Strategy<Value = T>,
    test: impl Fn(T) -> Result<&'static str, TestCaseError>,
) -> Tally {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let tally = RefCell::new(Tally::new());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let ran = runner.run(strategy, |case| {
        *tally.borrow_mut().entry(test(case)?).or_default() += 1;
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("with seed {seed}: {failure}");
    }
    let tally = tally.into_inner();
    eprintln!("seed {seed}: {tally:?}");
    tally
}

/// Each of these kinds was one case in `of` at least.
fn is_worthwhile(tally: &Tally, of: u32, kinds: &[&'static str]) {
    let cases: u32 = tally.values().sum();
    for kind in kinds {
        let those = tally.get(kind).copied().unwrap_or(0);
        assert!(those * of >= cases, "{kind}: {those} of {cases}, {tally:?}");
    }
}

/// A change somewhere in a text.
#[derive(Clone, Debug)]
enum Change {
    Remove(prop::sample::Index),
    Put(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    /// What stands between two places comes twice.
    Repeat(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
}

impl Change {
    fn make(&self, text: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let length = text.len();
        match self {
            Change::Remove(at) => drop(text.remove(at.index(length))),
            Change::Put(at, byte) => text[at.index(length)] = *byte,
            Change::Insert(at, bytes) => drop(text.splice(at.index(length)..at.index(length), bytes.iter().copied())),
            Change::Repeat(one, other) => {
                let (one, other) = (one.index(length), other.index(length));
                let piece = text[one.min(other)..one.max(other)].to_vec();
                text.splice(one.max(other)..one.max(other), piece);
            }
            Change::Cut(at) => text.truncate(at.index(length)),
        }
    }
}

/// A few changes; the tokens are those of the format, so that a changed text is not always nonsense.
fn changes(tokens: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<Change>> {
    let token = prop::sample::select(tokens);
    let change = prop_oneof![
        2 => any::<prop::sample::Index>().prop_map(Change::Remove),
        1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Put(at, byte)),
        3 => (any::<prop::sample::Index>(), token).prop_map(|(at, token)| Change::Insert(at, token.into())),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(a, b)| Change::Repeat(a, b)),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
    ];
    vec(change, 0..=most)
}
