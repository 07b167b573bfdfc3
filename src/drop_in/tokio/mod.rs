//! `tokio`'s types for threads of the kind that await, on which those can be checked (feature `tokio`; not under loom).
//!
//! A thread of [`role_async`](super::Over::role_async) is a future. Where it awaits, others may come in between, and, with
//! [`hang_ups`](super::Over::hang_ups), its client may go: then it is dropped there, and what it holds is freed.
//!
//! Under a check a thread is one future, which awaits one thing at a time: `select!`, `join!` and their like, and futures
//! of other crates, are refused. Nobody is served in the order in which they came, as any order must do.
//!
//! ```
//! use oversell::check::Check;
//! use oversell::drop_in::tokio::sync::Mutex; // was: use tokio::sync::Mutex;
//! use oversell::scenario::Scenario;
//!
//! async fn buy(left: &Mutex<u64>) -> &'static str {
//!     let mut left = left.lock().await;
//!     if *left == 0 {
//!         return "sold out";
//!     }
//!     *left -= 1;
//!     "bought"
//! }
//!
//! let shop = Scenario::over("shop", || Mutex::new(2)).stock(2).role_async("buyer", buy).sale("bought");
//! Check::new(&shop).any("buyer").run()?.assert_holds();
//! # Ok::<(), oversell::check::CheckError>(())
//! ```

pub mod sync;

/// `tokio::task`, as far as threads under check use it.
pub mod task {
    use crate::drop_in::place;

    /// Lets others go first. Under a check it is nothing: they go first anyway, in every way.
    pub async fn yield_now() {
        if !place::is_checked() {
            ::tokio::task::yield_now().await;
        }
    }
}
