//! `std::hint`, and what `std` does not have: a loop that remembers nothing.

use super::place;
use crate::sync::{Platform, Value};
use std::ops::ControlFlow;

/// Tells the machine that this is a loop that waits. Under a check it is nothing.
pub fn spin_loop() {
    if !place::is_checked() {
        std::hint::spin_loop();
    }
}

/// A loop that is tried until it breaks with a value, and in which no turn knows of another: its body is `Fn`, so it
/// cannot count. So a checker can close it, and what is proved is proved for any number of turns.
///
/// ```
/// use oversell::drop_in::sync::atomic::{AtomicBool, Ordering};
/// use std::ops::ControlFlow;
///
/// fn lock(taken: &AtomicBool) {
///     oversell::drop_in::hint::retry("lock", || match taken.swap(true, Ordering::Acquire) {
///         false => ControlFlow::Break(()),
///         true => ControlFlow::Continue(()),
///     });
/// }
/// ```
#[track_caller]
pub fn retry<R: Value>(name: &'static str, body: impl Fn() -> ControlFlow<R>) -> R {
    if place::is_checked() {
        return place::on(|at: &dyn Platform| at.retry(name, body));
    }
    loop {
        match body() {
            ControlFlow::Break(result) => return result,
            ControlFlow::Continue(()) => std::hint::spin_loop(),
        }
    }
}
