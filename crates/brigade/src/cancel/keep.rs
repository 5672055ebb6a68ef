//! Futures that are not to be dropped yet, and those who could drop them.
//!
//! A [`Keeper`] belongs to whoever polls a future that it may drop before its end. What is in that future, at whatever
//! depth, says that it has to come to its own end first, with a [`Keep`]. The keeper counts them. It does not know
//! what they are, and nobody is waited for here.

use crate::prim::Ordering::Relaxed;
use crate::prim::{PlainAtomicUsize, StdArc, thread_local};
use std::cell::{Cell, OnceCell};
use std::ptr;
use std::task::Poll;

/// How many futures are not to be dropped. They may have gone elsewhere meanwhile, so it is shared.
type Count = StdArc<PlainAtomicUsize>;

thread_local! {
    // Borrowed from a frame of `Keeper::during` that is still on the stack of this thread; null is nothing.
    static CURRENT: Cell<*const Keeper> = const { Cell::new(ptr::null()) };
}

/// Counts what is not to be dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// Made for the first of them: few futures have one.
    kept: OnceCell<Count>,
}

/// Puts back who was there, also when unwinding.
struct Restore(*const Keeper);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

impl Keeper {
    pub(crate) const fn new() -> Self {
        Self {
            kept: OnceCell::new(),
        }
    }

    /// Runs `poll`; what is not to be dropped after it is counted here.
    pub(crate) fn during<R>(&self, poll: impl FnOnce() -> R) -> R {
        let _restore = Restore(CURRENT.with(|current| current.replace(ptr::from_ref(self))));
        poll()
    }

    /// Whether something is not to be dropped.
    pub(crate) fn keeps(&self) -> bool {
        // What counts itself on another thread has left the future: this is no synchronisation.
        self.kept.get().is_some_and(|count| count.load(Relaxed) > 0)
    }

    fn current() -> Option<Count> {
        let keeper = CURRENT.with(Cell::get);
        // SAFETY: what is not null was borrowed by a call of `during` that has not returned: it puts back who was
        // there before it does, and it is further up the stack of this thread.
        let keeper = unsafe { keeper.as_ref() }?;
        Some(StdArc::clone(keeper.kept.get_or_init(Count::default)))
    }
}

/// In a future: as long as it is pending, those who poll it do not drop it of their own accord.
#[derive(Debug)]
pub(crate) struct Keep(Option<Count>);

impl Keep {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// The future has been polled, on this thread.
    pub(crate) fn after<T>(&mut self, polled: &Poll<T>) {
        if polled.is_ready() {
            self.release();
        } else if self.0.is_none() {
            self.0 = Keeper::current();
            if let Some(count) = &self.0 {
                count.fetch_add(1, Relaxed);
            }
        }
    }

    fn release(&mut self) {
        if let Some(count) = self.0.take() {
            count.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.release();
    }
}
