//! Small checkouts that are not among the programs, each with something in it that those lack.

#![allow(dead_code, reason = "each of the tests that share them takes what it needs")]

mod odd;
mod waits;

pub use odd::*;
pub use waits::*;

use oversell::scenario::{Builder, Scenario};
use oversell::sync::{Cell, Event, Lock, Mutex, Platform, Setup};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

/// A shop with one ticket, whose ledger is a cell.
#[derive(Clone, Copy)]
pub struct Counter {
    pub left: Cell<u64>,
    pub right: Cell<u64>,
    pub turn: Cell<u64>,
    locks: [Lock; 2],
}

fn counter(setup: &mut Setup) -> Counter {
    Counter {
        left: setup.cell("left", 1),
        right: setup.cell("right", 0),
        turn: setup.cell("turn", 0),
        locks: [setup.lock("one lock"), setup.lock("the other lock")],
    }
}

fn counted(
    name: &str,
    buyer: impl Fn(&dyn Platform, &Counter) -> &'static str + Send + Sync + 'static,
) -> Builder<Counter> {
    Scenario::new(name, counter).stock(1).role("buyer", buyer).ledger(|at, shop| Some(shop.left.load(at, SeqCst)))
}

/// Sells one of so many that were seen, if there was one.
fn sell(at: &dyn Platform, seen: u64) -> &'static str {
    if seen == 0 {
        return "sold out";
    }
    at.tell(Event::sale("bought"));
    "bought"
}

/// Looks at a cell, and takes one from it afterwards.
pub fn look_then_take() -> Scenario {
    counted("look-then-take", |at, shop| {
        let seen = shop.left.load(at, SeqCst);
        if seen > 0 {
            shop.left.fetch_sub(at, 1, SeqCst);
        }
        sell(at, seen)
    })
    .into()
}

/// A compare-exchange loop.
pub fn compare_exchange() -> Scenario {
    counted("compare-exchange", |at, shop| {
        let taken = shop.left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1));
        sell(at, taken.unwrap_or(0))
    })
    .into()
}

fn in_a_mutex(
    name: &str,
    buyer: impl Fn(&dyn Platform, &Mutex<u64>) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(name, |setup| setup.mutex("left", 1u64))
        .stock(1)
        .role("buyer", buyer)
        .ledger(|at, left| Some(*left.lock(at)))
        .into()
}

/// A mutex around the number.
pub fn mutexed() -> Scenario {
    in_a_mutex("mutexed", |at, left| {
        let mut left = left.lock(at);
        let seen = *left;
        *left = seen.saturating_sub(1);
        sell(at, seen)
    })
}

/// The same, and whoever finds a ticket dies with the mutex in hand.
pub fn dies_inside() -> Scenario {
    in_a_mutex("dies-inside", |at, left| {
        let left = left.lock(at);
        if *left > 0 {
            at.crash("with the mutex in hand");
        }
        "sold out"
    })
}

/// Takes one whether or not there is one, and panics if there was none.
pub fn underflow() -> Scenario {
    in_a_mutex("underflow", |at, left| {
        let mut left = left.lock(at);
        *left = left.checked_sub(1).expect("stock underflow");
        at.tell(Event::sale("bought"));
        "bought"
    })
}

/// Locks a mutex, and never unlocks it.
pub fn forgotten_mutex() -> Scenario {
    in_a_mutex("forgotten-mutex", |at, left| {
        std::mem::forget(left.lock(at));
        "sold out"
    })
}

/// Takes a lock and never frees it: that is left to the end of the thread.
pub fn forgotten_lock() -> Scenario {
    counted("forgotten-lock", |at, shop| {
        std::mem::forget(shop.locks[0].acquire(at));
        let seen = shop.left.load(at, SeqCst);
        shop.left.store(at, 0, SeqCst);
        sell(at, seen)
    })
    .into()
}

/// A lock made of a cell around a number in another, with these orderings for taking and freeing it.
pub fn spin_lock(take: Ordering, free: Ordering) -> Scenario {
    counted("spin-lock", move |at, shop| {
        at.retry("lock", || match shop.turn.compare_exchange(at, 0, 1, take, Relaxed) {
            Ok(_) => Break(()),
            Err(_) => Continue(()),
        });
        let seen = shop.left.load(at, Relaxed);
        shop.left.store(at, seen.saturating_sub(1), Relaxed);
        shop.turn.store(at, 0, free);
        sell(at, seen)
    })
    .into()
}

