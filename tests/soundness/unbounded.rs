//! Code that remembers or counts without end gets no verdict, and is told what to do.

use crate::shop::{Shop, counted, names, shop, take};
use oversell::check::{Check, Counting, Coverability, Engine, Instance, Limits, Property, Verdict};
use oversell::scenario::Scenario;
use oversell::sync::Platform;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

/// Waits until the door is open.
fn spin(at: &dyn Platform, shop: &Shop) {
    while shop.door.load(at, SeqCst) == 0 {}
}

/// The same, but every look at the door starts from the same place.
fn retry(at: &dyn Platform, shop: &Shop) {
    at.retry("wait", || if shop.door.load(at, SeqCst) == 0 { Continue(()) } else { Break(()) });
}

/// The first to ring opens the door; the others wait for it.
fn with_a_door(wait: fn(&dyn Platform, &Shop)) -> Scenario {
    let code = move |at: &dyn Platform, shop: &Shop| {
        if shop.bell.swap(at, 1, SeqCst) == 0 {
            shop.door.store(at, 1, SeqCst);
        }
        wait(at, shop);
        take(at, shop)
    };
    shop("door", code).into()
}

fn assert_unbounded(engine: &dyn Engine, scenario: &Scenario, instance: &Instance, words: &str) {
    for finding in engine.check(scenario, instance, &Property::of(scenario)).unwrap() {
        let Verdict::Inconclusive { limit, .. } = &finding.verdict else { panic!("{finding:?}") };
        assert!(limit.contains(words) && limit.contains("`retry`"), "{limit}");
    }
}

#[test]
fn a_loop_that_remembers_without_end_is_not_decided() {
    let scenario = with_a_door(spin);
    let limits = Limits { max_nodes: 300, ..Limits::default() };
    let words = "more than 300 control points";
    assert_unbounded(&Counting { limits: limits.clone() }, &scenario, &Instance::of(&scenario, 2), words);
    assert_unbounded(&Coverability { limits }, &scenario, &Instance::any(&scenario), words);
}

#[test]
fn with_the_default_limits_such_a_loop_is_given_up_soon() {
    let scenario = with_a_door(spin);
    let words = "remembers more than 1000 observations";
    assert_unbounded(&Counting::default(), &scenario, &Instance::of(&scenario, 2), words);
}

#[test]
fn the_same_loop_as_a_retry_is_decided() {
    let scenario = with_a_door(retry);
    counted(&scenario, 3).assert_holds();
    let report = Check::new(&scenario).any("buyer").property("no-oversell").run().unwrap();
    assert_eq!((names(&report.findings), report.findings[0].worst), (vec!["proved"], Some(2)));
}

#[test]
fn a_cell_that_counts_without_end_is_not_decided_for_any_number_of_threads() {
    let scenario = shop("rings without end", |at, shop: &Shop| {
        at.span("ring", || {
            shop.bell.fetch_add(at, 1, SeqCst);
        });
        take(at, shop)
    });
    let few = Coverability { limits: Limits { max_states: 5_000, ..Limits::default() } };
    let findings = few.check(&scenario, &Instance::any(&scenario), &Property::of(&scenario)).unwrap();
    assert!(findings.iter().all(|finding| finding.verdict.holds() != Some(true)), "{findings:?}");
    let report = Check::new(&scenario).threads("buyer", 20).property("no-oversell").run().unwrap();
    report.assert_holds();
}

#[test]
fn a_retry_that_sells_in_every_try_is_not_proved() {
    let scenario = shop("sells without end", |at, shop: &Shop| {
        at.retry("sell", || {
            at.tell(oversell::sync::Event::sale("bought"));
            if shop.door.load(at, SeqCst) == 1 { Break(()) } else { Continue(()) }
        });
    });
    let limits = Limits { max_nodes: 300, ..Limits::default() };
    let report = Check::new(&scenario).threads("buyer", 1).property("no-oversell").limits(limits).run().unwrap();
    assert_ne!(report.finding("no-oversell").verdict.name(), "proved");
}
