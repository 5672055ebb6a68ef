//! Waiting until what a mutex guards has become true.

use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting_at;
use brigade::sync::{Condvar, Mutex, MutexGuard, Wakeup};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

type Pair = Arc<(Mutex<u32>, Condvar)>;

fn pair() -> Pair {
    Arc::new((Mutex::new(0), Condvar::new()))
}

/// Waits until the value is not 0, and takes one away.
async fn take_one(side: Side, pair: &Pair) {
    let (mutex, condvar) = &**pair;
    match side {
        Thread => *condvar.wait_while(mutex.lock(), |value| *value == 0) -= 1,
        Task => {
            let guard = mutex.lock_async().await;
            *condvar.wait_while_async(guard, |value| *value == 0).await -= 1;
        }
    }
}

#[test]
fn each_notification_is_for_one() {
    for side in SIDES {
        let pair = pair();
        let waits = [(); 3].map(|()| {
            let pair = Arc::clone(&pair);
            side.spawn(async move { take_one(side, &pair).await })
        });
        for _ in 0..3 {
            *pair.0.lock() += 1;
            pair.1.notify_one();
        }
        waits.into_iter().for_each(|wait| wait.join());
        assert_eq!(*pair.0.lock(), 0);
        assert!(!pair.1.notify_one());
    }
}

#[test]
fn all_are_notified_by_one_who_has_the_mutex() {
    for sides in [
        [Thread, Thread, Thread],
        [Task, Task, Task],
        [Thread, Task, Thread],
    ] {
        let pair = pair();
        let waits = sides.map(|side| {
            let pair = Arc::clone(&pair);
            side.spawn(async move { take_one(side, &pair).await })
        });
        until_waiting_at(&pair.1, 3);
        let mut guard = pair.0.lock();
        *guard = 3;
        assert_eq!(pair.1.notify_all(), 3);
        drop(guard);
        waits.into_iter().for_each(|wait| wait.join());
        assert_eq!(*pair.0.lock(), 0);
    }
}

/// A thread is moved to the queue of the mutex, a task is woken and looks: neither has it before it is unlocked.
#[test]
fn whoever_is_notified_has_the_mutex_once_it_is_free() {
    for side in SIDES {
        let pair = pair();
        let waits = [(); 2].map(|()| {
            let pair = Arc::clone(&pair);
            side.spawn(async move { take_one(side, &pair).await })
        });
        until_waiting_at(&pair.1, 2);
        let mut guard = pair.0.lock();
        assert_eq!(pair.1.notify_all(), 2);
        *guard = 1;
        std::thread::yield_now();
        assert_eq!(*guard, 1);
        *guard = 2;
        drop(guard);
        waits.into_iter().for_each(|wait| wait.join());
        assert_eq!(*pair.0.lock(), 0);
    }
}

/// Nobody is left beside a free mutex because the first to be notified does not come.
#[test]
fn a_notified_task_that_does_not_come_keeps_nobody_back() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
    let mut first = pin!(condvar.wait_async(mutex.lock()));
    assert!(poll_counted(first.as_mut(), &counts[0]).is_pending());
    let mut second = pin!(condvar.wait_async(mutex.lock()));
    assert!(poll_counted(second.as_mut(), &counts[1]).is_pending());
    assert_eq!(condvar.notify_all(), 2);
    assert_eq!(counts.each_ref().map(|count| count.get()), [1, 1]);
    assert!(poll(second.as_mut()).is_ready());
}

/// What a forgotten future had borrowed may be gone.
#[test]
fn a_wait_that_is_forgotten_does_no_harm() {
    let condvar = Condvar::new();
    let mutex = Box::new(Mutex::new([0_u64; 8]));
    let mut forgotten = Box::pin(condvar.wait_async(mutex.lock()));
    assert!(poll(forgotten.as_mut()).is_pending());
    std::mem::forget(forgotten);
    drop(mutex);
    assert_eq!(condvar.notify_all(), 1);
    assert!(!condvar.notify_one());
}

