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

use super::automaton::{Automaton, AutomatonError, NodeId};
use super::exploration::{MANY, Mover, Space, Transition};
use super::states::States;
use super::{Instance, Property, Scope, Threads};
use rustc_hash::{FxHashMap, FxHashSet};

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
    kept: States,
}

impl Saturated {
    /// Every abstract state: its sums, and the state itself as [`Space`] has it.
    pub fn kept(&self) -> impl Iterator<Item = (Sums, &[u32])> {
        (0..self.kept.len()).map(|number| Sums::of(self.kept.get(number)))
    }
}

/// What has been sold and restocked so far, as four words before a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// How many more are sold than there are; of any number of threads, 1 for that or more.
    pub balance: i64,
    pub restocked: i64,
}

/// The most that `balance` counts: this, or more. Where it is known how many threads there are, it is exact.
fn most(instance: &Instance) -> i64 {
    if instance.is_any() { 1 } else { i64::MAX }
}

impl Sums {
    const WORDS: usize = 4;

    fn words(self) -> [u32; Sums::WORDS] {
        let halves = |number: i64| [number as u32, (number >> 32) as u32];
        let ([a, b], [c, d]) = (halves(self.balance), halves(self.restocked));
        [a, b, c, d]
    }

    /// The sums of a state, and the state itself.
    fn of(words: &[u32]) -> (Sums, &[u32]) {
        let (sums, state) = words.split_at(Sums::WORDS);
        let whole = |low: u32, high: u32| (u64::from(high) << 32 | u64::from(low)) as i64;
        (Sums { balance: whole(sums[0], sums[1]), restocked: whole(sums[2], sums[3]) }, state)
    }

