//! What ends the waits that begin on this thread, unless they say otherwise: nothing, or an interrupt.
//!
//! It is set for the time of one call, and for each poll of a future. Only waits that come to the point of
//! waiting look at it, so it costs nothing to those that can go on.

use super::interrupt::Interrupts;
use crate::prim::{StdArc, thread_local};
use std::cell::Cell;
use std::ptr;

/// Borrowed from a frame of [`under`] that is still on the stack of this thread; null is nothing.
type Borrowed = *const StdArc<dyn Interrupts>;

thread_local! {
    static CURRENT: Cell<Borrowed> = const { Cell::new(ptr::null()) };
}

/// Puts back what was there, also when unwinding.
struct Restore(Borrowed);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

/// Runs `body` with `source` in place of what ended waits before.
pub(crate) fn under<R>(source: Option<&StdArc<dyn Interrupts>>, body: impl FnOnce() -> R) -> R {
    let borrowed = source.map_or(ptr::null(), ptr::from_ref);
    let _restore = Restore(CURRENT.with(|current| current.replace(borrowed)));
    body()
}

/// What ended waits at some moment, for another thread that does part of what was begun then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ambient(Borrowed);

impl Ambient {
    /// What ends waits on this thread now.
    #[inline]
    pub(crate) fn here() -> Self {
        Self(CURRENT.with(Cell::get))
    }

    /// Runs `body` with this in place of what ends waits on the thread that it is run on.
    ///
    /// # Safety
    ///
    /// The frame that called [`Ambient::here`] does not return before this does.
    pub(crate) unsafe fn cover<R>(self, body: impl FnOnce() -> R) -> R {
        // SAFETY: null, or borrowed from a frame of `under` that outlasts the frame of the contract.
        under(unsafe { self.0.as_ref() }, body)
    }
}

/// What ends waits on this thread now.
pub(crate) fn current() -> Option<StdArc<dyn Interrupts>> {
    with_current(|source| source.cloned())
}

/// Calls `body` with what ends waits on this thread now.
pub(super) fn with_current<R>(body: impl FnOnce(Option<&StdArc<dyn Interrupts>>) -> R) -> R {
    let borrowed = CURRENT.with(Cell::get);
    // SAFETY: what is not null was borrowed by a call of `under` that has not returned: it puts back what was there
    // before it does, and it is further up the stack of this thread than `body`, which cannot keep the reference.
    body(unsafe { borrowed.as_ref() })
}
