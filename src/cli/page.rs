//! `--html FILE` and `--svg FILE`: what a command shows, as a page to walk through and as a picture.

use super::Failure;
use super::report::{replay_line, replays};
use crate::check::{Final, Finding, Reached, Verdict, Witness, page};
use crate::platform::Instance;
use crate::programs::{self, Kind, Program};
use crate::scenario::{Launch, Scenario};
use crate::trace::page::{Cell, Page, Table, Told};
use crate::trace::{Closing, Schedule, beside, layout, replay, title};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where pages and pictures go.
#[derive(Args, Default)]
pub struct Pictures {
    /// Write a page to this file on which each trace can be walked through; it loads nothing from anywhere
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write a picture to this file, as SVG: the trace of what fails first, or the matrix
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

impl Pictures {
    /// Writes what is asked for; `page` is only made if something is.
    pub fn write(&self, page: impl FnOnce() -> Page, svg: impl FnOnce(&Page) -> Option<String>) -> Result<(), Failure> {
        if self.html.is_none() && self.svg.is_none() {
            return Ok(());
        }
        let page = page();
        if let Some(file) = &self.html {
            write(file, &page.html())?;
        }
        if let Some(file) = &self.svg {
            let svg =
                svg(&page).ok_or_else(|| Failure::new("there is no trace to make a picture of: nothing fails"))?;
            write(file, &svg)?;
        }
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| Failure::new(format!("cannot write {}: {error}", file.display())))
}

/// The first trace of a page as a picture.
pub fn first_trace(page: &Page) -> Option<String> {
    page.traces.first().map(|told| told.layout.svg(&told.title))
}

/// The table of a page as a picture.
pub fn table(page: &Page) -> Option<String> {
    page.table.as_ref().map(|table| table.svg(&page.title, &page.about))
}

/// The page of a check.
pub fn checked(
    program: &Program,
    scenario: &Scenario,
    instance: &Instance,
    engine: &str,
    findings: &[Finding],
) -> Page {
    let mut page = page(scenario, instance, engine, findings);
    for told in &mut page.traces {
        let of = findings.iter().find(|finding| finding.property.name() == told.name);
        if let Some(witness) = of.and_then(|finding| finding.verdict.witness()) {
            complete(told, program, scenario, witness);
        }
    }
    page
}

/// What only a program of the catalogue has: a line that replays its traces, and perhaps a repair.
pub fn complete(told: &mut Told, program: &Program, scenario: &Scenario, witness: &Witness) {
    told.note = None;
    if replays(scenario, witness) {
        told.replay = Some(replay_line(scenario, &witness.instance, &witness.schedule));
        told.beside = repair(program, scenario, &witness.instance, &witness.schedule);
    } else {
        let note = "it cannot be replayed step by step: a cell was read stale, which only loom can do";
        told.note = Some(note.to_owned());
    }
}

fn repair(
    program: &Program,
    scenario: &Scenario,
    instance: &Instance,
    schedule: &Schedule,
) -> Option<crate::trace::page::Beside> {
    let right = match program.kind {
        Kind::Shop { right, .. } => right?,
        Kind::Tutorial if scenario.launch() == Launch::Together => "repaired",
        Kind::Tutorial | Kind::Repair => return None,
    };
    let right = programs::named(right).ok()?.scenario(scenario.stock()?);
    beside(scenario, &right, instance, schedule)
}

/// The page of one execution, of which so much is to be said; `witness` is what it shows, if it shows something.
pub fn replayed(
    program: &Program,
    scenario: &Scenario,
    instance: &Instance,
    schedule: &Schedule,
    closing: &Closing,
    shows: Option<Witness>,
    trace: &crate::platform::Trace,
) -> Page {
    let title = title(scenario, instance);
    let mut told = shows.map(|witness| witness.told(scenario)).unwrap_or_default();
    told.name = "replay".to_owned();
    told.title.clone_from(&title);
    told.why = match closing {
        Closing::Broken(why) | Closing::Reached(why) => why.clone(),
        Closing::Stands(how) => vec![how.clone()],
    };
    told.layout = layout(scenario, trace, closing);
    told.note = None;
    told.replay = Some(replay_line(scenario, instance, schedule));
    told.beside = repair(program, scenario, instance, schedule);
    Page { title, traces: vec![told], ..Page::default() }
}

/// The page of all outcomes: a table of them, and the trace of each.
pub fn outcomes(scenario: &Scenario, instance: &Instance, head: Vec<String>, rows: &[(Vec<String>, &Reached)]) -> Page {
    let mut traces = Vec::new();
    let mut table = Table { first: true, head, rows: Vec::new() };
    for (number, (cells, reached)) in rows.iter().enumerate() {
        let schedule = reached.schedule.text(scenario);
        let mut cells: Vec<_> = cells.iter().map(|text| Cell { text: text.clone(), trace: None }).collect();
        let told = outcome(number, scenario, instance, reached);
        cells.insert(0, Cell { text: format!("{}", number + 1), trace: told.is_some().then_some(traces.len()) });
        cells.push(Cell { text: schedule, trace: None });
        traces.extend(told);
        table.rows.push(cells);
    }
    table.head.insert(0, "outcome".to_owned());
    table.head.push("schedule".to_owned());
    let about = vec!["Every possible outcome, each with a schedule that leads to it.".to_owned()];
    Page { title: format!("{}: outcomes", title(scenario, instance)), about, table: Some(table), traces }
}

fn outcome(number: usize, scenario: &Scenario, instance: &Instance, reached: &Reached) -> Option<Told> {
    let Reached { end, schedule } = reached;
    let model = replay(scenario, instance, schedule).ok()?;
    let Final { sold, stock, count, .. } = end;
    let left = count.map_or("the ledger cannot be read".to_owned(), |count| format!("the ledger says {count} left"));
    let why = format!("{sold} sold of {stock}, {left}");
    Some(Told {
        name: format!("outcome-{}", number + 1),
        title: format!("outcome {}", number + 1),
        layout: layout(scenario, model.trace(), &Closing::Stands(why.clone())),
        why: vec![why],
        replay: Some(replay_line(scenario, instance, schedule)),
        ..Told::default()
    })
}

/// A line of the matrix: a program at one size, and its findings in the order of the columns.
pub struct MatrixLine<'a> {
    pub program: &'static Program,
    pub scenario: &'a Scenario,
    /// What stands before the findings, and behind them.
    pub before: Vec<String>,
    pub cells: Vec<(String, Option<&'a Finding>)>,
    pub after: Vec<String>,
}

/// The page of the matrix: the table, and the trace of everything that fails in it.
pub fn matrix(head: Vec<String>, lines: &[MatrixLine<'_>], about: Vec<String>) -> Page {
    let mut traces: Vec<Told> = Vec::new();
    let mut rows = Vec::new();
    for line in lines {
        let plain = |text: &String| Cell { text: text.clone(), trace: None };
        let mut row: Vec<_> = line.before.iter().map(plain).collect();
        for (text, finding) in &line.cells {
            let refuted = finding.and_then(|finding| match &finding.verdict {
                Verdict::Refuted { witness, .. } => Some(witness),
                _ => None,
            });
            let trace = refuted.map(|witness| {
                let name = format!("{}.{}", line.program.name, witness.property);
                traces.iter().position(|told| told.name == name).unwrap_or_else(|| {
                    let mut told = Told { name, ..witness.told(line.scenario) };
                    complete(&mut told, line.program, line.scenario, witness);
                    traces.push(told);
                    traces.len() - 1
                })
            });
            row.push(Cell { text: text.clone(), trace });
        }
        row.extend(line.after.iter().map(plain));
        rows.push(row);
    }
    let title = "Every program against every property".to_owned();
    Page { title, about, table: Some(Table { first: true, head, rows }), traces }
}
