//! What every scope shares: how a child fails, what that does to the others, and what is told in the end.
//!
//! A scope is a piece of a program that ends only when everything that was started in it has ended. What is
//! started in one is a child: a thread in [`thread::scope`](crate::thread::scope), and later a job or a task.
//! Whatever the children are, they fail in the same ways ([`Failure`]), by the same policies ([`OnError`]), and the
//! scope tells of it with the same error ([`ScopeError`]): the failure that came first, and the rest beside it.
//!
//! Inside, a `Ledger` counts the children and keeps their failures. It does not know what a child is, and has no
//! way to wait of its own: whoever waits for the last child does so through [`wait`](crate::wait).

mod error;
mod ledger;
#[cfg(all(test, brigade_loom))]
mod model;
mod panic;

pub use error::{Failure, OnError, ScopeError};
pub(crate) use ledger::{Entry, Ledger, Whose};
pub use panic::Panic;

use crate::cancel::{self, Reason};

/// Why the wait was cancelled that has just ended on this thread.
pub(crate) fn why_cancelled() -> Reason {
    let reason = cancel::current().and_then(|token| token.reason());
    debug_assert!(reason.is_some(), "only a token ends a wait like this");
    reason.unwrap_or(Reason::User)
}
