//! The lock that is mostly read: who gets in, who waits, and what becomes of those who give up.

use crate::by_hand::{Count, poll, poll_counted};
use brigade::sync::{LockTimeoutError, ReadMostly, TryLockError};
use brigade::wait::waiters;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// Comes back when `count` threads and tasks wait at this lock.
fn until_so_many_wait(lock: &ReadMostly<i32>, count: usize) {
    let lock = std::ptr::from_ref(lock).addr()..std::ptr::from_ref(lock).addr() + size_of_val(lock);
    let waiting = || {
        waiters()
            .iter()
            .filter(|waiter| lock.contains(&waiter.object()))
            .count()
    };
    while waiting() < count {
        thread::yield_now();
    }
}

#[test]
fn readers_share_and_writers_do_not() {
    let lock = ReadMostly::new(1);
    let one = lock.read();
    let two = lock.try_read().unwrap();
    assert_eq!((*one, *two), (1, 1));
    assert_eq!(lock.try_write().err(), Some(TryLockError));
    drop(one);
    assert_eq!(lock.try_write().err(), Some(TryLockError));
    drop(two);
    let mut writer = lock.try_write().unwrap();
    *writer += 1;
    assert_eq!(lock.try_read().err(), Some(TryLockError));
    assert_eq!(lock.try_write().err(), Some(TryLockError));
    drop(writer);
    assert_eq!(lock.into_inner(), 2);
}

/// No thread sees a half of what a writer does, and no write is lost.
#[test]
fn readers_see_whole_writes() {
    const WRITES: u64 = 2_000;
    let lock = ReadMostly::new([0_u64; 4]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..WRITES {
                    for value in lock.write().iter_mut() {
                        *value += 1;
                    }
                }
            });
        }
        for _ in 0..6 {
            scope.spawn(|| {
                let mut last = 0;
                while last < 2 * WRITES {
                    let values = *lock.read();
                    assert!(values.iter().all(|value| *value == values[0]));
                    assert!(values[0] >= last);
                    last = values[0];
                }
            });
        }
    });
    assert_eq!(*lock.read(), [2 * WRITES; 4]);
}

/// Half of the readers and writers are tasks, on a runtime of several workers.
#[test]
fn threads_and_tasks_share_it() {
    const WRITES: usize = 500;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .build()
        .unwrap();
    let lock = Arc::new(ReadMostly::new(0));
    let write = |lock: Arc<ReadMostly<usize>>| async move {
        for _ in 0..WRITES {
            *lock.write_async().await += 1;
            assert!(*lock.read_async().await > 0);
        }
    };
    let tasks: Vec<_> = (0..4)
        .map(|_| runtime.spawn(write(Arc::clone(&lock))))
        .collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..WRITES {
                    *lock.write() += 1;
                    assert!(*lock.read() > 0);
                }
            });
        }
    });
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(*lock.read(), 8 * WRITES);
}

