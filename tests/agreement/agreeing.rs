//! All engines, held against the reference on one generated program.

use crate::cases::Case;
use crate::enumeration::{Enumerated, Limit};
use crate::language::Do;
use crate::verdicts::{contradiction, for_any_number, is_settled, name, sized, witness};
use oversell::check::{
    AutomatonError, CheckError, Counting, Engine, Final, Finding, Instance, Limits, Parametric, Property, Threads,
    certify, outcomes, verify,
};
#[cfg(feature = "shuttle")]
use oversell::platform::LockKind;
use oversell::scenario::Scenario;
use oversell::trace::replay;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Cases with more states than this are passed over.
pub const LIMIT: Limit = Limit(300);

/// Cases with more executions than this are not run by shuttle.
#[cfg(feature = "shuttle")]
const MOST_EXECUTIONS: usize = 100;

/// Limits for any number of threads, where a cell can count without end.
fn few() -> Limits {
    Limits { max_states: 1_000, max_nodes: 300, ..Limits::default() }
}

/// How many cases were decided, and what there was in them.
#[derive(Debug, Default)]
pub struct Tally {
    pub decided: usize,
    /// By shuttle, too.
    pub shuttled: usize,
    pub refused: usize,
    /// In which a thread may end with a lock that others try.
    pub unseen: usize,
    /// In which no execution ends.
    pub endless: usize,
    /// Decided for any number of threads: properties, over all cases.
    pub for_any_number: usize,
    /// Proofs whose certificate was verified.
    pub certified: usize,
    /// The longest that it took to all verdicts on any number of threads, or to say that there is none, without any limits
    /// but those by default.
    pub longest: Duration,
    pub shown: BTreeMap<Property, usize>,
}

fn failed(error: impl ToString) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// A case is passed over in which a thread may end with a lock that others try: what they see of it is not modelled.
fn unseen_or_failed(error: CheckError) -> TestCaseError {
    match error {
        CheckError::Automaton(AutomatonError::EndUnseen { .. }) => TestCaseError::reject(error.to_string()),
        error => failed(error),
    }
}

/// The same, where engines may pass a case over.
pub fn agree_or_pass_over(case: &Case, tally: &mut Tally) -> Result<(), TestCaseError> {
    match agree(case, tally) {
        Err(TestCaseError::Reject(reason)) => {
            tally.unseen += 1;
            let tries = |what: &Do| matches!(what, Do::Try(_) | Do::UntilHeld(..));
            let ends = |what: &Do| matches!(what, Do::Forget(_) | Do::Die(_) | Do::ReadLedger);
            prop_assert!(case.program.has(tries) && case.program.has(ends), "{}", reason);
            Ok(())
        }
        agreed => agreed,
    }
}

/// Holds the engines against the reference on one case.
fn agree(case: &Case, tally: &mut Tally) -> Result<(), TestCaseError> {
    let scenario = case.program.scenario();
    let full_size = case.instance(&scenario);
    let all = (1..=case.threads).map(|threads| Enumerated::merged(&scenario, &sized(&full_size, threads), LIMIT));
    let Some(all) = all.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let full = &all[case.threads - 1];
    tally.decided += 1;
    let properties = Property::of(&scenario);

    if let Some(reason) = all.iter().find_map(|all| all.refused.as_ref()) {
        tally.refused += 1;
        return refused(&scenario, &full_size, &properties, reason);
    }
    tally.endless += usize::from(full.ends.is_empty());
    same_ends(&scenario, &full_size, full)?;
    #[cfg(feature = "shuttle")]
    {
        tally.shuttled += usize::from(same_ends_by_shuttle(&scenario, &full_size, full)?);
    }

    // Two threads more than the reference can walk, as long as they can be counted soon.
    let counting = Counting { limits: Limits { max_states: 20_000, max_nodes: 2_000, ..Limits::default() } };
    let mut by_size: Vec<Vec<Finding>> = Vec::new();
    for threads in 1..=case.threads + 2 {
        let findings = match counting.check(&scenario, &sized(&full_size, threads), &properties) {
            // What the reference does not reach, as it has fewer threads, can still be wrong with the program.
            Err(error) if threads > case.threads && starts_over_at_once(&error) => break,
            checked => checked.map_err(unseen_or_failed)?,
        };
        if !findings.iter().all(is_settled) {
            prop_assert!(threads > case.threads, "{} threads are too many to count", threads);
            break;
        }
        by_size.push(findings);
    }
    for (i, &property) in properties.iter().enumerate() {
        *tally.shown.entry(property).or_default() += usize::from(full.least.contains_key(&property));
        for (threads, all_of_size) in (1..).zip(&all) {
            let finding = &by_size[threads - 1][i];
            prop_assert_eq!(finding.verdict.name(), name(property, all_of_size), "{} of {}", property, threads);
            let least = (1..=threads).find_map(|n| Some((n, all[n - 1].least.get(&property)?)));
            let least = least.filter(|_| all_of_size.least.contains_key(&property));
            let in_words =
                |(threads, schedule): (usize, &oversell::trace::Schedule)| (threads, schedule.text(&scenario));
            prop_assert_eq!(witness(finding).map(in_words), least.map(in_words), "{} of {}", property, threads);
            if property == Property::NoOversell {
                prop_assert_eq!(finding.worst, Some(all_of_size.worst.max(0) as u64), "of {}", threads);
            }
        }
    }

    let any = full_size.clone().role(0, Threads::Any);
    for engine in for_any_number(&few()) {
        let findings = match engine.check(&scenario, &any, &properties) {
            Err(error) if starts_over_at_once(&error) => break,
            checked => checked.map_err(unseen_or_failed)?,
        };
        for (i, finding) in findings.iter().enumerate() {
            tally.for_any_number += usize::from(finding.verdict.name() != "inconclusive");
            let sizes: Vec<&Finding> = by_size.iter().map(|findings| &findings[i]).collect();
            let wrong = contradiction(&scenario, finding, &sizes);
            prop_assert_eq!(wrong, None, "{}", engine.name());
        }
        // One in a few, as it takes as long again.
        if engine.name() == "parametric" && tally.decided.is_multiple_of(CERTIFIED) {
            let start = Instant::now();
            Parametric::default().check(&scenario, &any, &properties).map_err(unseen_or_failed)?;
            tally.longest = tally.longest.max(start.elapsed());
            tally.certified += certified(&scenario, &any, &findings)?;
        }
    }
    Ok(())
}

