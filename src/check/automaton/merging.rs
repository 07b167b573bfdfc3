//! Control points that no future can tell apart are merged.
//!
//! Two are told apart if, with some content that their object may still come to, they do something else: another
//! change, something else that is told, or a step to control points that are told apart themselves (partition refinement;
//! Kanellakis and Smolka, 1990). A buyer that saw 7 and one that saw 3 and will read again are one; and once the count
//! is 5, so are two whose compare-exchange expects 7 and 8: both will fail, as it never rises again. So it depends on what
//! may still come, and control points are merged anew as that grows less.
//!
//! It is exact: states in which threads stand at merged control points have the same futures, step by step, and the same to
//! say to every property. All that may come is known from the [closure](super::closure), which knows more than
//! executions come to; where there is none, nothing is merged. Witnesses are searched for without it.

use super::closure::Closure;
use super::{Automaton, Edge, NodeId, Place, Taken};
use crate::sync::{ObjectId, Step};
use rustc_hash::{FxHashMap, FxHashSet};

/// At most so many edges are compared for all contexts together; from then on, only what is merged in all of them is.
const MOST_COMPARED: usize = 1_000_000;

/// Which control points are merged in which context: by what each object may still come to.
pub(super) struct Merging {
    /// By object, the sets of contents that it may still come to.
    sets: Vec<Vec<Vec<u32>>>,
    /// By object and by content, the number of the set that it may still come to.
    set_of: Vec<Vec<u32>>,
    /// By context, which control point stands for each. The first is of everything.
    stand_ins: Vec<Vec<NodeId>>,
    /// The objects for which there is more than one set, each with how many contexts come before its next one; none if
    /// there are too many contexts to be numbered.
    varying: Vec<(ObjectId, u64)>,
    /// By their numbers as `varying` counts them, those contexts that have been asked for.
    contexts: FxHashMap<u64, u32>,
    /// Whether a kill can tell control points apart.
    kills: bool,
    compared: usize,
}

impl Automaton {
    /// Merges what can be merged.
    pub(super) fn merge(&mut self, closure: &Closure, kills: bool) {
        let (mut sets, mut set_of) = (Vec::new(), Vec::new());
        for (contents, changes) in closure.contents.iter().zip(&closure.changes) {
            let (of_object, of_content) = futures(contents, changes);
            sets.push(of_object);
            set_of.push(of_content);
        }
        let all = closure.contents.iter().collect::<Vec<_>>();
        let varying = varying(&sets).unwrap_or_default();
        let (stand_ins, contexts) = (Vec::new(), FxHashMap::default());
        let mut merging = Merging { sets, set_of, stand_ins, varying, contexts, kills, compared: 0 };
        let everywhere = self.partition(&all, &mut merging);
        merging.stand_ins.push(everywhere);
        self.merging = Some(merging);
        self.all_is_read = true;
    }

    /// Whether control points are merged.
    pub fn is_merged(&self) -> bool {
        self.merging.is_some()
    }

    /// The context of these contents, by number: all that may still come.
    pub fn context(&mut self, contents: &[u32]) -> u32 {
        let Some(merging) = &self.merging else { return 0 };
        if merging.varying.is_empty() {
            return 0;
        }
        let place = |(object, before): &(ObjectId, u64)| {
            let set = merging.set_of[*object].get(contents[*object] as usize).filter(|set| **set != u32::MAX);
            u64::from(*set.expect("the closure has every content that an object can have")) * before
        };
        let key = merging.varying.iter().map(place).sum();
        match merging.contexts.get(&key) {
            Some(&known) => known,
            None => self.new_context(key),
        }
    }

    #[cold]
    fn new_context(&mut self, key: u64) -> u32 {
        let mut merging = self.merging.take().expect("only what is merged has contexts");
        let mut number = 0;
        if merging.compared < MOST_COMPARED {
            let mut sets: Vec<_> = merging.sets.iter().map(|sets| sets[0].clone()).collect();
            for (object, before) in &merging.varying {
                let of_object = &merging.sets[*object];
                sets[*object] = of_object[(key / before) as usize % of_object.len()].clone();
            }
            let stand_ins = self.partition(&sets.iter().collect::<Vec<_>>(), &mut merging);
            number = merging.stand_ins.len() as u32;
            merging.stand_ins.push(stand_ins);
        }
        merging.contexts.insert(key, number);
        self.merging = Some(merging);
        number
    }

    /// The control point that stands for this one.
    pub fn stand_in(&self, context: u32, node: NodeId) -> NodeId {
        let merging = self.merging.as_ref();
        merging.and_then(|merging| merging.stand_ins[context as usize].get(node as usize).copied()).unwrap_or(node)
    }

