//! The automaton of a buyer, read lazily from the real code.
//!
//! A node is what a buyer remembers (its observations, with finished spans reduced to their results); an edge is
//! an observation. Nothing is modelled by hand: an edge is found by running the buyer's code on a
//! [script](crate::platform::script). Equal outcomes are one node.
//!
//! Reading it also tests what it rests on: every script is run twice, as buyer 0 and as buyer 1, and where
//! histories were summarised as one, several of them are followed side by side from then on.

mod history;
mod node;
mod reader;
mod refusal;

use super::interner::Interner;
use crate::platform::script::{self, Aside, Run, Stop};
use crate::platform::{Actor, Content};
use crate::scenario::Scenario;
use crate::sync::{Meaning, ObjectId, Observation, Setup, Step};
use history::{Histories, History};
use node::Key;
pub use node::{Class, Edge, Node, NodeId, Place};
use reader::Reader;
pub use refusal::{AutomatonError, Bound};
use refusal::{did, difference, told};
use rustc_hash::FxHashMap;
use std::ops::Range;

/// The most observations and results that a buyer may remember at one control point. Reading the automaton takes
/// time and memory in the square of it.
const MOST_REMEMBERED: usize = 1_000;

/// Up to how many buyers are each compared with buyer 0 by running them alone. (Buyer 1 is always, everywhere.)
const MOST_COMPARED: usize = 100;

