//! Any number of threads: every property, by whichever algorithm can decide it.
//!
//! Coverability decides exactly what stays so when more threads come. How executions end is looked at with saturating
//! counters, which prove; what they cannot exclude is searched for in instances of a few threads, and is refuted (or
//! possible) only if an execution there shows it. If neither comes to a verdict, the counters are made to count further.

use super::automaton::{Automaton, AutomatonError, Endings};
use super::basis::by_automaton;
use super::counting::NO_END;
use super::coverability::{self, Covered};
use super::limits::Limits;
use super::saturating::{Saturated, counts_sales, saturate};
use super::told_apart::alike;
use super::witness::Sought;
use super::{CheckError, Engine, Explored, Finding, Instance, Property, Scope, Verdict, witness};
use crate::scenario::Scenario;

/// Decides every property for any number of threads, or says why not.
#[derive(Clone, Debug)]
pub struct Parametric {
    /// How far it goes.
    pub limits: Limits,
    /// How far the saturating counters count at most.
    pub max_count: u32,
    /// The most threads of a concrete execution that is looked for where the counters cannot exclude a bad end.
    pub max_threads: usize,
}

impl Default for Parametric {
    /// At most 50,000 states; counts up to 4; executions of up to 5 threads.
    fn default() -> Self {
        let limits = Limits { max_states: 50_000, ..Limits::default() };
        Parametric { limits, max_count: 4, max_threads: 5 }
    }
}

/// The most states of saturating counters that are looked at for all properties at once.
const TOGETHER: usize = 20_000;

/// How far the saturating counters count at first.
const FIRST_COUNT: u32 = 2;

impl Engine for Parametric {
    fn name(&self) -> &'static str {
        "parametric"
    }

    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        alike(self.name(), scenario)?;
        let read = || Automaton::merged(scenario, &self.limits, Endings::asked_by(properties), instance);
        by_automaton(scenario, properties, read, |automaton| Ok(self.decide(automaton, instance, properties)?.into()))
    }
}

impl Parametric {
    /// Decides what can be decided.
    pub(super) fn decide(
        &self,
        automaton: &mut Automaton,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Covered, CheckError> {
        let mut covered = coverability::decide(self.name(), automaton, instance, properties)?;
        let (verdicts, shows) = (&mut covered.verdicts, &covered.shows);
        // What was sold may make the states many: then what does not depend on it is asked by itself.
        let mut rounds: Vec<(u32, &[bool])> = vec![(FIRST_COUNT, &[false, true])];
        while let Some((k, of_sales)) = rounds.pop() {
            let is_open = |i: &usize| {
                let open = !shows[*i] && matches!(verdicts[*i], Verdict::Inconclusive { .. });
                open && of_sales.contains(&counts_sales(properties[*i]))
            };
            let asked: Vec<_> = (0..properties.len()).filter(is_open).collect();
            if asked.is_empty() {
                continue;
            }
            let names: Vec<_> = asked.iter().map(|i| properties[*i]).collect();
            let together = of_sales.len() > 1;
            let all = automaton.meter().limits.max_states;
            automaton.meter().limits.max_states = if together { all.min(TOGETHER) } else { all };
            let saturated = saturate(automaton, instance, &names, k);
            automaton.meter().limits.max_states = all;
            if together && !matches!(&saturated, Ok(Saturated { limit: None, .. })) {
                rounds.extend::<[(u32, &[bool]); 2]>([(k, &[true]), (k, &[false])]);
                continue;
            }
            let saturated = match saturated {
                Err(AutomatonError::Unbounded(bound)) => {
                    for i in asked {
                        verdicts[i] = limited(verdicts[i].explored().clone(), bound.to_string());
                    }
                    continue;
                }
                saturated => saturated?,
            };
            if self.settle(automaton, instance, properties, &asked, (k, saturated), verdicts)? && k < self.max_count {
                rounds.push((k + 1, of_sales));
            }
        }
        Ok(covered)
    }

    /// Settles what counters up to `k` have; whether to try again with a larger one.
    fn settle(
        &self,
        automaton: &mut Automaton,
        instance: &Instance,
        properties: &[Property],
        asked: &[usize],
        (k, saturated): (u32, Saturated),
        verdicts: &mut [Verdict],
    ) -> Result<bool, CheckError> {
        let Saturated { shown, states, transitions, ends, limit, .. } = saturated;
        let nodes = automaton.reached() as u64;
        let explored =
            Explored(vec![("states", states as u64), ("transitions", transitions), ("nodes", nodes), ("k", k.into())]);
        let mut again = false;
        for (&i, &shown) in asked.iter().zip(&shown) {
            let property = properties[i];
            // The further the counters count, the further an execution is looked for.
            let further = k as usize + 1;
            let from = if k == FIRST_COUNT { 0 } else { further };
            let last = k == self.max_count || limit.is_some();
            let most = if last { self.max_threads } else { self.max_threads.min(further) };
            verdicts[i] = if shown || limit.is_some() {
                match (witness::smallest(self.name(), automaton, instance, property, from..=most)?, &limit) {
                    (Sought::Found(witness), _) => Verdict::settled(property, Some(witness), explored.clone()),
                    (_, Some(limit)) => limited(explored.clone(), limit.clone()),
                    (Sought::Stopped(limit), None) => limited(explored.clone(), limit),
                    (Sought::Nowhere, None) => {
                        again = true;
                        limited(
                            explored.clone(),
                            format!(
                                "counters up to {k} do not exclude it, and no execution of up to {most} threads shows it"
                            ),
                        )
                    }
                }
            } else if property.scope() == Scope::Ends && !ends {
                limited(explored.clone(), NO_END.to_owned())
            } else {
                Verdict::settled(property, None, explored.clone())
            };
        }
        Ok(again)
    }
}

fn limited(explored: Explored, limit: String) -> Verdict {
    Verdict::Inconclusive { limit, explored }
}
