//! Traces for people: schedules as text, lanes, and replay.

mod holders;
mod lanes;
mod layout;
mod replay;
mod schedule;
mod title;
mod words;

pub use lanes::{Closing, lanes, layout};
pub use layout::{Gloss, Layout, Row};
pub(crate) use layout::{WIDEST, fold};
pub use replay::{ReplayError, replay};
pub use schedule::{Schedule, ScheduleError};
pub use title::{threads, title};
pub use words::shown;
pub(crate) use words::{step, took};
