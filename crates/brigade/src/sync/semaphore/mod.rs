//! A semaphore: a number of permits that threads and tasks take and give back.
//!
//! Who gets permits, and in which order, is said in `raw.rs`. This module does not know how anybody sleeps (`wait`).

mod error;
#[cfg(all(test, brigade_loom))]
mod model;
mod permit;
mod raw;

pub use error::{AcquireError, AcquireTimeoutError, AddPermitsError, TryAcquireError};
pub use permit::{OwnedSemaphorePermit, SemaphorePermit};

use super::ended::in_time;
use crate::prim::const_new;
use crate::wait::{
    Kind, Limit, Operation, Patience, Rank, Wait, WaitQueue, What, block, deadline_after,
};
use raw::{MOST, Missing, RawSemaphore, Turn};
use std::fmt;
use std::panic::Location;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A number of permits. Whoever acquires some has them until the guard is dropped.
///
/// Permits go to those who wait in the order in which they came: one that wants many is not passed by those who want
/// few. A task that has been woken and does not come is passed by a newcomer after a moment, if nobody else is in line.
///
/// # Examples
///
/// At most two at a time:
///
/// ```
/// use brigade::sync::Semaphore;
/// use std::thread;
///
/// static SEATS: Semaphore = Semaphore::new(2);
///
/// thread::scope(|scope| {
///     for _ in 0..8 {
///         scope.spawn(|| {
///             let _seat = SEATS.acquire()?;
///             // no more than two threads are here
///             Ok::<(), brigade::sync::AcquireError>(())
///         });
///     }
/// });
/// assert_eq!(SEATS.available(), 2);
/// ```
pub struct Semaphore {
    raw: RawSemaphore,
}

impl Semaphore {
    /// The most permits that a semaphore can have.
    pub const MAX_PERMITS: usize = MOST;

    const_new! {
        /// A semaphore with so many permits.
        ///
        /// # Panics
        ///
        /// If these are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
        #[must_use]
        #[track_caller]
        pub fn new(permits: usize) -> Self {
            assert!(permits <= MOST, "a semaphore cannot have so many permits");
            Self { raw: RawSemaphore::new(permits) }
        }
    }

    /// How many permits there are at this moment.
    #[must_use]
    pub fn available(&self) -> usize {
        self.raw.available()
    }

