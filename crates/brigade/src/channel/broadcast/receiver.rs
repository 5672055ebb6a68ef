//! The receiving handle.

use super::future::{RecvDeadlineFuture, RecvFuture, RecvStream};
use super::iter::{IntoIter, Iter, TryIter};
use super::node::Pinned;
use super::operation::Recv;
use super::ring::{Missing, Ring};
use super::shared::Shared;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::prim::Arc;
use crate::queue::Backoff;
use crate::wait::{Limit, Patience, WaitQueue, block, deadline_after};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Receives every value that is sent to a broadcast channel from its subscription on.
///
/// It gets clones of the values, in the order of sending. A clone of the receiver goes on at the same value as
/// the receiver itself; [`resubscribe`](Self::resubscribe) and
/// [`Sender::subscribe`](super::Sender::subscribe) make one that begins with the next value sent.
///
/// When the last one is dropped, so is what the channel keeps.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The position of the next value to receive.
    next: usize,
    /// Each learns for itself: receivers are fast or slow one by one.
    patience: Patience,
}

impl<T> Receiver<T> {
    /// The first, which the channel is made with.
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        let next = shared.ring.tail();
        Self::at(next, shared)
    }

    /// One more, from now on.
    pub(super) fn subscribed(shared: Arc<Shared<T>>) -> Self {
        let next = shared.add_receiver();
        Self::at(next, shared)
    }

    /// A receiver that has been counted.
    fn at(next: usize, shared: Arc<Shared<T>>) -> Self {
        Self {
            next,
            patience: Patience::for_values(shared.ring.capacity()),
            shared,
        }
    }

    /// Makes another receiver that sees what is sent from now on, wherever this one stands.
    ///
    /// `receiver = receiver.resubscribe()` skips everything that is waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    ///
    /// let (sender, mut receiver) = channel::broadcast(4);
    /// sender.send("old")?;
    /// receiver = receiver.resubscribe();
    /// sender.send("new")?;
    /// assert_eq!(receiver.recv(), Ok("new"));
    /// # Ok::<(), channel::broadcast::SendError<&str>>(())
    /// ```
    pub fn resubscribe(&self) -> Self {
        Self::subscribed(Arc::clone(&self.shared))
    }

    /// How many receivers there are at this moment, this one among them.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// Closes the channel for all handles. Returns whether it was open.
    ///
    /// Nothing more is sent. What was sent before is still received. Everybody who waits is woken.
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether the channel is closed: nothing more can be sent. There may still be values to receive.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.ring.is_closed()
    }

    /// How many values this receiver could receive at this moment.
    ///
    /// Values that are lost to it are not counted: it is never more than the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.ring.kept_from(self.next)
    }

    /// Whether this receiver has received everything that was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values the channel keeps.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.ring.capacity()
    }

    /// The second look: whether there is something to receive, or the end.
    pub(super) fn has_next(&self) -> bool {
        self.shared.ring.look(self.next)
    }

    /// About how many values it has received, from anywhere on.
    pub(super) fn received(&self) -> usize {
        self.shared.ring.count(self.next)
    }

    pub(super) fn queue(&self) -> &WaitQueue {
        &self.shared.waiting
    }

    pub(super) fn patience(&self) -> &Patience {
        &self.patience
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next value, and blocks the thread while there is none.
    ///
    /// In a task use [`recv_async`](Self::recv_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// [`Lagged`](RecvError::Lagged) if values were lost: the receiver was so slow that they are not kept any
    /// more. The number is exact, and the next receive gets the oldest value that is kept.
    /// [`Closed`](RecvError::Closed) if the channel is closed and everything was received.
    ///
    /// # Panics
    ///
    /// If cloning the value panics. Then it has not been received: the next receive tries again.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::{self, broadcast::RecvError};
    ///
    /// let (sender, mut receiver) = channel::broadcast(2);
    /// for n in 1..=5 {
    ///     sender.send(n)?;
    /// }
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Err(RecvError::Lagged(3)));
    /// assert_eq!(receiver.recv(), Ok(4));
    /// assert_eq!(receiver.recv(), Ok(5));
    /// assert_eq!(receiver.recv(), Err(RecvError::Closed));
    /// # Ok::<(), channel::broadcast::SendError<i32>>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn recv(&mut self) -> Result<T, RecvError> {
        match block(&mut Recv::new(self), Limit::NONE, Location::caller()) {
            Ok(received) => received,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Receives the next value if there is one.
    ///
    /// # Errors
    ///
    /// If there is none at this moment; else as [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::{self, broadcast::TryRecvError};
    ///
    /// let (sender, mut receiver) = channel::broadcast::<i32>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.take_now() {
            Ok(value) => Ok(value),
            Err(Missing::Empty | Missing::Busy) => Err(TryRecvError::Empty),
            Err(Missing::Lagged { lost, .. }) => Err(TryRecvError::Lagged(lost as u64)),
            Err(Missing::Closed) => Err(TryRecvError::Closed),
        }
    }

    /// Receives the next value, and blocks the thread for at most `timeout` while there is none.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out; else as [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(deadline_after(timeout))
    }

    /// Receives the next value, and blocks the thread until `deadline` at most while there is none.
    ///
    /// A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes; else as [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    #[track_caller]
    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        match block(
            &mut Recv::new(self),
            Limit::until(deadline),
            Location::caller(),
        ) {
            Ok(received) => Ok(received?),
            Err(_) => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Receives the next value, and suspends the task while there is none.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing has been received: the receiver stands where it stood.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, mut receiver) = channel::broadcast(1);
    /// sender.send(7)?;
    /// assert_eq!(receiver.recv_async().await, Ok(7));
    /// # Ok::<(), channel::broadcast::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn recv_async(&mut self) -> RecvFuture<'_, T> {
        RecvFuture::new(self, Location::caller())
    }

    /// Receives the next value, and suspends the task for at most `timeout` while there is none.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out; else as [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async).
    #[track_caller]
    pub fn recv_timeout_async(&mut self, timeout: Duration) -> RecvDeadlineFuture<'_, T> {
        RecvDeadlineFuture::new(self, deadline_after(timeout), Location::caller())
    }

    /// Receives the next value, and suspends the task until `deadline` at most while there is none.
    ///
    /// Needs no runtime. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes; else as [`recv`](Self::recv).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async).
    #[track_caller]
    pub fn recv_deadline_async(&mut self, deadline: Instant) -> RecvDeadlineFuture<'_, T> {
        RecvDeadlineFuture::new(self, Some(deadline), Location::caller())
    }

    /// Receives values until the channel is closed and everything was received, and blocks in between.
    ///
    /// Where values were lost the iterator says so, and goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::{self, broadcast::Lagged};
    ///
    /// let (sender, mut receiver) = channel::broadcast(2);
    /// for n in 1..=3 {
    ///     sender.send(n)?;
    /// }
    /// drop(sender);
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [Err(Lagged(1)), Ok(2), Ok(3)]);
    /// # Ok::<(), channel::broadcast::SendError<i32>>(())
    /// ```
    pub fn iter(&mut self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Receives values until there are none, without blocking.
    pub fn try_iter(&mut self) -> TryIter<'_, T> {
        TryIter(self)
    }

    /// Makes a [`Stream`](futures_core::Stream) of the receiver, for tasks.
    ///
    /// It ends when the channel is closed and everything was received. Where values were lost it says so, and
    /// goes on. It allocates once, here, so that it may be moved between polls; its waits allocate nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = channel::broadcast(4);
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.into_stream().collect::<Vec<_>>().await, [Ok(1)]);
    /// # Ok::<(), channel::broadcast::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn into_stream(self) -> RecvStream<T> {
        RecvStream::new(self, Location::caller())
    }

    /// Receives, and says exactly why not.
    #[inline]
    pub(super) fn take(&mut self) -> Result<T, Missing> {
        let ring = &self.shared.ring;
        let found = ring.find(self.next);
        receive(ring, &mut self.next, found)
    }

    /// `take`, with a clear answer: waits out the few instructions of a sender in the way.
    #[inline]
    pub(super) fn take_now(&mut self) -> Result<T, Missing> {
        let mut backoff = Backoff::new();
        loop {
            match self.take() {
                Err(Missing::Busy) => backoff.look_again(),
                answer => return answer,
            }
        }
    }

    /// `take`, for those who go on looking.
    #[inline]
    pub(super) fn take_if_there(&mut self) -> Result<T, Missing> {
        let ring = &self.shared.ring;
        let found = ring.find_if_there(self.next);
        receive(ring, &mut self.next, found)
    }
}

/// Clones what was found, and only then goes on: a clone that panics has received nothing.
#[inline]
fn receive<T: Clone>(
    ring: &Ring<T>,
    next: &mut usize,
    found: Result<Pinned<'_, T>, Missing>,
) -> Result<T, Missing> {
    match found {
        Ok(pinned) => {
            let value = pinned.cloned();
            *next = ring.after(*next);
            Ok(value)
        }
        Err(missing) => {
            if let Missing::Lagged { next: oldest, .. } = missing {
                *next = oldest;
            }
            Err(missing)
        }
    }
}

// No code of the application runs while a channel or a receiver is between two states.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Clone for Receiver<T> {
    /// Makes another receiver that goes on at the same value as this one.
    fn clone(&self) -> Self {
        self.shared.add_receiver();
        Self::at(self.next, Arc::clone(&self.shared))
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

impl<'a, T: Clone> IntoIterator for &'a mut Receiver<T> {
    type Item = <Iter<'a, T> as Iterator>::Item;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Clone> IntoIterator for Receiver<T> {
    type Item = <IntoIter<T> as Iterator>::Item;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter(self)
    }
}
