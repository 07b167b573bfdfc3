//! Promise: nothing comes of a free run that was not explored.

use crate::servers::all;
use oversell::database::table::{Job, jobs};
use oversell::database::{Question, catalogue, check, run_free};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lets every one of these loose; all outcomes that were not explored.
fn unexplored(jobs: &[Job], buyers: usize, times: u64) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(Job { database, checkout, level }) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let explored = check(database, checkout, *level, Question::of(buyers)).unwrap();
                    let known: BTreeSet<_> = explored.outcomes.into_iter().map(|(outcome, _)| outcome).collect();
                    for (outcome, count) in run_free(database, checkout, *level, buyers, times).unwrap() {
                        if !known.contains(&outcome) {
                            let place = format!("{} on {} at {level}", checkout.name, database.name());
                            found.lock().unwrap().push(format!("{place}: {count} times {outcome:?}"));
                        }
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn free_runs_of_two_buyers_end_as_explored() {
    let some = ["read-then-write", "conditional-update", "insert-select-where", "skip-locked", "advisory-around"];
    let patterns: Vec<_> = catalogue::all().into_iter().filter(|pattern| some.contains(&pattern.name)).collect();
    let unexplored = unexplored(&jobs(&all(), &patterns), 2, 20);
    assert!(unexplored.is_empty(), "{unexplored:#?}");
}

#[test]
#[ignore = "probe"]
fn probe() {
    let times = std::env::var("TIMES").unwrap().parse().unwrap();
    let unexplored = unexplored(&jobs(&all(), &catalogue::all()), 2, times);
    println!("{unexplored:#?}");
}

/// `cargo test --release --test database -- --ignored free_runs --nocapture`
#[test]
#[ignore = "1,000 free runs of three buyers for all of the catalogue take many minutes"]
fn a_thousand_free_runs_of_three_buyers_end_as_explored() {
    let jobs = jobs(&all(), &catalogue::all());
    let unexplored = unexplored(&jobs, 3, 1000);
    println!("{} checkouts × levels × databases, 1,000 runs each", jobs.len());
    assert!(unexplored.is_empty(), "{unexplored:#?}");
}
