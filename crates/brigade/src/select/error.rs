//! What can go wrong at a select.

use std::error::Error;
use std::fmt;

/// Why a select did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectError {
    /// No arm could ever be done: the select has none, or all of them have sent.
    NoArms,
    /// The wait was [cancelled](crate::cancel) before an arm could be done.
    Cancelled,
}

/// Why [`try_wait`](super::Select::try_wait) did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrySelectError {
    /// No arm can be done at this moment.
    NotReady,
    /// No arm could ever be done: the select has none, or all of them have sent.
    NoArms,
}

/// Why a select with a deadline did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectTimeoutError {
    /// No arm could be done until the deadline.
    Timeout,
    /// No arm could ever be done: the select has none, or all of them have sent.
    NoArms,
    /// The wait was [cancelled](crate::cancel) before an arm could be done.
    Cancelled,
}

impl From<SelectError> for TrySelectError {
    /// A wait that is cancelled has found no arm ready.
    fn from(error: SelectError) -> Self {
        match error {
            SelectError::NoArms => Self::NoArms,
            SelectError::Cancelled => Self::NotReady,
        }
    }
}

impl From<SelectError> for SelectTimeoutError {
    fn from(error: SelectError) -> Self {
        match error {
            SelectError::NoArms => Self::NoArms,
            SelectError::Cancelled => Self::Cancelled,
        }
    }
}

const CANCELLED: &str = "the select was cancelled before an arm was ready";
const NO_ARMS: &str = "the select would wait for ever: it has no arm that could be done";

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoArms => NO_ARMS,
            Self::Cancelled => CANCELLED,
        })
    }
}

impl fmt::Display for TrySelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReady => "no arm of the select is ready",
            Self::NoArms => NO_ARMS,
        })
    }
}

impl fmt::Display for SelectTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no arm of the select was ready before the deadline",
            Self::NoArms => NO_ARMS,
            Self::Cancelled => CANCELLED,
        })
    }
}

impl Error for SelectError {}
impl Error for TrySelectError {}
impl Error for SelectTimeoutError {}
