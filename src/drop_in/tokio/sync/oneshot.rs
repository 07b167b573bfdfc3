//! A channel for one value, which is awaited. Each end may be gone before the other.
//!
//! (The ends are values, so that they can be kept in a mutex, from where a thread takes its own: a clone is the same end of
//! the same channel. Only what is taken out of there and dropped is gone.)

use crate::drop_in::place;
use crate::drop_in::sync::held::{Held, Lock};
use crate::sync::{Condvar, Mode, Value};
use ::tokio::sync::oneshot;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::ControlFlow::{Break, Continue};
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use self::error::{RecvError, TryRecvError};

/// What may be wrong.
pub mod error {
    use std::fmt;

    #[doc(no_inline)]
    pub use ::tokio::sync::oneshot::error::TryRecvError;

    /// The sender is gone, and has sent nothing.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RecvError(pub(super) ());

    impl fmt::Display for RecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("channel closed")
        }
    }

    impl std::error::Error for RecvError {}
}

/// A channel for one value.
#[track_caller]
pub fn channel<T: Value>() -> (Sender<T>, Receiver<T>) {
    match Channel::declare::<T>() {
        Some(channel) => (Sender(Sending::Checked(channel)), Receiver(Receiving::Checked { channel, is_over: false })),
        None => {
            let (sender, receiver) = oneshot::channel();
            let receiver = Receiving::Outside(Arc::new(Mutex::new(receiver)));
            (Sender(Sending::Outside(Arc::new(Mutex::new(Some(sender))))), Receiver(receiver))
        }
    }
}

/// What is on the way, and who is there.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Slot<T> {
    value: Option<T>,
    /// The sender has sent, or is gone.
    is_complete: bool,
    /// Nobody will receive.
    is_closed: bool,
}

impl<T: fmt::Debug> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, self.is_complete, self.is_closed) {
            (Some(value), ..) => value.fmt(f),
            (None, _, true) => f.write_str("closed"),
            (None, true, _) => f.write_str("complete"),
            (None, ..) => f.write_str("open"),
        }
    }
}

/// A channel of a check.
#[derive(Clone, Copy)]
struct Channel {
    slot: Lock,
    completed: Condvar,
    closed: Condvar,
    /// Where it was made.
    site: &'static Location<'static>,
}

impl Channel {
    #[track_caller]
    fn declare<T: Value>() -> Option<Channel> {
        let slot = Slot::<T> { value: None, is_complete: false, is_closed: false };
        let slot = Lock::declare("oneshot", false, slot).ok()?;
        let condvar = |what| place::declare_with(slot.object, what, |setup, name| setup.condvar(name));
        let (completed, closed) = (condvar("is completed"), condvar("is closed"));
        Some(Channel { slot, completed, closed, site: Location::caller() })
    }

    fn take<T: Value>(self) -> Held<Slot<T>> {
        self.slot.take(Mode::Exclusive)
    }

    /// The sender sends this, or is gone; whether that is of any use.
    fn complete<T: Value>(self, value: Option<&T>, site: &'static Location<'static>) -> bool {
        place::span_at(site, if value.is_some() { "send" } else { "drop" }, || {
            let mut held = self.take::<T>();
            if held.value.is_closed {
                return false;
            }
            held.value.value = value.cloned();
            held.value.is_complete = true;
            place::on(|at| self.completed.notify_all(at));
            true
        })
    }

    /// Nobody will receive. What is on the way can still be had, or is dropped.
    fn close<T: Value>(self, drops: bool, site: &'static Location<'static>) {
        place::span_at(site, if drops { "drop" } else { "close" }, || {
            let mut held = self.take::<T>();
            if drops {
                held.value.value = None;
            }
            held.value.is_closed = true;
            place::on(|at| self.closed.notify_all(at));
        });
    }

    /// Receives; where there is nothing yet, waits or says so.
    fn receive<T: Value>(self, waits: bool, site: &'static Location<'static>) -> Result<T, TryRecvError> {
        // What is there, or whether there may be something later.
        let received = place::retry_at(site, "receive", || {
            let mut held = self.take::<T>();
            match held.value.value.take() {
                Some(value) => Break(Ok(value)),
                None if held.value.is_complete || held.value.is_closed => Break(Err(false)),
                None if !waits => Break(Err(true)),
                None => {
                    held.wait(self.completed);
                    Continue(())
                }
            }
        });
        received.map_err(|later| if later { TryRecvError::Empty } else { TryRecvError::Closed })
    }
}

type Shared<T> = Arc<Mutex<T>>;

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Sending<T> {
    Outside(Shared<Option<oneshot::Sender<T>>>),
    Checked(Channel),
}

/// `tokio`'s `Sender`, which can be checked.
pub struct Sender<T: Value>(Sending<T>);

