//! Code that remembers or counts without end: nothing may be proved of it.

use super::Expected::Undecided;
use super::{Planted, shop, take, take_torn};
use crate::sync::Event;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

pub const ALL: &[Planted] = &[
    Planted {
        name: "remembers-without-end",
        what: "a loop that is no retry remembers every look",
        expected: Undecided("no-crash"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                if shop.bell.swap(at, 1, SeqCst) == 0 {
                    shop.door.store(at, 1, SeqCst);
                }
                while shop.door.load(at, SeqCst) == 0 {}
                take(at, shop)
            })
            .into()
        },
    },
    Planted {
        name: "counts-its-tries",
        what: "a spin lock that counts, with a lost update under it",
        expected: Undecided("no-crash"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let mut tries = 0u64;
                while shop.door.swap(at, 1, SeqCst) != 0 {
                    tries += 1;
                }
                take_torn(at, shop);
                shop.door.store(at, 0, SeqCst);
                at.tell(Event::word("tries").with(tries));
            })
            .into()
        },
    },
    Planted {
        name: "sells-without-end",
        what: "a retry that sells in every try",
        expected: Undecided("no-oversell"),
        threads: 1,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                at.retry("sell", || {
                    at.tell(Event::sale("bought"));
                    if shop.door.load(at, SeqCst) == 1 { Break(()) } else { Continue(()) }
                });
            })
            .into()
        },
    },
];
