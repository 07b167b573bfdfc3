//! `oversell selftest`: whether the instruments see what is planted, here, with this toolchain.

mod beside;
mod certificates;
mod every;
mod facts;
mod instrument;
mod outputs;

pub use instrument::{Reading, engines, reading};

use super::args::SelftestArgs;
use super::progress::Watch;
use super::terminal::show;
use super::{Done, Exit};
use crate::check::{Instance, Property};
use crate::programs::planted::{self, Expected, Planted};
use beside::{INSTRUMENTS, Small, is_known};
use facts::{FACTS, Fact};
use instrument::{engines_up_to, hurried};
use std::fmt::Write;

/// After so many states or executions whoever is stopped early is.
const FEW: usize = 3;

pub fn selftest(args: &SelftestArgs) -> Done {
    let watch = Watch::start("holding the engines against planted bugs");
    let engines = engines();
    let mut text = format!("{:25}", "planted");
    for (engine, _) in &engines {
        // Writing to a string cannot fail.
        let _ = write!(text, " {:<5}", short(engine.name()));
    }
    let text = text.trim_end();
    let (mut text, mut wrong, mut beyond, mut all) = (format!("{text}\n"), String::new(), String::new(), 0);
    let mut failed = 0;
    for planted in planted::all() {
        watch.say(format!("holding the engines against `{}`", planted.name));
        let mut row = format!("{:25}", planted.name);
        for (engine, any) in &engines {
            let (mark, list, why) = match reading(planted, engine.as_ref(), *any) {
                Reading::Right => ("✓", None, String::new()),
                Reading::Beyond(why) => ("-", Some(&mut beyond), why),
                Reading::Wrong(why) => {
                    failed += 1;
                    ("✗", Some(&mut wrong), why)
                }
            };
            all += 1;
            let _ = write!(row, " {mark:<5}");
            if let Some(list) = list {
                let (name, what, expected) = (planted.name, planted.what, expected(planted));
                let _ = writeln!(list, "{mark} {} of {name} ({what}; {expected}): {why}", engine.name());
            }
        }
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text.push_str(
        "\n✓ sees what is planted: finds the bug, proves the right twin, refuses what hides\n\
         - says that it is beyond it (why: --verbose)\n\
         ✗ is wrong\n",
    );
    if !cfg!(loom) {
        text.push_str("loom is only in a build with --cfg loom\n");
    }
    text.push_str("\nbeside the verdicts (and on how many instances)\n");
    for (what, instances, failures) in others(&watch) {
        all += instances;
        failed += failures.len();
        let mark = if failures.is_empty() { "✓" } else { "✗" };
        let _ = writeln!(text, "{mark} {what} ({instances})");
        wrong.extend(failures.iter().map(|failure| format!("✗ {failure}\n")));
    }
    drop(watch);
    if args.verbose {
        let _ = write!(text, "\n{beyond}");
    }
    let _ = match failed {
        0 => writeln!(text, "\nall {all} readings are as they should be"),
        _ => writeln!(text, "\n{wrong}\n{failed} of {all} readings are wrong: trust no verdict of this build"),
    };
    show(&text)?;
    Ok(if failed == 0 { Exit::Holds } else { Exit::Fails })
}

/// What else there is, on how many instances it is held against what is known, and what is wrong with it.
fn others(watch: &Watch) -> Vec<(String, usize, Vec<String>)> {
    watch.say("walking every schedule of what is small".to_owned());
    let small: Vec<_> =
        planted::all().flat_map(|planted| Small::of(planted).into_iter().map(move |it| (planted, it))).collect();
    let mut others = Vec::new();
    for (name, what, check) in INSTRUMENTS {
        watch.say(format!("holding {name} against every schedule"));
        let failure = |(planted, small): &(&Planted, Small)| {
            check(small).err().map(|why| format!("{name} of {}{}: {why}", planted.name, small.faults()))
        };
        others.push((format!("{name}: {what}"), small.len(), small.iter().filter_map(failure).collect()));
    }
    watch.say("holding certificates against what is known".to_owned());
    let large = planted::all().filter(|it| is_known(it) && !small.iter().any(|(planted, _)| planted.name == it.name));
    let large: Vec<_> = large.collect();
    let failure = |planted: &&Planted| Some(format!("certificates of {}: {}", planted.name, certified(planted).err()?));
    others.push((
        "certificates: the same of programs that go round, or are larger".to_owned(),
        large.len(),
        large.iter().filter_map(failure).collect(),
    ));
    watch.say("stopping the engines early".to_owned());
    let (mut asked, mut failures) = (0, Vec::new());
    // What the code hides, runs of it can miss.
    for planted in planted::all().filter(|planted| planted.expected != Expected::Refused) {
        let known = small.iter().find(|(it, small)| it.name == planted.name && small.faults().is_empty());
        for (engine, any) in engines_up_to(Some(FEW)) {
            asked += 1;
            let said = hurried(planted, engine.as_ref(), any);
            let right = said.and_then(|worst| match (worst, known) {
                (Some(worst), Some((_, small))) => small.sells(engine.name(), any, worst),
                _ => Ok(()),
            });
            let failure = right.err();
            failures.extend(failure.map(|why| format!("{} of {}, stopped early: {why}", engine.name(), planted.name)));
        }
    }
    others.push(("limits: whoever is stopped early says nothing that is not so".to_owned(), asked, failures));
    watch.say("asking what is known of large programs".to_owned());
    let failure = |fact: &Fact| {
        let with = fact.buyers.map_or("any".to_owned(), |buyers| buyers.to_string());
        let (program, tickets, property) = (fact.program, fact.tickets, fact.property);
        fact.check().err().map(|why| format!("{property} of {program} {with}×{tickets}: {why}"))
    };
    others.push((
        "facts: of crowds, and of any number".to_owned(),
        FACTS.len(),
        FACTS.iter().filter_map(failure).collect(),
    ));
    others
}

/// Holds the certificates of a planted program against what is known of it.
fn certified(planted: &Planted) -> Result<(), String> {
    let scenario = planted.scenario("certificates");
    let shows = |property: Property| match planted.expected {
        Expected::Broken(name) if name == property.name() => Some(true),
        Expected::Holds(name) if name == property.name() => Some(false),
        _ => None,
    };
    certificates::check(&scenario, &Instance::of(&scenario, planted.threads), shows)?;
    // What so many threads show, some number of them does.
    certificates::check(&scenario, &Instance::any(&scenario), |property| shows(property).filter(|shows| *shows))
}

fn short(engine: &str) -> &str {
    match engine {
        "counting" => "count",
        "parametric" => "param",
        "coverability" => "cover",
        "told-apart" => "told",
        "shuttle-dfs" => "dfs",
        "shuttle-pct" => "pct",
        other => other,
    }
}

fn expected(planted: &Planted) -> String {
    match planted.expected {
        Expected::Broken(property) => format!("{property} is broken"),
        Expected::Holds(property) => format!("{property} holds"),
        Expected::Refused => "it must be refused".to_owned(),
        Expected::Undecided(property) => format!("{property} must not be proved"),
    }
}
