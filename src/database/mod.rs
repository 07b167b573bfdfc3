//! Checkouts over real databases: every order of their statements, on a live server.

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
#[cfg(feature = "postgres")]
pub mod postgres;
mod property;
mod replay;
mod report;
mod schedule;
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
pub use lanes::{Closing, lanes};
pub use line::{End, Line};
pub use property::Property;
pub use replay::{Replayed, replay};
pub use report::{replay_line, said, witnesses};
pub use schedule::{Act, Cast, Move, Schedule, ScheduleError};
pub use session::Session;
pub use stage::{Position, Stage};
pub use value::{Reply, Row, Value};
