//! The instrument check: every engine is held against planted bugs.

use crate::check::{
    CheckError, Counting, Coverability, Engine, Finding, Limits, Parametric, Property, ToldApart, Verdict,
};
use crate::platform::Instance;
use crate::programs::planted::{Expected, Planted};
use crate::scenario::Scenario;

/// What an engine made of a planted program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It saw what was to be seen.
    Right,
    /// It said that this is beyond it, in these words, and may.
    Beyond(String),
    /// It was wrong, or said that something is beyond it which should not be.
    Wrong(String),
}

/// Every engine that this build has, and whether it is asked about any number of threads.
pub fn engines() -> Vec<(Box<dyn Engine>, bool)> {
    // Planted programs are small. What takes more is not going to end.
    engines_up_to(None)
}

/// The same, perhaps stopped after so many states or executions.
pub(super) fn engines_up_to(most: Option<usize>) -> Vec<(Box<dyn Engine>, bool)> {
    let limits = || Limits { max_states: most.unwrap_or(5_000), max_nodes: 300, ..Limits::default() };
    let mut engines: Vec<(Box<dyn Engine>, bool)> = vec![
        (Box::new(Counting { limits: limits() }), false),
        (Box::new(Parametric { limits: limits(), ..Parametric::default() }), true),
        (Box::new(Coverability { limits: limits() }), true),
        (Box::new(ToldApart { limits: limits() }), false),
    ];
    #[cfg(feature = "shuttle")]
    {
        use crate::check::{ShuttleDfs, ShuttlePct};
        engines.push((Box::new(ShuttleDfs { max_executions: most.unwrap_or(5_000) }), false));
        engines.push((Box::new(ShuttlePct { executions: most.unwrap_or(300), ..ShuttlePct::default() }), false));
    }
    #[cfg(loom)]
    {
        let loom = crate::check::Loom::default();
        let max_executions = most.unwrap_or(loom.max_executions);
        engines.push((Box::new(crate::check::Loom { max_executions, ..loom }), false));
    }
    let _ = &mut engines;
    engines
}

/// Engines that cannot leave an execution where it stands.
const RUNS_TO_THE_END: [&str; 3] = ["shuttle-dfs", "shuttle-pct", "loom"];

/// Asks an engine about a planted program.
pub fn reading(planted: &Planted, engine: &dyn Engine, any: bool) -> Reading {
    if matches!(planted.expected, Expected::Undecided(_)) && RUNS_TO_THE_END.contains(&engine.name()) {
        return Reading::Beyond("it runs executions to their end, and some of these have none".to_owned());
    }
    if planted.expected == Expected::Refused && planted.beyond.contains(&engine.name()) {
        return Reading::Beyond(
            "it runs the code and does not read it; that it hides nothing is taken on trust".to_owned(),
        );
    }
    match found(planted, engine, any).0 {
        Reading::Right if never_proves(planted, engine.name()) => {
            Reading::Wrong("proves something, and looks at random schedules only".to_owned())
        }
        // An engine that may say so may not be one that must.
        Reading::Beyond(why) if !is_beyond(planted, engine.name()) => {
            Reading::Wrong(format!("says that it is beyond it: {why}"))
        }
        reading => reading,
    }
}

/// Asks an engine that is stopped early, which may say that anything is beyond it; what it says all the same must be so.
/// How much is sold at most, if it says.
pub(super) fn hurried(planted: &Planted, engine: &dyn Engine, any: bool) -> Result<Option<u64>, String> {
    match found(planted, engine, any) {
        (Reading::Wrong(why), _) => Err(why),
        (Reading::Right | Reading::Beyond(_), findings) => Ok(findings.iter().find_map(|finding| finding.worst)),
    }
}

