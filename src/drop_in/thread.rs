//! `std::thread`, as far as threads under check use it. They are started by the check, as the scenario's roles.

use super::place;
#[doc(no_inline)]
pub use std::thread::{JoinHandle, panicking};
use std::time::Duration;

/// Lets others go first. Under a check it is nothing: they go first anyway, in every way.
pub fn yield_now() {
    if !place::is_checked() {
        std::thread::yield_now();
    }
}

/// Waits. Under a check no time passes; on real threads it does.
pub fn sleep(time: Duration) {
    if place::is_checked() {
        place::on(|at| at.pause(time));
    } else {
        std::thread::sleep(time);
    }
}

/// Starts a thread. Under a check that is refused: threads are roles of the scenario.
#[track_caller]
pub fn spawn<R: Send + 'static>(code: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    if place::is_checked() {
        place::refuse("it starts a thread; let the scenario do that, with a role for it");
    }
    std::thread::spawn(code)
}
