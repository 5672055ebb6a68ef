//! A list of blocks without a bound: any number of threads put in and take out, first in, first out.
//!
//! # Positions
//!
//! Positions count up for ever, `LAP` to a block: `SLOTS` slots, and one position that stands for
//! "the next block is being put in place" and at which everybody looks again. The lowest bit of the
//! tail is `CLOSED`.
//!
//! # Who does what
//!
//! - A sender moves the tail by one and so owns a slot (or by a few within the block, and owns those). It
//!   writes the value, then sets `written`.
//!   The sender of a block's last slot hangs on the next block first: it stores `tail.block`, moves
//!   the tail over the gap, then stores `next`. It has made the block before its claim, so nobody
//!   waits for the allocator.
//! - A receiver moves the head by one and so owns a slot. The receiver of the last slot moves the
//!   head to the next block first. Then each waits for `written` (the sender has claimed the slot
//!   already, and is a few instructions from done) and reads the value.
//! - Every receiver marks its slot as read, beside the slots, where no sender looks. The receiver of the
//!   last slot retires the block: if all are marked it is freed. If a receiver is late, the block is put
//!   aside, and whoever retires a later one looks again. So a receiver pays a plain store for this, and
//!   nobody waits for it.
//!
//! A receiver that has claimed a slot whose sender has lost its processor has to wait for it. It cannot look
//! first whether the slot is written, and leave it, because before its claim it may not follow the pointer to
//! the block.
//!
//! Positions come round when the word overflows. Somebody who sleeps between two instructions until the same one has
//! come again would take the old block for the new one. With 64 bits that takes more than a century. With 32 it takes a
//! billion values; `ring.rs` looks again there, and this does not.
//!
//! # How much memory it keeps
//!
//! When all values are out, the block at the tail and one spare one are left: two. A receiver that was late
//! may keep a few more aside until the next block is retired.
//!
//! # Why a block is not freed too early
//!
//! A block is touched only by those who own a slot of it, and by nobody before the claim: the block
//! pointer that was loaded with a position is followed only once the compare-exchange on that position
//! has succeeded. Every owner of a slot, sender or receiver, is done with the block when the slot is
//! marked as read (release, acquired by who frees): the receiver because the mark is its last touch, the
//! sender because the receiver has seen `written`, which is the sender's last touch. Only the one who
//! retires a block, and after that the one who has taken it from those put aside, touch it longer.

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests;

use super::{Backoff, PopError, PushError, move_out};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use crate::prim::{MODEL, UnsafeCell, discard_panic};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;

const CLOSED: usize = 1;
const STEP: usize = 2;
/// Positions in a block.
const LAP: usize = if MODEL { 3 } else { 32 };
/// Of those, with a slot.
const SLOTS: usize = LAP - 1;
/// Slots in a group: the marks of so many are a word.
const GROUP: usize = if MODEL { 2 } else { 8 };

/// See the module.
#[derive(Debug)]
pub(crate) struct Blocks<T> {
    head: CachePadded<Head<T>>,
    tail: CachePadded<End<T>>,
    /// One block that was read and is kept for the next that is needed.
    spare: AtomicPtr<Block<T>>,
    /// Blocks that are done but for receivers who are late, linked by `next`. Taken all at once.
    aside: AtomicPtr<Block<T>>,
}

/// One end of the list: a position, and the block it is in.
#[derive(Debug)]
struct End<T> {
    position: AtomicUsize,
    block: AtomicPtr<Block<T>>,
}

#[derive(Debug)]
struct Head<T> {
    end: End<T>,
    /// A position that the tail is known to have reached: while the head is short of it, receivers
    /// leave the senders' cache line alone.
    known_tail: AtomicUsize,
}

#[derive(Debug)]
struct Block<T> {
    next: AtomicPtr<Block<T>>,
    groups: [Group<T>; LAP.div_ceil(GROUP)],
    /// Which slots have been read.
    read: [AtomicBool; SLOTS],
}

