//! Sleeping: the wait that only the time ends, or a token.
//!
//! Threads and tasks sleep by the same operation, and so do those who wait for something that comes with the time alone. It
//! knows none of them; a [`Why`] has the words for what is waited for.

use super::{Cancelled, why_cancelled};
use crate::prim::clock;
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::marker::PhantomData;
use std::task::Poll;
use std::time::Instant;

/// What somebody sleeps for.
pub(crate) trait Why {
    /// In the words of the user.
    const WAITS_FOR: &'static What;
}

/// For nothing else.
pub(crate) struct Sleep;

impl Why for Sleep {
    const WAITS_FOR: &'static What = &"sleep";
}

/// What comes with the time, and is not handed over by anybody. Its driver has the same limit.
pub(crate) struct Sleeping<W = Sleep> {
    /// `None` is never.
    until: Option<Instant>,
    /// Where nobody looks for it.
    nobody: WaitQueue,
    patience: Patience,
    why: PhantomData<fn() -> W>,
}

impl<W: Why> Sleeping<W> {
    /// `None` is never.
    pub(crate) fn until(instant: Option<Instant>) -> Self {
        Self {
            until: instant,
            nobody: WaitQueue::new(),
            patience: Patience::for_time(),
            why: PhantomData,
        }
    }
}

// SAFETY: the queue is a field, and the operation stays where it is: a thread's driver borrows it, a task's is pinned.
unsafe impl<W: Why> Operation for Sleeping<W> {
    type Output = Result<(), Cancelled>;
    const WAITS_FOR: &'static What = W::WAITS_FOR;
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
