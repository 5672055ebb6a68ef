//! What has a read-write lock, in one of three ways: the way to the value, and its end.

use super::RwLock;
use super::operation::Upgrade;
use super::raw::Mode;
use crate::prim::StdArc;
use crate::sync::LockTimeoutError;
use crate::sync::mapped::{Changes, Guard, Mapped, Reads};
use crate::wait::{Limit, Owner, Seat, Site, Wait, block, deadline_after};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

/// Declares the guards of one kind: one that borrows the lock, and one that owns a share of it.
macro_rules! guards {
    ($(#[$doc:meta])* $guard:ident, $owned:ident, $unlock:ident, $access:ty, $take:ident) => {
        $(#[$doc])*
        ///
        /// It stays on the thread that has locked: see [`RwLock`].
        #[must_use = "the lock is released at once if the guard is not kept"]
        pub struct $guard<'a, T: ?Sized> {
            lock: &'a RwLock<T>,
            seat: Seat,
            _stays: PhantomData<*const ()>,
        }

        // SAFETY: a shared guard gives shared access to the value, and no more.
        unsafe impl<T: ?Sized + Sync> Sync for $guard<'_, T> {}

        $(#[$doc])*
        ///
        /// It shares the ownership of the lock, may go to another thread, and be kept across an `await`. Made by
        /// `into_owned`.
        #[must_use = "the lock is released at once if the guard is not kept"]
        pub struct $owned<T: ?Sized> {
            lock: StdArc<RwLock<T>>,
            /// For the Send and Sync of the value.
            _value: PhantomData<T>,
        }

        impl<'a, T: ?Sized> $guard<'a, T> {
            /// Only for one who has taken it like this.
            #[inline]
            pub(super) fn new(lock: &'a RwLock<T>, site: Site) -> Self {
                Self::of_owner(lock, Owner::this(), site)
            }

            /// Only if the lock has been taken like this, for `owner`.
            #[inline]
            pub(super) fn of_owner(lock: &'a RwLock<T>, owner: Owner, site: Site) -> Self {
                let seat = lock.owners.$take(owner, site);
                let _stays = PhantomData;
                Self { lock, seat, _stays }
            }

            /// The lock. An associated function, so as not to hide a method of the value.
            #[must_use]
            pub fn rwlock(guard: &Self) -> &'a RwLock<T> {
                guard.lock
            }

            /// Keeps the lock, with a guard that owns a share of it.
            ///
            /// # Panics
            ///
            /// If `owner` is another lock than that of the guard.
            pub fn into_owned(guard: Self, owner: &StdArc<RwLock<T>>) -> $owned<T> {
                assert!(
                    std::ptr::addr_eq(guard.lock, StdArc::as_ptr(owner)),
                    "the guard is not one of this lock"
                );
                let still_locked = ManuallyDrop::new(guard);
                // Whoever gets this guard has the lock, and that is not to be seen.
                owner.owners.leave(still_locked.seat);
                $owned { lock: StdArc::clone(owner), _value: PhantomData }
            }
        }

        impl<T: ?Sized> $owned<T> {
            /// The lock.
            #[must_use]
            pub fn rwlock(guard: &Self) -> &StdArc<RwLock<T>> {
                &guard.lock
            }
        }

        impl<T: ?Sized> Drop for $guard<'_, T> {
            #[inline]
            fn drop(&mut self) {
                self.lock.owners.leave(self.seat);
                self.lock.raw.$unlock();
            }
        }

        impl<T: ?Sized> Drop for $owned<T> {
            #[inline]
            fn drop(&mut self) {
                self.lock.raw.$unlock();
            }
        }

        guards!(@ $guard<'_, T>, $access);
        guards!(@ $owned<T>, $access);
    };
    (@ $guard:ty, $access:ty) => {
        impl<T: ?Sized> Deref for $guard {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: as long as the guard lives, nobody has the lock to write but the owner of this guard, who
                // needs it exclusively to change the value.
                unsafe { &*self.lock.value.get() }
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

        // SAFETY: the value is in the lock, not in the guard, and stays there as long as the guard lives.
        unsafe impl<T: ?Sized> Guard for $guard {
            type Access = $access;
        }
    };
}

guards!(
    /// Has a read-write lock to read, as others may at the same time.
    RwLockReadGuard, OwnedRwLockReadGuard, unlock_read, Reads, lock_shared
);
guards!(
    /// Has a read-write lock to read, as others may at the same time, and can become the one who writes.
    RwLockUpgradableGuard, OwnedRwLockUpgradableGuard, unlock_upgradable, Reads, lock_upgradable
);
guards!(
    /// Has a read-write lock alone, to change the value.
    RwLockWriteGuard, OwnedRwLockWriteGuard, unlock_write, Changes, lock
);

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// Narrows the guard to a part of the value.
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&T) -> &U) -> Mapped<Self, U> {
        Mapped::reading(guard, part)
    }
}

