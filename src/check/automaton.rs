//! The automaton of a scenario's code, read lazily from the real thing.
//!
//! A control point is what a thread remembers: its observations, with finished spans reduced to their results. An edge
//! is an observation. Nothing is modelled by hand: an edge is found by running the code on a
//! [script](crate::platform::script) that skips what is finished and so *is* what the thread remembers. Two threads that
//! remember the same are given the same script, and are the same run: merging them needs no test.
//!
//! That the script is all there is (no hidden state, no clock) is what [`cross_check`](Automaton::cross_check) looks at.

mod closure;
mod cross_check;
mod edges;
mod known;
mod memories;
mod merging;
mod node;
mod refusal;
mod shape;

use super::interner::Interner;
use super::limits::{Limits, Meter};
use super::outcome::Tally;
use super::{Property, Scope};
use crate::drop_in::BEYOND;
use crate::platform::script::{Memory, Reading, Script};
use crate::platform::{Actor, Content};
use crate::scenario::Scenario;
use crate::sync::{Mode, ObjectId, Observation};
pub use cross_check::{OF_AN_EDGE, OTHER_HISTORIES};
pub use known::Edges;
use known::Known;
use memories::Memories;
use merging::Merging;
use node::Key;
pub use node::{Class, Edge, Flags, Node, NodeId, Place, Root, Taken};
pub use refusal::{AutomatonError, Bound};
use rustc_hash::FxHashMap;

/// The most observations and results that a thread may remember at one control point. Reading the automaton takes
/// time in the square of it.
const MOST_REMEMBERED: usize = 1_000;

/// About how many edges are read at most for any number of threads. A thousand tickets without a lock take 2.5 million.
const MOST_WORK: u64 = 3_000_000;

/// The automaton, as far as it has been read.
pub struct Automaton {
    reading: Reading,
    /// Whether the threads of a role are told apart, so that each has control points of its own.
    apart: bool,
    roots: FxHashMap<Actor, Root>,
    nodes: Vec<Node>,
    numbers: FxHashMap<Key, NodeId>,
    memories: Memories,
    contents: Interner<Content>,
    /// By control point and content of its object, where its step leads: nowhere if it is not enabled.
    known: Known,
    /// By control point, the edges that were read last.
    last: Vec<Edges>,
    /// By control point, where its steps lead, as far as they have been read.
    leads_to: Vec<Vec<NodeId>>,
    /// What steps are to those who take them, and their numbers by control point and observation.
    taken: Vec<Taken>,
    taken_by: FxHashMap<(NodeId, Observation), u32>,
    initial: Vec<u32>,
    audits: FxHashMap<Vec<u32>, Option<u64>>,
    /// Whether the step at a control point is one that nobody can notice.
    unnoticed: FxHashMap<NodeId, bool>,
    /// Whether it matters in which way threads end.
    endings: Endings,
    /// Which control points are one, if any are.
    merging: Option<Merging>,
    /// Whether what is read may be what no execution comes to.
    is_guessing: bool,
    /// By number of what was [`Taken`]: whether a search has been there.
    searched: Vec<bool>,
    /// By control point: whether a search has been there.
    reached: Vec<bool>,
    /// Whether everything has been read that an execution of any number of threads comes to.
    all_is_read: bool,
    /// How many control points were read where that came to no end: they do not count against the limit.
    read_in_vain: usize,
    /// What was read before, until something was wrong with code that perhaps no execution comes to.
    given_up: Option<Box<Automaton>>,
    /// How much has been read: about how many edges with small contents that is the same work as.
    work: u64,
    meter: Meter,
}

/// One thing that a step can come to: what it leaves, if it accesses anything, and what it observes.
type Outcome = (Option<Content>, Observation);

/// Whether it matters in which way threads end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endings {
    /// It does.
    Apart,
    /// Those who have ended are all alike, but for what they have told and whether they are excused.
    Alike,
}

impl Endings {
    /// As the properties ask for it: only a scenario's own properties look at endings.
    pub fn asked_by(properties: &[Property]) -> Endings {
        let own = |property: &Property| matches!(property, Property::Own(own) if own.scope == Scope::Ends);
        if properties.iter().any(own) { Endings::Apart } else { Endings::Alike }
    }
}

impl Automaton {
    /// Threads of a role are alike, unless the scenario has identities.
    pub fn new(scenario: &Scenario, limits: &Limits, endings: Endings) -> Result<Self, AutomatonError> {
        Automaton::with(scenario, limits, endings, scenario.has_identities())
    }

    /// No two threads are alike, whatever the scenario is.
    pub fn told_apart(scenario: &Scenario, limits: &Limits, endings: Endings) -> Result<Self, AutomatonError> {
        Automaton::with(scenario, limits, endings, true)
    }

    fn with(scenario: &Scenario, limits: &Limits, endings: Endings, apart: bool) -> Result<Self, AutomatonError> {
        if let Some(refused) = refusal::remembered(scenario) {
            return Err(refused);
        }
        let (reading, setup) = Reading::new(scenario);
        let mut automaton = Automaton {
            reading,
            apart,
            roots: FxHashMap::default(),
            nodes: Vec::new(),
            numbers: FxHashMap::default(),
            memories: Memories::new(),
            contents: Interner::new(),
            known: Known::default(),
            last: Vec::new(),
            leads_to: Vec::new(),
            taken: Vec::new(),
            taken_by: FxHashMap::default(),
            initial: Vec::new(),
            audits: FxHashMap::default(),
            unnoticed: FxHashMap::default(),
            endings,
            merging: None,
            is_guessing: false,
            searched: Vec::new(),
            reached: Vec::new(),
            all_is_read: false,
            read_in_vain: 0,
            given_up: None,
            work: 0,
            meter: Meter::new(limits),
        };
        for (object, (_, content)) in setup.objects().iter().enumerate() {
            let content = automaton.content(object, content.clone())?;
            automaton.initial.push(content);
        }
        Ok(automaton)
    }

