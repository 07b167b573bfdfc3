//! Panics and crashes: they are findings, and nothing that code does about them goes unseen.

use crate::shop::{Shop, assert_says, counted, refusal, shop, take};
use oversell::check::{AutomatonError, Check, Counting, Engine, Instance, Property, Threads};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Event, Lock, Mutex, Platform};
use std::ops::ControlFlow::{Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn a_panic_under_a_mutex_refutes_no_crash_with_its_words() {
    let scenario = Scenario::new("underflow", |setup| setup.mutex("stock", 1u64))
        .stock(1)
        .role("buyer", |at, stock: &Mutex<u64>| {
            let mut left = stock.lock(at);
            *left = left.checked_sub(1).expect("stock underflow");
            at.tell(Event::sale("bought"));
        })
        .ledger(|at, stock| Some(*stock.lock(at)));
    let report = counted(&scenario, 3);
    let witness = report.assert_refuted("no-crash").unwrap();
    assert_eq!(witness.schedule.text(&scenario), "0,0,1");
    assert_eq!(witness.remark, "buyer 1 dies: stock underflow");
    assert!(report.to_string().contains("stock underflow"), "{report}");
    // The mutex of the dead is freed, so that nobody waits for ever.
    assert_eq!(report.finding("no-deadlock").verdict.name(), "proved");
    let report = Check::new(&scenario).any("buyer").property("no-crash").run().unwrap();
    assert_eq!(report.assert_refuted("no-crash").unwrap().schedule.text(&scenario), "0,0,1");
}

#[test]
fn every_kind_of_panic_is_a_crash() {
    fn unwrap(seen: u64) -> u64 {
        None.or(seen.checked_sub(2)).unwrap()
    }
    fn index(seen: u64) -> u64 {
        [7, 8][seen as usize]
    }
    fn division(seen: u64) -> u64 {
        8 / (2 - seen)
    }
    fn payload(_: u64) -> u64 {
        std::panic::panic_any(7)
    }
    for (name, code) in
        [("unwrap", unwrap as fn(u64) -> u64), ("index", index), ("division", division), ("any", payload)]
    {
        let scenario = shop(&format!("a panic of {name}"), move |at, shop| {
            // Somebody finds 0, somebody finds 2.
            let seen = shop.bell.fetch_add(at, 2, SeqCst);
            shop.door.store(at, code(seen), SeqCst);
        });
        counted(&scenario, 2).assert_refuted("no-crash");
    }
}

#[test]
fn who_dies_before_the_first_step_is_seen() {
    let scenario = shop("crash at once", |at, _: &Shop| -> &str { at.crash("no shop today") });
    let report = counted(&scenario, 1);
    let witness = report.assert_refuted("no-crash").unwrap();
    assert_eq!((witness.schedule.0.len(), witness.remark.as_str()), (0, "buyer 0 dies: no shop today"));
    assert_eq!(report.finding("no-torn-read").verdict.name(), "proved");

    let scenario = shop("torn at once", |at, shop: &Shop| -> &str {
        let _never_read = shop.note;
        at.torn("no ledger")
    });
    let report = counted(&scenario, 1);
    assert_eq!(report.assert_refuted("no-torn-read").unwrap().schedule.0.len(), 0);
    assert_eq!(report.finding("no-crash").verdict.name(), "proved", "a torn read has its own name");
    let report = Check::new(&scenario).any("buyer").property("no-torn-read").run().unwrap();
    report.assert_refuted("no-torn-read");
}

#[test]
fn a_torn_read_of_what_is_no_file_is_a_crash() {
    let scenario = Scenario::new("torn mutex", |setup| setup.mutex("ledger", "{".to_owned())).role(
        "buyer",
        |at, ledger: &Mutex<String>| {
            if !ledger.lock(at).ends_with('}') {
                at.torn("no ledger")
            }
        },
    );
    counted(&scenario, 1).assert_refuted("no-crash");
}

#[test]
fn a_parent_who_dies_before_its_first_step_is_seen() {
    let scenario = shop("torn parent", take).launch_while(|at, _| -> bool { at.torn("no ledger") });
    let report = counted(&scenario, 2);
    let witness = report.assert_refuted("no-torn-read").unwrap();
    // Between the first buyer and the second; the first takes two steps.
    assert_eq!(witness.schedule.text(&scenario), "0,0");
    let scenario = shop("crashing parent", take).launch_while(|at, _| -> bool { at.crash("enough") });
    assert_eq!(counted(&scenario, 2).assert_refuted("no-crash").unwrap().schedule.text(&scenario), "0,0");
}

#[test]
fn a_torn_read_under_a_lock_is_told_apart_from_a_crash() {
    let scenario = shop("torn note", |at, shop: &Shop| {
        let note = shop.note.read(at);
        if note.is_empty() {
            at.torn("an empty note");
        }
        shop.note.truncate(at).write(at, note);
    });
    let report = counted(&scenario, 2);
    assert_eq!(report.assert_refuted("no-torn-read").unwrap().schedule.text(&scenario), "0,0,1");
    assert_eq!(report.finding("no-crash").verdict.name(), "proved");
}

/// Something that rings a bell when it is dropped.
struct Ringing<'p>(&'p dyn Platform, Cell<u64>);

