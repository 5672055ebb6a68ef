//! Many values in one call: fewer moves of the ends, fewer wakes, and one wait for the first of them.
//!
//! The values are with the caller until they are sent, and from when they are received: a call that ends early
//! has neither lost nor taken any.

use super::operation::{Holder, received};
use super::shared::{Flavor, Question, Shared};
use super::{Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender};
use crate::queue::{Backoff, PopError, PushError};
use crate::wait::{
    Limit, Operation, Patience, Wait, WaitQueue, WaitUntil, What, block, deadline_after,
};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// The most values that an attempt sends before it looks at the clock, or lets other tasks run.
const AT_ONCE: usize = 1024;

impl<T> Sender<T> {
    /// Sends all of `values`, from the front, and blocks the thread whenever the channel is full.
    ///
    /// They arrive in their order. What others send meanwhile may come between them.
    ///
    /// # Errors
    ///
    /// If the channel is closed. What has not been sent is still in `values`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::collections::VecDeque;
    ///
    /// let (sender, receiver) = brigade::channel::bounded(4);
    /// let mut values = VecDeque::from([1, 2, 3]);
    /// sender.send_many(&mut values)?;
    /// assert!(values.is_empty());
    /// assert_eq!(receiver.try_iter().sum::<i32>(), 6);
    /// # Ok::<(), brigade::channel::SendError<()>>(())
    /// ```
    #[track_caller]
    pub fn send_many(&self, values: &mut VecDeque<T>) -> Result<(), SendError<()>> {
        match block(
            &mut self.sending(values, usize::MAX),
            Limit::NONE,
            Location::caller(),
        ) {
            Ok(sent) => sent,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// [`send_many`](Self::send_many), but blocks for at most `timeout` in all.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out or the channel is closed. What has not been sent is still in `values`.
    #[track_caller]
    pub fn send_many_timeout(
        &self,
        values: &mut VecDeque<T>,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<()>> {
        self.send_many_until(values, deadline_after(timeout))
    }

    /// [`send_many`](Self::send_many), but blocks until `deadline` at most. A deadline in the past sends what there
    /// is room for, a few thousand values at most.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the channel is closed. What has not been sent is still in `values`.
    #[track_caller]
    pub fn send_many_deadline(
        &self,
        values: &mut VecDeque<T>,
        deadline: Instant,
    ) -> Result<(), SendTimeoutError<()>> {
        self.send_many_until(values, Some(deadline))
    }

    #[track_caller]
    fn send_many_until(
        &self,
        values: &mut VecDeque<T>,
        deadline: Option<Instant>,
    ) -> Result<(), SendTimeoutError<()>> {
        let limit = Limit::until(deadline);
        match block(
            &mut self.sending(values, AT_ONCE),
            limit,
            Location::caller(),
        ) {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(SendTimeoutError::Timeout(())),
        }
    }

    /// Sends all of `values`, from the front, and suspends the task whenever the channel is full.
    ///
    /// # Errors
    ///
    /// As for [`send_many`](Self::send_many).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, what has not been sent is still in `values`.
    #[track_caller]
    pub fn send_many_async<'a>(&'a self, values: &'a mut VecDeque<T>) -> SendManyFuture<'a, T> {
        SendManyFuture {
            wait: Wait::new(self.sending(values, AT_ONCE), Location::caller()),
        }
    }

    /// [`send_many_async`](Self::send_many_async), but for at most `timeout` in all.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock waits for
    /// ever.
    ///
    /// # Errors
    ///
    /// If the time runs out or the channel is closed. What has not been sent is still in `values`.
    ///
    /// # Cancel safety
    ///
    /// As for [`send_many_async`](Self::send_many_async).
    #[track_caller]
    pub fn send_many_timeout_async<'a>(
        &'a self,
        values: &'a mut VecDeque<T>,
        timeout: Duration,
    ) -> SendManyDeadlineFuture<'a, T> {
        self.send_many_until_async(values, deadline_after(timeout))
    }

    /// [`send_many_async`](Self::send_many_async), but until `deadline` at most. A deadline in the past sends what
    /// there is room for, a few thousand values at most.
    ///
    /// Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the channel is closed. What has not been sent is still in `values`.
    ///
    /// # Cancel safety
    ///
    /// As for [`send_many_async`](Self::send_many_async).
    #[track_caller]
    pub fn send_many_deadline_async<'a>(
        &'a self,
        values: &'a mut VecDeque<T>,
        deadline: Instant,
    ) -> SendManyDeadlineFuture<'a, T> {
        self.send_many_until_async(values, Some(deadline))
    }

    #[track_caller]
    fn send_many_until_async<'a>(
        &'a self,
        values: &'a mut VecDeque<T>,
        deadline: Option<Instant>,
    ) -> SendManyDeadlineFuture<'a, T> {
        SendManyDeadlineFuture {
            wait: WaitUntil::new(self.sending(values, AT_ONCE), deadline, Location::caller()),
        }
    }

    fn sending<'a>(
        &'a self,
        values: &'a mut VecDeque<T>,
        at_once: usize,
    ) -> SendMany<'a, &'a Shared<T>> {
        SendMany {
            shared: &self.shared,
            lane: self.lane,
            values,
            at_once,
        }
    }
}

