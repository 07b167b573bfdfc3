//! The processes platform: every buyer a process of its own, over real files and locks between processes.
//!
//! A buyer writes its reports, a line each, into one pipe that all buyers share, so they arrive in the order in
//! which they were made; it hears its turns on its standard input. When that closes, because the parent says
//! stop or is gone, the buyer stops at the next step, unless it has emptied a file: then it writes it first.

use super::real::Desk;
use super::record::Deed;
use super::site::Site;
use super::stage::{Conducted, News, Report, Stage};
use super::threads::{ScaledClock, Threads};
use super::{Actor, End, halt, wire};
use crate::scenario::Scenario;
use crate::sync::{Event, Platform, Setup};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, PipeWriter, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// A stage of processes.
pub struct Processes<S: Scenario> {
    /// Makes the command that starts buyer *i*; it must end in [`attend`].
    command: Box<dyn Fn(usize) -> Command>,
    buyers: BTreeMap<usize, Process>,
    launcher: Threads<S>,
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

/// How often to look whether a process has died without a word.
const TICK: Duration = Duration::from_millis(20);

/// How long a process may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(5);

impl<S: Scenario> Processes<S> {
    /// An empty stage. The launcher, where the scenario has one, is a thread of this process.
    ///
    /// # Errors
    /// No pipe can be had, or the scenario shares what processes cannot.
    pub fn new(
        scenario: &S,
        site: Site,
        speed: f64,
        conducted: bool,
        command: impl Fn(usize) -> Command + 'static,
    ) -> io::Result<Self> {
        if !site.is_on_disk() {
            let reason = "value mutexes and atomic cells live in one process's memory; run this scenario on threads";
            return Err(io::Error::new(ErrorKind::Unsupported, reason));
        }
        let (reader, pipe) = io::pipe()?;
        let (sender, reports) = channel();
        let launcher = Threads::for_launcher(scenario, site, speed, conducted, sender.clone());
        std::thread::spawn(move || forward(BufReader::new(reader), &sender));
        Ok(Processes { command: Box::new(command), buyers: BTreeMap::new(), launcher, reports, pipe })
    }

    /// Reports the processes that have ended since the last call.
    fn report_the_dead(&mut self) {
        let mut died = Vec::new();
        for (&number, process) in self.buyers.iter_mut().filter(|(_, process)| !process.over) {
            let Ok(Some(status)) = process.child.try_wait() else { continue };
            process.over = true;
            died.push((number, how_it_died(status)));
        }
        for (number, reason) in died {
            // Our own reader is at the other end, as long as there is anybody to tell.
            let _ = self.report_for(number, End::Crashed(reason));
        }
    }

    /// Reports how a buyer ended that can no longer say so itself. Through the pipe, this comes after whatever
    /// it did say.
    fn report_for(&mut self, number: usize, end: End) -> io::Result<()> {
        let report = Report { actor: Actor::Buyer(number), news: News::Ended(end) };
        self.pipe.write_all(wire::encode(&report).as_bytes())
    }
}

fn how_it_died(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(signal) => format!("its process was killed by signal {signal}"),
        None => format!("its process ended without a word ({status})"),
    }
}

/// Passes on reports until the pipe closes; of several ends of one buyer only the first, which is its own word.
fn forward(pipe: impl BufRead, reports: &Sender<Report>) {
    let mut over = Vec::new();
    for line in pipe.lines().map_while(Result::ok) {
        match wire::decode(&line) {
            Some(Report { actor, .. }) if over.contains(&actor) => {}
            Some(report) => {
                if matches!(report.news, News::Ended(_) | News::Stopped) {
                    over.push(report.actor);
                }
                if reports.send(report).is_err() {
                    return;
                }
            }
            // Somebody's own output, not a report.
            None => eprintln!("{line}"),
        }
    }
}

impl<S: Scenario> Stage for Processes<S> {
    fn start(&mut self, actor: Actor) -> io::Result<()> {
        let Actor::Buyer(number) = actor else { return self.launcher.start(actor) };
        let mut command = (self.command)(number);
        command.stdin(Stdio::piped()).stdout(self.pipe.try_clone()?);
        // Ctrl-C on a terminal goes to the whole process group. Buyers shall hear of it from us, and stop with
        // their files whole.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let turns = child.stdin.take();
        self.buyers.insert(number, Process { child, turns, over: false });
        Ok(())
    }

    fn grant(&mut self, actor: Actor) -> io::Result<()> {
        let Actor::Buyer(number) = actor else { return self.launcher.grant(actor) };
        let process = self.buyers.get_mut(&number).ok_or(ErrorKind::NotFound)?;
        process.turns.as_mut().ok_or(ErrorKind::BrokenPipe)?.write_all(b"\n")
    }

    fn kill(&mut self, buyer: usize) -> io::Result<()> {
        let process = self.buyers.get_mut(&buyer).ok_or(ErrorKind::NotFound)?;
        process.over = true;
        process.child.kill()?;
        process.child.wait()?;
        self.report_for(buyer, End::Killed)
    }

    fn pid(&self, buyer: usize) -> u32 {
        self.buyers.get(&buyer).map_or(0, |process| process.child.id())
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
        self.launcher.stop();
        self.buyers.values_mut().for_each(|process| drop(process.turns.take()));
    }
}

impl<S: Scenario> Drop for Processes<S> {
    /// Leaves no process behind: asks all to stop, and kills those that do not.
    fn drop(&mut self) {
        self.stop();
        let deadline = Instant::now() + GRACE;
        for process in self.buyers.values_mut() {
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

/// The other end: be buyer `number` in this process, until it ends or is told to stop.
pub fn attend<S: Scenario>(scenario: &S, number: usize, site: &Site, speed: f64, conducted: bool) {
    let actor = Actor::Buyer(number);
    let clock = Arc::new(ScaledClock::new(speed));
    let (turn, turns) = channel::<()>();
    // A line is a turn; the end of the input says stop.
    std::thread::spawn({
        let clock = Arc::clone(&clock);
        move || {
            for _ in io::stdin().lines().map_while(Result::ok) {
                // With nobody waiting for a turn there is nothing to grant.
                let _ = turn.send(());
            }
            clock.stop();
        }
    });
    let report = |news| {
        let line = wire::encode(&Report { actor, news });
        let mut stdout = io::stdout().lock();
        if stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            // Nobody listens any more: the parent is gone.
            clock.stop();
        }
    };
    let shared = scenario.build(&mut Setup::default());
    let tell = |event: Event| report(News::Told(event));
    let desk = Desk::new(actor, site, &*clock, &tell, None);
    let turn = || turns.recv().unwrap_or_else(|_| halt());
    let wrapped = Conducted { platform: &desk, report: &report, turn: &turn };
    let at: &dyn Platform = if conducted { &wrapped } else { &desk };
    let ended = desk.attend(|| scenario.buyer(at, &shared, number), Deed::returned);
    drop(desk);
    report(News::from(ended));
}
