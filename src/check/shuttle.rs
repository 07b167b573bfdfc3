//! The shuttle engines: every interleaving of a few threads, or random ones of many.

use super::choices::Choices;
use super::survey::{Choice, Survey, TRUST};
use super::turns::Followed;
use super::{Basis, CheckError, Engine, Explored, Final, Finding, MemoryModel, Property};
use crate::platform::picks::Picks;
use crate::platform::shuttle::{Execution, How, StepScheduler, World, execute};
use crate::platform::{Instance, LockKind, quietly};
use crate::scenario::Scenario;
use ::shuttle::scheduler::{DfsScheduler, PctScheduler, Scheduler};
use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Once;

/// Depth-first search through every interleaving, and everything that a step may come to.
///
/// An execution that only goes round in a circle (whoever can take a step tries again what it has tried before, while
/// nothing changes) is not followed any further. It has no end, which refutes `no-livelock`.
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
/// steps; what a step comes to is random, too. Finds, never proves.
#[derive(Clone, Copy, Debug)]
pub struct ShuttlePct {
    /// Where the random numbers start from.
    pub seed: u64,
    /// How many executions to run.
    pub executions: usize,
    /// One more than the number of priority changes in the deepest executions. Others have fewer.
    pub depth: usize,
}

impl Default for ShuttlePct {
    /// A thousand executions from one fixed seed, with up to 29 preemptions.
    fn default() -> Self {
        ShuttlePct { seed: 2026, executions: 1_000, depth: 30 }
    }
}

impl ShuttlePct {
    /// The depths that share the executions: where a program has hardly more steps than preemptions, every step is one,
    /// and all executions are the same; so there are shallow ones, too.
    fn depths(&self) -> Vec<usize> {
        let deepest = self.depth.max(1);
        let shallow = std::iter::successors(Some(1usize), |depth| depth.checked_mul(2));
        shallow.take_while(|depth| *depth < deepest).chain([deepest]).collect()
    }
}

/// The most steps of one execution. A longer one is cut short, and nothing is proved.
const MOST_STEPS: usize = 100_000;

/// After so many executions that had to be cut short, no more are run.
const MOST_CUT: usize = 3;

impl ShuttleDfs {
    /// Every outcome that an execution can come to.
    ///
    /// # Errors
    /// The instance cannot be checked, or there are more executions than the limit, or longer ones than can be run.
    pub fn finals(&self, scenario: &Scenario, instance: &Instance) -> Result<BTreeSet<Final>, CheckError> {
        let exploration = self.explore(scenario, instance, &[])?;
        match exploration.limit {
            Some(limit) => {
                let reason = format!("cannot list every outcome: {limit}");
                Err(CheckError::Unsupported { engine: self.name(), reason })
            }
            None => Ok(exploration.survey.ends),
        }
    }

    fn explore(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Exploration, CheckError> {
        let mut exploration = Exploration::new(self.name(), scenario, instance)?;
        while let Some(answers) = exploration.choices.next() {
            let left = self.max_executions.saturating_sub(exploration.runs);
            // One more than the limit tells whether there was more.
            let scheduler = DfsScheduler::new(left.checked_add(1), false);
            exploration = exploration.run(scheduler, Picks::told(answers), properties)?;
            if exploration.runs > self.max_executions {
                exploration.limit.get_or_insert(format!("stopped after {} executions", self.max_executions));
            }
            if exploration.limit.is_some() {
                break;
            }
        }
        Ok(exploration)
    }
}

impl Engine for ShuttleDfs {
    fn name(&self) -> &'static str {
        "shuttle-dfs"
    }

    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let followed = Followed::new(scenario);
        Ok(followed.limit(self.explore(scenario, instance, properties)?.findings(properties)?))
    }
}

impl Engine for ShuttlePct {
    fn name(&self) -> &'static str {
        "shuttle-pct"
    }

    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let followed = Followed::new(scenario);
        let exploration = Exploration::new(self.name(), scenario, instance)?;
        let depths = self.depths();
        let mut exploration = exploration;
        for (i, depth) in depths.iter().enumerate() {
            let share = self.executions * (i + 1) / depths.len() - self.executions * i / depths.len();
            if share > 0 && exploration.limit.is_none() && exploration.refused.is_none() {
                let scheduler = PctScheduler::new_from_seed(self.seed, *depth, share);
                exploration = exploration.run(scheduler, Picks::Drawn, properties)?;
            }
        }
        exploration.limit = Some("random schedules find, and never prove".to_owned());
        Ok(followed.limit(exploration.findings(properties)?))
    }
}

/// What has been explored so far.
struct Exploration {
    engine: &'static str,
    scenario: Scenario,
    instance: Instance,
    survey: Survey,
    choices: Choices,
    /// How many executions were run, judged or not.
    runs: usize,
    cut: usize,
    /// Why executions are missing, if any are.
    limit: Option<String>,
    /// Why there can be no verdict.
    refused: Option<String>,
}

