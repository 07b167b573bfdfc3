//! The loom engine: every execution of a few threads that loom's approximation of C11 has.

mod judge;

use self::judge::{Judge, Surveyed};
use super::choices::Choices;
use super::survey::{Choice, Survey, is_of_states};
use super::turns::Followed;
use super::{CheckError, Engine, Final, Finding, Property};
use crate::platform::loom::{Execution, Exploration, Plan, Watched};
use crate::platform::picks::Picks;
use crate::platform::{Instance, LockKind, quietly};
use crate::scenario::Scenario;
use ::loom::model::Builder;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Loom (after CDSChecker, Norris and Demsky, OOPSLA 2013): depth-first search with dynamic partial-order
/// reduction (Flanagan and Godefroid, POPL 2005), and stale reads of atomics where C11 allows them.
///
/// Its witnesses are the executions that it found first, which are not the smallest. Those of weak orderings
/// are no interleavings, and say so: nothing else replays them.
///
/// What it explores is loom's approximation of C11, not C11. The gaps that loom's documentation names:
///
/// * No load buffering: a load never sees a store that is made later in its own execution. Nor does loom know
///   certain reorderings across different atomics. So what it proves of weakly ordered cells may fail under C11.
/// * `SeqCst` accesses are taken for `AcqRel`. Where all accesses to cells are `SeqCst` that is made
///   good here; where they are mixed with weaker ones, it may refute what C11 guarantees. (`SeqCst` fences loom has.)
///
/// And one that its code shows: a load sees one of the last seven stores to its cell. Where a gap can matter, because
/// there are orderings weaker than `SeqCst`, the finding's [`Basis`] lists it.
///
/// Departures: a thread's steps are loom's operations, but the release of a lock that is only waited for is not a
/// scheduling point of its own (it hinders nobody, so executions in which something comes between it and the step
/// before are not told apart); and after a try of a retry that came to nothing, somebody else goes first.
#[derive(Clone, Copy, Debug)]
pub struct Loom {
    /// How often a thread may be interrupted that could have gone on.
    pub preemptions: Preemptions,
    /// The most executions to run; past that, what is not settled is inconclusive.
    pub max_executions: usize,
}

/// A preemption bound (Musuvathi and Qadeer, PLDI 2007): in how many places an execution may switch away from
/// somebody who could have gone on. Switches when somebody waits or ends are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preemptions {
    /// No bound for up to 2 threads, 3 preemptions for 3 of them and 2 for 4.
    BySize,
    /// Every execution.
    Unbounded,
    /// At most so many.
    AtMost(u8),
}

impl Default for Loom {
    /// Bounded by size, and at most a million executions.
    fn default() -> Self {
        Loom { preemptions: Preemptions::BySize, max_executions: 1_000_000 }
    }
}

/// The most threads: loom runs five, and the parent is one of them.
const MOST_THREADS: usize = ::loom::MAX_THREADS - 1;

/// The most scheduling points of one execution. A longer one, a livelock perhaps, ends the exploration. Loom reserves
/// room for that many objects, too, so this is not as large as it could be.
const MOST_BRANCHES: usize = 10_000;

impl Loom {
    /// Every outcome that an execution can come to.
    ///
    /// # Errors
    /// The instance cannot be checked, there are more executions than the limit, or one of them does not end.
    pub fn finals(&self, scenario: &Scenario, instance: &Instance) -> Result<BTreeSet<Final>, CheckError> {
        let explored = self.explore(scenario, instance, &[], Watched::Nothing)?;
        match explored.limit {
            Some(limit) => {
                let reason = format!("cannot list every outcome: {limit}");
                Err(CheckError::Unsupported { engine: self.name(), reason })
            }
            None => Ok(explored.survey.ends),
        }
    }

    fn bound(&self, threads: usize) -> Option<usize> {
        match (self.preemptions, threads) {
            (Preemptions::AtMost(bound), _) => Some(bound.into()),
            (Preemptions::Unbounded, _) | (Preemptions::BySize, 0..=2) => None,
            (Preemptions::BySize, 3) => Some(3),
            (Preemptions::BySize, _) => Some(2),
        }
    }

    /// Every field is set: loom would take the others from the environment.
    fn builder(&self, threads: usize, executions: usize) -> Builder {
        let mut builder = Builder::new();
        builder.max_threads = threads + 1;
        builder.max_branches = MOST_BRANCHES;
        // Looked at once per interval, before an execution. One more than the limit tells whether there was more.
        builder.checkpoint_interval = 1;
        builder.max_permutations = executions.checked_add(2);
        builder.max_duration = None;
        builder.preemption_bound = self.bound(threads);
        builder.checkpoint_file = None;
        builder.expect_explicit_explore = false;
        builder.location = false;
        builder.log = false;
        builder
    }

    /// Explores by one plan after another, until none calls for a better one.
    fn explore(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
        watched: Watched,
    ) -> Result<Surveyed, CheckError> {
        let threads = supported(instance).map_err(|reason| self.unsupported(reason))?;
        let mut plan = Plan::default();
        loop {
            let exploration = Arc::new(Exploration {
                scenario: scenario.clone(),
                instance: instance.clone(),
                watched,
                plan,
                better: Mutex::default(),
                refused: Mutex::default(),
            });
            let surveyed = self.explore_by_plan(&exploration, threads, properties);
            if let Some(reason) = lock(&exploration.refused).take() {
                return Err(self.unsupported(reason));
            }
            match lock(&exploration.better).take() {
                Some(better) => plan = better,
                None => return Ok(surveyed),
            }
        }
    }

