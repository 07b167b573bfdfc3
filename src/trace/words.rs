//! Steps in words, with what each of them observed.

use crate::sync::{Access, Bytes, Mode, ObjectId, Observation, Operation, Step};

/// A step in words. `names` are those of the shared objects; an empty one is left out.
pub(crate) fn step(names: &[&str], step: &Step) -> String {
    match step {
        Step::On(object, access) => on(&Object(names, *object), access),
        Step::Choose(choice) => format!("choose {}", choice.name),
        Step::Fence(order) => format!("fence ({order:?})"),
    }
}

/// A step and what it observed, in words.
pub(crate) fn took(names: &[&str], step: &Step, seen: &Observation) -> String {
    match step {
        Step::On(object, access) => took_on(&Object(names, *object), access, seen),
        Step::Choose(choice) => match seen {
            Observation::Chosen(index) => format!("choose {} -> {}", choice.name, choice.alternatives[*index]),
            other => format!("choose {} -> {other:?}", choice.name),
        },
        Step::Fence(_) => self::step(names, step),
    }
}

/// What somebody waits for who cannot take this step now; nothing for a step that never waits.
pub(crate) fn waits(names: &[&str], step: &Step) -> Option<String> {
    let Step::On(object, access) = step else { return None };
    let object = names[*object];
    match access {
        Access::Lock(Mode::Permits(permits)) => Some(format!("waits to acquire {permits} of the {object}")),
        Access::Lock(_) => Some(format!("waits to acquire the {object}")),
        Access::Wake(_) => Some(format!("waits to be notified by the {object}")),
        _ => None,
    }
}

/// The content of a file on one line.
pub fn shown(bytes: &Bytes) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// An object among those that have names.
struct Object<'n>(&'n [&'n str], ObjectId);

impl Object<'_> {
    /// What is done to it.
    fn verb(&self, verb: &str) -> String {
        format!("{verb} {}", self.0[self.1]).trim_end().to_owned()
    }
}

fn on(object: &Object<'_>, access: &Access) -> String {
    match access {
        Access::Read => object.verb("read"),
        Access::Truncate => object.verb("truncate"),
        Access::Write(_, bytes) => format!("{} {}", object.verb("write"), shown(bytes)),
        Access::Replace(bytes) => format!("{} {}", object.verb("replace"), shown(bytes)),
        Access::Lock(Mode::Permits(permits)) => object.verb(&format!("acquire {permits} of")),
        Access::Lock(Mode::Shared) => object.verb("read-lock"),
        Access::Lock(_) => object.verb("acquire"),
        Access::TryLock(Mode::Permits(permits)) => object.verb(&format!("try-acquire {permits} of")),
        Access::TryLock(Mode::Shared) => object.verb("try-read-lock"),
        Access::TryLock(_) => object.verb("try-acquire"),
        Access::Unlock(Mode::Permits(permits), _) => object.verb(&format!("release {permits} of")),
        Access::Unlock(Mode::Shared, _) => object.verb("read-unlock"),
        Access::Unlock(_, None) => object.verb("release"),
        Access::Unlock(_, Some(value)) => format!("{} {value:?}", object.verb("unlock")),
        Access::AddPermits(permits) => object.verb(&format!("add {permits} to")),
        Access::Wait => object.verb("wait for"),
        Access::Wake(_) => object.verb("wake from"),
        Access::NotifyOne => object.verb("notify-one"),
        Access::NotifyAll => object.verb("notify-all"),
        Access::Load(order) => format!("{} ({order:?})", object.verb("load")),
        Access::Store(new, order) => format!("{} {new} ({order:?})", object.verb("store")),
        Access::Update(operation, operand, order) => {
            format!("{} {operand} ({order:?})", object.verb(name(*operation)))
        }
        Access::CompareExchange { expected, new, success, .. } => {
            format!("{} {expected} by {new} ({success:?})", object.verb("compare-exchange"))
        }
    }
}