/// Some slots. Their marks stand together, so that a word takes little more than a word; and beside the values, so
/// that a receiver who is close behind a sender finds both in one cache line.
#[derive(Debug)]
struct Group<T> {
    /// Which slots have been written.
    written: [AtomicBool; GROUP],
    values: [UnsafeCell<MaybeUninit<T>>; GROUP],
}

/// Slots of one block, next to each other, that the caller has claimed by moving an end.
struct Claim<T> {
    block: *mut Block<T>,
    at: usize,
    count: usize,
}

// SAFETY: a slot's value is touched only by its sender and then its receiver, ordered by `written`
// (release to acquire). Values cross threads: T is Send.
unsafe impl<T: Send> Send for Blocks<T> {}
// SAFETY: as above; no `&T` is ever shared.
unsafe impl<T: Send> Sync for Blocks<T> {}

impl<T> Block<T> {
    fn new() -> Box<Self> {
        if MODEL {
            // There a cell is more than what is in it.
            return Box::new(Self {
                next: AtomicPtr::new(ptr::null_mut()),
                groups: std::array::from_fn(|_| Group {
                    written: none(),
                    values: std::array::from_fn(|_| UnsafeCell::new(MaybeUninit::uninit())),
                }),
                read: none(),
            });
        }
        // Built in place, and the values left as they are: thirty-one large ones are too much for a stack, and to
        // write zeros where they will be would cost as much as to write them.
        let mut block = Box::<Self>::new_uninit();
        let at = block.as_mut_ptr();
        // SAFETY: `at` points to room for a block of our own, and every field is written but the values, which may
        // be uninitialised: a cell is nothing but what is in it.
        unsafe {
            (&raw mut (*at).next).write(AtomicPtr::new(ptr::null_mut()));
            for group in 0..LAP.div_ceil(GROUP) {
                (&raw mut (*at).groups[group].written).write(none());
            }
            (&raw mut (*at).read).write(none());
            block.assume_init()
        }
    }

    /// Whether the slot has been written.
    #[inline]
    fn written(&self, at: usize) -> &AtomicBool {
        &self.groups[at / GROUP].written[at % GROUP]
    }

    #[inline]
    fn value(&self, at: usize) -> &UnsafeCell<MaybeUninit<T>> {
        &self.groups[at / GROUP].values[at % GROUP]
    }

    /// Whether everybody who owned a slot is done with it.
    fn is_read(&self) -> bool {
        self.read.iter().all(|slot| slot.load(Acquire))
    }
}

impl<T> Claim<T> {
    fn has_last(&self) -> bool {
        self.at + self.count == SLOTS
    }

    /// Writes the value into the slot of this index within the claim, and publishes it. It is copied from where
    /// it is, and no longer the caller's.
    ///
    /// # Safety
    ///
    /// The caller has claimed the slots by moving the tail, and not written this one yet. `value` points to a
    /// value of the caller's, who forgets it.
    #[inline]
    unsafe fn write(&self, index: usize, value: *const T) {
        // SAFETY: the block lives until all of the claimed slots have been read, and this one is not
        // even written.
        let block = unsafe { &*self.block };
        let at = self.at + index;
        block.value(at).with_mut(|place| {
            // SAFETY: the slot is ours alone until `written` is set; the value is the caller's to give.
            unsafe { (*place).as_mut_ptr().copy_from_nonoverlapping(value, 1) };
        });
        block.written(at).store(true, Release);
    }

    /// Reads the value of the slot of this index within the claim, which is on its way at the least, and marks
    /// the slot as read.
    ///
    /// # Safety
    ///
    /// The caller has claimed the slots by moving the head, and not read this one yet.
    #[inline]
    unsafe fn read(&self, index: usize) -> T {
        // SAFETY: the block lives until all of the claimed slots are marked as read.
        let block = unsafe { &*self.block };
        let at = self.at + index;
        let written = block.written(at);
        if !written.load(Acquire) {
            wait_until_set(written);
        }
        let value = block.value(at).with(|place| {
            // SAFETY: written, and only the owner of the slot reads it, once.
            unsafe { (*place).assume_init_read() }
        });
        block.read[at].store(true, Release);
        value
    }
}

