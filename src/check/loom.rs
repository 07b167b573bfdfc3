//! The loom engine: every execution of a few buyers under the C11 memory model.

use super::survey::{Choice, Survey};
use super::{CheckError, Crowd, Engine, Explored, Final, Finding, Property, SEARCH, Verdict};
use crate::platform::loom::{Execution, is_sequentially_consistent, is_weak};
use crate::platform::{Content, LockKind, Recorder, Trace};
use crate::scenario::Scenario;
use ::loom::model::Builder;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Loom (after CDSChecker, Norris and Demsky, OOPSLA 2013): depth-first search with dynamic partial-order
/// reduction (Flanagan and Godefroid, POPL 2005), and stale reads of atomics where C11 allows them.
///
/// Its witnesses are the executions that it found first, which are not the smallest. Those of weak orderings
/// are no interleavings, and say so: nothing else replays them.
///
/// A known gap: loom takes `SeqCst` accesses for `AcqRel`. Where all accesses to cells are `SeqCst` that is made
/// good here; where they are mixed with weaker ones, it may refute what C11 guarantees.
///
/// Departures: a buyer's steps are loom's operations, but a release is not a scheduling point of its own (it
/// hinders nobody, so executions in which something comes between it and the step before are not told apart);
/// and a retry yields before each further try.
#[derive(Clone, Copy, Debug)]
pub struct Loom {
    /// How often a buyer may be interrupted that could have gone on.
    pub preemptions: Preemptions,
    /// The most executions to run; past that, what is not settled is inconclusive.
    pub max_executions: usize,
}

/// A preemption bound (Musuvathi and Qadeer, PLDI 2007): in how many places an execution may switch away from
/// somebody who could have gone on. Switches when somebody waits or ends are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preemptions {
    /// No bound for up to 2 buyers, 3 preemptions for 3 of them and 2 for 4.
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

/// The most buyers: loom runs five threads, and the parent is one of them.
const MOST_BUYERS: usize = ::loom::MAX_THREADS - 1;

/// The most scheduling points of one execution. A longer one, a livelock perhaps, ends the exploration. Loom reserves
/// room for that many objects, too, so this is not as large as it could be.
const MOST_BRANCHES: usize = 10_000;

impl Loom {
    /// Every outcome that an execution can come to.
    ///
    /// # Errors
    /// The crowd cannot be checked, there are more executions than the limit, or one of them does not end.
    pub fn finals<S: Scenario>(&self, scenario: &S, crowd: &Crowd) -> Result<BTreeSet<Final>, CheckError> {
        let exploration = self.explore(scenario, crowd, &[], None)?;
        match exploration.limit {
            Some(limit) => {
                let reason = format!("cannot list every outcome: {limit}");
                Err(CheckError::Unsupported { engine: self.name(), reason })
            }
            None => Ok(exploration.survey.ends),
        }
    }

    fn bound(&self, crowd: &Crowd) -> Option<usize> {
        match (self.preemptions, crowd.buyers) {
            (Preemptions::AtMost(bound), _) => Some(bound.into()),
            (Preemptions::Unbounded, _) | (Preemptions::BySize, 0..=2) => None,
            (Preemptions::BySize, 3) => Some(3),
            (Preemptions::BySize, _) => Some(2),
        }
    }

    /// Every field is set: loom would take the others from the environment.
    fn builder(&self, crowd: &Crowd) -> Builder {
        let mut builder = Builder::new();
        builder.max_threads = crowd.buyers + 1;
        builder.max_branches = MOST_BRANCHES;
        // Looked at once per interval, before an execution. One more than the limit tells whether there was more.
        builder.checkpoint_interval = 1;
        builder.max_permutations = self.max_executions.checked_add(2);
        builder.max_duration = None;
        builder.preemption_bound = self.bound(crowd);
        builder.checkpoint_file = None;
        builder.expect_explicit_explore = false;
        builder.location = false;
        builder.log = false;
        builder
    }

