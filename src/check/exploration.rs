//! The state space that the explorers share: what is shared, and how many buyers stand at each control point.
//!
//! A state is a run of words:
//!
//! | words | meaning |
//! | --- | --- |
//! | one per object | its content, interned |
//! | 1 | the launcher's control point plus one (0: it is not at work) in the high half, kills so far in the low |
//! | 1 | how many buyers have not been started |
//! | the rest | the marking: control point in the high half, how many buyers stand there in the low; ascending, no zeros |
//!
//! In the marking and for the buyers not started, [`MANY`] stands for "any number" (ω of Karp and Miller); it is
//! only ever there if the start has it.

use super::automaton::{Automaton, AutomatonError, Class, NodeId, Place};
use super::{Crowd, Final};
use crate::platform::LockKind;
use crate::platform::script::Aside;
use crate::scenario::{Launch, Scenario};

/// "Any number" of buyers at a control point.
pub const MANY: u32 = 0xffff;

/// The most buyers that a state can count.
pub const MOST_BUYERS: usize = MANY as usize - 1;

/// Who makes a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// A buyer at this control point.
    At(NodeId),
    /// The launcher.
    Launcher,
}

/// A transition between two states.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// Who makes it.
    pub mover: Mover,
    /// Whether it is killed.
    pub kill: bool,
    /// Where it stands then.
    pub to: NodeId,
    /// Whether it is a torn read.
    pub torn: bool,
}

/// The states of a crowd running a scenario.
pub struct Space<'a, S: Scenario> {
    pub automaton: &'a mut Automaton<S>,
    crowd: Crowd,
    launch: Launch,
    objects: usize,
    tickets: u64,
    /// Where buyers start, and the launcher if it does anything.
    buyer: NodeId,
    launcher: Option<NodeId>,
}

impl<'a, S: Scenario> Space<'a, S> {
    pub fn new(automaton: &'a mut Automaton<S>, crowd: Crowd) -> Result<Self, AutomatonError> {
        let launch = automaton.scenario().launch();
        let objects = automaton.initial().len();
        let tickets = automaton.scenario().tickets();
        let buyer = automaton.buyer()?.0;
        automaton.compare_buyers(crowd.buyers)?;
        let launcher = match launch {
            Launch::JoinedWhile => Some(automaton.launcher()?.0),
            Launch::Together | Launch::Joined => None,
        };
        Ok(Space { automaton, crowd, launch, objects, tickets, buyer, launcher })
    }

    pub fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    pub fn tickets(&self) -> u64 {
        self.tickets
    }

    /// The state before any step. With [`MANY`] buyers, any number of them.
    pub fn initial(&mut self) -> Result<Vec<u32>, AutomatonError> {
        let buyers = self.crowd.buyers as u32;
        let mut state = self.automaton.initial().to_vec();
        state.extend([0, buyers]);
        let started = if self.launch == Launch::Together { buyers } else { buyers.min(1) };
        if started > 0 {
            self.start(&mut state, started)?;
        }
        Ok(state)
    }

    /// Calls `each` with every transition from `state` and where it leads. Returns whether one of them is a step.
    pub fn successors(
        &mut self,
        state: &[u32],
        next: &mut Vec<u32>,
        mut each: impl FnMut(&mut Self, Transition, &[u32]),
    ) -> Result<bool, AutomatonError> {
        let mut steps = false;
        let meta = state[self.objects];
        if let Some(launcher) = (meta >> 16).checked_sub(1) {
            let launcher = launcher as NodeId;
            if let Some(transition) = self.step(state, Mover::Launcher, launcher, next)? {
                steps = true;
                each(self, transition, next);
            }
        }
        let kills = (meta & 0xffff) < self.crowd.kills as u32;
        for i in self.objects + 2..state.len() {
            let node = (state[i] >> 16) as NodeId;
            if !matches!(self.automaton.node(node).place, Place::Before(..)) {
                continue;
            }
            if let Some(transition) = self.step(state, Mover::At(node), node, next)? {
                steps = true;
                each(self, transition, next);
            }
            if kills {
                let transition = self.kill(state, node, next)?;
                each(self, transition, next);
            }
        }
        Ok(steps)
    }

