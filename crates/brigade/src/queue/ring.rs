//! A ring of slots with a bound: any number of threads put in and take out, first in, first out.
//!
//! The algorithm is Dmitry Vyukov's bounded MPMC queue (1024cores.net, 2010), with laps so that any
//! capacity will do, and with a closed bit and a number of promised places in the tail.
//!
//! # Positions and stamps
//!
//! A position is a lap and an index. It stands in the upper bits of a word; the lower ones are zero but
//! in the tail, which is `{ lap | index | reserved | CLOSED }`. `STEP` is what one position adds. Each
//! slot carries a stamp in the same units:
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
//!
//! No two rows can be taken for each other. A lap is a power of two with at least as many positions as
//! there are slots, and at least two (with one, `p + STEP` would be `p + lap`). So "free" is the slot's
//! own index within the lap, "written" is the next one, and these differ; and stamps of the same kind
//! differ by their laps. If the capacity is a power of two above one, a lap has no position without a
//! slot: positions are consecutive, and `position / STEP` counts.
//!
//! Laps come round when the word overflows. Who has looked at a stamp, then sleeps, and moves the end
//! just when all positions have been used and the same one has come again, has claimed a slot on the
//! word of an old stamp. With 64 bits that takes more than a week of traffic without a pause. With fewer
//! (`SHORT`) it may happen, so there everybody looks at the stamp again after the claim, and waits
//! for it like anybody whose place was promised.
//!
//! # Promised places
//!
//! A place can be reserved without a place in the order. With `head`, `tail` and `reserved` read from the
//! words, `end` is where the tail will be once the promises are kept: `reserved` places on. At all times
//!
//! > `end` is at most one lap ahead of `head`.
//!
//! A push and a new promise move `end` on, and check that by the compare-exchange on the tail: what
//! they have read of the tail is still so, and the head can only have moved on. A promise that is kept
//! leaves `end` where it is. So it needs no check: the slot at the tail has been claimed by a receiver, at
//! the least, who is a few instructions from done with it.
//!
//! While nothing is reserved the stamp says all that, and the head is not looked at.
//!
//! The tail has so many bits for promises (`RESERVED_MAX`). When all of them are in use, the ring counts as
//! full for everybody, so that all who wait for room wait for the same thing.
//!
//! # Pushing by force
//!
//! `force_push` claims the tail, full or not. If that moves `end` beyond one lap from `head`, it then owes
//! the others to move the head past the position `end - lap` (with the `end` from before): it takes the value out
//! that is there, unless a receiver has been faster. Several do it in the order of their claims, since the
//! head moves one by one; so every position that is owed is owed by somebody who is on it, and those
//! whose slots are not free yet wait for a few instructions only. Meanwhile nobody else finds room.

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests;

use super::{Backoff, PopError, PushError, move_out};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{MODEL, UnsafeCell, discard_panic};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::mem::{ManuallyDrop, MaybeUninit};

/// Whether positions come round so soon that it may be noticed.
const SHORT: bool = usize::BITS < 64;

const CLOSED: usize = 1;
/// One promise, in the tail.
const RESERVED: usize = 2;
const RESERVED_BITS: u32 = match (MODEL, SHORT) {
    (true, _) => 2,
    (false, true) => 8,
    (false, false) => 16,
};
/// The most places that can be promised at a time.
const RESERVED_MAX: usize = (1 << RESERVED_BITS) - 1;
const STEP: usize = RESERVED << RESERVED_BITS;
/// What is not position in the tail.
const FLAGS: usize = STEP - 1;

/// The most values a ring can be made for: positions need room for a few laps.
const CAPACITY_MAX: usize = (usize::MAX / STEP) >> 2;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    /// Where the next value is taken.
    head: CachePadded<AtomicUsize>,
    /// Where the next value is put, how many places are promised, and whether the ring is closed.
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

/// Consecutive positions that the caller has claimed.
struct Claim<'a, T> {
    first: usize,
    /// That of the first.
    slot: &'a Slot<T>,
    count: usize,
}