    /// By control point, the first of those that are one with it while objects hold no other contents than these.
    fn partition(&self, contents: &[&Vec<u32>], merging: &mut Merging) -> Vec<NodeId> {
        let mut first: FxHashMap<_, u32> = FxHashMap::default();
        let mut classes: Vec<u32> = Vec::with_capacity(self.nodes.len());
        for (number, node) in self.nodes.iter().enumerate() {
            // Ends of one kind are one already; what the parent remembers is left alone.
            let alone = node.role.is_none() || !matches!(node.place, Place::Before(_));
            let whose = if self.apart { Some(node.actor) } else { None };
            let held = merging.kills.then_some(&node.held);
            // What a choice is called is part of the move.
            let names = match node.step() {
                Some(Step::Choose(choice)) => Some(choice),
                _ => None,
            };
            let alone = alone.then_some(number);
            let key = (alone, node.role, whose, &node.tally, &node.inside, held, node.object(), names);
            let next = first.len() as u32;
            classes.push(*first.entry(key).or_insert(next));
        }
        let outcomes: Vec<Vec<Outcomes>> =
            (0..self.nodes.len()).map(|node| self.outcomes_with(node, contents)).collect();
        let edges: usize = outcomes.iter().map(Vec::len).sum();
        let mut count = first.len();
        loop {
            let mut numbers: FxHashMap<Signature, u32> = FxHashMap::default();
            let mut refined = Vec::with_capacity(classes.len());
            for (node, outcomes) in outcomes.iter().enumerate() {
                let with_classes = |outcomes: &Outcomes| {
                    let mut classed: Outcomes =
                        outcomes.iter().map(|(content, to, what)| (*content, classes[*to as usize], *what)).collect();
                    classed.sort_unstable();
                    classed
                };
                let signature = (classes[node], outcomes.iter().map(with_classes).collect());
                let next = numbers.len() as u32;
                refined.push(*numbers.entry(signature).or_insert(next));
            }
            merging.compared += edges;
            classes = refined;
            if numbers.len() == count {
                break;
            }
            count = numbers.len();
        }
        let mut stand_ins: FxHashMap<u32, NodeId> = FxHashMap::default();
        let stand_in = |(node, class): (usize, &u32)| *stand_ins.entry(*class).or_insert(node as NodeId);
        classes.iter().enumerate().map(stand_in).collect()
    }

    /// What the step at a control point can come to, with each of these contents of its object.
    fn outcomes_with(&self, node: usize, contents: &[&Vec<u32>]) -> Vec<Outcomes> {
        let with = |slot: u32| {
            let edges = self.known_edges(node as NodeId, slot).iter();
            edges.map(|edge| (edge.content, u32::from(edge.to), self.what_else(edge))).collect()
        };
        match self.nodes[node].object() {
            Some(object) => contents[object].iter().map(|content| with(*content)).collect(),
            None => vec![with(0)],
        }
    }

    /// What happens besides in a step, in one number.
    fn what_else(&self, edge: &Edge) -> u64 {
        let Taken { flags, left, dies, .. } = self.taken(edge);
        let bits = u64::from(flags.torn) | u64::from(flags.crash) << 1 | u64::from(*dies) << 2;
        // Whoever leaves something behind is not compared any further: that is rare.
        let left = if left.is_empty() { 0 } else { u64::from(edge.taken) + 1 };
        bits | u64::from(edge.pick) << 3 | left << 19
    }
}

/// Where the outcomes of a step lead: which content, to whom, and what happens besides.
type Outcomes = Vec<(u32, u32, u64)>;

/// What tells control points apart: what did before, and what each content comes to.
type Signature = (u32, Vec<Outcomes>);

/// The objects that have more than one set, each with the product of the numbers of those before it; `None` if that is too
/// much.
fn varying(sets: &[Vec<Vec<u32>>]) -> Option<Vec<(ObjectId, u64)>> {
    let (mut varying, mut before) = (Vec::new(), 1_u64);
    for (object, sets) in sets.iter().enumerate().filter(|(_, sets)| sets.len() > 1) {
        varying.push((object, before));
        before = before.checked_mul(sets.len() as u64)?;
    }
    Some(varying)
}

/// The sets of contents that may still come, and by content, which of them.
fn futures(contents: &[u32], changes: &FxHashSet<(u32, u32)>) -> (Vec<Vec<u32>>, Vec<u32>) {
    let mut after: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (before, next) in changes {
        after.entry(*before).or_default().push(*next);
    }
    let (mut sets, mut set_of): (Vec<Vec<u32>>, Vec<u32>) = (Vec::new(), Vec::new());
    for &content in contents {
        let mut set: FxHashSet<u32> = FxHashSet::default();
        let mut work = vec![content];
        while let Some(next) = work.pop() {
            if set.insert(next) {
                work.extend(after.get(&next).into_iter().flatten());
            }
        }
        let mut set: Vec<u32> = set.into_iter().collect();
        set.sort_unstable();
        let number = sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            sets.push(set);
            sets.len() - 1
        });
        if set_of.len() <= content as usize {
            set_of.resize(content as usize + 1, u32::MAX);
        }
        set_of[content as usize] = number as u32;
    }
    (sets, set_of)
}
