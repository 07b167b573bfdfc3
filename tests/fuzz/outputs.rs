//! `explain`: what an execution prints can be explained, too.

use crate::properties::outputs::{PROGRAMS, instance, output};
use crate::{Tally, fuzz, is_worthwhile};
use oversell::check::{Instance, printed};
use oversell::platform::model::Model;
use oversell::scenario::Scenario;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The output of the execution that takes these turns, to its end.
fn executed(scenario: &Scenario, instance: &Instance, turns: &[Index]) -> Vec<String> {
    let mut model = Model::new(scenario, instance);
    for turn in turns.iter().cycle() {
        let moves = model.moves();
        if moves.is_empty() {
            break;
        }
        model.make(moves[turn.index(moves.len())]).unwrap();
    }
    printed(scenario, model.trace())
}

/// A change of an output.
#[derive(Clone, Debug)]
enum Edit {
    Swap(Index, Index),
    Drop(Index),
    Twice(Index),
    Put(Index, &'static str),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let lines = &["<路人 0> 购票成功", "还剩余1", "1000抢票成功", "1001抢票成功", "", "\u{1}", "\u{1b}[2J", "抢票成功"];
    let edit = prop_oneof![
        3 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Edit::Swap(one, other)),
        1 => any::<Index>().prop_map(Edit::Drop),
        1 => any::<Index>().prop_map(Edit::Twice),
        1 => (any::<Index>(), select(&lines[..])).prop_map(|(at, line)| Edit::Put(at, line)),
    ];
    vec(edit, 0..3)
}

fn edited(mut lines: Vec<String>, edits: &[Edit]) -> Vec<String> {
    for edit in edits.iter().filter(|_| !lines.is_empty()).collect::<Vec<_>>() {
        let length = lines.len();
        if length == 0 {
            break;
        }
        match edit {
            Edit::Swap(one, other) => lines.swap(one.index(length), other.index(length)),
            Edit::Drop(at) => drop(lines.remove(at.index(length))),
            Edit::Twice(at) => lines.insert(at.index(length), lines[at.index(length)].clone()),
            Edit::Put(at, line) => lines.insert(at.index(length), (*line).to_owned()),
        }
    }
    lines
}

fn explained(seed: u8, cases: u32) -> Tally {
    let cases_of = (select(&PROGRAMS[..]), 1..4usize, 1..3u64, vec(any::<Index>(), 1..40), edits());
    fuzz(seed, cases, &cases_of, |(program, buyers, tickets, turns, edits)| {
        let instance = instance(program, buyers, tickets);
        let truly = executed(&instance.0, &instance.1, &turns);
        let lines = edited(truly.clone(), &edits);
        let asked: Vec<_> = lines.iter().map(String::as_str).collect();
        match output(&instance, &asked) {
            "possible" if lines != truly => Ok("possible, though changed"),
            "possible" => Ok("possible"),
            other => {
                prop_assert!(lines != truly, "{} prints this: {}", program, other);
                Ok("impossible")
            }
        }
    })
}

const KINDS: [&str; 3] = ["possible", "possible, though changed", "impossible"];

#[test]
fn what_is_printed_is_explained_and_what_is_explained_is_printed() {
    is_worthwhile(&explained(1, 300), 100, &KINDS);
}

#[test]
#[ignore = "takes a minute"]
fn very_many_outputs() {
    for seed in 2..12 {
        is_worthwhile(&explained(seed, 1_000), 100, &KINDS);
    }
}
