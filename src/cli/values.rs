//! What can be written for an argument, and what it means.

use super::Failure;
use crate::check::MOST_THREADS;
use crate::platform::{Instance, LockKind, Threads};
use crate::programs::Program;
use crate::scenario::Scenario;
use clap::{Args, ValueEnum};

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
                let (program, roles) = (program.name, roles.join(", "));
                return Err(Failure::new(format!("`{program}` has no role `{name}`; its roles are {roles}")));
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

pub fn buyers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one buyer must come".to_owned()),
        Ok(buyers) if buyers <= MOST_THREADS => Ok(buyers),
        _ => Err(format!("write a whole number from 1 to {MOST_THREADS}")),
    }
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
    match number.parse() {
        Ok(number) if number <= MOST_THREADS => Ok((role.to_owned(), Threads::Exactly(number))),
        _ => Err(format!("write a whole number from 0 to {MOST_THREADS} behind `{role}=`")),
    }
}

pub fn tickets(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 to {}", u64::MAX))
}

pub fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if speed > 0.0 && f64::is_finite(speed) => Ok(speed),
        _ => Err("write a number above 0; 10 is ten times as fast".to_owned()),
    }
}

pub fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "write a number of seconds".to_owned())
}
