//! What loom finds, and that it agrees with the counting engine.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --test loom`. Every program and size is a test of its own, so that they can be
//! shared out (`cargo nextest run --partition`).
#![cfg(loom)]

#[path = "loom/cells.rs"]
mod cells;
#[path = "loom/checkouts/mod.rs"]
mod checkouts;
#[path = "loom/gaps.rs"]
mod gaps;
#[path = "loom/limits.rs"]
mod limits;
#[path = "loom/primitives.rs"]
mod primitives;
#[path = "loom/programs.rs"]
mod programs;

use oversell::check::{Counting, Engine, Final, Finding, Instance, Loom, Property, Verdict, outcomes};
use oversell::programs as catalogue;
use oversell::scenario::Scenario;
use std::collections::BTreeSet;

fn scenario(program: &str, tickets: u64) -> Scenario {
    catalogue::named(program).unwrap().scenario(tickets)
}

fn finals(scenario: &Scenario, first: usize) -> BTreeSet<Final> {
    Loom::default().finals(scenario, &Instance::of(scenario, first)).unwrap()
}

fn counted(scenario: &Scenario, instance: &Instance) -> BTreeSet<Final> {
    let outcomes = outcomes(scenario, instance, &Counting::default().limits).unwrap();
    assert_eq!(outcomes.limit, None);
    outcomes.reached.into_iter().map(|reached| reached.end).collect()
}

fn check(scenario: &Scenario, first: usize) -> Vec<Finding> {
    Loom::default().check(scenario, &Instance::of(scenario, first), &Property::of(scenario)).unwrap()
}

fn verdict(findings: &[Finding], property: Property) -> &Verdict {
    &findings.iter().find(|finding| finding.property == property).unwrap().verdict
}

/// An end with one ticket at first, in which so many have ended in each way, and the first way is to buy.
fn end(bought: usize, sold_out: usize, crashed: usize, count: Option<u64>) -> Final {
    let mut end = Final { crashed, count, stock: 1, ..Final::default() };
    for (ending, threads) in [("bought", bought), ("sold out", sold_out)] {
        if threads > 0 {
            end.ended.insert((0, ending.into()), threads);
        }
    }
    (end.sold, end.asked) = (bought as i64, (bought + sold_out + crashed) as i64);
    end
}

/// Holds loom against the counting engine: equal without a preemption bound, and nothing else within one. (That what
/// it finds replays as an interleaving, the engine itself makes sure of.)
fn agree(scenario: &Scenario, instance: &Instance) -> Vec<Finding> {
    let (loom, name) = (Loom::default(), scenario.name());
    let (found, all) = (loom.finals(scenario, instance).unwrap(), counted(scenario, instance));
    let properties = Property::of(scenario);
    let counting = Counting::default().check(scenario, instance, &properties).unwrap();
    let findings = loom.check(scenario, instance, &properties).unwrap();
    let bound = match instance.total().unwrap() {
        0..=2 => None,
        3 => Some(3),
        _ => Some(2),
    };
    match bound {
        None => assert_eq!(found, all, "{name}"),
        Some(_) => assert!(!found.is_empty() && found.is_subset(&all), "{name}: {found:#?} are not all in {all:#?}"),
    }
    for (loom, counting) in findings.iter().zip(&counting) {
        let (property, shown) = (loom.property, loom.verdict.witness().is_some());
        assert_eq!(loom.verdict.explored().get("preemption bound"), bound);
        if bound.is_none() || shown {
            assert_eq!(loom.verdict.name(), counting.verdict.name(), "{name}: {property}");
        }
        if bound.is_none() && loom.worst.is_some() {
            assert_eq!(loom.worst, counting.worst, "{name}: {property}");
        }
    }
    findings
}
