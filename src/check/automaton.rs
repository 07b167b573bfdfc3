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
use crate::platform::script::{Local, Memory, Reading, Run, Script, Stop};
use crate::platform::{Act, Actor, Content, End, hold};
use crate::scenario::Scenario;
use crate::sync::{Event, Mode, ObjectId, Observation, Step};
pub use cross_check::{OF_AN_EDGE, OTHER_HISTORIES};
use memories::Memories;
use merging::Merging;
use node::Key;
pub use node::{Class, Edge, Flags, Node, NodeId, Place, Root, Taken};
pub use refusal::{AutomatonError, Bound};
use rustc_hash::FxHashMap;

/// The most observations and results that a thread may remember at one control point. Reading the automaton takes
/// time in the square of it.
const MOST_REMEMBERED: usize = 1_000;

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
    /// All edges, one control point and content after the other.
    edges: Vec<Edge>,
    /// By control point and content of its object (0 where it accesses none), where its edges are among them: none if its
    /// step is not enabled, nothing if that is not known yet.
    edges_at: FxHashMap<(NodeId, u32), Range>,
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
    /// How many control points were read in advance where that came to no end: they do not count against the limit.
    read_in_vain: usize,
    /// What was read before, until something was wrong with code that perhaps no execution comes to.
    given_up: Option<Box<Automaton>>,
    meter: Meter,
}

