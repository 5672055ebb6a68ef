//! The receiving end.

use super::super::{RecvError, RecvTimeoutError, TryRecvError};
use super::future::{OwnedRecvFuture, RecvDeadlineFuture, RecvFuture};
use super::operation::{OwnedRecv, Recv, Take, missing};
use super::shared::ReceivingEnd;
use crate::select::{Begin, Receive};
use crate::wait::{Limit, Operation, block, deadline_after};
use std::fmt;
use std::future::IntoFuture;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Receives one value. Await it, or `&mut` to it, or block with [`recv`](Self::recv).
///
/// When it is dropped, the sender fails, and a value that was sent and not received is dropped.
#[must_use = "a receiver that is dropped makes the sender fail"]
pub struct Receiver<T> {
    end: ReceivingEnd<T>,
}

impl<T> Receive for &mut Receiver<T> {
    type Received = Result<T, RecvError>;
}

impl<T> Begin<Result<T, RecvError>> for &mut Receiver<T> {
    fn begin(self) -> impl Operation<Output = Result<T, RecvError>> {
        Take::new(&mut self.end)
    }
}

impl<T> Receiver<T> {
    #[inline]
    pub(super) fn new(end: ReceivingEnd<T>) -> Self {
        Self { end }
    }

    /// Takes the value, and blocks the thread until it is sent.
    ///
    /// In a task await the receiver, which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the sender was dropped without sending, if the channel was closed before it sent, or if the
    /// value has been taken before.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::{RecvError, oneshot};
    /// use std::thread;
    ///
    /// let (sender, receiver) = brigade::channel::oneshot();
    /// thread::spawn(move || sender.send(6 * 7));
    /// assert_eq!(receiver.recv(), Ok(42));
    ///
    /// let (sender, receiver) = brigade::channel::oneshot::<i32>();
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Err(RecvError::Closed));
    /// ```
    #[inline]
    #[track_caller]
    pub fn recv(mut self) -> Result<T, RecvError> {
        let mut recv = Recv::new(&mut self.end);
        match block(&mut recv, Limit::NONE, Location::caller()) {
            Ok(over) => self.end.take(Ok, || Err(missing(over))),
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Takes the value if it has been sent.
    ///
    /// # Errors
    ///
    /// If it has not been sent, or never will be. The reasons for the latter are those of
    /// [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::TryRecvError;
    ///
    /// let (sender, mut receiver) = brigade::channel::oneshot();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        if self.end.is_over() {
            self.end.take(Ok, || Err(TryRecvError::Closed))
        } else {
            Err(TryRecvError::Empty)
        }
    }

    /// Takes the value, and blocks the thread for at most `timeout` until it is sent.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out; then the value can still be received. Else as for [`recv`](Self::recv).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::RecvTimeoutError;
    /// use std::time::Duration;
    ///
    /// let (sender, mut receiver) = brigade::channel::oneshot();
    /// let soon = Duration::from_millis(1);
    /// assert_eq!(receiver.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
    /// sender.send("late")?;
    /// assert_eq!(receiver.recv_timeout(soon), Ok("late"));
    /// # Ok::<(), brigade::channel::SendError<&str>>(())
    /// ```
    #[track_caller]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(deadline_after(timeout))
    }

    /// Takes the value, and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes; then the value can still be received. Else as for [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    #[track_caller]
    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let mut recv = Recv::new(&mut self.end);
        match block(&mut recv, Limit::until(deadline), Location::caller()) {
            Ok(over) => self.end.take(Ok, || Err(missing(over).into())),
            Err(_) => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Takes the value, and suspends the task until it is sent. The same as awaiting `&mut receiver`.
    ///
    /// Who is done with the receiver awaits the receiver itself: `receiver.await`.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, it has taken nothing, and the value can still be
    /// received.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::Future;
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, mut receiver) = brigade::channel::oneshot();
    /// {
    ///     let first = pin!(receiver.recv_async());
    ///     assert!(first.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    /// }
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.recv_async().await, Ok(1));
    /// # });
    /// ```
    #[track_caller]
    pub fn recv_async(&mut self) -> RecvFuture<'_, T> {
        RecvFuture::new(Recv::new(&mut self.end), Location::caller())
    }

    /// Takes the value, and suspends the task for at most `timeout` until it is sent.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// As for [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async).
    #[track_caller]
    pub fn recv_timeout_async(&mut self, timeout: Duration) -> RecvDeadlineFuture<'_, T> {
        let deadline = deadline_after(timeout);
        RecvDeadlineFuture::new(Recv::new(&mut self.end), deadline, Location::caller())
    }

    /// Takes the value, and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// As for [`recv_deadline`](Self::recv_deadline).
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async).
    #[track_caller]
    pub fn recv_deadline_async(&mut self, deadline: Instant) -> RecvDeadlineFuture<'_, T> {
        RecvDeadlineFuture::new(Recv::new(&mut self.end), Some(deadline), Location::caller())
    }

    /// Makes the sender fail from now on. Returns whether it could have sent until now.
    ///
    /// A value that was sent before can still be received, and is lost to nobody: after this it is known
    /// whether there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::{self, TryRecvError};
    ///
    /// let (sender, mut receiver) = channel::oneshot();
    /// assert!(receiver.close());
    /// assert!(sender.send(1).is_err());
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    ///
    /// let (sender, mut receiver) = channel::oneshot();
    /// sender.send(1)?;
    /// assert!(!receiver.close());
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// # Ok::<(), channel::SendError<i32>>(())
    /// ```
    pub fn close(&mut self) -> bool {
        self.end.close()
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> IntoFuture for Receiver<T> {
    type Output = Result<T, RecvError>;
    type IntoFuture = OwnedRecvFuture<T>;

    /// Takes the value, and suspends the task until it is sent.
    ///
    /// Dropping the future drops the receiver.
    #[track_caller]
    fn into_future(self) -> OwnedRecvFuture<T> {
        OwnedRecvFuture::new(OwnedRecv::new(self.end), Location::caller())
    }
}

impl<'a, T> IntoFuture for &'a mut Receiver<T> {
    type Output = Result<T, RecvError>;
    type IntoFuture = RecvFuture<'a, T>;

    /// [`Receiver::recv_async`].
    #[track_caller]
    fn into_future(self) -> RecvFuture<'a, T> {
        self.recv_async()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}
