//! Shared state: locks, gates and counters that threads and tasks wait for in the same queue.
//!
//! - [`Counter`] counts what many threads do at once, at the price of an uncontended add.
//! - [`Gauge`] is a level that goes up and down, and remembers its maximum.
//! - [`ReadMostly`] is a read-write lock whose readers do not get into each other's way.
//!
//! This module does not know how anybody sleeps (`wait`), and knows no channel.

mod condvar;
mod counter;
mod ended;
mod error;
mod gauge;
mod mapped;
mod mutex;
mod places;
mod read_mostly;
mod rwlock;
mod semaphore;
mod shared;

pub use condvar::{Condvar, Wakeup};
pub use counter::{Counter, CounterOverflowError};
pub use error::{LockTimeoutError, TryLockError};
pub use gauge::{Gauge, GaugeError};
pub use mapped::Mapped;
pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use read_mostly::{ReadMostly, ReadMostlyReadGuard, ReadMostlyWriteGuard};
pub use rwlock::{
    OwnedRwLockReadGuard, OwnedRwLockUpgradableGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard,
};
pub use semaphore::{
    AcquireError, AcquireTimeoutError, AddPermitsError, OwnedSemaphorePermit, Semaphore,
    SemaphorePermit, TryAcquireError,
};
pub use shared::Shared;
