//! Sleeping: the wait that only the time ends, or a token.
//!
//! Threads and tasks sleep by the same operation. It knows neither.

use super::{Cancelled, why_cancelled};
use crate::prim::clock;
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::task::Poll;
use std::time::Instant;

/// What comes with the time, and is not handed over by anybody. Its driver has the same limit.
pub(crate) struct Sleeping {
    /// `None` is never.
    until: Option<Instant>,
    /// Where nobody looks for it.
    nobody: WaitQueue,
    patience: Patience,
}

impl Sleeping {
    /// `None` is never.
    pub(crate) fn until(instant: Option<Instant>) -> Self {
        Self {
            until: instant,
            nobody: WaitQueue::new(),
            patience: Patience::for_time(),
        }
    }
}

// SAFETY: the queue is a field, and the operation stays where it is: a thread's driver borrows it, a task's is pinned.
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
