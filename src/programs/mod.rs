//! The built-in programs: what the tutorials wrote, its repair, and bugs that shops really had.
//!
//! The code in here knows [`sync`](crate::sync) and [`scenario`](crate::scenario) alone. Whether it runs on threads,
//! on processes, under loom or under a checker is decided elsewhere.

#[cfg(feature = "cli")]
pub mod planted;
pub mod shops;
pub mod tutorials;

use crate::scenario::Scenario;
use std::sync::LazyLock;
use tutorials::{Arrangement, Document};

/// A scenario that is built in.
#[derive(Debug)]
pub struct Program {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Where it comes from.
    pub kind: Kind,
    /// How many threads of its first role it is made for.
    pub threads: usize,
    /// How many tickets it is made for.
    pub tickets: u64,
    /// What its author says of it, or what happens in it.
    pub summary: &'static str,
    source: Source,
}

/// Where a program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tutorial.
    Tutorial,
    /// What a tutorial's program becomes once it is right.
    Repair,
    /// A shop: with a bug that shops really had, or without it.
    Shop {
        /// The program without the bug; `None` if this is the one.
        right: Option<&'static str>,
        /// The public report that the bug is modelled on.
        report: &'static str,
    },
}

/// How to make its scenario.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A ticket rush of the tutorials.
    Tutorial(&'static Arrangement),
    /// A shop with so many tickets.
    Shop(fn(&Program, u64) -> Scenario),
}

impl Program {
    /// Its scenario with so many tickets.
    pub fn scenario(&self, tickets: u64) -> Scenario {
        match self.source {
            Source::Tutorial(arrangement) => {
                tutorials::scenario(self, arrangement, Document::with_tickets(tickets)).into()
            }
            Source::Shop(make) => make(self, tickets),
        }
    }

    /// How the tutorials' programs work, in a line each; nothing for a shop.
    pub fn in_words(&self) -> Vec<String> {
        match self.source {
            Source::Tutorial(arrangement) => arrangement.in_words().to_vec(),
            Source::Shop(_) => Vec::new(),
        }
    }
}

/// Every program there is: those of the tutorials, the repaired one, then the shops.
pub fn all() -> &'static [Program] {
    static ALL: LazyLock<Vec<Program>> =
        LazyLock::new(|| tutorials::PROGRAMS.into_iter().chain(shops::programs()).collect());
    &ALL
}

/// The program of this name.
///
/// # Errors
/// There is none; the error lists those that exist.
pub fn named(name: &str) -> Result<&'static Program, UnknownProgram> {
    all().iter().find(|program| program.name == name).ok_or_else(|| UnknownProgram(name.to_owned()))
}

/// No program has this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no program `{0}`; the programs are {list}", list = names())]
pub struct UnknownProgram(String);

fn names() -> String {
    all().iter().map(|program| program.name).collect::<Vec<_>>().join(", ")
}
