//! Schedules: what is printed reads back, and nonsense is named.

use crate::properties::schedules::{SCENARIO, schedule};
use crate::{Tally, changes, fuzz, is_worthwhile};
use oversell::platform::{Act, Actor, Move};
use oversell::trace::Schedule;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const TOKENS: &[&str] =
    &["0", "7", ",", ", ", ":", "k", "p", "kiosk", "buyer", "-", "+", "票", "\u{1b}", "k0", ":accepted"];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let actor = prop_oneof![
        9 => (0..4usize, prop_oneof![0..3usize, any::<usize>()]).prop_map(|(role, number)| Actor::Thread(role, number)),
        1 => Just(Actor::Parent),
    ];
    let act = prop_oneof![
        4 => Just(Act::Step),
        1 => Just(Act::Kill),
        2 => select(&["accepted", "0", "k1", "0:p"][..]).prop_map(Act::Pick),
    ];
    vec((actor, act).prop_map(|(actor, act)| Move { actor, act }), 0..8)
}

fn round_trips(seed: u8, cases: u32) -> Tally {
    fuzz(seed, cases, &(moves(), changes(TOKENS, 3)), |(moves, changes)| {
        let printed = Schedule(moves.clone()).text(&SCENARIO);
        let read = Schedule::parse(&printed, &SCENARIO);
        prop_assert_eq!(read.map(|schedule| schedule.0), Ok(moves), "{}", printed);

        let mut text = printed.into_bytes();
        changes.iter().for_each(|change| change.make(&mut text));
        Ok(String::from_utf8(text).map_or("no text", |text| schedule(&text)))
    })
}

const KINDS: [&str; 2] = ["refused", "a schedule"];

#[test]
fn a_schedule_reads_back_and_a_garbled_one_is_another_or_refused() {
    is_worthwhile(&round_trips(1, 1_000), 10, &KINDS);
}

#[test]
#[ignore = "takes a minute"]
fn very_many_schedules() {
    for seed in 2..12 {
        is_worthwhile(&round_trips(seed, 20_000), 10, &KINDS);
    }
}
