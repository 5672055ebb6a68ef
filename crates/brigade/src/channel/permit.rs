//! Room that is reserved first and filled later, and room that is made by force.
//!
//! A permit holds room for one value, and no place in the order: the value takes that when it is sent. So a
//! permit that is kept for long holds up nobody behind it, and whatever is awaited between the two steps, no
//! value is at stake.

use super::shared::{Flavor, Shared};
use super::{SendError, SendTimeoutError, Sender, TrySendError};
use crate::queue::{Backoff, PushError};
use crate::wait::{
    Limit, Operation, Patience, Wait, WaitQueue, WaitUntil, What, block, deadline_after,
};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

impl<T> Sender<T> {
    /// Reserves room for one value, and blocks the thread while the channel is full.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// let permit = sender.reserve()?;
    /// assert!(sender.try_send(1).is_err(), "the room is taken");
    /// assert!(receiver.is_empty());
    /// permit.send(2).unwrap();
    /// assert_eq!(receiver.recv(), Ok(2));
    /// # Ok::<(), brigade::channel::SendError<()>>(())
    /// ```
    #[track_caller]
    pub fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        let mut reserve = self.reservation();
        match block(&mut reserve, Limit::NONE, Location::caller()) {
            Ok(reserved) => reserved,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Reserves room for one value if there is any.
    ///
    /// # Errors
    ///
    /// If the channel is full or closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let mut backoff = Backoff::new();
        loop {
            return match self.shared.reserve(self.lane) {
                Ok(()) => Ok(Permit {
                    shared: &self.shared,
                    lane: self.lane,
                }),
                Err(PushError::Full) => Err(TrySendError::Full(())),
                Err(PushError::Closed) => Err(TrySendError::Closed(())),
                Err(PushError::Busy) => {
                    backoff.look_again();
                    continue;
                }
            };
        }
    }

    /// Reserves room for one value, and suspends the task while the channel is full.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing is reserved. No value is at stake: there is none yet.
    #[track_caller]
    pub fn reserve_async(&self) -> ReserveFuture<'_, T> {
        ReserveFuture {
            wait: Wait::new(self.reservation(), Location::caller()),
        }
    }

    /// [`reserve`](Self::reserve), but blocks for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out or the channel is closed.
    #[track_caller]
    pub fn reserve_timeout(
        &self,
        timeout: Duration,
    ) -> Result<Permit<'_, T>, SendTimeoutError<()>> {
        self.reserve_until(deadline_after(timeout))
    }

    /// [`reserve`](Self::reserve), but blocks until `deadline` at most. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the channel is closed.
    #[track_caller]
    pub fn reserve_deadline(
        &self,
        deadline: Instant,
    ) -> Result<Permit<'_, T>, SendTimeoutError<()>> {
        self.reserve_until(Some(deadline))
    }

    #[track_caller]
    fn reserve_until(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Permit<'_, T>, SendTimeoutError<()>> {
        let mut reserve = self.reservation();
        match block(&mut reserve, Limit::until(deadline), Location::caller()) {
            Ok(reserved) => Ok(reserved?),
            Err(_) => Err(SendTimeoutError::Timeout(())),
        }
    }

    /// [`reserve_async`](Self::reserve_async), but for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock waits for
    /// ever.
    ///
    /// # Errors
    ///
    /// If the time runs out or the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// As for [`reserve_async`](Self::reserve_async).
    #[track_caller]
    pub fn reserve_timeout_async(&self, timeout: Duration) -> ReserveDeadlineFuture<'_, T> {
        self.reserve_until_async(deadline_after(timeout))
    }

    /// [`reserve_async`](Self::reserve_async), but until `deadline` at most. A deadline in the past tries once.
    ///
    /// Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// As for [`reserve_async`](Self::reserve_async).
    #[track_caller]
    pub fn reserve_deadline_async(&self, deadline: Instant) -> ReserveDeadlineFuture<'_, T> {
        self.reserve_until_async(Some(deadline))
    }

    #[track_caller]
    fn reserve_until_async(&self, deadline: Option<Instant>) -> ReserveDeadlineFuture<'_, T> {
        ReserveDeadlineFuture {
            wait: WaitUntil::new(self.reservation(), deadline, Location::caller()),
        }
    }

    fn reservation(&self) -> Reserve<'_, T> {
        Reserve {
            shared: &self.shared,
            lane: self.lane,
        }
    }

    /// Sends `value` at once. If there is no room for it, the oldest value makes way and comes back.
    ///
    /// In a channel without room of its own, capacity 0, or if all room is reserved, it is `value` itself that
    /// comes back.
    ///
    /// # Errors
    ///
    /// If the channel is closed, the value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::bounded(2);
    /// assert_eq!(sender.force_send(1), Ok(None));
    /// assert_eq!(sender.force_send(2), Ok(None));
    /// assert_eq!(sender.force_send(3), Ok(Some(1)));
    /// assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2, 3]);
    /// ```
    pub fn force_send(&self, value: T) -> Result<Option<T>, SendError<T>> {
        let mut value = Some(value);
        let mut backoff = Backoff::new();
        loop {
            match (self.shared.force(self.lane, &mut value), value.take()) {
                (Ok(evicted), _) => return Ok(evicted),
                (Err(PushError::Full), unsent) => return Ok(unsent),
                (Err(PushError::Closed), Some(unsent)) => return Err(SendError::Closed(unsent)),
                (Err(PushError::Busy), unsent) => value = unsent,
                (Err(PushError::Closed), None) => {
                    unreachable!("what was not sent is still here")
                }
            }
            backoff.look_again();
        }
    }
}

