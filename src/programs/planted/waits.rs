//! Deadlocks, leaks and livelocks.

use super::Expected::{Broken, Holds};
use super::{Planted, shop, sold, take};
use crate::scenario::Scenario;
use crate::sync::{Cell, Condvar, Event, Lock, Mutex, Semaphore};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::Ordering::SeqCst;

pub const ALL: &[Planted] = &[
    Planted {
        name: "opposite-locks",
        what: "each has what the other waits for",
        expected: Broken("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| (setup.mutex("a", 0u8), setup.mutex("b", 0u8)))
                .role("buyer", |at, (a, b): &(Mutex<u8>, Mutex<u8>)| {
                    let _first = a.lock(at);
                    let _second = b.lock(at);
                })
                .role("other", |at, (a, b)| {
                    let _first = b.lock(at);
                    let _second = a.lock(at);
                })
                .into()
        },
    },
    Planted {
        name: "ordered-locks",
        what: "its right twin",
        expected: Holds("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| (setup.mutex("a", 0u8), setup.mutex("b", 0u8)))
                .role("buyer", |at, (a, b): &(Mutex<u8>, Mutex<u8>)| {
                    let _first = a.lock(at);
                    let _second = b.lock(at);
                })
                .role("other", |at, (a, b)| {
                    let _first = a.lock(at);
                    let _second = b.lock(at);
                })
                .into()
        },
    },
    Planted {
        name: "lost-wakeup",
        what: "who looks before the mutex and waits after it misses the notification",
        expected: Broken("no-deadlock"),
        threads: 1,
        // With any number of buyers there are places to wait at without number.
        beyond: &["parametric"],
        make: |name| {
            Scenario::new(name, |setup| (setup.cell("open", false), setup.mutex("door", ()), setup.condvar("bell")))
                .role("buyer", |at, (open, door, bell): &(Cell<bool>, Mutex<()>, Condvar)| {
                    if !open.load(at, SeqCst) {
                        drop(bell.wait(door.lock(at)));
                    }
                })
                .role("porter", |at, (open, _, bell)| {
                    open.store(at, true, SeqCst);
                    bell.notify_one(at);
                })
                .into()
        },
    },
    Planted {
        name: "kept-wakeup",
        what: "its right twin",
        expected: Holds("no-deadlock"),
        threads: 1,
        // With any number of buyers there are places to wait at without number.
        beyond: &["parametric"],
        make: |name| {
            Scenario::new(name, |setup| (setup.mutex("open", false), setup.condvar("bell")))
                .role("buyer", |at, (open, bell): &(Mutex<bool>, Condvar)| {
                    let mut open = open.lock(at);
                    while !*open {
                        open = bell.wait(open);
                    }
                })
                .role("porter", |at, (open, bell)| {
                    *open.lock(at) = true;
                    bell.notify_all(at);
                })
                .into()
        },
    },
    Planted {
        name: "forgotten-guard",
        what: "a guard that is leaked locks everybody out",
        expected: Broken("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.mutex("stock", 2u64))
                .role("buyer", |at, stock: &Mutex<u64>| std::mem::forget(stock.lock(at)))
                .into()
        },
    },
    Planted {
        name: "forgotten-file-lock",
        what: "its right twin: the kernel frees the lock of a file",
        expected: Holds("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.lock("purchase"))
                .role("buyer", |at, lock: &Lock| std::mem::forget(lock.acquire(at)))
                .into()
        },
    },
    Planted {
        name: "leaked-permit",
        what: "a permit that is leaked is missing in the end",
        expected: Broken("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.semaphore("seats", 1))
                .role("buyer", |at, seats: &Semaphore| std::mem::forget(seats.acquire(at, 1)))
                .into()
        },
    },
    Planted {
        name: "held-in-secret",
        what: "who holds something is not taken for one who does not",
        expected: Holds("no-deadlock"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| (setup.cell("first", true), setup.lock("purchase")))
                .role("buyer", |at, (first, lock): &(Cell<bool>, Lock)| {
                    at.span("enter", || {
                        if first.swap(at, false, SeqCst) {
                            std::mem::forget(lock.acquire(at));
                        }
                    });
                    first.load(at, SeqCst);
                })
                .role("visitor", |at, (_, lock)| drop(lock.acquire(at)))
                .into()
        },
    },
    Planted {
        name: "undersold",
        what: "who finds the shop busy goes away, and a ticket is left",
        expected: Broken("no-undersell"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                if shop.door.swap(at, 1, SeqCst) == 1 {
                    return "busy";
                }
                let ending = take(at, shop);
                shop.door.store(at, 0, SeqCst);
                ending
            })
            .into()
        },
    },
    Planted {
        name: "opens-and-goes",
        what: "who comes first only opens, so who is alone buys nothing",
        expected: Broken("no-undersell"),
        threads: 1,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| (setup.cell("door", 0), setup.cell("sold", 0)))
                .stock(1)
                .role("buyer", |at, (door, taken): &(Cell<u64>, Cell<u64>)| {
                    if door.swap(at, 1, SeqCst) == 1 && taken.swap(at, 1, SeqCst) == 0 {
                        sold(at);
                    }
                })
                .into()
        },
    },
    Planted {
        name: "before-the-delivery",
        what: "who comes before the delivery goes away",
        expected: Broken("no-undersell"),
        threads: 1,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.cell("left", 0))
                .stock(0)
                .role("buyer", |at, left: &Cell<u64>| {
                    if left.swap(at, 0, SeqCst) == 1 {
                        sold(at);
                    }
                })
                .role("supplier", |at, left| {
                    left.store(at, 1, SeqCst);
                    at.tell(Event::restocked("delivered", 1));
                })
                .into()
        },
    },
    Planted {
        name: "untidy",
        what: "a livelock that only some run into",
        expected: Broken("no-livelock"),
        threads: 2,
        // It runs executions to their end, and some of these have none.
        beyond: &["loom"],
        make: |name| {
            Scenario::new(name, |setup| setup.cell("door", 1u64))
                .role("buyer", |at, door: &Cell<u64>| {
                    at.retry("come in", || match door.swap(at, 0, SeqCst) {
                        0 => Continue(()),
                        _ => Break(()),
                    });
                    if at.choose("leave", &["tidy", "untidy"]) == "tidy" {
                        door.store(at, 1, SeqCst);
                    }
                })
                .into()
        },
    },
    Planted {
        name: "waits-for-nobody",
        what: "nothing ever ends",
        expected: Broken("no-livelock"),
        threads: 2,
        // It runs executions to their end, and some of these have none.
        beyond: &["loom"],
        make: |name| {
            shop(name, |at, shop| {
                at.retry("wait", || if shop.door.load(at, SeqCst) == 1 { Break(()) } else { Continue(()) });
                take(at, shop)
            })
            .into()
        },
    },
    Planted {
        name: "looks-for-a-pair",
        what: "an odd number of them may go round for ever, and an even number does not",
        expected: Broken("no-livelock"),
        threads: 1,
        // It runs executions to their end, and some of these have none.
        beyond: &["loom"],
        make: |name| {
            shop(name, |at, shop| {
                shop.bell.fetch_xor(at, 1, SeqCst);
                at.retry("look", || if shop.bell.load(at, SeqCst) == 0 { Break(()) } else { Continue(()) });
            })
            .into()
        },
    },
    Planted {
        name: "takes-turns",
        what: "their right twin",
        expected: Holds("no-livelock"),
        threads: 2,
        // It runs executions to their end, and some of these have none.
        beyond: &["loom"],
        make: |name| {
            shop(name, |at, shop| {
                at.retry("lock", || if shop.door.swap(at, 1, SeqCst) == 0 { Break(()) } else { Continue(()) });
                let ending = take(at, shop);
                shop.door.store(at, 0, SeqCst);
                ending
            })
            .into()
        },
    },
];