const SENT: &str = "who sends gives the sender away";

impl<T: Value> Sender<T> {
    /// Sends.
    ///
    /// # Errors
    /// Nobody will receive it.
    #[track_caller]
    pub fn send(self, value: T) -> Result<(), T> {
        let channel = match &self.0 {
            Sending::Outside(sender) => return lock(sender).take().expect(SENT).send(value),
            Sending::Checked(channel) => *channel,
        };
        // It is not dropped, but complete.
        std::mem::forget(self);
        if !channel.complete(Some(&value), Location::caller()) {
            return Err(value);
        }
        // It lives on in the channel.
        place::aside(|| drop(value));
        Ok(())
    }

    /// Whether nobody will receive.
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        match &self.0 {
            Sending::Outside(sender) => lock(sender).as_ref().expect(SENT).is_closed(),
            Sending::Checked(channel) => place::span("is-closed", || channel.take::<T>().value.is_closed),
        }
    }

    /// Waits until nobody will receive.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        let site = Location::caller();
        async move {
            match &self.0 {
                Sending::Outside(sender) => {
                    std::future::poll_fn(|context| lock(sender).as_mut().expect(SENT).poll_closed(context)).await;
                }
                Sending::Checked(channel) => {
                    place::awaited().await;
                    place::retry_at(site, "closed", || {
                        let held = channel.take::<T>();
                        if held.value.is_closed {
                            return Break(());
                        }
                        held.wait(channel.closed);
                        Continue(())
                    });
                }
            }
        }
    }

    /// Which end of which channel it is.
    fn end(&self) -> usize {
        match &self.0 {
            Sending::Outside(sender) => Arc::as_ptr(sender).addr(),
            Sending::Checked(channel) => channel.slot.object,
        }
    }
}

impl<T: Value> Drop for Sender<T> {
    fn drop(&mut self) {
        if let &Sending::Checked(channel) = &self.0 {
            place::end(move || {
                channel.complete::<T>(None, channel.site);
            });
        }
    }
}

enum Receiving<T> {
    Outside(Shared<oneshot::Receiver<T>>),
    /// Once it is over, it has nothing to do with the channel any more.
    Checked {
        channel: Channel,
        is_over: bool,
    },
}

/// `tokio`'s `Receiver`, which can be checked: a future of what is sent.
pub struct Receiver<T: Value>(Receiving<T>);

impl<T: Value> Receiver<T> {
    /// Lets nobody send any more. What has been sent can still be received.
    #[track_caller]
    pub fn close(&mut self) {
        match &self.0 {
            Receiving::Outside(receiver) => lock(receiver).close(),
            Receiving::Checked { is_over: true, .. } => {}
            Receiving::Checked { channel, .. } => channel.close::<T>(false, Location::caller()),
        }
    }

    /// Takes what was sent, if anything was.
    ///
    /// # Errors
    /// Nothing was, or nothing will be.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match &mut self.0 {
            Receiving::Outside(receiver) => lock(receiver).try_recv(),
            Receiving::Checked { is_over: true, .. } => Err(TryRecvError::Closed),
            Receiving::Checked { channel, is_over } => {
                let received = channel.receive(false, Location::caller());
                *is_over = !matches!(received, Err(TryRecvError::Empty));
                received
            }
        }
    }

    /// Which end of which channel it is, and whether it is over.
    fn end(&self) -> (usize, bool) {
        match &self.0 {
            Receiving::Outside(receiver) => (Arc::as_ptr(receiver).addr(), false),
            Receiving::Checked { channel, is_over } => (channel.slot.object, *is_over),
        }
    }
}

impl<T: Value> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Receiving::Outside(receiver) => Pin::new(&mut *lock(receiver)).poll(context).map_err(|_| RecvError(())),
            Receiving::Checked { is_over: true, .. } => panic!("called after complete"),
            Receiving::Checked { channel, is_over } => {
                ready!(place::poll_awaited());
                let received = channel.receive(true, Location::caller());
                *is_over = true;
                Poll::Ready(received.map_err(|_| RecvError(())))
            }
        }
    }
}

impl<T: Value> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let &Receiving::Checked { channel, is_over: false } = &self.0 {
            place::end(move || channel.close::<T>(true, channel.site));
        }
    }
}

impl<T: Value> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender(match &self.0 {
            Sending::Outside(sender) => Sending::Outside(Arc::clone(sender)),
            Sending::Checked(channel) => Sending::Checked(*channel),
        })
    }
}

impl<T: Value> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver(match &self.0 {
            Receiving::Outside(receiver) => Receiving::Outside(Arc::clone(receiver)),
            Receiving::Checked { channel, is_over } => Receiving::Checked { channel: *channel, is_over: *is_over },
        })
    }
}

same_by_end!(Sender, Receiver);
