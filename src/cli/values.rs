//! What can be written for an argument, and what it means.

use super::Failure;
use super::nearest::did_you_mean;
use crate::check::MOST_THREADS;
use crate::platform::{Instance, LockKind, Threads};
use crate::programs::{self, Program};
use crate::scenario::Scenario;
use crate::trace::Gloss;
use clap::{Args, ValueEnum};
use std::fmt::Display;
use std::str::FromStr;

/// How many threads there are, where any number is an answer.
#[derive(Args)]
pub struct Cast {
    /// How many threads of the first role come, or `any` for any number [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers_or_any, allow_hyphen_values = true)]
    pub buyers: Option<Threads>,
    /// The same for another role, as in `sweeper=2` or `sweeper=any`; may be repeated
    #[arg(long = "threads", value_name = "ROLE=N", value_parser = role_or_any, allow_hyphen_values = true)]
    pub threads: Vec<(String, Threads)>,
}

/// How many threads there are, where it must be a certain number.
#[derive(Args)]
pub struct Numbered {
    /// How many threads of the first role come [default: as in the program]
    #[arg(long, value_name = "B", value_parser = buyers, allow_hyphen_values = true)]
    pub buyers: Option<usize>,
    /// The same for another role, as in `sweeper=2`; may be repeated
    #[arg(long = "threads", value_name = "ROLE=N", value_parser = role, allow_hyphen_values = true)]
    pub threads: Vec<(String, Threads)>,
}

impl Cast {
    /// So many threads of a program.
    pub fn instance(&self, program: &Program, scenario: &Scenario) -> Result<Instance, Failure> {
        let mut instance = Instance::of(scenario, program.threads);
        let mut asked = Vec::new();
        if let Some(buyers) = self.buyers {
            instance = instance.role(0, buyers);
            asked.push(0);
        }
        for (name, threads) in &self.threads {
            let Some(role) = scenario.role(name) else {
                let roles: Vec<_> = scenario.roles().iter().map(|role| role.name).collect();
                let (program, meant) = (program.name, did_you_mean(name, roles.iter().copied()));
                let roles = roles.join(", ");
                return Err(Failure::new(format!("`{program}` has no role `{name}`; its roles are {roles}{meant}")));
            };
            if asked.contains(&role) {
                return Err(Failure::new(format!("the number of threads of `{name}` is given twice")));
            }
            asked.push(role);
            instance = instance.role(role, *threads);
        }
        if instance.total().is_some_and(|threads| threads > MOST_THREADS) {
            return Err(Failure::new(format!("there can be at most {MOST_THREADS} threads in all")));
        }
        Ok(instance)
    }
}

impl Numbered {
    /// So many threads of a program.
    pub fn instance(&self, program: &Program, scenario: &Scenario) -> Result<Instance, Failure> {
        let buyers = self.buyers.map(Threads::Exactly);
        Cast { buyers, threads: self.threads.clone() }.instance(program, scenario)
    }
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
    Parametric,
    Coverability,
    ToldApart,
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Glossed {
    /// Each has its translation below it
    Beside,
    /// The translation stands in its place
    Only,
    /// They are not translated
    Off,
}

impl From<Glossed> for Gloss {
    fn from(glossed: Glossed) -> Self {
        match glossed {
            Glossed::Beside => Gloss::Beside,
            Glossed::Only => Gloss::Only,
            Glossed::Off => Gloss::Off,
        }
    }
}

/// The program of this name.
pub fn program(name: &str) -> Result<&'static Program, String> {
    let names = || programs::all().iter().map(|program| program.name);
    programs::named(name).map_err(|error| format!("{error}{}", did_you_mean(name, names())))
}

/// A whole number between two others.
pub fn whole<N: FromStr + PartialOrd + Display>(text: &str, least: N, most: N) -> Result<N, String> {
    // Not `parse` alone: it would take `+1`.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    let number = number.filter(|number| (&least..=&most).contains(&number));
    number.ok_or_else(|| format!("write a whole number from {least} to {most}"))
}

pub fn buyers(text: &str) -> Result<usize, String> {
    if text == "0" {
        return Err("at least one buyer must come".to_owned());
    }
    whole(text, 1, MOST_THREADS)
}

pub fn kills(text: &str) -> Result<usize, String> {
    whole(text, 0, MOST_THREADS)
}

pub fn any_seed(text: &str) -> Result<u64, String> {
    whole(text, 0, u64::MAX)
}

pub fn states(text: &str) -> Result<usize, String> {
    whole(text, 1, usize::MAX)
}

pub fn megabytes(text: &str) -> Result<usize, String> {
    whole(text, 1, usize::MAX >> 20)
}

fn buyers_or_any(text: &str) -> Result<Threads, String> {
    match text {
        "any" => Ok(Threads::Any),
        number => buyers(number).map(Threads::Exactly).map_err(|reason| format!("{reason}, or `any`")),
    }
}

fn role_or_any(text: &str) -> Result<(String, Threads), String> {
    match text.split_once('=') {
        Some((role, "any")) => Ok((role.to_owned(), Threads::Any)),
        _ => role(text).map_err(|reason| format!("{reason}, or `any`")),
    }
}

fn role(text: &str) -> Result<(String, Threads), String> {
    let Some((role, number)) = text.split_once('=') else {
        return Err("write a role, `=` and a number of threads".to_owned());
    };
    let number = whole(number, 0, MOST_THREADS).map_err(|reason| format!("{reason} behind `{role}=`"))?;
    Ok((role.to_owned(), Threads::Exactly(number)))
}

pub fn tickets(text: &str) -> Result<u64, String> {
    // What is sold is counted with a sign.
    whole(text, 0, i64::MAX as u64)
}

/// At this speed a wait of a second takes a quarter of an hour; slower is a typing error.
const SLOWEST: f64 = 0.001;
/// And at this one a microsecond.
const FASTEST: f64 = 1_000_000.0;

pub fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (SLOWEST..=FASTEST).contains(&speed) => Ok(speed),
        _ => Err(format!("write a number from {SLOWEST} to {FASTEST}; 10 is ten times as fast")),
    }
}

pub fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "write a number of seconds, from 0 on".to_owned())
}
