//! What can go wrong at a broadcast channel.

use std::error::Error;
use std::fmt;

/// Nobody will receive the value: the channel is closed, or has no receiver at this moment. It comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The receiver was overtaken: so many values are lost to it. It goes on with the oldest that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged(pub u64);

/// Why [`recv`](super::Receiver::recv) received no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// The receiver was overtaken: so many values are lost to it. It goes on with the oldest that is kept.
    Lagged(u64),
    /// The channel is closed and everything was received: no value will come.
    Closed,
    /// The wait for a value was [cancelled](crate::cancel).
    Cancelled,
}

/// Why [`try_recv`](super::Receiver::try_recv) received no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing was sent since the last receive.
    Empty,
    /// The receiver was overtaken: so many values are lost to it. It goes on with the oldest that is kept.
    Lagged(u64),
    /// The channel is closed and everything was received: no value will come.
    Closed,
}

/// Why a receive with a deadline received no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// Nothing was sent until the deadline.
    Timeout,
    /// The receiver was overtaken: so many values are lost to it. It goes on with the oldest that is kept.
    Lagged(u64),
    /// The channel is closed and everything was received: no value will come.
    Closed,
    /// The wait for a value was [cancelled](crate::cancel).
    Cancelled,
}

impl From<Lagged> for RecvError {
    fn from(Lagged(lost): Lagged) -> Self {
        Self::Lagged(lost)
    }
}

impl From<RecvError> for TryRecvError {
    /// A wait that is cancelled has found nothing.
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lagged(lost) => Self::Lagged(lost),
            RecvError::Closed => Self::Closed,
            RecvError::Cancelled => Self::Empty,
        }
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Lagged(lost) => Self::Lagged(lost),
            RecvError::Closed => Self::Closed,
            RecvError::Cancelled => Self::Cancelled,
        }
    }
}

const CLOSED: &str = "the channel is closed and everything was received: nothing will come";
const CANCELLED: &str = "the receive was cancelled before anything was sent";

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody will receive what is sent: the channel is closed or has no receiver")
    }
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = if self.0 == 1 { "value" } else { "values" };
        write!(
            f,
            "the receiver was too slow and has lost {} {values}",
            self.0
        )
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagged(lost) => Lagged(*lost).fmt(f),
            Self::Closed => f.write_str(CLOSED),
            Self::Cancelled => f.write_str(CANCELLED),
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing was sent since the last receive"),
            Self::Lagged(lost) => Lagged(*lost).fmt(f),
            Self::Closed => f.write_str(CLOSED),
        }
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("nothing was sent until the deadline"),
            Self::Lagged(lost) => Lagged(*lost).fmt(f),
            Self::Closed => f.write_str(CLOSED),
            Self::Cancelled => f.write_str(CANCELLED),
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> Error for SendError<T> {}
impl Error for Lagged {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
