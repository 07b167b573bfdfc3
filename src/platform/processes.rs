//! The processes platform: every thread of every role a process of its own, over real files and locks between
//! processes.
//!
//! A process writes its reports, a line each, into one pipe that all share, so they arrive in the order in which they
//! were made; it hears its turns on its standard input. When that closes, because the parent says stop or is gone,
//! the process stops at the next step, unless it has emptied a file: then it writes it first.

use super::real::{Contact, RealThread};
use super::record::What;
use super::site::Site;
use super::stage::{News, Pace, Report, Stage};
use super::threads::{ScaledClock, Threads, Turn};
use super::{Actor, End, wire};
use crate::scenario::{RoleId, Scenario};
use crate::sync::Death;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, BufReader, ErrorKind, PipeWriter, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// A stage of processes.
pub struct Processes {
    /// Makes the command that starts a thread of a role; it must end in [`attend`].
    command: Box<dyn Fn(RoleId, usize) -> Command>,
    processes: BTreeMap<Actor, Process>,
    parent: Threads,
    site: Site,
    /// Where reports arrive, and our own end of the pipe that they come through.
    reports: Receiver<Report>,
    pipe: PipeWriter,
}

struct Process {
    child: Child,
    /// Dropping it tells the process to stop.
    turns: Option<ChildStdin>,
    over: bool,
}

impl Process {
    /// It is dead: what is left of it is cleared away. Looking for that takes an open file, and where these are few, it is
    /// the one by which the process heard from us.
    fn bury(&mut self, site: &Site) {
        self.over = true;
        self.turns = None;
        site.clear_away(self.child.id());
    }
}

/// How often to look whether a process has died without a word.
const TICK: Duration = Duration::from_millis(20);

/// How long a process may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(5);

impl Processes {
    /// An empty stage. The parent's code, where the scenario has some, runs in a thread of this process.
    ///
    /// # Errors
    /// No pipe or thread can be had, or the scenario shares what processes cannot.
    pub fn new(
        scenario: &Scenario,
        site: Site,
        pace: Pace,
        command: impl Fn(RoleId, usize) -> Command + 'static,
    ) -> io::Result<Self> {
        let in_memory: Vec<_> = site.in_memory().map(|name| format!("`{name}`")).collect();
        if !in_memory.is_empty() {
            let lives = if in_memory.len() == 1 { "lives" } else { "live" };
            let reason =
                format!("{} {lives} in one process's memory; run this scenario on threads", in_memory.join(", "));
            return Err(io::Error::new(ErrorKind::Unsupported, reason));
        }
        if !cfg!(unix) {
            let reason = "buyers run as processes on Unix only; run them as threads";
            return Err(io::Error::new(ErrorKind::Unsupported, reason));
        }
        let (reader, pipe) = io::pipe()?;
        let (sender, reports) = channel();
        let parent = Threads::for_parent(scenario, site.clone(), pace, sender.clone());
        std::thread::Builder::new().spawn(move || forward(BufReader::new(reader), &sender))?;
        Ok(Processes { command: Box::new(command), processes: BTreeMap::new(), parent, site, reports, pipe })
    }

    /// Reports the processes that have ended since the last call.
    fn report_the_dead(&mut self) {
        let mut died = Vec::new();
        for (&actor, process) in self.processes.iter_mut().filter(|(_, process)| !process.over) {
            let Ok(Some(status)) = process.child.try_wait() else { continue };
            process.bury(&self.site);
            died.push((actor, how_it_died(status)));
        }
        for (actor, reason) in died {
            // Our own reader is at the other end, as long as there is anybody to tell.
            let _ = self.report_for(actor, End::Crashed(Death { reason, torn: false }));
        }
    }

    /// Reports how somebody ended who can no longer say so. Through the pipe, this comes after whatever they did say.
    fn report_for(&mut self, actor: Actor, end: End) -> io::Result<()> {
        let report = Report { actor, news: News::Ended(end) };
        self.pipe.write_all(wire::encode(&report).as_bytes())
    }
}

fn how_it_died(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("its process was killed by signal {signal}");
    }
    format!("its process ended without a word ({status})")
}

