//! Channels that the clock fills. No value comes before its time; how long after is not tested.

use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::{
    Receiver, RecvError, RecvTimeoutError, TryRecvError, after, at, never, tick,
};
use futures::StreamExt;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
const SOON: Duration = Duration::from_millis(2);
/// Later than any test ends.
const HOUR: Duration = Duration::from_secs(3600);

/// Receives on the given side; not before its time.
async fn punctual(side: Side, receiver: &Receiver<Instant>) -> Instant {
    let due = side.recv(receiver).await.expect("a clock closes nothing");
    assert!(due <= Instant::now());
    due
}

/// Everything that a wait at a clock can be ended by wakes those who sleep in this file.
fn until_asleep(count: usize) {
    until_waiting("channel recv", "crates/brigade/tests/it/sides.rs", count);
}

#[test]
fn a_delay_is_waited_for_and_then_nothing_comes() {
    for side in SIDES {
        let start = Instant::now();
        let over = after(SOON);
        let due = side.run({
            let over = over.clone();
            async move { punctual(side, &over).await }
        });
        assert!(due >= start + SOON);
        assert_eq!(over.try_recv(), Err(TryRecvError::Empty));
        assert!(over.is_empty() && !over.is_closed());
        let again = side.run(async move { side.recv_timeout(&over, SOON).await });
        assert_eq!(again, Err(RecvTimeoutError::Timeout));
    }
}

#[test]
fn an_instant_in_the_past_is_due() {
    let past = Instant::now();
    let over = at(past);
    assert_eq!((over.len(), over.capacity()), (1, Some(1)));
    assert!(over.is_full());
    assert_eq!(over.recv(), Ok(past));
    assert!(over.is_empty());
    for side in SIDES {
        let over = at(past);
        assert_eq!(side.run(async move { side.recv(&over).await }), Ok(past));
        assert!(after(Duration::ZERO).try_recv().is_ok());
    }
}

#[test]
fn ticks_are_whole_periods_apart() {
    for side in SIDES {
        let start = Instant::now();
        let ticks = tick(SOON);
        let due = side.run(async move {
            let mut due = Vec::new();
            for _ in 0..5 {
                due.push(punctual(side, &ticks).await);
            }
            due
        });
        assert!(due[0] >= start + SOON);
        for two in due.windows(2) {
            let apart = two[1] - two[0];
            assert!(apart >= SOON);
            assert_eq!(apart.as_nanos() % SOON.as_nanos(), 0);
        }
    }
}

#[test]
fn ticks_that_nobody_takes_are_not_kept() {
    let ticks = tick(Duration::from_nanos(1));
    let first = ticks.recv().unwrap();
    // Millions are due by the time this has been asked.
    assert!(ticks.len() <= 1);
    assert!(ticks.drain().count() <= 1);
    assert!(ticks.recv().unwrap() > first);
}

