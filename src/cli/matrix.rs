//! `oversell matrix`: every program against every property.

use super::args::{Format, MatrixArgs};
use super::page::MatrixLine;
use super::progress::Watch;
use super::report::{Row, json};
use super::terminal::show;
use super::{Done, Exit, print};
use crate::check::{CheckError, Counting, Engine, Finding, Parametric, Property, Verdict};
use crate::platform::{Instance, Threads};
use crate::programs::{self, Program};
use crate::scenario::Scenario;
use crate::trace::page::Page;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

/// One program at one size.
struct Line {
    program: &'static Program,
    scenario: Scenario,
    instance: Instance,
    engine: &'static str,
    findings: Vec<Finding>,
}

/// The matrix is a report: its exit code is 0 whatever fails in it.
pub fn matrix(args: &MatrixArgs) -> Done {
    let start = Instant::now();
    let lines: Vec<Line> = checked()?;
    match args.format {
        Format::Text => show(&format!("{}{}", text(&lines), took(&lines, start.elapsed())))?,
        Format::Json => print(&json(lines.iter().flat_map(Line::rows).map(|row| row.as_json()).collect()))?,
    }
    args.pictures.write(|| page(&lines), super::page::table)?;
    Ok(Exit::Holds)
}

/// The page: no times on it, which are never the same.
fn page(lines: &[Line]) -> Page {
    let names = Property::BUILT_IN.iter().map(|property| property.name());
    let head = ["program", "size"].into_iter().chain(names).chain(["its own", "states"]).map(str::to_owned).collect();
    let memory = memory(lines);
    let lines: Vec<_> = lines.iter().map(Line::for_page).collect();
    super::page::matrix(head, &lines, legend(memory).lines().map(str::to_owned).collect())
}

/// Every program at both its sizes, in order. The checks have nothing in common, so every core takes the next one that is
/// left.
fn checked() -> Result<Vec<Line>, CheckError> {
    let watch = Watch::start("checking every program");
    let left = Mutex::new(programs::all().iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, program)) = next else { return };
            let lines = both_sizes(program);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, lines));
            watch.say(format!("{} of {} programs are checked", done.len(), programs::all().len()));
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 1..cores {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    let mut lines = Vec::new();
    for (_, both) in done {
        lines.extend(both?);
    }
    Ok(lines)
}

fn both_sizes(program: &'static Program) -> Result<[Line; 2], CheckError> {
    let scenario = program.scenario(program.tickets);
    let line = |instance: Instance, engine: &dyn Engine| -> Result<Line, CheckError> {
        let findings = engine.check(&scenario, &instance, &Property::of(&scenario))?;
        Ok(Line { program, scenario: scenario.clone(), instance, engine: engine.name(), findings })
    };
    Ok([
        line(Instance::of(&scenario, program.threads), &Counting::default())?,
        line(Instance::any(&scenario), &Parametric::default())?,
    ])
}

impl Line {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let Line { program, scenario, instance, engine, findings, .. } = self;
        findings.iter().map(move |finding| Row { program, scenario, instance, engine, finding })
    }

    fn name(&self) -> String {
        format!("{}{}", self.program.name, if self.is_weakly_ordered() { " ~" } else { "" })
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = match self.instance.threads[0] {
            Threads::Exactly(buyers) => vec![self.name(), format!("{buyers}×{}", self.program.tickets)],
            Threads::Any => vec![String::new(), "any".to_owned()],
        };
        cells.extend(Property::BUILT_IN.iter().map(|property| {
            let finding = self.findings.iter().find(|finding| finding.property == *property);
            finding.map_or("-".to_owned(), |finding| self.cell(finding))
        }));
        cells.push(self.own());
        cells.push(self.states().to_string());
        cells
    }

    fn for_page(&self) -> MatrixLine<'_> {
        let [_, size, rest @ ..] = &self.cells()[..] else { unreachable!("a line has a name and a size") };
        let of = |property: &Property| self.findings.iter().find(|finding| finding.property == *property);
        let own = self.findings.iter().filter(|finding| matches!(finding.property, Property::Own(_)));
        let failing = own.clone().find(|finding| finding.verdict.holds() == Some(false));
        let shown = Property::BUILT_IN.iter().map(of).chain([failing]);
        MatrixLine {
            program: self.program,
            scenario: &self.scenario,
            before: vec![self.name(), size.trim().to_owned()],
            cells: rest.iter().cloned().zip(shown).collect(),
            after: vec![rest[Property::BUILT_IN.len() + 1].trim().to_owned()],
        }
    }

    fn states(&self) -> u64 {
        self.findings.first().and_then(|finding| finding.verdict.explored().get("states")).unwrap_or(0)
    }

    fn cell(&self, finding: &Finding) -> String {
        match (&finding.verdict, finding.worst) {
            (Verdict::Refuted { .. }, Some(worst)) => format!("✗ {worst}"),
            (Verdict::Refuted { .. }, None) if finding.property == Property::NoOversell => "✗ ∞".to_owned(),
            (verdict, _) => mark(verdict.holds()).to_owned(),
        }
    }

    /// The program's own properties, all in one cell: the worst of them.
    fn own(&self) -> String {
        let own = self.findings.iter().filter(|finding| matches!(finding.property, Property::Own(_)));
        let holds: Vec<_> = own.map(|finding| finding.verdict.holds()).collect();
        let worst = [Some(false), None, Some(true)].into_iter().find(|held| holds.contains(held));
        worst.map_or("-", mark).to_owned()
    }

    /// Whether there are orderings in it that the engine takes for stronger ones.
    fn is_weakly_ordered(&self) -> bool {
        let assumed = self.findings.iter().flat_map(|finding| &finding.basis.assumed);
        assumed.into_iter().any(|assumed| assumed.starts_with("weaker orderings"))
    }
}

