//! Control points of the code, and the steps between them.

use crate::check::outcome::Tally;
use crate::platform::script::{Local, Stop};
use crate::platform::{Actor, End};
use crate::scenario::RoleId;
use crate::sync::{Ending, Mode, ObjectId, Observation, Step};

/// A control point of the code, by number.
pub type NodeId = u16;

/// What somebody remembers, by number; see [`Memories`](super::memories::Memories).
pub type MemoryId = u32;

/// A control point.
#[derive(Debug)]
pub struct Node {
    pub place: Place,
    /// Who stands here; where threads of a role are alike, the first stands for all of them.
    pub actor: Actor,
    /// The role whose code this is; `None` for the parent.
    pub role: Option<RoleId>,
    /// What has been told on the way here.
    pub tally: Tally,
    /// What is held here. (Of somebody who has ended: nothing.)
    pub held: Vec<(ObjectId, Mode)>,
    /// The spans that it stands in.
    pub inside: Vec<&'static str>,
    /// What leads here, as a script.
    pub(super) memory: MemoryId,
    /// Where it was first come to from, and by which observation; `None` for where code starts.
    pub(super) from: Option<(NodeId, Observation)>,
}

impl Node {
    /// The step that is taken from here.
    pub fn step(&self) -> Option<&Step> {
        match &self.place {
            Place::Before(step) => Some(step),
            _ => None,
        }
    }

    /// The object that is accessed from here.
    pub fn object(&self) -> Option<ObjectId> {
        self.step().and_then(Step::object)
    }
}

/// What a control point is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Before a step.
    Before(Step),
    /// At the end.
    Ended(Class),
    /// The parent, at its decision whether to go on.
    Decided(bool),
}

impl Place {
    /// Where a run has stopped; `Err` with the reason if its code is refused.
    pub(super) fn of(stop: &Stop) -> Result<Place, &str> {
        Ok(match stop {
            Stop::Before(step) => Place::Before(step.clone()),
            Stop::Ended(End::Returned(ending)) => Place::Ended(Class::Returned(ending.clone())),
            Stop::Ended(End::Crashed(death)) => Place::Ended(Class::Crashed { torn: death.torn }),
            Stop::Ended(End::Killed) => Place::Ended(Class::Killed),
            Stop::Decided(go_on) => Place::Decided(*go_on),
            Stop::Refused(reason) | Stop::Strayed(reason) => return Err(reason),
        })
    }
}

/// How a thread ended, without the words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    Returned(Ending),
    Crashed {
        torn: bool,
    },
    Killed,
    /// However it ended: where nobody asks, those who can do nothing any more are all alike.
    Gone {
        excused: bool,
    },
}

impl Class {
    /// The end that stands for the class, to be counted; `None` where nobody asks.
    pub fn end(&self) -> Option<End> {
        Some(match self {
            Class::Returned(ending) => End::Returned(ending.clone()),
            Class::Crashed { torn } => End::Crashed(crate::sync::Death { reason: String::new(), torn: *torn }),
            Class::Killed => End::Killed,
            Class::Gone { .. } => return None,
        })
    }
}

/// What makes two control points the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Live { actor: Actor, memory: MemoryId, tally: Tally, held: Vec<(ObjectId, Mode)> },
    Ended { actor: Actor, class: Class, tally: Tally },
    Decided { go_on: bool },
}

/// One thing that a step can come to.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Where it leads.
    pub to: NodeId,
    /// What the object holds afterwards.
    pub content: u32,
    /// Which of several things it is that the step can come to, counted from 1; 0 if there is only one.
    pub(super) pick: u16,
    /// What happens besides, by number; see [`Taken`].
    pub taken: u32,
}

/// What a step is to the one who takes it: the same whatever the object held, if the observation is the same.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Where it leads.
    pub(super) to: NodeId,
    /// What happened besides that properties speak of.
    pub flags: Flags,
    /// What is left held by somebody whom this step ends, and whether it dies.
    pub left: Vec<(ObjectId, Mode)>,
    pub dies: bool,
    /// What is done at once after the step.
    pub locals: Vec<Local>,
    /// What the step observed.
    pub(super) seen: Observation,
}

/// What a step is, to the properties that speak of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Somebody reads content that is no ledger.
    pub torn: bool,
    /// Somebody dies of an error of its own.
    pub crash: bool,
}

impl Flags {
    pub fn or(self, other: Flags) -> Flags {
        Flags { torn: self.torn | other.torn, crash: self.crash | other.crash }
    }
}

/// Where code starts.
#[derive(Clone, Debug)]
pub struct Root {
    pub node: NodeId,
    /// What is done before the first step.
    pub locals: Vec<Local>,
    pub flags: Flags,
}
