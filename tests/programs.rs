//! Promise: what each program can and cannot do, settled by shuttle: every interleaving of two buyers, and random
//! schedules at full size.
#![cfg(not(loom))]

use oversell::check::{Crowd, Engine, Final, Finding, Property, ShuttleDfs, ShuttlePct, Verdict};
use oversell::office::{PROGRAMS, Program, Rush};
use std::collections::BTreeSet;

fn rush(program: &str, tickets: u64) -> Rush {
    Rush::new(Program::named(program).unwrap(), tickets)
}

/// Every way in which two buyers can end, by depth-first search to its end.
fn finals(program: &str, tickets: u64) -> BTreeSet<Final> {
    ShuttleDfs::default().finals(&rush(program, tickets), &Crowd::of(2)).unwrap()
}

/// A final state in which everybody was started and nobody waits; `count` as in the file.
fn ended(bought: usize, sold_out: usize, crashed: usize, count: Option<u64>) -> Final {
    Final { bought, sold_out, crashed, sold: bought as u64, count, ..Final::default() }
}

/// The verdicts of depth-first search over two buyers, in the order of `Property::ALL`.
fn verdicts(program: &str, tickets: u64) -> Vec<&'static str> {
    let findings = ShuttleDfs::default().check(&rush(program, tickets), &Crowd::of(2), &Property::ALL).unwrap();
    findings.iter().map(|finding| finding.verdict.name()).collect()
}

#[test]
fn unlocked_ends_in_every_way_but_a_refused_purchase() {
    let sold_to_one = [ended(1, 1, 0, Some(0)), ended(1, 0, 1, Some(0))];
    let sold_to_both = ended(2, 0, 0, Some(0));
    assert_eq!(finals("unlocked", 1), sold_to_one.into_iter().chain([sold_to_both]).collect());
    // With two tickets a lost update shows: two sold, and one still on sale.
    let of_two = [ended(2, 0, 0, Some(0)), ended(2, 0, 0, Some(1)), ended(1, 0, 1, Some(1))];
    assert_eq!(finals("unlocked", 2), of_two.into());
}

#[test]
fn purchase_locked_sells_each_ticket_once_or_crashes_a_searcher() {
    assert_eq!(finals("purchase-locked", 1), [ended(1, 1, 0, Some(0)), ended(1, 0, 1, Some(0))].into());
    assert_eq!(finals("purchase-locked", 2), [ended(2, 0, 0, Some(0)), ended(1, 0, 1, Some(1))].into());
}

#[test]
fn the_serial_and_the_repaired_programs_have_one_outcome() {
    for program in ["task-locked", "joined", "joined-locked", "repaired"] {
        assert_eq!(finals(program, 1), [ended(1, 1, 0, Some(0))].into(), "{program}");
        assert_eq!(finals(program, 2), [ended(2, 0, 0, Some(0))].into(), "{program}");
    }
    let only_one_started = Final { never_started: 1, ..ended(1, 0, 0, Some(0)) };
    assert_eq!(finals("joined-until-sold-out", 1), [only_one_started].into());
    assert_eq!(finals("joined-until-sold-out", 2), [ended(2, 0, 0, Some(0))].into());
}

#[test]
fn the_lock_changes_no_outcome_of_the_joined_programs() {
    for tickets in 0..=3 {
        assert_eq!(finals("joined", tickets), finals("joined-locked", tickets));
    }
}

#[test]
fn every_property_of_every_program_is_settled_for_two_buyers() {
    let (yes, no, can, cannot) = ("proved", "refuted", "possible", "impossible");
    //                     oversell balances torn undersell deadlock overlap sells-out
    let expected = [
        ("unlocked", [no, no, no, yes, yes, can, can]),
        ("task-locked", [yes, yes, yes, yes, yes, cannot, can]),
        ("purchase-locked", [yes, yes, no, yes, yes, can, can]),
        ("joined", [yes, yes, yes, yes, yes, cannot, can]),
        ("joined-locked", [yes, yes, yes, yes, yes, cannot, can]),
        ("joined-until-sold-out", [yes, yes, yes, yes, yes, cannot, can]),
        ("repaired", [yes, yes, yes, yes, yes, can, can]),
    ];
    assert_eq!(expected.map(|(name, _)| name), *PROGRAMS.iter().map(|program| program.name).collect::<Vec<_>>());
    for (program, one_ticket) in expected {
        assert_eq!(verdicts(program, 1), one_ticket, "{program} with 1 ticket");
        // Two tickets for two buyers: nobody can be sold more than there are, but a crash now loses a sale.
        let mut two_tickets = one_ticket;
        two_tickets[0] = yes;
        if one_ticket[2] == no {
            two_tickets[3] = no;
        }
        assert_eq!(verdicts(program, 2), two_tickets, "{program} with 2 tickets");
    }
}

#[test]
fn shuttle_goes_through_every_interleaving_of_steps_once() {
    // unlocked, 2 × 1: the paths through the steps, counted by hand from the number of ways to interleave
    // four steps with four (70), less those that end early because a buyer crashes or finds it sold out.
    let check = |program, crowd| ShuttleDfs::default().check(&rush(program, 1), &crowd, &Property::ALL[..1]).unwrap();
    let executions = |program| check(program, Crowd::of(2))[0].verdict.explored().get("executions");
    assert_eq!(executions("joined"), Some(1), "nothing to interleave");
    assert_eq!(executions("task-locked"), Some(2), "who comes first");
    assert_eq!(executions("unlocked"), Some(52));
}

fn random(program: &str, buyers: usize) -> Vec<Finding> {
    let program = Program::named(program).unwrap();
    let rush = Rush::new(program, program.tickets);
    ShuttlePct::default().check(&rush, &Crowd::of(buyers), &Property::ALL).unwrap()
}

#[test]
fn random_schedules_at_full_size_find_and_never_prove() {
    for program in PROGRAMS {
        for Finding { verdict, property, .. } in random(program.name, program.buyers) {
            match verdict {
                Verdict::Proved(_) | Verdict::Impossible(_) => panic!("{} {property}: PCT cannot prove", program.name),
                Verdict::Refuted { .. } => {
                    let known = matches!(program.name, "unlocked" | "purchase-locked");
                    assert!(known, "{} breaks {property}", program.name);
                }
                Verdict::Possible { .. } | Verdict::Inconclusive { .. } => {}
            }
        }
    }
}

#[test]
fn random_schedules_at_full_size_find_the_double_sale_and_the_torn_read() {
    assert_eq!(random("unlocked", 10)[0].verdict.name(), "refuted");
    assert_eq!(random("purchase-locked", 10)[2].verdict.name(), "refuted");
}

#[test]
fn all_ten_are_told_that_they_bought_the_one_ticket() {
    // Nobody writes before everybody has read: the schedule that the tutorial's waits bring about.
    let schedule: Vec<String> =
        (0..4).flat_map(|step| (0..10).map(move |buyer| (step, buyer))).map(|(_, b)| b.to_string()).collect();
    let schedule = schedule.join(",").parse().unwrap();
    let model = oversell::trace::replay(&rush("unlocked", 1), &Crowd::of(10), &schedule).unwrap();
    assert_eq!(Final::of_model(&model, &Crowd::of(10)), Some(ended(10, 0, 0, Some(0))));
}
