//! What tasks await: sends, receives, and a receiver as a stream.

use super::super::{RecvError, RecvTimeoutError, SendError, SendTimeoutError};
use super::operation::{BorrowedRecv, Recv, RecvMany, Send, SendMany};
use super::shared::RecvEnd;
use crate::wait::{Wait, WaitUntil};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

type Site = &'static Location<'static>;

/// A receive that has its end for itself.
type OwnedRecv<T> = Recv<T, RecvEnd<T>>;

/// A value being sent. See [`Sender::send_async`](super::Sender::send_async).
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendFuture<'a, T> {
    wait: Wait<Send<'a, T>>,
}

/// A value being sent until a deadline.
/// See [`Sender::send_deadline_async`](super::Sender::send_deadline_async).
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendDeadlineFuture<'a, T> {
    wait: WaitUntil<Send<'a, T>>,
}

/// Many values being sent. See [`Sender::send_many_async`](super::Sender::send_many_async).
#[must_use = "nothing is sent unless the future is awaited"]
pub struct SendManyFuture<'a, T> {
    wait: Wait<SendMany<'a, T>>,
}

/// A value being received. See [`Receiver::recv_async`](super::Receiver::recv_async).
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvFuture<'a, T> {
    wait: Wait<BorrowedRecv<'a, T>>,
}

/// A value being received until a deadline.
/// See [`Receiver::recv_deadline_async`](super::Receiver::recv_deadline_async).
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvDeadlineFuture<'a, T> {
    wait: WaitUntil<BorrowedRecv<'a, T>>,
}

/// Many values being received. See [`Receiver::recv_many_async`](super::Receiver::recv_many_async).
#[must_use = "nothing is received unless the future is awaited"]
pub struct RecvManyFuture<'a, T> {
    wait: Wait<RecvMany<'a, T>>,
}

/// A receiver as a stream. See [`Receiver::into_stream`](super::Receiver::into_stream).
///
/// It ends when a wait is [cancelled](crate::cancel) too, and goes on if it is polled where it is not.
#[must_use = "nothing is received unless the stream is polled"]
pub struct RecvStream<T> {
    wait: Pin<Box<Wait<OwnedRecv<T>>>>,
}

/// The future around one field, which is pinned with it.
macro_rules! future {
    ($future:ident, $wait:ty, $operation:ty, $output:ty) => {
        impl<'a, T> $future<'a, T> {
            pub(super) fn new(operation: $operation, site: Site) -> Self {
                Self {
                    wait: Wait::new(operation, site),
                }
            }

            fn wait(self: Pin<&mut Self>) -> Pin<&mut $wait> {
                // SAFETY: the only field, never moved out; there is no drop of our own.
                unsafe { self.map_unchecked_mut(|this| &mut this.wait) }
            }
        }

        impl<T> Future for $future<'_, T> {
            type Output = $output;

            #[inline(always)]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.wait().poll(cx)
            }
        }
    };
}

future!(SendFuture, Wait<Send<'a, T>>, Send<'a, T>, Result<(), SendError<T>>);
future!(SendManyFuture, Wait<SendMany<'a, T>>, SendMany<'a, T>, Result<(), SendError<()>>);
future!(RecvFuture, Wait<BorrowedRecv<'a, T>>, BorrowedRecv<'a, T>, Result<T, RecvError>);
future!(RecvManyFuture, Wait<RecvMany<'a, T>>, RecvMany<'a, T>, Result<usize, RecvError>);

impl<T> SendFuture<'_, T> {
    /// Gives up sending and returns the value; `None` if it has been sent or given back.
    ///
    /// The future must not be polled afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let (mut sender, _receiver) = brigade::channel::spsc(1);
    /// let send = pin!(sender.send_async("dear"));
    /// assert_eq!(send.cancel(), Some("dear"));
    /// ```
    pub fn cancel(self: Pin<&mut Self>) -> Option<T> {
        take_back(self.wait())
    }
}

impl<'a, T> SendDeadlineFuture<'a, T> {
    pub(super) fn new(send: Send<'a, T>, deadline: Option<Instant>, site: Site) -> Self {
        Self {
            wait: WaitUntil::new(send, deadline, site),
        }
    }

    fn wait(self: Pin<&mut Self>) -> Pin<&mut WaitUntil<Send<'a, T>>> {
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

fn take_back<T>(mut wait: Pin<&mut Wait<Send<'_, T>>>) -> Option<T> {
    wait.as_mut().give_up();
    wait.operation().value.take()
}

impl<'a, T> RecvDeadlineFuture<'a, T> {
    pub(super) fn new(recv: BorrowedRecv<'a, T>, deadline: Option<Instant>, site: Site) -> Self {
        Self {
            wait: WaitUntil::new(recv, deadline, site),
        }
    }
}

impl<T> RecvStream<T> {
    pub(super) fn new(recv: OwnedRecv<T>, site: Site) -> Self {
        Self {
            wait: Box::pin(Wait::new(recv, site)),
        }
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

/// What a future is called, and nothing of what it holds.
macro_rules! debug {
    ($($future:ident<$($lifetime:lifetime,)? T>)*) => {$(
        impl<T> fmt::Debug for $future<$($lifetime,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future)).finish_non_exhaustive()
            }
        }
    )*};
}

debug! {
    SendFuture<'_, T>
    SendDeadlineFuture<'_, T>
    SendManyFuture<'_, T>
    RecvFuture<'_, T>
    RecvDeadlineFuture<'_, T>
    RecvManyFuture<'_, T>
    RecvStream<T>
}
