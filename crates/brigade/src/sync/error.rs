//! What goes wrong with shared state, in one place: these mean the same for every lock.

use std::error::Error;
use std::fmt;

/// The lock was not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLockError;

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held by somebody else")
    }
}

impl Error for TryLockError {}

/// The lock did not become free in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTimeoutError;

impl fmt::Display for LockTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time ran out while the lock was held by somebody else")
    }
}

impl Error for LockTimeoutError {}
