//! A little language of buying code, so that programs can be generated.
//!
//! All that a program knows is `seen`: the sum of what it has observed, modulo 4, with the guards and the open files that
//! it has. A span and a try start with nothing, and what they have seen is what they return; so nothing leaks, by
//! construction.

use crate::running::{said, text};
use oversell::scenario::{Ended, Launch, Scenario, State};
use oversell::sync::{Cell, Condvar, File, Lock, Mutex, RwLock, Semaphore, Setup};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// One thing to do.
#[derive(Clone)]
pub enum Do {
    /// See what the file says, and 3 if it is empty.
    Read,
    /// The same, but die of an empty file.
    ReadLedger,
    /// Truncate the file, and keep the handle.
    Open,
    /// Write through a handle that is open, and close it.
    Write(Which, Number),
    Replace(Number),
    /// Wait for something, or only try to get it: then see 1 or 0. Of what has a value, see that.
    Take(What),
    Try(What),
    /// Put a number into what was locked last, if that is to be written.
    Put(Number),
    /// Drop a guard, or forget it.
    Drop(Which),
    Forget(Which),
    /// If the purse was locked last, wait for the bell.
    Wait,
    NotifyOne,
    NotifyAll,
    AddPermit,
    Access(In, Op, Number),
    /// Set a cell to the second if it holds the first; see what it held.
    CompareExchange(In, Number, Number),
    /// Take one from the first cell if it is not empty, by a compare-exchange loop; see what it held.
    TakeOne,
    Fence,
    /// Choose one of two, or of three; see which.
    Choose(bool),
    Tell(Said),
    Die(Of),
    /// If this has been seen, do the first, else the second.
    If(u64, Vec<Do>, Vec<Do>),
    Span(&'static str, Vec<Do>),
    /// Try until this has been seen, or until anything else has.
    Until(bool, u64, Vec<Do>),
    /// Try to get something until that succeeds, then do this while it is held.
    UntilHeld(What, Vec<Do>),
}

/// A number to write somewhere.
#[derive(Clone, Copy)]
pub enum Number {
    Is(u64),
    Seen,
    OneLess,
}

/// The first or the last of what there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    First,
    Last,
}

/// Something to hold.
#[derive(Clone, Copy, Debug)]
pub enum What {
    Lock,
    Purse,
    ReadShelf,
    WriteShelf,
    Permits(u32),
}

/// One of the cells.
#[derive(Clone, Copy, Debug)]
pub enum In {
    A,
    B,
    Flag,
}

/// What to do to a cell.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Load,
    Store,
    Swap,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Nand,
    Max,
    Min,
}

/// What to say.
#[derive(Clone, Copy, Debug)]
pub enum Said {
    Sold(u32),
    GivenBack(u32),
    Restocked(u32),
    Seen,
}

/// What to die of.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    Crash,
    Panic,
    /// An `unwrap` of nothing, unless an odd number was seen.
    Unwrap,
    /// A division by what was seen.
    Division,
    /// An index that is out of bounds if 2 or more was seen.
    Index,
}

/// Where the count is in the end.
#[derive(Clone, Copy, Debug)]
pub enum Ledger {
    File,
    Cell,
    Purse,
    Shelf,
}

/// A program.
#[derive(Clone)]
pub struct Text {
    pub launch: Launch,
    pub tickets: u64,
    pub ledger: Ledger,
    /// One or two.
    pub roles: Vec<Code>,
    /// The launching parent, and what it must have seen to stop launching.
    pub parent: (Vec<Do>, u64),
}

