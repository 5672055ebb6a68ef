//! What tasks await: a select, with and without a deadline.

use super::{Arms, SelectError, SelectTimeoutError, done};
use crate::wait::{Order, WaitAny};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

type Site = &'static Location<'static>;

/// A select being awaited. See [`Select::wait_async`](super::Select::wait_async).
#[must_use = "nothing is done unless the future is awaited"]
pub struct SelectFuture<'a, R, A: Arms<R>> {
    wait: WaitAny<'a, R, A>,
}

/// A select being awaited until a deadline.
/// See [`Select::wait_deadline_async`](super::Select::wait_deadline_async).
#[must_use = "nothing is done unless the future is awaited"]
pub struct SelectDeadlineFuture<'a, R, A: Arms<R>> {
    wait: WaitAny<'a, R, A>,
}

impl<'a, R, A: Arms<R>> SelectFuture<'a, R, A> {
    pub(super) fn new(arms: &'a mut A, order: Order, site: Site) -> Self {
        Self {
            wait: WaitAny::new(arms, order, None, site),
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut WaitAny<'a, R, A>> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }
}

impl<'a, R, A: Arms<R>> SelectDeadlineFuture<'a, R, A> {
    pub(super) fn new(
        arms: &'a mut A,
        order: Order,
        deadline: Option<Instant>,
        site: Site,
    ) -> Self {
        Self {
            wait: WaitAny::new(arms, order, deadline, site),
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut WaitAny<'a, R, A>> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }
}

impl<R, A: Arms<R>> Future for SelectFuture<'_, R, A> {
    type Output = Result<R, SelectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.wait.is_spent() {
            return Poll::Ready(Err(SelectError));
        }
        Poll::Ready(match ready!(self.as_mut().wait().poll(cx)) {
            Ok(()) => Ok(done(self.wait().arms())),
            Err(_) => unreachable!("a wait without a limit ends with an arm"),
        })
    }
}

impl<R, A: Arms<R>> Future for SelectDeadlineFuture<'_, R, A> {
    type Output = Result<R, SelectTimeoutError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.wait.is_spent() {
            return Poll::Ready(Err(SelectTimeoutError::NoArms));
        }
        Poll::Ready(match ready!(self.as_mut().wait().poll(cx)) {
            Ok(()) => Ok(done(self.wait().arms())),
            Err(_) => Err(SelectTimeoutError::Timeout),
        })
    }
}

impl<R, A: Arms<R>> fmt::Debug for SelectFuture<'_, R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectFuture { .. }")
    }
}

impl<R, A: Arms<R>> fmt::Debug for SelectDeadlineFuture<'_, R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectDeadlineFuture { .. }")
    }
}
