//! `oversell check`: one program, a verdict for each property.

use super::args::{Buyers, CheckArgs, EngineName, Format, Limits, Lock};
use super::report::{Row, holds, json, witness};
use super::{Done, Exit, Failure, print};
use crate::check::{Counting, Coverability, Crowd, Engine, Finding, Property, ShuttleDfs, ShuttlePct, Verdict};
use crate::office::Rush;
use crate::scenario::Scenario;
use std::fmt::Write;

pub fn check(args: &CheckArgs) -> Done {
    let rush = args.what.rush();
    let buyers = args.buyers.unwrap_or(Buyers::Exactly(args.what.program.buyers));
    let mut properties = args.properties.clone();
    let mut seen = Vec::new();
    properties.retain(|property| {
        !seen.contains(property) && {
            seen.push(*property);
            true
        }
    });
    if properties.is_empty() {
        properties = Property::ALL.to_vec();
    }
    let crowd = args.faults.crowd(if let Buyers::Exactly(buyers) = buyers { buyers } else { 0 });
    let engine =
        args.engine.unwrap_or(if buyers == Buyers::Any { EngineName::Coverability } else { EngineName::Counting });
    let (engine, findings) = ask(engine, &rush, buyers, &crowd, &properties, &args.limits)?;

    let (kills, lock) = (args.faults.kills, args.faults.lock);
    let row = |finding| Row { program: rush.program(), tickets: rush.tickets(), buyers, kills, lock, engine, finding };
    match args.format {
        Format::Json => print(&json(findings.iter().map(|finding| row(finding).as_json()).collect()))?,
        Format::Text => print(&text(&rush, buyers, args.faults.lock, kills, engine, &findings))?,
    }
    Ok(exit(&findings))
}

/// Puts the question to an engine.
fn ask(
    engine: EngineName,
    rush: &Rush,
    buyers: Buyers,
    crowd: &Crowd,
    properties: &[Property],
    limits: &Limits,
) -> Result<(&'static str, Vec<Finding>), Failure> {
    fn put(
        engine: &impl Engine,
        rush: &Rush,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<(&'static str, Vec<Finding>), Failure> {
        Ok((engine.name(), engine.check(rush, crowd, properties)?))
    }
    if (engine == EngineName::Coverability) != (buyers == Buyers::Any) {
        return Err(Failure::new(match buyers {
            Buyers::Any => {
                "only the coverability engine checks any number of buyers; name a number, or leave out --engine"
            }
            Buyers::Exactly(_) => {
                "the coverability engine checks any number of buyers, no certain one; write --buyers any"
            }
        }));
    }
    let counting = limits.counting(Counting::default().max_states);
    match engine {
        EngineName::Counting => put(&counting, rush, crowd, properties),
        EngineName::Coverability => {
            let max_states = limits.max_states(Coverability::default().max_states);
            put(&Coverability { max_states, counting }, rush, crowd, properties)
        }
        EngineName::ShuttleDfs => put(&ShuttleDfs::default(), rush, crowd, properties),
        EngineName::ShuttlePct => put(&ShuttlePct::default(), rush, crowd, properties),
        #[cfg(loom)]
        EngineName::Loom => put(&crate::check::Loom::default(), rush, crowd, properties),
        #[cfg(not(loom))]
        EngineName::Loom => Err(Failure::new(
            "this build is without loom; build it with it: RUSTFLAGS=\"--cfg loom\" cargo run -- check … --engine loom",
        )),
    }
}

fn exit(findings: &[Finding]) -> Exit {
    let verdicts: Vec<_> = findings.iter().map(|finding| holds(&finding.verdict)).collect();
    if verdicts.contains(&Some(false)) {
        Exit::Fails
    } else if verdicts.contains(&None) {
        Exit::Inconclusive
    } else {
        Exit::Holds
    }
}

fn text(rush: &Rush, buyers: Buyers, lock: Lock, kills: usize, engine: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    let who = match buyers {
        Buyers::Exactly(1) => "1 buyer".to_owned(),
        Buyers::Exactly(buyers) => format!("{buyers} buyers"),
        Buyers::Any => "any number of buyers".to_owned(),
    };
    let tickets = rush.tickets();
    let plural = if tickets == 1 { "" } else { "s" };
    let faults = if kills == 0 { String::new() } else { format!(", up to {kills} killed, {} lock", lock.name()) };
    let explored = findings.first().map(|finding| finding.verdict.explored().to_string()).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}: {who}, {tickets} ticket{plural}{faults}", rush.program().name);
    let _ = writeln!(text, "{engine}: {explored}\n");
    for Finding { property, verdict, worst } in findings {
        let mark = match holds(verdict) {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        };
        let detail = match (verdict, worst) {
            (Verdict::Refuted { witness, .. }, Some(worst)) => {
                format!("at worst {worst} sold of {tickets}; shown by {}", buyers_of(witness.crowd.buyers))
            }
            (Verdict::Refuted { witness, .. }, None) => format!("shown by {}", buyers_of(witness.crowd.buyers)),
            (Verdict::Inconclusive { limit, .. }, _) => limit.clone(),
            _ => String::new(),
        };
        let _ = writeln!(text, "{}", format!("{mark} {property:16}  {:12}  {detail}", verdict.name()).trim_end());
    }
    for finding in findings {
        if let Verdict::Refuted { witness: shown, .. } = &finding.verdict {
            let _ = write!(text, "\n{}", witness(rush, shown));
        }
    }
    text
}

fn buyers_of(buyers: usize) -> String {
    if buyers == 1 { "1 buyer".to_owned() } else { format!("{buyers} buyers") }
}
