//! Panics and crashes, and code that hides them.

use super::Expected::{Broken, Holds, Refused};
use super::{Planted, Shop, shop, sold, take};
use crate::scenario::Scenario;
use crate::sync::{Cell, Mutex, Platform};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::SeqCst;

pub const ALL: &[Planted] = &[
    Planted {
        name: "underflow",
        what: "a panic under a mutex",
        expected: Broken("no-crash"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.mutex("stock", 1u64))
                .stock(1)
                .role("buyer", |at, stock: &Mutex<u64>| {
                    let mut left = stock.lock(at);
                    *left = left.checked_sub(1).expect("stock underflow");
                    sold(at);
                })
                .into()
        },
    },
    Planted {
        name: "poisoned",
        what: "its mutex is freed by the death of its holder",
        expected: Holds("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.mutex("stock", 1u64))
                .role("buyer", |at, stock: &Mutex<u64>| {
                    let mut left = stock.lock(at);
                    *left = left.checked_sub(1).expect("stock underflow");
                })
                .into()
        },
    },
    Planted {
        name: "dies-at-once",
        what: "a death before the first step",
        expected: Broken("no-crash"),
        threads: 1,
        beyond: &[],
        make: |name| shop(name, |at, _: &Shop| -> &str { at.crash("no shop today") }).into(),
    },
    Planted {
        name: "closed-meanwhile",
        what: "the door is closed between two looks, or before both",
        expected: Broken("no-crash"),
        threads: 1,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                shop.bell.load(at, SeqCst);
                if shop.door.load(at, SeqCst) == 1 {
                    at.crash("ran into the door");
                }
            })
            .role("porter", |at, shop| {
                if at.choose("door", &["leave", "close"]) == "close" {
                    shop.door.store(at, 1, SeqCst);
                }
            })
            .into()
        },
    },
    Planted {
        name: "torn-parent",
        what: "the parent that starts them one by one dies",
        expected: Broken("no-torn-read"),
        threads: 2,
        beyond: &[],
        make: |name| shop(name, take).launch_while(|at, _| -> bool { at.torn("no ledger") }).into(),
    },
    Planted {
        name: "drop-rings",
        what: "a drop takes a step like any other",
        expected: Broken("rung-at-most-once"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let _ringing = Ringing(at, shop.bell);
                take(at, shop)
            })
            .always("rung-at-most-once", "the bell is rung once at most", |state, shop| state.cell(shop.bell) < 2)
            .into()
        },
    },
    Planted {
        name: "drop-rings-in-a-panic",
        what: "a drop takes a step while a panic unwinds",
        expected: Refused,
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let _ringing = Ringing(at, shop.bell);
                if shop.left.fetch_sub(at, 1, SeqCst) == 1 {
                    panic!("the last ticket");
                }
            })
            .into()
        },
    },
    Planted {
        name: "survives-a-crash",
        what: "an error that is caught is no crash any more",
        expected: Refused,
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    shop.left.load(at, SeqCst);
                    at.crash("caught")
                }));
                if caught.is_err() { "survived" } else { "done" }
            })
            .into()
        },
    },
    Planted {
        name: "survives-a-guard",
        what: "a panic that drops a guard is caught",
        expected: Refused,
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.mutex("stock", 1u64))
                .role("buyer", |at, stock: &Mutex<u64>| {
                    let caught = catch_unwind(AssertUnwindSafe(|| {
                        let left = stock.lock(at);
                        assert_eq!(*left, 0, "not sold out");
                    }));
                    if caught.is_err() { "survived" } else { "done" }
                })
                .into()
        },
    },
];

/// Something that rings a bell when it is dropped.
struct Ringing<'p>(&'p dyn Platform, Cell<u64>);

impl Drop for Ringing<'_> {
    fn drop(&mut self) {
        self.1.fetch_add(self.0, 1, SeqCst);
    }
}
