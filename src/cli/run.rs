//! `oversell run`: a program for real, over a real file. And the process at the other end.

mod show;

use super::args::{BuyerArgs, Lock, RunArgs, within};
use super::files;
use super::terminal::say;
use super::{Done, Exit, Failure};
use crate::platform::processes::{Processes, attend};
use crate::platform::site::Site;
use crate::platform::stage::Pace;
use crate::platform::threads::Threads;
use crate::platform::{Instance, LockKind};
use crate::programs::Program;
use crate::programs::tutorials::{self, Document, DocumentError};
use crate::scenario::{RoleId, Scenario};
use crate::sync::Setup;
use show::Show;
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many threads a machine of today starts in a minute.
const MOST_AT_ONCE: usize = 10_000;

/// The signals that stop a run.
#[cfg(unix)]
const STOPPING: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];
#[cfg(not(unix))]
const STOPPING: [i32; 2] = [SIGINT, SIGTERM];

/// What stands for no signal.
pub const NO_SIGNAL: usize = 0;

/// Refuses an instance of more threads than a command is made for.
pub fn at_most(most: usize, instance: &Instance, what: &str) -> Result<(), Failure> {
    match instance.total() {
        Some(threads) if threads > most => {
            Err(Failure::new(format!("{threads} threads are too many to {what}; at most {most} can be")))
        }
        _ => Ok(()),
    }
}

pub fn run(args: &RunArgs) -> Done {
    let program = args.what.program;
    let instance = Instance::of(&args.what.scenario(), args.buyers.unwrap_or(program.threads));
    within(args.kills, &instance)?;
    at_most(MOST_AT_ONCE, &instance, "run for real")?;
    // The folder of a temporary database goes with its handle.
    let (scenario, path, exists, _folder) = match &args.db {
        None => {
            let (folder, path) = fresh_database()?;
            (args.what.scenario(), path, false, Some(folder))
        }
        Some(path) => {
            let (scenario, exists) = open(program, path, args.what.tickets)?;
            // A rename would replace a symbolic link, not the file that it leads to. (One to be made has no links.)
            (scenario, fs::canonicalize(path).unwrap_or_else(|_| path.clone()), exists, None)
        }
    };
    let (site, setup) = site(&scenario, &path, LockKind::Owned);
    if !args.threads {
        expect_on_disk(program, &site)?;
    }
    // The lock first: where it cannot be had, no new database is left behind.
    site.open_locks()?;
    if !exists {
        site.furnish(&setup)?;
    }

    let stopped_by = Arc::new(AtomicUsize::new(NO_SIGNAL));
    for signal in STOPPING {
        signal_hook::flag::register_usize(signal, Arc::clone(&stopped_by), signal as usize)?;
    }
    let mut show = Show::new(&scenario, &instance);
    let pace = Pace::Free { speed: args.speed, seed: args.seed };
    let ran = if args.threads {
        let mut stage = Threads::new(&scenario, site.clone(), pace);
        show.run(&mut stage, args, &stopped_by)
    } else {
        let command = buyer_command(program, &scenario, &path, Lock::Owned, pace)?;
        let mut stage = Processes::new(&scenario, site.clone(), pace, command)?;
        show.run(&mut stage, args, &stopped_by)
    };
    let database = keeps_a_database(program).then_some(&*path);
    show.conclude(&site, database, stopped_by.load(Ordering::Relaxed), ran)
}

/// Be one thread of a role, until done.
pub fn buyer(args: &BuyerArgs) -> Done {
    // What is in the database is on disk already.
    let scenario = args.program.scenario(args.tickets);
    let Some(role) = scenario.role(&args.role) else {
        return Err(Failure::new(format!("`{}` has no role `{}`", args.program.name, args.role)));
    };
    let (site, _) = site(&scenario, &args.db, args.lock.into());
    let pace = if args.conducted { Pace::Conducted } else { Pace::Free { speed: args.speed, seed: args.seed } };
    attend(&scenario, role, args.number, &site, pace);
    Ok(Exit::Holds)
}

/// Where a scenario over this database has its objects.
pub fn site(scenario: &Scenario, database: &Path, kind: LockKind) -> (Site, Setup) {
    let (setup, _) = scenario.build();
    (Site::beside(database, &setup, kind), setup)
}

/// Refuses to run a program on processes that shares what they cannot.
fn expect_on_disk(program: &Program, site: &Site) -> Result<(), Failure> {
    let in_memory: Vec<_> = site.in_memory().map(|name| format!("`{name}`")).collect();
    if in_memory.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{}` shares {}, in the memory of one process; run it with --threads",
        program.name,
        in_memory.join(", ")
    )))
}

/// What starts a thread of a role as a process: this program again.
pub fn buyer_command(
    program: &'static Program,
    scenario: &Scenario,
    database: &Path,
    lock: Lock,
    pace: Pace,
) -> Result<impl Fn(RoleId, usize) -> Command + use<> + 'static, Failure> {
    let me = std::env::current_exe().map_err(|e| Failure::new(format!("cannot find this program's own file: {e}")))?;
    let roles: Vec<_> = scenario.roles().iter().map(|role| role.name).collect();
    let tickets = scenario.stock().unwrap_or(program.tickets);
    let database = database.to_owned();
    Ok(move |role: RoleId, number: usize| {
        let mut command = Command::new(&me);
        command.arg("buyer").arg(program.name).arg("--db").arg(&database);
        command.args(["--role", roles[role], "--number", &number.to_string()]);
        command.args(["--tickets", &tickets.to_string(), "--lock", lock.name()]);
        match pace {
            Pace::Conducted => command.arg("--conducted"),
            Pace::Free { speed, seed } => command.args(["--speed", &speed.to_string(), "--seed", &seed.to_string()]),
        };
        command
    })
}

/// Whether a program sells from a database file.
fn keeps_a_database(program: &Program) -> bool {
    tutorials::over(program, Document::with_tickets(0)).is_some()
}

/// The scenario over a database, and whether that exists; one that does not is to be made.
fn open(program: &'static Program, path: &Path, tickets: Option<u64>) -> Result<(Scenario, bool), Failure> {
    let shown = path.display();
    if !keeps_a_database(program) {
        return Err(Failure::new(format!("`{}` keeps no database; leave out --db", program.name)));
    }
    match files::read(path) {
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
                say(&format!("note: {shown} exists, so its count of {} is used, not --tickets", document.count()));
            }
            let scenario = tutorials::over(program, document).expect("it keeps a database");
            Ok((scenario, true))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                let folder = folder.display();
                return Err(Failure::new(format!("cannot make {shown}: there is no directory {folder}")));
            }
            let tickets = tickets.unwrap_or(program.tickets);
            say(&format!("note: there was no {shown}; it is made, with a count of {tickets}"));
            Ok((program.scenario(tickets), false))
        }
        Err(error) => Err(Failure::new(format!("cannot read {shown}: {error}"))),
    }
}

/// A database in a folder of its own, for one run or replay.
pub fn fresh_database() -> Result<(tempfile::TempDir, PathBuf), Failure> {
    let folder = tempfile::tempdir().map_err(|e| Failure::new(format!("cannot make a temporary folder: {e}")))?;
    let path = folder.path().join("db.txt");
    Ok((folder, path))
}
