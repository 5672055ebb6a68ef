//! The waits for a read-write lock as operations, written once for threads and tasks.

use super::RwLock;
use super::guard::{RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard};
use super::raw::{Mode, RawRwLock, Turn};
use crate::wait::{Held, Kind, Operation, Patience, Rank, Site, WaitQueue, What};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::task::Poll;

/// Takes the lock as a guard of the kind `G`.
pub(in crate::sync) struct Acquire<'a, T: ?Sized, G> {
    lock: &'a RwLock<T>,
    mode: Mode,
    turn: Turn,
    site: Site,
    guard: PhantomData<fn() -> G>,
}

/// What a guard says of the lock it is for.
pub(in crate::sync) trait Taken<'a, T: ?Sized> {
    const WAITS_FOR: &'static What;
    /// The mode in which it is taken.
    const MODE: Mode;

    /// Only for one who has taken the lock in this mode.
    fn of(lock: &'a RwLock<T>, site: Site) -> Self;
}

impl<'a, T: ?Sized> Taken<'a, T> for RwLockReadGuard<'a, T> {
    const WAITS_FOR: &'static What = &"rwlock read";
    const MODE: Mode = Mode::Read;

    #[inline]
    fn of(lock: &'a RwLock<T>, site: Site) -> Self {
        Self::new(lock, site)
    }
}

impl<'a, T: ?Sized> Taken<'a, T> for RwLockUpgradableGuard<'a, T> {
    const WAITS_FOR: &'static What = &"rwlock upgradable read";
    const MODE: Mode = Mode::Upgradable;

    #[inline]
    fn of(lock: &'a RwLock<T>, site: Site) -> Self {
        Self::new(lock, site)
    }
}

impl<'a, T: ?Sized> Taken<'a, T> for RwLockWriteGuard<'a, T> {
    const WAITS_FOR: &'static What = &"rwlock write";
    const MODE: Mode = Mode::Write;

    #[inline]
    fn of(lock: &'a RwLock<T>, site: Site) -> Self {
        Self::new(lock, site)
    }
}

impl<'a, T: ?Sized, G: Taken<'a, T>> Acquire<'a, T, G> {
    pub(in crate::sync) fn new(lock: &'a RwLock<T>, site: impl Into<Site>) -> Self {
        Self::in_mode(lock, G::MODE, site)
    }

    pub(super) fn in_mode(lock: &'a RwLock<T>, mode: Mode, site: impl Into<Site>) -> Self {
        let site = site.into();
        Self {
            lock,
            mode,
            turn: Turn::default(),
            site: match mode {
                Mode::ReadAgain => site.again(),
                Mode::Upgrade => site.upgrading(),
                Mode::Read | Mode::Upgradable | Mode::Write => site,
            },
            guard: PhantomData,
        }
    }
}

// SAFETY: the queue is a field of the lock, which is borrowed for as long as the operation lives.
unsafe impl<'a, T: ?Sized, G: Taken<'a, T>> Operation for Acquire<'a, T, G> {
    type Output = G;
    const WAITS_FOR: &'static What = G::WAITS_FOR;

    #[inline]
    fn attempt(&mut self) -> Poll<G> {
        if self.turn.try_lock(&self.lock.raw, self.mode) {
            if self.mode == Mode::Upgrade {
                self.lock.owners.release();
            }
            Poll::Ready(G::of(self.lock, self.site))
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        self.turn.chances(&self.lock.raw, self.mode)
    }

    fn note_woken(&self, _: Kind) {
        self.turn.note_woken();
    }

    fn rank(&self) -> Rank {
        self.turn.rank(self.mode)
    }

    fn withdraw(&mut self) {
        self.turn.end(&self.lock.raw, self.mode);
        self.turn = Turn::default();
    }

    fn held(&self) -> Held {
        let owners = &self.lock.owners;
        match self.mode {
            Mode::Read | Mode::ReadAgain => owners.held_to_read(),
            Mode::Upgradable | Mode::Write => owners.held(),
            Mode::Upgrade => owners.held_by_readers(),
        }
    }

    fn queue(&self) -> &WaitQueue {
        self.lock.raw.queue()
    }

    fn patience(&self) -> &Patience {
        RawRwLock::patience()
    }
}

impl<T: ?Sized, G> Drop for Acquire<'_, T, G> {
    #[inline]
    fn drop(&mut self) {
        self.turn.end(&self.lock.raw, self.mode);
    }
}

/// Exchanges an upgradable guard, which it has until then, for one that writes.
pub(super) struct Upgrade<'a, T: ?Sized> {
    /// Dropped first: it takes back what it has marked while the lock is still upgradable.
    acquire: Acquire<'a, T, RwLockWriteGuard<'a, T>>,
    /// Whether the lock is still held as upgradable. It keeps no guard, which would bind it to its thread.
    holds: bool,
}

impl<'a, T: ?Sized> Upgrade<'a, T> {
    pub(super) fn new(guard: RwLockUpgradableGuard<'a, T>, site: impl Into<Site>) -> Self {
        let lock = RwLockUpgradableGuard::rwlock(&ManuallyDrop::new(guard));
        // The future may be done on another thread.
        lock.owners.leave_thread();
        Self {
            acquire: Acquire::in_mode(lock, Mode::Upgrade, site),
            holds: true,
        }
    }

    /// Gives the guard back. Only once, and if it is not done.
    pub(super) fn into_guard(mut self) -> RwLockUpgradableGuard<'a, T> {
        debug_assert!(self.holds, "it is done");
        self.holds = false;
        let owner = self.acquire.lock.owners.exchange();
        RwLockUpgradableGuard::of_owner(self.acquire.lock, owner, self.acquire.site.passing())
    }
}

// SAFETY: as for `Acquire`, which it contains.
unsafe impl<'a, T: ?Sized> Operation for Upgrade<'a, T> {
    type Output = RwLockWriteGuard<'a, T>;
    const WAITS_FOR: &'static What = &"rwlock upgrade";

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        assert!(self.holds, "an upgrade was polled after it was done");
        let polled = self.acquire.attempt();
        self.holds = self.holds && polled.is_pending();
        polled
    }

    fn chances(&self) -> usize {
        self.acquire.chances()
    }

    fn note_woken(&self, kind: Kind) {
        self.acquire.note_woken(kind);
    }

    fn rank(&self) -> Rank {
        self.acquire.rank()
    }

    fn held(&self) -> Held {
        self.acquire.held()
    }

    fn queue(&self) -> &WaitQueue {
        self.acquire.queue()
    }

    fn patience(&self) -> &Patience {
        self.acquire.patience()
    }
}

impl<T: ?Sized> Drop for Upgrade<'_, T> {
    fn drop(&mut self) {
        if self.holds {
            self.acquire.turn.end(&self.acquire.lock.raw, Mode::Upgrade);
            self.acquire.lock.owners.release();
            self.acquire.lock.raw.unlock_upgradable();
        }
    }
}
