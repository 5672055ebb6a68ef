//! The receiving handle.

use super::super::{RecvError, RecvTimeoutError, TryRecvError};
use super::future::{RecvDeadlineFuture, RecvFuture, RecvManyFuture, RecvStream};
use super::iter::{IntoIter, Iter, TryIter};
use super::operation::{BorrowedRecv, Recv, RecvMany};
use super::shared::RecvEnd;
use crate::queue::PopError;
use crate::select::{Begin, Receive};
use crate::wait::{Limit, Operation, block, deadline_after};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Takes values out of a channel that nobody else receives from.
///
/// When it is dropped the channel is closed, and what is in it is dropped.
pub struct Receiver<T> {
    end: RecvEnd<T>,
}

impl<T> Receive for &mut Receiver<T> {
    type Received = Result<T, RecvError>;
}

impl<T> Begin<Result<T, RecvError>> for &mut Receiver<T> {
    fn begin(self) -> impl Operation<Output = Result<T, RecvError>> {
        self.operation()
    }
}

impl<T> Receiver<T> {
    pub(super) fn new(end: RecvEnd<T>) -> Self {
        Self { end }
    }

    /// Takes the oldest value, and blocks the thread while the channel is empty.
    ///
    /// In a task use [`recv_async`](Self::recv_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    #[inline]
    #[track_caller]
    pub fn recv(&mut self) -> Result<T, RecvError> {
        match block(&mut self.operation(), Limit::NONE, Location::caller()) {
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
    /// use brigade::channel::{TryRecvError, spsc};
    ///
    /// let (sender, mut receiver) = spsc::<i32>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.end.pop().map_err(not_received)
    }

    /// Takes the oldest value, and blocks the thread for at most `timeout` while the channel is empty.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and empty.
    #[track_caller]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
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
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    #[track_caller]
    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let limit = Limit::until(deadline);
        match block(&mut self.operation(), limit, Location::caller()) {
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
    /// If the future is dropped before it is done, it has taken nothing.
    #[track_caller]
    pub fn recv_async(&mut self) -> RecvFuture<'_, T> {
        RecvFuture::new(self.operation(), Location::caller())
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
    pub fn recv_timeout_async(&mut self, timeout: Duration) -> RecvDeadlineFuture<'_, T> {
        let deadline = deadline_after(timeout);
        RecvDeadlineFuture::new(self.operation(), deadline, Location::caller())
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
    pub fn recv_deadline_async(&mut self, deadline: Instant) -> RecvDeadlineFuture<'_, T> {
        RecvDeadlineFuture::new(self.operation(), Some(deadline), Location::caller())
    }

    /// Takes what is in the channel, at most `limit` values, appends it to `into`, and blocks the thread while
    /// there is nothing. Returns how many values that were: at least one unless the limit is 0.
    ///
    /// It costs hardly more than to take one.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// let (mut sender, mut receiver) = brigade::channel::spsc(8);
    /// sender.send('a')?;
    /// sender.send('b')?;
    /// let mut letters = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut letters, 100), Ok(2));
    /// assert_eq!(letters, ['a', 'b']);
    /// # Ok::<(), brigade::channel::SendError<char>>(())
    /// ```
    #[track_caller]
    pub fn recv_many(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        let end = &mut self.end;
        let mut recv = RecvMany { end, into, limit };
        match block(&mut recv, Limit::NONE, Location::caller()) {
            Ok(received) => received,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Takes what is in the channel, at most `limit` values, and appends it to `into`. Returns how many values
    /// that were: at least one unless the limit is 0.
    ///
    /// # Errors
    ///
    /// If the channel is empty, or closed and empty.
    pub fn try_recv_many(
        &mut self,
        into: &mut Vec<T>,
        limit: usize,
    ) -> Result<usize, TryRecvError> {
        self.end.pop_many(into, limit).map_err(not_received)
    }

    /// Takes what is in the channel, at most `limit` values, appends it to `into`, and suspends the task while
    /// there is nothing. Yields how many values that were: at least one unless the limit is 0.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, it has taken nothing.
    #[track_caller]
    pub fn recv_many_async<'a>(
        &'a mut self,
        into: &'a mut Vec<T>,
        limit: usize,
    ) -> RecvManyFuture<'a, T> {
        let end = &mut self.end;
        RecvManyFuture::new(RecvMany { end, into, limit }, Location::caller())
    }

    #[inline]
    fn operation(&mut self) -> BorrowedRecv<'_, T> {
        Recv::new(&mut self.end)
    }

    /// Takes values until the channel is closed and empty, and blocks in between.
    pub fn iter(&mut self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Takes values until the channel is empty, without blocking.
    pub fn try_iter(&mut self) -> TryIter<'_, T> {
        TryIter(self)
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
    /// let (mut sender, receiver) = brigade::channel::spsc(1);
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.into_stream().collect::<Vec<i32>>().await, [1]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn into_stream(self) -> RecvStream<T> {
        RecvStream::new(Recv::new(self.end), Location::caller())
    }

    /// Closes the channel. Returns whether it was open.
    ///
    /// Nothing more is sent. What was sent before is still received. The sender is woken.
    pub fn close(&self) -> bool {
        self.end.close()
    }

    /// Whether the channel is closed: nothing more can be sent. Values may still be in it.
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

fn not_received(error: PopError) -> TryRecvError {
    match error {
        PopError::Closed => TryRecvError::Closed,
        PopError::Empty | PopError::Busy => TryRecvError::Empty,
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<'a, T> IntoIterator for &'a mut Receiver<T> {
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
