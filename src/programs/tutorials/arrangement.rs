//! The points of the small space in which every program of the tutorials lies: launch × lock scope × commit.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// How buyers are started.
    pub launch: Launch,
    /// Where the lock is held.
    pub lock_scope: LockScope,
    /// How a purchase reaches the file.
    pub commit: Commit,
    /// What is printed.
    pub wording: Wording,
    /// How long buy waits after reading, before it looks at the count.
    pub wait_before_deciding: Duration,
    /// How long buy waits before it commits.
    pub wait_before_commit: Duration,
}

impl Arrangement {
    /// The first tutorial: buyers rush at once.
    pub(super) const TOGETHER: Arrangement = Arrangement {
        launch: Launch::Together,
        lock_scope: LockScope::None,
        commit: Commit::WriteThenAnnounce,
        wording: Wording::PassersBy,
        wait_before_deciding: Duration::ZERO,
        wait_before_commit: Duration::from_secs(3),
    };

    /// The second tutorial: each buyer is joined before the next is started.
    pub(super) const ONE_BY_ONE: Arrangement = Arrangement {
        launch: Launch::Joined,
        commit: Commit::AnnounceThenFlush,
        wording: Wording::BareProcesses,
        wait_before_deciding: Duration::from_secs(1),
        wait_before_commit: Duration::ZERO,
        ..Arrangement::TOGETHER
    };

    /// Whether search prints what it saw. Where it does not, buy prints what it read.
    pub fn search_tells(&self) -> bool {
        self.launch != Launch::JoinedWhile
    }

    /// The same in words, a line each.
    pub(in crate::programs) fn in_words(&self) -> [String; 2] {
        let launch = match self.launch {
            Launch::Together => "all started at once",
            Launch::Joined => "each started after the one before has ended",
            Launch::JoinedWhile => "each started after the one before has ended and the parent has found tickets left",
        };
        let lock = match self.lock_scope {
            LockScope::None => "no lock",
            LockScope::SearchAndBuy => "the lock around search and buy",
            LockScope::BuyOnly => "the lock around buy alone",
        };
        let commit = match self.commit {
            Commit::WriteThenAnnounce => "truncates the file, writes the new count, then tells the buyer",
            Commit::AnnounceThenFlush => {
                "truncates the file, tells the buyer, and the new count arrives when it is closed"
            }
            Commit::Replace => "writes a temporary file, renames it over the old one, then tells the buyer",
        };
        [format!("{launch}, {lock}"), commit.to_owned()]
    }
}