impl<T> Shared<T> {
    fn reserve(&self, lane: usize) -> Result<(), PushError> {
        match (self.ring(lane), &self.flavor) {
            (Some(ring), _) => ring.try_reserve(),
            (None, Flavor::Rendezvous(rendezvous)) => rendezvous.try_reserve(),
            // There is always room.
            (None, _) if !self.is_closed() => Ok(()),
            (None, _) => Err(PushError::Closed),
        }
    }

    /// Puts the value into room that is reserved, and wakes a receiver. Fails only if the channel is closed;
    /// then the room stays reserved and the value where it is.
    fn push_reserved(&self, lane: usize, value: &mut Option<T>) -> Result<(), PushError> {
        let senders = match (self.ring(lane), &self.flavor) {
            (Some(ring), _) => ring.push_reserved(value)?,
            (None, Flavor::Rendezvous(rendezvous)) => rendezvous.push_reserved(value)?,
            (None, _) => return self.push_now(lane, value),
        };
        self.not_empty.waiting.wake_one();
        self.not_full()[lane].waiting.hand_on(senders);
        Ok(())
    }

    fn unreserve(&self, lane: usize) {
        let senders = match (self.ring(lane), &self.flavor) {
            (Some(ring), _) => ring.unreserve(),
            (None, Flavor::Rendezvous(rendezvous)) => rendezvous.unreserve(),
            (None, _) => return,
        };
        self.not_full()[lane].waiting.hand_on(senders);
    }

    fn force(&self, lane: usize, value: &mut Option<T>) -> Result<Option<T>, PushError> {
        let Some(ring) = self.ring(lane) else {
            return self.push(lane, value).map(|()| None);
        };
        let evicted = ring.force_push(value)?;
        self.not_empty.waiting.wake_one();
        if evicted.is_some() {
            self.not_full()[lane].waiting.wake_one();
        }
        Ok(evicted)
    }
}

/// Room for one value. See [`Sender::reserve`].
///
/// Dropping it gives the room back. One that is leaked keeps it for good.
///
/// A bounded channel has at most 65,535 permits at a time, or 255 where words have less than 64 bits. While all of
/// them are out, it is full for everybody, whatever its capacity.
#[must_use = "the room is given back when the permit is dropped"]
pub struct Permit<'a, T> {
    shared: &'a Shared<T>,
    lane: usize,
}

impl<T> Permit<'_, T> {
    /// Sends `value` into the room, without waiting.
    ///
    /// # Errors
    ///
    /// If the channel has been closed meanwhile, the value comes back.
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        let mut value = Some(value);
        match (self.shared.push_reserved(self.lane, &mut value), value) {
            (Ok(()), _) => {
                // The room is used.
                std::mem::forget(self);
                Ok(())
            }
            (Err(_), Some(unsent)) => Err(SendError::Closed(unsent)),
            (Err(_), None) => unreachable!("what was not sent is still here"),
        }
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.shared.unreserve(self.lane);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit { .. }")
    }
}

/// Reserves room.
#[derive(Debug)]
struct Reserve<'a, T> {
    shared: &'a Shared<T>,
    lane: usize,
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl<'a, T> Operation for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;
    const WAITS_FOR: &'static What = &"channel reserve";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> =
        Some(|_| Err(SendError::Cancelled(())));

    fn attempt(&mut self) -> Poll<Self::Output> {
        let Self { shared, lane } = *self;
        match shared.reserve(lane) {
            Ok(()) => Poll::Ready(Ok(Permit { shared, lane })),
            Err(PushError::Full | PushError::Busy) => Poll::Pending,
            Err(PushError::Closed) => Poll::Ready(Err(SendError::Closed(()))),
        }
    }

    fn chances(&self) -> usize {
        self.shared.look_for_room(self.lane)
    }

    fn moves(&self) -> usize {
        self.shared.sent(self.lane)
    }

    fn queue(&self) -> &WaitQueue {
        &self.shared.not_full()[self.lane].waiting
    }

    fn patience(&self) -> &Patience {
        &self.shared.not_full()[self.lane].patience
    }
}

/// Room being reserved. See [`Sender::reserve_async`].
#[must_use = "nothing is reserved unless the future is awaited"]
pub struct ReserveFuture<'a, T> {
    wait: Wait<Reserve<'a, T>>,
}

/// Room being reserved until a deadline. See [`Sender::reserve_deadline_async`].
#[must_use = "nothing is reserved unless the future is awaited"]
pub struct ReserveDeadlineFuture<'a, T> {
    wait: WaitUntil<Reserve<'a, T>>,
}

impl<'a, T> Future for ReserveFuture<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<'a, T> Future for ReserveDeadlineFuture<'a, T> {
    type Output = Result<Permit<'a, T>, SendTimeoutError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        Poll::Ready(match ready!(wait.poll(cx)) {
            Ok(reserved) => reserved.map_err(Into::into),
            Err(_) => Err(SendTimeoutError::Timeout(())),
        })
    }
}

impl<T> fmt::Debug for ReserveDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReserveDeadlineFuture { .. }")
    }
}

impl<T> fmt::Debug for ReserveFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReserveFuture { .. }")
    }
}
