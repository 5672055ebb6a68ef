//! A condition variable, for threads and tasks that wait until what a mutex guards has become true.
//!
//! Who is notified will need the mutex, which the notifier mostly still has. So a notification wakes no thread then: it
//! moves the thread to the queue of the mutex, where the unlock wakes one after the other. Tasks are woken, all who are
//! notified, and join that queue themselves: the node of a task may be all that is left of a future that has been
//! forgotten, so it is not moved (`wait/README.md`).
//!
//! # What becomes of a notification
//!
//! | the waiter, when it is dropped or its time runs out | the notification |
//! |---|---|
//! | has not been notified | is somebody else's |
//! | has been, and its time runs out | is its own: it says `Notified` |
//! | has been, and is dropped before it has the mutex | goes to the next, and so does the wake of the mutex |
//!
//! This module does not know how anybody sleeps or is moved (`wait/condition.rs`).

mod future;
#[cfg(all(test, brigade_loom))]
mod model;

use super::mutex::{Lock, RawMutex};
use super::{Mutex, MutexGuard};
use crate::prim::const_new;
use crate::wait::{Left, Limit, WaitQueue, What, block, block_until_woken, deadline_after};
use future::{Over, Waiting};
use std::mem;
use std::panic::Location;
use std::time::{Duration, Instant};

const WAITS_FOR: &What = &"condvar wait";

/// Lets threads and tasks wait until somebody says that what a [`Mutex`] guards has changed.
///
/// A wait gives up the mutex and has it again when it is over. There are no spurious wake-ups, but others may have
/// had the mutex in between: look again, or use [`wait_while`](Self::wait_while).
///
/// Different waits may use different mutexes.
///
/// # Examples
///
/// ```
/// use brigade::sync::{Condvar, Mutex};
/// use std::thread;
///
/// let (ready, changed) = (Mutex::new(false), Condvar::new());
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         *ready.lock() = true;
///         changed.notify_one();
///     });
///     let ready = changed.wait_while(ready.lock(), |ready| !*ready);
///     assert!(*ready);
/// });
/// ```
#[derive(Debug)]
pub struct Condvar {
    waiting: WaitQueue,
}

/// How a wait with a limit has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// Somebody has notified it.
    Notified,
    /// The time ran out.
    TimedOut,
}

impl From<Left> for Wakeup {
    fn from(left: Left) -> Self {
        match left {
            Left::Unmoved => Self::TimedOut,
            Left::Moved | Left::Woken => Self::Notified,
        }
    }
}

impl Condvar {
    const_new! {
        /// A condition variable that nobody waits for.
        #[must_use]
        pub fn new() -> Self {
            Self { waiting: WaitQueue::new() }
        }
    }

    /// Lets one who waits go on, the one who has waited longest. Returns whether anybody waited.
    pub fn notify_one(&self) -> bool {
        // SAFETY: whoever joins the queue does so by a wait of this module, and is movable.
        unsafe { self.waiting.move_waiters(1, RawMutex::BUSY) > 0 }
    }

    /// Lets all go on who wait now. Returns how many they are.
    pub fn notify_all(&self) -> usize {
        // SAFETY: as above.
        unsafe { self.waiting.move_waiters(usize::MAX, RawMutex::BUSY) }
    }

