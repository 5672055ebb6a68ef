//! A sender as a sink: it takes values one by one, and holds at most one that had no room.
//!
//! It does not know who drives it; what it holds goes into the channel when it is polled.

use super::operation::Send;
use super::shared::Shared;
use super::{SendError, Sender, TrySendError};
use crate::prim::Arc;
use crate::wait::Wait;
use futures_sink::Sink;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A send that keeps its channel alive by itself.
type OwnedWait<T> = Wait<Send<Arc<Shared<T>>>>;

/// A sender as a sink. See [`Sender::into_sink`].
///
/// - It is ready when it holds no value.
/// - Starting to send puts the value into the channel if there is room, and else the sink holds it.
/// - Flushing waits until the channel has taken what the sink holds.
/// - Closing flushes, and then drops the sender: if it was the last, the channel is closed. It can be told
///   so a second time; whatever is sent after that comes back in the error.
///
/// If the channel is closed, the value that could not be sent comes back in the error, from whichever of
/// these finds out. So does the value that it waits with, if the wait is [cancelled](crate::cancel).
///
/// # Panics
///
/// Starting to send panics if the sink holds a value. Whoever polls it ready before, as the contract of
/// sinks demands, does not see that.
///
/// # Cancel safety
///
/// Futures that drive the sink own nothing of it: when one is dropped, a value that the sink holds stays
/// there, and goes into the channel when the sink is polled again. When the sink is dropped, that value is
/// dropped with it. [`take`](Self::take) gives it back instead.
#[must_use = "what a sink holds is sent only if it is polled"]
pub struct SendSink<T> {
    /// Before the sender, so that the wait is over when the handle goes.
    wait: Pin<Box<OwnedWait<T>>>,
    /// Whether there is a value to wait with.
    holds: bool,
    /// None once the sink is closed.
    sender: Option<Sender<T>>,
}

impl<T> SendSink<T> {
    pub(super) fn new(sender: Sender<T>, site: &'static Location<'static>) -> Self {
        Self {
            wait: Box::pin(Wait::new(sender.owned_operation(), site)),
            holds: false,
            sender: Some(sender),
        }
    }

    /// The sender, to use in other ways between polls; `None` once the sink has been closed.
    pub fn sender(&self) -> Option<&Sender<T>> {
        self.sender.as_ref()
    }

    /// Gives back the value that the sink holds, if there was no room for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::SinkExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// let mut sink = sender.into_sink();
    /// sink.feed(1).await?; // there is room
    /// sink.feed(2).await?; // the sink holds it
    /// assert_eq!(sink.take(), Some(2));
    /// drop(sink);
    /// assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [1]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    pub fn take(&mut self) -> Option<T> {
        self.holds = false;
        self.wait.as_mut().give_up();
        self.wait.as_mut().operation().value.take()
    }

    /// Waits until the sink holds nothing.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        if self.holds {
            let sent = ready!(self.wait.as_mut().poll(cx));
            self.holds = false;
            return Poll::Ready(sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T> Sink<T> for SendSink<T> {
    type Error = SendError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_sent(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, value: T) -> Result<(), Self::Error> {
        assert!(!self.holds, "a sink was given a value before it was ready");
        let Some(sender) = &self.sender else {
            return Err(SendError::Closed(value));
        };
        match sender.try_send(value) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(value)) => Err(SendError::Closed(value)),
            Err(TrySendError::Full(value)) => {
                self.wait.as_mut().operation().value = Some(value);
                self.holds = true;
                Ok(())
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_sent(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let sent = ready!(self.poll_sent(cx));
        self.sender = None;
        Poll::Ready(sent)
    }
}

impl<T> fmt::Debug for SendSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSink")
            .field("sender", &self.sender)
            .field("holds_a_value", &self.holds)
            .finish()
    }
}
