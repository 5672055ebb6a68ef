//! A ring with a bound for two: one puts in, one takes out. First in, first out.
//!
//! # Positions
//!
//! Each end is a count, above the bit `CLOSED` that only the tail has. The sender alone moves the tail and
//! the receiver alone the head, so nobody claims anything: a value is written, then the tail moves over it; it
//! is read, then the head moves. The slots have no stamps.
//!
//! Each side remembers where it saw the other end last. The other end has only moved on since, so as long as
//! that says that there is room (or a value), the other side's cache line is left alone. Only who finds none
//! looks at the line: a look costs both sides a transfer of it, and brings all that was done meanwhile, a
//! batch. A side that is faster than the other finds small batches, and is slowed down by looking: to rest
//! a little first is what helps, and is the business of those who wait, not of this ring.
//!
//! # The end
//!
//! Anybody may close the ring, so the sender moves the tail by a compare-exchange: it fails only if the ring has
//! been closed since, and then nothing was put in. What was put in comes before the bit, so who finds
//! the ring closed and empty has missed nothing.
//!
//! # Why every value moves an end
//!
//! A side could keep its moves to itself and make them known a few at a time, which would save the
//! read-modify-writes in between. But nobody could tell it that the other side has begun to wait for them: it
//! would have to look, and by the time of the look it may have gone off to do something else. So what is
//! done has to be known when the call returns. Who has many values says so, and `push_many` and `pop_many` move
//! the end once.

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests;

use super::{PopError, PushError};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{UnsafeCell, discard_panic};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::mem::MaybeUninit;

const CLOSED: usize = 1;
const STEP: usize = 2;

/// The most values a ring can be made for: half of all positions, with room to spare.
const CAPACITY_MAX: usize = usize::MAX >> 4;

/// See the module.
#[derive(Debug)]
pub(crate) struct Spsc<T> {
    /// Where the next value is taken. The receiver's.
    head: CachePadded<End>,
    /// Where the next value is put, and whether the ring is closed. The sender's.
    tail: CachePadded<End>,
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
}

#[derive(Debug)]
struct End {
    position: AtomicUsize,
    own: UnsafeCell<Own>,
}

/// What one side has for itself.
#[derive(Debug)]
struct Own {
    /// The slot of its position.
    index: usize,
    /// Where it last saw the other end.
    known: usize,
}

// SAFETY: a slot, and what a side has for itself, are touched by one side at a time (the contracts of `push`
// and `pop`); a slot goes from one to the other by the moves of the ends (acquire and release). Values cross
// threads: T is Send.
unsafe impl<T: Send> Send for Spsc<T> {}
// SAFETY: as above; no `&T` is ever shared.
unsafe impl<T: Send> Sync for Spsc<T> {}

impl End {
    fn new() -> CachePadded<Self> {
        CachePadded::new(Self {
            position: AtomicUsize::new(0),
            own: UnsafeCell::new(Own { index: 0, known: 0 }),
        })
    }

    /// # Safety
    ///
    /// The caller is on this end's side, and alone on it.
    #[inline]
    unsafe fn with_own<R>(&self, body: impl FnOnce(&mut Own) -> R) -> R {
        // SAFETY: by the contract nobody else uses it.
        self.own.with_mut(|own| body(unsafe { &mut *own }))
    }
}

