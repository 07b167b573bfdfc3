//! The model: scripted buyers over contents in memory, one move at a time.
//!
//! This is an execution with nothing hidden: every buyer's real code, stopped before its next step, and every
//! shared content. Replay, the conductor and the brute-force enumeration in the tests all drive it.

use super::record::{Deed, Entry, Move, Trace};
use super::script::{self, Run, Stop};
use super::{Actor, Content, End, LockKind};
use crate::scenario::{Launch, Scenario};
use crate::sync::{Observation, Setup, Step};

/// How many buyers come, and what may happen to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// How many buyers there are.
    pub buyers: usize,
    /// How many of them may be killed.
    pub kills: usize,
    /// What becomes of the locks of the dead.
    pub lock: LockKind,
}

impl Crowd {
    /// So many buyers, none of whom is killed; locks are owned.
    pub fn of(buyers: usize) -> Self {
        Crowd { buyers, kills: 0, lock: LockKind::Owned }
    }
}

/// An execution in progress.
#[derive(Clone)]
pub struct Model<S: Scenario> {
    scenario: S,
    shared: S::Shared,
    lock: LockKind,
    contents: Vec<Content>,
    /// Started buyers; those beyond its length have not been started.
    buyers: Vec<Standing>,
    launcher: Option<Standing>,
    unstarted: usize,
    kills_left: usize,
    trace: Trace,
}

/// Where somebody stands: what they have observed, and what their code does with it.
#[derive(Clone)]
struct Standing {
    script: Vec<Observation>,
    run: Run,
    killed: bool,
}

/// Why a move cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Misfit {
    /// There is no such buyer.
    #[error("there is no buyer {0}: the {1} buyers are numbered from 0")]
    NoSuchBuyer(usize, usize),
    /// The buyer has not been started.
    #[error("{0} has not been started yet")]
    NotStarted(Actor),
    /// It has ended.
    #[error("{0} has already ended")]
    Ended(Actor),
    /// The lock is held.
    #[error("{0} is waiting for the {1}, which is held")]
    Waiting(Actor, &'static str),
    /// The launcher has nothing to do now.
    #[error("the parent has no step to take now")]
    NoLauncher,
}

impl<S: Scenario> Model<S> {
    /// The start of an execution.
    pub fn new(scenario: &S, crowd: &Crowd) -> Self {
        let mut setup = Setup::default();
        let shared = scenario.build(&mut setup);
        let objects = setup.objects().to_vec();
        let mut model = Model {
            scenario: scenario.clone(),
            shared,
            lock: crowd.lock,
            contents: objects.iter().map(|(_, content)| content.clone()).collect(),
            buyers: Vec::new(),
            launcher: None,
            unstarted: crowd.buyers,
            kills_left: crowd.kills,
            trace: Trace { objects, entries: Vec::new() },
        };
        model.start(if scenario.launch() == Launch::Together { crowd.buyers } else { 1.min(crowd.buyers) });
        model
    }

