//! The ring that keeps the last values: who may write which place when, and what a receiver finds.
//!
//! # Positions
//!
//! Every value has a position, `{ lap | index | CLOSED }` in one word: the index is its slot. `CLOSED` is the
//! lowest bit and set in the tail only. A sender claims a position by moving the tail, by a read-modify-write,
//! and so positions have no gaps and what they enclose can be counted. A receiver's position is its own
//! business: nobody else knows it, and a receive writes to nothing that the senders need, but for the pin.
//!
//! # Sending
//!
//! The sender of a position takes the slot over from the sender of the lap before (`node.rs` has the words) and
//! writes. If that one is not done, it is a few instructions from it: that is all a sender ever waits for. If
//! receivers are cloning the old value, it stays with them and the sender uses another place.
//!
//! # Receiving
//!
//! A receiver looks into the slot of its position. Is the value of that lap there, it pins, clones, unpins. If
//! not, the tail decides:
//!
//! - at the tail there is nothing yet;
//! - within one lap behind it, the value is claimed and not written (`Busy`), or it was overtaken right now:
//!   look again;
//! - more than one lap behind, it was overtaken: the oldest value that is kept is one lap behind the tail, and
//!   what lies between is lost.
//!
//! Everything is found by the word of its place (release to acquire). That nobody sleeps through a value is
//! the business of the tail, and argued in `wait/README.md`: all its writes are read-modify-writes.

use super::node::{Look, Node, Pinned};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::discard_panic;
use crate::queue::Backoff;
use crossbeam_utils::CachePadded;

const CLOSED: usize = 1;
const STEP: usize = 2;

/// The most values a ring can be made for: positions need room for laps.
const CAPACITY_MAX: usize = usize::MAX >> 4;

/// See the module.
pub(super) struct Ring<T> {
    /// The next position to be sent to, and whether the ring is closed.
    tail: CachePadded<AtomicUsize>,
    slots: Box<[Node<T>]>,
    /// What one lap adds to a position: a power of two.
    lap: usize,
    /// Up to where a clean-up has come. A hint.
    cleared: AtomicUsize,
}

/// Why there is nothing to receive.
#[derive(Clone, Copy)]
pub(super) enum Missing {
    /// Nothing has been sent to this position.
    Empty,
    /// The value is about to be there.
    Busy,
    /// So many values are lost; the oldest that is kept is at `next`.
    Lagged { lost: usize, next: usize },
    /// Nothing will be sent to this position.
    Closed,
}

impl<T> Ring<T> {
    /// # Panics
    ///
    /// If `capacity` is 0 or more than memory can hold.
    #[track_caller]
    pub(super) fn new(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a broadcast channel needs a capacity of at least 1"
        );
        assert!(
            capacity <= CAPACITY_MAX,
            "a ring of {capacity} values is beyond any memory"
        );
        let mut slots = Vec::new();
        assert!(
            slots.try_reserve_exact(capacity).is_ok(),
            "there is no memory for a ring of {capacity} values"
        );
        slots.extend((0..capacity).map(|_| Node::new(0)));
        let lap = capacity.next_power_of_two() * STEP;
        Self {
            tail: CachePadded::new(AtomicUsize::new(lap)),
            slots: slots.into_boxed_slice(),
            lap,
            cleared: AtomicUsize::new(lap),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    fn index(&self, position: usize) -> usize {
        (position & (self.lap - 1)) / STEP
    }

    #[inline]
    fn slot(&self, position: usize) -> &Node<T> {
        &self.slots[self.index(position)]
    }

    /// The lap of a position, and the one before.
    #[inline]
    fn laps(&self, position: usize) -> (usize, usize) {
        let shift = self.lap.trailing_zeros();
        (position >> shift, position.wrapping_sub(self.lap) >> shift)
    }

    /// The position after this.
    #[inline]
    pub(super) fn after(&self, position: usize) -> usize {
        if self.index(position) + 1 < self.slots.len() {
            position + STEP
        } else {
            (position & !(self.lap - 1)).wrapping_add(self.lap)
        }
    }

    /// How many positions there are from one to a later one.
    fn distance(&self, from: usize, to: usize) -> usize {
        let shift = self.lap.trailing_zeros();
        let start = |position: usize| position & !(self.lap - 1);
        let laps = start(to).wrapping_sub(start(from)) >> shift;
        (laps * self.slots.len() + self.index(to)).wrapping_sub(self.index(from))
    }

    /// About how many values have been sent before `position`, from anywhere on: laps have gaps.
    pub(super) fn count(&self, position: usize) -> usize {
        position / STEP
    }

    /// The position that the next value will have.
    pub(super) fn tail(&self) -> usize {
        self.tail.load(Acquire) & !CLOSED
    }

    /// Sends. Returns the value that is overtaken, unless somebody is cloning it.
    ///
    /// # Errors
    ///
    /// If the ring is closed, the value comes back.
    #[inline]
    pub(super) fn push(&self, mut value: T) -> Result<Option<T>, T> {
        let mut backoff = Backoff::new();
        let mut tail = self.tail.load(Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(value);
            }
            match self
                .tail
                .compare_exchange_weak(tail, self.after(tail), AcqRel, Relaxed)
            {
                Ok(_) => break,
                Err(now) => {
                    tail = now;
                    backoff.lost_race();
                }
            }
        }
        let slot = self.slot(tail);
        let (lap, before) = self.laps(tail);
        let mut backoff = Backoff::new();
        loop {
            match slot.put(lap, before, value) {
                Ok(overtaken) => return Ok(overtaken),
                Err(same) => value = same,
            }
            backoff.look_again();
        }
    }

