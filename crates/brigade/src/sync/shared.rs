//! A mutex that is cloned to share it.
//!
//! It adds nothing to the mutex but the ownership.

use super::{Mutex, OwnedMutexGuard};
use crate::prim::StdArc;
use std::fmt;
use std::ops::Deref;

/// A [`Mutex`] with several owners: a clone is another handle to the same value.
///
/// Mutex and count of owners are one allocation. It derefs to the mutex, so that all of its methods are there. The
/// value is dropped with the last handle.
///
/// # Examples
///
/// ```
/// use brigade::sync::Shared;
/// use std::thread;
///
/// let counter = Shared::new(0);
/// let threads: Vec<_> = (0..10)
///     .map(|_| {
///         let counter = counter.clone();
///         thread::spawn(move || *counter.lock() += 1)
///     })
///     .collect();
/// for thread in threads {
///     thread.join().unwrap();
/// }
/// assert_eq!(*counter.lock(), 10);
/// ```
#[derive(Default)]
pub struct Shared<T: ?Sized> {
    mutex: StdArc<Mutex<T>>,
}

impl<T> Shared<T> {
    /// The first handle to `value`.
    #[must_use]
    pub fn new(value: T) -> Self {
        let mutex = StdArc::new(Mutex::new(value));
        Self { mutex }
    }

    /// The value, if this is the last handle; else the handle goes as if it were dropped.
    ///
    /// Of several handles that are given up by this at the same time, exactly one gets the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Shared;
    ///
    /// let first = Shared::new("value");
    /// let second = first.clone();
    /// assert_eq!(first.into_inner(), None);
    /// assert_eq!(second.into_inner(), Some("value"));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        StdArc::into_inner(self.mutex).map(Mutex::into_inner)
    }
}

impl<T: ?Sized> Shared<T> {
    /// Whether both are handles to the same value.
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        StdArc::ptr_eq(&self.mutex, &other.mutex)
    }

    /// As [`Mutex::lock_owned`].
    #[track_caller]
    pub fn lock_owned(&self) -> OwnedMutexGuard<T> {
        self.mutex.lock_owned()
    }

    /// As [`Mutex::lock_owned_async`].
    ///
    /// # Cancel safety
    ///
    /// As there.
    #[track_caller]
    pub fn lock_owned_async(&self) -> impl Future<Output = OwnedMutexGuard<T>> {
        self.mutex.lock_owned_async()
    }

    /// The mutex as it is shared: to make a guard an owned one
    /// ([`MutexGuard::into_owned`](super::MutexGuard::into_owned)).
    #[must_use]
    pub fn as_arc(&self) -> &StdArc<Mutex<T>> {
        &self.mutex
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = Mutex<T>;

    #[inline]
    fn deref(&self) -> &Mutex<T> {
        &self.mutex
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        let mutex = StdArc::clone(&self.mutex);
        Self { mutex }
    }
}

impl<T: ?Sized> From<StdArc<Mutex<T>>> for Shared<T> {
    fn from(mutex: StdArc<Mutex<T>>) -> Self {
        Self { mutex }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&&*self.mutex).finish()
    }
}
