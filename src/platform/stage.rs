//! A stage: real threads or processes, started, granted turns, killed and heard from the outside.
//!
//! [`threads`](super::threads) and [`processes`](super::processes) are the two stages. [`perform`] lets everybody run
//! freely on one; the [`conductor`](super::conductor) grants every step.

use super::{Actor, End, Instance};
use crate::scenario::{Launch, Scenario};
use crate::sync::Event;
use std::io;
use std::time::Duration;

/// How fast real threads go, and who decides the order of their steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many times as fast as the code waits, in whatever order comes about; choices are drawn.
    Free {
        /// By what waits are divided.
        speed: f64,
        /// Where the draws start from.
        seed: u64,
    },
    /// Everybody waits for a turn before each step, and is granted what it comes to. No time passes.
    Conducted,
}

impl Pace {
    /// By what waits are divided.
    pub(super) fn speed(self) -> f64 {
        match self {
            Pace::Free { speed, .. } => speed,
            Pace::Conducted => 1.0,
        }
    }

    /// Where draws start from.
    pub(super) fn seed(self) -> u64 {
        match self {
            Pace::Free { seed, .. } => seed,
            Pace::Conducted => 0,
        }
    }
}

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
    /// Stands before this step and waits for its turn (conducted actors only).
    Before(String),
    /// Has taken its step and observed this (conducted actors only).
    Took(String),
    /// Says something.
    Told(Event),
    /// Has ended.
    Ended(End),
    /// The parent has decided whether to go on launching.
    Decided(bool),
    /// Has stopped because it was told to.
    Stopped,
}

/// Starts real actors and hears from them.
pub trait Stage {
    /// Starts an actor.
    ///
    /// # Errors
    /// The operating system refuses.
    fn start(&mut self, actor: Actor) -> io::Result<()>;

    /// Grants a conducted actor its next step. One that can come to several things comes to `pick`.
    ///
    /// # Errors
    /// It cannot be reached: it is no longer there.
    fn grant(&mut self, actor: Actor, pick: Option<&str>) -> io::Result<()>;

    /// Kills an actor, and returns once it is dead; its death is reported. One that has ended by itself is left.
    ///
    /// # Errors
    /// Nobody can be killed on this stage, or this one is not there.
    fn kill(&mut self, actor: Actor) -> io::Result<()>;

    /// The process id of an actor; on threads, which have none of their own, its number.
    fn pid(&self, actor: Actor) -> u32;

    /// The next report; `None` if there is none for so long.
    fn report(&mut self, patience: Duration) -> Option<Report>;

    /// Asks everybody to stop where it leaves the files whole.
    fn stop(&mut self);
}

/// How a performance ended early.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// An actor cannot be started.
    #[error("cannot start {0}: {1}; try with fewer, or with higher limits of processes and open files (ulimit -u -n)")]
    Start(String, io::Error),
    /// Nothing has been heard for too long.
    #[error("nothing has happened for {0:?}; still at it: {1}. Somebody else may hold the lock, or a thread hangs")]
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

/// What an actor of a scenario is called.
pub(crate) fn name(scenario: &Scenario, actor: Actor) -> String {
    match actor {
        Actor::Thread(role, number) => format!("{} {number}", scenario.roles()[role].name),
        Actor::Parent => "the parent".to_owned(),
    }
}

/// Lets an instance of a scenario run freely, and calls `heard` with everything that is reported, in the order in
/// which it happened. `direct` is asked again and again what shall be done, and may kill.
///
/// # Errors
/// Somebody cannot be started, or nothing happens for longer than `patience`.
///
/// # Panics
/// The instance has any number of threads.
pub fn perform(
    stage: &mut impl Stage,
    scenario: &Scenario,
    instance: &Instance,
    patience: Duration,
    direct: &mut dyn FnMut(&mut dyn Stage) -> Direction,
    mut heard: impl FnMut(&dyn Stage, &Report),
) -> Result<(), PerformError> {
    /// How often to ask for directions.
    const TICK: Duration = Duration::from_millis(20);
    let launch = scenario.launch();
    let threads: Vec<usize> = (0..instance.threads.len()).map(|role| instance.number(role)).collect();
    let first = threads.first().copied().unwrap_or(0);
    let mut at_it: Vec<Actor> = Vec::new();
    let start = |stage: &mut _, actor: Actor, at_it: &mut Vec<Actor>| {
        Stage::start(stage, actor).map_err(|error| PerformError::Start(name(scenario, actor), error))?;
        at_it.push(actor);
        Ok(())
    };
    for (role, threads) in threads.iter().enumerate().skip(1) {
        for number in 0..*threads {
            start(stage, Actor::Thread(role, number), &mut at_it)?;
        }
    }
    let mut started = 0;
    let mut next = if launch == Launch::Together { first } else { 1 };
    let (mut quiet, mut stopping) = (Duration::ZERO, false);
    loop {
        while next > 0 && started < first && !stopping {
            start(stage, Actor::Thread(0, started), &mut at_it)?;
            (started, next) = (started + 1, next - 1);
            // To start a crowd takes a while.
            if started % 100 == 0 && direct(stage) == Direction::Stop {
                stopping = true;
                stage.stop();
            }
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
                let names: Vec<_> = at_it.iter().map(|actor| name(scenario, *actor)).collect();
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
        let of_first = report.actor.role() == Some(0);
        match (&report.news, launch) {
            (News::Ended(_), Launch::Joined) if of_first => next = 1,
            (News::Ended(_), Launch::JoinedWhile) if of_first && !stopping => {
                start(stage, Actor::Parent, &mut at_it)?;
            }
            (News::Decided(go_on), _) => next = usize::from(*go_on),
            _ => {}
        }
    }
}
