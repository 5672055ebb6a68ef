//! The receiving handle.

use super::future::{Any, ChangedDeadlineFuture, ChangedFuture, ChangedStream};
use super::operation::Look;
use super::shared::{Shared, Version};
use super::{ChangedError, ChangedTimeoutError, TryChangedError};
use crate::prim::{self, StdArc as Arc};
use crate::select::{Begin, Receive};
use crate::wait::{Limit, Operation, block, deadline_after};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Sees the latest value of a watch channel, and remembers which it has seen.
///
/// Clones watch the same channel. A clone has seen what the original has seen, and remembers for itself from
/// there. When the last receiver is dropped, [`send`](super::Sender::send) fails until there is a new one.
pub struct Receiver<T> {
    pub(super) shared: prim::Arc<Shared<T>>,
    /// The version that was seen last.
    pub(super) seen: Version,
}

/// A look by somebody who borrows the receiver.
type Borrowed<'a, T, F> = Look<&'a mut Receiver<T>, F>;

impl<T> Receiver<T> {
    pub(super) fn first(shared: prim::Arc<Shared<T>>) -> Self {
        let seen = shared.state().version();
        Self { shared, seen }
    }

    /// The latest value, whether it has been seen or not. It does not count as seen by this.
    ///
    /// It is a snapshot: it stays as it is, and is kept alive, for as long as it is held.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::watch(String::from("old"));
    /// let snapshot = receiver.get();
    /// sender.send(String::from("new"))?; // nothing is locked
    /// assert_eq!((snapshot.as_str(), receiver.get().as_str()), ("old", "new"));
    /// # Ok::<(), brigade::channel::SendError<String>>(())
    /// ```
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.shared.get()
    }

    /// The latest value, which from here on counts as seen.
    pub fn get_and_mark_seen(&mut self) -> Arc<T> {
        let (latest, state) = self.shared.snapshot();
        self.seen = state.version();
        latest
    }

    /// Whether there is a value that this receiver has not seen.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.shared.state().version() != self.seen
    }

    /// Lets the latest value of this moment count as seen, whichever it is.
    ///
    /// To look at it too, use [`get_and_mark_seen`](Self::get_and_mark_seen): between this and another call
    /// the value may change.
    pub fn mark_seen(&mut self) {
        self.seen = self.shared.state().version();
    }

    /// Lets the latest value count as not seen, so that [`changed`](Self::changed) returns at once.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, mut receiver) = brigade::channel::watch(1);
    /// drop(sender);
    /// receiver.mark_unseen();
    /// assert_eq!(*receiver.changed()?, 1); // the first value, like any other
    /// assert!(receiver.changed().is_err());
    /// # Ok::<(), brigade::channel::watch::ChangedError>(())
    /// ```
    pub fn mark_unseen(&mut self) {
        self.seen = Version::NONE;
    }

    /// Returns the latest value, and blocks the thread as long as this receiver has seen it already.
    ///
    /// From here on it counts as seen. In a task use [`changed_async`](Self::changed_async), which does not
    /// hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the channel is closed and its last value has been seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::watch::ChangedError;
    ///
    /// let (sender, mut receiver) = brigade::channel::watch(0);
    /// sender.send(1)?;
    /// sender.send(2)?;
    /// drop(sender);
    /// assert_eq!(receiver.changed().as_deref(), Ok(&2));
    /// assert_eq!(receiver.changed().as_deref(), Err(&ChangedError::Closed));
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    #[track_caller]
    pub fn changed(&mut self) -> Result<Arc<T>, ChangedError> {
        wait(self.next(), Location::caller())
    }

    /// Returns the latest value if this receiver has not seen it. From here on it counts as seen.
    ///
    /// # Errors
    ///
    /// If the latest value has been seen; and if the channel is closed too.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::watch::TryChangedError;
    ///
    /// let (sender, mut receiver) = brigade::channel::watch(0);
    /// assert_eq!(receiver.try_changed(), Err(TryChangedError::Unchanged));
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.try_changed().as_deref(), Ok(&1));
    /// assert_eq!(receiver.try_changed(), Err(TryChangedError::Closed));
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// ```
    pub fn try_changed(&mut self) -> Result<Arc<T>, TryChangedError> {
        match self.next().attempt() {
            Poll::Ready(found) => Ok(found?),
            Poll::Pending => Err(TryChangedError::Unchanged),
        }
    }

    /// As [`changed`](Self::changed), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and its last value has been seen.
    #[track_caller]
    pub fn changed_timeout(&mut self, timeout: Duration) -> Result<Arc<T>, ChangedTimeoutError> {
        let deadline = deadline_after(timeout);
        wait_until(self.next(), deadline, Location::caller())
    }

    /// As [`changed`](Self::changed), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and its last value has been seen.
    #[track_caller]
    pub fn changed_deadline(&mut self, deadline: Instant) -> Result<Arc<T>, ChangedTimeoutError> {
        wait_until(self.next(), Some(deadline), Location::caller())
    }

    /// Returns the latest value, and suspends the task as long as this receiver has seen it already.
    ///
    /// From here on it counts as seen.
    ///
    /// # Errors
    ///
    /// If the channel is closed and its last value has been seen.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing counts as seen by it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (sender, mut receiver) = brigade::channel::watch(0);
    /// sender.send(1)?;
    /// assert_eq!(receiver.changed_async().await.as_deref(), Ok(&1));
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn changed_async(&mut self) -> ChangedFuture<'_, T> {
        ChangedFuture::new(self.next(), Location::caller())
    }

    /// As [`changed_async`](Self::changed_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and its last value has been seen.
    ///
    /// # Cancel safety
    ///
    /// As for [`changed_async`](Self::changed_async).
    #[track_caller]
    pub fn changed_timeout_async(&mut self, timeout: Duration) -> ChangedDeadlineFuture<'_, T> {
        let deadline = deadline_after(timeout);
        ChangedDeadlineFuture::new(self.next(), deadline, Location::caller())
    }

    /// As [`changed_async`](Self::changed_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and its last value has been seen.
    ///
    /// # Cancel safety
    ///
    /// As for [`changed_async`](Self::changed_async).
    #[track_caller]
    pub fn changed_deadline_async(&mut self, deadline: Instant) -> ChangedDeadlineFuture<'_, T> {
        ChangedDeadlineFuture::new(self.next(), Some(deadline), Location::caller())
    }

    /// Returns the latest value if `matches` says so, seen or not, and else blocks the thread until one
    /// comes that does.
    ///
    /// What is returned counts as seen; what was only looked at does not. `matches` is asked once about
    /// each value that is the latest when this receiver looks: a value that is replaced soon may be missed.
    /// Nothing is locked while it runs.
    ///
    /// # Errors
    ///
    /// If the channel is closed and its last value does not match.
    ///
    /// # Panics
    ///
    /// If `matches` does.
    ///
    /// # Examples
    ///
    /// ```
    /// let (done, mut receiver) = brigade::channel::watch(0);
    /// let worker = std::thread::spawn(move || {
    ///     for percent in 1..=100 {
    ///         done.send(percent).expect("somebody listens");
    ///     }
    /// });
    /// let half = receiver.wait_for(|percent| *percent >= 50)?;
    /// assert!((50..=100).contains(&*half));
    /// # worker.join().unwrap();
    /// # Ok::<(), brigade::channel::watch::ChangedError>(())
    /// ```
    #[track_caller]
    pub fn wait_for(&mut self, matches: impl FnMut(&T) -> bool) -> Result<Arc<T>, ChangedError> {
        wait(self.look(matches), Location::caller())
    }

    /// As [`wait_for`](Self::wait_for), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and its last value does not match.
    #[track_caller]
    pub fn wait_for_timeout(
        &mut self,
        matches: impl FnMut(&T) -> bool,
        timeout: Duration,
    ) -> Result<Arc<T>, ChangedTimeoutError> {
        let deadline = deadline_after(timeout);
        wait_until(self.look(matches), deadline, Location::caller())
    }

    /// As [`wait_for`](Self::wait_for), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and its last value does not match.
    #[track_caller]
    pub fn wait_for_deadline(
        &mut self,
        matches: impl FnMut(&T) -> bool,
        deadline: Instant,
    ) -> Result<Arc<T>, ChangedTimeoutError> {
        wait_until(self.look(matches), Some(deadline), Location::caller())
    }

    /// Returns the latest value if `matches` says so, seen or not, and else suspends the task until one
    /// comes that does.
    ///
    /// See [`wait_for`](Self::wait_for) for what `matches` is asked.
    ///
    /// # Errors
    ///
    /// If the channel is closed and its last value does not match.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, nothing counts as seen by it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (sender, mut receiver) = brigade::channel::watch("starting");
    /// sender.send("ready")?;
    /// assert!(receiver.wait_for_async(|state| *state == "ready").await.is_ok());
    /// # Ok::<(), brigade::channel::SendError<&str>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_for_async<F: FnMut(&T) -> bool>(&mut self, matches: F) -> ChangedFuture<'_, T, F> {
        ChangedFuture::new(self.look(matches), Location::caller())
    }

    /// As [`wait_for_async`](Self::wait_for_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the channel is closed and its last value does not match.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_for_async`](Self::wait_for_async).
    #[track_caller]
    pub fn wait_for_timeout_async<F: FnMut(&T) -> bool>(
        &mut self,
        matches: F,
        timeout: Duration,
    ) -> ChangedDeadlineFuture<'_, T, F> {
        let deadline = deadline_after(timeout);
        ChangedDeadlineFuture::new(self.look(matches), deadline, Location::caller())
    }

    /// As [`wait_for_async`](Self::wait_for_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or the channel is closed and its last value does not match.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_for_async`](Self::wait_for_async).
    #[track_caller]
    pub fn wait_for_deadline_async<F: FnMut(&T) -> bool>(
        &mut self,
        matches: F,
        deadline: Instant,
    ) -> ChangedDeadlineFuture<'_, T, F> {
        ChangedDeadlineFuture::new(self.look(matches), Some(deadline), Location::caller())
    }

    /// Makes a [`Stream`](futures_core::Stream) of the values that this receiver has not seen.
    ///
    /// To begin with the latest in any case, [`mark_unseen`](Self::mark_unseen) first. It ends when the
    /// channel is closed and its last value has been seen. It allocates once, here, so that it may be moved
    /// between polls; its waits allocate nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = brigade::channel::watch(0);
    /// sender.send(1)?;
    /// sender.send(2)?;
    /// drop(sender);
    /// let values: Vec<i32> = receiver.into_stream().map(|value| *value).collect().await;
    /// assert_eq!(values, [2]);
    /// # Ok::<(), brigade::channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn into_stream(self) -> ChangedStream<T> {
        ChangedStream::new(Look::after(self.seen, self, any), Location::caller())
    }

    /// Whether all senders are gone: the value will not change any more. It may still be unseen.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.state().is_closed()
    }

    /// Looks for a value that has not been seen.
    #[inline]
    fn next(&mut self) -> Borrowed<'_, T, Any<T>> {
        Look::after(self.seen, self, any)
    }

    /// Looks for a value that matches, seen or not.
    #[inline]
    fn look<F: FnMut(&T) -> bool>(&mut self, matches: F) -> Borrowed<'_, T, F> {
        Look::after(Version::NONE, self, matches)
    }
}

