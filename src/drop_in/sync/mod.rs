//! `std::sync`, on which threads can be checked.
//!
//! Nothing here can be `const`, so a `static` cannot hold any of it: a static outlives executions, and so could not be
//! checked anyway.

pub mod atomic;
mod barrier;
mod condvar;
pub(super) mod held;
mod lazy;
pub mod mpsc;
mod mutex;
mod once;
mod rwlock;

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceLock};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
#[doc(no_inline)]
pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};
