//! The state space that the explorers share: what is shared, and how many threads stand at each control point.
//!
//! A state is a run of words:
//!
//! | words | meaning |
//! | --- | --- |
//! | one per object | its content, interned |
//! | 1 | the parent's control point plus one; 0 while it is not at work |
//! | 1 | kills so far |
//! | 1 | how many threads of the first role have not been started |
//! | the rest | the marking: control point in the high half, how many threads stand there in the low; ascending, no zeros |
//!
//! In the marking and for the threads not started, [`MANY`] stands for "any number" (ω of Karp and Miller); it is
//! only ever there if the start has it. Where threads are [told apart](super::told_apart), each has control points of
//! its own, so every count is 1.

mod local;
mod look;
mod merged;
mod moves;

use super::Instance;
use super::automaton::{Automaton, AutomatonError, Edge, Edges, Flags, NodeId};
use crate::platform::script::Local;
use crate::platform::{Act, Actor, Threads};
use crate::scenario::{Launch, Scenario};

/// "Any number" of threads at a control point.
pub const MANY: u32 = 0xffff;

/// The most threads that a state can count.
pub const MOST_THREADS: usize = MANY as usize - 1;

/// Who makes a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// A thread at this control point.
    At(NodeId),
    /// The parent.
    Parent,
}

/// A transition between two states.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// Who makes it.
    pub mover: Mover,
    /// How.
    pub act: Act,
    /// Where it stands then.
    pub to: NodeId,
    /// What happens in it that properties speak of.
    pub flags: Flags,
}

/// Where a move leads, what happens in it, and which object holds what after it.
pub type Change = (NodeId, Flags, (usize, u32));

/// The states of an instance of a scenario.
pub struct Space<'a> {
    pub automaton: &'a mut Automaton,
    instance: Instance,
    launch: Launch,
    objects: usize,
    /// By role, where its threads start, and what that brings about: one place for all, or one for each if they are told
    /// apart. And the parent, if it does anything.
    starts: Vec<Vec<(NodeId, Flags)>>,
    parent: Option<NodeId>,
    at_parents_start: Flags,
    /// Whether one control point stands for all that are merged with it.
    merges: bool,
}

impl<'a> Space<'a> {
    pub fn new(automaton: &'a mut Automaton, instance: &Instance) -> Result<Self, AutomatonError> {
        let (launch, objects) = (automaton.scenario().launch(), automaton.initial().len());
        let mut starts = Vec::new();
        for (role, threads) in instance.threads.iter().enumerate() {
            let apart =
                if automaton.is_apart() { threads.number().expect("who are told apart have a number") } else { 1 };
            let mut root = |number| automaton.root(Actor::Thread(role, number)).map(|root| (root.node, root.flags));
            starts.push((0..apart.max(1)).map(&mut root).collect::<Result<Vec<_>, _>>()?);
        }
        let parent = match launch {
            Launch::JoinedWhile => Some(automaton.root(Actor::Parent)?),
            Launch::Together | Launch::Joined => None,
        };
        Ok(Space {
            automaton,
            instance: instance.clone(),
            launch,
            objects,
            starts,
            parent: parent.as_ref().map(|root| root.node),
            at_parents_start: parent.map(|root| root.flags).unwrap_or_default(),
            merges: false,
        })
    }

    /// The same with one control point for all that no future can tell apart, if the automaton knows of any: fewer states,
    /// and the same to say to every property.
    pub fn merged(automaton: &'a mut Automaton, instance: &Instance) -> Result<Self, AutomatonError> {
        let merges = automaton.is_merged();
        Ok(Space { merges, ..Space::new(automaton, instance)? })
    }

    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    pub fn scenario(&self) -> &Scenario {
        self.automaton.scenario()
    }

    /// How many words come before the marking; the last of them counts the threads not started.
    pub fn head(&self) -> usize {
        self.objects + 3
    }

    /// The state before any step, and what has happened by then.
    pub fn initial(&mut self) -> Result<(Vec<u32>, Flags), AutomatonError> {
        let count = |threads: Threads| threads.number().map_or(MANY, |number| number as u32);
        let counts: Vec<u32> = self.instance.threads.iter().map(|threads| count(*threads)).collect();
        let mut state = self.automaton.initial().to_vec();
        let first = counts.first().copied().unwrap_or(0);
        state.extend([0, 0, first]);
        let mut flags = Flags::default();
        let at_once = if self.launch == Launch::Together { first } else { first.min(1) };
        if at_once > 0 {
            flags = self.start(&mut state, at_once)?;
        }
        for (role, &count) in counts.iter().enumerate().skip(1).filter(|(_, count)| **count > 0) {
            let each = if self.automaton.is_apart() { 1 } else { count };
            for (node, more) in self.starts[role].clone() {
                self.arrive(&mut state, node, each);
                flags = flags.or(more);
            }
        }
        Ok((state, flags))
    }

    /// Calls `each` with every transition from `state` and where it leads. Returns whether one of them is a step.
    pub fn successors(
        &mut self,
        state: &[u32],
        next: &mut Vec<u32>,
        mut each: impl FnMut(&mut Self, Transition, &[u32]),
    ) -> Result<bool, AutomatonError> {
        self.moves_of_one(state, next, |space, transition, next| {
            space.merge_others(state, next);
            each(space, transition, next);
        })
    }

