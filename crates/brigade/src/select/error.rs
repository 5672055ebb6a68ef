//! What can go wrong at a select.

use std::error::Error;
use std::fmt;

/// No arm could ever be done: the select has none, or all of them have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectError;

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
}

impl From<SelectError> for TrySelectError {
    fn from(_: SelectError) -> Self {
        Self::NoArms
    }
}

impl From<SelectError> for SelectTimeoutError {
    fn from(_: SelectError) -> Self {
        Self::NoArms
    }
}

const NO_ARMS: &str = "the select would wait for ever: it has no arm that could be done";

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_ARMS)
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
        })
    }
}

impl Error for SelectError {}
impl Error for TrySelectError {}
impl Error for SelectTimeoutError {}