/// One of so many programs has its proofs certified.
const CERTIFIED: usize = 5;

/// How many of the proofs have a certificate; each of those must hold, and not with a state less.
fn certified(scenario: &Scenario, any: &Instance, findings: &[Finding]) -> Result<usize, TestCaseError> {
    let mut certified = 0;
    for finding in findings.iter().filter(|finding| matches!(finding.verdict.name(), "proved" | "impossible")) {
        let Ok(mut certificate) = certify(scenario, any, finding.property, &few()) else { continue };
        if let Err(error) = verify(scenario, &certificate) {
            return Err(failed(format!("the certificate of {} does not hold: {error}", finding.property)));
        }
        let last = certificate.states.pop_last();
        prop_assert!(last.is_some() && verify(scenario, &certificate).is_err(), "{}", finding.property);
        certified += 1;
    }
    Ok(certified)
}

/// The only thing that is wrong with generated programs.
const WRONG: &str = "starts over without having taken a step";

/// Whether code is refused for that. (What is drawn twice is remembered from before.)
fn starts_over_at_once(error: &CheckError) -> bool {
    let CheckError::Automaton(AutomatonError::Refused { reason, .. } | AutomatonError::RefusedBefore { reason, .. }) =
        error
    else {
        return false;
    };
    reason.contains(WRONG)
}

/// Code that the model cannot follow, for this reason, is refused by the engines that read it, for the same.
fn refused(
    scenario: &Scenario,
    instance: &Instance,
    properties: &[Property],
    reason: &str,
) -> Result<(), TestCaseError> {
    prop_assert!(reason.contains(WRONG), "{}", reason);
    match Counting::default().check(scenario, instance, properties) {
        Err(error) if starts_over_at_once(&error) => Ok(()),
        other => Err(failed(format!("not refused, but {other:?}"))),
    }
}

fn same_ends(scenario: &Scenario, instance: &Instance, all: &Enumerated) -> Result<(), TestCaseError> {
    let reached = outcomes(scenario, instance, &Limits::default()).map_err(unseen_or_failed)?;
    prop_assert_eq!(&reached.limit, &None);
    let ends: Vec<_> = reached.reached.iter().map(|reached| (&reached.end, reached.schedule.0.len())).collect();
    let expected: Vec<_> = all.ends.iter().map(|(end, moves)| (end, *moves)).collect();
    prop_assert_eq!(ends, expected, "how executions end, and after how few moves");
    for reached in &reached.reached {
        let model = replay(scenario, instance, &reached.schedule).map_err(failed)?;
        let end = Final::of_model(&model, instance);
        prop_assert_eq!(end.as_ref(), Some(&reached.end), "{}", reached.schedule.text(scenario));
    }
    Ok(())
}

/// Says whether shuttle could tell.
#[cfg(feature = "shuttle")]
pub fn same_ends_by_shuttle(scenario: &Scenario, instance: &Instance, all: &Enumerated) -> Result<bool, TestCaseError> {
    use oversell::check::ShuttleDfs;
    let engine = ShuttleDfs { max_executions: MOST_EXECUTIONS };
    if instance.kills > 0 || instance.lock != LockKind::Owned {
        return Ok(false);
    }
    let Ok(finals) = engine.finals(scenario, instance) else { return Ok(false) };
    let (by_shuttle, expected): (Vec<_>, Vec<_>) = (finals.iter().collect(), all.ends.keys().collect());
    prop_assert_eq!(by_shuttle, expected, "how executions end, by shuttle");
    Ok(true)
}
