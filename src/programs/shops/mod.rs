//! Bugs that shops really had: each in a file of its own, once wrong and once right.

mod cached_stock;
mod cancelled_twice;
mod check_then_decrement;
mod expiring_hold;
mod limit_per_line;
mod lock_skipped;
mod opposite_locks;
mod read_before_lock;
mod relaxed_publish;
mod two_transactions;
mod unchecked_decrement;

use super::{Kind, Program, Source};
use crate::scenario::Scenario;

/// Every shop, each wrong one followed by its right one.
pub(super) fn programs() -> impl Iterator<Item = Program> {
    [
        check_then_decrement::PAIR,
        unchecked_decrement::PAIR,
        read_before_lock::PAIR,
        lock_skipped::PAIR,
        two_transactions::PAIR,
        limit_per_line::PAIR,
        expiring_hold::PAIR,
        cancelled_twice::PAIR,
        opposite_locks::PAIR,
        cached_stock::PAIR,
        relaxed_publish::PAIR,
    ]
    .into_iter()
    .flat_map(Pair::programs)
}

/// A bug, and the same shop without it.
struct Pair {
    report: &'static str,
    threads: usize,
    tickets: u64,
    wrong: Shop,
    right: Shop,
}

/// One shop: its name, what happens in it, and how it is made.
struct Shop {
    name: &'static str,
    summary: &'static str,
    make: fn(&Program, u64) -> Scenario,
}

impl Pair {
    fn programs(self) -> [Program; 2] {
        let Pair { report, threads, tickets, wrong, right } = self;
        let repair = right.name;
        [(wrong, Some(repair)), (right, None)].map(|(shop, right)| Program {
            name: shop.name,
            kind: Kind::Shop { right, report },
            threads,
            tickets,
            summary: shop.summary,
            source: Source::Shop(shop.make),
        })
    }
}