    pub fn scenario(&self) -> &Scenario {
        self.reading.scenario()
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Whether threads of a role are told apart.
    pub fn is_apart(&self) -> bool {
        self.apart
    }

    /// How many control points have been read.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many control points searches have come to.
    pub fn reached(&self) -> usize {
        self.reached.iter().filter(|reached| **reached).count()
    }

    /// Whether everything has been read that an execution of any number of threads comes to.
    pub fn all_is_read(&self) -> bool {
        self.all_is_read
    }

    /// A search has read all that.
    pub fn has_read_all(&mut self) {
        self.all_is_read = true;
    }

    /// Whether a search has come to where a loop is not followed any further.
    pub fn is_cut_short(&self) -> bool {
        (0..self.nodes.len()).any(|node| self.reached[node] && self.is_beyond(node))
    }

    /// Whether a loop is not followed any further there.
    fn is_beyond(&self, node: usize) -> bool {
        self.scenario().turns().is_some() && self.nodes[node].object() == Some(BEYOND)
    }

    /// So many of the control points that have been read came to nothing: they do not count against the limit.
    pub fn has_read_in_vain(&mut self, points: usize) {
        self.read_in_vain += points;
    }

    /// A search comes to this control point.
    pub fn reach(&mut self, node: NodeId) {
        self.reached[node as usize] = true;
    }

    /// The limit, in words, if more has been read than what has an end needs for any number of threads: where contents and
    /// control points both grow, there are few states to the many that are looked at in each.
    pub fn has_read_much(&self) -> Option<String> {
        (self.work > MOST_WORK).then(|| format!("stopped after reading what the code does {MOST_WORK} times"))
    }

    /// Looks after the limits of this check.
    pub fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// About how much memory the automaton takes.
    pub fn bytes(&self) -> usize {
        // What they point to is shared, or small.
        self.nodes.len() * size_of::<(Node, Key, [u8; 64])>()
            + self.known.bytes()
            + self.taken.len() * size_of::<(Taken, Observation, [u8; 64])>()
            + self.memories.len() * size_of::<[(Memory, [u8; 32]); 2]>()
    }

    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node as usize]
    }

    /// What somebody remembers at a control point: the script that leads there.
    pub fn remembered(&self, node: NodeId) -> Vec<Memory> {
        self.memories.list(self.node(node).memory)
    }

    /// The initial contents, interned.
    pub fn initial(&self) -> &[u32] {
        &self.initial
    }

    /// A content of this number.
    pub fn content_of(&self, content: u32) -> &Content {
        &self.contents[content]
    }

    /// Where a thread starts, or, whenever one of the first role has ended, the parent. Unless threads are told apart,
    /// those of a role start where the first of them does.
    pub fn root(&mut self, actor: Actor) -> Result<Root, AutomatonError> {
        let actor = match actor {
            Actor::Thread(role, _) if !self.apart => Actor::Thread(role, 0),
            actor => actor,
        };
        if let Some(known) = self.roots.get(&actor) {
            return Ok(known.clone());
        }
        let run = self.reading.follow(actor, Script::Skipping(&[]));
        let (node, flags) = self.enter(actor, &run, &Tally::of(self.scenario(), &[]), Vec::new(), None)?;
        let root = Root { node, locals: run.locals, flags };
        self.roots.insert(actor, root.clone());
        Ok(root)
    }

    /// Where a thread is after it was killed at `node`.
    pub fn killed(&mut self, node: NodeId) -> Result<NodeId, AutomatonError> {
        let Node { actor, role, tally, memory, .. } = self.node(node);
        let (actor, role, tally, memory) = (*actor, *role, tally.clone(), *memory);
        let class = self.class(Class::Killed);
        let key = Key::Ended { actor, class: class.clone(), tally: tally.clone() };
        let place = Place::Ended(class);
        let (held, inside) = (Vec::new(), Vec::new());
        self.number(key, || Node { place, actor, role, tally, held, inside, memory, from: None })
    }

    /// What an object holds after somebody's end has left it behind.
    pub fn left(
        &mut self,
        object: ObjectId,
        content: u32,
        mode: Mode,
        kind: crate::platform::LockKind,
        died: bool,
    ) -> Result<u32, AutomatonError> {
        if !self.contents[content].may_be_held(mode) {
            return Ok(content);
        }
        let left = self.contents[content].left_by(mode, kind, died);
        self.content(object, left)
    }

    /// What the scenario's audit says of these contents.
    pub fn audit(&mut self, contents: &[u32]) -> Option<u64> {
        if let Some(&known) = self.audits.get(contents) {
            return known;
        }
        let all: Vec<_> = contents.iter().map(|content| self.contents[*content].clone()).collect();
        let count = self.reading.audit(&all);
        self.audits.insert(contents.to_vec(), count);
        count
    }

    /// Whose code it is, in words.
    fn whose(&self, actor: Actor) -> String {
        let Actor::Thread(role, number) = actor else { return "the parent".to_owned() };
        let role = format!("role `{}`", self.scenario().roles()[role].name);
        if self.apart { format!("{role} (thread {number} of it)") } else { role }
    }

    fn refused(&self, actor: Actor, script: &[Memory], reason: &str) -> AutomatonError {
        let history = refusal::told(self.reading.names(), script);
        let error = AutomatonError::Refused { role: self.whose(actor), history, reason: reason.to_owned() };
        if !self.is_guessing {
            refusal::remember(self.scenario(), &error);
        }
        error
    }
}
