//! A read-write lock whose readers do not share a cache line.
//!
//! There is one cell per processor, each on cache lines of its own. A reader counts itself in the cell of its
//! thread, by one read-modify-write, and sees in the same word whether a writer is there. A writer marks every
//! cell and waits until the readers that were there have left. So a read costs the same however many threads read,
//! and a write costs a visit to each cell.
//!
//! # The word of a cell
//!
//! | readers (bits 2 and up) | `WAITED` (bit 1) | `WRITER` (bit 0) | meaning |
//! |---|---|---|---|
//! | 0 | 0 | 0 | nobody: a reader that counts itself and finds this is in |
//! | n | 0 | 0 | n readers are in, or on their way out again |
//! | 0 | any | 1 | a writer is there, and no reader is in here |
//! | n | 0 | 1 | a writer is there, and n readers are still in, or on their way out again |
//! | n | 1 | 1 | the same, and the writer sleeps until they have gone |
//!
//! `WAITED` is never without `WRITER`. The top bit of the count stays free: a reader that finds it set steps out
//! and panics, as so many guards can only have been leaked.
//!
//! # Readers
//!
//! A reader adds itself. If the mark was there, it is not in: it takes itself out again and waits in `readers`. Who
//! knows that the mark is there only looks, and adds nothing. Whoever takes a reader out, and leaves no other
//! beside `WAITED`, wakes the writer in `drained`.
//!
//! # Writers
//!
//! A writer waits twice, and each is an operation of its own (`operation.rs`):
//!
//! 1. **Claim.** The mark in the first cell is the lock of the writers: who sets it may mark the others. The rest
//!    wait in `claims`.
//! 2. **Drain.** The writer goes through the cells and waits in `drained`, where there is never anybody else, at
//!    each that has readers. A cell once seen without readers has none until the mark is gone: who adds itself
//!    finds the mark.
//!
//! The claim is a value (`Claim`) whose drop takes the marks away, the first cell's last, and then wakes all
//! readers and one writer. It is in the guard of a writer, and before that in its second operation: a writer that
//! times out, or whose future is dropped, drops it and so lets everybody go on.
//!
//! # No wake-up is lost
//!
//! Each of the three is the handshake of `wait/README.md`: every write to a cell is a read-modify-write, and mover
//! and waiter use the same cell.
//!
//! | who waits | second look | the move | wakes |
//! |---|---|---|---|
//! | reader | adds 0 to its own cell | the marks are taken away, in that cell too | all readers |
//! | claim | adds 0 to the first cell | the mark is taken away there | one writer |
//! | drain | sets `WAITED` in the cell it waits at | a reader leaves that cell | the writer |
//!
//! Should a reader's thread have another cell at its next try, that is as well: all marks are gone before anybody
//! is woken.
//!
//! # Who goes first
//!
//! A writer that has its claim goes before readers that come after. Among writers the one that comes by may be
//! faster than the one that was woken: a wake is a call to try again and gives nobody the lock. So a task that is
//! woken and never polled holds nobody up, unless it has its claim already.
//!
//! This module does not know how anybody sleeps (`wait`).

mod cell;
mod guard;
#[cfg(all(test, brigade_loom))]
mod model;
mod operation;

pub use guard::{ReadMostlyReadGuard, ReadMostlyWriteGuard};

use super::places::{self, Places};
use super::{LockTimeoutError, TryLockError};
use crate::prim::UnsafeCell;
use crate::wait::{Limit, Patience, Wait, WaitQueue, WaitUntil, block, deadline_after};
use cell::{Cell, State};
use operation::{Claim, Claiming, Draining, Read};
use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr;
use std::time::{Duration, Instant};

