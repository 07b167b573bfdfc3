//! Properties, verdicts, and the engines that reach them, one file per algorithm.
//!
//! | engine | explores | claims |
//! | --- | --- | --- |
//! | [`Counting`] | every reachable state, buyers counted per control point | proved for this many buyers |
//! | [`Coverability`] | the same with "any number" as a count (Karp–Miller) | safety proved for every number of buyers |
//! | [`ShuttleDfs`] | every interleaving | proved for this many (few) buyers |
//! | [`ShuttlePct`] | random schedules with many preemptions | finds, never proves |
//! | `Loom` (only with `--cfg loom`) | every execution under the C11 memory model | proved, within its preemption bound |
//!
//! A verdict rests on what [`sync`](crate::sync#what-the-checkers-rely-on) says of buying code, on small reads
//! and writes of a file being atomic, and on crashes not losing what was already written.

mod automaton;
mod counting;
mod coverability;
mod explain;
mod exploration;
mod interner;
#[cfg(loom)]
mod loom;
mod outcomes;
mod property;
mod shuttle;
mod states;
mod survey;
mod verdict;
mod witness;

pub use automaton::{AutomatonError, Bound};
pub use counting::Counting;
pub use coverability::Coverability;
pub use explain::{Explanation, explain};
pub use exploration::MOST_BUYERS;
#[cfg(loom)]
pub use loom::{Loom, Preemptions};
pub use outcomes::{Reached, outcomes};
pub use property::{Final, Kind, Property, SEARCH, Sighting, sighting};
pub use shuttle::{ShuttleDfs, ShuttlePct};
pub use verdict::{CheckError, Engine, Explored, Finding, Verdict, Witness};

pub use crate::platform::model::Crowd;
