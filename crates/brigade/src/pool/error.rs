//! What can go wrong with pools and jobs.

use super::{Builder, Job};
use crate::channel::{SendError, TrySendError};
use crate::scope::Panic;
use std::error::Error;
use std::fmt;
use std::io;

/// Why a pool could not be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A pool of no threads would never run a job.
    NoThreads,
    /// A queue for no jobs would never take one.
    NoQueue,
    /// More threads than [`Builder::THREADS_MAX`](super::Builder::THREADS_MAX).
    TooManyThreads,
    /// A longer queue than [`Builder::QUEUE_CAPACITY_MAX`](super::Builder::QUEUE_CAPACITY_MAX).
    QueueTooLong,
    /// A processor that the threads are to be [bound](super::Builder::bind_to_cpus) to is not there, or not for this
    /// process; or the system does not bind threads.
    Cpu(usize),
    /// The name has a NUL byte in it, which no system takes.
    Name,
    /// The system refused to start a thread.
    Thread(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreads => f.write_str("a pool needs at least 1 thread"),
            Self::NoQueue => f.write_str("a pool needs a queue for at least 1 job"),
            Self::TooManyThreads => {
                write!(f, "a pool has at most {} threads", Builder::THREADS_MAX)
            }
            Self::QueueTooLong => write!(
                f,
                "the queue of a pool holds at most {} jobs",
                Builder::QUEUE_CAPACITY_MAX
            ),
            Self::Cpu(cpu) => write!(
                f,
                "threads of this process cannot be bound to processor {cpu}: it is not there, or not allowed"
            ),
            Self::Name => f.write_str("the name of a pool cannot have a NUL byte in it"),
            Self::Thread(error) => write!(f, "cannot start a thread of the pool: {error}"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a pool did not take a job. Here it is; it was not run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rejected<F> {
    /// The pool has been shut down.
    ShutDown(F),
    /// The wait for room in the queue was [cancelled](crate::cancel).
    Cancelled(F),
    /// The queue is full, and the job was not to wait.
    Full(F),
}

impl<F> Rejected<F> {
    /// The same, with what `job` makes of it.
    pub(super) fn map<G>(self, job: impl FnOnce(F) -> G) -> Rejected<G> {
        match self {
            Self::ShutDown(task) => Rejected::ShutDown(job(task)),
            Self::Cancelled(task) => Rejected::Cancelled(job(task)),
            Self::Full(task) => Rejected::Full(job(task)),
        }
    }

    /// The job.
    #[must_use]
    pub fn into_inner(self) -> F {
        match self {
            Self::ShutDown(job) | Self::Cancelled(job) | Self::Full(job) => job,
        }
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShutDown(_) => "ShutDown(..)",
            Self::Cancelled(_) => "Cancelled(..)",
            Self::Full(_) => "Full(..)",
        })
    }
}

impl<F> fmt::Display for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShutDown(_) => "the pool has been shut down and takes no more jobs",
            Self::Cancelled(_) => "the submit was cancelled while the queue of the pool was full",
            Self::Full(_) => "the queue of the pool is full",
        })
    }
}

impl<F> Error for Rejected<F> {}

impl<F> From<SendError<F>> for Rejected<F> {
    fn from(error: SendError<F>) -> Self {
        match error {
            SendError::Closed(task) => Self::ShutDown(task),
            SendError::Cancelled(task) => Self::Cancelled(task),
        }
    }
}

impl<F> From<TrySendError<F>> for Rejected<F> {
    fn from(error: TrySendError<F>) -> Self {
        match error {
            TrySendError::Closed(task) => Self::ShutDown(task),
            TrySendError::Full(task) => Self::Full(task),
        }
    }
}

/// Why a pool has not changed its size.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResizeError {
    /// A pool of no threads would never run a job.
    NoThreads,
    /// More than the pool was [made for](super::Builder::threads_max): so many.
    TooMany(usize),
    /// The pool has been shut down.
    ShutDown,
    /// The system refused to start a thread. The pool has those that it did start.
    Thread(io::Error),
}

impl fmt::Display for ResizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreads => f.write_str("a pool needs at least 1 thread"),
            Self::TooMany(most) => write!(
                f,
                "the pool was made for at most {most} threads: give `Builder::threads_max` a larger number"
            ),
            Self::ShutDown => f.write_str("the pool has been shut down"),
            Self::Thread(error) => write!(f, "cannot start a thread of the pool: {error}"),
        }
    }
}

impl Error for ResizeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a job gave no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// It panicked.
    Panicked(Panic),
    /// It was dropped: by a shutdown, from the queue, before it began; or if it is a future, because it was
    /// [cancelled](super::Spawned::cancel) or the pool has ended.
    Cancelled,
    /// It was dropped from a full queue before it began, because a newer job took its place
    /// ([`Full::DropOldest`](super::Full::DropOldest)).
    Displaced,
    /// The wait for it was [cancelled](crate::cancel). The job goes on alone, and its result is lost.
    WaitCancelled,
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(
                f,
                "the job submitted at {} panicked: {panic}",
                panic.spawned_at()
            ),
            Self::Cancelled => {
                f.write_str("the job was cancelled, or the pool shut down, before it was done")
            }
            Self::Displaced => {
                f.write_str("the queue was full, and a newer job took the place of this one")
            }
            Self::WaitCancelled => f.write_str(WAIT_CANCELLED),
        }
    }
}

const WAIT_CANCELLED: &str = "the wait for the job was cancelled before the job was done";

impl Error for JobError {}

/// Why a join with a deadline gave no result.
pub enum JoinTimeoutError<T> {
    /// The job was not done by the deadline. Here it is, to be joined again.
    Timeout(Job<T>),
    /// The wait was [cancelled](crate::cancel) before the job was done. Here it is.
    Cancelled(Job<T>),
    /// The job is done, and gave no result.
    Failed(JobError),
}

impl<T> fmt::Display for JoinTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(_) => f.write_str("the job was not done by the deadline"),
            Self::Cancelled(_) => f.write_str(WAIT_CANCELLED),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<T> fmt::Debug for JoinTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(job) => f.debug_tuple("Timeout").field(job).finish(),
            Self::Cancelled(job) => f.debug_tuple("Cancelled").field(job).finish(),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl<T> Error for JoinTimeoutError<T> {}
