//! `oversell explain`: is this console output possible?

use super::args::ExplainArgs;
use super::report::{replay_line, title};
use super::{Done, Exit, Failure, print};
use crate::check::{Crowd, Explanation, explain as search};
use crate::trace::{Closing, lanes, replay};
use std::io::Read;

/// Buyers that are told apart take more room, so fewer states than usual are enough.
const MOST_STATES: usize = 2_000_000;

pub fn explain(args: &ExplainArgs) -> Done {
    let rush = args.what.rush();
    let crowd = Crowd::of(args.buyers.unwrap_or(args.what.program.buyers));
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
    let program = rush.program().name;
    let limits = args.limits.counting(MOST_STATES);
    match search(&rush, &crowd, &lines, &limits)? {
        Explanation::Possible(schedule) => {
            let model = replay(&rush, &crowd, &schedule).expect("the search has made every one of these moves");
            let closing = Closing::Reached(vec![format!("{program} can print exactly these {} lines", lines.len())]);
            let text = lanes(&rush, model.trace(), &closing);
            print(&format!("{}\n{text}\n{}\n", title(&rush, &crowd), replay_line(&rush, &crowd, &schedule)))?;
            Ok(Exit::Holds)
        }
        Explanation::Impossible { line } => {
            print(&format!(
                "✗ {program} with {} buyers cannot print this: no execution that prints the lines before it goes on \
                 with\nline {}: {}\n",
                crowd.buyers,
                line + 1,
                lines[line]
            ))?;
            Ok(Exit::Fails)
        }
        Explanation::Unfinished => {
            print(&format!(
                "✗ {program} with {} buyers cannot print only this: every execution that prints these {} lines goes on \
                 to print more\n",
                crowd.buyers,
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