#[test]
fn a_waiting_writer_makes_new_readers_wait() {
    let lock = ReadMostly::new(0);
    let reader = lock.read();
    let mut write = pin!(lock.write_async());
    assert!(poll(write.as_mut()).is_pending());
    assert_eq!(lock.try_read().err(), Some(TryLockError));
    let mut read = pin!(lock.read_async());
    assert!(poll(read.as_mut()).is_pending());
    drop(reader);
    let Poll::Ready(mut writer) = poll(write) else {
        panic!("the readers have left")
    };
    *writer = 7;
    assert!(poll(read.as_mut()).is_pending());
    drop(writer);
    assert!(matches!(poll(read), Poll::Ready(value) if *value == 7));
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_go_on() {
    let lock = ReadMostly::new(0);
    let reader = lock.read();
    let count = Arc::<Count>::default();
    let mut write = Box::pin(lock.write_async());
    assert!(poll(write.as_mut()).is_pending());
    let mut read = pin!(lock.read_async());
    assert!(poll_counted(read.as_mut(), &count).is_pending());
    drop(write);
    assert_eq!(count.get(), 1);
    assert!(poll(read).is_ready());
    assert!(lock.try_read().is_ok());
    drop(reader);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_writer_that_times_out_lets_the_readers_go_on() {
    let lock = ReadMostly::new(0);
    let reader = lock.read();
    assert_eq!(
        lock.write_timeout(Duration::ZERO).err(),
        Some(LockTimeoutError)
    );
    assert_eq!(
        lock.write_deadline(Instant::now()).err(),
        Some(LockTimeoutError)
    );
    futures::executor::block_on(async {
        let soon = Duration::from_millis(1);
        assert_eq!(
            lock.write_timeout_async(soon).await.err(),
            Some(LockTimeoutError)
        );
        let now = Instant::now();
        assert_eq!(
            lock.write_deadline_async(now).await.err(),
            Some(LockTimeoutError)
        );
    });
    assert!(lock.try_read().is_ok());
    drop(reader);
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_reader_times_out_while_a_writer_is_there() {
    let lock = ReadMostly::new(0);
    let writer = lock.write();
    assert_eq!(
        lock.read_timeout(Duration::ZERO).err(),
        Some(LockTimeoutError)
    );
    assert_eq!(
        lock.read_deadline(Instant::now()).err(),
        Some(LockTimeoutError)
    );
    assert_eq!(
        lock.write_timeout(Duration::ZERO).err(),
        Some(LockTimeoutError)
    );
    futures::executor::block_on(async {
        let soon = Duration::from_millis(1);
        assert_eq!(
            lock.read_timeout_async(soon).await.err(),
            Some(LockTimeoutError)
        );
        assert_eq!(
            lock.write_timeout_async(soon).await.err(),
            Some(LockTimeoutError)
        );
        let now = Instant::now();
        assert_eq!(
            lock.read_deadline_async(now).await.err(),
            Some(LockTimeoutError)
        );
    });
    drop(writer);
    assert!(lock.read_timeout(Duration::MAX).is_ok());
    assert!(lock.write_timeout(Duration::MAX).is_ok());
}

/// A thread and a task wait for a writer, and then a writing thread for a reader.
#[test]
fn those_who_sleep_are_woken() {
    let lock = ReadMostly::new(0);
    let mut writer = lock.write();
    thread::scope(|scope| {
        let reader = scope.spawn(|| *lock.read());
        let task = scope.spawn(|| futures::executor::block_on(async { *lock.read_async().await }));
        until_so_many_wait(&lock, 2);
        *writer = 1;
        drop(writer);
        assert_eq!((reader.join().unwrap(), task.join().unwrap()), (1, 1));
    });
    let reader = lock.read();
    thread::scope(|scope| {
        scope.spawn(|| *lock.write() = 2);
        until_so_many_wait(&lock, 1);
        drop(reader);
    });
    assert_eq!(lock.into_inner(), 2);
}

#[test]
fn a_woken_writer_that_is_dropped_wakes_the_next() {
    let lock = ReadMostly::new(0);
    let writer = lock.write();
    let (first, second) = (Arc::<Count>::default(), Arc::<Count>::default());
    let mut one = Box::pin(lock.write_async());
    let mut two = pin!(lock.write_async());
    assert!(poll_counted(one.as_mut(), &first).is_pending());
    assert!(poll_counted(two.as_mut(), &second).is_pending());
    drop(writer);
    assert_eq!((first.get(), second.get()), (1, 0));
    drop(one);
    assert_eq!(second.get(), 1);
    assert!(poll(two).is_ready());
}

/// A wake gives a task nothing: until it is polled, others come and go.
#[test]
fn a_woken_writer_that_is_not_polled_holds_up_nobody() {
    let lock = ReadMostly::new(0);
    let writer = lock.write();
    let mut write = pin!(lock.write_async());
    assert!(poll(write.as_mut()).is_pending());
    drop(writer);
    *lock.write() += 1;
    assert_eq!(*lock.read(), 1);
    assert!(poll(write).is_ready());
}

#[test]
fn leaked_guards_and_futures_do_no_harm() {
    let lock = ReadMostly::new(String::from("value"));
    std::mem::forget(lock.read());
    assert_eq!(*lock.read(), "value");
    assert_eq!(lock.try_write().err(), Some(TryLockError));
    let mut write = Box::pin(lock.write_async());
    assert!(poll(write.as_mut()).is_pending());
    std::mem::forget(write);
    assert_eq!(lock.try_read().err(), Some(TryLockError));

    let mut lock = ReadMostly::new(String::from("other"));
    std::mem::forget(lock.write());
    assert_eq!(lock.try_read().err(), Some(TryLockError));
    lock.get_mut().push('s');
    assert_eq!(lock.into_inner(), "others");
}

#[test]
fn a_panic_unlocks_and_does_not_poison() {
    let lock = ReadMostly::new(0);
    for _ in 0..2 {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut writer = lock.write();
            *writer += 1;
            panic!("in the middle");
        }));
        assert!(panicked.is_err());
    }
    assert_eq!(*lock.read(), 2);
}

#[test]
fn unsized_values_are_locked_too() {
    let lock: Box<ReadMostly<[u8]>> = Box::new(ReadMostly::new([1, 2, 3]));
    lock.write()[0] = 9;
    assert_eq!(*lock.read(), [9, 2, 3]);
    let lock: Arc<ReadMostly<dyn Fn() -> u8 + Send + Sync>> = Arc::new(ReadMostly::new(|| 4));
    assert_eq!((lock.read())(), 4);
}

#[test]
fn it_shows_its_value_unless_somebody_writes() {
    let lock = ReadMostly::from(5);
    assert_eq!(format!("{lock:?}"), "ReadMostly { value: 5 }");
    assert_eq!(format!("{:?} {}", lock.read(), lock.read()), "5 5");
    let writer = lock.write();
    assert_eq!(format!("{lock:?}"), "ReadMostly { value: <locked> }");
    assert_eq!(format!("{writer:?} {writer}"), "5 5");
    assert_eq!(ReadMostly::<u8>::default().into_inner(), 0);
    assert_eq!(
        [TryLockError.to_string(), LockTimeoutError.to_string()],
        [
            "the lock is held by somebody else",
            "the time ran out while the lock was held by somebody else",
        ]
    );
}

/// The value is dropped once, whether it is taken out or not.
#[test]
fn the_value_is_dropped_once() {
    let value = Arc::new(());
    drop(ReadMostly::new(Arc::clone(&value)));
    assert_eq!(Arc::strong_count(&value), 1);
    let out = ReadMostly::new(Arc::clone(&value)).into_inner();
    assert_eq!(Arc::strong_count(&value), 2);
    drop(out);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// The futures may move between threads as long as no guard is in the hands of the task.
#[test]
fn what_may_cross_threads() {
    fn send<T: Send>(_: &T) {}
    fn sync<T: Sync>(_: &T) {}
    let lock = ReadMostly::new(0);
    send(&lock);
    sync(&lock);
    send(&lock.read_async());
    send(&lock.read_timeout_async(Duration::ZERO));
    send(&lock.write_async());
    send(&lock.write_timeout_async(Duration::ZERO));
    sync(&lock.read());
    sync(&lock.write());
}