    /// The state after the step at `node`, in `next`; `None` if it is not enabled.
    fn step(
        &mut self,
        state: &[u32],
        mover: Mover,
        node: NodeId,
        next: &mut Vec<u32>,
    ) -> Result<Option<Transition>, AutomatonError> {
        let Place::Before(object, _) = self.automaton.node(node).place else { return Ok(None) };
        let Some(edge) = self.automaton.edge(node, &state[..self.objects])? else { return Ok(None) };
        let (to, content, torn) = (edge.to, edge.content, edge.torn);
        next.clear();
        next.extend_from_slice(state);
        next[object] = content;
        let arrived = self.automaton.node(to);
        let (ended, died) =
            (!matches!(arrived.place, Place::Before(..)), arrived.place == Place::Ended(Class::Crashed));
        if died {
            self.free(next, to);
        }
        match mover {
            Mover::At(_) => {
                self.leave(next, node);
                self.arrive(next, to, 1);
                if ended {
                    self.start_next(next)?;
                }
            }
            Mover::Launcher => self.launcher_stands(next, to)?,
        }
        Ok(Some(Transition { mover, kill: false, to, torn }))
    }

    fn kill(&mut self, state: &[u32], node: NodeId, next: &mut Vec<u32>) -> Result<Transition, AutomatonError> {
        let to = self.automaton.killed(node)?;
        next.clear();
        next.extend_from_slice(state);
        next[self.objects] += 1;
        self.free(next, node);
        self.leave(next, node);
        self.arrive(next, to, 1);
        self.start_next(next)?;
        Ok(Transition { mover: Mover::At(node), kill: true, to, torn: false })
    }

    /// Frees the locks held at `node`, if locks are owned.
    fn free(&mut self, state: &mut [u32], node: NodeId) {
        if self.crowd.lock == LockKind::Owned {
            for i in 0..self.automaton.node(node).held.len() {
                let object = self.automaton.node(node).held[i];
                state[object] = self.automaton.freed(state[object]);
            }
        }
    }

    fn leave(&self, state: &mut Vec<u32>, node: NodeId) {
        let marking = self.objects + 2;
        let at = marking + state[marking..].partition_point(|pair| (pair >> 16) < u32::from(node));
        match state[at] & 0xffff {
            1 => drop(state.remove(at)),
            MANY => {}
            _ => state[at] -= 1,
        }
    }

    fn arrive(&self, state: &mut Vec<u32>, node: NodeId, count: u32) {
        let marking = self.objects + 2;
        let at = marking + state[marking..].partition_point(|pair| (pair >> 16) < u32::from(node));
        match state.get_mut(at).filter(|pair| (**pair >> 16) == u32::from(node)) {
            Some(pair) if *pair & 0xffff == MANY => {}
            Some(pair) => *pair += count,
            None => state.insert(at, u32::from(node) << 16 | count),
        }
    }

    /// Starts `count` buyers, or all of them if each ends at once and so lets the next one start.
    fn start(&mut self, state: &mut Vec<u32>, count: u32) -> Result<(), AutomatonError> {
        let unstarted = &mut state[self.objects + 1];
        // Not one after the other: of "any number" there would be no last one.
        let count = if self.no_step_until_all_are_started() { *unstarted } else { count };
        if count == *unstarted {
            *unstarted = 0;
        } else if *unstarted != MANY {
            *unstarted -= count;
        }
        self.arrive(state, self.buyer, count);
        if matches!(self.automaton.node(self.buyer).place, Place::Before(..)) { Ok(()) } else { self.start_next(state) }
    }

    /// Whether buyers started one by one take no step, and nor does a launcher between them.
    fn no_step_until_all_are_started(&self) -> bool {
        let place = |node| &self.automaton.node(node).place;
        self.launch != Launch::Together
            && matches!(place(self.buyer), Place::Ended(_))
            && self.launcher.is_none_or(|launcher| *place(launcher) == Place::Decided(true))
    }

