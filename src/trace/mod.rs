//! Traces for people: schedules as text, lanes, and replay.

mod beside;
mod faces;
mod holders;
mod html;
mod lanes;
mod layout;
pub mod page;
mod replay;
mod schedule;
mod svg;
mod title;
mod words;

pub use beside::beside;
pub(crate) use faces::value;
pub use lanes::{Closing, lanes, layout};
pub use layout::{Face, Gloss, Layout, Object, Row, RowKind, Source, Span};
#[cfg(feature = "cli")]
pub(crate) use layout::{WIDEST, fold};
pub use replay::{ReplayError, replay};
pub use schedule::{Schedule, ScheduleError};
pub(crate) use svg::{escaped, picture};
pub use title::{threads, title};
pub use words::shown;
pub(crate) use words::{step, took};
