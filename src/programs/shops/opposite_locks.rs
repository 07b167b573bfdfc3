//! Two items of an order are locked in the order of the basket, and another basket has them the other way round.
//!
//! Modelled on [django-oscar 4594](https://github.com/django-oscar/django-oscar/pull/4594): stock records were locked in
//! the order of the basket's lines, so that two baskets with the same products could wait for each other.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Event, Mutex, Platform, Setup};

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/django-oscar/django-oscar/pull/4594",
    threads: 4,
    tickets: 1,
    wrong: Shop {
        name: "opposite-locks",
        summary: "locks a ticket and a dinner in the order in which they lie in the basket",
        make: |program, tickets| shop(program, tickets, in_order_of_the_basket),
    },
    right: Shop {
        name: "ordered-locks",
        summary: "locks the ticket before the dinner, whatever the basket looks like",
        make: |program, tickets| shop(program, tickets, in_order_of_the_shop),
    },
};

struct Items {
    tickets: Mutex<u64>,
    dinners: Mutex<u64>,
}

fn shop(
    program: &Program,
    tickets: u64,
    buyer: impl Fn(&dyn Platform, &Items) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    let build = move |setup: &mut Setup| Items {
        tickets: setup.mutex("tickets", tickets),
        dinners: setup.mutex("dinners", tickets),
    };
    Scenario::new(program.name, build)
        .stock(tickets)
        .role("buyer", buyer)
        .threads(program.threads)
        .endings(["bought", "sold out"])
        .ledger(|at, items| Some(*items.tickets.lock(at)))
        .into()
}

fn in_order_of_the_basket(at: &dyn Platform, items: &Items) -> &'static str {
    let (first, second) = match at.choose("basket", &["ticket-first", "dinner-first"]) {
        "ticket-first" => (items.tickets, items.dinners),
        _ => (items.dinners, items.tickets),
    };
    buy(at, first, second)
}

fn in_order_of_the_shop(at: &dyn Platform, items: &Items) -> &'static str {
    at.choose("basket", &["ticket-first", "dinner-first"]);
    buy(at, items.tickets, items.dinners)
}

fn buy(at: &dyn Platform, first: Mutex<u64>, second: Mutex<u64>) -> &'static str {
    let mut first = first.lock(at);
    let mut second = second.lock(at);
    let (Some(fewer), Some(fewer_of_the_other)) = (first.checked_sub(1), second.checked_sub(1)) else {
        return "sold out";
    };
    *first = fewer;
    *second = fewer_of_the_other;
    at.tell(Event::sale("bought"));
    "bought"
}
