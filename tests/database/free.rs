//! Promise: nothing comes of a free run that was not explored.

use crate::servers::all;
use oversell::database::table::{Job, jobs};
use oversell::database::{Dialect, End, Level, Outcome, Question, catalogue, check, run_free};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What only comes of steps that overlap inside of statements, which is not looked at and said so:
///
/// * Two of MariaDB's `INSERT … SELECT` at once, each with the lock for the next number and a lock on the gap, of which
///   one is refused a number.
/// * A statement that waited and is free to go on; but before it does, the victim of the deadlock has started over and
///   has its share of the row again. So the victim can lose as often as it tries.
/// * SQLite without a busy handler: BEGIN IMMEDIATE first takes the lock to read, and fails to get the one to write;
///   in that moment the other's COMMIT fails too.
fn overlaps_inside(job: &Job, outcome: &Outcome) -> bool {
    const RETRIED: [&str; 5] = [
        "read-then-write-retried",
        "for-share-retried",
        "version-new-transaction",
        "count-then-insert-retried",
        "unique-seat",
    ];
    let name = job.checkout.name.as_str();
    let fails =
        |why: &str| outcome.ends.iter().any(|end| matches!(end, End::Failed(message) if message.starts_with(why)));
    match job.database.dialect() {
        Dialect::Mariadb if name == "insert-select-where" => fails("Failed to read auto-increment value"),
        Dialect::Mariadb => RETRIED.contains(&name) && fails("Deadlock found"),
        Dialect::Postgres => RETRIED.contains(&name) && fails("deadlock detected"),
        Dialect::Sqlite => job.database.name().ends_with("busy") && job.level == Level::Immediate && fails("busy"),
    }
}

/// Lets every one of these loose; all outcomes that were not explored.
fn unexplored(jobs: &[Job], buyers: usize, times: u64) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Job { database, checkout, level } = job;
                    let explored = check(database, checkout, *level, Question::of(buyers)).unwrap();
                    let known: BTreeSet<_> = explored.outcomes.into_iter().map(|(outcome, _)| outcome).collect();
                    for (outcome, count) in run_free(database, checkout, *level, buyers, times).unwrap() {
                        if !known.contains(&outcome) && !overlaps_inside(job, &outcome) {
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

/// `cargo test --release --test database -- --ignored free_runs --nocapture`
#[test]
#[ignore = "1,000 free runs of three buyers for all of the catalogue take many minutes"]
fn a_thousand_free_runs_of_three_buyers_end_as_explored() {
    let jobs = jobs(&all(), &catalogue::all());
    let unexplored = unexplored(&jobs, 3, 1000);
    println!("{} checkouts × levels × databases, 1,000 runs each", jobs.len());
    assert!(unexplored.is_empty(), "{unexplored:#?}");
}