    fn explore_by_plan(&self, exploration: &Arc<Exploration>, threads: usize, properties: &[Property]) -> Surveyed {
        let judge = Arc::new(Mutex::new(Judge {
            exploration: Arc::clone(exploration),
            properties: properties.to_vec(),
            survey: Survey::new(Choice::First),
            choices: Choices::new(),
            runs: 0,
            latest: None,
        }));
        let mut limit = None;
        let next = || lock(&judge).choices.next();
        while let Some(answers) = next() {
            let left = self.max_executions.saturating_sub(lock(&judge).runs);
            let model = {
                let (judge, exploration) = (Arc::clone(&judge), Arc::clone(exploration));
                move || {
                    if exploration.is_over() {
                        resume_unwind(Box::new("the exploration is over".to_owned()));
                    }
                    // More executions would only tell how many may be sold, or how else they come out.
                    if exploration.watched != Watched::Nothing && lock(&judge).is_done() {
                        ::loom::skip_branch();
                    }
                    let execution = Execution::new(&exploration, Picks::told(answers.clone()));
                    lock(&judge).latest = Some(Arc::clone(execution.record()));
                    let (trace, contents) = execution.run();
                    lock(&judge).judge(&trace, &contents);
                }
            };
            let stopped = catch_unwind(AssertUnwindSafe(|| {
                quietly(|| self.builder(threads, left).check(model));
            }));
            let mut judge = lock(&judge);
            if let Err(payload) = stopped
                && !exploration.is_over()
            {
                let message = payload.downcast_ref::<String>().map(String::as_str);
                let message = message.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
                if message.starts_with("deadlock") {
                    judge.judge_deadlock();
                }
                limit.get_or_insert(self::limit(message));
            }
            if judge.runs > self.max_executions {
                limit = Some(format!("stopped after {} executions", self.max_executions));
            }
            if exploration.is_over() || judge.runs > self.max_executions || judge.is_done() {
                break;
            }
        }
        let mut judge = lock(&judge);
        let left_off = judge.is_done();
        let survey = std::mem::replace(&mut judge.survey, Survey::new(Choice::First));
        Surveyed { survey, limit, bound: self.bound(threads), left_off }
    }

    fn unsupported(&self, reason: String) -> CheckError {
        CheckError::Unsupported { engine: self.name(), reason }
    }
}

impl Engine for Loom {
    fn name(&self) -> &'static str {
        "loom"
    }

    /// What looks at states, or at who is inside a search, is looked for in explorations of its own, as far as the
    /// first witness: they make loom tell more executions apart, and nothing else needs that.
    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let watched = |property: Property| match (property, scenario.search()) {
            (Property::SearchesOverlap, Some(search)) => Watched::Span(search),
            _ if is_of_states(property) => Watched::States,
            _ => Watched::Nothing,
        };
        let followed = Followed::new(scenario);
        let mut findings: BTreeMap<Property, Finding> = BTreeMap::new();
        let mut explore = |watched: Watched, properties: &[Property]| -> Result<bool, CheckError> {
            let surveyed = self.explore(scenario, instance, properties, watched)?;
            let gives_back = surveyed.survey.gives_back;
            let found = surveyed.findings(self.name(), scenario, instance, properties)?;
            findings.extend(found.into_iter().map(|found| (found.property, found)));
            Ok(gives_back)
        };
        let mut of_states: Vec<_> = properties.iter().copied().filter(|p| watched(*p) == Watched::States).collect();
        let plain: Vec<_> = properties.iter().copied().filter(|p| watched(*p) == Watched::Nothing).collect();
        if !plain.is_empty() && explore(Watched::Nothing, &plain)? && plain.contains(&Property::NoOversell) {
            // The most may have been sold somewhere in the middle.
            of_states.push(Property::NoOversell);
        }
        for property in of_states {
            explore(Watched::States, &[property])?;
        }
        if let Some(search) = scenario.search()
            && properties.contains(&Property::SearchesOverlap)
        {
            explore(Watched::Span(search), &[Property::SearchesOverlap])?;
        }
        Ok(followed.limit(properties.iter().filter_map(|property| findings.get(property).cloned()).collect()))
    }
}

/// How many threads an instance has, if loom can check it; otherwise what it cannot.
fn supported(instance: &Instance) -> Result<usize, String> {
    if instance.kills > 0 || instance.lock != LockKind::Owned {
        return Err("knows no kills and only owned locks; the counting engine does".to_owned());
    }
    match instance.total() {
        None => Err("runs a number of threads of each role, not any; the coverability engine does".to_owned()),
        Some(threads) if threads > MOST_THREADS => Err(format!(
            "runs at most {MOST_THREADS} threads, as loom has room for {} and one is the parent; the counting engine \
             takes {threads}",
            ::loom::MAX_THREADS
        )),
        Some(threads) => Ok(threads),
    }
}

/// The limit that loom says it has hit.
fn limit(message: &str) -> String {
    if message.starts_with("deadlock") {
        "loom stops at the first deadlock".to_owned()
    } else if message.starts_with("Model exceeded maximum number of branches") {
        format!("an execution went on for more than {MOST_BRANCHES} scheduling points")
    } else {
        format!("loom stopped: {}", message.lines().next().unwrap_or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
