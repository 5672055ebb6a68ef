//! The latch: opens once it has been counted down, and stays open.
//!
//! | word | meaning | who moves on |
//! |---|---|---|
//! | `n > 0` | shut, `n` to go | whoever counts down; the one who gets to 0 opens the gate (`gate.rs`) |
//! | 0 | open | nobody |
//!
//! This file does not know what is counted.

use super::gate::{At, Condition, Gate};
use super::{CountDownError, WaitTimeoutError};
use crate::prim::const_new;
use crate::wait::{What, deadline_after};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Opens once it has been counted down to zero, and stays open.
///
/// What was done before a count is seen by everybody whom the open latch lets through.
///
/// # Examples
///
/// ```
/// use brigade::sync::Latch;
///
/// let ready = Latch::new(2);
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| ready.count_down());
///     }
///     ready.wait();
/// });
/// assert!(ready.is_open());
/// ```
pub struct Latch {
    gate: Gate,
}

impl Latch {
    const_new! {
        /// A latch that has to be counted down so often. With 0 it is open from the beginning.
        ///
        /// # Examples
        ///
        /// ```
        /// use brigade::sync::Latch;
        ///
        /// static STARTED: Latch = Latch::new(1);
        /// STARTED.count_down();
        /// STARTED.wait();
        /// assert!(Latch::new(0).is_open());
        /// ```
        #[must_use]
        pub fn new(count: usize) -> Self {
            Self { gate: Gate::new(count) }
        }
    }

    /// Counts down by one. The last count opens the latch; at an open latch nothing happens.
    ///
    /// # Examples
    ///
    /// ```
    /// let latch = brigade::sync::Latch::new(1);
    /// latch.count_down();
    /// latch.count_down(); // too many do no harm
    /// assert!(latch.is_open());
    /// ```
    pub fn count_down(&self) {
        // As said above.
        let _ = self.count_down_by(1);
    }

    /// Counts down by `n` at once. The last count opens the latch.
    ///
    /// # Errors
    ///
    /// If less than `n` is left. Then the latch is left as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// let latch = brigade::sync::Latch::new(3);
    /// latch.count_down_by(2)?;
    /// assert_eq!(latch.count_down_by(2).unwrap_err().left(), 1);
    /// assert!(!latch.is_open());
    /// latch.count_down_by(1)?;
    /// assert!(latch.is_open());
    /// # Ok::<(), brigade::sync::CountDownError>(())
    /// ```
    pub fn count_down_by(&self, n: usize) -> Result<(), CountDownError> {
        match self.gate.update(|left| left.checked_sub(n)) {
            Ok(left) => {
                if left == n {
                    self.gate.open();
                }
                Ok(())
            }
            Err(left) => Err(CountDownError { by: n, left }),
        }
    }

    /// Whether it has been counted down to zero.
    #[inline]
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.gate.word() == 0
    }

    /// Blocks the thread until the latch is open.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        self.opening().wait(Location::caller());
    }

    /// As [`wait`](Self::wait), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before the latch is open.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Latch, WaitTimeoutError};
    /// use std::time::Duration;
    ///
    /// let latch = Latch::new(1);
    /// assert_eq!(latch.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    /// latch.count_down();
    /// assert_eq!(latch.wait_timeout(Duration::ZERO), Ok(()));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        let deadline = deadline_after(timeout);
        self.opening().wait_until(deadline, Location::caller())
    }

    /// As [`wait`](Self::wait), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before the latch is open.
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> Result<(), WaitTimeoutError> {
        self.opening()
            .wait_until(Some(deadline), Location::caller())
    }

    /// Suspends the task until the latch is open.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing for anybody else.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let latch = std::sync::Arc::new(brigade::sync::Latch::new(1));
    /// let shared = latch.clone();
    /// std::thread::spawn(move || shared.count_down());
    /// latch.wait_async().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_async(&self) -> impl Future<Output = ()> + use<'_> {
        self.opening().wait_async(Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before the latch is open.
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
        self.opening()
            .wait_until_async(deadline, Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before the latch is open.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        self.opening()
            .wait_until_async(Some(deadline), Location::caller())
    }

    #[inline]
    fn opening(&self) -> At<'_, Open> {
        At::new(&self.gate, Open)
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch")
            .field("left", &self.gate.word())
            .finish()
    }
}

/// Nothing is left to count.
struct Open;

impl Condition for Open {
    type Output = ();
    const WAITS_FOR: &'static What = &"latch wait";

    #[inline]
    fn attempt(&mut self, gate: &Gate) -> Poll<()> {
        if self.holds(gate.word()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    #[inline]
    fn holds(&self, word: usize) -> bool {
        word == 0
    }
}
