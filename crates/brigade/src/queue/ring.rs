//! A ring of slots with a bound: any number of threads put in and take out, first in, first out.
//!
//! The algorithm is Dmitry Vyukov's bounded MPMC queue (1024cores.net, 2010), with laps so that any
//! capacity will do, and with a closed bit in the tail.
//!
//! # Positions and stamps
//!
//! A position is a lap and an index in one word: `{ lap | index | CLOSED }`. `CLOSED` is the lowest
//! bit and set in the tail only. Each slot carries a stamp, in the same units:
//!
//! | stamp of the slot at position `p` | meaning | who acts next |
//! |---|---|---|
//! | `p` | free in this lap | whoever moves the tail from `p` writes it |
//! | `p + STEP` | holds the value of this lap | whoever moves the head from `p` reads it |
//! | `p + lap` | free in the next lap | |
//!
//! Moving an end claims the slot; the stamp says when the claim is done. So a value is published by
//! the stamp (release) and found by the stamp (acquire), while "empty" and "full" are decided on the
//! ends: a slot that is claimed and not done is `Busy`.

use super::{Backoff, PopError, PushError};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{UnsafeCell, discard_panic};
use crossbeam_utils::CachePadded;
use std::mem::MaybeUninit;

const CLOSED: usize = 1;
const STEP: usize = 2;

/// The most values a ring can be made for: positions need room for laps.
const CAPACITY_MAX: usize = usize::MAX >> 4;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    /// Where the next value is taken.
    head: CachePadded<AtomicUsize>,
    /// Where the next value is put, and whether the ring is closed.
    tail: CachePadded<AtomicUsize>,
    slots: Box<[Slot<T>]>,
    /// What one lap adds to a position: a power of two.
    lap: usize,
}

#[derive(Debug)]
struct Slot<T> {
    stamp: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: a slot's value is touched only by the one who has claimed it by moving an end, and the
// claims of one slot are ordered by its stamp (release to acquire). Values cross threads: T is Send.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as above; no `&T` is ever shared.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    /// # Panics
    ///
    /// If `capacity` is 0 or more than memory can hold.
    pub(crate) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring needs at least one slot");
        assert!(
            capacity <= CAPACITY_MAX,
            "a ring of {capacity} slots is beyond any memory"
        );
        let mut slots = Vec::new();
        assert!(
            slots.try_reserve_exact(capacity).is_ok(),
            "there is no memory for a ring of {capacity} slots"
        );
        slots.extend((0..capacity).map(|index| Slot {
            stamp: AtomicUsize::new(index * STEP),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }));
        Self {
            head: CachePadded::new(AtomicUsize::new(0)),
            tail: CachePadded::new(AtomicUsize::new(0)),
            slots: slots.into_boxed_slice(),
            lap: (capacity + 1).next_power_of_two() * STEP,
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    fn index(&self, position: usize) -> usize {
        (position & (self.lap - 1)) / STEP
    }

    #[inline]
    fn slot(&self, position: usize) -> &Slot<T> {
        let index = self.index(position);
        debug_assert!(index < self.slots.len());
        // SAFETY: `next` is the only way a position moves, and it keeps the index below the capacity.
        unsafe { self.slots.get_unchecked(index) }
    }

    #[inline]
    fn next(&self, position: usize) -> usize {
        if self.index(position) + 1 < self.slots.len() {
            position + STEP
        } else {
            (position & !(self.lap - 1)).wrapping_add(self.lap)
        }
    }

    /// Puts in the value that `value` holds. Leaves it there on failure.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    #[inline]
    pub(crate) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        self.push_unless(value, |tail| {
            let is_full = self.head.load(Acquire).wrapping_add(self.lap) == tail;
            is_full.then_some(PushError::Full)
        })
    }

    /// `push`, without a look at the head, which would take that line from the receivers: what is said to
    /// be full may be about to have room. For those who go on looking.
    #[inline]
    pub(crate) fn push_if_free(&self, value: &mut Option<T>) -> Result<(), PushError> {
        self.push_unless(value, |tail| {
            let is_at_tail = self.tail.load(Relaxed) == tail;
            is_at_tail.then_some(PushError::Full)
        })
    }

