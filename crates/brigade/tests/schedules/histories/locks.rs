//! A mutex, a read-write lock, the lock that is mostly read, and a semaphore.

use super::while_busy;
use crate::actors::{any, join, pass, task, thread};
use crate::explore::explore;
use crate::linear::Sequential;
use crate::record::{History, now};
use brigade::sync::{
    Mutex, MutexGuard, ReadMostly, RwLock, RwLockReadGuard, RwLockUpgradableGuard,
    RwLockWriteGuard, Semaphore,
};
use std::sync::Arc;
use std::time::Duration;

/// A mutex with a number in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Guarded {
    held: bool,
    value: u64,
    /// Who waits. It may be promised to them, and then it is not for others who would wait.
    busy: usize,
}

#[derive(Clone, Copy, Debug)]
enum OfMutex {
    Enters,
    Leaves,
    /// Returns the number; `None` if it was held.
    TryLock,
    /// The same; `None` if it was held, or others waited.
    Lock,
    Set(u64),
    Unlock,
}

impl Sequential for Guarded {
    type Call = OfMutex;
    type Return = Option<u64>;

    fn after(&self, call: &OfMutex, returned: &Option<u64>) -> Option<Self> {
        let mut next = self.clone();
        let allowed = match *call {
            OfMutex::Enters => {
                next.busy += 1;
                true
            }
            OfMutex::Leaves => {
                next.busy -= 1;
                true
            }
            OfMutex::TryLock if returned.is_none() => self.held,
            // Others than the caller, who is busy too.
            OfMutex::Lock if returned.is_none() => self.held || self.busy > 1,
            OfMutex::TryLock | OfMutex::Lock => {
                next.held = true;
                !self.held && *returned == Some(self.value)
            }
            OfMutex::Set(value) => {
                next.value = value;
                self.held
            }
            OfMutex::Unlock => std::mem::take(&mut next.held),
        };
        allowed.then_some(next)
    }
}

const BUSY_MUTEX: [OfMutex; 2] = [OfMutex::Enters, OfMutex::Leaves];

fn change(history: &History<Guarded>, guard: Option<MutexGuard<'_, u64>>) {
    let Some(mut guard) = guard else { return };
    // While it is held, others must come by: nothing here would let them.
    pass();
    let value = now();
    history.calls(OfMutex::Set(value), || {
        *guard = value;
        (None, ())
    });
    history.calls(OfMutex::Unlock, || {
        if any(2) == 0 {
            drop(guard);
        } else {
            MutexGuard::unlock_fair(guard);
        }
        (None, ())
    });
}

fn lock_somehow<'a>(
    mutex: &'a Mutex<u64>,
    history: &History<Guarded>,
) -> Option<MutexGuard<'a, u64>> {
    let which = any(3);
    let lock = || {
        let guard = match which {
            0 => mutex.try_lock().ok(),
            1 => mutex.lock_timeout(Duration::ZERO).ok(),
            _ => Some(mutex.lock()),
        };
        (guard.as_deref().copied(), guard)
    };
    if which == 0 {
        history.calls(OfMutex::TryLock, lock)
    } else {
        while_busy(history, BUSY_MUTEX, none, || {
            history.calls(OfMutex::Lock, lock)
        })
    }
}

#[test]
fn a_mutex_is_held_or_free() {
    explore(|| {
        let mutex = Arc::new(Mutex::new(0));
        let history = History::new();
        let actors = [0, 1, 2, 3].map(|which| {
            let (mutex, history) = (mutex.clone(), history.clone());
            if which == 0 {
                task(move || async move {
                    for _ in 0..4 {
                        history.notes(OfMutex::Enters, None);
                        let called = now();
                        let guard = mutex.lock_async().await;
                        history.note(called, OfMutex::Lock, Some(*guard));
                        history.notes(OfMutex::Leaves, None);
                        change(&history, Some(guard));
                    }
                })
            } else {
                thread(move || {
                    for _ in 0..4 {
                        let guard = lock_somehow(&mutex, &history);
                        change(&history, guard);
                    }
                })
            }
        });
        join(actors);
        history.explained(Guarded::default());
    });
}

