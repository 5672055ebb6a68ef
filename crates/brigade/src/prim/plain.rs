//! What no checker sees, for observers: the list of waiters, the timers, what is learnt about spinning; and the one pool of
//! the program.
//!
//! These are std's own under every back end, because they live in statics, outlast every
//! model and must not add interleavings to what they only watch. The lock is held for a few
//! instructions, and never while user code runs.

pub(crate) use std::cell::UnsafeCell as PlainUnsafeCell;
pub(crate) use std::sync::OnceLock as PlainOnceLock;
pub(crate) use std::sync::atomic::{
    AtomicPtr as PlainAtomicPtr, AtomicU8 as PlainAtomicU8, AtomicUsize as PlainAtomicUsize,
};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// Std's mutex without poisoning: what it guards here is always consistent between statements.
#[derive(Debug, Default)]
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if somebody has it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
