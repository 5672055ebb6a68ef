//! A callback that can be taken back.

use super::branch::{Branch, Callback, call};
use crate::prim::{StdArc, discard_panic};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// A callback that is called when a token is cancelled. Dropping this takes it back.
///
/// Made by [`CancelToken::on_cancel`](super::CancelToken::on_cancel). It keeps the token alive.
#[must_use = "dropping the registration takes the callback back"]
pub struct Registration {
    /// The token and the callback's number; `None` if it has been called at once.
    at: Option<(StdArc<Branch>, usize)>,
}

impl Registration {
    pub(super) fn new(branch: &StdArc<Branch>, callback: Callback) -> Self {
        match branch.register(callback) {
            Ok(number) => Self {
                at: Some((StdArc::clone(branch), number)),
            },
            Err((callback, reason)) => {
                call(callback, reason);
                Self { at: None }
            }
        }
    }

    /// Leaves the callback with the token for good: it is called when that is cancelled, and dropped unrun if the
    /// token goes before.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// token.on_cancel(|reason| println!("cancelled: {reason}")).keep();
    /// token.cancel();
    /// ```
    pub fn keep(mut self) {
        self.at = None;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Some((branch, number)) = self.at.take() else {
            return;
        };
        if let Some(callback) = branch.unregister(number) {
            // What it owns is the application's, and so is a panic of its drop.
            discard_panic(|| drop(callback));
        }
    }
}

// Nothing of it is between two states while code of the application runs.
impl UnwindSafe for Registration {}
impl RefUnwindSafe for Registration {}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").finish_non_exhaustive()
    }
}
