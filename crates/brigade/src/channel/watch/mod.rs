//! Watch channels: one value that changes, for everybody who wants to know the latest.
//!
//! [`channel::watch`](super::watch()) makes one, with a first value in it. A [`Sender`] replaces the value,
//! and every [`Receiver`] sees the latest: a configuration, a state, a progress. Who looks rarely misses
//! what was replaced in between, and never the last one.
//!
//! - A value is read as a snapshot, an [`Arc`]. Nothing is locked while it is used, and so
//!   no reader holds up a sender or another reader, whatever it does with it.
//! - Each receiver remembers what it has seen. [`changed`](Receiver::changed) waits for a value that it has
//!   not, and [`wait_for`](Receiver::wait_for) for one that fits.
//! - A clone of a receiver has seen what the original has seen, and goes its own way from there. The first
//!   receiver, and one that is made by [`subscribe`](Sender::subscribe), has seen the value of that moment.
//! - When the last sender is dropped the channel is closed. Receivers are told so only after they have seen
//!   the last value.
//! - Dropping a future loses nothing: what it has not returned is not seen.
//!
//! # Examples
//!
//! ```
//! use brigade::channel;
//! use std::thread;
//!
//! let (sender, mut receiver) = channel::watch(0);
//! let reader = thread::spawn(move || {
//!     let mut last = 0;
//!     while let Ok(percent) = receiver.changed() {
//!         assert!(*percent > last); // some may be skipped ...
//!         last = *percent;
//!     }
//!     last
//! });
//! for percent in 1..=100 {
//!     sender.send(percent)?;
//! }
//! drop(sender);
//! assert_eq!(reader.join().unwrap(), 100); // ... but never the last
//! # Ok::<(), channel::SendError<i32>>(())
//! ```
//!
//! This module does not know how anybody sleeps (`wait`).

mod error;
mod future;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod receiver;
mod sender;
mod shared;

pub use error::{ChangedError, ChangedTimeoutError, TryChangedError};
pub use future::{ChangedDeadlineFuture, ChangedFuture, ChangedStream, ClosedFuture};
pub use receiver::Receiver;
pub use sender::Sender;

use crate::prim::Arc;
use shared::Shared;

pub(super) fn handles<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(initial));
    (Sender::first(Arc::clone(&shared)), Receiver::first(shared))
}
