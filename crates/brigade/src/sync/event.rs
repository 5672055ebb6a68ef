//! The event: a flag that is set and reset, and waited for.
//!
//! The word counts how often the flag has been turned over:
//!
//! | word | meaning | `set` | `reset` |
//! |---|---|---|---|
//! | even | not set | makes it `word + 1`, and opens the gate (`gate.rs`) | nothing |
//! | odd | set | nothing but a write that is seen | makes it `word + 1` |
//!
//! A wait that began at an even word is over as soon as the word is another: then somebody has set the flag, whether
//! or not it has been reset since. One that begins at an odd word is over at once.
//!
//! The count starts again after a whole word is full. To miss a `set`, a waiter would have to look after exactly so
//! many.

use super::WaitTimeoutError;
use super::gate::{At, Condition, Gate};
use crate::prim::const_new;
use crate::wait::{What, deadline_after};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::Poll;
use std::time::{Duration, Instant};

const SET: usize = 1;

/// A flag that threads and tasks wait for, until it is set.
///
/// [`set`](Self::set) lets everybody through who waits at that moment, even if it is reset at once: a waiter that
/// wakes late goes on all the same. Whoever begins to wait after the [`reset`](Self::reset) waits for the next `set`.
/// A wait begins with the call, for a future as well: between `wait_async()` and its first poll no `set` is missed.
///
/// What was done before `set` is seen by everybody whom it lets through.
///
/// # Examples
///
/// ```
/// use brigade::sync::Event;
///
/// # futures::executor::block_on(async {
/// let go = Event::new();
/// let waiter = go.wait_async();
/// go.set();
/// go.reset();
/// waiter.await; // it was there when the event was set
/// assert!(!go.is_set());
/// # });
/// ```
pub struct Event {
    gate: Gate,
}

impl Event {
    const_new! {
        /// An event that is not set.
        ///
        /// # Examples
        ///
        /// ```
        /// use brigade::sync::Event;
        ///
        /// static STOP: Event = Event::new();
        /// assert!(!STOP.is_set());
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self { gate: Gate::new(0) }
        }
    }

    /// Sets the flag, and wakes all who wait.
    ///
    /// From here on nobody waits, until it is reset.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = brigade::sync::Event::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| event.wait());
    ///     event.set();
    /// });
    /// ```
    pub fn set(&self) {
        // Whoever waits at a word that was odd already has been woken, or is about to look.
        if self.gate.set_bits(SET) & SET == 0 {
            self.gate.open();
        }
    }

    /// Resets the flag: who comes from here on waits. Returns whether it was set.
    ///
    /// # Examples
    ///
    /// ```
    /// let event = brigade::sync::Event::new();
    /// event.set();
    /// assert!(event.reset());
    /// assert!(!event.reset() && !event.is_set());
    /// ```
    pub fn reset(&self) -> bool {
        let turned = |word: usize| (word & SET != 0).then(|| word.wrapping_add(1));
        self.gate.update(turned).is_ok()
    }

    /// Whether the flag is set at this moment.
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.gate.word() & SET != 0
    }

    /// Blocks the thread until the flag is set.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        self.turning().wait(Location::caller());
    }

    /// As [`wait`](Self::wait), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before the flag is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Event, WaitTimeoutError};
    /// use std::time::Duration;
    ///
    /// let event = Event::new();
    /// assert_eq!(event.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    /// event.set();
    /// assert_eq!(event.wait_timeout(Duration::ZERO), Ok(()));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitTimeoutError> {
        let deadline = deadline_after(timeout);
        self.turning().wait_until(deadline, Location::caller())
    }

    /// As [`wait`](Self::wait), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before the flag is set.
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> Result<(), WaitTimeoutError> {
        self.turning()
            .wait_until(Some(deadline), Location::caller())
    }

    /// Suspends the task until the flag is set.
    ///
    /// The wait begins with this call: a `set` that comes before the first poll ends it, reset or not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing for anybody else.
    #[track_caller]
    pub fn wait_async(&self) -> impl Future<Output = ()> + use<'_> {
        self.turning().wait_async(Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before the flag is set.
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
        self.turning()
            .wait_until_async(deadline, Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before the flag is set.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        self.turning()
            .wait_until_async(Some(deadline), Location::caller())
    }

    #[inline]
    fn turning(&self) -> At<'_, Turned> {
        let since = self.gate.word();
        At::new(&self.gate, Turned { since })
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .finish()
    }
}

/// The flag was set, or has been set since.
struct Turned {
    since: usize,
}

impl Condition for Turned {
    type Output = ();
    const WAITS_FOR: &'static What = &"event wait";

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
        self.since & SET != 0 || word != self.since
    }
}