impl<T> Receiver<T> {
    /// Takes what there is, at most `limit` values, and appends it to `into`. Blocks the thread while the channel
    /// is empty. Returns how many values it has taken: at least one, unless `limit` is 0.
    ///
    /// It ends even if others go on sending.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::unbounded();
    /// for n in 0..5 {
    ///     sender.send(n)?;
    /// }
    /// let mut batch = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut batch, 3), Ok(3));
    /// assert_eq!(receiver.recv_many(&mut batch, 3), Ok(2));
    /// assert_eq!(batch, [0, 1, 2, 3, 4]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    #[track_caller]
    pub fn recv_many(&self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        let mut recv = RecvMany::new(&*self.shared, into, limit);
        match block(&mut recv, Limit::NONE, Location::caller()) {
            Ok(received) => received,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// [`recv_many`](Self::recv_many), but blocks for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and empty.
    #[track_caller]
    pub fn recv_many_timeout(
        &self,
        into: &mut Vec<T>,
        limit: usize,
        timeout: Duration,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_until(into, limit, deadline_after(timeout))
    }

    /// [`recv_many`](Self::recv_many), but blocks until `deadline` at most. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and empty.
    #[track_caller]
    pub fn recv_many_deadline(
        &self,
        into: &mut Vec<T>,
        limit: usize,
        deadline: Instant,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_until(into, limit, Some(deadline))
    }

    #[track_caller]
    fn recv_many_until(
        &self,
        into: &mut Vec<T>,
        limit: usize,
        deadline: Option<Instant>,
    ) -> Result<usize, RecvTimeoutError> {
        let mut recv = RecvMany::new(&*self.shared, into, limit);
        match block(&mut recv, Limit::until(deadline), Location::caller()) {
            Ok(received) => Ok(received?),
            Err(_) => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Takes what there is, at most `limit` values, and appends it to `into`. Suspends the task while the channel
    /// is empty.
    ///
    /// # Errors
    ///
    /// As for [`recv_many`](Self::recv_many).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, it has taken nothing.
    #[track_caller]
    pub fn recv_many_async<'a>(
        &'a self,
        into: &'a mut Vec<T>,
        limit: usize,
    ) -> RecvManyFuture<'a, T> {
        let recv = RecvMany::new(&*self.shared, into, limit);
        RecvManyFuture {
            wait: Wait::new(recv, Location::caller()),
        }
    }

    /// [`recv_many_async`](Self::recv_many_async), but for at most `timeout`.
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
    /// As for [`recv_many_async`](Self::recv_many_async).
    #[track_caller]
    pub fn recv_many_timeout_async<'a>(
        &'a self,
        into: &'a mut Vec<T>,
        limit: usize,
        timeout: Duration,
    ) -> RecvManyDeadlineFuture<'a, T> {
        self.recv_many_until_async(into, limit, deadline_after(timeout))
    }