impl Exploration {
    fn new(engine: &'static str, scenario: &Scenario, instance: &Instance) -> Result<Self, CheckError> {
        if let Some(reason) = unsupported(instance) {
            return Err(CheckError::Unsupported { engine, reason });
        }
        Ok(Exploration {
            engine,
            scenario: scenario.clone(),
            instance: instance.clone(),
            survey: Survey::new(Choice::Best),
            choices: Choices::new(),
            runs: 0,
            cut: 0,
            limit: None,
            refused: None,
        })
    }

    /// Runs a scheduler until it has nothing more to offer.
    fn run(
        self,
        scheduler: impl Scheduler + 'static,
        picks: Picks,
        properties: &[Property],
    ) -> Result<Self, CheckError> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            // With its first execution shuttle puts a panic hook in front that announces every panic there is from then
            // on, whosever it is. Nothing here is left for it to announce.
            let before = panic::take_hook();
            ::shuttle::check_dfs(|| (), Some(1));
            drop(panic::take_hook());
            panic::set_hook(before);
        });
        let engine = self.engine;
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::None;
        config.max_steps = MaxSteps::None;
        let world = World::new(&self.scenario, &self.instance, MOST_STEPS);
        let (scenario, instance) = (self.scenario.clone(), self.instance.clone());
        let exploration = Rc::new(RefCell::new(self));
        let judge = {
            let (exploration, properties) = (Rc::clone(&exploration), properties.to_vec());
            move |execution: Execution| exploration.borrow_mut().judge(&execution, &properties)
        };
        let runner = Runner::new(StepScheduler::new(scheduler, world.clone(), picks, judge), config);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            quietly(|| runner.run(move || execute(&scenario, &instance, &world)));
        }));
        if let Err(payload) = ran {
            // It counts on every execution doing the same up to where its schedule differs.
            let reason = format!("failed ({}): is the code deterministic?", message(&*payload));
            return Err(CheckError::Unsupported { engine, reason });
        }
        let exploration = Rc::into_inner(exploration).expect("the scheduler is gone, and it had the only other handle");
        let exploration = exploration.into_inner();
        match exploration.refused {
            Some(reason) => Err(CheckError::Unsupported { engine, reason }),
            None => Ok(exploration),
        }
    }

    /// Looks at an execution. Says whether to run more.
    fn judge(&mut self, execution: &Execution, properties: &[Property]) -> bool {
        let Execution { how, trace, contents, picks } = execution;
        self.runs += 1;
        let judged = self.choices.heard(picks);
        match how {
            How::Ended if judged => {
                self.survey.look(&self.scenario, &self.instance, properties, trace, contents, false);
            }
            How::Endless if judged => {
                self.survey.look_endless(&self.scenario, properties, trace);
            }
            How::Ended | How::Endless | How::Missing => {}
            How::CutShort => {
                self.cut += 1;
                self.limit = Some(format!("an execution went on for more than {MOST_STEPS} steps"));
            }
            How::Refused(reason) => self.refused = Some(reason.clone()),
        }
        self.refused.is_none() && self.cut < MOST_CUT
    }

    fn findings(self, properties: &[Property]) -> Result<Vec<Finding>, CheckError> {
        let explored = Explored(vec![("executions", self.survey.executions)]);
        let weak: Vec<_> = self.survey.weakly_ordered.iter().copied().collect();
        let weak = weak.join(", ");
        let weak = (!weak.is_empty())
            .then(|| format!("weaker orderings behave as SeqCst ({weak}): what else they allow was not looked at"));
        let assumed = weak.into_iter().chain([TRUST.to_owned()]).collect();
        let basis = Basis { memory: MemoryModel::SequentiallyConsistent, assumed };
        let limit = self.limit.as_deref();
        self.survey.findings(self.engine, &self.scenario, &self.instance, properties, &explored, limit, &basis)
    }
}

/// With more threads than this, their stacks may not fit into memory.
const MOST_STACKS: usize = 1000;

/// What there is about an instance that shuttle cannot check.
fn unsupported(instance: &Instance) -> Option<String> {
    if instance.kills > 0 || instance.lock != LockKind::Owned {
        return Some("knows no kills and only owned locks; the counting engine does".to_owned());
    }
    if instance.total().is_some_and(|threads| threads > MOST_STACKS) {
        return Some(format!(
            "has a stack for each thread, so at most {MOST_STACKS} threads; the counting engine has none"
        ));
    }
    instance.is_any().then(|| "runs a number of threads of each role, not any; the coverability engine does".to_owned())
}

/// What a panic says.
fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    let message = payload.downcast_ref::<String>().map(String::as_str);
    message.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given")
}
