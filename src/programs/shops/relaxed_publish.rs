//! A lock made by hand that does not publish what was done under it.
//!
//! Every interleaving of its steps is right. But a `Relaxed` store orders nothing before it, so whoever takes the lock
//! next may still see the stock from before: only loom, which knows weaker orderings, can find that. Modelled on
//! [neug 51](https://github.com/alibaba/neug/pull/51): a spinlock whose `unlock` had no release semantics.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Platform, Setup};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/alibaba/neug/pull/51",
    threads: 2,
    tickets: 1,
    wrong: Shop {
        name: "relaxed-publish",
        summary: "frees its lock with a Relaxed store: right in every interleaving, and wrong on real processors",
        make: |program, tickets| shop(program, tickets, Relaxed),
    },
    right: Shop {
        name: "released-publish",
        summary: "frees its lock with a Release store",
        make: |program, tickets| shop(program, tickets, Release),
    },
};

struct Counter {
    left: Cell<u64>,
    locked: Cell<bool>,
}

fn shop(program: &Program, tickets: u64, publish: Ordering) -> Scenario {
    let build =
        move |setup: &mut Setup| Counter { left: setup.cell("left", tickets), locked: setup.cell("locked", false) };
    Scenario::new(program.name, build)
        .stock(tickets)
        .role("buyer", move |at, shop| buy(at, shop, publish))
        .threads(program.threads)
        .endings(["bought", "busy", "sold out"])
        // Who finds the lock taken is told to come back later.
        .excuses(["busy"])
        .ledger(|at, shop| Some(shop.left.load(at, Acquire)))
        .into()
}

fn buy(at: &dyn Platform, shop: &Counter, publish: Ordering) -> &'static str {
    if shop.locked.swap(at, true, Acquire) {
        return "busy";
    }
    let left = shop.left.load(at, Relaxed);
    if left > 0 {
        shop.left.store(at, left - 1, Relaxed);
        at.tell(Event::sale("bought"));
    }
    shop.locked.store(at, false, publish);
    if left > 0 { "bought" } else { "sold out" }
}