#[test]
fn a_wait_with_a_limit_has_the_mutex_again() {
    let (mutex, condvar) = (Mutex::new(7), Condvar::new());
    let short = Duration::from_millis(1);
    let (guard, wakeup) = condvar.wait_timeout(mutex.lock(), short);
    assert_eq!((*guard, wakeup), (7, Wakeup::TimedOut));
    let (guard, wakeup) = condvar.wait_deadline(guard, Instant::now());
    assert_eq!((*guard, wakeup), (7, Wakeup::TimedOut));
    let (guard, wakeup) = condvar.wait_while_timeout(guard, short, |value| *value == 7);
    assert_eq!((*guard, wakeup), (7, Wakeup::TimedOut));
    let (guard, wakeup) = condvar.wait_while_timeout(guard, FOREVER, |value| *value != 7);
    assert_eq!((*guard, wakeup), (7, Wakeup::Notified));
    futures::executor::block_on(async {
        let (guard, wakeup) = condvar.wait_timeout_async(guard, short).await;
        assert_eq!((*guard, wakeup), (7, Wakeup::TimedOut));
        let (guard, wakeup) = condvar.wait_deadline_async(guard, Instant::now()).await;
        assert_eq!((*guard, wakeup), (7, Wakeup::TimedOut));
        let wait = condvar.wait_while_timeout_async(guard, short, |value| *value == 7);
        let (guard, wakeup) = wait.await;
        assert_eq!((*guard, wakeup), (7, Wakeup::TimedOut));
    });
    assert!(!mutex.is_locked());
}

#[test]
fn a_wait_that_is_notified_in_time_says_so() {
    for side in SIDES {
        let pair = pair();
        let waits = side.spawn({
            let pair = Arc::clone(&pair);
            async move {
                match side {
                    Thread => pair.1.wait_timeout(pair.0.lock(), FOREVER).1,
                    Task => {
                        let guard = pair.0.lock_async().await;
                        pair.1.wait_timeout_async(guard, FOREVER).await.1
                    }
                }
            }
        });
        until_waiting_at(&pair.1, 1);
        assert!(pair.1.notify_one());
        assert_eq!(waits.join(), Wakeup::Notified);
    }
}

#[test]
fn a_future_that_is_dropped_unlocks_or_passes_on_what_it_was_given() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    // Not polled: it has the mutex until it goes.
    let unpolled = condvar.wait_async(mutex.lock());
    assert!(mutex.is_locked());
    drop(unpolled);
    assert!(!mutex.is_locked());
    for held in [false, true] {
        let mut first = Box::pin(condvar.wait_async(mutex.lock()));
        assert!(poll(first.as_mut()).is_pending());
        let mut second = pin!(condvar.wait_async(mutex.lock()));
        assert!(poll(second.as_mut()).is_pending());
        let guard = held.then(|| mutex.lock());
        assert!(condvar.notify_one());
        drop(first);
        drop(guard);
        assert!(poll(second.as_mut()).is_ready());
    }
}

#[test]
fn a_condition_that_panics_unlocks() {
    let (mutex, condvar) = (Mutex::new(1), Condvar::new());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        drop(condvar.wait_while(mutex.lock(), |_| panic!("a condition")));
    }));
    assert!(panicked.is_err() && !mutex.is_locked());
    let wait = condvar.wait_while_async(mutex.lock(), |_| panic!("a condition"));
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(futures::executor::block_on(wait))));
    assert!(panicked.is_err() && !mutex.is_locked());
}

#[test]
fn different_mutexes_may_be_waited_with() {
    let (mutexes, condvar) = ([Mutex::new(0), Mutex::new(1)], Condvar::new());
    let mut first = pin!(condvar.wait_async(mutexes[0].lock()));
    let mut second = pin!(condvar.wait_async(mutexes[1].lock()));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    assert_eq!(condvar.notify_all(), 2);
    let of = |polled: Poll<MutexGuard<'_, i32>>| match polled {
        Poll::Ready(guard) => *guard,
        Poll::Pending => panic!("both mutexes are free"),
    };
    assert_eq!(
        (of(poll(first.as_mut())), of(poll(second.as_mut()))),
        (0, 1)
    );
}
