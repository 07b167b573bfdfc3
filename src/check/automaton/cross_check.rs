//! The cross-check: whether the code does again what it did when it was read.
//!
//! No search can prove that code hides nothing, as a static or a cell that it captures might count to a million before
//! it shows. What can be done is done for every edge that a verdict rests on: it is read twice more, in the opposite
//! order, on a thread of its own (so with fresh thread-locals) and with handles that were built anew; once by the same
//! script, and once by the whole history that first led there, in which every span runs. Where other histories lead there
//! too, as after a span that observed something else, or after some more tries, it is read by a few of those as well.

use super::refusal::{came_to, remember, told};
use super::{Automaton, AutomatonError, NodeId, Taken};
use crate::platform::Actor;
use crate::platform::script::{Memory, Reading, Run, Script};
use crate::sync::{Access, ObjectId, Observation, Step};
use fastrand::Rng;
use rustc_hash::FxHashMap;

/// About how many other histories are read in all, and at most how many of one edge.
pub const OTHER_HISTORIES: usize = 512;
pub const OF_AN_EDGE: usize = 16;

/// After so many steps a history goes on (backwards) in the way that was found first.
const LONGEST_DETOUR: usize = 24;

/// By control point, what leads to it: by observation, the control points from where.
type Ways<'a> = Vec<Vec<(&'a Observation, Vec<NodeId>)>>;

impl Automaton {
    /// Reads every edge again and compares. Whatever differs is an error for all properties. Returns how many edges
    /// were compared.
    pub fn cross_check(&mut self) -> Result<usize, AutomatonError> {
        self.ends_are_seen()?;
        let again = &*self;
        let compared = std::thread::scope(|scope| {
            let reader = std::thread::Builder::new().name("cross-check".to_owned());
            let reader = reader.spawn_scoped(scope, || {
                let before = again.given_up.as_ref().map_or(Ok(0), |before| before.read_again())?;
                Ok(before + again.read_again()?)
            });
            let reader = reader.map_err(|error| {
                let limit = format!("could not start a thread for its cross-check: {error}");
                AutomatonError::Unbounded(super::Bound::Limit(limit))
            })?;
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        if let Err(error) = &compared {
            remember(self.scenario(), error);
        }
        compared
    }

    fn read_again(&self) -> Result<usize, AutomatonError> {
        let (reading, setup) = Reading::new(self.scenario());
        let objects = |setup: &crate::sync::Setup| format!("{:?}", setup.objects());
        let first: Vec<_> = (self.reading.names().iter().copied())
            .zip(self.initial.iter().map(|content| self.contents[*content].clone()))
            .collect();
        if first != setup.objects() {
            return Err(AutomatonError::NotBuiltAlike { first: format!("{first:?}"), second: objects(&setup) });
        }
        let mut compared = 0;
        let mut taken: Vec<_> = self.taken_by.iter().map(|((node, _), taken)| (*taken, *node)).collect();
        taken.sort_unstable();
        // What no search has come to leads nowhere that matters.
        let searched = |number: u32| self.searched[number as usize];
        let ways = self.ways(taken.iter().filter(|(number, _)| searched(*number)));
        let merged = self.reached_twice(&ways);
        let by_others = |number: u32, node: NodeId| merged[node as usize] && searched(number);
        let edges = taken.iter().filter(|(number, node)| by_others(*number, *node)).count().max(1);
        let others = (OTHER_HISTORIES / edges).clamp(1, OF_AN_EDGE);
        // Of very many edges, one in so many.
        let one_in = (edges / OTHER_HISTORIES).max(1) as u32;
        // What no search has come to matters only where control points were merged because of it.
        let matters = |number: u32| self.is_merged() || searched(number);
        let mut meter = self.meter.clone();
        for (number, node) in taken.into_iter().rev().filter(|(number, _)| matters(*number)) {
            let taken = &self.taken[number as usize];
            let skipped = self.read_skipping(&reading, node, taken)?;
            let first = self.history(node);
            self.compare(&reading, node, taken, &first, &skipped)?;
            let others = if by_others(number, node) && number % one_in == 0 { others } else { 0 };
            for other in 0..others {
                let history = self.other_history(&ways, node, number, other);
                if history != first {
                    self.compare(&reading, node, taken, &history, &skipped)?;
                }
            }
            compared += 1;
            if let Some(limit) = meter.look("edges read again", compared, self.taken.len(), self.bytes()) {
                return Err(AutomatonError::Unbounded(super::Bound::Limit(limit)));
            }
        }
        for (actor, root) in &self.roots {
            let again = reading.follow(*actor, Script::Skipping(&[]));
            self.agree(*actor, &[], &root.locals, root.node, &again)?;
        }
        Ok(compared)
    }

    /// An end is no step of its own: it happens together with the step before it, and frees what is still held. On a
    /// machine there is time in between, which nobody can notice but who tries a lock without waiting for it.
    fn ends_are_seen(&self) -> Result<(), AutomatonError> {
        let tried = |object: ObjectId| {
            let tries = |node: &super::Node| matches!(node.step(), Some(Step::On(other, Access::TryLock(_))) if *other == object);
            self.nodes.iter().any(tries)
        };
        // What no search has come to may be what no execution comes to.
        for ((node, _), taken) in self.taken_by.iter().filter(|(_, taken)| self.searched[**taken as usize]) {
            let held = self.taken[*taken as usize].left.iter().find(|(object, _)| tried(*object));
            if let Some((object, _)) = held {
                let (role, object) = (self.whose(self.node(*node).actor), self.reading.names()[*object].to_owned());
                return Err(AutomatonError::EndUnseen { role, object });
            }
        }
        Ok(())
    }

    /// Reads one edge by its script.
    fn read_skipping(&self, reading: &Reading, node: NodeId, taken: &Taken) -> Result<Run, AutomatonError> {
        let actor = self.node(node).actor;
        let mut script = self.memories.list(self.node(node).memory);
        let step = self.node(node).step().expect("only a step is taken");
        script.push(Memory::Took(step.clone(), taken.seen.clone()));
        let skipped = reading.follow(actor, Script::Skipping(&script));
        self.agree(actor, &script, &taken.locals, taken.to, &skipped)?;
        Ok(skipped)
    }

    /// Reads one edge by a whole history that leads to it.
    fn compare(
        &self,
        reading: &Reading,
        node: NodeId,
        taken: &Taken,
        history: &[(Step, Observation)],
        skipped: &Run,
    ) -> Result<(), AutomatonError> {
        let actor = self.node(node).actor;
        let step = self.node(node).step().expect("only a step is taken");
        let history = [history, &[(step.clone(), taken.seen.clone())]].concat();
        let whole = reading.follow(actor, Script::Whole(&history));
        if whole == *skipped {
            return Ok(());
        }
        let names = self.reading.names();
        let history: Vec<_> = history.into_iter().map(|(step, seen)| Memory::Took(step, seen)).collect();
        Err(AutomatonError::Leak {
            role: self.whose(actor),
            history: told(names, &history),
            whole: came_to(names, &whole),
            skipped: came_to(names, skipped),
        })
    }

    fn ways<'t>(&self, taken: impl Iterator<Item = &'t (u32, NodeId)>) -> Ways<'_> {
        let mut ways: Ways<'_> = vec![Vec::new(); self.nodes.len()];
        let mut places: FxHashMap<(NodeId, &Observation), usize> = FxHashMap::default();
        for (number, node) in taken {
            let Taken { to, seen, .. } = &self.taken[*number as usize];
            let ways = &mut ways[*to as usize];
            let place = *places.entry((*to, seen)).or_insert(ways.len());
            if place == ways.len() {
                ways.push((seen, Vec::new()));
            }
            ways[place].1.push(*node);
        }
        ways
    }

