//! Channels: hand values from any number of threads and tasks to any number of others.
//!
//! | for | there is |
//! |---|---|
//! | work for whoever is free | [`bounded`], where who sends faster than others receive waits; [`unbounded`], without a limit on memory |
//! | a meeting of sender and receiver | [`bounded`] with a capacity of 0 |
//! | work of which some is urgent | [`priority()`], with a lane, a sender and a bound for each degree |
//! | one sender and one receiver | [`spsc()`](fn@spsc) |
//! | one value, such as the answer to a question | [`oneshot()`](fn@oneshot) |
//! | every value to every receiver | [`broadcast()`](fn@broadcast) |
//! | the latest value, for all who want to know | [`watch()`](fn@watch) |
//! | a time to come | [`after`], [`at`], [`tick`]; from [`never()`] nothing comes |
//! | many channels at once | [`select!`](crate::select!), [`Select`](crate::select::Select) |
//!
//! All of them serve threads and tasks, in any mix: `recv()` blocks the thread, `recv_async().await` suspends the
//! task, and either may be on either side. In all of them receivers are told of the end only after the last
//! value, and a value that could not be sent comes back in the error. A dropped future has received nothing.
//!
//! Every wait here can be [cancelled](crate::cancel): then it fails with `Cancelled`, and iterators and streams end.
//!
//! # Many senders, many receivers
//!
//! [`Sender`] and [`Receiver`] are the handles of bounded and unbounded channels, and of those with priorities.
//!
//! - Both are `Clone`. Each value goes to one receiver, in the order of sending, or of its lane.
//! - The channel is closed when it is told so, or when one side has no handle left. Once it is empty too,
//!   receivers get [`RecvError`]. [Weak](Sender::downgrade) handles do not count.
//! - Many values in one call: [`send_many`](Sender::send_many), [`recv_many`](Receiver::recv_many),
//!   [`drain`](Receiver::drain).
//! - Room first and the value later: [`reserve`](Sender::reserve). The newest in the place of the oldest:
//!   [`force_send`](Sender::force_send).
//! - Dropping a future of a send drops only the value that it has not sent, and [`SendFuture::cancel`] gives
//!   even that one back.
//! - A receiver is an iterator ([`iter`](Receiver::iter)) or a stream ([`into_stream`](Receiver::into_stream)),
//!   a sender a sink ([`into_sink`](Sender::into_sink)).
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

mod batch;
pub mod broadcast;
mod clock;
mod error;
mod future;
mod iter;
#[cfg(all(test, brigade_loom))]
mod model;
pub mod oneshot;
mod operation;
mod permit;
mod priority;
mod receiver;
mod select;
mod sender;
mod shared;
mod sink;
pub mod spsc;
pub mod watch;
mod weak;

pub use batch::{RecvManyDeadlineFuture, RecvManyFuture, SendManyDeadlineFuture, SendManyFuture};
pub use clock::{after, at, never, tick};
pub use error::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
pub use future::{RecvDeadlineFuture, RecvFuture, RecvStream, SendDeadlineFuture, SendFuture};
pub use iter::{Drain, IntoIter, Iter, TryIter};
pub use permit::{Permit, ReserveDeadlineFuture, ReserveFuture};
pub use priority::priority;
pub use receiver::Receiver;
pub use sender::Sender;
pub use sink::SendSink;
pub use weak::{WeakReceiver, WeakSender};

use crate::prim::Arc;
use crate::queue::{Blocks, Rendezvous, Ring};
use shared::{Flavor, Shared};

/// Makes a channel that holds at most `capacity` values.
///
/// While it is full, senders wait.
///
/// A channel with a capacity of 0 is a rendezvous: a value is accepted only once a receiver has asked for it.
/// Every receive asks for one, and takes its question back if it gives up. Should it give up when the value has
/// just been accepted, the next receiver gets that value. A [`try_recv`](Receiver::try_recv) that finds a sender
/// asleep wakes it, and leaves its question to it: the value is there for the next receive.
///
/// # Panics
///
/// If `capacity` is more than memory can hold.
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
    handles(if capacity == 0 {
        Flavor::Rendezvous(Box::new(Rendezvous::new()))
    } else {
        Flavor::Ring(Ring::new(capacity))
    })
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

/// Makes a channel that holds one value, which senders replace and every receiver sees.
///
/// There is always a latest value, at first `initial`; the [module](mod@watch) says more.
///
/// # Examples
///
/// ```
/// let (sender, mut receiver) = brigade::channel::watch("starting");
/// assert_eq!(*receiver.get(), "starting");
/// sender.send("ready")?;
/// assert_eq!(receiver.changed().as_deref(), Ok(&"ready"));
/// # Ok::<(), brigade::channel::SendError<&str>>(())
/// ```
#[must_use]
pub fn watch<T>(initial: T) -> (watch::Sender<T>, watch::Receiver<T>) {
    watch::handles(initial)
}

/// Makes a channel for one value. See [the module](mod@oneshot).
///
/// # Examples
///
/// ```
/// use brigade::channel;
/// use std::thread;
///
/// let (sender, receiver) = channel::oneshot();
/// thread::spawn(move || sender.send("done"));
/// assert_eq!(receiver.recv(), Ok("done"));
/// ```
#[inline]
pub fn oneshot<T>() -> (oneshot::Sender<T>, oneshot::Receiver<T>) {
    oneshot::handles()
}

/// Makes a channel that gives every value to every receiver, and keeps the last `capacity` values for
/// those who are slower.
///
/// See [the module](mod@broadcast) for how it behaves.
///
/// # Panics
///
/// If `capacity` is 0, or more than memory can hold.
///
/// # Examples
///
/// ```
/// let (sender, mut one) = brigade::channel::broadcast(8);
/// let mut other = sender.subscribe();
/// assert_eq!(sender.send("to all"), Ok(2));
/// assert_eq!((one.recv(), other.recv()), (Ok("to all"), Ok("to all")));
/// ```
#[must_use]
#[track_caller]
pub fn broadcast<T: Clone>(capacity: usize) -> (broadcast::Sender<T>, broadcast::Receiver<T>) {
    broadcast::handles(capacity)
}

/// Makes a channel that holds at most `capacity` values, for one sender and one receiver. See
/// [the module](mod@spsc).
///
/// # Panics
///
/// If `capacity` is 0, or more than memory can hold.
///
/// # Examples
///
/// ```
/// use brigade::channel;
/// use std::thread;
///
/// let (mut sender, mut receiver) = channel::spsc(16);
/// let producer = thread::spawn(move || sender.send("bucket"));
/// assert_eq!(receiver.recv(), Ok("bucket"));
/// assert_eq!(producer.join().unwrap(), Ok(()));
/// ```
#[must_use]
#[track_caller]
pub fn spsc<T>(capacity: usize) -> (spsc::Sender<T>, spsc::Receiver<T>) {
    assert!(
        capacity > 0,
        "a bounded channel needs a capacity of at least 1"
    );
    spsc::handles(capacity)
}

fn handles<T>(flavor: Flavor<T>) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(flavor));
    (
        Sender::counted(Arc::clone(&shared), 0),
        Receiver::counted(shared),
    )
}