/// Claims the slot at this end, if it `may`, is not the last of its block and nobody else does.
#[inline(always)]
fn claim_at_once<T>(end: &End<T>, may: impl Fn(usize) -> bool) -> Option<Claim<T>> {
    let position = end.position.load(Acquire);
    let block = end.block.load(Acquire);
    let at = offset(position);
    let usual = position & CLOSED == 0 && at < SLOTS - 1 && !block.is_null();
    if !usual || !may(position) {
        return None;
    }
    end.position
        .compare_exchange(position, position + STEP, AcqRel, Acquire)
        .is_ok()
        .then_some(Claim {
            block,
            at,
            count: 1,
        })
}

/// No marks.
fn none<const N: usize>() -> [AtomicBool; N] {
    std::array::from_fn(|_| AtomicBool::new(false))
}

#[cold]
fn wait_until_set(mark: &AtomicBool) {
    let mut backoff = Backoff::new();
    while !mark.load(Acquire) {
        backoff.look_again();
    }
}

/// A value that the caller has claimed, and has to take: nobody else can.
#[must_use = "nobody else can take it"]
pub(crate) struct FoundInBlock<'a, T> {
    claim: Claim<T>,
    _blocks: PhantomData<&'a Blocks<T>>,
}

impl<T> FoundInBlock<'_, T> {
    #[inline(always)]
    pub(crate) fn take(self) -> T {
        debug_assert!(!self.claim.has_last(), "the last of a block retires it");
        // SAFETY: made by `find_at_once`, which has just claimed the slot; used up by this.
        unsafe { self.claim.read(0) }
    }
}

fn offset(position: usize) -> usize {
    position / STEP % LAP
}

