//! Can my checkout sell the same ticket twice?
//!
//! Write the buying code once, against abstract synchronisation primitives ([`sync`]). Then a counting checker, loom
//! and shuttle run that very code through its interleavings, at last for *any* number of threads, and show every failure
//! as a trace that a person can review and replay; and real threads and processes run it too.
//!
//! ```
//! use oversell::check::Check;
//! use oversell::scenario::Scenario;
//! use oversell::sync::{Cell, Event};
//! use std::sync::atomic::Ordering::SeqCst;
//!
//! // What is shared, how much there is of it, and what each buyer does.
//! let wrong = Scenario::new("look-then-take", |setup| setup.cell("left", 1u64))
//!     .stock(1)
//!     .role("buyer", |at, left: &Cell<u64>| {
//!         let Some(fewer) = left.load(at, SeqCst).checked_sub(1) else { return "sold out" };
//!         left.store(at, fewer, SeqCst);
//!         at.tell(Event::sale("bought"));
//!         "bought"
//!     });
//!
//! // Two buyers can be sold the one ticket.
//! let report = Check::new(&wrong).threads("buyer", 2).run()?;
//! let witness = report.assert_refuted("no-oversell").unwrap();
//! assert_eq!(
//!     witness.lanes(&wrong),
//!     "\
//! step  buyer 0                  buyer 1                  left
//!                                                         1
//!    1  load left -> 1 (SeqCst)
//!    2                           load left -> 1 (SeqCst)
//!    3                           store left 0 (SeqCst)    0
//!                                (bought)
//!                                ends: bought
//! ✗  4  store left 0 (SeqCst)
//!       (bought)
//!       ends: bought
//! ✗ no-oversell: 2 sold of 1
//! "
//! );
//!
//! // With a compare-exchange, no number of buyers ever can.
//! let right = Scenario::new("compare-exchange", |setup| setup.cell("left", 1u64))
//!     .stock(1)
//!     .role("buyer", |at, left: &Cell<u64>| {
//!         if left.fetch_update(at, SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
//!             return "sold out";
//!         }
//!         at.tell(Event::sale("bought"));
//!         "bought"
//!     });
//! Check::new(&right).any("buyer").property("no-oversell").run()?.assert_holds();
//! # Ok::<(), oversell::check::CheckError>(())
//! ```
//!
//! # Where to look next
//!
//! * [`tutorial`]: ten short pages in which a checkout is broken and repaired.
//! * [`scenario`]: bring your own checkout, with roles, endings and properties of its own.
//! * [`guide`]: from `use std::sync::Mutex` to a proof for any number of threads, in five steps.
//! * [`drop_in`]: types with std's names, so that the code you already have can be checked by changing an import.
//! * [`sync`]: the primitives, and what the checkers rely on.
//! * [`check`]: the properties, the engines, and what each of them may claim.
//! * [`programs`]: what is built in: the programs of two tutorials, and bugs that shops really had.
//! * [`platform`]: where programs run, and [`platform::conductor`], which holds the model against the machine.
//! * [`trace`]: schedules, lanes and replay.
//! * `database`: checkouts over SQLite, PostgreSQL and MariaDB, in every order of their statements.
//!
//! # Features
//!
//! | feature | what for |
//! | --- | --- |
//! | `cli` | the `oversell` command |
//! | `shuttle` | the engines `ShuttleDfs` and `ShuttlePct` |
//! | `tokio` | drop-in types for tokio's |
//! | `sqlite`, `postgres`, `mariadb` | checkouts over these databases |
//!
//! All are on by default; as a test dependency, `default-features = false` is all that is needed.

pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
// rustdoc collects doctests without `--cfg loom`, and under loom the databases' crates are not there.
#[cfg(all(not(loom), not(doctest), any(feature = "sqlite", feature = "postgres", feature = "mariadb")))]
pub mod database;
pub mod drop_in;
pub mod guide;
pub mod platform;
pub mod programs;
pub mod scenario;
pub mod sync;
pub mod trace;
pub mod tutorial;

/// The code in the README runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
