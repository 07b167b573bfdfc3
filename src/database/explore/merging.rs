//! Which executions count as one.

use crate::database::{Deed, Execution, Move, Position};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// Which executions are taken to lead to the same state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merging {
    /// None: every order is performed.
    Plain,
    /// Those that differ only by swaps of neighbouring steps that commute. What commutes is little: steps of
    /// different connections, of which one only reads versions and the other does not commit (or reads too).
    Commuting,
    /// Those too that lead to the same state. While no transaction is open, nothing waits, and no session holds a
    /// lock, all that a database keeps is what is committed. So from such a moment on, what can happen depends on
    /// that, and on what each actor has seen (which is all that its code can go by), and on nothing else that was
    /// before. Two executions count as one when they agree in both, and have since gone the same way, up to swaps of
    /// neighbours that commute. This holds at any level, also where the database remembers transactions beyond their
    /// end: none that overlaps an open one is forgotten.
    ///
    /// SQLite keeps no order, also while transactions are open: there are no queues, and a transaction leaves nothing
    /// when it has ended but what it committed. There two executions count as one when they agree in what is committed,
    /// in what each actor has seen, whether its step waits, and which version each transaction reads. What locks each
    /// has follows from what it has seen.
    ///
    /// And those that differ only by who is who among those alike: as long as nothing tells them apart, they take
    /// their first step in the order of their numbers. Once one asks for its
    /// [number](crate::database::Session::customer), or may ask in SQL what connection it is (by a function that is not
    /// known not to tell, or what the database keeps of itself), all is explored anew without that.
    #[default]
    States,
}

/// What two executions have in common that count as one.
pub(super) type Key = (Vec<(u16, Move)>, Vec<Vec<Deed>>, String);

impl Merging {
    /// What an execution has in common with those that count as one with it.
    pub(super) fn key(self, position: &Position<'_>, actors: usize) -> Key {
        let Position { execution, trail, .. } = position;
        match self {
            Merging::Plain => (execution.beats.iter().map(|beat| (0, beat.mv)).collect(), Vec::new(), String::new()),
            Merging::Commuting => (trail.order.form(), Vec::new(), String::new()),
            Merging::States => {
                let (order, state) = trail.form();
                (order, execution.histories(actors), state)
            }
        }
    }
}

/// What all actors have seen, and can do.
pub(super) fn fingerprint(execution: &Execution, enabled: &[Move], actors: usize) -> u64 {
    let mut hasher = FxHasher::default();
    execution.histories(actors).hash(&mut hasher);
    enabled.hash(&mut hasher);
    hasher.finish()
}