/// A lock that is read or written, with a number in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Shared {
    readers: usize,
    upgradable: bool,
    writer: bool,
    value: u64,
    /// Who waits to write, or has just done so: newcomers who try do not pass them.
    busy: usize,
}

#[derive(Clone, Copy, Debug)]
enum OfShared {
    Enters,
    Leaves,
    /// Those below return the number; `None` if the lock could not be had.
    Read,
    Look,
    Write,
    Upgrade,
    Set(u64),
    UnlockRead,
    UnlockLook,
    UnlockWrite,
    WriteToRead,
    LookToRead,
}

impl Sequential for Shared {
    type Call = OfShared;
    type Return = Option<u64>;

    fn after(&self, call: &OfShared, returned: &Option<u64>) -> Option<Self> {
        let mut next = self.clone();
        let nobody = !self.writer && self.readers == 0 && !self.upgradable;
        // Whether it can be had, and what it is then.
        let free = match *call {
            OfShared::Read => {
                next.readers += 1;
                !self.writer
            }
            OfShared::Look => {
                next.upgradable = true;
                !self.writer && !self.upgradable
            }
            OfShared::Write => {
                next.writer = true;
                nobody
            }
            OfShared::Upgrade => {
                (next.upgradable, next.writer) = (false, true);
                self.upgradable && self.readers == 0
            }
            _ => {
                self.step(*call, &mut next)?;
                return Some(next);
            }
        };
        match *returned {
            Some(value) => (free && value == self.value).then_some(next),
            None => (!free || self.busy > 0).then(|| self.clone()),
        }
    }
}

impl Shared {
    /// What never fails.
    fn step(&self, call: OfShared, next: &mut Self) -> Option<()> {
        let allowed = match call {
            OfShared::Enters => {
                next.busy += 1;
                true
            }
            OfShared::Leaves => {
                next.busy -= 1;
                true
            }
            OfShared::Set(value) => {
                next.value = value;
                self.writer
            }
            OfShared::UnlockRead => {
                next.readers = self.readers.checked_sub(1)?;
                true
            }
            OfShared::UnlockLook => std::mem::take(&mut next.upgradable),
            OfShared::UnlockWrite => std::mem::take(&mut next.writer),
            OfShared::WriteToRead => {
                next.readers += 1;
                std::mem::take(&mut next.writer)
            }
            OfShared::LookToRead => {
                next.readers += 1;
                std::mem::take(&mut next.upgradable)
            }
            _ => false,
        };
        allowed.then_some(())
    }
}

const BUSY: [OfShared; 2] = [OfShared::Enters, OfShared::Leaves];

fn none<T>() -> Option<T> {
    None
}

/// Calls what does not fail.
fn does(history: &History<Shared>, call: OfShared, body: impl FnOnce()) {
    history.calls(call, || {
        body();
        (None, ())
    });
}

fn reads(history: &History<Shared>, guard: Option<RwLockReadGuard<'_, u64>>) {
    if let Some(guard) = guard {
        pass();
        does(history, OfShared::UnlockRead, || drop(guard));
    }
}

fn writes(history: &History<Shared>, guard: Option<RwLockWriteGuard<'_, u64>>) {
    let Some(mut guard) = guard else { return };
    pass();
    let value = now();
    does(history, OfShared::Set(value), || *guard = value);
    if any(3) == 0 {
        let guard = history.calls(OfShared::WriteToRead, || {
            (None, RwLockWriteGuard::downgrade(guard))
        });
        reads(history, Some(guard));
    } else {
        does(history, OfShared::UnlockWrite, || drop(guard));
    }
}

