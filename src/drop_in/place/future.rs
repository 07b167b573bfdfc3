//! A future as a thread under check.
//!
//! Whatever it awaits first says that it is there, and goes on when it is asked again. So if it awaits two things at once,
//! both say so, which is refused: in which order they go on would have to be tried too. And whoever keeps the waker waits
//! for something that no check knows of.

use super::{on, refuse, thread};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// Wakes nobody, and knows if somebody meant it to.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// Runs a future as a thread under check; `None` if its client has hung up.
pub fn block_on<R>(future: impl Future<Output = R>, hangs_up: bool) -> Option<R> {
    let mut future = pin!(future);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    loop {
        thread(|thread| thread.awaited.set(0));
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(result);
        }
        let awaited = thread(|thread| thread.awaited.get()).unwrap_or_default();
        if Arc::strong_count(&bell) > 2 || bell.0.load(Relaxed) || awaited == 0 {
            refuse("it awaits what is none of the drop-in types");
        }
        if awaited > 1 {
            refuse("it awaits several things at once (`select!`, `join!`), which is not modelled");
        }
        if hangs_up && on(|at| at.choose("client", &["stays", "hangs up"])) == "hangs up" {
            return None;
        }
        thread(|thread| thread.goes_on.set(true));
    }
}

/// Where a thread under check awaits something. What comes next happens at once.
#[cfg(all(feature = "tokio", not(loom), not(doctest)))]
pub async fn awaited() {
    std::future::poll_fn(|_| poll_awaited()).await;
}

/// The same, for what is a future itself.
#[cfg(all(feature = "tokio", not(loom), not(doctest)))]
pub fn poll_awaited() -> Poll<()> {
    let goes_on = thread(|thread| {
        let goes_on = thread.goes_on.replace(false);
        if !goes_on {
            thread.awaited.set(thread.awaited.get() + 1);
        }
        goes_on
    });
    if goes_on == Some(false) { Poll::Pending } else { Poll::Ready(()) }
}