fn found(planted: &Planted, engine: &dyn Engine, any: bool) -> (Reading, Vec<Finding>) {
    let scenario = planted.scenario(engine.name());
    let instance = if any { Instance::any(&scenario) } else { Instance::of(&scenario, planted.threads) };
    let properties = match planted.expected {
        Expected::Broken(name) | Expected::Holds(name) | Expected::Undecided(name) => {
            vec![Property::named(&scenario, name).expect("a planted program has the property that it is about")]
        }
        Expected::Refused => Property::of(&scenario),
    };
    let findings = engine.check(&scenario, &instance, &properties);
    (judged(planted.expected, &scenario, &findings), findings.unwrap_or_default())
}

/// Whether an engine is asked to prove what it cannot.
fn never_proves(planted: &Planted, engine: &str) -> bool {
    engine == "shuttle-pct" && matches!(planted.expected, Expected::Holds(_))
}

/// Whether an engine may say that a program is beyond it.
fn is_beyond(planted: &Planted, engine: &str) -> bool {
    let of_ends = engine == "coverability" && is_beyond_coverability(planted.expected);
    never_proves(planted, engine) || of_ends || planted.beyond.contains(&engine)
}

/// Coverability knows states alone, and of them what is built in.
fn is_beyond_coverability(expected: Expected) -> bool {
    let (Expected::Broken(name) | Expected::Holds(name)) = expected else { return false };
    !["no-oversell", "no-torn-read", "no-crash", "searches-overlap"].contains(&name)
}

fn judged(expected: Expected, scenario: &Scenario, findings: &Result<Vec<Finding>, CheckError>) -> Reading {
    let findings = match (findings, expected) {
        (Ok(findings), _) => findings,
        // Hidden state may also be noticed only when a witness is replayed.
        (Err(_), Expected::Refused) => return Reading::Right,
        (Err(CheckError::Unsupported { reason, .. }), _) => return Reading::Beyond(reason.clone()),
        (Err(error), _) => return Reading::Wrong(error.to_string()),
    };
    if expected == Expected::Refused {
        // That something is possible is shown by an execution, whoever performs it. A proof is not.
        let proof = |finding: &&Finding| matches!(finding.verdict, Verdict::Proved(_) | Verdict::Impossible(_));
        return match findings.iter().find(proof) {
            Some(finding) => trusting(finding),
            None => Reading::Beyond("nothing is proved".to_owned()),
        };
    }
    let [finding] = findings.as_slice() else { return Reading::Wrong("it was asked one thing".to_owned()) };
    match (&finding.verdict, expected) {
        (Verdict::Refuted { .. }, Expected::Broken(_)) => shown(scenario, finding),
        (Verdict::Proved(_), Expected::Holds(_)) => Reading::Right,
        (Verdict::Proved(_), Expected::Broken(_)) => trusting(finding),
        (Verdict::Inconclusive { .. } | Verdict::Refuted { .. }, Expected::Undecided(_)) => Reading::Right,
        (Verdict::Inconclusive { limit, .. }, _) => Reading::Beyond(limit.clone()),
        (verdict, _) => Reading::Wrong(format!("says that {} is {}", finding.property, verdict.name())),
    }
}

/// A proof of what is not so: right only if the finding itself says that this was not looked at.
fn trusting(finding: &Finding) -> Reading {
    let not_looked_at = |assumed: &&String| assumed.contains("not looked at") || assumed.contains("taken on trust");
    match finding.basis.assumed.iter().find(not_looked_at) {
        Some(assumed) => Reading::Beyond(assumed.clone()),
        None => Reading::Wrong(format!("says that {} is {}", finding.property, finding.verdict.name())),
    }
}

/// A refutation counts only with a witness that shows it, in a trace with a step in it or an end.
fn shown(scenario: &Scenario, finding: &Finding) -> Reading {
    let witness = finding.verdict.witness().expect("what is refuted has a witness");
    let lanes = witness.lanes(scenario);
    if lanes.contains(&format!("✗ {}", finding.property)) {
        Reading::Right
    } else {
        Reading::Wrong(format!("shows a witness that shows nothing:\n{lanes}"))
    }
}
