//! One worker's offer: the half of a join that others may take, in one word.
//!
//! | word | meaning |
//! |---|---|
//! | null | nothing is offered |
//! | job | whoever gets the word to null has the job |
//! | job, `LOCKED` | somebody looks whether the job is one that it may take; its owner waits so long |
//!
//! Only the owner fills an offer that is empty. A job whose owner has not taken it back stays in place until whoever
//! took it has said that it is done, so it can be looked at while the word is locked. The word changes by
//! read-modify-writes, and so does [`Offer::holds`] when it finds nothing: that is the second look of those who wait for
//! something to take (`wait/README.md`). Only the unlock is a store. It ends a release sequence and begins one, and whoever
//! makes it has acquired all of the one before, so what is acquired after it is as much.
//!
//! It knows nothing of what a job is.

use super::Half;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::AtomicPtr;
use crate::prim::hint;
use std::ptr;

const LOCKED: usize = 1;

/// Looks at a locked word before the one who has locked it is taken to be off its processor.
const PAUSES: u32 = 64;

#[derive(Debug)]
pub(super) struct Offer {
    word: AtomicPtr<Half>,
}

impl Offer {
    pub(super) fn new() -> Self {
        Self {
            word: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Whether nothing is offered. Certain only if it says so to the owner.
    pub(super) fn is_empty(&self) -> bool {
        self.word.load(Relaxed).is_null()
    }

    /// Offers `job`. Only for the owner, whose offer is empty.
    pub(super) fn put(&self, job: *const Half) {
        let before = self.word.swap(job.cast_mut(), AcqRel);
        debug_assert!(before.is_null(), "one job is offered at a time");
    }

    /// Takes `job` back, unless somebody has taken it.
    pub(super) fn take_back(&self, job: *const Half) -> bool {
        let job = job.cast_mut();
        let locked = job.map_addr(|addr| addr | LOCKED);
        let mut pauses = 0;
        loop {
            match self
                .word
                .compare_exchange(job, ptr::null_mut(), AcqRel, Relaxed)
            {
                Ok(_) => return true,
                Err(word) if word == locked => pause(&mut pauses),
                Err(_) => return false,
            }
        }
    }

    /// Takes what is offered.
    pub(super) fn take(&self) -> Option<*const Half> {
        self.take_if(|_| true)
    }

    /// Takes what is offered, if it is `wanted`.
    pub(super) fn take_if(&self, wanted: impl Fn(*const Half) -> bool) -> Option<*const Half> {
        let job = self.lock()?;
        let wanted = wanted(job);
        self.unlock(if wanted { ptr::null() } else { job });
        wanted.then_some(job)
    }

    /// Whether something `wanted` is offered.
    pub(super) fn holds(&self, wanted: impl Fn(*const Half) -> bool) -> bool {
        let Some(job) = self.lock() else {
            return false;
        };
        let wanted = wanted(job);
        self.unlock(job);
        wanted
    }

    /// Locks the word, if something is offered.
    fn lock(&self) -> Option<*const Half> {
        let mut pauses = 0;
        let mut word = self.word.load(Relaxed);
        loop {
            if word.addr() & LOCKED != 0 {
                pause(&mut pauses);
                word = self.word.load(Relaxed);
                continue;
            }
            // An empty word is exchanged for itself: only a read-modify-write can be the second look of a handshake.
            let locked = if word.is_null() {
                word
            } else {
                word.map_addr(|addr| addr | LOCKED)
            };
            match self.word.compare_exchange(word, locked, AcqRel, Acquire) {
                Ok(_) => return (!word.is_null()).then_some(word.cast_const()),
                Err(changed) => word = changed,
            }
        }
    }

    /// Nobody else changes a locked word.
    fn unlock(&self, job: *const Half) {
        self.word.store(job.cast_mut(), Release);
    }
}

fn pause(pauses: &mut u32) {
    if *pauses < PAUSES {
        *pauses += 1;
        hint::spin_loop();
    } else {
        hint::yield_now();
    }
}
