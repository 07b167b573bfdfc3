//! `oversell explain`: is this console output possible?

use super::args::ExplainArgs;
use super::files;
use super::progress::Watch;
use super::replay::MOST_IN_A_TRACE;
use super::report::replay_line;
use super::run::at_most;
use super::terminal::{gloss, harmless, show};
use super::{Done, Exit, Failure};
use crate::check::{Explanation, Limits, explain as search};
use crate::trace::{Closing, layout, replay, threads, title};

/// Threads that are told apart take more room, so fewer states than usual are enough.
const MOST_STATES: usize = 2_000_000;

const BYTE_ORDER_MARK: char = '\u{feff}';

pub fn explain(args: &ExplainArgs) -> Done {
    let scenario = args.what.scenario();
    let instance = args.cast.instance(args.what.program, &scenario)?;
    at_most(MOST_IN_A_TRACE, &instance, "tell apart in a trace")?;
    let output = files::whole(std::io::stdin().lock())
        .map_err(|e| Failure::new(format!("cannot read the output on standard input: {e}")))?;
    let output = String::from_utf8(output).map_err(|e| {
        let byte = e.utf8_error().valid_up_to();
        let utf_16 = matches!(e.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
        let what = if utf_16 { "it is UTF-16".to_owned() } else { format!("byte {byte} is no part of a character") };
        Failure::new(format!("the output on standard input is not UTF-8: {what}"))
    })?;
    // Some editors and shells put it there; nobody printed it.
    let output = output.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&output);
    let mut lines: Vec<&str> = output.lines().collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let (program, with) = (scenario.name(), threads(&scenario, &instance));
    let watch = Watch::start("looking for an execution that prints this");
    let limits = args.limits.limits(Limits { max_states: MOST_STATES, ..Limits::default() }, &watch);
    let explanation = search(&scenario, &instance, &lines, &limits)?;
    drop(watch);
    match explanation {
        Explanation::Possible(schedule) => {
            let model = replay(&scenario, &instance, &schedule).expect("the search has made every one of these moves");
            let closing = Closing::Reached(vec![format!("{program} can print exactly these {} lines", lines.len())]);
            let text = layout(&scenario, model.trace(), &closing).text_with(gloss());
            let (title, line) = (title(&scenario, &instance), replay_line(&scenario, &instance, &schedule));
            show(&format!("{title}\n\n{text}\n{line}\n"))?;
            Ok(Exit::Holds)
        }
        Explanation::Impossible { line } => {
            show(&format!(
                "✗ {program} with {with} cannot print this: no execution that prints the lines before it goes on \
                 with\nline {}: {}\n",
                line + 1,
                abridged(lines[line])
            ))?;
            Ok(Exit::Fails)
        }
        Explanation::Unfinished => {
            show(&format!(
                "✗ {program} with {with} cannot print only this: every execution that prints these {} lines goes on \
                 to print more\n",
                lines.len()
            ))?;
            Ok(Exit::Fails)
        }
        Explanation::Inconclusive { reached } => {
            show(&format!(
                "? not settled within {} states (see --max-states): an execution prints the first {reached} of these {} \
                 lines\n",
                limits.max_states,
                lines.len()
            ))?;
            Ok(Exit::Inconclusive)
        }
    }
}

/// A line of somebody else's, as a screen can take it.
fn abridged(line: &str) -> String {
    const LONGEST: usize = 200;
    let begins = harmless(&line.chars().take(LONGEST).collect::<String>());
    let more = line.chars().skip(LONGEST).count();
    if more == 0 { begins } else { format!("{begins}… and {more} more characters") }
}
