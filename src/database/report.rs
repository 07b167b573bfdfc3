//! Reports for people: witnesses as reviewers read them, and verdicts in words.

use super::lanes::{Closing, lanes};
use super::{Level, Report, Schedule, Verdict};
use std::collections::BTreeMap;

/// The command that replays a schedule, if it can be told of the checkout; or the schedule, and what it is of.
pub fn replay_line(called: Option<&str>, database: &str, level: Level, buyers: usize, schedule: &Schedule) -> String {
    let text = schedule.to_string();
    let Some(called) = called else {
        let plural = if buyers == 1 { "" } else { "s" };
        return format!("{buyers} buyer{plural} on {database} at {level}, schedule {text}");
    };
    let text = if text.is_empty() || text.contains([' ', '=']) { format!("'{text}'") } else { text };
    format!("oversell db {called} --on {database} --level {level} --buyers {buyers} --schedule {text}")
}

/// All witnesses of what is refuted in these reports on one checkout; what is the same at several levels or on several
/// databases stands once. `None` if nothing is refuted.
pub fn witnesses(reports: &[Report]) -> Option<String> {
    let mut shown: Vec<(String, Vec<String>, String)> = Vec::new();
    for report in reports {
        for (schedule, body, buyers) in refuted(report) {
            let place = format!("{} at {}", report.database, report.level);
            match shown.iter_mut().find(|(other, ..)| *other == body) {
                Some((_, places, _)) => places.push(place),
                None => {
                    let line = replay_line(report.called.as_deref(), &report.database, report.level, buyers, &schedule);
                    shown.push((body, vec![place], line));
                }
            }
        }
    }
    let report = reports.first().filter(|_| !shown.is_empty())?;
    let plural = if report.tickets == 1 { "" } else { "s" };
    let says = if report.says.is_empty() { String::new() } else { format!(": {}", report.says) };
    let mut text = format!("{}, {} ticket{plural}{says}\n", report.checkout, report.tickets);
    for (body, places, line) in shown {
        text.push_str(&format!("\n== {}\n\n{body}\n{line}\n", places.join(", ")));
    }
    Some(text)
}

/// The executions that refute something, each once.
fn refuted(report: &Report) -> Vec<(Schedule, String, usize)> {
    let mut by_schedule: BTreeMap<String, (Vec<String>, &super::Witness)> = BTreeMap::new();
    let mut order = Vec::new();
    for finding in &report.findings {
        let Verdict::Refuted(witness) = &finding.verdict else { continue };
        let remark = format!("{}: {}", finding.property, witness.remark);
        let key = format!("{} {}", witness.buyers, witness.schedule);
        if !by_schedule.contains_key(&key) {
            order.push(key.clone());
        }
        by_schedule.entry(key).or_insert_with(|| (Vec::new(), witness)).0.push(remark);
    }
    let show = |key: String| {
        let (remarks, witness) = by_schedule.remove(&key)?;
        let body = lanes(&witness.execution, &witness.schedule.cast, &Closing::Broken(remarks));
        Some((witness.schedule.clone(), body, witness.buyers))
    };
    order.into_iter().filter_map(show).collect()
}

/// A verdict in words.
pub fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Proved => "✓ proved".to_owned(),
        Verdict::Refuted(witness) => format!("✗ refuted: {}", witness.remark),
        Verdict::Possible(witness) => format!("✓ possible: {}", witness.schedule),
        Verdict::Impossible => "✗ impossible".to_owned(),
        Verdict::Inconclusive(why) => format!("· inconclusive: {why}"),
    }
}
