//! The permits of a semaphore in one word, and the wait for some of them.
//!
//! # The word
//!
//! | bits | meaning |
//! |---|---|
//! | `CLOSED` | nobody gets permits any more |
//! | `PROMISED` | somebody who waited has been woken, and has not taken what it was woken for: newcomers give way |
//! | the rest | how many permits there are |
//!
//! # Who gets permits
//!
//! Those who wait, in the order in which they came. Nobody is given permits in its absence: a wake says that it is
//! worth looking. So the order is kept by those who come later:
//!
//! 1. A newcomer waits if anybody waits, even if there are permits enough for it: maybe the first in line wants more
//!    than there are.
//! 2. One who has been woken and finds too few goes back to the front of the line.
//! 3. If nobody is in line, but somebody has been woken (`PROMISED`), a newcomer gives way: to a thread always, as it
//!    comes for certain (`COMING` in the word of the queue); to a task only [`GIVES_WAY`] times, as it may never come.
//! 4. The first in line that sees enough permits takes them, even if others have joined behind it meanwhile.
//! 5. Whoever takes permits after having waited wakes the next if some are left.
//! 6. Whoever gives up wakes the next, who may want less.
//! 7. A task may be served while it is in line, and be woken only then. It takes the promise back, since nobody comes
//!    for it, and wakes the next.
//!
//! # Why no wake-up is lost
//!
//! Releasing and closing are read-modify-writes of the word, and so is the second look: the handshake of
//! `wait/README.md` as it stands. One who is not alone in line and sees enough permits
//! wakes the first in line, which may be itself, and sleeps: it is owed a wake by rules 5 and 6, or by a thread on
//! its way. If `PROMISED` is set it wakes nobody: whoever was woken then takes permits, and wakes the next, or gives
//! up, and does so too. So a promise must not outlast the one to whom it was made: taking, giving up and rule 7 all
//! clear the bit *before* they wake the next. That it was cleared for somebody else costs that one its precedence, and
//! nobody a wake.

use crate::prim::{
    MODEL,
    Ordering::{AcqRel, Acquire, Relaxed},
    atomic::AtomicUsize,
    const_new,
};
use crate::wait::{Patience, Rank, WaitQueue};
use std::cell::Cell;

const CLOSED: usize = 0b01;
const PROMISED: usize = 0b10;
/// One permit.
const ONE: usize = 0b100;

/// More permits there cannot be. Few that come back on top still do not overflow; many are cut off.
pub(super) const MOST: usize = usize::MAX >> 4;

/// So few that no number of guards gives back enough of them, one by one, to overflow on top of `MOST`.
const FEW: usize = 1 << 16;

/// So often does a newcomer give way to a task.
const GIVES_WAY: u8 = if MODEL { 1 } else { 16 };

/// All semaphores share it: it learns nothing.
static PATIENCE: Patience = Patience::for_permits();

/// The permits, and those who wait for some.
#[derive(Debug)]
pub(super) struct RawSemaphore {
    state: AtomicUsize,
    queue: WaitQueue,
}

/// Why there are no permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    TooFew,
    Closed,
}

impl RawSemaphore {
    const_new! {
        pub(super) fn new(permits: usize) -> Self {
            Self { state: AtomicUsize::new(permits * ONE), queue: WaitQueue::new() }
        }
    }