fn mark(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "·",
    }
}

/// The last line: the only one that differs from run to run.
fn took(lines: &[Line], time: Duration) -> String {
    let (checks, states) = (lines.len(), lines.iter().map(Line::states).sum::<u64>());
    format!("{checks} checks, {states} states, in {:.1} ms\n", time.as_secs_f64() * 1000.0)
}

/// The table, at most 80 columns wide.
fn text(lines: &[Line]) -> String {
    let mut header = vec!["program".to_owned(), "size".to_owned()];
    header.extend(Property::BUILT_IN.iter().map(|property| short(*property).to_owned()));
    header.extend(["own", "states"].map(str::to_owned));
    let mut table = vec![header];
    table.extend(lines.iter().map(Line::cells));
    let width = |column: usize| table.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<_> = (0..table[0].len()).map(width).collect();
    let is_number = |column: usize| column == 1 || column + 1 == widths.len();
    let mut text = String::new();
    for (i, row) in table.iter().enumerate() {
        let is_first_shop = |line: &Line| matches!(line.program.kind, programs::Kind::Shop { .. });
        if i >= 1 && lines.iter().position(is_first_shop) == Some(i - 1) {
            text.push('\n');
        }
        let padded = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let room = " ".repeat(width - cell.width());
            if is_number(column) { format!("{room}{cell}") } else { format!("{cell}{room}") }
        });
        text.push_str(padded.collect::<Vec<_>>().join(" ").trim_end());
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&legend(memory(lines)));
    text.push_str("`oversell check PROGRAM` shows the witnesses. `oversell programs` says what each\nprogram does.\n");
    text
}

fn memory(lines: &[Line]) -> &'static str {
    let finding = lines.first().and_then(|line| line.findings.first());
    finding.map_or("", |finding| finding.basis.memory.name())
}

/// What the signs mean.
fn legend(memory: &str) -> String {
    format!(
        "10×1   10 buyers for 1 ticket; below it, any number of buyers\n\
         over   no-oversell, and the most that are sold; ∞ is without a bound\n\
         bal    ledger-balances     torn   no-torn-read        und   no-undersell\n\
         dead   no-deadlock         crash  no-crash            live  no-livelock\n\
         ovl    searches-overlap    out    sells-out           own   its own properties\n\
         ✓ holds in every execution (ovl and out: in some execution)\n\
         ✗ fails, with a witness (ovl and out: in no execution)\n\
         · not decided for any number of buyers    - does not apply\n\
         Executions are {memory}. ~ uses weaker orderings, taken for\n\
         SeqCst here: only loom looks at what else they allow.\n"
    )
}

/// A property in few letters.
fn short(property: Property) -> &'static str {
    match property {
        Property::NoOversell => "over",
        Property::LedgerBalances => "bal",
        Property::NoTornRead => "torn",
        Property::NoUndersell => "und",
        Property::NoDeadlock => "dead",
        Property::NoCrash => "crash",
        Property::NoLivelock => "live",
        Property::SearchesOverlap => "ovl",
        Property::SellsOut => "out",
        Property::Own(_) => "own",
    }
}
