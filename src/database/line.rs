//! The line between a checkout's thread and the stage: one announces, the other says when.

use super::{DatabaseError, Trouble};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

/// What a step is, as far as the order of steps goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The transaction's snapshot is taken.
    Snapshot,
    /// A statement that only reads, and takes no lock of its own accord.
    Read,
    /// Any other statement, and a BEGIN that takes a lock.
    Statement,
    /// COMMIT; `wrote` unless the transaction only read.
    Commit {
        /// Whether it may have changed or locked something.
        wrote: bool,
        /// Whether it can be held: decided, and not seen yet.
        held: bool,
    },
    /// ROLLBACK; `wrote` unless the transaction only read.
    Rollback {
        /// Whether it may have changed or locked something.
        wrote: bool,
    },
    /// A choice between these.
    Choice(Vec<String>),
}

/// What a thread is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// As it is shown.
    pub text: String,
    /// What it is.
    pub kind: Kind,
}

/// How an actor ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// With a ticket.
    Bought,
    /// Without, finding none left.
    SoldOut,
    /// Without, of their own will: the payment was declined, say.
    Withdrew,
    /// In a way of the checkout's own.
    Other(String),
    /// With an error that the buyer sees.
    Failed(String),
}

/// What a thread tells.
#[derive(Debug)]
pub(super) enum Report {
    /// It stands before a step.
    Announces(Announcement),
    /// The step is done. `keeps`: the database keeps something for it: an open transaction, a lock of the session.
    Did { reply: String, trouble: Option<Trouble>, keeps: bool },
    /// A buyer is told that they bought so many.
    Sold(i64),
    /// Something worth a line in the trace.
    Says(String),
    /// It asks who it is, which tells it from others of its kind.
    ToldApart,
    /// SQLite is busy, and the statement waits to be tried again.
    Parks,
    /// PostgreSQL says that the statement waits, after its search for deadlocks; or waits no more.
    Notice { waits: bool },
    /// The thread has ended.
    Ends(End),
    /// It cannot go on, and neither can the exploration.
    Breaks(DatabaseError),
}

/// What a thread is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Go,
    Take(usize),
    Cut,
    CutAfter,
    /// Commit, and let nobody see it.
    Hold,
    /// What was committed is seen now.
    Show,
    /// Do not try again (SQLite).
    GiveUp,
    /// The execution is over; unwind.
    Stop,
}

/// A thread's end of the line.
#[derive(Clone)]
pub struct Line {
    pub(super) actor: usize,
    pub(super) reports: Sender<(usize, Report)>,
    /// Held only by the thread itself, for as long as it waits.
    pub(super) orders: Arc<Mutex<Receiver<Order>>>,
}

/// What a thread unwinds with when its execution is over before its code is.
pub(super) struct Stopped;

impl Line {
    /// Tells; if nobody listens any more, the execution is over.
    pub(super) fn tell(&self, report: Report) {
        if self.reports.send((self.actor, report)).is_err() {
            std::panic::resume_unwind(Box::new(Stopped));
        }
    }

    /// Waits for the next order.
    pub(super) fn hear(&self) -> Order {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.recv().unwrap_or(Order::Stop)
    }

    /// What was ordered in the meantime, if anything.
    pub(super) fn told(&self) -> Option<Order> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
    }

    /// Announces a step and waits for its turn.
    pub(super) fn turn(&self, announcement: Announcement) -> Order {
        self.tell(Report::Announces(announcement));
        match self.hear() {
            Order::Stop => std::panic::resume_unwind(Box::new(Stopped)),
            order => order,
        }
    }

    /// From inside a statement that finds SQLite busy: whether it is to be tried again. Does not unwind, since
    /// there is C below.
    pub(super) fn park(&self) -> bool {
        self.reports.send((self.actor, Report::Parks)).is_ok() && self.hear() == Order::Go
    }
}
