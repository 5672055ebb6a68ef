//! A task that waits for nothing but the time. It needs no runtime: the timers are those of `wait`.

use crate::cancel::{Cancelled, Sleeping};
use crate::wait::{WaitUntil, deadline_after};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Suspends the task for `duration` from now, or until the token is cancelled that it is under.
///
/// A duration too long for the clock sleeps until it is cancelled. No runtime is needed.
///
/// # Errors
///
/// If it is cancelled before the time is over.
///
/// # Cancel safety
///
/// The future can be dropped at any time and leaves no trace.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{CancelToken, Reason};
/// use brigade::task;
/// use std::time::Duration;
///
/// # futures::executor::block_on(async {
/// task::sleep(Duration::from_millis(1)).await?;
///
/// let token = CancelToken::new();
/// let sleeper = token.within_async(task::sleep(Duration::from_secs(3600)));
/// token.cancel();
/// assert_eq!(sleeper.await.unwrap_err().reason, Reason::User);
/// # Ok::<(), brigade::cancel::Cancelled>(())
/// # })?;
/// # Ok::<(), brigade::cancel::Cancelled>(())
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(deadline_after(duration), Location::caller())
}

/// Suspends the task until `instant`, or until the token is cancelled that it is under.
///
/// An instant in the past is over: it is ready at once, cancelled or not.
///
/// # Errors
///
/// As for [`sleep`].
///
/// # Cancel safety
///
/// As that of [`sleep`].
#[track_caller]
pub fn sleep_until(instant: Instant) -> Sleep {
    Sleep::new(Some(instant), Location::caller())
}

/// The time being awaited. Made by [`sleep`] and [`sleep_until`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    wait: WaitUntil<Sleeping>,
}

impl Sleep {
    fn new(instant: Option<Instant>, site: &'static Location<'static>) -> Self {
        Self {
            wait: WaitUntil::new(Sleeping::until(instant), instant, site),
        }
    }
}

impl Future for Sleep {
    type Output = Result<(), Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        // The limit has come: so has the time.
        wait.poll(cx).map(|ended| ended.unwrap_or(Ok(())))
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep { .. }")
    }
}
