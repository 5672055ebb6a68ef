//! What tasks await: sends, receives, and a receiver as a stream.

use super::operation::{Recv, Send};
use super::shared::Shared;
use super::{Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError};
use crate::prim::Arc;
use crate::wait::{Wait, WaitUntil};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

type Site = &'static Location<'static>;

/// A receive that keeps its channel alive by itself.
type OwnedWait<T> = Wait<Recv<Arc<Shared<T>>>>;

/// A value being sent. See [`Sender::send_async`](super::Sender::send_async).
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendFuture<'a, T> {
    wait: Wait<Send<&'a Shared<T>>>,
}

/// A value being sent until a deadline.
/// See [`Sender::send_deadline_async`](super::Sender::send_deadline_async).
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendDeadlineFuture<'a, T> {
    wait: WaitUntil<Send<&'a Shared<T>>>,
}

/// A value being received. See [`Receiver::recv_async`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvFuture<'a, T> {
    wait: Wait<Recv<&'a Shared<T>>>,
}

/// A value being received until a deadline. See [`Receiver::recv_deadline_async`].
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvDeadlineFuture<'a, T> {
    wait: WaitUntil<Recv<&'a Shared<T>>>,
}

/// A receiver as a stream. See [`Receiver::into_stream`].
///
/// It ends when a wait is [cancelled](crate::cancel) too, and goes on if it is polled where it is not.
#[must_use = "nothing is received unless the stream is polled"]
pub struct RecvStream<T> {
    /// Before the receiver, so that the wait is over when the handle goes.
    wait: Pin<Box<OwnedWait<T>>>,
    receiver: Receiver<T>,
}

impl<'a, T> SendFuture<'a, T> {
    #[inline]
    pub(super) fn new(send: Send<&'a Shared<T>>, site: Site) -> Self {
        Self {
            wait: Wait::new(send, site),
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut Wait<Send<&'a Shared<T>>>> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }

    /// Gives up sending and returns the value; `None` if it has been sent or given back.
    ///
    /// The future must not be polled afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let (sender, _receiver) = brigade::channel::bounded(1);
    /// let send = pin!(sender.send_async("dear"));
    /// assert_eq!(send.cancel(), Some("dear"));
    /// assert!(sender.is_empty());
    /// ```
    pub fn cancel(self: Pin<&mut Self>) -> Option<T> {
        take_back(self.wait())
    }
}

impl<'a, T> SendDeadlineFuture<'a, T> {
    pub(super) fn new(send: Send<&'a Shared<T>>, deadline: Option<Instant>, site: Site) -> Self {
        Self {
            wait: WaitUntil::new(send, deadline, site),
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut WaitUntil<Send<&'a Shared<T>>>> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
    }

    /// Gives up sending and returns the value; `None` if it has been sent or given back.
    ///
    /// The future must not be polled afterwards.
    pub fn cancel(self: Pin<&mut Self>) -> Option<T> {
        take_back(self.wait().wait())
    }
}

fn take_back<T>(mut wait: Pin<&mut Wait<Send<&Shared<T>>>>) -> Option<T> {
    wait.as_mut().give_up();
    wait.operation().value.take()
}

impl<'a, T> RecvFuture<'a, T> {
    #[inline]
    pub(super) fn new(recv: Recv<&'a Shared<T>>, site: Site) -> Self {
        Self {
            wait: Wait::new(recv, site),
        }
    }
}

impl<'a, T> RecvDeadlineFuture<'a, T> {
    pub(super) fn new(recv: Recv<&'a Shared<T>>, deadline: Option<Instant>, site: Site) -> Self {
        Self {
            wait: WaitUntil::new(recv, deadline, site),
        }
    }
}

impl<T> RecvStream<T> {
    pub(super) fn new(receiver: Receiver<T>, site: Site) -> Self {
        let recv = Recv::new(Arc::clone(&receiver.shared));
        Self {
            wait: Box::pin(Wait::new(recv, site)),
            receiver,
        }
    }

    /// The receiver, to use in other ways between polls.
    pub fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait().poll(cx)
    }
}

impl<T> Future for SendDeadlineFuture<'_, T> {
    type Output = Result<(), SendTimeoutError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.as_mut().wait().poll(cx)) {
            Ok(sent) => sent.map_err(Into::into),
            Err(_) => {
                let value = self.cancel().expect("what was not sent is still here");
                Err(SendTimeoutError::Timeout(value))
            }
        })
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T> Future for RecvDeadlineFuture<'_, T> {
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

impl<T> Stream for RecvStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.wait.as_mut().poll(cx).map(Result::ok)
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendFuture { .. }")
    }
}

impl<T> fmt::Debug for SendDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendDeadlineFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvDeadlineFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecvDeadlineFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvStream").field(&self.receiver).finish()
    }
}
