//! Promise: nothing comes of a free run that was not explored.

use crate::servers::all;
use crate::surveyed;
use oversell::database::table::{Job, jobs};
use oversell::database::{End, Outcome, Question, Report, catalogue, check, run_free};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An outcome without those who failed by a deadlock, if there are any; and how many are left.
fn without_victims(outcome: &Outcome) -> Option<(usize, Outcome)> {
    let deadlocks = ["deadlock detected", "Deadlock found"];
    let victim =
        |end: &End| matches!(end, End::Failed(message) if deadlocks.iter().any(|why| message.starts_with(why)));
    let mut others = outcome.clone();
    others.ends.retain(|end| !victim(end));
    (others.ends.len() < outcome.ends.len()).then_some((others.ends.len(), others))
}

/// What free runs show that was not explored, and how often: all of it, and what the report has excepted. Who starts
/// over after a deadlock may lose again as often as they are back too soon, and then the others end as they do
/// without them.
#[derive(Default)]
pub struct Found {
    unexplored: Vec<String>,
    excepted: BTreeMap<String, u64>,
    /// What was not explored to its end: it takes more executions than the limit, or waiters race in it.
    cut_short: Vec<String>,
    /// What free runs show there beyond what was explored.
    beyond: Vec<String>,
}

impl Found {
    /// Says what became of so many checkouts × levels × databases, and that nothing was found that was not explored.
    pub fn told(self, all: usize, times: u64) {
        let Found { unexplored, excepted, cut_short, beyond } = self;
        println!("{all} checkouts × levels × databases let loose {times} times each");
        println!("victims of deadlocks who lost once more: {excepted:#?}");
        println!("not explored to its end: {cut_short:#?}");
        println!("and there beyond what was explored: {beyond:#?}");
        assert!(unexplored.is_empty(), "{unexplored:#?}");
    }
}

fn explored(report: &Report) -> BTreeSet<Outcome> {
    report.outcomes.iter().map(|(outcome, _)| outcome.clone()).collect()
}

/// Lets one of these loose; `report` is what was explored.
pub fn let_loose(job: &Job, report: &Report, times: u64, found: &Mutex<Found>) {
    let Job { database, checkout, level } = job;
    let buyers = report.question.buyers;
    let place = format!("{} on {} at {level}", checkout.name, database.name());
    if report.limit.is_some() {
        found.lock().unwrap().cut_short.push(place.clone());
    }
    let known = explored(report);
    for (outcome, count) in run_free(database, checkout, *level, buyers, times).unwrap() {
        if known.contains(&outcome) {
            continue;
        }
        let fewer = |left| check(database, checkout, *level, Question::of(left)).unwrap();
        let as_without = |(left, others)| left > 0 && explored(&fewer(left)).contains(&others);
        let excepted = without_victims(&outcome).filter(|_| report.starts_over).is_some_and(as_without);
        let mut found = found.lock().unwrap();
        if excepted {
            *found.excepted.entry(place.clone()).or_default() += count;
        } else if report.limit.is_some() {
            let beyond = format!("{place}: {count} times {outcome:?}");
            println!("beyond what was explored: {beyond}");
            found.beyond.push(beyond);
        } else {
            let unexplored = format!("{place}: {count} times {outcome:?}");
            println!("not explored: {unexplored}");
            found.unexplored.push(unexplored);
        }
    }
}

/// Lets every one of these loose.
pub fn all_loose(jobs: &[Job], reports: &[Report], times: u64) {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((job, report)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(number).zip(reports.get(number))
                } {
                    let_loose(job, report, times, &found);
                    println!("let loose: {} on {} at {}", job.checkout.name, job.database.name(), job.level);
                }
            });
        }
    });
    found.into_inner().unwrap().told(jobs.len(), times);
}

#[test]
fn free_runs_of_two_buyers_end_as_explored() {
    let some = [
        "read-then-write",
        "conditional-update",
        "insert-select-where",
        "skip-locked",
        "advisory-around",
        "advisory-released-early",
    ];
    let patterns: Vec<_> = catalogue::all().into_iter().filter(|pattern| some.contains(&pattern.name)).collect();
    let jobs = jobs(&all(), &patterns);
    let report = |job: &Job| surveyed::report(&job.checkout.name, &*job.database, job.level).unwrap().clone();
    let reports: Vec<_> = jobs.iter().map(report).collect();
    all_loose(&jobs, &reports, 20);
}

/// `cargo test --test database -- --ignored free_runs --nocapture`
#[test]
#[ignore = "1,000 free runs of two buyers for all of the catalogue take many minutes"]
fn a_thousand_free_runs_of_two_buyers_end_as_explored() {
    let jobs = jobs(&all(), &catalogue::all());
    let report = |job: &Job| surveyed::report(&job.checkout.name, &*job.database, job.level).unwrap().clone();
    let reports: Vec<_> = jobs.iter().map(report).collect();
    all_loose(&jobs, &reports, 1000);
}