impl Drop for Ringing<'_> {
    fn drop(&mut self) {
        self.1.fetch_add(self.0, 1, SeqCst);
    }
}

#[test]
fn a_drop_that_takes_a_step_is_a_step_like_any_other() {
    let scenario = shop("a drop rings", |at, shop: &Shop| {
        let _ringing = Ringing(at, shop.bell);
        take(at, shop)
    })
    .always("rung-at-most-twice", "the bell is rung once by each", |state, shop| state.cell(shop.bell) <= 2);
    let report = counted(&scenario, 2);
    report.assert_holds();
    let report = counted(&scenario, 3);
    assert_eq!(report.assert_refuted("rung-at-most-twice").unwrap().instance.number(0), 3);
}

#[test]
fn a_drop_that_takes_a_step_while_a_panic_unwinds_is_refused() {
    let error = refusal("a drop rings in a panic", |name| {
        shop(name, |at, shop: &Shop| {
            let _ringing = Ringing(at, shop.bell);
            if shop.left.fetch_sub(at, 1, SeqCst) == 1 {
                panic!("the last ticket");
            }
        })
        .into()
    });
    assert!(matches!(error, AutomatonError::Refused { .. }), "{error}");
    assert_says(&error, &["a `Drop` takes a step while a panic unwinds", "bell", "role `buyer`"]);
}

#[test]
fn a_drop_that_takes_a_step_while_a_crash_unwinds_is_refused() {
    let error = refusal("a drop rings in a crash", |name| {
        shop(name, |at, shop: &Shop| {
            let _ringing = Ringing(at, shop.bell);
            if shop.left.fetch_sub(at, 1, SeqCst) == 1 {
                at.crash("the last ticket");
            }
        })
        .into()
    });
    assert_says(&error, &["it died of an error of its own, and yet it goes on", "bell"]);
}

#[test]
fn several_drops_that_take_steps_do_not_abort() {
    let error = refusal("many drops ring in a panic", |name| {
        shop(name, |at, shop: &Shop| -> &str {
            let _one = Ringing(at, shop.bell);
            let _other = [Ringing(at, shop.bell), Ringing(at, shop.door)];
            shop.left.load(at, SeqCst);
            panic!("three drops follow");
        })
        .into()
    });
    assert_says(&error, &["a `Drop` takes a step while a panic unwinds"]);
}

#[test]
fn a_lock_that_is_taken_and_dropped_while_a_panic_unwinds_is_refused() {
    struct Locking<'p>(&'p dyn Platform, Mutex<u64>);
    impl Drop for Locking<'_> {
        fn drop(&mut self) {
            *self.1.lock(self.0) += 1;
        }
    }
    let error = refusal("a drop locks in a panic", |name| {
        Scenario::new(name, |setup| setup.mutex("stock", 1u64))
            .role("buyer", |at, stock: &Mutex<u64>| {
                let _locking = Locking(at, *stock);
                let left = *stock.lock(at);
                assert_eq!(left, 0);
            })
            .into()
    });
    assert_says(&error, &["a `Drop` takes a step while a panic unwinds", "stock"]);
}

#[test]
fn code_that_survives_its_own_crash_is_refused() {
    let error = refusal("survives a crash", |name| {
        shop(name, |at, shop: &Shop| {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                shop.left.load(at, SeqCst);
                at.crash("caught")
            }));
            if caught.is_err() { "survived" } else { "done" }
        })
        .into()
    });
    assert_says(&error, &["it died of an error of its own, and yet it returns", "catch_unwind"]);
    let error = refusal("goes on after a crash", |name| {
        shop(name, |at, shop: &Shop| {
            let _ = catch_unwind(AssertUnwindSafe(|| at.crash("caught")));
            take(at, shop)
        })
        .into()
    });
    assert_says(&error, &["it died of an error of its own, and yet it goes on"]);
}

