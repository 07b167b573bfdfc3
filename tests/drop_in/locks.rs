//! Mutexes and atomics.

use oversell::check::Check;
use oversell::drop_in::Over;
use oversell::drop_in::sync::atomic::{AtomicU64, Ordering::SeqCst};
use oversell::drop_in::sync::{Mutex, PoisonError};
use oversell::scenario::Scenario;

struct Shop {
    left: Mutex<u64>,
    served: AtomicU64,
}

impl Shop {
    fn new(left: u64) -> Self {
        Shop { left: Mutex::new(left), served: AtomicU64::new(0) }
    }

    fn buy(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return false;
        }
        *left -= 1;
        self.served.fetch_add(1, SeqCst);
        true
    }

    fn look_then_buy(&self) -> bool {
        if *self.left.lock().unwrap() == 0 {
            return false;
        }
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(1);
        self.served.fetch_add(1, SeqCst);
        true
    }
}

fn shop(buy: fn(&Shop) -> bool) -> Over<Shop> {
    Scenario::over("shop", || Shop::new(2))
        .names(["left", "served"])
        .stock(2)
        .role("buyer", move |shop| if buy(shop) { "bought" } else { "sold out" })
        .sale("bought")
        .ledger(|shop| Some(*shop.left.lock().unwrap()))
        .always("served", "no more are served than there are", |shop, _| shop.served.load(SeqCst) <= 2)
}

#[test]
fn a_mutex_is_proved_for_any_number() {
    Check::new(&shop(Shop::buy)).any("buyer").run().unwrap().assert_holds();
}

#[test]
fn a_look_before_the_lock_is_found() {
    let shop = shop(Shop::look_then_buy);
    let report = Check::new(&shop).threads("buyer", 3).run().unwrap();
    println!("{report}");
    report.assert_refuted("no-oversell");
    report.assert_refuted("served");
}

/// Whoever panics with a mutex in hand leaves it poisoned, and what they had done to it by then.
#[test]
fn a_panic_poisons_as_in_std() {
    let scenario = |heeds: bool| {
        Scenario::over("poison", || Mutex::new(3u64))
            .role("breaker", |left| {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                *left = 0;
                if *left == 0 {
                    panic!("in the middle");
                }
            })
            .role("buyer", move |left| match left.lock() {
                Ok(left) => assert_eq!(*left, 3),
                Err(poisoned) if heeds => assert_eq!(*poisoned.into_inner(), 0),
                Err(_) => panic!("poisoned"),
            })
            .always_at_end("one", "only the breaker dies", |_, end| end.crashed() == 1)
    };
    let report = Check::new(&scenario(true)).threads("breaker", 1).property("one").run().unwrap();
    report.assert_holds();
    let report = Check::new(&scenario(false)).threads("breaker", 1).run().unwrap();
    println!("{report}");
    report.assert_refuted("one");
}