impl<T> Blocks<T> {
    pub(crate) fn new() -> Self {
        let end = || End {
            position: AtomicUsize::new(0),
            block: AtomicPtr::new(ptr::null_mut()),
        };
        Self {
            head: CachePadded::new(Head {
                end: end(),
                known_tail: AtomicUsize::new(0),
            }),
            tail: CachePadded::new(end()),
            spare: AtomicPtr::new(ptr::null_mut()),
            aside: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// One try for the usual case: there is a slot before the last of the block, and nobody is in the way. Moves
    /// the value out of its place if it returns true.
    ///
    /// # Safety
    ///
    /// `value` points to a value that is the caller's, who forgets it if this returns true.
    #[inline(always)]
    pub(crate) unsafe fn push_at_once(&self, value: *const T) -> bool {
        let Some(claim) = claim_at_once(&self.tail, |_| true) else {
            return false;
        };
        // SAFETY: the slot has just been claimed; the value is ours to move, by the contract.
        unsafe { claim.write(0, value) };
        true
    }

    /// Puts in the value that `value` holds. Leaves it there on failure, which can only be `Closed`.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    pub(crate) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        let claim = self.claim_tail(1)?;
        // SAFETY: the slot has just been claimed.
        unsafe { move_out(value, |value| claim.write(0, value)) };
        Ok(())
    }

    /// Puts in values from the front of `values`, as many as the block at the tail has slots left, by one move.
    /// Returns how many that were, at least one unless there were none. Fails only with `Closed`.
    pub(crate) fn push_many(&self, values: &mut VecDeque<T>) -> Result<usize, PushError> {
        if values.is_empty() {
            return Ok(0);
        }
        let claim = self.claim_tail(values.len())?;
        for (index, value) in values.drain(..claim.count).enumerate() {
            let value = ManuallyDrop::new(value);
            // SAFETY: the slots have just been claimed, and each is written once.
            unsafe { claim.write(index, &raw const *value) };
        }
        Ok(claim.count)
    }

    /// Claims slots to write: `most` at most, and no more than the block at the tail has left.
    fn claim_tail(&self, most: usize) -> Result<Claim<T>, PushError> {
        let mut backoff = Backoff::new();
        let mut fresh: Option<Box<Block<T>>> = None;
        let mut position = self.tail.position.load(Acquire);
        let claim = loop {
            if position & CLOSED != 0 {
                return Err(PushError::Closed);
            }
            let block = self.tail.block.load(Acquire);
            let at = offset(position);
            if at == SLOTS {
                backoff.look_again();
                position = self.tail.position.load(Acquire);
                continue;
            }
            let count = most.min(SLOTS - at);
            let claim = Claim { block, at, count };
            if claim.has_last() && fresh.is_none() {
                fresh = Some(self.take_spare());
            }
            if block.is_null() {
                self.install_first(&mut fresh);
                position = self.tail.position.load(Acquire);
                continue;
            }
            match self.tail.position.compare_exchange_weak(
                position,
                position + count * STEP,
                AcqRel,
                Acquire,
            ) {
                Ok(_) => break claim,
                Err(now) => {
                    position = now;
                    backoff.lost_race();
                }
            }
        };
        if let Some(next) = fresh.take_if(|_| claim.has_last()) {
            // SAFETY: the claim succeeded, so the block lives until the claimed slots have been read.
            self.hang_on(unsafe { &*claim.block }, next);
        }
        if let Some(unused) = fresh {
            self.keep_spare(unused);
        }
        Ok(claim)
    }

    #[cold]
    fn install_first(&self, fresh: &mut Option<Box<Block<T>>>) {
        let first = Box::into_raw(fresh.take().unwrap_or_else(Block::new));
        match self
            .tail
            .block
            .compare_exchange(ptr::null_mut(), first, AcqRel, Relaxed)
        {
            Ok(_) => self.head.end.block.store(first, Release),
            // SAFETY: it came from `into_raw` above and nobody has seen it.
            Err(_) => *fresh = Some(unsafe { Box::from_raw(first) }),
        }
    }

    /// The owner of the last slot of `block` makes `next` the block of the tail.
    fn hang_on(&self, block: &Block<T>, next: Box<Block<T>>) {
        let next = Box::into_raw(next);
        self.tail.block.store(next, Release);
        // A read-modify-write, like every move of an end.
        self.tail.position.fetch_add(STEP, AcqRel);
        // Last: whoever goes on to the next block finds the tail there already.
        block.next.store(next, Release);
    }

    /// One try for the usual case: a value is there, or on its way, and nobody else takes it. Never
    /// finds the last of a block.
    #[inline(always)]
    pub(crate) fn find_at_once(&self) -> Option<FoundInBlock<'_, T>> {
        let claim = claim_at_once(&self.head.end, |position| {
            self.look_for_value(position).is_ok()
        })?;
        Some(FoundInBlock {
            claim,
            _blocks: PhantomData,
        })
    }

    /// Takes the oldest value out.
    pub(crate) fn pop(&self) -> Result<T, PopError> {
        let claim = self.claim_head(1, |_| ())?;
        // SAFETY: the slot has just been claimed.
        let value = unsafe { claim.read(0) };
        // SAFETY: it has been read.
        unsafe { self.finish(claim) };
        Ok(value)
    }

    /// Takes out values and appends them to `into`: at most `limit`, and no more than the block at the head
    /// has left, by one move. Returns how many that were, at least one unless the limit is 0.
    pub(crate) fn pop_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, PopError> {
        if limit == 0 {
            return Ok(0);
        }
        // Room for them before they are claimed: from there on nothing may fail.
        let claim = self.claim_head(limit, |count| into.reserve(count))?;
        for index in 0..claim.count {
            // SAFETY: the slots have just been claimed, and each is read once.
            into.push(unsafe { claim.read(index) });
        }
        let count = claim.count;
        // SAFETY: all have been read.
        unsafe { self.finish(claim) };
        Ok(count)
    }

