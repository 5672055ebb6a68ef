//! Shared state: locks, gates and counters that threads and tasks wait for in the same queue.
//!
//! This module does not know how anybody sleeps (`wait`), and knows no channel.

mod condvar;
mod ended;
mod error;
mod mapped;
mod mutex;
mod rwlock;
mod semaphore;
mod shared;

pub use condvar::{Condvar, Wakeup};
pub use error::{LockTimeoutError, TryLockError};
pub use mapped::Mapped;
pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use rwlock::{
    OwnedRwLockReadGuard, OwnedRwLockUpgradableGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard,
};
pub use semaphore::{
    AcquireError, AcquireTimeoutError, AddPermitsError, OwnedSemaphorePermit, Semaphore,
    SemaphorePermit, TryAcquireError,
};
pub use shared::Shared;
