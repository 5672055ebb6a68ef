//! The broadcast channel: every value to every receiver, and what becomes of those who are slow.

mod values;

use crate::allocations;
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel;
use brigade::channel::broadcast::{Lagged, Receiver, RecvError, RecvTimeoutError, TryRecvError};
use futures::{Stream, StreamExt};
use std::future::Future;
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

const CAPACITIES: [usize; 6] = [1, 2, 3, 7, 8, 64];
const SIDES: [Side; 2] = [Thread, Task];
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(2);

async fn recv<T: Clone>(side: Side, receiver: &mut Receiver<T>) -> Result<T, RecvError> {
    match side {
        Thread => receiver.recv(),
        Task => receiver.recv_async().await,
    }
}

async fn recv_timeout<T: Clone>(
    side: Side,
    receiver: &mut Receiver<T>,
    timeout: Duration,
) -> Result<T, RecvTimeoutError> {
    match side {
        Thread => receiver.recv_timeout(timeout),
        Task => receiver.recv_timeout_async(timeout).await,
    }
}

/// Receives to the end. Returns the values, and how many were lost.
async fn drain<T: Clone>(side: Side, receiver: &mut Receiver<T>) -> (Vec<T>, u64) {
    let (mut values, mut lost) = (Vec::new(), 0);
    loop {
        match recv(side, receiver).await {
            Ok(value) => values.push(value),
            Err(RecvError::Lagged(count)) => lost += count,
            Err(_) => return (values, lost),
        }
    }
}

/// Waits until so many receivers of this file are asleep. Others may be among them: then it returns early.
fn until_receivers_wait(count: usize) {
    until_waiting("broadcast recv", file!(), count);
}

#[test]
fn every_receiver_gets_every_value_in_order() {
    for (sends, receives) in SIDES
        .into_iter()
        .flat_map(|sends| SIDES.map(|side| (sends, side)))
    {
        let (sender, receiver) = channel::broadcast(1000);
        let consumers: Vec<_> = (0..4)
            .map(|_| {
                let mut receiver = receiver.clone();
                receives.spawn(async move { drain(receives, &mut receiver).await })
            })
            .collect();
        drop(receiver);
        sends.run(async move {
            for value in 0..1000 {
                assert_eq!(sender.send(value), Ok(4));
            }
        });
        for consumer in consumers {
            assert_eq!(consumer.join(), ((0..1000).collect::<Vec<_>>(), 0));
        }
    }
}

/// Every value is received or counted, the kept end is never lost, and each sender's order is kept.
#[test]
fn what_is_not_received_is_counted_under_pressure() {
    const SENDERS: usize = 3;
    const EACH: usize = 2000;
    for (capacity, side) in CAPACITIES
        .into_iter()
        .flat_map(|capacity| SIDES.map(|side| (capacity, side)))
    {
        let (sender, receiver) = channel::broadcast(capacity);
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let mut receiver = receiver.clone();
                side.spawn(async move { drain(side, &mut receiver).await })
            })
            .collect();
        let producers: Vec<_> = (0..SENDERS)
            .map(|id| {
                let sender = sender.clone();
                side.spawn(async move {
                    for n in 0..EACH {
                        sender.send((id, Arc::new(n))).unwrap();
                    }
                })
            })
            .collect();
        for producer in producers {
            producer.join();
        }
        drop((sender, receiver));
        for consumer in consumers {
            let (values, lost) = consumer.join();
            assert_eq!(values.len() as u64 + lost, (SENDERS * EACH) as u64);
            assert!(values.len() >= capacity);
            for id in 0..SENDERS {
                let own: Vec<_> = values.iter().filter(|value| value.0 == id).collect();
                assert!(own.windows(2).all(|pair| pair[0].1 < pair[1].1));
            }
        }
    }
}

#[test]
fn a_receive_waits_while_there_is_nothing_and_one_send_wakes_all() {
    for side in SIDES {
        let (sender, receiver) = channel::broadcast(1);
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let mut receiver = receiver.clone();
                side.spawn(async move { recv(side, &mut receiver).await })
            })
            .collect();
        until_receivers_wait(3);
        assert_eq!(sender.send(5), Ok(4));
        for consumer in consumers {
            assert_eq!(consumer.join(), Ok(5));
        }
    }
}