    /// [`recv_many_async`](Self::recv_many_async), but until `deadline` at most. A deadline in the past tries once.
    ///
    /// Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_many_async`](Self::recv_many_async).
    #[track_caller]
    pub fn recv_many_deadline_async<'a>(
        &'a self,
        into: &'a mut Vec<T>,
        limit: usize,
        deadline: Instant,
    ) -> RecvManyDeadlineFuture<'a, T> {
        self.recv_many_until_async(into, limit, Some(deadline))
    }

    #[track_caller]
    fn recv_many_until_async<'a>(
        &'a self,
        into: &'a mut Vec<T>,
        limit: usize,
        deadline: Option<Instant>,
    ) -> RecvManyDeadlineFuture<'a, T> {
        let recv = RecvMany::new(&*self.shared, into, limit);
        RecvManyDeadlineFuture {
            wait: WaitUntil::new(recv, deadline, Location::caller()),
        }
    }
}

impl<T> Shared<T> {
    /// Puts in values from the front of `values` and wakes as many receivers. Stops at the first that has no
    /// room, and soon after `most` values.
    fn push_many(
        &self,
        lane: usize,
        values: &mut VecDeque<T>,
        most: usize,
    ) -> Result<(), PushError> {
        let rest = values.len().saturating_sub(most);
        while values.len() > rest {
            let count = match (self.ring(lane), &self.flavor) {
                (Some(ring), _) => ring.push_many(values)?,
                (None, Flavor::Blocks(blocks)) => blocks.push_many(values)?,
                (None, _) => {
                    self.push_first(lane, values)?;
                    continue;
                }
            };
            self.not_empty.waiting.hand_on(count);
        }
        Ok(())
    }

    fn push_first(&self, lane: usize, values: &mut VecDeque<T>) -> Result<(), PushError> {
        let mut first = values.pop_front();
        let pushed = self.push(lane, &mut first);
        if let Some(unsent) = first {
            values.push_front(unsent);
        }
        pushed
    }

    /// Takes out the oldest values, at most `limit`, and wakes as many senders. Leaves what comes meanwhile: that
    /// may never end.
    fn pop_many(
        &self,
        into: &mut Vec<T>,
        mut limit: usize,
        question: &mut Question,
    ) -> Result<usize, PopError> {
        let mut taken = 0;
        while taken < limit {
            let popped = match &self.flavor {
                Flavor::Ring(ring) => ring.pop_many(into, limit - taken),
                Flavor::Blocks(blocks) => blocks.pop_many(into, limit - taken),
                _ => self.pop(question).map(|value| {
                    into.push(value);
                    1
                }),
            };
            match popped {
                Ok(count) => {
                    if let Flavor::Ring(_) = &self.flavor {
                        self.not_full()[0].waiting.hand_on(count);
                    }
                    if taken == 0 && count < limit {
                        limit = limit.min(count.saturating_add(self.len()));
                    }
                    taken += count;
                }
                Err(_) if taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }
}

/// Puts many values in.
#[derive(Debug)]
struct SendMany<'a, H: Holder> {
    shared: H,
    lane: usize,
    /// What has not been sent.
    values: &'a mut VecDeque<H::Value>,
    /// The most that one attempt sends: it may not last for ever where there is a limit, or others want to run.
    at_once: usize,
}

// SAFETY: the queue is a field of the channel, which its holder keeps in place.
unsafe impl<H: Holder> Operation for SendMany<'_, H> {
    type Output = Result<(), SendError<()>>;
    const WAITS_FOR: &'static What = &"channel send";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> =
        Some(|_| Err(SendError::Cancelled(())));

    fn attempt(&mut self) -> Poll<Self::Output> {
        let pushed = self.push();
        self.result(pushed)
    }

    fn last_attempt(&mut self) -> Poll<Self::Output> {
        let mut backoff = Backoff::new();
        loop {
            match self.push() {
                Err(PushError::Busy) => backoff.look_again(),
                pushed => return self.result(pushed),
            }
        }
    }

    fn chances(&self) -> usize {
        self.shared.channel().look_for_room(self.lane)
    }

    fn moves(&self) -> usize {
        self.shared.channel().sent(self.lane)
    }

    fn queue(&self) -> &WaitQueue {
        &self.shared.channel().not_full()[self.lane].waiting
    }

    fn patience(&self) -> &Patience {
        &self.shared.channel().not_full()[self.lane].patience
    }
}

/// Takes many values out.
#[derive(Debug)]
struct RecvMany<'a, H: Holder> {
    shared: H,
    into: &'a mut Vec<H::Value>,
    limit: usize,
    question: Question,
}

