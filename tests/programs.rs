//! Promise: what each program can and cannot do, settled by shuttle: every interleaving of two buyers, and random
//! schedules at full size.
#![cfg(all(not(loom), feature = "shuttle"))]

#[path = "loom/checkouts/mod.rs"]
mod checkouts;
#[path = "programs/primitives.rs"]
mod primitives;

use oversell::check::{
    Counting, Engine, Final, Finding, Instance, Property, ShuttleDfs, ShuttlePct, Verdict, outcomes,
};
use oversell::platform::End;
use oversell::programs::{self, Kind, Program};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Lock};
use oversell::trace::{Schedule, replay};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;

fn scenario(program: &str, tickets: u64) -> Scenario {
    programs::named(program).unwrap().scenario(tickets)
}

/// Two threads of the first role, and of the others as many as there are.
fn two(scenario: &Scenario) -> Instance {
    Instance::of(scenario, 2)
}

/// Every way in which two buyers can end, by depth-first search to its end.
fn finals(program: &str, tickets: u64) -> BTreeSet<Final> {
    let scenario = scenario(program, tickets);
    ShuttleDfs::default().finals(&scenario, &two(&scenario)).unwrap()
}

/// The same by counting.
fn counted(scenario: &Scenario, instance: &Instance) -> BTreeSet<Final> {
    let outcomes = outcomes(scenario, instance, &Counting::default().limits).unwrap();
    assert_eq!(outcomes.limit, None);
    outcomes.reached.into_iter().map(|reached| reached.end).collect()
}

/// A tutorial's final state in which everybody was started and nobody waits; `count` as in the file.
fn ended(tickets: u64, bought: usize, sold_out: usize, crashed: usize, count: u64) -> Final {
    let mut end = Final { crashed, count: Some(count), stock: tickets as i64, ..Final::default() };
    for (ending, threads) in [("bought", bought), ("sold out", sold_out)] {
        if threads > 0 {
            end.ended.insert((0, ending.into()), threads);
        }
    }
    end.sold = bought as i64;
    end.asked = (bought + sold_out + crashed) as i64;
    end
}

/// The verdicts of depth-first search over two buyers, with the property's name before each.
fn verdicts(scenario: &Scenario) -> Vec<(&'static str, &'static str)> {
    let findings = ShuttleDfs::default().check(scenario, &two(scenario), &Property::of(scenario)).unwrap();
    findings.iter().map(|finding| (finding.property.name(), finding.verdict.name())).collect()
}

#[test]
fn unlocked_ends_in_every_way_but_a_refused_purchase() {
    let sold_to_one = [ended(1, 1, 1, 0, 0), ended(1, 1, 0, 1, 0)];
    let sold_to_both = ended(1, 2, 0, 0, 0);
    assert_eq!(finals("unlocked", 1), sold_to_one.into_iter().chain([sold_to_both]).collect());
    // With two tickets a lost update shows: two sold, and one still on sale.
    let of_two = [ended(2, 2, 0, 0, 0), ended(2, 2, 0, 0, 1), ended(2, 1, 0, 1, 1)];
    assert_eq!(finals("unlocked", 2), of_two.into());
}

#[test]
fn purchase_locked_sells_each_ticket_once_or_crashes_a_searcher() {
    assert_eq!(finals("purchase-locked", 1), [ended(1, 1, 1, 0, 0), ended(1, 1, 0, 1, 0)].into());
    assert_eq!(finals("purchase-locked", 2), [ended(2, 2, 0, 0, 0), ended(2, 1, 0, 1, 1)].into());
}

#[test]
fn the_serial_and_the_repaired_programs_have_one_outcome() {
    for program in ["task-locked", "joined", "joined-locked", "repaired"] {
        assert_eq!(finals(program, 1), [ended(1, 1, 1, 0, 0)].into(), "{program}");
        assert_eq!(finals(program, 2), [ended(2, 2, 0, 0, 0)].into(), "{program}");
    }
    // The one that is never started has asked all the same.
    let only_one_started = Final { never_started: 1, asked: 2, ..ended(1, 1, 0, 0, 0) };
    assert_eq!(finals("joined-until-sold-out", 1), [only_one_started].into());
    assert_eq!(finals("joined-until-sold-out", 2), [ended(2, 2, 0, 0, 0)].into());
}

