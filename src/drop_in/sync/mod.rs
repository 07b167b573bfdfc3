//! `std::sync`, on which threads can be checked.
//!
//! Nothing here can be `const`, so a `static` cannot hold any of it: a static outlives executions, and so could not be
//! checked anyway.

pub mod atomic;
mod held;
mod mutex;

pub use mutex::{Mutex, MutexGuard};
#[doc(no_inline)]
pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};
