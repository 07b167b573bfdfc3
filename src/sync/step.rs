//! Steps: what can be done to a shared object, and what is observed of it.

use super::{Bytes, Erased, Word};
use std::sync::atomic::Ordering;

/// Names one shared object of a scenario: its position in the order of declaration.
pub type ObjectId = usize;

/// One atomic access to something shared, or a choice; nothing can happen in the middle of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An access to an object.
    On(ObjectId, Access),
    /// One of several alternatives is taken. Touches nothing shared.
    Choose(Choice),
    /// A memory fence. Touches nothing by itself; it orders accesses to cells.
    Fence(Ordering),
}

impl Step {
    /// The object that is accessed, if one is.
    pub fn object(&self) -> Option<ObjectId> {
        match self {
            Step::On(object, _) => Some(*object),
            Step::Choose(_) | Step::Fence(_) => None,
        }
    }
}

/// A choice between named alternatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// What is chosen: `payment`.
    pub name: &'static str,
    /// From what: `accepted`, `declined`.
    pub alternatives: &'static [&'static str],
}

/// Names the file behind a name: another one after each replacement. What [`Access::Truncate`] opens and
/// [`Access::Write`] writes to. On a real machine it is a handle's own number instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inode(pub u32);

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// By one thread alone.
    Exclusive,
    /// Together with other readers.
    Shared,
    /// So many permits of a semaphore.
    Permits(u32),
    /// Not held: a place among those who wait for a condition variable.
    Waiting(usize),
}

/// What a step does to its object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Observe the whole content of a file.
    Read,
    /// Open a file for writing, which empties it.
    Truncate,
    /// Write through a handle that `Truncate` opened, at its start: bytes beyond the new ones stay. If the name has
    /// been given another file since, it is the old one that is written to.
    Write(Inode, Bytes),
    /// Give a file new content by renaming another file over it.
    Replace(Bytes),
    /// Take a lock, and observe its value if it has one; enabled only while nobody is in the way.
    Lock(Mode),
    /// The same, but where it would have to wait, give up.
    TryLock(Mode),
    /// Free a lock, and put a value into it.
    Unlock(Mode, Option<Erased>),
    /// Add permits to a semaphore that nobody has taken.
    AddPermits(u32),
    /// Take a place among those who wait for a condition variable, and observe its number.
    Wait,
    /// Leave this place; enabled only once it has been notified.
    Wake(usize),
    /// Notify one of those who wait, whichever; nobody if nobody does.
    NotifyOne,
    /// Notify all of those who wait.
    NotifyAll,
    /// Observe a cell.
    Load(Ordering),
    /// Set a cell.
    Store(Word, Ordering),
    /// Change a cell and observe what it held before.
    Update(Operation, Word, Ordering),
    /// Set a cell to `new` if it holds `expected`; observe what it held before.
    CompareExchange {
        /// The value that the cell must hold.
        expected: Word,
        /// The value that it then gets.
        new: Word,
        /// The ordering when it is set.
        success: Ordering,
        /// The ordering when it is not.
        failure: Ordering,
    },
}

/// How [`Access::Update`] makes a new value of the old one and its operand. Arithmetic wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The operand.
    Swap,
    /// The sum.
    Add,
    /// The difference.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Bitwise and, negated.
    Nand,
    /// The larger.
    Max,
    /// The smaller.
    Min,
}

/// What a thread gets back from a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Observation {
    /// Nothing but that it is done.
    Done,
    /// The content of a file.
    Content(Bytes),
    /// Which file was opened.
    Opened(Inode),
    /// The value of a lock that has been taken.
    Value(Erased),
    /// The lock was not to be had.
    Refused,
    /// What a cell held.
    Held(Word),
    /// A place among those who wait.
    Place(usize),
    /// Which alternative was taken, by its position.
    Chosen(usize),
}