    /// Pushes, unless the slot at the tail is not free and there is an `error` to say so.
    #[inline]
    fn push_unless(
        &self,
        value: &mut Option<T>,
        error: impl Fn(usize) -> Option<PushError>,
    ) -> Result<(), PushError> {
        let mut backoff = Backoff::new();
        let mut tail = self.tail.load(Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(PushError::Closed);
            }
            let slot = self.slot(tail);
            let stamp = slot.stamp.load(Acquire);
            if stamp == tail {
                match self
                    .tail
                    .compare_exchange_weak(tail, self.next(tail), AcqRel, Relaxed)
                {
                    Ok(_) => {
                        let value = value.take().expect("there is a value to push");
                        slot.value.with_mut(|place| {
                            // SAFETY: the claim of this position in this lap is ours alone, and the
                            // stamp said that the slot is free.
                            unsafe { (*place).write(value) };
                        });
                        slot.stamp.store(tail + STEP, Release);
                        return Ok(());
                    }
                    Err(now) => {
                        tail = now;
                        backoff.lost_race();
                    }
                }
            } else {
                // Not free: its value of the lap before is still there, or is on its way in or out.
                if let Some(error) = error(tail) {
                    return Err(error);
                }
                let now = self.tail.load(Relaxed);
                if now == tail {
                    backoff.look_again();
                    if backoff.is_long() {
                        return Err(PushError::Busy);
                    }
                }
                tail = now;
            }
        }
    }

    /// Takes the oldest value out.
    #[inline]
    pub(crate) fn pop(&self) -> Result<T, PopError> {
        self.pop_unless(|head| {
            let tail = self.tail.load(Acquire);
            let is_empty = tail & !CLOSED == head;
            is_empty.then_some(if tail & CLOSED == 0 {
                PopError::Empty
            } else {
                PopError::Closed
            })
        })
    }

    /// `pop`, without a look at the tail, which would take that line from the senders: what is said to be
    /// empty may be about to have a value, or be closed. For those who go on looking.
    #[inline]
    pub(crate) fn pop_if_there(&self) -> Result<T, PopError> {
        self.pop_unless(|head| {
            let is_at_head = self.head.load(Relaxed) == head;
            is_at_head.then_some(PopError::Empty)
        })
    }

    /// Pops, unless the value at the head is not there and there is an `error` to say so.
    #[inline]
    fn pop_unless(&self, error: impl Fn(usize) -> Option<PopError>) -> Result<T, PopError> {
        let mut backoff = Backoff::new();
        let mut head = self.head.load(Relaxed);
        loop {
            let slot = self.slot(head);
            let stamp = slot.stamp.load(Acquire);
            if stamp == head.wrapping_add(STEP) {
                match self
                    .head
                    .compare_exchange_weak(head, self.next(head), AcqRel, Relaxed)
                {
                    Ok(_) => {
                        let value = slot.value.with(|place| {
                            // SAFETY: the claim of this position is ours alone, and the stamp said
                            // that its value is there. The new stamp gives the slot to the next lap,
                            // so it is read once.
                            unsafe { (*place).assume_init_read() }
                        });
                        slot.stamp.store(head.wrapping_add(self.lap), Release);
                        return Ok(value);
                    }
                    Err(now) => {
                        head = now;
                        backoff.lost_race();
                    }
                }
            } else {
                // Not written: nobody has claimed it, or its value of this lap is on its way in, or
                // (the ring being empty) that of the lap before on its way out.
                if let Some(error) = error(head) {
                    return Err(error);
                }
                let now = self.head.load(Relaxed);
                if now == head {
                    backoff.look_again();
                    if backoff.is_long() {
                        return Err(PopError::Busy);
                    }
                }
                head = now;
            }
        }
    }

    /// The sender's second look before it sleeps: how many places there are, or 1 if the ring is closed.
    /// Synchronises with every `pop` before it and is seen by every `pop` after it.
    pub(crate) fn look_for_room(&self) -> usize {
        let head = self.head.fetch_add(0, AcqRel);
        let tail = self.tail.load(Acquire);
        if tail & CLOSED != 0 {
            return 1;
        }
        if head.wrapping_add(self.lap) == tail {
            return 0;
        }
        // The tail may have moved on since: the number is a guess then, and not 0.
        (self.capacity() - self.distance(head, tail)).max(1)
    }

    /// The receiver's second look: how many values there are, or 1 if the ring is closed.
    /// Synchronises with every `push` before it and is seen by every `push` after it.
    pub(crate) fn look_for_values(&self) -> usize {
        let tail = self.tail.fetch_add(0, AcqRel);
        let head = self.head.load(Acquire);
        if tail & CLOSED != 0 {
            return 1;
        }
        if head == tail {
            return 0;
        }
        self.distance(head, tail).max(1)
    }

    /// About how many values have been put in, from anywhere on: laps have gaps.
    pub(crate) fn put(&self) -> usize {
        self.tail.load(Relaxed) / STEP
    }

    /// About how many values have been taken out, from anywhere on: laps have gaps.
    pub(crate) fn taken(&self) -> usize {
        self.head.load(Relaxed) / STEP
    }

    /// Takes no more values. Returns whether it was open.
    pub(crate) fn close(&self) -> bool {
        self.tail.fetch_or(CLOSED, AcqRel) & CLOSED == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.tail.load(Acquire) & CLOSED != 0
    }

    /// How many values are in, at one moment of the call.
    pub(crate) fn len(&self) -> usize {
        loop {
            let tail = self.tail.load(Acquire);
            let head = self.head.load(Acquire);
            // If the tail has not moved meanwhile, both were true when the head was read.
            if self.tail.load(Relaxed) == tail {
                return self.distance(head, tail & !CLOSED);
            }
        }
    }

    fn distance(&self, head: usize, tail: usize) -> usize {
        let (first, end) = (self.index(head), self.index(tail));
        if first < end {
            end - first
        } else if head == tail {
            0
        } else {
            self.slots.len() - first + end
        }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while let Ok(value) = self.pop() {
            discard_panic(|| drop(value));
        }
    }
}
