//! What loom finds, and that it agrees with the counting engine.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --test loom`. Every program and size is a test of its own, so that they can be
//! shared out (`cargo nextest run --partition`).
#![cfg(loom)]

#[path = "loom/cells.rs"]
mod cells;
#[path = "loom/checkouts.rs"]
mod checkouts;

use checkouts::Checkout;
use oversell::check::{
    CheckError, Counting, Crowd, Engine, Final, Finding, Kind, Loom, Preemptions, Property, Verdict, Witness, outcomes,
};
use oversell::office::{PROGRAMS, Program, Rush};
use oversell::platform::LockKind;
use oversell::scenario::Scenario;
use std::collections::BTreeSet;

fn rush(program: &str, tickets: u64) -> Rush {
    Rush::new(Program::named(program).unwrap(), tickets)
}

fn finals<S: Scenario>(scenario: &S, buyers: usize) -> BTreeSet<Final> {
    Loom::default().finals(scenario, &Crowd::of(buyers)).unwrap()
}

fn counted<S: Scenario>(scenario: &S, buyers: usize) -> BTreeSet<Final> {
    let reached = outcomes(scenario, &Crowd::of(buyers), &Counting::default()).unwrap();
    reached.into_iter().map(|reached| reached.end).collect()
}

fn check<S: Scenario>(scenario: &S, buyers: usize) -> Vec<Finding> {
    Loom::default().check(scenario, &Crowd::of(buyers), &Property::ALL).unwrap()
}

fn verdict(findings: &[Finding], property: Property) -> &Verdict {
    &findings.iter().find(|finding| finding.property == property).unwrap().verdict
}

/// A purchase of everybody at once, which sold so many.
fn end(bought: usize, sold_out: usize, crashed: usize, count: Option<u64>) -> Final {
    Final { bought, sold_out, crashed, sold: bought as u64, count, ..Final::default() }
}

/// Holds loom against the counting engine: equal without a preemption bound, and nothing else within one.
fn agree(program: &str, buyers: usize, tickets: u64, bound: Option<u64>) {
    let (rush, crowd) = (rush(program, tickets), Crowd::of(buyers));
    let (found, all) = (finals(&rush, buyers), counted(&rush, buyers));
    match bound {
        None => assert_eq!(found, all),
        Some(_) => assert!(!found.is_empty() && found.is_subset(&all), "{found:#?} are not all in {all:#?}"),
    }
    let counting = Counting::default().check(&rush, &crowd, &Property::ALL).unwrap();
    let findings = check(&rush, buyers);
    for (loom, counting) in findings.iter().zip(&counting) {
        let (property, shown) = (loom.property, loom.verdict.witness().is_some());
        assert_eq!(loom.verdict.explored().get("preemption bound"), bound);
        if bound.is_none() || shown {
            assert_eq!(loom.verdict.name(), counting.verdict.name(), "{property}");
        }
        if bound.is_none() {
            assert_eq!(loom.worst, counting.worst, "{property}");
        }
        if let Some(witness) = loom.verdict.witness() {
            let replayed = Witness::by_replay(&rush, &crowd, property, witness.schedule.0.clone()).unwrap();
            assert_eq!(*witness, replayed, "a file cannot be stale, so what loom finds is an interleaving");
        }
    }
    let oversells = if program == "unlocked" && buyers as u64 > tickets { "refuted" } else { "proved" };
    assert_eq!(verdict(&findings, Property::NoOversell).name(), oversells);
    let concurrent = ["unlocked", "purchase-locked", "repaired"].contains(&program);
    let overlap = if concurrent { "possible" } else { "impossible" };
    assert_eq!(verdict(&findings, Property::SearchesOverlap).name(), overlap);
}

