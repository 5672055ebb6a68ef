//! The channel of one sender and one receiver: the same test names over capacities and mixes of sides.

use crate::allocations;
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::spsc::{Receiver, Sender};
use brigade::channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, spsc,
};
use futures::StreamExt;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(2);
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

/// A channel of some capacity between two kinds of actors.
#[derive(Clone, Copy)]
struct Case {
    capacity: usize,
    sends: Side,
    receives: Side,
}

impl Case {
    fn channel<T>(self) -> (Sender<T>, Receiver<T>) {
        spsc(self.capacity)
    }

    /// A channel that is full with zeros.
    fn full_channel(self) -> (Sender<i32>, Receiver<i32>) {
        let (mut sender, receiver) = self.channel();
        for _ in 0..self.capacity {
            sender.try_send(0).unwrap();
        }
        (sender, receiver)
    }

    async fn send<T>(self, sender: &mut Sender<T>, value: T) -> Result<(), SendError<T>> {
        match self.sends {
            Thread => sender.send(value),
            Task => sender.send_async(value).await,
        }
    }

    async fn send_many<T>(
        self,
        sender: &mut Sender<T>,
        values: &mut VecDeque<T>,
    ) -> Result<(), SendError<()>> {
        match self.sends {
            Thread => sender.send_many(values),
            Task => sender.send_many_async(values).await,
        }
    }

    async fn send_timeout<T>(
        self,
        sender: &mut Sender<T>,
        value: T,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        match self.sends {
            Thread => sender.send_timeout(value, timeout),
            Task => sender.send_timeout_async(value, timeout).await,
        }
    }

    async fn recv<T>(self, receiver: &mut Receiver<T>) -> Result<T, RecvError> {
        match self.receives {
            Thread => receiver.recv(),
            Task => receiver.recv_async().await,
        }
    }

    async fn recv_many<T>(
        self,
        receiver: &mut Receiver<T>,
        into: &mut Vec<T>,
        limit: usize,
    ) -> Result<usize, RecvError> {
        match self.receives {
            Thread => receiver.recv_many(into, limit),
            Task => receiver.recv_many_async(into, limit).await,
        }
    }

    async fn recv_timeout<T>(
        self,
        receiver: &mut Receiver<T>,
        timeout: Duration,
    ) -> Result<T, RecvTimeoutError> {
        match self.receives {
            Thread => receiver.recv_timeout(timeout),
            Task => receiver.recv_timeout_async(timeout).await,
        }
    }
}

/// Other tests wait in this file at the same time; nobody is hurt if this returns a little early.
fn until_waiting_here(waits_for: &str) {
    until_waiting(waits_for, file!(), 1);
}

fn values_arrive_in_the_order_of_sending(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    let producer = case.sends.spawn(async move {
        for value in 0..2000 {
            case.send(&mut sender, value).await.unwrap();
        }
    });
    let received = case.receives.run(async move {
        let mut received = Vec::new();
        while let Ok(value) = case.recv(&mut receiver).await {
            received.push(value);
        }
        received
    });
    producer.join();
    assert_eq!(received, (0..2000).collect::<Vec<_>>());
}

fn many_arrive_in_the_order_of_sending(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    let producer = case.sends.spawn(async move {
        let mut values = VecDeque::new();
        for first in (0..2000).step_by(100) {
            values.extend(first..first + 100);
            case.send_many(&mut sender, &mut values).await.unwrap();
            assert!(values.is_empty());
        }
    });
    let received = case.receives.run(async move {
        let mut received = Vec::new();
        let mut limit = 0;
        loop {
            let before = received.len();
            match case.recv_many(&mut receiver, &mut received, limit).await {
                Ok(count) => {
                    assert_eq!(received.len(), before + count);
                    assert!(count <= limit && (count > 0 || limit == 0));
                }
                Err(error) => {
                    assert_eq!(error, RecvError::Closed);
                    return received;
                }
            }
            limit = (limit + 1) % 200;
        }
    });
    producer.join();
    assert_eq!(received, (0..2000).collect::<Vec<_>>());
}

