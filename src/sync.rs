//! Abstract synchronisation primitives: all that buying code may use.
//!
//! Code is written against [`dyn Platform`](Platform) and the objects that [`Setup`] declares. A *step* is one
//! atomic access to one shared object; nothing can happen in the middle of it. Everything else that code does, up
//! to its next step, touches nothing shared and so belongs to the step before it.
//!
//! # What the checkers rely on
//!
//! * The code is deterministic: what it does depends on what it has observed and chosen through the platform, and
//!   on nothing else (no clock, no random numbers, no statics that change, no interior mutability in what it
//!   captures). This is cross-checked while a program is read; see [`check`](crate::check).
//! * The [`Eq`] of a shared or returned value tells apart what the code can tell apart.
//!
//! What needs no trust: a thread's code is given no number, so all threads of a role are alike (but for
//! [`role_by`](crate::scenario::Builder::role_by), whose threads are never taken for alike); and the body of a span or
//! retry is `Fn`, so what it captures cannot carry anything past the span but its return value.

mod cell;
mod condvar;
mod file;
mod lock;
mod setup;
mod step;
mod value;

pub use cell::{Cell, CellKind, Primitive, Word};
pub use condvar::Condvar;
pub use file::{Emptied, File};
pub use lock::{Guard, Lock, Mutex, Permits, ReadGuard, RwLock, Semaphore, ValueGuard};
pub use setup::Setup;
pub use step::{Access, Choice, Inode, Mode, ObjectId, Observation, Operation, Step};
pub use value::{Bytes, Erased, Value};

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Something a thread says: recorded in the trace, and perhaps printed.
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
    /// From this moment so many tickets count as sold: their buyer has been told so.
    Sale(u32),
    /// So many tickets that were sold are on sale again.
    GivenBack(u32),
    /// There are so many tickets more than before.
    Restocked(u32),
    /// Somebody read content that is no ledger.
    TornRead,
}

impl Event {
    /// An event that only says something.
    pub fn word(name: &'static str) -> Self {
        Event { name: name.into(), value: None, meaning: Meaning::Word }
    }

    /// The buyer is told that they bought: one ticket counts as sold.
    pub fn sale(name: &'static str) -> Self {
        Event { meaning: Meaning::Sale(1), ..Event::word(name) }
    }

    /// The buyer is told that they bought so many tickets.
    pub fn sale_of(name: &'static str, tickets: u32) -> Self {
        Event { meaning: Meaning::Sale(tickets), ..Event::word(name) }.with(tickets.into())
    }

    /// So many tickets that were sold before are given back.
    pub fn given_back(name: &'static str, tickets: u32) -> Self {
        Event { meaning: Meaning::GivenBack(tickets), ..Event::word(name) }
    }

    /// So many tickets are added to the stock.
    pub fn restocked(name: &'static str, tickets: u32) -> Self {
        Event { meaning: Meaning::Restocked(tickets), ..Event::word(name) }
    }

    /// The same event, speaking of `value`.
    pub fn with(self, value: u64) -> Self {
        Event { value: Some(value), ..self }
    }
}

/// How a thread's code ends when nothing goes wrong: one of the scenario's own names, such as `bought`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ending(pub Cow<'static, str>);

impl From<&'static str> for Ending {
    fn from(name: &'static str) -> Self {
        Ending(name.into())
    }
}

