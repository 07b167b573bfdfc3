//! The lock is skipped, as an optimisation, where nobody seems to need it: as long as plenty is left.
//!
//! Plenty was left when they looked. Modelled on [eventyay 1359](https://github.com/fossasia/eventyay/issues/1359),
//! which skipped the lock of an event for carts that seemed safe (no voucher, no seat, not about to expire), and on the
//! idea, weighed and not followed in [pretix 2408](https://github.com/pretix/pretix/pull/2408), to lock only what is
//! about to be sold out.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Lock, Platform};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/fossasia/eventyay/issues/1359",
    threads: 4,
    tickets: 2,
    wrong: Shop {
        name: "lock-skipped",
        summary: "takes the lock only if the last ticket is at stake",
        make: |program, tickets| shop(program, tickets, |left| left <= 1),
    },
    right: Shop {
        name: "lock-taken",
        summary: "takes the lock however many are left",
        make: |program, tickets| shop(program, tickets, |_| true),
    },
};

struct Counter {
    left: Cell<u64>,
    lock: Lock,
}

fn shop(program: &Program, tickets: u64, locks: impl Fn(u64) -> bool + Send + Sync + 'static) -> Scenario {
    Scenario::new(program.name, move |setup| Counter { left: setup.cell("left", tickets), lock: setup.lock("lock") })
        .stock(tickets)
        .role("buyer", move |at, shop| buy(at, shop, &locks))
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, shop| Some(shop.left.load(at, SeqCst)))
        .into()
}

fn buy(at: &dyn Platform, shop: &Counter, locks: &dyn Fn(u64) -> bool) -> &'static str {
    let seen = shop.left.load(at, SeqCst);
    let guard = locks(seen).then(|| shop.lock.acquire(at));
    let left = if guard.is_some() { shop.left.load(at, SeqCst) } else { seen };
    let Some(fewer) = left.checked_sub(1) else { return "sold out" };
    shop.left.store(at, fewer, SeqCst);
    at.tell(Event::sale("bought"));
    "bought"
}
