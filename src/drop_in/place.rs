//! Where drop-in code runs now: outside any check, in a constructor, on a thread under check, or in a property.
//!
//! It is kept per thread of the machine, on which many threads under check may run in turn. They only ever change within
//! a call to their platform, and some never come back from it: so whoever makes one leaves, and afterwards is there again.

mod constructor;
mod future;
mod look;
mod thread;

pub use constructor::{construct, declare, declare_with};
pub use future::block_on;
#[cfg(all(feature = "tokio", not(loom), not(doctest)))]
pub use future::{awaited, poll_awaited};
pub use look::look;
pub use thread::{BEYOND, Turns, run, sites};

use self::constructor::Making;
use self::look::Looking;
use self::thread::Thread;
use crate::sync::{Access, Erased, Mode, ObjectId, Platform, Step, Value};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::Duration;

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Outside) };
}

/// invariant: what is pointed to lives until the place is left, which [`stand`] and [`Thread::away`] see to
#[derive(Clone, Copy)]
enum Place {
    Outside,
    Constructor(NonNull<Making<'static>>),
    Thread(NonNull<Thread<'static>>),
    Look(NonNull<Looking<'static>>),
}

/// Goes back to a place when dropped.
struct Return(Place);

impl Drop for Return {
    fn drop(&mut self) {
        PLACE.set(self.0);
    }
}

/// Does something at another place, and comes back.
fn stand<R>(place: Place, act: impl FnOnce() -> R) -> R {
    let _return = Return(PLACE.replace(place));
    act()
}

/// Accesses what belongs to a check.
#[track_caller]
pub fn on<R>(access: impl FnOnce(&dyn Platform) -> R) -> R {
    on_at(Location::caller(), access)
}

/// The same, from this place in the source.
pub fn on_at<R>(site: &'static Location<'static>, access: impl FnOnce(&dyn Platform) -> R) -> R {
    // SAFETY: by the invariant of `Place`, it lives as long as this thread stands there, and it stands there now.
    match PLACE.get() {
        Place::Thread(thread) => {
            let thread = unsafe { thread.as_ref() };
            thread.begin(site);
            access(thread)
        }
        Place::Constructor(making) => access(unsafe { making.as_ref() }),
        Place::Look(looking) => access(unsafe { looking.as_ref() }),
        Place::Outside => panic!("what was made in the constructor of a scenario is only there while that is checked"),
    }
}

fn whole<R>(site: &'static Location<'static>, act: impl FnOnce() -> R) -> R {
    on_at(site, |_| ());
    let before = thread(|thread| thread.inside.replace(true));
    let result = act();
    thread(|thread| thread.inside.set(before.unwrap_or(false)));
    result
}

/// Does something that is one call in the source and several accesses, of which nothing is remembered but what it returns.
#[track_caller]
pub fn span<R: Value>(name: &'static str, body: impl Fn() -> R) -> R {
    span_at(Location::caller(), name, body)
}

/// The same, from this place in the source.
pub fn span_at<R: Value>(site: &'static Location<'static>, name: &'static str, body: impl Fn() -> R) -> R {
    whole(site, || on_at(site, |at| at.span(name, body)))
}

/// The same, which starts over until it breaks.
pub fn retry_at<R: Value>(
    site: &'static Location<'static>,
    name: &'static str,
    body: impl Fn() -> ControlFlow<R>,
) -> R {
    whole(site, || on_at(site, |at| at.retry(name, body)))
}

/// Does something that is one call in the source, and several accesses.
#[track_caller]
pub fn together<R>(act: impl FnOnce() -> R) -> R {
    whole(Location::caller(), act)
}

/// Looks at whoever is under check here, if anybody is.
fn thread<R>(look: impl FnOnce(&Thread<'_>) -> R) -> Option<R> {
    match PLACE.get() {
        // SAFETY: as in `on`.
        Place::Thread(thread) => Some(look(unsafe { thread.as_ref() })),
        _ => None,
    }
}

/// Accesses what does not belong to a check: nobody who is under check may.
#[track_caller]
pub fn outside(what: &str) {
    if matches!(PLACE.get(), Place::Thread(_)) {
        refuse(&format!("it uses a `{what}` that was not made in the scenario's constructor, and so is not seen"));
    }
}

/// How often whoever is under check here has done anything that others may see.
#[cfg(all(feature = "tokio", not(loom), not(doctest)))]
pub fn steps() -> u64 {
    thread(|thread| thread.steps.get()).unwrap_or_default()
}

/// Whether this is a thread under check.
pub fn is_checked() -> bool {
    matches!(PLACE.get(), Place::Thread(_))
}

/// Whether a constructor is at work here.
pub fn is_constructor() -> bool {
    matches!(PLACE.get(), Place::Constructor(_))
}

/// Code on which no verdict can be given, in these words.
///
/// # Panics
/// Nothing is under check here.
#[track_caller]
pub fn refuse(reason: &str) -> ! {
    let site = place_of(Location::caller());
    let reason = format!("{reason} (at {site})");
    if let Place::Thread(thread) = PLACE.get() {
        // SAFETY: as in `on`.
        unsafe { thread.as_ref() }.refuse(reason.clone());
    }
    panic!("{reason}")
}

/// Frees what a guard held, and puts a value into it. While a panic unwinds, that has to wait until it is caught: nothing
/// that is shared happens in between.
pub fn free(object: ObjectId, mode: Mode, put: Option<Erased>, site: &'static Location<'static>) {
    match PLACE.get() {
        // SAFETY: as in `on`.
        Place::Thread(thread) => unsafe { thread.as_ref() }.free(object, mode, put, site),
        Place::Constructor(making) => {
            drop(unsafe { making.as_ref() }.step(Step::On(object, Access::Unlock(mode, put))))
        }
        Place::Look(looking) => drop(unsafe { looking.as_ref() }.step(Step::On(object, Access::Unlock(mode, put)))),
        // A guard that has been kept beyond its check: there is nothing to free any more.
        Place::Outside => {}
    }
}

/// Drops something, as nobody who is under check would notice.
pub fn aside<R>(act: impl FnOnce() -> R) -> R {
    stand(Place::Outside, act)
}

/// What is to be done when something of a check is dropped. While a panic unwinds, that has to wait as in [`free`].
pub fn end(act: impl FnOnce() + 'static) {
    match PLACE.get() {
        // SAFETY: as in `on`.
        Place::Thread(thread) => unsafe { thread.as_ref() }.end(act),
        Place::Constructor(_) => act(),
        Place::Outside | Place::Look(_) => {}
    }
}

/// What the clock of this thread under check says: whether time has passed since it last looked is a choice.
#[track_caller]
pub fn clock() -> Duration {
    on(|_| ());
    thread(|thread| thread.clock()).unwrap_or_default()
}

/// Makes good the poison of a lock that is held here.
pub fn clear_poison(object: ObjectId) {
    thread(|thread| thread.clear_poison(object));
}

/// Whether the poison of a lock that is freed here was made good.
pub fn was_cleared(object: ObjectId) -> bool {
    thread(|thread| thread.was_cleared(object)).unwrap_or(false)
}

/// A place in the source, without the machine's own folders.
pub fn place_of(location: &Location<'_>) -> String {
    format!("{}:{}", file_of(location), location.line())
}

/// A source file as seen from its crate.
fn file_of(location: &Location<'_>) -> String {
    let file = location.file().replace('\\', "/");
    let absolute = file.starts_with('/') || file.contains(':');
    let parts: Vec<_> = file.split('/').collect();
    let root = parts.iter().rposition(|part| ["src", "tests", "examples", "benches"].contains(part));
    match root {
        Some(root) if absolute => parts[root..].join("/"),
        None if absolute => parts.last().copied().unwrap_or_default().to_owned(),
        _ => file,
    }
}
