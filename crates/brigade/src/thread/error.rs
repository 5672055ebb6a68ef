//! What can go wrong with a thread of its own.

use super::Thread;
use crate::scope::Panic;
use std::error::Error;
use std::fmt;
use std::io;

/// The thread was not started: the system refused it, or its name has a NUL byte in it. Here is the closure.
pub struct SpawnError<F> {
    pub(super) error: io::Error,
    pub(super) closure: F,
}

impl<F> SpawnError<F> {
    /// Why it was not started.
    #[must_use]
    pub fn reason(&self) -> &io::Error {
        &self.error
    }

    /// The closure; it was not run.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.closure
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError")
            .field("reason", &self.error)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start a thread: {}", self.error)
    }
}

impl<F> Error for SpawnError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Why a join gave no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The thread panicked.
    Panicked(Panic),
    /// The wait was [cancelled](crate::cancel). The thread goes on alone, and its result is lost.
    WaitCancelled,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(
                f,
                "the thread spawned at {} panicked: {panic}",
                panic.spawned_at()
            ),
            Self::WaitCancelled => f.write_str(WAIT_CANCELLED),
        }
    }
}

const WAIT_CANCELLED: &str = "the wait for the thread was cancelled before the thread had ended";

impl Error for JoinError {}

/// Why a join with a deadline gave no result.
#[non_exhaustive]
pub enum JoinTimeoutError<T> {
    /// The thread had not ended by the deadline. Here it is, to be joined again.
    Timeout(Thread<T>),
    /// The wait was cancelled before the thread had ended. Here it is.
    Cancelled(Thread<T>),
    /// The thread has ended, and gave no result.
    Failed(JoinError),
}

impl<T> fmt::Display for JoinTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(_) => f.write_str("the thread had not ended by the deadline"),
            Self::Cancelled(_) => f.write_str(WAIT_CANCELLED),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<T> fmt::Debug for JoinTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(thread) => f.debug_tuple("Timeout").field(thread).finish(),
            Self::Cancelled(thread) => f.debug_tuple("Cancelled").field(thread).finish(),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl<T> Error for JoinTimeoutError<T> {}