fn a_receive_waits_while_the_channel_is_empty(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    let consumer = case
        .receives
        .spawn(async move { case.recv(&mut receiver).await });
    until_waiting_here("channel recv");
    case.sends
        .run(async move { case.send(&mut sender, 1).await.unwrap() });
    assert_eq!(consumer.join(), Ok(1));
}

fn a_send_waits_while_the_channel_is_full(case: Case) {
    let (mut sender, mut receiver) = case.full_channel();
    let producer = case
        .sends
        .spawn(async move { case.send(&mut sender, 1).await });
    until_waiting_here("channel send");
    assert!(receiver.is_full());
    let received = case.receives.run(async move {
        let mut received = Vec::new();
        while let Ok(value) = case.recv(&mut receiver).await {
            received.push(value);
        }
        received
    });
    assert_eq!(producer.join(), Ok(()));
    assert_eq!(received.len(), case.capacity + 1);
    assert_eq!(received.last(), Some(&1));
}

fn a_full_channel_refuses_and_gives_the_value_back(case: Case) {
    let (mut sender, mut receiver) = case.full_channel();
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let mut values = VecDeque::from([9]);
    let refused = sender.try_send_many(&mut values);
    assert_eq!((refused, values.len()), (Err(TrySendError::Full(())), 1));
    let timed_out = case
        .sends
        .run(async move { case.send_timeout(&mut sender, 9, SOON).await });
    assert_eq!(timed_out, Err(SendTimeoutError::Timeout(9)));
    assert_eq!(receiver.iter().sum::<i32>(), 0);
}

fn an_empty_channel_times_out(case: Case) {
    let (sender, mut receiver) = case.channel::<i32>();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let into = &mut Vec::new();
    assert_eq!(receiver.try_recv_many(into, 1), Err(TryRecvError::Empty));
    let timed_out = case
        .receives
        .run(async move { case.recv_timeout(&mut receiver, SOON).await });
    assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
    assert!(sender.is_closed());
}

fn a_deadline_in_the_past_tries_once(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    let past = Instant::now();
    assert_eq!(receiver.recv_deadline(past), Err(RecvTimeoutError::Timeout));
    assert_eq!(sender.send_deadline(3, past), Ok(()));
    assert_eq!(receiver.recv_deadline(past), Ok(3));
    let awaited = Task.run(async move {
        sender.send_deadline_async(4, past).await.unwrap();
        let first = receiver.recv_deadline_async(past).await;
        (first, receiver.recv_deadline_async(past).await)
    });
    assert_eq!(awaited, (Ok(4), Err(RecvTimeoutError::Timeout)));
}

fn a_value_in_time_beats_the_timeout(case: Case) {
    for timeout in [FOREVER, Duration::MAX] {
        let (mut sender, mut receiver) = case.channel();
        let consumer = case
            .receives
            .spawn(async move { case.recv_timeout(&mut receiver, timeout).await });
        let sent = case
            .sends
            .run(async move { case.send_timeout(&mut sender, 5, timeout).await });
        assert_eq!((sent, consumer.join()), (Ok(()), Ok(5)));
    }
}

fn what_was_sent_before_the_sender_left_arrives(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    sender.try_send(1).unwrap();
    drop(sender);
    assert!(receiver.is_closed());
    let received = case.receives.run(async move {
        let first = case.recv(&mut receiver).await;
        (first, case.recv(&mut receiver).await)
    });
    assert_eq!(received, (Ok(1), Err(RecvError::Closed)));
}

fn sends_fail_once_the_receiver_left(case: Case) {
    let (mut sender, receiver) = case.channel();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
    let sent = case.sends.run(async move {
        let mut values = VecDeque::from([4, 5]);
        let many = case.send_many(&mut sender, &mut values).await;
        assert_eq!((many, values.len()), (Err(SendError::Closed(())), 2));
        case.send(&mut sender, 3).await
    });
    assert_eq!(sent, Err(SendError::Closed(3)));
}

fn the_receiver_that_leaves_wakes_a_waiting_sender(case: Case) {
    let (mut sender, receiver) = case.full_channel();
    let producer = case
        .sends
        .spawn(async move { case.send(&mut sender, 1).await });
    until_waiting_here("channel send");
    drop(receiver);
    assert_eq!(producer.join(), Err(SendError::Closed(1)));
}

