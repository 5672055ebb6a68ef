//! What tasks await: a value, the end of the last receiver, and a receiver as a stream.

use super::operation::{Closed, Look};
use super::{ChangedError, ChangedTimeoutError, Receiver};
use crate::prim::StdArc as Arc;
use crate::wait::{Wait, WaitUntil};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

type Site = &'static Location<'static>;

/// What takes any value.
pub(super) type Any<T> = fn(&T) -> bool;

/// A look that keeps its receiver by itself.
type OwnedWait<T> = Wait<Look<Receiver<T>, Any<T>>>;

/// A value being waited for. See [`Receiver::changed_async`] and [`Receiver::wait_for_async`].
#[must_use = "nothing is waited for unless the future is awaited"]
pub struct ChangedFuture<'a, T, F: FnMut(&T) -> bool = Any<T>> {
    wait: Wait<Look<&'a mut Receiver<T>, F>>,
}

/// A value being waited for until a deadline. See [`Receiver::changed_deadline_async`] and
/// [`Receiver::wait_for_deadline_async`].
#[must_use = "nothing is waited for unless the future is awaited"]
pub struct ChangedDeadlineFuture<'a, T, F: FnMut(&T) -> bool = Any<T>> {
    wait: WaitUntil<Look<&'a mut Receiver<T>, F>>,
}

/// The end of the last receiver being waited for; yields whether it came.
/// See [`Sender::closed_async`](super::Sender::closed_async).
#[must_use = "nothing is waited for unless the future is awaited"]
pub struct ClosedFuture<'a, T> {
    wait: Wait<Closed<'a, T>>,
}

/// A receiver as a stream. See [`Receiver::into_stream`].
///
/// It ends when a wait is [cancelled](crate::cancel) too, and goes on if it is polled where it is not.
#[must_use = "nothing is looked at unless the stream is polled"]
pub struct ChangedStream<T> {
    wait: Pin<Box<OwnedWait<T>>>,
}

impl<'a, T, F: FnMut(&T) -> bool> ChangedFuture<'a, T, F> {
    pub(super) fn new(look: Look<&'a mut Receiver<T>, F>, site: Site) -> Self {
        Self {
            wait: Wait::new(look, site),
        }
    }
}

impl<'a, T, F: FnMut(&T) -> bool> ChangedDeadlineFuture<'a, T, F> {
    pub(super) fn new(
        look: Look<&'a mut Receiver<T>, F>,
        deadline: Option<Instant>,
        site: Site,
    ) -> Self {
        Self {
            wait: WaitUntil::new(look, deadline, site),
        }
    }
}

impl<'a, T> ClosedFuture<'a, T> {
    pub(super) fn new(closed: Closed<'a, T>, site: Site) -> Self {
        Self {
            wait: Wait::new(closed, site),
        }
    }
}

impl<T> ChangedStream<T> {
    pub(super) fn new(look: Look<Receiver<T>, Any<T>>, site: Site) -> Self {
        Self {
            wait: Box::pin(Wait::new(look, site)),
        }
    }
}

impl<T, F: FnMut(&T) -> bool> Future for ChangedFuture<'_, T, F> {
    type Output = Result<Arc<T>, ChangedError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T, F: FnMut(&T) -> bool> Future for ChangedDeadlineFuture<'_, T, F> {
    type Output = Result<Arc<T>, ChangedTimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        Poll::Ready(match ready!(wait.poll(cx)) {
            Ok(found) => found.map_err(Into::into),
            Err(_) => Err(ChangedTimeoutError::Timeout),
        })
    }
}

impl<T> Future for ClosedFuture<'_, T> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T> Stream for ChangedStream<T> {
    type Item = Arc<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Arc<T>>> {
        self.wait.as_mut().poll(cx).map(Result::ok)
    }
}

impl<T, F: FnMut(&T) -> bool> fmt::Debug for ChangedFuture<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangedFuture { .. }")
    }
}

impl<T, F: FnMut(&T) -> bool> fmt::Debug for ChangedDeadlineFuture<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangedDeadlineFuture { .. }")
    }
}

impl<T> fmt::Debug for ClosedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClosedFuture { .. }")
    }
}

impl<T> fmt::Debug for ChangedStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangedStream { .. }")
    }
}