/// The automaton, as far as it has been read.
pub struct Automaton<S: Scenario> {
    reader: Reader<S>,
    roots: FxHashMap<Actor, (NodeId, Vec<Aside>)>,
    nodes: Vec<Node>,
    numbers: FxHashMap<Key, NodeId>,
    contents: Interner<Content>,
    observations: Interner<Observation>,
    /// How many buyers have been compared.
    compared: usize,
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
            observations: Interner::new(),
            compared: 2,
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
        let contents = self.initial_contents();
        let run = self.follow(actor, &History::default(), &contents)?;
        let node = self.enter(actor, &run, History::default(), &contents)?;
        self.roots.insert(actor, (node, run.asides.clone()));
        Ok((node, run.asides))
    }

    /// Runs every buyer of a crowd alone, to see that the number of a late one makes no difference there either.
    pub fn compare_buyers(&mut self, buyers: usize) -> Result<(), AutomatonError> {
        let contents = self.initial_contents();
        let late = self.compared..buyers.min(MOST_COMPARED);
        if late.is_empty() {
            return Ok(());
        }
        let (first, _) = self.reader.alone(Actor::Buyer(0), &contents);
        for buyer in late {
            let (second, script) = self.reader.alone(Actor::Buyer(buyer), &contents);
            let differ = |(one, other): &(&Run, &Run)| one != other;
            if let Some((first, second)) = first.iter().zip(&second).find(differ) {
                let script = &script[..second.taken.len()];
                return Err(self.disagreement([Actor::Buyer(0), Actor::Buyer(buyer)], script, first, second));
            }
            self.compared = buyer + 1;
        }
        Ok(())
    }

    fn initial_contents(&self) -> Vec<Content> {
        self.initial.iter().map(|content| self.contents[*content].clone()).collect()
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
            histories: Histories::default(),
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
        self.follow_histories(node, content..content + 1, contents)
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
        let number = self.observations.intern(observation.clone());
        let history = self.node(node).histories.kept()[0].and(node, observation.clone(), number);
        let run = self.follow(actor, &history, contents)?;
        let to = self.enter(actor, &run, history, contents)?;
        let torn = run.asides.iter().any(|aside| matches!(aside, Aside::Told(e) if e.meaning == Meaning::TornRead));
        Ok(Some(Edge { to, content, torn, asides: run.asides, observation, followed: 1 }))
    }

    /// Runs a script, and again as another buyer to see that it makes no difference.
    fn follow(&mut self, actor: Actor, history: &History, contents: &[Content]) -> Result<Run, AutomatonError> {
        let script = &history.observed;
        let first = self.reader.run(actor, script, contents);
        self.keeps_to(history, &first)?;
        let other = if actor == Actor::Launcher { Actor::Launcher } else { Actor::Buyer(1) };
        let second = self.reader.run(other, script, contents);
        if first == second {
            return Ok(first);
        }
        Err(self.disagreement([actor, other], script, &first, &second))
    }

    /// What it means that two runs of one script, by these two, differ.
    fn disagreement(&self, actors: [Actor; 2], script: &[Observation], first: &Run, second: &Run) -> AutomatonError {
        // Once more, and in the other order, so that what only alternates is not taken for the buyers' doing.
        let [second_again, first_again] = [actors[1], actors[0]].map(|actor| self.reader.run_anew(actor, script));
        let by_one = [(second, &second_again), (first, &first_again)];
        let unsteady = by_one.into_iter().find(|(one, other)| one != other);
        let (one, other) = unsteady.unwrap_or((first, second));
        let (history, first, second) = difference(script, one, other);
        match actors[1] {
            Actor::Buyer(buyer) if unsteady.is_none() => {
                AutomatonError::NotInterchangeable { history, first, buyer, second }
            }
            _ => AutomatonError::NotDeterministic { history, first, second },
        }
    }

    /// Whether a run took the steps of the history, as it must.
    fn keeps_to(&self, history: &History, run: &Run) -> Result<(), AutomatonError> {
        let steps: Vec<_> = history.passed.iter().map(|(node, _)| self.step_at(*node)).collect();
        if run.taken == steps {
            return Ok(());
        }
        let earlier = Run { taken: steps, ..run.clone() };
        let (history, first, second) = difference(&history.observed, &earlier, run);
        Err(AutomatonError::NotDeterministic { history, first, second })
    }

    fn step_at(&self, node: NodeId) -> Step {
        match &self.node(node).place {
            Place::Before(object, access) => Step { object: *object, access: access.clone() },
            _ => unreachable!("only a node before a step is passed"),
        }
    }

    /// The node that a run has come to; a new one, or one that is known and must then be like it.
    fn enter(
        &mut self,
        actor: Actor,
        run: &Run,
        history: History,
        contents: &[Content],
    ) -> Result<NodeId, AutomatonError> {
        let launcher = actor == Actor::Launcher;
        let place = Place::of(&run.stop);
        let key = match &place {
            Place::Before(..) => Key::Live { launcher, memory: run.memory.clone(), sales: run.sales },
            Place::Ended(class) => Key::Ended { class: *class, sales: run.sales, held: run.held.clone() },
            Place::Decided(go_on) => Key::Decided { go_on: *go_on, sales: run.sales, held: run.held.clone() },
        };
        let live = matches!(place, Place::Before(..));
        if run.memory.len() > MOST_REMEMBERED {
            return Err(AutomatonError::Unbounded(Bound::Memory(MOST_REMEMBERED)));
        }
        if let Some(&known) = self.numbers.get(&key) {
            if !self.node(known).is_like(run) {
                return Err(self.leak(actor, &self.node(known).histories.kept()[0], &history));
            }
            if live && self.nodes[known as usize].histories.keep(history) {
                let slots = 0..self.edges[known as usize].len();
                self.follow_histories(known, slots, contents.to_vec())?;
            }
            return Ok(known);
        }
        let searching = live && !launcher && run.spans().any(|span| span == super::SEARCH);
        let (sales, held) = (run.sales, run.held.clone());
        self.number(key, || Node { place, launcher, sales, searching, held, histories: Histories::of(history) })
    }

    fn number(&mut self, key: Key, node: impl FnOnce() -> Node) -> Result<NodeId, AutomatonError> {
        if let Some(&known) = self.numbers.get(&key) {
            return Ok(known);
        }
        let number = NodeId::try_from(self.nodes.len()).ok().filter(|n| usize::from(*n) < self.max_nodes);
        let number = number.ok_or(AutomatonError::Unbounded(Bound::Nodes(self.nodes.len())))?;
        self.nodes.push(node());
        self.edges.push(Vec::new());
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// Follows all histories of a node along these of its edges, and so on along all edges of the nodes they lead to.
    /// `contents` is what there may be at the node.
    fn follow_histories(
        &mut self,
        node: NodeId,
        slots: Range<usize>,
        contents: Vec<Content>,
    ) -> Result<(), AutomatonError> {
        let mut work = vec![(node, slots, contents)];
        while let Some((node, slots, contents)) = work.pop() {
            let (actor, object) = (self.actor(node), self.object(node));
            for slot in slots {
                while let Some((to, content, history)) = self.next_to_follow(node, slot) {
                    let mut contents = contents.clone();
                    contents[object] = self.contents[content].clone();
                    let run = self.reader.run(actor, &history.observed, &contents);
                    self.keeps_to(&history, &run)?;
                    let asides = self.edges[node as usize][slot].iter().flatten().map(|edge| &edge.asides).next();
                    if !self.node(to).is_like(&run) || asides != Some(&run.asides) {
                        let first = self.extended(node, 0, slot);
                        return Err(self.leak(actor, &first, &history));
                    }
                    if matches!(run.stop, Stop::Before(_)) && self.nodes[to as usize].histories.keep(history) {
                        work.push((to, 0..self.edges[to as usize].len(), contents));
                    }
                }
            }
        }
        Ok(())
    }

    /// The next history of a node that has not been followed along this edge, extended by it; where it leads, and
    /// to what content.
    fn next_to_follow(&mut self, node: NodeId, slot: usize) -> Option<(NodeId, u32, History)> {
        let histories = self.node(node).histories.kept().len();
        let edge = self.edges[node as usize][slot].as_mut()?.as_mut()?;
        if edge.followed == histories {
            return None;
        }
        edge.followed += 1;
        let (to, content, history) = (edge.to, edge.content, edge.followed - 1);
        Some((to, content, self.extended(node, history, slot)))
    }

    /// A history of a node, extended by what an edge of it observes.
    fn extended(&mut self, node: NodeId, history: usize, slot: usize) -> History {
        let edge = self.edges[node as usize][slot].as_ref().and_then(Option::as_ref);
        let observation = edge.expect("only an edge that is there is followed").observation.clone();
        let number = self.observations.intern(observation.clone());
        self.node(node).histories.kept()[history].and(node, observation, number)
    }

    fn leak(&self, actor: Actor, first: &History, second: &History) -> AutomatonError {
        let [(first_history, first), (second_history, second)] = [first, second].map(|history| {
            let run = self.reader.run_anew(actor, &history.observed);
            (told(&run.taken, &history.observed), did(&run))
        });
        AutomatonError::Leak { first_history, first, second_history, second }
    }
}
