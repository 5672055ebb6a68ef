//! A call that is made once, whoever makes it: a cell without a value.

use super::super::WaitTimeoutError;
use super::shared::{Found, Shared};
use crate::prim::const_new;
use crate::wait::deadline_after;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Something that is done once, by the first who comes; the others wait until it is done.
///
/// If it panics, or is a future that is dropped halfway, it has not been done, and one of those who wait does it in
/// its own way. Nothing is poisoned. What was done is seen by everybody who has found it done.
///
/// What is called must not call the same `Once`: a thread that would wait for itself panics; a task waits for ever.
///
/// # Examples
///
/// ```
/// use brigade::sync::Once;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static START: Once = Once::new();
/// static STARTED: AtomicU32 = AtomicU32::new(0);
/// std::thread::scope(|scope| {
///     for _ in 0..3 {
///         scope.spawn(|| {
///             START.call_once(|| {
///                 STARTED.fetch_add(1, Ordering::Relaxed);
///             });
///         });
///     }
/// });
/// assert_eq!(STARTED.load(Ordering::Relaxed), 1);
/// ```
pub struct Once {
    shared: Shared,
}

impl Once {
    const_new! {
        /// Something that has not been done.
        #[must_use]
        pub fn new() -> Self {
            Self { shared: Shared::new() }
        }
    }

    /// Whether it has been done.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = brigade::sync::Once::new();
    /// assert!(!once.is_completed());
    /// once.call_once(|| ());
    /// assert!(once.is_completed());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.shared.is_done()
    }

    /// Calls `f` if it has not been done. Blocks the thread while somebody else does it.
    ///
    /// In a task use [`call_once_async`](Self::call_once_async), which does not hold up the runtime.
    ///
    /// # Panics
    ///
    /// If `f` does: then it has not been done. If this thread is at work on it already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::panic::catch_unwind;
    ///
    /// let once = brigade::sync::Once::new();
    /// assert!(catch_unwind(|| once.call_once(|| panic!("not this time"))).is_err());
    /// once.call_once(|| ()); // nothing is poisoned
    /// once.call_once(|| unreachable!("it has been done"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.is_completed() {
            self.call_slow(f, Location::caller());
        }
    }

    #[cold]
    #[track_caller]
    fn call_slow(&self, f: impl FnOnce(), site: &'static Location<'static>) {
        if let Found::Free(claim) = self.shared.claim_blocking(site) {
            f();
            claim.finish();
        }
    }

    /// Awaits the future that `f` makes, if it has not been done. Suspends the task while somebody else does it.
    ///
    /// # Panics
    ///
    /// If `f` or its future does: then it has not been done.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it is at work, so is the future that `f` has made. It has not been done, and
    /// one of those who wait does it.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let once = brigade::sync::Once::new();
    /// once.call_once_async(|| async { println!("once") }).await;
    /// assert!(once.is_completed());
    /// # });
    /// ```
    #[track_caller]
    pub fn call_once_async<'a, F, C>(&'a self, f: C) -> impl Future<Output = ()> + use<'a, F, C>
    where
        C: FnOnce() -> F,
        F: Future<Output = ()>,
    {
        let site = Location::caller();
        async move {
            if self.is_completed() {
                return;
            }
            if let Found::Free(claim) = self.shared.claim_async(site).await {
                f().await;
                claim.finish();
            }
        }
    }

    /// Blocks the thread until somebody else has done it.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    ///
    /// # Panics
    ///
    /// If this thread is at work on it.
    ///
    /// # Examples
    ///
    /// ```
    /// let once = brigade::sync::Once::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| once.call_once(|| ()));
    ///     once.wait();
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        self.shared.wait(Location::caller());
    }

    /// As [`wait`](Self::wait), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before it is done.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        let deadline = deadline_after(timeout);
        self.shared.wait_until(deadline, Location::caller())
    }

    /// As [`wait`](Self::wait), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before it is done.
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> Result<(), WaitTimeoutError> {
        self.shared.wait_until(Some(deadline), Location::caller())
    }

    /// Suspends the task until somebody else has done it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing for anybody else.
    #[track_caller]
    pub fn wait_async(&self) -> impl Future<Output = ()> + use<'_> {
        self.shared.wait_async(Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before it is done.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        let deadline = deadline_after(timeout);
        self.shared.wait_until_async(deadline, Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before it is done.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        self.shared
            .wait_until_async(Some(deadline), Location::caller())
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("is_completed", &self.is_completed())
            .finish()
    }
}
