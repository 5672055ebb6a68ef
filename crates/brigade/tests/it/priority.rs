//! Channels with lanes: what comes first, who waits for whom, and how they end.

use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::{
    Receiver, RecvError, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError,
    bounded, priority,
};
use brigade::select::Select;
use futures::{SinkExt, StreamExt};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const MIXES: [(Side, Side); 4] = [
    (Thread, Thread),
    (Thread, Task),
    (Task, Thread),
    (Task, Task),
];
const SOON: Duration = Duration::from_millis(2);

/// Other tests wait there at the same time; nobody is hurt if this returns a little early.
fn until_an_actor_waits(waits_for: &str) {
    until_waiting(waits_for, "crates/brigade/tests/it/sides.rs", 1);
}

#[test]
fn the_most_urgent_lane_comes_first_and_the_oldest_value_of_it() {
    let (senders, receiver) = priority([2; 64]);
    for round in 0..2 {
        for (lane, sender) in senders.iter().enumerate().rev() {
            sender.try_send((lane, round)).unwrap();
        }
    }
    let expected: Vec<_> = (0..64).flat_map(|lane| [(lane, 0), (lane, 1)]).collect();
    assert_eq!(receiver.drain().collect::<Vec<_>>(), expected);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn what_is_urgent_overtakes_between_two_receives() {
    let ([urgent, ordinary, idle], receiver) = priority([4; 3]);
    idle.try_send("idle").unwrap();
    ordinary.try_send("ordinary").unwrap();
    assert_eq!(receiver.recv(), Ok("ordinary"));
    ordinary.try_send("ordinary again").unwrap();
    urgent.try_send("urgent").unwrap();
    assert_eq!(receiver.recv(), Ok("urgent"));
    assert_eq!(receiver.recv(), Ok("ordinary again"));
    assert_eq!(receiver.recv(), Ok("idle"));
}

/// What one sender puts into a lane and then into one below never comes out the other way round.
#[test]
fn no_order_is_turned_round_under_way() {
    const ROUNDS: usize = 2_000;
    for (sends, receives) in MIXES {
        let ([urgent, ordinary], receiver) = priority([1, 1]);
        let producer = sends.spawn(async move {
            for round in 0..ROUNDS {
                sends.send(&urgent, (0, round)).await.unwrap();
                sends.send(&ordinary, (1, round)).await.unwrap();
            }
        });
        receives.run(async move {
            let mut expected = [0, 0];
            for _ in 0..2 * ROUNDS {
                let (lane, round) = receives.recv(&receiver).await.unwrap();
                assert_eq!(round, expected[lane], "the lane keeps its order");
                expected[lane] += 1;
                assert!(expected[0] >= expected[1], "the urgent one was sent before");
            }
            assert_eq!(receives.recv(&receiver).await, Err(RecvError::Closed));
        });
        producer.join();
    }
}

#[test]
fn every_value_arrives_once_and_in_the_order_of_its_sender() {
    const EACH: usize = 500;
    for (sends, receives) in MIXES {
        let (senders, receiver) = priority([1, 3, 64]);
        let producers: Vec<_> = (0..6)
            .map(|producer| {
                let sender = senders[producer % 3].clone();
                sends.spawn(async move {
                    for n in 0..EACH {
                        sends.send(&sender, (producer, n)).await.unwrap();
                    }
                })
            })
            .collect();
        drop(senders);
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let receiver = receiver.clone();
                receives.spawn(async move {
                    let mut received = Vec::new();
                    while let Ok(value) = receives.recv(&receiver).await {
                        received.push(value);
                    }
                    received
                })
            })
            .collect();
        for producer in producers {
            producer.join();
        }
        let mut all = Vec::new();
        for consumer in consumers {
            let received = consumer.join();
            for producer in 0..6 {
                let of_one = received.iter().filter(|value| value.0 == producer);
                assert!(of_one.is_sorted());
            }
            all.extend(received);
        }
        all.sort_unstable();
        let expected: Vec<_> = (0..6)
            .flat_map(|producer| (0..EACH).map(move |n| (producer, n)))
            .collect();
        assert_eq!(all, expected);
    }
}

