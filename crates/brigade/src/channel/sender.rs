//! The sending handle.

use super::future::{SendDeadlineFuture, SendFuture};
use super::operation::Send;
use super::shared::Shared;
use super::{SendError, SendSink, SendTimeoutError, TrySendError, WeakSender};
use crate::prim::Arc;
use crate::queue::PushError;
use crate::wait::{Limit, block, deadline_after};
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Puts values into a channel. Clones send into the same channel, and the same lane of it.
///
/// When the last one is dropped the channel is closed.
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
    pub(super) lane: usize,
}

impl<T> Sender<T> {
    /// A handle that `shared` has counted.
    pub(super) fn counted(shared: Arc<Shared<T>>, lane: usize) -> Self {
        Self { shared, lane }
    }

    /// Sends `value`, and blocks the thread while the channel is full.
    ///
    /// In a task use [`send_async`](Self::send_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the channel is closed, the value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// sender.send(1)?;
    /// drop(receiver);
    /// assert_eq!(sender.send(2).unwrap_err().into_inner(), 2);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let value = ManuallyDrop::new(value);
        // SAFETY: the value is ours, and not used again if it has been moved out.
        if unsafe { self.shared.push_at_once(&raw const *value) } {
            return Ok(());
        }
        self.send_slow(ManuallyDrop::into_inner(value))
    }

    #[inline(never)]
    #[track_caller]
    fn send_slow(&self, value: T) -> Result<(), SendError<T>> {
        let mut send = self.operation(value);
        match block(&mut send, Limit::NONE, Location::caller()) {
            Ok(sent) => sent,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Sends `value` if that is possible at once.
    ///
    /// # Errors
    ///
    /// If the channel is full or closed, the value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::TrySendError;
    ///
    /// let (sender, _receiver) = brigade::channel::bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// ```
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let value = ManuallyDrop::new(value);
        // SAFETY: the value is ours, and not used again if it has been moved out.
        if unsafe { self.shared.push_at_once(&raw const *value) } {
            return Ok(());
        }
        self.try_send_slow(ManuallyDrop::into_inner(value))
    }

    #[inline(never)]
    fn try_send_slow(&self, value: T) -> Result<(), TrySendError<T>> {
        let mut value = Some(value);
        match (self.shared.push_now(self.lane, &mut value), value) {
            (Ok(()), _) => Ok(()),
            (Err(PushError::Closed), Some(value)) => Err(TrySendError::Closed(value)),
            (Err(_), Some(value)) => Err(TrySendError::Full(value)),
            (Err(_), None) => unreachable!("what was not sent is still here"),
        }
    }

    /// Sends `value`, and blocks the thread for at most `timeout` while the channel is full.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out or the channel is closed, the value comes back.
    #[track_caller]
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(value, deadline_after(timeout))
    }

    /// Sends `value`, and blocks the thread until `deadline` at most while the channel is full.
    ///
    /// A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the channel is closed, the value comes back.
    #[track_caller]
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_until(value, Some(deadline))
    }

    #[track_caller]
    fn send_until(&self, value: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        let mut send = self.operation(value);
        match block(&mut send, Limit::until(deadline), Location::caller()) {
            Ok(sent) => Ok(sent?),
            Err(_) => {
                let value = send.value.take().expect("what was not sent is still here");
                Err(SendTimeoutError::Timeout(value))
            }
        }
    }

    /// Sends `value`, and suspends the task while the channel is full.
    ///
    /// # Errors
    ///
    /// If the channel is closed, the value comes back.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the value was not sent and is dropped with it.
    /// [`SendFuture::cancel`] gives it back instead.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// sender.send_async(7).await?;
    /// assert_eq!(receiver.recv_async().await, Ok(7));
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn send_async(&self, value: T) -> SendFuture<'_, T> {
        SendFuture::new(self.operation(value), Location::caller())
    }

    /// Sends `value`, and suspends the task for at most `timeout` while the channel is full.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out or the channel is closed, the value comes back.
    ///
    /// # Cancel safety
    ///
    /// As for [`send_async`](Self::send_async).
    #[track_caller]
    pub fn send_timeout_async(&self, value: T, timeout: Duration) -> SendDeadlineFuture<'_, T> {
        let deadline = deadline_after(timeout);
        SendDeadlineFuture::new(self.operation(value), deadline, Location::caller())
    }

    /// Sends `value`, and suspends the task until `deadline` at most while the channel is full.
    ///
    /// Needs no runtime. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the channel is closed, the value comes back.
    ///
    /// # Cancel safety
    ///
    /// As for [`send_async`](Self::send_async).
    #[track_caller]
    pub fn send_deadline_async(&self, value: T, deadline: Instant) -> SendDeadlineFuture<'_, T> {
        SendDeadlineFuture::new(self.operation(value), Some(deadline), Location::caller())
    }

    #[inline]
    pub(super) fn operation(&self, value: T) -> Send<&Shared<T>> {
        Send {
            shared: &self.shared,
            lane: self.lane,
            value: Some(value),
        }
    }

    /// A send without a value yet, that keeps the channel alive by itself.
    pub(super) fn owned_operation(&self) -> Send<Arc<Shared<T>>> {
        Send {
            shared: Arc::clone(&self.shared),
            lane: self.lane,
            value: None,
        }
    }

    /// Makes a [`Sink`](futures_sink::Sink) of the sender, for tasks.
    ///
    /// It allocates once, here, so that it may be moved between polls; its waits allocate nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt, stream};
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = brigade::channel::unbounded();
    /// let numbers = stream::iter(1..=3).map(Ok);
    /// numbers.forward(sender.into_sink()).await?;
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn into_sink(self) -> SendSink<T> {
        SendSink::new(self, Location::caller())
    }

    /// Closes the channel for all handles. Returns whether it was open.
    ///
    /// Nothing more is sent. What was sent before is still received. Everybody who waits is woken.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::unbounded();
    /// sender.send(1)?;
    /// assert!(sender.close());
    /// assert!(sender.send(2).is_err());
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether the channel is closed: nothing more can be sent.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// How many values are in the channel at this moment; of several lanes, in the sender's own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len_of(self.lane)
    }

    /// Whether no value is in the channel at this moment; of several lanes, in the sender's own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the channel holds as many values as it may; of several lanes, the sender's own. Never true of an
    /// unbounded channel.
    #[must_use]
    pub fn is_full(&self) -> bool {
        // Without room, a value that waits for a receiver is more than there may be.
        self.capacity()
            .is_some_and(|capacity| capacity <= self.len())
    }

    /// How many values the channel may hold; of several lanes, the sender's own; `None` if there is no limit.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.shared.capacity_of(self.lane)
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

    /// Whether both are senders of one channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Makes a handle that does not keep the channel open, and that can be made a sender again.
    ///
    /// It keeps the channel's memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// let weak = sender.downgrade();
    /// weak.upgrade().expect("there is a sender").send(1)?;
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(Arc::clone(&self.shared), self.lane)
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.add_sender();
        Self::counted(Arc::clone(&self.shared), self.lane)
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
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}
