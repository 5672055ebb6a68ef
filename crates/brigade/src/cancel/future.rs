//! What tasks await: a token's end, and futures under a token.

use super::keep::Keep;
use super::operation::Cancelling;
use super::reason::{Cancelled, Reason};
use super::token::CancelToken;
use crate::prim::StdArc;
use crate::wait::{Door, Interrupts, Wait, under};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The end of a token being awaited. See [`CancelToken::wait_async`](super::CancelToken::wait_async).
#[must_use = "futures do nothing unless they are awaited"]
pub struct WaitFuture {
    wait: Wait<Cancelling>,
}

impl WaitFuture {
    pub(super) fn new(cancelling: Cancelling, site: &'static Location<'static>) -> Self {
        Self {
            wait: Wait::new(cancelling, site),
        }
    }
}

impl Future for WaitFuture {
    type Output = Reason;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reason> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

/// A future under a token, or under none.
///
/// Made by [`CancelToken::within_async`](super::CancelToken::within_async) and
/// [`shield_async`](super::shield_async).
#[must_use = "futures do nothing unless they are awaited"]
pub struct WithinFuture<F> {
    source: Option<StdArc<dyn Interrupts>>,
    /// While it waits under none: then it is cleaning up, and whoever could drop it waits.
    keep: Keep,
    future: F,
}

impl<F: Future> WithinFuture<F> {
    pub(super) fn new(source: Option<StdArc<dyn Interrupts>>, future: F) -> Self {
        Self {
            source,
            keep: Keep::new(),
            future,
        }
    }
}

impl<F: Future> Future for WithinFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is never moved out of `self`, which has no drop of its own; the others are not pinned.
        let (source, keep, future) = unsafe {
            let this = self.get_unchecked_mut();
            let future = Pin::new_unchecked(&mut this.future);
            (&this.source, &mut this.keep, future)
        };
        let polled = under(source.as_ref(), || future.poll(cx));
        if source.is_none() {
            keep.after(&polled);
        }
        polled
    }
}

/// A future that ends when a token is cancelled. See [`CancelToken::run_async`](super::CancelToken::run_async).
#[must_use = "futures do nothing unless they are awaited"]
pub struct RunFuture<F> {
    token: CancelToken,
    door: Door,
    /// Dropped where it is when it ends, in whichever way.
    future: Option<F>,
}

impl<F: Future> RunFuture<F> {
    pub(super) fn new(token: CancelToken, future: F) -> Self {
        Self {
            door: Door::new(token.interrupts()),
            token,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for RunFuture<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: neither is moved out of `self`, which has no drop of its own.
        let (token, door, mut future) = unsafe {
            let this = self.get_unchecked_mut();
            (
                &this.token,
                Pin::new_unchecked(&this.door),
                Pin::new_unchecked(&mut this.future),
            )
        };
        // Before the future is polled: it cannot miss what happens from here on.
        if door.watch(cx.waker())
            && let Err(cancelled) = token.check()
        {
            future.set(None);
            return Poll::Ready(Err(cancelled));
        }
        let running = future.as_mut().as_pin_mut();
        let output = running
            .expect("a future was polled after it was done")
            .poll(cx);
        output.map(|output| {
            future.set(None);
            Ok(output)
        })
    }
}

impl fmt::Debug for WaitFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitFuture { .. }")
    }
}

impl<F> fmt::Debug for WithinFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithinFuture { .. }")
    }
}

impl<F> fmt::Debug for RunFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunFuture { .. }")
    }
}
