//! What has permits, and gives them back.

use super::Semaphore;
use crate::prim::StdArc;
use std::mem::{self, ManuallyDrop};

/// Has permits of a semaphore, and gives them back when it is dropped.
///
/// It may go to another thread, and be kept across an `await`.
#[derive(Debug)]
#[must_use = "the permits are given back at once if the guard is not kept"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    count: usize,
}

/// Has permits of a semaphore, shares the ownership of it, and gives them back when it is dropped.
///
/// Made by [`SemaphorePermit::into_owned`].
#[derive(Debug)]
#[must_use = "the permits are given back at once if the guard is not kept"]
pub struct OwnedSemaphorePermit {
    semaphore: StdArc<Semaphore>,
    count: usize,
}

impl<'a> SemaphorePermit<'a> {
    /// Only for one who has taken so many.
    pub(super) fn new(semaphore: &'a Semaphore, count: usize) -> Self {
        Self { semaphore, count }
    }

    /// Keeps the permits, with a guard that owns a share of the semaphore.
    ///
    /// # Panics
    ///
    /// If `owner` is another semaphore than that of the permits.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Semaphore;
    /// use std::sync::Arc;
    /// use std::thread;
    ///
    /// let connections = Arc::new(Semaphore::new(8));
    /// let connection = connections.acquire()?.into_owned(&connections);
    /// thread::spawn(move || drop(connection)).join().unwrap();
    /// assert_eq!(connections.available(), 8);
    /// # Ok::<(), brigade::sync::AcquireError>(())
    /// ```
    pub fn into_owned(self, owner: &StdArc<Semaphore>) -> OwnedSemaphorePermit {
        assert!(
            std::ptr::eq(self.semaphore, StdArc::as_ptr(owner)),
            "the permits are not of this semaphore"
        );
        OwnedSemaphorePermit {
            semaphore: StdArc::clone(owner),
            count: ManuallyDrop::new(self).count,
        }
    }

    /// Takes the permits of `other` in, which are of the same semaphore.
    ///
    /// # Panics
    ///
    /// If they are of another one.
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            std::ptr::eq(self.semaphore, other.semaphore),
            "the permits are not of the same semaphore"
        );
        self.count = self.count.saturating_add(mem::take(&mut other.count));
    }

    /// Makes a guard of its own for `count` of the permits; `None` if these are fewer.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Semaphore;
    ///
    /// let semaphore = Semaphore::new(5);
    /// let mut all = semaphore.acquire_many(5)?;
    /// let two = all.split(2);
    /// drop(all);
    /// assert_eq!(semaphore.available(), 3);
    /// drop(two);
    /// # Ok::<(), brigade::sync::AcquireError>(())
    /// ```
    pub fn split(&mut self, count: usize) -> Option<Self> {
        self.count = self.count.checked_sub(count)?;
        Some(Self::new(self.semaphore, count))
    }
}

macro_rules! permits {
    ($permit:ty) => {
        impl $permit {
            /// How many permits these are.
            #[must_use]
            pub fn count(&self) -> usize {
                self.count
            }

            /// The semaphore has so many permits less from now on.
            pub fn forget(mut self) {
                self.count = 0;
            }
        }

        impl Drop for $permit {
            #[inline]
            fn drop(&mut self) {
                if self.count > 0 {
                    self.semaphore.raw.release(self.count);
                }
            }
        }
    };
}

permits!(SemaphorePermit<'_>);
permits!(OwnedSemaphorePermit);
