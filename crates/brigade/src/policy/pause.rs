//! Waiting for nothing but the time, where all others wait: seen in the list of waiters, and cancelled.
//!
//! A thread keeps the time itself, a task has the timers of `wait`, so no runtime is needed. It does not know what
//! it is waited for; a [`Why`] has the words for it.

use crate::cancel::{self, Reason};
use crate::prim::clock;
use crate::wait::{self, Limit, Operation, Patience, WaitQueue, WaitUntil, What};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::task::Poll;
use std::time::Instant;

/// What a pause is for.
pub(super) trait Why {
    /// In the words of the user.
    const WAITS_FOR: &'static What;
}

/// Blocks the thread until `until`; `None` is for ever. An error is a cancellation that came first.
pub(super) fn block<W: Why>(
    until: Option<Instant>,
    site: &'static Location<'static>,
) -> Result<(), Reason> {
    // The limit wakes the thread; the look at the clock is the attempt, so that what is over is over.
    wait::block(&mut Pause::<W>::new(until), Limit::until(until), site).unwrap_or(Ok(()))
}

/// Suspends the task until `until`; `None` is for ever.
pub(super) fn suspend<W: Why>(
    until: Option<Instant>,
    site: &'static Location<'static>,
) -> impl Future<Output = Result<(), Reason>> {
    // What is over has no limit: at a limit there is a last attempt even by a task whose turn is over, and a loop of
    // such waits would let no other task run.
    let limit = until.filter(|at| clock::now() < *at);
    let wait = WaitUntil::new(Pause::<W>::new(until), limit, site);
    async move { wait.await.unwrap_or(Ok(())) }
}

/// Why waits end here and now, if they do.
pub(super) fn cancelled() -> Option<Reason> {
    cancel::current()?.reason()
}

/// What comes with the time, and is not handed over by anybody.
struct Pause<W> {
    until: Option<Instant>,
    /// Where nobody looks for it.
    nobody: WaitQueue,
    patience: Patience,
    why: PhantomData<fn() -> W>,
}

impl<W: Why> Pause<W> {
    fn new(until: Option<Instant>) -> Self {
        Self {
            until,
            nobody: WaitQueue::new(),
            patience: Patience::for_time(),
            why: PhantomData,
        }
    }
}

// SAFETY: the queue is a field. The operation stays where it is from the first wait on: a thread's is borrowed by its
// driver, and a task's is in a future that is pinned by then.
unsafe impl<W: Why> Operation for Pause<W> {
    type Output = Result<(), Reason>;
    const WAITS_FOR: &'static What = W::WAITS_FOR;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> =
        Some(|_| Err(cancelled().unwrap_or(Reason::User)));

    fn attempt(&mut self) -> Poll<Self::Output> {
        match self.until {
            Some(until) if clock::now() >= until => Poll::Ready(Ok(())),
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
