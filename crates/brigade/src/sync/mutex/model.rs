//! Every interleaving of two or three who want one mutex.

use super::{Mutex, MutexGuard};
use crate::prim::{StdArc, UnsafeCell, three_threads};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A value whose accesses loom checks.
type Checked = Mutex<UnsafeCell<u32>>;

fn add(guard: &MutexGuard<'_, UnsafeCell<u32>>) {
    guard.with_mut(|value| {
        // SAFETY: the mutex is held, which is what the model is to refute.
        unsafe { *value += 1 };
    });
}

fn sum(mutex: &Checked) -> u32 {
    // SAFETY: as above.
    mutex.lock().with(|value| unsafe { *value })
}

fn mutex() -> StdArc<Checked> {
    StdArc::new(Mutex::new(UnsafeCell::new(0)))
}

/// Locks as a task that is polled by a thread of its own.
fn add_as_task(mutex: &Checked) {
    loom::future::block_on(async { add(&mutex.lock_async().await) });
}

#[test]
fn two_threads_take_turns() {
    loom::model(|| {
        let mutex = mutex();
        let other = StdArc::clone(&mutex);
        let thread = loom::thread::spawn(move || {
            add(&other.lock());
            add(&other.lock());
        });
        add(&mutex.lock());
        thread.join().unwrap();
        assert_eq!(sum(&mutex), 3);
    });
}

#[test]
fn a_thread_and_a_task_take_turns() {
    loom::model(|| {
        let mutex = mutex();
        let other = StdArc::clone(&mutex);
        let thread = loom::thread::spawn(move || add_as_task(&other));
        add(&mutex.lock());
        thread.join().unwrap();
        assert_eq!(sum(&mutex), 2);
    });
}

#[test]
fn three_threads_take_turns() {
    three_threads(|| {
        let mutex = mutex();
        let threads = [(); 2].map(|()| {
            let other = StdArc::clone(&mutex);
            loom::thread::spawn(move || add(&other.lock()))
        });
        add(&mutex.lock());
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(sum(&mutex), 3);
    });
}

/// One waits, and the other unlocks for it and comes again.
#[test]
fn whoever_is_promised_the_mutex_gets_it() {
    for task in [false, true] {
        loom::model(move || {
            let mutex = mutex();
            let other = StdArc::clone(&mutex);
            let thread = loom::thread::spawn(move || {
                if task {
                    add_as_task(&other);
                } else {
                    add(&other.lock());
                }
            });
            let guard = mutex.lock();
            add(&guard);
            MutexGuard::unlock_fair(guard);
            add(&mutex.lock());
            thread.join().unwrap();
            assert_eq!(sum(&mutex), 3);
        });
    }
}

/// A wait that has been woken, or just not yet, is dropped: the one behind it is not forgotten.
#[test]
fn a_wait_that_is_dropped_passes_its_wake_on() {
    three_threads(|| {
        let mutex = mutex();
        let guard = mutex.lock();
        let dropping = StdArc::clone(&mutex);
        let dropping = loom::thread::spawn(move || {
            let mut waiting = pin!(dropping.lock_async());
            let polled = waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(guard) = polled {
                add(&guard);
            }
        });
        let behind = StdArc::clone(&mutex);
        let behind = loom::thread::spawn(move || add(&behind.lock()));
        drop(guard);
        dropping.join().unwrap();
        behind.join().unwrap();
        assert!(!mutex.is_locked());
    });
}

#[test]
fn a_thread_that_runs_out_of_time_leaves_the_mutex_to_others() {
    three_threads(|| {
        let mutex = mutex();
        let guard = mutex.lock();
        let hasty = StdArc::clone(&mutex);
        let hasty = loom::thread::spawn(move || {
            if let Ok(guard) = hasty.lock_timeout(Duration::ZERO) {
                add(&guard);
            }
        });
        let patient = StdArc::clone(&mutex);
        let patient = loom::thread::spawn(move || add(&patient.lock()));
        MutexGuard::unlock_fair(guard);
        hasty.join().unwrap();
        patient.join().unwrap();
        assert!((1..=2).contains(&sum(&mutex)));
    });
}

/// A task is woken while others pass by, looks, maybe in vain, and goes away: the one behind it is not forgotten.
#[test]
fn a_task_that_stays_awake_and_goes_away_leaves_the_mutex_to_others() {
    three_threads(|| {
        let mutex = mutex();
        let waker = Waker::noop();
        let mut woken = pin!(mutex.lock_async());
        let guard = mutex.lock();
        assert!(
            woken
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
        let behind = StdArc::clone(&mutex);
        let behind = loom::thread::spawn(move || add_as_task(&behind));
        let passing = StdArc::clone(&mutex);
        let passing = loom::thread::spawn(move || {
            if let Ok(guard) = passing.try_lock() {
                add(&guard);
            }
        });
        drop(guard);
        // Taken, or held by one who passes by: then it stays awake, and is dropped awake.
        let polled = woken.as_mut().poll(&mut Context::from_waker(waker));
        drop(polled);
        woken.set(mutex.lock_async());
        behind.join().unwrap();
        passing.join().unwrap();
        assert!(!mutex.is_locked());
    });
}

/// A task has two waits. The first is woken, and the task goes on with the second only: the first holds it up no more,
/// though somebody has passed by.
#[test]
fn a_wait_that_was_woken_and_is_left_alone_does_not_keep_its_task_asleep() {
    loom::model(|| {
        let mutex = mutex();
        let mut guard = Some(mutex.lock());
        let passing = StdArc::clone(&mutex);
        let passing = loom::thread::spawn(move || add(&passing.lock()));
        let mut left_alone = pin!(mutex.lock_async());
        let mut goes_on = pin!(mutex.lock_async());
        loom::future::block_on(poll_fn(|cx| {
            if guard.is_some() {
                assert!(left_alone.as_mut().poll(cx).is_pending());
            }
            let polled = goes_on.as_mut().poll(cx).map(|guard| add(&guard));
            drop(guard.take());
            polled
        }));
        passing.join().unwrap();
        assert_eq!(sum(&mutex), 2);
    });
}
