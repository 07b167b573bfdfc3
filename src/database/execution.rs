//! One execution: what was done, in order, and how it came out.

use super::{Act, End, Move, Trouble};
use std::collections::BTreeSet;

/// Something that happened to one actor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// A statement was done.
    Did {
        /// The statement.
        text: String,
        /// What it brought back, or why it failed.
        reply: String,
        /// If it failed, how.
        trouble: Option<Trouble>,
        /// Whether it had been waiting before.
        waited: bool,
    },
    /// A statement waits.
    Waits {
        /// The statement.
        text: String,
        /// The actors it waits for.
        holders: Vec<usize>,
    },
    /// A COMMIT is decided, and nobody sees it yet.
    Decided {
        /// The statement.
        text: String,
    },
    /// Others see what was committed.
    Seen,
    /// A statement has waited too long, and is given up.
    GaveUp,
    /// An alternative was taken.
    Chose {
        /// Of which choice.
        name: String,
        /// Which one.
        alternative: String,
    },
    /// The connection was cut.
    Cut {
        /// Before which statement; or, if `after`, which one was carried out and not acknowledged.
        text: String,
        /// Whether the statement was carried out.
        after: bool,
    },
    /// A buyer was told that they bought so many.
    Sold(i64),
    /// A remark.
    Says(String),
    /// It ended.
    Ended(End),
}

/// One move and all that came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The move.
    pub mv: Move,
    /// If it is a choice, the alternative's name.
    pub alternative: Option<String>,
    /// What happened, to whom: first to whoever moved.
    pub deeds: Vec<(usize, Deed)>,
    /// What is committed afterwards, if that was asked for.
    pub committed: Option<String>,
}

/// How an execution came out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// How each actor ended.
    pub ends: Vec<End>,
    /// How many were told to be sold.
    pub sold: i64,
    /// What is left by the ledger; `None` if it does not say.
    pub left: Option<i64>,
    /// What is committed.
    pub committed: String,
}

/// An execution, as far as it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// What happened before the first move.
    pub before: Vec<(usize, Deed)>,
    /// What was committed then, if that was asked for.
    pub at_first: Option<String>,
    /// The moves.
    pub beats: Vec<Beat>,
    /// How it came out, if it came to its end.
    pub outcome: Option<Outcome>,
}

/// What tells one state of an execution from another.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    /// The moves.
    pub(super) order: Order,
    /// The moves since the database kept nothing for anybody.
    pub(super) since_quiet: Order,
    /// What was committed then; or, where no order is kept, what is committed now.
    pub(super) committed: String,
    /// Where no order is kept: what the database keeps for each.
    pub(super) kept: Vec<Kept>,
    /// Whether somebody has asked who it is.
    pub(super) told_apart: bool,
}

/// What a database without queues keeps for an actor, beyond what follows from what it has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// What was committed at each step of its transaction, and which version that was: one of them is what it reads.
    pub(super) versions: Vec<(String, i64)>,
    /// The version that is committed now.
    pub(super) now: i64,
    /// How its step stands: not begun, or waiting, and whether it is worth trying again.
    pub(super) standing: &'static str,
}

impl Kept {
    /// Whether it reads the newest version matters, and not which number that has.
    fn form(&self) -> String {
        let version = |(committed, version): &(String, i64)| format!("{committed} {}", *version == self.now);
        let versions: Vec<_> = self.versions.iter().map(version).collect();
        format!("{}: {}", self.standing, versions.join(", "))
    }
}

impl Trail {
    /// What two executions that lead to the same state have in common, besides what all have seen.
    pub(super) fn form(&self) -> (Vec<(u16, Move)>, String) {
        let kept: Vec<_> = self.kept.iter().map(Kept::form).collect();
        (self.since_quiet.form(), format!("{}; {}", self.committed, kept.join("; ")))
    }
}

impl Execution {
    /// All deeds, in order.
    pub fn deeds(&self) -> impl Iterator<Item = &(usize, Deed)> {
        self.before.iter().chain(self.beats.iter().flat_map(|beat| &beat.deeds))
    }

    /// How many were told to be sold so far.
    pub fn sold(&self) -> i64 {
        self.deeds().map(|(_, deed)| if let Deed::Sold(quantity) = deed { *quantity } else { 0 }).sum()
    }

    /// Whether somebody has gone on after being the victim of a deadlock.
    pub(super) fn starts_over(&self) -> bool {
        let mut victims = Vec::new();
        for (actor, deed) in self.deeds() {
            match deed {
                Deed::Did { .. } if victims.contains(actor) => return true,
                Deed::Did { trouble: Some(Trouble::Deadlock), .. } => victims.push(*actor),
                _ => {}
            }
        }
        false
    }

