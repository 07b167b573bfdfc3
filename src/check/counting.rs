//! Counting: every reachable state, with buyers counted per control point instead of told apart.
//!
//! This is counter abstraction (Pong and Dubois, 1995; Emerson and Trefler, 1999), and exact here: buyers are
//! interchangeable, so two executions that differ in who stands where have the same future. What departs from
//! those papers is where the control points come from: from running the real code (see
//! [`automaton`](super::automaton)), not from a model of it.

use super::automaton::{Automaton, AutomatonError};
use super::exploration::{MOST_BUYERS, Space};
use super::states::States;
use super::witness::Sought;
use super::{CheckError, Crowd, Engine, Explored, Finding, Property, Verdict, witness};
use crate::scenario::Scenario;
use std::sync::Arc;

/// Explores every reachable state at full size. Its verdicts hold for the crowd that was asked about.
#[derive(Clone)]
pub struct Counting {
    /// The most states to keep; past that, what is not settled is inconclusive.
    pub max_states: usize,
    /// The most control points of the code.
    pub max_nodes: usize,
    /// Told now and then how many states have been found.
    pub progress: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl Default for Counting {
    /// At most 20 million states (1 to 3 GB, as wide as they are) and 20,000 control points.
    fn default() -> Self {
        Counting { max_states: 20_000_000, max_nodes: 20_000, progress: None }
    }
}

/// How many states between two calls of [`Counting::progress`].
const PROGRESS_EVERY: usize = 1 << 16;

/// What a whole exploration has seen.
#[derive(Default)]
struct Seen {
    /// By the order of [`Property::ALL`].
    shown: [bool; Property::ALL.len()],
    worst: u64,
    transitions: u64,
    complete: bool,
}

impl Engine for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn check<S: Scenario>(
        &self,
        scenario: &S,
        crowd: &Crowd,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        if crowd.buyers > MOST_BUYERS {
            let reason = format!("counts up to {MOST_BUYERS} buyers; for more use `--buyers any`");
            return Err(CheckError::Unsupported { engine: self.name(), reason });
        }
        let mut automaton = Automaton::new(scenario, self.max_nodes);
        let mut states = States::default();
        let seen = match self.explore(&mut automaton, crowd, &mut states) {
            Ok(seen) => seen,
            Err(error @ AutomatonError::Unbounded(_)) => {
                return Ok(undecided(properties, &error.to_string(), &automaton));
            }
            Err(error) => return Err(error.into()),
        };
        let explored = Explored(vec![
            ("states", states.len() as u64),
            ("transitions", seen.transitions),
            ("nodes", automaton.len() as u64),
        ]);
        drop(states);
        let finding = |property: &Property| {
            let shown = seen.shown[*property as usize];
            let inconclusive = |limit: String| Verdict::Inconclusive { limit, explored: explored.clone() };
            let verdict = if shown {
                match witness::smallest(self.name(), &mut automaton, crowd, *property, self.max_states)? {
                    Sought::Found(witness) => Verdict::settled(*property, Some(witness), explored.clone()),
                    Sought::Stopped(limit) => inconclusive(limit),
                    Sought::Nowhere => {
                        let reason = format!("{property} shows for {} buyers, and no schedule does", crowd.buyers);
                        return Err(CheckError::Witness { engine: self.name(), reason });
                    }
                }
            } else if seen.complete {
                Verdict::settled(*property, None, explored.clone())
            } else {
                inconclusive(format!("stopped at {} states (see --max-states)", self.max_states))
            };
            let worst = (*property == Property::NoOversell && seen.complete).then_some(seen.worst);
            Ok(Finding { property: *property, verdict, worst })
        };
        properties.iter().map(finding).collect()
    }
}

/// Findings that say no more than why there is nothing to say.
pub(super) fn undecided<S: Scenario>(properties: &[Property], limit: &str, automaton: &Automaton<S>) -> Vec<Finding> {
    let explored = Explored(vec![("states", 0), ("transitions", 0), ("nodes", automaton.len() as u64)]);
    let verdict = Verdict::Inconclusive { limit: limit.to_owned(), explored };
    properties.iter().map(|property| Finding { property: *property, verdict: verdict.clone(), worst: None }).collect()
}

impl Counting {
    fn explore<S: Scenario>(
        &self,
        automaton: &mut Automaton<S>,
        crowd: &Crowd,
        states: &mut States,
    ) -> Result<Seen, AutomatonError> {
        let mut space = Space::new(automaton, *crowd)?;
        let (mut state, mut next) = (space.initial()?, Vec::new());
        states.insert(&state);
        let mut seen = Seen { complete: true, ..Seen::default() };
        let mut number = 0;
        while number < states.len() {
            state.clear();
            state.extend_from_slice(states.get(number));
            let steps = space.successors(&state, &mut next, |_, transition, next| {
                seen.transitions += 1;
                seen.shown[Property::NoTornRead as usize] |= transition.torn;
                states.insert(next);
            })?;
            seen.look(&mut space, &state, !steps);
            number += 1;
            if states.len() > self.max_states {
                seen.complete = false;
                break;
            }
            if number % PROGRESS_EVERY == 0 {
                self.progress.iter().for_each(|progress| progress(states.len() as u64));
            }
        }
        Ok(seen)
    }
}

impl Seen {
    fn look<S: Scenario>(&mut self, space: &mut Space<'_, S>, state: &[u32], end: bool) {
        let sold = space.sold(state).expect("a crowd of known size has a bound");
        self.worst = self.worst.max(sold);
        self.shown[Property::NoOversell as usize] |= sold > space.tickets();
        self.shown[Property::SearchesOverlap as usize] |= space.searching(state) >= 2;
        if end {
            let finale = space.finale(state);
            for property in Property::ALL {
                self.shown[property as usize] |= property.shown_at_end(&finale, space.tickets(), space.crowd());
            }
        }
    }
}
