//! Closing the automaton: every control point is read with everything that its object may hold at most.
//!
//! What a step of anybody may leave in an object, anybody may find there, whatever else is so then (thread-modular, as in
//! Flanagan and Qadeer, SPIN 2003). So more is read than executions come to, and nothing less: what is known of all of it
//! then is known of every execution. Where that would be much, or the code has no such end, nothing is read in advance.

use super::{Automaton, AutomatonError, Endings, NodeId};
use crate::check::Instance;
use crate::check::limits::Limits;
use crate::platform::Actor;
use crate::scenario::{Launch, Scenario};
use crate::sync::{Mode, ObjectId};
use rustc_hash::FxHashSet;

/// At most so many control points are read in advance, each counted once for every content of its object.
const MOST_PAIRS: usize = 4_000;

/// What the objects may hold.
pub(super) struct Closure {
    /// By object, in the order of first sight.
    pub contents: Vec<Vec<u32>>,
    /// By object, what may come right after what.
    pub changes: Vec<FxHashSet<(u32, u32)>>,
    /// What somebody may hold at an end, and whether that is a death.
    ends: Vec<(ObjectId, Mode, bool)>,
}

impl Automaton {
    /// An automaton whose control points are [merged](super::merging), if it can be closed, and a new one if not.
    pub fn merged(
        scenario: &Scenario,
        limits: &Limits,
        endings: Endings,
        instance: &Instance,
    ) -> Result<Self, AutomatonError> {
        Automaton::closed(scenario, limits, endings, instance, scenario.has_identities())
    }

    /// The same where no two threads are alike, whatever the scenario is.
    pub fn merged_apart(
        scenario: &Scenario,
        limits: &Limits,
        endings: Endings,
        instance: &Instance,
    ) -> Result<Self, AutomatonError> {
        Automaton::closed(scenario, limits, endings, instance, true)
    }

    fn closed(
        scenario: &Scenario,
        limits: &Limits,
        endings: Endings,
        instance: &Instance,
        apart: bool,
    ) -> Result<Self, AutomatonError> {
        let mut closed = Automaton::with(scenario, limits, endings, apart)?;
        closed.is_guessing = true;
        let closure = closed.close(instance);
        match closure {
            Ok(Some(closure)) => closed.merge(&closure, instance.kills > 0),
            Ok(None) | Err(AutomatonError::Unbounded(_)) => closed.read_in_vain = closed.len(),
            // What is wrong with code that no execution comes to is nothing to complain of; what is wrong with the rest
            // shows again. But what was read has to be so again, too.
            Err(AutomatonError::Refused { .. }) if closed.is_guessing => {
                let given_up = Some(Box::new(closed));
                return Ok(Automaton { given_up, ..Automaton::with(scenario, limits, endings, apart)? });
            }
            Err(error) => return Err(error),
        }
        closed.is_guessing = false;
        Ok(closed)
    }

    /// Reads all there is; `None` if that is too much.
    fn close(&mut self, instance: &Instance) -> Result<Option<Closure>, AutomatonError> {
        if self.scenario().launch() == Launch::JoinedWhile {
            self.root(Actor::Parent)?;
        }
        for (role, threads) in instance.threads.iter().enumerate() {
            let starts = if self.apart { threads.number().unwrap_or(1) } else { 1 };
            for number in 0..starts {
                self.root(Actor::Thread(role, number))?;
            }
        }
        let objects = self.initial.len();
        let mut closure = Closure {
            contents: self.initial.iter().map(|content| vec![*content]).collect(),
            changes: vec![FxHashSet::default(); objects],
            ends: Vec::new(),
        };
        // By control point, and by end, with how many contents of its object it has been read.
        let (mut points, mut ends): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        let mut pairs = 0;
        loop {
            let before = pairs;
            let mut node = 0;
            while node < self.nodes.len() {
                // Loops that are only followed for some turns have no end: that would be much.
                if self.is_beyond(node) {
                    return Ok(None);
                }
                points.resize(self.nodes.len(), 0);
                let object = self.nodes[node].object();
                let of = object.map_or(1, |object| closure.contents[object].len());
                while self.nodes[node].step().is_some() && points[node] < of && pairs <= MOST_PAIRS {
                    let content = object.map(|object| (object, closure.contents[object][points[node]]));
                    points[node] += 1;
                    pairs += 1;
                    self.read_with(node as NodeId, content, instance, &mut closure)?;
                }
                node += 1;
            }
            ends.resize(closure.ends.len(), 0);
            for (end, done) in ends.iter_mut().enumerate() {
                let (object, mode, died) = closure.ends[end];
                while *done < closure.contents[object].len() && pairs <= MOST_PAIRS {
                    let content = closure.contents[object][*done];
                    *done += 1;
                    pairs += 1;
                    let left = self.left(object, content, mode, instance.lock, died)?;
                    closure.add(object, content, left);
                }
            }
            match pairs {
                _ if pairs > MOST_PAIRS => return Ok(None),
                _ if pairs == before => return Ok(Some(closure)),
                _ => {}
            }
        }
    }

    /// Reads a control point with one content of its object.
    fn read_with(
        &mut self,
        node: NodeId,
        content: Option<(ObjectId, u32)>,
        instance: &Instance,
        closure: &mut Closure,
    ) -> Result<(), AutomatonError> {
        let mut contents = self.initial.clone();
        if let Some((object, content)) = content {
            contents[object] = content;
        }
        let edges = self.edges(node, &contents)?;
        for edge in self.list(edges).to_vec() {
            if let Some((object, content)) = content {
                closure.add(object, content, edge.content);
            }
            let taken = self.taken(&edge);
            closure.ends_holding(&taken.left, taken.dies);
        }
        if instance.kills > 0 && self.node(node).role.is_some() {
            closure.ends_holding(&self.node(node).held, true);
            self.killed(node)?;
        }
        Ok(())
    }
}

impl Closure {
    fn add(&mut self, object: ObjectId, before: u32, after: u32) {
        if !self.contents[object].contains(&after) {
            self.contents[object].push(after);
        }
        if before != after {
            self.changes[object].insert((before, after));
        }
    }

    fn ends_holding(&mut self, held: &[(ObjectId, Mode)], died: bool) {
        for &(object, mode) in held {
            if !self.ends.contains(&(object, mode, died)) {
                self.ends.push((object, mode, died));
            }
        }
    }
}
