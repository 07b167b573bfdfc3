//! Promise: what one kill does, with locks that the kernel frees and with those that nobody frees.

mod announce_then_replace;
mod reviewed;

use announce_then_replace::AnnounceThenReplace;
use oversell::check::{Counting, Crowd, Engine, Final, Property, Verdict, outcomes};
use oversell::office::{PROGRAMS, Program, Rush};
use oversell::platform::LockKind;
use oversell::scenario::Scenario;
use reviewed::reviewed;

fn one_kill(buyers: usize, lock: LockKind) -> Crowd {
    Crowd { buyers, kills: 1, lock }
}

fn verdict<S: Scenario>(scenario: &S, crowd: &Crowd, property: Property) -> Verdict {
    Counting::default().check(scenario, crowd, &[property]).unwrap().remove(0).verdict
}

fn name(program: &str, lock: LockKind, property: Property) -> &'static str {
    let program = Program::named(program).unwrap();
    verdict(&Rush::new(program, program.tickets), &one_kill(program.buyers, lock), property).name()
}

#[test]
fn a_semaphore_that_a_dead_buyer_holds_is_held_for_ever() {
    for program in ["task-locked", "purchase-locked", "joined-locked", "joined-until-sold-out", "repaired"] {
        assert_eq!(name(program, LockKind::Semaphore, Property::NoDeadlock), "refuted", "{program}");
        assert_eq!(name(program, LockKind::Owned, Property::NoDeadlock), "proved", "{program}");
    }
}

#[test]
fn a_kill_between_truncate_and_write_loses_the_ledger() {
    for program in PROGRAMS.iter().filter(|program| program.name != "repaired") {
        assert_eq!(name(program.name, LockKind::Owned, Property::LedgerBalances), "refuted", "{}", program.name);
    }
}

#[test]
fn repaired_survives_every_single_kill() {
    for property in [Property::NoOversell, Property::LedgerBalances, Property::NoTornRead, Property::NoDeadlock] {
        assert_eq!(name("repaired", LockKind::Owned, property), "proved", "{property}");
    }
}

#[test]
fn repaired_survives_every_buyer_being_killed() {
    let rush = Rush::new(Program::named("repaired").unwrap(), 2);
    let crowd = Crowd { buyers: 6, kills: 6, lock: LockKind::Owned };
    for property in [Property::NoOversell, Property::LedgerBalances, Property::NoTornRead] {
        assert_eq!(verdict(&rush, &crowd, property).name(), "proved", "{property}");
    }
}

#[test]
fn in_the_joined_family_a_buyer_can_be_told_and_the_ledger_be_empty() {
    for program in ["joined", "joined-locked", "joined-until-sold-out"] {
        let rush = Rush::new(Program::named(program).unwrap(), 2);
        let ends = outcomes(&rush, &one_kill(1, LockKind::Owned), &Counting::default()).unwrap();
        let told_and_lost = Final { killed: 1, sold: 1, count: None, ..Final::default() };
        assert!(ends.iter().any(|reached| reached.end == told_and_lost), "{program}: {ends:?}");
    }
}

#[test]
fn announcing_before_replacing_oversells_under_one_kill() {
    let without = verdict(&AnnounceThenReplace, &Crowd::of(5), Property::NoOversell);
    assert_eq!(without.name(), "proved");
    let with = verdict(&AnnounceThenReplace, &one_kill(5, LockKind::Owned), Property::NoOversell);
    let witness = with.witness().unwrap();
    assert_eq!(witness.crowd.buyers, 2);
    let title = "a scenario that announces before it replaces, 2 buyers, 1 ticket, 1 kill allowed, owned lock";
    let text = format!("{title}\n\n{}\nschedule {}\n", witness.lanes(&AnnounceThenReplace), witness.schedule);
    reviewed("announce-then-replace.no-oversell.one-kill-owned", &text);
}
