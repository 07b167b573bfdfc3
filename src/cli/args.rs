//! The arguments.

use crate::check::{Counting, Crowd, Property};
use crate::office::{Program, Rush};
use crate::platform::LockKind;
use crate::trace::Schedule;
use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::HumanCount;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Can my checkout sell the same ticket twice? Model-checks the programs of a ticket rush, runs them for real, and
/// shows every failure as a trace.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 all holds; 1 something is refuted, impossible or oversold; 2 wrong use or \
                        environment; 3 inconclusive.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Every program against every property, at its own size and for any number of buyers (the default)
    Matrix(MatrixArgs),
    /// Check one program: a verdict for each property, and the witness of each one that is refuted
    Check(CheckArgs),
    /// Run a program for real, over a real file
    Run(RunArgs),
    /// Run exactly one interleaving and print its trace
    Replay(ReplayArgs),
    /// Every possible final outcome, each with a schedule that leads to it
    Outcomes(OutcomesArgs),
    /// Is the console output on standard input possible under this program?
    Explain(ExplainArgs),
    /// What programs, properties and engines there are, in words
    Programs,
    /// Checkouts over real databases: every order of their statements, on a live server
    #[cfg(not(loom))]
    Db(DbArgs),
    /// Be one buyer of a run (started by `run` and `replay`)
    #[command(hide = true)]
    Buyer(BuyerArgs),
}

impl Default for Command {
    fn default() -> Self {
        Command::Matrix(MatrixArgs { format: Format::Text })
    }
}

#[derive(Args)]
pub struct MatrixArgs {
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub what: Subject,
    /// How many buyers come, or `any` for any number [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers_or_any, allow_hyphen_values = true)]
    pub buyers: Option<Buyers>,
    /// Check only this property; may be repeated [default: all seven]
    #[arg(long = "property", value_name = "NAME", value_parser = property)]
    pub properties: Vec<Property>,
    /// Which engine checks [default: counting, or coverability for any number of buyers]
    #[arg(long, value_enum, value_name = "NAME")]
    pub engine: Option<EngineName>,
    #[command(flatten)]
    pub faults: Faults,
    #[command(flatten)]
    pub limits: Limits,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub what: Subject,
    /// How many buyers come [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers, allow_hyphen_values = true)]
    pub buyers: Option<usize>,
    /// The database file; an existing one is used as it is [default: a temporary file]
    #[arg(long, value_name = "PATH")]
    pub db: Option<PathBuf>,
    /// How many times faster than the original waits
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed, allow_hyphen_values = true)]
    pub speed: f64,
    /// Run buyers as threads of this process, not as processes
    #[arg(long)]
    pub threads: bool,
    /// Kill this many buyers with SIGKILL, at random moments (processes only)
    #[arg(long, value_name = "K", default_value_t = 0, conflicts_with = "threads")]
    pub kills: usize,
    /// Where the random moments of `--kills` start from
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

#[derive(Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub what: Subject,
    /// How many buyers come [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers, allow_hyphen_values = true)]
    pub buyers: Option<usize>,
    /// Who moves, in order: `0,0,1,p,k1` is buyer 0 twice, buyer 1, the launching parent, and the kill of buyer 1
    #[arg(long, value_name = "MOVES", allow_hyphen_values = true)]
    pub schedule: Schedule,
    /// What becomes of the locks of the dead
    #[arg(long, value_enum, default_value_t)]
    pub lock: Lock,
    /// Where it runs; on threads and processes every step is held against the model
    #[arg(long, value_enum, default_value_t)]
    pub on: Where,
}

#[derive(Args)]
pub struct OutcomesArgs {
    #[command(flatten)]
    pub what: Subject,
    /// How many buyers come [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers, allow_hyphen_values = true)]
    pub buyers: Option<usize>,
    #[command(flatten)]
    pub faults: Faults,
    #[command(flatten)]
    pub limits: Limits,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[cfg(not(loom))]
#[derive(Args)]
pub struct DbArgs {
    /// A checkout of the catalogue [default: a table of all of them]
    pub checkout: Option<String>,
    /// On which databases: `sqlite`, `sqlite-wal`, `sqlite-busy`, `sqlite-wal-busy`, `postgres`, `mariadb`, or `all`
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "sqlite")]
    pub on: Vec<String>,
    /// Only at this level, as in `read-committed`
    #[arg(long, value_name = "LEVEL", value_parser = super::db::level)]
    pub level: Option<crate::database::Level>,
    /// How many buyers come
    #[arg(long, value_name = "B", default_value_t = 2, value_parser = few)]
    pub buyers: usize,
    /// How many connections may be cut, between any two of their statements, or before a COMMIT is acknowledged
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub kills: usize,
    /// Perform exactly this order of statements and print its trace
    #[arg(long, value_name = "MOVES", allow_hyphen_values = true)]
    pub schedule: Option<String>,
    /// Every possible outcome, each with a schedule that leads to it
    #[arg(long, conflicts_with = "schedule")]
    pub outcomes: bool,
    /// A checkout of your own, in a file of SQL
    #[arg(long, value_name = "PATH", conflicts_with = "checkout")]
    pub file: Option<PathBuf>,
    /// A database made for this instead of a throw-away server: empty, or called `oversell…`
    #[arg(long, value_name = "URL", conflicts_with = "on")]
    pub url: Option<String>,
    /// The most executions; past that, the verdict is inconclusive
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub max_executions: u64,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[cfg(not(loom))]
fn few(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(buyers) if (1..=8).contains(&buyers) => Ok(buyers),
        _ => Err("write a whole number from 1 to 8".to_owned()),
    }
}

