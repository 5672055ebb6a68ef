//! Waiting for a token to be cancelled: an operation, and so an arm of a select.

use super::branch::Branch;
use super::reason::{Mark, Reason};
use super::token::CancelToken;
use crate::prim::StdArc;
use crate::select::{Arm, Arms, Select, of_one};
use crate::wait::{Interrupts, Operation, Patience, WaitQueue, What};
use std::task::Poll;

/// That of all tokens: one is cancelled once, and could not learn for itself.
static PATIENCE: Patience = Patience::new();

/// Done when the token is cancelled. Can be repeated.
pub(super) struct Cancelling {
    branch: StdArc<Branch>,
}

impl Cancelling {
    pub(super) fn new(branch: StdArc<Branch>) -> Self {
        Self { branch }
    }

    pub(super) fn fired(&self) -> Option<Reason> {
        let fired = self.branch.interrupt().fired();
        fired.map(|code| Mark::from_code(code).reason)
    }
}

// SAFETY: the queue is a field of the branch, which the `Arc` keeps alive and in place.
unsafe impl Operation for Cancelling {
    type Output = Reason;
    const WAITS_FOR: &'static What = &"cancel token";

    #[inline]
    fn attempt(&mut self) -> Poll<Reason> {
        self.fired().map_or(Poll::Pending, Poll::Ready)
    }

    fn chances(&self) -> usize {
        // It is for all who wait for it. Who cancels wakes them by `wake_all`.
        if self.branch.is_cancelled() {
            return usize::MAX;
        }
        // Who sleeps at this queue looks at no clock.
        self.branch.set_alarm();
        0
    }

    fn queue(&self) -> &WaitQueue {
        self.branch.interrupt().queue()
    }

    fn patience(&self) -> &Patience {
        &PATIENCE
    }
}

impl<A> Select<A> {
    /// Adds an arm that is done when `token` is cancelled, and makes of the reason what `finish` makes of it.
    ///
    /// From then on it is done at once, again and again.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    /// use brigade::channel;
    /// use brigade::select::Select;
    ///
    /// let (_sender, receiver) = channel::bounded::<i32>(1);
    /// let token = CancelToken::new();
    /// let mut select = Select::new()
    ///     .recv(&receiver, |value| value.ok())
    ///     .cancelled(&token, |_reason| None);
    /// token.cancel();
    /// assert_eq!(select.wait()?, None);
    /// # Ok::<(), brigade::select::SelectError>(())
    /// ```
    pub fn cancelled<R>(
        self,
        token: &CancelToken,
        finish: impl FnMut(Reason) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let cancelled = [token.operation()];
        self.with(|before| Arm::new(before, cancelled, of_one(finish)))
    }
}