impl From<()> for Ending {
    /// Code that returns nothing is `done`.
    fn from((): ()) -> Self {
        Ending("done".into())
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a thread died of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Death {
    /// In words.
    pub reason: String,
    /// Whether it was content that is no ledger, which `no-torn-read` speaks of and `no-crash` does not.
    pub torn: bool,
}

/// Where a program runs, as one thread sees it. Implemented once per place to run; see
/// [`platform`](crate::platform).
pub trait Platform {
    /// Takes one step, waiting until it is enabled.
    fn step(&self, step: Step) -> Observation;

    /// Records something that is said, and prints it where the platform has a console.
    fn tell(&self, event: Event);

    /// Lets time pass. Touches nothing shared: on a real machine it widens a window, elsewhere it is nothing.
    fn pause(&self, time: Duration) {
        let _ = time;
    }

    /// A span begins. A platform that knows what it left behind in an earlier run says so, and its body is skipped.
    fn enter(&self, span: &'static str) -> Option<Erased> {
        let _ = span;
        None
    }

    /// The innermost span ends and leaves `result` behind.
    fn leave(&self, span: &'static str, result: Erased) {
        let _ = (span, result);
    }

    /// The innermost span, a retry, starts over.
    fn again(&self, span: &'static str) {
        let _ = span;
    }

    /// The thread dies now, as a process does on an uncaught error.
    fn die(&self, death: Death) -> ! {
        // Unlike `panic!`, `resume_unwind` calls no panic hook, so nothing is printed.
        std::panic::resume_unwind(Box::new(death))
    }

    /// No verdict can be given on this code, in these words.
    fn refuse(&self, reason: String) -> ! {
        self.die(Death { reason, torn: false })
    }

    /// Whether this is one of many executions that are gone through: then code that goes round and round is to be
    /// stopped.
    fn explores(&self) -> bool {
        false
    }

    /// A guard is dropped by unwinding. It takes no step: what becomes of the locks of the dead is the platform's
    /// affair.
    fn unwound(&self, object: ObjectId) {
        let _ = object;
    }
}

impl<'p> dyn Platform + 'p {
    /// Names a stretch of a thread's work. Spans label traces, define what "inside search" means, and bound memory:
    /// once `body` is done, its return value is all that it leaves behind.
    ///
    /// A body that keeps a count is no `Fn`:
    ///
    /// ```compile_fail,E0594
    /// # use oversell::sync::Platform;
    /// fn search(at: &dyn Platform) {
    ///     let mut looks = 0;
    ///     at.span("search", || looks += 1);
    /// }
    /// ```
    pub fn span<R: Value>(&self, name: &'static str, body: impl Fn() -> R) -> R {
        if let Some(result) = self.enter(name) {
            return recall(name, &result);
        }
        let result = body();
        self.leave(name, Erased::new(result.clone()));
        result
    }

    /// A span that is tried until it breaks with a value. Every try starts from the same place, so that a
    /// compare-exchange loop is a cycle, not an endless history.
    ///
    /// ```compile_fail,E0594
    /// # use oversell::sync::{Cell, Platform};
    /// # use std::{ops::ControlFlow::{Break, Continue}, sync::atomic::Ordering::SeqCst};
    /// fn lock(at: &dyn Platform, lock: &Cell<u64>) {
    ///     let mut tries = 0;
    ///     at.retry("lock", || {
    ///         if lock.swap(at, 1, SeqCst) == 0 {
    ///             return Break(());
    ///         }
    ///         tries += 1;
    ///         if tries == 5 { Break(()) } else { Continue(()) }
    ///     });
    /// }
    /// ```
    pub fn retry<R: Value>(&self, name: &'static str, body: impl Fn() -> ControlFlow<R>) -> R {
        if let Some(result) = self.enter(name) {
            return recall(name, &result);
        }
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

    /// Takes one of several alternatives: whether a payment is accepted, or a hold still valid. The exhaustive
    /// engines take every one; a real run draws one. Step: *choose*.
    ///
    /// ```
    /// # use oversell::sync::Platform;
    /// fn pay(at: &dyn Platform) -> bool {
    ///     at.choose("payment", &["accepted", "declined"]) == "accepted"
    /// }
    /// ```
    ///
    /// # Panics
    /// There is no alternative, or one that no schedule can name: empty, with a comma or a colon in it, or there
    /// twice.
    pub fn choose(&self, name: &'static str, alternatives: &'static [&'static str]) -> &'static str {
        assert!(!alternatives.is_empty(), "the choice `{name}` has no alternatives");
        for (i, alternative) in alternatives.iter().enumerate() {
            let plain = !alternative.is_empty() && !alternative.contains([',', ':']);
            let new = !alternatives[..i].contains(alternative);
            assert!(plain && new, "a schedule cannot name the alternative `{alternative}` of the choice `{name}`");
        }
        match self.step(Step::Choose(Choice { name, alternatives })) {
            Observation::Chosen(index) => alternatives[index],
            other => unreachable!("a choice observed {other:?}"),
        }
    }

    /// A memory fence. Under sequential consistency it does nothing. Step: *fence*.
    ///
    /// # Panics
    /// As in `std`, there is no relaxed fence.
    pub fn fence(&self, order: Ordering) {
        assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
        self.step(Step::Fence(order));
    }

    /// The thread dies here, as a process does on an uncaught error. Its locks stay behind: an owned one is freed
    /// by its death, a semaphore never.
    pub fn crash(&self, reason: impl Into<String>) -> ! {
        self.die(Death { reason: reason.into(), torn: false })
    }

    /// The thread read content that is no ledger, and dies of it (as `json.load` does).
    pub fn torn(&self, reason: impl Into<String>) -> ! {
        self.tell(Event { name: "torn".into(), value: None, meaning: Meaning::TornRead });
        self.die(Death { reason: reason.into(), torn: true })
    }

    /// Takes a step on an object.
    pub(crate) fn on(&self, object: ObjectId, access: Access) -> Observation {
        self.step(Step::On(object, access))
    }
}

/// What a skipped span left behind.
fn recall<R: Value>(name: &str, result: &Erased) -> R {
    match result.get::<R>() {
        Some(result) => result.clone(),
        // A span of this name has left a value of another type: the code is not the same as when it was read.
        None => panic!("the span `{name}` once left {result:?}, which is of another type than it leaves now"),
    }
}