/// A value that the caller has claimed, and has to take: nobody else can.
#[must_use = "nobody else can take it"]
pub(crate) struct Found<'a, T> {
    ring: &'a Ring<T>,
    position: usize,
    slot: &'a Slot<T>,
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
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring needs at least one slot");
        assert!(
            capacity <= CAPACITY_MAX,
            "a ring of {capacity} slots is beyond any memory or the machine's words"
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
            lap: capacity.max(2).next_power_of_two() * STEP,
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
        // SAFETY: `advance` is the only way a position moves, and it keeps the index below the capacity.
        unsafe { self.slots.get_unchecked(index) }
    }

    /// So many positions on, at most as many as there are slots. Keeps the flags.
    #[inline]
    fn advance(&self, word: usize, count: usize) -> usize {
        debug_assert!(count <= self.slots.len());
        let index = self.index(word) + count;
        if index < self.slots.len() {
            return word + count * STEP;
        }
        let next_lap = (word & !(self.lap - 1)).wrapping_add(self.lap);
        next_lap + (index - self.slots.len()) * STEP + (word & FLAGS)
    }

    /// Where this tail will be once the promised places are used.
    #[inline]
    fn end(&self, tail: usize) -> usize {
        self.advance(tail & !FLAGS, reserved(tail))
    }

    /// Whether there is no room behind this tail that is neither used nor promised.
    fn is_full(&self, tail: usize) -> bool {
        let head = self.head.load(Acquire);
        self.end(tail).wrapping_sub(head).cast_signed() >= self.lap.cast_signed()
    }

    /// One try for the usual case: there is room, nothing is promised, nobody is in the way. Moves the value out
    /// of its place if it returns true.
    ///
    /// # Safety
    ///
    /// `value` points to a value that is the caller's, who forgets it if this returns true.
    #[inline(always)]
    pub(crate) unsafe fn push_at_once(&self, value: *const T) -> bool {
        let first = self.tail.load(Relaxed);
        let slot = self.slot(first);
        if first & FLAGS != 0 || slot.stamp.load(Acquire) != first {
            return false;
        }
        let claimed = self
            .tail
            .compare_exchange(first, self.advance(first, 1), AcqRel, Relaxed)
            .is_ok();
        if claimed {
            // SAFETY: the position has just been claimed, and once, and its slot was free; the value is ours to
            // move, by the contract.
            unsafe { self.fill(first, slot, value) };
        }
        claimed
    }

    /// Puts in the value that `value` holds. Leaves it there on failure.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    pub(crate) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        self.push_unless(value, |tail| self.is_full(tail))
    }

    /// `push`, without a look at the head, which would take that line from the receivers: what is said to
    /// be full may be about to have room. For those who go on looking. While places are promised there is
    /// no way round that look.
    pub(crate) fn push_if_free(&self, value: &mut Option<T>) -> Result<(), PushError> {
        self.push_unless(value, |tail| self.tail.load(Relaxed) == tail)
    }

    /// Pushes, unless the slot at the tail is not free and `is_full` says so.
    #[inline]
    fn push_unless(
        &self,
        value: &mut Option<T>,
        is_full: impl Fn(usize) -> bool,
    ) -> Result<(), PushError> {
        let Claim { first, slot, .. } =
            self.claim_tail(|tail| self.room_by_flags(tail).map(|_| 1), is_full)?;
        // SAFETY: the position has just been claimed, and once.
        unsafe { move_out(value, |value| self.fill(first, slot, value)) };
        Ok(())
    }

    /// How much room there may be behind this tail, as far as its slots are free.
    fn room_by_flags(&self, tail: usize) -> Result<usize, PushError> {
        if tail & FLAGS == 0 {
            return Ok(self.capacity());
        }
        if tail & CLOSED != 0 {
            return Err(PushError::Closed);
        }
        let room = self.room(self.head.load(Acquire), tail);
        if room == 0 {
            return Err(PushError::Full);
        }
        Ok(room)
    }

    /// How many places are neither used nor promised.
    fn room(&self, head: usize, tail: usize) -> usize {
        if reserved(tail) == RESERVED_MAX {
            return 0;
        }
        let used = self.distance(head, self.end(tail));
        self.capacity().saturating_sub(used)
    }

    /// Claims free slots: as many as there are from the tail on, at least one and not more than `most` allows.
    #[inline(never)]
    fn claim_tail(
        &self,
        most: impl Fn(usize) -> Result<usize, PushError>,
        is_full: impl Fn(usize) -> bool,
    ) -> Result<Claim<'_, T>, PushError> {
        let mut backoff = Backoff::new();
        let mut tail = self.tail.load(Relaxed);
        loop {
            let most = most(tail)?;
            let first = tail & !FLAGS;
            let slot = self.slot(first);
            if slot.stamp.load(Acquire) == first {
                let count = self.count_while(first, most, |position| position);
                match self.tail.compare_exchange_weak(
                    tail,
                    self.advance(tail, count),
                    AcqRel,
                    Relaxed,
                ) {
                    Ok(_) => return Ok(Claim { first, slot, count }),
                    Err(now) => {
                        tail = now;
                        backoff.lost_race();
                    }
                }
            } else {
                // Not free: its value of the lap before is still there, or is on its way in or out.
                if is_full(tail) {
                    return Err(PushError::Full);
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

    /// How many slots from `first` on have the `stamp` of their position, that of the first being known to
    /// have it; `most` at most, which is not more than there are slots.
    #[inline]
    fn count_while(&self, first: usize, most: usize, stamp: impl Fn(usize) -> usize) -> usize {
        let mut count = 1;
        while count < most {
            let position = self.advance(first, count);
            if self.slot(position).stamp.load(Acquire) != stamp(position) {
                break;
            }
            count += 1;
        }
        count
    }

    /// Writes the value and publishes it. It is copied from where it is, and no longer the caller's: large
    /// values are expensive to hand on.
    ///
    /// # Safety
    ///
    /// The caller has claimed `position` by moving the tail, for this value alone, and has seen that its
    /// `slot` was free. `value` points to a value of the caller's, who forgets it.
    #[inline]
    unsafe fn fill(&self, position: usize, slot: &Slot<T>, value: *const T) {
        if SHORT {
            wait_for_stamp(slot, position);
        }
        slot.value.with_mut(|place| {
            // SAFETY: the position in this lap is the caller's alone, and the stamp said that the slot
            // is free; the value is the caller's to give.
            unsafe { (*place).as_mut_ptr().copy_from_nonoverlapping(value, 1) };
        });
        slot.stamp.store(position.wrapping_add(STEP), Release);
    }

    /// `fill`, after a short wait for who is about to finish with the slot.
    ///
    /// # Safety
    ///
    /// The caller has claimed `position` by moving the tail, for this value alone, which is the caller's and
    /// forgotten after.
    unsafe fn fill_once_free(&self, position: usize, value: *const T) {
        let slot = self.slot(position);
        wait_for_stamp(slot, position);
        // SAFETY: by the contract, and the slot is free.
        unsafe { self.fill(position, slot, value) };
    }

    /// One try for the usual case: there is a value, nobody is in the way.
    #[inline(always)]
    pub(crate) fn find_at_once(&self) -> Option<Found<'_, T>> {
        let position = self.head.load(Relaxed);
        let slot = self.slot(position);
        if slot.stamp.load(Acquire) != position.wrapping_add(STEP) {
            return None;
        }
        self.head
            .compare_exchange(position, self.advance(position, 1), AcqRel, Relaxed)
            .is_ok()
            .then_some(Found {
                ring: self,
                position,
                slot,
            })
    }

    /// Takes the oldest value out.
    pub(crate) fn pop(&self) -> Result<T, PopError> {
        self.pop_unless(|head| self.is_empty(head))
    }

    /// `pop`, without a look at the tail, which would take that line from the senders: what is said to be
    /// empty may be about to have a value, or be closed. For those who go on looking.
    pub(crate) fn pop_if_there(&self) -> Result<T, PopError> {
        self.pop_unless(|head| {
            let is_at_head = self.head.load(Relaxed) == head;
            is_at_head.then_some(PopError::Empty)
        })
    }

    /// The error for one who found nothing at `head`, if nobody has claimed it.
    fn is_empty(&self, head: usize) -> Option<PopError> {
        let tail = self.tail.load(Acquire);
        let is_empty = tail & !FLAGS == head;
        is_empty.then_some(if tail & CLOSED == 0 {
            PopError::Empty
        } else {
            PopError::Closed
        })
    }

    /// Pops, unless the value at the head is not there and there is an `error` to say so.
    #[inline]
    fn pop_unless(&self, error: impl Fn(usize) -> Option<PopError>) -> Result<T, PopError> {
        let Claim { first, slot, .. } = self.claim_head(1, |_| (), error)?;
        // SAFETY: the position has just been claimed, and once.
        Ok(unsafe { self.empty(first, slot) })
    }

    /// Claims values: as many as are there from the head on, at least one and at most `most`. Before each try
    /// `prepare` is told how many.
    #[inline(never)]
    fn claim_head(
        &self,
        most: usize,
        mut prepare: impl FnMut(usize),
        error: impl Fn(usize) -> Option<PopError>,
    ) -> Result<Claim<'_, T>, PopError> {
        let mut backoff = Backoff::new();
        let mut head = self.head.load(Relaxed);
        loop {
            let slot = self.slot(head);
            if slot.stamp.load(Acquire) == head.wrapping_add(STEP) {
                let count = self.count_while(head, most, |position| position.wrapping_add(STEP));
                prepare(count);
                match self.head.compare_exchange_weak(
                    head,
                    self.advance(head, count),
                    AcqRel,
                    Relaxed,
                ) {
                    Ok(_) => {
                        return Ok(Claim {
                            first: head,
                            slot,
                            count,
                        });
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

    /// Reads the value and gives its slot to the next lap.
    ///
    /// # Safety
    ///
    /// The caller has claimed `position` by moving the head, reads it once, and has seen that its value was
    /// in its `slot`.
    #[inline]
    unsafe fn empty(&self, position: usize, slot: &Slot<T>) -> T {
        if SHORT {
            wait_for_stamp(slot, position.wrapping_add(STEP));
        }
        let value = slot.value.with(|place| {
            // SAFETY: the position is the caller's alone, and the stamp said that its value is there. The
            // new stamp gives the slot to the next lap, so it is read once.
            unsafe { (*place).assume_init_read() }
        });
        slot.stamp.store(position.wrapping_add(self.lap), Release);
        value
    }

    /// The sender's second look before it sleeps: how many places there are, or 1 if the ring is closed.
    /// Synchronises with every `pop` and `unreserve` before it and is seen by every one after it.
    pub(crate) fn look_for_room(&self) -> usize {
        let head = self.head.fetch_add(0, AcqRel);
        let tail = self.tail.load(Acquire);
        if tail & CLOSED != 0 {
            return 1;
        }
        // If the tail is too far ahead, the head has moved since or is about to, and whoever moves it sees
        // the sender.
        self.room(head, tail)
    }

    /// The receiver's second look: how many values there are, or 1 if the ring is closed.
    /// Synchronises with every `push` before it and is seen by every `push` after it.
    pub(crate) fn look_for_values(&self) -> usize {
        let tail = self.tail.fetch_add(0, AcqRel);
        let head = self.head.load(Acquire);
        if tail & CLOSED != 0 {
            return 1;
        }
        if head == tail & !FLAGS {
            return 0;
        }
        // The head may have moved past what was the tail.
        self.distance(head, tail & !FLAGS).max(1)
    }

    /// About how many values have been put in, from anywhere on: laps may have gaps.
    pub(crate) fn put(&self) -> usize {
        self.tail.load(Relaxed) / STEP
    }

    /// About how many values have been taken out, from anywhere on: laps may have gaps.
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
            let tail = self.tail.load(Acquire) & !FLAGS;
            let head = self.head.load(Acquire);
            // If the tail has not moved meanwhile, both were true when the head was read.
            if self.tail.load(Relaxed) & !FLAGS == tail {
                return self.distance(head, tail).min(self.capacity());
            }
        }
    }

    /// How many slots lie from `head` up to `tail`; 0 if that is behind.
    fn distance(&self, head: usize, tail: usize) -> usize {
        if tail.wrapping_sub(head).cast_signed() <= 0 {
            return 0;
        }
        let lap_of = |position| position & !(self.lap - 1);
        let laps = lap_of(tail).wrapping_sub(lap_of(head)) / self.lap;
        laps * self.capacity() + self.index(tail) - self.index(head)
    }
}

impl<T> Found<'_, T> {
    #[inline(always)]
    pub(crate) fn take(self) -> T {
        // SAFETY: made by `find_at_once`, which has just claimed the position and seen the value there; used
        // up by this.
        unsafe { self.ring.empty(self.position, self.slot) }
    }
}

/// Waits for who is about to finish with a slot that the caller has claimed.
#[inline]
fn wait_for_stamp<T>(slot: &Slot<T>, stamp: usize) {
    let mut backoff = Backoff::new();
    while slot.stamp.load(Acquire) != stamp {
        backoff.look_again();
    }
}

/// How many places this tail says are promised.
#[inline]
fn reserved(tail: usize) -> usize {
    tail % STEP / RESERVED
}

/// Room that is promised before it is used.
impl<T> Ring<T> {
    /// Promises a place to the caller, who uses it with `push_reserved` or gives it back with `unreserve`.
    /// Others find so much less room.
    pub(crate) fn try_reserve(&self) -> Result<(), PushError> {
        self.reserve_if(|_| true)
    }

    fn reserve_if(&self, may: impl Fn(usize) -> bool) -> Result<(), PushError> {
        let mut backoff = Backoff::new();
        let mut tail = self.tail.load(Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(PushError::Closed);
            }
            if self.room(self.head.load(Acquire), tail) == 0 || !may(tail) {
                return Err(PushError::Full);
            }
            match self
                .tail
                .compare_exchange_weak(tail, tail + RESERVED, AcqRel, Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => {
                    tail = now;
                    backoff.lost_race();
                }
            }
        }
    }

    /// Puts a value into a place that was promised: fails only if the ring is closed, and then the promise
    /// stands and the value stays.
    ///
    /// Returns how many senders can go on because of it and have to be woken: none, unless all promises
    /// there can be had been given.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    pub(crate) fn push_reserved(&self, value: &mut Option<T>) -> Result<usize, PushError> {
        let mut backoff = Backoff::new();
        let mut tail = self.tail.load(Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(PushError::Closed);
            }
            debug_assert!(reserved(tail) > 0, "a promise that was never given");
            let next = self.advance(tail, 1) - RESERVED;
            match self.tail.compare_exchange_weak(tail, next, AcqRel, Relaxed) {
                Ok(_) => break,
                Err(now) => {
                    tail = now;
                    backoff.lost_race();
                }
            }
        }
        // SAFETY: the position has just been claimed, and once.
        unsafe { move_out(value, |value| self.fill_once_free(tail & !FLAGS, value)) };
        let made_room = reserved(tail) == RESERVED_MAX;
        Ok(if made_room { self.look_for_room() } else { 0 })
    }

    /// Gives a promised place back. Returns how many senders can go on because of it and have to be
    /// woken, also if the ring is closed.
    ///
    /// Senders who are about to sleep take their second look by a read-modify-write on the head, and this
    /// changes the tail. So after the change the head is modified, too: either that is before the
    /// sender's, who then sees the change, or after it, and then whoever wakes sees the sender.
    pub(crate) fn unreserve(&self) -> usize {
        let tail = self.tail.fetch_sub(RESERVED, AcqRel);
        debug_assert!(reserved(tail) > 0, "a promise that was never given");
        // The same read-modify-write as theirs.
        let room = self.look_for_room();
        if reserved(tail) == RESERVED_MAX {
            room
        } else {
            1
        }
    }
}

