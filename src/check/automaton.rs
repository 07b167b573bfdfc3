//! The automaton of a buyer, read lazily from the real code.
//!
//! A node is what a buyer remembers (its observations, with finished spans reduced to their results); an edge is
//! an observation. Nothing is modelled by hand: an edge is found by running the buyer's code on a
//! [script](crate::platform::script). Equal outcomes are one node.
//!
//! Reading it also tests what it rests on: every script is run twice, as buyer 0 and as buyer 1, and where
//! histories were summarised as one, several of them are followed side by side from then on.

mod reader;

use super::interner::Interner;
use crate::platform::script::{self, Aside, Memory, Run, Stop};
use crate::platform::{Actor, Content, End};
use crate::scenario::Scenario;
use crate::sync::{Access, Meaning, ObjectId, Observation, Outcome, Setup, Step};
use reader::Reader;
use rustc_hash::FxHashMap;

/// A control point of the code, by number.
pub type NodeId = u16;

/// How many different histories of one node are followed side by side. Each catches a span that leaks; more
/// than a few only cost time.
const REPRESENTATIVES: usize = 4;

/// The code does not keep to what a verdict rests on (or its automaton has no end).
#[derive(Debug, thiserror::Error)]
pub enum AutomatonError {
    /// Two runs of one script differ.
    #[error(
        "the buying code is not deterministic: after {history} it first did this: {first}; and on a second run: {second}. \
         Let it depend on nothing but what it observes through the platform (no clock, no random numbers, no statics)"
    )]
    NotDeterministic {
        /// The script.
        history: String,
        /// What the code did first.
        first: String,
        /// What it did then.
        second: String,
    },
    /// Buyer 0 and buyer 1 take different steps on one script.
    #[error(
        "buyers are not interchangeable: after {history} buyer 0 did this: {first}; and buyer 1: {second}. \
         Let a buyer's number matter only to what is printed"
    )]
    NotInterchangeable {
        /// The script.
        history: String,
        /// What buyer 0 did.
        first: String,
        /// What buyer 1 did.
        second: String,
    },
    /// Two histories that were summarised as one lead to different steps.
    #[error(
        "a span leaks more than its return value: two histories left the same behind, yet after {first_history} the \
         next is this: {first}; and after {second_history}: {second}. Return from the span what matters later"
    )]
    Leak {
        /// One history.
        first_history: String,
        /// What followed it.
        first: String,
        /// The other.
        second_history: String,
        /// What followed that.
        second: String,
    },
    /// The automaton did not close.
    #[error(
        "the code has more than {0} control points: it may remember without end. Wrap loops in `retry` and finished \
         work in `span`"
    )]
    Unbounded(usize),
}

