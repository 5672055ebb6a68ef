//! Waiting for nothing but the time, and yet where all others wait: seen in the list of waiters, and cancelled.

use crate::cancel::Cancelled;
use crate::prim::clock;
use crate::scope::why_cancelled;
use crate::wait::{Limit, Operation, Patience, WaitQueue, What, block, deadline_after};
use std::panic::Location;
use std::task::Poll;
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
    let mut sleeping = Sleeping {
        until: instant,
        nobody: WaitQueue::new(),
        patience: Patience::for_time(),
    };
    // The limit wakes the thread; the look at the clock is the attempt, so that what is over is over.
    match block(&mut sleeping, Limit::until(instant), site) {
        Ok(ended) => ended,
        Err(_) => Ok(()),
    }
}

/// What comes with the time, and is not handed over by anybody.
struct Sleeping {
    /// `None` is never.
    until: Option<Instant>,
    /// Where nobody looks for it.
    nobody: WaitQueue,
    patience: Patience,
}

// SAFETY: the queue is a field, and the operation stays where it is as long as it is borrowed by the driver.
unsafe impl Operation for Sleeping {
    type Output = Result<(), Cancelled>;
    const WAITS_FOR: &'static What = &"sleep";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| {
        let reason = why_cancelled();
        Err(Cancelled { reason })
    });

    fn attempt(&mut self) -> Poll<Self::Output> {
        match self.until {
            Some(instant) if clock::now() >= instant => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// The time wakes through the limit, which the driver looks at by itself.
    fn chances(&self) -> usize {
        0
    }

    fn queue(&self) -> &WaitQueue {
        &self.nobody
    }

    fn patience(&self) -> &Patience {
        &self.patience
    }
}
