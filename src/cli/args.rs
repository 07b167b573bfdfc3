//! The arguments.

use super::Failure;
use super::page::Pictures;
use super::progress::Watch;
pub use super::values::{Cast, EngineName, Format, Lock, Numbered, Where};
pub use super::values::{Color, Glossed};
use super::values::{any_seed, buyers, kills, megabytes, program, seconds, speed, states, tickets};
use crate::check::{Counting, Limits};
use crate::platform::Instance;
use crate::programs::Program;
use crate::scenario::Scenario;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Can my checkout sell the same ticket twice? Model-checks the programs of a ticket rush and of shops, runs them for
/// real, and shows every failure as a trace.
#[derive(Parser)]
#[command(version, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 all holds; 1 something is refuted, impossible, oversold or unexplained; 2 wrong \
                        use or environment; 3 inconclusive; 128 + n a run that signal n has stopped. What only \
                        reports (matrix, replay, outcomes, programs, new, db without a checkout) ends with 0 if the \
                        report is complete, and with 3 if it is not."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub looks: Looks,
}

/// How things look.
#[derive(Args)]
#[command(next_help_heading = "Looks")]
pub struct Looks {
    /// When to use colours; `auto` is on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true)]
    pub color: Color,
    /// What becomes of Chinese lines in traces [default: beside; only, where the locale has no UTF-8]
    #[arg(long, value_enum, value_name = "HOW", global = true)]
    pub gloss: Option<Glossed>,
}

impl Looks {
    /// What is asked for by `--color` among arguments that are not read yet.
    pub fn color_of(args: &[OsString]) -> Option<Color> {
        let mut words = args.iter().filter_map(|arg| arg.to_str()).skip_while(|arg| !arg.starts_with("--color"));
        let word = match words.next()?.split_once('=') {
            Some((_, word)) => word,
            None => words.next()?,
        };
        Color::from_str(word, true).ok()
    }
}

#[derive(Subcommand)]
pub enum Command {
    /// Every program against every property, at its own size and for any number of buyers (the default)
    Matrix(MatrixArgs),
    /// Check one program: a verdict for each property, and the witness of each one that is refuted
    Check(CheckArgs),
    /// Re-check the proofs of a file that `check --certificate` wrote, against the code as it is now
    Verify(VerifyArgs),
    /// Run a program for real
    Run(RunArgs),
    /// Run exactly one interleaving and print its trace
    Replay(ReplayArgs),
    /// Every possible final outcome, each with a schedule that leads to it
    Outcomes(OutcomesArgs),
    /// Is the console output on standard input possible under this program?
    Explain(ExplainArgs),
    /// What programs, properties and engines there are, in words
    Programs,
    /// Whether the engines see bugs that are planted for that, in this build
    Selftest(SelftestArgs),
    /// Write a first test for the crate in this folder, to put your own code into
    New(NewArgs),
    /// Checkouts over real databases: every order of their statements, on a live server
    #[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
    Db(DbArgs),
    /// Be one thread of a run (started by `run` and `replay`)
    #[command(hide = true)]
    Buyer(BuyerArgs),
}

impl Default for Command {
    fn default() -> Self {
        Command::Matrix(MatrixArgs { format: Format::Text, pictures: Pictures::default() })
    }
}

#[derive(Args)]
pub struct MatrixArgs {
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub pictures: Pictures,
}

#[derive(Args)]
pub struct NewArgs {
    /// Where to write it; a file that is there already stays as it is
    #[arg(value_name = "PATH", default_value = "tests/oversell.rs")]
    pub path: PathBuf,
}

#[derive(Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub what: Subject,
    #[command(flatten)]
    pub cast: Cast,
    /// Check only this property; may be repeated [default: all that apply to the program]
    #[arg(long = "property", value_name = "NAME")]
    pub properties: Vec<String>,
    /// Which engine checks [default: counting; parametric where a role has any number of threads; told-apart where
    /// threads know who they are]
    #[arg(long, value_enum, value_name = "NAME")]
    pub engine: Option<EngineName>,
    #[command(flatten)]
    pub faults: Faults,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Write the invariant of every proof to this file, for `oversell verify`
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub pictures: Pictures,
}

#[derive(Args)]
pub struct VerifyArgs {
    /// The certificates
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Args)]
pub struct SelftestArgs {
    /// Say also what is beyond which engine, and why
    #[arg(long)]
    pub verbose: bool,
}

#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub what: Subject,
    /// How many threads of the first role come [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers, allow_hyphen_values = true)]
    pub buyers: Option<usize>,
    /// The database file; an existing one is used as it is, and one that is not there is made [default: a temporary
    /// file]
    #[arg(long, value_name = "PATH")]
    pub db: Option<PathBuf>,
    /// How many times faster than the original waits
    #[arg(long, value_name = "X", default_value = "1", value_parser = speed, allow_hyphen_values = true)]
    pub speed: f64,
    /// Run everybody as threads of this process, not as processes
    #[arg(long)]
    pub threads: bool,
    /// Kill this many of them with SIGKILL, at random moments (processes only)
    #[arg(long, value_name = "K", default_value_t = 0, conflicts_with = "threads", value_parser = kills,
          allow_hyphen_values = true)]
    pub kills: usize,
    /// Where choices, and the random moments of `--kills`, start from
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = any_seed, allow_hyphen_values = true)]
    pub seed: u64,
}