    /// Takes one permit, and blocks the thread until there is one.
    ///
    /// In a task use [`acquire_async`](Self::acquire_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.acquire_many(1)
    }

    /// Takes `count` permits at once, and blocks the thread until there are so many.
    ///
    /// If that is more than there ever are, it waits until somebody [adds](Self::add_permits) some.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or `count` is 0 or beyond [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{AcquireError, Semaphore};
    ///
    /// let megabytes = Semaphore::new(100);
    /// let large = megabytes.acquire_many(60)?;
    /// assert_eq!(megabytes.available(), 40);
    /// drop(large);
    /// assert_eq!(megabytes.acquire_many(0).err(), Some(AcquireError::BadCount(0)));
    /// # Ok::<(), AcquireError>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.check(count)?;
        if self.raw.try_acquire_in_turn(count).is_ok() {
            return Ok(SemaphorePermit::new(self, count));
        }
        self.acquire_slow(count, Location::caller())
    }

    #[cold]
    fn acquire_slow(
        &self,
        count: usize,
        site: &'static Location<'static>,
    ) -> Result<SemaphorePermit<'_>, AcquireError> {
        match block(&mut self.operation(count), Limit::NONE, site) {
            Ok(acquired) => acquired,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Takes one permit if there is one that nobody waits for.
    ///
    /// # Errors
    ///
    /// If there is none, or the semaphore is closed.
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `count` permits if there are so many, and nobody waits for any.
    ///
    /// # Errors
    ///
    /// If there are not, if the semaphore is closed, or if `count` is 0 or beyond
    /// [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[inline]
    pub fn try_acquire_many(&self, count: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.check(count)?;
        match self.raw.try_acquire(count) {
            Ok(()) => Ok(SemaphorePermit::new(self, count)),
            Err(Missing::TooFew) => Err(TryAcquireError::NoPermits),
            Err(Missing::Closed) => Err(TryAcquireError::Closed),
        }
    }

    /// Takes one permit, and blocks the thread until there is one, for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the semaphore is closed.
    #[track_caller]
    pub fn acquire_timeout(
        &self,
        timeout: Duration,
    ) -> Result<SemaphorePermit<'_>, AcquireTimeoutError> {
        self.acquire_until(1, deadline_after(timeout), Location::caller())
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As there, and as for [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn acquire_many_timeout(
        &self,
        count: usize,
        timeout: Duration,
    ) -> Result<SemaphorePermit<'_>, AcquireTimeoutError> {
        self.acquire_until(count, deadline_after(timeout), Location::caller())
    }

    /// Takes `count` permits at once, and blocks the thread until there are so many, or `deadline` has come. A
    /// deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, and as for [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn acquire_many_deadline(
        &self,
        count: usize,
        deadline: Instant,
    ) -> Result<SemaphorePermit<'_>, AcquireTimeoutError> {
        self.acquire_until(count, Some(deadline), Location::caller())
    }

    fn acquire_until(
        &self,
        count: usize,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<SemaphorePermit<'_>, AcquireTimeoutError> {
        self.check(count)?;
        match block(&mut self.operation(count), Limit::until(deadline), site) {
            Ok(acquired) => Ok(acquired?),
            Err(_) => Err(AcquireTimeoutError::Timeout),
        }
    }

    /// Takes one permit, and suspends the task until there is one.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no permit has been taken, and a wake that it received goes to the
    /// next in line. One that is woken and neither polled nor dropped has none either; those in line behind it may wait until
    /// permits are next given back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Semaphore;
    ///
    /// # futures::executor::block_on(async {
    /// let seats = Semaphore::new(1);
    /// let seat = seats.acquire_async().await?;
    /// assert_eq!(seats.available(), 0);
    /// drop(seat);
    /// # Ok::<(), brigade::sync::AcquireError>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_async(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        Wait::new(self.operation(1), Location::caller())
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
    pub fn acquire_many_async(
        &self,
        count: usize,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        Wait::new(self.operation(count), Location::caller())
    }

    /// Takes one permit, and suspends the task until there is one, for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or the semaphore is closed.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireTimeoutError>> {
        self.acquire_until_async(1, deadline_after(timeout), Location::caller())
    }

    /// As [`acquire_timeout_async`](Self::acquire_timeout_async), for `count` permits at once.
    ///
    /// # Errors
    ///
    /// As there, and as for [`acquire_many`](Self::acquire_many).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_many_timeout_async(
        &self,
        count: usize,
        timeout: Duration,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireTimeoutError>> {
        self.acquire_until_async(count, deadline_after(timeout), Location::caller())
    }

    /// Takes `count` permits at once, and suspends the task until there are so many, or `deadline` has come. A
    /// deadline in the past tries once.
    ///
    /// Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes, and as for [`acquire_many`](Self::acquire_many).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_async`](Self::acquire_async).
    #[track_caller]
    pub fn acquire_many_deadline_async(
        &self,
        count: usize,
        deadline: Instant,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireTimeoutError>> {
        self.acquire_until_async(count, Some(deadline), Location::caller())
    }

    fn acquire_until_async(
        &self,
        count: usize,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireTimeoutError>> {
        let late = AcquireTimeoutError::Timeout;
        let wait = in_time(self.operation(count), deadline, site, late);
        async move { Ok(wait.await??) }
    }

    /// Puts in `count` permits more. Those who wait go on.
    ///
    /// # Errors
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS). Nothing is added then.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(1);
    /// semaphore.add_permits(2)?;
    /// assert_eq!(semaphore.available(), 3);
    /// assert!(semaphore.add_permits(Semaphore::MAX_PERMITS).is_err());
    /// assert_eq!(semaphore.available(), 3);
    /// # Ok::<(), brigade::sync::AddPermitsError>(())
    /// ```
    pub fn add_permits(&self, count: usize) -> Result<(), AddPermitsError> {
        if self.raw.add(count) {
            Ok(())
        } else {
            Err(AddPermitsError)
        }
    }

    /// Takes out at most `count` permits for good, of those that are there now. Returns how many these are.
    pub fn forget_permits(&self, count: usize) -> usize {
        self.raw.take_out(count)
    }

    /// Ends all waits for permits, now and from now on. Permits that are out stay valid. Returns whether it was open.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{AcquireError, Semaphore};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.acquire()?;
    /// assert!(semaphore.close());
    /// assert_eq!(semaphore.acquire().err(), Some(AcquireError::Closed));
    /// drop(permit);
    /// # Ok::<(), AcquireError>(())
    /// ```
    pub fn close(&self) -> bool {
        self.raw.close()
    }

    /// Whether it has been closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.raw.is_closed()
    }

    fn check(&self, count: usize) -> Result<(), BadCount> {
        if (1..=MOST).contains(&count) {
            Ok(())
        } else {
            Err(BadCount(count))
        }
    }

    pub(super) fn operation(&self, count: usize) -> Acquire<'_> {
        Acquire {
            semaphore: self,
            count,
            turn: Turn::default(),
        }
    }
}

