//! The handle: what applications hold, clone and cancel.

use super::branch::Branch;
use super::future::{RunFuture, WaitFuture, WithinFuture};
use super::guard::DropGuard;
use super::operation::Cancelling;
use super::reason::{Cancelled, Reason};
use super::registration::Registration;
use crate::prim::StdArc;
use crate::wait::{Interrupts, Limit, block, deadline_after, under};
use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// Cancels the work that is done under it. See the [module](super).
///
/// Clones are the same token. A token without a deadline costs one allocation, and so does a child.
#[derive(Clone)]
pub struct CancelToken {
    branch: StdArc<Branch>,
}

impl CancelToken {
    /// A token that nobody has cancelled yet.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Branch::root(None))
    }

    /// A token that is cancelled at `deadline`, if not before.
    #[must_use]
    pub fn with_deadline(deadline: Instant) -> Self {
        Self::of(Branch::root(Some(deadline)))
    }

    /// A token that is cancelled after `timeout`, if not before. A timeout too long for the clock is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::{CancelToken, Reason};
    /// use brigade::channel::{self, RecvError};
    /// use std::time::Duration;
    ///
    /// let (_sender, receiver) = channel::bounded::<i32>(1);
    /// let token = CancelToken::with_timeout(Duration::from_millis(1));
    /// assert_eq!(token.within(|| receiver.recv()), Err(RecvError::Cancelled));
    /// assert_eq!(token.reason(), Some(Reason::Deadline));
    /// ```
    #[must_use]
    pub fn with_timeout(timeout: Duration) -> Self {
        Self::of(Branch::root(deadline_after(timeout)))
    }

    /// A token that is cancelled with this one, for [`Reason::Parent`], or by itself.
    ///
    /// A child of a token that is cancelled is cancelled. It leaves no trace in its parent once all its clones are
    /// dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::{CancelToken, Reason};
    ///
    /// let server = CancelToken::new();
    /// let request = server.child();
    /// let other = server.child();
    /// request.cancel();
    /// assert!(!server.is_cancelled() && !other.is_cancelled());
    ///
    /// server.cancel_because(Reason::Shutdown);
    /// assert_eq!(request.reason(), Some(Reason::User)); // the first cancel counts
    /// assert_eq!(other.reason(), Some(Reason::Parent));
    /// assert_eq!(other.origin(), Some(Reason::Shutdown));
    /// ```
    #[must_use]
    pub fn child(&self) -> Self {
        Self::of(Branch::child(&self.branch, None))
    }

    /// A child that is cancelled at `deadline`, if not before. Never later than its parent.
    #[must_use]
    pub fn child_with_deadline(&self, deadline: Instant) -> Self {
        Self::of(Branch::child(&self.branch, Some(deadline)))
    }

    /// A child that is cancelled after `timeout`, if not before. Never later than its parent.
    ///
    /// A timeout too long for the clock is none.
    #[must_use]
    pub fn child_with_timeout(&self, timeout: Duration) -> Self {
        Self::of(Branch::child(&self.branch, deadline_after(timeout)))
    }

    pub(super) fn of(branch: StdArc<Branch>) -> Self {
        Self { branch }
    }

    #[cfg(all(test, not(brigade_loom)))]
    pub(super) fn branch(&self) -> &StdArc<Branch> {
        &self.branch
    }

    /// What ends waits under it.
    pub(crate) fn interrupts(&self) -> StdArc<dyn Interrupts> {
        StdArc::<Branch>::clone(&self.branch)
    }

    /// Cancels the token and all below it, for [`Reason::User`].
    ///
    /// Every wait under it ends. The callbacks run here, before this returns; see [`on_cancel`](Self::on_cancel).
    /// If the token was cancelled before, nothing happens.
    pub fn cancel(&self) {
        self.cancel_because(Reason::User);
    }

    /// Cancels the token and all below it, for `reason`. As [`cancel`](Self::cancel).
    pub fn cancel_because(&self, reason: Reason) {
        self.branch.cancel(reason);
    }

    /// Whether the token is cancelled.
    ///
    /// One load; with a deadline also a reading of the clock, until it is cancelled. Takes no lock.
    #[must_use]
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.branch.is_cancelled()
    }

    /// Why the token is cancelled; `None` if it is not. It never changes again.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.branch.mark().map(|mark| mark.reason)
    }

    /// Why the ancestor was cancelled at which it began; `None` if the token is not cancelled.
    ///
    /// It is the [`reason`](Self::reason), unless that is [`Reason::Parent`].
    #[must_use]
    pub fn origin(&self) -> Option<Reason> {
        self.branch.mark().map(|mark| mark.origin)
    }

    /// `Ok` as long as the token is not cancelled: for loops that compute and never wait.
    ///
    /// # Errors
    ///
    /// If it is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::{CancelToken, Cancelled};
    ///
    /// fn sum(numbers: &[u64], token: &CancelToken) -> Result<u64, Cancelled> {
    ///     let mut sum = 0;
    ///     for chunk in numbers.chunks(1024) {
    ///         token.check()?;
    ///         sum += chunk.iter().sum::<u64>();
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// let token = CancelToken::new();
    /// assert_eq!(sum(&[1, 2], &token), Ok(3));
    /// token.cancel();
    /// assert!(sum(&[1, 2], &token).is_err());
    /// ```
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(Cancelled { reason }),
        }
    }

    /// Blocks the thread until the token is cancelled, and returns why.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime. Another token that the
    /// thread is [`within`](Self::within) does not end this wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::{CancelToken, Reason};
    ///
    /// let token = CancelToken::new();
    /// let cleaner = {
    ///     let token = token.clone();
    ///     std::thread::spawn(move || token.wait())
    /// };
    /// token.cancel();
    /// assert_eq!(cleaner.join().unwrap(), Reason::User);
    /// ```
    #[track_caller]
    pub fn wait(&self) -> Reason {
        match block(&mut self.operation(), Limit::NONE, Location::caller()) {
            Ok(reason) => reason,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Blocks the thread until the token is cancelled, for at most `timeout`. Returns why; `None` if it is not.
    ///
    /// A timeout too long for the clock waits for ever.
    #[track_caller]
    #[must_use = "the time may have run out"]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Reason> {
        self.wait_until(deadline_after(timeout))
    }

    /// Blocks the thread until the token is cancelled, until `deadline` at most. Returns why; `None` if it is not.
    #[track_caller]
    #[must_use = "the deadline may have passed"]
    pub fn wait_deadline(&self, deadline: Instant) -> Option<Reason> {
        self.wait_until(Some(deadline))
    }

    #[track_caller]
    fn wait_until(&self, deadline: Option<Instant>) -> Option<Reason> {
        let limit = Limit::until(deadline);
        block(&mut self.operation(), limit, Location::caller()).ok()
    }

    /// Suspends the task until the token is cancelled, and yields why.
    ///
    /// The future keeps the token alive. It needs no runtime, not even for a deadline.
    ///
    /// # Cancel safety
    ///
    /// The future can be dropped at any time and leaves no trace.
    #[track_caller]
    pub fn wait_async(&self) -> WaitFuture {
        WaitFuture::new(self.operation(), Location::caller())
    }

    pub(super) fn operation(&self) -> Cancelling {
        Cancelling::new(StdArc::clone(&self.branch))
    }

    /// Has `callback` called when the token is cancelled, with the reason.
    ///
    /// If it is cancelled already, the callback is called here and now. Else it is called by the thread that cancels,
    /// once the waits under the token have been ended, and outside of every lock; at a deadline by the thread that
    /// keeps the time for all, so it must be short. It is called under no token. In which order callbacks are called is not said. A panic in one
    /// reaches the panic hook and goes no further.
    ///
    /// Dropping the registration takes the callback back, unless it has begun by then; it does not wait for its end.
    /// A callback that has the token, and is kept for good, keeps the token alive until it is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    /// use brigade::channel;
    ///
    /// let (sender, receiver) = channel::bounded::<i32>(1);
    /// let token = CancelToken::new();
    /// let closing = token.on_cancel(move |_| _ = sender.close());
    /// token.cancel();
    /// assert!(receiver.recv().is_err());
    /// drop(closing);
    /// ```
    ///
    /// Another thread may cancel, so what a callback has must be sent there:
    ///
    /// ```compile_fail,E0277
    /// let token = brigade::cancel::CancelToken::new();
    /// let here = std::rc::Rc::new(1);
    /// let registration = token.on_cancel(move |_| drop(here));
    /// ```
    #[must_use = "dropping the registration takes the callback back"]
    pub fn on_cancel(&self, callback: impl FnOnce(Reason) + Send + 'static) -> Registration {
        Registration::new(&self.branch, Box::new(callback))
    }

    /// Cancels the token when the guard is dropped, unless it has been disarmed.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// let child = token.child();
    /// drop(token.drop_guard()); // as an early return or a panic would
    /// assert!(child.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard::new(self)
    }

    /// Runs `body`; cancelling the token ends the waits that this thread begins in it.
    ///
    /// Those that can be cancelled, that is; the [module](super) has a list. They return their own error, `Cancelled`.
    /// Within a call of `within` for another token, only the inner one counts; its [`child`](Self::child) has both.
    /// Threads and tasks that are started inside are not under the token.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    /// use brigade::channel::{self, RecvError};
    ///
    /// let (_sender, receiver) = channel::bounded::<i32>(1);
    /// let token = CancelToken::new();
    /// let worker = {
    ///     let token = token.clone();
    ///     std::thread::spawn(move || token.within(|| receiver.recv()))
    /// };
    /// token.cancel();
    /// assert_eq!(worker.join().unwrap(), Err(RecvError::Cancelled));
    /// ```
    pub fn within<T>(&self, body: impl FnOnce() -> T) -> T {
        under(Some(&self.interrupts()), body)
    }

    /// The same for a future: whenever it is polled, it is under the token.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::CancelToken;
    /// use brigade::channel::{self, RecvError};
    ///
    /// # futures::executor::block_on(async {
    /// let (_sender, receiver) = channel::bounded::<i32>(1);
    /// let token = CancelToken::new();
    /// let work = token.within_async(async {
    ///     let received = receiver.recv_async().await;
    ///     assert_eq!(received, Err(RecvError::Cancelled));
    ///     "and time to clean up"
    /// });
    /// token.cancel();
    /// assert_eq!(work.await, "and time to clean up");
    /// # });
    /// ```
    pub fn within_async<F: Future>(&self, future: F) -> WithinFuture<F> {
        WithinFuture::new(Some(self.interrupts()), future)
    }

    /// Runs `future` until it is done or the token is cancelled; then it is dropped where it awaits.
    ///
    /// Whatever it awaits, of this library or of another. It is not polled again once the token is cancelled, and not
    /// at all if it is from the beginning. What waits inside are not under the token:
    /// [`within_async`](Self::within_async) is for futures that see to their own end.
    ///
    /// # Errors
    ///
    /// If the token is cancelled before the future is done.
    ///
    /// # Cancel safety
    ///
    /// As that of `future`.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::cancel::{CancelToken, Cancelled, Reason};
    /// use std::future::{pending, ready};
    ///
    /// # futures::executor::block_on(async {
    /// let token = CancelToken::new();
    /// assert_eq!(token.run_async(ready(1)).await, Ok(1));
    /// let endless = token.run_async(pending::<i32>());
    /// token.cancel();
    /// assert_eq!(endless.await, Err(Cancelled { reason: Reason::User }));
    /// # });
    /// ```
    pub fn run_async<F: Future>(&self, future: F) -> RunFuture<F> {
        RunFuture::new(self.clone(), future)
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for CancelToken {
    /// Whether they are clones of one token.
    fn eq(&self, other: &Self) -> bool {
        StdArc::ptr_eq(&self.branch, &other.branch)
    }
}

impl Eq for CancelToken {}

// Nothing of a token is between two states while code of the application runs.
impl UnwindSafe for CancelToken {}
impl RefUnwindSafe for CancelToken {}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}
