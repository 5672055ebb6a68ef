//! What tasks await: the value, and the receiver's end.

use super::super::{RecvError, RecvTimeoutError};
use super::operation::{Closed, OwnedRecv, Recv, missing};
use crate::wait::{Wait, WaitUntil};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

type Site = &'static Location<'static>;

/// The value being received; made by awaiting `&mut` to a [`Receiver`](super::Receiver), or by
/// [`recv_async`](super::Receiver::recv_async).
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvFuture<'a, T> {
    wait: Wait<Recv<'a, T>>,
}

/// The value being received, with the receiver inside; made by awaiting a [`Receiver`](super::Receiver).
///
/// Dropping it drops the receiver.
#[must_use = "nothing is received unless the future is awaited"]
pub struct OwnedRecvFuture<T> {
    wait: Wait<OwnedRecv<T>>,
}

/// The value being received until a deadline. See
/// [`Receiver::recv_deadline_async`](super::Receiver::recv_deadline_async).
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvDeadlineFuture<'a, T> {
    wait: WaitUntil<Recv<'a, T>>,
}

/// The receiver's end being awaited; yields whether it came. See [`Sender::closed_async`](super::Sender::closed_async).
#[must_use = "futures do nothing unless they are awaited"]
pub struct ClosedFuture<'a, T> {
    wait: Wait<Closed<'a, T>>,
}

/// The receiver's end being awaited until a deadline; yields whether it came. See
/// [`Sender::closed_deadline_async`](super::Sender::closed_deadline_async).
#[must_use = "futures do nothing unless they are awaited"]
pub struct ClosedDeadlineFuture<'a, T> {
    wait: WaitUntil<Closed<'a, T>>,
}

impl<'a, T> RecvFuture<'a, T> {
    pub(super) fn new(recv: Recv<'a, T>, site: Site) -> Self {
        Self {
            wait: Wait::new(recv, site),
        }
    }
}

impl<T> OwnedRecvFuture<T> {
    pub(super) fn new(recv: OwnedRecv<T>, site: Site) -> Self {
        Self {
            wait: Wait::new(recv, site),
        }
    }
}

impl<'a, T> RecvDeadlineFuture<'a, T> {
    pub(super) fn new(recv: Recv<'a, T>, deadline: Option<Instant>, site: Site) -> Self {
        Self {
            wait: WaitUntil::new(recv, deadline, site),
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

impl<'a, T> ClosedDeadlineFuture<'a, T> {
    pub(super) fn new(closed: Closed<'a, T>, deadline: Option<Instant>, site: Site) -> Self {
        Self {
            wait: WaitUntil::new(closed, deadline, site),
        }
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let mut wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        let over = ready!(wait.as_mut().poll(cx));
        Poll::Ready(wait.operation().end.take(Ok, || Err(missing(over))))
    }
}

impl<T> Future for OwnedRecvFuture<T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let mut wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        let over = ready!(wait.as_mut().poll(cx));
        Poll::Ready(wait.operation().end.take(Ok, || Err(missing(over))))
    }
}

impl<T> Future for RecvDeadlineFuture<'_, T> {
    type Output = Result<T, RecvTimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let mut wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        Poll::Ready(match ready!(wait.as_mut().poll(cx)) {
            Ok(over) => {
                let end = &mut wait.wait().operation().end;
                end.take(Ok, || Err(missing(over).into()))
            }
            Err(_) => Err(RecvTimeoutError::Timeout),
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

impl<T> Future for ClosedDeadlineFuture<'_, T> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        wait.poll(cx).map(|closed| closed == Ok(true))
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvFuture { .. }")
    }
}

impl<T> fmt::Debug for OwnedRecvFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnedRecvFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvDeadlineFuture { .. }")
    }
}

impl<T> fmt::Debug for ClosedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClosedFuture { .. }")
    }
}

impl<T> fmt::Debug for ClosedDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClosedDeadlineFuture { .. }")
    }
}
