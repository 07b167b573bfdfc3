//! A semaphore that is awaited.

use crate::drop_in::place;
use crate::sync::{Access, Mode, ObjectId, Observation};
use ::tokio::sync as outside;
use std::fmt;
use std::panic::Location;

/// `tokio`'s `Semaphore`, which can be checked. Under a check nobody closes it.
pub struct Semaphore(Inner);

enum Inner {
    Outside(outside::Semaphore),
    Checked(ObjectId),
}

/// It was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError(());

/// Why there is no permit at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// It was closed.
    Closed,
    /// There are not so many.
    NoPermits,
}

/// Permits of a [`Semaphore`], which are given back when this is dropped.
#[must_use = "the permits are given back when this is dropped"]
pub struct SemaphorePermit<'a>(Held<'a>);

enum Held<'a> {
    Outside(outside::SemaphorePermit<'a>),
    Checked(Owed),
}

/// Permits of a semaphore of a check.
struct Owed(ObjectId, Mode, &'static Location<'static>);

impl Semaphore {
    /// One with so many permits.
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        let most = u32::try_from(permits).unwrap_or(u32::MAX);
        Semaphore(match place::declare("Semaphore", |setup, name| setup.semaphore(name, most)) {
            Some(semaphore) => Inner::Checked(semaphore.0),
            None => Inner::Outside(outside::Semaphore::new(permits)),
        })
    }

    /// Waits for a permit, and takes it.
    ///
    /// # Errors
    /// The semaphore was closed.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_many(1)
    }

    /// Waits for so many permits, and takes them.
    ///
    /// # Errors
    /// The semaphore was closed.
    #[track_caller]
    pub fn acquire_many(&self, permits: u32) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        let site = Location::caller();
        async move {
            match &self.0 {
                Inner::Checked(object) => {
                    place::awaited().await;
                    let mode = Mode::Permits(permits);
                    place::on_at(site, |at| at.on(*object, Access::Lock(mode)));
                    Ok(SemaphorePermit(Held::Checked(Owed(*object, mode, site))))
                }
                Inner::Outside(semaphore) => {
                    place::outside("Semaphore");
                    let permit = semaphore.acquire_many(permits).await;
                    permit.map(|permit| SemaphorePermit(Held::Outside(permit))).map_err(|_| AcquireError(()))
                }
            }
        }
    }

    /// Takes a permit if there is one.
    ///
    /// # Errors
    /// There is none, or the semaphore was closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        match &self.0 {
            Inner::Checked(object) => {
                let mode = Mode::Permits(1);
                match place::on(|at| at.on(*object, Access::TryLock(mode))) {
                    Observation::Refused => Err(TryAcquireError::NoPermits),
                    _ => Ok(SemaphorePermit(Held::Checked(Owed(*object, mode, Location::caller())))),
                }
            }
            Inner::Outside(semaphore) => {
                place::outside("Semaphore");
                let permit = semaphore.try_acquire();
                permit.map(|permit| SemaphorePermit(Held::Outside(permit))).map_err(|error| match error {
                    outside::TryAcquireError::Closed => TryAcquireError::Closed,
                    outside::TryAcquireError::NoPermits => TryAcquireError::NoPermits,
                })
            }
        }
    }

    /// Adds permits.
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        match &self.0 {
            Inner::Checked(object) => {
                let more = u32::try_from(permits).unwrap_or(u32::MAX);
                place::on(|at| at.on(*object, Access::AddPermits(more)));
            }
            Inner::Outside(semaphore) => semaphore.add_permits(permits),
        }
    }
}

impl SemaphorePermit<'_> {
    /// Does not give the permits back.
    pub fn forget(self) {
        match self.0 {
            Held::Outside(permit) => permit.forget(),
            Held::Checked(owed) => std::mem::forget(owed),
        }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        place::free(self.0, self.1, None, self.2);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Semaphore")
    }
}
