//! The handle of a task: joined by a thread, awaited by a task, dropped to let it go on.
//!
//! It does not know what the future is.

use super::task::Task;
use crate::pool::{JobError, blocking};
use crate::wait::{Limit, Operation, Patience, Wait, WaitQueue, What, block, deadline_after};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::mem::ManuallyDrop;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A future that a pool runs: join it, await it, or drop it to let it go on alone. See
/// [`Pool::spawn`](crate::pool::Pool::spawn).
#[must_use = "a task that is dropped goes on, but its result is lost"]
pub struct Spawned<T> {
    joining: Joining<T>,
}

/// The operation of waiting for a task. There is one for each cell.
struct Joining<T> {
    task: ManuallyDrop<Task>,
    /// Takes out the result of this task.
    take: unsafe fn(&Task) -> Option<Result<T, JobError>>,
    /// Whether the result has been taken.
    taken: bool,
}

impl<T> Drop for Joining<T> {
    fn drop(&mut self) {
        // SAFETY: not used after this.
        let task = unsafe { ManuallyDrop::take(&mut self.task) };
        if !self.taken {
            task.detach();
        }
    }
}

// SAFETY: the queue is a field of the task, which stays in place and alive while there is this share.
unsafe impl<T> Operation for Joining<T> {
    type Output = Result<T, JobError>;
    const WAITS_FOR: &'static What = &"task join";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(JobError::WaitCancelled));

    fn attempt(&mut self) -> Poll<Self::Output> {
        assert!(
            !self.taken,
            "a task was polled after it had given its result"
        );
        // SAFETY: this is what the one handle is made of, and borrowed for itself alone; the task is of that kind (`new`).
        let taken = unsafe { (self.take)(&self.task) };
        self.taken = taken.is_some();
        taken.map_or(Poll::Pending, Poll::Ready)
    }

    fn chances(&self) -> usize {
        usize::from(self.task.look_whether_over())
    }

    fn is_to_wake_up(&self) -> bool {
        self.task.is_queued() && self.task.crew().forks().are_asleep()
    }

    fn queue(&self) -> &WaitQueue {
        self.task.waiting()
    }

    fn patience(&self) -> &Patience {
        self.task.crew().joins()
    }
}

impl<T> Spawned<T> {
    /// # Safety
    ///
    /// `take` is of this task's kind, and nobody else calls it.
    pub(super) unsafe fn new(
        task: Task,
        take: unsafe fn(&Task) -> Option<Result<T, JobError>>,
    ) -> Self {
        Self {
            joining: Joining {
                task: ManuallyDrop::new(task),
                take,
                taken: false,
            },
        }
    }

    /// Has the future dropped at the next chance: at once if a worker is free and it waits, or when its poll returns.
    ///
    /// It is dropped by a worker, or by who joins it. If it is done by then, nothing happens, and the result is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{JobError, Pool};
    ///
    /// let pool = Pool::new(1);
    /// let endless = pool.spawn(std::future::pending::<()>());
    /// endless.cancel();
    /// assert!(matches!(endless.join(), Err(JobError::Cancelled)));
    /// ```
    pub fn cancel(&self) {
        self.joining.task.cancel();
    }

    /// Blocks the thread until the task is over, and returns its result.
    ///
    /// On a worker of the same pool a spare takes over meanwhile, as for [`blocking`]; so a pool of one thread can join
    /// its own tasks. Tasks had better await the handle.
    ///
    /// # Errors
    ///
    /// If the task panicked, it was [cancelled](Self::cancel) or the pool has ended before. Or if the wait is
    /// [cancelled](crate::cancel): then the task goes on alone.
    #[track_caller]
    pub fn join(mut self) -> Result<T, JobError> {
        if !self.is_finished() {
            self.joining.task.drop_condemned();
        }
        match self.wait(Limit::NONE, Location::caller()) {
            Some(result) => result,
            None => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// As [`join`](Self::join), and blocks for at most `timeout`. A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// As for [`join`](Self::join). If the time runs out, the handle comes back.
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JobError>, Self> {
        self.join_until(deadline_after(timeout), Location::caller())
    }

    /// As [`join_timeout`](Self::join_timeout), until `deadline`. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// As for [`join_timeout`](Self::join_timeout).
    #[track_caller]
    pub fn join_deadline(self, deadline: Instant) -> Result<Result<T, JobError>, Self> {
        self.join_until(Some(deadline), Location::caller())
    }

    fn join_until(
        mut self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<Result<T, JobError>, Self> {
        self.wait(Limit::until(deadline), site).ok_or(self)
    }

    /// Waits for the end. `None` if the limit has come before.
    fn wait(
        &mut self,
        limit: Limit<'_>,
        site: &'static Location<'static>,
    ) -> Option<Result<T, JobError>> {
        if let Poll::Ready(result) = self.joining.attempt() {
            return Some(result);
        }
        if self.joining.task.crew().is_own_worker() {
            blocking(|| block(&mut self.joining, limit, site))
        } else {
            block(&mut self.joining, limit, site)
        }
        .ok()
    }

    /// Whether the task is over: done, panicked or cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.task.is_over()
    }
}

// A panic of the task is caught and kept before the handle can see anything of it.
impl<T> UnwindSafe for Spawned<T> {}
impl<T> RefUnwindSafe for Spawned<T> {}

impl<T> fmt::Debug for Spawned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawned")
            .field("finished", &self.is_finished())
            .finish()
    }
}

impl<T> IntoFuture for Spawned<T> {
    type Output = Result<T, JobError>;
    type IntoFuture = SpawnedFuture<T>;

    #[track_caller]
    fn into_future(self) -> SpawnedFuture<T> {
        SpawnedFuture {
            wait: Wait::new(self.joining, Location::caller()),
        }
    }
}

/// A task being awaited; made by awaiting a [`Spawned`].
///
/// # Cancel safety
///
/// Dropping it lets the task go on alone, and its result is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct SpawnedFuture<T> {
    wait: Wait<Joining<T>>,
}

impl<T> Future for SpawnedFuture<T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T> fmt::Debug for SpawnedFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpawnedFuture { .. }")
    }
}