fn took_on(object: &Object<'_>, access: &Access, seen: &Observation) -> String {
    match (access, seen) {
        // A lock that has a value in it is locked, one that has none is acquired.
        (Access::Lock(Mode::Exclusive), Observation::Value(value)) => format!("{} -> {value:?}", object.verb("lock")),
        (Access::TryLock(Mode::Exclusive), Observation::Value(value)) => {
            format!("{} -> {value:?}", object.verb("try-lock"))
        }
        (Access::TryLock(_), Observation::Done) => format!("{} -> taken", on(object, access)),
        // Which file it was is shown where it matters: by the write that is lost.
        (_, Observation::Done | Observation::Opened(_) | Observation::Place(_)) => on(object, access),
        (Access::Load(order), Observation::Held(held)) => format!("{} -> {held} ({order:?})", object.verb("load")),
        (Access::Update(operation, operand, order), Observation::Held(held)) => {
            format!("{} {operand} -> {held} ({order:?})", object.verb(name(*operation)))
        }
        (Access::CompareExchange { expected, new, success, .. }, Observation::Held(held)) => {
            format!("{} {expected} by {new} -> {held} ({success:?})", object.verb("compare-exchange"))
        }
        (_, seen) => format!("{} -> {}", on(object, access), observed(seen)),
    }
}

fn observed(seen: &Observation) -> String {
    match seen {
        Observation::Content(bytes) => shown(bytes),
        Observation::Value(value) => format!("{value:?}"),
        Observation::Held(word) => word.to_string(),
        Observation::Refused => "refused".to_owned(),
        other => format!("{other:?}"),
    }
}

fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Swap => "swap",
        Operation::Add => "fetch-add",
        Operation::Sub => "fetch-sub",
        Operation::And => "fetch-and",
        Operation::Or => "fetch-or",
        Operation::Xor => "fetch-xor",
        Operation::Nand => "fetch-nand",
        Operation::Max => "fetch-max",
        Operation::Min => "fetch-min",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{Choice, Erased, Inode, Primitive};
    use std::sync::atomic::Ordering::{Relaxed, SeqCst};

    #[test]
    fn every_step_tells_what_it_observed() {
        let tell = |access, seen| took(&["stock"], &Step::On(0, access), &seen);
        let held = |n: u32| Observation::Held(n.to_word());
        assert_eq!(tell(Access::Load(SeqCst), held(2)), "load stock -> 2 (SeqCst)");
        assert_eq!(tell(Access::Store(7u32.to_word(), Relaxed), Observation::Done), "store stock 7 (Relaxed)");
        let sub = Access::Update(Operation::Sub, 1u32.to_word(), SeqCst);
        assert_eq!(tell(sub, held(0)), "fetch-sub stock 1 -> 0 (SeqCst)");
        let value = || Observation::Value(Erased::new(3u32));
        assert_eq!(tell(Access::Lock(Mode::Exclusive), value()), "lock stock -> 3");
        assert_eq!(tell(Access::Lock(Mode::Exclusive), Observation::Done), "acquire stock");
        assert_eq!(tell(Access::Lock(Mode::Shared), value()), "read-lock stock -> 3");
        assert_eq!(tell(Access::TryLock(Mode::Permits(2)), Observation::Refused), "try-acquire 2 of stock -> refused");
        assert_eq!(tell(Access::Truncate, Observation::Opened(Inode(1))), "truncate stock");
        let choice = Choice { name: "payment", alternatives: &["accepted", "declined"] };
        assert_eq!(took(&[], &Step::Choose(choice), &Observation::Chosen(1)), "choose payment -> declined");
    }

    #[test]
    fn an_object_without_a_name_goes_without_saying() {
        let read = Step::On(0, Access::Read);
        assert_eq!(took(&[""], &read, &Observation::Content(Bytes::default())), "read -> (empty)");
    }
}