#[test]
fn threads_and_tasks_receive_from_one_channel() {
    let (sender, receiver) = channel::broadcast(500);
    let consumers = [Thread, Task, Thread, Task].map(|side| {
        let mut receiver = receiver.clone();
        side.spawn(async move { drain(side, &mut receiver).await })
    });
    drop(receiver);
    for value in 0..500 {
        sender.send(value).unwrap();
    }
    drop(sender);
    for consumer in consumers {
        assert_eq!(consumer.join(), ((0..500).collect::<Vec<_>>(), 0));
    }
}

#[test]
fn one_who_was_overtaken_learns_how_many_values_are_lost() {
    for capacity in CAPACITIES {
        for overtaken_by in 1..=2 * capacity + 1 {
            let (sender, mut receiver) = channel::broadcast(capacity);
            let sent = capacity + overtaken_by;
            for value in 0..sent {
                sender.send(value).unwrap();
            }
            assert_eq!(receiver.len(), capacity);
            let lost = overtaken_by as u64;
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(lost)));
            assert_eq!(receiver.len(), capacity);
            for value in overtaken_by..sent {
                assert_eq!(receiver.try_recv(), Ok(value));
            }
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
    }
}

#[test]
fn one_who_is_just_in_time_loses_nothing() {
    for capacity in CAPACITIES {
        let (sender, mut receiver) = channel::broadcast(capacity);
        for round in 0..4 {
            let values = round * capacity..(round + 1) * capacity;
            for value in values.clone() {
                sender.send(value).unwrap();
            }
            assert_eq!(
                receiver.try_iter().collect::<Vec<_>>(),
                values.map(Ok).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn one_who_is_overtaken_twice_counts_twice() {
    let (sender, mut receiver) = channel::broadcast(2);
    for value in 0..5 {
        sender.send(value).unwrap();
    }
    assert_eq!(receiver.recv(), Err(RecvError::Lagged(3)));
    sender.send(5).unwrap();
    assert_eq!(receiver.recv(), Err(RecvError::Lagged(1)));
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(4), Ok(5)));
}

#[test]
fn a_subscriber_sees_what_is_sent_from_then_on() {
    let (sender, mut first) = channel::broadcast(4);
    sender.send(1).unwrap();
    let mut late = sender.subscribe();
    let mut again = first.resubscribe();
    assert!(late.is_empty() && again.is_empty());
    assert_eq!(sender.receiver_count(), 3);
    sender.send(2).unwrap();
    assert_eq!((late.recv(), again.recv()), (Ok(2), Ok(2)));
    assert_eq!((first.recv(), first.recv()), (Ok(1), Ok(2)));
}

#[test]
fn a_clone_goes_on_at_the_same_value() {
    let (sender, mut receiver) = channel::broadcast(4);
    for value in 1..=3 {
        sender.send(value).unwrap();
    }
    assert_eq!(receiver.recv(), Ok(1));
    let mut clone = receiver.clone();
    assert_eq!((clone.len(), receiver.len()), (2, 2));
    assert_eq!((clone.recv(), clone.recv()), (Ok(2), Ok(3)));
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(2), Ok(3)));
}

#[test]
fn a_clone_of_one_who_lags_lags_as_much() {
    let (sender, mut receiver) = channel::broadcast(1);
    for value in 1..=3 {
        sender.send(value).unwrap();
    }
    let mut clone = receiver.clone();
    for receiver in [&mut receiver, &mut clone] {
        assert_eq!(receiver.recv(), Err(RecvError::Lagged(2)));
        assert_eq!(receiver.recv(), Ok(3));
    }
}

#[test]
fn a_send_without_receivers_gives_the_value_back() {
    let (sender, receiver) = channel::broadcast(2);
    let other = receiver.clone();
    drop(receiver);
    assert_eq!(sender.send(1), Ok(1));
    drop(other);
    assert_eq!(sender.send(2).unwrap_err().into_inner(), 2);
    assert!(!sender.is_closed());
    let mut receiver = sender.subscribe();
    assert_eq!(sender.send(3), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(3));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_closed_channel_takes_nothing_and_gives_what_it_keeps() {
    let (sender, mut receiver) = channel::broadcast(2);
    for value in 1..=3 {
        sender.send(value).unwrap();
    }
    assert!(!sender.is_closed());
    assert!(receiver.close());
    assert!(!sender.close());
    assert!(sender.is_closed() && receiver.is_closed());
    assert_eq!(sender.send(4).unwrap_err().into_inner(), 4);
    assert_eq!(receiver.recv(), Err(RecvError::Lagged(1)));
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(2), Ok(3)));
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(sender.subscribe().recv(), Err(RecvError::Closed));
}