/// A read-write lock for what is read all the time and written now and then.
///
/// Readers do not share a cache line: reading costs a few nanoseconds however many threads do it. For that the lock
/// has some memory for each processor, and a writer visits all of it. Threads and tasks wait for it in any mix.
///
/// - A writer that waits makes new readers wait: readers that come all the time do not keep it out. Writers that
///   come all the time can keep readers out.
/// - So a thread that holds a read guard must not read again while a writer may be waiting: both would wait for ever.
/// - A panic under a guard unlocks, and does not poison: what is inside stays as the panic has left it.
/// - A guard that is leaked leaves the lock as it is, held for ever, and nothing worse.
///
/// # Examples
///
/// ```
/// use brigade::sync::ReadMostly;
/// use std::thread;
///
/// let limits = ReadMostly::new(vec![10, 20]);
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| assert!(limits.read().len() >= 2));
///     }
///     limits.write().push(30);
/// });
/// assert_eq!(*limits.read(), [10, 20, 30]);
/// ```
///
/// A value that must stay on its thread cannot be shared:
///
/// ```compile_fail,E0277
/// use brigade::sync::ReadMostly;
/// use std::rc::Rc;
///
/// let shared = ReadMostly::new(Rc::new(1));
/// std::thread::scope(|scope| {
///     scope.spawn(|| drop(shared.read()));
/// });
/// ```
///
/// Nor can it be sent inside of the lock:
///
/// ```compile_fail,E0277
/// use brigade::sync::ReadMostly;
/// use std::rc::Rc;
///
/// let lock = ReadMostly::new(Rc::new(1));
/// std::thread::spawn(move || drop(lock.into_inner()));
/// ```
pub struct ReadMostly<T: ?Sized> {
    cells: Places<Cell>,
    /// Readers wait here until the marks are gone.
    readers: Waiters,
    /// Writers wait here for the mark of the first cell.
    claims: Waiters,
    /// The writer that has it waits here until the readers are gone.
    drained: Waiters,
    value: UnsafeCell<T>,
}

#[derive(Debug)]
struct Waiters {
    waiting: WaitQueue,
    patience: Patience,
}

// SAFETY: it owns its value, and the rest may go anywhere.
unsafe impl<T: ?Sized + Send> Send for ReadMostly<T> {}
// SAFETY: threads that share it get `&T` at the same time as readers (`Sync`), and `&mut T` in turn, out of which
// they can move the value (`Send`). That the two never meet is the protocol above.
unsafe impl<T: ?Sized + Send + Sync> Sync for ReadMostly<T> {}

impl Waiters {
    fn new() -> Self {
        Self {
            waiting: WaitQueue::new(),
            patience: Patience::new(),
        }
    }
}

impl<T> ReadMostly<T> {
    /// A lock around `value`. Allocates the memory of the readers.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            cells: Places::new(Cell::new),
            readers: Waiters::new(),
            claims: Waiters::new(),
            drained: Waiters::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the value out of the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = brigade::sync::ReadMostly::new(String::from("inside"));
    /// assert_eq!(lock.into_inner(), "inside");
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: owned, so nobody borrows the cells, and `this` is not dropped: they are, here and only here.
        drop(unsafe { ptr::read(&raw const this.cells) });
        // SAFETY: in the same way the value is moved out once. What is left owns nothing: nobody waits.
        this.value.with(|value| unsafe { value.read() })
    }
}