    /// A buyer has ended: the launcher, if there is one, has its turn.
    fn start_next(&mut self, state: &mut Vec<u32>) -> Result<(), AutomatonError> {
        match self.launcher {
            Some(launcher) => self.launcher_stands(state, launcher),
            None if self.launch == Launch::Joined && state[self.objects + 1] > 0 => self.start(state, 1),
            None => Ok(()),
        }
    }

    fn launcher_stands(&mut self, state: &mut Vec<u32>, node: NodeId) -> Result<(), AutomatonError> {
        let working =
            if matches!(self.automaton.node(node).place, Place::Before(..)) { u32::from(node) + 1 } else { 0 };
        state[self.objects] = working << 16 | (state[self.objects] & 0xffff);
        match self.automaton.node(node).place {
            Place::Decided(true) if state[self.objects + 1] > 0 => self.start(state, 1),
            _ => Ok(()),
        }
    }

    /// What is done at once after the step of a transition from `state`.
    pub fn asides(&mut self, state: &[u32], transition: &Transition) -> Result<Vec<Aside>, AutomatonError> {
        let node = match transition.mover {
            _ if transition.kill => return Ok(Vec::new()),
            Mover::At(node) => node,
            Mover::Launcher => ((state[self.objects] >> 16) - 1) as NodeId,
        };
        let Place::Before(..) = self.automaton.node(node).place else { return Ok(Vec::new()) };
        Ok(self.automaton.edge(node, &state[..self.objects])?.map(|edge| edge.asides.clone()).unwrap_or_default())
    }

    /// How many shared objects there are: so many words at the start of a state are their contents.
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// Whether the launcher stands before a step.
    pub fn launcher_at_work(&self, state: &[u32]) -> bool {
        state[self.objects] >> 16 != 0
    }

    /// The marking of a state: control points and counts.
    pub fn marking<'s>(&self, state: &'s [u32]) -> impl Iterator<Item = (NodeId, u32)> + use<'s, S> {
        state[self.objects + 2..].iter().map(|pair| ((pair >> 16) as NodeId, pair & 0xffff))
    }

    /// All of a state but the marking and the buyers not started: what must be equal for two states to be
    /// comparable.
    pub fn control<'s>(&self, state: &'s [u32]) -> &'s [u32] {
        &state[..=self.objects]
    }

    /// How many buyers have not been started.
    pub fn unstarted(&self, state: &[u32]) -> u32 {
        state[self.objects + 1]
    }

    /// How many buyers were told that they bought; `None` if there is no bound.
    pub fn sold(&self, state: &[u32]) -> Option<u64> {
        let mut sold = 0;
        for (node, count) in self.marking(state) {
            match (self.automaton.node(node).sales, count) {
                (0, _) => {}
                (_, MANY) => return None,
                (sales, count) => sold += u64::from(sales) * u64::from(count),
            }
        }
        Some(sold)
    }

    /// How many buyers are inside search; [`MANY`] or more if there is no bound.
    pub fn searching(&self, state: &[u32]) -> u32 {
        self.marking(state).filter(|(node, _)| self.automaton.node(*node).searching).map(|(_, count)| count).sum()
    }

    /// How an execution came out that ends in this state.
    pub fn finale(&mut self, state: &[u32]) -> Final {
        let mut finale = Final {
            never_started: self.unstarted(state) as usize,
            sold: self.sold(state).unwrap_or(u64::MAX),
            count: self.automaton.audit(&state[..self.objects]),
            ..Final::default()
        };
        for (node, count) in self.marking(state) {
            let end = match self.automaton.node(node).place {
                Place::Ended(class) => Some(class.end()),
                Place::Before(..) | Place::Decided(_) => None,
            };
            finale.add(end.as_ref(), count as usize);
        }
        finale
    }
}
