//! Saturating counters: how executions end, for any number of threads.
//!
//! After the (0, 1, ∞)-counters of Pnueli, Xu and Zuck (CAV 2002): how many threads stand at a control point is counted
//! up to *k*, and beyond that is "more". One who leaves "more" may leave *k* behind or still more; both are explored. What
//! is shared, how many were killed, and what was sold stay exact (sold more than there is, is "more", too). So the states
//! are finitely many, and every execution of every number of threads is among them: a bad end that cannot be reached
//! here cannot be reached at all. One that can may be none; only a concrete execution tells.
//!
//! It departs from the paper in where control points come from, and in that a *livelock* is excluded by progress: if in
//! every state here somebody who stands there can come to an end alone, then from every state an end can be reached,
//! one thread after the other. That is so for every number of threads, as what somebody can do alone depends on what is
//! shared and where it stands, and both are exact.

mod alone;
mod counts;

use super::automaton::{Automaton, AutomatonError, NodeId};
use super::exploration::{MANY, Mover, Space, Transition};
use super::states::States;
use super::{Instance, Property, Scope, Threads};
use alone::Alone;
pub use counts::Sums;
use counts::{Counted, Told};

/// What the abstract states have shown.
pub struct Saturated {
    /// In the order of the properties: whether it may show.
    pub shown: Vec<bool>,
    pub states: usize,
    pub transitions: u64,
    /// Whether any execution may end.
    pub ends: bool,
    /// The limit that was hit.
    pub limit: Option<String>,
    /// Every state, with what had been sold and restocked by then.
    kept: Counted,
}

impl Saturated {
    /// Every abstract state: its sums, and the state itself as [`Space`] has it.
    pub fn kept(&self) -> impl Iterator<Item = (Sums, &[u32])> {
        (0..self.kept.len()).map(|number| self.kept.get(number))
    }
}

/// Explores the abstract states, with counts up to `k`.
pub fn saturate(
    automaton: &mut Automaton,
    instance: &Instance,
    properties: &[Property],
    k: u32,
) -> Result<Saturated, AutomatonError> {
    let mut space = Space::merged(automaton, instance)?;
    let mut saturated = Saturated {
        shown: vec![false; properties.len()],
        states: 0,
        transitions: 0,
        ends: false,
        limit: None,
        kept: Counted::new(instance, k),
    };
    let sums = properties.iter().any(|property| counts_sales(*property));
    let asks = asks(&space, properties);
    let mut states = Counted::new(instance, k);
    for instance in starts(instance, k) {
        let mut sized = Space::merged(space.automaton, &instance)?;
        let (initial, flags) = sized.initial()?;
        saturated.note(properties, |property| flagged(property, flags));
        if sized.told(&initial).is_none_or(|told| told.sold != 0 || told.restocked != 0) {
            saturated.limit =
                Some("something is sold before the first step, which saturating counters do not count".to_owned());
            return Ok(saturated);
        }
        let balance = if sums { -sized.stock() } else { 0 };
        states.add(&sized, Sums { balance, ..Sums::default() }, &initial);
    }
    let mut progress = properties.contains(&Property::NoLivelock);
    let mut alone = Alone::default();
    let (mut number, mut next) = (0, Vec::new());
    let (mut state, mut counted) = (Vec::new(), Vec::new());
    while number < states.len() {
        let (told, words) = states.get(number);
        state.clear();
        state.extend_from_slice(words);
        // Of "more" who have not been started there are `k + 1` or more, and so `k` or more once one of them is.
        counted.clear();
        counted.extend_from_slice(words);
        if space.unstarted(&state) == MANY {
            counted[space.head() - 1] = k + 1;
        }
        let steps = space.moves_of_one(&counted, &mut next, |space, transition, next| {
            saturated.transitions += 1;
            saturated.note(properties, |property| flagged(property, transition.flags));
            let more = if sums { told_by(space, &transition, asks) } else { Told::default() };
            states.add_all(space, (told, &counted), &transition, more, next);
        })?;
        saturated.look(&mut space, properties, (told, asks), &state, !steps);
        if progress && steps && !alone.somebody(&mut space, &state)? {
            saturated.note(properties, |property| property == Property::NoLivelock);
            progress = false;
        }
        number += 1;
        let (count, bytes) = (states.len(), states.bytes() + space.automaton.bytes());
        let meter = space.automaton.meter();
        let limit = meter.limits.max_states;
        saturated.limit = meter.look("states", count, limit, bytes);
        if instance.is_any() {
            saturated.limit = saturated.limit.or_else(|| space.automaton.has_read_much());
        }
        if saturated.limit.is_some() {
            break;
        }
    }
    saturated.states = states.len();
    saturated.kept = states;
    Ok(saturated)
}

