//! A little language of buying code, so that programs can be generated.
//!
//! All that a program knows is `seen`: the sum of what it has observed, modulo 4. A span starts with `seen = 0`, and
//! what it has seen is what it returns; so nothing leaks, by construction.

use oversell::scenario::{Launch, Scenario};
use oversell::sync::{Cell, Event, File, Lock, Mutex, Outcome, Platform, Setup};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// One thing to do.
#[derive(Clone)]
pub enum Do {
    /// See what the file says, and 3 if it is empty.
    Read,
    /// The same, but die of an empty file.
    ReadLedger,
    /// Truncate the file, do this, and write.
    Rewrite(Number, Vec<Do>),
    Replace(Number),
    /// Do this while the lock is held.
    Locked(Vec<Do>),
    /// Lock the purse and see what is in it, do this, and put that into it.
    Change(Number, Vec<Do>),
    Load(Which),
    Store(Which, Number),
    Swap(Which, Number),
    Add(Which, u64),
    /// Set a cell to the second if it holds the first; see what it held.
    CompareExchange(Which, Number, Number),
    /// Take one from a cell that is not empty, by a compare-exchange loop; see what it held.
    TakeOne(Which),
    Sell,
    /// Say what has been seen.
    Say,
    Crash,
    /// If this has been seen, do the first, else the second.
    If(u64, Vec<Do>, Vec<Do>),
    Span(&'static str, Vec<Do>),
}

/// A number to write somewhere.
#[derive(Clone, Copy)]
pub enum Number {
    Is(u64),
    Seen,
    OneLess,
}

impl Number {
    fn given(self, seen: u64) -> u64 {
        match self {
            Number::Is(number) => number,
            Number::Seen => seen,
            Number::OneLess => seen.saturating_sub(1),
        }
    }
}

/// One of the two cells.
#[derive(Clone, Copy)]
pub enum Which {
    A,
    B,
}

/// Where the count is in the end.
#[derive(Clone, Copy, Debug)]
pub enum Ledger {
    File,
    Cell,
    Purse,
}

/// A program.
#[derive(Clone)]
pub struct Generated(pub Arc<Text>);

/// What a program is.
#[derive(Clone)]
pub struct Text {
    pub launch: Launch,
    pub tickets: u64,
    pub ledger: Ledger,
    /// Ends with a ticket if it has seen an odd number.
    pub buyer: Vec<Do>,
    /// The launcher, and what it must have seen to stop launching.
    pub launcher: (Vec<Do>, u64),
}

/// The handles of the shared objects.
#[derive(Clone)]
pub struct Shared {
    file: File,
    lock: Lock,
    purse: Mutex<u64>,
    a: Cell,
    b: Cell,
}

impl Scenario for Generated {
    type Shared = Shared;

    fn tickets(&self) -> u64 {
        self.0.tickets
    }

    fn launch(&self) -> Launch {
        self.0.launch
    }

    fn build(&self, setup: &mut Setup) -> Shared {
        let tickets = self.0.tickets;
        Shared {
            file: setup.file("file", text(tickets).into_bytes()),
            lock: setup.lock("lock"),
            purse: setup.mutex("purse", tickets),
            a: setup.cell("a", tickets),
            b: setup.cell("b", 0),
        }
    }

    fn buyer(&self, at: &dyn Platform, shared: &Shared, _number: usize) -> Outcome {
        match shared.run(at, &self.0.buyer) % 2 {
            1 => Outcome::Bought,
            _ => Outcome::SoldOut,
        }
    }

    fn go_on(&self, at: &dyn Platform, shared: &Shared) -> bool {
        let (code, stop) = &self.0.launcher;
        shared.run(at, code) != *stop
    }

    fn audit(&self, at: &dyn Platform, shared: &Shared) -> Option<u64> {
        match self.0.ledger {
            Ledger::File => said(&shared.file.read(at)),
            Ledger::Cell => Some(shared.a.load(at, SeqCst)),
            Ledger::Purse => Some(*shared.purse.lock(at)),
        }
    }
}

/// A number as the file has it: in binary, so that some are longer than others.
fn text(number: u64) -> String {
    format!("{number:b}")
}

/// What the file says; nothing if it is empty.
fn said(content: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(content).expect("programs only write digits");
    u64::from_str_radix(text, 2).ok()
}

impl Shared {
    fn cell(&self, which: Which) -> Cell {
        match which {
            Which::A => self.a,
            Which::B => self.b,
        }
    }

    /// Runs code that has seen nothing yet; returns what it has seen then.
    fn run(&self, at: &dyn Platform, code: &[Do]) -> u64 {
        let mut seen = 0;
        self.go(at, code, &mut seen);
        seen
    }

    fn go(&self, at: &dyn Platform, code: &[Do], seen: &mut u64) {
        for what in code {
            let observed = match what {
                Do::Read => said(&self.file.read(at)).unwrap_or(3),
                Do::ReadLedger => said(&self.file.read(at)).unwrap_or_else(|| at.torn("the file is empty")),
                Do::Rewrite(number, meanwhile) => {
                    let file = self.file.truncate(at);
                    self.go(at, meanwhile, seen);
                    file.write(at, text(number.given(*seen)).into_bytes());
                    0
                }
                Do::Replace(number) => {
                    self.file.replace(at, text(number.given(*seen)).into_bytes());
                    0
                }
                Do::Locked(meanwhile) => {
                    let _guard = self.lock.acquire(at);
                    self.go(at, meanwhile, seen);
                    0
                }
                Do::Change(number, meanwhile) => {
                    let mut purse = self.purse.lock(at);
                    *seen = (*seen + *purse) % 4;
                    self.go(at, meanwhile, seen);
                    *purse = number.given(*seen);
                    0
                }
                Do::Load(cell) => self.cell(*cell).load(at, SeqCst),
                Do::Store(cell, number) => {
                    self.cell(*cell).store(at, number.given(*seen), SeqCst);
                    0
                }
                Do::Swap(cell, number) => self.cell(*cell).swap(at, number.given(*seen), SeqCst),
                Do::Add(cell, number) => self.cell(*cell).fetch_add(at, *number, SeqCst),
                Do::CompareExchange(cell, expected, new) => {
                    let (expected, new) = (expected.given(*seen), new.given(*seen));
                    match self.cell(*cell).compare_exchange(at, expected, new, SeqCst, SeqCst) {
                        Ok(held) | Err(held) => held,
                    }
                }
                Do::TakeOne(cell) => at.retry("take one", || {
                    let held = self.cell(*cell).load(at, SeqCst);
                    if held == 0 {
                        return ControlFlow::Break(0);
                    }
                    match self.cell(*cell).compare_exchange(at, held, held - 1, SeqCst, SeqCst) {
                        Ok(held) => ControlFlow::Break(held),
                        Err(_) => ControlFlow::Continue(()),
                    }
                }),
                Do::Sell => {
                    at.tell(Event::sale("bought"));
                    0
                }
                Do::Say => {
                    at.tell(Event::word("saw").with(*seen));
                    0
                }
                Do::Crash => at.crash("it was told to"),
                Do::If(number, then, otherwise) => {
                    self.go(at, if seen == number { then } else { otherwise }, seen);
                    0
                }
                Do::Span(name, body) => at.span(name, || self.run(at, body)),
            };
            *seen = (*seen + observed) % 4;
        }
    }
}
