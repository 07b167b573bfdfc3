//! What is made once it is needed.

use super::OnceLock;
use crate::drop_in::place;
use crate::sync::Value;
use std::fmt;
use std::ops::Deref;

/// `std`'s [`LazyLock`](std::sync::LazyLock), which can be checked. What makes the value is `Fn`, as every execution that is
/// tried makes it anew.
pub struct LazyLock<T, F = fn() -> T>(Inner<T, F>);

enum Inner<T, F> {
    Std(std::sync::LazyLock<T, F>),
    Checked(OnceLock<T>, F),
}

impl<T: Value, F: Fn() -> T> LazyLock<T, F> {
    /// One that will be made by `init`.
    #[track_caller]
    pub fn new(init: F) -> Self {
        LazyLock(if place::is_constructor() {
            Inner::Checked(OnceLock::declared("LazyLock", true), init)
        } else {
            Inner::Std(std::sync::LazyLock::new(init))
        })
    }

    /// Makes it if nobody has; if somebody is at it, waits for them.
    ///
    /// # Panics
    /// Who made it panicked.
    #[track_caller]
    pub fn force(this: &LazyLock<T, F>) -> &T {
        match &this.0 {
            Inner::Std(lazy) => {
                place::outside("LazyLock");
                std::sync::LazyLock::force(lazy)
            }
            Inner::Checked(once, init) => once.get_or_init(init),
        }
    }
}

impl<T: Value, F: Fn() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LazyLock")
    }
}