/// Whether a property needs to know what was sold.
pub fn counts_sales(property: Property) -> bool {
    use Property::{LedgerBalances, NoOversell, NoUndersell, Own, SellsOut};
    matches!(property, LedgerBalances | NoOversell | NoUndersell | SellsOut | Own(_))
}

fn flagged(property: Property, flags: super::automaton::Flags) -> bool {
    match property {
        Property::NoTornRead => flags.torn,
        Property::NoCrash => flags.crash,
        _ => false,
    }
}

/// The instances that "any number" stands for: from one thread up to `k`, and more. One more than `k` is named, too: where
/// threads are started one by one, there are `k` left of so many, and not more.
fn starts(instance: &Instance, k: u32) -> Vec<Instance> {
    let mut starts = vec![Vec::new()];
    for threads in &instance.threads {
        let counts: Vec<Threads> = match threads {
            Threads::Any => (1..=k as usize + 1).map(Threads::Exactly).chain([Threads::Any]).collect(),
            exactly => vec![*exactly],
        };
        starts = starts
            .into_iter()
            .flat_map(|start: Vec<Threads>| counts.iter().map(move |count| [&start[..], &[*count]].concat()))
            .collect();
    }
    starts.into_iter().map(|threads| Instance { threads, ..instance.clone() }).collect()
}

/// Whether it is counted what those have asked for who have ended. (Who ends before its first step ends in no transition
/// of its own.)
fn asks(space: &Space<'_>, properties: &[Property]) -> bool {
    let mut starts = (0..space.instance().threads.len()).map(|role| space.start_of(role, 0));
    let step = |node: NodeId| space.automaton.node(node).step().is_some();
    space.instance().is_any() && properties.contains(&Property::NoUndersell) && starts.all(step)
}

/// What a transition adds to the sums.
fn told_by(space: &Space<'_>, transition: &Transition, asks: bool) -> Told {
    let Mover::At(node) = transition.mover else { return Told::default() };
    let (before, after) = (&space.automaton.node(node).tally, &space.automaton.node(transition.to).tally);
    let ends = asks && space.automaton.node(transition.to).step().is_none();
    let asked = if ends { space.asks_at(transition.to) } else { 0 };
    Told { sold: after.sold - before.sold, restocked: after.restocked - before.restocked, asked }
}

impl Saturated {
    fn note(&mut self, properties: &[Property], shows: impl Fn(Property) -> bool) {
        for (shown, property) in self.shown.iter_mut().zip(properties) {
            *shown |= shows(*property);
        }
    }

    fn look(
        &mut self,
        space: &mut Space<'_>,
        properties: &[Property],
        (told, asks): (Sums, bool),
        state: &[u32],
        end: bool,
    ) {
        self.ends |= end;
        let count = if end { space.automaton.audit(&state[..space.objects()]) } else { None };
        let count = count.and_then(|count| i64::try_from(count).ok());
        for (shown, &property) in self.shown.iter_mut().zip(properties) {
            if *shown {
                continue;
            }
            *shown = match property {
                Property::NoOversell => told.balance > 0,
                Property::SearchesOverlap => space.searching(state) >= 2,
                Property::LedgerBalances => end && count.map(|count| count + told.balance) != Some(0),
                Property::SellsOut => end && told.balance == 0 && count == Some(0),
                Property::NoDeadlock => {
                    end && space.marking(state).any(|(node, _)| space.automaton.node(node).step().is_some())
                }
                Property::NoUndersell => {
                    let sold = told.balance + space.stock() + told.restocked;
                    let asked = match asks {
                        false => space.asked(state, true),
                        true if told.asked == space.stock() => None,
                        true => space.asked(state, false).map(|there| there + told.asked),
                    };
                    end && told.balance < 0 && asked.is_none_or(|asked| sold < asked)
                }
                Property::Own(own) => match own.scope {
                    Scope::Ends => end,
                    _ => space.own_may_show(property, state),
                },
                Property::NoTornRead | Property::NoCrash | Property::NoLivelock => false,
            };
        }
    }
}
