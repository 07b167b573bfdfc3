//! Statements in every order: re-execution of a checkout until every order of its steps has been performed.

mod alike;
mod merging;
mod ways;

use alike::Alike;
pub use merging::Merging;
use merging::{Key, fingerprint};

use super::{DatabaseError, Move, Outcome, Position, Property, Schedule, Stage};
use rustc_hash::FxHashMap;

/// How much is explored at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most executions.
    pub executions: u64,
    /// The most steps in one.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { executions: 20_000, steps: 100 }
    }
}

/// How often a schedule is performed anew when the database did not do the same as before.
const PATIENCE: u32 = 20;

/// All that can happen, as a graph of states: each by one way to get there.
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: FxHashMap<Key, usize>,
    merging: Merging,
    /// How many executions it took.
    pub(super) executions: u64,
    /// Which limit, or which race, kept it from being complete.
    pub(super) limit: Option<String>,
    /// Whether somebody went on after being the victim of a deadlock.
    pub(super) starts_over: bool,
    /// Whether two waited at once.
    pub(super) may_race: bool,
    alike: Alike,
}

struct Node {
    path: Vec<Move>,
    enabled: Vec<Move>,
    // As long as `enabled`; what is not yet explored is `Open`.
    next: Vec<Next>,
    /// Of what each actor has seen.
    fingerprint: u64,
    shows: Vec<Property>,
    sold: i64,
    outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Open,
    To(usize),
    /// SQLite was tried again and is still busy: all is as it was.
    Futile,
    /// It does not always lead to the same.
    Astray,
}

impl Graph {
    /// Explores everything from an empty execution on.
    pub(super) fn explore(stage: &mut Stage, merging: Merging, limits: Limits) -> Result<Graph, DatabaseError> {
        stage.merging = merging;
        let mut alike = match merging {
            Merging::States if !stage.checkout.may_ask_who() => Alike::of(&stage.codes),
            _ => Alike::nobody(stage.codes.len()),
        };
        loop {
            if let Some(graph) = Graph::grown(stage, merging, limits, alike)? {
                return Ok(graph);
            }
            alike = Alike::nobody(stage.codes.len());
        }
    }

    /// The whole graph; `None` if those who were taken to be alike tell themselves apart.
    fn grown(
        stage: &mut Stage,
        merging: Merging,
        limits: Limits,
        alike: Alike,
    ) -> Result<Option<Graph>, DatabaseError> {
        let mut graph = Graph {
            nodes: Vec::new(),
            known: FxHashMap::default(),
            merging,
            executions: 0,
            limit: None,
            starts_over: false,
            may_race: false,
            alike,
        };
        // Nodes with something open, and first of all the beginning, which is no node yet.
        let mut open: Vec<Option<usize>> = vec![None];
        while let Some(from) = open.pop() {
            if from.is_some_and(|node| !graph.nodes[node].next.contains(&Next::Open)) {
                continue;
            }
            if graph.executions >= limits.executions {
                graph.limit = Some(format!("there are more than {} executions", limits.executions));
                break;
            }
            if from.is_some() {
                open.push(from);
            }
            graph.executions += 1;
            // Of a try that went astray too, what was new is to be gone on from.
            let mut new = Vec::new();
            let mut astray = None;
            let performed = patiently(|| graph.perform(stage, from, limits, &mut new, &mut astray));
            open.extend(new.into_iter().map(Some));
            match performed {
                Ok(true) => return Ok(None),
                Ok(false) => {}
                Err(error) => graph.pass_over(astray.ok_or(error)?),
            }
        }
        Ok(Some(graph))
    }

