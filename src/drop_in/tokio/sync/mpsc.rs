//! Channels that are awaited. As of [`std`'s](crate::drop_in::sync::mpsc), under a check the receiving end is always there,
//! and can be kept in a mutex.

use crate::drop_in::place;
use crate::drop_in::sync::mpsc::{Channel, TryRecvError as Nothing};
use crate::sync::Value;
use ::tokio::sync::{Mutex, mpsc};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;

#[doc(no_inline)]
pub use mpsc::error::{SendError, TryRecvError, TrySendError};

/// A channel with so much room.
#[track_caller]
pub fn channel<T: Value>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    match Channel::declare::<T>(Some(buffer)) {
        Some(channel) => (Sender(Sending::Checked(channel)), Receiver(Receiving::Checked(channel))),
        None => {
            let (sender, receiver) = mpsc::channel(buffer);
            (Sender(Sending::Outside(sender)), Receiver(Receiving::Outside(Arc::new(Mutex::new(receiver)))))
        }
    }
}

enum Sending<T> {
    Outside(mpsc::Sender<T>),
    Checked(Channel),
}

enum Receiving<T> {
    Outside(Arc<Mutex<mpsc::Receiver<T>>>),
    Checked(Channel),
}

/// `tokio`'s `Sender`, which can be checked.
pub struct Sender<T: Value>(Sending<T>);

/// `tokio`'s `Receiver`, which can be checked. (A clone is the same end of the same channel.)
pub struct Receiver<T: Value>(Receiving<T>);

impl<T: Value> Sender<T> {
    /// Sends, once there is room.
    ///
    /// # Errors
    /// Nobody will receive it.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        let site = Location::caller();
        async move {
            match &self.0 {
                Sending::Checked(channel) => {
                    place::awaited().await;
                    channel.send(value, true, site).map_err(SendError)
                }
                Sending::Outside(sender) => sender.send(value).await,
            }
        }
    }

    /// Sends if there is room.
    ///
    /// # Errors
    /// There is none, or nobody will receive it.
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        match &self.0 {
            Sending::Checked(channel) => channel.send(value, false, Location::caller()).map_err(TrySendError::Full),
            Sending::Outside(sender) => sender.try_send(value),
        }
    }
}

impl<T: Value> Receiver<T> {
    /// Waits for something; `None` once nobody can send any more.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
        let site = Location::caller();
        async move {
            match &self.0 {
                Receiving::Checked(channel) => {
                    place::awaited().await;
                    channel.receive(true, site).ok()
                }
                Receiving::Outside(receiver) => receiver.lock().await.recv().await,
            }
        }
    }

    /// Takes something if it is there.
    ///
    /// # Errors
    /// Nothing is, or nobody can send any more.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match &self.0 {
            Receiving::Checked(channel) => {
                channel.receive(false, Location::caller()).map_err(|nothing| match nothing {
                    Nothing::Empty => TryRecvError::Empty,
                    Nothing::Disconnected => TryRecvError::Disconnected,
                })
            }
            Receiving::Outside(receiver) => match receiver.try_lock() {
                Ok(mut receiver) => receiver.try_recv(),
                Err(_) => Err(TryRecvError::Empty),
            },
        }
    }

    /// Which end of which channel it is.
    fn end(&self) -> usize {
        match &self.0 {
            Receiving::Outside(receiver) => Arc::as_ptr(receiver).addr(),
            Receiving::Checked(channel) => channel.queue.object,
        }
    }
}

impl<T: Value> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Sender(match &self.0 {
            Sending::Outside(sender) => Sending::Outside(sender.clone()),
            Sending::Checked(channel) => {
                channel.join::<T>();
                Sending::Checked(*channel)
            }
        })
    }
}

impl<T: Value> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Sending::Checked(channel) = &self.0 {
            channel.leave::<T>();
        }
    }
}

impl<T: Value> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver(match &self.0 {
            Receiving::Outside(receiver) => Receiving::Outside(Arc::clone(receiver)),
            Receiving::Checked(channel) => Receiving::Checked(*channel),
        })
    }
}

same_by_end!(Receiver);

impl<T: Value> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
