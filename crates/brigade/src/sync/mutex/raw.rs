//! The state of a mutex in the word of its queue, and the wait for it.
//!
//! # The word
//!
//! Beside what the queue keeps there (`wait/queue.rs`), two bits are the mutex's:
//!
//! | `HELD` | `PROMISED` | a waiter | meaning |
//! |---|---|---|---|
//! | 0 | 0 | no | free: the only word that the first try of `lock` accepts |
//! | 1 | 0 | no | held, and nobody waits: the only word that the first try of `unlock` accepts |
//! | 1 | 0 | yes | held; the holder wakes the oldest waiter when it unlocks |
//! | 0 | 0 | yes | free, and somebody has been woken, or is just about to see that it is free. Whoever comes first has it |
//! | 1 | 1 | any | held, and one who waits has been beaten too often |
//! | 0 | 1 | any | free, and newcomers give way to those who have been woken |
//!
//! # Who gets it
//!
//! Whoever finds it free. A wake says only that it is worth looking, so the mutex belongs to nobody between two
//! holders, and a future that is woken and never polled holds nothing. A passer-by is therefore often faster than
//! the one who has been woken, and that is what makes a busy mutex fast. It is bounded:
//!
//! 1. One who was woken and beaten goes back to the *front* of the queue.
//! 2. If it is beaten for longer than [`BEATEN_FOR`], it sets `PROMISED`. So does an unlock that asks to be fair.
//! 3. While that is set, one who has not been woken does not take the mutex though it is free. If a *thread* has
//!    been woken (`COMING` in the word), it comes for certain, and the newcomer waits behind it. A *task* that was
//!    woken may not be polled for as long as its owner likes, so for tasks a newcomer gives way only
//!    [`GIVES_WAY`] times, and then takes it.
//! 4. Whoever takes the mutex clears `PROMISED`.
//!
//! # Why no wake-up is lost
//!
//! The move `M` of the handshake is the read-modify-write that clears `HELD`. It and `join` change the same word,
//! so one of them is first: either the holder sees the waiter, or the waiter's second look sees that `HELD` is
//! gone. A newcomer that waits behind a thread in rule 3 is owed a wake by that thread (`wait/README.md`, "One
//! thread on its way"): it takes the mutex and unlocks it, or gives up and wakes the next.

use crate::prim::{
    MODEL,
    Ordering::{Acquire, Relaxed, Release},
    clock, const_new,
};
use crate::wait::{OBJECT, Patience, Rank, WaitQueue, Word};
use std::cell::Cell;
use std::time::{Duration, Instant};

const HELD: usize = 0b0100;
const PROMISED: usize = 0b1000;
const _: () = assert!(HELD | PROMISED == OBJECT);

/// So long may one who was woken be beaten until newcomers have to give way.
const BEATEN_FOR: Duration = Duration::from_micros(250);
/// So often does a newcomer give way to a task.
const GIVES_WAY: u8 = if MODEL { 1 } else { 16 };

/// All mutexes share it: it learns nothing.
static PATIENCE: Patience = Patience::for_locks();

/// A mutex without a value.
#[derive(Debug)]
pub(crate) struct RawMutex {
    queue: WaitQueue,
}

impl RawMutex {
    const_new! {
        pub(crate) fn new() -> Self {
            Self { queue: WaitQueue::new() }
        }
    }

    /// Takes it if it is free and nobody waits.
    #[inline]
    pub(crate) fn try_lock_uncontended(&self) -> bool {
        self.queue.try_change_alone(0, HELD, Acquire)
    }