/// A bound below the capacity, which somebody else moves.
impl<T> Ring<T> {
    /// `push`, as long as fewer than `limit` places have ever been used, or are promised. It is asked anew before
    /// each try, so it may move on meanwhile; whoever moves it back has to cope with a value that was let in before.
    ///
    /// The capacity is a power of two above one.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    #[inline]
    pub(crate) fn push_below(
        &self,
        value: &mut Option<T>,
        limit: impl Fn() -> usize,
    ) -> Result<(), PushError> {
        let most = |tail| match self.room_by_flags(tail) {
            Ok(_) if !self.is_below(tail, limit()) => Err(PushError::Full),
            room => room.map(|_| 1),
        };
        let Claim { first, slot, .. } = self.claim_tail(most, |tail| self.is_full(tail))?;
        // SAFETY: the position has just been claimed, and once.
        unsafe { move_out(value, |value| self.fill(first, slot, value)) };
        Ok(())
    }

    /// `try_reserve`, with the bound of [`Ring::push_below`].
    pub(crate) fn try_reserve_below(&self, limit: impl Fn() -> usize) -> Result<(), PushError> {
        self.reserve_if(|tail| self.is_below(tail, limit()))
    }

    #[inline]
    fn is_below(&self, tail: usize, limit: usize) -> bool {
        debug_assert!(
            self.slots.len() > 1 && self.slots.len().is_power_of_two(),
            "without gaps a position counts"
        );
        // A count has more bits than a position: those at the top go.
        let left = limit.wrapping_mul(STEP).wrapping_sub(self.end(tail));
        left.cast_signed() > 0
    }

