//! Promise: what one kill does, with locks that the kernel frees and with those that nobody frees.

mod announce_then_replace;
mod reviewed;

use announce_then_replace::announce_then_replace;
use oversell::check::{Check, Final, Limits, Verdict, outcomes};
use oversell::platform::{Instance, LockKind};
use oversell::programs;
use oversell::scenario::Scenario;
use oversell::trace::title;
use reviewed::reviewed;

fn verdict(scenario: &Scenario, buyers: usize, kills: usize, lock: LockKind, property: &str) -> Verdict {
    let check = Check::new(scenario).threads("buyer", buyers).kills(kills).lock(lock).property(property);
    check.run().unwrap().findings.remove(0).verdict
}

fn name(program: &str, lock: LockKind, property: &str) -> &'static str {
    let program = programs::named(program).unwrap();
    verdict(&program.scenario(program.tickets), program.threads, 1, lock, property).name()
}

#[test]
fn a_semaphore_that_a_dead_buyer_holds_is_held_for_ever() {
    for program in ["task-locked", "purchase-locked", "joined-locked", "joined-until-sold-out", "repaired"] {
        assert_eq!(name(program, LockKind::Semaphore, "no-deadlock"), "refuted", "{program}");
        assert_eq!(name(program, LockKind::Owned, "no-deadlock"), "proved", "{program}");
    }
}

#[test]
fn a_kill_between_truncate_and_write_loses_the_ledger() {
    for program in ["unlocked", "task-locked", "purchase-locked", "joined", "joined-locked", "joined-until-sold-out"] {
        assert_eq!(name(program, LockKind::Owned, "ledger-balances"), "refuted", "{program}");
    }
}

#[test]
fn repaired_survives_every_single_kill() {
    for property in ["no-oversell", "ledger-balances", "no-torn-read", "no-deadlock", "no-crash", "no-livelock"] {
        assert_eq!(name("repaired", LockKind::Owned, property), "proved", "{property}");
    }
}

#[test]
fn repaired_survives_every_buyer_being_killed() {
    let repaired = programs::named("repaired").unwrap().scenario(2);
    for property in ["no-oversell", "ledger-balances", "no-torn-read"] {
        assert_eq!(verdict(&repaired, 6, 6, LockKind::Owned, property).name(), "proved", "{property}");
    }
}

#[test]
fn in_the_joined_family_a_buyer_can_be_told_and_the_ledger_be_empty() {
    for program in ["joined", "joined-locked", "joined-until-sold-out"] {
        let scenario = programs::named(program).unwrap().scenario(2);
        let ends = outcomes(&scenario, &Instance::of(&scenario, 1).kills(1), &Limits::default()).unwrap().reached;
        let told_and_lost = Final { killed: 1, sold: 1, stock: 2, asked: 1, count: None, ..Final::default() };
        assert!(ends.iter().any(|reached| reached.end == told_and_lost), "{program}: {ends:?}");
    }
}

#[test]
fn a_hold_that_its_dead_buyer_was_paying_for_is_never_given_back() {
    let kept = programs::named("kept-hold").unwrap().scenario(1);
    assert_eq!(verdict(&kept, 2, 1, LockKind::Owned, "no-oversell").name(), "proved");
    assert_eq!(verdict(&kept, 2, 0, LockKind::Owned, "no-undersell").name(), "proved");
    assert_eq!(verdict(&kept, 2, 1, LockKind::Owned, "no-undersell").name(), "refuted");
}

#[test]
fn announcing_before_replacing_oversells_under_one_kill() {
    let scenario = announce_then_replace();
    assert_eq!(verdict(&scenario, 5, 0, LockKind::Owned, "no-oversell").name(), "proved");
    let with = verdict(&scenario, 5, 1, LockKind::Owned, "no-oversell");
    let witness = with.witness().unwrap();
    assert_eq!(witness.instance.number(0), 2);
    let (title, lanes) = (title(&scenario, &witness.instance), witness.lanes(&scenario));
    let text = format!("{title}\n\n{lanes}\nschedule {}\n", witness.schedule.text(&scenario));
    reviewed("announce-then-replace.no-oversell.one-kill-owned", &text);
}
