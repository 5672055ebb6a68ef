//! Latches and wait groups: opened by the last count, the last handle.

use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::sync::{Latch, WaitGroup, WaitTimeoutError};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);
const PAST: Duration = Duration::ZERO;

async fn wait(side: Side, latch: &Latch) {
    match side {
        Thread => latch.wait(),
        Task => latch.wait_async().await,
    }
}

async fn wait_timeout(
    side: Side,
    latch: &Latch,
    timeout: Duration,
) -> Result<(), WaitTimeoutError> {
    match side {
        Thread => latch.wait_timeout(timeout),
        Task => latch.wait_timeout_async(timeout).await,
    }
}

async fn wait_for_group(side: Side, group: &mut WaitGroup) {
    match side {
        Thread => group.wait(),
        Task => group.wait_async().await,
    }
}

#[test]
fn the_last_count_wakes_threads_and_tasks() {
    let latch = Arc::new(Latch::new(3));
    let seen = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..12)
        .map(|turn| {
            let side = if turn % 2 == 0 { Thread } else { Task };
            let (latch, seen) = (Arc::clone(&latch), Arc::clone(&seen));
            side.spawn(async move {
                wait(side, &latch).await;
                assert_eq!(seen.load(Relaxed), 3);
            })
        })
        .collect();
    until_waiting("latch wait", file!(), 1);
    for _ in 0..3 {
        assert!(!latch.is_open());
        seen.fetch_add(1, Relaxed);
        latch.count_down();
    }
    for waiter in waiters {
        waiter.join();
    }
    assert!(latch.is_open());
}

#[test]
fn an_open_latch_stays_open() {
    let latch = Latch::new(0);
    for _ in 0..2 {
        latch.wait();
        assert!(poll(pin!(latch.wait_async())).is_ready());
        assert_eq!(latch.wait_timeout(PAST), Ok(()));
        assert_eq!(latch.wait_deadline(Instant::now()), Ok(()));
        latch.count_down();
    }
    assert_eq!(latch.count_down_by(0), Ok(()));
    assert_eq!(latch.count_down_by(1).unwrap_err().left(), 0);
}

#[test]
fn a_count_that_is_too_high_is_refused_whole() {
    let latch = Latch::new(2);
    let refused = latch.count_down_by(usize::MAX).unwrap_err();
    assert_eq!(refused.left(), 2);
    assert!(refused.to_string().contains("only 2 left"));
    assert_eq!(latch.count_down_by(2), Ok(()));
    assert!(latch.is_open());
}

#[test]
fn a_latch_that_stays_shut_ends_waits_with_a_limit() {
    for side in [Thread, Task] {
        let waited = side.run(async move {
            let latch = Latch::new(1);
            (
                wait_timeout(side, &latch, PAST).await,
                latch.wait_deadline_async(Instant::now()).await,
            )
        });
        assert_eq!(waited, (Err(WaitTimeoutError), Err(WaitTimeoutError)));
    }
    assert_eq!(WaitTimeoutError.to_string(), "the time ran out");
}

#[test]
fn a_latch_that_opens_ends_waits_with_a_limit() {
    for side in [Thread, Task] {
        let latch = Arc::new(Latch::new(1));
        let other = Arc::clone(&latch);
        let waiter = side.spawn(async move { wait_timeout(side, &other, FOREVER).await });
        latch.count_down();
        assert_eq!(waiter.join(), Ok(()));
    }
}

#[test]
fn a_dropped_wait_leaves_the_others_alone() {
    let latch = Latch::new(1);
    let count = Arc::<Count>::default();
    let mut one = Box::pin(latch.wait_async());
    let mut two = Box::pin(latch.wait_async());
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll_counted(two.as_mut(), &count).is_pending());
    drop(one);
    assert_eq!(count.get(), 0);
    latch.count_down();
    assert_eq!(count.get(), 1);
    assert!(poll(two.as_mut()).is_ready());
}

#[test]
fn a_group_waits_for_threads_and_tasks_again_and_again() {
    for side in [Thread, Task] {
        let mut group = WaitGroup::new();
        side.run(async move {
            for _ in 0..20 {
                let done = Arc::new(AtomicUsize::new(0));
                for turn in 0..6 {
                    let worker = if turn % 2 == 0 { Thread } else { Task };
                    let (done, handle) = (Arc::clone(&done), group.clone());
                    worker.spawn(async move {
                        done.fetch_add(1, Relaxed);
                        drop(handle);
                    });
                }
                wait_for_group(side, &mut group).await;
                assert_eq!(done.load(Relaxed), 6);
            }
        });
    }
}

#[test]
fn handles_that_wait_hold_up_nobody() {
    let group = WaitGroup::new();
    let waiters = [Thread, Task, Thread, Task].map(|side| {
        let mut handle = group.clone();
        side.spawn(async move { wait_for_group(side, &mut handle).await })
    });
    drop(group);
    for waiter in waiters {
        waiter.join();
    }
}

#[test]
fn a_panic_counts_as_an_end() {
    let mut group = WaitGroup::new();
    let handle = group.clone();
    let worker = thread::spawn(move || {
        let _handle = handle;
        std::panic::resume_unwind(Box::new(()));
    });
    group.wait();
    assert!(worker.join().is_err());
}

#[test]
fn a_group_that_gives_up_is_counted_again() {
    let mut one = WaitGroup::new();
    let mut two = one.clone();
    assert_eq!(one.wait_timeout(PAST), Err(WaitTimeoutError));
    assert_eq!(two.wait_deadline(Instant::now()), Err(WaitTimeoutError));
    let mut wait = Box::pin(one.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    drop(wait);
    let mut wait = pin!(two.wait_async());
    assert!(
        poll(wait.as_mut()).is_pending(),
        "the other does not wait any more"
    );
    drop(one);
    assert!(poll(wait.as_mut()).is_ready());
}

#[test]
fn a_forgotten_wait_holds_up_nobody_until_the_next() {
    let mut one = WaitGroup::new();
    let mut two = one.clone();
    let mut wait = Box::pin(one.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    mem::forget(wait);
    two.wait();
    assert_eq!(
        one.wait_timeout(PAST),
        Err(WaitTimeoutError),
        "the other is back"
    );
    drop(two);
    one.wait();
}

#[test]
fn a_handle_can_be_waited_for_after_a_waker_has_panicked() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    let mut group = WaitGroup::new();
    let handle = group.clone();
    let mut wait = Box::pin(group.wait_async());
    let waker = std::task::Waker::from(Arc::new(Panics));
    let mut cx = std::task::Context::from_waker(&waker);
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(handle))).is_ok());
    assert!(poll(wait.as_mut()).is_ready());
}

#[test]
fn what_may_cross_threads() {
    fn shared(_: &(impl Send + Sync)) {}
    fn sent(_: &impl Send) {}
    let (latch, mut group) = (Latch::new(1), WaitGroup::new());
    shared(&latch);
    sent(&latch.wait_async());
    sent(&latch.wait_timeout_async(FOREVER));
    shared(&group);
    sent(&group.wait_async());
    sent(&group.wait_timeout_async(FOREVER));
}
