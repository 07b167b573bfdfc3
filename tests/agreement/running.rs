//! Running the programs of the [language](crate::language).

use crate::language::{Do, In, Number, Of, Op, Said, Shop, What, Which};
use oversell::sync::{Cell, Emptied, Event, Guard, Permits, Platform, Primitive, ReadGuard, ValueGuard};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

/// A number as the file has it: in binary, so that some are longer than others.
pub fn text(number: u64) -> Vec<u8> {
    format!("{number:b}").into_bytes()
}

/// What the file says; nothing if it is empty.
pub fn said(content: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(content).expect("programs only write digits");
    u64::from_str_radix(text, 2).ok()
}

impl Shop {
    /// Runs code that has seen nothing yet; returns what it has seen then.
    pub fn run(&self, at: &dyn Platform, code: &[Do]) -> u64 {
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
