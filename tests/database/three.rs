//! Promise: what holds of two buyers holds of three, as far as the limit goes; and three who are let loose a thousand
//! times end in no way that was not explored.

use crate::free::{Found, let_loose};
use crate::servers::{another_mariadb, mariadb, or_skip, postgres, sqlite};
use crate::surveyed::shared_out;
use oversell::database::table::Job;
use oversell::database::{Database, Dialect, Level, Property, Question, catalogue, check};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The most executions of one checkout at one level, if `LIMIT` does not say otherwise.
const LIMIT: u64 = 30_000;

/// What is right as long as there are two: whoever has the last seat locked is made to fail by a third, and another has
/// been told by then that it is sold out.
const WRONG_OF_THREE: [(&str, Dialect, Level); 1] = [("skip-locked", Dialect::Postgres, Level::Serializable)];

/// The whole catalogue (or those that `ONLY=two-items,skip-locked` names), so many at once, each on its share of the
/// databases, which are all alike.
fn three_buyers(kinds: &[Vec<Arc<dyn Database>>], at_once: usize) {
    let mut all = Vec::new();
    let only = std::env::var("ONLY").ok();
    let named = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|other| other == name));
    let patterns: Vec<_> = catalogue::all().into_iter().filter(|pattern| named(pattern.name)).collect();
    for alike in kinds {
        all.extend(shared_out(alike, &patterns));
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
    question.limits.executions = std::env::var("LIMIT").map_or(LIMIT, |limit| limit.parse().unwrap());
    let start = Instant::now();
    let report = check(&job.database, &job.checkout, job.level, question).unwrap();
    let (explored, start) = (start.elapsed(), Instant::now());
    let pattern = catalogue::Pattern::named(&report.checkout).unwrap();
    let of_the_shop = [Property::NoOversell, Property::LedgerBalances, Property::NoUndersell];
    let fails = of_the_shop.iter().any(|property| report.finding(*property).verdict.holds() == Some(false));
    let place = format!("{} on {} at {}", report.checkout, report.database, report.level);
    let is_right = (pattern.is_right)(job.database.dialect(), report.level)
        && !WRONG_OF_THREE.contains(&(pattern.name, job.database.dialect(), report.level));
    assert_eq!(fails, !is_right, "{place}");
    let_loose(job, &report, 1000, found);
    let (executions, states, free) = (report.executions, report.states, start.elapsed());
    let short = report.limit.map_or_else(String::new, |why| format!("; not to its end: {why}"));
    println!("{place}: {executions} executions, {states} states, {explored:.1?}, let loose {free:.1?}{short}");
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
    let Some(first) = or_skip(mariadb()) else { return };
    // A server explores one thing at a time.
    let more = (1..4).map(|_| another_mariadb());
    let servers: Vec<_> = std::iter::once(first).chain(more).collect();
    three_buyers(&[servers], 4);
}