impl<T> Receive for &mut Receiver<T> {
    type Received = Result<Arc<T>, ChangedError>;
}

impl<T> Begin<Result<Arc<T>, ChangedError>> for &mut Receiver<T> {
    fn begin(self) -> impl Operation<Output = Result<Arc<T>, ChangedError>> {
        self.next()
    }
}

fn any<T>(_: &T) -> bool {
    true
}

fn wait<T>(
    mut look: Borrowed<'_, T, impl FnMut(&T) -> bool>,
    site: &'static Location<'static>,
) -> Result<Arc<T>, ChangedError> {
    match block(&mut look, Limit::NONE, site) {
        Ok(found) => found,
        Err(_) => unreachable!("a wait without a limit ends with the operation"),
    }
}

fn wait_until<T>(
    mut look: Borrowed<'_, T, impl FnMut(&T) -> bool>,
    deadline: Option<Instant>,
    site: &'static Location<'static>,
) -> Result<Arc<T>, ChangedTimeoutError> {
    match block(&mut look, Limit::until(deadline), site) {
        Ok(found) => Ok(found?),
        Err(_) => Err(ChangedTimeoutError::Timeout),
    }
}

// No code of the application runs while a channel is between two states. But what a value looks like after a
// panic can be seen through its channel.
impl<T: RefUnwindSafe> UnwindSafe for Receiver<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for Receiver<T> {}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.add_receiver();
        Self {
            shared: prim::Arc::clone(&self.shared),
            seen: self.seen,
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.remove_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("has_changed", &self.has_changed())
            .field("closed", &self.is_closed())
            .finish()
    }
}
