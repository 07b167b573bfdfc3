//! What a platform records while a program runs on it.

use super::script::Aside;
use super::{Actor, Content, End};
use crate::scenario::Launch;
use crate::sync::{ObjectId, Observation, Outcome, Setup, Step};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One decision of a scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Move {
    /// Who moves.
    pub actor: Actor,
    /// Whether it is killed, rather than taking its next step.
    pub kill: bool,
}

impl Move {
    /// The actor takes its next step.
    pub fn step(actor: Actor) -> Self {
        Move { actor, kill: false }
    }

    /// The buyer is killed.
    pub fn kill(buyer: usize) -> Self {
        Move { actor: Actor::Buyer(buyer), kill: true }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// To whom, or by whom.
    pub actor: Actor,
    /// What.
    pub deed: Deed,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The actor was started.
    Started,
    /// It took a step and observed this.
    Took(Step, Observation),
    /// It did something that touches nothing shared.
    Aside(Aside),
    /// It ended.
    Ended(End),
    /// The launcher decided whether to go on launching.
    Decided(bool),
    /// It was killed.
    Killed,
    /// Its death freed this lock.
    Freed(ObjectId),
}

/// Everything that happened in an execution, or in the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The shared objects: name and initial content.
    pub objects: Vec<(&'static str, Content)>,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}

impl Trace {
    /// The moves of the trace, in order: the schedule that leads to it.
    pub fn schedule(&self) -> Vec<Move> {
        self.entries.iter().filter_map(Entry::as_move).collect()
    }

    /// The contents of all objects at the end.
    pub fn contents(&self) -> Vec<Content> {
        let mut contents: Vec<_> = self.objects.iter().map(|(_, content)| content.clone()).collect();
        for entry in &self.entries {
            entry.act_on(&mut contents);
        }
        contents
    }

    /// The beginning of the trace up to and including `moves` moves, with all that follows at once from the
    /// last of them.
    pub fn prefix(&self, moves: usize) -> Trace {
        let mut seen = 0;
        let end = self.entries.iter().position(|entry| {
            seen += usize::from(entry.as_move().is_some());
            seen > moves
        });
        let entries = self.entries[..end.unwrap_or(self.entries.len())].to_vec();
        Trace { objects: self.objects.clone(), entries }
    }

    /// The same execution, told so that whatever touches nothing shared follows at once on the step before it.
    /// That is how executions are counted everywhere: a buyer that is started together with the others stands
    /// before its first step from the start, even if its thread got going later.
    pub fn settled(&self, launch: Launch) -> Trace {
        // Blocks of entries that belong together, and where each actor's latest block is.
        let mut blocks: Vec<(bool, Vec<Entry>)> = Vec::new();
        let mut latest: BTreeMap<Actor, usize> = BTreeMap::new();
        for entry in &self.entries {
            let starts = entry.deed == Deed::Started;
            match latest.get(&entry.actor) {
                Some(&block) if !starts && entry.as_move().is_none() => blocks[block].1.push(entry.clone()),
                _ => {
                    latest.insert(entry.actor, blocks.len());
                    blocks.push((starts && launch == Launch::Together, vec![entry.clone()]));
                }
            }
        }
        let (mut first, rest): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|(first, _)| *first);
        first.sort_by_key(|(_, block)| block[0].actor);
        let entries = first.into_iter().chain(rest).flat_map(|(_, block)| block).collect();
        Trace { objects: self.objects.clone(), entries }
    }
}

impl Deed {
    /// A buyer's code returned.
    pub fn returned(outcome: Outcome) -> Deed {
        Deed::Ended(End::Returned(outcome))
    }
}

impl Entry {
    /// The move that this entry records, if it is one.
    pub fn as_move(&self) -> Option<Move> {
        match self.deed {
            Deed::Took(..) => Some(Move::step(self.actor)),
            Deed::Killed => Some(Move { actor: self.actor, kill: true }),
            _ => None,
        }
    }

    /// Changes the contents as this entry did.
    pub fn act_on(&self, contents: &mut [Content]) {
        match &self.deed {
            Deed::Took(step, _) => contents[step.object] = contents[step.object].apply(&step.access).0,
            Deed::Freed(object) => contents[*object] = contents[*object].freed(),
            _ => {}
        }
    }
}

/// A trace in the making, shared by everybody who is in it.
#[derive(Clone, Debug)]
pub struct Recorder {
    objects: Vec<(&'static str, Content)>,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Recorder {
    /// Nothing has happened yet.
    pub fn new(setup: &Setup) -> Self {
        Recorder { objects: setup.objects().to_vec(), entries: Arc::default() }
    }

    /// Records what happened; the order of calls is the order of the trace.
    pub fn record(&self, actor: Actor, deed: Deed) {
        self.entries().push(Entry { actor, deed });
    }

    /// Takes a step and records it, with nothing recorded in between. A step that fails is not recorded.
    ///
    /// # Errors
    /// Those of the step.
    pub fn during<E>(
        &self,
        actor: Actor,
        step: &Step,
        act: impl FnOnce() -> Result<Observation, E>,
    ) -> Result<Observation, E> {
        let mut entries = self.entries();
        let observation = act()?;
        entries.push(Entry { actor, deed: Deed::Took(step.clone(), observation.clone()) });
        Ok(observation)
    }

    /// What has been recorded so far.
    pub fn trace(&self) -> Trace {
        Trace { objects: self.objects.clone(), entries: self.entries().clone() }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        // A buyer that unwinds never does so while it records, so the entries are whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
