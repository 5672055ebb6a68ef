//! A mutex that threads and tasks wait for in one queue.
//!
//! It is one word beside the value. There is no poisoning: a guard that is dropped by a panic unlocks like any
//! other, and what the value then looks like is its own affair.
//!
//! Who gets a mutex that many want, and why nobody is forgotten, is said in `raw.rs`: whoever comes first has it,
//! and one who has been woken and beaten for a quarter of a millisecond is given way to.
//!
//! This module does not know how anybody sleeps (`wait`).

mod guard;
#[cfg(all(test, brigade_loom))]
mod model;
mod raw;

pub use guard::{MutexGuard, OwnedMutexGuard};
pub(super) use raw::RawMutex;
use raw::Turn;

use super::ended::in_time;
use super::{LockTimeoutError, TryLockError};
use crate::prim::{PlainUnsafeCell, StdArc, const_new};
use crate::wait::{
    Held, Kind, Limit, Operation, Owners, Patience, Rank, Site, Wait, WaitQueue, What, block,
    block_unserved, deadline_after,
};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::task::Poll;
use std::time::{Duration, Instant};

/// A value that one thread or task at a time can get at.
///
/// The plain methods block the thread, those in `_async` suspend the task, and both wait in the same queue. A
/// `Mutex<()>` is one word.
///
/// To share it, put it into an `Arc` or a `static`, borrow it to scoped threads, or use [`Shared`](super::Shared),
/// which is cloned. Locking it twice in one thread or task waits for ever.
///
/// # Examples
///
/// ```
/// use brigade::sync::Mutex;
/// use std::thread;
///
/// static TOTAL: Mutex<u32> = Mutex::new(0);
///
/// thread::scope(|scope| {
///     for _ in 0..10 {
///         scope.spawn(|| *TOTAL.lock() += 1);
///     }
/// });
/// assert_eq!(*TOTAL.lock(), 10);
/// ```
///
/// A mutex does not make a value that must stay on its thread sendable:
///
/// ```compile_fail,E0277
/// use brigade::sync::Mutex;
/// use std::rc::Rc;
///
/// let mutex = Mutex::new(Rc::new(1));
/// std::thread::scope(|scope| {
///     scope.spawn(|| mutex.lock());
/// });
/// ```
pub struct Mutex<T: ?Sized> {
    pub(super) raw: RawMutex,
    owner: Owners<1>,
    value: PlainUnsafeCell<T>,
}

// SAFETY: a mutex is sent with its value.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: a shared mutex hands its value to one thread after the other, which is to send it: `raw` sees to it
// that there is one guard at a time.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

// A guard that a panic drops may leave the value half changed, and the type does not hide that: there is no
// poisoning. That is the same as for any other value behind a reference, and the authors of `parking_lot` chose
// so too.
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

