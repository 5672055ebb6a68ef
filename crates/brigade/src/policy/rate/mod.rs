//! A limit to how often something is done, shared by threads and tasks.
//!
//! How much is allowed, and when, is said in `gcra.rs`. Here that meets the clock, and those who have to wait. Each of
//! them has reserved its own time and waits for nothing but that (`pause.rs`): nobody wakes it.

mod error;
mod gcra;

pub use error::{BadRate, RateError};

use super::pause;
use crate::cancel::Why;
use crate::prim::clock;
use crate::wait::{What, deadline_after};
use gcra::{Rate, Slot, TooLate, Word, ticks, time};
use std::future::Future;
use std::panic::Location;
use std::time::{Duration, Instant};

/// So many in every period, and no more.
///
/// Shared by reference or in an `Arc`, by threads and tasks alike. It is one atomic word, and costs a look at the
/// clock.
///
/// Permits come one by one, each an equal part of the period after the one before: ten in a second are one in every
/// tenth of it. A [`burst`](Self::burst) is how many are saved up while nobody wants any; it is 1 at first. In any
/// span of time, what is allowed is never more than the burst and what the rate gives in that span.
///
/// Whoever has to wait reserves the next time that is free, and so all of them go in the order in which they came.
/// One who gives up gives its time back, if nobody has come after it; else that time passes unused. Who comes late to
/// its time, because its thread was not run, delays nobody else.
///
/// # Examples
///
/// ```
/// use brigade::policy::RateLimit;
/// use std::thread;
/// use std::time::{Duration, Instant};
///
/// let requests = RateLimit::per(1000, Duration::from_secs(1))?;
/// let start = Instant::now();
/// thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| {
///             for _ in 0..3 {
///                 requests.acquire()?;
///                 // ask the server
///             }
///             Ok::<(), brigade::policy::RateError>(())
///         });
///     }
/// });
/// // The first of the six went at once, the others a millisecond apart.
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), brigade::policy::BadRate>(())
/// ```
#[derive(Debug)]
pub struct RateLimit {
    rate: Rate,
    /// From when on its time is counted.
    origin: Instant,
    word: Word,
}

impl RateLimit {
    /// A limit of `count` in every `period`, one at a time.
    ///
    /// What a permit costs in time is kept in sixteenths of a nanosecond, rounded up.
    ///
    /// # Errors
    ///
    /// If one of the two is zero, or a single permit takes more than nine years.
    pub fn per(count: u32, period: Duration) -> Result<Self, BadRate> {
        Ok(Self {
            rate: Rate::new(count, period)?,
            origin: clock::now(),
            word: Word::new(),
        })
    }

