//! Control points of the code, and the steps between them.

use super::history::Histories;
use crate::platform::End;
use crate::platform::script::{Aside, Memory, Run, Stop};
use crate::sync::{Access, ObjectId, Observation, Outcome};

/// A control point of the code, by number.
pub type NodeId = u16;

/// A control point.
#[derive(Debug)]
pub struct Node {
    pub place: Place,
    /// Whether this is the launcher's code, not a buyer's.
    pub(super) launcher: bool,
    /// How many sales the buyer has announced on the way here.
    pub sales: u32,
    /// Whether it is inside search.
    pub searching: bool,
    /// The locks it holds. (For one that died: that it held.)
    pub held: Vec<ObjectId>,
    /// Ways to come here.
    /// invariant: empty only for `Killed`
    pub(super) histories: Histories,
}

/// What a control point is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before a step.
    Before(ObjectId, Access),
    /// At the end.
    Ended(Class),
    /// The launcher, at its decision whether to go on.
    Decided(bool),
}

impl Place {
    pub(super) fn of(stop: &Stop) -> Place {
        match stop {
            Stop::Before(step) => Place::Before(step.object, step.access.clone()),
            Stop::Ended(End::Returned(outcome)) => Place::Ended(Class::Returned(*outcome)),
            Stop::Ended(End::Crashed(_)) => Place::Ended(Class::Crashed),
            Stop::Ended(End::Killed) => Place::Ended(Class::Killed),
            Stop::Decided(go_on) => Place::Decided(*go_on),
        }
    }
}

impl Node {
    /// Whether a run that remembers the same has come to the same.
    pub(super) fn is_like(&self, run: &Run) -> bool {
        self.place == Place::of(&run.stop) && self.held == run.held && self.sales == run.sales
    }
}

/// How a buyer ended, without the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    Returned(Outcome),
    Crashed,
    Killed,
}

impl Class {
    /// The end that stands for the class, to be counted.
    pub fn end(self) -> End {
        match self {
            Class::Returned(outcome) => End::Returned(outcome),
            Class::Crashed => End::Crashed(String::new()),
            Class::Killed => End::Killed,
        }
    }
}

/// What makes two control points the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Live { launcher: bool, memory: Vec<Memory>, sales: u32 },
    Ended { class: Class, sales: u32, held: Vec<ObjectId> },
    Decided { go_on: bool, sales: u32, held: Vec<ObjectId> },
}

/// What one step does.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where it leads.
    pub to: NodeId,
    /// What the object holds afterwards.
    pub content: u32,
    /// Whether it is a torn read.
    pub torn: bool,
    /// What is done at once after the step.
    pub asides: Vec<Aside>,
    /// What the step observed.
    pub(super) observation: Observation,
    /// How many of the node's histories have been followed along it.
    pub(super) followed: usize,
}
