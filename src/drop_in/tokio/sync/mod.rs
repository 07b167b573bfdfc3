//! `tokio::sync`, on which threads can be checked.

mod lock;
pub mod mpsc;
mod notify;
pub mod oneshot;
mod semaphore;

pub use lock::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
pub use notify::Notify;
pub use semaphore::{AcquireError, Semaphore, SemaphorePermit, TryAcquireError};
