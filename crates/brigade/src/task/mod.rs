//! Async tasks: of their own, or in a group that ends with them; and what a task does with time and futures.
//!
//! - [`group`](fn@group) runs children on the runtime or pool around it, and waits for all of them. The first that fails
//!   cancels the others, and the group returns its error. [`GroupOptions`] bounds how many run at once.
//! - [`local`](fn@local) is such a group inside of one task: its children may borrow, and need no runtime. Those of
//!   [`local_on_thread`] need not be `Send` either.
//! - [`spawn`] starts a task and gives a [`Task`], which another task awaits and a thread joins.
//! - [`sleep`] waits for the time, and can be cancelled. [`timeout`] and [`deadline`] end any future in time.
//! - [`join`] and [`try_join`] run two futures of any kind in one task, [`first`] keeps the one that is done first, and
//!   [`race`] the first success of several. [`select_async!`](crate::select_async!) receives and sends at many places.
//!
//! # Where tasks run
//!
//! What `group` and `spawn` start runs on the nearest of what is around the caller:
//!
//! - on a worker of a [pool](crate::pool), in a task or a job of it, that is the pool; and so it is in
//!   [`Pool::block_on`](crate::pool::Pool::block_on), on whatever thread;
//! - in a runtime of tokio it is that runtime. This needs the cargo feature `tokio`, which is on by default;
//! - anywhere else, as in the `block_on` of another library, it is [`Pool::global`](crate::pool::Pool::global).
//!
//! A job of a pool that enters a runtime is in the runtime then. But a pool that
//! [was given](crate::pool::Builder::tokio) a runtime, for sockets and timers, is nearer than any runtime. The rest needs
//! neither: it runs in the task that awaits it.
//!
//! # Examples
//!
//! ```
//! use brigade::{channel, task};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (sender, receiver) = channel::bounded(1);
//! let sum = task::spawn(async move {
//!     let mut sum = 0;
//!     while let Ok(value) = receiver.recv_async().await {
//!         sum += value;
//!     }
//!     sum
//! });
//! sender.send_async(40).await?;
//! sender.send_async(2).await?;
//! drop(sender);
//! assert_eq!(sum.await?, 42);
//! # Ok(())
//! # }
//! ```
//!
//! This module starts no thread by itself.

mod error;
mod group;
mod home;
mod race;
mod sleep;
mod spawn;
mod timeout;
mod together;

pub use error::JoinError;
pub use group::{
    AnyThread, Child, ChildFuture, Group, GroupOptions, Local, NoRoom, OneThread, Results, Threads,
    group, local, local_on_thread,
};
pub use race::race;
pub use sleep::{Sleep, sleep, sleep_until};
pub use spawn::{Task, TaskFuture, spawn};
pub use timeout::{TimedOut, Timeout, deadline, timeout};
pub use together::{first, join, try_join};