    /// One execution, first to a node that has something open, and on from there; and the new nodes. If it goes astray
    /// where waiters may race, what is explored is not all, and `astray` is where it should have gone on: from this
    /// node, by this one of its moves, or by none of them. Whether those alike have told themselves apart.
    fn perform(
        &mut self,
        stage: &mut Stage,
        from: Option<usize>,
        limits: Limits,
        new: &mut Vec<usize>,
        astray: &mut Option<(usize, Option<usize>)>,
    ) -> Result<bool, DatabaseError> {
        let path = from.map_or(Vec::new(), |node| self.nodes[node].path.clone());
        // The edge that leads to where the execution stands.
        let mut edge: Option<(usize, usize)> = None;
        let (checkout, names) = (stage.checkout.clone(), stage.cast.0.clone());
        let cast = stage.cast.clone();
        let (mut may_race, mut told_apart) = (false, false);
        *astray = None;
        let performed = stage.perform(|position| {
            let execution = position.execution;
            let depth = execution.beats.len();
            if position.trail.told_apart && self.alike.is_anybody() {
                told_apart = true;
                return Ok(None);
            }
            let mut differs = |what: &str| {
                may_race = execution.may_race();
                let moves = execution.beats.iter().map(|beat| (beat.mv, beat.alternative.clone())).collect();
                let schedule = Schedule { moves, cast: cast.clone() }.to_string();
                DatabaseError::NotDeterministic { schedule, what: what.to_owned() }
            };
            if depth < path.len() {
                let mv = path[depth];
                return match position.enabled.contains(&mv) {
                    true => Ok(Some(mv)),
                    false => Err(differs("a step that was possible before is not possible now")),
                };
            }
            if let Some((node, number)) = edge
                && execution.beats.last().is_some_and(|beat| beat.deeds.is_empty())
            {
                self.nodes[node].next[number] = Next::Futile;
                return Ok(None);
            }
            let key = self.merging.key(position, names.len());
            let fingerprint = fingerprint(execution, position.enabled, names.len());
            let expected = from.filter(|_| depth == path.len());
            let known = self.known.get(&key).copied();
            if expected.is_some() && known != expected
                || known.is_some_and(|node| self.nodes[node].fingerprint != fingerprint)
            {
                return Err(differs("the same steps brought back something else"));
            }
            let at = match known {
                Some(node) => node,
                None => {
                    self.starts_over |= execution.starts_over();
                    self.may_race |= execution.may_race();
                    let shows = |property: &Property| property.shown(execution, &checkout, &names).is_some();
                    let path: Vec<_> = execution.beats.iter().map(|beat| beat.mv).collect();
                    let enabled = self.alike.first_ones(&path, position.enabled);
                    self.nodes.push(Node {
                        path,
                        next: vec![Next::Open; enabled.len()],
                        enabled,
                        fingerprint,
                        shows: Property::ALL.into_iter().filter(shows).collect(),
                        sold: execution.sold(),
                        outcome: execution.outcome.clone(),
                    });
                    let node = self.nodes.len() - 1;
                    self.known.insert(key, node);
                    new.push(node);
                    node
                }
            };
            if let Some((node, number)) = edge {
                self.nodes[node].next[number] = Next::To(at);
            }
            if depth >= limits.steps {
                self.limit = Some(format!("an execution has more than {} steps", limits.steps));
                return Ok(None);
            }
            let node = &self.nodes[at];
            let Some(number) = node.next.iter().position(|next| *next == Next::Open) else { return Ok(None) };
            edge = Some((at, number));
            Ok(Some(node.enabled[number]))
        });
        if let Err(error) = &performed
            && may_race
        {
            self.limit.get_or_insert_with(|| race(error));
            *astray = edge.map(|(node, number)| (node, Some(number))).or(from.map(|node| (node, None)));
        }
        performed.map(|_| told_apart)
    }

    /// Leaves alone what leads now here, now there.
    fn pass_over(&mut self, (node, number): (usize, Option<usize>)) {
        for (at, next) in self.nodes[node].next.iter_mut().enumerate() {
            if *next == Next::Open && number.is_none_or(|number| number == at) {
                *next = Next::Astray;
            }
        }
    }

    /// How many states there are.
    pub(super) fn states(&self) -> usize {
        self.nodes.len()
    }
}

/// Tries again what the database did not do as before.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
    let mut tries = 0;
    loop {
        match attempt() {
            Err(DatabaseError::NotDeterministic { .. }) if tries < PATIENCE => tries += 1,
            other => return other,
        }
    }
}

/// Why a race between waiters leaves something open.
pub(super) fn race(error: &DatabaseError) -> String {
    format!("{error}; two wait there at once, and who of them goes on first is a race that the server decides")
}

/// Steers an execution along a path.
pub(super) fn along(path: &[Move]) -> impl FnMut(&Position<'_>) -> Result<Option<Move>, DatabaseError> {
    move |position| {
        let Some(mv) = path.get(position.execution.beats.len()) else { return Ok(None) };
        match position.enabled.contains(mv) {
            true => Ok(Some(*mv)),
            false => Err(DatabaseError::NotDeterministic {
                schedule: format!("{path:?}"),
                what: "a step that was possible before is not possible now".to_owned(),
            }),
        }
    }
}