/// A control point.
#[derive(Debug)]
pub struct Node {
    pub place: Place,
    /// Whether this is the launcher's code, not a buyer's.
    launcher: bool,
    /// How many sales the buyer has announced on the way here.
    pub sales: u32,
    /// Whether it is inside search.
    pub searching: bool,
    /// The locks it holds. (For one that died: that it held.)
    pub held: Vec<ObjectId>,
    /// Full histories that lead here.
    /// invariant: not empty, distinct, at most `REPRESENTATIVES`; empty only for `Killed`
    histories: Vec<Vec<Observation>>,
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
    fn of(stop: &Stop) -> Place {
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
    fn is_like(&self, run: &Run) -> bool {
        self.place == Place::of(&run.stop) && self.held == run.held && self.sales == run.sales
    }

    /// Keeps one more history, if it is new and there is room; says whether it did.
    fn remember(&mut self, history: Vec<Observation>) -> bool {
        let room = self.histories.len() < REPRESENTATIVES && !self.histories.contains(&history);
        if room {
            self.histories.push(history);
        }
        room
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
enum Key {
    Live { launcher: bool, memory: Vec<Memory>, sales: u32 },
    Ended { class: Class, sales: u32, held: Vec<ObjectId> },
    Decided(bool),
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
    observation: Observation,
    /// How many of the node's histories have been followed along it.
    followed: usize,
}

/// The automaton, as far as it has been read.
pub struct Automaton<S: Scenario> {
    reader: Reader<S>,
    roots: FxHashMap<Actor, (NodeId, Vec<Aside>)>,
    nodes: Vec<Node>,
    numbers: FxHashMap<Key, NodeId>,
    contents: Interner<Content>,
    /// By node, then by content of the node's object: not known yet, not enabled, or an edge.
    edges: Vec<Vec<Option<Option<Edge>>>>,
    initial: Vec<u32>,
    audits: FxHashMap<Vec<u32>, Option<u64>>,
    max_nodes: usize,
}

impl<S: Scenario> Automaton<S> {
    pub fn new(scenario: &S, max_nodes: usize) -> Self {
        let mut setup = Setup::default();
        let shared = scenario.build(&mut setup);
        let mut contents = Interner::new();
        let initial = setup.objects().iter().map(|(_, content)| contents.intern(content.clone())).collect();
        Automaton {
            reader: Reader::new(scenario.clone(), shared),
            roots: FxHashMap::default(),
            nodes: Vec::new(),
            numbers: FxHashMap::default(),
            contents,
            edges: Vec::new(),
            initial,
            audits: FxHashMap::default(),
            max_nodes,
        }
    }

    pub fn scenario(&self) -> &S {
        &self.reader.scenario
    }

    /// How many control points have been read.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node as usize]
    }

    /// The initial contents, interned.
    pub fn initial(&self) -> &[u32] {
        &self.initial
    }

    /// Where a buyer starts.
    pub fn buyer(&mut self) -> Result<(NodeId, Vec<Aside>), AutomatonError> {
        self.root(Actor::Buyer(0))
    }

    /// Where the launcher starts whenever a buyer has ended.
    pub fn launcher(&mut self) -> Result<(NodeId, Vec<Aside>), AutomatonError> {
        self.root(Actor::Launcher)
    }

    fn root(&mut self, actor: Actor) -> Result<(NodeId, Vec<Aside>), AutomatonError> {
        if let Some(known) = self.roots.get(&actor) {
            return Ok(known.clone());
        }
        let contents: Vec<_> = self.initial.iter().map(|content| self.contents[*content].clone()).collect();
        let run = self.follow(actor, &[], &contents)?;
        let node = self.enter(actor, &run, Vec::new(), &contents)?;
        self.roots.insert(actor, (node, run.asides.clone()));
        Ok((node, run.asides))
    }

    /// Where a buyer is after it was killed at `node`.
    pub fn killed(&mut self, node: NodeId) -> Result<NodeId, AutomatonError> {
        let sales = self.node(node).sales;
        let place = Place::Ended(Class::Killed);
        self.number(Key::Ended { class: Class::Killed, sales, held: Vec::new() }, || Node {
            place,
            launcher: false,
            sales,
            searching: false,
            held: Vec::new(),
            histories: Vec::new(),
        })
    }

    /// What the step at `node` does to these contents; `None` if it is not enabled then.
    pub fn edge(&mut self, node: NodeId, contents: &[u32]) -> Result<Option<&Edge>, AutomatonError> {
        let content = contents[self.object(node)] as usize;
        if self.edges[node as usize].get(content).is_none_or(Option::is_none) {
            self.learn_edge(node, contents)?;
        }
        Ok(self.edges[node as usize][content].as_ref().and_then(Option::as_ref))
    }

    #[cold]
    fn learn_edge(&mut self, node: NodeId, contents: &[u32]) -> Result<(), AutomatonError> {
        let content = contents[self.object(node)] as usize;
        let mut contents: Vec<_> = contents.iter().map(|content| self.contents[*content].clone()).collect();
        let edge = self.read_edge(node, &mut contents)?;
        let slots = &mut self.edges[node as usize];
        if slots.len() <= content {
            slots.resize(content + 1, None);
        }
        slots[content] = Some(edge);
        self.follow_histories(node, contents)
    }

    /// The object that the step at `node` accesses.
    fn object(&self, node: NodeId) -> ObjectId {
        match self.node(node).place {
            Place::Before(object, _) => object,
            _ => unreachable!("only a node before a step is asked for its edges"),
        }
    }

    /// The content of an object after its dead owner's lock was freed.
    pub fn freed(&mut self, content: u32) -> u32 {
        let freed = self.contents[content].freed();
        self.contents.intern(freed)
    }

    /// What the scenario's audit says of these contents.
    pub fn audit(&mut self, contents: &[u32]) -> Option<u64> {
        if let Some(&known) = self.audits.get(contents) {
            return known;
        }
        let all: Vec<_> = contents.iter().map(|content| self.contents[*content].clone()).collect();
        let count = script::audit(&self.reader.scenario, &self.reader.shared, &all);
        self.audits.insert(contents.to_vec(), count);
        count
    }

    fn actor(&self, node: NodeId) -> Actor {
        if self.node(node).launcher { Actor::Launcher } else { Actor::Buyer(0) }
    }

    /// Reads the edge and takes its step on the contents.
    fn read_edge(&mut self, node: NodeId, contents: &mut [Content]) -> Result<Option<Edge>, AutomatonError> {
        let Place::Before(object, access) = self.node(node).place.clone() else { return Ok(None) };
        let Some(observation) = script::alone(contents, &Step { object, access }) else { return Ok(None) };
        let content = self.contents.intern(contents[object].clone());
        let actor = self.actor(node);
        let mut history = self.node(node).histories[0].clone();
        history.push(observation.clone());
        let run = self.follow(actor, &history, contents)?;
        let to = self.enter(actor, &run, history, contents)?;
        let torn = run.asides.iter().any(|aside| matches!(aside, Aside::Told(e) if e.meaning == Meaning::TornRead));
        Ok(Some(Edge { to, content, torn, asides: run.asides, observation, followed: 1 }))
    }

    /// Runs a script, and again as another buyer to see that it makes no difference.
    fn follow(&mut self, actor: Actor, history: &[Observation], contents: &[Content]) -> Result<Run, AutomatonError> {
        let first = self.reader.run(actor, history, contents);
        let other = if actor == Actor::Launcher { Actor::Launcher } else { Actor::Buyer(1) };
        let second = self.reader.run(other, history, contents);
        if first == second {
            return Ok(first);
        }
        let again = self.reader.run_anew(actor, history);
        let history = self.told(actor, history);
        let (first, second, again) = (did(&first), did(&second), did(&again));
        if first != again {
            return Err(AutomatonError::NotDeterministic { history, first, second: again });
        }
        if other == actor {
            return Err(AutomatonError::NotDeterministic { history, first, second });
        }
        Err(AutomatonError::NotInterchangeable { history, first, second })
    }

    /// The node that a run has come to; a new one, or one that is known and must then be like it.
    fn enter(
        &mut self,
        actor: Actor,
        run: &Run,
        history: Vec<Observation>,
        contents: &[Content],
    ) -> Result<NodeId, AutomatonError> {
        let launcher = actor == Actor::Launcher;
        let place = Place::of(&run.stop);
        let key = match &place {
            Place::Before(..) => Key::Live { launcher, memory: run.memory.clone(), sales: run.sales },
            Place::Ended(class) => Key::Ended { class: *class, sales: run.sales, held: run.held.clone() },
            Place::Decided(go_on) => Key::Decided(*go_on),
        };
        let live = matches!(place, Place::Before(..));
        if let Some(&known) = self.numbers.get(&key) {
            if !self.node(known).is_like(run) {
                return Err(self.leak(actor, &self.node(known).histories[0], &history));
            }
            if live && self.nodes[known as usize].remember(history) {
                self.follow_histories(known, contents.to_vec())?;
            }
            return Ok(known);
        }
        let searching = live && !launcher && run.spans().any(|span| span == super::SEARCH);
        let (sales, held) = (run.sales, run.held.clone());
        self.number(key, || Node { place, launcher, sales, searching, held, histories: vec![history] })
    }

    fn number(&mut self, key: Key, node: impl FnOnce() -> Node) -> Result<NodeId, AutomatonError> {
        if let Some(&known) = self.numbers.get(&key) {
            return Ok(known);
        }
        let number = NodeId::try_from(self.nodes.len()).ok().filter(|n| usize::from(*n) < self.max_nodes);
        let number = number.ok_or(AutomatonError::Unbounded(self.nodes.len()))?;
        self.nodes.push(node());
        self.edges.push(Vec::new());
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// Follows all histories of a node along all its known edges, and so on from the nodes they lead to.
    /// `contents` is what there may be at the node.
    fn follow_histories(&mut self, node: NodeId, contents: Vec<Content>) -> Result<(), AutomatonError> {
        let mut work = vec![(node, contents)];
        while let Some((node, contents)) = work.pop() {
            let (actor, object) = (self.actor(node), self.object(node));
            for slot in 0..self.edges[node as usize].len() {
                while let Some((to, content, history)) = self.next_to_follow(node, slot) {
                    let mut contents = contents.clone();
                    contents[object] = self.contents[content].clone();
                    let run = self.reader.run(actor, &history, &contents);
                    let asides = self.edges[node as usize][slot].iter().flatten().map(|edge| &edge.asides).next();
                    if !self.node(to).is_like(&run) || asides != Some(&run.asides) {
                        let first = self.extended(node, 0, slot);
                        return Err(self.leak(actor, &first, &history));
                    }
                    if matches!(run.stop, Stop::Before(_)) && self.nodes[to as usize].remember(history) {
                        work.push((to, contents));
                    }
                }
            }
        }
        Ok(())
    }

    /// The next history of a node that has not been followed along this edge, extended by it; where it leads, and
    /// to what content.
    fn next_to_follow(&mut self, node: NodeId, slot: usize) -> Option<(NodeId, u32, Vec<Observation>)> {
        let histories = self.node(node).histories.len();
        let edge = self.edges[node as usize][slot].as_mut()?.as_mut()?;
        if edge.followed == histories {
            return None;
        }
        edge.followed += 1;
        let (to, content, history) = (edge.to, edge.content, edge.followed - 1);
        Some((to, content, self.extended(node, history, slot)))
    }

    /// A history of a node, extended by what an edge of it observes.
    fn extended(&self, node: NodeId, history: usize, slot: usize) -> Vec<Observation> {
        let edge = self.edges[node as usize][slot].as_ref().and_then(Option::as_ref);
        let observation = edge.map(|edge| edge.observation.clone());
        self.node(node).histories[history].iter().cloned().chain(observation).collect()
    }

    fn leak(&self, actor: Actor, first: &[Observation], second: &[Observation]) -> AutomatonError {
        let next = |history| did(&self.reader.run_anew(actor, history));
        AutomatonError::Leak {
            first_history: self.told(actor, first),
            first: next(first),
            second_history: self.told(actor, second),
            second: next(second),
        }
    }

    /// A history in words: its steps and what they observed.
    fn told(&self, actor: Actor, history: &[Observation]) -> String {
        if history.is_empty() {
            return "no step at all".to_owned();
        }
        let step = |(i, observation): (usize, &Observation)| {
            let run = self.reader.run_anew(actor, &history[..i]);
            format!("{} -> {}", did(&run), observed(observation))
        };
        format!("[{}]", history.iter().enumerate().map(step).collect::<Vec<_>>().join("; "))
    }
}

/// What a run came to, in words: equal for runs that are alike.
fn did(run: &Run) -> String {
    let told = run.asides.iter().filter_map(|aside| match aside {
        Aside::Told(event) => {
            Some(format!("told {}{}, then ", event.name, event.value.map_or(String::new(), |v| format!(" {v}"))))
        }
        _ => None,
    });
    let told: String = told.collect();
    match &run.stop {
        Stop::Before(step) => format!("{told}{:?} of object {}", step.access, step.object),
        Stop::Ended(end) => format!("{told}end: {end:?}"),
        Stop::Decided(go_on) => format!("{told}decision: {go_on}"),
    }
}

fn observed(observation: &Observation) -> String {
    match observation {
        Observation::Done => "done".to_owned(),
        Observation::Content(bytes) => crate::trace::shown(bytes),
        Observation::Value(value) => format!("{value:?}"),
        Observation::Number(number) => number.to_string(),
    }
}
