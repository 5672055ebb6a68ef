//! Any future, until a deadline. It needs no runtime: the timers are those of `wait`.

use crate::prim::clock;
use crate::wait::{Timer, deadline_after};
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Runs `future` for at most `duration` from now; then it is dropped where it awaits.
///
/// A future that can be done at once is done, even if no time is left. A duration too long for the clock is none. No
/// runtime is needed.
///
/// # Errors
///
/// If the time is over before the future is done.
///
/// # Cancel safety
///
/// As that of `future`.
///
/// # Examples
///
/// ```
/// use brigade::task::{self, TimedOut};
/// use std::future::{pending, ready};
/// use std::time::Duration;
///
/// # futures::executor::block_on(async {
/// assert_eq!(task::timeout(Duration::ZERO, ready(1)).await, Ok(1));
/// assert_eq!(task::timeout(Duration::from_millis(1), pending::<()>()).await, Err(TimedOut));
/// # });
/// ```
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout::new(deadline_after(duration), future)
}

/// Runs `future` until `at`; then it is dropped where it awaits. As [`timeout`].
///
/// # Errors
///
/// As for [`timeout`].
///
/// # Cancel safety
///
/// As that of `future`.
pub fn deadline<F: Future>(at: Instant, future: F) -> Timeout<F> {
    Timeout::new(Some(at), future)
}

/// The time was over before the future was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time was over before the work was done")
    }
}

impl Error for TimedOut {}

/// A future until a deadline. Made by [`timeout`] and [`deadline`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Timeout<F> {
    timer: Timer,
    deadline: Option<Instant>,
    /// Dropped where it is when it ends, in whichever way.
    future: Option<F>,
}

impl<F: Future> Timeout<F> {
    fn new(deadline: Option<Instant>, future: F) -> Self {
        Self {
            timer: Timer::new(),
            deadline,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimedOut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: neither is moved out of `self`, which has no drop of its own.
        let (timer, deadline, mut future) = unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&this.timer),
                this.deadline,
                Pin::new_unchecked(&mut this.future),
            )
        };
        let running = future.as_mut().as_pin_mut();
        let polled = running
            .expect("a future was polled after it was done")
            .poll(cx);
        let ended = match (polled, deadline) {
            (Poll::Ready(output), _) => Ok(output),
            (Poll::Pending, Some(at)) if clock::now() >= at => Err(TimedOut),
            (Poll::Pending, at) => {
                if let Some(at) = at {
                    timer.set(at, cx.waker());
                }
                return Poll::Pending;
            }
        };
        future.set(None);
        Poll::Ready(ended)
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
