//! Types with std's names over the primitives: change an import, and the code you have can be checked.
//!
//! ```
//! use oversell::check::Check;
//! use oversell::drop_in::sync::Mutex; // was: use std::sync::Mutex;
//! use oversell::scenario::Scenario;
//!
//! struct Shop {
//!     left: Mutex<u64>,
//! }
//!
//! impl Shop {
//!     fn buy(&self) -> bool {
//!         let mut left = self.left.lock().unwrap();
//!         if *left == 0 {
//!             return false;
//!         }
//!         *left -= 1;
//!         true
//!     }
//! }
//!
//! let shop = Scenario::over("shop", || Shop { left: Mutex::new(3) })
//!     .stock(3)
//!     .role("buyer", |shop| if shop.buy() { "bought" } else { "sold out" })
//!     .sale("bought");
//! Check::new(&shop).any("buyer").run()?.assert_holds();
//! # Ok::<(), oversell::check::CheckError>(())
//! ```
//!
//! What is made in the constructor of [`Scenario::over`](crate::scenario::Scenario::over) is a shared object of that
//! scenario, and every access to it is a step of the thread that runs the code. Everything else *is* what the standard
//! library has: outside a check a drop-in type does what its namesake does, poisoning included.
//!
//! # What the code must obey
//!
//! * What is in a lock is kept by the checker, so it is `Clone + Eq + Hash + Debug + Send + Sync + 'static`:
//!
//!   ```compile_fail,E0277
//!   struct Basket(Vec<f64>);
//!   let basket = oversell::drop_in::sync::Mutex::new(Basket(vec![1.5]));
//!   drop(basket.lock());
//!   ```
//! * All that threads share is made in the constructor. What is made elsewhere, or on a thread under check, is refused.
//! * The closures of `fetch_update` are `Fn`, so that such a loop remembers nothing and can be closed. Other loops are
//!   followed for so many [turns](Over::turns), and the verdict says so.
//! * It is deterministic otherwise; see [`sync`](crate::sync#what-the-checkers-rely-on).
//!
//! # What is missing
//!
//! `AtomicPtr`; guards that own their lock (`lock_owned`, `lock_arc`) or a part of what is in it (`map`); channels without
//! room, by which threads meet (`sync_channel(0)`, refused); of `tokio`, `unbounded_channel`, `broadcast`, `watch`,
//! `OnceCell`, `Barrier` and `Semaphore::close`. A channel is made in the constructor, as all else: one `oneshot` for each
//! request, made by the thread that asks, is refused.

#[macro_use]
mod ends;
pub mod hint;
mod over;
pub mod parking_lot;
mod place;
pub mod sync;
pub mod thread;
pub mod time;
#[cfg(all(feature = "tokio", not(loom), not(doctest)))]
pub mod tokio;

use crate::sync::Event;
pub use over::Over;

/// Says something, as a sale; see [`Event`]. Outside a check nobody hears it.
#[track_caller]
pub fn tell(event: Event) {
    if place::is_checked() {
        place::on(|at| at.tell(event));
    }
}

/// Takes one of several alternatives; see [`choose`](trait.Platform.html#method.choose) of a platform. A check takes every
/// one; outside a check it is the first.
///
/// # Panics
/// There is no alternative.
#[track_caller]
pub fn choose(name: &'static str, alternatives: &'static [&'static str]) -> &'static str {
    if place::is_checked() { place::on(|at| at.choose(name, alternatives)) } else { alternatives[0] }
}

pub(crate) use place::{BEYOND, Turns, sites};
