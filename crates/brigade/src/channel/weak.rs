//! Handles that know a channel and do not keep it open.
//!
//! A weak handle holds the channel's memory and is not counted: the channel closes when the last counted
//! handle of a side goes, whatever weak ones there are. To become a counted handle it asks for a count
//! above zero and raises it in the same step, so that no channel that has closed for want of handles opens
//! again.

use super::shared::Shared;
use super::{Receiver, Sender};
use crate::prim::Arc;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// A sender that does not keep the channel open. See [`Sender::downgrade`].
#[must_use = "a weak sender can only be upgraded"]
pub struct WeakSender<T> {
    shared: Arc<Shared<T>>,
    lane: usize,
}

/// A receiver that does not keep the channel open. See [`Receiver::downgrade`].
#[must_use = "a weak receiver can only be upgraded"]
pub struct WeakReceiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> WeakSender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, lane: usize) -> Self {
        Self { shared, lane }
    }

    /// Makes a sender of it again; `None` once the last sender has gone.
    ///
    /// That the channel was closed by [`close`](Sender::close), or by the last receiver, does not matter
    /// here: as long as there is a sender there can be another, and both say that the channel is closed.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.shared
            .join_senders()
            .then(|| Sender::counted(Arc::clone(&self.shared), self.lane))
    }
}

impl<T> WeakReceiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Makes a receiver of it again; `None` once the last receiver has gone.
    ///
    /// That the channel is closed does not matter here: as long as there is a receiver there can be
    /// another, and both take what is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        self.shared
            .join_receivers()
            .then(|| Receiver::counted(Arc::clone(&self.shared)))
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for WeakSender<T> {}
impl<T> RefUnwindSafe for WeakSender<T> {}
impl<T> UnwindSafe for WeakReceiver<T> {}
impl<T> RefUnwindSafe for WeakReceiver<T> {}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared), self.lane)
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender")
            .field("senders", &self.shared.senders())
            .field("closed", &self.shared.is_closed())
            .finish()
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakReceiver")
            .field("receivers", &self.shared.receivers())
            .field("closed", &self.shared.is_closed())
            .finish()
    }
}
