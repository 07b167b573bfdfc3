//! Checkouts over real databases: every order of their statements, on a live server.
//!
//! A JSON file stands for a database in the tutorials. Shops have the database, and oversell all the same: whether
//! they do depends on the statements, on the isolation level, and on the product. This tries it out. A
//! [`Checkout`] is plain synchronous code over a [`Session`]; [`check`] performs it on a throw-away server with one
//! connection per buyer, in every order of their statements, and shows what fails as a trace that replays:
//!
//! ```
//! # #[cfg(feature = "sqlite")] {
//! use oversell::database::sqlite::{Busy, Journal, Sqlite};
//! use oversell::database::{Checkout, Database, End, Level, Property, Question, check, witnesses};
//! use std::sync::Arc;
//!
//! // What an ORM does without a transaction: load, change, save.
//! let mut shop = Checkout::new("shop", 1, |db| {
//!     let count = db.number("SELECT count FROM stock", &[])?;
//!     if count == 0 {
//!         return Ok(End::SoldOut);
//!     }
//!     db.execute("UPDATE stock SET count = $1", &[(count - 1).into()])?;
//!     db.sold(1);
//!     Ok(End::Bought)
//! });
//! shop.tables = vec!["CREATE TABLE stock (count INTEGER)".into()];
//! shop.fill = vec!["INSERT INTO stock VALUES (1)".into()];
//! shop.shown = vec![("count".into(), "SELECT count FROM stock".into())];
//!
//! let sqlite: Arc<dyn Database> = Arc::new(Sqlite::new(Journal::Wal, Busy::Waits));
//! let report = check(&sqlite, &shop, Level::Deferred, Question::of(2))?;
//! assert_eq!(report.finding(Property::NoOversell).verdict.holds(), Some(false));
//! println!("{}", witnesses(&[report]).unwrap());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is a step
//!
//! A statement, COMMIT, ROLLBACK. Besides:
//!
//! * A statement outside of a transaction is two steps, itself and its commit: in between, others see nothing of it.
//!   (A plain read that sees one version of everything is one step: nobody can tell when it ends.)
//! * Taking a snapshot is a step of its own before the first statement, where what that statement does can depend on
//!   more than its snapshot: in PostgreSQL from REPEATABLE READ on. In MariaDB the snapshot is taken by the first plain
//!   read, which reads from nothing else, or by `WITH CONSISTENT SNAPSHOT`, which is a step. In SQLite without a busy
//!   handler, the lock to read is taken apart from the lock to write, also by BEGIN IMMEDIATE.
//! * `INSERT … SELECT` in MariaDB, from REPEATABLE READ on, first locks what it reads, and then takes the locks to write:
//!   two steps. (Free runs of them in one step ended in an error that was not explored.)
//! * COMMIT at SERIALIZABLE in PostgreSQL is decided, for all that others may do, a moment before they see what it wrote:
//!   whoever starts over in that moment fails again. So it can also be held there (`h0` in a schedule) while others
//!   move, and seen later: the server is made to wait for a standby that there is not, which only a throw-away server
//!   can be. (Free runs had failures after the last retry that were not explored without it.)
//! * BEGIN is no step, but where it takes a lock (SQLite's IMMEDIATE).
//! * What else overlaps inside a statement is not looked at; every report says so.
//!
//! # Who waits, and who goes on
//!
//! A statement that waits for another's lock stays where it is; when the other ends, it goes on, as part of the
//! other's step. Whether it waits is asked of the database, not guessed from the time it takes:
//!
//! | database | how it is known that a statement waits | which of several goes on |
//! | --- | --- | --- |
//! | PostgreSQL | it says so itself (`log_lock_waits`), after its search for a deadlock; and two looks at `pg_locks` and `pg_blocking_pids` agree | whom its queue has first; the order of arrival is explored |
//! | MariaDB | two looks at InnoDB's status and the list of processes agree | the same |
//! | SQLite | its busy handler is called | explored: each can be the one whose next attempt succeeds |
//!
//! Two that wait in PostgreSQL for a row that then changes are free at once, and it may be a race who has it first.
//! Where a schedule with two that wait at once is seen to lead to different things, what is not refuted is
//! inconclusive, with that schedule, and the rest is explored all the same. A race that always went the same way is not
//! seen.
//!
//! The victim of a deadlock is the database's choice. In PostgreSQL it is whoever closes the circle: the others have
//! looked for one before the next step is taken. Who was the victim and starts over may be back before the other, who
//! is free to go on, has done so, and lose once more: any number of times. No order of statements shows that, so where
//! somebody starts over after a deadlock, that no buyer sees an error is never proved.
//!
//! # What is claimed
//!
//! Proved, or impossible: for up to so many buyers, on this server and version, at this level, at the granularity of
//! statements. A database that does not do the same for the same schedule, without such a race, is an error, not a
//! verdict ([`DatabaseError::NotDeterministic`]). [`Merging`] says which orders are performed only once, and why that
//! is sound: also that buyers are alike, as long as none asks who it is, in code or in SQL. The tests hold it against
//! plain exploration, and against [free runs](run_free) that nobody steers.
//!
//! # Where to look next
//!
//! * [`catalogue`]: the ways in which shops sell, right and wrong; [`table`]: all of them at every level.
//! * [`sql_file`]: a checkout in a file of SQL, for people without Rust.
//! * [`drop_in`]: the call shapes of the crates `postgres` and `rusqlite`.
//! * [`sqlite`], [`postgres`], [`mariadb`]: the databases, a cargo feature each.

#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres", feature = "mariadb")),
    allow(dead_code, reason = "each database needs its own part of what is shared")
)]

mod actors;
mod arena;
pub mod catalogue;
mod check;
mod checkout;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod drop_in;
mod error;
mod execution;
mod explore;
mod free;
#[cfg(feature = "mariadb")]
mod innodb_status;
mod lanes;
mod line;
#[cfg(feature = "mariadb")]
pub mod mariadb;
mod page;
#[cfg(feature = "postgres")]
pub mod postgres;
mod property;
mod reading;
mod replay;
mod report;
mod schedule;
#[cfg(any(feature = "postgres", feature = "mariadb"))]
mod served;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mariadb"))]
mod server;
mod session;
pub mod sql_file;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod stage;
pub mod table;
mod value;

pub use arena::{Arena, Connection, Database, Dialect, Level, Reads, Semantics, Wait};
pub use check::{Finding, Question, Report, Verdict, Witness, check};
pub use checkout::{Checkout, Code, Role};
pub use error::{DatabaseError, SqlError, Trouble};
pub use execution::{Beat, Deed, Execution, Outcome};
pub use explore::{Limits, Merging};
pub use free::run_free;
pub use lanes::{Closing, lanes, layout};
pub use line::{End, Line};
pub use page::page;
pub use property::Property;
pub use replay::{Replayed, replay};
pub use report::{replay_line, said, witnesses};
pub use schedule::{Act, Cast, Move, Schedule, ScheduleError};
pub use session::Session;
pub use stage::{Position, Stage};
pub use value::{Reply, Row, Value};
