//! Checkouts that choose, wait, or try.

use super::{counted, sell};
use oversell::scenario::Scenario;
use oversell::sync::{Cell, Condvar, Event, File, Mutex, RwLock, Semaphore, Setup};
use std::sync::atomic::Ordering::SeqCst;

/// Reserves, pays, and gives back what is not paid.
pub fn pays() -> Scenario {
    counted("pays", |at, shop| {
        if shop.left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            return "sold out";
        }
        if at.choose("payment", &["accepted", "declined", "lost"]) == "accepted" {
            return sell(at, 1);
        }
        shop.left.fetch_add(at, 1, SeqCst);
        "declined"
    })
    .excuses(["declined"])
    .into()
}

/// Asks again until the answer is yes.
pub fn asks_twice() -> Scenario {
    counted("asks-twice", |at, shop| {
        let first = at.choose("ready", &["yes", "no"]);
        let ready = first == "yes" || at.choose("ready now", &["yes", "no"]) == "yes";
        let seen = shop.left.load(at, SeqCst);
        if !ready || seen == 0 {
            return "sold out";
        }
        shop.left.store(at, seen - 1, SeqCst);
        sell(at, seen)
    })
    .into()
}

/// A ledger behind a reader–writer lock.
pub fn read_then_write() -> Scenario {
    Scenario::new("read-then-write", |setup: &mut Setup| setup.rwlock("left", 1u64))
        .stock(1)
        .role("buyer", |at, left: &RwLock<u64>| {
            let seen = *left.read(at);
            if seen > 0 {
                *left.write(at) -= 1;
            }
            sell(at, seen)
        })
        .ledger(|at, left| Some(*left.read(at)))
        .into()
}

/// Reads twice at once, which a writer in between must not hinder; one that dies of it frees both.
pub fn reads_twice(dies: bool) -> Scenario {
    Scenario::new("reads-twice", |setup: &mut Setup| setup.rwlock("left", 1u64))
        .stock(1)
        .role("buyer", move |at, left: &RwLock<u64>| {
            let one = left.read(at);
            let Some(other) = left.try_read(at) else { return "busy" };
            if dies {
                at.crash("with two guards in hand");
            }
            sell(at, (*one + *other).saturating_sub(1))
        })
        .role("writer", |at, left| match left.try_write(at) {
            Some(mut left) => {
                *left = 0;
                "wrote"
            }
            None => "busy",
        })
        .ledger(|at, left| Some(*left.read(at)))
        .into()
}

/// Gives up where a lock is taken.
pub fn tries() -> Scenario {
    counted("tries", |at, shop| {
        let Some(_lock) = shop.locks[0].try_acquire(at) else { return "busy" };
        let seen = shop.left.load(at, SeqCst);
        shop.left.store(at, seen.saturating_sub(1), SeqCst);
        sell(at, seen)
    })
    .into()
}

/// The same, and whoever got in dies of another step.
pub fn tries_and_dies() -> Scenario {
    counted("tries-and-dies", |at, shop| {
        let Some(_lock) = shop.locks[0].try_acquire(at) else { return "busy" };
        shop.left.load(at, SeqCst);
        at.crash("with the lock in hand")
    })
    .into()
}

/// Takes one permit for looking and another for buying, of so many.
pub fn permits(permits: u32, dies: bool) -> Scenario {
    Scenario::new("permits", move |setup: &mut Setup| (setup.semaphore("desks", permits), setup.cell("left", 1u8)))
        .stock(1)
        .role("buyer", move |at, (desks, left): &(Semaphore, Cell<u8>)| {
            let _desk = desks.acquire(at, 1);
            let seen = left.load(at, SeqCst);
            if dies {
                at.crash("at the desk");
            }
            left.store(at, seen.saturating_sub(1), SeqCst);
            sell(at, seen.into())
        })
        .ledger(|at, (_, left)| Some(left.load(at, SeqCst).into()))
        .into()
}

/// Waits for a ticket to come in, which one of these says to one or to all.
pub fn delivered(all: bool, missed: bool) -> Scenario {
    Scenario::new("delivered", |setup: &mut Setup| (setup.mutex("left", 0u64), setup.condvar("delivery")))
        .stock(0)
        .role("buyer", move |at, (left, delivery): &(Mutex<u64>, Condvar)| {
            if missed && *left.lock(at) == 0 {
                // Between this look and the wait a delivery goes unheard.
                drop(delivery.wait(left.lock(at)));
            }
            let mut left = left.lock(at);
            if *left == 0 {
                left = delivery.wait(left);
            }
            let seen = *left;
            *left = seen.saturating_sub(1);
            sell(at, seen)
        })
        .role("courier", move |at, (left, delivery)| {
            *left.lock(at) += 1;
            at.tell(Event::restocked("delivered", 1));
            if all { delivery.notify_all(at) } else { delivery.notify_one(at) }
        })
        .ledger(|at, (left, _)| Some(*left.lock(at)))
        .into()
}

/// Two wait in different places, and who is notified makes a difference.
pub fn either_is_told() -> Scenario {
    Scenario::new("either-is-told", |setup: &mut Setup| (setup.mutex("gate", 0u8), setup.condvar("told")))
        .role("left", |at, (gate, told): &(Mutex<u8>, Condvar)| {
            drop(told.wait(gate.lock(at)));
            "left"
        })
        .role("right", |at, (gate, told)| {
            drop(told.wait(gate.lock(at)));
            "right"
        })
        .role("teller", |at, (_, told)| told.notify_one(at))
        .into()
}

/// Writes through a handle that was opened before the file was replaced.
pub fn two_handles() -> Scenario {
    Scenario::new("two-handles", |setup: &mut Setup| setup.file("ledger", *b"1"))
        .stock(1)
        .role("buyer", |at, file: &File| {
            let seen = file.read(at);
            let handle = file.truncate(at);
            file.replace(at, *b"0");
            handle.write(at, *b"7");
            sell(at, u64::from(seen.starts_with(b"1")))
        })
        .ledger(|at, file| Some(u64::from(*file.read(at).first()? - b'0')))
        .into()
}
