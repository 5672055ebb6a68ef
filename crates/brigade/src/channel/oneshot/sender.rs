//! The sending end.

use super::super::SendError;
use super::future::{ClosedDeadlineFuture, ClosedFuture};
use super::operation::Closed;
use super::shared::SendingEnd;
use crate::wait::{Limit, block, deadline_after};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Sends one value. Dropped without sending, it tells the receiver that nothing will come.
pub struct Sender<T> {
    end: SendingEnd<T>,
}

impl<T> Sender<T> {
    #[inline]
    pub(super) fn new(end: SendingEnd<T>) -> Self {
        Self { end }
    }

    /// Sends `value`. Never waits, so it is for threads and tasks alike.
    ///
    /// That the value was sent does not mean that it is received: the receiver may be dropped before it
    /// looks, and the value with it.
    ///
    /// # Errors
    ///
    /// If the receiver is dropped or closed, the value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    ///
    /// let (sender, receiver) = channel::oneshot();
    /// sender.send("bucket")?;
    /// assert_eq!(receiver.recv(), Ok("bucket"));
    ///
    /// let (sender, receiver) = channel::oneshot();
    /// drop(receiver);
    /// assert_eq!(sender.send("bucket").unwrap_err().into_inner(), "bucket");
    /// # Ok::<(), channel::SendError<&str>>(())
    /// ```
    #[inline]
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        self.end.send(value)
    }

    /// Whether the receiver is dropped or closed: nothing can be sent.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::oneshot::<i32>();
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.end.is_over()
    }

    /// Blocks the thread until the receiver is dropped or closed: until nobody wants the value. Returns whether that
    /// is so: not if the wait is [cancelled](crate::cancel).
    ///
    /// In a task use [`closed_async`](Self::closed_async), which does not hold up the runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::oneshot::<i32>();
    /// let watch = std::thread::spawn(move || sender.closed());
    /// drop(receiver);
    /// assert!(watch.join().unwrap());
    /// ```
    #[track_caller]
    #[must_use = "the wait may have been cancelled"]
    pub fn closed(&self) -> bool {
        match block(&mut Closed::new(&self.end), Limit::NONE, Location::caller()) {
            Ok(closed) => closed,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Blocks the thread until the receiver is dropped or closed, for at most `timeout`. Returns whether
    /// it is.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (sender, _receiver) = brigade::channel::oneshot::<i32>();
    /// assert!(!sender.closed_timeout(Duration::from_millis(1)));
    /// ```
    #[track_caller]
    #[must_use = "the time may have run out"]
    pub fn closed_timeout(&self, timeout: Duration) -> bool {
        self.closed_until(deadline_after(timeout))
    }

    /// Blocks the thread until the receiver is dropped or closed, until `deadline` at most. Returns whether
    /// it is.
    #[track_caller]
    #[must_use = "the deadline may have passed"]
    pub fn closed_deadline(&self, deadline: Instant) -> bool {
        self.closed_until(Some(deadline))
    }

    #[track_caller]
    fn closed_until(&self, deadline: Option<Instant>) -> bool {
        let mut closed = Closed::new(&self.end);
        block(&mut closed, Limit::until(deadline), Location::caller()) == Ok(true)
    }

    /// Suspends the task until the receiver is dropped or closed: until nobody wants the value. Yields whether that is
    /// so: not if the wait is [cancelled](crate::cancel).
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time and leaves no trace.
    ///
    /// # Examples
    ///
    /// Work that ends when nobody waits for its result any more:
    ///
    /// ```
    /// use futures::future::{Either, select};
    /// use std::future::pending;
    /// use std::pin::pin;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = brigade::channel::oneshot::<i32>();
    /// drop(receiver);
    /// let work = pending::<i32>();
    /// let result = match select(pin!(work), pin!(sender.closed_async())).await {
    ///     Either::Left((result, _closed)) => Some(result),
    ///     Either::Right((_closed, _work)) => None,
    /// };
    /// assert_eq!(result, None);
    /// # });
    /// ```
    #[track_caller]
    pub fn closed_async(&self) -> ClosedFuture<'_, T> {
        ClosedFuture::new(Closed::new(&self.end), Location::caller())
    }

    /// Suspends the task until the receiver is dropped or closed, for at most `timeout`. Yields whether it
    /// is.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Cancel safety
    ///
    /// As for [`closed_async`](Self::closed_async).
    #[track_caller]
    pub fn closed_timeout_async(&self, timeout: Duration) -> ClosedDeadlineFuture<'_, T> {
        let deadline = deadline_after(timeout);
        ClosedDeadlineFuture::new(Closed::new(&self.end), deadline, Location::caller())
    }

    /// Suspends the task until the receiver is dropped or closed, until `deadline` at most. Yields whether
    /// it is.
    ///
    /// Needs no runtime.
    ///
    /// # Cancel safety
    ///
    /// As for [`closed_async`](Self::closed_async).
    #[track_caller]
    pub fn closed_deadline_async(&self, deadline: Instant) -> ClosedDeadlineFuture<'_, T> {
        ClosedDeadlineFuture::new(Closed::new(&self.end), Some(deadline), Location::caller())
    }
}

// No code of the application runs while a channel is between two states.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("closed", &self.is_closed())
            .finish()
    }
}
