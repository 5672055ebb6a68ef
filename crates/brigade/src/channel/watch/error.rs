//! Why a receiver got no value.

use std::error::Error;
use std::fmt;

/// Why a wait returned no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedError {
    /// The channel is closed and its last value has been looked at: no other will come.
    Closed,
    /// The wait was [cancelled](crate::cancel).
    Cancelled,
}

/// Why [`try_changed`](super::Receiver::try_changed) returned no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryChangedError {
    /// This receiver has seen the latest value.
    Unchanged,
    /// The channel is closed and its last value has been seen: no other will come.
    Closed,
}

/// Why a wait with a deadline returned no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedTimeoutError {
    /// No such value was there before the deadline.
    Timeout,
    /// The channel is closed and its last value has been looked at: no other will come.
    Closed,
    /// The wait was [cancelled](crate::cancel).
    Cancelled,
}

impl From<ChangedError> for TryChangedError {
    /// A wait that is cancelled has found no change.
    fn from(error: ChangedError) -> Self {
        match error {
            ChangedError::Closed => Self::Closed,
            ChangedError::Cancelled => Self::Unchanged,
        }
    }
}

impl From<ChangedError> for ChangedTimeoutError {
    fn from(error: ChangedError) -> Self {
        match error {
            ChangedError::Closed => Self::Closed,
            ChangedError::Cancelled => Self::Cancelled,
        }
    }
}

const CLOSED: &str = "the channel is closed: its value will not change any more";
const CANCELLED: &str = "the wait for a value was cancelled before it came";

impl fmt::Display for ChangedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => CLOSED,
            Self::Cancelled => CANCELLED,
        })
    }
}

impl fmt::Display for TryChangedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "the value has not changed since it was last seen",
            Self::Closed => CLOSED,
        })
    }
}

impl fmt::Display for ChangedTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the awaited value did not come before the deadline",
            Self::Closed => CLOSED,
            Self::Cancelled => CANCELLED,
        })
    }
}

impl Error for ChangedError {}
impl Error for TryChangedError {}
impl Error for ChangedTimeoutError {}
