//! The command line: arguments, and what each command prints.
//!
//! Some commands answer (`check`, `verify`, `explain`, `run`, `selftest`, `db CHECKOUT`), others report (`matrix`,
//! `replay`, `outcomes`, `programs`, `new`, the table of `db`).
//!
//! | exit code | of an answer | of a report |
//! | ---: | --- | --- |
//! | 0 | everything holds | it is complete, whatever fails in it |
//! | 1 | something is refuted, impossible, oversold or unexplained | |
//! | 2 | wrong use, or the environment does not allow it | the same |
//! | 3 | inconclusive | something may be missing |
//! | 128 + n | `run` was stopped by signal n: 129 (SIGHUP), 130 (SIGINT), 143 (SIGTERM) | |

mod args;
mod check;
#[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
mod db;
mod explain;
mod files;
mod matrix;
mod nearest;
mod new;
mod outcomes;
mod page;
mod programs;
mod progress;
mod replay;
mod report;
mod run;
mod selftest;
mod terminal;
mod values;
mod verify;

pub use report::{snapshot, witness};
pub use selftest::{Reading, engines, reading};

use args::{Cli, Color, Command, Looks};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Holds,
    Fails,
    Inconclusive,
    /// A signal has stopped it.
    Stopped(u8),
}

/// Of commands that could not do their work.
const FAILED: u8 = 2;

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Holds => 0,
            Exit::Fails => 1,
            Exit::Inconclusive => 3,
            Exit::Stopped(signal) => 128 + signal,
        }
    }
}

/// Why a command could not do its work: what is printed, after `error: `.
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(error.to_string())
    }
}

impl Failure {
    fn new(message: impl Display) -> Self {
        Failure(message.to_string())
    }
}

type Done = Result<Exit, Failure>;

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    terminal::settle(&cli.looks);
    // A file that may not grow is an error like others, which can be said and cleared up after, and no sudden death.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    let done = match cli.command.unwrap_or_default() {
        Command::Matrix(args) => matrix::matrix(&args),
        Command::Check(args) => check::check(&args),
        Command::Verify(args) => verify::verify_file(&args),
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Outcomes(args) => outcomes::outcomes(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Programs => programs::programs(),
        Command::Selftest(args) => selftest::selftest(&args),
        Command::New(args) => new::new(&args),
        #[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
        Command::Db(args) => db::db(&args),
        Command::Buyer(args) => run::buyer(&args),
    };
    match done {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(Failure(message)) => {
            // It may repeat what it was given.
            let lines: Vec<_> = message.split('\n').map(terminal::harmless).collect();
            terminal::say(&format!("error: {}", lines.join("\n")));
            ExitCode::from(FAILED)
        }
    }
}

/// The arguments, or, where there is nothing more to do than to say something about them, how that ends.
fn parse() -> Result<Cli, ExitCode> {
    // Help and complaints come before the arguments are read, and have colours too.
    let args: Vec<_> = std::env::args_os().collect();
    let color = match Looks::color_of(&args) {
        Some(Color::Always) => clap::ColorChoice::Always,
        Some(Color::Never) => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    };
    let parsed = Cli::command().color(color).try_get_matches_from(args);
    parsed.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|told| {
        let printed = told.print().and_then(|()| io::stdout().flush());
        let lost = matches!(&printed, Err(error) if error.kind() != io::ErrorKind::BrokenPipe);
        if let Err(error) = &printed
            && lost
            && !told.use_stderr()
        {
            terminal::say(&format!("error: cannot write to standard output: {error}"));
            return ExitCode::from(FAILED);
        }
        if told.kind() == ErrorKind::InvalidSubcommand
            && let Some(ContextValue::String(word)) = told.get(ContextKind::InvalidSubcommand)
            && values::program(word).is_ok()
        {
            terminal::say(&format!("`{word}` is a program; to check it: oversell check {word}"));
        }
        ExitCode::from(told.exit_code() as u8)
    })
}

/// Prints to standard output. A reader that has gone away (`oversell … | head`) is not an error of ours.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::new(format!("cannot write to standard output: {error}"))),
    }
}
