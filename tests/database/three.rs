//! Promise: what holds of two buyers holds of three, as far as the limit goes; and three who are let loose a thousand
//! times end in no way that was not explored.

use crate::free::{Found, let_loose};
use crate::servers::{mariadb, or_skip, postgres, sqlite};
use oversell::database::table::{Job, jobs};
use oversell::database::{Database, Property, Question, catalogue, check};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The most executions of one checkout at one level.
const LIMIT: u64 = 30_000;

/// The whole catalogue, so many at once, each on its share of the databases, which are all alike.
fn three_buyers(kinds: &[Vec<Arc<dyn Database>>], at_once: usize) {
    let mut all = Vec::new();
    for alike in kinds {
        let jobs = jobs(&alike[..1], &catalogue::all()).into_iter().enumerate();
        all.extend(jobs.map(|(number, job)| Job { database: alike[number % alike.len()].clone(), ..job }));
    }
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(job) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(job, &found);
                }
            });
        }
    });
    found.into_inner().unwrap().told(all.len(), 1000);
}

fn one(job: &Job, found: &Mutex<Found>) {
    let mut question = Question::of(3);
    question.limits.executions = LIMIT;
    let start = Instant::now();
    let report = check(&job.database, &job.checkout, job.level, question).unwrap();
    let (explored, start) = (start.elapsed(), Instant::now());
    let pattern = catalogue::Pattern::named(&report.checkout).unwrap();
    let of_the_shop = [Property::NoOversell, Property::LedgerBalances, Property::NoUndersell];
    let fails = of_the_shop.iter().any(|property| report.finding(*property).verdict.holds() == Some(false));
    let place = format!("{} on {} at {}", report.checkout, report.database, report.level);
    assert_eq!(fails, !(pattern.is_right)(job.database.dialect(), report.level), "{place}");
    let_loose(job, &report, 1000, found);
    let (executions, states, free) = (report.executions, report.states, start.elapsed());
    let loose = report.limit.map_or_else(|| format!("let loose {free:.1?}"), |why| format!("left out: {why}"));
    println!("{place}: {executions} executions, {states} states, {explored:.1?}; {loose}");
}

/// `cargo test --test database -- --ignored three::on_sqlite --nocapture`
#[test]
#[ignore = "three buyers take many minutes"]
fn on_sqlite() {
    three_buyers(&sqlite().into_iter().map(|sqlite| vec![sqlite]).collect::<Vec<_>>(), 2);
}

/// `cargo test --test database -- --ignored three::on_postgres --nocapture`
#[test]
#[ignore = "three buyers take many minutes"]
fn on_postgres() {
    let Some(postgres) = or_skip(postgres()) else { return };
    // Most of the time goes to waiting for each other's word.
    three_buyers(&[vec![postgres]], 8);
}

/// `cargo test --test database -- --ignored three::on_mariadb --nocapture`
#[test]
#[ignore = "three buyers take many minutes"]
#[cfg(feature = "mariadb")]
fn on_mariadb() {
    use oversell::database::mariadb::Mariadb;
    let Some(first) = or_skip(mariadb()) else { return };
    // A server explores one thing at a time.
    let more = (1..4).map(|_| Arc::new(Mariadb::start().unwrap()) as Arc<dyn Database>);
    let servers: Vec<_> = std::iter::once(first).chain(more).collect();
    three_buyers(&[servers], 4);
}
