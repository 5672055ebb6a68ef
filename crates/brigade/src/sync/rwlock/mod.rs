//! A lock that many may have to read, or one to write, for threads and tasks in one queue.
//!
//! Who gets it is said in `raw.rs`: whoever waits to write is not passed by newcomers who read. There is no poisoning.
//!
//! This module does not know how anybody sleeps (`wait`).

mod guard;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;
mod raw;

pub use guard::{
    OwnedRwLockReadGuard, OwnedRwLockUpgradableGuard, OwnedRwLockWriteGuard, RwLockReadGuard,
    RwLockUpgradableGuard, RwLockWriteGuard,
};

use super::ended::in_time;
use super::{LockTimeoutError, TryLockError};
use crate::prim::{PlainUnsafeCell, const_new};
use crate::wait::{Limit, Owners, Site, Wait, block, deadline_after};
pub(super) use operation::Acquire;
use operation::Taken;
use raw::{Mode, RawRwLock};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// How many can be seen to have a lock, with the feature `sight`: one alone, and so many less one who read.
const SEEN: usize = 9;

/// A value that many may read at the same time, or one may change.
///
/// The plain methods block the thread, those in `_async` suspend the task, and both wait in the same queue. A
/// `RwLock<()>` is two words.
///
/// One who waits to write keeps newcomers from reading, so that readers cannot keep it out. Who reads already and
/// reads again in the same thread may therefore wait for itself: use [`read_again`](Self::read_again) there. Who reads
/// and may have to write takes an [upgradable](Self::read_upgradable) lock, of which there is one at a time.
///
/// Guards stay on their thread, so a future that keeps one across an `await` cannot be spawned on a runtime of several
/// threads; where that is meant, make it an owned one by `into_owned`.
///
/// # Examples
///
/// ```
/// use brigade::sync::RwLock;
///
/// let prices = RwLock::new(vec![3, 5]);
/// {
///     let (one, other) = (prices.read(), prices.read_again());
///     assert_eq!(one.len() + other.len(), 4);
/// }
/// prices.write().push(7);
/// assert_eq!(*prices.read(), [3, 5, 7]);
/// ```
///
/// Many read at the same time, so the value must be one that can be shared:
///
/// ```compile_fail,E0277
/// use brigade::sync::RwLock;
/// use std::cell::Cell;
///
/// let lock = RwLock::new(Cell::new(1));
/// std::thread::scope(|scope| {
///     scope.spawn(|| lock.read());
/// });
/// ```
pub struct RwLock<T: ?Sized> {
    raw: RawRwLock,
    owners: Owners<SEEN>,
    value: PlainUnsafeCell<T>,
}

// SAFETY: a lock is sent with its value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: a shared lock hands its value to one thread after the other, which is to send it, and to many at the same
// time, which is to share it: `raw` sees to it that nobody else has it while one may change it.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

