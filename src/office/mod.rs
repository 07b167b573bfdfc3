//! The system under test: the office where buyers search and buy, and the programs that send them there.
//!
//! This code knows only [`sync`](crate::sync). Whether it runs on threads, on processes, under loom or under
//! a checker is decided elsewhere.

mod document;
mod programs;
mod wording;

pub use document::{Document, DocumentError};
pub use programs::{Commit, LockScope, PROGRAMS, Program, UnknownProgram};
pub use wording::Wording;

use crate::scenario::{Launch, Scenario, Speaker};
use crate::sync::{Bytes, Event, File, Lock, Outcome, Platform, Setup};
use std::time::Duration;

/// What buyers share.
#[derive(Clone, Copy, Debug)]
pub struct Office {
    database: File,
    purchase: Lock,
}

/// A ticket rush: one program, over a database.
#[derive(Clone, Debug)]
pub struct Rush {
    program: &'static Program,
    database: Document,
}

impl Rush {
    /// The program over a fresh database with this many tickets.
    pub fn new(program: &'static Program, tickets: u64) -> Self {
        Rush { program, database: Document::with_tickets(tickets) }
    }

    /// The program over a database that exists.
    pub fn over(program: &'static Program, database: Document) -> Self {
        Rush { program, database }
    }

    /// The program.
    pub fn program(&self) -> &'static Program {
        self.program
    }

    /// The content that the database starts with.
    pub fn database(&self) -> Bytes {
        self.database.bytes()
    }

    /// Looks at how many tickets are left, as the search of both tutorials does.
    fn look(at: &dyn Platform, office: &Office) -> u64 {
        at.pause(Duration::from_secs(1));
        read(at, office).count()
    }

    fn search(&self, at: &dyn Platform, office: &Office) {
        at.span("search", || {
            let left = Self::look(at, office);
            if self.program.search_tells() {
                at.tell(Event::word("saw").with(left));
            }
        });
    }

    fn buy(&self, at: &dyn Platform, office: &Office) -> Outcome {
        at.span("buy", || {
            let database = read(at, office);
            if !self.program.search_tells() {
                at.tell(Event::word("saw").with(database.count()));
            }
            at.pause(self.program.wait_before_deciding);
            let Some(content) = database.take_one() else {
                at.tell(Event::word("sold out"));
                return Outcome::SoldOut;
            };
            at.pause(self.program.wait_before_commit);
            self.commit(at, office, content);
            Outcome::Bought
        })
    }

    fn commit(&self, at: &dyn Platform, office: &Office, content: Bytes) {
        match self.program.commit {
            Commit::WriteThenAnnounce => {
                office.database.truncate(at).write(at, content);
                at.tell(Event::sale("bought"));
            }
            Commit::AnnounceThenFlush => {
                let file = office.database.truncate(at);
                at.pause(Duration::from_millis(1500));
                at.tell(Event::sale("bought"));
                file.write(at, content);
            }
            Commit::Replace => {
                office.database.replace(at, content);
                at.tell(Event::sale("bought"));
            }
        }
    }
}

/// Reads the database, or dies of what it finds there.
fn read(at: &dyn Platform, office: &Office) -> Document {
    match Document::parse(&office.database.read(at)) {
        Ok(document) => document,
        Err(error) => at.torn(error.to_string()),
    }
}

impl Scenario for Rush {
    type Shared = Office;

    fn tickets(&self) -> u64 {
        self.database.count()
    }

    fn launch(&self) -> Launch {
        self.program.launch
    }

    fn build(&self, setup: &mut Setup) -> Office {
        Office { database: setup.file("database", self.database.bytes()), purchase: setup.lock("purchase lock") }
    }

    fn buyer(&self, at: &dyn Platform, office: &Office, _number: usize) -> Outcome {
        let scope = self.program.lock_scope;
        let task = (scope == LockScope::SearchAndBuy).then(|| office.purchase.acquire(at));
        self.search(at, office);
        let purchase = (scope == LockScope::BuyOnly).then(|| office.purchase.acquire(at));
        let outcome = self.buy(at, office);
        drop(purchase.or(task));
        outcome
    }

    /// The parent of `joined-until-sold-out` searches after each buyer, and stops at none left.
    fn go_on(&self, at: &dyn Platform, office: &Office) -> bool {
        at.span("search", || Self::look(at, office) > 0)
    }

    fn audit(&self, at: &dyn Platform, office: &Office) -> Option<u64> {
        Document::parse(&office.database.read(at)).ok().map(|document| document.count())
    }

    fn line(&self, speaker: &Speaker, event: &Event) -> Option<String> {
        self.program.wording.line(speaker, event)
    }
}
