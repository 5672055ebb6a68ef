//! Trying again: until it works, is not worth it, or may not be tried any more.
//!
//! One course of attempts, `Course`, says what comes after a failure; a thread and a task go through it in the same
//! way, and wait in between as all others wait (`pause.rs`). An item of a pipeline has one too, and the pipeline waits.

use super::backoff::{Backoff, Delays, UsedUp};
use super::pause;
use crate::cancel::{Reason, Why};
use crate::prim::clock;
use crate::wait::What;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Calls `operation` until it succeeds, and blocks the thread for the delays of `backoff` in between.
///
/// A delay ends when the token is cancelled that the thread is under. Then there is no further attempt.
///
/// # Errors
///
/// If there are no more attempts: with the last failure, and why it was the last.
///
/// # Panics
///
/// If `operation` does.
///
/// # Examples
///
/// ```
/// use brigade::policy::{Backoff, Stopped, retry};
/// use std::time::Duration;
///
/// let backoff = Backoff::exponential(Duration::from_micros(10)).attempts(3);
/// let mut answers = ["busy", "busy", "42"].into_iter();
/// let mut ask = || answers.next().unwrap_or("gone").parse::<i32>();
/// assert_eq!(retry(&backoff, &mut ask)?, 42);
///
/// let error = retry(&backoff, ask).unwrap_err();
/// assert_eq!((error.attempts, error.stopped), (3, Stopped::Attempts));
/// # Ok::<(), brigade::policy::RetryError<std::num::ParseIntError>>(())
/// ```
#[track_caller]
pub fn retry<T, E>(
    backoff: &Backoff,
    operation: impl FnMut() -> Result<T, E>,
) -> Result<T, RetryError<E>> {
    retry_if(backoff, |_| true, operation)
}

/// As [`retry`], as long as the failures are worth it.
///
/// `worth` is asked about each failure, also the last, and so is also the place to count or report them.
///
/// # Errors
///
/// As for [`retry`], and with a failure that is not worth another attempt.
///
/// # Panics
///
/// If `operation` or `worth` does.
///
/// # Examples
///
/// ```
/// use brigade::policy::{Backoff, Stopped, retry_if};
/// use std::io::{self, ErrorKind};
/// use std::time::Duration;
///
/// let backoff = Backoff::exponential(Duration::from_millis(10));
/// let passes = |error: &io::Error| error.kind() == ErrorKind::Interrupted;
/// let error = retry_if(&backoff, passes, || std::fs::read("no such file")).unwrap_err();
/// assert_eq!((error.attempts, error.stopped), (1, Stopped::NotWorthIt));
/// assert_eq!(error.error.kind(), ErrorKind::NotFound);
/// ```
#[track_caller]
pub fn retry_if<T, E>(
    backoff: &Backoff,
    mut worth: impl FnMut(&E) -> bool,
    mut operation: impl FnMut() -> Result<T, E>,
) -> Result<T, RetryError<E>> {
    let site = Location::caller();
    let mut course = Course::begin(backoff);
    loop {
        let error = match operation() {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let (error, until) = course.after(error, &mut worth)?;
        if let Err(reason) = pause::block::<Retrying>(until, site) {
            return Err(course.end(error, Stopped::Cancelled(reason)));
        }
    }
}

/// Awaits what `operation` returns until that succeeds, with the delays of `backoff` in between. Needs no runtime.
///
/// # Errors
///
/// As for [`retry`].
///
/// # Cancel safety
///
/// If the future is dropped, the attempt that is under way is dropped, and there is no other.
///
/// # Examples
///
/// ```
/// use brigade::policy::{Backoff, retry_async};
/// use std::time::Duration;
///
/// # futures::executor::block_on(async {
/// let backoff = Backoff::exponential(Duration::from_micros(10));
/// let mut attempts = 0;
/// let answer = retry_async(&backoff, || {
///     attempts += 1;
///     let attempt = attempts;
///     async move { if attempt < 3 { Err("busy") } else { Ok(42) } }
/// });
/// assert_eq!(answer.await?, 42);
/// # Ok::<(), brigade::policy::RetryError<&str>>(())
/// # })?;
/// # Ok::<(), brigade::policy::RetryError<&str>>(())
/// ```
#[track_caller]
pub fn retry_async<T, E, F: Future<Output = Result<T, E>>>(
    backoff: &Backoff,
    operation: impl FnMut() -> F,
) -> impl Future<Output = Result<T, RetryError<E>>> {
    retry_at(backoff, |_: &E| true, operation, Location::caller())
}

/// As [`retry_async`], as long as the failures are worth it. See [`retry_if`].
///
/// # Errors
///
/// As for [`retry_if`].
///
/// # Cancel safety
///
/// As for [`retry_async`].
#[track_caller]
pub fn retry_if_async<T, E, F: Future<Output = Result<T, E>>>(
    backoff: &Backoff,
    worth: impl FnMut(&E) -> bool,
    operation: impl FnMut() -> F,
) -> impl Future<Output = Result<T, RetryError<E>>> {
    retry_at(backoff, worth, operation, Location::caller())
}

async fn retry_at<T, E, F: Future<Output = Result<T, E>>>(
    backoff: &Backoff,
    mut worth: impl FnMut(&E) -> bool,
    mut operation: impl FnMut() -> F,
    site: &'static Location<'static>,
) -> Result<T, RetryError<E>> {
    let mut course = Course::begin(backoff);
    loop {
        let error = match operation().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let (error, until) = course.after(error, &mut worth)?;
        if let Err(reason) = pause::suspend::<Retrying>(until, site).await {
            return Err(course.end(error, Stopped::Cancelled(reason)));
        }
    }
}

/// What those wait for who try again.
struct Retrying;

impl Why for Retrying {
    const WAITS_FOR: &'static What = &"retry";
}

/// The attempts of one call.
pub(crate) struct Course {
    delays: Delays,
    began: Instant,
    /// So many have failed.
    attempts: u32,
}

impl Course {
    pub(crate) fn begin(backoff: &Backoff) -> Self {
        Self {
            delays: backoff.delays(),
            began: clock::now(),
            attempts: 0,
        }
    }

    /// An attempt has failed. Until when to wait before the next, if there is to be one; `None` is for ever.
    pub(crate) fn after<E>(
        &mut self,
        error: E,
        worth: &mut impl FnMut(&E) -> bool,
    ) -> Result<(E, Option<Instant>), RetryError<E>> {
        let is_worth_it = worth(&error);
        let now = clock::now();
        // A delay of zero does not wait, and so would not be cancelled.
        match self.next(is_worth_it, now, pause::cancelled()) {
            Ok(delay) => Ok((error, now.checked_add(delay))),
            Err(stopped) => Err(self.end(error, stopped)),
        }
    }

    /// The same, of nothing but numbers.
    fn next(
        &mut self,
        is_worth_it: bool,
        now: Instant,
        cancelled: Option<Reason>,
    ) -> Result<Duration, Stopped> {
        self.attempts = self.attempts.saturating_add(1);
        if !is_worth_it {
            return Err(Stopped::NotWorthIt);
        }
        let elapsed = now.saturating_duration_since(self.began);
        let delay = self
            .delays
            .after(elapsed)
            .map_err(|used_up| match used_up {
                UsedUp::Attempts => Stopped::Attempts,
                UsedUp::Time => Stopped::Time,
            })?;
        cancelled.map_or(Ok(delay), |reason| Err(Stopped::Cancelled(reason)))
    }

    fn end<E>(&self, error: E, stopped: Stopped) -> RetryError<E> {
        RetryError {
            error,
            attempts: self.attempts,
            stopped,
        }
    }
}

/// Why there was no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// The failure was not worth it.
    NotWorthIt,
    /// There have been as many as are allowed.
    Attempts,
    /// The next would have begun after the [time in all](Backoff::total).
    Time,
    /// The work was [cancelled](crate::cancel), before the delay or meanwhile; the reason says if that was a deadline.
    Cancelled(Reason),
}

