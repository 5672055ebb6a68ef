//! Turns of tasks: one that finds everything ready lets the others run now and then.
//!
//! A runtime goes on to the next task when one returns `Pending`. A task in a loop over a channel that never
//! runs dry would not, and everything else on that thread, timers and sockets too, would stand still. So a
//! turn has a length in time, and once it is over the next operation yields before it is tried. Reading a
//! clock costs more than most operations, so it is read once in some operations that were done at once, and
//! the first reading counts as the beginning of the turn.
//!
//! Tokio counts operations of its own objects, 128 to a turn, and its reckoning is private to it; this library
//! needs no runtime. And messages are so cheap that 128 of them are a microsecond: yielding as often hands
//! the task from one worker of a runtime to the next, with all that it has in its cache.
//!
//! It is also known here what a thread waits as at present, in tasks or by itself: who is woken by it wants to know.
//!
//! The operations of a thread are counted together, whichever task they are of: a task may come to the end of
//! its turn early because of another one. That costs a yield, nothing else.

use crate::prim::{MODEL, clock, thread_local};
use std::cell::Cell;
use std::ptr;
use std::time::{Duration, Instant};

/// How long a turn lasts.
const TURN: Duration = Duration::from_micros(50);
/// Operations done at once between two readings of the clock. The second reading is the first that can end
/// the turn.
const OPERATIONS: u8 = u8::MAX;

/// The turn of the task that runs on this thread.
struct Turn {
    /// Operations until the next reading.
    left: Cell<u8>,
    /// The first reading, if there has been one.
    began: Cell<Option<Instant>>,
    /// Whether the last wait on this thread was that of a task.
    in_task: Cell<bool>,
}

thread_local! {
    static CURRENT: Turn = const {
        Turn { left: Cell::new(OPERATIONS), began: Cell::new(None), in_task: Cell::new(false) }
    };
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

/// A wait begins on this thread, of a task or of the thread itself.
#[inline]
pub(super) fn waits(in_task: bool) {
    if MODEL {
        return;
    }
    CURRENT.with(|turn| turn.in_task.set(in_task));
}

/// Who wakes, as a number for [`distance_to`].
#[inline]
pub(super) fn here() -> usize {
    if MODEL {
        return 0;
    }
    // A turn is aligned to more than a byte.
    CURRENT.with(|turn| ptr::from_ref(turn).addr() | usize::from(turn.in_task.get()))
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

/// The task lets others run by itself.
#[inline]
pub(super) fn ends() {
    if !MODEL {
        CURRENT.with(Turn::end);
    }
}

impl Turn {
    #[cold]
    fn goes_on_after(&self, now: Instant) -> bool {
        self.left.set(OPERATIONS);
        let Some(began) = self.began.get() else {
            self.began.set(Some(now));
            return true;
        };
        if now.saturating_duration_since(began) < TURN {
            return true;
        }
        self.began.set(None);
        false
    }

    #[inline]
    fn end(&self) {
        self.left.set(OPERATIONS);
        self.began.set(None);
    }
}

#[cfg(all(test, not(brigade_loom)))]
mod tests {
    use super::*;

    fn turn() -> Turn {
        Turn {
            left: Cell::new(1),
            began: Cell::new(None),
            in_task: Cell::new(true),
        }
    }

    #[test]
    fn a_turn_ends_at_the_first_reading_past_its_length() {
        let (turn, start) = (turn(), clock::now());
        assert!(turn.goes_on_after(start));
        assert!(turn.goes_on_after(start + TURN / 2));
        assert!(!turn.goes_on_after(start + TURN));
        // The next one begins with its own first reading.
        assert!(turn.goes_on_after(start + 10 * TURN));
        assert!(!turn.goes_on_after(start + 11 * TURN));
    }

    #[test]
    fn a_task_that_waits_by_itself_begins_a_new_turn() {
        let (turn, start) = (turn(), clock::now());
        assert!(turn.goes_on_after(start));
        turn.end();
        assert!(turn.goes_on_after(start + 10 * TURN));
    }
}