    /// The same, but for that those who have not moved still stand where they stood, until
    /// [`merge_others`](Space::merge_others).
    pub fn moves_of_one(
        &mut self,
        state: &[u32],
        next: &mut Vec<u32>,
        mut each: impl FnMut(&mut Self, Transition, &mut Vec<u32>),
    ) -> Result<bool, AutomatonError> {
        let mut steps = false;
        let mut place = 0;
        while let Some(mover) = self.mover(state, place) {
            place += 1;
            let node = self.node_of(state, mover);
            let moves = self.moves(state, node)?;
            // One of them may be a kill.
            steps |= !self.edges(state, node)?.is_empty();
            for index in 0..moves {
                let transition = self.move_one(state, mover, node, index, next)?;
                each(self, transition, next);
            }
        }
        Ok(steps)
    }

    /// The mover at this place: the parent if it is at work, then the control points of the marking.
    pub fn mover(&self, state: &[u32], place: usize) -> Option<Mover> {
        let parent = self.parent_at(state).is_some();
        match place {
            0 if parent => Some(Mover::Parent),
            _ => state.get(self.head() + place - usize::from(parent)).map(|pair| Mover::At((pair >> 16) as NodeId)),
        }
    }

    /// How many movers there are.
    pub fn movers(&self, state: &[u32]) -> usize {
        usize::from(self.parent_at(state).is_some()) + state.len() - self.head()
    }

    /// Where a mover stands.
    pub fn node_of(&self, state: &[u32], mover: Mover) -> NodeId {
        match mover {
            Mover::At(node) => node,
            Mover::Parent => self.parent_at(state).expect("only a parent at work moves"),
        }
    }

    /// What the step at a control point can come to.
    pub fn edges(&mut self, state: &[u32], node: NodeId) -> Result<Edges, AutomatonError> {
        self.automaton.edges(node, &state[..self.objects])
    }

    /// How many moves can be made from a control point: those, and a kill while there is one left.
    pub fn moves(&mut self, state: &[u32], node: NodeId) -> Result<usize, AutomatonError> {
        if self.automaton.node(node).step().is_none() {
            return Ok(0);
        }
        let is_thread = self.automaton.node(node).role.is_some();
        let kill = is_thread && (state[self.objects + 1] as usize) < self.instance.kills;
        Ok(self.edges(state, node)?.len() + usize::from(kill))
    }

    /// The number of the move of this name, of those from a control point.
    pub fn index_of(&mut self, state: &[u32], node: NodeId, act: Act) -> Result<Option<usize>, AutomatonError> {
        let edges = self.edges(state, node)?;
        let edges = self.automaton.list(edges);
        Ok(edges.iter().position(|edge| self.automaton.act(node, edge) == act))
    }

    /// What is done at once after the step of a transition from `state`.
    pub fn locals(&mut self, state: &[u32], transition: &Transition) -> Result<Vec<Local>, AutomatonError> {
        let node = match transition.mover {
            _ if transition.act == Act::Kill => return Ok(Vec::new()),
            Mover::At(node) => node,
            Mover::Parent => self.parent_at(state).expect("only a parent at work moves"),
        };
        let edges = self.edges(state, node)?;
        let edges = self.automaton.list(edges);
        let is_it = |edge: &&Edge| self.automaton.act(node, edge) == transition.act && edge.to == transition.to;
        let edge = edges.iter().find(is_it).copied();
        Ok(edge.map(|edge| self.automaton.taken(&edge).locals.clone()).unwrap_or_default())
    }

    /// How many shared objects there are: so many words at the start of a state are their contents.
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// The control point before which the parent stands.
    pub fn parent_at(&self, state: &[u32]) -> Option<NodeId> {
        state[self.objects].checked_sub(1).map(|node| node as NodeId)
    }

    /// The marking of a state: control points and counts.
    pub fn marking<'s>(&self, state: &'s [u32]) -> impl Iterator<Item = (NodeId, u32)> + use<'s> {
        state[self.head()..].iter().map(|pair| ((pair >> 16) as NodeId, pair & 0xffff))
    }

    /// The marking of a state, and before it the number of threads not started: what grows with more threads.
    pub fn places<'s>(&self, state: &'s [u32]) -> &'s [u32] {
        &state[self.objects + 2..]
    }

    /// All of a state but the marking and the threads not started: what must be equal for two states to be
    /// comparable.
    pub fn control<'s>(&self, state: &'s [u32]) -> &'s [u32] {
        &state[..self.objects + 2]
    }

    /// How many threads of the first role have not been started.
    pub fn unstarted(&self, state: &[u32]) -> u32 {
        state[self.objects + 2]
    }

    /// Where a thread starts.
    pub fn start_of(&self, role: usize, number: usize) -> NodeId {
        let starts = &self.starts[role];
        let (node, _) = if self.automaton.is_apart() { starts[number] } else { starts[0] };
        node
    }
}
