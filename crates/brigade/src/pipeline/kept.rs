//! What a closure keeps from one item to the next: a buffer, a connection.
//!
//! Whoever does an item takes one out, or has one made if none is there, and puts it back. So there are never more than
//! there have been items at once. A thread gets that back which it had last, unless somebody else has it: that one is
//! still in its processor's cache. It does not know what they are, nor what is done with them.

use crate::prim::thread::number;
use crate::prim::{SeenLock, discard_panic};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Those that nobody has, each with the number of the thread that had it last.
pub(super) struct Kept<W>(SeenLock<Vec<(usize, W)>>);

impl<W> Kept<W> {
    pub(super) fn new() -> Self {
        Self(SeenLock::new(Vec::new()))
    }

    /// Calls `each` with one of them; with one from `init` if all are in use. If `each` panics, nobody gets that one again.
    pub(super) fn with<R>(&self, init: impl FnOnce() -> W, each: impl FnOnce(&mut W) -> R) -> R {
        let thread = number();
        let mut kept = self.take(thread).unwrap_or_else(init);
        match catch_unwind(AssertUnwindSafe(|| each(&mut kept))) {
            Ok(result) => {
                self.0.lock().push((thread, kept));
                result
            }
            Err(payload) => {
                discard_panic(|| drop(kept));
                resume_unwind(payload)
            }
        }
    }

    fn take(&self, thread: usize) -> Option<W> {
        let mut free = self.0.lock();
        let own = free.iter().rposition(|(last, _)| *last == thread);
        let at = own.or_else(|| free.len().checked_sub(1))?;
        Some(free.swap_remove(at).1)
    }
}

impl<W> Drop for Kept<W> {
    fn drop(&mut self) {
        // They are the application's, and may panic when they are dropped.
        for (_, kept) in mem::take(&mut *self.0.lock()) {
            discard_panic(|| drop(kept));
        }
    }
}
