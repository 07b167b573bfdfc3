//! Promise: every failure there is has a canonical witness under `snapshots/`, and none is there that is not so.

mod reviewed;

use oversell::check::{Counting, Crowd, Engine, Finding, Property, Verdict, Witness};
use oversell::cli::{snapshot, witness as as_reviewed};
use oversell::office::{PROGRAMS, Program, Rush};
use oversell::platform::LockKind;
use oversell::scenario::Scenario;
use reviewed::reviewed;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// The crowds whose witnesses are kept: the program's own, and the same with one kill.
fn crowds(program: &Program) -> [Crowd; 3] {
    let crowd = |kills, lock| Crowd { buyers: program.buyers, kills, lock };
    [crowd(0, LockKind::Owned), crowd(1, LockKind::Owned), crowd(1, LockKind::Semaphore)]
}

/// Every witness that is kept, with its name and its program.
fn kept() -> Vec<(String, Rush, Witness)> {
    let mut kept = Vec::new();
    for program in PROGRAMS {
        let rush = Rush::new(program, program.tickets);
        for crowd in crowds(program) {
            for Finding { verdict, .. } in Counting::default().check(&rush, &crowd, &Property::ALL).unwrap() {
                if let Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. } = verdict
                    && let Some(name) = snapshot(program, rush.tickets(), &witness)
                {
                    kept.push((name, rush.clone(), *witness));
                }
            }
        }
    }
    kept
}

#[test]
fn every_witness_is_as_reviewed() {
    for (name, rush, witness) in kept() {
        reviewed(&name, &as_reviewed(&rush, &witness));
    }
}

#[test]
fn no_snapshot_is_left_over() {
    let mut expected: BTreeSet<String> = kept().into_iter().map(|(name, ..)| format!("{name}.snap")).collect();
    for other in [
        "matrix",
        "announce-then-replace.no-oversell.one-kill-owned",
        "loom.unlocked.no-oversell",
        "loom.purchase-locked.no-torn-read",
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
    for (name, rush, witness) in kept() {
        let text = as_reviewed(&rush, &witness);
        let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap();
        assert!(widest <= 100 || witness.crowd.buyers > 2, "{name} is {widest} columns wide:\n{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("/tmp") && !text.contains("0x"), "{name}:\n{text}");
    }
}

#[test]
fn unlocked_sells_one_ticket_to_two_buyers_in_eight_steps() {
    let unlocked = Program::named("unlocked").unwrap();
    let rush = Rush::new(unlocked, 1);
    let findings = Counting::default().check(&rush, &Crowd::of(10), &[Property::NoOversell]).unwrap();
    let witness = findings[0].verdict.witness().unwrap();
    assert_eq!((witness.crowd.buyers, witness.schedule.to_string().as_str()), (2, "0,0,1,1,1,1,0,0"));
    assert_eq!(findings[0].worst, Some(10));
}
