//! The model: scripted threads over contents in memory, one move at a time.
//!
//! This is an execution with nothing hidden: every thread's real code, stopped before its next step, and every
//! shared content. Replay, the conductor and the brute-force enumeration in the tests all drive it.

use super::record::{Act, Entry, Move, Trace, What, left_behind};
use super::script::{Reading, Run, Script, Stop};
use super::{Actor, Content, End, Instance, LockKind};
use crate::scenario::{Launch, RoleId, Scenario};
use crate::sync::{Mode, ObjectId, Observation, Step};
use std::collections::BTreeMap;

/// An execution in progress.
#[derive(Clone)]
pub struct Model {
    reading: Reading,
    lock: LockKind,
    contents: Vec<Content>,
    /// How many threads each role has, started or not.
    threads: Vec<usize>,
    /// Those that have been started, and the parent while it is at work.
    standing: BTreeMap<Actor, Standing>,
    /// How many threads of the first role have not been started.
    unstarted: usize,
    kills_left: usize,
    trace: Trace,
}

/// Where somebody stands: what they have observed, and what their code does with it.
#[derive(Clone)]
struct Standing {
    script: Vec<(Step, Observation)>,
    run: Run,
    held: Vec<(ObjectId, Mode)>,
    killed: bool,
}

/// Why a move cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Misfit {
    /// There is no such thread.
    #[error("there is no {0}: {1}")]
    NoSuchThread(String, String),
    /// The thread has not been started.
    #[error("{0} has not been started yet")]
    NotStarted(String),
    /// It has ended.
    #[error("{0} has already ended")]
    Ended(String),
    /// The step is not enabled.
    #[error("{0} is waiting for the {1}, which is held")]
    Waiting(String, &'static str),
    /// The parent has nothing to do now.
    #[error("the parent has no step to take now")]
    NoParent,
    /// The step can come to several things, or not to this one.
    #[error("the step of {0} can come to one of {1}; write one of them behind it")]
    NoSuchPick(String, String),
    /// There is nothing to pick.
    #[error("the step of {0} can only come to one thing, so there is nothing to pick")]
    NothingToPick(String),
    /// The parent cannot be killed.
    #[error("the parent is never killed")]
    Immortal,
    /// The code cannot be followed.
    #[error("{0} cannot be followed: {1}")]
    Refused(String, String),
}

impl Model {
    /// The start of an execution.
    ///
    /// # Panics
    /// The instance has any number of threads.
    pub fn new(scenario: &Scenario, instance: &Instance) -> Self {
        let (reading, setup) = Reading::new(scenario);
        let threads: Vec<_> = (0..instance.threads.len()).map(|role| instance.number(role)).collect();
        let mut model = Model {
            contents: setup.objects().iter().map(|(_, content)| content.clone()).collect(),
            trace: Trace::new(scenario, &setup),
            reading,
            lock: instance.lock,
            standing: BTreeMap::new(),
            unstarted: threads.first().copied().unwrap_or(0),
            threads,
            kills_left: instance.kills,
        };
        let at_once = if scenario.launch() == Launch::Together { model.unstarted } else { model.unstarted.min(1) };
        model.start(at_once);
        for role in 1..model.threads.len() {
            (0..model.threads[role]).for_each(|number| model.start_thread(role, number));
        }
        model
    }

