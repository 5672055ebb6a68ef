//! The wait group: waits until all the other handles are gone.
//!
//! Its word counts rounds and the handles that are still missing: the table is in `round.rs`. A handle arrives when it
//! is dropped, and when it waits, for as long as it waits. So a round ends at the moment when every handle has
//! been dropped or waits. Nobody is missing after that; whoever goes on, or gives up, is counted again.
//!
//! | | counted as missing |
//! |---|---|
//! | a handle that does not wait | yes |
//! | one that waits, from its first look on | no |
//! | one that has waited to the end, or given up | yes |
//! | one whose wait was forgotten | no; from its next wait on it is as if that had been given up |
//!
//! So several handles may wait at once, and none of them waits for another.

use super::WaitTimeoutError;
use super::gate::{At, Condition, Gate};
use super::round::{self, Round};
use crate::prim::Arc;
use crate::wait::{What, deadline_after};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Waits until every other handle has been dropped.
///
/// Give a clone to each thread and each task that is to be waited for; dropping it, at the end or by a panic, says
/// that it is done. Several handles may wait at once: a handle that waits holds up nobody. A wait is over once there
/// was a moment in it at which every handle had been dropped, or waited. It can be repeated, with new clones.
///
/// To wait takes `&mut self`, so that one handle is never counted out twice.
///
/// # Examples
///
/// ```
/// use brigade::sync::WaitGroup;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static DONE: AtomicU32 = AtomicU32::new(0);
/// let mut group = WaitGroup::new();
/// for _ in 0..4 {
///     let handle = group.clone();
///     std::thread::spawn(move || {
///         DONE.fetch_add(1, Ordering::Relaxed);
///         drop(handle);
///     });
/// }
/// group.wait();
/// assert_eq!(DONE.load(Ordering::Relaxed), 4);
/// ```
pub struct WaitGroup {
    gate: Arc<Gate>,
    /// Whether this handle is counted as missing.
    counted: bool,
}

impl WaitGroup {
    /// A group of one handle: this.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut group = brigade::sync::WaitGroup::new();
    /// group.wait(); // there is no other
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            gate: Arc::new(Gate::new(1)),
            counted: true,
        }
    }

    /// Blocks the thread until every other handle has been dropped, or waits too.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    ///
    /// # Panics
    ///
    /// As [`clone`](Self::clone): the handle is counted again after the wait.
    #[track_caller]
    pub fn wait(&mut self) {
        self.absence().wait(Location::caller());
    }

    /// As [`wait`](Self::wait), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out while there is a handle that does not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{WaitGroup, WaitTimeoutError};
    /// use std::time::Duration;
    ///
    /// let mut group = WaitGroup::new();
    /// let other = group.clone();
    /// assert_eq!(group.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    /// drop(other);
    /// assert_eq!(group.wait_timeout(Duration::ZERO), Ok(()));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        let deadline = deadline_after(timeout);
        self.absence().wait_until(deadline, Location::caller())
    }

    /// As [`wait`](Self::wait), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes while there is a handle that does not wait.
    #[track_caller]
    pub fn wait_deadline(&mut self, deadline: Instant) -> Result<(), WaitTimeoutError> {
        let deadline = Some(deadline);
        self.absence().wait_until(deadline, Location::caller())
    }

    /// Suspends the task until every other handle has been dropped, or waits too.
    ///
    /// The wait begins at the first poll.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the handle counts again as one that does not wait. If it is forgotten after it was
    /// polled (`mem::forget`), the handle holds up nobody until it waits again.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let mut group = brigade::sync::WaitGroup::new();
    /// let handle = group.clone();
    /// std::thread::spawn(move || drop(handle));
    /// group.wait_async().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_async(&mut self) -> impl Future<Output = ()> + use<'_> {
        self.absence().wait_async(Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out while there is a handle that does not wait.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_timeout_async(
        &mut self,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        let deadline = deadline_after(timeout);
        self.absence()
            .wait_until_async(deadline, Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes while there is a handle that does not wait.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async(
        &mut self,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        self.absence()
            .wait_until_async(Some(deadline), Location::caller())
    }

    fn absence(&mut self) -> At<'_, Absence<'_>> {
        let Self { gate, counted } = self;
        let left_in = None;
        At::new(gate, Absence { counted, left_in })
    }
}

/// Nobody is missing in the next round: those who go on are counted one by one.
const NOBODY: usize = 0;

fn count(gate: &Gate) {
    assert!(
        round::add_one(gate),
        "a wait group cannot count so many handles"
    );
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for WaitGroup {
    /// Another handle of the same group, which has to be dropped, or to wait, before any wait is over.
    ///
    /// # Panics
    ///
    /// If there are more handles than half a `usize` can count: 4 294 967 295 on machines of 64 bits, 65 535 on
    /// those of 32.
    fn clone(&self) -> Self {
        count(&self.gate);
        Self {
            gate: Arc::clone(&self.gate),
            counted: true,
        }
    }
}

impl Drop for WaitGroup {
    fn drop(&mut self) {
        if self.counted {
            round::arrive(&self.gate, NOBODY);
        }
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitGroup { .. }")
    }
}

/// A handle that waits: it is not counted until the wait is over.
struct Absence<'a> {
    counted: &'a mut bool,
    /// The round in which this wait began.
    left_in: Option<Round>,
}

impl Absence<'_> {
    fn come_back(&mut self, gate: &Gate) {
        self.left_in = None;
        count(gate);
        *self.counted = true;
    }
}

impl Condition for Absence<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"wait group";

    fn attempt(&mut self, gate: &Gate) -> Poll<()> {
        if let Some(round) = self.left_in {
            if !round.is_over(gate.word()) {
                return Poll::Pending;
            }
        } else {
            if !*self.counted {
                // The last wait was forgotten.
                self.come_back(gate);
            }
            *self.counted = false;
            self.left_in = round::arrive(gate, NOBODY);
            if self.left_in.is_some() {
                return Poll::Pending;
            }
        }
        self.come_back(gate);
        Poll::Ready(())
    }

    fn holds(&self, word: usize) -> bool {
        self.left_in.is_some_and(|round| round.is_over(word))
    }

    fn give_up(&mut self, gate: &Gate) -> Option<()> {
        if round::take_back(gate, self.left_in.take()?) {
            *self.counted = true;
            return None;
        }
        self.come_back(gate);
        Some(())
    }
}