/// Passes on reports until the pipe closes; of several ends of one process only the first, which is its own word.
fn forward(pipe: impl BufRead, reports: &Sender<Report>) {
    let mut over = HashSet::new();
    for line in pipe.lines().map_while(Result::ok) {
        match wire::decode(&line) {
            Some(Report { actor, .. }) if over.contains(&actor) => {}
            Some(report) => {
                if matches!(report.news, News::Ended(_) | News::Stopped) {
                    over.insert(report.actor);
                }
                if reports.send(report).is_err() {
                    return;
                }
            }
            // Somebody's own output, not a report.
            // Standard error may be closed.
            None => drop(writeln!(io::stderr().lock(), "{line}")),
        }
    }
}

impl Stage for Processes {
    fn start(&mut self, actor: Actor) -> io::Result<()> {
        let Actor::Thread(role, number) = actor else { return self.parent.start(actor) };
        let mut command = (self.command)(role, number);
        command.stdin(Stdio::piped()).stdout(self.pipe.try_clone()?);
        // Ctrl-C on a terminal goes to the whole process group. Children shall hear of it from us, and stop with
        // their files whole.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let turns = child.stdin.take();
        self.processes.insert(actor, Process { child, turns, over: false });
        Ok(())
    }

    fn grant(&mut self, actor: Actor, pick: Option<&str>) -> io::Result<()> {
        if actor == Actor::Parent {
            return self.parent.grant(actor, pick);
        }
        let process = self.processes.get_mut(&actor).ok_or(ErrorKind::NotFound)?;
        process.turns.as_mut().ok_or(ErrorKind::BrokenPipe)?.write_all(wire::encode_turn(pick).as_bytes())
    }

    fn kill(&mut self, actor: Actor) -> io::Result<()> {
        let process = self.processes.get_mut(&actor).ok_or(ErrorKind::NotFound)?;
        process.child.kill()?;
        process.child.wait()?;
        process.bury(&self.site);
        self.report_for(actor, End::Killed)
    }

    fn pid(&self, actor: Actor) -> u32 {
        self.processes.get(&actor).map_or(0, |process| process.child.id())
    }

    fn report(&mut self, patience: Duration) -> Option<Report> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Ok(report) = self.reports.recv_timeout(left.min(TICK)) {
                return Some(report);
            }
            self.report_the_dead();
            if left.is_zero() {
                return self.reports.try_recv().ok();
            }
        }
    }

    fn stop(&mut self) {
        self.parent.stop();
        self.processes.values_mut().for_each(|process| drop(process.turns.take()));
    }
}

impl Drop for Processes {
    /// Leaves no process behind: asks all to stop, and kills those that do not.
    fn drop(&mut self) {
        self.stop();
        let deadline = Instant::now() + GRACE;
        for process in self.processes.values_mut() {
            while matches!(process.child.try_wait(), Ok(None)) {
                if Instant::now() > deadline {
                    // It may have gone meanwhile, which is as good.
                    drop(process.child.kill());
                    drop(process.child.wait());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// The other end: be a thread of a role in this process, until it ends. If it is told to stop before, this process
/// exits.
pub fn attend(scenario: &Scenario, role: RoleId, number: usize, site: &Site, pace: Pace) {
    let clock = Arc::new(ScaledClock::new(pace.speed()));
    let (turn, turns) = channel::<Turn>();
    let contact = OfProcess { actor: Actor::Thread(role, number), turns, clock: Arc::clone(&clock) };
    // A line is a turn; the end of the input says stop.
    let listening = std::thread::Builder::new().spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            // With nobody waiting for a turn there is nothing to grant.
            let _ = turn.send(wire::decode_turn(&line));
        }
        clock.stop();
    });
    if let Err(error) = listening {
        let reason = format!("it cannot listen, for want of a thread: {error}");
        return contact.report(News::Ended(End::Crashed(Death { reason, torn: false })));
    }
    let (_, shared) = scenario.build();
    let conducted = pace == Pace::Conducted;
    let thread = RealThread::new(contact.actor, site, &contact, conducted, pace.seed(), None);
    thread.run(|at| What::Ended(End::Returned(scenario.run(role, number, at, &shared))));
}

/// How a process hears from its stage.
struct OfProcess {
    actor: Actor,
    turns: Receiver<Turn>,
    clock: Arc<ScaledClock>,
}

impl Contact for OfProcess {
    fn report(&self, news: News) {
        let line = wire::encode(&Report { actor: self.actor, news });
        let mut stdout = io::stdout().lock();
        if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            // Nobody listens any more: the parent is gone.
            self.clock.stop();
        }
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
        true
    }

    fn rest(&self) -> ! {
        std::process::exit(0)
    }
}