/// A lock of cells, ordered as it should be.
pub fn ordered_spin_lock() -> Scenario {
    spin_lock(Acquire, Release)
}

/// A lock of cells that orders nothing but itself.
pub fn relaxed_spin_lock() -> Scenario {
    spin_lock(Relaxed, Relaxed)
}

/// Two locks; who comes first takes them in one order, and who comes second in the other.
pub fn crossed_locks() -> Scenario {
    counted("crossed-locks", |at, shop| {
        let first = shop.turn.fetch_add(at, 1, SeqCst) as usize % 2;
        let _one = shop.locks[first].acquire(at);
        let _other = shop.locks[1 - first].acquire(at);
        "sold out"
    })
    .search("search")
    .into()
}

/// Waits for somebody who never comes.
pub fn waiting() -> Scenario {
    counted("waiting", |at, shop| {
        at.retry("wait", || match shop.turn.load(at, SeqCst) {
            0 => Continue(()),
            _ => Break(()),
        });
        "sold out"
    })
    .into()
}

/// Writes two cells; who comes first goes from left to right, and who comes second from right to left.
pub fn crossed_stores() -> Scenario {
    let ledger =
        |at: &dyn Platform, shop: &Counter| Some(10 * shop.left.load(at, SeqCst) + shop.right.load(at, SeqCst));
    counted("crossed-stores", |at, shop| {
        let first = shop.turn.fetch_add(at, 1, Relaxed) == 0;
        let [one, other] = if first { [shop.left, shop.right] } else { [shop.right, shop.left] };
        one.store(at, 1, Relaxed);
        other.store(at, 2, Relaxed);
        "sold out"
    })
    .ledger(ledger)
    .into()
}

/// Draws a flag with this ordering, raises it, and buys if the other one is not up yet (as in Dekker's mutual exclusion).
pub fn flags(draw: Ordering) -> Scenario {
    counted("flags", move |at, shop| {
        let first = shop.turn.fetch_add(at, 1, draw) == 0;
        let (mine, theirs, down) = if first { (shop.left, shop.right, 0) } else { (shop.right, shop.left, 1) };
        mine.store(at, 2, SeqCst);
        sell(at, u64::from(theirs.load(at, SeqCst) == down))
    })
    .into()
}

/// The same with relaxed accesses, and a fence between raising one flag and looking at the other.
pub fn fenced_flags(fence: Option<Ordering>) -> Scenario {
    counted("fenced-flags", move |at, shop| {
        let first = shop.turn.fetch_add(at, 1, Relaxed) == 0;
        let (mine, theirs, down) = if first { (shop.left, shop.right, 0) } else { (shop.right, shop.left, 1) };
        mine.store(at, 2, Relaxed);
        if let Some(fence) = fence {
            at.fence(fence);
        }
        sell(at, u64::from(theirs.load(at, Relaxed) == down))
    })
    .into()
}

/// Draws a number, and then has a look.
pub fn draw_then_look() -> Scenario {
    counted("draw-then-look", |at, shop| {
        shop.turn.fetch_add(at, 1, SeqCst);
        let seen = at.span("search", || shop.left.load(at, SeqCst));
        at.tell(Event::word("saw").with(seen));
        "sold out"
    })
    .search("search")
    .into()
}

/// Looks with a lock held that is freed only after the search.
pub fn look_locked() -> Scenario {
    counted("look-locked", |at, shop| {
        let lock = shop.locks[0].acquire(at);
        at.span("search", || shop.left.load(at, SeqCst));
        drop(lock);
        "sold out"
    })
    .search("search")
    .into()
}

/// A search that chooses where to look, and need not look at all.
pub fn choosy_search() -> Scenario {
    counted("choosy-search", |at, shop| {
        at.span("search", || match at.choose("where", &["left", "nowhere"]) {
            "left" => shop.left.load(at, SeqCst),
            _ => 0,
        });
        "sold out"
    })
    .search("search")
    .into()
}
