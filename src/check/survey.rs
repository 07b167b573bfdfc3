//! What all executions have shown that an engine has run one by one.

use super::{Crowd, Explored, Final, Finding, Property, Verdict, Witness, sighting};
use crate::platform::{Content, Trace, script};
use crate::scenario::Scenario;
use crate::sync::Setup;
use crate::trace::Schedule;
use std::collections::{BTreeMap, BTreeSet};

/// Which of many executions that show a property becomes its witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The one of the best [rank](Schedule::rank).
    Best,
    /// The one that was found first.
    First,
}

/// Executions, judged one after another.
#[derive(Debug)]
pub(super) struct Survey {
    choice: Choice,
    witnesses: BTreeMap<Property, Witness>,
    /// How executions came out.
    pub ends: BTreeSet<Final>,
    /// How many executions there were.
    pub executions: u64,
    worst: u64,
}

impl Survey {
    /// Nothing has been seen yet.
    pub fn new(choice: Choice) -> Self {
        Survey { choice, witnesses: BTreeMap::new(), ends: BTreeSet::new(), executions: 0, worst: 0 }
    }

    /// Judges one execution, which has come as far as it can and left these contents.
    pub fn look<S: Scenario>(
        &mut self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
        trace: &Trace,
        contents: &[Content],
    ) {
        self.executions += 1;
        let shared = scenario.build(&mut Setup::default());
        let count = script::audit(scenario, &shared, contents);
        let trace = trace.settled(scenario.launch());
        let end = Final::of_trace(&trace, crowd, count);
        self.worst = self.worst.max(end.sold);
        for &property in properties {
            if self.choice == Choice::First && self.witnesses.contains_key(&property) {
                continue;
            }
            let Some(seen) = sighting(property, &trace, scenario.tickets(), crowd, Some(&end)) else { continue };
            let schedule = Schedule(trace.schedule()[..seen.moves].to_vec());
            if self.witnesses.get(&property).is_none_or(|best| schedule.rank() < best.schedule.rank()) {
                let trace = trace.prefix(seen.moves);
                let witness = Witness { property, crowd: *crowd, schedule, trace, remark: seen.remark };
                self.witnesses.insert(property, witness);
            }
        }
        self.ends.insert(end);
    }

    /// Whether all of the properties have been shown, so that no further execution changes a verdict.
    #[cfg_attr(not(loom), expect(dead_code, reason = "only loom can leave off in the middle"))]
    pub fn shows(&self, properties: &[Property]) -> bool {
        properties.iter().all(|property| self.witnesses.contains_key(property))
    }

    /// What all that says of the properties. With a `limit` executions are missing, and nothing is proved.
    pub fn findings(mut self, properties: &[Property], explored: &Explored, limit: Option<&str>) -> Vec<Finding> {
        let mut finding = |property: &Property| {
            let verdict = match (self.witnesses.remove(property), limit) {
                (None, Some(limit)) => Verdict::Inconclusive { limit: limit.to_owned(), explored: explored.clone() },
                (witness, _) => Verdict::settled(*property, witness, explored.clone()),
            };
            let worst = (*property == Property::NoOversell && limit.is_none()).then_some(self.worst);
            Finding { property: *property, verdict, worst }
        };
        properties.iter().map(&mut finding).collect()
    }
}
