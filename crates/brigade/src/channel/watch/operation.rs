//! Looking for a value, and for the end of the last receiver, written once for threads and tasks.

use super::shared::{Shared, Version};
use super::{ChangedError, Receiver};
use crate::prim::{StdArc, discard_panic};
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::task::Poll;

/// How a look holds on to its receiver: it borrows it, or owns it.
///
/// # Safety
///
/// `shared` always returns the same place, as long as the holder lives.
pub(super) unsafe trait Holder {
    type Value;

    fn shared(&self) -> &Shared<Self::Value>;

    fn saw(&mut self, version: Version);
}

// SAFETY: a receiver keeps its channel alive and in place, and is borrowed: nobody changes it meanwhile.
unsafe impl<T> Holder for &mut Receiver<T> {
    type Value = T;

    #[inline]
    fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    #[inline]
    fn saw(&mut self, version: Version) {
        self.seen = version;
    }
}

// SAFETY: a receiver keeps its channel alive and in place, and is owned: nobody changes it meanwhile.
unsafe impl<T> Holder for Receiver<T> {
    type Value = T;

    #[inline]
    fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    #[inline]
    fn saw(&mut self, version: Version) {
        self.seen = version;
    }
}

/// Finds a value that matches, among those that come after the one that was looked at last. Can be
/// repeated.
#[derive(Debug)]
pub(super) struct Look<H, F> {
    receiver: H,
    /// The version that was looked at last. Nobody is asked about it again.
    looked_at: Version,
    matches: F,
}

impl<H, F> Look<H, F> {
    pub(super) fn after(looked_at: Version, receiver: H, matches: F) -> Self {
        Self {
            receiver,
            looked_at,
            matches,
        }
    }
}

// SAFETY: the queue is a field of the channel, which its holder keeps in place.
unsafe impl<H: Holder, F: FnMut(&H::Value) -> bool> Operation for Look<H, F> {
    type Output = Result<StdArc<H::Value>, ChangedError>;
    const WAITS_FOR: &'static What = &"watch changed";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(ChangedError::Cancelled));

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        let mut state = self.receiver.shared().state();
        if state.version() != self.looked_at {
            let value;
            (value, state) = self.receiver.shared().snapshot();
            // Before `matches`, which may panic: it is not asked twice about one value.
            self.looked_at = state.version();
            if (self.matches)(&value) {
                self.receiver.saw(state.version());
                return Poll::Ready(Ok(value));
            }
            // It may have been replaced meanwhile, and then we are its last owner.
            discard_panic(|| drop(value));
        }
        if state.is_closed() {
            Poll::Ready(Err(ChangedError::Closed))
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        let state = self.receiver.shared().look_for_change();
        usize::from(state.version() != self.looked_at || state.is_closed())
    }

    fn queue(&self) -> &WaitQueue {
        &self.receiver.shared().changed.waiting
    }

    fn patience(&self) -> &Patience {
        &self.receiver.shared().changed.patience
    }
}

/// Waits until no receiver is left. Yields whether that is so, or the wait was cancelled.
#[derive(Debug)]
pub(super) struct Closed<'a, T>(pub(super) &'a Shared<T>);

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl<T> Operation for Closed<'_, T> {
    type Output = bool;
    const WAITS_FOR: &'static What = &"watch closed";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| false);

    fn attempt(&mut self) -> Poll<bool> {
        if self.0.receiver_count() == 0 {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        if self.0.receiver_count() == 0 {
            usize::MAX
        } else {
            0
        }
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.unwatched.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.unwatched.patience
    }
}
