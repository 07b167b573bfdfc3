//! Stock is checked in one transaction, and allocated in another.
//!
//! Modelled on [vendure 3508](https://github.com/vendurehq/vendure/issues/3508): the check belonged to the transition to
//! the payment, the allocation to the one after it, and an order that was paid for was silently allocated less than
//! it asked for.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Event, Mutex, Platform};

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/vendurehq/vendure/issues/3508",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "two-transactions",
        summary: "checks the stock when the payment is arranged, and allocates it when it is settled",
        make: |program, tickets| shop(program, tickets, two_transactions),
    },
    right: Shop {
        name: "one-transaction",
        summary: "checks the stock again in the transaction that allocates it",
        make: |program, tickets| shop(program, tickets, one_transaction),
    },
};

/// A row of a table, locked from the first statement of a transaction to its commit.
type Saleable = Mutex<u64>;

fn shop(
    program: &Program,
    tickets: u64,
    buyer: impl Fn(&dyn Platform, &Saleable) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(program.name, move |setup| setup.mutex("saleable", tickets))
        .stock(tickets)
        .role("buyer", buyer)
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, saleable| Some(*saleable.lock(at)))
        .into()
}

/// The first transaction: whether any is left.
fn check(at: &dyn Platform, saleable: &Saleable) -> bool {
    *saleable.lock(at) > 0
}

fn two_transactions(at: &dyn Platform, saleable: &Saleable) -> &'static str {
    if !check(at, saleable) {
        return "sold out";
    }
    let mut left = saleable.lock(at);
    // As many as there are. That it is none is told to nobody.
    *left = left.saturating_sub(1);
    drop(left);
    at.tell(Event::sale("bought"));
    "bought"
}

fn one_transaction(at: &dyn Platform, saleable: &Saleable) -> &'static str {
    if !check(at, saleable) {
        return "sold out";
    }
    let mut left = saleable.lock(at);
    let Some(fewer) = left.checked_sub(1) else { return "sold out" };
    *left = fewer;
    drop(left);
    at.tell(Event::sale("bought"));
    "bought"
}
