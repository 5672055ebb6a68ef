//! Broadcast: every receiver gets every value. Made by [`channel::broadcast`](fn@super::broadcast).
//!
//! - Each receiver gets a clone of every value sent since it subscribed, in the order of sending, at its own
//!   pace. Threads and tasks may be on either side.
//! - Senders never wait. The channel keeps the last `capacity` values; a receiver that is slower than that
//!   loses some, is told exactly how many ([`Lagged`]), and goes on with the oldest that is kept.
//! - A value is kept until it is overtaken, or until the last receiver is gone, whether or not everybody has
//!   received it. If that is large, send an `Arc` of it.
//! - The channel is closed when it is told so, or when no sender is left. What it keeps is still received; then
//!   receivers get [`RecvError::Closed`].
//! - `Clone` and `Drop` of a value may take their time, panic, or use the channel: nothing is held meanwhile.
//! - Dropping a future loses nothing: the receiver stands where it stood.
//!
//! Several receivers clone one value at the same time, so a channel crosses threads only if its values are
//! [`Sync`], even if they do not:
//!
//! ```compile_fail,E0277
//! let (sender, receiver) = brigade::channel::broadcast(1);
//! std::thread::spawn(move || receiver);
//! sender.send(std::cell::Cell::new(1));
//! ```
//!
//! ```compile_fail,E0277
//! let (sender, receiver) = brigade::channel::broadcast(1);
//! std::thread::spawn(move || sender.send(std::cell::Cell::new(1)));
//! drop(receiver);
//! ```
//!
//! And no channel makes [`Send`] what is not:
//!
//! ```compile_fail,E0277
//! let (sender, mut receiver) = brigade::channel::broadcast(1);
//! sender.send(std::rc::Rc::new(1));
//! std::thread::spawn(move || receiver.recv().unwrap());
//! ```
//!
//! # Examples
//!
//! ```
//! use brigade::channel;
//! use std::thread;
//!
//! let (sender, receiver) = channel::broadcast(16);
//! let listeners: Vec<_> = (0..3)
//!     .map(|_| {
//!         let receiver = receiver.clone();
//!         thread::spawn(move || receiver.into_iter().map(|value| value.unwrap()).sum::<u32>())
//!     })
//!     .collect();
//! for number in 1..=4 {
//!     sender.send(number)?;
//! }
//! drop(sender);
//! for listener in listeners {
//!     assert_eq!(listener.join().unwrap(), 10);
//! }
//! # Ok::<(), channel::broadcast::SendError<u32>>(())
//! ```
//!
//! This module does not know how anybody sleeps (`wait`).

mod error;
mod future;
mod iter;
#[cfg(all(test, brigade_loom))]
mod model;
mod node;
mod operation;
mod receiver;
mod ring;
mod sender;
mod shared;

pub use error::{Lagged, RecvError, RecvTimeoutError, SendError, TryRecvError};
pub use future::{RecvDeadlineFuture, RecvFuture, RecvStream};
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use sender::Sender;

use crate::prim::Arc;
use shared::Shared;

/// The handles of a new channel.
#[track_caller]
pub(super) fn handles<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(capacity));
    (Sender::first(Arc::clone(&shared)), Receiver::first(shared))
}
