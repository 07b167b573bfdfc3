//! How findings are told: as text, and as JSON.

use super::args::{Buyers, Lock};
use crate::check::{Crowd, Finding, Property, Verdict, Witness};
use crate::office::{Program, Rush};
use crate::platform::LockKind;
use crate::scenario::Scenario;
use crate::trace::Schedule;
use serde_json::{Map, Value, json};

/// What was checked, and what came of it.
pub(super) struct Row<'a> {
    pub program: &'static Program,
    pub tickets: u64,
    pub buyers: Buyers,
    pub kills: usize,
    pub lock: Lock,
    pub engine: &'static str,
    pub finding: &'a Finding,
}

impl Row<'_> {
    /// The row as JSON: always the same keys.
    pub fn as_json(&self) -> Value {
        let Finding { property, verdict, worst } = self.finding;
        let explored: Map<String, Value> =
            verdict.explored().0.iter().map(|(what, count)| ((*what).to_owned(), json!(count))).collect();
        let limit = match verdict {
            Verdict::Inconclusive { limit, .. } => Some(limit),
            _ => None,
        };
        json!({
            "program": self.program.name,
            "buyers": buyers_as_json(self.buyers),
            "tickets": self.tickets,
            "kills": self.kills,
            "lock": self.lock.name(),
            "property": property.name(),
            "verdict": verdict.name(),
            "engine": self.engine,
            "explored": explored,
            "worst": worst,
            "limit": limit,
            "witness": verdict.witness().and_then(|witness| snapshot(self.program, self.tickets, witness)),
            "witness_buyers": verdict.witness().map(|witness| witness.crowd.buyers),
            "schedule": verdict.witness().map(|witness| witness.schedule.to_string()),
        })
    }
}

fn buyers_as_json(buyers: Buyers) -> Value {
    match buyers {
        Buyers::Exactly(buyers) => json!(buyers),
        Buyers::Any => json!("any"),
    }
}

/// Whether a property holds: an *always* that is proved, a *sometimes* that is possible. `None` if it is not known.
pub(super) fn holds(verdict: &Verdict) -> Option<bool> {
    match verdict {
        Verdict::Proved(_) | Verdict::Possible { .. } => Some(true),
        Verdict::Refuted { .. } | Verdict::Impossible(_) => Some(false),
        Verdict::Inconclusive { .. } => None,
    }
}

/// The name of the snapshot under `snapshots/` that shows this witness, if it is one that is kept there: those of
/// the programs with their own number of tickets and nobody killed; and with one kill what only that brings about,
/// the lost ledger, the torn read and, with a semaphore, the deadlock.
pub fn snapshot(program: &Program, tickets: u64, witness: &Witness) -> Option<String> {
    let Witness { property, crowd, .. } = witness;
    let name = format!("{}.{}", program.name, property);
    match (crowd.kills, crowd.lock, property) {
        _ if tickets != program.tickets => None,
        (0, ..) => Some(name),
        (1, LockKind::Owned, Property::LedgerBalances | Property::NoTornRead)
        | (1, LockKind::Semaphore, Property::NoDeadlock) => {
            Some(format!("{name}.one-kill-{}", Lock::from(crowd.lock).name()))
        }
        _ => None,
    }
}

/// A witness as reviewers read it: what it shows, the lanes, and the line that replays it.
pub fn witness(rush: &Rush, witness: &Witness) -> String {
    let Witness { crowd, schedule, .. } = witness;
    format!("{}\n{}\n{}\n", title(rush, crowd), witness.lanes(rush), replay_line(rush, crowd, schedule))
}

/// What a trace is of.
pub(super) fn title(rush: &Rush, crowd: &Crowd) -> String {
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let buyers = count(crowd.buyers as u64, "buyer");
    let kills = match crowd.kills {
        0 => String::new(),
        k => format!(", {} allowed, {} lock", count(k as u64, "kill"), Lock::from(crowd.lock).name()),
    };
    format!("{}, {buyers}, {}{kills}\n", rush.program().name, count(rush.tickets(), "ticket"))
}

/// The command that replays a schedule.
pub(super) fn replay_line(rush: &Rush, crowd: &Crowd, schedule: &Schedule) -> String {
    let lock = match Lock::from(crowd.lock) {
        Lock::Owned => "",
        Lock::Semaphore => " --lock semaphore",
    };
    let schedule = if schedule.0.is_empty() { "''".to_owned() } else { schedule.to_string() };
    let (program, tickets) = (rush.program().name, rush.tickets());
    format!("oversell replay {program} --buyers {} --tickets {tickets}{lock} --schedule {schedule}", crowd.buyers)
}

/// JSON as it is printed: one array.
pub(super) fn json(rows: Vec<Value>) -> String {
    format!("{:#}\n", Value::Array(rows))
}
