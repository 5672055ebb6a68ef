//! The sending handle.

use super::super::{SendError, SendTimeoutError, TrySendError};
use super::future::{SendDeadlineFuture, SendFuture, SendManyFuture};
use super::operation::{Send, SendMany};
use super::shared::SendEnd;
use crate::queue::PushError;
use crate::wait::{Limit, block, deadline_after};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Puts values into a channel that nobody else sends into.
///
/// When it is dropped the channel is closed.
pub struct Sender<T> {
    end: SendEnd<T>,
}

impl<T> Sender<T> {
    pub(super) fn new(end: SendEnd<T>) -> Self {
        Self { end }
    }

    /// Sends `value`, and blocks the thread while the channel is full.
    ///
    /// In a task use [`send_async`](Self::send_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the channel is closed, the value comes back.
    #[inline]
    #[track_caller]
    pub fn send(&mut self, value: T) -> Result<(), SendError<T>> {
        match block(&mut self.operation(value), Limit::NONE, Location::caller()) {
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
    /// use brigade::channel::{TrySendError, spsc};
    ///
    /// let (mut sender, _receiver) = spsc(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// ```
    #[inline]
    pub fn try_send(&mut self, value: T) -> Result<(), TrySendError<T>> {
        let mut value = Some(value);
        match (self.end.push(&mut value), value) {
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
    pub fn send_timeout(&mut self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
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
    pub fn send_deadline(
        &mut self,
        value: T,
        deadline: Instant,
    ) -> Result<(), SendTimeoutError<T>> {
        self.send_until(value, Some(deadline))
    }

    #[track_caller]
    fn send_until(
        &mut self,
        value: T,
        deadline: Option<Instant>,
    ) -> Result<(), SendTimeoutError<T>> {
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
    /// let (mut sender, mut receiver) = brigade::channel::spsc(1);
    /// sender.send_async(7).await?;
    /// assert_eq!(receiver.recv_async().await, Ok(7));
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn send_async(&mut self, value: T) -> SendFuture<'_, T> {
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
    pub fn send_timeout_async(&mut self, value: T, timeout: Duration) -> SendDeadlineFuture<'_, T> {
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
    pub fn send_deadline_async(
        &mut self,
        value: T,
        deadline: Instant,
    ) -> SendDeadlineFuture<'_, T> {
        SendDeadlineFuture::new(self.operation(value), Some(deadline), Location::caller())
    }

    /// Sends all of `values`, front first, and blocks the thread while the channel is full.
    ///
    /// As many as there is room for are handed over at a time, which costs hardly more than one.
    ///
    /// # Errors
    ///
    /// If the channel is closed, those that were not sent stay in `values`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::VecDeque;
    ///
    /// let (mut sender, mut receiver) = brigade::channel::spsc(8);
    /// sender.send_many(&mut VecDeque::from([1, 2, 3]))?;
    /// let mut values = Vec::new();
    /// receiver.recv_many(&mut values, 8).unwrap();
    /// assert_eq!(values, [1, 2, 3]);
    /// # Ok::<(), brigade::channel::SendError<()>>(())
    /// ```
    #[track_caller]
    pub fn send_many(&mut self, values: &mut VecDeque<T>) -> Result<(), SendError<()>> {
        let end = &mut self.end;
        match block(
            &mut SendMany { end, values },
            Limit::NONE,
            Location::caller(),
        ) {
            Ok(sent) => sent,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Sends as many of `values` as there is room for, front first. Returns how many that were, at
    /// least one unless there were none.
    ///
    /// # Errors
    ///
    /// If the channel is full or closed; `values` stay as they are.
    pub fn try_send_many(&mut self, values: &mut VecDeque<T>) -> Result<usize, TrySendError<()>> {
        self.end.push_many(values).map_err(|error| match error {
            PushError::Closed => TrySendError::Closed(()),
            PushError::Full | PushError::Busy => TrySendError::Full(()),
        })
    }

    /// Sends all of `values`, front first, and suspends the task while the channel is full.
    ///
    /// # Errors
    ///
    /// If the channel is closed, those that were not sent stay in `values`.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, those that were not sent stay in `values`.
    #[track_caller]
    pub fn send_many_async<'a>(&'a mut self, values: &'a mut VecDeque<T>) -> SendManyFuture<'a, T> {
        let end = &mut self.end;
        SendManyFuture::new(SendMany { end, values }, Location::caller())
    }

    #[inline]
    fn operation(&mut self, value: T) -> Send<'_, T> {
        Send {
            end: &mut self.end,
            value: Some(value),
        }
    }

    /// Closes the channel. Returns whether it was open.
    ///
    /// Nothing more is sent. What was sent before is still received. The receiver is woken.
    pub fn close(&self) -> bool {
        self.end.close()
    }

    /// Whether the channel is closed: nothing more can be sent.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.end.is_closed()
    }

    /// How many values are in the channel at this moment.
    #[must_use]
    pub fn len(&self) -> usize {
        self.end.len()
    }

    /// Whether no value is in the channel at this moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the channel holds as many values as it may.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// How many values the channel may hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.end.capacity()
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}
