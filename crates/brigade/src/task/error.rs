//! What can go wrong with a task of its own.

use crate::scope::Panic;
use std::error::Error;
use std::fmt;
use std::io;

/// Why a task gave no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The task panicked.
    Panicked(Panic),
    /// The task was dropped before its end: it was told to stop, or its runtime or pool has ended.
    Aborted,
    /// The task did not begin: the system refused the threads of the pool that was to run it.
    NotStarted(io::Error),
    /// The wait was [cancelled](crate::cancel). The task goes on alone, unless it is to stop when it is dropped.
    WaitCancelled,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(
                f,
                "the task spawned at {} panicked: {panic}",
                panic.spawned_at()
            ),
            Self::Aborted => f.write_str("the task was stopped before its end"),
            Self::NotStarted(error) => write!(f, "cannot start a task: {error}"),
            Self::WaitCancelled => {
                f.write_str("the wait for the task was cancelled before the task had ended")
            }
        }
    }
}

impl Error for JoinError {}
