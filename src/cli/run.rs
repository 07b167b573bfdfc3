//! `oversell run`: a program for real, over a real file. And the buyer at the other end.

use super::args::{BuyerArgs, Lock, RunArgs};
use super::{Done, Exit, Failure, print};
use crate::check::Final;
use crate::office::{Document, DocumentError, Program, Rush};
use crate::platform::processes::{Processes, attend};
use crate::platform::site::Site;
use crate::platform::stage::{Direction, News, Report, Stage, perform};
use crate::platform::threads::Threads;
use crate::platform::{Actor, End, LockKind};
use crate::scenario::{Scenario, Speaker};
use crate::sync::{Meaning, Setup};
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub fn run(args: &RunArgs) -> Done {
    let program = args.what.program;
    // The folder of a temporary database goes with its handle.
    let (rush, path, exists, _folder) = match &args.db {
        None => {
            let (folder, path) = fresh_database()?;
            (args.what.rush(), path, false, Some(folder))
        }
        Some(path) => {
            let (rush, exists) = open(program, path, args.what.tickets)?;
            // A rename would replace a symbolic link, not the file that it leads to. (One to be made has no links.)
            (rush, fs::canonicalize(path).unwrap_or_else(|_| path.clone()), exists, None)
        }
    };
    let (site, setup) = site(&rush, &path, LockKind::Owned);
    if !exists {
        site.furnish(&setup)?;
    }
    site.open_locks()?;

    let interrupted = Arc::new(AtomicBool::new(false));
    ctrlc::set_handler({
        let interrupted = Arc::clone(&interrupted);
        move || interrupted.store(true, Ordering::Relaxed)
    })?;
    let buyers = args.buyers.unwrap_or(program.buyers);
    let mut show = Show::new(&rush, buyers);
    let ran = if args.threads {
        let mut stage = Threads::new(&rush, site.clone(), args.speed, false);
        show.run(&mut stage, args, &interrupted)
    } else {
        let command = buyer_command(program, &path, args.speed, Lock::Owned, false)?;
        let mut stage = Processes::new(&rush, site.clone(), args.speed, false, command)?;
        show.run(&mut stage, args, &interrupted)
    };
    show.bar.finish_and_clear();
    ran?;
    show.conclude(&path, interrupted.load(Ordering::Relaxed))
}

/// Be buyer `number`, until done.
pub fn buyer(args: &BuyerArgs) -> Done {
    // What is in the database is on disk already.
    let rush = Rush::new(args.program, args.program.tickets);
    let (site, _) = site(&rush, &args.db, args.lock.into());
    attend(&rush, args.number, &site, args.speed, args.conducted);
    Ok(Exit::Holds)
}

/// Where a rush over this database has its objects.
pub fn site(rush: &Rush, database: &Path, kind: LockKind) -> (Site, Setup) {
    let mut setup = Setup::default();
    rush.build(&mut setup);
    (Site::beside(database, &setup, kind), setup)
}

/// What starts buyer *i*: this program again.
pub fn buyer_command(
    program: &'static Program,
    database: &Path,
    speed: f64,
    lock: Lock,
    conducted: bool,
) -> Result<impl Fn(usize) -> Command + 'static, Failure> {
    let me = std::env::current_exe().map_err(|e| Failure::new(format!("cannot find this program's own file: {e}")))?;
    let database = database.to_owned();
    Ok(move |number: usize| {
        let mut command = Command::new(&me);
        command.arg("buyer").arg(program.name).arg("--db").arg(&database);
        command.args(["--number", &number.to_string(), "--speed", &speed.to_string(), "--lock", lock.name()]);
        if conducted {
            command.arg("--conducted");
        }
        command
    })
}

/// The rush over a database, and whether that exists; one that does not is to be made, if the number of tickets is given.
fn open(program: &'static Program, path: &Path, tickets: Option<u64>) -> Result<(Rush, bool), Failure> {
    let shown = path.display();
    match fs::read(path) {
        Ok(content) => {
            let document = Document::parse(&content).map_err(|error: DocumentError| {
                Failure::new(format!(
                    "{shown} is no database: {error}. Put a JSON object like {{\"count\": 1}} into it"
                ))
            })?;
            fs::OpenOptions::new()
                .append(true)
                .open(path)
                .map_err(|e| Failure::new(format!("cannot write to {shown}: {e}")))?;
            if tickets.is_some_and(|tickets| tickets != document.count()) {
                eprintln!("note: {shown} exists, so its count of {} is used, not --tickets", document.count());
            }
            Ok((Rush::over(program, document), true))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => match tickets {
            Some(tickets) => Ok((Rush::new(program, tickets), false)),
            None => Err(Failure::new(format!(
                "there is no database at {shown}; give --tickets T to make one with T tickets"
            ))),
        },
        Err(error) => Err(Failure::new(format!("cannot read {shown}: {error}"))),
    }
}

/// What the audience sees, and counts.
struct Show<'a> {
    rush: &'a Rush,
    buyers: usize,
    sold: u64,
    torn: usize,
    ends: BTreeMap<usize, Option<End>>,
    bar: indicatif::ProgressBar,
}

impl<'a> Show<'a> {
    fn new(rush: &'a Rush, buyers: usize) -> Self {
        let bar = match std::io::stderr().is_terminal() {
            true => indicatif::ProgressBar::new(buyers as u64),
            false => indicatif::ProgressBar::hidden(),
        };
        bar.set_style(
            indicatif::ProgressStyle::with_template("{pos} of {len} buyers have ended, {elapsed}")
                .expect("the template is a constant that parses"),
        );
        Show { rush, buyers, sold: 0, torn: 0, ends: BTreeMap::new(), bar }
    }