/// Each of them leaves after a number of ticks of its own: those who stay are woken all the same.
#[test]
fn clones_share_the_ticks() {
    let ticks = tick(Duration::from_micros(200));
    let actors: Vec<_> = (1..=8)
        .map(|count: usize| {
            let side = SIDES[count % 2];
            let ticks = ticks.clone();
            side.spawn(async move {
                let mut due = Vec::new();
                for _ in 0..count {
                    due.push(punctual(side, &ticks).await);
                }
                assert!(due.is_sorted());
                due
            })
        })
        .collect();
    let all: Vec<_> = actors.into_iter().flat_map(|actor| actor.join()).collect();
    let different: BTreeSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn of_those_who_wait_for_one_instant_one_gets_it() {
    let over = after(SOON);
    let actors: Vec<_> = (0..4)
        .map(|count| {
            let side = SIDES[count % 2];
            let over = over.clone();
            side.spawn(async move { side.recv_timeout(&over, 20 * SOON).await })
        })
        .collect();
    let (had, missed): (Vec<_>, Vec<_>) = actors
        .into_iter()
        .map(|actor| actor.join())
        .partition(Result::is_ok);
    // Nobody has it if the machine was so slow that all of them gave up before.
    assert_eq!(had.len() + over.len(), 1);
    assert_eq!(had.len() + missed.len(), 4);
}

#[test]
fn a_receive_that_is_dropped_when_it_could_go_on_takes_nothing() {
    let mut cx = Context::from_waker(Waker::noop());
    let over = loop {
        let over = after(SOON);
        let mut recv = Box::pin(over.recv_async());
        // This thread may be late itself.
        if recv.as_mut().poll(&mut cx).is_pending() {
            while over.is_empty() {
                std::thread::yield_now();
            }
            drop(recv);
            break over;
        }
    };
    for side in SIDES {
        let over = over.clone();
        let received = side.run(async move { side.recv_timeout(&over, SOON).await });
        assert_eq!(received.is_ok(), matches!(side, Thread));
    }
}

/// The keeper of the time sleeps until the latest of them when the earliest is set.
#[test]
fn an_earlier_instant_overtakes_later_ones() {
    for side in SIDES {
        let far = after(HOUR);
        let sleeper = side.spawn({
            let far = far.clone();
            async move { side.recv(&far).await }
        });
        until_asleep(1);
        let near = after(SOON);
        side.run(async move { punctual(side, &near).await });
        assert!(far.close());
        assert_eq!(sleeper.join(), Err(RecvError::Closed));
    }
}

#[test]
fn a_close_ends_the_waits_at_a_clock() {
    for side in SIDES {
        let clocks = [after(HOUR), at(Instant::now() + HOUR), tick(HOUR), never()];
        for clock in clocks {
            let sleepers: Vec<_> = (0..3)
                .map(|_| {
                    let clock = clock.clone();
                    side.spawn(async move { side.recv(&clock).await })
                })
                .collect();
            until_asleep(3);
            assert!(clock.close());
            assert!(clock.is_closed() && !clock.close());
            for sleeper in sleepers {
                assert_eq!(sleeper.join(), Err(RecvError::Closed));
            }
            assert_eq!(clock.try_recv(), Err(TryRecvError::Closed));
        }
    }
}

#[test]
fn what_was_due_before_a_close_is_received() {
    let past = Instant::now();
    let over = at(past);
    assert!(over.close());
    assert_eq!(over.iter().collect::<Vec<_>>(), [past]);
    let ticks = tick(Duration::ZERO);
    assert!(ticks.close());
    assert_eq!(ticks.iter().count(), 1);
}

#[test]
fn times_beyond_the_clock_never_come() {
    for side in SIDES {
        for clock in [after(Duration::MAX), tick(Duration::MAX), never()] {
            let waited = side.run(async move {
                let waited = side.recv_timeout(&clock, SOON).await;
                (waited, clock.len(), clock.is_closed())
            });
            assert_eq!(waited, (Err(RecvTimeoutError::Timeout), 0, false));
        }
    }
}

#[test]
fn a_period_of_zero_is_always_due() {
    for side in SIDES {
        let ticks = tick(Duration::ZERO);
        let due = side.run(async move {
            let mut due = Vec::new();
            for _ in 0..100 {
                assert_eq!(ticks.len(), 1);
                due.push(punctual(side, &ticks).await);
            }
            due
        });
        assert!(due.is_sorted());
    }
}

#[test]
fn a_deadline_ends_a_wait_for_a_later_instant() {
    for side in SIDES {
        let far = after(HOUR);
        let waited = side.run(async move { side.recv_timeout(&far, SOON).await });
        assert_eq!(waited, Err(RecvTimeoutError::Timeout));
    }
}

#[test]
fn ticks_are_a_stream() {
    for side in SIDES {
        let ticks = tick(SOON).into_stream().take(3).collect::<Vec<_>>();
        assert!(side.run(ticks).is_sorted());
    }
}

/// Anything can come from a channel from which nothing comes.
#[test]
fn never_is_of_any_type() {
    enum Nothing {}
    let nothing = never::<Nothing>();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(nothing.recv_async()).poll(&mut cx).is_pending());
    assert_eq!((nothing.sender_count(), nothing.receiver_count()), (0, 1));
    drop(nothing.into_stream());
}
