//! Counting: every reachable state, with threads counted per control point instead of told apart.
//!
//! This is counter abstraction (Pong and Dubois, 1995; Emerson and Trefler, 1999), and exact here: threads of a role are
//! interchangeable, so two executions that differ in who stands where have the same future. What departs from
//! those papers is where the control points come from: from running the real code (see
//! [`automaton`](super::automaton)), not from a model of it.

use super::automaton::{Automaton, AutomatonError, Endings};
use super::basis::{Decided, by_automaton, undecided};
use super::exploration::{MOST_THREADS, Space};
use super::limits::Limits;
use super::livelock::Trapped;
use super::states::States;
use super::told_apart::alike;
use super::witness::Sought;
use super::{
    CheckError, Engine, Explored, Finding, Instance, Parametric, Property, Scope, Threads, Verdict, directed,
    extension, witness,
};
use crate::scenario::Scenario;
use std::ops::RangeInclusive;

/// Explores every reachable state at full size. Its verdicts hold for the instance that was asked about.
#[derive(Clone, Debug, Default)]
pub struct Counting {
    /// How far it goes.
    pub limits: Limits,
}

/// What a whole exploration has seen.
struct Seen {
    /// In the order of the properties that were asked for.
    shown: Vec<bool>,
    /// The most that was sold beyond what there was, plus that.
    worst: i64,
    states: usize,
    transitions: u64,
    ends: u64,
    /// The limit that was hit, if one was.
    limit: Option<Limit>,
}

/// A limit that was hit.
struct Limit {
    text: String,
    /// Whether it was that on states.
    is_of_states: bool,
}

impl Engine for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn check(
        &self,
        scenario: &Scenario,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Vec<Finding>, CheckError> {
        alike(self.name(), scenario)?;
        if instance.total().is_none_or(|threads| threads > MOST_THREADS) {
            let reason = format!("counts up to {MOST_THREADS} threads; for more ask for any number of them");
            return Err(CheckError::Unsupported { engine: self.name(), reason });
        }
        let read = || Automaton::merged(scenario, &self.limits, Endings::asked_by(properties), instance);
        by_automaton(scenario, properties, read, |automaton| self.decide(automaton, instance, properties))
    }
}

/// What is tried, one after the other, until everything is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Every state, if they are not many.
    Small,
    /// The worst case directly, failures of a few threads, and what holds for any number of them.
    Elsewhere,
    /// Every state, up to the limits.
    Large,
}

/// How many states are not many: at most so many are looked at before anything else is tried,
const NOT_MANY: usize = 20_000;

/// and this many where all code has been read already, so that anything else takes little.
const FEW_STATES: usize = 5_000;

/// The most threads of a failure that is looked for before all states are.
const FEW: usize = 4;

impl Counting {
    fn decide(
        &self,
        automaton: &mut Automaton,
        instance: &Instance,
        properties: &[Property],
    ) -> Result<Decided, CheckError> {
        let mut verdicts: Vec<Option<Verdict>> = vec![None; properties.len()];
        let mut worst = None;
        for stage in [Stage::Small, Stage::Elsewhere, Stage::Large] {
            let open: Vec<usize> = (0..properties.len()).filter(|i| verdicts[*i].is_none()).collect();
            let oversell = properties.contains(&Property::NoOversell) && worst.is_none();
            if open.is_empty() && !(oversell && stage == Stage::Elsewhere) {
                continue;
            }
            let asked: Vec<_> = open.iter().map(|i| properties[*i]).collect();
            let before = automaton.len();
            let settled = match self.settle(stage, automaton, instance, &asked, &mut worst) {
                Ok(settled) => settled,
                // What is read for any number of threads may have no end; what is asked about may all the same.
                Err(CheckError::Automaton(AutomatonError::Unbounded(_))) if stage == Stage::Elsewhere => {
                    automaton.has_read_in_vain(automaton.len() - before);
                    continue;
                }
                Err(CheckError::Automaton(AutomatonError::Unbounded(bound))) if stage == Stage::Large => {
                    vec![Some(undecided(&bound, automaton)); open.len()]
                }
                Err(error) => return Err(error),
            };
            for (i, verdict) in open.into_iter().zip(settled) {
                verdicts[i] = verdict;
            }
        }
        let settled = verdicts.into_iter().map(|verdict| verdict.expect("the last stage leaves nothing open"));
        Ok(Decided { verdicts: settled.collect(), worst })
    }

