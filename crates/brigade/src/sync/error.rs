//! Why a lock was not had.

use std::error::Error;
use std::fmt;

/// The lock is held by somebody else, and the call was not to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLockError;

/// The lock was held by somebody else for as long as the call was to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTimeoutError;

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held by somebody else")
    }
}

impl fmt::Display for LockTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time ran out while the lock was held by somebody else")
    }
}

impl Error for TryLockError {}
impl Error for LockTimeoutError {}
