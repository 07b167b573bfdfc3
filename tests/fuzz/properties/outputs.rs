//! `explain`: what is explained is printed by the execution that it names.

use oversell::check::{Explanation, Instance, Limits, explain, printed};
use oversell::programs;
use oversell::scenario::Scenario;
use oversell::trace::replay;

/// The programs whose outputs are explained.
pub const PROGRAMS: [&str; 5] = ["unlocked", "purchase-locked", "joined", "joined-until-sold-out", "repaired"];

/// An instance of one of them.
pub fn instance(program: &str, buyers: usize, tickets: u64) -> (Scenario, Instance) {
    let scenario = programs::named(program).unwrap().scenario(tickets);
    let instance = Instance::of(&scenario, buyers);
    (scenario, instance)
}

/// Some execution prints these lines, or one of them is named that none can print.
pub fn output((scenario, instance): &(Scenario, Instance), lines: &[&str]) -> &'static str {
    match explain(scenario, instance, lines, &Limits::default()).unwrap() {
        Explanation::Possible(schedule) => {
            let model = replay(scenario, instance, &schedule).unwrap();
            let printed = printed(scenario, model.trace());
            assert_eq!(nameless(printed.iter().map(String::as_str)), nameless(lines.iter().copied()));
            "possible"
        }
        Explanation::Impossible { line } => {
            assert!(line < lines.len(), "{line} of {lines:?}");
            "impossible"
        }
        other => {
            assert_eq!(other, Explanation::Unfinished, "{lines:?}");
            "unfinished"
        }
    }
}

/// Whose each process id is, is the output's to say.
fn nameless<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<String> {
    let bought = |line: &str| line.ends_with("抢票成功");
    let nameless = |line: &str| line.chars().filter(|c| !c.is_ascii_digit()).collect();
    lines.map(|line| if bought(line) { nameless(line) } else { line.to_owned() }).collect()
}
