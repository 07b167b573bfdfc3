//! What verdicts rest on that were reached by an automaton: that the code does what it did when it was read.

use super::automaton::{Automaton, AutomatonError, Bound, OF_AN_EDGE, OTHER_HISTORIES};
use super::turns::Followed;
use super::{Basis, CheckError, Explored, Finding, MemoryModel, Property, Verdict};
use crate::scenario::Scenario;

/// What was decided by an automaton.
pub(super) struct Decided {
    /// In the order of the properties.
    pub verdicts: Vec<Verdict>,
    /// The most that can be sold, if that is known.
    pub worst: Option<u64>,
}

/// Up to so many control points are read again even where nothing is proved: what is hidden in the code should be found out
/// before it is in the way of another verdict.
const FEW: usize = 1_000;

/// Reads the code, decides, and reads the code again where anything rests on it.
pub(super) fn by_automaton(
    scenario: &Scenario,
    properties: &[Property],
    read: impl FnOnce() -> Result<Automaton, AutomatonError>,
    decide: impl FnOnce(&mut Automaton) -> Result<Decided, CheckError>,
) -> Result<Vec<Finding>, CheckError> {
    let followed = Followed::new(scenario);
    let mut automaton = read()?;
    let Decided { mut verdicts, mut worst } = match decide(&mut automaton) {
        Err(CheckError::Automaton(AutomatonError::Unbounded(bound))) => {
            Decided { verdicts: vec![undecided(&bound, &automaton); properties.len()], worst: None }
        }
        decided => decided?,
    };
    let rests = worst.is_some() || verdicts.iter().any(is_proof);
    let basis = match rests || automaton.len() <= FEW {
        false => Ok(Basis { memory: MemoryModel::SequentiallyConsistent, assumed: Vec::new() }),
        true => basis(&mut automaton),
    };
    let basis = match basis {
        // What was not read again proves nothing.
        Err(AutomatonError::Unbounded(bound)) => {
            for verdict in verdicts.iter_mut().filter(|verdict| is_proof(verdict)) {
                *verdict = Verdict::Inconclusive { limit: bound.to_string(), explored: verdict.explored().clone() };
            }
            worst = None;
            Basis { memory: MemoryModel::SequentiallyConsistent, assumed: Vec::new() }
        }
        basis => basis?,
    };
    let finding = |(&property, verdict)| {
        let worst = worst.filter(|_| property == Property::NoOversell);
        Finding { property, verdict, worst, basis: basis.clone() }
    };
    let findings = properties.iter().zip(verdicts).map(finding).collect();
    // What was read in advance may go further than any execution does.
    Ok(if automaton.is_cut_short() { followed.limit(findings) } else { findings })
}

fn is_proof(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Proved(_) | Verdict::Impossible(_) | Verdict::Bounded { .. })
}

/// Reads the code again and says what a verdict on it rests on.
fn basis(automaton: &mut Automaton) -> Result<Basis, AutomatonError> {
    let edges = automaton.cross_check()?;
    let mut assumed = vec![format!(
        "the code hides nothing: cross-checked, each of {edges} edges read again in the opposite order on a fresh thread, \
         with finished spans skipped, with its whole history, and with up to {OF_AN_EDGE} others (about {OTHER_HISTORIES} in all)"
    )];
    let weak = automaton.weakly_ordered();
    if !weak.is_empty() {
        let weak = weak.join(", ");
        assumed.push(format!("weaker orderings behave as SeqCst ({weak}): what else they allow was not looked at"));
    }
    Ok(Basis { memory: MemoryModel::SequentiallyConsistent, assumed })
}

/// A verdict that says no more than why there is nothing to say.
pub(super) fn undecided(bound: &Bound, automaton: &Automaton) -> Verdict {
    let explored = Explored(vec![("states", 0), ("transitions", 0), ("nodes", automaton.len() as u64)]);
    Verdict::Inconclusive { limit: AutomatonError::Unbounded(bound.clone()).to_string(), explored }
}
