//! What tasks await: a select, with and without a deadline.

use super::{Arms, Ending, SelectError, SelectTimeoutError};
use crate::wait::{Manner, WaitAny};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A select being awaited. See [`Select::wait_async`](super::Select::wait_async).
#[must_use = "nothing is done unless the future is awaited"]
pub struct SelectFuture<'a, R, A: Arms<R>> {
    wait: WaitAny<'a, R, A>,
    ending: Ending,
}

/// A select being awaited until a deadline.
/// See [`Select::wait_deadline_async`](super::Select::wait_deadline_async).
#[must_use = "nothing is done unless the future is awaited"]
pub struct SelectDeadlineFuture<'a, R, A: Arms<R>> {
    wait: WaitAny<'a, R, A>,
    ending: Ending,
}

impl<'a, R, A: Arms<R>> SelectFuture<'a, R, A> {
    pub(super) fn new(arms: &'a mut A, manner: Manner, ending: Ending) -> Self {
        Self {
            wait: WaitAny::new(arms, manner),
            ending,
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut WaitAny<'a, R, A>> {
        // SAFETY: never moved out of `self`; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }
}

impl<'a, R, A: Arms<R>> SelectDeadlineFuture<'a, R, A> {
    pub(super) fn new(arms: &'a mut A, manner: Manner, ending: Ending) -> Self {
        Self {
            wait: WaitAny::new(arms, manner),
            ending,
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut WaitAny<'a, R, A>> {
        // SAFETY: never moved out of `self`; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }
}

impl<R, A: Arms<R>> Future for SelectFuture<'_, R, A> {
    type Output = Result<R, SelectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.wait.is_spent() {
            return Poll::Ready(Err(SelectError::NoArms));
        }
        let ended = ready!(self.as_mut().wait().poll(cx));
        let ending = self.ending;
        Poll::Ready(ending.without_limit(self.wait().arms(), ended))
    }
}

impl<R, A: Arms<R>> Future for SelectDeadlineFuture<'_, R, A> {
    type Output = Result<R, SelectTimeoutError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.wait.is_spent() {
            return Poll::Ready(Err(SelectTimeoutError::NoArms));
        }
        let ended = ready!(self.as_mut().wait().poll(cx));
        let ending = self.ending;
        Poll::Ready(ending.of(self.wait().arms(), ended))
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
