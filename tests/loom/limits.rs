//! Where loom stops, and says so.

use super::checkouts::{crossed_locks, waiting};
use super::{check, scenario, verdict};
use oversell::check::{CheckError, Engine, Instance, Kind, Loom, Preemptions, Property, Verdict, Witness};
use oversell::platform::LockKind;

#[test]
fn a_deadlock_refutes_and_leaves_the_rest_open() {
    let (scenario, instance) = (crossed_locks(), Instance::of(&crossed_locks(), 2));
    let findings = check(&scenario, 2);
    let Verdict::Refuted { witness, .. } = verdict(&findings, Property::NoDeadlock) else {
        panic!("{findings:#?}");
    };
    let schedule = witness.schedule.0.clone();
    let replayed = Witness::by_replay(&scenario, &instance, Property::NoDeadlock, schedule);
    assert_eq!(**witness, replayed.unwrap());
    for property in [Property::NoOversell, Property::SellsOut, Property::SearchesOverlap, Property::NoLivelock] {
        let Verdict::Inconclusive { limit, .. } = verdict(&findings, property) else { panic!("{findings:#?}") };
        assert_eq!(limit, "loom stops at the first deadlock");
    }
    // In whichever execution it was, nobody had sold anything at its end.
    assert_eq!(verdict(&findings, Property::NoUndersell).name(), "refuted");
    let error = Loom::default().finals(&scenario, &instance).unwrap_err();
    assert_eq!(error.to_string(), "the loom engine cannot list every outcome: loom stops at the first deadlock");
}

#[test]
fn waiting_for_ever_is_inconclusive() {
    for finding in &check(&waiting(), 1) {
        let Verdict::Inconclusive { limit, .. } = &finding.verdict else { panic!("{finding:#?}") };
        assert_eq!(limit, "an execution went on for more than 10000 scheduling points");
    }
}

#[test]
fn a_limit_on_executions_leaves_proofs_open_and_keeps_what_was_found() {
    let (few, scenario) = (Loom { max_executions: 20, ..Loom::default() }, scenario("unlocked", 1));
    let findings = few.check(&scenario, &Instance::of(&scenario, 2), &Property::of(&scenario)).unwrap();
    for finding in &findings {
        match (&finding.verdict, finding.property.kind()) {
            (Verdict::Inconclusive { limit, .. }, _) => assert_eq!(limit, "stopped after 20 executions"),
            (Verdict::Refuted { .. }, Kind::Always) | (Verdict::Possible { .. }, Kind::Sometimes) => {}
            _ => panic!("{finding:#?}"),
        }
    }
    assert_eq!(verdict(&findings, Property::NoDeadlock).name(), "inconclusive");
    assert_eq!(verdict(&findings, Property::SellsOut).name(), "possible");
}

#[test]
fn a_wider_bound_finds_more_and_the_finding_names_it() {
    let scenario = scenario("unlocked", 1);
    let instance = Instance::of(&scenario, 2);
    let within = |preemptions| {
        let loom = Loom { preemptions, ..Loom::default() };
        loom.finals(&scenario, &instance).unwrap()
    };
    let sizes = [0, 1, 2].map(|bound| within(Preemptions::AtMost(bound)).len());
    assert_eq!(sizes, [1, 3, 3]);
    assert_eq!(within(Preemptions::AtMost(2)), within(Preemptions::Unbounded));
    let findings = check(&scenario, 3);
    let trust = "the code hides nothing: taken on trust";
    let assumed = ["no execution with more than 3 preemptions was looked at", trust];
    assert_eq!(findings[0].basis.assumed, assumed);
    assert_eq!(check(&scenario, 2)[0].basis.assumed, [trust]);
}

#[test]
fn instances_beyond_loom_are_refused_with_the_reason() {
    let scenario = scenario("unlocked", 1);
    let of = |buyers| Instance::of(&scenario, buyers);
    let faults = "the loom engine knows no kills and only owned locks; the counting engine does";
    let many = "the loom engine runs at most 4 threads, as loom has room for 5 and one is the parent; the counting \
                engine takes 5";
    let any = "the loom engine runs a number of threads of each role, not any; the coverability engine does";
    for (instance, expected) in [
        (of(2).kills(1), faults),
        (of(2).lock(LockKind::Semaphore), faults),
        (of(5), many),
        (Instance::any(&scenario), any),
    ] {
        let error = Loom::default().check(&scenario, &instance, &Property::of(&scenario)).unwrap_err();
        assert!(matches!(error, CheckError::Unsupported { engine: "loom", .. }));
        assert_eq!(error.to_string(), expected);
    }
}
