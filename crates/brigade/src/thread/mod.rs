//! Threads: of their own, or in a scope that waits for them.
//!
//! - [`spawn`] starts a thread and gives a [`Thread`], which another thread joins and a task awaits. [`Builder`] gives
//!   it a name and a stack.
//! - [`scope`] runs threads that may borrow, and waits for all of them. The first that fails cancels the others, and
//!   the scope returns its error. [`scope_plain`] is the same for threads that have no errors. [`ScopeOptions`] has
//!   the other policies, a deadline and names.
//! - [`race`] runs several ways to one result, and keeps the first.
//! - [`sleep`] waits for the time, and can be cancelled.
//!
//! A panic ends its thread and no other. The panic hook is told at once, and whoever joins gets it as an error with
//! its message ([`Panic`](crate::scope::Panic)).
//!
//! # Examples
//!
//! ```
//! use brigade::thread;
//!
//! let thread = thread::spawn(|| (1..=20_u64).product::<u64>());
//! let sum: u64 = (1..=20).sum();
//! assert_eq!(thread.join()? / sum, 11_585_247_657_984_000);
//! # Ok::<(), thread::JoinError>(())
//! ```
//!
//! This module does not know pools, and starts no thread that nobody asked for.

mod builder;
mod error;
mod handle;
#[cfg(all(test, brigade_loom))]
mod model;
mod options;
mod race;
mod scope;
mod sleep;

pub use builder::{Builder, spawn};
pub use error::{JoinError, JoinTimeoutError, SpawnError};
pub use handle::{Thread, ThreadFuture};
pub use options::{ScopeOptions, scope, scope_plain};
pub use race::race;
pub use scope::{PlainScope, Scope, ScopedThread};
pub use sleep::{sleep, sleep_until};

use crate::scope::Runner;
use crate::wait::What;

/// What is joined here.
enum OfThread {}

impl Runner for OfThread {
    const WAITS_FOR: &'static What = &"thread join";
}

type Joining<O> = crate::scope::Joining<O, OfThread>;