impl<'a, T: ?Sized> RwLockUpgradableGuard<'a, T> {
    /// Blocks the thread until all other readers have left, and may write from then on.
    ///
    /// Nobody writes in between: what has been read still holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{RwLock, RwLockUpgradableGuard};
    ///
    /// let cache = RwLock::new(None);
    /// let looks = cache.read_upgradable();
    /// if looks.is_none() {
    ///     // nobody else has computed it, or does
    ///     *RwLockUpgradableGuard::upgrade(looks) = Some(6 * 7);
    /// }
    /// assert_eq!(*cache.read(), Some(42));
    /// ```
    #[track_caller]
    pub fn upgrade(guard: Self) -> RwLockWriteGuard<'a, T> {
        let site = Location::caller();
        match block(&mut Upgrade::new(guard, site), Limit::NONE, site) {
            Ok(guard) => guard,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Writes from now on, if nobody else reads.
    ///
    /// # Errors
    ///
    /// If somebody does: the guard as it was.
    #[track_caller]
    pub fn try_upgrade(guard: Self) -> Result<RwLockWriteGuard<'a, T>, Self> {
        if guard.lock.raw.try_lock_now(Mode::Upgrade) {
            let lock = ManuallyDrop::new(guard).lock;
            let owner = lock.owners.exchange();
            let site = Site::from(Location::caller());
            Ok(RwLockWriteGuard::of_owner(lock, owner, site.passing()))
        } else {
            Err(guard)
        }
    }

    /// As [`upgrade`](Self::upgrade), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// If the time runs out: the guard as it was, beside the error.
    #[track_caller]
    pub fn upgrade_timeout(
        guard: Self,
        timeout: Duration,
    ) -> Result<RwLockWriteGuard<'a, T>, (LockTimeoutError, Self)> {
        let site = Location::caller();
        let mut upgrade = Upgrade::new(guard, Site::from(site).passing());
        let limit = Limit::until(deadline_after(timeout));
        match block(&mut upgrade, limit, site) {
            Ok(guard) => Ok(guard),
            Err(_) => Err((LockTimeoutError, upgrade.into_guard())),
        }
    }

    /// Suspends the task until all other readers have left, and may write from then on.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, so is the guard: the lock is released.
    #[track_caller]
    pub fn upgrade_async(guard: Self) -> impl Future<Output = RwLockWriteGuard<'a, T>> {
        let site = Location::caller();
        Wait::new(Upgrade::new(guard, site), site)
    }

    /// Only reads from now on. Somebody else may become upgradable.
    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let lock = ManuallyDrop::new(guard).lock;
        let owner = lock.owners.exchange();
        lock.raw.upgradable_to_read();
        let site = Site::from(Location::caller());
        RwLockReadGuard::of_owner(lock, owner, site.passing())
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Only reads from now on, and lets others read. Nobody writes in between.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writes = lock.write();
    /// *writes += 1;
    /// let reads = RwLockWriteGuard::downgrade(writes);
    /// assert_eq!((*reads, *lock.read()), (2, 2));
    /// ```
    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let lock = ManuallyDrop::new(guard).lock;
        let owner = lock.owners.exchange();
        lock.raw.write_to_read();
        let site = Site::from(Location::caller());
        RwLockReadGuard::of_owner(lock, owner, site.passing())
    }

    /// Reads from now on, lets others read, and can become the one who writes again.
    #[track_caller]
    pub fn downgrade_to_upgradable(guard: Self) -> RwLockUpgradableGuard<'a, T> {
        let lock = ManuallyDrop::new(guard).lock;
        let owner = lock.owners.exchange();
        lock.raw.write_to_upgradable();
        let site = Site::from(Location::caller());
        RwLockUpgradableGuard::of_owner(lock, owner, site.passing())
    }

    /// Narrows the guard to a part of the value.
    pub fn map<U: ?Sized>(guard: Self, part: impl FnOnce(&mut T) -> &mut U) -> Mapped<Self, U> {
        Mapped::changing(guard, part)
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: nobody else has the lock, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.value.get() }
    }
}
