//! Making a move: what becomes of what is shared, of who moves, and of who is started then.

use super::{Change, MANY, Mover, Space, Transition};
use crate::check::automaton::{AutomatonError, Edge, Flags, NodeId, Place, Taken};
use crate::platform::Act;
use crate::scenario::Launch;
use crate::sync::ObjectId;

impl Space<'_> {
    /// Makes a move, of those from this control point the one with this number.
    pub fn make(
        &mut self,
        state: &[u32],
        mover: Mover,
        node: NodeId,
        index: usize,
        next: &mut Vec<u32>,
    ) -> Result<Transition, AutomatonError> {
        let transition = self.move_one(state, mover, node, index, next)?;
        self.merge_others(state, next);
        Ok(transition)
    }

    /// The same, but for that those who have not moved still stand where they stood.
    pub(super) fn move_one(
        &mut self,
        state: &[u32],
        mover: Mover,
        node: NodeId,
        index: usize,
        next: &mut Vec<u32>,
    ) -> Result<Transition, AutomatonError> {
        let edges = self.edges(state, node)?;
        let Some(edge) = self.automaton.list(edges).get(index).copied() else {
            return self.kill(state, node, next);
        };
        let Edge { to, content, .. } = edge;
        let act = self.automaton.act(node, &edge);
        let Taken { flags, ref left, dies, .. } = *self.automaton.search(&edge);
        let left = if left.is_empty() { Vec::new() } else { left.clone() };
        next.clear();
        next.extend_from_slice(state);
        if let Some(object) = self.automaton.node(node).object() {
            next[object] = content;
        }
        let ended = self.automaton.node(to).step().is_none();
        if !left.is_empty() {
            self.leave_behind(next, &left, dies)?;
        }
        let mut to = to;
        let more = match mover {
            Mover::At(_) => {
                self.leave(next, node);
                to = self.arrive(next, to, 1);
                if ended { self.start_next(next, to)? } else { Flags::default() }
            }
            Mover::Parent => self.parent_stands(next, to)?,
        };
        Ok(Transition { mover, act, to, flags: flags.or(more) })
    }

    /// Where a step leads and what happens in it, if nothing changes but where the thread stands.
    pub fn stays(
        &mut self,
        state: &[u32],
        node: NodeId,
        index: usize,
    ) -> Result<Option<(NodeId, Flags)>, AutomatonError> {
        let edges = self.edges(state, node)?;
        let edge = self.automaton.list(edges)[index];
        let object = self.automaton.node(node).object();
        let same = object.is_none_or(|object| state[object] == edge.content);
        let taken = self.automaton.taken(&edge);
        let (flags, stays) = (taken.flags, same && taken.left.is_empty() && !self.starts_more(edge.to));
        self.automaton.search(&edge);
        Ok(stays.then(|| (self.stand_in(state, edge.to), flags)))
    }

    /// Puts any number of threads at a control point; whether there were not so many before.
    pub fn fill(&mut self, state: &mut Vec<u32>, node: NodeId) -> bool {
        let before = state.len();
        let many = |state: &[u32]| self.marking(state).any(|(other, count)| other == node && count == MANY);
        if many(state) {
            return false;
        }
        self.arrive(state, node, MANY);
        debug_assert!(state.len() >= before);
        true
    }

    /// Where a move leads, what happens in it, and which object holds what after it: if it changes nothing else but where
    /// the thread stands.
    pub fn change(
        &mut self,
        state: &[u32],
        mover: Mover,
        node: NodeId,
        index: usize,
    ) -> Result<Option<Change>, AutomatonError> {
        let edges = self.edges(state, node)?;
        let Some(edge) = self.automaton.list(edges).get(index).copied() else {
            return Ok(None);
        };
        let taken = self.automaton.search(&edge);
        let (flags, left) = (taken.flags, !taken.left.is_empty());
        let plain = mover != Mover::Parent && !left && !self.starts_more(edge.to);
        let Some(object) = self.automaton.node(node).object().filter(|_| plain) else { return Ok(None) };
        let to = self.stand_in(state, edge.to);
        if self.merges && state[object] != edge.content {
            let mut contents = state[..self.objects].to_vec();
            let before = self.automaton.context(&contents);
            contents[object] = edge.content;
            if self.automaton.context(&contents) != before {
                return Ok(None);
            }
        }
        Ok(Some((to, flags, (object, edge.content))))
    }

    /// Whether arriving there starts somebody else.
    fn starts_more(&self, to: NodeId) -> bool {
        let node = self.automaton.node(to);
        self.launch != Launch::Together && node.role == Some(0) && node.step().is_none()
    }

    fn kill(&mut self, state: &[u32], node: NodeId, next: &mut Vec<u32>) -> Result<Transition, AutomatonError> {
        let to = self.automaton.killed(node)?;
        next.clear();
        next.extend_from_slice(state);
        next[self.objects + 1] += 1;
        let held = self.automaton.node(node).held.clone();
        self.leave_behind(next, &held, true)?;
        self.leave(next, node);
        let to = self.arrive(next, to, 1);
        let flags = self.start_next(next, to)?;
        Ok(Transition { mover: Mover::At(node), act: Act::Kill, to, flags })
    }

    /// What becomes of all that somebody held who has ended.
    fn leave_behind(
        &mut self,
        state: &mut [u32],
        held: &[(ObjectId, crate::sync::Mode)],
        died: bool,
    ) -> Result<(), AutomatonError> {
        for &(object, mode) in held {
            state[object] = self.automaton.left(object, state[object], mode, self.instance.lock, died)?;
        }
        Ok(())
    }

    fn leave(&self, state: &mut Vec<u32>, node: NodeId) {
        let marking = self.head();
        let at = marking + state[marking..].partition_point(|pair| (pair >> 16) < u32::from(node));
        match state[at] & 0xffff {
            1 => drop(state.remove(at)),
            MANY => {}
            _ => state[at] -= 1,
        }
    }

    /// Where somebody then stands who comes there.
    pub(super) fn arrive(&mut self, state: &mut Vec<u32>, node: NodeId, count: u32) -> NodeId {
        let node = self.stand_in(state, node);
        self.automaton.reach(node);
        let marking = self.head();
        let at = marking + state[marking..].partition_point(|pair| (pair >> 16) < u32::from(node));
        match state.get_mut(at).filter(|pair| (**pair >> 16) == u32::from(node)) {
            Some(pair) if *pair & 0xffff == MANY => {}
            Some(pair) if count == MANY => *pair |= MANY,
            Some(pair) => *pair += count,
            None => state.insert(at, u32::from(node) << 16 | count),
        }
        node
    }

    /// Starts `count` threads of the first role, or all of them if each ends at once and so lets the next one start.
    pub(super) fn start(&mut self, state: &mut Vec<u32>, count: u32) -> Result<Flags, AutomatonError> {
        let unstarted = &mut state[self.objects + 2];
        if self.automaton.is_apart() {
            return self.start_each(state, count);
        }
        // Not one after the other: of "any number" there would be no last one.
        let count = if self.no_step_until_all_are_started() { *unstarted } else { count };
        if count == *unstarted {
            *unstarted = 0;
        } else if *unstarted != MANY {
            *unstarted -= count;
        }
        let (node, flags) = self.starts[0][0];
        self.arrive(state, node, count);
        if matches!(self.automaton.node(node).place, Place::Before(..)) {
            return Ok(flags);
        }
        Ok(flags.or(self.start_next(state, node)?))
    }

    /// Starts the next `count` threads of the first role, which are told apart.
    fn start_each(&mut self, state: &mut Vec<u32>, count: u32) -> Result<Flags, AutomatonError> {
        let mut all = Flags::default();
        for _ in 0..count {
            let number = self.instance.number(0) - self.unstarted(state) as usize;
            state[self.objects + 2] -= 1;
            let (node, flags) = self.starts[0][number];
            self.arrive(state, node, 1);
            all = all.or(flags);
            if !matches!(self.automaton.node(node).place, Place::Before(..)) {
                all = all.or(self.start_next(state, node)?);
            }
        }
        Ok(all)
    }

    /// Whether threads started one by one take no step, and nor does a parent between them.
    fn no_step_until_all_are_started(&self) -> bool {
        let place = |node| &self.automaton.node(node).place;
        self.launch != Launch::Together
            && matches!(place(self.start_of(0, 0)), Place::Ended(_))
            && self.parent.is_none_or(|parent| *place(parent) == Place::Decided(true))
    }

    /// Somebody has ended, there: if it is a thread of the first role, the parent, if there is one, has its turn.
    fn start_next(&mut self, state: &mut Vec<u32>, ended: NodeId) -> Result<Flags, AutomatonError> {
        match self.parent {
            _ if self.automaton.node(ended).role != Some(0) => Ok(Flags::default()),
            Some(parent) => {
                let flags = self.at_parents_start;
                Ok(flags.or(self.parent_stands(state, parent)?))
            }
            None if self.launch == Launch::Joined && state[self.objects + 2] > 0 => self.start(state, 1),
            None => Ok(Flags::default()),
        }
    }

    fn parent_stands(&mut self, state: &mut Vec<u32>, node: NodeId) -> Result<Flags, AutomatonError> {
        self.automaton.reach(node);
        let at_work = matches!(self.automaton.node(node).place, Place::Before(..));
        state[self.objects] = if at_work { u32::from(node) + 1 } else { 0 };
        match self.automaton.node(node).place {
            Place::Decided(true) if state[self.objects + 2] > 0 => self.start(state, 1),
            _ => Ok(Flags::default()),
        }
    }
}
