//! Races, lost updates and torn reads.

use super::Expected::{Broken, Holds};
use super::{Planted, shop, sold, take, take_torn};
use crate::scenario::{Launch, Scenario};
use crate::sync::{Event, File, Mutex, RwLock};
use std::sync::atomic::Ordering::SeqCst;

pub const ALL: &[Planted] = &[
    Planted {
        name: "lost-update",
        what: "two load the same number and store the same one",
        expected: Broken("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| shop(name, take_torn).into(),
    },
    Planted {
        name: "compare-exchange",
        what: "its right twin",
        expected: Holds("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| shop(name, take).into(),
    },
    Planted {
        name: "one-after-the-other",
        what: "the same, but nobody is started before the last one has ended",
        expected: Holds("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| shop(name, take_torn).launch(Launch::Joined).into(),
    },
    Planted {
        name: "until-sold-out",
        what: "the same, by a parent that starts them while there are tickets",
        expected: Holds("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| shop(name, take_torn).launch_while(|at, shop| shop.left.load(at, SeqCst) > 0).into(),
    },
    Planted {
        name: "lost-update-at-the-end",
        what: "nothing is sold twice, and the ledger does not add up",
        expected: Broken("ledger-balances"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let more = |door: u64| (door < 2).then_some(door + 1);
                if shop.door.fetch_update(at, SeqCst, SeqCst, more).is_err() {
                    return "sold out";
                }
                let left = shop.left.load(at, SeqCst);
                shop.left.store(at, left - 1, SeqCst);
                sold(at)
            })
            .into()
        },
    },
    Planted {
        name: "needs-three",
        what: "only a third thread shows it",
        expected: Broken("never-three"),
        threads: 3,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let more = |bell: u64| (bell < 3).then_some(bell + 1);
                let _ = shop.bell.fetch_update(at, SeqCst, SeqCst, more);
            })
            .always("never-three", "the bell is rung twice at most", |state, shop| state.cell(shop.bell) < 3)
            .into()
        },
    },
    Planted {
        name: "either-first",
        what: "one opens and one rings, and nothing says who is first",
        expected: Broken("bell-first"),
        threads: 1,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| shop.door.store(at, 1, SeqCst))
                .role("porter", |at, shop| shop.bell.store(at, 1, SeqCst))
                .always("bell-first", "the door is open only once the bell was rung", |state, shop| {
                    state.cell(shop.door) == 0 || state.cell(shop.bell) == 1
                })
                .always("door-first", "the bell is rung only once the door is open", |state, shop| {
                    state.cell(shop.bell) == 0 || state.cell(shop.door) == 1
                })
                .into()
        },
    },
    Planted {
        name: "rare-choice",
        what: "only one of nine answers shows it",
        expected: Broken("no-oversell"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let basket = at.choose("basket", &["a", "b", "c", "d", "e", "f", "g", "h", "three"]);
                if basket == "three" {
                    at.tell(Event::sale_of("bought", 3));
                }
                take(at, shop)
            })
            .into()
        },
    },
    Planted {
        name: "sold-for-a-moment",
        what: "too much is sold between two steps, and given back",
        expected: Broken("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                shop.door.load(at, SeqCst);
                sold(at);
                shop.bell.load(at, SeqCst);
                at.tell(Event::given_back("cancelled", 1));
            })
            .into()
        },
    },
    Planted {
        name: "gives-back-too-few",
        what: "the second buyer oversells by two, and gives back one",
        expected: Broken("ledger-balances"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                match shop.door.fetch_update(at, SeqCst, SeqCst, |door| (door < 2).then_some(door + 1)) {
                    Err(_) => return,
                    Ok(before) => {
                        at.tell(Event::sale_of("bought", 2));
                        shop.left.store(at, 0, SeqCst);
                        if before == 0 {
                            return;
                        }
                    }
                }
                at.tell(Event::given_back("cancelled", 1));
            })
            .into()
        },
    },
    Planted {
        name: "every-other",
        what: "every other buyer takes two without a look",
        expected: Broken("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                if shop.door.fetch_xor(at, 1, SeqCst) == 0 {
                    at.tell(Event::sale_of("bought", 2));
                }
                shop.bell.load(at, SeqCst);
            })
            .into()
        },
    },
    Planted {
        name: "torn-read",
        what: "somebody reads between truncate and write",
        expected: Broken("no-torn-read"),
        threads: 2,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let note = shop.note.read(at);
                if note.is_empty() {
                    at.torn("an empty note");
                }
                shop.note.truncate(at).write(at, note);
            })
            .into()
        },
    },
    Planted {
        name: "replaced",
        what: "its right twin",
        expected: Holds("no-torn-read"),
        threads: 3,
        beyond: &[],
        make: |name| {
            shop(name, |at, shop| {
                let note = shop.note.read(at);
                if note.is_empty() {
                    at.torn("an empty note");
                }
                shop.note.replace(at, note);
            })
            .into()
        },
    },
    Planted {
        name: "stale-handle",
        what: "a write goes to the file that a rename has replaced",
        expected: Broken("no-oversell"),
        threads: 2,
        // With any number of buyers there are files without number.
        beyond: &["parametric", "coverability"],
        make: |name| {
            Scenario::new(name, |setup| setup.file("stock", b"1".to_vec()))
                .stock(1)
                .role("buyer", |at, stock: &File| {
                    let stale = stock.truncate(at);
                    stock.replace(at, b"1".to_vec());
                    stale.write(at, b"0".to_vec());
                    if &*stock.read(at) == b"1" {
                        sold(at);
                    }
                })
                .into()
        },
    },
    Planted {
        name: "two-handles",
        what: "the longer of two writes leaves its tail",
        expected: Broken("never-3-alone"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.file("stock", b"1".to_vec()))
                .role("buyer", |at, stock: &File| {
                    let (one, other) = (stock.truncate(at), stock.truncate(at));
                    one.write(at, b"22".to_vec());
                    other.write(at, b"3".to_vec());
                })
                .always("never-3-alone", "a 3 is never alone", |state, stock| &*state.file(*stock) != b"3")
                .into()
        },
    },
    Planted {
        name: "read-lock-then-write",
        what: "what was read under a read-lock is old under the write-lock",
        expected: Broken("no-oversell"),
        threads: 2,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.rwlock("left", 1u64))
                .stock(1)
                .role("buyer", |at, left: &RwLock<u64>| {
                    let seen = *left.read(at);
                    if seen > 0 {
                        *left.write(at) = seen - 1;
                        sold(at);
                    }
                })
                .into()
        },
    },
    Planted {
        name: "mutex",
        what: "the right twin of them all",
        expected: Holds("no-oversell"),
        threads: 3,
        beyond: &[],
        make: |name| {
            Scenario::new(name, |setup| setup.mutex("left", 1u64))
                .stock(1)
                .role("buyer", |at, left: &Mutex<u64>| {
                    let mut left = left.lock(at);
                    if *left > 0 {
                        *left -= 1;
                        sold(at);
                    }
                })
                .into()
        },
    },
];
