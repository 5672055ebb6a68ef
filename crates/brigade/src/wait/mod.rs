//! The one place where anything sleeps or wakes.
//!
//! What applications see of it is [`waiters`]: who waits inside Brigade at this moment, for what,
//! since when, and at which line of the program. Threads and tasks alike, whatever they wait for.
//!
//! Inside, an operation that may have to wait (send, receive, join ...) is written once: try, and say
//! at which queue to wait. Two drivers run it: `block` parks the thread, `Wait` returns `Pending` to
//! the task. Deadlines, interruption and the list of waiters are the drivers' work, so every operation
//! has them. The protocol, and why no wake-up is lost, is in `README.md` beside this file.
//!
//! This module knows nothing of channels, locks or pools, and no runtime.

mod ambient;
mod arms;
mod block;
mod calls;
mod condition;
mod interrupt;
mod limit;
#[cfg(all(test, brigade_loom))]
mod model;
mod patience;
#[cfg(test)]
mod permits;
mod queue;
mod registry;
mod select;
mod sight;
mod task;
#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests;
mod timer;
mod turn;

pub(crate) use ambient::{Ambient, current, under};
pub(crate) use arms::{Drive, Look, Place, try_once};
pub(crate) use block::{block, block_unserved};
pub(crate) use calls::{Call, Calls};
pub(crate) use condition::{WaitUntilWoken, block_until_woken};
pub(crate) use interrupt::{Door, Due, Interrupt, Interrupts};
pub(crate) use limit::{Ended, Limit, deadline_after};
pub(crate) use patience::Patience;
#[cfg(all(test, brigade_loom))]
pub(crate) use permits::Source;
pub(crate) use queue::{Kind, Left, OBJECT, Rank, WaitQueue, Word};
pub(crate) use registry::What;
pub use registry::{Waiter, waiters};
pub(crate) use select::{Manner, Order, WaitAny, block_any, try_any};
pub use sight::{
    Deadlock, Holder, Nested, PotentialDeadlock, Stuck, on_deadlock, on_potential_deadlock,
};
pub(crate) use sight::{Held, Owner, Owners, Polling, Seat, Site};
pub(crate) use task::{Wait, WaitUntil};
pub(crate) use timer::Timer;
pub(crate) use turn::begins as begin_turn;

use std::task::Poll;

/// Something that may have to wait before it can finish.
///
/// # Safety
///
/// As long as the operation lives, `queue` returns the same queue, and that queue stays alive and
/// in place.
pub(crate) unsafe trait Operation {
    /// What a finished operation yields.
    type Output;

    /// What a waiter is said to wait for, in the words of the user: "channel recv".
    const WAITS_FOR: &'static What;

    /// What a wait that is cancelled ends with, when a last attempt has been in vain; after that it is as after
    /// `attempt`. `None` if it cannot be cancelled: then it goes on.
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = None;

    /// Tries to finish, without waiting. After `Ready` it is not called again.
    fn attempt(&mut self) -> Poll<Self::Output>;

    /// `attempt`, for one who looks again soon: may miss what has just become possible, and leave the cache
    /// lines of the other side alone.
    fn glance(&mut self) -> Poll<Self::Output> {
        self.attempt()
    }

    /// `attempt`, for one who does not look again: waits out the few instructions of somebody in the way.
    fn last_attempt(&mut self) -> Poll<Self::Output> {
        self.attempt()
    }

    /// Whether whoever brings what is waited for is about to wake up, perhaps on the processor of the waiting thread. A guess.
    #[inline]
    fn is_to_wake_up(&self) -> bool {
        false
    }

    /// Whether it is done for good: then nothing above is called any more. Changes only in an attempt.
    #[inline]
    fn is_over(&self) -> bool {
        false
    }

    /// Nobody waits for it any more, though somebody may again: takes back what an attempt has left behind for
    /// others to see.
    #[inline]
    fn withdraw(&mut self) {}

    /// The second look of the handshake, taken after joining the queue: how many waiters could go on
    /// now. None is exact; else it may be a guess, but not 0.
    ///
    /// Must synchronise with whoever makes the operation possible: either by a read-modify-write
    /// on the location that they modify before they look at the queue, or because they use
    /// [`WaitQueue::wake_all`] after a plain store.
    fn chances(&self) -> usize;

    /// A wake has been spent on it, a thread's or a task's, and it is about to be tried again.
    #[inline]
    fn note_woken(&self, _kind: Kind) {}

    /// Whether a task that was woken, and has tried in vain, is to be polled again instead of going back to the queue.
    #[inline]
    fn lingers(&mut self) -> bool {
        false
    }

    /// Whether a task that lingers is not even to try this time.
    #[inline]
    fn dozes(&self) -> bool {
        false
    }

    /// How much of what the object has it wants: for [`WaitQueue::wake_one_if`].
    #[inline]
    fn wants(&self) -> u32 {
        1
    }

    /// Where it joins the queue.
    #[inline]
    fn rank(&self) -> Rank {
        Rank::Last
    }

    /// Wakes others for so many chances that are left to them. See [`WaitQueue::hand_on`].
    fn hand_on(&self, chances: usize) {
        self.queue().hand_on(chances);
    }

    /// How often this operation has been done at this object, about, and from anywhere on: for
    /// [`Patience`] to tell batches from single values.
    fn moves(&self) -> usize {
        0
    }

    /// Who has what is waited for, if it is something that somebody has.
    #[inline]
    fn held(&self) -> Held {
        Held::nobody()
    }

    /// Where those wait who want this.
    fn queue(&self) -> &WaitQueue;

    /// What this object has learnt about spinning.
    fn patience(&self) -> &Patience;
}
