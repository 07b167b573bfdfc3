//! Steps and observations as text: what a real thread announces, and what the model's must be equal to.
//!
//! The numbers of handles are left out. Whether a write goes through the right one shows in what is on disk.

use crate::sync::{Access, Choice, Observation, Step};

/// A step. Two steps have the same text if they do the same.
pub fn step_text(names: &[&str], step: &Step) -> String {
    match step {
        Step::On(object, access) => {
            let access = match access {
                Access::Write(_, bytes) => format!("write \"{}\"", bytes.escape_ascii()),
                Access::Replace(bytes) => format!("replace with \"{}\"", bytes.escape_ascii()),
                access => format!("{access:?}"),
            };
            format!("{}#{object}: {access}", names[*object])
        }
        Step::Choose(Choice { name, alternatives }) => format!("choose {name:?} of {alternatives:?}"),
        Step::Fence(order) => format!("fence {order:?}"),
    }
}

/// An observation. Two observations have the same text if code cannot tell them apart.
pub fn observation_text(seen: &Observation) -> String {
    match seen {
        Observation::Content(bytes) => format!("content \"{}\"", bytes.escape_ascii()),
        Observation::Opened(_) => "opened".to_owned(),
        seen => format!("{seen:?}"),
    }
}
