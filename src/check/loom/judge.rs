//! What loom's executions show.

use super::super::choices::Choices;
use super::super::survey::{Survey, TRUST};
use super::super::{Basis, CheckError, Explored, Finding, MemoryModel, Property};
use crate::platform::loom::{Exploration, Record, Watched, is_sequentially_consistent, is_weak};
use crate::platform::{Content, Instance, Trace};
use crate::scenario::Scenario;
use std::sync::Arc;

/// Looks at executions as they come.
pub(super) struct Judge {
    pub exploration: Arc<Exploration>,
    pub properties: Vec<Property>,
    pub survey: Survey,
    pub choices: Choices,
    /// How many executions were run, judged or not.
    pub runs: usize,
    /// What happens in the execution that is running.
    pub latest: Option<Arc<Record>>,
}

impl Judge {
    pub fn judge(&mut self, trace: &Trace, contents: &[Content]) {
        self.runs += 1;
        let picks = self.latest.as_ref().expect("it was run").picks();
        if !self.choices.heard(&picks) {
            return;
        }
        let Exploration { scenario, instance, .. } = &*self.exploration;
        let stale = is_weak(trace, contents);
        if stale && is_sequentially_consistent(trace) {
            // Loom has made it up.
            self.survey.executions += 1;
        } else {
            self.survey.look(scenario, instance, &self.properties, trace, contents, stale);
        }
    }

    /// A deadlock has come as far as it can, so it counts like any other execution.
    pub fn judge_deadlock(&mut self) {
        let trace = self.latest.as_ref().map(|record| record.recorder.trace());
        let trace = trace.expect("loom runs into a deadlock only within an execution");
        self.judge(&trace, &trace.contents());
    }

    pub fn is_done(&self) -> bool {
        self.exploration.watched != Watched::Nothing && self.survey.shows(&self.properties)
    }
}

/// What came of it.
pub(super) struct Surveyed {
    pub survey: Survey,
    /// Why executions are missing, if any are.
    pub limit: Option<String>,
    pub bound: Option<usize>,
    /// All that was asked for was shown before everything was explored.
    pub left_off: bool,
}

impl Surveyed {
    pub fn findings(
        self,
        engine: &'static str,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        let mut explored = vec![("executions", self.survey.executions)];
        explored.extend(self.bound.map(|bound| ("preemption bound", bound as u64)));
        let basis = Basis { memory: MemoryModel::LoomC11, assumed: self.assumed() };
        let limit = self.limit.as_deref();
        let mut findings =
            self.survey.findings(engine, scenario, instance, properties, &Explored(explored), limit, &basis)?;
        if self.left_off {
            findings.iter_mut().for_each(|finding| finding.worst = None);
        }
        Ok(findings)
    }

    /// The gaps, as far as they matter.
    fn assumed(&self) -> Vec<String> {
        let preemptions = |bound| format!("no execution with more than {bound} preemptions was looked at");
        let mut assumed: Vec<_> = self.bound.map(preemptions).into_iter().collect();
        let weak: Vec<_> = self.survey.weakly_ordered.iter().copied().collect();
        if !weak.is_empty() {
            let weak = weak.join(", ");
            assumed.extend([
                format!("no load buffering ({weak}): a load never sees a store that is made after it"),
                format!("no other reordering across cells than what stale reads amount to ({weak})"),
                "a load sees one of the last seven stores to its cell".to_owned(),
                "SeqCst accesses beside weaker ones are taken for AcqRel, which may refute what C11 guarantees"
                    .to_owned(),
                "whatever is no cell and no plain lock orders memory at each access, also at one that fails".to_owned(),
            ]);
        }
        assumed.push(TRUST.to_owned());
        assumed
    }
}
