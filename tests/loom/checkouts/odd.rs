//! Checkouts that do what few do, or what none should.

use super::{counted, sell};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Platform, Setup};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

/// Sells one and takes it back, while another one sells: too much may be sold for a moment only.
pub fn takes_back() -> Scenario {
    counted("takes-back", |at, shop| {
        shop.left.load(at, SeqCst);
        at.tell(Event::sale("bought"));
        shop.right.load(at, SeqCst);
        at.tell(Event::given_back("cancelled", 1));
        "cancelled"
    })
    .excuses(["cancelled"])
    .into()
}

/// Two cells that nobody touches both of, with a property that speaks of both.
pub fn apart() -> Scenario {
    Scenario::new("apart", |setup: &mut Setup| (setup.cell("left", false), setup.cell("right", 0i8)))
        .role("one", |at, (left, _): &(Cell<bool>, Cell<i8>)| {
            left.store(at, true, SeqCst);
            left.store(at, false, SeqCst);
        })
        .role("other", |at, (_, right)| {
            right.fetch_sub(at, 1, SeqCst);
            right.fetch_add(at, 1, SeqCst);
        })
        .always("never-both", "not both are changed at once", |state, (left, right)| {
            !(state.cell(*left) && state.cell(*right) != 0)
        })
        .sometimes("left-alone", "left can be changed alone", |state, (left, right)| {
            state.cell(*left) && state.cell(*right) == 0
        })
        .always_at_end("all-is-well", "both are as they were at first", |end, (left, right)| {
            !end.state().cell(*left) && end.state().cell(*right) == 0
        })
        .into()
}

/// Cells of other types than `u64`, at the edges of their ranges.
pub fn narrow() -> Scenario {
    Scenario::new("narrow", |setup: &mut Setup| (setup.cell("small", -128i8), setup.cell("flag", true)))
        .stock(1)
        .role("buyer", |at, (small, flag): &(Cell<i8>, Cell<bool>)| {
            let seen = small.fetch_sub(at, 1, SeqCst);
            flag.fetch_nand(at, seen == -128, SeqCst);
            small.fetch_max(at, -1, SeqCst);
            flag.fetch_xor(at, seen > 0, SeqCst);
            if flag.swap(at, seen < 0, SeqCst) { "up" } else { "down" }
        })
        .ledger(|at, (small, flag)| Some(small.load(at, SeqCst).into_bits() * 2 + u64::from(flag.load(at, SeqCst))))
        .into()
}

trait IntoBits {
    fn into_bits(self) -> u64;
}

impl IntoBits for i8 {
    fn into_bits(self) -> u64 {
        u64::from(self.cast_unsigned())
    }
}

/// A value whose end is a step.
struct Farewell<'p>(&'p dyn Platform, Cell<u64>);

impl Drop for Farewell<'_> {
    fn drop(&mut self) {
        self.1.fetch_add(self.0, 1, SeqCst);
    }
}

/// Has something that takes a step when it is dropped; and panics, if it is to.
pub fn farewell(panics: bool) -> Scenario {
    counted("farewell", move |at, shop| {
        let _farewell = Farewell(at, shop.turn);
        let seen = shop.left.load(at, SeqCst);
        assert!(!panics, "nothing is left to do");
        sell(at, seen)
    })
    .into()
}

/// The same, and then it waits for ever.
pub fn farewell_while_stuck() -> Scenario {
    counted("farewell-while-stuck", move |at, shop| {
        let _farewell = Farewell(at, shop.turn);
        std::mem::forget(shop.locks[0].acquire(at));
        let _again = shop.locks[0].acquire(at);
        "sold out"
    })
    .into()
}

/// Survives its own death.
pub fn undead() -> Scenario {
    counted("undead", |at, shop| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| at.crash("for show")));
        let Err(_) = caught;
        sell(at, shop.left.load(at, SeqCst))
    })
    .into()
}

/// Starts over without looking at anything.
pub fn stepless() -> Scenario {
    counted("stepless", |at, shop| {
        shop.left.load(at, SeqCst);
        at.retry("nothing", || Continue::<()>(()));
        "sold out"
    })
    .into()
}

/// Tries again whatever changes nothing; every try counts up, so it is no circle.
pub fn counts_up(to: u64) -> Scenario {
    counted("counts-up", move |at, shop| {
        let reached = at.retry("count", || match shop.turn.fetch_add(at, 1, SeqCst) {
            count if count < to => Continue(()),
            count => Break(count),
        });
        if reached == to { sell(at, 1) } else { "sold out" }
    })
    .into()
}

/// Counts up to three in tries that each change something, while somebody looks once.
pub fn watched_count() -> Scenario {
    counted("watched-count", |at, shop| {
        at.retry("count", || if shop.turn.fetch_add(at, 1, SeqCst) < 2 { Continue(()) } else { Break(()) });
        "counted"
    })
    .role("watcher", |at, shop| ["none", "one", "two", "three"][shop.turn.load(at, SeqCst) as usize])
    .into()
}
