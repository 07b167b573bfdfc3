//! Promise: every failure there is has a canonical witness under `snapshots/`, and none is there that is not so.
#![cfg(feature = "cli")]

mod reviewed;

use oversell::check::{Check, Counting, Engine, Finding, Property, Verdict, Witness};
use oversell::cli::{snapshot, witness as as_reviewed};
use oversell::platform::{Instance, LockKind};
use oversell::programs::{self, Kind};
use oversell::scenario::Scenario;
use oversell::trace::{Schedule, replay};
use reviewed::reviewed;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// The instances whose witnesses are kept: the program's own, and of the tutorials' the same with one kill.
fn instances(program: &programs::Program, scenario: &Scenario) -> Vec<Instance> {
    let own = Instance::of(scenario, program.threads);
    let killed = |lock| own.clone().kills(1).lock(lock);
    match program.kind {
        Kind::Shop { .. } => vec![own],
        Kind::Tutorial | Kind::Repair => {
            vec![own.clone(), killed(LockKind::Owned), killed(LockKind::Semaphore)]
        }
    }
}

/// Every witness that is kept, with its name and its scenario.
fn kept() -> Vec<(String, Scenario, Witness)> {
    let mut kept = Vec::new();
    for program in programs::all() {
        let scenario = program.scenario(program.tickets);
        for instance in instances(program, &scenario) {
            let properties = Property::of(&scenario);
            for Finding { verdict, .. } in Counting::default().check(&scenario, &instance, &properties).unwrap() {
                if let Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. } = verdict
                    && let Some(name) = snapshot(program, &scenario, &witness)
                {
                    kept.push((name, scenario.clone(), *witness));
                }
            }
        }
    }
    kept
}

#[test]
fn every_witness_is_as_reviewed() {
    for (name, scenario, witness) in kept() {
        reviewed(&name, &as_reviewed(&scenario, &witness));
    }
}

#[test]
fn every_witness_replays_from_its_text() {
    for (name, scenario, witness) in kept() {
        let schedule = Schedule::parse(&witness.schedule.text(&scenario), &scenario).unwrap();
        assert_eq!(schedule, witness.schedule, "{name}");
        let model = replay(&scenario, &witness.instance, &schedule).unwrap();
        assert_eq!(model.trace(), &witness.trace, "{name}");
    }
}

#[test]
fn no_snapshot_is_left_over() {
    let mut expected: BTreeSet<String> = kept().into_iter().map(|(name, ..)| format!("{name}.snap")).collect();
    for other in [
        "matrix",
        "announce-then-replace.no-oversell.one-kill-owned",
        "page.purchase-locked.no-torn-read",
        "loom.unlocked.no-oversell",
        "loom.purchase-locked.no-torn-read",
        "loom.relaxed-publish.no-oversell",
        "seat-map-check-then-store.one-to-a-seat",
    ] {
        expected.insert(format!("{other}.snap"));
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots")).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let files: BTreeSet<_> = files.into_iter().filter(|name| name.ends_with(".snap")).collect();
    // Those of databases have a test of their own.
    let files: BTreeSet<_> = files.into_iter().filter(|name| !name.starts_with("db.")).collect();
    assert_eq!(files, expected);
}

#[test]
fn witnesses_of_two_buyers_fit_a_review_and_name_no_machine() {
    for (name, scenario, witness) in kept() {
        let text = as_reviewed(&scenario, &witness);
        let command = |line: &&str| line.starts_with("oversell replay ");
        let widest = text.lines().filter(|line| !command(line)).map(UnicodeWidthStr::width).max().unwrap();
        assert!(widest <= 100, "{name} is {widest} columns wide:\n{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("/tmp") && !text.contains("0x"), "{name}:\n{text}");
    }
}

#[test]
fn unlocked_sells_one_ticket_to_two_buyers_in_eight_steps() {
    let unlocked = programs::named("unlocked").unwrap().scenario(1);
    let report = Check::new(&unlocked).threads("buyer", 10).property("no-oversell").run().unwrap();
    let witness = report.assert_refuted("no-oversell").unwrap();
    assert_eq!((witness.instance.number(0), witness.schedule.text(&unlocked).as_str()), (2, "0,0,1,1,1,1,0,0"));
    assert_eq!(report.finding("no-oversell").worst, Some(10));
}

#[test]
fn an_expired_hold_is_sold_twice_in_lanes_of_two_buyers_and_the_sweeper() {
    let wrong = programs::named("expiring-hold").unwrap().scenario(1);
    let report = Check::new(&wrong).threads("buyer", 2).property("no-oversell").run().unwrap();
    let lanes = report.assert_refuted("no-oversell").unwrap().lanes(&wrong);
    let header: Vec<_> = lanes.lines().next().unwrap().split("  ").map(str::trim).filter(|s| !s.is_empty()).collect();
    assert_eq!(header, ["step", "buyer 0", "buyer 1", "sweeper 0", "seats"], "{lanes}");
    assert!(lanes.contains("choose hold -> expired") && lanes.contains("choose payment -> accepted"), "{lanes}");
}
