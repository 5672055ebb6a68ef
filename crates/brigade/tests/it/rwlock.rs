//! Many who read, or one who writes.

use crate::SIGHT;
use crate::allocations;
use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting_at;
use brigade::sync::{
    Barrier, LockTimeoutError, RwLock, RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard,
    TryLockError,
};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

#[test]
fn it_is_as_small_as_two_words() {
    assert_eq!(size_of::<RwLock<()>>(), 2 * size_of::<usize>() + SIGHT);
}

/// Both halves are always changed together, and seen to be equal.
#[test]
fn readers_never_see_half_a_change() {
    for sides in [[Thread; 4], [Task; 4], [Thread, Task, Thread, Task]] {
        let lock = Arc::new(RwLock::new((0, 0)));
        let actors = sides.map(|side| {
            let lock = Arc::clone(&lock);
            side.spawn(async move {
                for turn in 0..500 {
                    if turn % 8 == 0 {
                        let mut pair = match side {
                            Thread => lock.write(),
                            Task => lock.write_async().await,
                        };
                        pair.0 += 1;
                        std::thread::yield_now();
                        pair.1 += 1;
                    } else {
                        let pair = match side {
                            Thread => lock.read(),
                            Task => lock.read_async().await,
                        };
                        assert_eq!(pair.0, pair.1);
                    }
                }
            })
        });
        actors.into_iter().for_each(|actor| actor.join());
        assert_eq!(*lock.read(), (252, 252));
    }
}

#[test]
fn who_may_have_it_beside_whom() {
    let lock = RwLock::new(());
    let held = TryLockError;
    let reads = lock.read();
    assert!(lock.try_read().is_ok() && lock.try_read_upgradable().is_ok());
    assert_eq!(lock.try_write().err(), Some(held));
    drop(reads);
    let looks = lock.read_upgradable();
    assert!(lock.try_read().is_ok());
    assert_eq!(lock.try_read_upgradable().err(), Some(held));
    assert_eq!(lock.try_write().err(), Some(held));
    drop(looks);
    let writes = lock.write();
    assert!(lock.is_write_locked());
    assert_eq!(lock.try_read().err(), Some(held));
    assert_eq!(lock.try_read_upgradable().err(), Some(held));
    assert_eq!(lock.try_write().err(), Some(held));
    drop(writes);
    assert!(!lock.is_locked());
}

#[test]
fn a_writer_that_waits_is_not_passed_by_newcomers_but_by_those_who_read_again() {
    for side in SIDES {
        let lock = Arc::new(RwLock::new(0));
        let reads = lock.read();
        let waits = side.spawn({
            let lock = Arc::clone(&lock);
            async move {
                match side {
                    Thread => *lock.write() = 1,
                    Task => *lock.write_async().await = 1,
                }
            }
        });
        until_waiting_at(&*lock, 1);
        assert_eq!(lock.try_read().err(), Some(TryLockError));
        assert_eq!(*lock.read_again(), 0);
        futures::executor::block_on(async { assert_eq!(*lock.read_again_async().await, 0) });
        let mut newcomer = pin!(lock.read_async());
        assert!(poll(newcomer.as_mut()).is_pending());
        drop(reads);
        waits.join();
        let seen = futures::executor::block_on(newcomer);
        assert_eq!(*seen, 1);
    }
}

