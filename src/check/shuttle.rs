//! The shuttle engines: every interleaving of a few buyers, or random ones of many.

use super::{CheckError, Crowd, Engine, Explored, Final, Finding, Property, Verdict, Witness, sighting};
use crate::platform::shuttle::{Board, Execution, Gate, execute};
use crate::platform::{LockKind, script};
use crate::scenario::Scenario;
use crate::sync::Setup;
use crate::trace::Schedule;
use ::shuttle::scheduler::{DfsScheduler, PctScheduler, Scheduler};
use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::collections::{BTreeMap, BTreeSet};
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
        // One more than the limit tells whether there was more.
        let scheduler = DfsScheduler::new(self.max_executions.checked_add(1), false);
        let survey = Survey::run(self.name(), scheduler, scenario, crowd, properties)?;
        let limit = (survey.executions > self.max_executions as u64)
            .then(|| format!("stopped after {} executions", self.max_executions));
        survey.findings(properties, limit)
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
        let survey = Survey::run(self.name(), scheduler, scenario, crowd, properties)?;
        survey.findings(properties, Some("random schedules find, and never prove".to_owned()))
    }
}

/// What all executions have shown.
#[derive(Default)]
pub(super) struct Survey {
    /// By property, the best schedule that shows it, with the crowd that ran it.
    best: BTreeMap<Property, Witness>,
    /// How executions came out.
    pub ends: BTreeSet<Final>,
    worst: u64,
    executions: u64,
    cut_short: bool,
}

/// The most steps of one execution. A longer one, a livelock perhaps, is cut short and nothing is proved.
const MOST_STEPS: usize = 100_000;

impl Survey {
    fn run<S: Scenario>(
        engine: &'static str,
        scheduler: impl Scheduler + 'static,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<Survey, CheckError> {
        if crowd.kills > 0 || crowd.lock != LockKind::Owned {
            let reason = "knows no kills and only owned locks; the counting engine does".to_owned();
            return Err(CheckError::Unsupported { engine, reason });
        }
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::None;
        config.max_steps = MaxSteps::ContinueAfter(MOST_STEPS);
        let (board, survey) = (Board::default(), Arc::new(Mutex::new(Survey::default())));
        let runner = Runner::new(Gate::new(scheduler, board.clone()), config);
        let executions = runner.run({
            let (scenario, crowd, properties, survey) =
                (Arc::new(scenario.clone()), *crowd, properties.to_vec(), Arc::clone(&survey));
            move || {
                let execution = execute(&scenario, &crowd, &board);
                survey.lock().unwrap_or_else(PoisonError::into_inner).look(&*scenario, &crowd, &properties, execution);
            }
        });
        let mut survey = std::mem::take(&mut *survey.lock().unwrap_or_else(PoisonError::into_inner));
        survey.cut_short = survey.executions < executions as u64;
        Ok(survey)
    }

    fn look<S: Scenario>(&mut self, scenario: &S, crowd: &Crowd, properties: &[Property], execution: Execution) {
        self.executions += 1;
        let shared = scenario.build(&mut Setup::default());
        let count = script::audit(scenario, &shared, &execution.contents);
        let trace = execution.trace.settled(scenario.launch());
        let end = Final::of_trace(&trace, crowd, count);
        self.worst = self.worst.max(end.sold);
        for &property in properties {
            let Some(seen) = sighting(property, &trace, scenario.tickets(), crowd, Some(&end)) else { continue };
            let schedule = Schedule(trace.schedule()[..seen.moves].to_vec());
            if self.best.get(&property).is_none_or(|best| schedule.rank() < best.schedule.rank()) {
                let trace = trace.prefix(seen.moves);
                let witness = Witness { property, crowd: *crowd, schedule, trace, remark: seen.remark };
                self.best.insert(property, witness);
            }
        }
        self.ends.insert(end);
    }

    fn findings(mut self, properties: &[Property], limit: Option<String>) -> Result<Vec<Finding>, CheckError> {
        let explored = Explored(vec![("executions", self.executions)]);
        let limit = limit.or(self.cut_short.then(|| format!("an execution went on for more than {MOST_STEPS} steps")));
        let mut finding = |property: &Property| {
            let verdict = match (self.best.remove(property), &limit) {
                (None, Some(limit)) => Verdict::Inconclusive { limit: limit.clone(), explored: explored.clone() },
                (witness, _) => Verdict::settled(*property, witness, explored.clone()),
            };
            let worst = (*property == Property::NoOversell && limit.is_none()).then_some(self.worst);
            Finding { property: *property, verdict, worst }
        };
        Ok(properties.iter().map(&mut finding).collect())
    }
}
