//! What is checked: a scenario builds shared objects and says what each buyer does with them.

use crate::sync::{Event, Outcome, Platform, Setup};

/// A program that buyers run together. Write one for your own checkout code, and every engine can check
/// it; the tutorials' six programs are another implementation ([`office`](crate::office)).
///
/// ```
/// use oversell::scenario::Scenario;
/// use oversell::sync::{Cell, Event, Outcome, Platform, Setup};
/// use std::sync::atomic::Ordering::SeqCst;
///
/// /// Looks first, takes one afterwards: somebody else may come in between.
/// #[derive(Clone)]
/// struct LookThenTake;
///
/// impl Scenario for LookThenTake {
///     type Shared = Cell;
///     fn tickets(&self) -> u64 {
///         1
///     }
///     fn build(&self, setup: &mut Setup) -> Cell {
///         setup.cell("left", 1)
///     }
///     fn buyer(&self, at: &dyn Platform, left: &Cell, _number: usize) -> Outcome {
///         if left.load(at, SeqCst) == 0 {
///             return Outcome::SoldOut;
///         }
///         left.fetch_sub(at, 1, SeqCst);
///         at.tell(Event::sale("bought"));
///         Outcome::Bought
///     }
///     fn audit(&self, at: &dyn Platform, left: &Cell) -> Option<u64> {
///         Some(left.load(at, SeqCst))
///     }
/// }
///
/// use oversell::check::{Counting, Crowd, Engine, Property, Verdict};
/// let findings = Counting::default().check(&LookThenTake, &Crowd::of(2), &[Property::NoOversell])?;
/// assert!(matches!(findings[0].verdict, Verdict::Refuted { .. }));
/// # Ok::<(), oversell::check::CheckError>(())
/// ```
pub trait Scenario: Clone + Send + Sync + 'static {
    /// The handles of the shared objects.
    type Shared: Clone + Send + Sync + 'static;

    /// How many tickets there are at the start.
    fn tickets(&self) -> u64;

    /// How buyers are started.
    fn launch(&self) -> Launch {
        Launch::Together
    }

    /// Declares the shared objects. Must declare the same ones every time.
    fn build(&self, setup: &mut Setup) -> Self::Shared;

    /// What one buyer does. `number` counts from 0 and may only matter to what is printed.
    fn buyer(&self, at: &dyn Platform, shared: &Self::Shared, number: usize) -> Outcome;

    /// Under [`Launch::JoinedWhile`]: what the launcher does after each buyer has ended, and whether it goes
    /// on launching.
    fn go_on(&self, at: &dyn Platform, shared: &Self::Shared) -> bool {
        let _ = (at, shared);
        true
    }

    /// How many tickets the ledger says are left once all is over; `None` if it cannot be read.
    fn audit(&self, at: &dyn Platform, shared: &Self::Shared) -> Option<u64>;

    /// The console line for an event, if it prints one.
    fn line(&self, speaker: &Speaker, event: &Event) -> Option<String> {
        let _ = (speaker, event);
        None
    }
}

/// How buyers are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// All at once.
    Together,
    /// Each after the one before has ended.
    Joined,
    /// The same, and between two buyers the launcher asks [`Scenario::go_on`].
    JoinedWhile,
}

/// Who says a line: the buyer's number, and the process id to print for it.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// The buyer's number, from 0.
    pub buyer: usize,
    /// Its process id; in a trace, a stand-in that is the same on every run.
    pub pid: String,
}

impl Speaker {
    /// A speaker in a trace, whose process id is written `<number>`.
    pub fn in_trace(buyer: usize) -> Self {
        Speaker { buyer, pid: format!("<{buyer}>") }
    }
}