    /// Whether two have waited for others at once. If both come free at once, it may be a race who has what they wait
    /// for. (Whom SQLite is busy for waits for nobody in particular, and who is next is explored.)
    pub(super) fn may_race(&self) -> bool {
        let mut waiting = BTreeSet::new();
        for (actor, deed) in self.deeds() {
            match deed {
                Deed::Waits { holders, .. } if !holders.is_empty() => waiting.insert(*actor),
                _ => waiting.remove(actor),
            };
            if waiting.len() > 1 {
                return true;
            }
        }
        false
    }

    /// What each of so many actors has seen so far, in its own order. Whether it had to wait for that, it cannot see.
    pub(super) fn histories(&self, actors: usize) -> Vec<Vec<Deed>> {
        let mut histories = vec![Vec::new(); actors];
        for (actor, deed) in self.deeds() {
            histories[*actor].push(match deed.clone() {
                Deed::Waits { .. } | Deed::Decided { .. } => continue,
                Deed::Did { text, reply, trouble, .. } => Deed::Did { text, reply, trouble, waited: false },
                other => other,
            });
        }
        histories
    }
}

/// What the place of a step in the order can matter to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// To nobody: a choice, or the end of a transaction that only read versions.
    Own,
    /// To whoever commits: a read of versions, a snapshot.
    Sees,
    /// To whoever commits and whoever writes: a read that is remembered.
    Marks,
    /// To all but readers of versions: a statement that may write or lock, and made nobody wait.
    Writes,
    /// To everybody.
    Everybody,
}

impl Class {
    /// Whether two steps of different actors, side by side, lead to the same when they are swapped.
    ///
    /// A read of versions does not see what is not committed, and takes no lock. So it commutes with other reads
    /// and with writes that are still uncommitted, and with all ends of transactions that changed nothing. Two
    /// writes are taken to matter to each other, whatever they write; and so is everything that waited, failed, was
    /// cut, or let somebody else go on.
    fn commutes(self, other: Class) -> bool {
        use Class::{Everybody, Marks, Own, Sees, Writes};
        match (self, other) {
            (Everybody, _) | (_, Everybody) | (Writes, Writes) => false,
            (Marks, Writes) | (Writes, Marks) => false,
            (Own | Sees | Marks | Writes, Own | Sees | Marks | Writes) => true,
        }
    }
}

/// A sequence of steps, up to swaps of neighbours that commute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Order {
    letters: Vec<(Move, Class)>,
}

impl Order {
    pub(super) fn push(&mut self, mv: Move, class: Class) {
        self.letters.push((mv, class));
    }

    /// Forgets an actor for whom the database keeps nothing, if all it did was to see versions: no trace is left.
    pub(super) fn forget(&mut self, actor: usize) {
        let traceless = |(mv, class): &(Move, Class)| mv.actor != actor || matches!(class, Class::Own | Class::Sees);
        if self.letters.iter().all(traceless) {
            self.letters.retain(|(mv, _)| mv.actor != actor);
        }
    }

    /// The Foata normal form: each step at the earliest level after all earlier ones that it does not commute with.
    /// Two sequences have the same form exactly when swaps of commuting neighbours lead from one to the other, and so
    /// they lead to the same state.
    pub(super) fn form(&self) -> Vec<(u16, Move)> {
        let mut levels: Vec<u16> = Vec::new();
        for (i, (mv, class)) in self.letters.iter().enumerate() {
            let before = self.letters[..i].iter().zip(&levels);
            let binds = |other: &Move, its: Class| other.actor == mv.actor || !class.commutes(its);
            let level = before.filter(|((other, its), _)| binds(other, *its)).map(|(_, level)| level + 1).max();
            levels.push(level.unwrap_or(0));
        }
        let mut form: Vec<_> = levels.into_iter().zip(self.letters.iter().map(|(mv, _)| *mv)).collect();
        form.sort_unstable();
        form
    }
}

/// A schedule's switches from one actor to another.
pub(super) fn switches(moves: &[Move]) -> usize {
    moves.windows(2).filter(|pair| pair[0].actor != pair[1].actor).count()
}

impl Beat {
    /// Whether the connection of whoever moved was cut.
    pub fn is_cut(&self) -> bool {
        matches!(self.mv.act, Act::Cut | Act::CutAfter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(moves: &[(usize, Class)]) -> Vec<(u16, Move)> {
        let mut order = Order::default();
        for (actor, class) in moves {
            order.push(Move { actor: *actor, act: Act::Step }, *class);
        }
        order.form()
    }

    #[test]
    fn swapped_neighbours_that_commute_have_one_form() {
        let (read, write, commit) = (Class::Sees, Class::Writes, Class::Everybody);
        assert_eq!(form(&[(0, read), (1, read), (0, write)]), form(&[(1, read), (0, read), (0, write)]));
        assert_eq!(form(&[(0, read), (0, write), (1, read)]), form(&[(1, read), (0, read), (0, write)]));
        assert_ne!(form(&[(0, commit), (1, read)]), form(&[(1, read), (0, commit)]));
        assert_ne!(form(&[(0, write), (1, write)]), form(&[(1, write), (0, write)]));
    }
}
