//! The thread's driver: runs an operation and parks the thread while it cannot go on.

use super::queue::{Kind, Node};
use super::registry::{Listing, Wait};
use super::{Ended, Interrupt, Limit, Operation, ambient, turn};
use crate::prim::{MODEL, Parker, hint, thread};
use std::panic::Location;
use std::pin::pin;
use std::task::{Poll, Waker};

/// Runs `operation` to its end, or to that of `limit`. Sleeps in between and allocates nothing.
#[inline]
pub(crate) fn block<O: Operation>(
    operation: &mut O,
    limit: Limit<'_>,
    site: &'static Location<'static>,
) -> Result<O::Output, Ended> {
    match operation.glance() {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => block_unserved(operation, limit, site),
    }
}

/// `block`, for one who has just tried in vain: under what ends waits on this thread, if the operation has a word for
/// that.
///
/// It does not try again at once. That would be in vain as well, and take the cache line away once more from whoever
/// is at work on it.
#[cold]
#[inline(never)]
pub(crate) fn block_unserved<O: Operation>(
    operation: &mut O,
    limit: Limit<'_>,
    site: &'static Location<'static>,
) -> Result<O::Output, Ended> {
    let Some(cancelled) = O::CANCELLED else {
        return block_until(operation, limit, site);
    };
    let ended = ambient::with_current(|source| {
        let interrupt = source.map(|source| source.interrupt());
        block_until(operation, limit.under(interrupt), site)
    });
    match ended {
        Err(Ended::Cancelled) => Ok(cancelled(operation)),
        ended => ended,
    }
}

fn block_until<O: Operation>(
    operation: &mut O,
    limit: Limit<'_>,
    site: &'static Location<'static>,
) -> Result<O::Output, Ended> {
    // Whether a wake was spent on us: then others may have been left to us while we were on our way.
    let mut woken = false;
    turn::waits(false);
    loop {
        if let Some(ended) = limit.reached() {
            // A glance may have missed it.
            if let Poll::Ready(output) = operation.last_attempt() {
                serve_others(operation, woken);
                return Ok(output);
            }
            if woken {
                // Our own wake goes to somebody in any case.
                operation.hand_on(operation.chances().max(1));
            }
            return Err(ended);
        }
        if let Some(output) = spin(operation, limit) {
            serve_others(operation, woken);
            return Ok(output);
        }
        woken |= Parker::with_current(|parker, waker| sleep(operation, limit, site, parker, waker));
        // The wake, if there was one, came before this attempt and so is used by it.
        if let Poll::Ready(output) = operation.attempt() {
            serve_others(operation, woken);
            return Ok(output);
        }
    }
}

/// Lets a little time pass, and looks in between.
fn spin<O: Operation>(operation: &mut O, limit: Limit<'_>) -> Option<O::Output> {
    if !MODEL && operation.is_to_wake_up() {
        // If the system has put it behind us, every pause would keep it from running.
        hint::yield_now();
        if let Poll::Ready(output) = operation.glance() {
            return Some(output);
        }
    }
    let mut spin = operation.patience().begin(operation.moves());
    while limit.reached().is_none() && spin.step(operation.patience()) {
        if let Poll::Ready(output) = operation.glance() {
            spin.paid(operation.patience());
            return Some(output);
        }
    }
    None
}

/// The operation is done. If movers have left waiters to us, they are woken for what is left to have.
fn serve_others<O: Operation>(operation: &O, woken: bool) {
    if woken {
        operation.hand_on(operation.chances());
    }
}

/// Waits in the queue until woken, until the limit is reached or until the operation looks possible.
/// Returns whether a waker spent its wake on us.
fn sleep<O: Operation>(
    operation: &O,
    limit: Limit<'_>,
    site: &'static Location<'static>,
    parker: &Parker,
    waker: &Waker,
) -> bool {
    let node = pin!(Node::wanting(Kind::Thread, operation.wants()));
    let node = node.as_ref();
    let queue = operation.queue();
    let this_thread = thread::current();
    // SAFETY: the node is new, pinned in this frame, and leaves before the frame ends: nothing from here to
    // there panics, as it is all ours, or calls of the system that report no errors. The queue outlives
    // the operation.
    unsafe { queue.join_as(node, waker.clone(), operation.rank()) };
    Interrupt::also_wakes(limit.interrupt(), waker, || {
        if operation.chances() == 0 && limit.reached().is_none() {
            let listing = pin!(Listing::new());
            listing.as_ref().enter(Wait {
                what: O::WAITS_FOR,
                object: queue,
                site,
                thread: Some(this_thread),
                held: operation.held(),
                timed: limit.is_timed(),
            });
            while !node.is_notified() && limit.reached().is_none() {
                parker.park(limit.wakes_at());
            }
        }
    });
    // SAFETY: joined above and not left.
    let woken = unsafe { queue.leave(node) };
    if woken {
        queue.arrive();
        operation.note_woken(Kind::Thread);
    }
    woken
}
