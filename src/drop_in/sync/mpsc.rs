//! `std::sync::mpsc`, on which threads can be checked: under a check, a mutex and two condition variables.
//!
//! Under a check the receiving end is there for as long as the check is: that it may be gone is not modelled. It can be
//! shared in a mutex, as threads do who receive in turn.

use super::held::{Held, Lock};
use crate::drop_in::place;
use crate::sync::{Condvar, Mode, Value};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::ControlFlow::{Break, Continue};
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc};
use std::time::Duration;
#[doc(no_inline)]
pub use std_mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

/// What is sent and not received yet.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Queue<T> {
    items: Vec<T>,
    senders: usize,
}

impl<T: fmt::Debug> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

/// A channel of a check.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) queue: Lock,
    filled: Condvar,
    emptied: Condvar,
    room: Option<usize>,
}

impl Channel {
    #[track_caller]
    pub(crate) fn declare<T: Value>(room: Option<usize>) -> Option<Channel> {
        let queue = Lock::declare("channel", false, Queue::<T> { items: Vec::new(), senders: 1 }).ok()?;
        assert!(room != Some(0), "a channel without room, by which threads meet, is not modelled");
        let condvar = |what| place::declare_with(queue.object, what, |setup, name| setup.condvar(name));
        Some(Channel { queue, filled: condvar("is filled"), emptied: condvar("is emptied"), room })
    }

    #[track_caller]
    fn take<T: Value>(self) -> Held<Queue<T>> {
        self.queue.take(Mode::Exclusive)
    }

    /// Sends; where there is no room, waits or gives the value back.
    pub(crate) fn send<T: Value>(self, value: T, waits: bool, site: &'static Location<'static>) -> Result<(), T> {
        let is_sent = place::retry_at(site, "send", || {
            let mut held = self.take::<T>();
            if self.room.is_some_and(|room| held.value.items.len() >= room) {
                if !waits {
                    return Break(false);
                }
                held.wait(self.emptied);
                return Continue(());
            }
            held.value.items.push(value.clone());
            place::on(|at| self.filled.notify_one(at));
            Break(true)
        });
        if !is_sent {
            return Err(value);
        }
        // It lives on in the queue.
        place::aside(|| drop(value));
        Ok(())
    }

    /// Receives; where there is nothing, waits or says so.
    pub(crate) fn receive<T: Value>(self, waits: bool, site: &'static Location<'static>) -> Result<T, TryRecvError> {
        // What is there, or whether there may be something later.
        let received = place::retry_at(site, "receive", || {
            let mut held = self.take::<T>();
            if held.value.items.is_empty() {
                let later = held.value.senders > 0;
                if !later || !waits {
                    return Break(Err(later));
                }
                held.wait(self.filled);
                return Continue(());
            }
            let value = held.value.items.remove(0);
            if self.room.is_some() {
                place::on(|at| self.emptied.notify_one(at));
            }
            Break(Ok(value))
        });
        received.map_err(|later| if later { TryRecvError::Empty } else { TryRecvError::Disconnected })
    }

    /// One sender more.
    #[track_caller]
    pub(crate) fn join<T: Value>(self) {
        place::span("clone", || self.take::<T>().value.senders += 1);
    }

    /// One sender less.
    pub(crate) fn leave<T: Value>(self) {
        place::end(move || {
            place::span("drop", || {
                let mut held = self.take::<T>();
                held.value.senders -= 1;
                if held.value.senders == 0 {
                    place::on(|at| self.filled.notify_all(at));
                }
            });
        });
    }
}

/// A channel that takes whatever is sent.
#[track_caller]
pub fn channel<T: Value>() -> (Sender<T>, Receiver<T>) {
    match Channel::declare::<T>(None) {
        Some(channel) => (Sender(Sending::Checked(channel)), Receiver(Receiving::Checked(channel))),
        None => {
            let (sender, receiver) = std_mpsc::channel();
            (Sender(Sending::Std(sender)), Receiver(Receiving::of(receiver)))
        }
    }
}

/// A channel with so much room. Under a check that is one at least.
#[track_caller]
pub fn sync_channel<T: Value>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    match Channel::declare::<T>(Some(bound)) {
        Some(channel) => (SyncSender(Sending::Checked(channel)), Receiver(Receiving::Checked(channel))),
        None => {
            let (sender, receiver) = std_mpsc::sync_channel(bound);
            (SyncSender(Sending::Std(sender)), Receiver(Receiving::of(receiver)))
        }
    }
}

enum Sending<S> {
    Std(S),
    Checked(Channel),
}

