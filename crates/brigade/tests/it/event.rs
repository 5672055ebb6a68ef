//! The event: set and reset, and whom that lets through.

use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::sync::{Event, WaitTimeoutError};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);
const PAST: Duration = Duration::ZERO;

async fn wait(side: Side, event: &Event) {
    match side {
        Thread => event.wait(),
        Task => event.wait_async().await,
    }
}

async fn wait_timeout(
    side: Side,
    event: &Event,
    timeout: Duration,
) -> Result<(), WaitTimeoutError> {
    match side {
        Thread => event.wait_timeout(timeout),
        Task => event.wait_timeout_async(timeout).await,
    }
}

#[test]
fn a_set_wakes_threads_and_tasks() {
    let event = Arc::new(Event::new());
    let seen = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..12)
        .map(|turn| {
            let side = if turn % 2 == 0 { Thread } else { Task };
            let (event, seen) = (Arc::clone(&event), Arc::clone(&seen));
            side.spawn(async move {
                wait(side, &event).await;
                assert_eq!(seen.load(Relaxed), 1);
            })
        })
        .collect();
    until_waiting("event wait", file!(), 1);
    seen.store(1, Relaxed);
    event.set();
    for waiter in waiters {
        waiter.join();
    }
}

#[test]
fn a_set_event_lets_everybody_through_until_it_is_reset() {
    let event = Event::default();
    assert!(!event.is_set() && !event.reset());
    event.set();
    event.set();
    for _ in 0..2 {
        assert!(event.is_set());
        event.wait();
        assert!(poll(pin!(event.wait_async())).is_ready());
        assert_eq!(event.wait_timeout(PAST), Ok(()));
        assert_eq!(event.wait_deadline(Instant::now()), Ok(()));
    }
    assert!(event.reset());
    assert_eq!(event.wait_timeout(PAST), Err(WaitTimeoutError));
    assert!(poll(pin!(event.wait_async())).is_pending());
}

#[test]
fn who_waited_at_a_set_goes_on_whatever_comes_after() {
    let event = Event::new();
    let count = Arc::<Count>::default();
    let unpolled = event.wait_async();
    let mut polled = pin!(event.wait_async());
    assert!(poll_counted(polled.as_mut(), &count).is_pending());
    event.set();
    assert_eq!(count.get(), 1);
    event.reset();
    let mut late = pin!(event.wait_async());
    assert!(poll_counted(late.as_mut(), &count).is_pending());
    assert!(poll(polled).is_ready());
    assert!(poll(pin!(unpolled)).is_ready());
    assert!(poll(late.as_mut()).is_pending(), "it came after the reset");
    event.set();
    assert!(poll(late).is_ready());
}

/// Whoever comes late takes part in a later turn.
#[test]
fn threads_and_tasks_are_let_through_by_a_set_that_does_not_last() {
    for side in [Thread, Task] {
        let event = Arc::new(Event::new());
        let through = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let (event, through) = (Arc::clone(&event), Arc::clone(&through));
                side.spawn(async move {
                    wait(side, &event).await;
                    through.fetch_add(1, Relaxed);
                })
            })
            .collect();
        while through.load(Relaxed) < waiters.len() {
            event.set();
            event.reset();
            thread::yield_now();
        }
        for waiter in waiters {
            waiter.join();
        }
    }
}

#[test]
fn an_event_that_is_not_set_ends_waits_with_a_limit() {
    for side in [Thread, Task] {
        let waited = side.run(async move {
            let event = Event::new();
            (
                wait_timeout(side, &event, PAST).await,
                event.wait_deadline_async(Instant::now()).await,
            )
        });
        assert_eq!(waited, (Err(WaitTimeoutError), Err(WaitTimeoutError)));
    }
}

#[test]
fn an_event_that_is_set_ends_waits_with_a_limit() {
    for side in [Thread, Task] {
        let event = Arc::new(Event::new());
        let other = Arc::clone(&event);
        let waiter = side.spawn(async move { wait_timeout(side, &other, FOREVER).await });
        event.set();
        assert_eq!(waiter.join(), Ok(()));
    }
}

/// Two actors in turns, each the other's event.
#[test]
fn threads_and_tasks_take_turns() {
    for sides in [[Thread, Thread], [Task, Task], [Thread, Task]] {
        let events = Arc::new([Event::new(), Event::new()]);
        let turns = Arc::new(AtomicUsize::new(0));
        let actors = [0, 1].map(|me| {
            let (events, turns) = (Arc::clone(&events), Arc::clone(&turns));
            let side = sides[me];
            side.spawn(async move {
                for turn in 0..200 {
                    wait(side, &events[me]).await;
                    events[me].reset();
                    assert_eq!(turns.fetch_add(1, Relaxed), 2 * turn + me);
                    events[1 - me].set();
                }
            })
        });
        events[0].set();
        for actor in actors {
            actor.join();
        }
    }
}

#[test]
fn a_dropped_wait_leaves_the_others_alone() {
    let event = Event::new();
    let count = Arc::<Count>::default();
    let mut one = Box::pin(event.wait_async());
    let mut two = Box::pin(event.wait_async());
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll_counted(two.as_mut(), &count).is_pending());
    drop(one);
    event.set();
    assert_eq!(count.get(), 1);
    assert!(poll(two.as_mut()).is_ready());
}

#[test]
fn what_may_cross_threads() {
    fn shared(_: &(impl Send + Sync)) {}
    fn sent(_: &impl Send) {}
    let event = Event::new();
    shared(&event);
    sent(&event.wait_async());
    sent(&event.wait_timeout_async(FOREVER));
}
