//! The smallest object that has both sides of the handshake, to test the wait core with: a number of
//! permits that are put by a read-modify-write and taken by one.

use super::{Limit, Operation, Patience, Wait, WaitQueue, What, block};
use crate::prim::Arc;
use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicUsize;
use std::panic::Location;
use std::task::Poll;

pub(super) struct Permits {
    pub(super) free: AtomicUsize,
    pub(super) queue: WaitQueue,
    patience: Patience,
}

impl Permits {
    pub(super) fn none() -> Arc<Self> {
        Arc::new(Self {
            free: AtomicUsize::new(0),
            queue: WaitQueue::new(),
            patience: Patience::new(),
        })
    }

    /// The fast side: a read-modify-write, then a relaxed look at the queue.
    pub(super) fn put(&self) {
        self.free.fetch_add(1, AcqRel);
        self.queue.wake_one();
    }

    fn take(&self) -> bool {
        let mut free = self.free.load(Relaxed);
        while free > 0 {
            match self.free.compare_exchange(free, free - 1, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(now) => free = now,
            }
        }
        false
    }
}

pub(super) struct Take<'a>(pub(super) &'a Permits);

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for Take<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"model permit";

    fn attempt(&mut self) -> Poll<()> {
        if self.0.take() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        self.0.free.fetch_add(0, AcqRel)
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.queue
    }

    fn patience(&self) -> &Patience {
        &self.0.patience
    }
}

pub(super) fn take(permits: &Permits) {
    let ended = block(&mut Take(permits), Limit::NONE, Location::caller());
    assert_eq!(ended, Ok(()));
}

pub(super) fn take_async(permits: &Permits) -> Wait<Take<'_>> {
    Wait::new(Take(permits), Location::caller())
}