/// Looks, and then writes or only reads.
fn looks(history: &History<Shared>, guard: RwLockUpgradableGuard<'_, u64>) {
    pass();
    match any(4) {
        0 => does(history, OfShared::UnlockLook, || drop(guard)),
        1 => {
            let guard = history.calls(OfShared::LookToRead, || {
                (None, RwLockUpgradableGuard::downgrade(guard))
            });
            reads(history, Some(guard));
        }
        2 => {
            let upgraded = history.calls(OfShared::Upgrade, || {
                let upgraded = RwLockUpgradableGuard::try_upgrade(guard);
                (upgraded.as_deref().ok().copied(), upgraded)
            });
            match upgraded {
                Ok(guard) => writes(history, Some(guard)),
                Err(guard) => does(history, OfShared::UnlockLook, || drop(guard)),
            }
        }
        _ => {
            let guard = while_busy(history, BUSY, none, || {
                history.calls(OfShared::Upgrade, || {
                    let guard = RwLockUpgradableGuard::upgrade(guard);
                    (Some(*guard), guard)
                })
            });
            writes(history, Some(guard));
        }
    }
}

fn one_of_each(lock: &RwLock<u64>, history: &History<Shared>) {
    match any(8) {
        0 => reads(
            history,
            history.calls(OfShared::Read, || {
                let guard = lock.read();
                (Some(*guard), Some(guard))
            }),
        ),
        1 => reads(
            history,
            history.calls(OfShared::Read, || {
                let guard = lock.try_read().ok();
                (guard.as_deref().copied(), guard)
            }),
        ),
        2 => reads(
            history,
            history.calls(OfShared::Read, || {
                let guard = lock.read_timeout(Duration::ZERO).ok();
                (guard.as_deref().copied(), guard)
            }),
        ),
        3 | 4 => writes(
            history,
            while_busy(history, BUSY, none, || {
                history.calls(OfShared::Write, || {
                    let guard = lock.write();
                    (Some(*guard), Some(guard))
                })
            }),
        ),
        5 => writes(
            history,
            history.calls(OfShared::Write, || {
                let guard = lock.try_write().ok();
                (guard.as_deref().copied(), guard)
            }),
        ),
        6 => {
            let guard = history.calls(OfShared::Look, || {
                let guard = lock.try_read_upgradable().ok();
                (guard.as_deref().copied(), guard)
            });
            guard.into_iter().for_each(|guard| looks(history, guard));
        }
        _ => looks(
            history,
            history.calls(OfShared::Look, || {
                let guard = lock.read_upgradable();
                (Some(*guard), guard)
            }),
        ),
    }
}

#[test]
fn a_read_write_lock_is_read_or_written() {
    explore(|| {
        let lock = Arc::new(RwLock::new(0));
        let history = History::new();
        let actors = [(); 4].map(|()| {
            let (lock, history) = (lock.clone(), history.clone());
            thread(move || (0..3).for_each(|_| one_of_each(&lock, &history)))
        });
        join(actors);
        history.explained(Shared::default());
    });
}

#[test]
fn what_is_mostly_read_is_read_or_written() {
    explore(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let history = History::<Shared>::new();
        let actors = [(); 4].map(|()| {
            let (lock, history) = (lock.clone(), history.clone());
            thread(move || {
                for _ in 0..4 {
                    one_of_each_mostly_read(&lock, &history);
                }
            })
        });
        join(actors);
        history.explained(Shared::default());
    });
}

fn one_of_each_mostly_read(lock: &ReadMostly<u64>, history: &History<Shared>) {
    if any(2) == 0 {
        let (waits, zero) = (any(3), Duration::ZERO);
        let guard = history.calls(OfShared::Read, || {
            let guard = match waits {
                0 => Some(lock.read()),
                1 => lock.try_read().ok(),
                _ => lock.read_timeout(zero).ok(),
            };
            (guard.as_deref().copied(), guard)
        });
        if let Some(guard) = guard {
            pass();
            does(history, OfShared::UnlockRead, || drop(guard));
        }
        return;
    }
    let tries = any(2) == 0;
    // Whoever tries to write marks the places of the readers until it knows that there are some.
    let guard = while_busy(history, BUSY, none, || {
        history.calls(OfShared::Write, || {
            let guard = if tries {
                lock.try_write().ok()
            } else {
                Some(lock.write())
            };
            (guard.as_deref().copied(), guard)
        })
    });
    if let Some(mut guard) = guard {
        pass();
        let value = now();
        does(history, OfShared::Set(value), || *guard = value);
        does(history, OfShared::UnlockWrite, || drop(guard));
    }
}

