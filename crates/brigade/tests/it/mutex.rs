//! One value, one at a time: mutexes and handles that share them.

use crate::SIGHT;
use crate::allocations;
use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting_at;
use brigade::sync::{LockTimeoutError, Mutex, MutexGuard, Shared, TryLockError};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

/// Locks as a thread or as a task, and changes the value.
async fn change<R>(side: Side, mutex: &Mutex<u64>, change: impl FnOnce(&mut u64) -> R) -> R {
    match side {
        Thread => change(&mut mutex.lock()),
        Task => change(&mut *mutex.lock_async().await),
    }
}

#[test]
fn it_is_as_small_as_a_word() {
    assert_eq!(size_of::<Mutex<()>>(), size_of::<usize>() + SIGHT);
    assert_eq!(size_of::<Mutex<u64>>(), size_of::<usize>() + SIGHT + 8);
}

#[test]
fn nothing_that_is_added_is_lost() {
    for sides in [
        [Thread, Thread, Thread],
        [Task, Task, Task],
        [Thread, Task, Thread],
    ] {
        let total = Shared::new(0);
        let actors = sides.map(|side| {
            let total = total.clone();
            side.spawn(async move {
                for _ in 0..2000 {
                    change(side, &total, |total| *total += 1).await;
                }
            })
        });
        actors.into_iter().for_each(|actor| actor.join());
        assert_eq!(total.into_inner(), Some(6000));
    }
}

#[test]
fn it_is_had_by_one_at_a_time() {
    for sides in [[Thread, Thread], [Task, Task], [Thread, Task]] {
        let shared = Arc::new((Mutex::new(0), AtomicBool::new(false)));
        let actors = sides.map(|side| {
            let shared = Arc::clone(&shared);
            side.spawn(async move {
                for _ in 0..500 {
                    change(side, &shared.0, |_| {
                        assert!(!shared.1.swap(true, Ordering::Relaxed));
                        std::thread::yield_now();
                        assert!(shared.1.swap(false, Ordering::Relaxed));
                    })
                    .await;
                }
            })
        });
        actors.into_iter().for_each(|actor| actor.join());
    }
}

#[test]
fn one_who_waits_gets_it_when_it_is_unlocked() {
    for side in SIDES {
        let mutex = Shared::new(1);
        let guard = mutex.lock();
        let waits = side.spawn({
            let mutex = mutex.clone();
            async move { change(side, &mutex, |value| *value += 1).await }
        });
        until_waiting_at(&**mutex.as_arc(), 1);
        assert_eq!(mutex.try_lock().err(), Some(TryLockError));
        drop(guard);
        waits.join();
        assert_eq!(*mutex.lock(), 2);
    }
}

#[test]
fn a_wait_with_a_limit_ends_in_time_and_leaves_nothing() {
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    let late = Some(LockTimeoutError);
    let past = Instant::now();
    assert_eq!(mutex.lock_timeout(Duration::from_millis(1)).err(), late);
    assert_eq!(mutex.lock_deadline(past).err(), late);
    futures::executor::block_on(async {
        assert_eq!(
            mutex
                .lock_timeout_async(Duration::from_millis(1))
                .await
                .err(),
            late
        );
        assert_eq!(mutex.lock_deadline_async(past).await.err(), late);
    });
    drop(guard);
    assert!(mutex.lock_deadline(past).is_ok());
    assert!(mutex.lock_timeout(Duration::MAX).is_ok());
    futures::executor::block_on(async {
        assert!(mutex.lock_deadline_async(past).await.is_ok());
        assert!(mutex.lock_timeout_async(Duration::MAX).await.is_ok());
    });
}

#[test]
fn a_future_that_is_dropped_passes_its_wake_on() {
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    let mut first = Box::pin(mutex.lock_async());
    let mut second = pin!(mutex.lock_async());
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    drop(guard);
    // The first has been woken, not the second.
    drop(first);
    assert!(poll(second.as_mut()).is_ready());
}

#[test]
fn a_future_that_is_forgotten_holds_nothing() {
    let mutex: &'static Mutex<()> = Box::leak(Box::new(Mutex::new(())));
    let guard = mutex.lock();
    let mut forgotten = Box::pin(mutex.lock_async());
    assert!(poll(forgotten.as_mut()).is_pending());
    mem::forget(forgotten);
    MutexGuard::unlock_fair(guard);
    // It has been woken, and promised the mutex. It does not come, and keeps out neither threads nor tasks.
    drop(mutex.lock_timeout(FOREVER).unwrap());
    assert!(mutex.try_lock().is_ok());
    let mut next = pin!(mutex.lock_async());
    while poll(next.as_mut()).is_pending() {}
}

