//! Schedules: what is printed reads back, and nonsense is named.

use crate::{Tally, changes, fuzz, is_worthwhile};
use oversell::platform::{Act, Actor, Instance, Move};
use oversell::scenario::Scenario;
use oversell::trace::{Schedule, replay};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Its roles are the trickier ones: `k` is for kills, `p` for the parent.
fn scenario() -> Scenario {
    let choose = |at: &dyn oversell::sync::Platform, (): &()| at.choose("payment", &["accepted", "k1", "0:p"]);
    Scenario::new("shop", |_| ())
        .role("buyer", choose)
        .role("kiosk", choose)
        .role("pp", choose)
        .role("kk", choose)
        .into()
}

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
    let scenario = scenario();
    let instance = Instance::of(&scenario, 2);
    fuzz(seed, cases, &(moves(), changes(TOKENS, 3)), |(moves, changes)| {
        let printed = Schedule(moves.clone()).text(&scenario);
        let read = Schedule::parse(&printed, &scenario);
        prop_assert_eq!(read.map(|schedule| schedule.0), Ok(moves), "{}", printed);

        let mut text = printed.clone().into_bytes();
        changes.iter().for_each(|change| change.make(&mut text));
        let Ok(text) = String::from_utf8(text) else { return Ok("no text") };
        match Schedule::parse(&text, &scenario) {
            Err(error) => {
                let word = text.split(',').nth(error.position - 1).map(str::trim);
                prop_assert_eq!(word, Some(error.text.as_str()));
                let before: Vec<_> = text.split(',').take(error.position - 1).collect();
                prop_assert!(Schedule::parse(&before.join(","), &scenario).is_ok(), "the first one is named");
                Ok("refused")
            }
            Ok(schedule) => {
                prop_assert_eq!(Schedule::parse(&schedule.text(&scenario), &scenario), Ok(schedule.clone()));
                // It may be no execution; then that is said.
                match replay(&scenario, &instance, &schedule) {
                    Ok(model) => prop_assert_eq!(model.trace().schedule(), schedule.0),
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
                Ok(if text == printed { "unchanged" } else { "another" })
            }
        }
    })
}

const KINDS: [&str; 2] = ["refused", "another"];

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
