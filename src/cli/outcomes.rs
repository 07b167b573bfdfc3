//! `oversell outcomes`: how executions can end.

use super::args::{Format, OutcomesArgs};
use super::report::json;
use super::{Done, Exit, print};
use crate::check::{Counting, Final, Reached, outcomes as all_outcomes};
use serde_json::{Value, json};
use std::fmt::Write;

pub fn outcomes(args: &OutcomesArgs) -> Done {
    let rush = args.what.rush();
    let crowd = args.faults.crowd(args.buyers.unwrap_or(args.what.program.buyers));
    let reached = all_outcomes(&rush, &crowd, &args.limits.counting(Counting::default().max_states))?;
    match args.format {
        Format::Json => print(&json(reached.iter().map(as_json).collect()))?,
        Format::Text => print(&text(&reached))?,
    }
    Ok(Exit::Holds)
}

fn as_json(Reached { end, schedule }: &Reached) -> Value {
    json!({
        "bought": end.bought,
        "sold_out": end.sold_out,
        "crashed": end.crashed,
        "killed": end.killed,
        "never_started": end.never_started,
        "stuck": end.stuck,
        "sold": end.sold,
        "count": end.count,
        "schedule": schedule.to_string(),
    })
}

fn text(reached: &[Reached]) -> String {
    let mut text = format!(
        "{:>6}  {:>8}  {:>7}  {:>6}  {:>7}  {:>5}  {:>4}  {:>5}  schedule\n",
        "bought", "sold out", "crashed", "killed", "not run", "stuck", "sold", "count"
    );
    for Reached { end, schedule } in reached {
        let Final { bought, sold_out, crashed, killed, never_started, stuck, sold, count } = end;
        let count = count.map_or("none".to_owned(), |count| count.to_string());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{bought:>6}  {sold_out:>8}  {crashed:>7}  {killed:>6}  {never_started:>7}  {stuck:>5}  {sold:>4}  {count:>5}  {schedule}"
        );
    }
    text
}