/// What a role does.
#[derive(Clone)]
pub struct Code {
    pub body: Vec<Do>,
    /// How it ends, by what it has seen.
    pub endings: [&'static str; 4],
    pub asks_for: u32,
}

/// The ways to end. Who ends in the last one is excused.
pub const ENDINGS: [&str; 4] = ["bought", "sold-out", "kept", "declined"];

/// The names of the roles.
pub const ROLES: [&str; 2] = ["buyer", "sweeper"];

/// The handles of the shared objects.
#[derive(Clone, Copy)]
pub struct Shop {
    pub file: File,
    pub lock: Lock,
    pub purse: Mutex<u64>,
    pub bell: Condvar,
    pub shelf: RwLock<u64>,
    pub permits: Semaphore,
    pub a: Cell<u64>,
    pub b: Cell<i8>,
    pub flag: Cell<bool>,
}

impl Text {
    /// The scenario that runs it.
    pub fn scenario(self: &Arc<Self>) -> Scenario {
        // Code that is refused is known again by its scenario's name, so each has its own.
        let mut hasher = DefaultHasher::new();
        format!("{self:?}").hash(&mut hasher);
        let (tickets, ledger) = (self.tickets, self.ledger);
        let mut scenario =
            Scenario::new(format!("generated-{:x}", hasher.finish()), move |setup| Shop::of(setup, tickets))
                .stock(tickets)
                .endings(ENDINGS)
                .excuses(["declined"])
                .search("search")
                .tally("saw")
                .ledger(move |at, shop: &Shop| match ledger {
                    Ledger::File => said(&shop.file.read(at)),
                    Ledger::Cell => Some(shop.a.load(at, SeqCst)),
                    Ledger::Purse => Some(*shop.purse.lock(at)),
                    Ledger::Shelf => Some(*shop.shelf.read(at)),
                })
                .always("a-stays-small", "the cell a holds less than 3", |state: &State<'_>, shop| {
                    state.cell(shop.a) < 3
                })
                .always("flag-then-b", "b is 0, or the flag is set", |state, shop| {
                    state.cell(shop.flag) || state.cell(shop.b) == 0
                })
                .always("saw-little", "what was said to be seen adds up to less than 2", |state, _| {
                    state.total("saw") < 2
                })
                .sometimes("buys-beside-search", "one buys while another searches", |state, _| {
                    let inside = |span| ROLES.iter().map(|role| state.inside(role, span)).sum::<usize>();
                    state.inside("buyer", "buy") > 0 && inside("search") > 0
                })
                .sometimes(
                    "all-taken",
                    "no permit is to be had, or the lock is held with a full purse",
                    |state, shop| {
                        state.permits(shop.permits) == 0 || state.is_locked(shop.lock) && state.mutex(shop.purse) > 1
                    },
                )
                .always_at_end(
                    "nobody-keeps",
                    "nobody keeps a ticket back, or the shelf is empty",
                    |end: &Ended<'_>, shop| end.ended("kept") == 0 || end.state().rwlock(shop.shelf) == 0,
                )
                .always_at_end("few-losses", "at most one thread crashes or gets stuck", |end, _| {
                    end.crashed() + end.stuck() < 2
                });
        for (name, code) in ROLES.into_iter().zip(&self.roles) {
            let Code { body, endings, asks_for } = code.clone();
            scenario =
                scenario.role(name, move |at, shop: &Shop| endings[shop.run(at, &body) as usize]).asks_for(asks_for);
        }
        let (body, stop) = self.parent.clone();
        match self.launch {
            Launch::JoinedWhile => scenario.launch_while(move |at, shop| shop.run(at, &body) != stop).into(),
            launch => scenario.launch(launch).into(),
        }
    }

    /// Whether something like this is done anywhere.
    pub fn has(&self, wanted: impl Fn(&Do) -> bool) -> bool {
        fn anywhere(code: &[Do], wanted: &dyn Fn(&Do) -> bool) -> bool {
            code.iter().any(|what| {
                let inside = match what {
                    Do::If(_, one, other) => anywhere(one, wanted) || anywhere(other, wanted),
                    Do::Span(_, body) | Do::Until(_, _, body) | Do::UntilHeld(_, body) => anywhere(body, wanted),
                    _ => false,
                };
                inside || wanted(what)
            })
        }
        self.roles.iter().any(|code| anywhere(&code.body, &wanted)) || anywhere(&self.parent.0, &wanted)
    }
}

impl Shop {
    fn of(setup: &mut Setup, tickets: u64) -> Shop {
        Shop {
            file: setup.file("file", text(tickets)),
            lock: setup.lock("lock"),
            purse: setup.mutex("purse", tickets),
            bell: setup.condvar("bell"),
            shelf: setup.rwlock("shelf", tickets),
            permits: setup.semaphore("permits", 2),
            a: setup.cell("a", tickets),
            b: setup.cell("b", 0i8),
            flag: setup.cell("flag", false),
        }
    }
}
