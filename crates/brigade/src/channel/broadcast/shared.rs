//! What the handles of one broadcast channel share: the ring, who waits, how many handles live.
//!
//! Only receivers wait, and a value is for all of them: so a send wakes all. The wakers are called by the
//! sender, after the value is in place and outside of every lock. As long as nobody waits that costs the
//! sender one look at a word that nobody writes.

use super::ring::Ring;
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicUsize;
use crate::prim::discard_panic;
use crate::wait::WaitQueue;
use crossbeam_utils::CachePadded;

/// More handles than this mean a leak in a loop, which would end in a use after free.
const HANDLES_MAX: usize = isize::MAX as usize;

pub(super) struct Shared<T> {
    pub(super) ring: Ring<T>,
    /// Receivers wait here.
    pub(super) waiting: CachePadded<WaitQueue>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

impl<T> Shared<T> {
    /// For one sender and one receiver.
    #[track_caller]
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            ring: Ring::new(capacity),
            waiting: CachePadded::new(WaitQueue::new()),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        }
    }

    /// Sends to all receivers there are. Returns how many; the value comes back if nobody will receive it.
    #[inline]
    pub(super) fn send(&self, value: T) -> Result<usize, T> {
        let receivers = self.receivers();
        if receivers == 0 {
            return Err(value);
        }
        let overtaken = self.ring.push(value)?;
        self.waiting.wake_everyone();
        if let Some(overtaken) = overtaken
            && std::mem::needs_drop::<T>()
        {
            discard_panic(|| drop(overtaken));
        }
        Ok(receivers)
    }

    /// Closes the channel and wakes everybody. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        let was_open = self.ring.close();
        if was_open {
            self.waiting.wake_all();
        }
        was_open
    }

    pub(super) fn receivers(&self) -> usize {
        self.receivers.load(Acquire)
    }

    pub(super) fn add_sender(&self) {
        add_handle(&self.senders);
    }

    /// Counts one more receiver. Returns the position from which it may receive.
    pub(super) fn add_receiver(&self) -> usize {
        add_handle(&self.receivers);
        self.ring.tail()
    }

    /// The last sender closes the channel.
    pub(super) fn remove_sender(&self) {
        if self.senders.fetch_sub(1, AcqRel) == 1 {
            self.close();
        }
    }

    /// With the last receiver goes what nobody can receive any more.
    ///
    /// A receiver that subscribes after that begins at `end` or later: it acquires the count, and so sees the
    /// tail that was read before it. What is sent meanwhile stays until it is overtaken.
    pub(super) fn remove_receiver(&self) {
        let end = self.ring.tail();
        if self.receivers.fetch_sub(1, AcqRel) == 1 {
            self.ring.clear_until(end);
        }
    }
}

fn add_handle(count: &AtomicUsize) {
    if count.fetch_add(1, AcqRel) > HANDLES_MAX {
        // As with `Arc`: counting on would let the count pass zero while handles live.
        std::process::abort();
    }
}