    fn run(&mut self, stage: &mut impl Stage, args: &RunArgs, interrupted: &AtomicBool) -> Result<(), Failure> {
        /// Longer than any buyer of any program is silent at the original speed.
        const LONGEST_SILENCE: Duration = Duration::from_secs(10);
        let scaled =
            |time: Duration| Duration::try_from_secs_f64(time.as_secs_f64() / args.speed).unwrap_or(Duration::MAX);
        let patience = scaled(LONGEST_SILENCE).saturating_add(Duration::from_secs(30));
        // About as long as it takes to sell all tickets one after another.
        let purchases = self.rush.tickets().clamp(1, self.buyers as u64) as u32;
        let within = scaled(Duration::from_secs(4) * purchases);
        let mut executioner = Executioner::new(args.kills, self.buyers, args.seed, within);
        let launch = self.rush.launch();
        let mut direct = |stage: &mut dyn Stage| {
            executioner.strike(stage);
            if interrupted.load(Ordering::Relaxed) { Direction::Stop } else { Direction::Go }
        };
        let mut failed = None;
        perform(stage, launch, self.buyers, patience, &mut direct, |stage, report| {
            failed = failed.take().or(self.hear(stage, report).err());
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn hear(&mut self, stage: &dyn Stage, Report { actor, news }: &Report) -> Result<(), Failure> {
        match (news, actor) {
            (News::Told(event), Actor::Buyer(buyer)) => {
                self.ends.entry(*buyer).or_default();
                self.sold += u64::from(event.meaning == Meaning::Sale);
                self.torn += usize::from(event.meaning == Meaning::TornRead);
                let speaker = Speaker { buyer: *buyer, pid: stage.pid(*buyer).to_string() };
                if let Some(line) = self.rush.line(&speaker, event) {
                    return self.bar.suspend(|| print(&format!("{line}\n")));
                }
            }
            (News::Ended(end), actor) => {
                if let End::Crashed(reason) = end {
                    self.bar.suspend(|| eprintln!("{actor} crashed: {reason}"));
                }
                if let Actor::Buyer(buyer) = actor {
                    self.ends.insert(*buyer, Some(end.clone()));
                    self.bar.inc(1);
                }
            }
            (News::Stopped, Actor::Buyer(buyer)) => {
                self.ends.entry(*buyer).or_default();
            }
            _ => {}
        }
        Ok(())
    }

    /// The summary. It goes to standard error, so that standard output can be fed to `explain`.
    fn conclude(&self, path: &Path, interrupted: bool) -> Done {
        let tickets = self.rush.tickets();
        let content = fs::read(path).map_err(|e| e.to_string());
        let count = content.and_then(|content| Document::parse(&content).map_err(|e| e.to_string())).map(|d| d.count());
        let mut end = Final { sold: self.sold, count: count.clone().ok(), ..Final::default() };
        end.never_started = self.buyers - self.ends.len();
        self.ends.values().for_each(|ended| end.add(ended.as_ref(), 1));
        // Nobody waits for ever in a run that has come to its end: those without an end were told to stop.
        let Final { sold, sold_out, crashed, killed, never_started, stuck: stopped, .. } = end;
        let mut parts = vec![format!("{sold} sold of {tickets}"), format!("{sold_out} found it sold out")];
        let others = [(crashed, "crashed"), (killed, "killed"), (stopped, "stopped"), (never_started, "never started")];
        for (number, what) in others {
            parts.extend((number > 0).then(|| format!("{number} {what}")));
        }
        let left = match &count {
            Ok(count) => format!("the database says {count} left"),
            Err(reason) => format!("the database cannot be read: {reason}"),
        };
        eprintln!("\n{}; {left}", parts.join(", "));
        if interrupted {
            eprintln!("interrupted");
            return Ok(Exit::Interrupted);
        }
        if sold > tickets {
            eprintln!("OVERSOLD: {sold} buyers were told that they bought one of {tickets}");
        } else if count.ok().and_then(|count| count.checked_add(sold)) != Some(tickets) {
            eprintln!("UNBALANCED: what was sold and what is left do not add up to {tickets}");
        } else if crashed > self.torn {
            // A torn read is the program's own doing; any other crash is not.
            return Err(Failure::new(format!(
                "{} of the buyers could not do their work, see above",
                crashed - self.torn
            )));
        } else {
            eprintln!("sound: what was sold and what is left add up to {tickets}");
            return Ok(Exit::Holds);
        }
        Ok(Exit::Fails)
    }
}

/// Kills buyers at random moments, for stress tests.
struct Executioner {
    start: Instant,
    /// Whom, and when after the start.
    victims: Vec<(usize, Duration)>,
}

impl Executioner {
    fn new(kills: usize, buyers: usize, seed: u64, within: Duration) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let victims = random.choose_multiple(0..buyers, kills);
        let victims = victims.into_iter().map(|victim| (victim, within.mul_f64(random.f64()))).collect();
        Executioner { start: Instant::now(), victims }
    }

    fn strike(&mut self, stage: &mut dyn Stage) {
        let now = self.start.elapsed();
        self.victims.retain(|(victim, when)| {
            // One that is not there yet is tried again; one that has ended by itself has escaped.
            *when > now || stage.kill(*victim).is_err_and(|error| error.kind() == ErrorKind::NotFound)
        });
    }
}

/// A database in a folder of its own, for one replay.
pub fn fresh_database() -> Result<(tempfile::TempDir, PathBuf), Failure> {
    let folder = tempfile::tempdir().map_err(|e| Failure::new(format!("cannot make a temporary folder: {e}")))?;
    let path = folder.path().join("db.txt");
    Ok((folder, path))
}
