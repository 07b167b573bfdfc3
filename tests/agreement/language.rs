//! A little language of buying code, so that programs can be generated.
//!
//! All that a program knows is `seen`: the sum of what it has observed, modulo 4, with the guards and the open files that
//! it has. A span and a try start with nothing, and what they have seen is what they return; so nothing leaks, by
//! construction.

use oversell::scenario::{Ended, Launch, Scenario, State};
use oversell::sync::{
    Cell, Condvar, Emptied, Event, File, Guard, Lock, Mutex, Permits, Platform, Primitive, ReadGuard, RwLock,
    Semaphore, Setup, ValueGuard,
};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow::{Break, Continue};
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
struct Shop {
    file: File,
    lock: Lock,
    purse: Mutex<u64>,
    bell: Condvar,
    shelf: RwLock<u64>,
    permits: Semaphore,
    a: Cell<u64>,
    b: Cell<i8>,
    flag: Cell<bool>,
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

/// A number as the file has it: in binary, so that some are longer than others.
fn text(number: u64) -> Vec<u8> {
    format!("{number:b}").into_bytes()
}

/// What the file says; nothing if it is empty.
fn said(content: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(content).expect("programs only write digits");
    u64::from_str_radix(text, 2).ok()
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

    /// Runs code that has seen nothing yet; returns what it has seen then.
    fn run(&self, at: &dyn Platform, code: &[Do]) -> u64 {
        let mut thread = Thread { at, shop: self, seen: 0, held: Vec::new(), open: Vec::new() };
        thread.go(code);
        thread.seen
    }
}

/// A thread, or what it is inside a span.
struct Thread<'t> {
    at: &'t dyn Platform,
    shop: &'t Shop,
    seen: u64,
    /// Whatever is left of them in the end is dropped the first one first: not in the order in which scopes end.
    held: Vec<Held<'t>>,
    open: Vec<Emptied>,
}

