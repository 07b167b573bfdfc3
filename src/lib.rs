//! Can my checkout sell the same ticket twice?
//!
//! Write the buying code once, against abstract synchronisation primitives ([`sync`]). Then loom, shuttle and a
//! counting checker run that very code through its interleavings, at last for *any* number of buyers, and show
//! every failure as a trace that a person can review and replay; and real threads and processes run it too.
//!
//! The built-in subject is a ticket rush: six programs from two tutorials, and one repair ([`office`]). Buyers
//! search how many tickets are left and buy one, over a shared JSON file, with the purchase lock in the wrong
//! place, the right place, or nowhere.
//!
//! ```
//! use oversell::check::{Counting, Coverability, Crowd, Engine, Property, Verdict};
//! use oversell::office::{Program, Rush};
//!
//! // Without a lock, all ten buyers can be sold the one ticket.
//! let unlocked = Rush::new(Program::named("unlocked")?, 1);
//! let findings = Counting::default().check(&unlocked, &Crowd::of(10), &[Property::NoOversell])?;
//! assert_eq!(findings[0].worst, Some(10));
//! let Verdict::Refuted { witness, .. } = &findings[0].verdict else { unreachable!() };
//! assert_eq!(witness.schedule.to_string(), "0,0,1,1,1,1,0,0");
//! println!("{}", witness.lanes(&unlocked));
//!
//! // With the lock around the purchase, no number of buyers ever can.
//! let locked = Rush::new(Program::named("purchase-locked")?, 1);
//! let any_number = Coverability::default();
//! let findings = any_number.check(&locked, &Crowd::of(0), &[Property::NoOversell])?;
//! assert!(matches!(findings[0].verdict, Verdict::Proved(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look next
//!
//! * [`scenario::Scenario`]: bring your own purchase code; its page has an example that runs.
//! * [`check`]: the properties, the engines, and what each of them may claim.
//! * [`platform`]: where programs run, and [`platform::conductor`], which holds the model against the machine.
//! * [`trace`]: schedules, lanes and replay.
//! * `database`: checkouts over SQLite, PostgreSQL and MariaDB, in every order of their statements.
//! * [`cli`]: the `oversell` command.

pub mod check;
pub mod cli;
#[cfg(not(loom))]
pub mod database;
pub mod office;
pub mod platform;
pub mod scenario;
pub mod sync;
pub mod trace;
