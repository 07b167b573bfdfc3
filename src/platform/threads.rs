//! The threads platform: every buyer a thread of this process, over real files.

use super::real::{Clock, Desk};
use super::record::{Deed, Recorder, Trace};
use super::site::Site;
use super::stage::{Conducted, News, Report, Stage};
use super::{Actor, halt};
use crate::scenario::Scenario;
use crate::sync::{Event, Platform, Setup};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A stage of threads.
pub struct Threads<S: Scenario> {
    scenario: S,
    shared: S::Shared,
    site: Arc<Site>,
    recorder: Recorder,
    conducted: bool,
    clock: Arc<ScaledClock>,
    reports: (Sender<Report>, Receiver<Report>),
    turns: BTreeMap<Actor, Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl<S: Scenario> Threads<S> {
    /// An empty stage. Waits are divided by `speed`. Conducted buyers wait for a turn before every step.
    pub fn new(scenario: &S, site: Site, speed: f64, conducted: bool) -> Self {
        let mut setup = Setup::default();
        let shared = scenario.build(&mut setup);
        Threads {
            scenario: scenario.clone(),
            shared,
            site: Arc::new(site),
            recorder: Recorder::new(&setup),
            conducted,
            clock: Arc::new(ScaledClock::new(speed)),
            reports: channel(),
            turns: BTreeMap::new(),
            threads: Vec::new(),
        }
    }

    /// A stage for the launcher alone, whose buyers are elsewhere: it reports to them.
    pub(super) fn for_launcher(scenario: &S, site: Site, speed: f64, conducted: bool, reports: Sender<Report>) -> Self {
        let mut stage = Threads::new(scenario, site, speed, conducted);
        stage.reports.0 = reports;
        stage
    }

    /// What has happened so far, step by step in the order in which it did.
    pub fn trace(&self) -> Trace {
        self.recorder.trace()
    }
}

impl<S: Scenario> Stage for Threads<S> {
    fn start(&mut self, actor: Actor) -> io::Result<()> {
        let (turn, turns) = channel::<()>();
        self.turns.insert(actor, turn);
        let (scenario, shared, site) = (self.scenario.clone(), self.shared.clone(), Arc::clone(&self.site));
        let (recorder, clock, conducted) = (self.recorder.clone(), Arc::clone(&self.clock), self.conducted);
        let reports = self.reports.0.clone();
        self.recorder.record(actor, Deed::Started);
        let body = move || {
            // Nobody listens any more once the stage is gone.
            let report = |news| drop(reports.send(Report { actor, news }));
            let tell = |event: Event| report(News::Told(event));
            let desk = Desk::new(actor, &site, &*clock, &tell, Some(&recorder));
            let turn = || turns.recv().unwrap_or_else(|_| halt());
            let wrapped = Conducted { platform: &desk, report: &report, turn: &turn };
            let at: &dyn Platform = if conducted { &wrapped } else { &desk };
            let ended = match actor {
                Actor::Buyer(number) => desk.attend(|| scenario.buyer(at, &shared, number), Deed::returned),
                Actor::Launcher => desk.attend(|| scenario.go_on(at, &shared), Deed::Decided),
            };
            // The locks of the dead are free before anybody hears of the death.
            drop(desk);
            report(News::from(ended));
        };
        self.threads.push(std::thread::Builder::new().name(actor.to_string()).spawn(body)?);
        Ok(())
    }

    fn grant(&mut self, actor: Actor) -> io::Result<()> {
        let turn = self.turns.get(&actor).ok_or(ErrorKind::NotFound)?;
        turn.send(()).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn kill(&mut self, _buyer: usize) -> io::Result<()> {
        let reason = "a thread cannot be killed; replay a schedule with kills on processes";
        Err(io::Error::new(ErrorKind::Unsupported, reason))
    }

    fn pid(&self, buyer: usize) -> u32 {
        buyer as u32
    }

    fn report(&mut self, patience: Duration) -> Option<Report> {
        self.reports.1.recv_timeout(patience).ok()
    }

    fn stop(&mut self) {
        self.clock.stop();
        self.turns.clear();
    }
}

impl<S: Scenario> Drop for Threads<S> {
    /// Waits for all threads. (One that waits for a lock that is never freed would wait for ever, so such a
    /// thread is left to the end of the process.)
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..).filter(JoinHandle::is_finished) {
            // A buyer's unwinding is caught at its desk.
            drop(thread.join());
        }
    }
}

/// Real time, divided by a speed, until somebody says stop.
pub struct ScaledClock {
    speed: f64,
    stopped: Mutex<bool>,
    bell: Condvar,
}

impl ScaledClock {
    /// A clock that runs `speed` times as fast.
    pub fn new(speed: f64) -> Self {
        ScaledClock { speed, stopped: Mutex::new(false), bell: Condvar::new() }
    }

    /// Ends all waits, now and from now on.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_all();
    }
}

impl Clock for ScaledClock {
    fn pause(&self, time: Duration) {
        let time = Duration::try_from_secs_f64(time.as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.bell.wait_timeout_while(stopped, time, |stopped| !*stopped));
    }

    fn stopping(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
