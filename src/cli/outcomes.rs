//! `oversell outcomes`: how executions can end.

use super::args::{Format, OutcomesArgs};
use super::page::Pictures;
use super::progress::Watch;
use super::report::json;
use super::terminal::{say, show};
use super::{Done, Exit, print};
use crate::check::{Final, Reached, outcomes as all_outcomes};
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr;

pub fn outcomes(args: &OutcomesArgs) -> Done {
    let scenario = args.what.scenario();
    let instance = args.faults.befall(args.cast.instance(args.what.program, &scenario)?)?;
    let watch = Watch::start(format!("listing the outcomes of {}", scenario.name()));
    let all = all_outcomes(&scenario, &instance, &args.limits.counting(&watch).limits)?;
    drop(watch);
    let endings = endings(&scenario, &all.reached);
    match args.format {
        Format::Json => {
            print(&json(all.reached.iter().map(|reached| as_json(&scenario, &endings, reached)).collect()))?;
        }
        Format::Text => show(&text(&scenario, &endings, &all.reached))?,
    }
    if args.html.is_some() {
        let rows: Vec<_> = all.reached.iter().map(|reached| (cells(&endings, reached), reached)).collect();
        let pictures = Pictures { html: args.html.clone(), svg: None };
        pictures.write(|| super::page::outcomes(&scenario, &instance, header(&endings), &rows), |_| None)?;
    }
    match all.limit {
        Some(limit) => {
            say(&format!("inconclusive: there may be other outcomes: {limit}"));
            Ok(Exit::Inconclusive)
        }
        None => Ok(Exit::Holds),
    }
}

/// The endings to report: those that the scenario names, then others that occur.
fn endings(scenario: &Scenario, reached: &[Reached]) -> Vec<String> {
    let mut endings: Vec<_> = scenario.endings().iter().map(|ending| ending.to_string()).collect();
    for ending in reached.iter().flat_map(|reached| reached.end.ended.keys()).map(|(_, ending)| ending.to_string()) {
        if !endings.contains(&ending) {
            endings.push(ending);
        }
    }
    endings
}

fn as_json(scenario: &Scenario, endings: &[String], Reached { end, schedule }: &Reached) -> Value {
    let mut row = Map::new();
    for ending in endings {
        row.insert(ending.replace(|c: char| !c.is_alphanumeric(), "_"), json!(end.ended(ending)));
    }
    let Final { crashed, killed, never_started, stuck, sold, stock, count, totals, .. } = end;
    for (key, threads) in [("crashed", crashed), ("killed", killed), ("never_started", never_started), ("stuck", stuck)]
    {
        row.insert(key.to_owned(), json!(threads));
    }
    row.insert("sold".to_owned(), json!(sold));
    row.insert("stock".to_owned(), json!(stock));
    row.insert("count".to_owned(), json!(count));
    let totals: Map<_, _> =
        scenario.tallied().iter().zip(totals).map(|(event, total)| ((*event).to_owned(), json!(total))).collect();
    row.insert("totals".to_owned(), json!(totals));
    row.insert("schedule".to_owned(), json!(schedule.text(scenario)));
    Value::Object(row)
}

fn header(endings: &[String]) -> Vec<String> {
    let others = ["crashed", "killed", "not run", "stuck", "sold", "count"].map(str::to_owned);
    endings.iter().cloned().chain(others).collect()
}

fn cells(endings: &[String], Reached { end, .. }: &Reached) -> Vec<String> {
    let mut row: Vec<_> = endings.iter().map(|ending| end.ended(ending).to_string()).collect();
    row.extend([end.crashed, end.killed, end.never_started, end.stuck].map(|threads| threads.to_string()));
    row.push(end.sold.to_string());
    row.push(end.count.map_or("none".to_owned(), |count| count.to_string()));
    row
}

fn text(scenario: &Scenario, endings: &[String], reached: &[Reached]) -> String {
    let header = header(endings);
    let rows: Vec<_> = reached.iter().map(|reached| cells(endings, reached)).collect();
    let widths: Vec<_> = header.iter().map(|name| name.width().max(4)).collect();
    let line = |cells: &[String], schedule: &str| {
        let cells = cells.iter().zip(&widths);
        let cells: String =
            cells.map(|(cell, width)| format!("{}{cell}  ", " ".repeat(width.saturating_sub(cell.width())))).collect();
        format!("{}\n", format!("{cells}{schedule}").trim_end())
    };
    let mut text = line(&header, "schedule");
    for (row, Reached { schedule, .. }) in rows.iter().zip(reached) {
        text.push_str(&line(row, &schedule.text(scenario)));
    }
    text
}
