//! How the children of a scope fail, what that does to the others, and what the scope tells of it.

use super::Panic;
use crate::cancel::Reason;
use std::error::Error;
use std::fmt;
use std::io;

/// What becomes of a scope when a child of it fails, that is, returns an error or panics.
///
/// | | the other children | what the scope returns |
/// |---|---|---|
/// | `CancelAll` | are cancelled | the first failure, and the rest beside it |
/// | `CollectAll` | go on | all failures, the first of them first |
/// | `Ignore` | go on | what its body returns |
///
/// The body of the scope fails like a child, with one difference: under `Ignore` its error cancels the children and is
/// returned. A panic of the body cancels the children under every policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// The first failure cancels everybody else.
    #[default]
    CancelAll,
    /// Nobody is cancelled, and every failure is kept.
    CollectAll,
    /// A failure is the business of whoever joins the child, and of nobody else.
    Ignore,
}

/// How a child of a scope, or its body, failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure<E> {
    /// It returned an error.
    Failed(E),
    /// It panicked.
    Panicked(Panic),
    /// In the error of a scope: the scope was cancelled from outside, before anything else went wrong. From a join:
    /// the wait was cancelled, and the child goes on until the scope ends. Of a job, from either: the scope was cancelled
    /// before it began, and so it was dropped.
    Cancelled(Reason),
    /// It did not begin: the system refused a thread, or there is no runtime for a task.
    NotStarted(io::Error),
}

impl<E> Failure<E> {
    /// The error that was returned, if it is that.
    ///
    /// # Errors
    ///
    /// If it is something else, that.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::scope::Failure;
    ///
    /// assert_eq!(Failure::Failed(7).into_error().unwrap(), 7);
    /// ```
    pub fn into_error(self) -> Result<E, Self> {
        match self {
            Self::Failed(error) => Ok(error),
            other => Err(other),
        }
    }

    fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(panic) => {
                write!(
                    f,
                    "what was spawned at {} panicked: {panic}",
                    panic.spawned_at()
                )
            }
            Self::Cancelled(reason) => write!(f, "the work was cancelled because {reason}"),
            Self::NotStarted(error) => write!(f, "it was not started: {error}"),
        }
    }
}

/// For errors that implement `Error`, and for those that can only be shown, as a `Box<dyn Error + Send + Sync>`.
///
/// As the text has the error in it, there is no `source`.
impl<E: fmt::Debug + fmt::Display> Error for Failure<E> {}

/// The error goes on as it is; what is no error of the system becomes one of kind `Other`.
impl From<Failure<Self>> for io::Error {
    fn from(failure: Failure<Self>) -> Self {
        match failure {
            Failure::Failed(error) | Failure::NotStarted(error) => error,
            other => Self::other(other.to_string()),
        }
    }
}

/// Why a scope failed: the failure that came first, and the others.
///
/// What was returned after the scope was cancelled is never the first failure: the cause of the cancellation is.
///
/// Its text is that of the first failure, and how many there are after it. A job that was dropped because of the first
/// is among the [`suppressed`](Self::suppressed), but the text does not count it: that nobody had begun it yet is chance,
/// and nothing went wrong in it.
///
/// # Examples
///
/// ```
/// use brigade::thread;
///
/// let error = thread::scope(|scope| {
///     scope.spawn(|| "40".parse::<i32>());
///     scope.spawn(|| "two".parse::<i32>());
///     Ok(())
/// });
/// assert_eq!(error.unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Debug)]
pub struct ScopeError<E> {
    first: Failure<E>,
    suppressed: Vec<Failure<E>>,
}

impl<E> ScopeError<E> {
    pub(crate) fn new(first: Failure<E>, suppressed: Vec<Failure<E>>) -> Self {
        Self { first, suppressed }
    }

    /// What went wrong first.
    #[must_use]
    pub fn first(&self) -> &Failure<E> {
        &self.first
    }

    /// What went wrong after that, in the order in which it did.
    #[must_use]
    pub fn suppressed(&self) -> &[Failure<E>] {
        &self.suppressed
    }

    /// The first failure and the others, for whoever wants to own them.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::scope::{Failure, OnError};
    /// use brigade::thread::ScopeOptions;
    ///
    /// let scope = ScopeOptions::new().on_error(OnError::CollectAll);
    /// let error = scope.run(|scope| {
    ///     let first = scope.spawn(|| Err::<(), _>("a leak"));
    ///     while !first.is_finished() {}
    ///     Err::<(), _>("no rope")
    /// });
    /// let (first, others) = error.unwrap_err().into_parts();
    /// assert!(matches!(first, Failure::Failed("a leak")));
    /// assert!(matches!(others[..], [Failure::Failed("no rope")]));
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (Failure<E>, Vec<Failure<E>>) {
        (self.first, self.suppressed)
    }
}

impl<E: fmt::Display> fmt::Display for ScopeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match self
            .suppressed
            .iter()
            .filter(|it| !it.is_cancelled())
            .count()
        {
            0 => Ok(()),
            1 => f.write_str(" (and 1 more failure after it)"),
            more => write!(f, " (and {more} more failures after it)"),
        }
    }
}

/// For the same errors as [`Failure`].
impl<E: fmt::Debug + fmt::Display> Error for ScopeError<E> {}