enum Held<'t> {
    Lock(#[expect(unused, reason = "held for its drop")] Guard<'t>),
    Permits(#[expect(unused, reason = "held for its drop")] Permits<'t>),
    Reader(ReadGuard<'t, u64>),
    Writer(ValueGuard<'t, u64>),
    Purse(ValueGuard<'t, u64>),
}

impl Held<'_> {
    /// What it observed, if that is anything.
    fn value(&self) -> u64 {
        match self {
            Held::Lock(_) | Held::Permits(_) => 0,
            Held::Reader(guard) => **guard,
            Held::Writer(guard) | Held::Purse(guard) => **guard,
        }
    }
}

fn pick<T>(all: &mut Vec<T>, which: Which) -> Option<T> {
    match which {
        Which::First if all.is_empty() => None,
        Which::First => Some(all.remove(0)),
        Which::Last => all.pop(),
    }
}

impl<'t> Thread<'t> {
    fn given(&self, number: Number) -> u64 {
        match number {
            Number::Is(number) => number,
            Number::Seen => self.seen,
            Number::OneLess => self.seen.saturating_sub(1),
        }
    }

    fn take(&self, what: What) -> Held<'t> {
        let Thread { at, shop, .. } = *self;
        match what {
            What::Lock => Held::Lock(shop.lock.acquire(at)),
            What::Purse => Held::Purse(shop.purse.lock(at)),
            What::ReadShelf => Held::Reader(shop.shelf.read(at)),
            What::WriteShelf => Held::Writer(shop.shelf.write(at)),
            What::Permits(permits) => Held::Permits(shop.permits.acquire(at, permits)),
        }
    }

    fn try_to_take(&self, what: What) -> Option<Held<'t>> {
        let Thread { at, shop, .. } = *self;
        match what {
            What::Lock => shop.lock.try_acquire(at).map(Held::Lock),
            What::Purse => shop.purse.try_lock(at).map(Held::Purse),
            What::ReadShelf => shop.shelf.try_read(at).map(Held::Reader),
            What::WriteShelf => shop.shelf.try_write(at).map(Held::Writer),
            What::Permits(permits) => shop.permits.try_acquire(at, permits).map(Held::Permits),
        }
    }

    fn go(&mut self, code: &[Do]) {
        for what in code {
            self.seen = (self.seen + self.one(what) % 4) % 4;
        }
    }

    /// Does one thing; returns what it observed.
    fn one(&mut self, what: &Do) -> u64 {
        let (at, shop) = (self.at, self.shop);
        match what {
            Do::Read => return said(&shop.file.read(at)).unwrap_or(3),
            Do::ReadLedger => return said(&shop.file.read(at)).unwrap_or_else(|| at.torn("the file is empty")),
            Do::Open => self.open.push(shop.file.truncate(at)),
            Do::Write(which, number) => {
                let content = text(self.given(*number));
                if let Some(file) = pick(&mut self.open, *which) {
                    file.write(at, content);
                }
            }
            Do::Replace(number) => shop.file.replace(at, text(self.given(*number))),
            Do::Take(what) => {
                let held = self.take(*what);
                let value = held.value();
                self.held.push(held);
                return value;
            }
            Do::Try(what) => {
                let held = self.try_to_take(*what);
                let got = held.as_ref().map(|held| 1 + held.value());
                self.held.extend(held);
                return got.unwrap_or(0);
            }
            Do::Put(number) => {
                let number = self.given(*number);
                if let Some(Held::Writer(guard) | Held::Purse(guard)) = self.held.last_mut() {
                    **guard = number;
                }
            }
            Do::Drop(which) => drop(pick(&mut self.held, *which)),
            Do::Forget(which) => std::mem::forget(pick(&mut self.held, *which)),
            Do::Wait => match self.held.pop() {
                Some(Held::Purse(guard)) => {
                    let held = Held::Purse(shop.bell.wait(guard));
                    let value = held.value();
                    self.held.push(held);
                    return value;
                }
                other => self.held.extend(other),
            },
            Do::NotifyOne => shop.bell.notify_one(at),
            Do::NotifyAll => shop.bell.notify_all(at),
            Do::AddPermit => shop.permits.add(at, 1),
            Do::Access(cell, op, number) => {
                let number = self.given(*number);
                return match cell {
                    In::A => access(at, shop.a, *op, number),
                    In::B => access(at, shop.b, *op, number as i8) as u64,
                    In::Flag => access(at, shop.flag, *op, number % 2 == 1).into(),
                };
            }
            Do::CompareExchange(cell, expected, new) => {
                let (expected, new) = (self.given(*expected), self.given(*new));
                return match cell {
                    In::A => exchange(at, shop.a, expected, new),
                    In::B => exchange(at, shop.b, expected as i8, new as i8) as u64,
                    In::Flag => exchange(at, shop.flag, expected % 2 == 1, new % 2 == 1).into(),
                };
            }
            Do::TakeOne => {
                return match shop.a.fetch_update(at, SeqCst, SeqCst, |held| held.checked_sub(1)) {
                    Ok(held) | Err(held) => held,
                };
            }
            Do::Fence => at.fence(SeqCst),
            Do::Choose(false) => return u64::from(at.choose("payment", &["accepted", "declined"]) == "declined"),
            Do::Choose(true) => {
                let hold = at.choose("hold", &["valid", "expired", "lost"]);
                return ["valid", "expired", "lost"].iter().position(|other| *other == hold).unwrap_or(3) as u64;
            }
            Do::Tell(said) => at.tell(match said {
                Said::Sold(1) => Event::sale("bought"),
                Said::Sold(tickets) => Event::sale_of("bought", *tickets),
                Said::GivenBack(tickets) => Event::given_back("back", *tickets),
                Said::Restocked(tickets) => Event::restocked("more", *tickets),
                Said::Seen => Event::word("saw").with(self.seen),
            }),
            Do::Die(of) => return self.die(*of),
            Do::If(number, then, otherwise) => self.go(if self.seen == *number { then } else { otherwise }),
            Do::Span(name, body) => return at.span(name, || shop.run(at, body)),
            Do::Until(equal, number, body) => {
                return at.retry("until", || {
                    let seen = shop.run(at, body);
                    if (seen == *number) == *equal { Break(seen) } else { Continue(()) }
                });
            }
            Do::UntilHeld(what, body) => {
                return at.retry("until held", || {
                    let thread = Thread { at, shop, seen: 0, held: Vec::new(), open: Vec::new() };
                    let Some(_held) = thread.try_to_take(*what) else { return Continue(()) };
                    Break(shop.run(at, body))
                });
            }
        }
        0
    }

    fn die(&self, of: Of) -> u64 {
        match of {
            Of::Crash => self.at.crash("it was told to"),
            Of::Panic => panic!("it has seen {}", self.seen),
            Of::Unwrap => Some(self.seen).filter(|seen| seen % 2 == 1).unwrap(),
            Of::Division => 6 / self.seen,
            Of::Index => [1, 2][self.seen as usize],
        }
    }
}

fn access<T: Primitive>(at: &dyn Platform, cell: Cell<T>, op: Op, operand: T) -> T {
    match op {
        Op::Load => cell.load(at, SeqCst),
        Op::Store => {
            cell.store(at, operand, SeqCst);
            operand
        }
        Op::Swap => cell.swap(at, operand, SeqCst),
        Op::Add => cell.fetch_add(at, operand, SeqCst),
        Op::Sub => cell.fetch_sub(at, operand, SeqCst),
        Op::And => cell.fetch_and(at, operand, SeqCst),
        Op::Or => cell.fetch_or(at, operand, SeqCst),
        Op::Xor => cell.fetch_xor(at, operand, SeqCst),
        Op::Nand => cell.fetch_nand(at, operand, SeqCst),
        Op::Max => cell.fetch_max(at, operand, SeqCst),
        Op::Min => cell.fetch_min(at, operand, SeqCst),
    }
}

fn exchange<T: Primitive>(at: &dyn Platform, cell: Cell<T>, expected: T, new: T) -> T {
    match cell.compare_exchange(at, expected, new, SeqCst, SeqCst) {
        Ok(held) | Err(held) => held,
    }
}
