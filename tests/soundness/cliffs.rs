//! Programs that once took minutes or gigabytes. What is asserted is how much is explored, not how long it takes.

use crate::shop::{Shop, shop};
use oversell::check::{Check, Counting, Coverability, Engine, Instance, Limits, Parametric, Property, Report};
use oversell::programs;
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering::SeqCst;

/// Buyers that take one of so many tickets by compare-exchange, again and again until nobody comes in between.
fn compare_exchange(tickets: u64) -> Scenario {
    Scenario::new(format!("compare-exchange × {tickets}"), move |setup| setup.cell("left", tickets))
        .stock(tickets)
        .role("buyer", |at, left: &Cell<u64>| {
            if left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
                return "sold out";
            }
            at.tell(Event::sale("bought"));
            "bought"
        })
        .ledger(|at, left| Some(left.load(at, SeqCst)))
        .into()
}

#[track_caller]
fn assert_at_most(report: &Report, what: &str, most: u64) {
    let explored = report.findings[0].verdict.explored();
    assert!(explored.get(what).is_some_and(|count| count <= most), "{explored}, and not {most} {what} at most");
}

#[test]
fn compare_exchange_by_any_number_of_buyers_of_forty_tickets_is_small() {
    let scenario = compare_exchange(40);
    let check = Check::new(&scenario).any("buyer");
    let report = check.property("no-oversell").property("no-crash").run().unwrap();
    report.assert_holds();
    assert_eq!(report.finding("no-oversell").worst, Some(40));
    assert_at_most(&report, "nodes", 90);
    assert_at_most(&report, "states", 200);
}

/// A spin lock that is no retry and counts its tries, so that a thread may remember anything.
fn spinning() -> Scenario {
    let scenario = shop("counts its tries", |at, shop: &Shop| {
        let mut tries = 0u64;
        while shop.door.swap(at, 1, SeqCst) != 0 {
            tries += 1;
        }
        let left = shop.left.load(at, SeqCst);
        if left > 0 {
            shop.left.store(at, left - 1, SeqCst);
            at.tell(Event::sale("bought"));
        }
        shop.door.store(at, 0, SeqCst);
        at.tell(Event::word("tries").with(tries));
    });
    scenario.into()
}

/// Some property may be seen to show; nothing may be proved of what was not read.
fn assert_honest(report: &Report) {
    for finding in &report.findings {
        assert!(!matches!(finding.verdict.name(), "proved" | "impossible"), "{}", finding.property);
    }
    assert_at_most(report, "nodes", 20_000);
}

#[test]
fn two_who_count_their_tries_at_a_spin_lock_get_an_honest_answer() {
    assert_honest(&Check::new(&spinning()).threads("buyer", 2).run().unwrap());
}

#[test]
fn ten_who_count_their_tries_at_a_spin_lock_get_an_honest_answer() {
    let limits = Limits { max_states: 200_000, ..Limits::default() };
    assert_honest(&Check::new(&spinning()).threads("buyer", 10).limits(limits).run().unwrap());
}

#[test]
fn any_number_who_count_their_tries_at_a_spin_lock_get_an_honest_answer() {
    assert_honest(&Check::new(&spinning()).any("buyer").run().unwrap());
}

/// That it oversells is seen at once. The shortest execution of the 51 buyers that it takes is not: that is said, and
/// nothing is proved.
#[test]
fn a_compare_exchange_retry_of_many_is_small_as_those_that_are_bound_to_fail_are_one() {
    let scenario = compare_exchange(20);
    let report = Check::new(&scenario).threads("buyer", 21).run().unwrap();
    report.assert_holds();
    assert_eq!(report.finding("no-oversell").worst, Some(20));
    assert_at_most(&report, "states", 2_000);
}

#[test]
fn many_buyers_without_a_lock_get_every_verdict_without_all_their_states() {
    let scenario = programs::named("unlocked").unwrap().scenario(3);
    for buyers in [20, 100] {
        let report = Check::new(&scenario).threads("buyer", buyers).run().unwrap();
        let names = report.findings.iter().map(|finding| finding.verdict.name());
        let (refuted, proved, possible) = ("refuted", "proved", "possible");
        let expected = [refuted, refuted, refuted, refuted, proved, proved, proved, possible, possible];
        assert!(names.eq(expected), "{report}");
        assert_eq!(report.finding("no-oversell").worst, Some(buyers as u64));
        assert_at_most(&report, "states", 50_000);
    }
}

