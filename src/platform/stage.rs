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
/// Somebody cannot be started (then all the others stop, and are heard until they have), or nothing happens for longer
/// than `patience`.
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
    let mut troupe = Troupe { scenario, at_it: Vec::new(), stopping: false, refused: None };
    for (role, threads) in threads.iter().enumerate().skip(1) {
        for number in 0..*threads {
            troupe.start(stage, Actor::Thread(role, number));
        }
    }
    let mut started = 0;
    let mut next = if launch == Launch::Together { first } else { 1 };
    let mut quiet = Duration::ZERO;
    loop {
        while next > 0 && started < first && !troupe.stopping {
            troupe.start(stage, Actor::Thread(0, started));
            (started, next) = (started + 1, next - 1);
            // To start a crowd takes a while.
            if started % 100 == 0 && direct(stage) == Direction::Stop {
                troupe.stop(stage);
            }
        }
        if troupe.at_it.is_empty() {
            return troupe.refused.map_or(Ok(()), Err);
        }
        if !troupe.stopping && direct(stage) == Direction::Stop {
            troupe.stop(stage);
        }
        let Some(report) = stage.report(TICK) else {
            quiet += TICK;
            if quiet >= patience {
                stage.stop();
                let names: Vec<_> = troupe.at_it.iter().map(|actor| name(scenario, *actor)).collect();
                return Err(PerformError::Silence(patience, names.join(", ")));
            }
            continue;
        };
        quiet = Duration::ZERO;
        heard(stage, &report);
        let gone = matches!(report.news, News::Ended(_) | News::Decided(_) | News::Stopped);
        if gone {
            troupe.at_it.retain(|actor| *actor != report.actor);
        }
        let of_first = report.actor.role() == Some(0);
        match (&report.news, launch) {
            (News::Ended(_), Launch::Joined) if of_first => next = 1,
            (News::Ended(_), Launch::JoinedWhile) if of_first => troupe.start(stage, Actor::Parent),
            (News::Decided(go_on), _) => next = usize::from(*go_on),
            _ => {}
        }
    }
}

/// Those who are on a stage.
struct Troupe<'a> {
    scenario: &'a Scenario,
    at_it: Vec<Actor>,
    /// Nobody is started any more.
    stopping: bool,
    /// Why somebody could not be started. The others are heard to their end all the same: what they sold is sold.
    refused: Option<PerformError>,
}

impl Troupe<'_> {
    fn start(&mut self, stage: &mut impl Stage, actor: Actor) {
        if self.stopping {
            return;
        }
        match stage.start(actor) {
            Ok(()) => self.at_it.push(actor),
            Err(error) => {
                self.refused = Some(PerformError::Start(name(self.scenario, actor), error));
                self.stop(stage);
            }
        }
    }

    fn stop(&mut self, stage: &mut impl Stage) {
        self.stopping = true;
        stage.stop();
    }
}
