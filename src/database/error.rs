//! What can go wrong with a statement, and with an exploration.

use std::fmt;

/// What kind of failure a database reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The transaction cannot be put in order with the others; start it over.
    Serialization,
    /// The database ended a deadlock at this transaction's expense; start it over.
    Deadlock,
    /// A lock did not come in time, or is not waited for (SQLite's busy).
    Busy,
    /// A constraint forbids it: a duplicate key, a check.
    Constraint,
    /// The connection is gone; what became of the statement is not known.
    ConnectionLost,
    /// The database fails it for another reason.
    Refused,
    /// The statement itself is wrong: a mistake in the checkout, not an outcome of it.
    Wrong,
}

/// A statement failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// What kind of failure it is.
    pub trouble: Trouble,
    /// What the database says, shortened to its first line.
    pub message: String,
}

impl SqlError {
    /// A failure of this kind.
    pub fn new(trouble: Trouble, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        SqlError { trouble, message: message.lines().next().unwrap_or_default().to_owned() }
    }

    pub(super) fn wrong(message: impl fmt::Display) -> Self {
        SqlError::new(Trouble::Wrong, message)
    }

    pub(super) fn lost(message: impl fmt::Display) -> Self {
        SqlError::new(Trouble::ConnectionLost, message)
    }

    /// Whether the transaction may go through when it is started over.
    pub fn is_retryable(&self) -> bool {
        matches!(self.trouble, Trouble::Serialization | Trouble::Deadlock | Trouble::Busy)
    }
}

/// An exploration could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// There is no server to be had.
    #[error("{0}")]
    NoServer(String),
    /// The database did not do what the exploration itself asked of it.
    #[error("`{statement}` failed: {message}")]
    Statement {
        /// What was asked.
        statement: String,
        /// What the database says.
        message: String,
    },
    /// A checkout's statement that is a mistake.
    #[error("{who} asks `{statement}`, which is wrong: {message}")]
    Wrong {
        /// Whose statement it is.
        who: String,
        /// The statement.
        statement: String,
        /// What the database says.
        message: String,
    },
    /// The database went away.
    #[error("the database went away during `{statement}` of {who}: {message}")]
    Died {
        /// Whose statement it was.
        who: String,
        /// The statement.
        statement: String,
        /// What the client says.
        message: String,
    },
    /// A lock is held by somebody who is not part of the exploration.
    #[error(
        "`{statement}` of {who} waits for a lock that {holder} holds, which is no part of this; end that transaction, \
         or use a database made for this"
    )]
    Outside {
        /// Who waits.
        who: String,
        /// For which statement.
        statement: String,
        /// Who holds the lock.
        holder: String,
    },
    /// Nothing has happened for too long.
    #[error("nothing has come of `{statement}` of {who} for {seconds} s; the exploration was given up")]
    Silence {
        /// Who is not heard of.
        who: String,
        /// During which statement.
        statement: String,
        /// For how long.
        seconds: u64,
    },
    /// The same schedule led to different things.
    #[error("the schedule {schedule} does not always lead to the same: {what}")]
    NotDeterministic {
        /// Which schedule.
        schedule: String,
        /// What differs.
        what: String,
    },
    /// A schedule that does not fit.
    #[error("step {position} of the schedule, `{text}`, cannot happen: {what}")]
    Misfit {
        /// Which move, counted from 1.
        position: usize,
        /// The move, as it is written.
        text: String,
        /// Why not.
        what: String,
    },
    /// A schedule that says nothing.
    #[error("{0}")]
    Schedule(String),
    /// Tables are in the way that this did not make.
    #[error("{0}")]
    NotOurs(String),
    /// A file of SQL that is no checkout.
    #[error("{0}")]
    File(String),
}
