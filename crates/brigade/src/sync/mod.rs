//! Shared state: locks, gates and counters that threads and tasks wait for in the same queue.
//!
//! | a lock | |
//! |---|---|
//! | [`Mutex`] | one at a time |
//! | [`Shared`] | a mutex that is cloned to share it |
//! | [`RwLock`] | many who read, or one who writes |
//! | [`ReadMostly`] | the same, for what is seldom written: readers do not get into each other's way |
//! | [`Condvar`] | lets those wait who have a mutex, until what it guards has changed |
//! | [`Semaphore`] | so many at a time |
//!
//! | | waits until |
//! |---|---|
//! | [`Barrier`] | as many have arrived as it was made for, again and again |
//! | [`WaitGroup`] | every other handle has been dropped |
//! | [`Latch`] | it has been counted down to zero |
//! | [`Event`] | it is set |
//! | [`Once`], [`OnceCell`], [`Lazy`] | somebody has done it, once |
//!
//! [`Counter`] counts what many threads do at once, at the price of an uncontended add. [`Gauge`] is a level that goes
//! up and down, and remembers its maximum.
//!
//! The plain name of an operation blocks the thread, the suffix `_async` suspends the task; `try_` does not wait, and
//! `_timeout` and `_deadline` set a limit. No lock is poisoned.
//!
//! This module does not know how anybody sleeps (`wait`), and knows no channel.

mod barrier;
mod condvar;
mod counter;
mod ended;
mod error;
mod event;
mod gate;
mod gauge;
mod latch;
mod mapped;
#[cfg(all(test, brigade_loom))]
mod model;
mod mutex;
mod once;
mod places;
mod read_mostly;
mod round;
mod rwlock;
mod select;
mod semaphore;
mod shared;
mod wait_group;

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, Wakeup};
pub use counter::{Counter, CounterOverflowError};
pub use error::{CountDownError, LockTimeoutError, SetError, TryLockError, WaitTimeoutError};
pub use event::Event;
pub use gauge::{Gauge, GaugeError};
pub use latch::Latch;
pub use mapped::Mapped;
pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use once::{Lazy, Once, OnceCell};
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
pub use wait_group::WaitGroup;
