//! The abstract primitives: everything that buying code may touch.
//!
//! Buying code is written once, against `&dyn` [`Platform`], and every platform (real threads, real
//! processes, loom, shuttle, a script of observations) runs that same code. The handles are plain
//! names for shared objects; what an access *does* is the platform's business:
//!
//! | handle | accesses, one atomic step each |
//! | --- | --- |
//! | [`File`] | [`read`](File::read), [`truncate`](File::truncate) then [`write`](Emptied::write), [`replace`](File::replace) |
//! | [`Lock`] | [`acquire`](Lock::acquire), and release when the [`Guard`] is dropped |
//! | [`Mutex`] | [`lock`](Mutex::lock), and unlock when the [`ValueGuard`] is dropped |
//! | [`Cell`] | [`load`](Cell::load), [`store`](Cell::store), [`compare_exchange`](Cell::compare_exchange), [`fetch_add`](Cell::fetch_add), … |
//!
//! Three more calls touch nothing shared: a [`pause`](Platform::pause), an event to record
//! ([`tell`](Platform::tell)), and a span.
//!
//! # What the checkers rely on
//!
//! * Buying code is deterministic apart from what it observes through these primitives.
//! * Buyers are interchangeable: the number only appears in what they print.
//! * What a finished span leaves behind in a buyer is only its return value. (That is what lets the
//!   counting checker forget the rest.)
//!
//! Each of the three is tested while a program is checked, and a violation is an error, not a verdict.

mod handles;
mod value;

pub use handles::{Cell, Emptied, File, Guard, Lock, Mutex, Setup, ValueGuard};
pub use value::{Bytes, Erased, Value};

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Names one shared object of a scenario: its position in the order of declaration.
pub type ObjectId = usize;

/// One atomic access to one shared object; nothing can happen in the middle of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The object that is accessed.
    pub object: ObjectId,
    /// What is done to it.
    pub access: Access,
}

/// What a step does to its object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Observe the whole content of a file.
    Read,
    /// Open a file for writing, which empties it.
    Truncate,
    /// Write through the handle that `Truncate` opened, at its start: bytes beyond the new ones stay.
    Write(Bytes),
    /// Give a file new content by renaming another file over it.
    Replace(Bytes),
    /// Take a lock; enabled only while it is free.
    Acquire,
    /// Free a lock.
    Release,
    /// Take a value mutex and observe its value; enabled only while it is free.
    LockValue,
    /// Put a value into a value mutex and free it.
    UnlockValue(Erased),
    /// Observe a cell.
    Load(Ordering),
    /// Set a cell.
    Store(u64, Ordering),
    /// Set a cell and observe what it held before.
    Swap(u64, Ordering),
    /// Add to a cell (wrapping) and observe what it held before.
    FetchAdd(u64, Ordering),
    /// Subtract from a cell (wrapping) and observe what it held before.
    FetchSub(u64, Ordering),
    /// Set a cell to `new` if it holds `expected`; observe what it held before.
    CompareExchange {
        /// The value that the cell must hold.
        expected: u64,
        /// The value that it then gets.
        new: u64,
        /// The ordering when it is set.
        success: Ordering,
        /// The ordering when it is not.
        failure: Ordering,
    },
}

/// What a buyer gets back from a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Observation {
    /// Nothing but that it is done.
    Done,
    /// The content of a file.
    Content(Bytes),
    /// The value of a value mutex.
    Value(Erased),
    /// What a cell held.
    Number(u64),
}

/// Something a buyer says: recorded in the trace, and perhaps printed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// A word for it, stable across runs: `"saw"`, `"bought"`.
    pub name: Cow<'static, str>,
    /// The number it speaks of, if any.
    pub value: Option<u64>,
    /// What it means to the properties.
    pub meaning: Meaning,
}

/// What an event means to the properties that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Only words.
    Word,
    /// From this moment a ticket counts as sold: its buyer has been told so.
    Sale,
    /// Somebody read content that is no ledger.
    TornRead,
}

impl Event {
    /// An event that only says something.
    pub fn word(name: &'static str) -> Self {
        Event { name: name.into(), value: None, meaning: Meaning::Word }
    }

    /// The buyer is told that they bought: a ticket counts as sold.
    pub fn sale(name: &'static str) -> Self {
        Event { name: name.into(), value: None, meaning: Meaning::Sale }
    }

    /// The same event, speaking of `value`.
    pub fn with(self, value: u64) -> Self {
        Event { value: Some(value), ..self }
    }
}

/// How a buyer's code ends when nothing goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Got a ticket.
    Bought,
    /// Found none left.
    SoldOut,
}

/// Where a program runs, as one buyer sees it. Implemented once per place to run; see
/// [`platform`](crate::platform).
pub trait Platform {
    /// Take one step, waiting until it is enabled.
    fn step(&self, step: Step) -> Observation;

    /// Record something that is said, and print it where the platform has a console.
    fn tell(&self, event: Event);

    /// Let time pass. Touches nothing shared: on a real machine it widens a window, elsewhere it is nothing.
    fn pause(&self, time: Duration) {
        let _ = time;
    }

    /// A span begins.
    fn enter(&self, span: &'static str) {
        let _ = span;
    }

    /// The innermost span ends and leaves `result` behind.
    fn leave(&self, span: &'static str, result: Erased) {
        let _ = (span, result);
    }

    /// The innermost span, a retry, starts over.
    fn again(&self, span: &'static str) {
        let _ = span;
    }
}

impl<'p> dyn Platform + 'p {
    /// Names a stretch of a buyer's work. Spans label traces, define what "inside search" means, and
    /// bound memory: once `body` is done, only its return value may matter to what the buyer does next.
    pub fn span<R: Value>(&self, name: &'static str, body: impl FnOnce() -> R) -> R {
        self.enter(name);
        let result = body();
        self.leave(name, Erased::new(result.clone()));
        result
    }

    /// A span that is tried until it breaks with a value. Every try starts from the same place: nothing
    /// may be carried from one to the next, so that a compare-exchange loop is a cycle, not an endless
    /// history.
    pub fn retry<R: Value>(&self, name: &'static str, mut body: impl FnMut() -> ControlFlow<R>) -> R {
        self.enter(name);
        loop {
            match body() {
                ControlFlow::Continue(()) => self.again(name),
                ControlFlow::Break(result) => {
                    self.leave(name, Erased::new(result.clone()));
                    return result;
                }
            }
        }
    }

    /// The buyer dies here, as a process does on an uncaught error. Its locks stay behind: an owned one
    /// is freed by its death, a semaphore never.
    pub fn crash(&self, reason: impl Into<String>) -> ! {
        // Unlike `panic!`, `resume_unwind` calls no panic hook, so nothing is printed.
        std::panic::resume_unwind(Box::new(Crash(reason.into())))
    }

    /// The buyer read content that is no ledger, and dies of it (as `json.load` does).
    pub fn torn(&self, reason: impl Into<String>) -> ! {
        self.tell(Event { name: "torn".into(), value: None, meaning: Meaning::TornRead });
        self.crash(reason)
    }
}

/// The unwinding payload of [`crash`](trait.Platform.html#method.crash).
pub(crate) struct Crash(pub(crate) String);