impl<'a, H: Holder> RecvMany<'a, H> {
    fn new(shared: H, into: &'a mut Vec<H::Value>, limit: usize) -> Self {
        Self {
            shared,
            into,
            limit,
            question: Question::default(),
        }
    }
}

impl<H: Holder> RecvMany<'_, H> {
    fn pop(&mut self) -> Result<usize, PopError> {
        let channel = self.shared.channel();
        channel.pop_many(self.into, self.limit, &mut self.question)
    }

    fn ask_no_more(&mut self) {
        let question = std::mem::take(&mut self.question);
        self.shared.channel().withdraw(question);
    }
}

impl<H: Holder> SendMany<'_, H> {
    fn push(&mut self) -> Result<(), PushError> {
        let channel = self.shared.channel();
        channel.push_many(self.lane, self.values, self.at_once)
    }

    fn result(&self, pushed: Result<(), PushError>) -> Poll<Result<(), SendError<()>>> {
        match pushed {
            Ok(()) if self.values.is_empty() => Poll::Ready(Ok(())),
            Ok(()) | Err(PushError::Full | PushError::Busy) => Poll::Pending,
            Err(PushError::Closed) => Poll::Ready(Err(SendError::Closed(()))),
        }
    }
}

impl<H: Holder> Drop for RecvMany<'_, H> {
    fn drop(&mut self) {
        self.ask_no_more();
    }
}

// SAFETY: the queue is a field of the channel, which its holder keeps in place.
unsafe impl<H: Holder> Operation for RecvMany<'_, H> {
    type Output = Result<usize, RecvError>;
    const WAITS_FOR: &'static What = &"channel recv";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|recv| {
        recv.ask_no_more();
        Err(RecvError::Cancelled)
    });

    fn attempt(&mut self) -> Poll<Self::Output> {
        received(self.pop())
    }

    fn last_attempt(&mut self) -> Poll<Self::Output> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Err(PopError::Busy) => backoff.look_again(),
                answer => return received(answer),
            }
        }
    }

    fn chances(&self) -> usize {
        self.shared.channel().look_for_values()
    }

    fn moves(&self) -> usize {
        self.shared.channel().taken()
    }

    fn queue(&self) -> &WaitQueue {
        self.shared.channel().receivers_wait_at()
    }

    fn patience(&self) -> &Patience {
        &self.shared.channel().not_empty.patience
    }
}

/// Values being sent. See [`Sender::send_many_async`].
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendManyFuture<'a, T> {
    wait: Wait<SendMany<'a, &'a Shared<T>>>,
}

/// Values being sent until a deadline. See [`Sender::send_many_deadline_async`].
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendManyDeadlineFuture<'a, T> {
    wait: WaitUntil<SendMany<'a, &'a Shared<T>>>,
}

/// Values being received. See [`Receiver::recv_many_async`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvManyFuture<'a, T> {
    wait: Wait<RecvMany<'a, &'a Shared<T>>>,
}

/// Values being received until a deadline. See [`Receiver::recv_many_timeout_async`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvManyDeadlineFuture<'a, T> {
    wait: WaitUntil<RecvMany<'a, &'a Shared<T>>>,
}

impl<T> Future for SendManyFuture<'_, T> {
    type Output = Result<(), SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T> Future for SendManyDeadlineFuture<'_, T> {
    type Output = Result<(), SendTimeoutError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        Poll::Ready(match ready!(wait.poll(cx)) {
            Ok(sent) => sent.map_err(Into::into),
            Err(_) => Err(SendTimeoutError::Timeout(())),
        })
    }
}

impl<T> Future for RecvManyFuture<'_, T> {
    type Output = Result<usize, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T> Future for RecvManyDeadlineFuture<'_, T> {
    type Output = Result<usize, RecvTimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        Poll::Ready(match ready!(wait.poll(cx)) {
            Ok(received) => received.map_err(Into::into),
            Err(_) => Err(RecvTimeoutError::Timeout),
        })
    }
}

impl<T> fmt::Debug for SendManyFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendManyFuture { .. }")
    }
}

impl<T> fmt::Debug for SendManyDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendManyDeadlineFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvManyFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvManyFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvManyDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvManyDeadlineFuture { .. }")
    }
}