#[test]
fn only_the_last_sender_closes_the_channel() {
    let (sender, mut receiver) = channel::broadcast(1);
    let other = sender.clone();
    drop(sender);
    assert_eq!(other.send(1), Ok(1));
    drop(other);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
}

#[test]
fn closing_wakes_everybody() {
    for side in SIDES {
        let (sender, receiver) = channel::broadcast::<u8>(1);
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let mut receiver = receiver.clone();
                side.spawn(async move { recv(side, &mut receiver).await })
            })
            .collect();
        until_receivers_wait(3);
        drop(sender);
        for consumer in consumers {
            assert_eq!(consumer.join(), Err(RecvError::Closed));
        }
    }
}

#[test]
fn a_deadline_ends_the_wait_and_a_value_comes_first() {
    for side in SIDES {
        let (sender, mut receiver) = channel::broadcast(1);
        let receiver = side.run(async move {
            let none = recv_timeout(side, &mut receiver, SOON).await;
            assert_eq!(none, Err(RecvTimeoutError::Timeout));
            receiver
        });
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        drop(sender);
        side.run(async move {
            let mut receiver = receiver;
            let mut next = async || recv_timeout(side, &mut receiver, FOREVER).await;
            assert_eq!(next().await, Err(RecvTimeoutError::Lagged(1)));
            assert_eq!(next().await, Ok(2));
            assert_eq!(next().await, Err(RecvTimeoutError::Closed));
        });
    }
}

#[test]
fn a_deadline_in_the_past_tries_once() {
    let (sender, mut receiver) = channel::broadcast(1);
    let past = Instant::now();
    sender.send(1).unwrap();
    assert_eq!(receiver.recv_deadline(past), Ok(1));
    assert_eq!(receiver.recv_deadline(past), Err(RecvTimeoutError::Timeout));
    sender.send(2).unwrap();
    let receive = || Task.run(receive_until(receiver.clone(), past));
    assert_eq!(receive(), Ok(2));
    let clone = receiver.resubscribe();
    assert_eq!(
        Task.run(receive_until(clone, past)),
        Err(RecvTimeoutError::Timeout)
    );
}

async fn receive_until(mut receiver: Receiver<i32>, at: Instant) -> Result<i32, RecvTimeoutError> {
    receiver.recv_deadline_async(at).await
}

#[test]
fn iterators_and_streams_tell_what_is_lost_and_end_with_the_channel() {
    let (sender, mut receiver) = channel::broadcast(2);
    for value in 1..=4 {
        sender.send(value).unwrap();
    }
    let all = [Err(Lagged(2)), Ok(3), Ok(4)];
    assert_eq!(receiver.clone().try_iter().collect::<Vec<_>>(), all);
    drop(sender);
    assert_eq!(receiver.clone().into_iter().collect::<Vec<_>>(), all);
    let stream = receiver.clone().into_stream();
    assert_eq!(futures::executor::block_on(stream.collect::<Vec<_>>()), all);
    let mut borrowed = Vec::new();
    for item in &mut receiver {
        borrowed.push(item);
    }
    assert_eq!(borrowed, all);
    assert_eq!(receiver.iter().next(), None);
}

#[test]
fn a_stream_waits_between_its_values() {
    let (sender, receiver) = channel::broadcast(1);
    let count = Arc::<Count>::default();
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let mut stream = receiver.into_stream();
    for value in 1..=3 {
        assert!(Pin::new(&mut stream).poll_next(&mut cx).is_pending());
        sender.send(value).unwrap();
        assert_eq!(count.0.load(Relaxed), value);
        let item = Pin::new(&mut stream).poll_next(&mut cx);
        assert_eq!(item, Poll::Ready(Some(Ok(value))));
    }
}

/// Counts wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_receive_dropped_after_any_number_of_polls_receives_nothing() {
    let (sender, mut receiver) = channel::broadcast(2);
    for polls in 0..3 {
        let mut recv = Box::pin(receiver.recv_async());
        for _ in 0..polls {
            assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
        }
        sender.send(polls).unwrap();
        drop(recv);
        assert_eq!(receiver.try_recv(), Ok(polls));
    }
}

