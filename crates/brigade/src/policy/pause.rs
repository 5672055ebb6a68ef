//! Waiting for nothing but the time, where all others wait: seen in the list of waiters, and cancelled.
//!
//! A thread keeps the time itself, a task has the timers of `wait`, so no runtime is needed. It does not know what
//! it is waited for; a [`Why`] has the words for it.

use crate::cancel::{self, Cancelled, Reason, Sleeping, Why};
use crate::prim::clock;
use crate::wait::{self, Ended, Limit, WaitUntil};
use std::future::Future;
use std::panic::Location;
use std::time::Instant;

/// Blocks the thread until `until`; `None` is for ever. An error is a cancellation that came first.
pub(super) fn block<W: Why>(
    until: Option<Instant>,
    site: &'static Location<'static>,
) -> Result<(), Reason> {
    // The limit wakes the thread; the look at the clock is the attempt, so that what is over is over.
    let mut sleeping = Sleeping::<W>::until(until);
    paused(wait::block(&mut sleeping, Limit::until(until), site))
}

/// Suspends the task until `until`; `None` is for ever.
pub(super) fn suspend<W: Why>(
    until: Option<Instant>,
    site: &'static Location<'static>,
) -> impl Future<Output = Result<(), Reason>> {
    // What is over has no limit: at a limit there is a last attempt even by a task whose turn is over, and a loop of
    // such waits would let no other task run.
    let limit = until.filter(|at| clock::now() < *at);
    let wait = WaitUntil::new(Sleeping::<W>::until(until), limit, site);
    async move { paused(wait.await) }
}

/// A limit that has been reached is the end of the pause.
fn paused(slept: Result<Result<(), Cancelled>, Ended>) -> Result<(), Reason> {
    slept
        .unwrap_or(Ok(()))
        .map_err(|Cancelled { reason }| reason)
}

/// Why waits end here and now, if they do.
pub(super) fn cancelled() -> Option<Reason> {
    cancel::current()?.reason()
}