    /// Gives up the mutex, blocks the thread until it is notified, and locks the mutex again.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.wait_until(guard, None, Location::caller()).0
    }

    /// Waits as long as `condition` holds of the value.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            guard = self.wait_until(guard, None, Location::caller()).0;
        }
        guard
    }

    /// Gives up the mutex, blocks the thread until it is notified, for at most `timeout`, and locks the mutex again.
    ///
    /// How long the last takes is not limited. A timeout too long for the clock waits for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Condvar, Mutex, Wakeup};
    /// use std::time::Duration;
    ///
    /// let (mutex, condvar) = (Mutex::new(1), Condvar::new());
    /// let (guard, wakeup) = condvar.wait_timeout(mutex.lock(), Duration::from_millis(1));
    /// assert_eq!((*guard, wakeup), (1, Wakeup::TimedOut));
    /// ```
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> (MutexGuard<'a, T>, Wakeup) {
        self.wait_until(guard, deadline_after(timeout), Location::caller())
    }

    /// As [`wait_timeout`](Self::wait_timeout), until `deadline` at most.
    #[track_caller]
    pub fn wait_deadline<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Instant,
    ) -> (MutexGuard<'a, T>, Wakeup) {
        self.wait_until(guard, Some(deadline), Location::caller())
    }

    /// Waits as long as `condition` holds of the value, for at most `timeout`. `TimedOut` says that it holds still.
    #[track_caller]
    pub fn wait_while_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> (MutexGuard<'a, T>, Wakeup) {
        let deadline = deadline_after(timeout);
        let (mut guard, mut wakeup) = (guard, Wakeup::Notified);
        while condition(&mut guard) {
            if wakeup == Wakeup::TimedOut {
                return (guard, wakeup);
            }
            (guard, wakeup) = self.wait_until(guard, deadline, Location::caller());
        }
        (guard, Wakeup::Notified)
    }

    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> (MutexGuard<'a, T>, Wakeup) {
        let mutex = MutexGuard::mutex(&guard);
        let to = mutex.raw.queue();
        let left = block_until_woken(&self.waiting, to, (WAITS_FOR, site), deadline, || {
            drop(guard)
        });
        match block(&mut lock_again(mutex, left, site), Limit::NONE, site) {
            Ok(guard) => (guard, left.into()),
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Gives up the mutex, suspends the task until it is notified, and locks the mutex again.
    ///
    /// The mutex is given up at the first poll.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the mutex is unlocked, and stays so; a notification that it has received goes to
    /// the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Condvar, Mutex};
    /// use std::sync::Arc;
    ///
    /// # let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    /// # runtime.block_on(async {
    /// let pair = Arc::new((Mutex::new(0), Condvar::new()));
    /// let waits = tokio::spawn({
    ///     let pair = Arc::clone(&pair);
    ///     async move {
    ///         let (count, changed) = &*pair;
    ///         let guard = count.lock_async().await;
    ///         *changed.wait_while_async(guard, |count| *count == 0).await
    ///     }
    /// });
    /// *pair.0.lock() += 1;
    /// pair.1.notify_all();
    /// assert_eq!(waits.await.unwrap(), 1);
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_async<'a, T: ?Sized>(
        &'a self,
        guard: MutexGuard<'a, T>,
    ) -> impl Future<Output = MutexGuard<'a, T>> {
        let wait = Waiting::new(self, guard, None, Location::caller(), once());
        async move { wait.await.guard }
    }

    /// As [`wait_async`](Self::wait_async), as long as `condition` holds of the value.
    #[track_caller]
    pub fn wait_while_async<'a, T: ?Sized>(
        &'a self,
        guard: MutexGuard<'a, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> impl Future<Output = MutexGuard<'a, T>> {
        let wait = Waiting::new(self, guard, None, Location::caller(), condition);
        async move { wait.await.guard }
    }

    /// Gives up the mutex, suspends the task until it is notified, for at most `timeout`, and locks the mutex again.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. How long it takes to lock is not limited.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_timeout_async<'a, T: ?Sized>(
        &'a self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> impl Future<Output = (MutexGuard<'a, T>, Wakeup)> {
        let deadline = deadline_after(timeout);
        let wait = Waiting::new(self, guard, deadline, Location::caller(), once());
        async move { outcome(wait.await) }
    }

    /// As [`wait_timeout_async`](Self::wait_timeout_async), until `deadline` at most.
    #[track_caller]
    pub fn wait_deadline_async<'a, T: ?Sized>(
        &'a self,
        guard: MutexGuard<'a, T>,
        deadline: Instant,
    ) -> impl Future<Output = (MutexGuard<'a, T>, Wakeup)> {
        let wait = Waiting::new(self, guard, Some(deadline), Location::caller(), once());
        async move { outcome(wait.await) }
    }

    /// As [`wait_while_timeout`](Self::wait_while_timeout), for a task.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_while_timeout_async<'a, T: ?Sized>(
        &'a self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> impl Future<Output = (MutexGuard<'a, T>, Wakeup)> {
        let deadline = deadline_after(timeout);
        let wait = Waiting::new(self, guard, deadline, Location::caller(), condition);
        async move {
            let over = wait.await;
            let wakeup = if over.holds {
                Wakeup::TimedOut
            } else {
                Wakeup::Notified
            };
            (over.guard, wakeup)
        }
    }
}

/// The condition of a single wait: it holds once.
fn once<T: ?Sized>() -> impl FnMut(&mut T) -> bool {
    let mut waits = true;
    move |_| mem::replace(&mut waits, false)
}

/// The outcome of a single wait.
fn outcome<T: ?Sized>(over: Over<'_, T>) -> (MutexGuard<'_, T>, Wakeup) {
    (over.guard, over.wakeup)
}

/// What locks the mutex after a wait that has ended like this.
fn lock_again<'a, T: ?Sized>(
    mutex: &'a Mutex<T>,
    left: Left,
    site: &'static Location<'static>,
) -> Lock<'a, T> {
    match left {
        Left::Woken => Lock::of_one_woken(mutex, site),
        Left::Moved | Left::Unmoved => Lock::new(mutex, site),
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}
