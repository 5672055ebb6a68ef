//! One sender, one receiver: a bounded channel for two, which costs about half of one for many.
//!
//! [`spsc()`](super::spsc()) makes the two ends. Each may be used by a thread or by a task, in any mix.
//! They are not `Clone`, and sending and receiving take `&mut self`: that nobody else is on the same side
//! is what makes it cheap, and the compiler sees to it.
//!
//! Everything else is as with [`bounded`](super::bounded): values arrive in order, who sends faster than the
//! other receives waits, the channel is closed when it is told so or when an end is dropped, what was sent
//! before is still received, and a dropped future loses nothing.
//!
//! Who has many values at hand saves most with [`Sender::send_many`] and [`Receiver::recv_many`], which hand
//! them over as one.
//!
//! # Examples
//!
//! ```
//! use brigade::channel;
//! use std::thread;
//!
//! let (mut sender, receiver) = channel::spsc(64);
//! let producer = thread::spawn(move || {
//!     for number in 1..=100 {
//!         sender.send(number)?;
//!     }
//!     Ok::<(), channel::SendError<u32>>(())
//! });
//! assert_eq!(receiver.into_iter().sum::<u32>(), 5050);
//! producer.join().unwrap()?;
//! # Ok::<(), channel::SendError<u32>>(())
//! ```
//!
//! This module does not know how its ring works (`queue`), nor how anybody sleeps (`wait`).

mod future;
mod iter;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod receiver;
mod sender;
mod shared;

pub use future::{
    RecvDeadlineFuture, RecvFuture, RecvManyFuture, RecvStream, SendDeadlineFuture, SendFuture,
    SendManyFuture,
};
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::Sender;

/// The two ends of a new channel.
#[track_caller]
pub(super) fn handles<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sending, receiving) = shared::ends(capacity);
    (Sender::new(sending), Receiver::new(receiving))
}