#[derive(Args)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub what: Subject,
    #[command(flatten)]
    pub cast: Numbered,
    /// Who moves, in order: `0,0,1:declined,sweeper0,p,k1` is buyer 0 twice, buyer 1 taking the choice `declined`, sweeper
    /// 0, the launching parent, and the kill of buyer 1
    #[arg(long, value_name = "MOVES", allow_hyphen_values = true)]
    pub schedule: String,
    /// What becomes of the locks of the dead
    #[arg(long, value_enum, default_value_t)]
    pub lock: Lock,
    /// Where it runs; on threads and processes every step is held against the model
    #[arg(long, value_enum, default_value_t)]
    pub on: Where,
    #[command(flatten)]
    pub pictures: Pictures,
}

#[derive(Args)]
pub struct OutcomesArgs {
    #[command(flatten)]
    pub what: Subject,
    #[command(flatten)]
    pub cast: Numbered,
    #[command(flatten)]
    pub faults: Faults,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write a page to this file on which each outcome can be walked through; it loads nothing from anywhere
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

#[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
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
    #[arg(long, value_name = "B", default_value_t = 2, value_parser = few, allow_hyphen_values = true)]
    pub buyers: usize,
    /// How many connections may be cut, between any two of their statements, or before a COMMIT is acknowledged
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = kills, allow_hyphen_values = true)]
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
    /// A database made for this instead of a throw-away server: empty, or called `oversell…`; `postgres://…` or
    /// `mysql://…`, which is tested with MariaDB, not with MySQL
    #[arg(long, value_name = "URL", conflicts_with = "on")]
    pub url: Option<String>,
    /// The most executions; past that, the verdict is inconclusive
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = executions, allow_hyphen_values = true)]
    pub max_executions: u64,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write a page to this file on which each failure can be walked through; it loads nothing from anywhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["schedule", "outcomes"])]
    pub html: Option<PathBuf>,
}

#[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
fn few(text: &str) -> Result<usize, String> {
    super::values::whole(text, 1, 8)
}

#[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
fn executions(text: &str) -> Result<u64, String> {
    super::values::whole(text, 1, u64::MAX)
}

#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub what: Subject,
    #[command(flatten)]
    pub cast: Numbered,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args)]
pub struct BuyerArgs {
    #[arg(value_parser = program)]
    pub program: &'static Program,
    #[arg(long)]
    pub role: String,
    #[arg(long)]
    pub number: usize,
    #[arg(long)]
    pub tickets: u64,
    #[arg(long)]
    pub db: PathBuf,
    #[arg(long, default_value = "1", value_parser = speed)]
    pub speed: f64,
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    #[arg(long, value_enum)]
    pub lock: Lock,
    #[arg(long)]
    pub conducted: bool,
}

/// A program and how many tickets there are.
#[derive(Args)]
pub struct Subject {
    /// Which program; `oversell programs` lists them
    #[arg(value_name = "PROGRAM", value_parser = program)]
    pub program: &'static Program,
    /// How many tickets there are [default: as in the program]
    #[arg(long, value_name = "T", value_parser = tickets, allow_hyphen_values = true)]
    pub tickets: Option<u64>,
}

impl Subject {
    /// The program's scenario, with so many tickets.
    pub fn scenario(&self) -> Scenario {
        self.program.scenario(self.tickets.unwrap_or(self.program.tickets))
    }
}

#[derive(Args)]
pub struct Faults {
    /// How many threads may be killed, between any two of their steps
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = kills, allow_hyphen_values = true)]
    pub kills: usize,
    /// What becomes of the locks of the dead
    #[arg(long, value_enum, default_value_t)]
    pub lock: Lock,
}

impl Faults {
    /// The same threads with these faults.
    pub fn befall(&self, instance: Instance) -> Result<Instance, Failure> {
        within(self.kills, &instance)?;
        Ok(instance.kills(self.kills).lock(self.lock.into()))
    }
}

/// Refuses more kills than there are threads.
pub fn within(kills: usize, instance: &Instance) -> Result<(), Failure> {
    match instance.total() {
        Some(threads) if kills > threads => {
            Err(Failure::new(format!("--kills {kills} is more than there are threads: {threads}")))
        }
        _ => Ok(()),
    }
}

#[derive(Args)]
pub struct LimitArgs {
    /// The most states to keep in memory; past that, the verdict is inconclusive [default: 20000000, for any number of
    /// threads 50000, to explain an output 2000000]
    #[arg(long, value_name = "N", value_parser = states, allow_hyphen_values = true)]
    max_states: Option<usize>,
    /// The longest that it may take [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_hyphen_values = true)]
    max_time: Option<Duration>,
    /// The most memory that states may take, in megabytes [default: 2048]
    #[arg(long, value_name = "MB", value_parser = megabytes, allow_hyphen_values = true)]
    max_memory: Option<usize>,
}

impl LimitArgs {
    /// The limits that are usual, but for those that are given; telling of progress whoever watches.
    pub fn limits(&self, usual: Limits, watch: &Watch) -> Limits {
        Limits {
            max_states: self.max_states.unwrap_or(usual.max_states),
            max_time: self.max_time.unwrap_or(usual.max_time),
            max_memory: self.max_memory.map_or(usual.max_memory, |megabytes| megabytes.saturating_mul(1 << 20)),
            progress: watch.watcher(),
            ..usual
        }
    }

    /// The counting engine within these limits.
    pub fn counting(&self, watch: &Watch) -> Counting {
        Counting { limits: self.limits(Counting::default().limits, watch) }
    }
}