#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub what: Subject,
    /// How many buyers came [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers, allow_hyphen_values = true)]
    pub buyers: Option<usize>,
    #[command(flatten)]
    pub limits: Limits,
}

#[derive(Args)]
pub struct BuyerArgs {
    #[arg(value_parser = Program::named)]
    pub program: &'static Program,
    #[arg(long)]
    pub number: usize,
    #[arg(long)]
    pub db: PathBuf,
    #[arg(long, value_parser = speed)]
    pub speed: f64,
    #[arg(long, value_enum)]
    pub lock: Lock,
    #[arg(long)]
    pub conducted: bool,
}

/// A program and how many tickets there are.
#[derive(Args)]
pub struct Subject {
    /// Which program; `oversell programs` lists them
    #[arg(value_name = "PROGRAM", value_parser = Program::named)]
    pub program: &'static Program,
    /// How many tickets there are [default: as in the program]
    #[arg(long, value_name = "T", value_parser = tickets, allow_hyphen_values = true)]
    pub tickets: Option<u64>,
}

impl Subject {
    /// The program over a fresh database.
    pub fn rush(&self) -> Rush {
        Rush::new(self.program, self.tickets.unwrap_or(self.program.tickets))
    }
}

#[derive(Args)]
pub struct Faults {
    /// How many buyers may be killed, between any two of their steps
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub kills: usize,
    /// What becomes of the locks of the dead
    #[arg(long, value_enum, default_value_t)]
    pub lock: Lock,
}

impl Faults {
    pub fn crowd(&self, buyers: usize) -> Crowd {
        Crowd { buyers, kills: self.kills, lock: self.lock.into() }
    }
}

#[derive(Args)]
pub struct Limits {
    /// The most states to keep in memory; past that, the verdict is inconclusive [default: 20000000, for any number
    /// of buyers 200000, to explain an output 2000000]
    #[arg(long, value_name = "N")]
    max_states: Option<usize>,
}

impl Limits {
    /// The most states, where so many are usual.
    pub fn max_states(&self, usual: usize) -> usize {
        self.max_states.unwrap_or(usual)
    }

    /// The counting engine within these limits, showing its progress if somebody watches.
    pub fn counting(&self, usual: usize) -> Counting {
        let progress = std::io::stderr().is_terminal().then(|| {
            let bar = indicatif::ProgressBar::new_spinner();
            let start = Instant::now();
            Arc::new(move |states: u64| {
                let rate = HumanCount((states as f64 / start.elapsed().as_secs_f64()) as u64);
                bar.set_message(format!("{} states, {rate} per second", HumanCount(states)));
                bar.tick();
            }) as Arc<dyn Fn(u64) + Send + Sync>
        });
        Counting { max_states: self.max_states(usual), progress, ..Counting::default() }
    }
}

/// A number of buyers, or any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buyers {
    Exactly(usize),
    Any,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    Counting,
    Coverability,
    ShuttleDfs,
    ShuttlePct,
    Loom,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Lock {
    /// Freed by the kernel, as a file lock is
    #[default]
    Owned,
    /// Freed by nobody
    Semaphore,
}

impl From<Lock> for LockKind {
    fn from(lock: Lock) -> Self {
        match lock {
            Lock::Owned => LockKind::Owned,
            Lock::Semaphore => LockKind::Semaphore,
        }
    }
}

impl From<LockKind> for Lock {
    fn from(lock: LockKind) -> Self {
        match lock {
            LockKind::Owned => Lock::Owned,
            LockKind::Semaphore => Lock::Semaphore,
        }
    }
}

impl Lock {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Lock::Owned => "owned",
            Lock::Semaphore => "semaphore",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Where {
    /// In memory
    #[default]
    Model,
    /// On threads, over a real file
    Threads,
    /// On processes, over a real file
    Processes,
}

fn buyers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one buyer must come".to_owned()),
        Ok(buyers) if buyers <= crate::check::MOST_BUYERS => Ok(buyers),
        _ => Err(format!("write a whole number from 1 to {}", crate::check::MOST_BUYERS)),
    }
}

fn buyers_or_any(text: &str) -> Result<Buyers, String> {
    match text {
        "any" => Ok(Buyers::Any),
        number => buyers(number).map(Buyers::Exactly).map_err(|reason| format!("{reason}, or `any`")),
    }
}

fn tickets(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 to {}", u64::MAX))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if speed > 0.0 && f64::is_finite(speed) => Ok(speed),
        _ => Err("write a number above 0; 10 is ten times as fast".to_owned()),
    }
}

fn property(name: &str) -> Result<Property, String> {
    name.parse()
}
