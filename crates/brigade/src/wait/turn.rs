//! Turns of tasks: one that finds everything ready lets the others run now and then.
//!
//! A runtime goes on to the next task when one returns `Pending`. A task in a loop over a channel that never
//! runs dry would not, and everything else on that thread, timers and sockets too, would stand still. So a
//! turn has a length in time, and once it is over the next operation yields before it is tried. Reading a
//! clock costs more than most operations, so it is read once in some operations, in fewer if they turn out to
//! take long. The first reading of a turn counts as its beginning, so it can be longer by that many.
//!
//! Tokio counts operations of its own objects, 128 to a turn, and its reckoning is private to it; this library
//! needs no runtime. And messages are so cheap that 128 of them are a microsecond: yielding as often hands
//! the task from one worker of a runtime to the next, with all that it has in its cache.
//!
//! A turn begins anew when a wait goes on that was woken: then the runtime has been round. That a wait returns
//! `Pending` does not say so, because it may be one of several in a task that goes on with another of them.
//!
//! The operations of a thread are counted together, whichever task they are of: a task may come to the end of
//! its turn early because of another one. That costs a yield, nothing else.
//!
//! Two more things are known here of the thread that runs: how much its tasks may still pause, and whether it
//! waits in tasks or by itself, which matters to those whom it wakes.

use crate::prim::{MODEL, clock, thread, thread_local};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a turn lasts.
const TURN: Duration = Duration::from_micros(50);
/// The fewest and the most operations between two readings of the clock. The second reading is the first that can
/// end the turn.
const OFTEN: u8 = 32;
const SELDOM: u8 = u8::MAX;
/// What a pause that paid counts for, in operations: it took as long as many.
const PAUSED: u8 = 16;
/// The pauses that the tasks of a thread may take in vain until one of them has been woken.
const PAUSES: u16 = 254;

/// The turn of the task that runs on this thread.
struct Turn {
    /// Operations until the next reading. Never zero between two calls.
    left: Cell<u8>,
    /// How many that were at first.
    every: Cell<u8>,
    /// The first reading, if there has been one, and the last.
    read: Cell<Option<(Instant, Instant)>>,
    /// Pauses that are left.
    pauses: Cell<u16>,
    /// Whether the last wait on this thread was that of a task.
    in_task: Cell<bool>,
}

thread_local! {
    static CURRENT: Turn = const { Turn::new() };
}

/// From where a task has been woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Distance {
    /// By a task, on the thread on which it goes on.
    SameThread,
    /// By a task, on another thread.
    OtherWorker,
    /// By a thread that runs no tasks, as far as is known: a task was not the last to wait on it.
    Thread,
}

/// Counts one more operation. False if it has to yield first; then a new turn begins.
#[inline]
pub(super) fn goes_on() -> bool {
    if MODEL {
        return true;
    }
    CURRENT.with(|turn| {
        let left = turn.left.get() - 1;
        turn.left.set(left);
        left != 0 || turn.goes_on_after(clock::now())
    })
}

/// A wait goes on that was woken.
pub(crate) fn begins() {
    if !MODEL {
        CURRENT.with(Turn::begin);
    }
}

/// Whether a task may pause so often; if so, it does.
pub(super) fn may_pause(pauses: u16) -> bool {
    !MODEL && CURRENT.with(|turn| turn.may_pause(pauses))
}

/// A pause of a task has paid.
pub(super) fn paused() {
    if !MODEL {
        CURRENT.with(Turn::pause);
    }
}

/// A wait begins on this thread, of a task or of the thread itself.
#[inline]
pub(super) fn waits(in_task: bool) {
    if !MODEL {
        CURRENT.with(|turn| turn.in_task.set(in_task));
    }
}

/// Who wakes, as a number for [`distance_to`].
#[inline]
pub(super) fn here() -> usize {
    let in_task = !MODEL && CURRENT.with(|turn| turn.in_task.get());
    thread::number() << 1 | usize::from(in_task)
}

