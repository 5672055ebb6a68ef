//! The sending handle.

use super::shared::Shared;
use super::{Receiver, SendError};
use crate::prim::Arc;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Sends values to all receivers of a broadcast channel. Clones send into the same channel.
///
/// When the last one is dropped the channel is closed.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Sends `value` to every receiver there is, and returns how many that are. Never waits for one.
    ///
    /// The value takes the place of the oldest if the channel is full. A receiver may be dropped before it
    /// receives, so the number is no promise.
    ///
    /// Threads and tasks use the same method: there is nothing to await.
    ///
    /// # Errors
    ///
    /// If the channel is closed or has no receiver at this moment, the value comes back. Having no receiver
    /// does not close the channel: after a [`subscribe`](Self::subscribe) one can send again.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    ///
    /// let (sender, receiver) = channel::broadcast(4);
    /// let mut other = receiver.clone();
    /// assert_eq!(sender.send(1), Ok(2));
    /// drop(receiver);
    /// assert_eq!(sender.send(2), Ok(1));
    /// assert_eq!((other.recv(), other.recv()), (Ok(1), Ok(2)));
    /// drop(other);
    /// assert_eq!(sender.send(3).unwrap_err().into_inner(), 3);
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.shared.send(value).map_err(SendError)
    }

    /// Makes a receiver that sees what is sent from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    ///
    /// let (sender, mut early) = channel::broadcast(4);
    /// sender.send(1)?;
    /// let mut late = sender.subscribe();
    /// sender.send(2)?;
    /// assert_eq!((early.recv(), early.recv()), (Ok(1), Ok(2)));
    /// assert_eq!(late.recv(), Ok(2));
    /// # Ok::<(), channel::broadcast::SendError<i32>>(())
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribed(Arc::clone(&self.shared))
    }

    /// How many receivers there are at this moment.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// How many values the channel keeps.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.ring.capacity()
    }

    /// Closes the channel for all handles. Returns whether it was open.
    ///
    /// Nothing more is sent. What was sent before is still received. Everybody who waits is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::broadcast::{self, RecvError};
    /// use brigade::channel;
    ///
    /// let (sender, mut receiver) = channel::broadcast(4);
    /// sender.send(1)?;
    /// assert!(sender.close());
    /// assert!(sender.send(2).is_err());
    /// assert_eq!(receiver.recv(), Ok(1));
    /// assert_eq!(receiver.recv(), Err(RecvError::Closed));
    /// # Ok::<(), broadcast::SendError<i32>>(())
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether the channel is closed: nothing more can be sent.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.ring.is_closed()
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.add_sender();
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.remove_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("receivers", &self.receiver_count())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}
