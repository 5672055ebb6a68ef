//! The barrier: rounds of threads, tasks and both; arrivals that are taken back.

use crate::allocations;
use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use brigade::sync::{Barrier, BarrierWaitResult, WaitTimeoutError};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);
const PAST: Duration = Duration::ZERO;

async fn wait(side: Side, barrier: &Barrier) -> BarrierWaitResult {
    match side {
        Thread => barrier.wait(),
        Task => barrier.wait_async().await,
    }
}

async fn wait_timeout(
    side: Side,
    barrier: &Barrier,
    timeout: Duration,
) -> Result<BarrierWaitResult, WaitTimeoutError> {
    match side {
        Thread => barrier.wait_timeout(timeout),
        Task => barrier.wait_timeout_async(timeout).await,
    }
}

/// Nobody is in a later round than one behind, and each round has one leader.
fn rounds(sides: [Side; 4]) {
    const ROUNDS: usize = 200;
    let barrier = Arc::new(Barrier::new(sides.len()));
    let arrived = Arc::new(AtomicUsize::new(0));
    let actors = sides.map(|side| {
        let (barrier, arrived) = (Arc::clone(&barrier), Arc::clone(&arrived));
        side.spawn(async move {
            let mut led = 0;
            for round in 1..=ROUNDS {
                arrived.fetch_add(1, Relaxed);
                led += usize::from(wait(side, &barrier).await.is_leader());
                assert!(arrived.load(Relaxed) >= round * sides.len());
            }
            led
        })
    });
    let led: usize = actors.map(|actor| actor.join()).iter().sum();
    assert_eq!(led, ROUNDS);
}

#[test]
fn threads_go_round_by_round() {
    rounds([Thread; 4]);
}

#[test]
fn tasks_go_round_by_round() {
    rounds([Task; 4]);
}

#[test]
fn threads_and_tasks_go_round_by_round() {
    rounds([Thread, Task, Thread, Task]);
}

#[test]
fn one_and_none_never_wait() {
    for parties in [0, 1] {
        let barrier = Barrier::new(parties);
        for _ in 0..3 {
            assert!(barrier.wait().is_leader());
            assert!(poll(pin!(barrier.wait_async())).is_ready());
            assert!(barrier.wait_timeout(PAST).is_ok());
            assert!(barrier.wait_deadline(Instant::now()).is_ok());
        }
    }
}

#[test]
#[should_panic(expected = "cannot count so many")]
fn more_than_can_be_counted_are_refused() {
    let _ = Barrier::new(usize::MAX);
}

fn who_gives_up_has_never_come(side: Side) {
    let barrier = Arc::new(Barrier::new(2));
    let other = Arc::clone(&barrier);
    side.run(async move {
        for _ in 0..3 {
            let waited = wait_timeout(side, &other, PAST).await;
            assert_eq!(waited, Err(WaitTimeoutError));
        }
    });
    let mut first = pin!(barrier.wait_async());
    assert!(poll(first.as_mut()).is_pending());
    assert!(barrier.wait_timeout(PAST).unwrap().is_leader());
    assert!(poll(first).is_ready());
}

#[test]
fn a_thread_that_gives_up_has_never_come() {
    who_gives_up_has_never_come(Thread);
}

#[test]
fn a_task_that_gives_up_has_never_come() {
    who_gives_up_has_never_come(Task);
}

#[test]
fn a_future_arrives_at_its_first_poll_and_leaves_when_it_is_dropped() {
    let barrier = Barrier::new(2);
    let unpolled = barrier.wait_async();
    let mut polled = Box::pin(barrier.wait_async());
    assert!(poll(polled.as_mut()).is_pending());
    drop(polled);
    let mut polled = Box::pin(barrier.wait_async());
    assert!(poll(polled.as_mut()).is_pending(), "it was alone");
    assert!(poll(pin!(unpolled)).is_ready(), "the second to come");
    // Whether it has looked or not, it is through, and its drop changes nothing.
    drop(polled);
    let next = barrier.wait_timeout(PAST);
    assert_eq!(next, Err(WaitTimeoutError));
}

#[test]
fn the_last_wakes_every_task() {
    let barrier = Barrier::new(4);
    let counts: [Arc<Count>; 3] = Default::default();
    let mut futures = [(); 3].map(|()| Box::pin(barrier.wait_async()));
    for (future, count) in futures.iter_mut().zip(&counts) {
        assert!(poll_counted(future.as_mut(), count).is_pending());
    }
    assert!(barrier.wait().is_leader());
    for (future, count) in futures.iter_mut().zip(&counts) {
        assert_eq!(count.get(), 1);
        let Poll::Ready(result) = poll(future.as_mut()) else {
            panic!("the round is over");
        };
        assert!(!result.is_leader());
    }
}

/// It takes part in its round, and holds no later one up by more than that.
#[test]
fn a_forgotten_future_has_arrived() {
    let barrier = Barrier::new(2);
    let mut forgotten = Box::pin(barrier.wait_async());
    assert!(poll(forgotten.as_mut()).is_pending());
    mem::forget(forgotten);
    assert!(barrier.wait().is_leader());
    assert!(barrier.wait_timeout(PAST).is_err());
}

#[test]
fn a_deadline_far_away_is_not_waited_for() {
    let barrier = Arc::new(Barrier::new(3));
    let actors = [Thread, Task].map(|side| {
        let barrier = Arc::clone(&barrier);
        side.spawn(async move { wait_timeout(side, &barrier, FOREVER).await })
    });
    let waited = barrier.wait_deadline(Instant::now() + FOREVER);
    assert!(waited.is_ok());
    for actor in actors {
        assert!(actor.join().is_ok());
    }
}

#[test]
fn a_wait_allocates_nothing() {
    let barrier = Barrier::new(2);
    let short = Duration::from_micros(100);
    crate::sides::sleep_once();
    let count = allocations::during(|| {
        assert!(barrier.wait_timeout(short).is_err());
        let mut first = pin!(barrier.wait_async());
        assert!(poll(first.as_mut()).is_pending());
        assert!(barrier.wait().is_leader());
        assert!(poll(first).is_ready());
    });
    assert_eq!(count, 0);
}

#[test]
fn what_may_cross_threads() {
    fn shared(_: &(impl Send + Sync)) {}
    fn sent(_: &impl Send) {}
    let barrier = Barrier::new(1);
    shared(&barrier);
    sent(&barrier.wait_async());
    sent(&barrier.wait_timeout_async(FOREVER));
}
