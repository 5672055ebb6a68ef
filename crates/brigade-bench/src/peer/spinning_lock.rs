//! A lock that only spins, written by hand: what is left of a mutex when nobody ever sleeps. No
//! peer, but a floor for the rows it is in. What it guards is an atomic word, so that it needs no
//! unsafe code.

use crate::run::Work;
use crate::shared::mutex::{self, Figure, Locking, ThreadMutex};
use std::hint;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::thread;

/// Spins before another thread is given a chance to run on this processor.
const PATIENCE: u32 = 1_000;

/// The lock at work, where a row is one it can run: what it lets others wait is no floor.
pub(super) fn work(locking: Locking) -> Option<Work> {
    let runs = !locking.crew.in_tasks && locking.figure == Figure::TimePerOperation;
    runs.then(|| mutex::in_threads::<SpinningLock>(locking))
}

#[derive(Default)]
struct SpinningLock {
    locked: AtomicBool,
    count: AtomicUsize,
}

impl ThreadMutex for SpinningLock {
    #[inline]
    fn with<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T {
        let mut spins = 0;
        while self.locked.swap(true, Acquire) {
            while self.locked.load(Relaxed) {
                spin(&mut spins);
            }
        }
        let mut count = self.count.load(Relaxed);
        let acted = act(&mut count);
        self.count.store(count, Relaxed);
        self.locked.store(false, Release);
        acted
    }

    fn into_count(self) -> usize {
        self.count.into_inner()
    }
}

#[cold]
fn spin(spins: &mut u32) {
    *spins += 1;
    if spins.is_multiple_of(PATIENCE) {
        thread::yield_now();
    }
    hint::spin_loop();
}
