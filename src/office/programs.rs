//! The six programs of the tutorials and one repair, as points in launch × lock scope × commit.

use super::Wording;
use crate::scenario::Launch;
use std::time::Duration;

/// Where the purchase lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockScope {
    /// Nowhere.
    None,
    /// Around search and buy.
    SearchAndBuy,
    /// Around buy alone.
    BuyOnly,
}

/// How a buyer brings the new count into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Truncate, write, then announce.
    WriteThenAnnounce,
    /// Truncate, hold the file open, announce; the write reaches the file when it is closed.
    AnnounceThenFlush,
    /// Write a temporary file, rename it over the old one, then announce.
    Replace,
}

/// One way to arrange search, buy and the lock.
#[derive(Debug)]
pub struct Program {
    /// What it is called on the command line.
    pub name: &'static str,
    /// How many buyers its author sends.
    pub buyers: usize,
    /// How many tickets its author puts up.
    pub tickets: u64,
    /// How buyers are started.
    pub launch: Launch,
    /// Where the lock is held.
    pub lock_scope: LockScope,
    /// How a purchase reaches the file.
    pub commit: Commit,
    /// What it prints.
    pub wording: Wording,
    /// How long buy waits after reading, before it looks at the count.
    pub wait_before_deciding: Duration,
    /// How long buy waits before it commits.
    pub wait_before_commit: Duration,
    /// What its author says of it.
    pub claim: &'static str,
}

impl Program {
    /// Whether search prints what it saw. Where it does not, buy prints what it read.
    pub fn search_tells(&self) -> bool {
        self.launch != Launch::JoinedWhile
    }

    /// The program of this name.
    ///
    /// # Errors
    /// There is none; the error lists those that exist.
    pub fn named(name: &str) -> Result<&'static Program, UnknownProgram> {
        PROGRAMS.iter().find(|program| program.name == name).ok_or_else(|| UnknownProgram(name.to_owned()))
    }
}

/// No program has this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no program `{0}`; the programs are {list}", list = names())]
pub struct UnknownProgram(String);

fn names() -> String {
    let names: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
    names.join(", ")
}

/// The first tutorial: ten buyers rush at once for one ticket.
const TOGETHER: Program = Program {
    name: "",
    buyers: 10,
    tickets: 1,
    launch: Launch::Together,
    lock_scope: LockScope::None,
    commit: Commit::WriteThenAnnounce,
    wording: Wording::PassersBy,
    wait_before_deciding: Duration::ZERO,
    wait_before_commit: Duration::from_secs(3),
    claim: "",
};

/// The second tutorial: fifteen buyers, each joined before the next is started, for two tickets.
const ONE_BY_ONE: Program = Program {
    buyers: 15,
    tickets: 2,
    launch: Launch::Joined,
    commit: Commit::AnnounceThenFlush,
    wording: Wording::BareProcesses,
    wait_before_deciding: Duration::from_secs(1),
    wait_before_commit: Duration::ZERO,
    ..TOGETHER
};

/// Every program there is, in the order of the tutorials; `repaired` is ours.
pub const PROGRAMS: &[Program] = &[
    Program { name: "unlocked", claim: "all ten buy the one ticket", ..TOGETHER },
    Program {
        name: "task-locked",
        lock_scope: LockScope::SearchAndBuy,
        claim: "one buys, but searching has become serial: wrong, searching should be concurrent",
        ..TOGETHER
    },
    Program {
        name: "purchase-locked",
        lock_scope: LockScope::BuyOnly,
        claim: "ten search at once and see 1, one buys: the right one",
        ..TOGETHER
    },
    Program { name: "joined", wording: Wording::Processes, claim: "two buy, thirteen find it sold out", ..ONE_BY_ONE },
    Program {
        name: "joined-locked",
        lock_scope: LockScope::BuyOnly,
        claim: "the same output; the lock adds nothing once everything is serial",
        ..ONE_BY_ONE
    },
    Program {
        name: "joined-until-sold-out",
        launch: Launch::JoinedWhile,
        lock_scope: LockScope::BuyOnly,
        claim: "only two buyers ever start",
        ..ONE_BY_ONE
    },
    Program {
        name: "repaired",
        lock_scope: LockScope::BuyOnly,
        commit: Commit::Replace,
        claim: "in neither tutorial: purchase-locked, but the new count is renamed into place",
        ..TOGETHER
    },
];