// As for `Mutex`: there is no poisoning, and the type does not hide that.
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    const_new! {
        /// A lock that nobody has, around `value`.
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { raw: RawRwLock::new(), owners: Owners::new(), value: PlainUnsafeCell::new(value) }
        }
    }

    /// The value, which nobody else can get at any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// The value, without locking: nobody else has the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Reads, though somebody may wait to write: for one who may be reading already.
    ///
    /// It waits only while somebody writes. A writer waits longer for it.
    #[track_caller]
    pub fn read_again(&self) -> RwLockReadGuard<'_, T> {
        let site = Location::caller();
        if self.raw.try_lock_now(Mode::ReadAgain) {
            return RwLockReadGuard::new(self, Site::from(site).again());
        }
        self.acquire(Acquire::in_mode(self, Mode::ReadAgain, site), site)
    }

    /// As [`read_again`](Self::read_again), for a task.
    ///
    /// # Cancel safety
    ///
    /// As for [`read_async`](Self::read_async).
    #[track_caller]
    pub fn read_again_async(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        Wait::new(Acquire::in_mode(self, Mode::ReadAgain, site), site)
    }

    /// Blocks the thread as long as somebody writes, or waits to write; then it may read, as others may at the same time.
    ///
    /// In a task use [`read_async`](Self::read_async), which does not hold up the runtime.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let site = Location::caller();
        if self.raw.try_lock(Mode::Read) {
            return RwLockReadGuard::new(self, site.into());
        }
        self.acquire(Acquire::new(self, site), site)
    }

    /// The same, if nobody writes, or waits to write while others read, at this moment.
    ///
    /// # Errors
    ///
    /// If somebody does.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        if self.raw.try_lock_now(Mode::Read) {
            let site = Site::from(Location::caller());
            Ok(RwLockReadGuard::new(self, site.passing()))
        } else {
            Err(TryLockError)
        }
    }

    /// As [`read`](Self::read), for at most `timeout`. One too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    #[track_caller]
    pub fn read_timeout(
        &self,
        timeout: Duration,
    ) -> Result<RwLockReadGuard<'_, T>, LockTimeoutError> {
        self.acquire_until(deadline_after(timeout), Location::caller())
    }

    /// As [`read`](Self::read), until `deadline` at most. One in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    #[track_caller]
    pub fn read_deadline(
        &self,
        deadline: Instant,
    ) -> Result<RwLockReadGuard<'_, T>, LockTimeoutError> {
        self.acquire_until(Some(deadline), Location::caller())
    }

    /// Suspends the task as long as somebody writes, or waits to write; then it may read, as others may at the same time.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the lock has not been taken, and a wake that it received goes to
    /// the next.
    #[track_caller]
    pub fn read_async(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        Wait::new(Acquire::new(self, site), site)
    }

    /// As [`read_async`](Self::read_async), for at most `timeout` from now. Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<RwLockReadGuard<'_, T>, LockTimeoutError>> {
        self.acquire_until_async(deadline_after(timeout), Location::caller())
    }

    /// As [`read_async`](Self::read_async), until `deadline` at most. Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<RwLockReadGuard<'_, T>, LockTimeoutError>> {
        self.acquire_until_async(Some(deadline), Location::caller())
    }

    /// Blocks the thread as long as somebody writes, waits to write, or may write later; then it may read, and write later.
    ///
    /// In a task use [`read_upgradable_async`](Self::read_upgradable_async), which does not hold up the runtime.
    #[inline]
    #[track_caller]
    pub fn read_upgradable(&self) -> RwLockUpgradableGuard<'_, T> {
        let site = Location::caller();
        if self.raw.try_lock(Mode::Upgradable) {
            return RwLockUpgradableGuard::new(self, site.into());
        }
        self.acquire(Acquire::new(self, site), site)
    }

    /// The same, if nobody writes, may write later, or waits to write while others read, at this moment.
    ///
    /// # Errors
    ///
    /// If somebody does.
    #[inline]
    #[track_caller]
    pub fn try_read_upgradable(&self) -> Result<RwLockUpgradableGuard<'_, T>, TryLockError> {
        if self.raw.try_lock_now(Mode::Upgradable) {
            let site = Site::from(Location::caller());
            Ok(RwLockUpgradableGuard::new(self, site.passing()))
        } else {
            Err(TryLockError)
        }
    }

    /// As [`read_upgradable`](Self::read_upgradable), for at most `timeout`. One too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    #[track_caller]
    pub fn read_upgradable_timeout(
        &self,
        timeout: Duration,
    ) -> Result<RwLockUpgradableGuard<'_, T>, LockTimeoutError> {
        self.acquire_until(deadline_after(timeout), Location::caller())
    }

    /// As [`read_upgradable`](Self::read_upgradable), until `deadline` at most. One in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    #[track_caller]
    pub fn read_upgradable_deadline(
        &self,
        deadline: Instant,
    ) -> Result<RwLockUpgradableGuard<'_, T>, LockTimeoutError> {
        self.acquire_until(Some(deadline), Location::caller())
    }

    /// Suspends the task as long as somebody writes, waits to write, or may write later; then it may read, and write later.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the lock has not been taken, and a wake that it received goes to
    /// the next.
    #[track_caller]
    pub fn read_upgradable_async(&self) -> impl Future<Output = RwLockUpgradableGuard<'_, T>> {
        let site = Location::caller();
        Wait::new(Acquire::new(self, site), site)
    }

    /// As [`read_upgradable_async`](Self::read_upgradable_async), for at most `timeout` from now. Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_upgradable_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<RwLockUpgradableGuard<'_, T>, LockTimeoutError>> {
        self.acquire_until_async(deadline_after(timeout), Location::caller())
    }

    /// As [`read_upgradable_async`](Self::read_upgradable_async), until `deadline` at most. Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn read_upgradable_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<RwLockUpgradableGuard<'_, T>, LockTimeoutError>> {
        self.acquire_until_async(Some(deadline), Location::caller())
    }

    /// Blocks the thread as long as somebody has the lock; then it has the lock alone.
    ///
    /// In a task use [`write_async`](Self::write_async), which does not hold up the runtime.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let site = Location::caller();
        if self.raw.try_lock(Mode::Write) {
            return RwLockWriteGuard::new(self, site.into());
        }
        self.acquire(Acquire::new(self, site), site)
    }

    /// The same, if nobody has the lock at this moment.
    ///
    /// # Errors
    ///
    /// If somebody does.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        if self.raw.try_lock_now(Mode::Write) {
            let site = Site::from(Location::caller());
            Ok(RwLockWriteGuard::new(self, site.passing()))
        } else {
            Err(TryLockError)
        }
    }

    /// As [`write`](Self::write), for at most `timeout`. One too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    #[track_caller]
    pub fn write_timeout(
        &self,
        timeout: Duration,
    ) -> Result<RwLockWriteGuard<'_, T>, LockTimeoutError> {
        self.acquire_until(deadline_after(timeout), Location::caller())
    }

    /// As [`write`](Self::write), until `deadline` at most. One in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    #[track_caller]
    pub fn write_deadline(
        &self,
        deadline: Instant,
    ) -> Result<RwLockWriteGuard<'_, T>, LockTimeoutError> {
        self.acquire_until(Some(deadline), Location::caller())
    }

    /// Suspends the task as long as somebody has the lock; then it has the lock alone.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the lock has not been taken, and a wake that it received goes to
    /// the next.
    #[track_caller]
    pub fn write_async(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        Wait::new(Acquire::new(self, site), site)
    }

    /// As [`write_async`](Self::write_async), for at most `timeout` from now. Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the time runs out.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<RwLockWriteGuard<'_, T>, LockTimeoutError>> {
        self.acquire_until_async(deadline_after(timeout), Location::caller())
    }

    /// As [`write_async`](Self::write_async), until `deadline` at most. Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes.
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn write_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<RwLockWriteGuard<'_, T>, LockTimeoutError>> {
        self.acquire_until_async(Some(deadline), Location::caller())
    }

    /// Whether somebody has the lock at this moment, to read or to write.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether somebody has the lock to write at this moment.
    #[must_use]
    pub fn is_write_locked(&self) -> bool {
        self.raw.is_write_locked()
    }

    #[cold]
    fn acquire<'a, G: Taken<'a, T>>(
        &'a self,
        mut acquire: Acquire<'a, T, G>,
        site: &'static Location<'static>,
    ) -> G {
        match block(&mut acquire, Limit::NONE, site) {
            Ok(guard) => guard,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    fn acquire_until<'a, G: Taken<'a, T>>(
        &'a self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<G, LockTimeoutError> {
        let mut acquire = Acquire::<T, G>::new(self, Site::from(site).passing());
        block(&mut acquire, Limit::until(deadline), site).map_err(|_| LockTimeoutError)
    }

    fn acquire_until_async<'a, G: Taken<'a, T>>(
        &'a self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> impl Future<Output = Result<G, LockTimeoutError>> {
        let acquire = Acquire::<T, G>::new(self, Site::from(site).passing());
        in_time(acquire, deadline, site, LockTimeoutError)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => out.field("value", &&*guard),
            Err(TryLockError) => out.field("value", &format_args!("<locked>")),
        };
        out.finish()
    }
}
