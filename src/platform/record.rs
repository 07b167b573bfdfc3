//! What a platform records while a program runs on it.

use super::script::Local;
use super::{Content, End, LockKind};
use crate::scenario::{Launch, RoleId, Scenario};
use crate::sync::{Access, Mode, ObjectId, Observation, Setup, Step};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Somebody who takes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A thread of a role.
    Thread(RoleId, usize),
    /// The parent that starts the threads of the first role one by one.
    Parent,
}

impl Actor {
    /// The role; `None` for the parent.
    pub fn role(self) -> Option<RoleId> {
        match self {
            Actor::Thread(role, _) => Some(role),
            Actor::Parent => None,
        }
    }
}

/// What the one who moves does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// It takes its next step.
    Step,
    /// It takes its next step, and of several things that this can come to, it comes to this: an alternative's name,
    /// or the position of one that has none.
    Pick(&'static str),
    /// It is killed.
    Kill,
}

/// One decision of a scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Move {
    /// Who moves.
    pub actor: Actor,
    /// How.
    pub act: Act,
}

impl Move {
    /// The actor takes its next step.
    pub fn step(actor: Actor) -> Self {
        Move { actor, act: Act::Step }
    }

    /// The actor is killed.
    pub fn kill(actor: Actor) -> Self {
        Move { actor, act: Act::Kill }
    }

    /// The actor takes a step that can come to so many things, and it comes to this one of them.
    pub fn picking(actor: Actor, step: &Step, outcome: usize, of: usize) -> Self {
        let act = match step {
            Step::Choose(choice) => Act::Pick(choice.alternatives[outcome]),
            _ if of > 1 => Act::Pick(interned(&outcome.to_string())),
            _ => Act::Step,
        };
        Move { actor, act }
    }
}

