//! Waiting for a wake itself, by one who has to let go of a lock first and will need it again.
//!
//! The two drivers of a condition variable. Other waits are for a state that can be looked at, and a wake only says
//! that it is worth looking; here the wake is all there is. So there is no operation to try, and no second look:
//! who has joined before the lock was released is seen by everybody who takes the lock afterwards.
//!
//! It knows no lock: it joins one queue, and may be moved to another (`queue/requeue.rs`).

use super::queue::{Kind, Left, Movable};
use super::registry::{Listing, Wait};
use super::timer::Timer;
use super::{Held, Limit, WaitQueue, What, turn};
use crate::prim::thread::Thread;
use crate::prim::{Parker, thread};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

/// Joins `queue`, calls `release`, and sleeps until it has been moved to `to` and been woken there, or until
/// `deadline`. Returns where it was in the end.
pub(crate) fn block_until_woken(
    queue: &WaitQueue,
    to: &WaitQueue,
    waits: (&'static What, &'static Location<'static>),
    deadline: Option<Instant>,
    release: impl FnOnce(),
) -> Left {
    let movable = pin!(Movable::new(Kind::Thread, to));
    let movable = movable.as_ref();
    let listing = pin!(Listing::new());
    let limit = Limit::until(deadline);
    let this_thread = thread::current();
    turn::waits(false);
    let left = Parker::with_current(|parker, waker| {
        // SAFETY: it is new, pinned in this frame, and leaves before the frame ends: nothing in between panics, as it
        // is all ours. Both queues are borrowed for longer.
        unsafe { queue.join_movable(movable, waker.clone()) };
        release();
        listing
            .as_ref()
            .enter(waiting(queue, waits, Some(this_thread)));
        while !movable.node().is_notified() && limit.reached().is_none() {
            parker.park(deadline);
        }
        // SAFETY: joined above and not left.
        unsafe { queue.leave_movable(movable) }
    });
    listing.as_ref().leave();
    if left == Left::Woken {
        to.arrive();
    }
    left
}

/// A wake is what is waited for, and nobody has it.
fn waiting<'a>(
    queue: &'a WaitQueue,
    (what, site): (&'static What, &'static Location<'static>),
    thread: Option<Thread>,
) -> Wait<'a> {
    Wait {
        what,
        object: queue,
        site,
        thread,
        held: Held::nobody(),
        timed: false,
    }
}

/// The same for a task, which is never moved: it is woken, and then wants the lock.
///
/// Whoever drops it before it is done passes on what it has been given: see [`WaitUntilWoken::give_up`].
#[derive(Debug)]
pub(crate) struct WaitUntilWoken<'a> {
    queue: &'a WaitQueue,
    waits: (&'static What, &'static Location<'static>),
    deadline: Option<Instant>,
    movable: Movable,
    listing: Listing,
    timer: Timer,
}

impl<'a> WaitUntilWoken<'a> {
    pub(crate) fn new(
        queue: &'a WaitQueue,
        to: &'a WaitQueue,
        waits: (&'static What, &'static Location<'static>),
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            queue,
            waits,
            deadline,
            movable: Movable::new(Kind::Task, to),
            listing: Listing::new(),
            timer: Timer::new(),
        }
    }

    fn project(self: Pin<&Self>) -> (Pin<&Movable>, Pin<&Listing>, Pin<&Timer>) {
        let this = self.get_ref();
        // SAFETY: none of them is moved out of `self`, which is pinned.
        unsafe {
            (
                Pin::new_unchecked(&this.movable),
                Pin::new_unchecked(&this.listing),
                Pin::new_unchecked(&this.timer),
            )
        }
    }

    /// The first poll joins the queue; whoever has the lock may release it then. Once done, it is as new.
    pub(crate) fn poll(self: Pin<&Self>, cx: &Context<'_>) -> Poll<Left> {
        let (movable, listing, timer) = self.project();
        let node = movable.node();
        if !node.is_joined() {
            turn::waits(true);
            // SAFETY: in no queue, and pinned with `self`, whose drop takes it out; the queues are borrowed for
            // longer than `self` lives.
            unsafe { self.queue.join_movable(movable, cx.waker().clone()) };
            listing.enter(waiting(self.queue, self.waits, None));
        // SAFETY: joined and not left.
        } else if !unsafe { self.queue.refresh_movable(movable, cx.waker()) } {
            turn::begins();
            return self.give_up().map_or(Poll::Pending, Poll::Ready);
        }
        match (Limit::until(self.deadline).reached(), self.deadline) {
            (Some(_), _) => self.give_up().map_or(Poll::Pending, Poll::Ready),
            (None, Some(at)) => {
                timer.set(at, cx.waker());
                Poll::Pending
            }
            (None, None) => Poll::Pending,
        }
    }

    /// Leaves. Returns where it was; `None` if it has not joined, or has left before.
    pub(crate) fn give_up(self: Pin<&Self>) -> Option<Left> {
        let (movable, listing, _) = self.project();
        if !movable.node().is_joined() {
            return None;
        }
        listing.leave();
        // SAFETY: joined and not left.
        Some(unsafe { self.queue.leave_movable(movable) })
    }
}

impl Drop for WaitUntilWoken<'_> {
    fn drop(&mut self) {
        // SAFETY: if it has joined it has been pinned since, and a drop is in place.
        unsafe { Pin::new_unchecked(&*self) }.give_up();
    }
}
