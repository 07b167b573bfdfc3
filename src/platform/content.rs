//! What a shared object holds, and what each access does to it.

use super::LockKind;
use crate::sync::{Access, Bytes, Erased, Inode, Mode, Observation, Word};

/// The content of one shared object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// A file.
    File {
        /// Its bytes.
        bytes: Bytes,
        /// Which file the name stands for.
        inode: Inode,
        /// Whether a handle has been opened on it. (A file that nobody has opened needs no number of its own, so
        /// programs that only ever replace do not count without end.)
        opened: bool,
    },
    /// A lock, exclusive or reader–writer, with a value in it or without.
    Lock {
        /// What was last put into it.
        value: Option<Erased>,
        /// Who holds it.
        hold: Hold,
    },
    /// A counting semaphore.
    Semaphore {
        /// How many permits are to be had.
        permits: u32,
    },
    /// A condition variable.
    Condvar {
        /// The places of those who wait.
        /// invariant: the last one is not free
        places: Vec<Waiter>,
    },
    /// An atomic cell.
    Cell(Word),
}

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// Nobody.
    Free,
    /// So many readers; at least one.
    Shared(u32),
    /// One thread alone.
    Exclusive,
}

/// A place of somebody who waits for a condition variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiter {
    /// Nobody waits here.
    Free,
    /// Somebody waits.
    Waiting,
    /// Somebody has been notified and not woken yet.
    Notified,
}

impl Content {
    /// A file that exists with this content.
    pub fn file(bytes: Bytes) -> Content {
        Content::File { bytes, inode: Inode(0), opened: false }
    }

    /// About how many bytes it has, if they may be many.
    pub(crate) fn size(&self) -> usize {
        match self {
            Content::File { bytes, .. } => bytes.len(),
            Content::Condvar { places } => places.len(),
            Content::Lock { .. } | Content::Semaphore { .. } | Content::Cell(_) => 0,
        }
    }

    /// Whether the access can happen now.
    pub fn enables(&self, access: &Access) -> bool {
        match (self, access) {
            (Content::Lock { hold, .. }, Access::Lock(mode)) => hold.with(*mode).is_some(),
            (Content::Semaphore { permits }, Access::Lock(Mode::Permits(wanted))) => permits >= wanted,
            (Content::Condvar { places }, Access::Wake(place)) => places.get(*place) == Some(&Waiter::Notified),
            _ => true,
        }
    }

    /// Whether somebody may hold it this way. An over-approximation may think so of more threads than there are.
    pub(crate) fn may_be_held(&self, mode: Mode) -> bool {
        match (self, mode) {
            (Content::Lock { hold, .. }, Mode::Exclusive) => *hold == Hold::Exclusive,
            (Content::Lock { hold, .. }, Mode::Shared) => matches!(hold, Hold::Shared(_)),
            (Content::Condvar { places }, Mode::Waiting(place)) => place < places.len(),
            _ => true,
        }
    }

    /// Everything that an access can come to: the content after it, and what the one who takes the step observes.
    /// Nothing if it is not enabled; several only for [`Access::NotifyOne`]. Every interleaving of such steps is
    /// sequentially consistent; only loom models weaker orderings.
    ///
    /// # Panics
    /// The access does not fit the object. The typed handles of [`sync`](crate::sync) rule that out.
    pub fn outcomes(&self, access: &Access) -> Vec<(Content, Observation)> {
        use Observation::{Done, Held, Refused};
        if !self.enables(access) {
            return Vec::new();
        }
        vec![match (self, access) {
            (Content::File { .. }, access) => self.on_file(access),
            (Content::Lock { value, hold }, Access::Lock(mode) | Access::TryLock(mode)) => match hold.with(*mode) {
                None => (self.clone(), Refused),
                Some(hold) => {
                    let seen = value.clone().map_or(Done, Observation::Value);
                    (Content::Lock { value: value.clone(), hold }, seen)
                }
            },
            (Content::Lock { value, hold }, Access::Unlock(mode, put)) => {
                (Content::Lock { value: put.as_ref().or(value.as_ref()).cloned(), hold: hold.without(*mode) }, Done)
            }
            (Content::Semaphore { permits }, Access::Lock(mode) | Access::TryLock(mode)) => {
                match permits.checked_sub(mode.permits()) {
                    None => (self.clone(), Refused),
                    Some(permits) => (Content::Semaphore { permits }, Done),
                }
            }
            (Content::Semaphore { permits }, Access::Unlock(mode, _)) => {
                (Content::Semaphore { permits: permits.saturating_add(mode.permits()) }, Done)
            }
            (Content::Semaphore { permits }, Access::AddPermits(more)) => {
                (Content::Semaphore { permits: permits.saturating_add(*more) }, Done)
            }
            (Content::Condvar { places }, access) => return on_condvar(places, access),
            (Content::Cell(old), Access::Load(_)) => (self.clone(), Held(*old)),
            (Content::Cell(_), Access::Store(new, _)) => (Content::Cell(*new), Done),
            (Content::Cell(old), Access::Update(operation, operand, _)) => {
                (Content::Cell(old.updated(*operation, *operand)), Held(*old))
            }
            (Content::Cell(old), Access::CompareExchange { expected, new, .. }) => {
                (Content::Cell(if old == expected { *new } else { *old }), Held(*old))
            }
            _ => panic!("{access:?} does not fit {self:?}"),
        }]
    }

