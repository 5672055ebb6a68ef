//! The state of a read-write lock in one word, and the waits for it.
//!
//! # The word
//!
//! | bits | meaning |
//! |---|---|
//! | `WRITER` | somebody writes; nobody else has the lock |
//! | `UPGRADABLE` | somebody reads who may write later; others may read meanwhile |
//! | `WAITING` | newcomers give way: a writer waits, or somebody who has been beaten too long |
//! | `UPGRADING` | the upgradable one waits for the readers to leave |
//! | the rest | how many read |
//!
//! `WRITER` excludes `UPGRADABLE` and readers. `UPGRADING` implies `UPGRADABLE` and `WAITING`.
//!
//! # Who gets it
//!
//! Readers, writers and upgradable readers wait in one queue, in the order in which they came. A wake says that it is
//! worth looking; nobody is given the lock in its absence.
//!
//! 1. A writer that waits sets `WAITING`. So does a reader that has been woken and beaten for [`BEATEN_FOR`].
//! 2. A newcomer that finds the lock held and `WAITING` set gets in line. There is somebody who will wake it: whoever
//!    has the lock.
//! 3. A newcomer that finds the lock free and `WAITING` set gives way to whoever has been woken: to a thread always,
//!    as it comes for certain (`COMING` in the word of the queue); to a task [`GIVES_WAY`] times, as it may never
//!    come. After that it takes the lock and clears `WAITING`.
//! 4. One who has been woken does not mind `WAITING`. If it fails it goes back to the front of the line.
//! 5. A reader that has been woken wakes the next in line, who may be a reader too.
//! 6. A writer that gives up clears `WAITING`, unless somebody is upgrading, and wakes all. So does one who has written
//!    and only reads from then on: the first in line may be one who cannot go on.
//! 7. While somebody is upgrading nobody begins to read, woken or not.
//!
//! # Why no wake-up is lost
//!
//! Every change of the word is a read-modify-write, and so are the second looks: the handshake of `wait/README.md` as
//! it stands. Who waits though the lock is free or open to it (rules 2 and 3) is behind somebody who will unlock, is
//! on its way, or gives up, and each of these wakes the next. A reader that leaves as the last wakes the oldest; but
//! if somebody is upgrading, all, and even if a thread is on its way: only the one can go on, and it holds what a
//! thread on its way may want.

use crate::prim::{
    MODEL,
    Ordering::{AcqRel, Relaxed},
    atomic::AtomicUsize,
    clock, const_new,
};
use crate::wait::{Patience, Rank, WaitQueue};
use std::cell::Cell;
use std::time::{Duration, Instant};

const WRITER: usize = 0b0001;
const UPGRADABLE: usize = 0b0010;
const WAITING: usize = 0b0100;
const UPGRADING: usize = 0b1000;
/// One reader.
const READER: usize = 0b1_0000;
/// With so many readers something is wrong, such as a loop that forgets its guards.
const TOO_MANY: usize = usize::MAX / 2;

const BEATEN_FOR: Duration = Duration::from_micros(500);
const GIVES_WAY: u8 = if MODEL { 1 } else { 16 };

/// All locks share it: it learns nothing.
static PATIENCE: Patience = Patience::for_locks();

/// A read-write lock without a value.
#[derive(Debug)]
pub(super) struct RawRwLock {
    state: AtomicUsize,
    queue: WaitQueue,
}

/// How somebody wants to have the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync) enum Mode {
    Read,
    /// The same, by one who may have it already: does not give way to writers.
    ReadAgain,
    Upgradable,
    Write,
    /// From upgradable to write.
    Upgrade,
}

impl Mode {
    /// What this makes of `state`; `None` if others have the lock.
    #[inline]
    fn taken(self, state: usize) -> Option<usize> {
        match self {
            // Not even by one who has been woken: readers that come and go would keep it from ever upgrading.
            Self::Read if state & UPGRADING != 0 => None,
            Self::Read | Self::ReadAgain if state & WRITER == 0 => Some(state + READER),
            Self::Upgradable if state & (WRITER | UPGRADABLE) == 0 => Some(state | UPGRADABLE),
            Self::Write if is_free(state) => Some(WRITER),
            Self::Upgrade if state < READER && state & UPGRADABLE != 0 => Some(WRITER),
            _ => None,
        }
    }
}

