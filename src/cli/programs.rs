//! `oversell programs`: what there is, in words.

use super::terminal::show;
use super::{Done, Exit};
use crate::check::{Kind, Property};
use crate::programs::{self, Program};
use crate::scenario::Scenario;
use std::fmt::Write;

pub fn programs() -> Done {
    let mut text = String::new();
    let heading = |kind: &programs::Kind| match kind {
        programs::Kind::Tutorial | programs::Kind::Repair => {
            "TUTORIALS (each buyer searches how many tickets are left, then buys one)"
        }
        programs::Kind::Shop { .. } => "SHOPS (bugs that shops really had, each once wrong and once right)",
    };
    let mut last = "";
    for program in programs::all() {
        let heading = heading(&program.kind);
        // Writing to a string cannot fail.
        if heading != last {
            let _ = writeln!(text, "{heading}\n");
            last = heading;
        }
        describe(&mut text, program);
    }
    text.push_str("PROPERTIES (each where it applies; a program may have its own besides)\n\n");
    let some = programs::all()[0].scenario(1);
    for property in Property::BUILT_IN {
        let _ = writeln!(text, "{property:17} {:10} {}", kind(property), property.sentence(&some));
    }
    text.push_str(
        "\nENGINES\n\n\
         counting      every reachable state, at full size and beyond; the default\n\
         parametric    the same for any number of threads, by coverability and saturating counters; the default with\n\
         \u{20}             --buyers any\n\
         coverability  any number of threads, what can be said of states alone (Karp–Miller)\n\
         told-apart    every reachable state of threads that are told apart; the default where they know who they are\n\
         shuttle-dfs   every interleaving of a few threads\n\
         shuttle-pct   a thousand random schedules at full size; finds, never proves\n\
         loom          its approximation of the C11 memory model, up to 4 threads; only in a build with --cfg loom\n",
    );
    show(&text)?;
    Ok(Exit::Holds)
}

fn describe(text: &mut String, program: &Program) {
    let Program { name, threads, tickets, summary, .. } = program;
    let scenario = program.scenario(*tickets);
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut who = vec![count(*threads as u64, scenario.roles()[0].name)];
    who.extend(scenario.roles().iter().skip(1).map(|role| count(role.threads as u64, role.name)));
    let _ = writeln!(text, "{name}: {}, {}", who.join(", "), count(*tickets, "ticket"));
    for line in program.in_words() {
        let _ = writeln!(text, "    {line}");
    }
    match program.kind {
        programs::Kind::Tutorial => {
            let _ = writeln!(text, "    its author says: {summary}");
        }
        programs::Kind::Repair => {
            let _ = writeln!(text, "    {summary}");
        }
        programs::Kind::Shop { right, report } => {
            let _ = writeln!(text, "    {summary}");
            let _ = match right {
                Some(right) => writeln!(text, "    modelled on {report}; right in {right}"),
                None => Ok(()),
            };
        }
    }
    own_properties(text, &scenario);
    text.push('\n');
}

fn own_properties(text: &mut String, scenario: &Scenario) {
    for property in Property::of(scenario).into_iter().filter(|property| matches!(property, Property::Own(_))) {
        let _ = writeln!(text, "    its own {property}: {}, {}", kind(property), property.sentence(scenario));
    }
}

fn kind(property: Property) -> &'static str {
    match property.kind() {
        Kind::Always => "always",
        Kind::Sometimes => "sometimes",
    }
}
