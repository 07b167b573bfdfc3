//! The built-in programs.

use super::{agree, check, counted, end, finals, scenario, verdict};
use crate::catalogue::{self, Kind};
use oversell::check::{Instance, Loom, Preemptions, Property};
use std::collections::BTreeSet;

/// A tutorial, with this many buyers and tickets.
fn tutorial(program: &str, buyers: usize, tickets: u64) {
    let scenario = scenario(program, tickets);
    let findings = agree(&scenario, &Instance::of(&scenario, buyers));
    let oversells = if program == "unlocked" && buyers as u64 > tickets { "refuted" } else { "proved" };
    assert_eq!(verdict(&findings, Property::NoOversell).name(), oversells);
    let concurrent = ["unlocked", "purchase-locked", "repaired"].contains(&program);
    let overlap = if concurrent { "possible" } else { "impossible" };
    assert_eq!(verdict(&findings, Property::SearchesOverlap).name(), overlap);
}

macro_rules! tutorials {
    ($($module:ident = $program:literal),* $(,)?) => {
        const CHECKED: &[&str] = &[$($program),*];
        $(mod $module {
            use super::tutorial;

            #[test]
            fn two_buyers_of_one_ticket_come_out_as_counted() {
                tutorial($program, 2, 1);
            }

            #[test]
            fn two_buyers_of_two_tickets_come_out_as_counted() {
                tutorial($program, 2, 2);
            }

            #[test]
            fn three_buyers_of_one_ticket_come_out_within_what_is_counted() {
                tutorial($program, 3, 1);
            }

            #[test]
            fn three_buyers_of_two_tickets_come_out_within_what_is_counted() {
                tutorial($program, 3, 2);
            }

            #[test]
            fn four_buyers_of_one_ticket_come_out_within_what_is_counted() {
                tutorial($program, 4, 1);
            }

            #[test]
            fn four_buyers_of_two_tickets_come_out_within_what_is_counted() {
                tutorial($program, 4, 2);
            }
        })*
    };
}

tutorials! {
    unlocked = "unlocked",
    task_locked = "task-locked",
    purchase_locked = "purchase-locked",
    joined = "joined",
    joined_locked = "joined-locked",
    joined_until_sold_out = "joined-until-sold-out",
    repaired = "repaired",
}

#[test]
fn every_tutorial_is_checked() {
    let tutorials = catalogue::all().iter().filter(|program| !matches!(program.kind, Kind::Shop { .. }));
    assert_eq!(tutorials.map(|program| program.name).collect::<Vec<_>>(), CHECKED);
}

/// Two of its threads, and a deadlock ends what loom does; weak orderings are looked at elsewhere.
#[test]
fn every_shop_comes_out_for_two_threads_within_what_is_counted() {
    let shops = catalogue::all().iter().filter(|program| matches!(program.kind, Kind::Shop { .. }));
    for program in shops {
        if ["relaxed-publish", "opposite-locks"].contains(&program.name) {
            continue;
        }
        let scenario = program.scenario(1);
        let others = scenario.roles()[1..].iter().map(|role| role.threads).sum::<usize>();
        agree(&scenario, &Instance::of(&scenario, 2usize.saturating_sub(others).max(1)));
    }
}

#[test]
fn relaxed_publish_sells_twice_and_only_loom_sees_it() {
    let wrong = scenario("relaxed-publish", 1);
    let findings = check(&wrong, 2);
    let remark = &verdict(&findings, Property::NoOversell).witness().unwrap().remark;
    assert_eq!(remark, "2 sold of 1 (a cell was read stale, so no interleaving shows this)");
    assert!(counted(&wrong, &Instance::of(&wrong, 2)).iter().all(|end| end.sold <= 1));
    let right = scenario("released-publish", 1);
    assert_eq!(verdict(&check(&right, 2), Property::NoOversell).name(), "proved");
}

#[test]
fn opposite_locks_come_to_a_deadlock() {
    let findings = check(&scenario("opposite-locks", 1), 2);
    assert_eq!(verdict(&findings, Property::NoDeadlock).name(), "refuted");
}

#[test]
fn unlocked_two_buyers_of_one_ticket_both_buy_it_or_one_dies_or_one_is_late() {
    let expected = [end(1, 0, 1, Some(0)), end(1, 1, 0, Some(0)), end(2, 0, 0, Some(0))];
    assert_eq!(finals(&scenario("unlocked", 1), 2), BTreeSet::from(expected));
}

#[test]
fn unlocked_everybody_buys_the_one_ticket_if_all_but_one_are_interrupted() {
    let scenario = scenario("unlocked", 1);
    for (buyers, bound) in [(2, 1), (3, 2), (4, 3)] {
        let within = |bound| {
            let loom = Loom { preemptions: Preemptions::AtMost(bound), ..Loom::default() };
            loom.finals(&scenario, &Instance::of(&scenario, buyers)).unwrap()
        };
        let everybody = end(buyers, 0, 0, Some(0));
        assert!(within(bound).contains(&everybody) && !within(bound - 1).contains(&everybody), "{buyers} buyers");
    }
}

#[test]
fn purchase_locked_a_searching_buyer_dies_of_the_empty_file() {
    let expected = [end(1, 0, 1, Some(0)), end(1, 1, 0, Some(0))];
    assert_eq!(finals(&scenario("purchase-locked", 1), 2), BTreeSet::from(expected));
}

#[test]
fn repaired_one_of_two_buyers_buys_and_nobody_dies() {
    assert_eq!(finals(&scenario("repaired", 1), 2), BTreeSet::from([end(1, 1, 0, Some(0))]));
}

#[test]
fn three_buyers_behind_a_lock_come_out_as_counted_without_a_bound() {
    for program in ["task-locked", "purchase-locked", "repaired"] {
        let (loom, scenario) = (Loom { preemptions: Preemptions::Unbounded, ..Loom::default() }, scenario(program, 1));
        let instance = Instance::of(&scenario, 3);
        assert_eq!(loom.finals(&scenario, &instance).unwrap(), counted(&scenario, &instance), "{program}");
    }
}

#[test]
fn the_first_witness_stands_though_a_smaller_one_follows() {
    let scenario = scenario("unlocked", 1);
    let findings = check(&scenario, 3);
    let witness = verdict(&findings, Property::LedgerBalances).witness().unwrap();
    assert_eq!(witness.schedule.text(&scenario), "0,0,1,1,1,1,0,0,2,2");
}

#[cfg(feature = "cli")]
#[test]
fn what_loom_finds_first_is_under_review() {
    for (program, property) in [("unlocked", Property::NoOversell), ("purchase-locked", Property::NoTornRead)] {
        let scenario = scenario(program, 1);
        let findings = check(&scenario, 2);
        let witness = verdict(&findings, property).witness().unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = oversell::cli::witness(&scenario, witness);
        settings.bind(|| insta::assert_snapshot!(format!("loom.{program}.{property}"), text));
    }
}