    /// The same rate, with so many at once after a pause, and at the beginning.
    ///
    /// # Errors
    ///
    /// If it is zero, or if so many take more than nine years.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::policy::{RateError, RateLimit};
    /// use std::time::Duration;
    ///
    /// let mails = RateLimit::per(10, Duration::from_secs(3600))?.burst(3)?;
    /// for _ in 0..3 {
    ///     mails.try_acquire()?;
    /// }
    /// assert!(matches!(mails.try_acquire(), Err(RateError::NotYet { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn burst(self, burst: u32) -> Result<Self, BadRate> {
        Ok(Self {
            rate: self.rate.with_burst(burst)?,
            ..self
        })
    }

    /// Takes one permit, if it is allowed now.
    ///
    /// # Errors
    ///
    /// [`RateError::NotYet`], with the time that it takes.
    pub fn try_acquire(&self) -> Result<(), RateError> {
        self.try_acquire_many(1)
    }

    /// Takes `count` permits at once, if that is allowed now.
    ///
    /// # Errors
    ///
    /// [`RateError::NotYet`], and [`RateError::BadCount`] if `count` is zero or more than the burst.
    pub fn try_acquire_many(&self, count: u32) -> Result<(), RateError> {
        self.check(count)?;
        let now = self.ticks_at(clock::now());
        match self.word.reserve(self.rate, count, now, now) {
            Ok(_) => Ok(()),
            Err(late) => Err(not_yet(late, now)),
        }
    }

    /// Takes one permit, and blocks the thread until it is allowed.
    ///
    /// In a task use [`acquire_async`](Self::acquire_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If it has to wait and is cancelled. Its time is given back then, if nobody has come after it.
    #[track_caller]
    pub fn acquire(&self) -> Result<(), RateError> {
        self.acquire_until(1, None, Location::caller())
    }

    /// Takes `count` permits at once, and blocks the thread until that is allowed.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire), and if `count` is zero or more than the burst.
    #[track_caller]
    pub fn acquire_many(&self, count: u32) -> Result<(), RateError> {
        self.acquire_until(count, None, Location::caller())
    }

    /// Takes one permit if it is allowed within `timeout`, and blocks the thread until then.
    ///
    /// When it is allowed is known from the beginning. So if that is too late, this does not wait at all. A timeout
    /// too long for the clock waits as long as it takes.
    ///
    /// # Errors
    ///
    /// [`RateError::NotYet`] at once, with the time that it takes; and as for [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::policy::{RateError, RateLimit};
    /// use std::time::Duration;
    ///
    /// let daily = RateLimit::per(1, Duration::from_secs(86_400))?;
    /// daily.acquire()?;
    /// let refused = daily.acquire_timeout(Duration::from_secs(3600));
    /// assert!(matches!(refused, Err(RateError::NotYet { wait }) if wait > Duration::from_secs(3600)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<(), RateError> {
        self.acquire_until(1, deadline_after(timeout), Location::caller())
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As there, and as for [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn acquire_many_timeout(&self, count: u32, timeout: Duration) -> Result<(), RateError> {
        self.acquire_until(count, deadline_after(timeout), Location::caller())
    }

    /// Takes one permit if it is allowed at `deadline` at the latest, and blocks the thread until then. A deadline in
    /// the past tries once.
    ///
    /// # Errors
    ///
    /// As for [`acquire_timeout`](Self::acquire_timeout).
    #[track_caller]
    pub fn acquire_deadline(&self, deadline: Instant) -> Result<(), RateError> {
        self.acquire_until(1, Some(deadline), Location::caller())
    }

    /// As [`acquire_deadline`](Self::acquire_deadline), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As there, and as for [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn acquire_many_deadline(&self, count: u32, deadline: Instant) -> Result<(), RateError> {
        self.acquire_until(count, Some(deadline), Location::caller())
    }

    /// Takes one permit, and suspends the task until it is allowed. Needs no runtime.
    ///
    /// The time is reserved when the future is first polled.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, its time is given back, if nobody has come after it; else that
    /// time passes unused. So it does if the future is forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::policy::RateLimit;
    /// use std::time::Duration;
    ///
    /// # futures::executor::block_on(async {
    /// let limit = RateLimit::per(1000, Duration::from_secs(1))?;
    /// for _ in 0..3 {
    ///     limit.acquire_async().await?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn acquire_async(&self) -> impl Future<Output = Result<(), RateError>> {
        self.acquire_until_async(1, None, Location::caller())
    }

    /// As [`acquire_async`](Self::acquire_async), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_many_async(&self, count: u32) -> impl Future<Output = Result<(), RateError>> {
        self.acquire_until_async(count, None, Location::caller())
    }

    /// Takes one permit if it is allowed within `timeout` from now, and suspends the task until then. It does not
    /// wait if that is too late.
    ///
    /// # Errors
    ///
    /// As for [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), RateError>> {
        self.acquire_until_async(1, deadline_after(timeout), Location::caller())
    }

    /// As [`acquire_timeout_async`](Self::acquire_timeout_async), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As for [`acquire_many_timeout`](Self::acquire_many_timeout).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_many_timeout_async(
        &self,
        count: u32,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), RateError>> {
        self.acquire_until_async(count, deadline_after(timeout), Location::caller())
    }

    /// Takes one permit if it is allowed at `deadline` at the latest, and suspends the task until then.
    ///
    /// # Errors
    ///
    /// As for [`acquire_deadline`](Self::acquire_deadline).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), RateError>> {
        self.acquire_until_async(1, Some(deadline), Location::caller())
    }

    /// As [`acquire_deadline_async`](Self::acquire_deadline_async), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As for [`acquire_many_deadline`](Self::acquire_many_deadline).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_many_deadline_async(
        &self,
        count: u32,
        deadline: Instant,
    ) -> impl Future<Output = Result<(), RateError>> {
        self.acquire_until_async(count, Some(deadline), Location::caller())
    }

    fn acquire_until(
        &self,
        count: u32,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<(), RateError> {
        let Some(reserved) = self.begin(count, deadline)? else {
            return Ok(());
        };
        pause::block::<RateLimited>(reserved.at(), site).map_err(RateError::Cancelled)?;
        reserved.keep();
        Ok(())
    }

    async fn acquire_until_async(
        &self,
        count: u32,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<(), RateError> {
        let Some(reserved) = self.begin(count, deadline)? else {
            return Ok(());
        };
        let paused = pause::suspend::<RateLimited>(reserved.at(), site).await;
        paused.map_err(RateError::Cancelled)?;
        reserved.keep();
        Ok(())
    }

    /// Takes `count` permits if that is allowed now: `None`. Else reserves the time for them, if there is one until
    /// `deadline`.
    fn begin(
        &self,
        count: u32,
        deadline: Option<Instant>,
    ) -> Result<Option<Reserved<'_>>, RateError> {
        self.check(count)?;
        let now = self.ticks_at(clock::now());
        if self.word.reserve(self.rate, count, now, now).is_ok() {
            return Ok(None);
        }
        // Who would not wait reserves nothing: those who come meanwhile would have to come after it.
        if let Some(reason) = pause::cancelled() {
            return Err(RateError::Cancelled(reason));
        }
        let latest = deadline.map_or(u64::MAX, |deadline| self.ticks_at(deadline));
        let slot = match self.word.reserve(self.rate, count, now, latest) {
            Ok(slot) => Some(slot),
            // In decades.
            Err(TooLate::Never) if deadline.is_none() => None,
            Err(late) => return Err(not_yet(late, now)),
        };
        Ok(Some(Reserved { limit: self, slot }))
    }

    fn check(&self, count: u32) -> Result<(), RateError> {
        let burst = self.rate.burst();
        if (1..=burst).contains(&count) {
            Ok(())
        } else {
            Err(RateError::BadCount { count, burst })
        }
    }

    fn ticks_at(&self, instant: Instant) -> u64 {
        ticks(instant.saturating_duration_since(self.origin))
    }
}

fn not_yet(late: TooLate, now: u64) -> RateError {
    let wait = match late {
        TooLate::Until(at) => time(at.saturating_sub(now)),
        TooLate::Never => Duration::MAX,
    };
    RateError::NotYet { wait }
}

/// What those wait for who are too early.
struct RateLimited;

impl Why for RateLimited {
    const WAITS_FOR: &'static What = &"rate limit";
}

/// The time that somebody waits for. Dropping it gives it back.
struct Reserved<'a> {
    limit: &'a RateLimit,
    /// `None` is a time that never comes.
    slot: Option<Slot>,
}

impl Reserved<'_> {
    fn at(&self) -> Option<Instant> {
        let at = time(self.slot.as_ref()?.at);
        self.limit.origin.checked_add(at)
    }

    /// It has come.
    fn keep(mut self) {
        self.slot = None;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.limit.word.give_back(slot);
        }
    }
}