/// Nothing has worked: the last failure, and why it was the last.
///
/// # Examples
///
/// ```
/// use brigade::policy::{Backoff, retry};
/// use std::time::Duration;
///
/// let backoff = Backoff::constant(Duration::ZERO).attempts(2);
/// let error = retry(&backoff, || "two".parse::<i32>()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid digit found in string (given up after 2 attempts: no more are allowed)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryError<E> {
    /// What the last attempt failed with.
    pub error: E,
    /// How many there have been, at least 1.
    pub attempts: u32,
    /// Why there were no more.
    pub stopped: Stopped,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWorthIt => f.write_str("another would not help"),
            Self::Attempts => f.write_str("no more are allowed"),
            Self::Time => f.write_str("the time for them is used up"),
            Self::Cancelled(reason) => write!(f, "the work was cancelled because {reason}"),
        }
    }
}

impl<E> RetryError<E> {
    /// The same, with something else made of the failure.
    pub(crate) fn map<F>(self, make: impl FnOnce(E) -> F) -> RetryError<F> {
        let Self {
            error,
            attempts,
            stopped,
        } = self;
        RetryError {
            error: make(error),
            attempts,
            stopped,
        }
    }
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(
            f,
            "{} (given up after {} attempt{plural}: {})",
            self.error, self.attempts, self.stopped
        )
    }
}

/// For errors that implement `Error`, and for those that can only be shown.
///
/// As the text has the error in it, there is no `source`.
impl<E: fmt::Debug + fmt::Display> Error for RetryError<E> {}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use crate::policy::Jitter;

    const SECOND: Duration = Duration::from_secs(1);

    fn seconds() -> Backoff {
        Backoff::exponential(SECOND).jitter(Jitter::None)
    }

    #[test]
    fn the_time_that_attempts_take_counts() {
        let mut course = Course::begin(&seconds().endless().total(10 * SECOND));
        let began = course.began;
        let mut next = |after| course.next(true, began + after, None);
        assert_eq!(next(6 * SECOND), Ok(SECOND));
        assert_eq!(next(8 * SECOND), Ok(2 * SECOND));
        assert_eq!(next(10 * SECOND), Err(Stopped::Time));
        assert_eq!(course.attempts, 3);
    }

    #[test]
    fn what_is_told_first_is_what_another_call_would_not_change() {
        let reason = Some(Reason::User);
        let mut course = Course::begin(&seconds().attempts(2));
        let now = course.began;
        assert_eq!(course.next(false, now, reason), Err(Stopped::NotWorthIt));
        let mut course = Course::begin(&seconds().attempts(1));
        assert_eq!(course.next(true, now, reason), Err(Stopped::Attempts));
        let mut course = Course::begin(&seconds().attempts(2));
        let cancelled = Stopped::Cancelled(Reason::User);
        assert_eq!(course.next(true, now, reason), Err(cancelled));
    }

    #[test]
    fn a_clock_that_is_behind_does_no_harm() {
        let mut course = Course::begin(&seconds().total(SECOND));
        let earlier = course.began - SECOND;
        assert_eq!(course.next(true, earlier, None), Ok(SECOND));
    }
}
