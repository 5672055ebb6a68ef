//! What tasks await: receives, and a receiver as a stream.

use super::iter::item;
use super::operation::Recv;
use super::{Lagged, Receiver, RecvError, RecvTimeoutError};
use crate::wait::{Wait, WaitUntil};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

type Site = &'static Location<'static>;

/// A value being received. See [`Receiver::recv_async`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvFuture<'a, T: Clone> {
    wait: Wait<Recv<&'a mut Receiver<T>>>,
}

/// A value being received until a deadline. See [`Receiver::recv_deadline_async`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvDeadlineFuture<'a, T: Clone> {
    wait: WaitUntil<Recv<&'a mut Receiver<T>>>,
}

/// A receiver as a stream. See [`Receiver::into_stream`].
///
/// It ends when a wait is [cancelled](crate::cancel) too, and goes on if it is polled where it is not.
#[must_use = "nothing is received unless the stream is polled"]
pub struct RecvStream<T: Clone> {
    wait: Pin<Box<Wait<Recv<Receiver<T>>>>>,
}

impl<'a, T: Clone> RecvFuture<'a, T> {
    pub(super) fn new(receiver: &'a mut Receiver<T>, site: Site) -> Self {
        Self {
            wait: Wait::new(Recv::new(receiver), site),
        }
    }
}

impl<'a, T: Clone> RecvDeadlineFuture<'a, T> {
    pub(super) fn new(
        receiver: &'a mut Receiver<T>,
        deadline: Option<Instant>,
        site: Site,
    ) -> Self {
        Self {
            wait: WaitUntil::new(Recv::new(receiver), deadline, site),
        }
    }
}

impl<T: Clone> RecvStream<T> {
    pub(super) fn new(receiver: Receiver<T>, site: Site) -> Self {
        Self {
            wait: Box::pin(Wait::new(Recv::new(receiver), site)),
        }
    }
}

impl<T: Clone> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T: Clone> Future for RecvDeadlineFuture<'_, T> {
    type Output = Result<T, RecvTimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        Poll::Ready(match ready!(wait.poll(cx)) {
            Ok(received) => received.map_err(Into::into),
            Err(_) => Err(RecvTimeoutError::Timeout),
        })
    }
}

impl<T: Clone> Stream for RecvStream<T> {
    type Item = Result<T, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.wait.as_mut().poll(cx).map(item)
    }
}

impl<T: Clone> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvFuture { .. }")
    }
}

impl<T: Clone> fmt::Debug for RecvDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvDeadlineFuture { .. }")
    }
}

impl<T: Clone> fmt::Debug for RecvStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvStream { .. }")
    }
}