#[test]
fn a_writer_that_gives_up_lets_readers_go_on() {
    let lock = RwLock::new(());
    let reads = lock.read();
    let mut writer = Box::pin(lock.write_async());
    assert!(poll(writer.as_mut()).is_pending());
    let mut others = [(); 3].map(|()| Box::pin(lock.read_async()));
    for other in &mut others {
        assert!(poll(other.as_mut()).is_pending());
    }
    drop(writer);
    let mut guards = Vec::new();
    for other in &mut others {
        match poll(other.as_mut()) {
            Poll::Ready(guard) => guards.push(guard),
            Poll::Pending => panic!("nobody waits to write"),
        }
    }
    assert_eq!(
        lock.write_timeout(Duration::from_millis(1)).err(),
        Some(LockTimeoutError)
    );
    assert!(lock.try_read().is_ok());
    drop((reads, guards));
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_future_that_is_forgotten_holds_nothing() {
    let lock: &'static RwLock<()> = Box::leak(Box::new(RwLock::new(())));
    let reads = lock.read();
    let mut forgotten = Box::pin(lock.write_async());
    assert!(poll(forgotten.as_mut()).is_pending());
    mem::forget(forgotten);
    drop(reads);
    drop(lock.read_timeout(FOREVER).unwrap());
    drop(lock.write_timeout(FOREVER).unwrap());
    let mut next = pin!(lock.read_async());
    while poll(next.as_mut()).is_pending() {}
}

#[test]
fn waits_with_a_limit_end_in_time() {
    let lock = RwLock::new(());
    let writes = lock.write();
    let late = Some(LockTimeoutError);
    let (short, past) = (Duration::from_millis(1), Instant::now());
    assert_eq!(lock.read_timeout(short).err(), late);
    assert_eq!(lock.read_deadline(past).err(), late);
    assert_eq!(lock.write_timeout(short).err(), late);
    assert_eq!(lock.write_deadline(past).err(), late);
    assert_eq!(lock.read_upgradable_timeout(short).err(), late);
    assert_eq!(lock.read_upgradable_deadline(past).err(), late);
    futures::executor::block_on(async {
        assert_eq!(lock.read_timeout_async(short).await.err(), late);
        assert_eq!(lock.read_deadline_async(past).await.err(), late);
        assert_eq!(lock.write_timeout_async(short).await.err(), late);
        assert_eq!(lock.write_deadline_async(past).await.err(), late);
        assert_eq!(lock.read_upgradable_timeout_async(short).await.err(), late);
        assert_eq!(lock.read_upgradable_deadline_async(past).await.err(), late);
    });
    drop(writes);
    assert!(lock.write_deadline(past).is_ok());
}

#[test]
fn an_upgrade_waits_for_readers_and_lets_nobody_write_before() {
    for side in SIDES {
        let lock = Arc::new(RwLock::new(0));
        let reads = lock.read();
        let upgrades = side.spawn({
            let lock = Arc::clone(&lock);
            async move {
                match side {
                    Thread => *RwLockUpgradableGuard::upgrade(lock.read_upgradable()) += 1,
                    Task => {
                        let looks = lock.read_upgradable_async().await;
                        *RwLockUpgradableGuard::upgrade_async(looks).await += 1;
                    }
                }
            }
        });
        until_waiting_at(&*lock, 1);
        let writes = Thread.spawn({
            let lock = Arc::clone(&lock);
            async move { *lock.write() *= 10 }
        });
        until_waiting_at(&*lock, 2);
        drop(reads);
        upgrades.join();
        writes.join();
        assert_eq!(*lock.read(), 10);
    }
}

#[test]
fn an_upgrade_that_is_late_or_dropped() {
    let lock = RwLock::new(1);
    let reads = lock.read();
    let looks = lock.read_upgradable();
    let looks = RwLockUpgradableGuard::try_upgrade(looks).expect_err("somebody reads");
    let late = RwLockUpgradableGuard::upgrade_timeout(looks, Duration::from_millis(1));
    let (error, looks) = late.expect_err("somebody reads");
    assert_eq!((error, *looks), (LockTimeoutError, 1));
    // Newcomers read again, as nobody waits any more.
    assert!(lock.try_read().is_ok());
    assert!(lock.try_read_upgradable().is_err());
    let mut upgrade = Box::pin(RwLockUpgradableGuard::upgrade_async(looks));
    assert!(poll(upgrade.as_mut()).is_pending());
    assert!(lock.try_read().is_err());
    drop(upgrade);
    assert!(lock.try_read_upgradable().is_ok());
    drop(reads);
    let looks = lock.read_upgradable();
    *RwLockUpgradableGuard::try_upgrade(looks).expect("nobody reads") += 1;
    assert_eq!(*lock.read(), 2);
}

#[test]
fn guards_step_down_without_letting_go() {
    let lock = RwLock::new(1);
    let mut writes = lock.write();
    let mut reader = pin!(lock.read_async());
    assert!(poll(reader.as_mut()).is_pending());
    *writes = 2;
    let looks = RwLockWriteGuard::downgrade_to_upgradable(writes);
    let Poll::Ready(seen) = poll(reader.as_mut()) else {
        panic!("nobody writes");
    };
    let reads = RwLockUpgradableGuard::downgrade(looks);
    assert_eq!((*seen, *reads), (2, 2));
    assert!(lock.try_read_upgradable().is_ok() && lock.try_write().is_err());
    drop((seen, reads));
    let reads = RwLockWriteGuard::downgrade(lock.write());
    assert!(lock.try_read().is_ok());
    drop(reads);
    assert!(!lock.is_locked());
}

#[test]
fn owned_and_narrowed_guards() {
    let lock = Arc::new(RwLock::new((1, String::from("a"))));
    let mut text = RwLockWriteGuard::map(lock.write(), |pair| &mut pair.1);
    text.push('b');
    drop(text);
    let owned = RwLockReadGuard::into_owned(lock.read(), &lock);
    let seen = std::thread::spawn(move || owned.1.clone()).join().unwrap();
    assert_eq!(seen, "ab");
    let number = RwLockReadGuard::map(lock.read(), |pair| &pair.0);
    assert_eq!(*number, 1);
    drop(number);
    let mut owned = RwLockWriteGuard::into_owned(lock.write(), &lock);
    owned.0 = 5;
    assert_eq!(format!("{lock:?}"), "RwLock { value: <locked> }");
    drop(owned);
    assert_eq!(format!("{lock:?}"), "RwLock { value: (5, \"ab\") }");
}

#[test]
fn a_panic_unlocks_and_poisons_nothing() {
    let lock = RwLock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _writes = lock.write();
        panic!("with the lock");
    }));
    assert!(panicked.is_err());
    assert_eq!(*lock.write(), 1);
}