    fn explore<S: Scenario>(
        &self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
        watched: Option<&'static str>,
    ) -> Result<Exploration, CheckError> {
        if let Some(reason) = unsupported(crowd) {
            return Err(CheckError::Unsupported { engine: self.name(), reason });
        }
        let survey = Arc::new(Mutex::new(Survey::new(Choice::First)));
        let latest: Arc<Mutex<Option<Recorder>>> = Arc::default();
        let scenario = Arc::new(scenario.clone());
        let model = {
            let (survey, latest, scenario) = (Arc::clone(&survey), Arc::clone(&latest), Arc::clone(&scenario));
            let (crowd, properties) = (*crowd, properties.to_vec());
            move || {
                // More executions would only tell how many may be sold, or how else they come out.
                if watched.is_some() && lock(&survey).shows(&properties) {
                    ::loom::skip_branch();
                }
                let execution = Execution::new(&scenario, watched);
                *lock(&latest) = Some(execution.recorder().clone());
                let (trace, contents) = execution.run(&crowd);
                judge(&mut lock(&survey), &*scenario, &crowd, &properties, &trace, &contents);
            }
        };
        let stopped = catch_unwind(AssertUnwindSafe(|| self.builder(crowd).check(model))).err();
        let mut survey = std::mem::replace(&mut *lock(&survey), Survey::new(Choice::First));
        let limit = match stopped {
            None => (survey.executions > self.max_executions as u64)
                .then(|| format!("stopped after {} executions", self.max_executions)),
            Some(payload) => {
                let message = payload.downcast_ref::<String>().map(String::as_str);
                let message = message.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
                if message.starts_with("deadlock") {
                    // It has come as far as it can, so it counts like any other.
                    let trace = lock(&latest).as_ref().map(Recorder::trace);
                    let trace = trace.expect("loom runs into a deadlock only within an execution");
                    judge(&mut survey, &*scenario, crowd, properties, &trace, &trace.contents());
                }
                Some(limit(message))
            }
        };
        let mut explored = vec![("executions", survey.executions)];
        explored.extend(self.bound(crowd).map(|bound| ("preemption bound", bound as u64)));
        Ok(Exploration { survey, explored: Explored(explored), limit })
    }
}

/// Looks at an execution, unless loom has made it up.
fn judge<S: Scenario>(
    survey: &mut Survey,
    scenario: &S,
    crowd: &Crowd,
    properties: &[Property],
    trace: &Trace,
    contents: &[Content],
) {
    if is_weak(trace, contents) && is_sequentially_consistent(trace) {
        survey.executions += 1;
    } else {
        survey.look(scenario, crowd, properties, trace, contents);
    }
}

/// What came of it.
struct Exploration {
    survey: Survey,
    explored: Explored,
    /// Why executions are missing, if any are.
    limit: Option<String>,
}

impl Exploration {
    fn findings(self, properties: &[Property]) -> Vec<Finding> {
        let mut findings = self.survey.findings(properties, &self.explored, self.limit.as_deref());
        for finding in &mut findings {
            if let Verdict::Refuted { witness, .. } | Verdict::Possible { witness, .. } = &mut finding.verdict
                && is_weak(&witness.trace, &witness.trace.contents())
            {
                witness.remark.push_str(" (a cell was read stale, so no interleaving shows this)");
            }
        }
        findings
    }
}

impl Engine for Loom {
    fn name(&self) -> &'static str {
        "loom"
    }

    /// Overlapping searches are looked for in an exploration of their own, as far as the first: they make loom
    /// tell more executions apart, and nothing else needs that.
    fn check<S: Scenario>(
        &self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let (overlaps, others): (Vec<_>, Vec<_>) =
            properties.iter().partition(|property| **property == Property::SearchesOverlap);
        let mut findings = BTreeMap::new();
        for (properties, watched) in [(others, None), (overlaps, Some(SEARCH))] {
            if !properties.is_empty() {
                let exploration = self.explore(scenario, crowd, &properties, watched)?;
                findings.extend(exploration.findings(&properties).into_iter().map(|found| (found.property, found)));
            }
        }
        Ok(properties.iter().filter_map(|property| findings.get(property).cloned()).collect())
    }
}

/// What there is about a crowd that loom cannot check.
fn unsupported(crowd: &Crowd) -> Option<String> {
    if crowd.kills > 0 || crowd.lock != LockKind::Owned {
        return Some("knows no kills and only owned locks; the counting engine does".to_owned());
    }
    (crowd.buyers > MOST_BUYERS).then(|| {
        let threads = ::loom::MAX_THREADS;
        format!(
            "runs at most {MOST_BUYERS} buyers, as loom has room for {threads} threads; the counting engine takes {}",
            crowd.buyers
        )
    })
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
