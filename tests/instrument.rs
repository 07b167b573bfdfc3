//! Promise: every engine sees every bug that is planted for it, or says that it cannot; and an engine that is broken is
//! noticed.
#![cfg(feature = "cli")]

use oversell::check::{Basis, CheckError, Engine, Explored, Finding, Instance, MemoryModel, Property, Verdict};
use oversell::cli::{Reading, engines, reading};
use oversell::programs::planted::{self, Expected, Planted};
use oversell::scenario::Scenario;
use std::collections::BTreeSet;
use std::process::Command;

#[test]
fn every_engine_sees_what_is_planted_or_says_that_it_cannot() {
    let engines = engines();
    let names: BTreeSet<_> = engines.iter().map(|(engine, _)| engine.name()).collect();
    assert!(["counting", "parametric", "coverability", "told-apart"].iter().all(|name| names.contains(name)));
    assert_eq!((names.contains("loom"), names.contains("shuttle-dfs")), (cfg!(loom), cfg!(feature = "shuttle")));
    let (mut known, mut wrong) = (BTreeSet::new(), Vec::new());
    for planted in planted::all() {
        assert!(known.insert(planted.name), "{} is planted twice", planted.name);
        let mut seen = false;
        for (engine, any) in &engines {
            match reading(planted, engine.as_ref(), *any) {
                Reading::Right => seen = true,
                Reading::Beyond(_) => {}
                Reading::Wrong(why) => wrong.push(format!("{} of {}: {why}", engine.name(), planted.name)),
            }
        }
        // What loom alone can see is seen in its own build.
        let only_loom = planted.beyond.contains(&"counting");
        assert!(seen || only_loom && !cfg!(loom), "nobody sees {}", planted.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An engine that has the same to say of everything.
struct Broken(fn(&str) -> Verdict);

impl Engine for Broken {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn check(&self, _: &Scenario, _: &Instance, properties: &[Property]) -> Result<Vec<Finding>, CheckError> {
        let basis = Basis { memory: MemoryModel::SequentiallyConsistent, assumed: Vec::new() };
        let say = |property: &Property| {
            let verdict = (self.0)(property.name());
            Finding { property: *property, verdict, worst: None, basis: basis.clone() }
        };
        Ok(properties.iter().map(say).collect())
    }
}

fn wrong_about(engine: &Broken) -> BTreeSet<&'static str> {
    let is_wrong = |planted: &&Planted| matches!(reading(planted, engine, false), Reading::Wrong(_));
    planted::all().filter(is_wrong).map(|planted| planted.name).collect()
}

#[test]
fn an_engine_that_proves_everything_is_noticed_wherever_there_is_a_bug() {
    let wrong = wrong_about(&Broken(|_| Verdict::Proved(Explored::default())));
    let bugs: BTreeSet<_> = planted::all()
        .filter(|planted| !matches!(planted.expected, Expected::Holds(_)))
        .map(|planted| planted.name)
        .collect();
    assert_eq!(wrong, bugs);
}

#[test]
fn an_engine_that_says_nothing_is_noticed_wherever_it_should() {
    let mute = Broken(|_| Verdict::Inconclusive { limit: "no idea".to_owned(), explored: Explored::default() });
    let should = |planted: &&Planted| {
        let is_asked = !matches!(planted.expected, Expected::Undecided(_));
        is_asked && !planted.beyond.contains(&"counting")
    };
    let expected: BTreeSet<_> = planted::all().filter(should).map(|planted| planted.name).collect();
    assert_eq!(wrong_about(&mute), expected);
}

#[test]
fn selftest_says_so_with_its_exit_code() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oversell"));
    let output = command.args(["selftest", "--verbose"]).env("LC_ALL", "C.UTF-8").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("readings are as they should be\n"), "{text}");
    let table = text.split("\n\n").next().unwrap();
    assert_eq!(table.lines().count(), 1 + planted::all().count(), "{text}");
    assert!(table.lines().all(|line| line.chars().count() <= 80) && !table.contains('✗'), "{text}");
    let beyond = "- counting of relaxed-publish";
    assert!(text.contains(beyond) && text.contains("not looked at"), "{text}");
}
