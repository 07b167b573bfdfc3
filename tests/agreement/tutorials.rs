//! Agreement on the tutorials' programs.

use crate::enumeration::{Enumerated, Limit};
use oversell::check::{
    Counting, Coverability, Crowd, Engine, Final, Finding, Kind, Property, ShuttleDfs, Verdict, outcomes,
};
use oversell::office::{PROGRAMS, Program, Rush};
use oversell::platform::LockKind;
use oversell::scenario::Scenario;
use oversell::trace::replay;
use std::collections::BTreeSet;

/// Enough for every program here; to run into it is a failure.
const LIMIT: Limit = Limit(2_000_000);

fn rushes() -> impl Iterator<Item = (&'static Program, Rush)> {
    PROGRAMS.iter().flat_map(|program| [1, 2].map(|tickets| (program, Rush::new(program, tickets))))
}

fn crowds(buyers: usize) -> [Crowd; 4] {
    [(0, LockKind::Owned), (0, LockKind::Semaphore), (1, LockKind::Owned), (1, LockKind::Semaphore)]
        .map(|(kills, lock)| Crowd { buyers, kills, lock })
}

fn counted<S: Scenario>(scenario: &S, crowd: &Crowd) -> Vec<Finding> {
    Counting::default().check(scenario, crowd, &Property::ALL).unwrap()
}

/// How the verdict on a property is called, given whether it shows.
pub fn name(property: Property, shows: bool) -> &'static str {
    match (property.kind(), shows) {
        (Kind::Always, true) => "refuted",
        (Kind::Always, false) => "proved",
        (Kind::Sometimes, true) => "possible",
        (Kind::Sometimes, false) => "impossible",
    }
}

#[test]
fn two_buyers_end_in_the_same_ways_by_counting_as_by_walking_every_schedule() {
    for (program, rush) in rushes() {
        for crowd in crowds(2) {
            let all = Enumerated::one_by_one(&rush, &crowd);
            let reached = outcomes(&rush, &crowd, &Counting::default()).unwrap();
            let ends: Vec<_> = reached.iter().map(|reached| &reached.end).collect();
            assert_eq!(ends, all.ends.keys().collect::<Vec<_>>(), "{} with {crowd:?}", program.name);
            for reached in &reached {
                let model = replay(&rush, &crowd, &reached.schedule).unwrap();
                assert_eq!(Final::of_model(&model, &crowd).as_ref(), Some(&reached.end), "{}", reached.schedule);
                assert_eq!(reached.schedule.0.len(), all.ends[&reached.end], "{}: not shortest", reached.schedule);
            }
        }
    }
}

#[test]
fn two_buyers_end_in_the_same_ways_by_counting_as_by_shuttle() {
    for (program, rush) in rushes() {
        let crowd = Crowd::of(2);
        let reached = outcomes(&rush, &crowd, &Counting::default()).unwrap();
        let counted: BTreeSet<_> = reached.into_iter().map(|reached| reached.end).collect();
        assert_eq!(ShuttleDfs::default().finals(&rush, &crowd).unwrap(), counted, "{}", program.name);
    }
}

#[test]
fn counting_and_shuttle_give_the_same_verdicts_and_the_same_witnesses() {
    for (program, rush) in rushes() {
        let by_shuttle =
            [1, 2].map(|buyers| ShuttleDfs::default().check(&rush, &Crowd::of(buyers), &Property::ALL).unwrap());
        for (i, counted) in counted(&rush, &Crowd::of(2)).iter().enumerate() {
            let case = format!("{} and {}", program.name, counted.property);
            assert_eq!(counted.verdict.name(), by_shuttle[1][i].verdict.name(), "{case}");
            assert_eq!(counted.worst, by_shuttle[1][i].worst, "{case}");
            let Some(witness) = counted.verdict.witness() else { continue };
            assert_eq!(Some(witness), by_shuttle[witness.crowd.buyers - 1][i].verdict.witness(), "{case}");
        }
    }
}

#[test]
fn walking_merged_schedules_leaves_nothing_out() {
    for (program, rush) in rushes() {
        for crowd in crowds(2) {
            let merged = Enumerated::merged(&rush, &crowd, LIMIT).unwrap();
            assert_eq!(merged, Enumerated::one_by_one(&rush, &crowd), "{} with {crowd:?}", program.name);
        }
    }
}

#[test]
fn the_witness_is_the_least_schedule_of_the_smallest_crowd() {
    for (program, rush) in rushes() {
        for kills in [0, 1] {
            let crowd = |buyers| Crowd { kills, ..Crowd::of(buyers) };
            let all: Vec<_> = (1..=3).map(|buyers| Enumerated::merged(&rush, &crowd(buyers), LIMIT).unwrap()).collect();
            for buyers in [2, 3] {
                for finding in counted(&rush, &crowd(buyers)) {
                    let property = finding.property;
                    let case = format!("{} with {:?} and {property}", program.name, crowd(buyers));
                    let shows = all[buyers - 1].least.contains_key(&property);
                    assert_eq!(finding.verdict.name(), name(property, shows), "{case}");
                    let smallest =
                        (1..=buyers).find_map(|n| Some((n, all[n - 1].least.get(&property)?))).filter(|_| shows);
                    let witness = finding.verdict.witness().map(|w| (w.crowd.buyers, &w.schedule));
                    assert_eq!(witness, smallest, "{case}");
                }
            }
        }
    }
}

#[test]
fn any_number_of_buyers_never_contradicts_a_number_of_them() {
    let any = Coverability::default();
    for (program, rush) in rushes() {
        for kills in [0, 1] {
            let crowd = |buyers| Crowd { kills, ..Crowd::of(buyers) };
            let by_size: Vec<_> = (1..=5).map(|buyers| counted(&rush, &crowd(buyers))).collect();
            for any in any.check(&rush, &crowd(0), &Property::ALL).unwrap() {
                let case = format!("{} with {kills} kills and {}", program.name, any.property);
                let of_property = |findings: &Vec<Finding>| {
                    let same = findings.iter().find(|finding| finding.property == any.property).cloned();
                    same.expect("all properties were asked for")
                };
                let sizes: Vec<_> = by_size.iter().map(of_property).collect();
                let shows: Vec<_> = sizes.iter().map(|finding| finding.verdict.witness().is_some()).collect();
                assert!(sizes.is_sorted_by_key(|finding| finding.worst), "{case}: more buyers, and fewer sold");
                if any.property == Property::NoOversell {
                    let most = any.worst.unwrap_or(u64::MAX);
                    assert!(sizes.iter().all(|finding| finding.worst.unwrap() <= most), "{case}: {most} is no bound");
                }
                match &any.verdict {
                    Verdict::Proved(_) | Verdict::Impossible(_) => assert_eq!(shows, [false; 5], "{case}"),
                    Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. } => {
                        let smallest = witness.crowd.buyers;
                        let expected: Vec<_> = (1..=5).map(|buyers| buyers >= smallest).collect();
                        assert_eq!(shows, expected, "{case}");
                        if let Some(counted) = sizes.get(smallest - 1).and_then(|finding| finding.verdict.witness()) {
                            assert_eq!(&**witness, counted, "{case}");
                        }
                    }
                    Verdict::Inconclusive { .. } => {}
                }
            }
        }
    }
}
