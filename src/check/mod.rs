//! Properties, verdicts, and the engines that reach them, one file per algorithm.
//!
//! | engine | explores | claims |
//! | --- | --- | --- |
//! | [`Counting`] | every reachable state, threads counted per control point | proved for this many threads, sequentially consistent |
//! | [`Coverability`] | the same with "any number" as a count (Karp–Miller) | properties of states proved for every number of threads |
//! | [`Parametric`] | that, and ends with counters that saturate | every property proved for every number of threads, or refuted by a concrete execution |
//! | [`ToldApart`] | every reachable state of threads that know who they are | proved for this many threads, sequentially consistent |
//! | `ShuttleDfs` (feature `shuttle`) | every interleaving | proved for this many (few) threads, sequentially consistent |
//! | `ShuttlePct` (feature `shuttle`) | random schedules with many preemptions | finds, never proves |
//! | `Loom` (only with `--cfg loom`) | every execution of loom's approximation of C11 | proved under that model, within its preemption bound |
//!
//! A verdict rests on what [`sync`](crate::sync#what-the-checkers-rely-on) says of buying code, on small reads
//! and writes of a file being atomic, and on crashes not losing what was already written.

mod alternatives;
mod artefact;
mod automaton;
mod basis;
mod certificate;
#[cfg(any(loom, feature = "shuttle"))]
mod choices;
mod counting;
mod coverability;
mod directed;
mod evidence;
mod explain;
mod exploration;
mod extension;
mod interner;
mod limits;
mod livelock;
#[cfg(loom)]
mod loom;
mod outcome;
mod outcomes;
mod page;
mod parametric;
mod property;
mod report;
mod saturating;
#[cfg(feature = "shuttle")]
mod shuttle;
mod states;
#[cfg(any(loom, feature = "shuttle"))]
mod survey;
mod told_apart;
mod turns;
mod verdict;
mod verify;
mod witness;

pub use alternatives::{Alternatives, MOST_STATES, alternatives};
pub use automaton::{AutomatonError, Bound};
pub use certificate::{AbstractState, Certificate, CertificateError, Uncertified, certify};
pub use counting::Counting;
pub use coverability::Coverability;
pub use evidence::{Evidence, evidence};
pub use explain::{Explanation, explain, printed};
pub use exploration::MOST_THREADS;
pub use limits::{Limits, Progress, Watcher};
#[cfg(loom)]
pub use loom::{Loom, Preemptions};
pub use outcome::Final;
pub use outcomes::{Outcomes, Reached, outcomes};
pub use page::page;
pub use parametric::Parametric;
pub use property::{Kind, Own, Property, Scope, UnknownProperty};
pub use report::{Check, Report};
#[cfg(feature = "shuttle")]
pub use shuttle::{ShuttleDfs, ShuttlePct};
pub use told_apart::ToldApart;
pub use verdict::{Basis, CheckError, Engine, Explored, Finding, MemoryModel, Verdict, Witness};
pub use verify::verify;

pub use crate::platform::{Instance, Threads};
