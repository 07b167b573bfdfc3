//! A stage: real buyers, started, granted turns, killed and heard from the outside.
//!
//! [`threads`](super::threads) and [`processes`](super::processes) are the two stages. [`perform`] lets buyers run
//! freely on one; the [`conductor`](super::conductor) grants every step.

use super::{Actor, Deed, End};
use crate::scenario::Launch;
use crate::sync::{Erased, Event, Observation, Platform, Step};
use std::io;
use std::time::Duration;

/// What somebody on a stage reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who.
    pub actor: Actor,
    /// What.
    pub news: News,
}

/// What there is to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Stands before this step and waits for its turn (conducted buyers only).
    Before(Step),
    /// Has taken its step and observed this (conducted buyers only).
    Took(Observation),
    /// Says something.
    Told(Event),
    /// Has ended.
    Ended(End),
    /// The launcher has decided whether to go on launching.
    Decided(bool),
    /// Has stopped because it was told to.
    Stopped,
}

impl From<Option<Deed>> for News {
    /// How code ended at a desk, as news.
    fn from(ended: Option<Deed>) -> News {
        match ended {
            Some(Deed::Ended(end)) => News::Ended(end),
            Some(Deed::Decided(go_on)) => News::Decided(go_on),
            _ => News::Stopped,
        }
    }
}

/// Starts real buyers and hears from them.
pub trait Stage {
    /// Starts a buyer, or the launcher's code.
    ///
    /// # Errors
    /// The operating system refuses.
    fn start(&mut self, actor: Actor) -> io::Result<()>;

    /// Grants a conducted actor its next step.
    ///
    /// # Errors
    /// It cannot be reached: it is no longer there.
    fn grant(&mut self, actor: Actor) -> io::Result<()>;

    /// Kills a buyer, and returns once it is dead; its death is reported. One that has ended by itself is left.
    ///
    /// # Errors
    /// Buyers cannot be killed on this stage, or this one is not there.
    fn kill(&mut self, buyer: usize) -> io::Result<()>;

    /// The process id of a buyer; on threads, which have none of their own, its number.
    fn pid(&self, buyer: usize) -> u32;

    /// The next report; `None` if there is none for so long.
    fn report(&mut self, patience: Duration) -> Option<Report>;

    /// Asks everybody to stop where it leaves the files whole.
    fn stop(&mut self);
}

/// How a performance ended early.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// A buyer cannot be started.
    #[error("cannot start {0}: {1}")]
    Start(Actor, io::Error),
    /// Nothing has been heard for too long.
    #[error("nothing has happened for {0:?}; still at it: {1}. Somebody else may hold the lock, or a buyer hangs")]
    Silence(Duration, String),
}

/// What a director wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Go on.
    Go,
    /// Everybody shall stop.
    Stop,
}

/// Lets a crowd run freely, and calls `heard` with everything they report, in the order in which it happened.
/// `direct` is asked again and again what shall be done, and may kill.
///
/// # Errors
/// A buyer cannot be started, or nothing happens for longer than `patience`.
pub fn perform(
    stage: &mut impl Stage,
    launch: Launch,
    buyers: usize,
    patience: Duration,
    direct: &mut dyn FnMut(&mut dyn Stage) -> Direction,
    mut heard: impl FnMut(&dyn Stage, &Report),
) -> Result<(), PerformError> {
    /// How often to ask for directions.
    const TICK: Duration = Duration::from_millis(20);
    let mut at_it: Vec<Actor> = Vec::new();
    let mut started = 0;
    let mut next = if launch == Launch::Together { buyers } else { 1 };
    let (mut quiet, mut stopping) = (Duration::ZERO, false);
    loop {
        while next > 0 && started < buyers && !stopping {
            let actor = Actor::Buyer(started);
            stage.start(actor).map_err(|error| PerformError::Start(actor, error))?;
            at_it.push(actor);
            (started, next) = (started + 1, next - 1);
        }
        if at_it.is_empty() {
            return Ok(());
        }
        if !stopping && direct(stage) == Direction::Stop {
            stopping = true;
            stage.stop();
        }
        let Some(report) = stage.report(TICK) else {
            quiet += TICK;
            if quiet >= patience {
                stage.stop();
                let names: Vec<_> = at_it.iter().map(Actor::to_string).collect();
                return Err(PerformError::Silence(patience, names.join(", ")));
            }
            continue;
        };
        quiet = Duration::ZERO;
        heard(stage, &report);
        let gone = matches!(report.news, News::Ended(_) | News::Decided(_) | News::Stopped);
        if gone {
            at_it.retain(|actor| *actor != report.actor);
        }
        match (&report.news, launch) {
            (News::Ended(_), Launch::Joined) => next = 1,
            (News::Ended(_), Launch::JoinedWhile) if report.actor != Actor::Launcher && !stopping => {
                stage.start(Actor::Launcher).map_err(|error| PerformError::Start(Actor::Launcher, error))?;
                at_it.push(Actor::Launcher);
            }
            (News::Decided(go_on), _) => next = usize::from(*go_on),
            _ => {}
        }
    }
}

/// Makes a platform wait for its turn before every step.
pub struct Conducted<'a> {
    /// The platform that takes the steps.
    pub platform: &'a dyn Platform,
    /// Where steps are announced.
    pub report: &'a dyn Fn(News),
    /// Waits for the turn.
    pub turn: &'a dyn Fn(),
}

impl Platform for Conducted<'_> {
    fn step(&self, step: Step) -> Observation {
        (self.report)(News::Before(step.clone()));
        (self.turn)();
        let observation = self.platform.step(step);
        (self.report)(News::Took(observation.clone()));
        observation
    }

    fn tell(&self, event: Event) {
        self.platform.tell(event);
    }

    /// The conductor decides what overlaps; nothing is gained by waiting.
    fn pause(&self, _time: Duration) {}

    fn enter(&self, span: &'static str) {
        self.platform.enter(span);
    }

    fn leave(&self, span: &'static str, result: Erased) {
        self.platform.leave(span, result);
    }

    fn again(&self, span: &'static str) {
        self.platform.again(span);
    }
}