/// `std`'s [`Sender`](std_mpsc::Sender), which can be checked.
pub struct Sender<T: Value>(Sending<std_mpsc::Sender<T>>);

impl<T: Value> Sender<T> {
    /// Sends.
    ///
    /// # Errors
    /// Nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        match &self.0 {
            Sending::Std(sender) => sender.send(value),
            Sending::Checked(channel) => channel.send(value, true, Location::caller()).map_err(SendError),
        }
    }
}

/// `std`'s [`SyncSender`](std_mpsc::SyncSender), which can be checked.
pub struct SyncSender<T: Value>(Sending<std_mpsc::SyncSender<T>>);

impl<T: Value> SyncSender<T> {
    /// Sends, once there is room.
    ///
    /// # Errors
    /// Nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        match &self.0 {
            Sending::Std(sender) => sender.send(value),
            Sending::Checked(channel) => channel.send(value, true, Location::caller()).map_err(SendError),
        }
    }

    /// Sends if there is room.
    ///
    /// # Errors
    /// There is none, or nobody will receive it.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        match &self.0 {
            Sending::Std(sender) => sender.try_send(value),
            Sending::Checked(channel) => channel.send(value, false, Location::caller()).map_err(TrySendError::Full),
        }
    }
}

macro_rules! senders {
    ($($sender:ident),*) => {
        $(
            impl<T: Value> Clone for $sender<T> {
                #[track_caller]
                fn clone(&self) -> Self {
                    $sender(match &self.0 {
                        Sending::Std(sender) => Sending::Std(sender.clone()),
                        Sending::Checked(channel) => {
                            channel.join::<T>();
                            Sending::Checked(*channel)
                        }
                    })
                }
            }

            impl<T: Value> Drop for $sender<T> {
                fn drop(&mut self) {
                    if let Sending::Checked(channel) = &self.0 {
                        channel.leave::<T>();
                    }
                }
            }

            impl<T: Value> fmt::Debug for $sender<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(stringify!($sender))
                }
            }
        )*
    };
}

senders!(Sender, SyncSender);

enum Receiving<T> {
    Std(Arc<Mutex<std_mpsc::Receiver<T>>>),
    Checked(Channel),
}

impl<T> Receiving<T> {
    fn of(receiver: std_mpsc::Receiver<T>) -> Self {
        Receiving::Std(Arc::new(Mutex::new(receiver)))
    }
}

/// `std`'s [`Receiver`](std_mpsc::Receiver), which can be checked. (It is a value itself, so that it can be kept in a
/// mutex: a clone is the same end of the same channel.)
pub struct Receiver<T: Value>(Receiving<T>);

impl<T: Value> Receiver<T> {
    /// Waits for something, or until nobody can send any more.
    ///
    /// # Errors
    /// Nobody can.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match &self.0 {
            Receiving::Std(receiver) => lock(receiver).recv(),
            Receiving::Checked(channel) => channel.receive(true, Location::caller()).map_err(|_| RecvError),
        }
    }

    /// Takes something if it is there.
    ///
    /// # Errors
    /// Nothing is, or nobody can send any more.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match &self.0 {
            Receiving::Std(receiver) => lock(receiver).try_recv(),
            Receiving::Checked(channel) => channel.receive(false, Location::caller()),
        }
    }

    /// Waits for something, but no longer than this. Under a check it is a choice whether it takes too long.
    ///
    /// # Errors
    /// It does, or nobody can send any more.
    #[track_caller]
    pub fn recv_timeout(&self, time: Duration) -> Result<T, RecvTimeoutError> {
        match &self.0 {
            Receiving::Std(receiver) => lock(receiver).recv_timeout(time),
            Receiving::Checked(channel) => {
                let site = Location::caller();
                if place::on(|at| at.choose("wait", &["in time", "timed out"])) == "timed out" {
                    // What is there at the end is taken all the same.
                    return channel.receive(false, site).map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    });
                }
                channel.receive(true, site).map_err(|_| RecvTimeoutError::Disconnected)
            }
        }
    }

    /// Everything, as it comes, until nobody can send any more.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// Everything that is there.
    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }
}

fn lock<T>(receiver: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Value> Receiver<T> {
    /// Which end of which channel it is.
    fn end(&self) -> usize {
        match &self.0 {
            Receiving::Std(receiver) => Arc::as_ptr(receiver).addr(),
            Receiving::Checked(channel) => channel.queue.object,
        }
    }
}

impl<T: Value> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver(match &self.0 {
            Receiving::Std(receiver) => Receiving::Std(Arc::clone(receiver)),
            Receiving::Checked(channel) => Receiving::Checked(*channel),
        })
    }
}

same_by_end!(Receiver);