    /// By control point: whether more than one history leads there.
    fn reached_twice(&self, ways: &Ways<'_>) -> Vec<bool> {
        let several = |ways: &Vec<(&Observation, Vec<NodeId>)>| ways.iter().map(|(_, from)| from.len()).sum::<usize>();
        let mut merged: Vec<bool> = (ways.iter().zip(&self.nodes))
            .map(|(ways, node)| several(ways) + usize::from(node.from.is_none()) > 1)
            .collect();
        // In the order in which they were found, most come after those that lead there.
        loop {
            let mut more = false;
            for node in 0..merged.len() {
                let follows = || ways[node].iter().flat_map(|(_, from)| from).any(|from| merged[*from as usize]);
                if !merged[node] && follows() {
                    merged[node] = true;
                    more = true;
                }
            }
            if !more {
                return merged;
            }
        }
    }

    /// A history that may lead to a control point in another way than the one that was found first. Of each edge, one
    /// always takes the way that was found last, which goes round and round in a retry; the others take one after the
    /// other of what was observed last, and anything before.
    fn other_history(&self, ways: &Ways<'_>, mut node: NodeId, edge: u32, other: usize) -> Vec<(Step, Observation)> {
        let mut rng = Rng::with_seed(u64::from(edge) * OF_AN_EDGE as u64 + other as u64);
        let (mut detour, mut branched) = (Vec::new(), false);
        while detour.len() < LONGEST_DETOUR {
            let ways = &ways[node as usize];
            // Where code starts, a history may have begun.
            let begun = usize::from(self.node(node).from.is_none());
            let way = match other {
                0 => ways.len().saturating_sub(1),
                _ if ways.len() > 1 && !branched => (edge as usize + other) % (ways.len() + begun),
                _ => rng.usize(..(ways.len() + begun).max(1)),
            };
            branched |= ways.len() > 1;
            let Some((seen, from)) = ways.get(way) else { break };
            node = if other == 0 { from[from.len() - 1] } else { from[rng.usize(..from.len())] };
            detour.push((self.node(node).step().expect("only a step leads on").clone(), (*seen).clone()));
        }
        detour.reverse();
        [self.history(node), detour].concat()
    }

    /// Whether a run comes again to what was read.
    fn agree(
        &self,
        actor: Actor,
        script: &[Memory],
        locals: &[crate::platform::script::Local],
        to: NodeId,
        again: &Run,
    ) -> Result<(), AutomatonError> {
        let before = self.node(to);
        let place = super::Place::of(&again.stop).map(|place| match place {
            super::Place::Ended(class) => super::Place::Ended(self.class(class)),
            place => place,
        });
        let memory_agrees = before.step().is_none() || self.memories.list(before.memory) == again.memory;
        if place.as_ref() == Ok(&before.place) && again.locals == locals && memory_agrees {
            return Ok(());
        }
        let names = self.reading.names();
        let first = match &before.place {
            super::Place::Before(step) => crate::trace::step(names, step),
            place => format!("{place:?}"),
        };
        let history = told(names, script);
        Err(AutomatonError::NotDeterministic { role: self.whose(actor), history, first, second: came_to(names, again) })
    }

    /// The whole history that first led to a control point.
    fn history(&self, mut node: NodeId) -> Vec<(Step, Observation)> {
        let mut history = Vec::new();
        while let Some((from, seen)) = &self.node(node).from {
            let step = self.node(*from).step().expect("only a step leads on");
            history.push((step.clone(), seen.clone()));
            node = *from;
        }
        history.reverse();
        history
    }
}
