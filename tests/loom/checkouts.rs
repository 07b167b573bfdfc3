//! Small checkouts that are not the tutorials', each with something in it that those lack.

use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Lock, Mutex, Outcome, Platform, Setup};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

/// One ticket, sold in one of these ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkout {
    /// Looks at a cell, and takes one from it afterwards.
    LookThenTake,
    /// A compare-exchange loop.
    CompareExchange,
    /// A mutex around the number.
    Mutexed,
    /// The same, and whoever finds a ticket dies with the mutex in hand.
    DiesInside,
    /// A lock made of a cell around a number in another, with these orderings for taking and freeing it.
    SpinLock(Ordering, Ordering),
    /// Two locks; who comes first takes them in one order, and who comes second in the other.
    CrossedLocks,
    /// Locks, and never unlocks.
    LeakedGuard,
    /// Waits for somebody who never comes.
    Waiting,
    /// Writes two cells; who comes first goes from left to right, and who comes second from right to left.
    CrossedStores,
    /// Draws a flag with this ordering, raises it, and buys if the other one is not up yet (as in Dekker's mutual
    /// exclusion).
    Flags(Ordering),
    /// Draws a number, and then has a look.
    DrawThenLook,
    /// Locks, and looks in a search whose last step is to unlock.
    LookThenUnlock,
    /// Locks, and unlocks in a search before it looks.
    UnlockThenLook,
}

impl Checkout {
    /// A lock of cells, ordered as it should be.
    pub const ORDERED: Checkout = Checkout::SpinLock(Acquire, Release);
    /// A lock of cells that orders nothing but itself.
    pub const RELAXED: Checkout = Checkout::SpinLock(Relaxed, Relaxed);
}

#[derive(Clone, Copy)]
pub struct Counter {
    left: Cell,
    right: Cell,
    turn: Cell,
    value: Mutex<u64>,
    locks: [Lock; 2],
}

impl Scenario for Checkout {
    type Shared = Counter;

    fn tickets(&self) -> u64 {
        1
    }

    fn build(&self, setup: &mut Setup) -> Counter {
        Counter {
            left: setup.cell("left", 1),
            right: setup.cell("right", 0),
            turn: setup.cell("turn", 0),
            value: setup.mutex("value", 1),
            locks: [setup.lock("one lock"), setup.lock("the other lock")],
        }
    }

    fn buyer(&self, at: &dyn Platform, shared: &Counter, _number: usize) -> Outcome {
        let Counter { left, right, turn, value, locks } = shared;
        match *self {
            Checkout::LookThenTake => {
                let seen = left.load(at, SeqCst);
                if seen > 0 {
                    left.fetch_sub(at, 1, SeqCst);
                }
                sell(at, seen)
            }
            Checkout::CompareExchange => {
                let seen = at.retry("take one", || {
                    let seen = left.load(at, SeqCst);
                    let taken = left.compare_exchange(at, seen, seen.saturating_sub(1), SeqCst, SeqCst);
                    taken.map_or(ControlFlow::Continue(()), ControlFlow::Break)
                });
                sell(at, seen)
            }
            Checkout::Mutexed => {
                let mut left = value.lock(at);
                let seen = *left;
                *left = seen.saturating_sub(1);
                sell(at, seen)
            }
            Checkout::DiesInside => {
                let left = value.lock(at);
                if *left > 0 {
                    at.crash("with the mutex in hand");
                }
                Outcome::SoldOut
            }
            Checkout::SpinLock(take, free) => {
                at.retry("lock", || match turn.compare_exchange(at, 0, 1, take, Relaxed) {
                    Ok(_) => ControlFlow::Break(()),
                    Err(_) => ControlFlow::Continue(()),
                });
                let seen = left.load(at, Relaxed);
                left.store(at, seen.saturating_sub(1), Relaxed);
                turn.store(at, 0, free);
                sell(at, seen)
            }
            Checkout::CrossedLocks => {
                let first = turn.fetch_add(at, 1, SeqCst) as usize % 2;
                let _one = locks[first].acquire(at);
                let _other = locks[1 - first].acquire(at);
                Outcome::SoldOut
            }
            Checkout::LeakedGuard => {
                std::mem::forget(locks[0].acquire(at));
                Outcome::SoldOut
            }
            Checkout::Waiting => {
                at.retry("wait", || match turn.load(at, SeqCst) {
                    0 => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                });
                Outcome::SoldOut
            }
            Checkout::CrossedStores => {
                let [one, other] = if turn.fetch_add(at, 1, Relaxed) == 0 { [left, right] } else { [right, left] };
                one.store(at, 1, Relaxed);
                other.store(at, 2, Relaxed);
                Outcome::SoldOut
            }
            Checkout::Flags(draw) => {
                let first = turn.fetch_add(at, 1, draw) == 0;
                let (mine, theirs, down) = if first { (left, right, 0) } else { (right, left, 1) };
                mine.store(at, 2, SeqCst);
                sell(at, u64::from(theirs.load(at, SeqCst) == down))
            }
            Checkout::DrawThenLook => {
                turn.fetch_add(at, 1, SeqCst);
                let seen = at.span("search", || left.load(at, SeqCst));
                at.tell(Event::word("saw").with(seen));
                Outcome::SoldOut
            }
            Checkout::LookThenUnlock => {
                let lock = locks[0].acquire(at);
                at.span("search", || {
                    left.load(at, SeqCst);
                    drop(lock);
                });
                Outcome::SoldOut
            }
            Checkout::UnlockThenLook => {
                let lock = locks[0].acquire(at);
                at.span("search", || {
                    drop(lock);
                    left.load(at, SeqCst);
                });
                Outcome::SoldOut
            }
        }
    }

    fn audit(&self, at: &dyn Platform, shared: &Counter) -> Option<u64> {
        match self {
            Checkout::Mutexed | Checkout::DiesInside => Some(*shared.value.lock(at)),
            Checkout::CrossedStores => Some(10 * shared.left.load(at, SeqCst) + shared.right.load(at, SeqCst)),
            _ => Some(shared.left.load(at, SeqCst)),
        }
    }
}

/// Sells one of so many that were seen, if there was one.
fn sell(at: &dyn Platform, seen: u64) -> Outcome {
    if seen == 0 {
        return Outcome::SoldOut;
    }
    at.tell(Event::sale("bought"));
    Outcome::Bought
}