    /// Takes it if it is free, whoever waits.
    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        self.try_lock_uncontended() || self.try_lock_crowded()
    }

    #[cold]
    fn try_lock_crowded(&self) -> bool {
        let mut word = self.queue.word();
        while word.bits() & HELD == 0 {
            match self.queue.try_change(word, HELD, Acquire) {
                Ok(()) => return true,
                Err(changed) => word = changed,
            }
        }
        false
    }

    /// The bits that say that somebody will unlock.
    pub(crate) const BUSY: usize = HELD;

    /// Where those wait who want it.
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.queue
    }

    /// Passes on a wake that was not used.
    pub(crate) fn pass_on(&self) {
        if !self.is_locked() {
            self.queue.wake_one();
        }
    }

    #[inline]
    pub(crate) fn is_locked(&self) -> bool {
        self.queue.word().bits() & HELD != 0
    }

    /// Frees it. Whoever calls this has it.
    #[inline]
    pub(crate) fn unlock(&self) {
        if !self.queue.try_change_alone(HELD, 0, Release) {
            self.unlock_crowded(0);
        }
    }

    /// Frees it for one who has waited, if somebody has. Whoever calls this has it.
    #[inline]
    pub(crate) fn unlock_fair(&self) {
        if !self.queue.try_change_alone(HELD, 0, Release) {
            self.unlock_crowded(PROMISED);
        }
    }

    #[cold]
    fn unlock_crowded(&self, promise: usize) {
        let mut word = self.queue.word();
        loop {
            debug_assert!(word.bits() & HELD != 0, "only the holder unlocks");
            let kept = word.bits() & PROMISED;
            match self.queue.try_change(word, kept | promise, Release) {
                Ok(()) => break,
                Err(changed) => word = changed,
            }
        }
        if word.wants_wake() {
            self.queue.wake_one();
        }
    }
}

/// One wait for a mutex: what it has been through.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Whether it has been woken.
    woken: Cell<bool>,
    /// Since when it has been woken and beaten.
    beaten_since: Cell<Option<Instant>>,
    gave_way: u8,
}

impl Turn {
    /// Of one who has waited elsewhere for what the mutex guards.
    pub(crate) fn of_one_woken() -> Self {
        Self {
            woken: Cell::new(true),
            ..Self::default()
        }
    }

    /// Takes the mutex, if it is free and nobody else's turn.
    #[inline]
    pub(crate) fn try_lock(&mut self, mutex: &RawMutex) -> bool {
        mutex.try_lock_uncontended() || self.try_lock_crowded(mutex)
    }

    #[cold]
    fn try_lock_crowded(&mut self, mutex: &RawMutex) -> bool {
        let mut word = mutex.queue.word();
        loop {
            let change = if word.bits() & HELD == 0 {
                if !self.is_its_turn(word) {
                    self.gave_way = self.gave_way.saturating_add(1);
                    return false;
                }
                mutex.queue.try_change(word, HELD, Acquire)
            } else if word.bits() & PROMISED == 0 && self.is_beaten_too_long() {
                mutex.queue.try_change(word, HELD | PROMISED, Relaxed)
            } else {
                return false;
            };
            match change {
                Ok(()) if word.bits() & HELD == 0 => return true,
                Ok(()) => return false,
                Err(changed) => word = changed,
            }
        }
    }

    /// Whether it may have a mutex that is free.
    fn is_its_turn(&self, word: Word) -> bool {
        word.bits() & PROMISED == 0
            || self.woken.get()
            || (!word.is_thread_coming() && self.gave_way >= GIVES_WAY)
    }

    fn is_beaten_too_long(&self) -> bool {
        let since = self.beaten_since.get();
        since.is_some_and(|since| clock::now().saturating_duration_since(since) >= BEATEN_FOR)
    }

    /// It has been woken; if not for the first time, it was beaten before.
    pub(crate) fn note_woken(&self) {
        if self.woken.replace(true) && self.beaten_since.get().is_none() {
            self.beaten_since.set(Some(clock::now()));
        }
    }

    pub(crate) fn rank(&self) -> Rank {
        if self.woken.get() {
            Rank::First
        } else {
            Rank::Last
        }
    }

    /// The second look: 1 if trying is worth it.
    pub(crate) fn chances(&self, mutex: &RawMutex) -> usize {
        let word = mutex.queue.word();
        let waits_behind = word.bits() & PROMISED != 0 && word.is_thread_coming();
        let worth_it = word.bits() & HELD == 0 && (self.woken.get() || !waits_behind);
        usize::from(worth_it)
    }

    pub(crate) fn patience() -> &'static Patience {
        &PATIENCE
    }
}
