//! Every interleaving of two or three who read, write and upgrade.

use super::{RwLock, RwLockUpgradableGuard, RwLockWriteGuard};
use crate::prim::{StdArc, UnsafeCell, three_threads};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

/// A value whose accesses loom checks.
struct Checked(UnsafeCell<u32>);

// SAFETY: the lock sees to it that nobody reads while one writes, which is what the models are to refute.
unsafe impl Sync for Checked {}

type Lock = StdArc<RwLock<Checked>>;

fn lock() -> Lock {
    StdArc::new(RwLock::new(Checked(UnsafeCell::new(0))))
}

fn get(value: &Checked) -> u32 {
    // SAFETY: the lock is held to read.
    value.0.with(|value| unsafe { *value })
}

fn add(value: &Checked) {
    // SAFETY: the lock is held to write.
    value.0.with_mut(|value| unsafe { *value += 1 });
}

fn write(lock: &Lock, task: bool) {
    if task {
        loom::future::block_on(async { add(&*lock.write_async().await) });
    } else {
        add(&lock.write());
    }
}

fn read(lock: &Lock, task: bool) -> u32 {
    if task {
        loom::future::block_on(async { get(&*lock.read_async().await) })
    } else {
        get(&lock.read())
    }
}

#[test]
fn a_writer_and_a_reader_exclude_each_other() {
    for task in [false, true] {
        loom::model(move || {
            let lock = lock();
            let other = StdArc::clone(&lock);
            let thread = loom::thread::spawn(move || write(&other, task));
            assert!(read(&lock, false) <= 1);
            assert!(read(&lock, false) <= 1);
            thread.join().unwrap();
            assert_eq!(read(&lock, false), 1);
        });
    }
}

#[test]
fn two_writers_and_a_reader() {
    for task in [false, true] {
        three_threads(move || {
            let lock = lock();
            let threads = [(); 2].map(|()| {
                let lock = StdArc::clone(&lock);
                loom::thread::spawn(move || write(&lock, task))
            });
            assert!(read(&lock, task) <= 2);
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(read(&lock, false), 2);
        });
    }
}

/// The second reader comes behind a writer that waits.
#[test]
fn two_readers_and_a_writer() {
    for task in [false, true] {
        three_threads(move || {
            let lock = lock();
            let threads = [(); 2].map(|()| {
                let lock = StdArc::clone(&lock);
                loom::thread::spawn(move || read(&lock, task))
            });
            write(&lock, false);
            for thread in threads {
                thread.join().unwrap();
            }
            assert!(!lock.is_locked());
        });
    }
}

#[test]
fn a_writer_that_gives_up_lets_readers_go_on() {
    for task in [false, true] {
        three_threads(move || {
            let lock = lock();
            let held = lock.read();
            let hasty = StdArc::clone(&lock);
            let hasty = loom::thread::spawn(move || {
                if task {
                    let mut wait = pin!(hasty.write_async());
                    let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                } else {
                    let _ = hasty.write_timeout(Duration::ZERO);
                }
            });
            let reading = StdArc::clone(&lock);
            let reading = loom::thread::spawn(move || read(&reading, task));
            // The reader does not depend on this one's leaving.
            hasty.join().unwrap();
            reading.join().unwrap();
            drop(held);
            assert!(!lock.is_locked());
        });
    }
}

#[test]
fn of_two_who_may_write_later_one_comes_after_the_other() {
    for task in [false, true] {
        loom::model(move || {
            let lock = lock();
            let other = StdArc::clone(&lock);
            let thread = loom::thread::spawn(move || {
                let looks = other.read_upgradable();
                let seen = get(&looks);
                let writes = RwLockUpgradableGuard::upgrade(looks);
                assert_eq!(get(&writes), seen);
                add(&writes);
            });
            if task {
                loom::future::block_on(async {
                    let looks = lock.read_upgradable_async().await;
                    add(&*RwLockUpgradableGuard::upgrade_async(looks).await);
                });
            } else {
                add(&RwLockUpgradableGuard::upgrade(lock.read_upgradable()));
            }
            thread.join().unwrap();
            assert_eq!(read(&lock, false), 2);
        });
    }
}

#[test]
fn one_who_upgrades_waits_for_the_readers_and_goes_before_writers() {
    three_threads(|| {
        let lock = lock();
        let looks = lock.read_upgradable();
        let reading = StdArc::clone(&lock);
        let reading = loom::thread::spawn(move || read(&reading, false));
        let writing = StdArc::clone(&lock);
        let writing = loom::thread::spawn(move || write(&writing, false));
        let writes = RwLockUpgradableGuard::upgrade(looks);
        assert_eq!(get(&writes), 0);
        drop(RwLockWriteGuard::downgrade(writes));
        reading.join().unwrap();
        writing.join().unwrap();
    });
}

/// The last reader leaves while a thread is on its way that cannot have the lock: another that wants to be upgradable.
#[test]
fn an_upgrade_is_not_left_to_a_thread_on_its_way() {
    loom::model(|| {
        let lock = lock();
        let writes = lock.write();
        let other = StdArc::clone(&lock);
        let other = loom::thread::spawn(move || drop(other.read_upgradable()));
        // Wakes the other, if it waits.
        drop(writes);
        if let (Ok(reads), Ok(looks)) = (lock.try_read(), lock.try_read_upgradable()) {
            let mut reads = Some(reads);
            let mut upgrade = pin!(RwLockUpgradableGuard::upgrade_async(looks));
            let writes = loom::future::block_on(poll_fn(|cx| {
                let polled = upgrade.as_mut().poll(cx);
                // It waits for this reader.
                drop(reads.take());
                polled
            }));
            add(&writes);
        }
        other.join().unwrap();
        assert!(!lock.is_locked());
    });
}
