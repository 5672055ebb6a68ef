//! Ending work from outside: tokens that are cancelled, and waits that end with them.
//!
//! A [`CancelToken`] is asked to end a piece of work: by a call, by a deadline, with its parent. Work that runs
//! [`within`](CancelToken::within) it need not know of it: the waits in it end with an error, and errors go where
//! errors go.
//!
//! ```
//! use brigade::cancel::CancelToken;
//! use brigade::channel;
//! use std::thread;
//!
//! let (sender, receiver) = channel::bounded(0);
//! let server = CancelToken::new();
//! let worker = {
//!     let request = server.child();
//!     thread::spawn(move || {
//!         request.within(|| {
//!             let mut sum = 0;
//!             while let Ok(value) = receiver.recv() {
//!                 sum += value;
//!             }
//!             (sum, request.reason())
//!         })
//!     })
//! };
//! sender.send(5)?; // with no room in the channel, it waits for the worker
//! server.cancel(); // nobody has closed the channel
//! let (sum, reason) = worker.join().unwrap();
//! assert_eq!(sum, 5);
//! assert!(reason.is_some());
//! # Ok::<(), channel::SendError<i32>>(())
//! ```
//!
//! # What it ends
//!
//! | a wait of | ends with |
//! |---|---|
//! | a channel of any kind: send, receive, reserve, many at once | `Cancelled` of its own error; values come back or stay where they are |
//! | an iterator, a stream | its end |
//! | `closed` of a sender | `false` |
//! | a semaphore | [`AcquireError::Cancelled`](crate::sync::AcquireError::Cancelled) |
//! | a job | [`JobError::WaitCancelled`](crate::pool::JobError::WaitCancelled); the job goes on alone |
//! | a pool's queue, for room | [`Rejected::Cancelled`](crate::pool::Rejected::Cancelled), with the job |
//! | another attempt, for its time | [`Stopped::Cancelled`](crate::policy::Stopped::Cancelled), with the last failure |
//! | a rate limit | [`RateError::Cancelled`](crate::policy::RateError::Cancelled) |
//! | a [pipeline](crate::pipeline), and what waits in its stages | an error with [`Failure::Cancelled`](crate::scope::Failure::Cancelled) |
//! | a [`Select`](crate::select::Select) | [`SelectError::Cancelled`](crate::select::SelectError::Cancelled) |
//! | [`select!`](crate::select!) and [`select_async!`](crate::select_async!) | the first case that receives or sends, with its error |
//! | locks, condition variables, barriers, latches, events, what is done once, another token | nothing: these waits go on |
//!
//! Cancellation ends waits, not work: an operation that can be done at once is done, cancelled or not, and
//! `try_` operations ask no token. A loop that never waits asks its token itself, with
//! [`check`](CancelToken::check). Futures of other libraries end by
//! [`run_async`](CancelToken::run_async). Cleaning up that has to wait runs in a [`shield`].
//!
//! Nothing is lost: whoever is cancelled tries a last time before it gives up, and passes a wake on that it does
//! not use.
//!
//! # The protocol
//!
//! Each token has a *branch*: a mark, a queue of those who wait under it (`wait/interrupt.rs`), and a lock around the
//! list of its children and that of its callbacks. A child keeps its parent alive; the parent's list does not keep the
//! child, and the last clone of a child to go takes it off the list.
//!
//! **The mark** is written once, by a compare-exchange; it says the reason, and the one where it began. So the first
//! cancel wins. Who finds the deadline in the past, a canceller too, writes the mark of the deadline: what was seen
//! once is what everybody sees.
//!
//! **To cancel** is to mark, and then to spread: take the list of children under the lock, mark each child and go on
//! with those that had no mark; when all below are marked, wake all in their queues. The lock is released before
//! anything is woken, marked or dropped. It is a loop over a list of branches, not a recursion. Callbacks come last, one
//! by one, each taken out under the lock and called outside: a wait is never held up by one.
//!
//! **No child is missed.** A child is put into the list under the lock, if there is no mark; else it is marked instead.
//! The canceller marks before it takes the lock. If it takes the lock later than the child, it finds the child in the
//! list. If it was first, its mark is seen. The child is whole by then, so it can be marked as soon as it is listed.
//! Callbacks are put in by the same rule: found in the list, or called at once.
//!
//! **No wait is missed**: `wait/README.md` has that, under *Cancelled*.
//!
//! **Deadlines.** A child's deadline is the earlier of its own and its parent's, with the reason that belongs to it. So
//! nobody has to be told: each look at a token is a look at the clock. Threads wake up by themselves. For tasks and
//! callbacks the branch sets an alarm, when the first of them comes, and the thread that keeps the time for all spreads
//! from there. An alarm does not keep a token alive.

mod branch;
mod future;
mod guard;
mod keep;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod reason;
mod registration;
mod sleeping;
mod slots;
#[cfg(all(test, not(brigade_loom)))]
mod tests;
mod token;

pub use future::{RunFuture, WaitFuture, WithinFuture};
pub use guard::DropGuard;
pub(crate) use keep::{Keep, Keeper};
pub use reason::{Cancelled, Reason};
pub use registration::Registration;
pub(crate) use sleeping::{Sleeping, Why};
pub use token::CancelToken;

use crate::wait::under;
use branch::Branch;
use std::future::Future;

/// The token that this thread is under at this moment, or the task that is polled.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{self, CancelToken};
///
/// let token = CancelToken::new();
/// assert_eq!(cancel::current(), None);
/// assert_eq!(token.within(cancel::current), Some(token));
/// ```
#[must_use]
pub fn current() -> Option<CancelToken> {
    let branch = crate::wait::current()?.into_any();
    branch.downcast::<Branch>().ok().map(CancelToken::of)
}

/// Runs `body` under no token: for cleaning up that has to wait.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{self, CancelToken};
/// use brigade::channel;
///
/// let (sender, receiver) = channel::bounded(1);
/// let token = CancelToken::new();
/// token.cancel();
/// token.within(|| {
///     let logger = std::thread::spawn(move || receiver.iter().count());
///     cancel::shield(|| {
///         sender.send("half of it is done").unwrap();
///         sender.send("and the rest is not").unwrap();
///     });
///     drop(sender);
///     assert_eq!(logger.join().unwrap(), 2);
/// });
/// ```
pub fn shield<T>(body: impl FnOnce() -> T) -> T {
    under(None, body)
}

/// The same for a future: whenever it is polled, it is under no token.
///
/// A child of a [`task::group`](crate::task::group) that awaits one is not dropped before it is done.
pub fn shield_async<F: Future>(future: F) -> WithinFuture<F> {
    WithinFuture::new(None, future)
}

/// Why the wait was cancelled that has just ended on this thread.
pub(crate) fn why_cancelled() -> Reason {
    let reason = current().and_then(|token| token.reason());
    debug_assert!(reason.is_some(), "only a token ends a wait like this");
    reason.unwrap_or(Reason::User)
}
