//! The threads platform: every actor a thread of this process, over real files.

use super::real::{Contact, RealThread};
use super::record::{Entry, Recorder, Trace, What};
use super::site::Site;
use super::stage::{News, Pace, Report, Stage, name};
use super::{Actor, End};
use crate::scenario::{Scenario, Shared};
use crate::sync::{Access, Inode, Observation, Step};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A turn, and what the step shall come to.
pub(super) type Turn = Option<String>;

/// A stage of threads.
pub struct Threads {
    scenario: Scenario,
    shared: Shared,
    site: Arc<Site>,
    recorder: Option<Recorder>,
    pace: Pace,
    clock: Arc<ScaledClock>,
    reports: (Sender<Report>, Receiver<Report>),
    turns: BTreeMap<Actor, Sender<Turn>>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// An empty stage.
    pub fn new(scenario: &Scenario, site: Site, pace: Pace) -> Self {
        let (_, shared) = scenario.build();
        Threads {
            scenario: scenario.clone(),
            shared,
            site: Arc::new(site),
            recorder: None,
            pace,
            clock: Arc::new(ScaledClock::new(pace.speed())),
            reports: channel(),
            turns: BTreeMap::new(),
            threads: Vec::new(),
        }
    }

    /// The same stage, which records what happens on it. No two steps overlap then.
    pub fn recorded(mut self) -> Self {
        let (setup, _) = self.scenario.build();
        self.recorder = Some(Recorder::new(&self.scenario, &setup));
        self
    }

    /// A stage for the parent alone, whose threads are elsewhere: it reports to them.
    pub(super) fn for_parent(scenario: &Scenario, site: Site, pace: Pace, reports: Sender<Report>) -> Self {
        let mut stage = Threads::new(scenario, site, pace);
        stage.reports.0 = reports;
        stage
    }

    /// What has happened so far, step by step in the order in which it did; `None` if it is not recorded.
    pub fn trace(&self) -> Option<Trace> {
        self.recorder.as_ref().map(|recorder| as_in_the_model(recorder.trace()))
    }
}

/// The same trace, where open files are told apart as the model does it, by which file it is, and not by the numbers
/// of the handles; and where the content after each step is known.
fn as_in_the_model(mut trace: Trace) -> Trace {
    let mut contents: Vec<_> = trace.objects.iter().map(|(_, content)| content.clone()).collect();
    let mut inodes: HashMap<(Actor, Inode), Inode> = HashMap::new();
    for entry in &mut trace.entries {
        match &mut entry.what {
            What::Took(Step::On(object, access @ Access::Truncate), Observation::Opened(handle), _) => {
                let (_, seen) = contents[*object].outcomes(access).remove(0);
                let Observation::Opened(inode) = seen else { unreachable!("a truncate opens") };
                inodes.insert((entry.actor, *handle), inode);
                *handle = inode;
            }
            What::Took(Step::On(_, Access::Write(handle, _)), ..) => *handle = inodes[&(entry.actor, *handle)],
            _ => {}
        }
        entry.act_on(&mut contents);
        if let Entry { what: What::Took(Step::On(object, _), _, after), .. } = entry {
            *after = Some(contents[*object].clone());
        }
    }
    trace
}

impl Stage for Threads {
    fn start(&mut self, actor: Actor) -> io::Result<()> {
        let (turn, turns) = channel::<Turn>();
        self.turns.insert(actor, turn);
        let (scenario, shared, site) = (self.scenario.clone(), self.shared.clone(), Arc::clone(&self.site));
        let (recorder, pace) = (self.recorder.clone(), self.pace);
        let contact = OfThread { actor, reports: self.reports.0.clone(), turns, clock: Arc::clone(&self.clock) };
        if let Some(recorder) = &recorder {
            recorder.record(actor, What::Started);
        }
        let body = move || {
            let conducted = pace == Pace::Conducted;
            let thread = RealThread::new(actor, &site, &contact, conducted, pace.seed(), recorder.as_ref());
            thread.run(|at| match actor {
                Actor::Thread(role, number) => What::Ended(End::Returned(scenario.run(role, number, at, &shared))),
                Actor::Parent => What::Decided(scenario.go_on(at, &shared)),
            });
        };
        self.threads.push(std::thread::Builder::new().name(name(&self.scenario, actor)).spawn(body)?);
        Ok(())
    }

    fn grant(&mut self, actor: Actor, pick: Option<&str>) -> io::Result<()> {
        let turn = self.turns.get(&actor).ok_or(ErrorKind::NotFound)?;
        turn.send(pick.map(str::to_owned)).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn kill(&mut self, _actor: Actor) -> io::Result<()> {
        let reason = "a thread cannot be killed; replay a schedule with kills on processes";
        Err(io::Error::new(ErrorKind::Unsupported, reason))
    }

    fn pid(&self, actor: Actor) -> u32 {
        match actor {
            Actor::Thread(_, number) => number as u32,
            Actor::Parent => 0,
        }
    }

    fn report(&mut self, patience: Duration) -> Option<Report> {
        self.reports.1.recv_timeout(patience).ok()
    }

    fn stop(&mut self) {
        self.clock.stop();
        self.turns.clear();
    }
}

impl Drop for Threads {
    /// Asks all to stop, and joins those that have ended. Whoever stops is parked for ever, and left to the end of the
    /// process.
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..).filter(JoinHandle::is_finished) {
            // Whatever unwinds in the code is caught in its thread.
            drop(thread.join());
        }
    }
}

/// How a thread hears from its stage.
struct OfThread {
    actor: Actor,
    reports: Sender<Report>,
    turns: Receiver<Turn>,
    clock: Arc<ScaledClock>,
}

impl Contact for OfThread {
    fn report(&self, news: News) {
        // Nobody listens any more once the stage is gone.
        drop(self.reports.send(Report { actor: self.actor, news }));
    }

    fn turn(&self) -> Turn {
        self.turns.recv().unwrap_or(None)
    }

    fn pause(&self, time: Duration) {
        self.clock.pause(time);
    }

    fn stopping(&self) -> bool {
        self.clock.is_stopped()
    }

    fn is_alone(&self) -> bool {
        false
    }

    fn rest(&self) -> ! {
        loop {
            std::thread::park();
        }
    }
}

/// Real time, divided by a speed, until somebody says stop.
pub(super) struct ScaledClock {
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

    /// Waits; less once somebody says stop.
    pub fn pause(&self, time: Duration) {
        let time = Duration::try_from_secs_f64(time.as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.bell.wait_timeout_while(stopped, time, |stopped| !*stopped));
    }

    /// Whether somebody has said stop.
    pub fn is_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