    /// The verdicts that a stage comes to; `None` for what it leaves open.
    fn settle(
        &self,
        stage: Stage,
        automaton: &mut Automaton,
        instance: &Instance,
        properties: &[Property],
        worst: &mut Option<u64>,
    ) -> Result<Vec<Option<Verdict>>, CheckError> {
        match stage {
            Stage::Small => {
                let most = if automaton.all_is_read() { FEW_STATES } else { NOT_MANY };
                self.all_states(most, automaton, instance, properties, worst)
            }
            Stage::Elsewhere => self.elsewhere(automaton, instance, properties, worst),
            Stage::Large => self.all_states(self.limits.max_states, automaton, instance, properties, worst),
        }
    }

    /// Explores every state, up to so many.
    fn all_states(
        &self,
        most: usize,
        automaton: &mut Automaton,
        instance: &Instance,
        properties: &[Property],
        worst: &mut Option<u64>,
    ) -> Result<Vec<Option<Verdict>>, CheckError> {
        let first = instance.threads.first().and_then(|threads| threads.number()).unwrap_or(0);
        all_states(self.name(), most, automaton, instance, properties, 0..=first, worst)
    }

    /// Settles what needs not every state of the instance.
    fn elsewhere(
        &self,
        automaton: &mut Automaton,
        instance: &Instance,
        properties: &[Property],
        worst: &mut Option<u64>,
    ) -> Result<Vec<Option<Verdict>>, CheckError> {
        let parametric = Parametric { max_threads: FEW, ..Parametric::default() };
        let any = Threads::Any;
        let threads =
            instance.threads.iter().map(|threads| if *threads == Threads::Exactly(0) { *threads } else { any });
        let any = Instance { threads: threads.collect(), ..instance.clone() };
        let all = std::mem::replace(&mut automaton.meter().limits.max_states, NOT_MANY);
        let covered = parametric.decide(automaton, &any, properties);
        automaton.meter().limits.max_states = all;
        let covered = covered?;
        if covered.complete && worst.is_none() {
            let mut space = Space::new(automaton, instance)?;
            let found = directed::worst(&mut space, covered.worst.and_then(|most| i64::try_from(most).ok()))?;
            *worst = found.and_then(|sold| u64::try_from(sold).ok());
        }
        let mut verdicts = Vec::new();
        for verdict in covered.verdicts {
            verdicts.push(match verdict {
                // It holds for every number of threads, and so for this one.
                Verdict::Proved(_) | Verdict::Impossible(_) => Some(verdict),
                Verdict::Refuted { ref witness, .. } | Verdict::Possible { ref witness, .. } => {
                    is_shown_by(automaton, instance, witness)?.then_some(verdict)
                }
                Verdict::Bounded { .. } | Verdict::Inconclusive { .. } => None,
            });
        }
        Ok(verdicts)
    }
}

/// Whether the threads of an instance show, too, what a few threads do.
fn is_shown_by(
    automaton: &mut Automaton,
    instance: &Instance,
    witness: &super::Witness,
) -> Result<bool, AutomatonError> {
    let few = &witness.instance.threads;
    if few.iter().zip(&instance.threads).any(|(few, many)| few.number() > many.number()) {
        return Ok(false);
    }
    match witness.property.scope() {
        // The others can just stand still.
        Scope::Steps => Ok(true),
        Scope::States => Ok(is_upward_closed(witness.property)),
        Scope::Ends => extension::shows_with_all(&mut Space::new(automaton, instance)?, witness),
        Scope::Futures => Ok(false),
    }
}