    /// What has happened so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
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
        let standing = match actor {
            Actor::Launcher => self.launcher.as_ref().ok_or(Misfit::NoLauncher)?,
            Actor::Buyer(number) => self.buyers.get(number).ok_or(if number < self.buyers.len() + self.unstarted {
                Misfit::NotStarted(actor)
            } else {
                Misfit::NoSuchBuyer(number, self.buyers.len() + self.unstarted)
            })?,
        };
        match &standing.run.stop {
            Stop::Before(step) if !standing.killed => Ok(step),
            _ => Err(Misfit::Ended(actor)),
        }
    }

    /// Whether a move can be made now. The kill budget only bounds [`Model::moves`]: a schedule may kill as it likes.
    ///
    /// # Errors
    /// Says why not.
    pub fn allows(&self, mv: Move) -> Result<(), Misfit> {
        let step = self.next_step(mv.actor)?;
        if mv.kill || self.contents[step.object].enables(&step.access) {
            return Ok(());
        }
        Err(Misfit::Waiting(mv.actor, self.trace.objects[step.object].0))
    }

    /// Every move that can be made now: steps first, then kills while the budget lasts.
    pub fn moves(&self) -> Vec<Move> {
        let buyers = 0..self.buyers.len();
        let actors = buyers.clone().map(Actor::Buyer).chain([Actor::Launcher]);
        let kills = buyers.filter(|_| self.kills_left > 0).map(Move::kill);
        actors.map(Move::step).chain(kills).filter(|mv| self.allows(*mv).is_ok()).collect()
    }

    /// Makes a move, and all that follows at once from it.
    ///
    /// # Errors
    /// The move cannot be made; nothing has changed.
    pub fn make(&mut self, mv: Move) -> Result<(), Misfit> {
        self.allows(mv)?;
        if mv.kill {
            self.kill(mv.actor);
        } else {
            self.step(mv.actor);
        }
        Ok(())
    }

    /// The end of every buyer: `None` for one that was never started or is still at it.
    pub fn ends(&self) -> Vec<Option<End>> {
        let ended = self.buyers.iter().map(|standing| match &standing.run.stop {
            _ if standing.killed => Some(End::Killed),
            Stop::Ended(end) => Some(end.clone()),
            _ => None,
        });
        ended.chain(std::iter::repeat_n(None, self.unstarted)).collect()
    }

    /// How many buyers have not been started.
    pub fn unstarted(&self) -> usize {
        self.unstarted
    }

    /// What the scenario's audit says of the contents as they are.
    pub fn audit(&self) -> Option<u64> {
        script::audit(&self.scenario, &self.shared, &self.contents)
    }

    fn step(&mut self, actor: Actor) {
        let step = self.next_step(actor).expect("the caller has asked `allows`").clone();
        let (after, observation) = self.contents[step.object].apply(&step.access);
        self.contents[step.object] = after;
        self.record(actor, Deed::Took(step, observation.clone()));
        let standing = self.standing(actor);
        let mut script = std::mem::take(&mut standing.script);
        script.push(observation);
        let run = script::follow(&self.scenario, &self.shared, actor, &script);
        *self.standing(actor) = Standing { script, run, killed: false };
        self.settle(actor);
    }

    fn kill(&mut self, actor: Actor) {
        self.kills_left = self.kills_left.saturating_sub(1);
        self.record(actor, Deed::Killed);
        let standing = self.standing(actor);
        standing.killed = true;
        let held = standing.run.held.clone();
        self.bury(actor, &held);
        self.start_next();
    }

    fn standing(&mut self, actor: Actor) -> &mut Standing {
        match actor {
            Actor::Buyer(number) => &mut self.buyers[number],
            Actor::Launcher => self.launcher.as_mut().expect("only called while the launcher is at it"),
        }
    }

    /// Starts the next `count` buyers.
    fn start(&mut self, count: usize) {
        for _ in 0..count {
            let actor = Actor::Buyer(self.buyers.len());
            self.unstarted -= 1;
            let run = script::follow(&self.scenario, &self.shared, actor, &[]);
            self.buyers.push(Standing { script: Vec::new(), run, killed: false });
            self.record(actor, Deed::Started);
            self.settle(actor);
        }
    }

    /// Records what somebody did after their latest step, and what their end brings about.
    fn settle(&mut self, actor: Actor) {
        let run = self.standing(actor).run.clone();
        for aside in run.asides {
            self.record(actor, Deed::Aside(aside));
        }
        match run.stop {
            Stop::Before(_) => {}
            Stop::Ended(end) => {
                let crashed = matches!(end, End::Crashed(_));
                self.record(actor, Deed::Ended(end));
                if crashed {
                    self.bury(actor, &run.held);
                }
                match actor {
                    Actor::Buyer(_) => self.start_next(),
                    Actor::Launcher => self.launcher = None,
                }
            }
            Stop::Decided(go_on) => {
                self.record(actor, Deed::Decided(go_on));
                self.launcher = None;
                if go_on && self.unstarted > 0 {
                    self.start(1);
                }
            }
        }
    }

    /// The death of somebody who held these locks.
    fn bury(&mut self, actor: Actor, held: &[usize]) {
        if self.lock == LockKind::Owned {
            for &object in held {
                self.contents[object] = self.contents[object].freed();
                self.record(actor, Deed::Freed(object));
            }
        }
    }

    /// A buyer has ended: the launcher, if there is one, has its turn.
    fn start_next(&mut self) {
        match self.scenario.launch() {
            Launch::Together => {}
            Launch::Joined if self.unstarted > 0 => self.start(1),
            Launch::Joined => {}
            Launch::JoinedWhile => {
                let run = script::follow(&self.scenario, &self.shared, Actor::Launcher, &[]);
                self.launcher = Some(Standing { script: Vec::new(), run, killed: false });
                self.record(Actor::Launcher, Deed::Started);
                self.settle(Actor::Launcher);
            }
        }
    }

    fn record(&mut self, actor: Actor, deed: Deed) {
        self.trace.entries.push(Entry { actor, deed });
    }
}