#[test]
fn a_receive_dropped_after_its_wake_costs_nobody_else_the_value() {
    let (sender, mut one) = channel::broadcast(1);
    let mut two = one.clone();
    let (first, second) = (Arc::<Count>::default(), Arc::<Count>::default());
    let mut dropped = Box::pin(one.recv_async());
    let mut kept = Box::pin(two.recv_async());
    assert!(poll(dropped.as_mut(), &Waker::from(Arc::clone(&first))).is_pending());
    assert!(poll(kept.as_mut(), &Waker::from(Arc::clone(&second))).is_pending());
    sender.send(1).unwrap();
    assert_eq!((first.0.load(Relaxed), second.0.load(Relaxed)), (1, 1));
    drop(dropped);
    assert_eq!(poll(kept.as_mut(), Waker::noop()), Poll::Ready(Ok(1)));
    drop(kept);
    assert_eq!(one.try_recv(), Ok(1));
    assert_eq!(two.try_recv(), Err(TryRecvError::Empty));
}

/// A receiver that was served has nothing to hand on: the others have been woken by the send itself.
#[test]
fn a_receive_that_is_served_wakes_nobody() {
    let (sender, mut fast) = channel::broadcast(2);
    let mut slow = fast.clone();
    let mut recv = Box::pin(fast.recv_async());
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!((slow.try_recv(), slow.try_recv()), (Ok(1), Ok(2)));
    let count = Arc::<Count>::default();
    let mut waiting = Box::pin(slow.recv_async());
    assert!(poll(waiting.as_mut(), &Waker::from(Arc::clone(&count))).is_pending());
    assert_eq!(poll(recv.as_mut(), Waker::noop()), Poll::Ready(Ok(1)));
    assert_eq!(count.0.load(Relaxed), 0);
}

#[test]
fn a_leaked_future_does_no_harm() {
    let (sender, receiver) = channel::broadcast(1);
    let receiver: &'static mut Receiver<i32> = Box::leak(Box::new(receiver));
    let mut other = receiver.clone();
    let mut leaked = Box::pin(receiver.recv_async());
    assert!(poll(leaked.as_mut(), Waker::noop()).is_pending());
    std::mem::forget(leaked);
    assert_eq!(sender.send(1), Ok(2));
    assert_eq!(other.recv(), Ok(1));
}

#[test]
fn a_blocked_receive_and_a_send_allocate_nothing() {
    let (sender, mut receiver) = channel::broadcast(3);
    let mut cx = Context::from_waker(Waker::noop());
    crate::sides::sleep_once();
    let count = allocations::during(|| {
        assert!(receiver.recv_timeout(Duration::from_micros(100)).is_err());
        for value in 0..10 {
            let mut recv = pin!(receiver.recv_async());
            assert!(recv.as_mut().poll(&mut cx).is_pending());
            sender.send(value).unwrap();
            assert_eq!(recv.as_mut().poll(&mut cx), Poll::Ready(Ok(value)));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker of the application");
        }
    }
    let (sender, mut one) = channel::broadcast(1);
    let mut two = one.clone();
    let count = Arc::<Count>::default();
    let mut broken = Box::pin(one.recv_async());
    let mut healthy = Box::pin(two.recv_async());
    assert!(poll(broken.as_mut(), &Waker::from(Arc::new(Panics))).is_pending());
    assert!(poll(healthy.as_mut(), &Waker::from(Arc::clone(&count))).is_pending());
    assert_eq!(sender.send(1), Ok(2));
    assert_eq!(count.0.load(Relaxed), 1);
    assert_eq!(poll(broken.as_mut(), Waker::noop()), Poll::Ready(Ok(1)));
}

#[test]
fn a_capacity_of_nothing_or_of_everything_is_refused() {
    for capacity in [0, usize::MAX, usize::MAX >> 4] {
        let refused = catch_unwind(|| channel::broadcast::<u64>(capacity));
        assert!(refused.is_err(), "{capacity}");
    }
}

#[test]
fn errors_are_sentences() {
    let (sender, receiver) = channel::broadcast(1);
    drop(receiver);
    let sentences = [
        (
            sender.send(1).unwrap_err().to_string(),
            "nobody will receive what is sent: the channel is closed or has no receiver",
        ),
        (
            RecvError::Lagged(1).to_string(),
            "the receiver was too slow and has lost 1 value",
        ),
        (
            TryRecvError::Lagged(2).to_string(),
            "the receiver was too slow and has lost 2 values",
        ),
        (
            RecvTimeoutError::Timeout.to_string(),
            "nothing was sent until the deadline",
        ),
        (
            TryRecvError::from(RecvError::Closed).to_string(),
            "the channel is closed and everything was received: nothing will come",
        ),
        (
            TryRecvError::Empty.to_string(),
            "nothing was sent since the last receive",
        ),
    ];
    for (said, expected) in sentences {
        assert_eq!(said, expected);
    }
}
