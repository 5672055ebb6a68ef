//! The door through which a wait is ended from outside: fired once, it ends every wait under it.
//!
//! It is a mark, one more queue that the waiter joins with the same waker, and maybe a deadline. The mark is
//! written once and says whatever its owner means by it. This module knows nothing of trees, reasons or
//! callbacks; those are built on it (`crate::cancel`).

use super::{
    WaitQueue,
    queue::{Kind, Node},
};
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicU8;
use crate::prim::{StdArc, clock};
use std::any::Any;
use std::fmt;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::task::Waker;
use std::time::Instant;

/// Nothing has happened.
const QUIET: u8 = 0;

/// Ends the waits that are under it.
#[derive(Debug)]
pub(crate) struct Interrupt {
    /// `QUIET`, or how it was fired. Written once.
    mark: AtomicU8,
    deadline: Option<Due>,
    waiting: WaitQueue,
}

/// A deadline, and the mark that it leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    pub(crate) mark: u8,
}

/// What has an interrupt, and is shared by those who wait under it.
pub(crate) trait Interrupts: Any + Send + Sync {
    fn interrupt(&self) -> &Interrupt;

    /// Has somebody call [`Interrupt::wake`] at the deadline, if there is one. For those who cannot keep the
    /// time themselves.
    fn set_alarm(&self);

    /// Itself, for its owner to find out what it is.
    fn into_any(self: StdArc<Self>) -> StdArc<dyn Any + Send + Sync>;
}

impl Interrupt {
    /// One that has not fired. The marks are not 0.
    pub(crate) fn new(deadline: Option<Due>) -> Self {
        Self {
            mark: AtomicU8::new(QUIET),
            deadline,
            waiting: WaitQueue::new(),
        }
    }

    /// How it was fired; `None` if it has not been.
    ///
    /// The first who finds the deadline in the past writes its mark, so that from then on nobody sees another.
    #[inline]
    pub(crate) fn fired(&self) -> Option<u8> {
        match self.mark.load(Acquire) {
            QUIET => self.deadline.and_then(|due| self.fired_by(due)),
            mark => Some(mark),
        }
    }

    fn fired_by(&self, due: Due) -> Option<u8> {
        if clock::now() < due.at {
            return None;
        }
        match self.mark.compare_exchange(QUIET, due.mark, AcqRel, Acquire) {
            Ok(_) => Some(due.mark),
            Err(earlier) => Some(earlier),
        }
    }

    #[inline]
    pub(crate) fn has_fired(&self) -> bool {
        self.fired().is_some()
    }

    pub(crate) fn deadline(&self) -> Option<Due> {
        self.deadline
    }

    /// Fires it, or has the deadline fire it, if that has passed. False if it had been fired before. Whoever has
    /// fired it calls [`Interrupt::wake`].
    pub(crate) fn fire(&self, mark: u8) -> bool {
        debug_assert!(mark != QUIET, "a mark says something");
        let mark = match self.deadline {
            Some(due) if clock::now() >= due.at => due.mark,
            _ => mark,
        };
        self.mark
            .compare_exchange(QUIET, mark, AcqRel, Acquire)
            .is_ok()
    }

    /// Wakes everybody under it. It has been fired.
    ///
    /// `wake_all` is the read-modify-write of the handshake: a waiter whose `join` comes before it is woken by
    /// it, one whose `join` comes after it acquires the mark.
    #[cold]
    pub(crate) fn wake(&self) {
        self.waiting.wake_all();
    }

    /// Runs `sleep`, in which this thread looks and then sleeps, with `waker` in the queue of `interrupt` too.
    pub(super) fn also_wakes(interrupt: Option<&Self>, waker: &Waker, sleep: impl FnOnce()) {
        let Some(interrupt) = interrupt else {
            return sleep();
        };
        let node = pin!(Node::new(Kind::Thread));
        let node = node.into_ref();
        let queued = Queued { interrupt, node };
        // SAFETY: the node is new, pinned in this frame, and leaves with `queued` before that ends; the interrupt is
        // borrowed for longer.
        unsafe { interrupt.waiting.join(queued.node, waker.clone()) };
        sleep();
        drop(queued);
    }

    /// Where those wait who wait for nothing else.
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.waiting
    }
}

/// A thread's second place while it sleeps.
struct Queued<'a> {
    interrupt: &'a Interrupt,
    node: Pin<&'a Node>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let queue = &self.interrupt.waiting;
        // SAFETY: nothing comes between its making and the join but the clone of our own waker; it has not left.
        // Firing is for all, so a wake that came is nobody else's.
        if unsafe { queue.leave(self.node) } {
            queue.arrive();
        }
    }
}

/// A second place, in the queue of an interrupt, of one who waits for something else.
///
/// It keeps the interrupt alive and has to be pinned; its drop leaves.
pub(crate) struct Door {
    source: StdArc<dyn Interrupts>,
    node: Node,
    _pinned: PhantomPinned,
}

impl Door {
    /// That of a task.
    pub(crate) fn new(source: StdArc<dyn Interrupts>) -> Self {
        Self {
            source,
            node: Node::new(Kind::Task),
            _pinned: PhantomPinned,
        }
    }

    /// Whether it belongs to `source`.
    pub(super) fn is_of(&self, source: &StdArc<dyn Interrupts>) -> bool {
        StdArc::ptr_eq(&self.source, source)
    }

    fn node(self: Pin<&Self>) -> Pin<&Node> {
        // SAFETY: never moved out of a door, which is pinned.
        unsafe { self.map_unchecked(|door| &door.node) }
    }

    /// Joins the queue, or keeps its place there, and looks. Returns whether the interrupt has fired; if not,
    /// `waker` is called when it does.
    pub(crate) fn watch(self: Pin<&Self>, waker: &Waker) -> bool {
        let interrupt = self.source.interrupt();
        while !interrupt.has_fired() {
            if !self.node.is_joined() {
                // SAFETY: in no queue, and pinned with `self`, whose drop takes it out; `self` keeps the queue alive.
                unsafe { interrupt.waiting.join(self.node(), waker.clone()) };
                // After that: if it cannot be set, all in the queue are woken.
                self.source.set_alarm();
                // The second look.
                return interrupt.has_fired();
            }
            // SAFETY: joined and not left.
            if unsafe { interrupt.waiting.refresh(self.node(), waker) } {
                return false;
            }
            // Woken, but not by the mark: somebody who could not keep the time (`Interrupts::set_alarm`).
            self.node.reset();
        }
        true
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.node.is_joined() {
            // SAFETY: pinned since it joined (`watch`), joined and not left. Firing is for all, so a wake that came
            // is nobody else's.
            unsafe {
                let node = Pin::new_unchecked(&self.node);
                self.source.interrupt().waiting.leave(node);
            }
        }
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}
