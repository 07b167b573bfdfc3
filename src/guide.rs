//! The guide: from `use std::sync::Mutex` to a proof for any number of threads, in five steps.
//!
//! # 1. Change the import
//!
//! Code that is to be checked uses [`drop_in`](crate::drop_in)'s types in place of `std`'s. They have the same names and,
//! outside a check, do the same. Where oversell is only a dependency of tests, let the compiler choose:
//!
//! ```
//! #[cfg(not(test))]
//! use std::sync::{Mutex, atomic::AtomicU64};
//! #[cfg(test)]
//! use oversell::drop_in::sync::{Mutex, atomic::AtomicU64};
//! ```
//!
//! # 2. Say what threads do
//!
//! A [scenario](crate::scenario::Scenario::over) makes what is shared and has a role for each kind of thread. Nothing is
//! spawned: the checker runs them, in every order.
//!
//! ```
//! use oversell::check::Check;
//! use oversell::drop_in::sync::Mutex;
//! use oversell::scenario::Scenario;
//!
//! struct Shop {
//!     left: Mutex<u64>,
//! }
//!
//! impl Shop {
//!     fn buy(&self) -> bool {
//!         if *self.left.lock().unwrap() == 0 {
//!             return false;
//!         }
//!         *self.left.lock().unwrap() -= 1;
//!         true
//!     }
//! }
//!
//! let shop = Scenario::over("shop", || Shop { left: Mutex::new(1) })
//!     .names(["left"])
//!     .stock(1)
//!     .role("buyer", |shop| if shop.buy() { "bought" } else { "sold out" })
//!     .sale("bought");
//!
//! // 3. Check, and read the trace.
//! let report = Check::new(&shop).threads("buyer", 2).run()?;
//! let witness = report.assert_refuted("no-crash").unwrap();
//! let trace = witness.lanes(&shop);
//! assert!(trace.contains("CRASHES: attempt to subtract with overflow"), "{trace}");
//! # Ok::<(), oversell::check::CheckError>(())
//! ```
//!
//! # 3. Read the trace
//!
//! A thread has a lane, a step a row; beside them stands what the step changed, and where in the source it is. Time goes
//! down. The row with the ✗ is where it breaks, and below it stands what is broken. It is the shortest there is, with the
//! fewest threads, and the same on every machine, so it can be kept under review.
//!
//! # 4. Repair it, and ask for any number
//!
//! ```
//! # use oversell::check::Check;
//! # use oversell::drop_in::sync::Mutex;
//! # use oversell::scenario::Scenario;
//! # struct Shop {
//! #     left: Mutex<u64>,
//! # }
//! impl Shop {
//!     fn buy(&self) -> bool {
//!         let mut left = self.left.lock().unwrap();
//!         let enough = *left > 0;
//!         *left -= u64::from(enough);
//!         enough
//!     }
//! }
//! # let shop = Scenario::over("shop", || Shop { left: Mutex::new(1) })
//! #     .stock(1)
//! #     .role("buyer", |shop| if shop.buy() { "bought" } else { "sold out" })
//! #     .sale("bought");
//! Check::new(&shop).any("buyer").run()?.assert_holds();
//! # Ok::<(), oversell::check::CheckError>(())
//! ```
//!
//! # 5. Say what else must hold
//!
//! A property looks at what is shared as it stands between two steps, in the code's own terms; it takes no lock.
//!
//! ```
//! # use oversell::check::Check;
//! # use oversell::drop_in::sync::atomic::{AtomicU64, Ordering::SeqCst};
//! # use oversell::scenario::Scenario;
//! let queue = Scenario::over("queue", || (AtomicU64::new(2), AtomicU64::new(0)))
//!     .role("taker", |(free, taken)| {
//!         if free.fetch_update(SeqCst, SeqCst, |free| free.checked_sub(1)).is_ok() {
//!             taken.fetch_add(1, SeqCst);
//!         }
//!     })
//!     .always("no-more", "no more are taken than there are", |(_, taken), _| taken.load(SeqCst) <= 2)
//!     .always_at_end("none-lost", "at every end free and taken make two", |(free, taken), _| {
//!         free.load(SeqCst) + taken.load(SeqCst) == 2
//!     });
//! Check::new(&queue).any("taker").property("no-more").run()?.assert_holds();
//! Check::new(&queue).threads("taker", 5).run()?.assert_holds();
//! # Ok::<(), oversell::check::CheckError>(())
//! ```
//!
//! What speaks of ends may come out *inconclusive* for any number of threads: then ask for a certain number of them.
//!
//! # What the code must obey
//!
//! What is not so is refused, or does not compile, wherever that can be seen:
//!
//! * What is in a lock is `Clone + Eq + Hash + Debug + Send + Sync + 'static`, as the checker keeps it.
//! * All that threads share is made in the constructor. What is made elsewhere, or by a thread, is refused.
//! * Code is deterministic: how long something takes is a choice of [`Instant`](crate::drop_in::time::Instant), and any
//!   other choice is one of [`choose`](crate::drop_in::choose).
//!
//! # Loops
//!
//! A loop may keep anything in its locals, so to a checker no two of its turns are the same. Three things can be done:
//!
//! | the loop | its verdict |
//! | --- | --- |
//! | `fetch_update`, or [`retry`](crate::drop_in::hint::retry) around it | proved for any number of turns: their bodies are `Fn`, and remember nothing |
//! | ends by itself, as nobody can be in the way more often | proved |
//! | goes on for ever: a spin lock | **bounded**: holds as far as it was [followed](crate::drop_in::Over::turns), which the verdict says, with the line; nothing is said of ends |
//!
//! [`assert_holds`](crate::check::Report::assert_holds) does not take a bounded verdict for a proof;
//! [`assert_holds_within_turns`](crate::check::Report::assert_holds_within_turns) does.
//!
//! # What is not seen
//!
//! `unsafe` cells, statics, files, sockets, other crates' locks, and cells of `std` that are captured: nothing of that is a
//! step. What types are missing, [`drop_in`](crate::drop_in#what-is-missing) says. Of `std`'s promises, these are not modelled: that a wait may end without a notification, that a weak exchange may
//! fail for no reason, that the receiver of an `mpsc` channel may be gone. Every engine but loom is sequentially consistent, and says so where the
//! code asks for less.
//!
//! # Loom, shuttle and oversell
//!
//! All three run the same file, with another import. Loom knows weak memory, and is the one to ask about `Relaxed`; it
//! reaches two or three threads. Shuttle runs anything, at any size, at random, and every schedule of two or three.
//! Oversell proves for any number, of code that obeys the rules above. `cargo run --release --example side_by_side` puts
//! them in one table. With `RUSTFLAGS="--cfg loom"` oversell's own checks of drop-in code run on loom, too, by the engine
//! `Loom`.