#[inline]
fn assert_not_too_many(state: usize) {
    assert!(
        state < TOO_MANY,
        "a lock has more readers than there can be"
    );
}

/// Whether nobody has the lock.
#[inline]
fn is_free(state: usize) -> bool {
    state & !(WAITING | UPGRADING) == 0
}

impl RawRwLock {
    const_new! {
        pub(super) fn new() -> Self {
            Self { state: AtomicUsize::new(0), queue: WaitQueue::new() }
        }
    }

    /// Takes the lock if it can be had, and nobody is to be given way to.
    #[inline]
    pub(super) fn try_lock(&self, mode: Mode) -> bool {
        self.try_lock_unless(WAITING, mode)
    }

    /// Takes the lock if it can be had; if it is free, whoever waits.
    pub(super) fn try_lock_now(&self, mode: Mode) -> bool {
        let held = !is_free(self.state.load(Relaxed));
        let minds = held && !matches!(mode, Mode::ReadAgain | Mode::Upgrade);
        self.try_lock_unless(if minds { WAITING } else { 0 }, mode)
    }

    #[inline]
    fn try_lock_unless(&self, unless: usize, mode: Mode) -> bool {
        let mut state = self.state.load(Relaxed);
        while state & unless == 0 {
            let Some(taken) = mode.taken(state) else {
                return false;
            };
            assert_not_too_many(state);
            match self
                .state
                .compare_exchange_weak(state, taken, AcqRel, Relaxed)
            {
                Ok(_) => return true,
                Err(changed) => state = changed,
            }
        }
        false
    }

    #[inline]
    pub(super) fn unlock_read(&self) {
        let state = self.state.fetch_sub(READER, AcqRel);
        // One who upgrades is not left to a thread on its way: that one may not be able to go on, and then nobody would.
        if state < 2 * READER && (state & UPGRADING != 0 || self.queue.word().wants_wake()) {
            self.wake_after(state);
        }
    }

    #[cold]
    fn wake_after(&self, state: usize) {
        if state & UPGRADING != 0 {
            self.queue.wake_everyone();
        } else {
            self.queue.wake_one();
        }
    }

    #[inline]
    pub(super) fn unlock_write(&self) {
        self.exchange(WRITER, 0);
    }

    #[inline]
    pub(super) fn unlock_upgradable(&self) {
        self.exchange(UPGRADABLE, 0);
    }

    #[inline]
    pub(super) fn write_to_read(&self) {
        self.open(READER);
    }

    pub(super) fn write_to_upgradable(&self) {
        self.open(UPGRADABLE);
    }

    /// Has `to` from now on, after having written: others may read, whoever is first in line.
    fn open(&self, to: usize) {
        self.state.fetch_add(to.wrapping_sub(WRITER), AcqRel);
        self.queue.wake_everyone();
    }

    pub(super) fn upgradable_to_read(&self) {
        self.exchange(UPGRADABLE, READER);
    }

    /// Has `to` from now on instead of `from`.
    #[inline]
    fn exchange(&self, from: usize, to: usize) {
        self.state.fetch_add(to.wrapping_sub(from), AcqRel);
        self.queue.wake_one();
    }

    pub(super) fn is_locked(&self) -> bool {
        !is_free(self.state.load(Relaxed))
    }

    pub(super) fn is_write_locked(&self) -> bool {
        self.state.load(Relaxed) & WRITER != 0
    }

    pub(super) fn queue(&self) -> &WaitQueue {
        &self.queue
    }

    pub(super) fn patience() -> &'static Patience {
        &PATIENCE
    }
}

/// One wait for the lock: what it has been through.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Whether it has been woken.
    woken: Cell<bool>,
    /// Whether it has seen, in line, that the lock is its own to take.
    entitled: Cell<bool>,
    /// Whether it has set `WAITING`.
    marked: Cell<bool>,
    /// Since when it has been woken and beaten.
    beaten_since: Cell<Option<Instant>>,
    gave_way: u8,
    done: bool,
}

impl Turn {
    #[inline]
    pub(super) fn try_lock(&mut self, raw: &RawRwLock, mode: Mode) -> bool {
        // One who has been woken may have others to wake.
        self.done = (!self.woken.get() && raw.try_lock(mode)) || self.try_lock_crowded(raw, mode);
        self.done
    }

