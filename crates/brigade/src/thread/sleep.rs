//! Waiting for nothing but the time, and yet where all others wait: seen in the list of waiters, and cancelled.

use crate::cancel::{Cancelled, Sleeping};
use crate::wait::{Limit, block, deadline_after};
use std::panic::Location;
use std::time::{Duration, Instant};

/// Blocks the thread for `duration`, or until the token is cancelled that it is under.
///
/// A duration too long for the clock sleeps until it is cancelled.
///
/// # Errors
///
/// If it is cancelled before the time is over.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{CancelToken, Reason};
/// use brigade::thread;
/// use std::time::Duration;
///
/// let token = CancelToken::new();
/// let sleeper = {
///     let token = token.clone();
///     thread::spawn(move || token.within(|| thread::sleep(Duration::from_secs(3600))))
/// };
/// token.cancel();
/// assert_eq!(sleeper.join()?.unwrap_err().reason, Reason::User);
/// # Ok::<(), thread::JoinError>(())
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Result<(), Cancelled> {
    until(deadline_after(duration), Location::caller())
}

/// Blocks the thread until `instant`, or until the token is cancelled that it is under.
///
/// An instant in the past is over: it returns at once, cancelled or not.
///
/// # Errors
///
/// As for [`sleep`].
#[track_caller]
pub fn sleep_until(instant: Instant) -> Result<(), Cancelled> {
    until(Some(instant), Location::caller())
}

fn until(instant: Option<Instant>, site: &'static Location<'static>) -> Result<(), Cancelled> {
    let mut sleeping: Sleeping = Sleeping::until(instant);
    // The limit wakes the thread; the look at the clock is the attempt, so that what is over is over.
    match block(&mut sleeping, Limit::until(instant), site) {
        Ok(ended) => ended,
        Err(_) => Ok(()),
    }
}