/// Some of the edges.
#[derive(Clone, Copy, Debug, Default)]
struct Range {
    start: u32,
    end: u32,
}

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
            edges: Vec::new(),
            edges_at: FxHashMap::default(),
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

    /// A search comes to this control point.
    pub fn reach(&mut self, node: NodeId) {
        self.reached[node as usize] = true;
    }

    /// Looks after the limits of this check.
    pub fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// About how much memory the automaton takes.
    pub fn bytes(&self) -> usize {
        // What they point to is shared, or small.
        let (nodes, edges) = (size_of::<Node>() + size_of::<Key>() + 64, size_of::<Edge>() + 32);
        let (taken, memories) = (size_of::<Taken>() + size_of::<Observation>() + 64, 2 * (size_of::<Memory>() + 32));
        self.nodes.len() * nodes + self.edges.len() * edges + self.taken.len() * taken + self.memories.len() * memories
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

    /// What the step at `node` can come to with these contents; nothing if it is not enabled then.
    pub fn edges(&mut self, node: NodeId, contents: &[u32]) -> Result<&[Edge], AutomatonError> {
        let slot = self.node(node).object().map_or(0, |object| contents[object]);
        let range = match self.edges_at.get(&(node, slot)) {
            Some(&known) => known,
            None => self.learn(node, contents, slot)?,
        };
        Ok(&self.edges[range.start as usize..range.end as usize])
    }

    /// What has been read at `node` with this content of its object.
    fn known_edges(&self, node: NodeId, slot: u32) -> &[Edge] {
        let range = self.edges_at.get(&(node, slot)).copied().unwrap_or_default();
        &self.edges[range.start as usize..range.end as usize]
    }

    #[cold]
    fn learn(&mut self, node: NodeId, contents: &[u32], slot: u32) -> Result<Range, AutomatonError> {
        let edges = self.read(node, contents)?;
        let start = self.edges.len() as u32;
        self.edges.extend(edges);
        let range = Range { start, end: self.edges.len() as u32 };
        self.edges_at.insert((node, slot), range);
        let count = self.len() - self.read_in_vain;
        let (limit, bytes) = (self.meter.limits.max_nodes, self.bytes());
        match self.meter.look("control points", count, limit, bytes) {
            Some(limit) => Err(AutomatonError::Unbounded(Bound::Limit(limit))),
            None => Ok(range),
        }
    }

    /// Reads what the step at `node` can come to.
    fn read(&mut self, node: NodeId, contents: &[u32]) -> Result<Vec<Edge>, AutomatonError> {
        let Some(step) = self.node(node).step() else { return Ok(Vec::new()) };
        let (object, chooses) = (step.object(), matches!(step, Step::Choose(_)));
        let outcomes: Vec<(Option<Content>, Observation)> = match step {
            Step::On(object, crate::sync::Access::Unlock(mode, _))
                if !self.contents[contents[*object]].may_be_held(*mode) =>
            {
                return Ok(Vec::new());
            }
            Step::On(object, access) => {
                let outcomes = self.contents[contents[*object]].outcomes(access);
                outcomes.into_iter().map(|(content, seen)| (Some(content), seen)).collect()
            }
            Step::Choose(choice) => {
                (0..choice.alternatives.len()).map(|index| (None, Observation::Chosen(index))).collect()
            }
            Step::Fence(_) => vec![(None, Observation::Done)],
        };
        let of = outcomes.len();
        let mut edges = Vec::with_capacity(of);
        for (index, (content, seen)) in outcomes.into_iter().enumerate() {
            let pick = if chooses || of > 1 { index as u16 + 1 } else { 0 };
            let content = match (content, object) {
                (Some(content), Some(object)) => self.content(object, content)?,
                _ => 0,
            };
            let key = (node, seen);
            let taken = match self.taken_by.get(&key) {
                Some(&known) => known,
                None => {
                    let taken = self.take(node, key.1.clone())?;
                    let number = self.taken.len() as u32;
                    let leads_to = &mut self.leads_to[node as usize];
                    if !leads_to.contains(&taken.to) {
                        leads_to.push(taken.to);
                    }
                    self.taken.push(taken);
                    self.searched.push(false);
                    self.taken_by.insert(key, number);
                    number
                }
            };
            edges.push(Edge { to: self.taken[taken as usize].to, content, pick, taken });
        }
        Ok(edges)
    }

    /// How the move is called that takes this edge of a control point.
    pub fn act(&self, node: NodeId, edge: &Edge) -> Act {
        match (self.node(node).step(), edge.pick.checked_sub(1)) {
            (Some(Step::Choose(choice)), Some(pick)) => Act::Pick(choice.alternatives[usize::from(pick)]),
            (_, Some(pick)) => Act::Pick(crate::platform::record::interned(&pick.to_string())),
            (_, None) => Act::Step,
        }
    }

    /// A search takes this edge.
    pub fn search(&mut self, edge: &Edge) -> &Taken {
        self.searched[edge.taken as usize] = true;
        self.taken(edge)
    }

    /// What a step is to the one who takes it.
    pub fn taken(&self, edge: &Edge) -> &Taken {
        &self.taken[edge.taken as usize]
    }

    /// Runs the code on what it remembers at `node` and one observation more.
    fn take(&mut self, node: NodeId, seen: Observation) -> Result<Taken, AutomatonError> {
        let Node { actor, memory, tally, held, .. } = self.node(node);
        let (actor, tally, mut held) = (*actor, tally.clone(), held.clone());
        let step = self.node(node).step().expect("only a step is taken").clone();
        let mut script = self.memories.list(*memory);
        script.push(Memory::Took(step.clone(), seen.clone()));
        let run = self.reading.follow(actor, Script::Skipping(&script));
        hold(&mut held, &step, &seen);
        let (to, flags) = self.enter(actor, &run, &tally, held.clone(), Some((node, seen.clone(), &script)))?;
        let left = if matches!(run.stop, Stop::Before(_)) { Vec::new() } else { held };
        let dies = matches!(run.stop, Stop::Ended(End::Crashed(_)));
        Ok(Taken { to, flags, left, dies, locals: run.locals, seen })
    }

    /// The control point that a run has come to, and what has happened on the way that properties speak of.
    fn enter(
        &mut self,
        actor: Actor,
        run: &Run,
        before: &Tally,
        held: Vec<(ObjectId, Mode)>,
        from: Option<(NodeId, Observation, &[Memory])>,
    ) -> Result<(NodeId, Flags), AutomatonError> {
        let role = actor.role();
        let place = match Place::of(&run.stop) {
            Ok(Place::Ended(class)) => Place::Ended(self.class(class)),
            Ok(place) => place,
            Err(reason) => {
                let script = from.map_or(&[][..], |(_, _, script)| script);
                // No code may do that, whatever executions come to.
                self.is_guessing &= !matches!(run.stop, Stop::Strayed(_));
                return Err(self.refused(actor, script, reason));
            }
        };
        if run.memory.len() > MOST_REMEMBERED {
            return Err(AutomatonError::Unbounded(Bound::Memory(MOST_REMEMBERED)));
        }
        let memory = self.memory(run)?;
        let told = run.locals.iter().filter_map(|local| match local {
            Local::Told(event) => Some(event.clone()),
            _ => None,
        });
        let told: Vec<Event> = told.collect();
        let tally = if role.is_some() { before.plus(&Tally::of(self.scenario(), &told)) } else { before.clone() };
        let torn = told.iter().any(|event| event.meaning == crate::sync::Meaning::TornRead);
        let crash = matches!(&run.stop, Stop::Ended(End::Crashed(death)) if self.scenario().is_crash(death));
        let flags = Flags { torn, crash };
        let live = matches!(place, Place::Before(_));
        let key = match &place {
            Place::Before(_) => Key::Live { actor, memory, tally: tally.clone(), held: held.clone() },
            Place::Ended(class) => Key::Ended { actor, class: class.clone(), tally: tally.clone() },
            Place::Decided(go_on) => Key::Decided { go_on: *go_on },
        };
        let held = if live { held } else { Vec::new() };
        let inside = if live { run.spans().collect() } else { Vec::new() };
        let from = from.map(|(node, seen, _)| (node, seen));
        let node = self.number(key, || Node { place, actor, role, tally, held, inside, memory, from })?;
        Ok((node, flags))
    }

    /// The class of an end, as far as it matters.
    fn class(&self, class: Class) -> Class {
        match (self.endings, &class) {
            (Endings::Apart, _) => class,
            (Endings::Alike, Class::Returned(ending)) => Class::Gone { excused: self.scenario().excuses(ending) },
            (Endings::Alike, _) => Class::Gone { excused: false },
        }
    }

    fn number(&mut self, key: Key, node: impl FnOnce() -> Node) -> Result<NodeId, AutomatonError> {
        if let Some(&known) = self.numbers.get(&key) {
            return Ok(known);
        }
        let most = self.meter.limits.max_nodes + self.read_in_vain;
        let number = NodeId::try_from(self.nodes.len()).ok().filter(|n| usize::from(*n) < most);
        let number = number.ok_or(AutomatonError::Unbounded(Bound::Nodes(self.meter.limits.max_nodes)))?;
        self.nodes.push(node());
        self.leads_to.push(Vec::new());
        self.reached.push(false);
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// The number of a content of an object.
    fn content(&mut self, object: ObjectId, content: Content) -> Result<u32, AutomatonError> {
        let number = self.contents.intern(content.clone());
        if let (Content::Lock { value: Some(value), .. }, Content::Lock { value: Some(known), .. }) =
            (&content, &self.contents[number])
        {
            let name = self.reading.names()[object];
            same(name, &format!("{known:?}"), &format!("{value:?}"))?;
        }
        Ok(number)
    }

    /// The number of what a run remembers.
    fn memory(&mut self, run: &Run) -> Result<u32, AutomatonError> {
        let number = self.memories.intern(&run.memory);
        // Only what the latest step has left behind is new: one span, and perhaps others that took no step.
        if run.locals.iter().any(|local| matches!(local, Local::Left(..))) {
            let known = self.memories.list(number);
            for pair in
                known.iter().zip(&run.memory).rev().take_while(|(memory, _)| !matches!(memory, Memory::Took(..)))
            {
                if let (Memory::Left(span, known), Memory::Left(_, new)) = pair {
                    same(span, &format!("{known:?}"), &format!("{new:?}"))?;
                }
            }
        }
        Ok(number)
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

fn same(object: &str, first: &str, second: &str) -> Result<(), AutomatonError> {
    if first == second {
        return Ok(());
    }
    let [first, second] = [first, second].map(str::to_owned);
    Err(AutomatonError::UnequalEquals { object: object.to_owned(), first, second })
}