    /// Claims slots to read: `most` at most, and no more than senders have claimed in the block at the head.
    /// Before each try `prepare` is told how many. If the last slot is among them, moves the head on.
    fn claim_head(
        &self,
        most: usize,
        mut prepare: impl FnMut(usize),
    ) -> Result<Claim<T>, PopError> {
        let mut backoff = Backoff::new();
        let head = &self.head.end;
        let mut position = head.position.load(Acquire);
        loop {
            let block = head.block.load(Acquire);
            let at = offset(position);
            if at == SLOTS {
                backoff.look_again();
                position = head.position.load(Acquire);
                continue;
            }
            let claimed = self.look_for_value(position)?;
            if block.is_null() {
                // The first sender has claimed a slot and not yet shown us the block.
                backoff.look_again();
                position = head.position.load(Acquire);
                continue;
            }
            let count = most.min(claimed).min(SLOTS - at);
            prepare(count);
            match head.position.compare_exchange_weak(
                position,
                position + count * STEP,
                AcqRel,
                Acquire,
            ) {
                Ok(_) => {
                    let claim = Claim { block, at, count };
                    if claim.has_last() {
                        // SAFETY: the claim succeeded, so the block lives until the claimed slots have
                        // been read.
                        self.move_head(unsafe { &*block });
                    }
                    return Ok(claim);
                }
                Err(now) => {
                    position = now;
                    backoff.lost_race();
                }
            }
        }
    }

    /// How many positions from `position`, the head's, on senders have claimed: at least one.
    #[inline]
    fn look_for_value(&self, position: usize) -> Result<usize, PopError> {
        // Acquired, so that who goes on by it sees a tail at least as far.
        let known = self.head.known_tail.load(Acquire);
        let claimed = known.wrapping_sub(position).cast_signed();
        if claimed > 0 {
            return Ok(claimed as usize / STEP);
        }
        let tail = self.tail.position.load(Acquire);
        let claimed = (tail & !CLOSED).wrapping_sub(position).cast_signed();
        if claimed <= 0 {
            return Err(if tail & CLOSED == 0 {
                PopError::Empty
            } else {
                PopError::Closed
            });
        }
        self.head.known_tail.store(tail & !CLOSED, Release);
        Ok(claimed as usize / STEP)
    }

    /// Retires the block, if its last slot is among those that the caller has read.
    ///
    /// # Safety
    ///
    /// The caller has claimed the slots by moving the head, and has read them all.
    #[inline]
    unsafe fn finish(&self, claim: Claim<T>) {
        if claim.has_last() {
            // SAFETY: the owner of the last slot alone retires the block, and the head has left it.
            unsafe { self.retire(claim.block) };
        }
    }

    /// Frees `block`, and those put aside before, unless a receiver is late.
    ///
    /// # Safety
    ///
    /// The block came from a Box, is in nobody's reach but that of receivers who have not marked their
    /// slots yet, and is the caller's to free.
    unsafe fn retire(&self, block: *mut Block<T>) {
        let mut others = ptr::null_mut();
        if !self.aside.load(Relaxed).is_null() {
            others = self.aside.swap(ptr::null_mut(), AcqRel);
        }
        let mut done = block;
        loop {
            // SAFETY: ours to free, by the contract or because we have taken it from `aside`.
            if unsafe { &*done }.is_read() {
                // SAFETY: as above; it came from a Box, and everybody is done with it.
                self.keep_spare(unsafe { Box::from_raw(done) });
            } else {
                // SAFETY: as above.
                unsafe { self.put_aside(done) };
            }
            if others.is_null() {
                return;
            }
            done = others;
            // SAFETY: taken from `aside`, hence alive and ours.
            others = unsafe { &*done }.next.load(Relaxed);
        }
    }