    pub(super) fn available(&self) -> usize {
        self.state.load(Acquire) / ONE
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Acquire) & CLOSED != 0
    }

    /// Takes `count` permits if there are so many and nobody is in line.
    #[inline]
    pub(super) fn try_acquire(&self, count: usize) -> Result<(), Missing> {
        self.try_acquire_unless(0, count)
    }

    /// The same, unless somebody has been woken and has not been here yet.
    #[inline]
    pub(super) fn try_acquire_in_turn(&self, count: usize) -> Result<(), Missing> {
        self.try_acquire_unless(PROMISED, count)
    }

    /// The same, unless a bit of `unless` is set.
    #[inline]
    fn try_acquire_unless(&self, unless: usize, count: usize) -> Result<(), Missing> {
        let mut state = self.state.load(Relaxed);
        loop {
            if state & CLOSED != 0 {
                return Err(Missing::Closed);
            }
            if state / ONE < count || state & unless != 0 || !self.queue.is_at_rest() {
                return Err(Missing::TooFew);
            }
            match self
                .state
                .compare_exchange_weak(state, state - count * ONE, Acquire, Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(changed) => state = changed,
            }
        }
    }

    /// Puts `count` permits back that were taken before.
    #[inline]
    pub(super) fn release(&self, count: usize) {
        if count <= FEW {
            self.state.fetch_add(count * ONE, AcqRel);
            self.wake_next();
        } else {
            self.release_many(count);
        }
    }

    /// The same for many. So many may have been added while these were out that there would be too many.
    #[cold]
    fn release_many(&self, count: usize) {
        let mut state = self.state.load(Relaxed);
        loop {
            let room = MOST.saturating_sub(state / ONE);
            let more = state + count.min(room) * ONE;
            match self
                .state
                .compare_exchange_weak(state, more, AcqRel, Relaxed)
            {
                Ok(_) => break,
                Err(changed) => state = changed,
            }
        }
        self.wake_next();
    }

    /// Puts `count` permits in. False if there would be too many.
    pub(super) fn add(&self, count: usize) -> bool {
        let mut state = self.state.load(Relaxed);
        loop {
            if count > MOST || state / ONE > MOST - count {
                return false;
            }
            match self
                .state
                .compare_exchange_weak(state, state + count * ONE, AcqRel, Relaxed)
            {
                Ok(_) => break,
                Err(changed) => state = changed,
            }
        }
        self.wake_next();
        true
    }

    /// Takes out what is there, at most `count`, whoever waits. Returns how many these are.
    pub(super) fn take_out(&self, count: usize) -> usize {
        let mut state = self.state.load(Relaxed);
        loop {
            let taken = count.min(state / ONE);
            match self
                .state
                .compare_exchange_weak(state, state - taken * ONE, Acquire, Relaxed)
            {
                Ok(_) => return taken,
                Err(changed) => state = changed,
            }
        }
    }

    pub(super) fn close(&self) -> bool {
        let was_open = self.state.fetch_or(CLOSED, AcqRel) & CLOSED == 0;
        self.queue.wake_all();
        was_open
    }

    /// Something has changed: the first in line is woken, if there is what it wants.
    #[inline]
    pub(super) fn wake_next(&self) {
        if self.queue.word().wants_wake() {
            self.promise();
        }
    }

    /// A wake that was spent on one who does not need it goes on to the next, and no promise is left behind.
    pub(super) fn hand_on(&self) {
        self.state.fetch_and(!PROMISED, AcqRel);
        self.wake_next();
    }

    #[cold]
    fn promise(&self) {
        let enough = |wants| {
            let state = self.state.load(Relaxed);
            let there_is = state & CLOSED != 0 || state / ONE >= wants as usize;
            if there_is {
                self.state.fetch_or(PROMISED, Relaxed);
            }
            there_is
        };
        self.queue.wake_one_if(enough);
    }

    pub(super) fn queue(&self) -> &WaitQueue {
        &self.queue
    }

    pub(super) fn patience() -> &'static Patience {
        &PATIENCE
    }
}

/// One wait for permits: what it has been through.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Whether it has been woken, or has seen as the first in line that there is enough.
    entitled: Cell<bool>,
    /// Whether it has been in line.
    waited: Cell<bool>,
    gave_way: Cell<u8>,
    done: bool,
}

impl Turn {
    /// Takes `count` permits, if there are so many and it is nobody else's turn.
    #[inline]
    pub(super) fn try_acquire(&mut self, raw: &RawSemaphore, count: usize) -> Result<(), Missing> {
        let acquired = raw.try_acquire_in_turn(count);
        if acquired == Err(Missing::TooFew) {
            return self.try_acquire_crowded(raw, count);
        }
        self.done = true;
        acquired
    }

    #[cold]
    fn try_acquire_crowded(&mut self, raw: &RawSemaphore, count: usize) -> Result<(), Missing> {
        let mut state = raw.state.load(Relaxed);
        loop {
            if state & CLOSED != 0 {
                self.done = true;
                return Err(Missing::Closed);
            }
            if state / ONE < count || !self.is_its_turn(raw, state) {
                return Err(Missing::TooFew);
            }
            let taken = (state - count * ONE) & !PROMISED;
            match raw
                .state
                .compare_exchange_weak(state, taken, Acquire, Relaxed)
            {
                Ok(_) => break,
                Err(changed) => state = changed,
            }
        }
        self.done = true;
        if state / ONE > count {
            raw.wake_next();
        }
        Ok(())
    }

    fn is_its_turn(&self, raw: &RawSemaphore, state: usize) -> bool {
        self.entitled.get() || (state & PROMISED == 0 && raw.queue.is_at_rest())
    }

    /// The second look, in line: 1 if trying is worth it.
    pub(super) fn chances(&self, raw: &RawSemaphore, count: usize) -> usize {
        // Asked once more by a thread that is done, which has woken the next already.
        if self.done {
            return 0;
        }
        self.waited.set(true);
        let state = raw.state.fetch_or(0, AcqRel);
        if state & CLOSED != 0 {
            return 1;
        }
        if state / ONE < count {
            return 0;
        }
        if !self.entitled.get() && !raw.queue.has_one_waiter_only() {
            if state & PROMISED == 0 {
                // Whoever is first in line, maybe this one: it may have looked before there was enough.
                raw.wake_next();
            }
            return 0;
        }
        let gave_way = self.gave_way.get();
        if state & PROMISED != 0 && gave_way < GIVES_WAY {
            self.gave_way.set(gave_way + 1);
        } else {
            // Those who have joined behind it meanwhile leave what there is to it.
            self.entitled.set(true);
        }
        1
    }

    pub(super) fn note_woken(&self) {
        self.entitled.set(true);
    }

    pub(super) fn rank(&self) -> Rank {
        if self.entitled.get() {
            Rank::First
        } else {
            Rank::Last
        }
    }

    /// It is over. Who has waited in vain may have kept those behind from what there is.
    pub(super) fn end(&self, raw: &RawSemaphore) {
        if !self.done && self.waited.get() {
            let state = raw.state.fetch_and(!PROMISED, AcqRel);
            if state / ONE > 0 {
                raw.wake_next();
            }
        }
    }
}
