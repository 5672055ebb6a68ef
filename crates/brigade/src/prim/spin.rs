//! A lock for lists through which much goes, of the waiters and of a scope's children: taken by one read-modify-write, and
//! given back by a store.
//!
//! Std's mutex gives back by a second read-modify-write, to see whether somebody sleeps. Here nobody does: who finds it taken
//! pauses, and then gives the processor away until the holder has been on it. That is right for a lock that is held for a few
//! instructions, and never while user code runs; who asks for a report or makes a list larger holds it longer, and that is
//! rare. No checker sees it, like [`Lock`](super::Lock), and what a model is to see has another in its place (`BriefLock`).

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread::yield_now;

/// Pauses before the holder is taken to be off its processor.
const PAUSES: u32 = 64;

#[derive(Debug)]
pub(crate) struct SpinLock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is touched through a `Guard` alone, of which there is one at a time.
unsafe impl<T: Send> Sync for SpinLock<T> {}

/// The value, while it is locked.
pub(crate) struct Guard<'a, T>(&'a SpinLock<T>);

// SAFETY: a reference to a guard gives a reference to the value, and nothing else.
unsafe impl<T: Sync> Sync for Guard<'_, T> {}

impl<T> SpinLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        if !self.try_lock() {
            self.lock_slow();
        }
        Guard(self)
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.locked
            .compare_exchange(false, true, Acquire, Relaxed)
            .is_ok()
    }

    #[cold]
    fn lock_slow(&self) {
        let mut pauses = 0;
        while self.locked.load(Relaxed) || !self.try_lock() {
            if pauses < PAUSES {
                pauses += 1;
                spin_loop();
            } else {
                yield_now();
            }
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it is locked.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: it is locked, and this is the one guard, borrowed for itself alone.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.locked.store(false, Release);
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn who_holds_it_is_alone() {
        let lock = SpinLock::new(0_u64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let mut value = lock.lock();
                        let seen = *value;
                        std::hint::black_box(&mut value);
                        *value = seen + 1;
                    }
                });
            }
        });
        assert_eq!(*lock.lock(), 4000);
    }
}
