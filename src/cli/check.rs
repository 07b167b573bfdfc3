//! `oversell check`: one program, a verdict for each property.

use super::args::{CheckArgs, EngineName, Format, LimitArgs};
use super::nearest::did_you_mean;
use super::progress::Watch;
use super::report::{Row, json, witness_with};
use super::terminal::{gloss, show};
use super::{Done, Exit, Failure, print};
use crate::check::{Coverability, Engine, Finding, Parametric, Property, ToldApart, Verdict};
#[cfg(feature = "shuttle")]
use crate::check::{ShuttleDfs, ShuttlePct};
use crate::platform::Instance;
use crate::scenario::Scenario;
use crate::trace::{WIDEST, fold, threads, title};
use std::fmt::Write;

pub fn check(args: &CheckArgs) -> Done {
    let (program, scenario) = (args.what.program, args.what.scenario());
    let instance = args.faults.befall(args.cast.instance(program, &scenario)?)?;
    let mut properties: Vec<Property> = Vec::new();
    for name in &args.properties {
        let known = || Property::of(&scenario).into_iter().map(Property::name);
        let property = Property::named(&scenario, name)
            .map_err(|error| Failure::new(format!("{error}{}", did_you_mean(name, known()))))?;
        if !properties.contains(&property) {
            properties.push(property);
        }
    }
    if properties.is_empty() {
        properties = Property::of(&scenario);
    }
    let any = instance.is_any();
    let engine = args.engine.unwrap_or(match any {
        _ if scenario.has_identities() => EngineName::ToldApart,
        true => EngineName::Parametric,
        false => EngineName::Counting,
    });
    if engine != EngineName::ToldApart && matches!(engine, EngineName::Parametric | EngineName::Coverability) != any {
        return Err(Failure::new(if any {
            "only the engines parametric and coverability check any number of threads; name a number, or leave out \
             --engine"
        } else {
            "the engines parametric and coverability check any number of threads, no certain one; write --buyers any, \
             or --threads ROLE=any"
        }));
    }
    let watch = Watch::start(format!("checking {}", program.name));
    let engine = by_name(engine, &args.limits, &watch)?;
    let findings = engine.check(&scenario, &instance, &properties)?;
    drop(watch);
    let (scenario, instance) = (&scenario, &instance);
    match args.format {
        Format::Json => {
            let row = |finding| Row { program, scenario, instance, engine: engine.name(), finding }.as_json();
            print(&json(findings.iter().map(row).collect()))?;
        }
        Format::Text => show(&text(scenario, instance, engine.name(), &findings))?,
    }
    let page = || super::page::checked(program, scenario, instance, engine.name(), &findings);
    args.pictures.write(page, super::page::first_trace)?;
    super::verify::write(args, scenario, instance, &findings)?;
    Ok(exit(&findings))
}

fn by_name(engine: EngineName, limits: &LimitArgs, watch: &Watch) -> Result<Box<dyn Engine>, Failure> {
    match engine {
        EngineName::Counting => Ok(Box::new(limits.counting(watch))),
        EngineName::ToldApart => Ok(Box::new(ToldApart { limits: limits.limits(ToldApart::default().limits, watch) })),
        EngineName::Parametric => {
            let usual = Parametric::default();
            Ok(Box::new(Parametric { limits: limits.limits(usual.limits.clone(), watch), ..usual }))
        }
        EngineName::Coverability => {
            Ok(Box::new(Coverability { limits: limits.limits(Coverability::default().limits, watch) }))
        }
        #[cfg(feature = "shuttle")]
        EngineName::ShuttleDfs => Ok(Box::new(ShuttleDfs::default())),
        #[cfg(feature = "shuttle")]
        EngineName::ShuttlePct => Ok(Box::new(ShuttlePct::default())),
        #[cfg(not(feature = "shuttle"))]
        EngineName::ShuttleDfs | EngineName::ShuttlePct => {
            Err(Failure::new("this build is without shuttle; build it with --features shuttle"))
        }
        #[cfg(loom)]
        EngineName::Loom => Ok(Box::new(crate::check::Loom::default())),
        #[cfg(not(loom))]
        EngineName::Loom => Err(Failure::new(
            "this build is without loom; build it with it: RUSTFLAGS=\"--cfg loom\" cargo run -- check … --engine loom",
        )),
    }
}

fn exit(findings: &[Finding]) -> Exit {
    let verdicts: Vec<_> = findings.iter().map(|finding| finding.verdict.holds()).collect();
    if verdicts.contains(&Some(false)) {
        Exit::Fails
    } else if verdicts.contains(&None) {
        Exit::Inconclusive
    } else {
        Exit::Holds
    }
}

fn text(scenario: &Scenario, instance: &Instance, engine: &str, findings: &[Finding]) -> String {
    let explored = findings.first().map(|finding| finding.verdict.explored().to_string()).unwrap_or_default();
    let mut text = format!("{}\n{engine}: {explored}\n\n", title(scenario, instance));
    for Finding { property, verdict, worst, .. } in findings {
        let mark = match verdict.holds() {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        };
        let shown_by = verdict.witness().map(|witness| threads(scenario, &witness.instance));
        let detail = match (verdict, shown_by, worst) {
            (Verdict::Refuted { .. }, Some(shown_by), Some(worst)) => {
                format!("at worst {worst} sold of {}; shown by {shown_by}", scenario.stock().unwrap_or(0))
            }
            (Verdict::Refuted { .. }, Some(shown_by), None) => format!("shown by {shown_by}"),
            (Verdict::Inconclusive { limit, .. } | Verdict::Bounded { bound: limit, .. }, ..) => limit.clone(),
            _ => String::new(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", format!("{mark} {property:16}  {:12}  {detail}", verdict.name()).trim_end());
    }
    text.push_str(&rests_on(findings));
    for finding in findings {
        if let Verdict::Refuted { witness: shown, .. } = &finding.verdict {
            let _ = write!(text, "\n{}", witness_with(scenario, shown, gloss()));
        }
    }
    text
}

/// What proofs rest on, each thing once.
fn rests_on(findings: &[Finding]) -> String {
    let mut said: Vec<String> = Vec::new();
    for Finding { verdict, basis, .. } in findings {
        if !matches!(verdict, Verdict::Proved(_) | Verdict::Impossible(_)) {
            continue;
        }
        let memory = format!("memory is {}", basis.memory.name());
        for what in std::iter::once(&memory).chain(&basis.assumed) {
            if !said.contains(what) {
                said.push(what.clone());
            }
        }
    }
    if said.is_empty() {
        return String::new();
    }
    let folded: Vec<_> = said.iter().flat_map(|what| fold(&format!("- {what}"), WIDEST)).collect();
    format!("\nWhat is proved rests on this:\n{}\n", folded.join("\n"))
}
