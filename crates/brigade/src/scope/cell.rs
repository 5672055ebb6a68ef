//! Where a runner, a thread or a task, leaves what came of it, and where it is waited for.
//!
//! # State
//!
//! | `done` | outcome | who moves on |
//! |---|---|---|
//! | false | the runner's | the runner alone: it writes the outcome, and then sets `done` |
//! | true | the handle's | the one handle takes it, or whoever drops the cell drops it |
//!
//! The runner sets `done` by a read-modify-write and then looks for a waiter; the waiter joins the queue and then
//! does a read-modify-write on `done`. That is the handshake of `wait/README.md`. Only the handle waits, and there is
//! one handle, so one wake is enough.
//!
//! The runner and its handle share the cell. Whoever lets go of it last drops what is in it: an outcome that nobody
//! asked for is dropped by the runner, if its handle is gone by then.
//!
//! A cell may have something more in it that belongs to its runner, such as what that is to run: then a child takes one
//! allocation.
//!
//! This file does not know what an outcome is, nor what a runner is.

use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicBool;
use crate::prim::{StdArc, UnsafeCell};
use crate::wait::{Held, Operation, Owners, Patience, WaitQueue, What};
use std::marker::PhantomData;
use std::panic::Location;
use std::task::Poll;

/// The outcome of one runner, who waits for it, and what else the runner has in here.
pub(crate) struct Cell<O, B: ?Sized = ()> {
    done: AtomicBool,
    waiting: WaitQueue,
    patience: Patience,
    /// The thread that is the runner, while it runs. Nobody, if it is a task: that is on another thread in a moment.
    runner: Owners<1>,
    outcome: UnsafeCell<Option<O>>,
    /// Where the runner was spawned.
    site: &'static Location<'static>,
    body: B,
}

// SAFETY: the outcome is touched by the runner alone until `done`, and by the one handle, or the last owner, after
// that; `done` orders them (release to acquire), and so does the count of owners. It crosses threads: Send.
unsafe impl<O: Send, B: ?Sized + Send> Send for Cell<O, B> {}
// SAFETY: as above; no reference to the outcome is ever shared. The body is lent as it is: Sync.
unsafe impl<O: Send, B: ?Sized + Sync> Sync for Cell<O, B> {}

impl<O, B> Cell<O, B> {
    pub(crate) fn new(site: &'static Location<'static>, body: B) -> Self {
        Self {
            done: AtomicBool::new(false),
            waiting: WaitQueue::new(),
            patience: Patience::new(),
            runner: Owners::new(),
            outcome: UnsafeCell::new(None),
            site,
            body,
        }
    }
}

impl<O, B: ?Sized> Cell<O, B> {
    pub(crate) fn body(&self) -> &B {
        &self.body
    }

    pub(crate) fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// The thread has begun. Called by the thread, before its closure.
    pub(crate) fn begin(&self) {
        self.runner.take(self.site.into());
    }

    /// The thread is through. Called once, and by the thread.
    pub(crate) fn finish(&self, outcome: O) {
        self.leave();
        self.fill(outcome);
    }

    /// The thread is through, and there is nobody to tell. Called once, by the thread, in place of `finish`.
    pub(crate) fn leave(&self) {
        self.runner.release();
    }

    /// There is an outcome, of a task or of what never began. Called once, in place of all that a thread would call.
    pub(crate) fn fill(&self, outcome: O) {
        self.outcome.with_mut(|place| {
            // SAFETY: not done, so it is the runner's alone; there is nothing in it to be dropped.
            unsafe { *place = Some(outcome) };
        });
        self.done.swap(true, AcqRel);
        self.waiting.wake_one();
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Acquire)
    }

    /// The outcome, once, when there is one.
    ///
    /// # Safety
    ///
    /// Only the one handle calls this.
    unsafe fn take(&self) -> Option<O> {
        if !self.is_done() {
            return None;
        }
        let outcome = self.outcome.with_mut(|place| {
            // SAFETY: done, so the runner is through with it, and the handle is the only other one.
            unsafe { (*place).take() }
        });
        Some(outcome.expect("a handle was polled after it had given its result"))
    }
}

/// What kind of runner it is, for those who want to know what a waiter waits for.
pub(crate) trait Runner {
    const WAITS_FOR: &'static What;
}

/// The operation of waiting for a runner: what a handle is made of. There is one for each cell.
pub(crate) struct Joining<O, R, B: ?Sized = ()> {
    cell: StdArc<Cell<O, B>>,
    _runner: PhantomData<fn() -> R>,
}

impl<O, R> Joining<O, R> {
    /// The one handle's, and the runner's share of a new cell.
    pub(crate) fn pair(site: &'static Location<'static>) -> (Self, StdArc<Cell<O>>) {
        let cell = StdArc::new(Cell::new(site, ()));
        let share = StdArc::clone(&cell);
        // SAFETY: the cell is new, and this is the only one made of it.
        (unsafe { Self::of(cell) }, share)
    }
}

impl<O, R, B: ?Sized> Joining<O, R, B> {
    /// The one handle's.
    ///
    /// # Safety
    ///
    /// Nobody else makes one of this cell.
    pub(crate) unsafe fn of(cell: StdArc<Cell<O, B>>) -> Self {
        Self {
            cell,
            _runner: PhantomData,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.cell.is_done()
    }
}

// SAFETY: the queue is a field of the cell, which the `Arc` keeps alive and in place.
unsafe impl<O, R: Runner, B: ?Sized> Operation for Joining<O, R, B> {
    /// `None` if the wait was cancelled.
    type Output = Option<O>;
    const WAITS_FOR: &'static What = R::WAITS_FOR;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| None);

    fn attempt(&mut self) -> Poll<Option<O>> {
        // SAFETY: a cell has one `Joining` (the contract of `of`), and this borrows it for itself alone.
        match unsafe { self.cell.take() } {
            None => Poll::Pending,
            outcome => Poll::Ready(outcome),
        }
    }

    fn chances(&self) -> usize {
        usize::from(self.cell.done.fetch_or(false, AcqRel))
    }

    fn held(&self) -> Held {
        self.cell.runner.held()
    }

    fn queue(&self) -> &WaitQueue {
        &self.cell.waiting
    }

    fn patience(&self) -> &Patience {
        &self.cell.patience
    }
}
