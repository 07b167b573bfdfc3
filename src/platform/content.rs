//! What a shared object holds, and what each access does to it.

use crate::sync::{Access, Bytes, Erased, Observation};

/// The content of one shared object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// The bytes of a file.
    File(Bytes),
    /// A lock.
    Lock {
        /// Whether somebody holds it.
        held: bool,
    },
    /// A value mutex.
    Mutex {
        /// What was last put into it.
        value: Erased,
        /// Whether somebody holds it.
        held: bool,
    },
    /// An atomic cell.
    Cell(u64),
}

impl Content {
    /// Whether the access can happen now; only taking a held lock cannot.
    pub fn enables(&self, access: &Access) -> bool {
        !matches!(
            (self, access),
            (Content::Lock { held: true }, Access::Acquire) | (Content::Mutex { held: true, .. }, Access::LockValue)
        )
    }

    /// The content after an enabled access, and what the one who takes the step observes. Every interleaving
    /// of such steps is sequentially consistent; only loom models weaker orderings.
    ///
    /// # Panics
    /// The access does not fit the object. The typed handles of [`sync`](crate::sync) rule that out.
    pub fn apply(&self, access: &Access) -> (Content, Observation) {
        use Observation::{Done, Number};
        match (self, access) {
            (Content::File(bytes), Access::Read) => (self.clone(), Observation::Content(bytes.clone())),
            (Content::File(_), Access::Truncate) => (Content::File(Bytes::default()), Done),
            (Content::File(_), Access::Replace(new)) => (Content::File(new.clone()), Done),
            (Content::File(old), Access::Write(new)) => (Content::File(overwritten(old, new)), Done),
            (Content::Lock { held: false }, Access::Acquire) => (Content::Lock { held: true }, Done),
            (Content::Lock { held: true }, Access::Release) => (Content::Lock { held: false }, Done),
            (Content::Mutex { value, held: false }, Access::LockValue) => {
                (Content::Mutex { value: value.clone(), held: true }, Observation::Value(value.clone()))
            }
            (Content::Mutex { held: true, .. }, Access::UnlockValue(value)) => {
                (Content::Mutex { value: value.clone(), held: false }, Done)
            }
            (Content::Cell(_), Access::Store(new, _)) => (Content::Cell(*new), Done),
            (Content::Cell(old), access) => {
                let new = match access {
                    Access::Load(_) => *old,
                    Access::Swap(new, _) => *new,
                    Access::FetchAdd(n, _) => old.wrapping_add(*n),
                    Access::FetchSub(n, _) => old.wrapping_sub(*n),
                    Access::CompareExchange { expected, new, .. } => {
                        if old == expected {
                            *new
                        } else {
                            *old
                        }
                    }
                    _ => panic!("{access:?} does not fit a cell"),
                };
                (Content::Cell(new), Number(*old))
            }
            _ => panic!("{access:?} does not fit {self:?}"),
        }
    }

    /// The same object, no longer held: what the death of an owner does to its lock. A value mutex keeps the
    /// value that was last put into it.
    pub fn freed(&self) -> Content {
        match self {
            Content::Lock { .. } => Content::Lock { held: false },
            Content::Mutex { value, .. } => Content::Mutex { value: value.clone(), held: false },
            other => other.clone(),
        }
    }
}

/// What a write at the start of a file leaves: the new bytes, and whatever was longer than they. Between a
/// truncate and its write another buyer may have written more (10 tickets where 9 are written now), and then
/// the tail of that stays behind, on a real disk as here.
fn overwritten(old: &Bytes, new: &Bytes) -> Bytes {
    match old.get(new.len()..) {
        None | Some([]) => new.clone(),
        Some(tail) => [new, tail].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_leaves_the_tail_of_what_was_longer() {
        let file = Content::File(Bytes::from(&b"{\"count\": 10}"[..]));
        let (after, _) = file.apply(&Access::Write(Bytes::from(&b"{\"count\": 9}"[..])));
        assert_eq!(after, Content::File(Bytes::from(&b"{\"count\": 9}}"[..])));
    }

    #[test]
    fn only_taking_a_held_lock_is_not_enabled() {
        assert!(!Content::Lock { held: true }.enables(&Access::Acquire));
        assert!(Content::Lock { held: false }.enables(&Access::Acquire));
        assert!(Content::Lock { held: true }.enables(&Access::Release));
        assert!(Content::Cell(0).enables(&Access::Load(std::sync::atomic::Ordering::SeqCst)));
    }
}
