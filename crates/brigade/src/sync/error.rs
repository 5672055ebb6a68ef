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
/// The time ran out before what was waited for came true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutError;

impl fmt::Display for WaitTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time ran out")
    }
}

impl Error for WaitTimeoutError {}

/// A latch was to be counted down by more than was left. It was left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountDownError {
    pub(super) by: usize,
    pub(super) left: usize,
}

impl CountDownError {
    /// What was left at that moment.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }
}

impl fmt::Display for CountDownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, left } = self;
        write!(
            f,
            "the latch cannot be counted down by {by}: only {left} left"
        )
    }
}

impl Error for CountDownError {}

/// Why a cell was not set. The value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SetError<T> {
    /// The cell has a value.
    Initialized(T),
    /// Somebody is about to initialise the cell, and may yet fail.
    Initializing(T),
}

impl<T> SetError<T> {
    /// The value that was not set.
    pub fn into_inner(self) -> T {
        match self {
            Self::Initialized(value) | Self::Initializing(value) => value,
        }
    }
}

impl<T> fmt::Debug for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialized(_) => "Initialized(..)",
            Self::Initializing(_) => "Initializing(..)",
        })
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialized(_) => "the cell has a value already",
            Self::Initializing(_) => "the cell is being initialised",
        })
    }
}

impl<T> Error for SetError<T> {}