/// How far away that was, as seen from a task on this thread.
#[inline]
pub(super) fn distance_to(waker: usize) -> Distance {
    if waker & 1 == 0 {
        Distance::Thread
    } else if waker == here() {
        Distance::SameThread
    } else {
        Distance::OtherWorker
    }
}

impl Turn {
    const fn new() -> Self {
        Self {
            left: Cell::new(OFTEN),
            every: Cell::new(OFTEN),
            read: Cell::new(None),
            pauses: Cell::new(PAUSES),
            in_task: Cell::new(false),
        }
    }

    #[cold]
    fn goes_on_after(&self, now: Instant) -> bool {
        let first = match self.read.get() {
            None => now,
            Some((first, last)) => {
                self.every
                    .set(self.interval(now.saturating_duration_since(last)));
                first
            }
        };
        if now.saturating_duration_since(first) >= TURN {
            self.begin();
            return false;
        }
        self.left.set(self.every.get());
        self.read.set(Some((first, now)));
        true
    }

    /// How many operations to the next reading, if those of the last interval took so long.
    fn interval(&self, took: Duration) -> u8 {
        if took > TURN / 2 {
            OFTEN
        } else if took < TURN / 8 {
            self.every.get().checked_mul(2).unwrap_or(SELDOM)
        } else {
            self.every.get()
        }
    }

    fn begin(&self) {
        self.left.set(self.every.get());
        self.read.set(None);
        self.pauses.set(PAUSES);
    }

    fn may_pause(&self, pauses: u16) -> bool {
        let left = self.pauses.get().checked_sub(pauses);
        if let Some(left) = left {
            self.pauses.set(left);
        }
        left.is_some()
    }

    fn pause(&self) {
        self.pauses.set(PAUSES);
        self.left.set(self.left.get().saturating_sub(PAUSED).max(1));
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_at_the_first_reading_past_its_length() {
        let (turn, start) = (Turn::new(), clock::now());
        assert!(turn.goes_on_after(start));
        assert!(turn.goes_on_after(start + TURN / 2));
        assert!(!turn.goes_on_after(start + TURN));
        // The next one begins with its own first reading.
        assert!(turn.goes_on_after(start + 10 * TURN));
        assert!(!turn.goes_on_after(start + 11 * TURN));
    }

    #[test]
    fn a_task_that_is_woken_begins_a_new_turn() {
        let (turn, start) = (Turn::new(), clock::now());
        assert!(turn.goes_on_after(start));
        turn.begin();
        assert!(turn.goes_on_after(start + 10 * TURN));
    }

    #[test]
    fn the_clock_is_read_more_seldom_if_little_time_passes_and_often_if_much_does() {
        let (turn, start) = (Turn::new(), clock::now());
        for (reading, every) in [(0, 32), (1, 64), (2, 128), (3, SELDOM), (4, SELDOM)] {
            assert!(turn.goes_on_after(start + reading * TURN / 16));
            assert_eq!((turn.every.get(), turn.left.get()), (every, every));
        }
        assert!(turn.goes_on_after(start + TURN * 15 / 16));
        assert_eq!(turn.every.get(), OFTEN);
    }

    #[test]
    fn pauses_in_vain_come_to_an_end_until_one_pays_or_a_task_is_woken() {
        let turn = Turn::new();
        let spend = || (0..100).filter(|_| turn.may_pause(PAUSES / 2)).count();
        assert_eq!(spend(), 2);
        turn.begin();
        assert_eq!(spend(), 2);
        turn.pause();
        assert_eq!(spend(), 2);
    }

    #[test]
    fn a_pause_counts_as_many_operations() {
        let turn = Turn::new();
        turn.pause();
        assert_eq!(turn.left.get(), OFTEN - PAUSED);
        (0..10).for_each(|_| turn.pause());
        assert_eq!(turn.left.get(), 1);
    }
}