/// Explores every state, up to so many. A property that shows gets its witness from instances with so many threads of the
/// first role. The verdicts are `None` for what more states may settle.
pub(super) fn all_states(
    engine: &'static str,
    most: usize,
    automaton: &mut Automaton,
    instance: &Instance,
    properties: &[Property],
    threads: RangeInclusive<usize>,
    worst: &mut Option<u64>,
) -> Result<Vec<Option<Verdict>>, CheckError> {
    let limit = automaton.meter().limits.max_states;
    let most = most.min(limit);
    let seen = explore(automaton, instance, properties, most)?;
    let last = most == limit || seen.limit.as_ref().is_some_and(|limit| !limit.is_of_states);
    let explored = Explored(vec![
        ("states", seen.states as u64),
        ("transitions", seen.transitions),
        ("nodes", automaton.reached() as u64),
    ]);
    let mut verdicts = Vec::new();
    for (&property, &shown) in properties.iter().zip(&seen.shown) {
        let inconclusive = |limit: String| Verdict::Inconclusive { limit, explored: explored.clone() };
        verdicts.push(if shown {
            Some(match witness::smallest(engine, automaton, instance, property, threads.clone())? {
                Sought::Found(witness) => Verdict::settled(property, Some(witness), explored.clone()),
                Sought::Stopped(limit) => inconclusive(limit),
                Sought::Nowhere => {
                    let reason = format!("{property} shows for this instance, and no schedule does");
                    return Err(CheckError::Witness { engine, reason });
                }
            })
        } else if let Some(limit) = &seen.limit {
            last.then(|| inconclusive(limit.text.clone()))
        } else if property.scope() == Scope::Ends && seen.ends == 0 {
            Some(inconclusive(NO_END.to_owned()))
        } else {
            Some(Verdict::settled(property, None, explored.clone()))
        });
    }
    if seen.limit.is_none() {
        *worst = Some(u64::try_from(seen.worst).unwrap_or(0));
    }
    Ok(verdicts)
}

/// Whether what shows a property shows it with more threads, too, as these can just stand still.
fn is_upward_closed(property: Property) -> bool {
    matches!(property, Property::NoOversell | Property::SearchesOverlap)
}

/// Why nothing about ends is proved where there are none.
pub(super) const NO_END: &str = "no execution ends, so there is no end at which it could hold (see no-livelock)";

fn explore(
    automaton: &mut Automaton,
    instance: &Instance,
    properties: &[Property],
    most: usize,
) -> Result<Seen, AutomatonError> {
    let mut space = Space::merged(automaton, instance)?;
    let stock = space.stock();
    let of_scope =
        |scope| -> Vec<usize> { (0..properties.len()).filter(|i| properties[*i].scope() == scope).collect() };
    let (of_states, of_ends) = (of_scope(Scope::States), of_scope(Scope::Ends));
    let mut seen =
        Seen { shown: vec![false; properties.len()], worst: 0, states: 0, transitions: 0, ends: 0, limit: None };
    let mut states = States::default();
    let ((mut state, mut flags), mut next) = (space.initial()?, Vec::new());
    states.insert(&state);
    let mut number = 0;
    while number < states.len() {
        state.clear();
        state.extend_from_slice(states.get(number));
        let steps = space.ample(&state, &mut next, |_, transition, next| {
            seen.transitions += 1;
            flags = flags.or(transition.flags);
            states.insert(next);
        })?;
        let balance = space.balance(&state).expect("a known number of threads has a bound");
        seen.worst = seen.worst.max(balance + stock);
        for &i in &of_states {
            seen.shown[i] |= match properties[i] {
                Property::NoOversell => balance > 0,
                property => !seen.shown[i] && space.state_shows(property, &state),
            };
        }
        if !steps {
            seen.ends += 1;
            let finale = space.finale(&state);
            for &i in &of_ends {
                seen.shown[i] |= space.end_shows(properties[i], &state, &finale);
            }
        }
        number += 1;
        let (count, bytes) = (states.len(), states.bytes() + space.automaton.bytes());
        let limit = space.automaton.meter().look("states", count, most, bytes);
        seen.limit = limit.map(|text| Limit { text, is_of_states: count > most });
        if seen.limit.is_some() {
            break;
        }
    }
    seen.states = states.len();
    drop(states);
    for (i, property) in properties.iter().enumerate() {
        match property {
            Property::NoTornRead => seen.shown[i] = flags.torn,
            Property::NoCrash => seen.shown[i] = flags.crash,
            // Where no code goes round, every execution ends.
            Property::NoLivelock if seen.limit.is_none() && !space.automaton.is_acyclic() => {
                match Trapped::in_all(&mut space)? {
                    Ok(trapped) => seen.shown[i] = !trapped.is_empty(),
                    Err(text) => seen.limit = Some(Limit { text, is_of_states: false }),
                }
            }
            _ => {}
        }
    }
    Ok(seen)
}
