//! What has the mutex: the way to the value, and its end.

use super::Mutex;
use crate::prim::StdArc;
use crate::sync::mapped::{Changes, Guard, Mapped};
use crate::wait::{Owner, Site};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// Has a mutex locked until it is dropped.
///
/// It stays on the thread that has locked: see [`Mutex::lock_async`].
///
/// ```compile_fail,E0277
/// fn is_send(_: impl Send) {}
/// is_send(brigade::sync::Mutex::new(1).lock());
/// ```
///
/// It unlocks once. Nothing else does:
///
/// ```compile_fail,E0382
/// let mutex = brigade::sync::Mutex::new(1);
/// let guard = mutex.lock();
/// drop(guard);
/// drop(guard);
/// ```
#[must_use = "the mutex is unlocked at once if the guard is not kept"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    _stays: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the value, and no more.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

/// Has a mutex locked until it is dropped, and shares the ownership of it.
///
/// It may go to another thread, and be kept across an `await`. Made by [`Mutex::lock_owned`], [`Mutex::lock_owned_async`] and
/// [`MutexGuard::into_owned`].
#[must_use = "the mutex is unlocked at once if the guard is not kept"]
pub struct OwnedMutexGuard<T: ?Sized> {
    mutex: StdArc<Mutex<T>>,
    /// For the Send and Sync of the value.
    _value: PhantomData<T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Only for one who has locked it.
    #[inline]
    pub(in crate::sync) fn new(mutex: &'a Mutex<T>, site: Site) -> Self {
        mutex.owner.lock(Owner::this(), site);
        let _stays = PhantomData;
        Self { mutex, _stays }
    }

    /// The mutex that is locked. An associated function, so as not to hide a method of the value.
    #[must_use]
    pub fn mutex(guard: &Self) -> &'a Mutex<T> {
        guard.mutex
    }

    /// Keeps the mutex locked for a future, which may unlock it on another thread.
    pub(in crate::sync) fn into_future(guard: Self) -> &'a Mutex<T> {
        let mutex = ManuallyDrop::new(guard).mutex;
        mutex.owner.leave_thread();
        mutex
    }

    /// Unlocks, for the one who has waited longest, if anybody waits.
    ///
    /// Newcomers, this thread among them, give way to it. A task that does not come is not waited for long.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Mutex, MutexGuard};
    ///
    /// let mutex = Mutex::new(0);
    /// for _ in 0..3 {
    ///     let mut guard = mutex.lock();
    ///     *guard += 1;
    ///     // Whoever waits comes before the next turn of this loop.
    ///     MutexGuard::unlock_fair(guard);
    /// }
    /// ```
    pub fn unlock_fair(guard: Self) {
        let guard = ManuallyDrop::new(guard);
        guard.mutex.owner.release();
        guard.mutex.raw.unlock_fair();
    }

    /// Keeps the mutex locked, with a guard that owns a share of it: one that may go to another thread, and be kept
    /// across an `await`.
    ///
    /// # Panics
    ///
    /// If `owner` is another mutex than the one that is locked.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Mutex, MutexGuard};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let log = Arc::new(Mutex::new(Vec::new()));
    /// let guard = log.lock_timeout(Duration::from_secs(1))?;
    /// let mut guard = MutexGuard::into_owned(guard, &log);
    /// std::thread::spawn(move || guard.push("elsewhere")).join().unwrap();
    /// assert_eq!(*log.lock(), ["elsewhere"]);
    /// # Ok::<(), brigade::sync::LockTimeoutError>(())
    /// ```
    pub fn into_owned(guard: Self, owner: &StdArc<Mutex<T>>) -> OwnedMutexGuard<T> {
        assert!(
            std::ptr::addr_eq(guard.mutex, StdArc::as_ptr(owner)),
            "the guard is not one of this mutex"
        );
        let _still_locked = ManuallyDrop::new(guard);
        // Whoever gets this guard has the mutex, and that is not to be seen.
        owner.owner.release();
        OwnedMutexGuard {
            mutex: StdArc::clone(owner),
            _value: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "one"));
    /// let mut number = MutexGuard::map(pair.lock(), |pair| &mut pair.0);
    /// *number += 1;
    /// drop(number);
    /// assert_eq!(*pair.lock(), (2, "one"));
    /// ```
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&mut T) -> &mut U) -> Mapped<Self, U> {
        Mapped::changing(guard, part)
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// The mutex that is locked.
    #[must_use]
    pub fn mutex(guard: &Self) -> &StdArc<Mutex<T>> {
        &guard.mutex
    }

    /// Unlocks as [`MutexGuard::unlock_fair`] does.
    pub fn unlock_fair(guard: Self) {
        let mut guard = ManuallyDrop::new(guard);
        guard.mutex.raw.unlock_fair();
        // SAFETY: dropped here and nowhere else, as the guard's own drop does not run.
        unsafe { std::ptr::drop_in_place(&raw mut guard.mutex) };
    }

    /// Narrows the guard to a part of the value, as [`MutexGuard::map`] does.
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&mut T) -> &mut U) -> Mapped<Self, U> {
        Mapped::changing(guard, part)
    }
}

macro_rules! guards {
    ($guard:ty) => {
        impl<T: ?Sized> Deref for $guard {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the mutex is locked by this guard alone, so nobody else gets at the value; whoever wants
                // to change it through this guard needs it exclusively.
                unsafe { &*self.mutex.value.get() }
            }
        }

        impl<T: ?Sized> DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: as above, and the guard is borrowed exclusively.
                unsafe { &mut *self.mutex.value.get() }
            }
        }

        impl<T: ?Sized> Drop for $guard {
            #[inline]
            fn drop(&mut self) {
                self.mutex.unlock();
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        // SAFETY: the value is in the mutex, not in the guard, and stays there as long as the guard lives.
        unsafe impl<T: ?Sized> Guard for $guard {
            type Access = Changes;
        }
    };
}

guards!(MutexGuard<'_, T>);
guards!(OwnedMutexGuard<T>);