/// A number of permits that cannot be asked for.
struct BadCount(usize);

/// Takes permits.
pub(super) struct Acquire<'a> {
    semaphore: &'a Semaphore,
    count: usize,
    turn: Turn,
}

// SAFETY: the queue is a field of the semaphore, which is borrowed for as long as the operation lives.
unsafe impl<'a> Operation for Acquire<'a> {
    type Output = Result<SemaphorePermit<'a>, AcquireError>;
    const WAITS_FOR: &'static What = &"semaphore acquire";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|acquire| {
        // Who is next may want less.
        acquire.withdraw();
        Err(AcquireError::Cancelled)
    });

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        if let Err(bad) = self.semaphore.check(self.count) {
            return Poll::Ready(Err(bad.into()));
        }
        match self.turn.try_acquire(&self.semaphore.raw, self.count) {
            Ok(()) => Poll::Ready(Ok(SemaphorePermit::new(self.semaphore, self.count))),
            Err(Missing::Closed) => Poll::Ready(Err(AcquireError::Closed)),
            Err(Missing::TooFew) => Poll::Pending,
        }
    }

    fn chances(&self) -> usize {
        self.turn.chances(&self.semaphore.raw, self.count)
    }

    fn note_woken(&self, _: Kind) {
        self.turn.note_woken();
    }

    fn wants(&self) -> u32 {
        u32::try_from(self.count).unwrap_or(u32::MAX)
    }

    fn rank(&self) -> Rank {
        self.turn.rank()
    }

    fn hand_on(&self, chances: usize) {
        // How many chances there are does not matter: the first in line may want more than there is, and who takes
        // some wakes the next. A thread that is done says that there are none; its own promise it has used, and
        // there may be another by now.
        if chances == 0 {
            self.semaphore.raw.wake_next();
        } else {
            self.semaphore.raw.hand_on();
        }
    }

    fn withdraw(&mut self) {
        self.turn.end(&self.semaphore.raw);
        self.turn = Turn::default();
    }

    fn queue(&self) -> &WaitQueue {
        self.semaphore.raw.queue()
    }

    fn patience(&self) -> &Patience {
        RawSemaphore::patience()
    }
}

impl Drop for Acquire<'_> {
    #[inline]
    fn drop(&mut self) {
        self.turn.end(&self.semaphore.raw);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available", &self.available())
            .field("closed", &self.is_closed())
            .finish()
    }
}