    /// After so many more were sold and restocked. From `most`, or more, something can come to anything below.
    fn and(self, sold: i64, restocked: i64, most: i64) -> Vec<Sums> {
        let change = sold - restocked;
        let restocked = self.restocked + restocked;
        let lowest = (self.balance + change).min(most);
        let highest = if self.balance == most { most } else { lowest };
        (lowest..=highest).map(|balance| Sums { balance, restocked }).collect()
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
        kept: States::default(),
    };
    let most = most(instance);
    let sums = properties.iter().any(|property| counts_sales(*property));
    let mut states = States::default();
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
        insert(&mut states, Sums { balance, restocked: 0 }, &capped(&sized, initial, k));
    }
    let progress = properties.contains(&Property::NoLivelock);
    let mut alone = Alone::default();
    let (mut number, mut next) = (0, Vec::new());
    while number < states.len() {
        let words = states.get(number).to_vec();
        let (told, state) = Sums::of(&words);
        let mut nexts: Vec<(Transition, Vec<u32>)> = Vec::new();
        // Of "more" who have not been started there are `k + 1` or more, and so `k` or more once one of them is.
        let mut counted = state.to_vec();
        if space.unstarted(state) == MANY {
            counted[space.head() - 1] = k + 1;
        }
        let steps =
            space.moves_of_one(&counted, &mut next, |_, transition, next| nexts.push((transition, next.clone())))?;
        saturated.transitions += nexts.len() as u64;
        for (transition, next) in nexts {
            saturated.note(properties, |property| flagged(property, transition.flags));
            let (sold, restocked) = if sums { told_by(&space, &transition) } else { (0, 0) };
            for mut next in variants(&space, &counted, &transition, next, k) {
                space.merge_others(&counted, &mut next);
                let next = capped(&space, next, k);
                for told in told.and(sold, restocked, most) {
                    insert(&mut states, told, &next);
                }
            }
        }
        saturated.look(&mut space, properties, told, state, !steps);
        if progress && steps && !alone.somebody(&mut space, state)? {
            saturated.note(properties, |property| property == Property::NoLivelock);
        }
        number += 1;
        let (count, bytes) = (states.len(), states.bytes() + space.automaton.bytes());
        let meter = space.automaton.meter();
        let limit = meter.limits.max_states;
        saturated.limit = meter.look("states", count, limit, bytes);
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

fn insert(states: &mut States, sums: Sums, state: &[u32]) {
    states.insert(&[&sums.words()[..], state].concat());
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

/// The state with every count above `k` as "more".
fn capped(space: &Space<'_>, mut state: Vec<u32>, k: u32) -> Vec<u32> {
    let head = space.head();
    let unstarted = &mut state[head - 1];
    if *unstarted > k {
        *unstarted = MANY;
    }
    for pair in &mut state[head..] {
        if *pair & 0xffff > k {
            *pair |= MANY;
        }
    }
    state
}

/// What the states may be that a transition leads to: whoever left "more" behind may have left exactly `k`.
fn variants(space: &Space<'_>, before: &[u32], transition: &Transition, next: Vec<u32>, k: u32) -> Vec<Vec<u32>> {
    let next = capped(space, next, k);
    let mut variants = vec![next];
    if let Mover::At(node) = transition.mover
        && transition.to != node
        && space.marking(before).any(|(other, count)| other == node && count == MANY)
    {
        for i in 0..variants.len() {
            let mut fewer = variants[i].clone();
            let pair = fewer[space.head()..].iter_mut().find(|pair| (**pair >> 16) as NodeId == node);
            // Whoever is started there in the same moment makes it more again.
            if let Some(pair) = pair {
                *pair = u32::from(node) << 16 | k;
                variants.push(fewer);
            }
        }
    }
    let unstarted = space.head() - 1;
    if before[unstarted] > k && variants[0][unstarted] == k {
        for i in 0..variants.len() {
            let mut more = variants[i].clone();
            more[unstarted] = MANY;
            variants.push(more);
        }
    }
    variants
}

/// How many more a transition sells and restocks.
fn told_by(space: &Space<'_>, transition: &Transition) -> (i64, i64) {
    let Mover::At(node) = transition.mover else { return (0, 0) };
    let (before, after) = (&space.automaton.node(node).tally, &space.automaton.node(transition.to).tally);
    (after.sold - before.sold, after.restocked - before.restocked)
}

impl Saturated {
    fn note(&mut self, properties: &[Property], shows: impl Fn(Property) -> bool) {
        for (shown, property) in self.shown.iter_mut().zip(properties) {
            *shown |= shows(*property);
        }
    }

    fn look(&mut self, space: &mut Space<'_>, properties: &[Property], told: Sums, state: &[u32], end: bool) {
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
                    end && told.balance < 0 && space.asked(state).is_none_or(|asked| sold < asked)
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

/// Who can come to an end alone.
#[derive(Default)]
struct Alone {
    /// By contents and control point.
    known: FxHashMap<(Vec<u32>, NodeId), bool>,
}

impl Alone {
    /// Whether somebody in this state can.
    fn somebody(&mut self, space: &mut Space<'_>, state: &[u32]) -> Result<bool, AutomatonError> {
        let contents = &state[..space.objects()];
        let parent = space.parent_at(state);
        let there =
            space.marking(state).map(|(node, _)| node).filter(|node| space.automaton.node(*node).step().is_some());
        let there: Vec<NodeId> = parent.into_iter().chain(there).collect();
        for node in there {
            if self.can_end(space, contents, node)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn can_end(&mut self, space: &mut Space<'_>, contents: &[u32], node: NodeId) -> Result<bool, AutomatonError> {
        let start = (contents.to_vec(), node);
        if let Some(&known) = self.known.get(&start) {
            return Ok(known);
        }
        let mut seen: FxHashSet<(Vec<u32>, NodeId)> = FxHashSet::default();
        let mut work = vec![start.clone()];
        let mut found = false;
        'search: while let Some((contents, node)) = work.pop() {
            if !seen.insert((contents.clone(), node)) {
                continue;
            }
            let object = space.automaton.node(node).object();
            for edge in space.automaton.edges(node, &contents)?.to_vec() {
                if space.automaton.node(edge.to).step().is_none() {
                    found = true;
                    break 'search;
                }
                let mut contents = contents.clone();
                if let Some(object) = object {
                    contents[object] = edge.content;
                }
                work.push((contents, edge.to));
            }
            let (count, bytes) = (seen.len(), space.automaton.bytes());
            let meter = space.automaton.meter();
            let limit = meter.limits.max_states;
            if meter.look("states", count, limit, bytes).is_some() {
                break;
            }
        }
        self.known.insert(start, found);
        Ok(found)
    }
}