fn the_sender_that_leaves_wakes_a_waiting_receiver(case: Case) {
    let (sender, mut receiver) = case.channel::<i32>();
    let consumer = case
        .receives
        .spawn(async move { case.recv(&mut receiver).await });
    until_waiting_here("channel recv");
    drop(sender);
    assert_eq!(consumer.join(), Err(RecvError::Closed));
}

fn close_ends_sending_and_keeps_what_was_sent(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    sender.try_send(1).unwrap();
    assert!(receiver.close());
    assert!(!sender.close(), "it was closed before");
    assert!(sender.is_closed() && receiver.is_closed());
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    let into = &mut Vec::new();
    assert_eq!(receiver.try_recv_many(into, 1), Err(TryRecvError::Closed));
}

fn length_counts_what_is_in(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    assert_eq!(sender.capacity(), case.capacity);
    assert_eq!(receiver.capacity(), case.capacity);
    for turn in 0..200 {
        sender.try_send(turn).unwrap();
        assert_eq!((sender.len(), receiver.len()), (1, 1));
        assert_eq!(receiver.is_full(), case.capacity == 1);
        assert_eq!(receiver.try_recv(), Ok(turn));
        assert!(receiver.is_empty() && sender.is_empty());
    }
    for len in 1..=case.capacity {
        sender.try_send(0).unwrap();
        assert_eq!(receiver.len(), len);
    }
    assert!(sender.is_full());
}

fn iterators_and_streams_end_with_the_channel(case: Case) {
    let produce = |mut sender: Sender<i32>| {
        case.sends.spawn(async move {
            for value in 1..=10 {
                case.send(&mut sender, value).await.unwrap();
            }
        })
    };
    let (sender, mut receiver) = case.channel();
    let producer = produce(sender);
    assert_eq!(receiver.iter().take(5).sum::<i32>(), 15);
    assert_eq!((&mut receiver).into_iter().sum::<i32>(), 40);
    producer.join();
    assert_eq!(receiver.try_iter().count(), 0);
    assert_eq!(receiver.into_iter().next(), None);
    let (sender, receiver) = case.channel();
    let producer = produce(sender);
    let collected = case
        .receives
        .run(receiver.into_stream().collect::<Vec<i32>>());
    producer.join();
    assert_eq!(collected, (1..=10).collect::<Vec<_>>());
}

/// Counts how often it is dropped, and panics then if it is told to.
struct Bucket {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
        assert!(!self.panics, "dropped");
    }
}

fn every_value_is_dropped_once(case: Case) {
    let drops = Arc::new(AtomicUsize::new(0));
    let bucket = |panics| Bucket {
        drops: Arc::clone(&drops),
        panics,
    };
    let (mut sender, mut receiver) = case.channel();
    assert!(sender.try_send(bucket(false)).is_ok());
    drop(receiver.try_recv());
    assert_eq!(drops.load(Relaxed), 1);
    for nth in 0..case.capacity {
        assert!(sender.try_send(bucket(nth % 2 == 0)).is_ok());
    }
    drop(receiver);
    let sent = case.capacity + 1;
    assert_eq!(drops.load(Relaxed), sent, "nobody can receive them");
    assert!(sender.try_send(bucket(false)).is_err());
    drop(sender);
    assert_eq!(drops.load(Relaxed), sent + 1);
}

fn values_of_no_size_and_of_large_size_arrive(case: Case) {
    let (mut sender, mut receiver) = case.channel();
    sender.try_send(()).unwrap();
    assert_eq!(receiver.try_recv(), Ok(()));
    let (mut sender, mut receiver) = case.channel();
    for fill in 0..100_u8 {
        sender.try_send([fill; 4096]).unwrap();
        assert_eq!(receiver.try_recv(), Ok([fill; 4096]));
    }
}

