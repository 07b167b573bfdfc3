//! The stock is cached, and the cache is brought up to date after the lock has been released.
//!
//! Modelled on [Shopware 14816](https://github.com/shopware/shopware/issues/14816): the order goes by a cached stock that
//! a purchase has not invalidated, and the last unit is sold again.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Lock, Platform, Setup};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/shopware/shopware/issues/14816",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "cache-outside-lock",
        summary: "goes by the cached stock, which is brought up to date once the lock is free again",
        make: |program, tickets| shop(program, tickets, refresh_outside),
    },
    right: Shop {
        name: "cache-under-lock",
        summary: "brings the cached stock up to date before it releases the lock",
        make: |program, tickets| shop(program, tickets, refresh_inside),
    },
};

struct Stock {
    left: Cell<u64>,
    cached: Cell<u64>,
    lock: Lock,
}

fn shop(
    program: &Program,
    tickets: u64,
    buyer: impl Fn(&dyn Platform, &Stock) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    let build = move |setup: &mut Setup| Stock {
        left: setup.cell("left", tickets),
        cached: setup.cell("cached", tickets),
        lock: setup.lock("lock"),
    };
    Scenario::new(program.name, build)
        .stock(tickets)
        .role("buyer", buyer)
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, stock| Some(stock.left.load(at, SeqCst)))
        .into()
}

/// Takes one of what the cache says there is; returns what is left then.
fn take(at: &dyn Platform, stock: &Stock) -> Option<u64> {
    if stock.cached.load(at, SeqCst) == 0 {
        return None;
    }
    let left = stock.left.load(at, SeqCst).saturating_sub(1);
    stock.left.store(at, left, SeqCst);
    at.tell(Event::sale("bought"));
    Some(left)
}

fn refresh_outside(at: &dyn Platform, stock: &Stock) -> &'static str {
    let guard = stock.lock.acquire(at);
    let taken = take(at, stock);
    drop(guard);
    let Some(left) = taken else { return "sold out" };
    stock.cached.store(at, left, SeqCst);
    "bought"
}

fn refresh_inside(at: &dyn Platform, stock: &Stock) -> &'static str {
    let _guard = stock.lock.acquire(at);
    let Some(left) = take(at, stock) else { return "sold out" };
    stock.cached.store(at, left, SeqCst);
    "bought"
}