macro_rules! programs {
    ($($module:ident = $program:literal),* $(,)?) => {
        const CHECKED: &[&str] = &[$($program),*];
        $(mod $module {
            use super::agree;

            #[test]
            fn two_buyers_of_one_ticket_come_out_as_counted() {
                agree($program, 2, 1, None);
            }

            #[test]
            fn two_buyers_of_two_tickets_come_out_as_counted() {
                agree($program, 2, 2, None);
            }

            #[test]
            fn three_buyers_of_one_ticket_come_out_within_what_is_counted() {
                agree($program, 3, 1, Some(3));
            }

            #[test]
            fn three_buyers_of_two_tickets_come_out_within_what_is_counted() {
                agree($program, 3, 2, Some(3));
            }

            #[test]
            fn four_buyers_of_one_ticket_come_out_within_what_is_counted() {
                agree($program, 4, 1, Some(2));
            }

            #[test]
            fn four_buyers_of_two_tickets_come_out_within_what_is_counted() {
                agree($program, 4, 2, Some(2));
            }
        })*
    };
}

programs! {
    unlocked = "unlocked",
    task_locked = "task-locked",
    purchase_locked = "purchase-locked",
    joined = "joined",
    joined_locked = "joined-locked",
    joined_until_sold_out = "joined-until-sold-out",
    repaired = "repaired",
}

#[test]
fn every_program_is_checked() {
    assert_eq!(PROGRAMS.iter().map(|program| program.name).collect::<Vec<_>>(), CHECKED);
}

#[test]
fn unlocked_two_buyers_of_one_ticket_both_buy_it_or_one_dies_or_one_is_late() {
    let expected = [end(1, 0, 1, Some(0)), end(1, 1, 0, Some(0)), end(2, 0, 0, Some(0))];
    assert_eq!(finals(&rush("unlocked", 1), 2), BTreeSet::from(expected));
}

#[test]
fn unlocked_everybody_buys_the_one_ticket_if_all_but_one_are_interrupted() {
    for (buyers, bound) in [(2, 1), (3, 2), (4, 3)] {
        let within = |bound| {
            let loom = Loom { preemptions: Preemptions::AtMost(bound), ..Loom::default() };
            loom.finals(&rush("unlocked", 1), &Crowd::of(buyers)).unwrap()
        };
        let everybody = end(buyers, 0, 0, Some(0));
        assert!(within(bound).contains(&everybody) && !within(bound - 1).contains(&everybody), "{buyers} buyers");
    }
}

#[test]
fn purchase_locked_a_searching_buyer_dies_of_the_empty_file() {
    let expected = [end(1, 0, 1, Some(0)), end(1, 1, 0, Some(0))];
    assert_eq!(finals(&rush("purchase-locked", 1), 2), BTreeSet::from(expected));
}

#[test]
fn repaired_one_of_two_buyers_buys_and_nobody_dies() {
    assert_eq!(finals(&rush("repaired", 1), 2), BTreeSet::from([end(1, 1, 0, Some(0))]));
}

#[test]
fn three_buyers_behind_a_lock_come_out_as_counted_without_a_bound() {
    for program in ["task-locked", "purchase-locked", "repaired"] {
        let loom = Loom { preemptions: Preemptions::Unbounded, ..Loom::default() };
        let found = loom.finals(&rush(program, 1), &Crowd::of(3)).unwrap();
        assert_eq!(found, counted(&rush(program, 1), 3), "{program}");
    }
}

#[test]
fn a_deadlock_refutes_and_leaves_the_rest_open() {
    let findings = check(&Checkout::CrossedLocks, 2);
    let Verdict::Refuted { witness, .. } = verdict(&findings, Property::NoDeadlock) else {
        panic!("{findings:#?}");
    };
    let crowd = Crowd::of(2);
    let replayed =
        Witness::by_replay(&Checkout::CrossedLocks, &crowd, Property::NoDeadlock, witness.schedule.0.clone());
    assert_eq!(**witness, replayed.unwrap());
    for property in [Property::NoOversell, Property::SellsOut, Property::SearchesOverlap] {
        let Verdict::Inconclusive { limit, .. } = verdict(&findings, property) else { panic!("{findings:#?}") };
        assert_eq!(limit, "loom stops at the first deadlock");
    }
    // In whichever execution it was, nobody had sold anything at its end.
    assert_eq!(verdict(&findings, Property::NoUndersell).name(), "refuted");
    let error = Loom::default().finals(&Checkout::CrossedLocks, &crowd).unwrap_err();
    assert_eq!(error.to_string(), "the loom engine cannot list every outcome: loom stops at the first deadlock");
}

