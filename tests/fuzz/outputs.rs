//! `explain`: what an execution prints can be explained, and what is explained is printed by the execution that it names.

use crate::{Tally, fuzz, is_worthwhile};
use oversell::check::{Explanation, Instance, Limits, explain};
use oversell::platform::model::Model;
use oversell::platform::script::Local;
use oversell::platform::{Actor, Trace, What};
use oversell::programs;
use oversell::scenario::{Scenario, Speaker};
use oversell::trace::replay;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What an execution prints. Process ids are made up: each buyer has their own.
fn printed(scenario: &Scenario, trace: &Trace) -> Vec<String> {
    let line = |(actor, what): (Actor, &What)| {
        let What::Local(Local::Told(event)) = what else { return None };
        let (role, number) = match actor {
            Actor::Thread(role, number) => (scenario.roles()[role].name, number),
            Actor::Parent => ("parent", 0),
        };
        scenario.line(&Speaker { role, number, pid: (1000 + number).to_string() }, event)
    };
    trace.entries.iter().filter_map(|entry| line((entry.actor, &entry.what))).collect()
}

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

const PROGRAMS: [&str; 5] = ["unlocked", "purchase-locked", "joined", "joined-until-sold-out", "repaired"];

fn explained(seed: u8, cases: u32) -> Tally {
    let cases_of = (select(&PROGRAMS[..]), 1..4usize, 1..3u64, vec(any::<Index>(), 1..40), edits());
    fuzz(seed, cases, &cases_of, |(program, buyers, tickets, turns, edits)| {
        let scenario = programs::named(program).unwrap().scenario(tickets);
        let instance = Instance::of(&scenario, buyers);
        let truly = executed(&scenario, &instance, &turns);
        let lines = edited(truly.clone(), &edits);
        let asked: Vec<_> = lines.iter().map(String::as_str).collect();
        let explanation = explain(&scenario, &instance, &asked, &Limits::default());
        match explanation.map_err(|error| TestCaseError::fail(error.to_string()))? {
            Explanation::Possible(schedule) => {
                let model = replay(&scenario, &instance, &schedule);
                let model = model.map_err(|error| TestCaseError::fail(error.to_string()))?;
                // Whose each process id is, is the output's to say.
                let nameless = |lines: &[String]| -> Vec<String> {
                    let id = |c: char| c.is_ascii_digit();
                    lines
                        .iter()
                        .map(|line| line.strip_suffix("抢票成功").map_or(line.clone(), |_| line.replace(id, "")))
                        .collect()
                };
                prop_assert_eq!(nameless(&printed(&scenario, model.trace())), nameless(&lines));
                Ok(if lines == truly { "possible" } else { "possible, though changed" })
            }
            other => {
                prop_assert!(lines != truly, "{:?} prints this: {:?}", program, other);
                let is_settled = match other {
                    Explanation::Impossible { line } => line < lines.len(),
                    other => other == Explanation::Unfinished,
                };
                prop_assert!(is_settled, "{:?}", lines);
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