    fn on_file(&self, access: &Access) -> (Content, Observation) {
        let Content::File { bytes, inode, opened } = self else { unreachable!("only called for files") };
        let file = |bytes: Bytes, inode, opened| Content::File { bytes, inode, opened };
        match access {
            Access::Read => (self.clone(), Observation::Content(bytes.clone())),
            Access::Truncate => (file(Bytes::default(), *inode, true), Observation::Opened(*inode)),
            Access::Write(into, new) if into == inode => {
                (file(overwritten(bytes, new), *inode, *opened), Observation::Done)
            }
            // The file that was opened has no name any more, and nobody will see what it holds.
            Access::Write(..) => (self.clone(), Observation::Done),
            Access::Replace(new) => (file(new.clone(), Inode(inode.0 + u32::from(*opened)), false), Observation::Done),
            _ => panic!("{access:?} does not fit a file"),
        }
    }

    /// The same object after somebody who held it this way has ended and can free it no more. `died` says whether of
    /// a crash or a kill, rather than by returning with a guard forgotten. A kernel frees the file locks of every
    /// process that ends; a mutex in memory is freed by unwinding, which a forgotten guard never sees. It keeps the
    /// value that was last put into it.
    pub fn left_by(&self, mode: Mode, kind: LockKind, died: bool) -> Content {
        match (self, mode) {
            (Content::Condvar { places }, Mode::Waiting(place)) => freed(places, place),
            _ if kind == LockKind::Semaphore => self.clone(),
            (Content::Lock { value, hold }, mode) if died || value.is_none() => {
                Content::Lock { value: value.clone(), hold: hold.without(mode) }
            }
            (Content::Semaphore { permits }, mode) if died => {
                Content::Semaphore { permits: permits.saturating_add(mode.permits()) }
            }
            _ => self.clone(),
        }
    }
}

impl Hold {
    /// Whether it is held at all.
    pub fn is_held(self) -> bool {
        self != Hold::Free
    }

    /// With one holder more; `None` if somebody is in the way.
    fn with(self, mode: Mode) -> Option<Hold> {
        match (self, mode) {
            (Hold::Free, Mode::Exclusive) => Some(Hold::Exclusive),
            (Hold::Free, Mode::Shared) => Some(Hold::Shared(1)),
            (Hold::Shared(readers), Mode::Shared) => Some(Hold::Shared(readers + 1)),
            _ => None,
        }
    }

    /// With this holder gone.
    fn without(self, mode: Mode) -> Hold {
        match (self, mode) {
            (Hold::Exclusive, Mode::Exclusive) | (Hold::Shared(1), Mode::Shared) => Hold::Free,
            (Hold::Shared(readers), Mode::Shared) => Hold::Shared(readers - 1),
            _ => panic!("{mode:?} is freed while it is {self:?}"),
        }
    }
}

impl Mode {
    fn permits(self) -> u32 {
        match self {
            Mode::Permits(permits) => permits,
            _ => panic!("{self:?} does not fit a semaphore"),
        }
    }
}