impl<T> Mutex<T> {
    const_new! {
        /// A mutex that is free and guards `value`.
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { raw: RawMutex::new(), owner: Owners::new(), value: PlainUnsafeCell::new(value) }
        }
    }

    /// The value, which nobody else can get at any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// The value, without locking: nobody else has the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Blocks the thread until the mutex is free, and locks it.
    ///
    /// In a task use [`lock_async`](Self::lock_async), which does not hold up the runtime.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let site = Location::caller();
        if self.raw.try_lock_uncontended() {
            return MutexGuard::new(self, site.into());
        }
        self.lock_slow(site)
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self, site: &'static Location<'static>) -> MutexGuard<'_, T> {
        match block_unserved(&mut Lock::new(self, site), Limit::NONE, site) {
            Ok(guard) => guard,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Locks the mutex if it is free.
    ///
    /// # Errors
    ///
    /// If somebody has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Mutex, TryLockError};
    ///
    /// let mutex = Mutex::new(1);
    /// let guard = mutex.lock();
    /// assert_eq!(mutex.try_lock().err(), Some(TryLockError));
    /// drop(guard);
    /// assert!(mutex.try_lock().is_ok());
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        if self.raw.try_lock() {
            let site = Site::from(Location::caller());
            Ok(MutexGuard::new(self, site.passing()))
        } else {
            Err(TryLockError)
        }
    }

    /// Blocks the thread until the mutex is free, for at most `timeout`, and locks it.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    #[track_caller]
    pub fn lock_timeout(&self, timeout: Duration) -> Result<MutexGuard<'_, T>, LockTimeoutError> {
        self.lock_until(deadline_after(timeout), Location::caller())
    }

    /// Blocks the thread until the mutex is free, or `deadline` has come, and locks it. A deadline in the past
    /// tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    #[track_caller]
    pub fn lock_deadline(&self, deadline: Instant) -> Result<MutexGuard<'_, T>, LockTimeoutError> {
        self.lock_until(Some(deadline), Location::caller())
    }

    fn lock_until(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<MutexGuard<'_, T>, LockTimeoutError> {
        let mut lock = Lock::new(self, Site::from(site).passing());
        block(&mut lock, Limit::until(deadline), site).map_err(|_| LockTimeoutError)
    }

    /// Suspends the task until the mutex is free, and locks it.
    ///
    /// The guard stays on its thread, so a future that keeps it across an `await` cannot be spawned on a runtime of
    /// several threads. That is seldom meant; where it is, take an owned one: see
    /// [`lock_owned_async`](Self::lock_owned_async).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the mutex has not been locked, and a wake that it received goes
    /// to the next. One that is neither polled nor dropped holds nothing, though those behind it may sleep until
    /// somebody else has locked and unlocked.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Mutex;
    ///
    /// # futures::executor::block_on(async {
    /// let mutex = Mutex::new(1);
    /// *mutex.lock_async().await += 1;
    /// assert_eq!(*mutex.lock(), 2);
    /// # });
    /// ```
    ///
    /// ```compile_fail
    /// use brigade::sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// fn is_send(_: impl Send) {}
    /// let mutex = Arc::new(Mutex::new(1));
    /// is_send(async move {
    ///     let guard = mutex.lock_async().await;
    ///     std::future::ready(()).await;
    ///     drop(guard);
    /// });
    /// ```
    #[track_caller]
    pub fn lock_async(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        let site = Location::caller();
        Wait::new(Lock::new(self, site), site)
    }

    /// Suspends the task until the mutex is free, for at most `timeout`, and locks it.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock waits for
    /// ever.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock_async`](Self::lock_async).
    #[track_caller]
    pub fn lock_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<MutexGuard<'_, T>, LockTimeoutError>> {
        self.lock_until_async(deadline_after(timeout), Location::caller())
    }

    /// Suspends the task until the mutex is free, or `deadline` has come, and locks it. A deadline in the past tries
    /// once.
    ///
    /// Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock_async`](Self::lock_async).
    #[track_caller]
    pub fn lock_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<MutexGuard<'_, T>, LockTimeoutError>> {
        self.lock_until_async(Some(deadline), Location::caller())
    }

    fn lock_until_async(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> impl Future<Output = Result<MutexGuard<'_, T>, LockTimeoutError>> {
        let lock = Lock::new(self, Site::from(site).passing());
        in_time(lock, deadline, site, LockTimeoutError)
    }

    /// Ends the time of a guard.
    #[inline]
    pub(super) fn unlock(&self) {
        self.owner.release();
        self.raw.unlock();
    }

    /// As [`lock`](Self::lock), with a guard that owns a share of the mutex: it may go to another thread, and be kept
    /// across an `await`.
    #[track_caller]
    pub fn lock_owned(self: &StdArc<Self>) -> OwnedMutexGuard<T> {
        MutexGuard::into_owned(self.lock(), self)
    }

    /// As [`lock_async`](Self::lock_async), with a guard that owns a share of the mutex: it may go to another thread,
    /// and be kept across an `await`.
    ///
    /// # Cancel safety
    ///
    /// As for [`lock_async`](Self::lock_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Mutex;
    /// use std::sync::Arc;
    ///
    /// fn is_send(future: impl Future<Output = ()> + Send) -> impl Future<Output = ()> + Send {
    ///     future
    /// }
    ///
    /// let account = Arc::new(Mutex::new(100));
    /// let payment = is_send(async move {
    ///     let mut balance = account.lock_owned_async().await;
    ///     *balance -= 10;
    ///     std::future::ready(()).await; // nobody sees the balance meanwhile
    ///     *balance += 1;
    /// });
    /// futures::executor::block_on(payment);
    /// ```
    #[track_caller]
    pub fn lock_owned_async(self: &StdArc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        let lock = self.lock_async();
        async move { MutexGuard::into_owned(lock.await, self) }
    }

    /// Whether somebody has the mutex at this moment.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }
}

/// Locks a mutex.
pub(super) struct Lock<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    turn: Turn,
    site: Site,
}

impl<'a, T: ?Sized> Lock<'a, T> {
    pub(super) fn new(mutex: &'a Mutex<T>, site: impl Into<Site>) -> Self {
        let turn = Turn::default();
        let site = site.into();
        Self { mutex, turn, site }
    }

    /// For one who has waited for what the mutex guards, and been woken.
    pub(super) fn of_one_woken(mutex: &'a Mutex<T>, site: &'static Location<'static>) -> Self {
        let turn = Turn::of_one_woken();
        let site = site.into();
        Self { mutex, turn, site }
    }
}

// SAFETY: the queue is a field of the mutex, which is borrowed for as long as the operation lives.
unsafe impl<'a, T: ?Sized> Operation for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;
    const WAITS_FOR: &'static What = &"mutex lock";

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        if self.turn.try_lock(&self.mutex.raw) {
            Poll::Ready(MutexGuard::new(self.mutex, self.site))
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        self.turn.chances(&self.mutex.raw)
    }

    fn note_woken(&self, kind: Kind) {
        self.turn.note_woken(kind);
    }

    fn dozes(&self) -> bool {
        self.turn.dozes()
    }

    fn lingers(&mut self) -> bool {
        self.turn.lingers()
    }

    fn rank(&self) -> Rank {
        self.turn.rank()
    }

    fn withdraw(&mut self) {
        self.turn = Turn::default();
    }

    fn held(&self) -> Held {
        self.mutex.owner.held()
    }

    fn queue(&self) -> &WaitQueue {
        self.mutex.raw.queue()
    }

    fn patience(&self) -> &Patience {
        Turn::patience()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => out.field("value", &&*guard),
            Err(TryLockError) => out.field("value", &format_args!("<locked>")),
        };
        out.finish()
    }
}