    /// How many more values [`Ring::push_below`] would let in with this limit.
    pub(crate) fn left_below(&self, limit: usize) -> usize {
        let end = self.end(self.tail.load(Acquire));
        let left = limit.wrapping_mul(STEP).wrapping_sub(end).cast_signed();
        left.max(0) as usize / STEP
    }
}

/// Many values at once, by one move of an end.
impl<T> Ring<T> {
    /// Puts in values from the front of `values`: all there is room for at the tail at this moment, as one
    /// move. Returns how many that were, at least one unless there were none.
    pub(crate) fn push_many(&self, values: &mut VecDeque<T>) -> Result<usize, PushError> {
        if values.is_empty() {
            return Ok(0);
        }
        let most = |tail| Ok(self.room_by_flags(tail)?.min(values.len()));
        let claim = self.claim_tail(most, |tail| self.is_full(tail))?;
        let mut position = claim.first;
        for value in values.drain(..claim.count) {
            let value = ManuallyDrop::new(value);
            // SAFETY: claimed just now, and filled once.
            unsafe { self.fill(position, self.slot(position), &raw const *value) };
            position = self.advance(position, 1);
        }
        Ok(claim.count)
    }

    /// Takes out values and appends them to `into`: all that are there at this moment and at most `limit`,
    /// as one move. Returns how many that were, at least one unless the limit is 0.
    pub(crate) fn pop_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, PopError> {
        if limit == 0 {
            return Ok(0);
        }
        // Room for them before they are claimed: from there on nothing may fail.
        let prepare = |count| into.reserve(count);
        let most = limit.min(self.capacity());
        let claim = self.claim_head(most, prepare, |head| self.is_empty(head))?;
        let mut position = claim.first;
        for _ in 0..claim.count {
            // SAFETY: claimed just now, and read once.
            into.push(unsafe { self.empty(position, self.slot(position)) });
            position = self.advance(position, 1);
        }
        Ok(claim.count)
    }
}