/// A task may go on with another branch, and never poll the wait again that was woken.
#[test]
fn a_wait_that_was_woken_and_is_left_alone_does_not_keep_its_task_asleep() {
    for is_queued_before in [false, true] {
        // Chance must not pass the test.
        for _ in 0..50 {
            let mutex = Mutex::new(());
            let count = Arc::new(Count::default());
            let guard = mutex.lock();
            let mut left_alone = pin!(mutex.lock_async());
            let mut other_branch = pin!(mutex.lock_async());
            assert!(poll_counted(left_alone.as_mut(), &count).is_pending());
            if is_queued_before {
                assert!(poll_counted(other_branch.as_mut(), &count).is_pending());
            }
            drop(guard);
            assert_eq!(count.get(), 1);
            let passer_by = mutex.try_lock().unwrap();
            assert!(poll_counted(other_branch.as_mut(), &count).is_pending());
            drop(passer_by);
            assert_eq!(count.get(), 2, "nobody else unlocks");
            assert!(poll(other_branch.as_mut()).is_ready());
        }
    }
}

#[test]
fn whoever_waits_comes_before_one_who_unlocks_fairly_and_locks_again() {
    for side in SIDES {
        let order = Shared::new(Vec::new());
        let mut guard = order.lock();
        let waits = side.spawn({
            let order = order.clone();
            async move {
                match side {
                    Thread => order.lock().push("waits"),
                    Task => order.lock_async().await.push("waits"),
                }
            }
        });
        until_waiting_at(&**order.as_arc(), 1);
        guard.push("first");
        MutexGuard::unlock_fair(guard);
        if side == Thread {
            order.lock().push("again");
        } else {
            // A task may be passed, once it has been given way to.
            waits_no_more(&order);
        }
        waits.join();
        assert_eq!(order.lock()[..2], ["first", "waits"]);
    }
}

fn waits_no_more(order: &Shared<Vec<&'static str>>) {
    while order.lock().len() < 2 {
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_unlocks_and_poisons_nothing() {
    let mutex = Mutex::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = mutex.lock();
        *guard = 2;
        panic!("with the mutex");
    }));
    assert!(panicked.is_err());
    assert_eq!(*mutex.lock(), 2);
}

#[test]
fn an_owned_guard_goes_to_another_thread() {
    let mutex = Arc::new(Mutex::new(String::from("a")));
    let mut guard = MutexGuard::into_owned(mutex.lock(), &mutex);
    std::thread::spawn(move || guard.push('b')).join().unwrap();
    assert_eq!(*mutex.lock(), "ab");
    let other = Arc::new(Mutex::new(String::new()));
    let wrong = catch_unwind(AssertUnwindSafe(|| {
        MutexGuard::into_owned(mutex.lock(), &other)
    }));
    assert!(wrong.is_err());
    assert!(!mutex.is_locked(), "the guard was dropped by the panic");
}

#[test]
fn guards_of_values_without_a_size() {
    let shared: Arc<Mutex<[i32]>> = Arc::new(Mutex::new([1, 2, 3]));
    shared.lock()[1] = 5;
    let guard = MutexGuard::into_owned(shared.lock(), &shared);
    assert_eq!(*guard, [1, 5, 3]);
    drop(guard);
    let shared = Shared::from(shared);
    assert_eq!(format!("{shared:?}"), "Shared(Mutex { value: [1, 5, 3] })");
    let _guard = shared.lock();
    assert_eq!(format!("{shared:?}"), "Shared(Mutex { value: <locked> })");
}

#[test]
fn a_thousand_tasks_that_wait_allocate_nothing() {
    let mutex = Mutex::new(0);
    let guard = mutex.lock();
    let mut waits: Vec<_> = (0..1000).map(|_| mutex.lock_async()).collect();
    let allocated = allocations::during(|| {
        for wait in &mut waits {
            // SAFETY: the vector is not changed any more, and dropped where it is.
            assert!(poll(unsafe { Pin::new_unchecked(wait) }).is_pending());
        }
    });
    assert_eq!(allocated, 0);
    drop(guard);
    for wait in &mut waits {
        // SAFETY: as above.
        let Poll::Ready(mut guard) = poll(unsafe { Pin::new_unchecked(wait) }) else {
            panic!("each in its turn");
        };
        *guard += 1;
    }
    assert_eq!(*mutex.lock(), 1000);
}

#[test]
fn handles_share_one_value() {
    let first = Shared::new(1);
    let second = first.clone();
    assert!(first.same_value(&second) && !first.same_value(&Shared::new(1)));
    *second.lock() = 2;
    assert_eq!(*first.lock(), 2);
    drop(first);
    assert_eq!(second.into_inner(), Some(2));
}
