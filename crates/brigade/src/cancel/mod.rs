//! Ending work from outside: tokens that are cancelled, and waits that end with them.

mod branch;
mod future;
mod guard;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod reason;
mod registration;
mod slots;
#[cfg(all(test, not(brigade_loom)))]
mod tests;
mod token;

pub use future::{RunFuture, WaitFuture, WithinFuture};
pub use guard::DropGuard;
pub use reason::{Cancelled, Reason};
pub use registration::Registration;
pub use token::CancelToken;

use crate::wait::under;
use branch::Branch;
use std::future::Future;

/// The token that this thread is under at this moment, or the task that is polled.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{self, CancelToken};
///
/// let token = CancelToken::new();
/// assert_eq!(cancel::current(), None);
/// assert_eq!(token.within(cancel::current), Some(token));
/// ```
#[must_use]
pub fn current() -> Option<CancelToken> {
    let branch = crate::wait::current()?.into_any();
    branch.downcast::<Branch>().ok().map(CancelToken::of)
}

/// Runs `body` under no token: for cleaning up that has to wait.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{self, CancelToken};
/// use brigade::channel;
///
/// let (sender, receiver) = channel::bounded(1);
/// let token = CancelToken::new();
/// token.cancel();
/// token.within(|| {
///     let logger = std::thread::spawn(move || receiver.iter().count());
///     cancel::shield(|| {
///         sender.send("half of it is done").unwrap();
///         sender.send("and the rest is not").unwrap();
///     });
///     drop(sender);
///     assert_eq!(logger.join().unwrap(), 2);
/// });
/// ```
pub fn shield<T>(body: impl FnOnce() -> T) -> T {
    under(None, body)
}

/// The same for a future: whenever it is polled, it is under no token.
pub fn shield_async<F: Future>(future: F) -> WithinFuture<F> {
    WithinFuture::new(None, future)
}
