//! Promise: what each primitive does under shuttle is what counting says of it, and what cannot be followed is refused.

use super::checkouts::*;
use super::{agree, two};
use oversell::check::{
    CheckError, Counting, Engine, Final, Finding, Instance, Property, ShuttleDfs, ShuttlePct, Verdict,
};
use oversell::scenario::{Launch, Scenario};
use oversell::sync::{Cell, Event, Setup};
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn every_primitive_comes_out_as_counting_says() {
    let of_two = [
        look_then_take(),
        compare_exchange(),
        mutexed(),
        dies_inside(),
        underflow(),
        forgotten_mutex(),
        forgotten_lock(),
        ordered_spin_lock(),
        crossed_locks(),
        crossed_stores(),
        flags(SeqCst),
        fenced_flags(Some(SeqCst)),
        draw_then_look(),
        look_locked(),
        choosy_search(),
        pays(),
        asks_twice(),
        read_then_write(),
        tries(),
        permits(1, false),
        permits(2, false),
        permits(1, true),
        two_handles(),
        narrow(),
        takes_back(),
        counts_up(2),
        farewell(false),
    ];
    for scenario in &of_two {
        agree(scenario, &two(scenario));
    }
    // An end is no step of its own, so who tries what it frees could see more than either engine does.
    for scenario in [tries_and_dies(), reads_twice(true)] {
        let properties = Property::of(&scenario);
        for refused in [
            Counting::default().check(&scenario, &two(&scenario), &properties),
            ShuttleDfs::default().check(&scenario, &two(&scenario), &properties),
        ] {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("also tried without waiting"), "{error}");
        }
    }
    for scenario in [reads_twice(false), delivered(false, false), delivered(true, false), apart(), watched_count()] {
        agree(&scenario, &Instance::of(&scenario, 1));
    }
    for scenario in [delivered(false, false), either_is_told()] {
        agree(&scenario, &two(&scenario));
    }
}

#[test]
fn a_panic_refutes_no_crash_and_a_torn_read_does_not() {
    let findings = |scenario: &Scenario| {
        let findings = ShuttleDfs::default().check(scenario, &two(scenario), &[Property::NoCrash]).unwrap();
        findings[0].verdict.clone()
    };
    let panics = findings(&underflow());
    assert_eq!(panics.witness().unwrap().remark, "buyer 1 dies: stock underflow");
    assert_eq!(findings(&super::scenario("unlocked", 1)).name(), "proved");
}

#[test]
fn who_waits_for_ever_refutes_no_livelock_and_proves_nothing_of_ends() {
    let scenario = waiting();
    let properties = [Property::NoLivelock, Property::NoDeadlock, Property::NoUndersell, Property::NoOversell];
    let findings = ShuttleDfs::default().check(&scenario, &two(&scenario), &properties).unwrap();
    let names: Vec<_> = findings.iter().map(|finding| finding.verdict.name()).collect();
    assert_eq!(names, ["refuted", "inconclusive", "inconclusive", "proved"]);
    let Verdict::Inconclusive { limit, .. } = &findings[1].verdict else { unreachable!("as was just seen") };
    assert!(limit.starts_with("no execution ends"), "{limit}");
}

#[test]
fn an_execution_that_changes_something_for_ever_is_cut_short_and_proves_nothing() {
    let scenario = counts_up(u64::MAX);
    let findings = ShuttleDfs::default().check(&scenario, &two(&scenario), &Property::of(&scenario)).unwrap();
    for finding in findings {
        let Verdict::Inconclusive { limit, .. } = &finding.verdict else { panic!("{finding:?}") };
        assert_eq!(limit, "an execution went on for more than 100000 steps");
    }
}

#[test]
fn each_answer_to_each_choice_is_one_execution_and_counted_once() {
    let executions = |scenario: &Scenario, threads| {
        let instance = Instance::of(scenario, threads);
        let findings = ShuttleDfs::default().check(scenario, &instance, &[Property::NoOversell]).unwrap();
        findings[0].verdict.explored().get("executions")
    };
    assert_eq!(executions(&pays(), 1), Some(3));
    assert_eq!(executions(&asks_twice(), 1), Some(3), "yes; no and yes; no and no");
    // The others choose among three places; each in any order with the other's steps.
    let chooses = Scenario::new("chooses", |_: &mut Setup| ())
        .role("chooser", |at, ()| at.choose("which", &["one", "another", "a third"]));
    assert_eq!(executions(&chooses, 1), Some(3));
    assert_eq!(executions(&chooses, 2), Some(2 * 9));
    // One asks only if the other has come first, and an execution in which nobody asks is one execution.
    let asks_late = Scenario::new("asks-late", |setup: &mut Setup| setup.cell("there", false))
        .role("first", |at, there: &Cell<bool>| there.store(at, true, SeqCst))
        .role(
            "second",
            |at, there| if there.load(at, SeqCst) { at.choose("which", &["one", "another"]) } else { "none" },
        );
    assert_eq!(executions(&asks_late, 1), Some(3));
}

