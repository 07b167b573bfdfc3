//! Edges: where steps lead, read from the code when they are first asked for.

use super::refusal::{AutomatonError, Bound};
use super::{Automaton, Class, Edge, Edges, Endings, Flags, Key, MOST_REMEMBERED, Node, NodeId, Outcome, Place, Taken};
use crate::check::outcome::Tally;
use crate::platform::script::{Local, Memory, Run, Script, Stop};
use crate::platform::{Act, Actor, Content, End, hold};
use crate::sync::{Event, Mode, ObjectId, Observation, Step};

/// So much more work is an edge that is not as the one that was read before it.
const MORE_WORK: u64 = 14;

impl Automaton {
    /// What the step at `node` can come to with these contents; nothing if it is not enabled then.
    pub fn edges(&mut self, node: NodeId, contents: &[u32]) -> Result<Edges, AutomatonError> {
        let slot = self.node(node).object().map_or(0, |object| contents[object]);
        match self.known.next_of(node, slot) {
            Some(known) => Ok(known),
            None => self.learn(node, contents, slot),
        }
    }

    /// Some edges, each for itself.
    pub fn list(&self, edges: Edges) -> &[Edge] {
        self.known.list(edges)
    }

    /// What has been read at `node` with this content of its object.
    pub(super) fn known_edges(&self, node: NodeId, slot: u32) -> &[Edge] {
        self.list(self.known.of(node, slot).unwrap_or_default())
    }

    #[cold]
    fn learn(&mut self, node: NodeId, contents: &[u32], slot: u32) -> Result<Edges, AutomatonError> {
        let outcomes = self.outcomes(node, contents);
        let each = 1 + self.contents[slot].size() as u64 / 32;
        self.work += each * outcomes.len() as u64;
        let edges = match self.as_last(node, &outcomes) {
            Some(edges) => edges,
            None => {
                self.work += MORE_WORK * each * outcomes.len() as u64;
                let edges = self.read(node, outcomes)?;
                self.known.add(edges)
            }
        };
        self.last[node as usize] = edges;
        self.known.set(node, slot, edges);
        let count = self.len() - self.read_in_vain;
        let (limit, bytes) = (self.meter.limits.max_nodes, self.bytes());
        match self.meter.look("control points", count, limit, bytes) {
            Some(limit) => Err(AutomatonError::Unbounded(Bound::Limit(limit))),
            None => Ok(edges),
        }
    }

    /// What the step at `node` leaves and observes: all that it can come to.
    fn outcomes(&self, node: NodeId, contents: &[u32]) -> Vec<Outcome> {
        let Some(step) = self.node(node).step() else { return Vec::new() };
        match step {
            Step::On(object, crate::sync::Access::Unlock(mode, _))
                if !self.contents[contents[*object]].may_be_held(*mode) =>
            {
                Vec::new()
            }
            Step::On(object, access) => {
                let outcomes = self.contents[contents[*object]].outcomes(access);
                outcomes.into_iter().map(|(content, seen)| (Some(content), seen)).collect()
            }
            Step::Choose(choice) => {
                (0..choice.alternatives.len()).map(|index| (None, Observation::Chosen(index))).collect()
            }
            Step::Fence(_) => vec![(None, Observation::Done)],
        }
    }

    /// The edges that were read last at `node`, if these outcomes are theirs: much code does the same whatever there is.
    fn as_last(&self, node: NodeId, outcomes: &[Outcome]) -> Option<Edges> {
        // What is under a lock is looked at more closely.
        let [(Some(content @ (Content::File { .. } | Content::Cell(_))), seen)] = outcomes else { return None };
        let last = self.last[node as usize];
        let [edge] = self.list(last) else { return None };
        let same = self.contents[edge.content] == *content && self.taken(edge).seen == *seen;
        same.then_some(last)
    }

    /// Reads where the step at `node` leads with each outcome.
    fn read(&mut self, node: NodeId, outcomes: Vec<Outcome>) -> Result<Vec<Edge>, AutomatonError> {
        let Some(step) = self.node(node).step() else { return Ok(Vec::new()) };
        let (object, chooses) = (step.object(), matches!(step, Step::Choose(_)));
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
    pub(super) fn enter(
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
    pub(super) fn class(&self, class: Class) -> Class {
        match (self.endings, &class) {
            (Endings::Apart, _) => class,
            (Endings::Alike, Class::Returned(ending)) => Class::Gone { excused: self.scenario().excuses(ending) },
            (Endings::Alike, _) => Class::Gone { excused: false },
        }
    }

    pub(super) fn number(&mut self, key: Key, node: impl FnOnce() -> Node) -> Result<NodeId, AutomatonError> {
        if let Some(&known) = self.numbers.get(&key) {
            return Ok(known);
        }
        let most = self.meter.limits.max_nodes + self.read_in_vain;
        let number = NodeId::try_from(self.nodes.len()).ok().filter(|n| usize::from(*n) < most);
        let number = number.ok_or(AutomatonError::Unbounded(Bound::Nodes(self.meter.limits.max_nodes)))?;
        self.nodes.push(node());
        self.last.push(Edges::default());
        self.leads_to.push(Vec::new());
        self.reached.push(false);
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// The number of a content of an object.
    pub(super) fn content(&mut self, object: ObjectId, content: Content) -> Result<u32, AutomatonError> {
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
}

fn same(object: &str, first: &str, second: &str) -> Result<(), AutomatonError> {
    if first == second {
        return Ok(());
    }
    let [first, second] = [first, second].map(str::to_owned);
    Err(AutomatonError::UnequalEquals { object: object.to_owned(), first, second })
}