#[test]
fn code_that_survives_a_panic_with_a_guard_is_refused() {
    let error = refusal("survives a guard", |name| {
        Scenario::new(name, |setup| setup.mutex("stock", 1u64))
            .role("buyer", |at, stock: &Mutex<u64>| {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let left = stock.lock(at);
                    assert_eq!(*left, 0, "not sold out");
                }));
                if caught.is_err() { "survived" } else { "done" }
            })
            .into()
    });
    assert_says(&error, &["a panic dropped a guard of it, and yet it returns"]);
}

#[test]
fn a_panic_that_is_caught_and_touches_nothing_shared_is_no_crash() {
    let scenario = shop("catches a panic", |at, shop: &Shop| {
        let left = shop.left.load(at, SeqCst);
        let half = catch_unwind(|| if left % 2 == 1 { panic!("odd") } else { left / 2 });
        shop.bell.store(at, half.unwrap_or(7), SeqCst);
        take(at, shop)
    });
    let report = counted(&scenario, 3);
    assert_eq!(report.finding("no-crash").verdict.name(), "proved");
    assert_eq!(report.finding("no-oversell").verdict.name(), "proved");
}

#[test]
fn what_is_said_of_a_value_or_in_dying_is_only_words() {
    let scenario = shop("says what it saw", |at, shop: &Shop| {
        let place = shop.bell.fetch_add(at, 1, SeqCst);
        at.tell(Event::word("place").with(place));
        if place == 2 {
            at.crash(format!("place {place} is too far back"));
        }
        take(at, shop)
    });
    let report = counted(&scenario, 3);
    assert_eq!(report.finding("no-oversell").verdict.name(), "proved");
    assert_eq!(report.assert_refuted("no-crash").unwrap().remark, "buyer 2 dies: place 2 is too far back");
}

#[test]
fn who_holds_something_is_not_taken_for_one_who_does_not() {
    // Either way the span leaves nothing behind but what is held, which is freed when its holder ends.
    let scenario = Scenario::new("holds in secret", |setup| (setup.cell("first", true), setup.lock("purchase")))
        .role("buyer", |at, (first, lock): &(Cell<bool>, Lock)| {
            at.span("enter", || {
                if first.swap(at, false, SeqCst) {
                    std::mem::forget(lock.acquire(at));
                }
            });
            first.load(at, SeqCst);
        })
        .role("visitor", |at, (_, lock)| drop(lock.acquire(at)));
    counted(&scenario, 2).assert_holds();
}

#[test]
fn a_guard_that_is_forgotten_locks_others_out() {
    let scenario = Scenario::new("forgets", |setup| setup.mutex("stock", 2u64))
        .role("buyer", |at, stock: &Mutex<u64>| std::mem::forget(stock.lock(at)));
    let report = counted(&scenario, 2);
    assert_eq!(report.assert_refuted("no-deadlock").unwrap().schedule.text(&scenario), "0");
    // The lock of a file is freed by the kernel when its holder has ended.
    let scenario = Scenario::new("forgets a file's lock", |setup| setup.lock("purchase"))
        .role("buyer", |at, lock: &Lock| std::mem::forget(lock.acquire(at)));
    counted(&scenario, 2).assert_holds();
}

struct Gate {
    lock: Lock,
    flag: Cell<u64>,
    taken: Cell<u64>,
}

#[test]
fn who_waits_for_ever_with_a_lock_is_not_one_with_who_waits_without_it_if_one_may_be_killed() {
    // Neither ever does anything again; but the lock of the one is free once it is dead, and only then does a buyer sell.
    for first_holds in [true, false] {
        let scenario: Scenario = Scenario::new(format!("waits for ever {first_holds}"), |setup| Gate {
            lock: setup.lock("lock"),
            flag: setup.cell("flag", 0),
            taken: setup.cell("taken", 0),
        })
        .stock(0)
        .role("buyer", |at, gate: &Gate| {
            if gate.taken.load(at, SeqCst) == 1 {
                let _held = gate.lock.acquire(at);
                at.tell(Event::sale("bought"));
            }
        })
        .role("waiter", move |at, gate: &Gate| {
            let wait = || at.retry("wait", || if gate.flag.load(at, SeqCst) == 1 { Break(()) } else { Continue(()) });
            let holds = (at.choose("holds", &["yes", "no"]) == "yes") == first_holds;
            if holds {
                let _held = gate.lock.acquire(at);
                gate.taken.store(at, 1, SeqCst);
                wait();
            } else {
                wait();
            }
        })
        .into();
        for (kills, expected) in [(0, "proved"), (1, "refuted")] {
            let instance = Instance::of(&scenario, 1).role(1, Threads::Exactly(1)).kills(kills);
            let findings = Counting::default().check(&scenario, &instance, &[Property::NoOversell]).unwrap();
            assert_eq!(findings[0].verdict.name(), expected, "{kills}, {first_holds}");
        }
    }
}
