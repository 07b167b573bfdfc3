//! `std::time`, in which a thread under check does not know how long anything takes.
//!
//! Whenever it looks at the clock again, it is a choice whether no time has passed since, or [`long`](LONG). Each thread
//! has a clock of its own, which never goes back. What two threads' clocks say has nothing to do with each other, so an
//! [`Instant`] cannot be shared between threads, other than `std`'s: it is not `Send`.

use super::place;
use std::marker::PhantomData;
use std::ops::{Add, Sub};
#[doc(no_inline)]
pub use std::time::Duration;

/// How much time passes where time passes: longer than anybody waits.
pub const LONG: Duration = Duration::from_secs(366 * 24 * 3600);

/// `std`'s [`Instant`](std::time::Instant), which is a choice under a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(When, PhantomData<*const ()>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum When {
    Std(std::time::Instant),
    /// So long after a thread has started.
    Checked(Duration),
}

impl Instant {
    /// What the clock says.
    #[track_caller]
    pub fn now() -> Instant {
        let checked = place::is_checked();
        Instant::at(if checked { When::Checked(place::clock()) } else { When::Std(std::time::Instant::now()) })
    }

    /// How long ago it was.
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// How long it is after another; nothing if it is before.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        match (self.0, earlier.0) {
            (When::Std(this), When::Std(earlier)) => this.duration_since(earlier),
            (When::Checked(this), When::Checked(earlier)) => this.saturating_sub(earlier),
            _ => mixed(),
        }
    }

    /// So much later, if there is such a time.
    pub fn checked_add(&self, time: Duration) -> Option<Instant> {
        Some(Instant::at(match self.0 {
            When::Std(instant) => When::Std(instant.checked_add(time)?),
            When::Checked(instant) => When::Checked(instant.checked_add(time)?),
        }))
    }

    fn at(when: When) -> Instant {
        Instant(when, PhantomData)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, time: Duration) -> Instant {
        self.checked_add(time).expect("there is no such time")
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

fn mixed() -> ! {
    panic!("an instant of a check and one from outside have nothing to do with each other")
}
