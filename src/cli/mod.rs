//! The command line: arguments, and what each command prints.
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | everything holds, or was done |
//! | 1 | something fails: a property is refuted or impossible, a run oversold, an output cannot be explained |
//! | 2 | wrong use, or the environment does not allow it |
//! | 3 | inconclusive |
//! | 130 | interrupted |

mod args;
mod check;
#[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
mod db;
mod explain;
mod matrix;
mod new;
mod outcomes;
mod programs;
mod replay;
mod report;
mod run;
mod values;
mod verify;

pub use report::{snapshot, witness};

use args::{Cli, Command};
use clap::Parser;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Holds = 0,
    Fails = 1,
    Inconclusive = 3,
    Interrupted = 130,
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
    let cli = Cli::parse();
    let done = match cli.command.unwrap_or_default() {
        Command::Matrix(args) => matrix::matrix(&args),
        Command::Check(args) => check::check(&args),
        Command::Verify(args) => verify::verify_file(&args),
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Outcomes(args) => outcomes::outcomes(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Programs => programs::programs(),
        Command::New(args) => new::new(&args),
        #[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
        Command::Db(args) => db::db(&args),
        Command::Buyer(args) => run::buyer(&args),
    };
    match done {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(Failure(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Prints to standard output. A reader that has gone away (`oversell … | head`) is not an error of ours.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::new(format!("cannot write to standard output: {error}"))),
    }
}