fn on_condvar(places: &[Waiter], access: &Access) -> Vec<(Content, Observation)> {
    let set = |place: usize, waiter: Waiter| {
        let mut places = places.to_vec();
        if place == places.len() {
            places.push(waiter);
        }
        places[place] = waiter;
        Content::Condvar { places }
    };
    let waiting = || (0..places.len()).filter(|place| places[*place] == Waiter::Waiting);
    match access {
        Access::Wait => {
            let free = places.iter().position(|place| *place == Waiter::Free).unwrap_or(places.len());
            vec![(set(free, Waiter::Waiting), Observation::Place(free))]
        }
        Access::Wake(place) => vec![(freed(places, *place), Observation::Done)],
        Access::NotifyOne if waiting().next().is_some() => {
            waiting().map(|place| (set(place, Waiter::Notified), Observation::Done)).collect()
        }
        Access::NotifyOne => vec![(Content::Condvar { places: places.to_vec() }, Observation::Done)],
        Access::NotifyAll => {
            let notified = |place: &Waiter| if *place == Waiter::Waiting { Waiter::Notified } else { *place };
            vec![(Content::Condvar { places: places.iter().map(notified).collect() }, Observation::Done)]
        }
        _ => panic!("{access:?} does not fit a condition variable"),
    }
}

fn freed(places: &[Waiter], place: usize) -> Content {
    let mut places = places.to_vec();
    places[place] = Waiter::Free;
    let length = places.iter().rposition(|place| *place != Waiter::Free).map_or(0, |last| last + 1);
    places.truncate(length);
    Content::Condvar { places }
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
    use std::sync::atomic::Ordering::SeqCst;

    fn file(text: &str) -> Content {
        Content::file(text.as_bytes().into())
    }

    fn after(content: &Content, access: Access) -> Content {
        let [(after, _)] = content.outcomes(&access).try_into().unwrap();
        after
    }

    fn bytes(content: &Content) -> String {
        let Content::File { bytes, .. } = content else { panic!("{content:?} is no file") };
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_write_leaves_the_tail_of_what_was_longer() {
        let long = after(&file("{\"count\": 10}"), Access::Write(Inode(0), b"{\"count\": 9}"[..].into()));
        assert_eq!(bytes(&long), "{\"count\": 9}}");
    }

    #[test]
    fn a_write_through_a_handle_that_a_rename_outlived_is_not_seen() {
        let opened = after(&file("1"), Access::Truncate);
        let replaced = after(&opened, Access::Replace(b"2"[..].into()));
        assert_eq!(bytes(&after(&replaced, Access::Write(Inode(0), b"3"[..].into()))), "2");
        assert_eq!(bytes(&after(&replaced, Access::Write(Inode(1), b"3"[..].into()))), "3");
        // Nobody has opened this one, so nobody can tell it from the next.
        assert_eq!(after(&replaced, Access::Replace(b"2"[..].into())), replaced);
    }

    #[test]
    fn readers_share_and_writers_do_not() {
        let free = Content::Lock { value: None, hold: Hold::Free };
        let (shared, exclusive) =
            (after(&free, Access::Lock(Mode::Shared)), after(&free, Access::Lock(Mode::Exclusive)));
        assert!(shared.enables(&Access::Lock(Mode::Shared)) && !shared.enables(&Access::Lock(Mode::Exclusive)));
        assert!(!exclusive.enables(&Access::Lock(Mode::Shared)));
        assert_eq!(exclusive.outcomes(&Access::TryLock(Mode::Shared)), [(exclusive.clone(), Observation::Refused)]);
        assert_eq!(after(&shared, Access::Unlock(Mode::Shared, None)), free);
        assert!(Content::Cell(Word { bits: 0, kind: crate::sync::CellKind::U8 }).enables(&Access::Load(SeqCst)));
    }

    #[test]
    fn a_semaphore_counts_its_permits() {
        let two = Content::Semaphore { permits: 2 };
        let one = after(&two, Access::Lock(Mode::Permits(1)));
        assert!(one.enables(&Access::Lock(Mode::Permits(1))) && !one.enables(&Access::Lock(Mode::Permits(2))));
        assert_eq!(after(&one, Access::Unlock(Mode::Permits(1), None)), two);
    }

    #[test]
    fn any_of_those_who_wait_may_be_notified() {
        let nobody = Content::Condvar { places: Vec::new() };
        let both = after(&after(&nobody, Access::Wait), Access::Wait);
        let notified = both.outcomes(&Access::NotifyOne);
        assert_eq!(notified.len(), 2);
        assert!(notified[0].0.enables(&Access::Wake(0)) && !notified[0].0.enables(&Access::Wake(1)));
        assert!(notified[1].0.enables(&Access::Wake(1)) && !notified[1].0.enables(&Access::Wake(0)));
        let all = after(&both, Access::NotifyAll);
        assert_eq!(after(&after(&all, Access::Wake(0)), Access::Wake(1)), nobody);
        assert_eq!(after(&nobody, Access::NotifyOne), nobody);
    }
}