/// The same text, for as long as the process runs. There are few: the names of alternatives.
pub(crate) fn interned(text: &str) -> &'static str {
    static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_with(HashSet::new);
    match known.get(text) {
        Some(known) => known,
        None => {
            let text: &'static str = Box::leak(text.into());
            known.insert(text);
            text
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// To whom, or by whom.
    pub actor: Actor,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The actor was started.
    Started,
    /// It took a step and observed this. The last is the content of the object after it, where that is known.
    Took(Step, Observation, Option<Content>),
    /// It did something that touches nothing shared.
    Local(Local),
    /// It ended.
    Ended(End),
    /// The parent decided whether to go on launching.
    Decided(bool),
    /// It was killed.
    Killed,
    /// Its end frees this.
    Freed(ObjectId, Content),
}

/// Everything that happened in an execution, or in the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The shared objects: name and initial content.
    pub objects: Vec<(&'static str, Content)>,
    /// The names of the roles.
    pub roles: Vec<&'static str>,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

impl Trace {
    /// Nothing has happened yet.
    pub fn new(scenario: &Scenario, setup: &Setup) -> Self {
        let roles = scenario.roles().iter().map(|role| role.name).collect();
        Trace { objects: setup.objects().to_vec(), roles, entries: Vec::new() }
    }

    /// What an actor is called.
    pub fn name(&self, actor: Actor) -> String {
        match actor {
            Actor::Thread(role, number) => format!("{} {number}", self.roles[role]),
            Actor::Parent => "the parent".to_owned(),
        }
    }

    /// The moves of the trace, in order: the schedule that leads to it.
    pub fn schedule(&self) -> Vec<Move> {
        let mut contents = self.initial();
        let mut moves = Vec::new();
        for entry in &self.entries {
            moves.extend(entry.as_move(&contents));
            entry.act_on(&mut contents);
        }
        moves
    }

    /// The contents of all objects at the end.
    pub fn contents(&self) -> Vec<Content> {
        let mut contents = self.initial();
        for entry in &self.entries {
            entry.act_on(&mut contents);
        }
        contents
    }

    fn initial(&self) -> Vec<Content> {
        self.objects.iter().map(|(_, content)| content.clone()).collect()
    }

    /// The beginning of the trace up to and including `moves` moves, with all that follows at once from the
    /// last of them.
    pub fn prefix(&self, moves: usize) -> Trace {
        let mut seen = 0;
        let end = self.entries.iter().position(|entry| {
            seen += usize::from(entry.is_move());
            seen > moves
        });
        Trace { entries: self.entries[..end.unwrap_or(self.entries.len())].to_vec(), ..self.clone() }
    }

    /// The same execution, told so that whatever touches nothing shared follows at once on the step before it.
    /// That is how executions are counted everywhere: a thread that is started together with the others stands
    /// before its first step from the start, even if it got going later.
    pub fn settled(&self, launch: Launch) -> Trace {
        // Blocks of entries that belong together, and where each actor's latest block is.
        let mut blocks: Vec<(bool, Vec<Entry>)> = Vec::new();
        let mut latest: BTreeMap<Actor, usize> = BTreeMap::new();
        for entry in &self.entries {
            let starts = entry.what == What::Started;
            match latest.get(&entry.actor) {
                Some(&block) if !starts && !entry.is_move() => blocks[block].1.push(entry.clone()),
                _ => {
                    latest.insert(entry.actor, blocks.len());
                    let at_once = starts && (launch == Launch::Together || entry.actor.role() != Some(0));
                    blocks.push((at_once && entry.actor != Actor::Parent, vec![entry.clone()]));
                }
            }
        }
        let (mut first, rest): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|(first, _)| *first);
        first.sort_by_key(|(_, block)| block[0].actor);
        let entries = first.into_iter().chain(rest).flat_map(|(_, block)| block).collect();
        Trace { entries, ..self.clone() }
    }
}

impl Entry {
    /// Whether this is a move.
    pub fn is_move(&self) -> bool {
        matches!(self.what, What::Took(..) | What::Killed)
    }

    /// The move that this entry records, if it is one; `contents` is what there was before it.
    fn as_move(&self, contents: &[Content]) -> Option<Move> {
        match &self.what {
            What::Took(step, seen, after) => Some(match step {
                Step::Choose(choice) => {
                    let Observation::Chosen(index) = seen else { unreachable!("a choice observes what is chosen") };
                    Move::picking(self.actor, step, *index, choice.alternatives.len())
                }
                Step::On(object, access @ Access::NotifyOne) => {
                    let outcomes = contents[*object].outcomes(access);
                    let index = outcomes.iter().position(|(content, _)| Some(content) == after.as_ref());
                    Move::picking(self.actor, step, index.unwrap_or(0), outcomes.len())
                }
                _ => Move::step(self.actor),
            }),
            What::Killed => Some(Move::kill(self.actor)),
            _ => None,
        }
    }

    /// Changes the contents as this entry did.
    pub fn act_on(&self, contents: &mut [Content]) {
        match &self.what {
            What::Took(Step::On(object, access), _, after) => {
                let after = after.clone().or_else(|| {
                    let outcomes = contents[*object].outcomes(access);
                    outcomes.into_iter().next().map(|(content, _)| content)
                });
                if let Some(after) = after {
                    contents[*object] = after;
                }
            }
            What::Freed(object, after) => contents[*object] = after.clone(),
            _ => {}
        }
    }
}

/// A trace in the making, shared by everybody who is in it.
#[derive(Clone, Debug)]
pub struct Recorder {
    trace: Arc<Mutex<Trace>>,
}

impl Recorder {
    /// Nothing has happened yet.
    pub fn new(scenario: &Scenario, setup: &Setup) -> Self {
        Recorder { trace: Arc::new(Mutex::new(Trace::new(scenario, setup))) }
    }

    /// Records what happened; the order of calls is the order of the trace.
    pub fn record(&self, actor: Actor, what: What) {
        self.lock().entries.push(Entry { actor, what });
    }

    /// Does something while nobody else records. What it records itself goes to the function that it is given.
    pub fn alone<R>(&self, act: impl FnOnce(&mut dyn FnMut(Actor, What)) -> R) -> R {
        let mut trace = self.lock();
        act(&mut |actor, what| trace.entries.push(Entry { actor, what }))
    }

    /// What has been recorded so far.
    pub fn trace(&self) -> Trace {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Trace> {
        // Nobody unwinds while it records, so the entries are whole.
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of all that somebody held who has ended: each object that changes, with what it then holds.
pub(crate) fn left_behind(
    held: &[(ObjectId, Mode)],
    kind: LockKind,
    died: bool,
    mut content: impl FnMut(ObjectId) -> Content,
) -> Vec<(ObjectId, Content)> {
    let mut changed: Vec<(ObjectId, Content)> = Vec::new();
    for (object, mode) in held {
        let known = changed.iter().position(|(other, _)| other == object);
        let before = known.map_or_else(|| content(*object), |at| changed[at].1.clone());
        let after = before.left_by(*mode, kind, died);
        match known {
            Some(at) => changed[at].1 = after,
            None if after != before => changed.push((*object, after)),
            None => {}
        }
    }
    changed
}
