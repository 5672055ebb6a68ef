//! Safe concurrency for Rust, whole: channels, locks and worker pools that serve threads and async tasks alike.
//!
//! - [`channel`] hands values from threads and tasks to others: one to one, to everybody, the latest, on time.
//! - [`select`](mod@select) waits at many channels for whichever is first; [`select!`] and [`select_async!`] write
//!   it as a list of cases.
//! - [`sync`] has locks, meeting points and counters.
//! - [`cancel`] ends work from outside: tokens with children, deadlines and reasons, and every wait under them ends.
//! - [`thread`] starts threads, alone or in a scope that waits for them; [`scope`] is what scopes tell of failures.
//! - [`task`] runs async tasks, alone or in a group that ends with them, and gives them sleep and deadlines.
//! - [`policy`] has what work is governed by: backoff and retries, rate limits, restart windows.
//! - [`pool`] runs jobs on a number of threads, from bounded queues, the urgent ones first; also jobs that borrow, and
//!   closures and slices in parts.
//! - [`pipeline`] is a source, stages and a sink on a pool, with a bound on what is in flight.
//! - [`wait`] can say who waits for what, at any moment; with the cargo feature `sight` also who has it, and who
//!   therefore waits for ever.
//!
//! Whoever cannot go on, thread or task, waits in one place. So the same channels and the same job handles
//! serve both, and no async runtime is needed, not even for deadlines.
//!
//! The plain name of an operation blocks the thread, the suffix `_async` awaits, and `_timeout` and
//! `_deadline` set a limit:
//!
//! ```
//! use brigade::{channel, pool::Pool};
//!
//! let pool = Pool::new(1);
//! let (sender, receiver) = channel::bounded(1);
//! let job = pool.submit(move || receiver.iter().sum::<i32>())?;
//! # futures::executor::block_on(async {
//! sender.send_async(40).await?; // from a task
//! # Ok::<(), channel::SendError<i32>>(())
//! # })?;
//! sender.send(2)?; // from a thread
//! drop(sender);
//! assert_eq!(job.join()?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cancel;
pub mod channel;
pub mod pipeline;
pub mod policy;
pub mod pool;
mod prim;
mod queue;
mod runtime;
pub mod scope;
pub mod select;
pub mod sync;
pub mod task;
pub mod thread;
pub mod wait;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
