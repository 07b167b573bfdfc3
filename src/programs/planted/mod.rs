//! Planted bugs: programs of which it is known what is wrong with them, for instruments to be held against.
//!
//! Among them are kinds of code that an engine of this project was once wrong about; the single cases are tests in
//! `tests/soundness/`. Beside bugs stand their right twins: an instrument that cries at everything is broken, too.

mod deaths;
mod hidden;
mod races;
mod spans;
mod unbounded;
mod waits;
mod weak;

use crate::scenario::{Builder, Scenario, Speaker};
use crate::sync::{Cell, Ending, Event, File, Platform};
use std::sync::atomic::Ordering::SeqCst;

/// A program and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    /// What it is called.
    pub name: &'static str,
    /// What is wrong with it, or right.
    pub what: &'static str,
    /// What is to be found.
    pub expected: Expected,
    /// How many threads of the first role show it.
    pub threads: usize,
    /// The engines for which it is too much. They must say so.
    pub beyond: &'static [&'static str],
    /// Its scenario, under this name: code that was refused is known again by it.
    make: fn(&str) -> Scenario,
}

/// What is to be found in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This property is broken.
    Broken(&'static str),
    /// This one holds.
    Holds(&'static str),
    /// The code breaks a rule that verdicts rest on: there can be no proof of anything.
    Refused,
    /// It cannot be explored to its end: this property must not be proved.
    Undecided(&'static str),
}

impl Planted {
    /// Its scenario, for one engine alone.
    pub fn scenario(&self, engine: &str) -> Scenario {
        (self.make)(&format!("{}, for {engine}", self.name))
    }
}

/// All of them, kind by kind.
pub fn all() -> impl Iterator<Item = &'static Planted> {
    [races::ALL, spans::ALL, waits::ALL, deaths::ALL, hidden::ALL, unbounded::ALL, weak::ALL].into_iter().flatten()
}

/// What most of them share: how many tickets are left (two at the start), two cells more, and a note, so that there is
/// a file that could be read torn.
#[derive(Clone, Copy)]
struct Shop {
    left: Cell<u64>,
    door: Cell<u64>,
    bell: Cell<u64>,
    note: File,
}

/// Two tickets, and buyers who do this.
fn shop<E: Into<Ending>>(
    name: &str,
    code: impl Fn(&dyn Platform, &Shop) -> E + Send + Sync + 'static,
) -> Builder<Shop> {
    Scenario::new(name, |setup| Shop {
        left: setup.cell("left", 2),
        door: setup.cell("door", 0),
        bell: setup.cell("bell", 0),
        note: setup.file("note", b"open all day".to_vec()),
    })
    .stock(2)
    .role("buyer", code)
    .line(|Speaker { role, number, pid }, event| {
        Some(if event.name == "bought" { format!("{pid} bought") } else { format!("{role} {number}: {}", event.name) })
    })
    .ledger(|at, shop| Some(shop.left.load(at, SeqCst)))
}

/// Takes a ticket as it should be done.
fn take(at: &dyn Platform, shop: &Shop) -> &'static str {
    match shop.left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Err(_) => "sold out",
        Ok(_) => sold(at),
    }
}

/// Takes a ticket in two steps.
fn take_torn(at: &dyn Platform, shop: &Shop) -> &'static str {
    match shop.left.load(at, SeqCst).checked_sub(1) {
        None => "sold out",
        Some(fewer) => {
            shop.left.store(at, fewer, SeqCst);
            sold(at)
        }
    }
}

fn sold(at: &dyn Platform) -> &'static str {
    at.tell(Event::sale("bought"));
    "bought"
}
