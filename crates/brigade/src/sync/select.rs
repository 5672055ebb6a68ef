//! Locks and permits as arms of a select.
//!
//! They are the operations that `lock`, `read`, `write` and `acquire` run.

use super::mutex::Lock;
use super::rwlock::Acquire;
use super::{
    AcquireError, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SemaphorePermit,
};
use crate::select::{Arm, Arms, Select, of_one};
use crate::wait::{Held, Kind, Operation, Patience, Rank, Site, WaitQueue, What};
use std::panic::Location;
use std::task::Poll;

/// An operation that yields a guard, as one whose output does not bind the select to its thread.
struct Carry<O>(O);

/// A guard between the operation that yields it and the closure that gets it, which are in one call.
struct Carried<G>(G);

// SAFETY: with the guard goes access to a value that may be sent; that the guard itself may not is to keep it from
// being held across an await, and it is made and handed on in one call.
unsafe impl<T: ?Sized + Send> Send for Carried<MutexGuard<'_, T>> {}
// SAFETY: as above; and others may read the value at the same time.
unsafe impl<T: ?Sized + Send + Sync> Send for Carried<RwLockReadGuard<'_, T>> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Send for Carried<RwLockWriteGuard<'_, T>> {}

/// `finish`, for a guard that comes carried.
fn carried<G, R>(mut finish: impl FnMut(G) -> R) -> impl FnMut(Carried<G>) -> R {
    move |Carried(guard)| finish(guard)
}

// SAFETY: the queue is that of the operation inside.
unsafe impl<O: Operation> Operation for Carry<O> {
    type Output = Carried<O::Output>;
    const WAITS_FOR: &'static What = O::WAITS_FOR;

    fn attempt(&mut self) -> Poll<Self::Output> {
        self.0.attempt().map(Carried)
    }

    fn withdraw(&mut self) {
        self.0.withdraw();
    }

    fn chances(&self) -> usize {
        self.0.chances()
    }

    fn note_woken(&self, kind: Kind) {
        self.0.note_woken(kind);
    }

    fn wants(&self) -> u32 {
        self.0.wants()
    }

    fn hand_on(&self, chances: usize) {
        self.0.hand_on(chances);
    }

    fn rank(&self) -> Rank {
        self.0.rank()
    }

    fn held(&self) -> Held {
        self.0.held()
    }

    fn queue(&self) -> &WaitQueue {
        self.0.queue()
    }

    fn patience(&self) -> &Patience {
        self.0.patience()
    }
}

impl<A> Select<A> {
    /// Adds an arm that locks `mutex`, and makes of the guard what `finish` makes of it. It can be done again and
    /// again.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::Select;
    /// use brigade::sync::Mutex;
    ///
    /// let total = Mutex::new(5);
    /// let (_stop, stopped) = channel::bounded::<()>(1);
    /// let mut select = Select::new()
    ///     .lock(&total, |mut total| {
    ///         *total += 1;
    ///         Some(*total)
    ///     })
    ///     .recv(&stopped, |_| None);
    /// assert_eq!(select.wait()?, Some(6));
    /// # Ok::<(), brigade::select::SelectError>(())
    /// ```
    #[track_caller]
    pub fn lock<'a, T: ?Sized, R>(
        self,
        mutex: &'a Mutex<T>,
        finish: impl FnMut(MutexGuard<'a, T>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let lock = [Carry(Lock::new(
            mutex,
            Site::from(Location::caller()).passing(),
        ))];
        self.with(|before| Arm::new(before, lock, of_one(carried(finish))))
    }

    /// Adds an arm that locks `lock` to read. It can be done again and again.
    #[track_caller]
    pub fn read<'a, T: ?Sized, R>(
        self,
        lock: &'a RwLock<T>,
        finish: impl FnMut(RwLockReadGuard<'a, T>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let read = [Carry(Acquire::new(
            lock,
            Site::from(Location::caller()).passing(),
        ))];
        self.with(|before| Arm::new(before, read, of_one(carried(finish))))
    }

    /// Adds an arm that locks `lock` to write. It can be done again and again.
    #[track_caller]
    pub fn write<'a, T: ?Sized, R>(
        self,
        lock: &'a RwLock<T>,
        finish: impl FnMut(RwLockWriteGuard<'a, T>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let write = [Carry(Acquire::new(
            lock,
            Site::from(Location::caller()).passing(),
        ))];
        self.with(|before| Arm::new(before, write, of_one(carried(finish))))
    }

    /// Adds an arm that takes `count` permits of `semaphore`. It can be done again and again. Once the semaphore is
    /// closed it is done at once, with the error; and so it is if the count is one that cannot be asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::select::{Select, TrySelectError};
    /// use brigade::sync::Semaphore;
    ///
    /// let (memory, disks) = (Semaphore::new(2), Semaphore::new(1));
    /// let taken = memory.acquire_many(2)?;
    /// let mut select = Select::new()
    ///     .acquire(&memory, 1, |permit| permit.map(|_| "memory"))
    ///     .acquire(&disks, 1, |permit| permit.map(|_| "disk"));
    /// assert_eq!(select.wait(), Ok(Ok("disk")));
    /// # drop(taken);
    /// # Ok::<(), brigade::sync::AcquireError>(())
    /// ```
    pub fn acquire<'a, R>(
        self,
        semaphore: &'a Semaphore,
        count: usize,
        finish: impl FnMut(Result<SemaphorePermit<'a>, AcquireError>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let acquire = [semaphore.operation(count)];
        self.with(|before| Arm::new(before, acquire, of_one(finish)))
    }
}