impl<T: ?Sized> ReadMostly<T> {
    /// Waits until no writer is there, and reads until the guard is dropped.
    ///
    /// In a task use [`read_async`](Self::read_async), which does not hold up the runtime.
    ///
    /// # Panics
    ///
    /// If more guards have been leaked than a quarter of the bits of a machine word can count.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// let one = lock.read();
    /// let another = lock.read();
    /// assert_eq!(*one + *another, 2);
    /// ```
    #[track_caller]
    #[inline]
    pub fn read(&self) -> ReadMostlyReadGuard<'_, T> {
        match self.enter() {
            Some(guard) => guard,
            None => self.read_slow(Location::caller()),
        }
    }

    #[cold]
    fn read_slow(&self, site: &'static Location<'static>) -> ReadMostlyReadGuard<'_, T> {
        match block(&mut Read(self), Limit::NONE, site) {
            Ok(guard) => guard,
            Err(ended) => unreachable!("a wait without a limit has ended: {ended:?}"),
        }
    }

    /// Reads, if no writer is there.
    ///
    /// # Errors
    ///
    /// If a writer is there or waits, or tries to be.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{ReadMostly, TryLockError};
    ///
    /// let lock = ReadMostly::new(1);
    /// let writer = lock.write();
    /// assert_eq!(lock.try_read().err(), Some(TryLockError));
    /// drop(writer);
    /// assert_eq!(*lock.try_read()?, 1);
    /// # Ok::<(), TryLockError>(())
    /// ```
    #[inline]
    pub fn try_read(&self) -> Result<ReadMostlyReadGuard<'_, T>, TryLockError> {
        self.enter().ok_or(TryLockError)
    }

    /// [`read`](Self::read), but waits no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// If a writer was there or waited all the time.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{LockTimeoutError, ReadMostly};
    /// use std::time::Duration;
    ///
    /// let lock = ReadMostly::new(1);
    /// let writer = lock.write();
    /// assert_eq!(lock.read_timeout(Duration::ZERO).err(), Some(LockTimeoutError));
    /// ```
    #[track_caller]
    pub fn read_timeout(
        &self,
        timeout: Duration,
    ) -> Result<ReadMostlyReadGuard<'_, T>, LockTimeoutError> {
        match self.enter() {
            Some(guard) => Ok(guard),
            None => self.read_until(deadline_after(timeout), Location::caller()),
        }
    }

    /// [`read`](Self::read), but waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// If a writer was there or waited all the time.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// assert_eq!(*lock.read_deadline(Instant::now())?, 1); // nobody is in the way
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// ```
    #[track_caller]
    pub fn read_deadline(
        &self,
        deadline: Instant,
    ) -> Result<ReadMostlyReadGuard<'_, T>, LockTimeoutError> {
        self.read_until(Some(deadline), Location::caller())
    }

    fn read_until(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<ReadMostlyReadGuard<'_, T>, LockTimeoutError> {
        block(&mut Read(self), Limit::until(deadline), site).map_err(|_| LockTimeoutError)
    }

    /// [`read`](Self::read) for a task.
    ///
    /// The guard stays on its thread, so a task that holds it over an `await` cannot move to another.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves everybody else as if it had not been.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// # futures::executor::block_on(async {
    /// assert_eq!(*lock.read_async().await, 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn read_async(&self) -> impl Future<Output = ReadMostlyReadGuard<'_, T>> {
        Wait::new(Read(self), Location::caller())
    }

    /// [`read_timeout`](Self::read_timeout) for a task. The time runs from the call.
    ///
    /// # Errors
    ///
    /// If a writer was there or waited all the time.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// As for [`read_async`](Self::read_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{LockTimeoutError, ReadMostly};
    /// use std::time::Duration;
    ///
    /// let lock = ReadMostly::new(1);
    /// let writer = lock.write();
    /// # futures::executor::block_on(async {
    /// let read = lock.read_timeout_async(Duration::from_millis(1)).await;
    /// assert_eq!(read.err(), Some(LockTimeoutError));
    /// # });
    /// ```
    #[track_caller]
    pub fn read_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<ReadMostlyReadGuard<'_, T>, LockTimeoutError>> {
        self.read_until_async(deadline_after(timeout), Location::caller())
    }

    /// [`read_deadline`](Self::read_deadline) for a task.
    ///
    /// # Errors
    ///
    /// If a writer was there or waited all the time.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// As for [`read_async`](Self::read_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// # futures::executor::block_on(async {
    /// assert_eq!(*lock.read_deadline_async(Instant::now()).await?, 1);
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// # })?;
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// ```
    #[track_caller]
    pub fn read_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<ReadMostlyReadGuard<'_, T>, LockTimeoutError>> {
        self.read_until_async(Some(deadline), Location::caller())
    }

    fn read_until_async(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> impl Future<Output = Result<ReadMostlyReadGuard<'_, T>, LockTimeoutError>> {
        let wait = WaitUntil::new(Read(self), deadline, site);
        async move { wait.await.map_err(|_| LockTimeoutError) }
    }

    /// Waits until nobody else reads or writes, and writes until the guard is dropped.
    ///
    /// Readers that come while it waits wait until it is done. In a task use [`write_async`](Self::write_async),
    /// which does not hold up the runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// *lock.write() += 1;
    /// assert_eq!(*lock.read(), 2);
    /// ```
    #[track_caller]
    #[inline]
    pub fn write(&self) -> ReadMostlyWriteGuard<'_, T> {
        match self.write_until(None, Location::caller()) {
            Ok(guard) => guard,
            Err(error) => unreachable!("a wait without a limit has ended: {error}"),
        }
    }

    /// Writes, if nobody else reads or writes.
    ///
    /// # Errors
    ///
    /// If somebody reads or writes, or is just trying to.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{ReadMostly, TryLockError};
    ///
    /// let lock = ReadMostly::new(1);
    /// let reader = lock.read();
    /// assert_eq!(lock.try_write().err(), Some(TryLockError));
    /// drop(reader);
    /// *lock.try_write()? += 1;
    /// # Ok::<(), TryLockError>(())
    /// ```
    pub fn try_write(&self) -> Result<ReadMostlyWriteGuard<'_, T>, TryLockError> {
        // A mark makes readers wait: not for one who is to give up at once.
        if self
            .cells
            .view()
            .all()
            .iter()
            .any(|cell| !cell.glance().is_nobody())
        {
            return Err(TryLockError);
        }
        let claim = Claim::try_new(self).ok_or(TryLockError)?;
        let drained = self.cells.view().all().iter().all(|cell| cell.is_drained());
        if drained {
            Ok(ReadMostlyWriteGuard::new(claim))
        } else {
            Err(TryLockError)
        }
    }

    /// [`write`](Self::write), but waits no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// If others read or wrote all the time. Readers that have waited meanwhile go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{LockTimeoutError, ReadMostly};
    /// use std::time::Duration;
    ///
    /// let lock = ReadMostly::new(1);
    /// let reader = lock.read();
    /// assert_eq!(lock.write_timeout(Duration::ZERO).err(), Some(LockTimeoutError));
    /// ```
    #[track_caller]
    pub fn write_timeout(
        &self,
        timeout: Duration,
    ) -> Result<ReadMostlyWriteGuard<'_, T>, LockTimeoutError> {
        self.write_until(deadline_after(timeout), Location::caller())
    }

    /// [`write`](Self::write), but waits no longer than until `deadline`.
    ///
    /// # Errors
    ///
    /// If others read or wrote all the time. Readers that have waited meanwhile go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// *lock.write_deadline(Instant::now())? += 1; // nobody is in the way
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// ```
    #[track_caller]
    pub fn write_deadline(
        &self,
        deadline: Instant,
    ) -> Result<ReadMostlyWriteGuard<'_, T>, LockTimeoutError> {
        self.write_until(Some(deadline), Location::caller())
    }

    #[inline]
    fn write_until(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<ReadMostlyWriteGuard<'_, T>, LockTimeoutError> {
        let limit = Limit::until(deadline);
        let claimed = block(&mut Claiming(self), limit, site);
        let claim = claimed.map_err(|_| LockTimeoutError)?;
        block(&mut Draining::new(claim), limit, site).map_err(|_| LockTimeoutError)
    }

    /// [`write`](Self::write) for a task.
    ///
    /// A future that has begun to wait for readers to leave makes new ones wait, as every writer does. So poll it
    /// until it is done, or drop it. The guard stays on its thread, so a task that holds it over an `await` cannot
    /// move to another.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future lets everybody go on who waits for it, as if it had not been.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// # futures::executor::block_on(async {
    /// *lock.write_async().await += 1;
    /// assert_eq!(*lock.read_async().await, 2);
    /// # });
    /// ```
    #[track_caller]
    pub fn write_async(&self) -> impl Future<Output = ReadMostlyWriteGuard<'_, T>> {
        let site = Location::caller();
        async move {
            let claim = Wait::new(Claiming(self), site).await;
            Wait::new(Draining::new(claim), site).await
        }
    }

    /// [`write_timeout`](Self::write_timeout) for a task. The time runs from the call.
    ///
    /// # Errors
    ///
    /// If others read or wrote all the time. Readers that have waited meanwhile go on.
    ///
    /// # Cancel safety
    ///
    /// As for [`write_async`](Self::write_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{LockTimeoutError, ReadMostly};
    /// use std::time::Duration;
    ///
    /// let lock = ReadMostly::new(1);
    /// let reader = lock.read();
    /// # futures::executor::block_on(async {
    /// let write = lock.write_timeout_async(Duration::from_millis(1)).await;
    /// assert_eq!(write.err(), Some(LockTimeoutError));
    /// # });
    /// ```
    #[track_caller]
    pub fn write_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<ReadMostlyWriteGuard<'_, T>, LockTimeoutError>> {
        self.write_until_async(deadline_after(timeout), Location::caller())
    }

    /// [`write_deadline`](Self::write_deadline) for a task.
    ///
    /// # Errors
    ///
    /// If others read or wrote all the time. Readers that have waited meanwhile go on.
    ///
    /// # Cancel safety
    ///
    /// As for [`write_async`](Self::write_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let lock = brigade::sync::ReadMostly::new(1);
    /// # futures::executor::block_on(async {
    /// *lock.write_deadline_async(Instant::now()).await? += 1;
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// # })?;
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// ```
    #[track_caller]
    pub fn write_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<ReadMostlyWriteGuard<'_, T>, LockTimeoutError>> {
        self.write_until_async(Some(deadline), Location::caller())
    }

    async fn write_until_async(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<ReadMostlyWriteGuard<'_, T>, LockTimeoutError> {
        let claimed = WaitUntil::new(Claiming(self), deadline, site).await;
        let claim = claimed.map_err(|_| LockTimeoutError)?;
        let drained = WaitUntil::new(Draining::new(claim), deadline, site).await;
        drained.map_err(|_| LockTimeoutError)
    }

    /// The value, without locking: who has the lock for itself needs none.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut lock = brigade::sync::ReadMostly::new(1);
    /// *lock.get_mut() = 2;
    /// assert_eq!(*lock.read(), 2);
    /// ```
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the lock is borrowed for us alone, for as long as what we return. A guard that was leaked cannot
        // be used any more.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    /// Counts the calling thread in, if no writer is there.
    #[inline]
    fn enter(&self) -> Option<ReadMostlyReadGuard<'_, T>> {
        let cell = self.cells.view().here();
        let before = cell.enter();
        if !before.is_open() {
            self.step_back(cell, before);
            return None;
        }
        if !before.is_nobody() {
            places::meet();
        }
        Some(ReadMostlyReadGuard::new(self, cell))
    }

    /// Counts the calling thread out again, which is not in.
    #[cold]
    fn step_back(&self, cell: &Cell, before: State) {
        self.leave(cell);
        assert!(
            !before.is_full(),
            "a ReadMostly has more readers than it can count: their guards have been leaked"
        );
    }

    /// Takes a reader out.
    #[inline]
    fn leave(&self, cell: &Cell) {
        if cell.leave() {
            self.drained.waiting.wake_one();
        }
    }
}

impl<T: Default> Default for ReadMostly<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for ReadMostly<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReadMostly<T> {
    /// Shows the value, unless a writer is there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ReadMostly");
        match self.try_read() {
            Ok(value) => shown.field("value", &&*value),
            Err(_) => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
