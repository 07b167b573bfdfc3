//! Each primitive comes out as counted, and what loom must tell apart for it.

use super::checkouts::*;
use super::{agree, check, end, finals, verdict};
use oversell::check::{CheckError, Counting, Engine, Final, Instance, Loom, Property};
use oversell::scenario::{Launch, Scenario};
use oversell::sync::{Cell, Setup};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;

fn agrees(scenario: Scenario, first: usize) {
    agree(&scenario, &Instance::of(&scenario, first));
}

#[test]
fn choices_come_out_as_counted_and_each_answer_once() {
    agrees(pays(), 2);
    agrees(asks_twice(), 2);
    let executions = |scenario: Scenario| check(&scenario, 1)[0].verdict.explored().get("executions");
    assert_eq!(executions(pays()), Some(3));
    assert_eq!(executions(asks_twice()), Some(3), "yes; no and yes; no and no");
}

#[test]
fn reader_writer_locks_come_out_as_counted() {
    agrees(read_then_write(), 2);
    agrees(reads_twice(false), 1);
}

#[test]
fn locks_that_are_only_tried_come_out_as_counted() {
    agrees(tries(), 2);
    // Loom's own mutex would let the second one wait.
    let busy = finals(&tries(), 2).into_iter().filter(|end| end.ended("busy") == 1);
    assert_eq!(busy.count(), 1);
    // The lock is held up to the last step, which is no step on the lock.
    // An end is no step of its own, so who tries what it frees could see more than is looked at.
    for (dies, threads) in [(tries_and_dies(), 2), (reads_twice(true), 1)] {
        let instance = Instance::of(&dies, threads);
        let error = Loom::default().check(&dies, &instance, &Property::of(&dies)).unwrap_err();
        assert!(error.to_string().contains("also tried without waiting"), "{error}");
    }
}

#[test]
fn semaphores_come_out_as_counted() {
    agrees(permits(1, false), 2);
    agrees(permits(2, false), 2);
    agrees(permits(1, true), 2);
}

#[test]
fn condition_variables_come_out_as_counted() {
    for all in [false, true] {
        agrees(delivered(all, false), 1);
    }
}

#[test]
fn any_of_two_who_wait_may_be_notified() {
    // The one who is not notified waits for ever, and loom stops at the first such execution: of each exploration, so
    // both are seen.
    let scenario = either_is_told();
    let findings = check(&scenario, 1);
    assert_eq!(verdict(&findings, Property::NoDeadlock).name(), "refuted");
}

#[test]
fn a_notification_that_nobody_hears_refutes_no_deadlock() {
    assert_eq!(verdict(&check(&delivered(false, true), 1), Property::NoDeadlock).name(), "refuted");
}

#[test]
fn handles_and_narrow_cells_come_out_as_counted() {
    agrees(two_handles(), 2);
    agrees(narrow(), 2);
}

#[test]
fn properties_of_states_are_settled_though_nobody_touches_both_cells() {
    let scenario = apart();
    let findings = agree(&scenario, &Instance::of(&scenario, 1));
    let own = |name: &str| verdict(&findings, Property::named(&scenario, name).unwrap()).name();
    assert_eq!([own("never-both"), own("left-alone"), own("all-is-well")], ["refuted", "possible", "proved"]);
}

#[test]
fn what_is_sold_for_a_moment_only_refutes_no_oversell() {
    let scenario = takes_back();
    let findings = agree(&scenario, &Instance::of(&scenario, 2));
    assert_eq!(verdict(&findings, Property::NoOversell).name(), "refuted");
}

#[test]
fn a_search_lasts_from_the_step_before_it_to_its_last_step() {
    for (scenario, expected) in
        [(draw_then_look(), "possible"), (choosy_search(), "possible"), (look_locked(), "impossible")]
    {
        let instance = Instance::of(&scenario, 2);
        let overlap = [Property::SearchesOverlap];
        let counting = Counting::default().check(&scenario, &instance, &overlap).unwrap();
        let loom = Loom::default().check(&scenario, &instance, &overlap).unwrap();
        let names = [counting[0].verdict.name(), loom[0].verdict.name()];
        assert_eq!(names, [expected; 2], "{}", scenario.name());
    }
}

#[test]
fn the_mutex_of_the_dead_is_freed_and_keeps_its_value() {
    agrees(dies_inside(), 2);
    assert_eq!(finals(&dies_inside(), 2), BTreeSet::from([end(0, 0, 2, Some(1))]));
}

#[test]
fn a_panic_refutes_no_crash() {
    agrees(underflow(), 2);
    let findings = check(&underflow(), 2);
    let remark = &verdict(&findings, Property::NoCrash).witness().unwrap().remark;
    assert!(remark.ends_with("dies: stock underflow"), "{remark}");
}

#[test]
fn what_is_forgotten_is_freed_as_counted() {
    agrees(forgotten_lock(), 2);
    let alone = Final { ended: [((0, "sold out".into()), 1)].into(), asked: 1, stock: 1, ..Final::default() };
    assert_eq!(finals(&forgotten_mutex(), 1), BTreeSet::from([alone]), "the ledger stays locked");
    assert_eq!(verdict(&check(&forgotten_mutex(), 2), Property::NoDeadlock).name(), "refuted");
}

#[test]
fn only_the_first_role_is_started_one_by_one() {
    let scenario: Scenario = Scenario::new("one-by-one", |setup: &mut Setup| setup.cell("seen", 0u8))
        .role("buyer", |at, seen: &Cell<u8>| if seen.fetch_add(at, 1, SeqCst) == 0 { "first" } else { "later" })
        .role("sweeper", |at, seen| if seen.fetch_add(at, 10, SeqCst) == 0 { "first" } else { "later" })
        .launch(Launch::Joined)
        .into();
    agree(&scenario, &Instance::of(&scenario, 1));
    agree(&scenario, &Instance::of(&scenario, 3));
}

#[test]
fn a_retry_that_changes_something_need_not_let_others_go_first() {
    agrees(counts_up(2), 2);
    agrees(compare_exchange(), 2);
    // If it had to, nobody would see two.
    agrees(watched_count(), 1);
    assert_eq!(finals(&watched_count(), 1).len(), 4);
}

#[test]
fn what_cannot_be_followed_is_refused_with_the_reason() {
    let refusals = [
        (farewell(true), "cannot follow buyer 0: a `Drop` takes a step while a panic unwinds"),
        (undead(), "cannot follow buyer 0: it died of an error of its own, and yet it goes on"),
        (stepless(), "cannot follow buyer 0: the retry `nothing` starts over without having taken a step"),
    ];
    for (scenario, expected) in refusals {
        let instance = Instance::of(&scenario, 2);
        let error = Loom::default().check(&scenario, &instance, &[Property::NoOversell]).unwrap_err();
        let CheckError::Unsupported { reason, .. } = error else { panic!("{error}") };
        assert!(reason.starts_with(expected), "{reason}");
    }
    agrees(farewell(false), 2);
}

#[test]
fn steps_that_a_drop_takes_once_all_are_stuck_disturb_nobody() {
    assert_eq!(verdict(&check(&farewell_while_stuck(), 2), Property::NoDeadlock).name(), "refuted");
}
