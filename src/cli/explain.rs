//! `oversell explain`: is this console output possible?

use super::args::ExplainArgs;
use super::report::replay_line;
use super::{Done, Exit, Failure, print};
use crate::check::{Explanation, Limits, explain as search};
use crate::trace::{Closing, lanes, replay, threads, title};
use std::io::Read;

/// Threads that are told apart take more room, so fewer states than usual are enough.
const MOST_STATES: usize = 2_000_000;

pub fn explain(args: &ExplainArgs) -> Done {
    let scenario = args.what.scenario();
    let instance = args.cast.instance(args.what.program, &scenario)?;
    let mut output = Vec::new();
    std::io::stdin().read_to_end(&mut output).map_err(|e| Failure::new(format!("cannot read standard input: {e}")))?;
    let output = String::from_utf8(output).map_err(|e| {
        let byte = e.utf8_error().valid_up_to();
        Failure::new(format!("the output on standard input is not UTF-8: byte {byte} is no part of a character"))
    })?;
    let mut lines: Vec<&str> = output.lines().collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let (program, with) = (scenario.name(), threads(&scenario, &instance));
    let limits = args.limits.limits(Limits { max_states: MOST_STATES, ..Limits::default() });
    match search(&scenario, &instance, &lines, &limits)? {
        Explanation::Possible(schedule) => {
            let model = replay(&scenario, &instance, &schedule).expect("the search has made every one of these moves");
            let closing = Closing::Reached(vec![format!("{program} can print exactly these {} lines", lines.len())]);
            let text = lanes(&scenario, model.trace(), &closing);
            let (title, line) = (title(&scenario, &instance), replay_line(&scenario, &instance, &schedule));
            print(&format!("{title}\n\n{text}\n{line}\n"))?;
            Ok(Exit::Holds)
        }
        Explanation::Impossible { line } => {
            print(&format!(
                "✗ {program} with {with} cannot print this: no execution that prints the lines before it goes on \
                 with\nline {}: {}\n",
                line + 1,
                lines[line]
            ))?;
            Ok(Exit::Fails)
        }
        Explanation::Unfinished => {
            print(&format!(
                "✗ {program} with {with} cannot print only this: every execution that prints these {} lines goes on \
                 to print more\n",
                lines.len()
            ))?;
            Ok(Exit::Fails)
        }
        Explanation::Inconclusive { reached } => {
            print(&format!(
                "? not settled within {} states (see --max-states): an execution prints the first {reached} of these {} \
                 lines\n",
                limits.max_states,
                lines.len()
            ))?;
            Ok(Exit::Inconclusive)
        }
    }
}
