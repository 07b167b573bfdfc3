//! A first check: can two buyers be sold the same ticket?
//!
//! `cargo test` runs it. Put your own code in place of `Shop`: it need not know of any of this but for its import.

use oversell::check::Check;
use oversell::drop_in::sync::Mutex; // in your code: instead of `std::sync::Mutex`
use oversell::scenario::Scenario;

/// What threads share.
struct Shop {
    left: Mutex<u64>,
}

impl Shop {
    fn new(tickets: u64) -> Self {
        Shop { left: Mutex::new(tickets) }
    }

    /// Takes a ticket if any is left.
    fn buy(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return false;
        }
        *left -= 1;
        true
    }
}

#[test]
fn no_ticket_is_sold_twice() {
    // What is shared is made anew for each execution, and every thread of a role runs its code.
    let shop = Scenario::over("shop", || Shop::new(3))
        .stock(3)
        .role("buyer", |shop| if shop.buy() { "bought" } else { "sold out" })
        // Whoever ends so has been sold a ticket.
        .sale("bought");
    // Of any number of buyers. `.threads("buyer", 3)` asks for three; what fails is shown as a trace.
    Check::new(&shop).any("buyer").run().unwrap().assert_holds();
}