    #[cold]
    fn try_lock_crowded(&mut self, raw: &RawRwLock, mode: Mode) -> bool {
        let mut state = raw.state.load(Relaxed);
        loop {
            let Some(mut taken) = mode.taken(state) else {
                self.promise_if_beaten(raw);
                return false;
            };
            if !self.is_its_turn(raw, mode, state) {
                return false;
            }
            assert_not_too_many(state);
            let clears = self.marked.get() || (is_free(state) && !self.woken.get());
            if clears && mode != Mode::ReadAgain {
                taken &= !WAITING;
            }
            match raw
                .state
                .compare_exchange_weak(state, taken, AcqRel, Relaxed)
            {
                Ok(_) => break,
                Err(changed) => state = changed,
            }
        }
        if self.woken.get() && !matches!(mode, Mode::Write | Mode::Upgrade) {
            raw.queue.wake_one();
        }
        true
    }

    fn is_its_turn(&mut self, raw: &RawRwLock, mode: Mode, state: usize) -> bool {
        if state & WAITING == 0
            || self.woken.get()
            || self.entitled.get()
            || matches!(mode, Mode::ReadAgain | Mode::Upgrade)
        {
            return true;
        }
        if !is_free(state) || raw.queue.word().is_thread_coming() {
            return false;
        }
        let gives_way = self.gave_way < GIVES_WAY;
        self.gave_way += u8::from(gives_way);
        !gives_way
    }

    /// A reader that is beaten again and again has newcomers give way, as a writer has that waits.
    fn promise_if_beaten(&self, raw: &RawRwLock) {
        let beaten = |since| clock::now().saturating_duration_since(since) >= BEATEN_FOR;
        if !self.marked.get() && self.beaten_since.get().is_some_and(beaten) {
            self.marked.set(true);
            raw.state.fetch_or(WAITING, Relaxed);
        }
    }

    /// It has been woken; if not for the first time, it was beaten before.
    pub(super) fn note_woken(&self) {
        if self.woken.replace(true) && self.beaten_since.get().is_none() {
            self.beaten_since.set(Some(clock::now()));
        }
    }

    pub(super) fn rank(&self, mode: Mode) -> Rank {
        if self.woken.get() || mode == Mode::Upgrade {
            Rank::First
        } else {
            Rank::Last
        }
    }

    /// The second look, in line: 1 if trying is worth it. A writer says there that it waits.
    pub(super) fn chances(&self, raw: &RawRwLock, mode: Mode) -> usize {
        // Asked once more by a thread that is done, which has woken the next already.
        if self.done {
            return 0;
        }
        let marks = match mode {
            Mode::Read | Mode::ReadAgain | Mode::Upgradable => 0,
            Mode::Write => WAITING,
            Mode::Upgrade => WAITING | UPGRADING,
        };
        if marks != 0 {
            self.marked.set(true);
        }
        let state = raw.state.fetch_or(marks, AcqRel);
        if mode.taken(state).is_none() {
            return 0;
        }
        let minds = state & WAITING != 0
            && !self.woken.get()
            && !matches!(mode, Mode::ReadAgain | Mode::Upgrade);
        if !minds {
            // What it has marked itself it does not give way to.
            self.entitled.set(true);
            return 1;
        }
        let is_behind = !is_free(state) || raw.queue.word().is_thread_coming();
        if !is_behind && self.gave_way >= GIVES_WAY {
            self.entitled.set(true);
        }
        usize::from(!is_behind)
    }

    /// It is over. If in vain, those go on that have given way: all look, as the first in line may not be able to.
    pub(super) fn end(&self, raw: &RawRwLock, mode: Mode) {
        if self.done || !self.marked.take() {
            return;
        }
        let upgrades = mode == Mode::Upgrade;
        let mut state = raw.state.load(Relaxed);
        // What one marks who upgrades, nobody else takes back.
        while upgrades || state & UPGRADING == 0 {
            let unmarked = state & !(WAITING | UPGRADING);
            match raw
                .state
                .compare_exchange_weak(state, unmarked, AcqRel, Relaxed)
            {
                Ok(_) => break,
                Err(changed) => state = changed,
            }
        }
        raw.queue.wake_everyone();
    }
}
