//! A barrier: made, as in `std`, of a mutex and a condition variable.

use super::{Condvar, Mutex};
use crate::drop_in::place;
use std::fmt;

/// `std`'s [`Barrier`](std::sync::Barrier), which can be checked.
pub struct Barrier(Inner);

enum Inner {
    Std(std::sync::Barrier),
    Checked { come: Mutex<usize>, condvar: Condvar, threads: usize },
}

/// Whether it was this thread that was the last to come.
#[derive(Clone, Copy, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether it was.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// Where so many threads wait for each other.
    #[track_caller]
    pub fn new(threads: usize) -> Self {
        if !place::is_constructor() {
            // Refused on a thread under check.
            place::declare("Barrier", |_, _| ());
            return Barrier(Inner::Std(std::sync::Barrier::new(threads)));
        }
        let come = Mutex::new(0);
        Barrier(Inner::Checked { come, condvar: Condvar::new(), threads })
    }

    /// Waits for the others.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        match &self.0 {
            Inner::Std(barrier) => {
                place::outside("Barrier");
                BarrierWaitResult(barrier.wait().is_leader())
            }
            Inner::Checked { come, condvar, threads } => BarrierWaitResult(place::span("barrier", || {
                let mut come = come.lock().expect("nobody panics in here");
                *come += 1;
                if *come < *threads {
                    // Nobody wakes without having been notified, and that is when all have come.
                    drop(condvar.wait(come).expect("nobody panics in here"));
                    return false;
                }
                *come = 0;
                condvar.notify_all();
                true
            })),
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barrier")
    }
}
