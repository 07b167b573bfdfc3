//! The ticket rush of two tutorials: buyers who search how many tickets are left and buy one, over a JSON file.

mod arrangement;
mod document;
mod wording;

pub use arrangement::{Arrangement, Commit, LockScope};
pub use document::{Document, DocumentError};
pub use wording::Wording;

use super::{Kind, Program, Source};
use crate::scenario::{Builder, Launch, Scenario};
use crate::sync::{Bytes, Event, File, Lock, Platform, Setup};
use std::time::Duration;

/// The six programs of the tutorials, in their order, and what `purchase-locked` becomes once it is right.
pub(super) const PROGRAMS: [Program; 7] = [
    ten("unlocked", &Arrangement::TOGETHER, "all ten buy the one ticket"),
    ten(
        "task-locked",
        &Arrangement { lock_scope: LockScope::SearchAndBuy, ..Arrangement::TOGETHER },
        "one buys, but searching has become serial: wrong, searching should be concurrent",
    ),
    ten(
        "purchase-locked",
        &Arrangement { lock_scope: LockScope::BuyOnly, ..Arrangement::TOGETHER },
        "ten search at once and see 1, one buys: the right one",
    ),
    fifteen(
        "joined",
        &Arrangement { wording: Wording::Processes, ..Arrangement::ONE_BY_ONE },
        "two buy, thirteen find it sold out",
    ),
    fifteen(
        "joined-locked",
        &Arrangement { lock_scope: LockScope::BuyOnly, ..Arrangement::ONE_BY_ONE },
        "the same output; the lock adds nothing once everything is serial",
    ),
    fifteen(
        "joined-until-sold-out",
        &Arrangement { launch: Launch::JoinedWhile, lock_scope: LockScope::BuyOnly, ..Arrangement::ONE_BY_ONE },
        "only two buyers ever start",
    ),
    Program {
        kind: Kind::Repair,
        ..ten(
            "repaired",
            &Arrangement { lock_scope: LockScope::BuyOnly, commit: Commit::Replace, ..Arrangement::TOGETHER },
            "in neither tutorial: purchase-locked, but the new count is renamed into place",
        )
    },
];

/// A program of the first tutorial: ten buyers for one ticket.
const fn ten(name: &'static str, arrangement: &'static Arrangement, summary: &'static str) -> Program {
    Program { name, kind: Kind::Tutorial, threads: 10, tickets: 1, summary, source: Source::Tutorial(arrangement) }
}

/// A program of the second tutorial: fifteen buyers for two tickets.
const fn fifteen(name: &'static str, arrangement: &'static Arrangement, summary: &'static str) -> Program {
    Program { threads: 15, tickets: 2, ..ten(name, arrangement, summary) }
}

/// What buyers share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Office {
    database: File,
    purchase: Lock,
}

/// The program over a database that exists; `None` for a program that keeps none.
pub fn over(program: &Program, database: Document) -> Option<Scenario> {
    let Source::Tutorial(arrangement) = program.source else { return None };
    Some(scenario(program, arrangement, database).into())
}

pub(super) fn scenario(program: &Program, arrangement: &'static Arrangement, database: Document) -> Builder<Office> {
    let stock = database.count();
    let build = move |setup: &mut Setup| Office {
        database: setup.file("database", database.bytes()),
        purchase: setup.lock("purchase lock"),
    };
    let scenario = Scenario::new(program.name, build)
        .stock(stock)
        .role("buyer", |at, office| buyer(arrangement, at, office))
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .search("search")
        .ledger(|at, office| Document::parse(&office.database.read(at)).ok().map(|document| document.count()))
        .line(|speaker, event| arrangement.wording.line(speaker, event))
        .gloss(|speaker, event| arrangement.wording.gloss(speaker, event));
    match arrangement.launch {
        // The parent searches after each buyer, and stops at none left.
        Launch::JoinedWhile => scenario.launch_while(|at, office| at.span("search", || look(at, office) > 0)),
        launch => scenario.launch(launch),
    }
}

fn buyer(arrangement: &Arrangement, at: &dyn Platform, office: &Office) -> &'static str {
    let task = (arrangement.lock_scope == LockScope::SearchAndBuy).then(|| office.purchase.acquire(at));
    search(arrangement, at, office);
    let purchase = (arrangement.lock_scope == LockScope::BuyOnly).then(|| office.purchase.acquire(at));
    let ending = buy(arrangement, at, office);
    drop(purchase.or(task));
    ending
}

/// Looks at how many tickets are left, as the search of both tutorials does.
fn look(at: &dyn Platform, office: &Office) -> u64 {
    at.pause(Duration::from_secs(1));
    read(at, office).count()
}

fn search(arrangement: &Arrangement, at: &dyn Platform, office: &Office) {
    at.span("search", || {
        let left = look(at, office);
        if arrangement.search_tells() {
            at.tell(Event::word("saw").with(left));
        }
    });
}

fn buy(arrangement: &Arrangement, at: &dyn Platform, office: &Office) -> &'static str {
    at.span("buy", || {
        let database = read(at, office);
        if !arrangement.search_tells() {
            at.tell(Event::word("saw").with(database.count()));
        }
        at.pause(arrangement.wait_before_deciding);
        let Some(content) = database.take_one() else {
            at.tell(Event::word("sold out"));
            return "sold out";
        };
        at.pause(arrangement.wait_before_commit);
        commit(arrangement, at, office, content);
        "bought"
    })
}

fn commit(arrangement: &Arrangement, at: &dyn Platform, office: &Office, content: Bytes) {
    match arrangement.commit {
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

/// Reads the database, or dies of what it finds there.
fn read(at: &dyn Platform, office: &Office) -> Document {
    match Document::parse(&office.database.read(at)) {
        Ok(document) => document,
        Err(error) => at.torn(error.to_string()),
    }
}
