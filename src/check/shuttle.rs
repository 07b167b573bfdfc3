//! The shuttle engines: every interleaving of a few buyers, or random ones of many.

use super::survey::{Choice, Survey};
use super::{CheckError, Crowd, Engine, Explored, Final, Finding, Property};
use crate::platform::LockKind;
use crate::platform::shuttle::{Board, Execution, Gate, execute};
use crate::scenario::Scenario;
use ::shuttle::scheduler::{DfsScheduler, PctScheduler, Scheduler};
use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Depth-first search through every interleaving.
#[derive(Clone, Copy, Debug)]
pub struct ShuttleDfs {
    /// The most executions to run; past that, what is not settled is inconclusive.
    pub max_executions: usize,
}

impl Default for ShuttleDfs {
    /// At most a million executions.
    fn default() -> Self {
        ShuttleDfs { max_executions: 1_000_000 }
    }
}

/// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): random priorities, changed at random
/// steps. Finds, never proves.
#[derive(Clone, Copy, Debug)]
pub struct ShuttlePct {
    /// Where the random numbers start from.
    pub seed: u64,
    /// How many executions to run.
    pub executions: usize,
    /// One more than the number of priority changes in an execution.
    pub depth: usize,
}

impl Default for ShuttlePct {
    /// A thousand executions from one fixed seed, each with up to 29 preemptions.
    fn default() -> Self {
        ShuttlePct { seed: 2026, executions: 1_000, depth: 30 }
    }
}

impl ShuttleDfs {
    /// Every outcome that an execution can come to.
    ///
    /// # Errors
    /// The crowd cannot be checked, or there are more executions than the limit, or longer ones than can be run.
    pub fn finals<S: Scenario>(&self, scenario: &S, crowd: &Crowd) -> Result<BTreeSet<Final>, CheckError> {
        let (survey, cut_short) = survey(self.name(), self.scheduler(), scenario, crowd, &[])?;
        match self.limit(&survey).or(cut_short.then(too_long)) {
            Some(limit) => {
                let reason = format!("cannot list every outcome: {limit}");
                Err(CheckError::Unsupported { engine: self.name(), reason })
            }
            None => Ok(survey.ends),
        }
    }

    fn scheduler(&self) -> DfsScheduler {
        // One more than the limit tells whether there was more.
        DfsScheduler::new(self.max_executions.checked_add(1), false)
    }

    fn limit(&self, survey: &Survey) -> Option<String> {
        (survey.executions > self.max_executions as u64)
            .then(|| format!("stopped after {} executions", self.max_executions))
    }
}

impl Engine for ShuttleDfs {
    fn name(&self) -> &'static str {
        "shuttle-dfs"
    }

    fn check<S: Scenario>(
        &self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let survey = survey(self.name(), self.scheduler(), scenario, crowd, properties)?;
        let limit = self.limit(&survey.0);
        Ok(findings(survey, properties, limit))
    }
}

impl Engine for ShuttlePct {
    fn name(&self) -> &'static str {
        "shuttle-pct"
    }

    fn check<S: Scenario>(
        &self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let scheduler = PctScheduler::new_from_seed(self.seed, self.depth.max(1), self.executions);
        let survey = survey(self.name(), scheduler, scenario, crowd, properties)?;
        Ok(findings(survey, properties, Some("random schedules find, and never prove".to_owned())))
    }
}

/// The most steps of one execution. A longer one, a livelock perhaps, is cut short and nothing is proved.
const MOST_STEPS: usize = 100_000;

/// Runs a scheduler until it has nothing more to offer. Also says whether any execution was cut short.
fn survey<S: Scenario>(
    engine: &'static str,
    scheduler: impl Scheduler + 'static,
    scenario: &S,
    crowd: &Crowd,
    properties: &[Property],
) -> Result<(Survey, bool), CheckError> {
    if crowd.kills > 0 || crowd.lock != LockKind::Owned {
        let reason = "knows no kills and only owned locks; the counting engine does".to_owned();
        return Err(CheckError::Unsupported { engine, reason });
    }
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::ContinueAfter(MOST_STEPS);
    let (board, survey) = (Board::default(), Arc::new(Mutex::new(Survey::new(Choice::Best))));
    let runner = Runner::new(Gate::new(scheduler, board.clone()), config);
    let executions = runner.run({
        let (scenario, crowd, properties, survey) =
            (Arc::new(scenario.clone()), *crowd, properties.to_vec(), Arc::clone(&survey));
        move || {
            let Execution { trace, contents } = execute(&scenario, &crowd, &board);
            let mut survey = survey.lock().unwrap_or_else(PoisonError::into_inner);
            survey.look(&*scenario, &crowd, &properties, &trace, &contents);
        }
    });
    let mut survey = survey.lock().unwrap_or_else(PoisonError::into_inner);
    let survey = std::mem::replace(&mut *survey, Survey::new(Choice::Best));
    let cut_short = survey.executions < executions as u64;
    Ok((survey, cut_short))
}

/// What a survey says, with the limit that it hit, if any.
fn findings((survey, cut_short): (Survey, bool), properties: &[Property], limit: Option<String>) -> Vec<Finding> {
    let limit = limit.or(cut_short.then(too_long));
    let explored = Explored(vec![("executions", survey.executions)]);
    survey.findings(properties, &explored, limit.as_deref())
}

fn too_long() -> String {
    format!("an execution went on for more than {MOST_STEPS} steps")
}
