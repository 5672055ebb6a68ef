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
//! # Tasks that stay awake
//!
//! A mutex that is taken for a moment, again and again, is locked again long before a task that was woken is polled. To
//! sleep and be woken with every unlock would be to poll tasks in vain all the time, on another worker, which takes the
//! word's cache line away from the holder. So a task that was woken from another thread, where others have the mutex in
//! turns, and finds it held does not go back to sleep. It lets other tasks run, and looks again every [`LOOKS_EVERY`],
//! until it has the mutex or has been beaten for [`TASK_BEATEN_FOR`]. Then it sets `PROMISED`, looks as often as it is
//! polled, and is next. After [`LOOKS`] looks in vain it sleeps, first in the queue.
//!
//! It has used its wake by then, and is in no queue: nobody counts on it. To let unlocks wake nobody as long as one is
//! awake would save wakes, and lose some: the future may be forgotten, or its task may go on with another branch of a
//! `select!` that waits for this very mutex. So every unlock wakes the next, if there is one.
//!
//! # Why no wake-up is lost
//!
//! The move `M` of the handshake is the read-modify-write that clears `HELD`. It and `join` change the same word,
//! so one of them is first: either the holder sees the waiter, or the waiter's second look sees that `HELD` is
//! gone. A newcomer that waits behind a thread in rule 3 is owed a wake by that thread (`wait/README.md`, "One
//! thread on its way"): it takes the mutex and unlocks it, or gives up and wakes the next.

use crate::prim::{
    MODEL,
    Ordering::{Acquire, Release},
    clock, const_new, hint,
};
use crate::wait::{Kind, OBJECT, Patience, Rank, WaitQueue, Word};
use std::cell::Cell;
use std::time::{Duration, Instant};

const HELD: usize = 0b0100;
const PROMISED: usize = 0b1000;
const _: () = assert!(HELD | PROMISED == OBJECT);

/// So long may one who was woken be beaten until newcomers have to give way.
const BEATEN_FOR: Duration = Duration::from_micros(250);
/// The same for a task, which does not lose a turn of its thread by waiting.
const TASK_BEATEN_FOR: Duration = Duration::from_micros(200);
/// So often does a task look that stays awake.
const LOOKS_EVERY: Duration = Duration::from_micros(if MODEL { 0 } else { 4 });
/// So many looks does it take before it sleeps.
const LOOKS: u8 = if MODEL { 1 } else { 96 };
/// The pauses of one poll between two looks: fewer polls are a shorter way through the queue of the runtime for others.
const PAUSES: u32 = 32;
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
    /// Whether it is a task that was woken, and has not gone back to the queue since.
    awake: Cell<bool>,
    /// Whether it has seen that the mutex is promised to those who have been woken.
    promised: bool,
    /// How often it has given way, or since it was woken, how often it has looked. (These four are made and copied as
    /// one: another field here costs a stalled load in every wait.)
    tries: Cell<u8>,
    /// Since when it has been woken and beaten.
    beaten_since: Cell<Option<Instant>>,
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
            self.promised = word.bits() & PROMISED != 0;
            let free = word.bits() & HELD == 0;
            let bits = if free {
                if !self.is_its_turn() && self.gives_way(word) {
                    return false;
                }
                HELD
            } else if !self.promised && self.is_beaten_too_long() {
                HELD | PROMISED
            } else {
                return false;
            };
            match mutex.queue.try_change(word, bits, Acquire) {
                Ok(()) => {
                    self.promised = true;
                    return free;
                }
                Err(changed) => word = changed,
            }
        }
    }

    /// Whether it may have a mutex that is free.
    fn is_its_turn(&self) -> bool {
        !self.promised || self.woken.get()
    }

    fn gives_way(&mut self, word: Word) -> bool {
        let gave_way = self.tries.get();
        self.tries.set(gave_way.saturating_add(1));
        word.is_thread_coming() || gave_way < GIVES_WAY
    }

    fn is_beaten_too_long(&self) -> bool {
        let limit = if self.awake.get() {
            TASK_BEATEN_FOR
        } else {
            BEATEN_FOR
        };
        let since = self.beaten_since.get();
        since.is_some_and(|since| clock::now().saturating_duration_since(since) >= limit)
    }

    /// It has been woken; if not for the first time, it was beaten before.
    pub(crate) fn note_woken(&self, kind: Kind) {
        self.awake.set(kind == Kind::Task);
        self.tries.set(0);
        if self.woken.replace(true) && self.beaten_since.get().is_none() {
            self.beaten_since.set(Some(clock::now()));
        }
    }

    /// Whether it is awake only to let time pass until its next look: see "Tasks that stay awake". Lets some pass.
    pub(crate) fn dozes(&self) -> bool {
        let looks = self.tries.get();
        if !self.awake.get() || looks == 0 || self.promised {
            return false;
        }
        let pause = LOOKS_EVERY * u32::from(looks);
        let since = self.beaten_since.get();
        let dozes =
            since.is_some_and(|since| clock::now().saturating_duration_since(since) < pause);
        if dozes {
            for _ in 0..PAUSES {
                hint::spin_loop();
            }
        }
        dozes
    }

    /// Whether it stays awake after a look in vain.
    pub(crate) fn lingers(&mut self) -> bool {
        let looks = self.tries.get();
        if !self.awake.get() || looks >= LOOKS {
            return false;
        }
        if self.beaten_since.get().is_none() {
            self.beaten_since.set(Some(clock::now()));
        }
        self.tries.set(looks + 1);
        true
    }

    pub(crate) fn rank(&self) -> Rank {
        if self.woken.get() {
            Rank::First
        } else {
            Rank::Last
        }
    }

    /// The second look, from the queue or by one who gives up: 1 if trying is worth it.
    pub(crate) fn chances(&self, mutex: &RawMutex) -> usize {
        self.awake.set(false);
        let word = mutex.queue.word();
        let waits_behind = word.bits() & PROMISED != 0 && word.is_thread_coming();
        let worth_it = word.bits() & HELD == 0 && (self.woken.get() || !waits_behind);
        usize::from(worth_it)
    }

    pub(crate) fn patience() -> &'static Patience {
        &PATIENCE
    }
}
