//! Generated programs: every engine against every schedule. libFuzzer's bytes are the seed of the generator.
#![no_main]
#![allow(dead_code, unfulfilled_lint_expectations, reason = "it shares more with the tests than it needs")]

#[path = "../../../agreement/agreeing.rs"]
mod agreeing;
#[path = "../../../agreement/cases.rs"]
mod cases;
#[path = "../../../agreement/enumeration.rs"]
mod enumeration;
#[path = "../kinds.rs"]
mod kinds;
#[path = "../../../agreement/language.rs"]
mod language;
#[path = "../../../agreement/listing.rs"]
mod listing;
#[path = "../../../agreement/running.rs"]
mod running;
#[path = "../../../agreement/verdicts.rs"]
mod verdicts;

use agreeing::{Tally, agree_or_pass_over};
use cases::cases;
use libfuzzer_sys::fuzz_target;
use oversell::scenario::Launch;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What is drawn for these bytes. (Drawing the bytes themselves, as proptest can, goes on for ever where they run out.)
fn seed(bytes: &[u8]) -> [u8; 32] {
    let mut seed = [0; 32];
    for (i, part) in seed.chunks_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (i, bytes).hash(&mut hasher);
        part.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    seed
}

fuzz_target!(|bytes: &[u8]| {
    let Some((launch, bytes)) = bytes.split_first() else { return };
    let launch = [Launch::Together, Launch::Joined, Launch::JoinedWhile][usize::from(*launch) % 3];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed(bytes));
    let mut runner = TestRunner::new_with_rng(Default::default(), rng);
    let Ok(case) = cases(launch).new_tree(&mut runner) else { return kinds::count("nothing drawn") };
    let mut tally = Tally::default();
    if let Err(error) = agree_or_pass_over(&case.current(), &mut tally) {
        panic!("{error}: {:?}", case.current());
    }
    kinds::count(match tally {
        Tally { refused: 1, .. } => "refused",
        Tally { unseen: 1, .. } => "passed over: an end that is not seen",
        Tally { decided: 1, .. } => "decided",
        _ => "passed over: too many states",
    });
});