#[test]
fn a_lock_that_is_never_released_stays_locked() {
    let alone = Final { sold_out: 1, count: Some(1), ..Final::default() };
    assert_eq!(finals(&Checkout::LeakedGuard, 1), BTreeSet::from([alone]));
    assert_eq!(verdict(&check(&Checkout::LeakedGuard, 2), Property::NoDeadlock).name(), "refuted");
}

#[test]
fn waiting_for_ever_is_inconclusive() {
    let findings = check(&Checkout::Waiting, 1);
    for finding in &findings {
        let Verdict::Inconclusive { limit, .. } = &finding.verdict else { panic!("{finding:#?}") };
        assert_eq!(limit, "an execution went on for more than 10000 scheduling points");
    }
}

#[test]
fn a_search_lasts_from_the_step_before_it_to_its_last_step() {
    let overlap = [Property::SearchesOverlap];
    for (checkout, expected) in [
        (Checkout::DrawThenLook, "possible"),
        (Checkout::UnlockThenLook, "possible"),
        (Checkout::LookThenUnlock, "impossible"),
    ] {
        let counting = Counting::default().check(&checkout, &Crowd::of(2), &overlap).unwrap();
        let loom = Loom::default().check(&checkout, &Crowd::of(2), &overlap).unwrap();
        assert_eq!([counting[0].verdict.name(), loom[0].verdict.name()], [expected; 2], "{checkout:?}");
    }
}

#[test]
fn a_limit_on_executions_leaves_proofs_open_and_keeps_what_was_found() {
    let few = Loom { max_executions: 20, ..Loom::default() };
    let findings = few.check(&rush("unlocked", 1), &Crowd::of(2), &Property::ALL).unwrap();
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
fn a_wider_bound_finds_more() {
    let rush = rush("unlocked", 1);
    let within = |preemptions| {
        let loom = Loom { preemptions, ..Loom::default() };
        loom.finals(&rush, &Crowd::of(2)).unwrap()
    };
    let sizes = [0, 1, 2].map(|bound| within(Preemptions::AtMost(bound)).len());
    assert_eq!(sizes, [1, 3, 3]);
    assert_eq!(within(Preemptions::AtMost(2)), within(Preemptions::Unbounded));
}

#[test]
fn crowds_beyond_loom_are_refused_with_the_reason() {
    let kills = Crowd { kills: 1, ..Crowd::of(2) };
    let semaphore = Crowd { lock: LockKind::Semaphore, ..Crowd::of(2) };
    let faults = "the loom engine knows no kills and only owned locks; the counting engine does";
    let many = "the loom engine runs at most 4 buyers, as loom has room for 5 threads; the counting engine takes 5";
    for (crowd, expected) in [(kills, faults), (semaphore, faults), (Crowd::of(5), many)] {
        let error = Loom::default().check(&rush("unlocked", 1), &crowd, &Property::ALL).unwrap_err();
        assert!(matches!(error, CheckError::Unsupported { engine: "loom", .. }));
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_first_witness_stands_though_a_smaller_one_follows() {
    let findings = check(&rush("unlocked", 1), 3);
    let witness = verdict(&findings, Property::LedgerBalances).witness().unwrap();
    assert_eq!(witness.schedule.to_string(), "0,0,1,1,1,1,0,0,2,2");
}

#[test]
fn what_loom_finds_first_is_under_review() {
    for (program, property) in [("unlocked", Property::NoOversell), ("purchase-locked", Property::NoTornRead)] {
        let rush = rush(program, 1);
        let findings = check(&rush, 2);
        let witness = verdict(&findings, property).witness().unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = oversell::cli::witness(&rush, witness);
        settings.bind(|| insta::assert_snapshot!(format!("loom.{program}.{property}"), text));
    }
}
