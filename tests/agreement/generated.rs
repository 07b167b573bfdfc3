//! Agreement on generated programs.

use crate::agreeing::{LIMIT, Tally, agree_or_pass_over, same_ends_by_shuttle};
use crate::cases::cases;
use crate::enumeration::Enumerated;
use crate::language::{Code, Do, Ledger, Text};
use oversell::check::Instance;
use oversell::scenario::Launch;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Draws cases, the same ones everywhere and every time, and says how they came out.
fn draw(launch: Launch, cases_drawn: u32, seed: u8) -> Tally {
    let config = ProptestConfig { cases: cases_drawn, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let tally = RefCell::new(Tally::default());
    let ran = TestRunner::new_with_rng(config, rng)
        .run(&cases(launch), |case| agree_or_pass_over(&case, &mut tally.borrow_mut()));
    if let Err(failure) = ran {
        panic!("with seed {seed}: {failure}");
    }
    tally.into_inner()
}

/// What shows in too few programs to be seen in some dozens of them.
const FEW: &[&str] = &["saw-little", "searches-overlap", "no-deadlock"];

/// Asserts that the cases were worth the name.
fn assert_worthwhile(tally: &Tally, decided: usize, not_shown: &[&str]) {
    println!("{tally:?}");
    assert!(tally.decided >= decided, "too few: {tally:?}");
    assert!((tally.refused + tally.unseen) * 10 < tally.decided, "too many are refused: {tally:?}");
    for (property, shown) in &tally.shown {
        let varied = 1 <= *shown && *shown < tally.decided;
        assert!(varied || not_shown.contains(&property.name()), "{property} is always the same: {tally:?}");
    }
}

#[test]
fn engines_agree_on_generated_programs_run_together() {
    assert_worthwhile(&draw(Launch::Together, 140, 0), 80, FEW);
}

#[test]
fn engines_agree_on_generated_programs_run_one_by_one() {
    assert_worthwhile(&draw(Launch::Joined, 70, 0), 40, FEW);
}

#[test]
fn engines_agree_on_generated_programs_whose_parent_decides() {
    assert_worthwhile(&draw(Launch::JoinedWhile, 70, 0), 40, FEW);
}

#[cfg(feature = "shuttle")]
#[test]
fn a_parent_may_choose_differently_in_each_of_its_turns() {
    let buyer = Code { body: vec![Do::Read], endings: ["bought"; 4], asks_for: 0 };
    let parent = (vec![Do::Choose(false)], 0);
    let text = Text { launch: Launch::JoinedWhile, tickets: 0, ledger: Ledger::File, roles: vec![buyer], parent };
    let scenario = Arc::new(text).scenario();
    let instance = Instance::of(&scenario, 3);
    let all = Enumerated::merged(&scenario, &instance, LIMIT).unwrap();
    assert_eq!(all.ends.len(), 3, "one, two or three buyers are started");
    assert!(same_ends_by_shuttle(&scenario, &instance, &all).unwrap());
}

#[test]
#[ignore = "takes minutes: cargo test --release --test agreement -- --ignored --nocapture twenty_thousand"]
fn engines_agree_on_twenty_thousand_generated_programs() {
    // The ordinary run has had seed 0.
    let seeds = AtomicU8::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = seeds.fetch_add(1, Relaxed);
                    let launch = match seed {
                        1..=8 => Launch::JoinedWhile,
                        9..=16 => Launch::Joined,
                        17..=40 => Launch::Together,
                        _ => break,
                    };
                    println!("seed {seed}: ");
                    assert_worthwhile(&draw(launch, 500, seed), 250, FEW);
                }
            });
        }
    });
}