#[test]
fn fifty_tickets_sold_without_a_lock_to_any_number_of_buyers_is_small() {
    let scenario = programs::named("unlocked").unwrap().scenario(50);
    let check = || Check::new(&scenario).any("buyer");
    for report in [check().run_by(&Coverability::default()).unwrap(), check().run().unwrap()] {
        let finding = report.finding("no-oversell");
        let witness = report.assert_refuted("no-oversell").unwrap();
        assert_eq!(witness.instance.total(), Some(51), "each buyer buys one at most");
        assert!(
            !witness.is_canonical && witness.remark.contains("perhaps it is not the shortest"),
            "{}",
            witness.remark
        );
        assert!(finding.verdict.explored().get("states").unwrap() <= 1_000, "{report}");
        assert_eq!(report.finding("no-crash").verdict.name(), "proved");
    }
}

#[test]
fn who_has_bought_and_waits_for_ever_is_not_one_with_who_has_not_and_does() {
    let scenario = shop("waits for a bell that never rings", |at, shop: &Shop| {
        let left = shop.left.load(at, SeqCst);
        if left > 0 {
            shop.left.store(at, left - 1, SeqCst);
            at.tell(Event::sale("bought"));
        }
        at.retry("wait", || match shop.bell.load(at, SeqCst) {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        });
    });
    let report = Check::new(&scenario.into()).threads("buyer", 3).run().unwrap();
    report.assert_refuted("no-oversell");
    assert_eq!(report.finding("no-oversell").worst, Some(3));
}

#[test]
fn what_one_shows_at_its_end_is_not_taken_for_what_twenty_show() {
    let scenario: Scenario = shop("an even number", |at, shop: &Shop| {
        for _ in 0..6 {
            shop.bell.load(at, SeqCst);
        }
        shop.door.fetch_xor(at, 1, SeqCst);
        "done"
    })
    .endings(["done"])
    .always_at_end("even", "an even number of buyers came", |end, _| end.ended("done").is_multiple_of(2))
    .into();
    let check = |buyers| Check::new(&scenario).threads("buyer", buyers).property("even").run().unwrap();
    check(1).assert_refuted("even");
    check(20).assert_holds();
}

#[test]
fn that_no_less_is_sold_than_asked_for_is_decided_for_many_tickets_and_any_number_of_buyers() {
    for (name, expected) in [("repaired", "proved"), ("task-locked", "proved"), ("purchase-locked", "refuted")] {
        for tickets in [2, 10, 40] {
            let scenario = oversell::programs::named(name).unwrap().scenario(tickets);
            // Whoever is killed has asked for a ticket, too.
            for (kills, expected) in [(0, expected), (1, "refuted")] {
                let instance = Instance::any(&scenario).kills(kills);
                let findings = Parametric::default().check(&scenario, &instance, &[Property::NoUndersell]).unwrap();
                assert_eq!(findings[0].verdict.name(), expected, "{name} × {tickets}, {kills} killed");
            }
        }
    }
}

#[test]
fn what_has_no_end_for_any_number_of_threads_is_counted_for_four() {
    // Each knows how many were there before it, so of any number there is no end of control points.
    let scenario: Scenario = shop("each knows its place", |at, shop: &Shop| {
        let before = shop.door.fetch_add(at, 1, SeqCst);
        let seen = (shop.bell.swap(at, before, SeqCst), shop.bell.swap(at, before, SeqCst));
        shop.left.store(at, before.min(1), SeqCst);
        shop.left.store(at, seen.0.min(1), SeqCst);
        if seen.1 == 0 { "bought" } else { "sold out" }
    })
    .into();
    let limits = Limits { max_nodes: 600, ..Limits::default() };
    let instance = Instance::of(&scenario, 4);
    let findings = Counting { limits }.check(&scenario, &instance, &Property::of(&scenario)).unwrap();
    for finding in findings {
        assert_ne!(finding.verdict.name(), "inconclusive", "{finding:?}");
    }
}
