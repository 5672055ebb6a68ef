//! The guards: what a reader and a writer hold, and let go by dropping it.

use super::ReadMostly;
use super::cell::Cell;
use super::operation::Claim;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Reads what is in a [`ReadMostly`], until it is dropped.
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let lock = brigade::sync::ReadMostly::new(1);
/// let guard = lock.read();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
#[must_use = "a guard that is dropped at once reads nothing"]
pub struct ReadMostlyReadGuard<'a, T: ?Sized> {
    lock: &'a ReadMostly<T>,
    /// Where the reader is counted.
    cell: &'a Cell,
    _stays_on_its_thread: PhantomData<*const ()>,
}

/// Writes what is in a [`ReadMostly`], until it is dropped.
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let lock = brigade::sync::ReadMostly::new(1);
/// let guard = lock.write();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(guard));
/// });
/// ```
#[must_use = "a guard that is dropped at once writes nothing"]
pub struct ReadMostlyWriteGuard<'a, T: ?Sized> {
    claim: Claim<'a, T>,
    _stays_on_its_thread: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives out `&T` only, and the pointer is none: it is there to forbid `Send`.
unsafe impl<T: ?Sized + Sync> Sync for ReadMostlyReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for ReadMostlyWriteGuard<'_, T> {}

impl<'a, T: ?Sized> ReadMostlyReadGuard<'a, T> {
    /// For a reader that is counted in `cell`, where there was no writer.
    #[inline(always)]
    pub(super) fn new(lock: &'a ReadMostly<T>, cell: &'a Cell) -> Self {
        Self {
            lock,
            cell,
            _stays_on_its_thread: PhantomData,
        }
    }
}

impl<'a, T: ?Sized> ReadMostlyWriteGuard<'a, T> {
    /// For the writer whose claim this is, after the readers have left.
    #[inline(always)]
    pub(super) fn new(claim: Claim<'a, T>) -> Self {
        Self {
            claim,
            _stays_on_its_thread: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for ReadMostlyReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this reader is counted, and so a writer waits until the guard, which is borrowed, is dropped.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> Deref for ReadMostlyWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while the claim lasts there is no other writer and no new reader, and the old ones have left.
        // The guard is borrowed, so it does not give out `&mut T` meanwhile.
        self.claim.lock().value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized> DerefMut for ReadMostlyWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        let lock = self.claim.lock();
        // SAFETY: as above; the guard is borrowed for us alone, so it gives out nothing else meanwhile.
        lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized> Drop for ReadMostlyReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.leave(self.cell);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReadMostlyReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReadMostlyWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ReadMostlyReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ReadMostlyWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
