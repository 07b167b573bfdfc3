//! Promise: what holds of two buyers holds of three, as far as the limit goes; and three who are let loose a thousand
//! times end in no way that was not explored.

use crate::free::all_loose;
use crate::servers::{mariadb, or_skip, postgres, sqlite};
use oversell::database::table::{jobs, legend, survey, table};
use oversell::database::{Database, Property, Question, catalogue};
use std::sync::Arc;

fn three_buyers(databases: Vec<Arc<dyn Database>>) {
    let start = std::time::Instant::now();
    let mut question = Question::of(3);
    question.limits.executions = 6_000;
    let jobs = jobs(&databases, &catalogue::all());
    let reports = survey(&jobs, question, 3).unwrap();
    let executions: u64 = reports.iter().map(|report| report.executions).sum();
    println!("{executions} executions in {:?}\n{}\n{}", start.elapsed(), table(&reports), legend(question));
    for (job, report) in jobs.iter().zip(&reports) {
        let pattern = catalogue::Pattern::named(&report.checkout).unwrap();
        let of_the_shop = [Property::NoOversell, Property::LedgerBalances, Property::NoUndersell];
        let fails = of_the_shop.iter().any(|property| report.finding(*property).verdict.holds() == Some(false));
        let place = format!("{} on {} at {}", report.checkout, report.database, report.level);
        assert_eq!(fails, !(pattern.is_right)(job.database.dialect(), report.level), "{place}");
    }
    all_loose(&jobs, &reports, 1000);
    println!("all in {:?}", start.elapsed());
}

/// `cargo test --test database -- --ignored three_buyers_on_sqlite --nocapture`
#[test]
#[ignore = "three buyers take many minutes"]
fn three_buyers_on_sqlite() {
    three_buyers(sqlite());
}

/// `cargo test --test database -- --ignored three_buyers_on_postgres --nocapture`
#[test]
#[ignore = "three buyers take many minutes"]
fn three_buyers_on_postgres() {
    three_buyers(or_skip(postgres()).into_iter().collect());
}

/// `cargo test --test database -- --ignored three_buyers_on_mariadb --nocapture`
#[test]
#[ignore = "three buyers take many minutes"]
fn three_buyers_on_mariadb() {
    three_buyers(or_skip(mariadb()).into_iter().collect());
}
