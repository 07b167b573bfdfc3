//! What is left of a verdict where loops were followed for so many turns only.
//!
//! A thread that would go on [stands still](crate::drop_in::Turns) there, which is how a real execution may begin. So what
//! a state or a step shows is shown, and what none shows holds up to there. But such a thread has not ended: an end at
//! which one stands says nothing, and where they are left out nothing is said of all ends.

use super::{Finding, Scope, Verdict, Witness};
use crate::drop_in::BEYOND;
use crate::platform::Actor;
use crate::scenario::Scenario;
use crate::sync::Step;
use crate::trace::replay;
use std::collections::BTreeMap;

/// How far loops are followed while a scenario is checked.
pub struct Followed<'s> {
    scenario: &'s Scenario,
    before: BTreeMap<String, u64>,
}

impl<'s> Followed<'s> {
    /// From now on. (Where two checks run at once, one may be told of loops that only the other one followed.)
    pub fn new(scenario: &'s Scenario) -> Self {
        let before = scenario.turns().map(|turns| turns.stopped()).unwrap_or_default();
        Followed { scenario, before }
    }

    /// How far, in words, if any loop was not followed to its end.
    pub fn bound(&self) -> Option<String> {
        let turns = self.scenario.turns()?;
        let stopped = turns.stopped();
        let places = stopped.iter().filter(|(place, times)| self.before.get(*place) != Some(times));
        let places: Vec<_> = places.map(|(place, _)| place.as_str()).collect();
        let (limit, places) = (turns.limit(), places.join(", "));
        (!places.is_empty()).then(|| format!("for up to {limit} turns of the loop at {places}"))
    }

    /// What is left of these findings.
    pub fn limit(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let Some(bound) = self.bound() else { return findings };
        findings.into_iter().map(|finding| self.limited(finding, &bound)).collect()
    }

    fn limited(&self, finding: Finding, bound: &str) -> Finding {
        let of_states = matches!(finding.property.scope(), Scope::States | Scope::Steps);
        let open = |explored, limit: String| Verdict::Inconclusive { limit, explored };
        let only = format!(
            "loops were followed {bound} only: let the loop be a `fetch_update` or a `retry`, or follow more `turns`"
        );
        let verdict = match finding.verdict {
            Verdict::Proved(explored) if of_states => Verdict::Bounded { bound: bound.to_owned(), explored },
            Verdict::Proved(explored) | Verdict::Impossible(explored) => open(explored, only),
            Verdict::Refuted { witness, explored } | Verdict::Possible { witness, explored }
                if !of_states && self.stands_still(&witness) =>
            {
                open(explored, only)
            }
            verdict => verdict,
        };
        // More may be sold further on.
        let worst = finding.worst.filter(|_| matches!(verdict, Verdict::Refuted { .. }));
        Finding { verdict, worst, ..finding }
    }

    /// Whether somebody stands at the end of a witness only because loops are not followed further.
    fn stands_still(&self, witness: &Witness) -> bool {
        let Ok(model) = replay(self.scenario, &witness.instance, &witness.schedule) else { return true };
        let threads = witness.instance.threads.iter().enumerate();
        let mut actors = threads.flat_map(|(role, threads)| {
            (0..threads.number().unwrap_or(0)).map(move |number| Actor::Thread(role, number))
        });
        actors.any(|actor| matches!(model.next_step(actor), Ok(Step::On(BEYOND, _))))
    }
}
