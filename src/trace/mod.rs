//! Traces for people: schedules as text, lanes, and replay.

mod lanes;
pub mod layout;
mod replay;
mod schedule;

pub use lanes::{Closing, lanes, shown};
pub use replay::{ReplayError, replay};
pub use schedule::{Schedule, ScheduleError};
