//! The stock is read before the lock is taken, and used after it.
//!
//! The lock keeps two buyers apart, but what the second one decides on is from before the first one came. Modelled on
//! [pretix 6067](https://github.com/pretix/pretix/pull/6067): how often a voucher had been redeemed was read before the
//! lock, not after it.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Lock, Platform};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/pretix/pretix/pull/6067",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "read-before-lock",
        summary: "reads how many are left, then waits for the lock, and decides on what it has read",
        make: |program, tickets| {
            shop(program, tickets, |at, shop| {
                let left = shop.left.load(at, SeqCst);
                let _guard = shop.lock.acquire(at);
                buy(at, shop, left)
            })
        },
    },
    right: Shop {
        name: "read-under-lock",
        summary: "reads how many are left once it has the lock",
        make: |program, tickets| {
            shop(program, tickets, |at, shop| {
                let _guard = shop.lock.acquire(at);
                let left = shop.left.load(at, SeqCst);
                buy(at, shop, left)
            })
        },
    },
};

struct Counter {
    left: Cell<u64>,
    lock: Lock,
}

fn shop(
    program: &Program,
    tickets: u64,
    buyer: impl Fn(&dyn Platform, &Counter) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(program.name, move |setup| Counter { left: setup.cell("left", tickets), lock: setup.lock("lock") })
        .stock(tickets)
        .role("buyer", buyer)
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, shop| Some(shop.left.load(at, SeqCst)))
        .into()
}

fn buy(at: &dyn Platform, shop: &Counter, left: u64) -> &'static str {
    let Some(fewer) = left.checked_sub(1) else { return "sold out" };
    shop.left.store(at, fewer, SeqCst);
    at.tell(Event::sale("bought"));
    "bought"
}
