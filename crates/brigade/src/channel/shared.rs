//! What the handles of one channel share: the queue, who waits at which end, how many handles live.

use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::discard_panic;
use crate::queue::{Backoff, Blocks, PopError, PushError, Ring};
use crate::wait::{Patience, WaitQueue};
use crossbeam_utils::CachePadded;

/// More handles than this mean a leak in a loop, which would end in a use after free.
const HANDLES_MAX: usize = isize::MAX as usize;

#[derive(Debug)]
pub(super) struct Shared<T> {
    flavor: Flavor<T>,
    /// Senders wait here.
    pub(super) not_full: CachePadded<Gate>,
    /// Receivers wait here.
    pub(super) not_empty: CachePadded<Gate>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

/// How values are kept.
#[derive(Debug)]
pub(super) enum Flavor<T> {
    Ring(Ring<T>),
    Blocks(Blocks<T>),
}

/// Where one side waits.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) waiting: WaitQueue,
    pub(super) patience: Patience,
}

impl Gate {
    pub(super) fn new(patience: Patience) -> CachePadded<Self> {
        CachePadded::new(Self {
            waiting: WaitQueue::new(),
            patience,
        })
    }
}

impl<T> Shared<T> {
    pub(super) fn new(flavor: Flavor<T>) -> Self {
        let (for_room, for_values) = match &flavor {
            Flavor::Ring(ring) => {
                let places = ring.capacity();
                (Patience::for_room(places), Patience::for_values(places))
            }
            // Nobody ever waits for room there.
            Flavor::Blocks(_) => (Patience::new(), Patience::for_values(usize::MAX)),
        };
        Self {
            flavor,
            not_full: Gate::new(for_room),
            not_empty: Gate::new(for_values),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        }
    }

    /// Puts the value in and wakes a receiver. On failure it stays where it is.
    #[inline]
    pub(super) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.push(value)?,
            Flavor::Blocks(blocks) => blocks.push(value)?,
        }
        self.not_empty.waiting.wake_one();
        Ok(())
    }

    /// `push`, for those who go on looking: may say that the channel is full a little too late.
    #[inline]
    pub(super) fn push_if_free(&self, value: &mut Option<T>) -> Result<(), PushError> {
        match &self.flavor {
            Flavor::Ring(ring) => ring.push_if_free(value)?,
            Flavor::Blocks(blocks) => blocks.push(value)?,
        }
        self.not_empty.waiting.wake_one();
        Ok(())
    }

    /// Takes the oldest value out and wakes a sender.
    #[inline]
    pub(super) fn pop(&self) -> Result<T, PopError> {
        match &self.flavor {
            Flavor::Ring(ring) => {
                let value = ring.pop()?;
                self.not_full.waiting.wake_one();
                Ok(value)
            }
            // Nobody waits to send where there is always room.
            Flavor::Blocks(blocks) => blocks.pop(),
        }
    }

    /// `pop`, for those who go on looking: may say that the channel is empty a little too late, and does
    /// not notice that it is closed.
    #[inline]
    pub(super) fn pop_if_there(&self) -> Result<T, PopError> {
        match &self.flavor {
            Flavor::Ring(ring) => {
                let value = ring.pop_if_there()?;
                self.not_full.waiting.wake_one();
                Ok(value)
            }
            Flavor::Blocks(blocks) => blocks.pop(),
        }
    }

    /// `push`, with a clear answer: waits out the few instructions of a receiver in the way.
    #[inline]
    pub(super) fn push_now(&self, value: &mut Option<T>) -> Result<(), PushError> {
        let mut backoff = Backoff::new();
        loop {
            match self.push(value) {
                Err(PushError::Busy) => backoff.look_again(),
                answer => return answer,
            }
        }
    }

    /// `pop`, with a clear answer: waits out the few instructions of a sender in the way.
    #[inline]
    pub(super) fn pop_now(&self) -> Result<T, PopError> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Err(PopError::Busy) => backoff.look_again(),
                answer => return answer,
            }
        }
    }

    /// The senders' second look: how many could go on.
    pub(super) fn look_for_room(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.look_for_room(),
            Flavor::Blocks(_) => usize::MAX,
        }
    }

    /// The receivers' second look.
    pub(super) fn look_for_values(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.look_for_values(),
            Flavor::Blocks(blocks) => blocks.look_for_values(),
        }
    }

    /// About how many values have been put in, from anywhere on.
    pub(super) fn sent(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.put(),
            // Nobody ever waits for room there.
            Flavor::Blocks(_) => 0,
        }
    }

    /// About how many values have been taken out, from anywhere on.
    pub(super) fn taken(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.taken(),
            Flavor::Blocks(blocks) => blocks.taken(),
        }
    }

    /// Closes the channel and wakes everybody. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        let was_open = match &self.flavor {
            Flavor::Ring(ring) => ring.close(),
            Flavor::Blocks(blocks) => blocks.close(),
        };
        if was_open {
            self.not_full.waiting.wake_all();
            self.not_empty.waiting.wake_all();
        }
        was_open
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.flavor {
            Flavor::Ring(ring) => ring.is_closed(),
            Flavor::Blocks(blocks) => blocks.is_closed(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.flavor {
            Flavor::Ring(ring) => ring.len(),
            Flavor::Blocks(blocks) => blocks.len(),
        }
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match &self.flavor {
            Flavor::Ring(ring) => Some(ring.capacity()),
            Flavor::Blocks(_) => None,
        }
    }

    pub(super) fn add_sender(&self) {
        add_handle(&self.senders);
    }

    pub(super) fn add_receiver(&self) {
        add_handle(&self.receivers);
    }

    /// The last sender closes the channel.
    pub(super) fn remove_sender(&self) {
        if self.senders.fetch_sub(1, AcqRel) == 1 {
            self.close();
        }
    }

    /// The last receiver closes the channel and drops what nobody can receive any more.
    pub(super) fn remove_receiver(&self) {
        if self.receivers.fetch_sub(1, AcqRel) == 1 {
            self.close();
            while let Ok(value) = self.pop_now() {
                discard_panic(|| drop(value));
            }
            debug_assert!(
                self.receivers.load(Acquire) == 0,
                "no receiver comes from none"
            );
        }
    }
}

/// Counts one more handle.
pub(super) fn add_handle(count: &AtomicUsize) {
    if count.fetch_add(1, Relaxed) > HANDLES_MAX {
        // As with `Arc`: counting on would let the count pass zero while handles live.
        std::process::abort();
    }
}
