//! The stock is an atomic counter that is looked at first, and decremented afterwards.
//!
//! Each of the two is atomic, but somebody else may come in between them. Modelled on
//! [django-shop 888](https://github.com/awesto/django-shop/issues/888): the last unit is sold to two customers, since
//! stock is checked and deducted without a conditional update.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Platform};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/awesto/django-shop/issues/888",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "check-then-decrement",
        summary: "looks how many are left, then stores one fewer: two can have looked before either stores",
        make: |program, tickets| shop(program, tickets, check_then_decrement),
    },
    right: Shop {
        name: "compare-exchange",
        summary: "decrements only what it has looked at, and looks again if that has changed",
        make: |program, tickets| shop(program, tickets, compare_exchange),
    },
};

fn shop(
    program: &Program,
    tickets: u64,
    buy: impl Fn(&dyn Platform, &Cell<u64>) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(program.name, move |setup| setup.cell("left", tickets))
        .stock(tickets)
        .role("buyer", buy)
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, left| Some(left.load(at, SeqCst)))
        .into()
}

fn check_then_decrement(at: &dyn Platform, left: &Cell<u64>) -> &'static str {
    let Some(fewer) = left.load(at, SeqCst).checked_sub(1) else { return "sold out" };
    left.store(at, fewer, SeqCst);
    at.tell(Event::sale("bought"));
    "bought"
}

fn compare_exchange(at: &dyn Platform, left: &Cell<u64>) -> &'static str {
    let ending = at.retry("take", || {
        let seen = left.load(at, SeqCst);
        let Some(fewer) = seen.checked_sub(1) else { return Break("sold out") };
        match left.compare_exchange(at, seen, fewer, SeqCst, SeqCst) {
            Ok(_) => Break("bought"),
            Err(_) => Continue(()),
        }
    });
    if ending == "bought" {
        at.tell(Event::sale("bought"));
    }
    ending
}