    /// What has happened so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        self.reading.scenario()
    }

    /// What the shared objects hold now.
    pub fn contents(&self) -> &[Content] {
        &self.contents
    }

    /// The step that somebody takes next, whether or not it is enabled.
    ///
    /// # Errors
    /// There is none.
    pub fn next_step(&self, actor: Actor) -> Result<&Step, Misfit> {
        let name = || self.trace.name(actor);
        let Some(standing) = self.standing.get(&actor) else {
            return Err(match actor {
                Actor::Parent => Misfit::NoParent,
                Actor::Thread(role, number) => match self.threads.get(role) {
                    Some(threads) if number < *threads => Misfit::NotStarted(name()),
                    Some(threads) => {
                        let role = self.trace.roles[role];
                        Misfit::NoSuchThread(name(), format!("the {threads} of role `{role}` are numbered from 0"))
                    }
                    None => Misfit::NoSuchThread("such role".to_owned(), "see the scenario's roles".to_owned()),
                },
            });
        };
        match &standing.run.stop {
            Stop::Before(step) if !standing.killed => Ok(step),
            Stop::Refused(reason) | Stop::Strayed(reason) => Err(Misfit::Refused(name(), reason.clone())),
            _ => Err(Misfit::Ended(name())),
        }
    }

    /// What the next step of somebody can come to; nothing if it is not enabled.
    ///
    /// # Errors
    /// There is no next step.
    pub fn outcomes(&self, actor: Actor) -> Result<Vec<(Option<Content>, Observation)>, Misfit> {
        Ok(match self.next_step(actor)? {
            Step::On(object, access) => self.contents[*object]
                .outcomes(access)
                .into_iter()
                .map(|(content, seen)| (Some(content), seen))
                .collect(),
            Step::Choose(choice) => {
                (0..choice.alternatives.len()).map(|index| (None, Observation::Chosen(index))).collect()
            }
            Step::Fence(_) => vec![(None, Observation::Done)],
        })
    }

    /// Whether a move can be made now. The kill budget only bounds [`Model::moves`]: a schedule may kill as it likes.
    ///
    /// # Errors
    /// Says why not.
    pub fn allows(&self, mv: Move) -> Result<(), Misfit> {
        let step = self.next_step(mv.actor)?;
        if mv.act == Act::Kill {
            return if mv.actor == Actor::Parent { Err(Misfit::Immortal) } else { Ok(()) };
        }
        self.outcome(mv, step).map(drop)
    }

    /// Which of the step's outcomes a move takes.
    fn outcome(&self, mv: Move, step: &Step) -> Result<(Option<Content>, Observation), Misfit> {
        let name = || self.trace.name(mv.actor);
        let mut outcomes = self.outcomes(mv.actor)?;
        let moves: Vec<_> = (0..outcomes.len()).map(|i| Move::picking(mv.actor, step, i, outcomes.len())).collect();
        if moves.is_empty() {
            let object = step.object().map_or("", |object| self.trace.objects[object].0);
            return Err(Misfit::Waiting(name(), object));
        }
        match moves.iter().position(|other| *other == mv) {
            Some(index) => Ok(outcomes.swap_remove(index)),
            None if moves == [Move::step(mv.actor)] => Err(Misfit::NothingToPick(name())),
            None => {
                let picks = moves.iter().filter_map(|mv| match mv.act {
                    Act::Pick(pick) => Some(format!("`:{pick}`")),
                    _ => None,
                });
                Err(Misfit::NoSuchPick(name(), picks.collect::<Vec<_>>().join(", ")))
            }
        }
    }

    /// Every move that can be made now: steps first, then kills while the budget lasts.
    pub fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for &actor in self.standing.keys() {
            let Ok(step) = self.next_step(actor) else { continue };
            let outcomes = self.outcomes(actor).map_or(0, |outcomes| outcomes.len());
            moves.extend((0..outcomes).map(|i| Move::picking(actor, step, i, outcomes)));
        }
        if self.kills_left > 0 {
            let alive = self.standing.keys().filter(|a| **a != Actor::Parent && self.next_step(**a).is_ok());
            moves.extend(alive.copied().map(Move::kill));
        }
        moves
    }

    /// Makes a move, and all that follows at once from it.
    ///
    /// # Errors
    /// The move cannot be made; nothing has changed.
    pub fn make(&mut self, mv: Move) -> Result<(), Misfit> {
        self.allows(mv)?;
        if mv.act == Act::Kill {
            self.kill(mv.actor);
            return Ok(());
        }
        let step = self.next_step(mv.actor)?.clone();
        let (content, seen) = self.outcome(mv, &step)?;
        self.step(mv.actor, step, content, seen);
        Ok(())
    }

    /// How somebody ended: `None` for one that was never started or is still at it.
    pub fn end(&self, actor: Actor) -> Option<End> {
        let standing = self.standing.get(&actor)?;
        match &standing.run.stop {
            _ if standing.killed => Some(End::Killed),
            Stop::Ended(end) => Some(end.clone()),
            _ => None,
        }
    }

    /// Why somebody's code cannot be followed, if it cannot.
    pub fn refusal(&self) -> Option<Misfit> {
        self.standing.keys().find_map(|actor| match self.next_step(*actor) {
            Err(refused @ Misfit::Refused(..)) => Some(refused),
            _ => None,
        })
    }

    /// How many threads of the first role have not been started.
    pub fn unstarted(&self) -> usize {
        self.unstarted
    }

    /// What the scenario's audit says of the contents as they are.
    pub fn audit(&self) -> Option<u64> {
        self.reading.audit(&self.contents)
    }

    /// The way that reads the scenario's code.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    fn step(&mut self, actor: Actor, step: Step, content: Option<Content>, seen: Observation) {
        if let (Some(object), Some(content)) = (step.object(), &content) {
            self.contents[object] = content.clone();
        }
        self.record(actor, What::Took(step.clone(), seen.clone(), content));
        let standing = self.standing.get_mut(&actor).expect("whoever takes a step stands somewhere");
        super::hold(&mut standing.held, &step, &seen);
        standing.script.push((step, seen));
        standing.run = self.reading.follow(actor, Script::Whole(&standing.script));
        self.settle(actor);
    }

    fn kill(&mut self, actor: Actor) {
        self.kills_left = self.kills_left.saturating_sub(1);
        self.record(actor, What::Killed);
        let standing = self.standing.get_mut(&actor).expect("whoever is killed stands somewhere");
        standing.killed = true;
        self.bury(actor, true);
        self.start_next(actor);
    }

    /// Starts the next `count` threads of the first role.
    fn start(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.threads[0] - self.unstarted;
            self.unstarted -= 1;
            self.start_thread(0, number);
        }
    }

    fn start_thread(&mut self, role: RoleId, number: usize) {
        self.begin(Actor::Thread(role, number));
    }

    fn begin(&mut self, actor: Actor) {
        let run = self.reading.follow(actor, Script::Whole(&[]));
        self.standing.insert(actor, Standing { script: Vec::new(), run, held: Vec::new(), killed: false });
        self.record(actor, What::Started);
        self.settle(actor);
    }

    /// Records what somebody did after their latest step, and what their end brings about.
    fn settle(&mut self, actor: Actor) {
        let run = self.standing[&actor].run.clone();
        for local in run.locals {
            self.record(actor, What::Local(local));
        }
        match run.stop {
            Stop::Before(_) | Stop::Refused(_) | Stop::Strayed(_) => {}
            Stop::Ended(end) => {
                let died = matches!(end, End::Crashed(_));
                self.record(actor, What::Ended(end));
                self.bury(actor, died);
                match actor {
                    Actor::Thread(..) => self.start_next(actor),
                    Actor::Parent => drop(self.standing.remove(&Actor::Parent)),
                }
            }
            Stop::Decided(go_on) => {
                self.record(actor, What::Decided(go_on));
                self.bury(actor, false);
                self.standing.remove(&Actor::Parent);
                if go_on && self.unstarted > 0 {
                    self.start(1);
                }
            }
        }
    }

    /// The end of somebody who may still hold something.
    fn bury(&mut self, actor: Actor, died: bool) {
        let held = std::mem::take(&mut self.standing.get_mut(&actor).expect("it has just ended").held);
        let left = left_behind(&held, self.lock, died, |object| self.contents[object].clone());
        for (object, content) in left {
            self.contents[object] = content.clone();
            self.record(actor, What::Freed(object, content));
        }
    }

    /// A thread has ended: if it is of the first role, the parent has its turn.
    fn start_next(&mut self, ended: Actor) {
        if ended.role() != Some(0) {
            return;
        }
        match self.scenario().launch() {
            Launch::Together => {}
            Launch::Joined if self.unstarted > 0 => self.start(1),
            Launch::Joined => {}
            Launch::JoinedWhile => self.begin(Actor::Parent),
        }
    }

    fn record(&mut self, actor: Actor, what: What) {
        self.trace.entries.push(Entry { actor, what });
    }
}