#[test]
fn the_lock_changes_no_outcome_of_the_joined_programs() {
    for tickets in 0..=3 {
        assert_eq!(finals("joined", tickets), finals("joined-locked", tickets));
    }
}

#[test]
fn every_property_of_every_tutorial_is_settled_for_two_buyers() {
    let (yes, no, can, cannot) = ("proved", "refuted", "possible", "impossible");
    //                     oversell balances torn undersell deadlock crash livelock overlap sells-out
    let expected = [
        ("unlocked", [no, no, no, yes, yes, yes, yes, can, can]),
        ("task-locked", [yes, yes, yes, yes, yes, yes, yes, cannot, can]),
        ("purchase-locked", [yes, yes, no, yes, yes, yes, yes, can, can]),
        ("joined", [yes, yes, yes, yes, yes, yes, yes, cannot, can]),
        ("joined-locked", [yes, yes, yes, yes, yes, yes, yes, cannot, can]),
        ("joined-until-sold-out", [yes, yes, yes, yes, yes, yes, yes, cannot, can]),
        ("repaired", [yes, yes, yes, yes, yes, yes, yes, can, can]),
    ];
    let tutorials = programs::all().iter().filter(|program| !matches!(program.kind, Kind::Shop { .. }));
    assert_eq!(expected.map(|(name, _)| name), *tutorials.map(|program| program.name).collect::<Vec<_>>());
    let names = Property::BUILT_IN.map(Property::name);
    for (program, one_ticket) in expected {
        let with = |verdicts: [&'static str; 9]| names.into_iter().zip(verdicts).collect::<Vec<_>>();
        assert_eq!(verdicts(&scenario(program, 1)), with(one_ticket), "{program} with 1 ticket");
        // Two tickets for two buyers: nobody can be sold more than there are, but a crash now loses a sale.
        let mut two_tickets = one_ticket;
        two_tickets[0] = yes;
        if one_ticket[2] == no {
            two_tickets[3] = no;
        }
        assert_eq!(verdicts(&scenario(program, 2)), with(two_tickets), "{program} with 2 tickets");
    }
}

/// Holds depth-first search against counting: the same verdicts, the same worst case, the same outcomes.
pub fn agree(scenario: &Scenario, instance: &Instance) {
    let properties = Property::of(scenario);
    let counting = Counting::default().check(scenario, instance, &properties).unwrap();
    let shuttle = ShuttleDfs::default().check(scenario, instance, &properties).unwrap();
    for (shuttle, counting) in shuttle.iter().zip(&counting) {
        let (name, property) = (scenario.name(), shuttle.property);
        assert_eq!(shuttle.verdict.name(), counting.verdict.name(), "{name}: {property}: {:?}", shuttle.verdict);
        assert_eq!(shuttle.worst, counting.worst, "{name}: {property}");
        assert_eq!(shuttle.basis.memory, counting.basis.memory);
        // Counting looks for the fewest threads first, and a livelock is one before it goes round in circles.
        if let (Some(found), Some(smallest)) = (shuttle.verdict.witness(), counting.verdict.witness())
            && found.instance == smallest.instance
            && property != Property::NoLivelock
        {
            assert_eq!(found.schedule.0.len(), smallest.schedule.0.len(), "{name}: {property}: both are shortest");
        }
    }
    let found = ShuttleDfs::default().finals(scenario, instance).unwrap();
    assert_eq!(found, counted(scenario, instance), "{}", scenario.name());
}

#[test]
fn every_program_comes_out_for_few_threads_as_counting_says() {
    for program in programs::all() {
        let scenario = program.scenario(1);
        let others = scenario.roles()[1..].iter().map(|role| role.threads).sum::<usize>();
        agree(&scenario, &Instance::of(&scenario, if others < 2 { 2 } else { 1 }));
    }
}

#[test]
fn shuttle_goes_through_every_interleaving_of_steps_once() {
    // unlocked, 2 × 1: the paths through the steps, counted by hand from the number of ways to interleave
    // four steps with four (70), less those that end early because a buyer crashes or finds it sold out.
    let executions = |program| {
        let scenario = scenario(program, 1);
        let findings = ShuttleDfs::default().check(&scenario, &two(&scenario), &[Property::NoOversell]).unwrap();
        findings[0].verdict.explored().get("executions")
    };
    assert_eq!(executions("joined"), Some(1), "nothing to interleave");
    assert_eq!(executions("task-locked"), Some(2), "who comes first");
    assert_eq!(executions("unlocked"), Some(52));
}

#[test]
fn who_has_left_a_span_is_inside_no_more() {
    let scenario = Scenario::new("one looks at a time", |setup| (setup.lock("door"), setup.cell("left", 0u64)))
        .role("buyer", |at, (door, left): &(Lock, Cell<u64>)| {
            let guard = door.acquire(at);
            at.span("look", || left.load(at, SeqCst));
            drop(guard);
            left.load(at, SeqCst);
        })
        .always("alone", "one looks at a time", |state, _| state.inside("buyer", "look") <= 1)
        .into();
    assert!(verdicts(&scenario).contains(&("alone", "proved")), "{:?}", verdicts(&scenario));
}

fn random(program: &Program) -> (Scenario, Vec<Finding>) {
    let scenario = program.scenario(program.tickets);
    let instance = Instance::of(&scenario, program.threads);
    let pct = ShuttlePct { executions: 300, ..ShuttlePct::default() };
    let findings = pct.check(&scenario, &instance, &Property::of(&scenario)).unwrap();
    (scenario, findings)
}

#[test]
fn random_schedules_at_full_size_find_and_never_prove() {
    for program in programs::all() {
        let (scenario, findings) = random(program);
        let instance = Instance::of(&scenario, program.threads);
        let counting = Counting::default().check(&scenario, &instance, &Property::of(&scenario)).unwrap();
        for (Finding { verdict, property, .. }, counting) in findings.iter().zip(&counting) {
            match verdict {
                Verdict::Proved(_) | Verdict::Impossible(_) => panic!("{} {property}: PCT cannot prove", program.name),
                Verdict::Refuted { .. } | Verdict::Possible { .. } => {
                    assert_eq!(verdict.name(), counting.verdict.name(), "{} {property}", program.name);
                }
                Verdict::Inconclusive { explored, .. } => {
                    assert!(explored.get("executions") <= Some(300), "{} {property}: {explored}", program.name);
                }
                Verdict::Bounded { .. } => {}
            }
        }
    }
}

#[test]
fn random_schedules_at_full_size_find_the_double_sale_and_the_torn_read() {
    let found = |program: &str, property: Property| {
        let (_, findings) = random(programs::named(program).unwrap());
        findings.into_iter().find(|finding| finding.property == property).unwrap().verdict.name()
    };
    assert_eq!(found("unlocked", Property::NoOversell), "refuted");
    assert_eq!(found("purchase-locked", Property::NoTornRead), "refuted");
    // A choice is drawn, too.
    assert_eq!(found("expiring-hold", Property::NoOversell), "refuted");
}

#[test]
fn all_ten_are_told_that_they_bought_the_one_ticket() {
    // Nobody writes before everybody has read: the schedule that the tutorial's waits bring about.
    let schedule: Vec<String> =
        (0..4).flat_map(|step| (0..10).map(move |buyer| (step, buyer))).map(|(_, b)| b.to_string()).collect();
    let scenario = scenario("unlocked", 1);
    let schedule = Schedule::parse(&schedule.join(","), &scenario).unwrap();
    let instance = Instance::of(&scenario, 10);
    let model = replay(&scenario, &instance, &schedule).unwrap();
    assert_eq!(Final::of_model(&model, &instance), Some(ended(1, 10, 0, 0, 0)));
    assert!(matches!(model.end(oversell::platform::Actor::Thread(0, 9)), Some(End::Returned(_))));
}