#[test]
fn tasks_that_wait_allocate_nothing() {
    let lock = RwLock::new(0);
    let writes = lock.write();
    let mut waits: Vec<_> = (0..1000).map(|_| lock.read_async()).collect();
    let allocated = allocations::during(|| {
        for wait in &mut waits {
            // SAFETY: the vector is not changed any more, and dropped where it is.
            assert!(poll(unsafe { Pin::new_unchecked(wait) }).is_pending());
        }
    });
    assert_eq!(allocated, 0);
    drop(writes);
    for wait in &mut waits {
        // SAFETY: as above.
        assert!(poll(unsafe { Pin::new_unchecked(wait) }).is_ready());
    }
}

#[test]
fn readers_that_wait_are_let_in_together() {
    for side in SIDES {
        let shared = Arc::new((Arc::new(RwLock::new(())), Barrier::new(2)));
        let writes = shared.0.write();
        let readers = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            side.spawn(async move {
                match side {
                    Thread => {
                        let _reads = shared.0.read();
                        shared.1.wait();
                    }
                    Task => {
                        let lock = &shared.0;
                        let reads = lock.read_async().await;
                        let owned = RwLockReadGuard::into_owned(reads, lock);
                        shared.1.wait_async().await;
                        drop(owned);
                    }
                }
            })
        });
        until_waiting_at(&*shared.0, 2);
        drop(writes);
        // Each of them waits for the other.
        readers.into_iter().for_each(|reader| reader.join());
    }
}

#[test]
fn an_upgrade_is_done_once() {
    let lock = RwLock::new(1);
    let mut upgrade = Box::pin(RwLockUpgradableGuard::upgrade_async(lock.read_upgradable()));
    let Poll::Ready(first) = poll(upgrade.as_mut()) else {
        panic!("nobody else reads");
    };
    let again = catch_unwind(AssertUnwindSafe(|| poll(upgrade.as_mut()).is_ready()));
    assert!(again.is_err());
    drop(first);
    drop(upgrade);
    assert!(!lock.is_locked());
}

/// A writer beside that gives up does not take the mark of the one who upgrades.
#[test]
fn an_upgrade_is_woken_whoever_else_gives_up() {
    let lock = RwLock::new(());
    let looks = lock.read_upgradable();
    let first = lock.read();
    let mut writer = Box::pin(lock.write_async());
    assert!(poll(writer.as_mut()).is_pending());
    drop(first);
    let second = lock.read_again();
    let count = Arc::new(Count::default());
    let mut upgrade = pin!(RwLockUpgradableGuard::upgrade_async(looks));
    assert!(poll_counted(upgrade.as_mut(), &count).is_pending());
    assert!(poll(writer.as_mut()).is_pending());
    let mut other = Box::pin(lock.write_async());
    assert!(poll(other.as_mut()).is_pending());
    drop(other);
    // Whoever has been woken looks.
    assert!(poll_counted(upgrade.as_mut(), &count).is_pending());
    assert!(poll(writer.as_mut()).is_pending());
    let before = count.get();
    drop(second);
    assert!(count.get() > before);
    assert!(poll_counted(upgrade.as_mut(), &count).is_ready());
}

#[test]
fn nobody_reads_past_one_who_upgrades() {
    let lock = RwLock::new(());
    let looks = lock.read_upgradable();
    let mut reads = Some(lock.read());
    let mut upgrade = Box::pin(RwLockUpgradableGuard::upgrade_async(looks));
    assert!(poll(upgrade.as_mut()).is_pending());
    let mut newcomers = [(); 3].map(|()| Box::pin(lock.read_async()));
    for _ in 0..100 {
        for newcomer in &mut newcomers {
            assert!(poll(newcomer.as_mut()).is_pending());
        }
        drop(reads.take());
    }
    assert!(poll(upgrade.as_mut()).is_ready());
    for newcomer in &mut newcomers {
        while poll(newcomer.as_mut()).is_pending() {}
    }
}

#[test]
fn whoever_can_read_is_woken_when_a_writer_steps_down() {
    for to_read in [false, true] {
        let lock = RwLock::new(());
        let writes = lock.write();
        let count = Arc::new(Count::default());
        // First in line is one who cannot go on.
        let mut first: Pin<Box<dyn Future<Output = bool>>> = if to_read {
            Box::pin(async { lock.write_timeout_async(FOREVER).await.is_ok() })
        } else {
            Box::pin(async { lock.read_upgradable_timeout_async(FOREVER).await.is_ok() })
        };
        assert!(poll(first.as_mut()).is_pending());
        let mut reader = pin!(lock.read_again_async());
        assert!(poll_counted(reader.as_mut(), &count).is_pending());
        if to_read {
            drop(RwLockWriteGuard::downgrade(writes));
        } else {
            drop(RwLockWriteGuard::downgrade_to_upgradable(writes));
        }
        assert_eq!(count.get(), 1);
        assert!(poll(reader.as_mut()).is_ready());
    }
}
