//! The table: each checkout at each level of each database.

use super::{Checkout, Database, DatabaseError, Level, Property, Question, Report, Verdict, check};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use unicode_width::UnicodeWidthStr;

/// One thing to be checked.
#[derive(Clone)]
pub struct Job {
    /// Where.
    pub database: Arc<dyn Database>,
    /// What.
    pub checkout: Checkout,
    /// At which level.
    pub level: Level,
}

/// Every level of every one of these databases for every one of these checkouts that can be written for it.
pub fn jobs(databases: &[Arc<dyn Database>], patterns: &[super::catalogue::Pattern]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for pattern in patterns {
        for database in databases {
            let Some(checkout) = pattern.on(database.dialect()) else { continue };
            for level in database.levels() {
                jobs.push(Job { database: database.clone(), checkout: checkout.clone(), level: *level });
            }
        }
    }
    jobs
}

/// Checks all of them, several at once; the reports come in the order of the jobs.
///
/// # Errors
/// The first that could not be checked.
pub fn survey(jobs: &[Job], question: Question, at_once: usize) -> Result<Vec<Report>, DatabaseError> {
    let (next, reports) = (AtomicUsize::new(0), Mutex::new(vec![None; jobs.len()]));
    std::thread::scope(|scope| {
        for _ in 0..at_once.max(1) {
            scope.spawn(|| {
                while let Some((number, job)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(number).map(|job| (number, job))
                } {
                    let report = check(&job.database, &job.checkout, job.level, question);
                    if report.is_err() {
                        // Nothing that comes later would be shown.
                        next.store(jobs.len(), Ordering::Relaxed);
                    }
                    reports.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(report);
                }
            });
        }
    });
    reports.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// The table as text.
pub fn table(reports: &[Report]) -> String {
    let header = |words: [&str; 10]| words.map(str::to_owned).to_vec();
    let mut rows = vec![
        header(["", "", "", "no-", "ledger-", "no-", "no-", "no-", "sells-", "execu-"]),
        header([
            "checkout",
            "database",
            "level",
            "oversell",
            "balances",
            "undersell",
            "deadlock",
            "failure",
            "out",
            "tions",
        ]),
    ];
    let (mut checkout, mut database) = ("", "");
    for report in reports {
        let same = report.checkout == checkout;
        let name = if same { String::new() } else { report.checkout.clone() };
        let on = if same && report.database == database { String::new() } else { report.database.clone() };
        (checkout, database) = (&report.checkout, &report.database);
        let mut row = vec![name, on, report.level.to_string()];
        row.extend(Property::ALL.into_iter().map(|property| cell(report, property)));
        row.push(format!("{:>6}", report.executions));
        rows.push(row);
    }
    laid_out(&rows)
}

/// The table in short: a column for each level of each database, and a sign for each checkout.
pub fn overview(reports: &[Report]) -> String {
    let mut columns: Vec<(&str, Level)> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for report in reports {
        let column = (report.database.as_str(), report.level);
        if !columns.contains(&column) {
            columns.push(column);
        }
        if names.last() != Some(&report.checkout.as_str()) {
            names.push(&report.checkout);
        }
    }
    let mut rows = vec![vec![String::new()], vec!["checkout".to_owned()]];
    let mut before = "";
    for (database, level) in &columns {
        rows[0].push(if *database == before { String::new() } else { (*database).to_owned() });
        rows[1].push(level.to_string());
        before = database;
    }
    for name in names {
        let sign = |(database, level): &(&str, Level)| {
            let is =
                |report: &&Report| report.checkout == name && report.database == *database && report.level == *level;
            reports.iter().find(is).map_or_else(String::new, |report| sign(report).to_owned())
        };
        rows.push(std::iter::once(name.to_owned()).chain(columns.iter().map(sign)).collect());
    }
    laid_out(&rows)
}

/// What the signs of the overview mean.
pub const SIGNS: &str = "✗ oversells, undersells, or loses count; ! does none of it, but a buyer can see an error; \
                         ✓ neither; · not decided\n";

fn sign(report: &Report) -> &'static str {
    let holds = |property: Property| report.finding(property).verdict.holds();
    let shop = [Property::NoOversell, Property::LedgerBalances, Property::NoUndersell].map(holds);
    match (shop.contains(&Some(false)), shop.contains(&None), holds(Property::NoFailure)) {
        (true, ..) => "✗",
        (false, true, _) | (false, false, None) => "·",
        (false, false, Some(false)) => "!",
        (false, false, Some(true)) => "✓",
    }
}

fn laid_out(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What the signs of a table mean.
pub fn legend(question: Question) -> String {
    let connections = if question.cuts == 0 { String::new() } else { format!(", {} cut", question.cuts) };
    format!(
        "✓ holds in every order of statements of up to {} buyers{connections} (sells-out: in some order)\n\
         ✗ fails, with a witness (sells-out: in no order); in no-oversell the worst case: sold of tickets\n\
         · not decided within the limits, or at the granularity of statements\n\
         What else overlaps inside a statement is not looked at. `oversell db CHECKOUT` shows the witnesses.\n",
        question.buyers
    )
}

fn cell(report: &Report, property: Property) -> String {
    match &report.finding(property).verdict {
        Verdict::Refuted(_) if property == Property::NoOversell => format!("✗ {} of {}", report.worst, report.tickets),
        Verdict::Refuted(_) | Verdict::Impossible => "✗".to_owned(),
        Verdict::Proved | Verdict::Possible(_) => "✓".to_owned(),
        Verdict::Inconclusive(_) => "·".to_owned(),
    }
}
