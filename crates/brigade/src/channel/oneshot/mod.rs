//! One value, handed over once: the answer to a question, the result of some work.
//!
//! [`oneshot()`](super::oneshot()) makes the two ends. Each may be used by a thread or by a task, in any
//! mix, and neither can be cloned.
//!
//! - [`Sender::send`] never waits. It takes the sender with it: there is no second value. If the receiver
//!   is gone, the value comes back.
//! - [`Receiver::recv`] blocks the thread; awaiting the receiver, or `&mut receiver`, suspends the task.
//!   A receive that ends without the value (a timeout, a dropped future) has taken nothing, and the value
//!   can still be received by another one.
//! - A sender that is dropped without sending, and a receiver that is dropped or
//!   [closed](Receiver::close), end the wait of the other side: an answer that nobody will send is an
//!   error, and an answer that nobody wants can be noticed ([`Sender::closed`]).
//!
//! The pair is one allocation, made with the channel. Sending, receiving and waiting allocate nothing.
//!
//! # Examples
//!
//! Each question carries the way for its answer:
//!
//! ```
//! use brigade::channel::{self, oneshot};
//! use std::thread;
//!
//! let (questions, inbox) = channel::bounded::<(u32, oneshot::Sender<u32>)>(4);
//! let server = thread::spawn(move || {
//!     for (number, reply) in inbox {
//!         // Who asked may have gone; then there is nobody to tell.
//!         let _ = reply.send(number * number);
//!     }
//! });
//!
//! let (reply, answer) = channel::oneshot();
//! questions.send((12, reply))?;
//! assert_eq!(answer.recv(), Ok(144)); // a thread
//!
//! # futures::executor::block_on(async {
//! let (reply, answer) = channel::oneshot();
//! questions.send_async((5, reply)).await?;
//! assert_eq!(answer.await, Ok(25)); // a task
//! # Ok::<(), channel::SendError<_>>(())
//! # })?;
//!
//! drop(questions);
//! server.join().unwrap();
//! # Ok::<(), channel::SendError<(u32, oneshot::Sender<u32>)>>(())
//! ```
//!
//! This module does not know how anybody sleeps (`wait`).

mod future;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod receiver;
mod sender;
mod shared;

pub use future::{
    ClosedDeadlineFuture, ClosedFuture, OwnedRecvFuture, RecvDeadlineFuture, RecvFuture,
};
pub use receiver::Receiver;
pub use sender::Sender;

/// The two ends of a new channel.
#[inline]
pub(super) fn handles<T>() -> (Sender<T>, Receiver<T>) {
    let (sending, receiving) = shared::ends();
    (Sender::new(sending), Receiver::new(receiving))
}
