//! Notifications that are awaited.

use crate::drop_in::place;
use crate::drop_in::sync::held::{Held, Lock};
use crate::sync::{Condvar, Mode};
use ::tokio::sync as outside;
use std::fmt;
use std::panic::Location;

/// `tokio`'s `Notify`, which can be checked. Under a check, a future of [`notified`](Notify::notified) is awaited where it is
/// made; to do anything else in between is refused.
pub struct Notify(Inner);

enum Inner {
    Outside(outside::Notify),
    Checked { lock: Lock, condvar: Condvar },
}

/// What is told to those who come later, and how many wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Told {
    permit: bool,
    waiting: u32,
}

impl Notify {
    /// One of which nobody has been notified.
    #[track_caller]
    pub fn new() -> Self {
        Notify(match Lock::declare("Notify", false, Told::default()) {
            Ok(lock) => {
                let condvar = place::declare_with(lock.object, "rings", |setup, name| setup.condvar(name));
                Inner::Checked { lock, condvar }
            }
            Err(_) => Inner::Outside(outside::Notify::new()),
        })
    }

    /// Waits to be notified.
    #[track_caller]
    pub fn notified(&self) -> impl Future<Output = ()> {
        let site = Location::caller();
        let made = place::steps();
        async move {
            match &self.0 {
                Inner::Outside(notify) => {
                    place::outside("Notify");
                    notify.notified().await;
                }
                Inner::Checked { lock, condvar } => {
                    if place::steps() != made {
                        place::refuse("it does something between making a `notified` and awaiting it");
                    }
                    place::awaited().await;
                    place::span_at(site, "notified", || {
                        let mut held: Held<Told> = lock.take(Mode::Exclusive);
                        if std::mem::take(&mut held.value.permit) {
                            return;
                        }
                        held.value.waiting += 1;
                        held.wait(*condvar);
                    });
                }
            }
        }
    }

    /// Notifies one of those who wait, or, if nobody does, the next who comes.
    #[track_caller]
    pub fn notify_one(&self) {
        match &self.0 {
            Inner::Outside(notify) => notify.notify_one(),
            Inner::Checked { lock, condvar } => place::span("notify-one", || {
                let mut held: Held<Told> = lock.take(Mode::Exclusive);
                if held.value.waiting == 0 {
                    held.value.permit = true;
                } else {
                    held.value.waiting -= 1;
                    place::on(|at| condvar.notify_one(at));
                }
            }),
        }
    }

    /// Notifies all of those who wait.
    #[track_caller]
    pub fn notify_waiters(&self) {
        match &self.0 {
            Inner::Outside(notify) => notify.notify_waiters(),
            Inner::Checked { lock, condvar } => place::span("notify-waiters", || {
                let mut held: Held<Told> = lock.take(Mode::Exclusive);
                held.value.waiting = 0;
                place::on(|at| condvar.notify_all(at));
            }),
        }
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Notify::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notify")
    }
}
