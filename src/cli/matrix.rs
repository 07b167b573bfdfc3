//! `oversell matrix`: every program against every property.

use super::args::{Buyers, Format, Lock, MatrixArgs};
use super::report::{Row, holds, json};
use super::{Done, Exit, print};
use crate::check::{Counting, Coverability, Crowd, Engine, Finding, Property, Verdict};
use crate::office::{PROGRAMS, Program, Rush};
use std::fmt::Write;
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

/// One program at one size.
struct Line {
    program: &'static Program,
    buyers: Buyers,
    engine: &'static str,
    findings: Vec<Finding>,
    took: Duration,
}

/// The matrix is a report: its exit code is 0 whatever fails in it.
pub fn matrix(args: &MatrixArgs) -> Done {
    let mut lines = Vec::new();
    for program in PROGRAMS {
        let rush = Rush::new(program, program.tickets);
        let start = Instant::now();
        let engine = Counting::default();
        let findings = engine.check(&rush, &Crowd::of(program.buyers), &Property::ALL)?;
        let (buyers, took) = (Buyers::Exactly(program.buyers), start.elapsed());
        lines.push(Line { program, buyers, engine: engine.name(), findings, took });
        let start = Instant::now();
        let engine = Coverability::default();
        let findings = engine.check(&rush, &Crowd::of(0), &Property::ALL)?;
        lines.push(Line { program, buyers: Buyers::Any, engine: engine.name(), findings, took: start.elapsed() });
    }
    match args.format {
        Format::Text => print(&text(&lines))?,
        Format::Json => print(&json(lines.iter().flat_map(Line::rows).map(|row| row.as_json()).collect()))?,
    }
    Ok(Exit::Holds)
}

impl Line {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let row = |finding| Row {
            program: self.program,
            tickets: self.program.tickets,
            buyers: self.buyers,
            kills: 0,
            lock: Lock::Owned,
            engine: self.engine,
            finding,
        };
        self.findings.iter().map(row)
    }

    fn cells(&self) -> Vec<String> {
        let (name, buyers) = match self.buyers {
            Buyers::Exactly(buyers) => (self.program.name, buyers.to_string()),
            Buyers::Any => ("", "any".to_owned()),
        };
        let mut cells = vec![name.to_owned(), format!("{buyers:>3} × {}", self.program.tickets)];
        cells.extend(self.findings.iter().map(|finding| self.cell(finding)));
        let states = self.findings[0].verdict.explored().get("states").unwrap_or(0);
        cells.push(format!("{states:>6}"));
        cells.push(format!("{:>6.1} ms", self.took.as_secs_f64() * 1000.0));
        cells
    }

    fn cell(&self, finding: &Finding) -> String {
        let of = self.program.tickets;
        match (&finding.verdict, finding.worst, holds(&finding.verdict)) {
            (Verdict::Refuted { .. }, Some(worst), _) => format!("✗ {worst} of {of}"),
            (Verdict::Refuted { .. }, None, _) if finding.property == Property::NoOversell => format!("✗ ∞ of {of}"),
            (_, _, Some(true)) => "✓".to_owned(),
            (_, _, Some(false)) => "✗".to_owned(),
            (_, _, None) => "·".to_owned(),
        }
    }
}

fn text(lines: &[Line]) -> String {
    let header = |words: [&str; 11]| words.map(str::to_owned).to_vec();
    let mut table = vec![
        header(["", "", "no-", "ledger-", "no-torn-", "no-", "no-", "searches-", "sells-", "", ""]),
        header([
            "program",
            "size",
            "oversell",
            "balances",
            "read",
            "undersell",
            "deadlock",
            "overlap",
            "out",
            "states",
            "time",
        ]),
    ];
    table.extend(lines.iter().map(Line::cells));
    let width = |column: usize| table.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<_> = (0..table[0].len()).map(width).collect();
    let mut text = String::new();
    for row in &table {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    text.push_str(
        "\n✓ holds in every execution (searches-overlap and sells-out: in some execution)\n\
         ✗ fails, with a witness (those two: in no execution); in no-oversell the worst case: sold of tickets\n\
         · not decided for any number of buyers\n\
         `oversell check PROGRAM` shows the witnesses. `oversell programs` says what each program does.\n",
    );
    text
}
