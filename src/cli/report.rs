//! How findings are told: as text, and as JSON.

use super::args::Lock;
use crate::check::{Finding, Kind, Property, Verdict, Witness};
use crate::platform::{Entry, Instance, LockKind, Threads, What};
use crate::programs::{self, Program};
use crate::scenario::Scenario;
use crate::trace::{Gloss, Schedule, replay, title};
use serde_json::{Map, Value, json};

/// What was checked, and what came of it.
pub(super) struct Row<'a> {
    pub program: &'static Program,
    pub scenario: &'a Scenario,
    pub instance: &'a Instance,
    pub engine: &'static str,
    pub finding: &'a Finding,
}

impl Row<'_> {
    /// The row as JSON: always the same keys.
    pub fn as_json(&self) -> Value {
        let Row { program, scenario, instance, engine, finding } = self;
        let Finding { property, verdict, worst, basis } = finding;
        let explored: Map<String, Value> =
            verdict.explored().0.iter().map(|(what, count)| ((*what).to_owned(), json!(count))).collect();
        let limit = match verdict {
            Verdict::Inconclusive { limit, .. } | Verdict::Bounded { bound: limit, .. } => Some(limit),
            _ => None,
        };
        let witness = verdict.witness();
        json!({
            "program": program.name,
            "buyers": number(instance.threads[0]),
            "threads": by_role(scenario, instance),
            "tickets": scenario.stock(),
            "kills": instance.kills,
            "lock": Lock::from(instance.lock).name(),
            "property": property.name(),
            "verdict": verdict.name(),
            "engine": engine,
            "memory_model": basis.memory.name(),
            "assumed": basis.assumed,
            "explored": explored,
            "worst": worst,
            "limit": limit,
            "witness": witness.and_then(|witness| snapshot(program, scenario, witness)),
            "witness_buyers": witness.map(|witness| number(witness.instance.threads[0])),
            "witness_threads": witness.map(|witness| by_role(scenario, &witness.instance)),
            "schedule": witness.map(|witness| witness.schedule.text(scenario)),
        })
    }
}

fn number(threads: Threads) -> Value {
    match threads {
        Threads::Exactly(threads) => json!(threads),
        Threads::Any => json!("any"),
    }
}

fn by_role(scenario: &Scenario, instance: &Instance) -> Map<String, Value> {
    let roles = scenario.roles().iter().zip(&instance.threads);
    roles.map(|(role, threads)| (role.name.to_owned(), number(*threads))).collect()
}

/// The name of the snapshot under `snapshots/` that shows this witness, if it is one that is kept there: those of
/// the programs with their own number of tickets and nobody killed (of the shops, what fails); and of the tutorials'
/// with one kill what only that brings about, the lost ledger, the torn read and, with a semaphore, the deadlock.
pub fn snapshot(program: &Program, scenario: &Scenario, witness: &Witness) -> Option<String> {
    let Witness { property, instance, .. } = witness;
    let name = format!("{}.{}", program.name, property);
    let shop = matches!(program.kind, programs::Kind::Shop { .. });
    match (instance.kills, instance.lock, property) {
        _ if scenario.stock() != Some(program.tickets) => None,
        (0, ..) => (!shop || property.kind() == Kind::Always).then_some(name),
        _ if shop => None,
        (1, LockKind::Owned, Property::LedgerBalances | Property::NoTornRead)
        | (1, LockKind::Semaphore, Property::NoDeadlock) => {
            Some(format!("{name}.one-kill-{}", Lock::from(instance.lock).name()))
        }
        _ => None,
    }
}

/// A witness of a program as reviewers read it: what it is of, the lanes, and the line that replays it.
pub fn witness(scenario: &Scenario, witness: &Witness) -> String {
    witness_with(scenario, witness, Gloss::Beside)
}

/// The same, with what is said in it translated like this.
pub(super) fn witness_with(scenario: &Scenario, witness: &Witness, gloss: Gloss) -> String {
    let Witness { instance, schedule, .. } = witness;
    let last = if replays(scenario, witness) {
        replay_line(scenario, instance, schedule)
    } else {
        "it cannot be replayed step by step: a cell was read stale, which only loom can do".to_owned()
    };
    format!("{}\n\n{}\n{last}\n", title(scenario, instance), witness.layout(scenario).text_with(gloss))
}

/// Whether the interleaving of a witness shows what its trace tells.
pub(super) fn replays(scenario: &Scenario, witness: &Witness) -> bool {
    let seen = |entries: &[Entry]| -> Vec<_> {
        let took = |entry: &Entry| match &entry.what {
            What::Took(step, seen, _) => Some((entry.actor, step.clone(), seen.clone())),
            _ => None,
        };
        entries.iter().filter_map(took).collect()
    };
    let model = replay(scenario, &witness.instance, &witness.schedule);
    model.is_ok_and(|model| seen(&model.trace().entries) == seen(&witness.trace.entries))
}

/// The command that replays a schedule.
pub(super) fn replay_line(scenario: &Scenario, instance: &Instance, schedule: &Schedule) -> String {
    let mut line = format!("oversell replay {} --buyers {}", scenario.name(), instance.number(0));
    for (role, threads) in scenario.roles().iter().zip(&instance.threads).skip(1) {
        if let Threads::Exactly(number) = threads
            && *number != role.threads
        {
            line.push_str(&format!(" --threads {}={number}", role.name));
        }
    }
    line.extend(scenario.stock().map(|stock| format!(" --tickets {stock}")));
    if instance.lock == LockKind::Semaphore {
        line.push_str(" --lock semaphore");
    }
    format!("{line} --schedule {}", quoted(schedule.text(scenario)))
}

/// An argument as a shell takes it for one word.
fn quoted(text: String) -> String {
    let plain = |c: char| c.is_alphanumeric() || ",:-_.".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// JSON as it is printed: one array.
pub(super) fn json(rows: Vec<Value>) -> String {
    format!("{:#}\n", Value::Array(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_one_word_to_a_shell() {
        let word = |text: &str| quoted(text.to_owned());
        assert_eq!(word("0,sweeper0:expired,k1"), "0,sweeper0:expired,k1");
        assert_eq!(word(""), "''");
        assert_eq!(word("0:it's late"), "'0:it'\\''s late'");
    }
}
