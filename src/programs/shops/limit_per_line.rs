//! Stock is checked for each line of an order, but not for all of them together.
//!
//! One customer alone is enough. Modelled on [medusa 16502](https://github.com/medusajs/medusa/issues/16502): two lines
//! of a cart share an inventory item, each is held against the same quantity that is available, and then both are
//! reserved.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Event, Mutex, Platform};

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/medusajs/medusa/issues/16502",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "limit-per-line",
        summary: "checks that each line of the cart can be had, then takes all of them",
        make: |program, tickets| shop(program, tickets, |left, _lines| left >= 1),
    },
    right: Shop {
        name: "limit-in-sum",
        summary: "checks that all lines of the cart can be had together",
        make: |program, tickets| shop(program, tickets, |left, lines| left >= lines),
    },
};

/// How many are available. Less than none, once too many have been reserved.
type Available = Mutex<i64>;

fn shop(program: &Program, tickets: u64, suffices: impl Fn(i64, i64) -> bool + Send + Sync + 'static) -> Scenario {
    let stock = i64::try_from(tickets).unwrap_or(i64::MAX);
    Scenario::new(program.name, move |setup| setup.mutex("available", stock))
        .stock(tickets)
        .role("buyer", move |at, available| buy(at, available, &suffices))
        .threads(program.threads)
        .endings(["bought", "too few left", "sold out"])
        // Who wants two where only one is left goes without.
        .excuses(["too few left"])
        .ledger(|at, available| u64::try_from(*available.lock(at)).ok())
        .into()
}

fn buy(at: &dyn Platform, available: &Available, suffices: &dyn Fn(i64, i64) -> bool) -> &'static str {
    let lines = if at.choose("cart", &["one-line", "two-lines"]) == "one-line" { 1 } else { 2 };
    let mut left = available.lock(at);
    if *left <= 0 {
        return "sold out";
    }
    if !suffices(*left, lines) {
        return "too few left";
    }
    *left -= lines;
    drop(left);
    at.tell(Event::sale_of("bought", lines as u32));
    "bought"
}
