//! A cancelled order is given back by two who both find it cancelled.
//!
//! Modelled on [WooCommerce 22489](https://github.com/woocommerce/woocommerce/issues/22489): cancelling an order restocks
//! its item twice, so that there is more for sale than there is.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Platform};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/woocommerce/woocommerce/issues/22489",
    threads: 3,
    tickets: 1,
    wrong: Shop {
        name: "cancelled-twice",
        summary: "two workers see the same cancellation, and each puts a ticket back on sale",
        make: |program, tickets| shop(program, tickets, give_back_then_settle),
    },
    right: Shop {
        name: "cancelled-once",
        summary: "a worker puts a ticket back on sale only for the cancellation that it has taken",
        make: |program, tickets| shop(program, tickets, settle_then_give_back),
    },
};

struct Orders {
    left: Cell<u64>,
    /// Cancellations that nobody has dealt with.
    cancelled: Cell<u64>,
}

fn shop(
    program: &Program,
    tickets: u64,
    canceller: impl Fn(&dyn Platform, &Orders) + Send + Sync + 'static,
) -> Scenario {
    let build = move |setup: &mut crate::sync::Setup| Orders {
        left: setup.cell("left", tickets),
        cancelled: setup.cell("cancelled", 0),
    };
    Scenario::new(program.name, build)
        .stock(tickets)
        .role("buyer", buy_and_perhaps_cancel)
        .threads(program.threads)
        .role("canceller", canceller)
        .threads(2)
        .endings(["bought", "cancelled", "sold out"])
        // Who finds it sold out does not wait for somebody to cancel.
        .excuses(["cancelled", "sold out"])
        .ledger(|at, orders| Some(orders.left.load(at, SeqCst) + orders.cancelled.load(at, SeqCst)))
        .into()
}

fn buy_and_perhaps_cancel(at: &dyn Platform, orders: &Orders) -> &'static str {
    if orders.left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
        return "sold out";
    }
    at.tell(Event::sale("bought"));
    if at.choose("order", &["kept", "cancelled"]) == "kept" {
        return "bought";
    }
    orders.cancelled.fetch_add(at, 1, SeqCst);
    at.tell(Event::given_back("cancelled", 1));
    "cancelled"
}

fn give_back_then_settle(at: &dyn Platform, orders: &Orders) {
    let cancelled = orders.cancelled.load(at, SeqCst);
    if cancelled > 0 {
        orders.left.fetch_add(at, 1, SeqCst);
        orders.cancelled.store(at, cancelled - 1, SeqCst);
    }
}

fn settle_then_give_back(at: &dyn Platform, orders: &Orders) {
    if orders.cancelled.fetch_update(at, SeqCst, SeqCst, |cancelled| cancelled.checked_sub(1)).is_ok() {
        orders.left.fetch_add(at, 1, SeqCst);
    }
}
