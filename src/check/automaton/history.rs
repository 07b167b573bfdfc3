//! Ways to come to a control point.

use super::NodeId;
use crate::sync::Observation;
use rustc_hash::FxHashSet;

/// One way to come to a control point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What the steps on it observed.
    pub observed: Vec<Observation>,
    /// The control point before each step, with the number of the observation that was made there.
    /// invariant: as long as `observed`
    pub passed: Vec<(NodeId, u32)>,
}

impl History {
    /// The same, and then this observation, of this number, at the control point.
    pub fn and(&self, node: NodeId, observation: Observation, number: u32) -> History {
        let mut longer = self.clone();
        longer.observed.push(observation);
        longer.passed.push((node, number));
        longer
    }
}

/// How many different histories are kept at least, if there are as many.
const FEW: usize = 4;

/// The histories of one control point that are followed side by side.
///
/// Following all would be to unsummarise them. These are the first few, and then each that has observed
/// something somewhere that none of the others has: so whatever single observation a span leaks, a history that
/// made it is compared with one that did not.
#[derive(Debug, Default)]
pub struct Histories {
    /// invariant: distinct
    kept: Vec<History>,
    /// invariant: all that a kept one has passed, and nothing else
    passed: FxHashSet<(NodeId, u32)>,
}

impl Histories {
    /// Only this one.
    pub fn of(history: History) -> Histories {
        let mut histories = Histories::default();
        histories.keep(history);
        histories
    }

    /// Those that are kept.
    pub fn kept(&self) -> &[History] {
        &self.kept
    }

    /// Keeps one more, if it tells something new; says whether it did.
    pub fn keep(&mut self, history: History) -> bool {
        let known = self.passed.len();
        self.passed.extend(&history.passed);
        let new = self.passed.len() > known || self.kept.len() < FEW && !self.kept.contains(&history);
        if new {
            self.kept.push(history);
        }
        new
    }
}
