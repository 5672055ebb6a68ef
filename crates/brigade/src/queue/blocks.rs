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
//! - A sender moves the tail by one and so owns a slot. It writes the value, then sets `written`.
//!   The sender of a block's last slot hangs on the next block first: it stores `tail.block`, moves
//!   the tail over the gap, then stores `next`. It has made the block before its claim, so nobody
//!   waits for the allocator.
//! - A receiver moves the head by one and so owns a slot. The receiver of the last slot moves the
//!   head to the next block first. Then each waits for `written` (the sender has claimed the slot
//!   already, and is a few instructions from done) and reads the value.
//! - Every receiver counts itself out in `reads`. The one who completes the count frees the block.
//!
//! # Why a block is not freed too early
//!
//! A block is touched only by those who own a slot of it, and by nobody before the claim: the block
//! pointer that was loaded with a position is followed only once the compare-exchange on that position
//! has succeeded. Every owner of a slot, sender or receiver, is done with the block before the slot is
//! counted in `reads`: the sender because the receiver has seen `written`, its last touch.

use super::{Backoff, PopError, PushError};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use crate::prim::{MODEL, UnsafeCell};
use crossbeam_utils::CachePadded;
use std::mem::MaybeUninit;
use std::ptr;

const CLOSED: usize = 1;
const STEP: usize = 2;
/// Positions in a block.
const LAP: usize = if MODEL { 3 } else { 32 };
/// Of those, with a slot.
const SLOTS: usize = LAP - 1;

/// See the module.
#[derive(Debug)]
pub(crate) struct Blocks<T> {
    head: CachePadded<Head<T>>,
    tail: CachePadded<End<T>>,
    /// One block that was read and is kept for the next that is needed.
    spare: AtomicPtr<Block<T>>,
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
    reads: AtomicUsize,
    slots: [Slot<T>; SLOTS],
}

#[derive(Debug)]
struct Slot<T> {
    written: AtomicBool,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: a slot's value is touched only by its sender and then its receiver, ordered by `written`
// (release to acquire). Values cross threads: T is Send.
unsafe impl<T: Send> Send for Blocks<T> {}
// SAFETY: as above; no `&T` is ever shared.
unsafe impl<T: Send> Sync for Blocks<T> {}

impl<T> Block<T> {
    fn new() -> Box<Self> {
        Box::new(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            reads: AtomicUsize::new(0),
            slots: std::array::from_fn(|_| Slot {
                written: AtomicBool::new(false),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            }),
        })
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
        }
    }

    /// Puts in the value that `value` holds. Leaves it there on failure, which can only be `Closed`.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    #[inline]
    pub(crate) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        let mut backoff = Backoff::new();
        let mut fresh: Option<Box<Block<T>>> = None;
        let mut position = self.tail.position.load(Acquire);
        loop {
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
            let is_last = at + 1 == SLOTS;
            if is_last && fresh.is_none() {
                fresh = Some(self.take_spare());
            }
            if block.is_null() {
                self.install_first(&mut fresh);
                position = self.tail.position.load(Acquire);
                continue;
            }
            match self.tail.position.compare_exchange_weak(
                position,
                position + STEP,
                AcqRel,
                Acquire,
            ) {
                Ok(_) => {
                    // SAFETY: the claim succeeded, so `block` is the block of `position` and lives
                    // until its slot `at` has been read (module documentation).
                    let block = unsafe { &*block };
                    if let Some(next) = fresh.take_if(|_| is_last) {
                        self.hang_on(block, next);
                    }
                    let value = value.take().expect("there is a value to push");
                    let slot = &block.slots[at];
                    slot.value.with_mut(|place| {
                        // SAFETY: the slot is ours alone until `written` is set.
                        unsafe { (*place).write(value) };
                    });
                    slot.written.store(true, Release);
                    break;
                }
                Err(now) => {
                    position = now;
                    backoff.lost_race();
                }
            }
        }
        if let Some(unused) = fresh {
            self.keep_spare(unused);
        }
        Ok(())
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

    /// Takes the oldest value out.
    #[inline]
    pub(crate) fn pop(&self) -> Result<T, PopError> {
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
            self.look_for_value(position)?;
            if block.is_null() {
                // The first sender has claimed a slot and not yet shown us the block.
                backoff.look_again();
                position = head.position.load(Acquire);
                continue;
            }
            match head
                .position
                .compare_exchange_weak(position, position + STEP, AcqRel, Acquire)
            {
                Ok(_) => {
                    // SAFETY: the claim succeeded, so `block` is the block of `position` and lives
                    // until we have counted ourselves out of it.
                    return Ok(unsafe { self.read(block, at) });
                }
                Err(now) => {
                    position = now;
                    backoff.lost_race();
                }
            }
        }
    }

    /// Whether a sender has claimed `position`, the head's.
    #[inline]
    fn look_for_value(&self, position: usize) -> Result<(), PopError> {
        let known = self.head.known_tail.load(Relaxed);
        if known.wrapping_sub(position).cast_signed() > 0 {
            return Ok(());
        }
        let tail = self.tail.position.load(Acquire);
        if tail & !CLOSED == position {
            return Err(if tail & CLOSED == 0 {
                PopError::Empty
            } else {
                PopError::Closed
            });
        }
        self.head.known_tail.store(tail & !CLOSED, Relaxed);
        Ok(())
    }

    /// Reads slot `at` of `block`, moves the head on if it is the last, and counts the reader out.
    ///
    /// # Safety
    ///
    /// The caller has claimed the slot by moving the head.
    #[inline]
    unsafe fn read(&self, block: *mut Block<T>, at: usize) -> T {
        // SAFETY: the block lives until this slot is counted in `reads`, which happens below.
        let shared = unsafe { &*block };
        if at + 1 == SLOTS {
            self.move_head(shared);
        }
        let slot = &shared.slots[at];
        let mut backoff = Backoff::new();
        while !slot.written.load(Acquire) {
            backoff.look_again();
        }
        let value = slot.value.with(|place| {
            // SAFETY: written, and only the owner of the slot reads it, once.
            unsafe { (*place).assume_init_read() }
        });
        if shared.reads.fetch_add(1, AcqRel) + 1 == SLOTS {
            // SAFETY: the block came from a Box, and everybody is done with it: the others have
            // counted themselves out (acquired above), we are the last.
            self.keep_spare(unsafe { Box::from_raw(block) });
        }
        value
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
        block.reads = AtomicUsize::new(0);
        for slot in &mut block.slots {
            slot.written = AtomicBool::new(false);
        }
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

    /// The receiver's second look before it sleeps: whether there may be a value, or the list is
    /// closed. Synchronises with every `push` before it and is seen by every `push` after it.
    pub(crate) fn may_pop(&self) -> bool {
        let tail = self.tail.position.fetch_add(0, AcqRel);
        // A head read too early is further from empty.
        tail & CLOSED != 0 || self.head.end.position.load(Acquire) != tail
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
                return slots_before(tail) - slots_before(head);
            }
        }
    }
}

/// How many slots lie before `position`.
fn slots_before(position: usize) -> usize {
    let count = position / STEP;
    count - count / LAP
}

impl<T> Drop for Blocks<T> {
    fn drop(&mut self) {
        while self.pop().is_ok() {}
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
