//! The stock is decremented in one atomic step, and the check comes too late.
//!
//! Who finds that there was none leaves a counter behind that has wrapped around, and the next one buys. No two of
//! them need to be there at once. Modelled on
//! [reinhardt-web 749](https://github.com/kent8192/reinhardt-web/issues/749): `fetch_sub` on a counter that is 0 leaves
//! its largest value, for good.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Platform};
use std::sync::atomic::Ordering::SeqCst;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/kent8192/reinhardt-web/issues/749",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "unchecked-decrement",
        summary: "decrements first and then looks what there was: at 0 the counter wraps around, and the next one buys",
        make: |program, tickets| shop(program, tickets, unchecked),
    },
    right: Shop {
        name: "checked-decrement",
        summary: "decrements only what is more than 0",
        make: |program, tickets| shop(program, tickets, checked),
    },
};

/// The counter is a small one, so that it wraps around in front of one's eyes.
type Left = Cell<u8>;

fn shop(
    program: &Program,
    tickets: u64,
    take: impl Fn(&dyn Platform, &Left) -> bool + Send + Sync + 'static,
) -> Scenario {
    let stock = u8::try_from(tickets).unwrap_or(u8::MAX);
    Scenario::new(program.name, move |setup| setup.cell("left", stock))
        .stock(stock.into())
        .role("buyer", move |at, left| {
            if !take(at, left) {
                return "sold out";
            }
            at.tell(Event::sale("bought"));
            "bought"
        })
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, left| Some(left.load(at, SeqCst).into()))
        .into()
}

fn unchecked(at: &dyn Platform, left: &Left) -> bool {
    left.fetch_sub(at, 1, SeqCst) > 0
}

fn checked(at: &dyn Platform, left: &Left) -> bool {
    left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
}
