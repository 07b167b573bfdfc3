//! Locks that are awaited.

use crate::drop_in::place;
use crate::drop_in::sync::held::{Held, Lock};
use crate::sync::{Mode, Value};
use ::tokio::sync as outside;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// Somebody else has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLockError(());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("operation would block")
    }
}

impl std::error::Error for TryLockError {}

macro_rules! lock {
    ($lock:ident, $kind:literal, $doc:literal; $($guard:ident, $take:ident, $try:ident, $mode:ident, $of:literal;)*) => {
        #[doc = $doc]
        pub struct $lock<T>(Inner<outside::$lock<T>>);

        impl<T: Value> $lock<T> {
            /// A free one that holds `value`.
            #[track_caller]
            pub fn new(value: T) -> Self {
                $lock(match Lock::declare($kind, false, value) {
                    Ok(lock) => Inner::Checked(lock),
                    Err(value) => Inner::Outside(outside::$lock::new(value)),
                })
            }

            $(
                #[doc = concat!("Waits until it is to be had ", $of, ".")]
                #[track_caller]
                pub fn $take(&self) -> impl Future<Output = $guard<'_, T>> {
                    let site = Location::caller();
                    async move {
                        match &self.0 {
                            Inner::Checked(lock) => {
                                place::awaited().await;
                                $guard(Guard::Checked(lock.take_at(Mode::$mode, site)))
                            }
                            Inner::Outside(lock) => {
                                place::outside($kind);
                                $guard(Guard::Outside(lock.$take().await))
                            }
                        }
                    }
                }

                #[doc = concat!("Takes it if it is to be had ", $of, ".")]
                ///
                /// # Errors
                /// It is not.
                #[track_caller]
                pub fn $try(&self) -> Result<$guard<'_, T>, TryLockError> {
                    match &self.0 {
                        Inner::Checked(lock) => {
                            let held = lock.attempt(Mode::$mode);
                            held.map(|held| $guard(Guard::Checked(held))).ok_or(TryLockError(()))
                        }
                        Inner::Outside(lock) => {
                            place::outside($kind);
                            lock.$try().map(|guard| $guard(Guard::Outside(guard))).map_err(|_| TryLockError(()))
                        }
                    }
                }
            )*
        }

        impl<T> fmt::Debug for $lock<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($lock))
            }
        }

        $(
            #[doc = concat!("Holds one of `tokio`'s locks, ", $of, ".")]
            #[must_use = "the lock is freed when the guard is dropped"]
            pub struct $guard<'a, T: Value>(Guard<outside::$guard<'a, T>, T>);

            impl<T: Value> Deref for $guard<'_, T> {
                type Target = T;

                fn deref(&self) -> &T {
                    match &self.0 {
                        Guard::Outside(guard) => guard,
                        Guard::Checked(held) => &held.value,
                    }
                }
            }
        )*
    };
}

enum Inner<L> {
    Outside(L),
    Checked(Lock),
}

enum Guard<G, T: Value> {
    Outside(G),
    Checked(Held<T>),
}

lock! {
    Mutex, "Mutex", "`tokio`'s `Mutex`, which can be checked.";
    MutexGuard, lock, try_lock, Exclusive, "alone";
}

lock! {
    RwLock, "RwLock", "`tokio`'s `RwLock`, which can be checked.";
    RwLockReadGuard, read, try_read, Shared, "together with other readers";
    RwLockWriteGuard, write, try_write, Exclusive, "alone";
}

macro_rules! writes {
    ($($guard:ident),*) => {
        $(
            impl<T: Value> DerefMut for $guard<'_, T> {
                fn deref_mut(&mut self) -> &mut T {
                    match &mut self.0 {
                        Guard::Outside(guard) => guard,
                        Guard::Checked(held) => &mut held.value,
                    }
                }
            }
        )*
    };
}

writes!(MutexGuard, RwLockWriteGuard);
