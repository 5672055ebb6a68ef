//! Channels: hand values from any number of threads and tasks to any number of others.
//!
//! One channel, one pair of handles, for both worlds: `recv()` blocks the thread,
//! `recv_async().await` suspends the task, and either may be on either side.
//!
//! - [`bounded`] holds at most so many values; who sends faster than others receive waits
//!   (backpressure). [`unbounded`] never makes a sender wait, and has no limit on memory.
//! - [`priority()`] has several lanes, each with a sender and a bound of its own; what is urgent comes first.
//! - [`Sender`] and [`Receiver`] are both `Clone`; each value goes to one receiver, in the order of
//!   sending.
//! - The channel is closed when it is told so, or when one side has no handle left. What was sent before
//!   is still received; then receivers get [`RecvError`].
//! - A value that could not be sent comes back in the error.
//! - [`after`], [`at`] and [`tick`] are receivers that the clock fills, and from [`never()`] nothing comes.
//! - Dropping a future loses nothing: a dropped receive takes no value, a dropped send drops only
//!   the value that it has not sent, and [`SendFuture::cancel`] gives even that one back.
//!
//! # Examples
//!
//! Two workers take from one queue:
//!
//! ```
//! use brigade::channel;
//! use std::thread;
//!
//! let (sender, receiver) = channel::bounded(4);
//! let workers: Vec<_> = (0..2)
//!     .map(|_| {
//!         let receiver = receiver.clone();
//!         thread::spawn(move || receiver.iter().sum::<u32>())
//!     })
//!     .collect();
//! for number in 1..=100 {
//!     sender.send(number)?;
//! }
//! drop(sender);
//! let sum: u32 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
//! assert_eq!(sum, 5050);
//! # Ok::<(), channel::SendError<u32>>(())
//! ```
//!
//! This module does not know how its queues work (`queue`), nor how anybody sleeps (`wait`).

mod clock;
mod error;
mod future;
mod iter;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod priority;
mod receiver;
mod select;
mod sender;
mod shared;
mod sink;
mod weak;

pub use clock::{after, at, never, tick};
pub use error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
pub use future::{RecvDeadlineFuture, RecvFuture, RecvStream, SendDeadlineFuture, SendFuture};
pub use iter::{Drain, IntoIter, Iter, TryIter};
pub use priority::priority;
pub use receiver::Receiver;
pub use sender::Sender;
pub use sink::SendSink;
pub use weak::{WeakReceiver, WeakSender};

use crate::prim::Arc;
use crate::queue::{Blocks, Ring};
use shared::{Flavor, Shared};

/// Makes a channel that holds at most `capacity` values.
///
/// While it is full, senders wait.
///
/// # Panics
///
/// If `capacity` is 0 (a channel that hands over without holding is not there yet), or more than
/// memory can hold.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = brigade::channel::bounded(1);
/// sender.send("bucket")?;
/// assert!(sender.try_send("one too many").is_err());
/// assert_eq!(receiver.recv(), Ok("bucket"));
/// # Ok::<(), brigade::channel::SendError<&str>>(())
/// ```
#[must_use]
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "a bounded channel needs a capacity of at least 1"
    );
    handles(Flavor::Ring(Ring::new(capacity)))
}

/// Makes a channel without a limit.
///
/// Senders never wait. If they are faster than the receivers for long, memory fills up; prefer
/// [`bounded`] unless something else limits what is sent.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = brigade::channel::unbounded();
/// for n in 0..1000 {
///     sender.send(n)?;
/// }
/// assert_eq!(receiver.len(), 1000);
/// # Ok::<(), brigade::channel::SendError<i32>>(())
/// ```
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    handles(Flavor::Blocks(Blocks::new()))
}

fn handles<T>(flavor: Flavor<T>) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(flavor));
    (
        Sender::counted(Arc::clone(&shared), 0),
        Receiver::counted(shared),
    )
}
