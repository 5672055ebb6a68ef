//! The receiving handle.

use super::future::{RecvDeadlineFuture, RecvFuture, RecvStream};
use super::iter::{Drain, IntoIter, Iter, TryIter};
use super::operation::Recv;
use super::shared::Shared;
use super::{RecvError, RecvTimeoutError, TryRecvError, WeakReceiver};
use crate::prim::Arc;
use crate::wait::{Limit, Operation, Patience, WaitQueue, block, deadline_after};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Takes values out of a channel. Clones take from the same channel: each value goes to one of them.
///
/// When the last one is dropped the channel is closed, and what is in it is dropped.
pub struct Receiver<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// A handle that `shared` has counted.
    pub(super) fn counted(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Takes the oldest value, and blocks the thread while the channel is empty.
    ///
    /// In a task use [`recv_async`](Self::recv_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::RecvError;
    ///
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Ok(1));
    /// assert_eq!(receiver.recv(), Err(RecvError::Closed));
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.shared.find_at_once() {
            Some(found) => Ok(found.take()),
            None => self.recv_slow(),
        }
    }

    #[inline(never)]
    #[track_caller]
    fn recv_slow(&self) -> Result<T, RecvError> {
        let mut recv = Recv::new(&*self.shared);
        match block(&mut recv, Limit::NONE, Location::caller()) {
            Ok(received) => received,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Takes the oldest value if there is one.
    ///
    /// # Errors
    ///
    /// If the channel is empty, or closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::TryRecvError;
    ///
    /// let (sender, receiver) = brigade::channel::bounded::<i32>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.shared.find_at_once() {
            Some(found) => Ok(found.take()),
            None => self.try_recv_slow(),
        }
    }

    #[inline(never)]
    fn try_recv_slow(&self) -> Result<T, TryRecvError> {
        match Recv::new(&*self.shared).last_attempt() {
            Poll::Ready(received) => Ok(received?),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// Takes the oldest value, and blocks the thread for at most `timeout` while the channel is empty.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and empty.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(deadline_after(timeout))
    }

    /// Takes the oldest value, and blocks the thread until `deadline` at most while the channel is
    /// empty.
    ///
    /// A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and empty.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    #[track_caller]
    fn recv_until(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        match block(
            &mut Recv::new(&*self.shared),
            Limit::until(deadline),
            Location::caller(),
        ) {
            Ok(received) => Ok(received?),
            Err(_) => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Takes the oldest value, and suspends the task while the channel is empty.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, it has taken nothing, and if it had been woken
    /// another receiver is woken in its place.
    #[inline]
    #[track_caller]
    pub fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture::new(Recv::new(&*self.shared), Location::caller())
    }

    /// Takes the oldest value, and suspends the task for at most `timeout` while the channel is empty.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async).
    #[track_caller]
    pub fn recv_timeout_async(&self, timeout: Duration) -> RecvDeadlineFuture<'_, T> {
        let deadline = deadline_after(timeout);
        RecvDeadlineFuture::new(Recv::new(&*self.shared), deadline, Location::caller())
    }

    /// Takes the oldest value, and suspends the task until `deadline` at most while the channel is
    /// empty.
    ///
    /// Needs no runtime. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async).
    #[track_caller]
    pub fn recv_deadline_async(&self, deadline: Instant) -> RecvDeadlineFuture<'_, T> {
        RecvDeadlineFuture::new(Recv::new(&*self.shared), Some(deadline), Location::caller())
    }

    /// A look that takes the oldest value if there is one, for one who looks again: see [`Operation::glance`].
    #[inline]
    pub(crate) fn glance(&self) -> Option<T> {
        let found = self.shared.find_at_once()?;
        Some(found.take())
    }

    /// The second look of a receiver that waits: see [`Operation::chances`]. Also 1 if the channel is closed.
    pub(crate) fn look(&self) -> usize {
        self.shared.look_for_values()
    }

    /// See [`Operation::moves`].
    pub(crate) fn moves(&self) -> usize {
        self.shared.taken()
    }

    /// Where receivers wait: for one that waits for other things as well.
    pub(crate) fn waiting(&self) -> &WaitQueue {
        self.shared.receivers_wait_at()
    }

    /// What receivers have learnt about spinning.
    pub(crate) fn patience(&self) -> &Patience {
        &self.shared.not_empty.patience
    }

    /// Takes values until the channel is closed and empty, and blocks in between.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::unbounded();
    /// for n in 1..=3 {
    ///     sender.send(n)?;
    /// }
    /// drop(sender);
    /// assert_eq!(receiver.iter().sum::<i32>(), 6);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Takes values until the channel is empty, without blocking.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }

    /// Takes as many values as are in the channel now, without blocking.
    ///
    /// It ends even if others go on sending, and takes fewer if others receive. What it has not taken
    /// when it is dropped stays in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::unbounded();
    /// sender.send(3)?;
    /// sender.send(4)?;
    /// for n in receiver.drain() {
    ///     sender.send(10 * n)?; // is not in this drain
    /// }
    /// assert_eq!(receiver.drain().collect::<Vec<_>>(), [30, 40]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    pub fn drain(&self) -> Drain<'_, T> {
        Drain::new(self)
    }

    /// Makes a [`Stream`](futures_core::Stream) of the receiver, for tasks.
    ///
    /// It ends when the channel is closed and empty. It allocates once, here, so that it may be moved
    /// between polls; its waits allocate nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = brigade::channel::unbounded();
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.into_stream().collect::<Vec<i32>>().await, [1]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn into_stream(self) -> RecvStream<T> {
        RecvStream::new(self, Location::caller())
    }

    /// Closes the channel for all handles. Returns whether it was open.
    ///
    /// Nothing more is sent. What was sent before is still received. Everybody who waits is woken.
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether the channel is closed: nothing more can be sent. Values may still be in it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// How many values are in the channel at this moment.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether no value is in the channel at this moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the channel holds as many values as it may. Never true of an unbounded channel.
    #[must_use]
    pub fn is_full(&self) -> bool {
        // Without room, a value that waits for a receiver is more than there may be.
        self.capacity()
            .is_some_and(|capacity| capacity <= self.len())
    }

    /// How many values the channel may hold; `None` if there is no limit.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }

    /// How many senders the channel has at this moment.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.shared.senders()
    }

    /// How many receivers the channel has at this moment.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// Whether both are receivers of one channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Makes a handle that does not keep the channel open, and that can be made a receiver again.
    ///
    /// It keeps the channel's memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// let weak = receiver.downgrade();
    /// sender.send(1)?;
    /// assert_eq!(weak.upgrade().expect("there is a receiver").recv(), Ok(1));
    /// drop(receiver);
    /// assert!(weak.upgrade().is_none());
    /// assert!(sender.is_closed());
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver::new(Arc::clone(&self.shared))
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.add_receiver();
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.remove_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter(self)
    }
}