/// Room that is made by force.
impl<T> Ring<T> {
    /// Puts in the value that `value` holds. If there is no room for it, the oldest value is taken out and
    /// returned. Fails only if the ring is closed, or if it is `Full` of promises and there is no value to take.
    ///
    /// If one was taken out, a sender has to be woken: when a promise is given back in between, there
    /// is room after all, and the sender who was woken for it may have found none.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    pub(crate) fn force_push(&self, value: &mut Option<T>) -> Result<Option<T>, PushError> {
        let mut backoff = Backoff::new();
        let mut tail = self.tail.load(Relaxed);
        loop {
            if tail & CLOSED != 0 {
                return Err(PushError::Closed);
            }
            if reserved(tail) == self.capacity() {
                // What it would owe is its own place.
                return Err(PushError::Full);
            }
            let next = self.advance(tail, 1);
            match self.tail.compare_exchange_weak(tail, next, AcqRel, Relaxed) {
                Ok(_) => break,
                Err(now) => {
                    tail = now;
                    backoff.lost_race();
                }
            }
        }
        let evicted = self.take_by_force(self.end(tail).wrapping_sub(self.lap));
        // SAFETY: the position has just been claimed, and once.
        unsafe { move_out(value, |value| self.fill_once_free(tail & !FLAGS, value)) };
        Ok(evicted)
    }

    /// Moves the head past `due`, if nobody else does.
    fn take_by_force(&self, due: usize) -> Option<T> {
        let mut backoff = Backoff::new();
        let mut head = self.head.load(Acquire);
        loop {
            if due.wrapping_sub(head).cast_signed() < 0 {
                return None;
            }
            let slot = self.slot(head);
            let stamp = slot.stamp.load(Acquire);
            if head != due || stamp != head.wrapping_add(STEP) {
                // Somebody who pushes by force is in front, or the value is on its way in.
                backoff.look_again();
                head = self.head.load(Acquire);
                continue;
            }
            match self
                .head
                .compare_exchange_weak(head, self.advance(head, 1), AcqRel, Acquire)
            {
                // SAFETY: the position has just been claimed, and its value was there.
                Ok(_) => return Some(unsafe { self.empty(head, slot) }),
                Err(now) => head = now,
            }
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
