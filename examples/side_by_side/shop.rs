// A checkout, with whatever `sync` is in scope: `std::sync`, `loom::sync`, `shuttle::sync` or `oversell::drop_in::sync`.

use self::sync::Mutex;
use self::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Tickets on sale, and what has become of them.
pub struct Shop {
    left: Mutex<u64>,
    sold: AtomicU64,
}

impl Shop {
    /// A shop with so many tickets.
    pub fn new(tickets: u64) -> Self {
        Shop { left: Mutex::new(tickets), sold: AtomicU64::new(0) }
    }

    /// How many are left.
    pub fn search(&self) -> u64 {
        *self.left.lock().unwrap()
    }

    /// How many have been sold.
    pub fn sold(&self) -> u64 {
        self.sold.load(SeqCst)
    }

    /// Takes one if any is left.
    pub fn buy(&self) -> bool {
        if self.search() == 0 {
            return false;
        }
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return false;
        }
        *left -= 1;
        self.sold.fetch_add(1, SeqCst);
        true
    }

    /// Takes one of those that were seen: somebody else may have been faster.
    pub fn buy_what_was_seen(&self) -> bool {
        let Some(fewer) = self.search().checked_sub(1) else { return false };
        *self.left.lock().unwrap() = fewer;
        self.sold.fetch_add(1, SeqCst);
        true
    }
}