    /// Pins the value at `position`.
    #[inline]
    pub(super) fn find(&self, position: usize) -> Result<Pinned<'_, T>, Missing> {
        let (lap, before) = self.laps(position);
        match self.slot(position).pin(lap, before) {
            Look::Pinned(pinned) => Ok(pinned),
            Look::NotYet | Look::Unsure => self.find_by_tail(position),
        }
    }

    /// `find`, without a look at the tail as far as possible, which would take that line from the senders: may say
    /// that there is nothing a little too late, and does not notice that the ring is closed.
    #[inline]
    pub(super) fn find_if_there(&self, position: usize) -> Result<Pinned<'_, T>, Missing> {
        let (lap, before) = self.laps(position);
        match self.slot(position).pin(lap, before) {
            Look::Pinned(pinned) => Ok(pinned),
            Look::NotYet => Err(Missing::Empty),
            Look::Unsure => self.find_by_tail(position),
        }
    }

    #[cold]
    fn find_by_tail(&self, position: usize) -> Result<Pinned<'_, T>, Missing> {
        let (lap, before) = self.laps(position);
        let mut backoff = Backoff::new();
        loop {
            let tail = self.tail.load(Acquire);
            let behind = self.distance(position, tail & !CLOSED);
            if behind == 0 {
                return Err(if tail & CLOSED == 0 {
                    Missing::Empty
                } else {
                    Missing::Closed
                });
            }
            if behind > self.slots.len() {
                return Err(Missing::Lagged {
                    lost: behind - self.slots.len(),
                    next: (tail & !CLOSED).wrapping_sub(self.lap),
                });
            }
            if let Look::Pinned(pinned) = self.slot(position).pin(lap, before) {
                return Ok(pinned);
            }
            backoff.look_again();
            if backoff.is_long() {
                return Err(Missing::Busy);
            }
        }
    }

    /// A receiver's second look before it sleeps: whether there is anything at `position`, be it the end.
    /// Synchronises with every `push` before it and is seen by every `push` after it.
    pub(super) fn look(&self, position: usize) -> bool {
        self.tail.fetch_add(0, AcqRel) != position
    }

    /// How many values are kept from `position` on.
    pub(super) fn kept_from(&self, position: usize) -> usize {
        self.distance(position, self.tail()).min(self.slots.len())
    }

    /// Takes no more values. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        self.tail.fetch_or(CLOSED, AcqRel) & CLOSED == 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.tail.load(Acquire) & CLOSED != 0
    }

    /// Drops the values before `end`, which nobody will look for any more.
    #[cold]
    pub(super) fn clear_until(&self, end: usize) {
        let mut position = self.cleared.load(Relaxed);
        if self.distance(position, end) > self.slots.len() {
            position = end.wrapping_sub(self.lap);
        }
        while position != end {
            if let Some(value) = self.slot(position).clear(self.laps(position).0) {
                discard_panic(|| drop(value));
            }
            position = self.after(position);
        }
        self.cleared.store(end, Relaxed);
    }
}
