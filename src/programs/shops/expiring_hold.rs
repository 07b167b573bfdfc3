//! Reserve, pay, confirm; and a sweeper that gives back what has been held for too long, while it is being paid.
//!
//! Modelled on [events-made-easy 496](https://github.com/liedekef/events-made-easy/issues/496): the hold of one customer
//! expired, another booked the place, and then the first one's payment came in.

use super::{Pair, Shop};
use crate::programs::Program;
use crate::scenario::Scenario;
use crate::sync::{Event, Mutex, Platform};
use std::fmt;

pub(super) const PAIR: Pair = Pair {
    report: "https://github.com/liedekef/events-made-easy/issues/496",
    threads: 3,
    tickets: 1,
    wrong: Shop {
        name: "expiring-hold",
        summary: "a hold may expire while its payment is under way, and the payment is confirmed all the same",
        make: |program, tickets| shop(program, tickets, pay_then_confirm),
    },
    right: Shop {
        name: "kept-hold",
        summary: "a hold that is being paid for is no longer swept; one that was swept before is not paid for",
        make: |program, tickets| shop(program, tickets, keep_then_pay),
    },
};

/// Where the seats are that are not sold.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Seats {
    free: u64,
    held: u64,
    /// Held, and not to be swept.
    paying: u64,
}

impl fmt::Debug for Seats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.free, "free"), (self.held, "held"), (self.paying, "paying")];
        let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        f.write_str(if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }.as_str())
    }
}

fn shop(
    program: &Program,
    tickets: u64,
    buyer: impl Fn(&dyn Platform, &Mutex<Seats>) -> &'static str + Send + Sync + 'static,
) -> Scenario {
    Scenario::new(program.name, move |setup| setup.mutex("seats", Seats { free: tickets, ..Seats::default() }))
        .stock(tickets)
        .role("buyer", buyer)
        .threads(program.threads)
        .role("sweeper", sweep)
        .endings(["bought", "declined", "expired", "all held", "sold out"])
        // None of these asks for a seat any more, even if one should become free later.
        .excuses(["declined", "expired", "all held"])
        .ledger(|at, seats| {
            let seats = seats.lock(at);
            Some(seats.free + seats.held + seats.paying)
        })
        .always("no-seat-twice", "every seat is free, held or sold, and only one of them", |state, seats| {
            let seats = state.mutex(*seats);
            i64::try_from(seats.free + seats.held + seats.paying)
                .is_ok_and(|unsold| unsold + state.sold() == state.stock())
        })
        .into()
}

/// Gives back one hold, if there is one and it is found to be too old.
fn sweep(at: &dyn Platform, seats: &Mutex<Seats>) {
    let mut seats = seats.lock(at);
    if seats.held > 0 && at.choose("hold", &["expired", "valid"]) == "expired" {
        seats.held -= 1;
        seats.free += 1;
    }
}

/// Holds a seat, or says why there is none to be held.
fn reserve(at: &dyn Platform, seats: &Mutex<Seats>) -> Result<(), &'static str> {
    let mut seats = seats.lock(at);
    if seats.free == 0 {
        return Err(if seats.held + seats.paying > 0 { "all held" } else { "sold out" });
    }
    seats.free -= 1;
    seats.held += 1;
    Ok(())
}

fn is_paid(at: &dyn Platform) -> bool {
    at.choose("payment", &["accepted", "declined"]) == "accepted"
}

fn pay_then_confirm(at: &dyn Platform, seats: &Mutex<Seats>) -> &'static str {
    if let Err(ending) = reserve(at, seats) {
        return ending;
    }
    let paid = is_paid(at);
    let mut seats = seats.lock(at);
    // Whose hold it is that is taken here, and whether there is one at all, is not asked.
    let was_held = seats.held > 0;
    seats.held -= u64::from(was_held);
    seats.free += u64::from(was_held && !paid);
    drop(seats);
    conclude(at, paid)
}

fn keep_then_pay(at: &dyn Platform, seats: &Mutex<Seats>) -> &'static str {
    if let Err(ending) = reserve(at, seats) {
        return ending;
    }
    let mut hold = seats.lock(at);
    if hold.held == 0 {
        return "expired";
    }
    hold.held -= 1;
    hold.paying += 1;
    drop(hold);
    let paid = is_paid(at);
    let mut hold = seats.lock(at);
    hold.paying -= 1;
    hold.free += u64::from(!paid);
    drop(hold);
    conclude(at, paid)
}

fn conclude(at: &dyn Platform, paid: bool) -> &'static str {
    if !paid {
        return "declined";
    }
    at.tell(Event::sale("bought"));
    "bought"
}