#[test]
fn a_witness_names_what_was_chosen() {
    let scenario = super::scenario("expiring-hold", 1);
    let findings = ShuttleDfs::default().check(&scenario, &two(&scenario), &[Property::NoOversell]).unwrap();
    let schedule = &findings[0].verdict.witness().expect("the program is wrong").schedule;
    assert_eq!(schedule.text(&scenario), "0,0,0:accepted,sweeper0,sweeper0:expired,sweeper0,0,0,1,1,1:accepted,1,1");
}

#[test]
fn only_the_first_role_is_started_one_by_one() {
    let scenario: Scenario = Scenario::new("one-by-one", |setup: &mut Setup| setup.cell("seen", 0u8))
        .role("buyer", |at, seen: &Cell<u8>| {
            at.tell(Event::word("saw"));
            if seen.fetch_add(at, 1, SeqCst) == 0 { "first" } else { "later" }
        })
        .role("sweeper", |at, seen| if seen.fetch_add(at, 10, SeqCst) == 0 { "first" } else { "later" })
        .launch(Launch::Joined)
        .into();
    let instance = Instance::of(&scenario, 3);
    agree(&scenario, &instance);
    let findings = ShuttleDfs::default().check(&scenario, &instance, &[Property::NoDeadlock]).unwrap();
    assert_eq!(
        findings[0].verdict.explored().get("executions"),
        Some(4),
        "the sweeper is before, between or after them"
    );
}

#[test]
fn what_cannot_be_followed_is_refused_with_the_reason() {
    let refusals = [
        (
            farewell(true),
            "cannot follow buyer 0: a `Drop` takes a step while a panic unwinds: fetch-add turn 1 (SeqCst)",
        ),
        (undead(), "cannot follow buyer 0: it died of an error of its own, and yet it goes on: load left (SeqCst)"),
        (
            stepless(),
            "cannot follow buyer 0: the retry `nothing` starts over without having taken a step, so it never ends",
        ),
    ];
    for (scenario, reason) in refusals {
        let dfs = ShuttleDfs::default().check(&scenario, &two(&scenario), &[Property::NoOversell]);
        let pct = ShuttlePct::default().check(&scenario, &two(&scenario), &[Property::NoOversell]);
        for error in [dfs.unwrap_err(), pct.unwrap_err()] {
            let CheckError::Unsupported { reason: refused, .. } = error else { panic!("{error}") };
            assert!(refused.starts_with(reason.split(" (SeqCst)").next().unwrap()), "{refused}");
        }
    }
    let (any, scenario) = (Instance::any(&mutexed()), mutexed());
    let error = ShuttleDfs::default().check(&scenario, &any, &[Property::NoOversell]).unwrap_err();
    let expected =
        "the shuttle-dfs engine runs a number of threads of each role, not any; the coverability engine does";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn steps_that_a_drop_takes_once_all_are_stuck_disturb_nobody() {
    let scenario = farewell_while_stuck();
    let stuck = ShuttleDfs::default().finals(&scenario, &two(&scenario)).unwrap();
    let everybody = Final { stuck: 2, stock: 1, asked: 2, count: Some(1), ..Final::default() };
    assert_eq!(stuck, [everybody].into());
    let findings = ShuttleDfs::default().check(&scenario, &two(&scenario), &[Property::NoDeadlock]).unwrap();
    assert_eq!(findings[0].verdict.name(), "refuted");
}

#[test]
fn a_verdict_on_weaker_orderings_says_that_they_were_not_looked_at() {
    let assumed = |scenario: &Scenario| {
        let findings = ShuttleDfs::default().check(scenario, &two(scenario), &[Property::NoOversell]).unwrap();
        findings[0].basis.assumed.clone()
    };
    let trust = "the code hides nothing: taken on trust";
    assert_eq!(assumed(&look_then_take()), [trust]);
    let weak = "weaker orderings behave as SeqCst (left, turn): what else they allow was not looked at";
    assert_eq!(assumed(&relaxed_spin_lock()), [weak, trust]);
    let findings = Counting::default().check(&relaxed_spin_lock(), &two(&relaxed_spin_lock()), &[Property::NoOversell]);
    assert_eq!(findings.unwrap()[0].basis.assumed.last().unwrap(), weak, "the engines say it in the same words");
}

#[test]
fn panics_in_checked_code_print_nothing_under_shuttle_or_after_it() {
    // shuttle's own panic hook announces every panic of the process, so a process of its own shows who prints.
    const CHILD: &str = "OVERSELL_TEST_PRINTS_NOTHING";
    let scenario = underflow();
    if std::env::var_os(CHILD).is_some() {
        let refuted = |engine: &dyn Fn() -> Vec<Finding>| assert_eq!(engine()[0].verdict.name(), "refuted");
        refuted(&|| ShuttleDfs::default().check(&scenario, &two(&scenario), &[Property::NoCrash]).unwrap());
        refuted(&|| Counting::default().check(&scenario, &two(&scenario), &[Property::NoCrash]).unwrap());
        return;
    }
    let name = "primitives::panics_in_checked_code_print_nothing_under_shuttle_or_after_it";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
