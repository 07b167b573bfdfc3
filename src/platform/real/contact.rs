//! What a real thread has to do with whoever started it.

use super::super::stage::News;
use std::time::Duration;

/// How an actor hears from whoever started it, and what it says to them.
pub trait Contact {
    /// Passes on news.
    fn report(&self, news: News);

    /// Waits for the turn to take a step, and returns what it shall come to, if it can come to several things. Returns
    /// at once when the actor shall stop.
    fn turn(&self) -> Option<String>;

    /// Waits; less if the actor shall stop.
    fn pause(&self, time: Duration);

    /// Whether the actor shall stop at the next place where it leaves the files whole.
    fn stopping(&self) -> bool;

    /// Whether it is the only actor in this process, so that it may leave all waiting to the kernel.
    fn is_alone(&self) -> bool;

    /// Does nothing any more.
    fn rest(&self) -> !;
}
