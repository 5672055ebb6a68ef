//! The smallest object that has both sides of the handshake, to test the wait core with: a number of
//! permits that are put by a read-modify-write and taken by one.

use super::{
    Interrupt, Interrupts, Limit, Operation, Patience, Wait, WaitQueue, What, block, under,
};
use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{Arc, StdArc};
use std::any::Any;
use std::future::{Future, poll_fn};
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

/// A take that can be cancelled.
pub(super) struct Try<'a>(pub(super) Take<'a>);

// SAFETY: the queue is that of the other.
unsafe impl Operation for Try<'_> {
    type Output = Result<(), Cancelled>;
    const WAITS_FOR: &'static What = Take::WAITS_FOR;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(Cancelled));

    fn attempt(&mut self) -> Poll<Self::Output> {
        self.0.attempt().map(Ok)
    }

    fn chances(&self) -> usize {
        self.0.chances()
    }

    fn queue(&self) -> &WaitQueue {
        self.0.queue()
    }

    fn patience(&self) -> &Patience {
        self.0.patience()
    }
}

/// The wait was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cancelled;

/// An interrupt that waits can be under.
pub(crate) struct Source(Interrupt);

impl Source {
    pub(crate) fn new() -> StdArc<Self> {
        StdArc::new(Self(Interrupt::new(None)))
    }

    pub(crate) fn fire(&self) {
        assert!(self.0.fire(1));
        self.0.wake();
    }

    pub(crate) fn under<R>(self: &StdArc<Self>, body: impl FnOnce() -> R) -> R {
        let source: StdArc<dyn Interrupts> = StdArc::<Self>::clone(self);
        under(Some(&source), body)
    }

    /// `wait`, polled under this.
    pub(crate) fn awaits<F: Future>(
        self: &StdArc<Self>,
        wait: F,
    ) -> impl Future<Output = F::Output> {
        let source = StdArc::clone(self);
        let mut wait = Box::pin(wait);
        poll_fn(move |cx| source.under(|| wait.as_mut().poll(cx)))
    }
}

impl Interrupts for Source {
    fn interrupt(&self) -> &Interrupt {
        &self.0
    }

    fn set_alarm(&self) {}

    fn into_any(self: StdArc<Self>) -> StdArc<dyn Any + Send + Sync> {
        self
    }
}

pub(super) fn try_take(permits: &Permits) -> Result<(), Cancelled> {
    let ended = block(&mut Try(Take(permits)), Limit::NONE, Location::caller());
    ended.expect("there is no limit")
}

pub(super) fn try_take_async(permits: &Permits) -> Wait<Try<'_>> {
    Wait::new(Try(Take(permits)), Location::caller())
}

pub(super) fn take(permits: &Permits) {
    let ended = block(&mut Take(permits), Limit::NONE, Location::caller());
    assert_eq!(ended, Ok(()));
}

pub(super) fn take_async(permits: &Permits) -> Wait<Take<'_>> {
    Wait::new(Take(permits), Location::caller())
}