    /// Leaves `block` to whoever retires another, or to the drop.
    ///
    /// # Safety
    ///
    /// As for [`Blocks::retire`].
    #[cold]
    unsafe fn put_aside(&self, block: *mut Block<T>) {
        let mut first = self.aside.load(Relaxed);
        loop {
            // SAFETY: ours until the exchange below succeeds. Its own `next` was followed long ago.
            unsafe { &*block }.next.store(first, Relaxed);
            match self
                .aside
                .compare_exchange_weak(first, block, AcqRel, Relaxed)
            {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    fn move_head(&self, block: &Block<T>) {
        let mut backoff = Backoff::new();
        let next = loop {
            let next = block.next.load(Acquire);
            if !next.is_null() {
                break next;
            }
            backoff.look_again();
        };
        self.head.end.block.store(next, Release);
        self.head.end.position.fetch_add(STEP, AcqRel);
    }

    /// A block to hang on: the spare one, or a new one.
    fn take_spare(&self) -> Box<Block<T>> {
        let spare = self.spare.swap(ptr::null_mut(), AcqRel);
        if spare.is_null() {
            return Block::new();
        }
        // SAFETY: it came from a Box (`keep_spare`), and the swap has made it ours alone.
        unsafe { Box::from_raw(spare) }
    }

    /// Keeps a block that nobody uses any more; frees it if one is kept already.
    fn keep_spare(&self, mut block: Box<Block<T>>) {
        if !self.spare.load(Relaxed).is_null() {
            return;
        }
        block.next = AtomicPtr::new(ptr::null_mut());
        for group in &mut block.groups {
            group.written = none();
        }
        block.read = none();
        let block = Box::into_raw(block);
        if self
            .spare
            .compare_exchange(ptr::null_mut(), block, AcqRel, Relaxed)
            .is_err()
        {
            // SAFETY: it came from `into_raw` above and nobody has seen it.
            drop(unsafe { Box::from_raw(block) });
        }
    }

    /// The receiver's second look before it sleeps: about how many values there are, 0 if there is none,
    /// or 1 if the list is closed. Synchronises with every `push` before it and is seen by every `push`
    /// after it.
    pub(crate) fn look_for_values(&self) -> usize {
        let tail = self.tail.position.fetch_add(0, AcqRel);
        let head = self.head.end.position.load(Acquire);
        if tail & CLOSED != 0 {
            return 1;
        }
        if head == tail {
            return 0;
        }
        // The head may have moved past what was the tail.
        (tail.wrapping_sub(head).cast_signed() / STEP.cast_signed()).max(1) as usize
    }

    /// About how many values have been taken out, from anywhere on: blocks have gaps.
    pub(crate) fn taken(&self) -> usize {
        self.head.end.position.load(Relaxed) / STEP
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
            let head = self.head.end.position.load(Acquire);
            // If the tail has not moved meanwhile, both were true when the head was read.
            if self.tail.position.load(Relaxed) == tail {
                return slots_between(head & !CLOSED, tail & !CLOSED);
            }
        }
    }
}

/// How many slots lie from `head` up to `tail`, which is not before it. Positions may have wrapped between.
fn slots_between(head: usize, tail: usize) -> usize {
    let positions = tail.wrapping_sub(head) / STEP;
    let gaps = (offset(head) + positions) / LAP;
    positions - gaps
}

impl<T> Drop for Blocks<T> {
    fn drop(&mut self) {
        while let Ok(value) = self.pop() {
            discard_panic(|| drop(value));
        }
        let mut aside = self.aside.load(Relaxed);
        while !aside.is_null() {
            // SAFETY: it came from a Box, and nobody else is left who could use it.
            let block = unsafe { Box::from_raw(aside) };
            debug_assert!(block.is_read(), "nobody reads from a list that is dropped");
            aside = block.next.load(Relaxed);
        }
        let last = self.tail.block.load(Relaxed);
        for block in [last, self.spare.load(Relaxed)] {
            if !block.is_null() {
                // SAFETY: both came from boxes. All values are out, so the tail's block is the only
                // one in the list, and nobody else is left.
                drop(unsafe { Box::from_raw(block) });
            }
        }
    }
}
