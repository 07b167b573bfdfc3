//! Code that hides something from the platform, so that it is not deterministic: statics, cells that it captures, values
//! that compare equal and are not.

use super::Expected::Refused;
use super::{Planted, Shop, shop, sold, take, take_torn};
use crate::scenario::Scenario;
use crate::sync::{Event, Mutex};
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Engines that run everybody from the start, again and again, read no code and compare no states.
const ONLY_RUN: &[&str] = &["shuttle-dfs", "shuttle-pct", "loom"];

pub const ALL: &[Planted] = &[
    Planted {
        name: "captured-atomic",
        what: "a counter that the code captures decides",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            let looks = Arc::new(AtomicUsize::new(0));
            shop(name, move |at, shop| {
                shop.door.load(at, SeqCst);
                if looks.fetch_add(1, Relaxed) > 3 {
                    shop.bell.store(at, 1, SeqCst);
                }
                take(at, shop)
            })
            .into()
        },
    },
    Planted {
        name: "coin",
        what: "every other run goes another way",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            let coin = AtomicUsize::new(0);
            shop(name, move |at, shop| {
                shop.door.load(at, SeqCst);
                if coin.fetch_add(1, Relaxed).is_multiple_of(2) { take_torn(at, shop) } else { take(at, shop) }
            })
            .into()
        },
    },
    Planted {
        name: "cache-outside",
        what: "what one thread has learnt all others know",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            let known = AtomicUsize::new(0);
            shop(name, move |at, shop| {
                if known.load(Relaxed) == 0 {
                    if shop.left.load(at, SeqCst) == 0 {
                        return;
                    }
                    known.store(1, Relaxed);
                }
                shop.left.fetch_sub(at, 1, SeqCst);
                sold(at);
            })
            .into()
        },
    },
    Planted {
        name: "built-otherwise",
        what: "what is shared is declared differently each time",
        expected: Refused,
        threads: 2,
        beyond: ONLY_RUN,
        make: |name| {
            let builds = AtomicUsize::new(0);
            Scenario::new(name, move |setup| setup.cell("left", builds.fetch_add(1, Relaxed) as u64))
                .stock(0)
                .role("buyer", |at, left: &crate::sync::Cell<u64>| {
                    if left.load(at, SeqCst) > 0 {
                        at.tell(Event::sale("bought"));
                    }
                })
                .into()
        },
    },
    Planted {
        name: "leak-out-of-a-span",
        what: "a cell carries something out of a span",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            shop(name, |at, shop| {
                let found = Cell::new(0);
                at.span("enter", || found.set(shop.door.fetch_add(at, 1, SeqCst)));
                if found.get() > 0 {
                    shop.bell.store(at, 1, SeqCst);
                }
                shop.left.load(at, SeqCst);
            })
            .into()
        },
    },
    Planted {
        name: "leak-the-same-each-time",
        what: "a cell carries out of a span that it was run, which it always was",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            shop(name, |at, shop| {
                let entered = Cell::new(false);
                at.span("enter", || {
                    shop.door.store(at, 1, SeqCst);
                    entered.set(true);
                });
                shop.left.load(at, SeqCst);
                if entered.get() {
                    shop.bell.store(at, 1, SeqCst);
                }
            })
            .into()
        },
    },
    Planted {
        name: "leak-into-the-end",
        what: "it changes nothing but how a thread ends",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            shop(name, |at, shop| {
                let found = Cell::new(0);
                at.span("enter", || found.set(shop.door.fetch_add(at, 1, SeqCst)));
                shop.bell.load(at, SeqCst);
                if found.get() > 0 { "late" } else { "early" }
            })
            .into()
        },
    },
    Planted {
        name: "leak-into-words",
        what: "it changes nothing but what a thread says",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            shop(name, |at, shop| {
                let found = Cell::new(0);
                at.span("enter", || found.set(shop.door.fetch_add(at, 1, SeqCst)));
                shop.bell.load(at, SeqCst);
                if found.get() > 0 {
                    sold(at);
                }
            })
            .into()
        },
    },
    Planted {
        name: "counted-tries",
        what: "a retry counts its tries in a cell, and takes the lock by force",
        expected: Refused,
        threads: 3,
        beyond: ONLY_RUN,
        make: |name| {
            shop(name, |at, shop| {
                let tries = Cell::new(0);
                at.retry("lock", || {
                    tries.set(tries.get() + 1);
                    let free = shop.door.swap(at, 1, SeqCst) == 0;
                    if free || tries.get() == 3 { Break(()) } else { Continue(()) }
                });
                let ending = take_torn(at, shop);
                shop.door.store(at, 0, SeqCst);
                ending
            })
            .into()
        },
    },
    Planted {
        name: "sloppy-mutex",
        what: "two values in a mutex compare equal and are not",
        expected: Refused,
        threads: 2,
        beyond: ONLY_RUN,
        make: |name| {
            Scenario::new(name, |setup| setup.mutex("note", Sloppy { note: 0 }))
                .role("buyer", |at, note: &Mutex<Sloppy>| {
                    let mut note = note.lock(at);
                    if note.note == 1 {
                        at.crash("it was changed");
                    }
                    note.note = 1;
                })
                .into()
        },
    },
    Planted {
        name: "sloppy-span",
        what: "two values that a span returns compare equal and are not",
        expected: Refused,
        threads: 2,
        beyond: ONLY_RUN,
        make: |name| {
            shop(name, |at, shop: &Shop| {
                let sloppy = at.span("look", || Sloppy { note: shop.bell.swap(at, 1, SeqCst) });
                if sloppy.note == 1 {
                    shop.door.store(at, 1, SeqCst);
                }
            })
            .into()
        },
    },
];

/// Two of these are equal, whatever the note says.
#[derive(Clone, Debug)]
struct Sloppy {
    note: u64,
}

impl PartialEq for Sloppy {
    fn eq(&self, _: &Sloppy) -> bool {
        true
    }
}

impl Eq for Sloppy {}

impl Hash for Sloppy {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
