//! Agreement on the built-in programs: the tutorials', the repaired one and the shops'.

use crate::enumeration::{Enumerated, Limit};
use crate::verdicts::{contradiction, for_any_number, is_settled, name, sized, witness};
use oversell::check::{Counting, Engine, Final, Finding, Instance, Limits, Property, outcomes};
use oversell::platform::LockKind;
use oversell::programs;
use oversell::scenario::Scenario;
use oversell::trace::replay;

/// Cases with more states than this are passed over.
const LIMIT: Limit = Limit(2_000);

fn programs() -> impl Iterator<Item = (String, Scenario)> {
    let all = programs::all().iter();
    all.flat_map(|program| [1, 2].map(|tickets| (format!("{} × {tickets}", program.name), program.scenario(tickets))))
}

fn instances(scenario: &Scenario, threads: usize) -> [Instance; 4] {
    [(0, LockKind::Owned), (0, LockKind::Semaphore), (1, LockKind::Owned), (1, LockKind::Semaphore)]
        .map(|(kills, lock)| Instance::of(scenario, threads).kills(kills).lock(lock))
}

fn counted(scenario: &Scenario, instance: &Instance) -> Vec<Finding> {
    Counting::default().check(scenario, instance, &Property::of(scenario)).unwrap()
}

fn merged(scenario: &Scenario, instance: &Instance) -> Option<Enumerated> {
    Enumerated::merged(scenario, instance, LIMIT)
}

#[test]
fn two_threads_end_in_the_same_ways_by_counting_as_by_walking_every_schedule() {
    let mut passed_over = Vec::new();
    for (program, scenario) in programs() {
        for instance in instances(&scenario, 2) {
            let Some(all) = merged(&scenario, &instance) else {
                passed_over.push(program.clone());
                continue;
            };
            let reached = outcomes(&scenario, &instance, &Limits::default()).unwrap();
            assert_eq!(reached.limit, None);
            let ends: Vec<_> = reached.reached.iter().map(|reached| &reached.end).collect();
            assert_eq!(ends, all.ends.keys().collect::<Vec<_>>(), "{program} with {instance:?}");
            for reached in &reached.reached {
                let schedule = reached.schedule.text(&scenario);
                let model = replay(&scenario, &instance, &reached.schedule).unwrap();
                assert_eq!(Final::of_model(&model, &instance).as_ref(), Some(&reached.end), "{program}: {schedule}");
                assert_eq!(reached.schedule.0.len(), all.ends[&reached.end], "{program}: {schedule} is not shortest");
            }
        }
    }
    assert!(passed_over.len() < programs().count(), "more than a quarter is too large: {passed_over:?}");
}

#[cfg(feature = "shuttle")]
#[test]
fn counting_and_shuttle_give_the_same_outcomes_verdicts_and_witnesses() {
    use oversell::check::ShuttleDfs;
    let mut compared = 0;
    for (program, scenario) in programs() {
        let properties = Property::of(&scenario);
        let instance = |threads| Instance::of(&scenario, threads);
        let engine = ShuttleDfs { max_executions: 4_000 };
        // More executions than that are too many for every day; tests/programs.rs looks at some of them.
        let Ok(finals) = engine.finals(&scenario, &instance(2)) else { continue };
        compared += 1;
        let reached = outcomes(&scenario, &instance(2), &Limits::default()).unwrap().reached;
        assert_eq!(finals, reached.into_iter().map(|reached| reached.end).collect(), "{program}");
        let shuttled = [1, 2].map(|threads| engine.check(&scenario, &instance(threads), &properties));
        let shuttled = shuttled.map(Result::unwrap);
        for (i, counted) in counted(&scenario, &instance(2)).iter().enumerate() {
            let case = format!("{program} and {}", counted.property);
            assert_eq!(counted.verdict.name(), shuttled[1][i].verdict.name(), "{case}");
            if let (Some(counted), Some(shuttled)) = (counted.worst, shuttled[1][i].worst) {
                assert_eq!(counted, shuttled, "{case}");
            }
            let Some((threads, schedule)) = witness(counted) else { continue };
            // No single execution shows a livelock, and shuttle takes another way into it.
            if counted.property != Property::NoLivelock {
                assert_eq!(Some(schedule), witness(&shuttled[threads - 1][i]).map(|(_, schedule)| schedule), "{case}");
            }
        }
    }
    assert!(compared * 2 > programs().count(), "only {compared} programs are small enough");
}

#[test]
fn walking_merged_schedules_leaves_nothing_out() {
    // Programs whose code never goes round, so that all of their schedules can be walked.
    for name in ["unlocked", "task-locked", "purchase-locked", "joined", "joined-until-sold-out", "repaired"] {
        let scenario = programs::named(name).unwrap().scenario(1);
        for instance in instances(&scenario, 2) {
            let one_by_one = Enumerated::one_by_one(&scenario, &instance);
            assert_eq!(merged(&scenario, &instance), Some(one_by_one), "{name} with {instance:?}");
        }
    }
}

#[test]
fn the_witness_is_the_least_schedule_of_the_smallest_instance() {
    for (program, scenario) in programs() {
        for kills in [0, 1] {
            let instance = |threads| Instance::of(&scenario, threads).kills(kills);
            let all: Option<Vec<_>> = (1..=2).map(|threads| merged(&scenario, &instance(threads))).collect();
            let Some(all) = all else { continue };
            for threads in [1, 2] {
                for finding in counted(&scenario, &instance(threads)) {
                    let property = finding.property;
                    let case = format!("{program}, {threads} threads, {kills} kills, {property}");
                    assert_eq!(finding.verdict.name(), name(property, &all[threads - 1]), "{case}");
                    let shows = finding.verdict.witness().is_some();
                    let smallest = (1..=threads).find_map(|n| Some((n, all[n - 1].least.get(&property)?)));
                    assert_eq!(witness(&finding), smallest.filter(|_| shows), "{case}");
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_never_contradicts_a_number_of_them() {
    for (program, scenario) in programs() {
        for kills in [0, 1] {
            let (any, properties) = (Instance::any(&scenario).kills(kills), Property::of(&scenario));
            // So many threads as can be counted soon.
            let few = Counting { limits: Limits { max_states: 10_000, ..Limits::default() } };
            let settled = |findings: &Vec<Finding>| findings.iter().all(is_settled);
            let by_size = (1..=5).map(|threads| few.check(&scenario, &sized(&any, threads), &properties).unwrap());
            let by_size: Vec<_> = by_size.take_while(settled).collect();
            assert!(by_size.len() > 1, "{program} with {kills} kills is too large");
            for engine in for_any_number(&Limits { max_states: 5_000, ..Limits::default() }) {
                let findings = engine.check(&scenario, &any, &properties).unwrap();
                for (i, finding) in findings.iter().enumerate() {
                    let sizes: Vec<_> = by_size.iter().map(|findings| &findings[i]).collect();
                    let wrong = contradiction(&scenario, finding, &sizes);
                    assert_eq!(wrong, None, "{program} with {kills} kills, {}", engine.name());
                }
            }
        }
    }
}
