//! What goes wrong with permits.

use super::{BadCount, MOST};
use std::error::Error;
use std::fmt;

/// There will be no permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcquireError {
    /// The semaphore is closed.
    Closed,
    /// So many cannot be asked for: none, or more than a semaphore can have.
    BadCount(usize),
    /// The wait was [cancelled](crate::cancel).
    Cancelled,
}

/// There are no permits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// Too few are there, or others wait for them.
    NoPermits,
    /// The semaphore is closed.
    Closed,
    /// So many cannot be asked for: none, or more than a semaphore can have.
    BadCount(usize),
}

/// There were no permits in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcquireTimeoutError {
    /// The time ran out.
    Timeout,
    /// The semaphore is closed.
    Closed,
    /// So many cannot be asked for: none, or more than a semaphore can have.
    BadCount(usize),
    /// The wait was [cancelled](crate::cancel).
    Cancelled,
}

/// There would be more permits than a semaphore can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddPermitsError;

const CLOSED: &str = "the semaphore is closed";
const CANCELLED: &str = "the wait was cancelled while the semaphore had too few permits";

fn bad_count(f: &mut fmt::Formatter<'_>, count: usize) -> fmt::Result {
    write!(
        f,
        "{count} permits cannot be asked for: ask for 1 to {MOST}"
    )
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Closed => f.write_str(CLOSED),
            Self::Cancelled => f.write_str(CANCELLED),
            Self::BadCount(count) => bad_count(f, count),
        }
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoPermits => {
                f.write_str("the semaphore has too few permits that nobody waits for")
            }
            Self::Closed => f.write_str(CLOSED),
            Self::BadCount(count) => bad_count(f, count),
        }
    }
}

impl fmt::Display for AcquireTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Timeout => {
                f.write_str("the time ran out while the semaphore had too few permits")
            }
            Self::Closed => f.write_str(CLOSED),
            Self::Cancelled => f.write_str(CANCELLED),
            Self::BadCount(count) => bad_count(f, count),
        }
    }
}

impl fmt::Display for AddPermitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a semaphore has at most {MOST} permits")
    }
}

impl Error for AcquireError {}
impl Error for TryAcquireError {}
impl Error for AcquireTimeoutError {}
impl Error for AddPermitsError {}

impl From<BadCount> for AcquireError {
    fn from(bad: BadCount) -> Self {
        Self::BadCount(bad.0)
    }
}

impl From<BadCount> for TryAcquireError {
    fn from(bad: BadCount) -> Self {
        Self::BadCount(bad.0)
    }
}

impl From<BadCount> for AcquireTimeoutError {
    fn from(bad: BadCount) -> Self {
        Self::BadCount(bad.0)
    }
}

impl From<AcquireError> for AcquireTimeoutError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Closed => Self::Closed,
            AcquireError::BadCount(count) => Self::BadCount(count),
            AcquireError::Cancelled => Self::Cancelled,
        }
    }
}