#[test]
fn a_sleeping_receiver_is_woken_from_every_lane() {
    for (sends, receives) in MIXES {
        for lane in 0..3 {
            let (senders, receiver) = priority([1; 3]);
            let consumer = receives.spawn(async move { receives.recv(&receiver).await });
            until_an_actor_waits("channel recv");
            sends.run(async move { sends.send(&senders[lane], lane).await.unwrap() });
            assert_eq!(consumer.join(), Ok(lane));
        }
    }
}

#[test]
fn a_full_lane_stops_its_own_senders_only() {
    for (sends, receives) in MIXES {
        let ([urgent, ordinary], receiver) = priority([1, 2]);
        ordinary.try_send(10).unwrap();
        ordinary.try_send(11).unwrap();
        assert_eq!(ordinary.try_send(12), Err(TrySendError::Full(12)));
        let late = ordinary.clone();
        let timed_out = sends.run(async move { sends.send_timeout(&late, 12, SOON).await });
        assert_eq!(timed_out, Err(SendTimeoutError::Timeout(12)));
        let other = ordinary.clone();
        let waits = sends.spawn(async move { sends.send(&other, 12).await });
        until_an_actor_waits("channel send");
        urgent.try_send(0).unwrap();
        assert_eq!(urgent.try_send(1), Err(TrySendError::Full(1)));
        assert_eq!(receiver.try_recv(), Ok(0));
        // The place that came free is in another lane than the one waited for.
        assert_eq!((ordinary.len(), urgent.len()), (2, 0));
        let taken = receives.run(async move {
            let first = receives.recv(&receiver).await;
            (first, receiver)
        });
        assert_eq!(taken.0, Ok(10));
        assert_eq!(waits.join(), Ok(()));
        assert_eq!(taken.1.drain().collect::<Vec<_>>(), [11, 12]);
    }
}

#[test]
fn each_lane_wakes_its_own_senders() {
    let (senders, receiver) = priority([1; 2]);
    for sender in &senders {
        sender.try_send(0).unwrap();
    }
    let wakes: [Arc<Count>; 2] = Default::default();
    let mut first = pin!(senders[0].send_async(1));
    let mut second = pin!(senders[1].send_async(2));
    assert!(poll(first.as_mut(), &wakes[0]).is_pending());
    assert!(poll(second.as_mut(), &wakes[1]).is_pending());
    let woken = || wakes.each_ref().map(|count| count.0.load(Relaxed));
    receiver.try_recv().unwrap();
    assert_eq!(woken(), [1, 0]);
    receiver.try_recv().unwrap();
    assert_eq!(woken(), [1, 1]);
    assert_eq!(poll(second, &wakes[1]), Poll::Ready(Ok(())));
    assert_eq!(poll(first, &wakes[0]), Poll::Ready(Ok(())));
    assert_eq!(receiver.drain().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn the_channel_closes_with_the_last_sender_of_the_last_lane() {
    for (sends, receives) in MIXES {
        let ([urgent, ordinary], receiver) = priority([1, 1]);
        assert_eq!(urgent.sender_count(), 2);
        drop(urgent);
        assert!(!receiver.is_closed());
        let another = ordinary.clone();
        drop(ordinary);
        sends.run(async move { sends.send(&another, 1).await.unwrap() });
        assert!(receiver.is_closed());
        let received = receives.run(async move {
            let first = receives.recv(&receiver).await;
            (first, receives.recv(&receiver).await)
        });
        assert_eq!(received, (Ok(1), Err(RecvError::Closed)));
    }
}

#[test]
fn a_close_is_for_all_lanes_and_keeps_what_was_sent() {
    for (sends, receives) in MIXES {
        let (senders, receiver) = priority([1, 1, 1]);
        for (lane, sender) in senders.iter().enumerate().skip(1) {
            sender.try_send(lane).unwrap();
        }
        let other = senders[2].clone();
        let waits = sends.spawn(async move { sends.send(&other, 9).await });
        until_an_actor_waits("channel send");
        assert!(senders[1].close());
        assert!(!receiver.close(), "it was closed before");
        assert_eq!(waits.join().unwrap_err().into_inner(), 9);
        for sender in &senders {
            assert!(sender.is_closed());
            assert_eq!(sender.try_send(7), Err(TrySendError::Closed(7)));
        }
        let received = receives.run(async move {
            let mut received = Vec::new();
            while let Ok(value) = receives.recv(&receiver).await {
                received.push(value);
            }
            received
        });
        assert_eq!(received, [1, 2]);
    }
}

#[test]
fn the_end_wakes_every_receiver() {
    for (_, receives) in MIXES {
        let (senders, receiver) = priority::<i32, 3>([1; 3]);
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let receiver = receiver.clone();
                receives.spawn(async move { receives.recv(&receiver).await })
            })
            .collect();
        until_an_actor_waits("channel recv");
        drop(senders);
        for consumer in consumers {
            assert_eq!(consumer.join(), Err(RecvError::Closed));
        }
    }
}