/// A number of permits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Permits {
    left: usize,
    /// Who waits, or is about to leave: newcomers who try do not pass them.
    busy: usize,
}

#[derive(Clone, Copy, Debug)]
enum OfPermits {
    Enters,
    Leaves,
    Acquire(usize),
    Release(usize),
    Forget(usize),
    Available,
}

impl Sequential for Permits {
    type Call = OfPermits;
    /// How many were acquired, forgotten, or there.
    type Return = usize;

    fn after(&self, call: &OfPermits, returned: &usize) -> Option<Self> {
        let Self { left, busy } = *self;
        let at = |left, busy| Some(Self { left, busy });
        match *call {
            OfPermits::Enters => at(left, busy + 1),
            OfPermits::Leaves => at(left, busy - 1),
            OfPermits::Acquire(count) if *returned == 0 => {
                (left < count || busy > 0).then(|| self.clone())
            }
            OfPermits::Acquire(count) => at(left.checked_sub(count)?, busy),
            OfPermits::Release(count) => at(left + count, busy),
            OfPermits::Forget(count) => {
                let forgotten = count.min(left);
                (*returned == forgotten).then(|| Self {
                    left: left - forgotten,
                    busy,
                })
            }
            OfPermits::Available => (*returned == left).then(|| self.clone()),
        }
    }
}

const BUSY_PERMITS: [OfPermits; 2] = [OfPermits::Enters, OfPermits::Leaves];

#[test]
fn permits_are_there_or_taken() {
    explore(|| {
        let permits = Arc::new(Semaphore::new(3));
        let history = History::<Permits>::new();
        let actors = [(); 4].map(|()| {
            let (permits, history) = (permits.clone(), history.clone());
            thread(move || {
                for _ in 0..4 {
                    acquire_and_release(&permits, &history);
                }
            })
        });
        join(actors);
        history.explained(Permits { left: 3, busy: 0 });
    });
}

fn acquire_and_release(permits: &Semaphore, history: &History<Permits>) {
    let count = 1 + any(2);
    let acquire = OfPermits::Acquire(count);
    let permit = match any(5) {
        0 => {
            history.calls(OfPermits::Available, || (permits.available(), ()));
            return;
        }
        1 => {
            let forgotten = history.calls(OfPermits::Forget(1), || {
                let forgotten = permits.forget_permits(1);
                (forgotten, forgotten)
            });
            while_busy(history, BUSY_PERMITS, usize::default, || {
                history.calls(OfPermits::Release(forgotten), || {
                    permits.add_permits(forgotten).unwrap();
                    (0, ())
                });
            });
            return;
        }
        2 => while_busy(history, BUSY_PERMITS, usize::default, || {
            history.calls(acquire, || (count, permits.acquire_many(count).ok()))
        }),
        3 => while_busy(history, BUSY_PERMITS, usize::default, || {
            history.calls(acquire, || {
                let permit = permits.acquire_many_timeout(count, Duration::ZERO).ok();
                (permit.as_ref().map_or(0, |permit| permit.count()), permit)
            })
        }),
        _ => history.calls(acquire, || {
            let permit = permits.try_acquire_many(count).ok();
            (permit.as_ref().map_or(0, |permit| permit.count()), permit)
        }),
    };
    if let Some(permit) = permit {
        pass();
        // Whoever releases wakes those in line, and holds the line meanwhile.
        while_busy(history, BUSY_PERMITS, usize::default, || {
            history.calls(OfPermits::Release(count), || {
                drop(permit);
                (0, ())
            });
        });
    }
}