macro_rules! suite {
    ($($test:ident)*) => {
        macro_rules! case {
            ($name:ident: $capacity:expr, $sends:ident -> $receives:ident) => {
                mod $name {
                    use super::*;
                    const CASE: Case =
                        Case { capacity: $capacity, sends: $sends, receives: $receives };
                    $(#[test] fn $test() { super::$test(CASE) })*
                }
            };
        }
    };
}

suite! {
    values_arrive_in_the_order_of_sending
    many_arrive_in_the_order_of_sending
    a_receive_waits_while_the_channel_is_empty
    a_send_waits_while_the_channel_is_full
    a_full_channel_refuses_and_gives_the_value_back
    an_empty_channel_times_out
    a_deadline_in_the_past_tries_once
    a_value_in_time_beats_the_timeout
    what_was_sent_before_the_sender_left_arrives
    sends_fail_once_the_receiver_left
    the_receiver_that_leaves_wakes_a_waiting_sender
    the_sender_that_leaves_wakes_a_waiting_receiver
    close_ends_sending_and_keeps_what_was_sent
    length_counts_what_is_in
    iterators_and_streams_end_with_the_channel
    every_value_is_dropped_once
    values_of_no_size_and_of_large_size_arrive
}

case!(one_threads: 1, Thread -> Thread);
case!(one_tasks: 1, Task -> Task);
case!(one_thread_to_task: 1, Thread -> Task);
case!(one_task_to_thread: 1, Task -> Thread);
case!(three_threads: 3, Thread -> Thread);
case!(three_tasks: 3, Task -> Task);
case!(ring_threads: 64, Thread -> Thread);
case!(ring_tasks: 64, Task -> Task);
case!(ring_thread_to_task: 64, Thread -> Task);
case!(ring_task_to_thread: 64, Task -> Thread);

#[test]
fn a_dropped_send_gives_its_value_back_or_drops_it() {
    let (mut sender, mut receiver) = spsc(1);
    let mut cx = Context::from_waker(Waker::noop());
    sender.try_send(1).unwrap();
    {
        let mut send = pin!(sender.send_async(2));
        assert!(send.as_mut().poll(&mut cx).is_pending());
        assert_eq!(send.as_mut().cancel(), Some(2));
        assert_eq!(send.cancel(), None);
    }
    {
        let mut send = pin!(sender.send_timeout_async(3, FOREVER));
        assert!(send.as_mut().poll(&mut cx).is_pending());
        assert_eq!(send.cancel(), Some(3));
    }
    assert!(pin!(sender.send_async(4)).poll(&mut cx).is_pending());
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
    assert_eq!(sender.try_send(5), Ok(()));
}

#[test]
fn a_dropped_send_of_many_keeps_those_not_sent() {
    let (mut sender, mut receiver) = spsc(2);
    let mut values = VecDeque::from([1, 2, 3]);
    let mut cx = Context::from_waker(Waker::noop());
    let polled = pin!(sender.send_many_async(&mut values)).poll(&mut cx);
    assert!(polled.is_pending());
    assert_eq!(values, [3]);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_dropped_receive_takes_nothing() {
    let (mut sender, mut receiver) = spsc(2);
    let mut into = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(receiver.recv_async()).poll(&mut cx).is_pending());
    {
        let mut recv = pin!(receiver.recv_many_async(&mut into, 9));
        assert!(recv.as_mut().poll(&mut cx).is_pending());
        sender.try_send(1).unwrap();
    }
    assert!(into.is_empty());
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn a_blocked_end_allocates_nothing() {
    let (mut sender, mut receiver) = spsc(1);
    crate::sides::sleep_once();
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations::during(|| {
        assert!(receiver.recv_timeout(Duration::from_micros(100)).is_err());
        assert!(pin!(receiver.recv_async()).poll(&mut cx).is_pending());
        sender.send(1).unwrap();
        assert!(sender.send_timeout(2, Duration::from_micros(100)).is_err());
        assert!(pin!(sender.send_async(2)).poll(&mut cx).is_pending());
    });
    assert_eq!(count, 0);
}

#[test]
#[should_panic(expected = "a bounded channel needs a capacity of at least 1")]
fn a_capacity_of_zero_is_refused() {
    drop(spsc::<i32>(0));
}

#[test]
#[should_panic(expected = "beyond any memory")]
fn a_capacity_beyond_memory_is_refused() {
    drop(spsc::<i32>(usize::MAX));
}
