//! Why a receiver got no value.

use std::error::Error;
use std::fmt;

/// The channel is closed and its last value has been looked at: no other will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangedError;

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
}

impl From<ChangedError> for TryChangedError {
    fn from(_: ChangedError) -> Self {
        Self::Closed
    }
}

impl From<ChangedError> for ChangedTimeoutError {
    fn from(_: ChangedError) -> Self {
        Self::Closed
    }
}

const CLOSED: &str = "the channel is closed: its value will not change any more";

impl fmt::Display for ChangedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED)
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
        })
    }
}

impl Error for ChangedError {}
impl Error for TryChangedError {}
impl Error for ChangedTimeoutError {}