impl<T> Spsc<T> {
    /// # Panics
    ///
    /// If `capacity` is 0 or more than memory can hold.
    #[track_caller]
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
        slots.extend((0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())));
        Self {
            head: End::new(),
            tail: End::new(),
            slots: slots.into_boxed_slice(),
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The slot so many after that of `own`, at most as many as there are slots.
    #[inline]
    fn index(&self, own: &Own, count: usize) -> usize {
        let index = own.index + count;
        if index < self.slots.len() {
            index
        } else {
            index - self.slots.len()
        }
    }

    #[inline]
    fn slot(&self, index: usize) -> &UnsafeCell<MaybeUninit<T>> {
        debug_assert!(index < self.slots.len());
        // SAFETY: every index comes from `index`, or is that of a side, which comes from there.
        unsafe { self.slots.get_unchecked(index) }
    }

    /// # Safety
    ///
    /// The caller is the sender, and the slot is between the tail and the head of the next lap.
    #[inline]
    unsafe fn write(&self, index: usize, value: T) {
        self.slot(index).with_mut(|place| {
            // SAFETY: the receiver does not touch it before the tail has passed it.
            unsafe { (*place).write(value) };
        });
    }

    /// # Safety
    ///
    /// The slot holds a value that is the caller's, who reads it once: a receiver's between head and tail, or
    /// a sender's own that the tail has not passed.
    #[inline]
    unsafe fn read(&self, index: usize) -> T {
        self.slot(index).with(|place| {
            // SAFETY: by the contract.
            unsafe { (*place).assume_init_read() }
        })
    }

    /// Puts in the value that `value` holds. Leaves it there on failure.
    ///
    /// # Safety
    ///
    /// Nobody else puts in at the same time, and whoever did before has happened before.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    #[inline]
    pub(crate) unsafe fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        let tail = self.tail.position.load(Relaxed);
        if tail & CLOSED != 0 {
            return Err(PushError::Closed);
        }
        // SAFETY: by the contract the caller is alone on this side.
        unsafe {
            self.tail.with_own(|own| {
                if self.room(own, tail, 1) == 0 {
                    return Err(PushError::Full);
                }
                self.write(own.index, value.take().expect("there is a value to push"));
                let moved = self.move_tail(own, tail, 1);
                if moved.is_err() {
                    *value = Some(self.read(own.index));
                }
                moved
            })
        }
    }

    /// Puts in values from the front of `values`, as many as there is room for, by one move. Returns how many that
    /// were, at least one unless there were none.
    ///
    /// # Safety
    ///
    /// As for [`Spsc::push`].
    pub(crate) unsafe fn push_many(&self, values: &mut VecDeque<T>) -> Result<usize, PushError> {
        if values.is_empty() {
            return Ok(0);
        }
        let tail = self.tail.position.load(Relaxed);
        if tail & CLOSED != 0 {
            return Err(PushError::Closed);
        }
        // SAFETY: by the contract the caller is alone on this side.
        unsafe {
            self.tail.with_own(|own| {
                let count = self.room(own, tail, values.len()).min(values.len());
                if count == 0 {
                    return Err(PushError::Full);
                }
                for (nth, value) in values.drain(..count).enumerate() {
                    self.write(self.index(own, nth), value);
                }
                let moved = self.move_tail(own, tail, count);
                if moved.is_err() {
                    // There is room in front: they have just come from there.
                    for nth in (0..count).rev() {
                        values.push_front(self.read(self.index(own, nth)));
                    }
                }
                moved.map(|()| count)
            })
        }
    }

    /// How many places are free behind `tail`, as far as is known; if fewer than `wanted`, exactly how many.
    #[inline]
    fn room(&self, own: &mut Own, tail: usize, wanted: usize) -> usize {
        let room = |head| self.capacity() - tail.wrapping_sub(head) / STEP;
        let known = room(own.known);
        if known >= wanted {
            return known;
        }
        own.known = self.head.position.load(Acquire);
        room(own.known)
    }

    /// Publishes what has been written, unless the ring has been closed since `tail` was read.
    #[inline]
    fn move_tail(&self, own: &mut Own, tail: usize, count: usize) -> Result<(), PushError> {
        let next = tail.wrapping_add(count * STEP);
        match self
            .tail
            .position
            .compare_exchange(tail, next, AcqRel, Relaxed)
        {
            Ok(_) => {
                own.index = self.index(own, count);
                Ok(())
            }
            Err(_) => Err(PushError::Closed),
        }
    }

    /// Takes the oldest value out.
    ///
    /// # Safety
    ///
    /// Nobody else takes out at the same time, and whoever did before has happened before.
    #[inline]
    pub(crate) unsafe fn pop(&self) -> Result<T, PopError> {
        let head = self.head.position.load(Relaxed);
        // SAFETY: by the contract the caller is alone on this side; the slot is before the tail.
        unsafe {
            self.head.with_own(|own| {
                self.values(own, head, 1)?;
                let value = self.read(own.index);
                own.index = self.index(own, 1);
                self.head.position.fetch_add(STEP, AcqRel);
                Ok(value)
            })
        }
    }

    /// Takes out values and appends them to `into`: all that are there and at most `limit`, by one move. Returns
    /// how many that were, at least one unless the limit is 0.
    ///
    /// # Safety
    ///
    /// As for [`Spsc::pop`].
    pub(crate) unsafe fn pop_many(
        &self,
        into: &mut Vec<T>,
        limit: usize,
    ) -> Result<usize, PopError> {
        if limit == 0 {
            return Ok(0);
        }
        let head = self.head.position.load(Relaxed);
        // SAFETY: by the contract the caller is alone on this side; the slots are before the tail.
        unsafe {
            self.head.with_own(|own| {
                let count = self.values(own, head, limit)?.min(limit);
                // Before the first is read: from there on nothing may fail.
                into.reserve(count);
                for nth in 0..count {
                    into.push(self.read(self.index(own, nth)));
                }
                own.index = self.index(own, count);
                self.head.position.fetch_add(count * STEP, AcqRel);
                Ok(count)
            })
        }
    }

    /// How many values are at `head`, as far as is known, and at least one; if fewer than `wanted`, exactly how
    /// many.
    #[inline]
    fn values(&self, own: &mut Own, head: usize, wanted: usize) -> Result<usize, PopError> {
        let known = own.known.wrapping_sub(head) / STEP;
        if known >= wanted {
            return Ok(known);
        }
        let tail = self.tail.position.load(Acquire);
        own.known = tail & !CLOSED;
        match own.known.wrapping_sub(head) / STEP {
            0 if tail & CLOSED == 0 => Err(PopError::Empty),
            0 => Err(PopError::Closed),
            there => Ok(there),
        }
    }

    /// The sender's second look before it sleeps: how many places there are, or 1 if the ring is closed.
    /// Synchronises with every `pop` before it and is seen by every `pop` after it.
    pub(crate) fn look_for_room(&self) -> usize {
        let head = self.head.position.fetch_add(0, AcqRel);
        let tail = self.tail.position.load(Acquire);
        if tail & CLOSED != 0 {
            return 1;
        }
        // If not the sender looks, the tail may have moved on since.
        self.capacity()
            .saturating_sub(tail.wrapping_sub(head) / STEP)
    }

    /// The receiver's second look: how many values there are, or 1 if the ring is closed.
    /// Synchronises with every `push` before it and is seen by every `push` after it.
    pub(crate) fn look_for_values(&self) -> usize {
        let tail = self.tail.position.fetch_add(0, AcqRel);
        if tail & CLOSED != 0 {
            return 1;
        }
        tail.wrapping_sub(self.head.position.load(Acquire)) / STEP
    }

    /// How many values have been put in, from anywhere on.
    pub(crate) fn put(&self) -> usize {
        self.tail.position.load(Relaxed) / STEP
    }

    /// How many values have been taken out, from anywhere on.
    pub(crate) fn taken(&self) -> usize {
        self.head.position.load(Relaxed) / STEP
    }

    /// Takes no more values. Returns whether it was open.
    pub(crate) fn close(&self) -> bool {
        self.tail.position.fetch_or(CLOSED, AcqRel) & CLOSED == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.tail.position.load(Acquire) & CLOSED != 0
    }

    /// How many values are in, at one moment of the call.
    pub(crate) fn len(&self) -> usize {
        loop {
            let tail = self.tail.position.load(Acquire);
            let head = self.head.position.load(Acquire);
            // If the tail has not moved meanwhile, both were true when the head was read.
            if self.tail.position.load(Relaxed) == tail {
                return tail.wrapping_sub(head) / STEP;
            }
        }
    }
}

impl<T> Drop for Spsc<T> {
    fn drop(&mut self) {
        // SAFETY: whoever drops is alone.
        while let Ok(value) = unsafe { self.pop() } {
            discard_panic(|| drop(value));
        }
    }
}
