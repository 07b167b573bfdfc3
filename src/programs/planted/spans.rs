//! What is done within a span, and what is left of it.

use super::Expected::{Broken, Holds};
use super::{Planted, shop, sold};
use crate::scenario::Scenario;
use crate::sync::{Cell, Event, Lock};
use std::sync::atomic::Ordering::SeqCst;

pub const ALL: &[Planted] = &[
    Planted {
        name: "one-looks-at-a-time",
        what: "whoever dies while it looks makes room for the next",
        expected: Holds("no-oversell"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| (setup.lock("desk"), setup.cell("left", 1u64)))
                .stock(1)
                .search("look")
                .role("buyer", |at, (desk, left): &(Lock, Cell<u64>)| {
                    let seen = {
                        let _desk = desk.acquire(at);
                        at.span("look", || left.load(at, SeqCst))
                    };
                    if seen > 0 && left.compare_exchange(at, seen, seen - 1, SeqCst, SeqCst).is_ok() {
                        sold(at);
                    }
                })
                .into()
        },
    },
    Planted {
        name: "looks-in-or-out",
        what: "the same look is a search or is none",
        expected: Holds("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                if at.choose("where", &["out", "in"]) == "in" {
                    at.span("look", || shop.left.load(at, SeqCst));
                } else {
                    shop.left.load(at, SeqCst);
                }
            })
            .search("look")
            .into()
        },
    },
    Planted {
        name: "rings-in-a-span",
        what: "nobody remembers who has rung, and each number does other harm",
        expected: Broken("no-oversell"),
        threads: 1,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                at.span("ring", || match at.choose("times", &["none", "one", "two", "three"]) {
                    "one" => shop.bell.store(at, 1, SeqCst),
                    "two" => shop.bell.store(at, 2, SeqCst),
                    "three" => shop.bell.store(at, 3, SeqCst),
                    _ => {}
                });
                match shop.bell.swap(at, 0, SeqCst) {
                    1 => at.torn("the rope"),
                    2 => at.crash("the bell"),
                    3 => at.tell(Event::sale_of("bought", 3)),
                    _ => {}
                }
            })
            .into()
        },
    },
];
