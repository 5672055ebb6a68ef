//! Results as they come and in order, and bounds.

use super::{Census, alone, on_each, until, workers};
use crate::by_hand::poll;
use brigade::cancel::shield_async;
use brigade::channel::{self, bounded};
use brigade::scope::{Failure, OnError};
use brigade::task::{Group, GroupOptions, group};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Two children of which the second can end first.
async fn two(in_order: bool) -> Vec<i32> {
    let (sender, receiver) = channel::oneshot::<()>();
    let received = group(async move |group: Group<Infallible>| {
        let mut results = if in_order {
            group.results_in_order()
        } else {
            group.results()
        };
        let slow = async move {
            receiver.await.unwrap();
            Ok(1)
        };
        results.spawn(slow).await;
        results.spawn(async { Ok(2) }).await;
        let mut received = Vec::new();
        if in_order {
            {
                let mut next = pin!(results.next());
                assert!(poll(next.as_mut()).is_pending());
                // A future that is dropped loses nothing.
            }
            sender.send(()).unwrap();
        } else {
            received.push(results.next().await.unwrap().unwrap());
            sender.send(()).unwrap();
        }
        while let Some(result) = results.next().await {
            received.push(result.unwrap());
        }
        assert!(results.next().await.is_none());
        Ok(received)
    });
    received.await.unwrap()
}

#[test]
fn results_come_as_they_are_there_or_in_order() {
    on_each(|| async {
        assert_eq!(two(false).await, [2, 1]);
        assert_eq!(two(true).await, [1, 2]);
    });
}

#[test]
fn failures_are_results() {
    on_each(|| async {
        for in_order in [false, true] {
            let collecting = GroupOptions::new().on_error(OnError::CollectAll);
            let ended = collecting.run(async |group: Group<i32>| {
                let mut results = if in_order {
                    group.results_in_order()
                } else {
                    group.results()
                };
                for number in 0..10 {
                    let child = async move {
                        match number % 3 {
                            0 => Ok(number),
                            1 => Err(number),
                            _ => panic!("{number}"),
                        }
                    };
                    results.spawn(child).await;
                }
                let mut seen = [0; 3];
                while let Some(result) = results.next().await {
                    match result {
                        Ok(_) => seen[0] += 1,
                        Err(Failure::Failed(_)) => seen[1] += 1,
                        Err(Failure::Panicked(_)) => seen[2] += 1,
                        Err(other) => panic!("{other}"),
                    }
                }
                Ok(seen)
            });
            // All failures were received, so none is the group's.
            assert_eq!(ended.await.unwrap(), [4, 3, 3]);
        }
    });
}

#[test]
fn what_is_missing_does_not_pass_for_the_whole() {
    on_each(|| async {
        let ended = group(async |group: Group<Infallible>| {
            let mut results = group.results::<()>();
            let (began, begun) = bounded(1);
            let (go, gate) = bounded::<()>(1);
            // It has begun, and does not end before the wait for its result has.
            let child = async move {
                began.send(()).unwrap();
                shield_async(gate.recv_async()).await.unwrap();
                Ok(())
            };
            results.spawn(child).await;
            begun.recv_async().await.unwrap();
            group.token().cancel();
            assert!(results.next().await.is_none());
            go.send(()).unwrap();
            Ok(())
        });
        assert!(matches!(
            ended.await.unwrap_err().first(),
            Failure::Cancelled(_)
        ));
    });
}

/// Runs a thousand children in a group of three places. Returns how many ran at once, at most.
async fn most_at_once() -> usize {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let bounded = GroupOptions::new().limit(3);
    let ended = bounded.run(async |group: Group<Infallible>| {
        for _ in 0..1000 {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let child = group.spawn(async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, SeqCst);
                Ok(())
            });
            drop(child.await);
        }
        Ok(())
    });
    ended.await.unwrap();
    most.load(SeqCst)
}

#[test]
fn no_more_run_than_the_limit_allows() {
    assert!(workers().block_on(most_at_once()) <= 3);
    // Here nobody runs before the fourth waits for room.
    assert_eq!(alone().block_on(most_at_once()), 3);
}

#[test]
fn a_spawn_waits_for_room_and_a_try_gives_the_future_back() {
    on_each(|| async {
        let (open, gate) = channel::oneshot::<()>();
        let census = Census::default();
        let narrow = GroupOptions::new().limit(0); // counts as 1
        let ended = narrow.run(async |group: Group<Infallible>| {
            let first = group.spawn(async move { Ok(gate.await.is_ok()) }).await;
            let refused = group.try_spawn(async { Ok(5) }).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "as many tasks run as the group may have at once"
            );
            {
                let alive = census.enter();
                let mut second = pin!(group.spawn(async move {
                    drop(alive);
                    Ok(())
                }));
                assert!(poll(second.as_mut()).is_pending());
                assert_eq!(census.count(), 1);
            }
            assert_eq!(census.count(), 0);
            open.send(()).unwrap();
            let again = group.spawn(refused.into_inner()).await;
            assert!(first.await.unwrap());
            until(|| again.is_finished()).await;
            Ok(again.await.unwrap())
        });
        assert_eq!(ended.await.unwrap(), 5);
    });
}