#[test]
fn an_empty_channel_times_out_whatever_its_lanes() {
    for (_, receives) in MIXES {
        let (senders, receiver) = priority::<i32, 2>([1; 2]);
        let timed_out = receives.run(async move { receives.recv_timeout(&receiver, SOON).await });
        assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
        assert!(senders[0].is_closed() && senders[1].is_closed());
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
}

#[test]
fn a_woken_receive_that_is_dropped_wakes_the_next() {
    for lane in 0..2 {
        let (senders, receiver) = priority([1; 2]);
        let counts: [Arc<Count>; 2] = Default::default();
        let mut one = Box::pin(receiver.recv_async());
        let mut two = Box::pin(receiver.recv_async());
        assert!(poll(one.as_mut(), &counts[0]).is_pending());
        assert!(poll(two.as_mut(), &counts[1]).is_pending());
        senders[lane].try_send(1).unwrap();
        drop(one);
        assert_eq!(counts[1].0.load(Relaxed), 1);
        assert_eq!(poll(two.as_mut(), &counts[1]), Poll::Ready(Ok(1)));
    }
}

#[test]
fn a_woken_send_that_is_dropped_wakes_the_next_of_its_lane() {
    let ([urgent, ordinary], receiver) = priority([1; 2]);
    ordinary.try_send(0).unwrap();
    urgent.try_send(0).unwrap();
    let counts: [Arc<Count>; 3] = Default::default();
    let mut one = Box::pin(ordinary.send_async(1));
    let mut two = Box::pin(ordinary.send_async(2));
    let mut other = Box::pin(urgent.send_async(3));
    assert!(poll(one.as_mut(), &counts[0]).is_pending());
    assert!(poll(two.as_mut(), &counts[1]).is_pending());
    assert!(poll(other.as_mut(), &counts[2]).is_pending());
    assert_eq!(other.as_mut().cancel(), Some(3));
    receiver.try_recv().unwrap();
    receiver.try_recv().unwrap();
    drop(one);
    let woken = counts.each_ref().map(|count| count.0.load(Relaxed));
    assert_eq!(woken, [1, 1, 0]);
    assert_eq!(poll(two.as_mut(), &counts[1]), Poll::Ready(Ok(())));
    assert_eq!(receiver.drain().collect::<Vec<_>>(), [2]);
}

#[test]
fn every_value_is_dropped_once() {
    let token = Arc::new(());
    let (senders, receiver) = priority([2; 3]);
    for sender in &senders {
        sender.try_send(Arc::clone(&token)).unwrap();
        sender.try_send(Arc::clone(&token)).unwrap();
    }
    drop(receiver.recv());
    assert_eq!(Arc::strong_count(&token), 6);
    drop(receiver);
    assert_eq!(Arc::strong_count(&token), 1, "nobody can receive them");
    let refused = senders[2].try_send(Arc::clone(&token));
    assert!(matches!(refused, Err(TrySendError::Closed(_))));
    drop(refused);
    drop(senders);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn a_sender_counts_its_lane_and_a_receiver_counts_all() {
    let ([urgent, ordinary], receiver) = priority([1, 3]);
    assert_eq!((urgent.capacity(), ordinary.capacity()), (Some(1), Some(3)));
    assert_eq!(receiver.capacity(), Some(4));
    urgent.try_send(0).unwrap();
    ordinary.try_send(1).unwrap();
    assert_eq!((urgent.len(), ordinary.len(), receiver.len()), (1, 1, 2));
    assert!(urgent.is_full() && !ordinary.is_full() && !receiver.is_full());
    ordinary.try_send(2).unwrap();
    ordinary.try_send(3).unwrap();
    assert!(ordinary.is_full() && receiver.is_full());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert!(urgent.is_empty() && ordinary.is_full() && !receiver.is_empty());
}

#[test]
fn senders_of_all_lanes_know_their_channel_and_keep_their_lane() {
    let ([urgent, ordinary], receiver) = priority([2; 2]);
    assert!(urgent.same_channel(&ordinary));
    let weak = ordinary.downgrade();
    drop(ordinary);
    let again = weak.upgrade().expect("a lane has a sender");
    again.clone().try_send("ordinary").unwrap();
    urgent.try_send("urgent").unwrap();
    drop((urgent, again));
    assert!(weak.upgrade().is_none());
    assert_eq!(receiver.iter().collect::<Vec<_>>(), ["urgent", "ordinary"]);
}

/// Whatever takes a sender or a receiver takes these.
#[test]
fn sinks_streams_and_selects_work_with_lanes() {
    let (kept, collected) = futures::executor::block_on(async {
        let ([urgent, ordinary], receiver) = priority([1; 2]);
        let mut sink = ordinary.into_sink();
        sink.send("ordinary").await.unwrap();
        sink.feed("no room").await.unwrap();
        urgent.send_async("urgent").await.unwrap();
        let kept = sink.take();
        drop((sink, urgent));
        (kept, receiver.into_stream().collect::<Vec<_>>().await)
    });
    assert_eq!(kept, Some("no room"));
    assert_eq!(collected, ["urgent", "ordinary"]);

    let ([urgent, ordinary], receiver): ([Sender<i32>; 2], Receiver<i32>) = priority([1; 2]);
    let (_open, never) = bounded::<i32>(1);
    let sent = Select::new()
        .send(&ordinary, 1, |sent| sent.is_ok())
        .recv(&never, |received| received.is_ok())
        .wait();
    assert_eq!(sent, Ok(true));
    // Only the lane above has room.
    let mut select =
        Select::new()
            .send(&ordinary, 2, |_| "ordinary")
            .send(&urgent, 0, |_| "urgent");
    assert_eq!(select.wait(), Ok("urgent"));
    drop(select);
    let mut select = Select::new()
        .recv(&never, |received| received)
        .recv(&receiver, |received| received);
    assert_eq!(select.wait(), Ok(Ok(0)));
    assert_eq!(select.wait(), Ok(Ok(1)));
}

#[test]
#[should_panic(expected = "each lane of a priority channel needs a capacity of at least 1")]
fn a_lane_without_room_is_refused() {
    drop(priority::<i32, 2>([1, 0]));
}

#[test]
#[should_panic(expected = "beyond any memory")]
fn a_lane_beyond_memory_is_refused() {
    drop(priority::<i32, 2>([1, usize::MAX]));
}
