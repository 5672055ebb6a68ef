//! The children that were started last, in so far as their memory is concerned.
//!
//! Whoever runs a task frees its memory on the thread on which it ends, if nobody has a handle of it. That is often another
//! thread than the one that has asked for the memory, and that one is about to ask for more: then the two of them contend
//! for what they share in the allocator, for each child, and so long that it costs more than the child. So a group keeps the
//! handles of the children that were started last. Most of them have ended when their turn comes to go, and so whoever
//! starts children frees the memory of those before, and gets the same memory back.
//!
//! What is kept of a child that has ended is memory: its future and its result are gone. It is so little that nobody
//! misses it: of large children nothing is kept, since one of them does more than to be allocated. When the group has
//! ended, or its future has been dropped, nothing is kept any more.
//!
//! Where all tasks are run by one thread nothing is kept: that is the thread that starts them too.
//!
//! Nobody waits here: if two start children at the same moment, one of them keeps its handle out.
//!
//! This file does not know what a child is, nor whether it has ended.

use crate::prim::Lock;
use std::collections::VecDeque;

/// How many are kept. The runtime lets as many wait on one worker before it has others take some of them.
const MOST: usize = 256;

/// The size, in bytes, of the largest that is kept.
const LARGEST: usize = 512;

/// The handles of what was started last, each an `R`.
#[derive(Debug)]
pub(super) struct Latest<R> {
    /// The oldest first; `None` if nothing is kept, or nothing any more.
    handles: Lock<Option<VecDeque<R>>>,
}

impl<R> Latest<R> {
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            handles: Lock::new(keeps.then(VecDeque::new)),
        }
    }

    /// Keeps the handle of something that takes `size` bytes, or drops it.
    pub(super) fn keep(&self, handle: R, size: usize) {
        if size <= LARGEST {
            // Dropped when the lock is free again.
            drop(self.exchange(handle));
        }
    }

    /// Puts `handle` in. What comes out is not kept any more.
    fn exchange(&self, handle: R) -> Option<R> {
        let Some(mut handles) = self.handles.try_lock() else {
            return Some(handle);
        };
        let Some(handles) = handles.as_mut() else {
            return Some(handle);
        };
        let oldest = if handles.len() == MOST {
            handles.pop_front()
        } else {
            None
        };
        handles.push_back(handle);
        oldest
    }

    /// Keeps none any more.
    pub(super) fn end(&self) {
        let handles = self.handles.lock().take();
        drop(handles);
    }

    #[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
    pub(super) fn keeps(&self) -> bool {
        self.handles.lock().is_some()
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::{LARGEST, Latest, MOST};
    use crate::prim::StdArc;

    #[test]
    fn the_latest_are_kept_until_the_end() {
        let (latest, handle) = (Latest::new(true), StdArc::new(()));
        let kept = || StdArc::strong_count(&handle) - 1;
        for started in 1..=2 * MOST {
            latest.keep(StdArc::clone(&handle), LARGEST);
            assert_eq!(kept(), started.min(MOST));
        }
        latest.keep(StdArc::clone(&handle), LARGEST + 1);
        assert_eq!(kept(), MOST);
        latest.end();
        assert_eq!(kept(), 0);
        latest.keep(StdArc::clone(&handle), 0);
        assert_eq!(kept(), 0);
    }

    #[test]
    fn nothing_is_kept_where_it_would_not_help() {
        let (latest, handle) = (Latest::new(false), StdArc::new(()));
        latest.keep(StdArc::clone(&handle), 0);
        assert_eq!(StdArc::strong_count(&handle), 1);
    }

    #[test]
    fn the_oldest_goes_first_and_nobody_waits() {
        let latest = Latest::new(true);
        let handles: Vec<_> = (0..=MOST).map(StdArc::new).collect();
        for handle in &handles {
            latest.keep(StdArc::clone(handle), 0);
        }
        let counts: Vec<_> = handles.iter().map(StdArc::strong_count).collect();
        assert_eq!((counts[0], counts[1]), (1, 2));
        let held = latest.handles.lock();
        latest.keep(StdArc::clone(&handles[0]), 0);
        drop(held);
        assert_eq!(StdArc::strong_count(&handles[0]), 1);
    }
}
