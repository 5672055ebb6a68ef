//! Turns of tasks: one that finds everything ready lets the others run now and then.
//!
//! A runtime goes on to the next task when one returns `Pending`. A task in a loop over a channel that never
//! runs dry would not, and everything else on that thread, timers and sockets too, would stand still. So a
//! turn is a number of operations that were done at once; after them one operation yields before it is tried.
//! Tokio does the same with its own objects, and 128 of them; its reckoning is private to it, and this library
//! needs no runtime.
//!
//! The operations of a thread are counted together, whichever task they are of: a task may come to the end of
//! its turn early because of another one. That costs a yield, nothing else.

use crate::prim::{MODEL, thread_local};
use std::cell::Cell;

/// Operations done at once before one yields.
const OPERATIONS: u8 = 128;

thread_local! {
    static LEFT: Cell<u8> = const { Cell::new(OPERATIONS) };
}

/// Counts one more operation. False if it has to yield first; then a new turn begins.
#[inline]
pub(super) fn goes_on() -> bool {
    if MODEL {
        return true;
    }
    LEFT.with(|left| {
        let now = left.get() - 1;
        left.set(if now == 0 { OPERATIONS } else { now });
        now != 0
    })
}

/// The task lets others run by itself.
#[inline]
pub(super) fn ends() {
    if !MODEL {
        LEFT.with(|left| left.set(OPERATIONS));
    }
}
