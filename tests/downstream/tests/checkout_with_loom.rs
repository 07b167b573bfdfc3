//! The same with loom alone: two buyers, and no trace.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicI32, AtomicU32, Ordering::SeqCst};
use loom::thread;

type Take = fn(&AtomicU32) -> bool;

fn check(take: Take) {
    loom::model(move || {
        let shop = Arc::new((AtomicU32::new(1), AtomicU32::new(0), AtomicI32::new(0)));
        let buyer = |shop: Arc<(AtomicU32, AtomicU32, AtomicI32)>| {
            thread::spawn(move || {
                if take(&shop.0) {
                    assert!(shop.2.fetch_add(1, SeqCst) < 1, "sold twice");
                    shop.1.fetch_add(1, SeqCst);
                }
            })
        };
        let canceller = |shop: Arc<(AtomicU32, AtomicU32, AtomicI32)>| {
            thread::spawn(move || {
                if take(&shop.1) {
                    shop.2.fetch_sub(1, SeqCst);
                    shop.0.fetch_add(1, SeqCst);
                }
            })
        };
        for thread in [buyer(shop.clone()), buyer(shop.clone()), canceller(shop.clone())] {
            thread.join().unwrap();
        }
    });
}

#[test]
#[should_panic = "sold twice"]
fn looking_first_and_taking_afterwards_sells_a_ticket_twice() {
    check(|cell| {
        let seen = cell.load(SeqCst);
        if seen > 0 {
            cell.store(seen - 1, SeqCst);
        }
        seen > 0
    });
}

#[test]
fn taking_in_one_step_sells_it_once_to_two() {
    check(|cell| cell.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok());
}
