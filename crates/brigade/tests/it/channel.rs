//! One suite for every channel: the same test names over every capacity and mix of sides.

use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::{
    Receiver, RecvError, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError,
    bounded, broadcast, priority, spsc, unbounded,
};
use futures::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A channel of some capacity between two kinds of actors.
#[derive(Clone, Copy)]
struct Case {
    capacity: Option<usize>,
    /// Whether it is a channel with one lane.
    lane: bool,
    sends: Side,
    receives: Side,
}

const SOON: Duration = Duration::from_millis(2);
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

impl Case {
    fn channel<T>(self) -> (Sender<T>, Receiver<T>) {
        match self.capacity {
            Some(capacity) if self.lane => {
                let ([sender], receiver) = priority([capacity]);
                (sender, receiver)
            }
            Some(capacity) => bounded(capacity),
            None => unbounded(),
        }
    }

    /// A channel that is full with zeros, and `None` if there is no such thing.
    fn full_channel(self) -> Option<(Sender<i32>, Receiver<i32>)> {
        let capacity = self.capacity?;
        let (sender, receiver) = self.channel();
        for _ in 0..capacity {
            sender.try_send(0).unwrap();
        }
        Some((sender, receiver))
    }
}

fn smoke(case: Case) {
    let (sender, receiver) = case.channel();
    case.sends
        .run(async move { case.sends.send(&sender, 7).await.unwrap() });
    let received = case.receives.run(async move {
        let first = case.receives.recv(&receiver).await;
        (first, case.receives.recv(&receiver).await)
    });
    assert_eq!(received, (Ok(7), Err(RecvError::Closed)));
}

fn values_arrive_in_the_order_of_sending(case: Case) {
    let (sender, receiver) = case.channel();
    let producer = case.sends.spawn(async move {
        for value in 0..1000 {
            case.sends.send(&sender, value).await.unwrap();
        }
    });
    let received = case.receives.run(async move {
        let mut received = Vec::new();
        while let Ok(value) = case.receives.recv(&receiver).await {
            received.push(value);
        }
        received
    });
    producer.join();
    assert_eq!(received, (0..1000).collect::<Vec<_>>());
}

fn every_value_arrives_once(case: Case) {
    const PRODUCERS: usize = 4;
    const EACH: usize = 500;
    let (sender, receiver) = case.channel();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let sender = sender.clone();
            case.sends.spawn(async move {
                for n in 0..EACH {
                    case.sends.send(&sender, producer * EACH + n).await.unwrap();
                }
            })
        })
        .collect();
    drop(sender);
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            let receiver = receiver.clone();
            case.receives.spawn(async move {
                let mut received = Vec::new();
                while let Ok(value) = case.receives.recv(&receiver).await {
                    received.push(value);
                }
                received
            })
        })
        .collect();
    for producer in producers {
        producer.join();
    }
    let mut all: Vec<usize> = consumers
        .into_iter()
        .flat_map(|consumer| consumer.join())
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..PRODUCERS * EACH).collect::<Vec<_>>());
}

fn a_receive_waits_while_the_channel_is_empty(case: Case) {
    let (sender, receiver) = case.channel();
    let other = receiver.clone();
    let consumer = case
        .receives
        .spawn(async move { case.receives.recv(&other).await });
    until_waiting_at(&receiver, "channel recv");
    case.sends
        .run(async move { case.sends.send(&sender, 1).await.unwrap() });
    assert_eq!(consumer.join(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

/// Other tests wait in this file at the same time; nobody is hurt if this returns a little early.
fn until_waiting_at<T>(_: &Receiver<T>, waits_for: &str) {
    until_waiting(waits_for, "crates/brigade/tests/it/sides.rs", 1);
}

fn a_send_waits_while_the_channel_is_full(case: Case) {
    let Some((sender, receiver)) = case.full_channel() else {
        return;
    };
    let capacity = receiver.len();
    let producer = case
        .sends
        .spawn(async move { case.sends.send(&sender, 1).await });
    until_waiting_at(&receiver, "channel send");
    assert_eq!(receiver.len(), capacity);
    let received = case.receives.run(async move {
        let mut received = Vec::new();
        while let Ok(value) = case.receives.recv(&receiver).await {
            received.push(value);
        }
        received
    });
    assert_eq!(producer.join(), Ok(()));
    assert_eq!(received.iter().sum::<i32>(), 1);
    assert_eq!(received.len(), capacity + 1);
}

fn a_full_channel_refuses_and_gives_the_value_back(case: Case) {
    let Some((sender, receiver)) = case.full_channel() else {
        return;
    };
    assert!(sender.is_full() && receiver.is_full());
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let timed_out = case
        .sends
        .run(async move { case.sends.send_timeout(&sender, 9, SOON).await });
    assert_eq!(timed_out, Err(SendTimeoutError::Timeout(9)));
    assert_eq!(receiver.iter().sum::<i32>(), 0);
}

fn an_empty_channel_times_out(case: Case) {
    let (sender, receiver) = case.channel::<i32>();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let timed_out = case
        .receives
        .run(async move { case.receives.recv_timeout(&receiver, SOON).await });
    assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
    assert!(sender.is_closed());
}

fn a_deadline_in_the_past_tries_once(case: Case) {
    let (sender, receiver) = case.channel();
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

fn a_timeout_beyond_the_clock_waits(case: Case) {
    let (sender, receiver) = case.channel();
    let consumer = case
        .receives
        .spawn(async move { case.receives.recv_timeout(&receiver, Duration::MAX).await });
    let sent = case
        .sends
        .run(async move { case.sends.send_timeout(&sender, 5, Duration::MAX).await });
    assert_eq!(sent, Ok(()));
    assert_eq!(consumer.join(), Ok(5));
}

fn a_value_in_time_beats_the_timeout(case: Case) {
    let (sender, receiver) = case.channel();
    let consumer = case
        .receives
        .spawn(async move { case.receives.recv_timeout(&receiver, FOREVER).await });
    case.sends
        .run(async move { case.sends.send(&sender, 5).await.unwrap() });
    assert_eq!(consumer.join(), Ok(5));
}

fn what_was_sent_before_the_last_sender_left_arrives(case: Case) {
    let (sender, receiver) = case.channel();
    sender.clone().try_send(1).unwrap();
    drop(sender);
    assert!(receiver.is_closed());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

fn sends_fail_once_the_last_receiver_left(case: Case) {
    let (sender, receiver) = case.channel();
    drop(receiver.clone());
    assert_eq!(sender.try_send(1), Ok(()));
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
    let sent = case
        .sends
        .run(async move { case.sends.send(&sender, 3).await });
    assert_eq!(sent.unwrap_err().into_inner(), 3);
}

fn the_last_receiver_wakes_a_waiting_sender(case: Case) {
    let Some((sender, receiver)) = case.full_channel() else {
        return;
    };
    let producer = case
        .sends
        .spawn(async move { case.sends.send(&sender, 1).await });
    until_waiting_at(&receiver, "channel send");
    drop(receiver);
    assert_eq!(producer.join().unwrap_err().into_inner(), 1);
}

fn the_last_sender_wakes_every_waiting_receiver(case: Case) {
    let (sender, receiver) = case.channel::<i32>();
    let consumers: Vec<_> = (0..3)
        .map(|_| {
            let receiver = receiver.clone();
            case.receives
                .spawn(async move { case.receives.recv(&receiver).await })
        })
        .collect();
    until_waiting_at(&receiver, "channel recv");
    drop(sender);
    for consumer in consumers {
        assert_eq!(consumer.join(), Err(RecvError::Closed));
    }
}

fn close_ends_sending_and_keeps_what_was_sent(case: Case) {
    let (sender, receiver) = case.channel();
    sender.try_send(1).unwrap();
    assert!(receiver.close());
    assert!(!sender.close(), "it was closed before");
    assert!(sender.is_closed() && receiver.is_closed());
    assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
    let received = case.receives.run(async move {
        let first = case.receives.recv(&receiver).await;
        (first, case.receives.recv(&receiver).await)
    });
    assert_eq!(received, (Ok(1), Err(RecvError::Closed)));
}

fn length_counts_what_is_in(case: Case) {
    let (sender, receiver) = case.channel();
    assert_eq!(sender.capacity(), case.capacity);
    assert!(sender.is_empty() && receiver.is_empty());
    // Several times around a ring and over several blocks.
    for turn in 0..200 {
        sender.try_send(turn).unwrap();
        assert_eq!((sender.len(), receiver.len()), (1, 1));
        assert_eq!(receiver.is_full(), case.capacity == Some(1));
        assert_eq!(receiver.try_recv(), Ok(turn));
        assert!(receiver.is_empty());
    }
    let most = case.capacity.unwrap_or(100);
    for n in 1..=most {
        sender.try_send(0).unwrap();
        assert_eq!(receiver.len(), n);
    }
}

fn iterators_end_with_the_channel(case: Case) {
    let (sender, receiver) = case.channel();
    let producer = case.sends.spawn(async move {
        for value in 1..=10 {
            case.sends.send(&sender, value).await.unwrap();
        }
    });
    assert_eq!(receiver.iter().take(5).sum::<i32>(), 15);
    assert_eq!((&receiver).into_iter().sum::<i32>(), 40);
    producer.join();
    assert_eq!(receiver.try_iter().count(), 0);
    assert_eq!(receiver.into_iter().next(), None);
}

fn a_drain_takes_what_was_in_and_ends(case: Case) {
    let (sender, receiver) = case.channel();
    let most = case.capacity.unwrap_or(100);
    for value in 0..most {
        sender.try_send(value).unwrap();
    }
    let drained = case.receives.run(async move {
        let mut drained = Vec::new();
        for value in receiver.drain() {
            drained.push(value);
            // Somebody who is as fast as we are.
            case.sends.send(&sender, most).await.unwrap();
        }
        assert_eq!(receiver.len(), most);
        assert_eq!(receiver.drain().next(), Some(most));
        assert_eq!(
            receiver.len(),
            most - 1,
            "what was not taken stays in the channel"
        );
        drained
    });
    assert_eq!(drained, (0..most).collect::<Vec<_>>());
}

fn a_drain_whose_values_others_take_ends_early(case: Case) {
    let (sender, receiver) = case.channel();
    sender.try_send(1).unwrap();
    let mut drain = receiver.drain();
    assert_eq!(drain.size_hint(), (0, Some(1)));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(drain.next(), None);
    sender.try_send(2).unwrap();
    assert_eq!(drain.next(), None);
    assert_eq!(receiver.try_recv(), Ok(2));
}

fn streams_end_with_the_channel(case: Case) {
    let (sender, receiver) = case.channel();
    let producer = case.sends.spawn(async move {
        for value in 1..=10 {
            case.sends.send(&sender, value).await.unwrap();
        }
    });
    let collected = case
        .receives
        .run(receiver.into_stream().collect::<Vec<i32>>());
    producer.join();
    assert_eq!(collected, (1..=10).collect::<Vec<_>>());
}

/// Counts how often it is dropped.
struct Bucket(Arc<AtomicUsize>);

impl Drop for Bucket {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn every_value_is_dropped_once(case: Case) {
    let drops = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = case.channel();
    let sent = case.capacity.unwrap_or(100);
    for _ in 0..sent {
        assert!(sender.try_send(Bucket(Arc::clone(&drops))).is_ok());
    }
    drop(receiver.try_recv());
    assert_eq!(drops.load(Relaxed), 1);
    drop(receiver);
    assert_eq!(
        drops.load(Relaxed),
        sent,
        "nobody can receive them any more"
    );
    assert!(sender.try_send(Bucket(Arc::clone(&drops))).is_err());
    drop(sender);
    assert_eq!(drops.load(Relaxed), sent + 1);
}

fn values_of_no_size_and_of_large_size_arrive(case: Case) {
    let (sender, receiver) = case.channel();
    sender.try_send(()).unwrap();
    assert_eq!(receiver.try_recv(), Ok(()));
    let (sender, receiver) = case.channel();
    for fill in 0..100_u8 {
        sender.try_send([fill; 4096]).unwrap();
        assert_eq!(receiver.try_recv(), Ok([fill; 4096]));
    }
}

macro_rules! suite {
    (of all { $($test:ident)* } of those with room { $($with_room:ident)* }) => {
        macro_rules! case {
            ($name:ident: lane $capacity:expr, $sends:ident -> $receives:ident) => {
                case!($name: $capacity, true, $sends -> $receives);
            };
            ($name:ident: $capacity:expr, $sends:ident -> $receives:ident) => {
                case!($name: $capacity, false, $sends -> $receives);
            };
            ($name:ident: $capacity:expr, $lane:literal, $sends:ident -> $receives:ident) => {
                mod $name {
                    use super::*;
                    const CASE: Case = Case {
                        capacity: $capacity,
                        lane: $lane,
                        sends: $sends,
                        receives: $receives,
                    };
                    $(#[test] fn $test() { super::$test(CASE) })*
                    $(#[test] fn $with_room() { super::$with_room(CASE) })*
                }
            };
        }
        macro_rules! case_without_room {
            ($name:ident: $sends:ident -> $receives:ident) => {
                mod $name {
                    use super::*;
                    const CASE: Case =
                        Case { capacity: Some(0), lane: false, sends: $sends, receives: $receives };
                    $(#[test] fn $test() { super::$test(CASE) })*
                }
            };
        }
    };
}

suite! {
    of all {
        values_arrive_in_the_order_of_sending
        every_value_arrives_once
        a_receive_waits_while_the_channel_is_empty
        a_send_waits_while_the_channel_is_full
        a_full_channel_refuses_and_gives_the_value_back
        an_empty_channel_times_out
        a_timeout_beyond_the_clock_waits
        a_value_in_time_beats_the_timeout
        the_last_receiver_wakes_a_waiting_sender
        the_last_sender_wakes_every_waiting_receiver
        iterators_end_with_the_channel
        streams_end_with_the_channel
    }
    of those with room {
        smoke
        a_deadline_in_the_past_tries_once
        what_was_sent_before_the_last_sender_left_arrives
        sends_fail_once_the_last_receiver_left
        close_ends_sending_and_keeps_what_was_sent
        length_counts_what_is_in
        a_drain_takes_what_was_in_and_ends
        a_drain_whose_values_others_take_ends_early
        every_value_is_dropped_once
        values_of_no_size_and_of_large_size_arrive
    }
}

case_without_room!(none_threads: Thread -> Thread);
case_without_room!(none_tasks: Task -> Task);
case_without_room!(none_thread_to_task: Thread -> Task);
case_without_room!(none_task_to_thread: Task -> Thread);
case!(one_threads: Some(1), Thread -> Thread);
case!(one_tasks: Some(1), Task -> Task);
case!(one_thread_to_task: Some(1), Thread -> Task);
case!(one_task_to_thread: Some(1), Task -> Thread);
case!(three_threads: Some(3), Thread -> Thread);
case!(three_tasks: Some(3), Task -> Task);
case!(three_thread_to_task: Some(3), Thread -> Task);
case!(three_task_to_thread: Some(3), Task -> Thread);
case!(ring_threads: Some(64), Thread -> Thread);
case!(ring_tasks: Some(64), Task -> Task);
case!(ring_thread_to_task: Some(64), Thread -> Task);
case!(ring_task_to_thread: Some(64), Task -> Thread);
case!(lane_threads: lane Some(3), Thread -> Thread);
case!(lane_tasks: lane Some(3), Task -> Task);
case!(lane_thread_to_task: lane Some(3), Thread -> Task);
case!(lane_task_to_thread: lane Some(3), Task -> Thread);
case!(unbounded_threads: None, Thread -> Thread);
case!(unbounded_tasks: None, Task -> Task);
case!(unbounded_thread_to_task: None, Thread -> Task);
case!(unbounded_task_to_thread: None, Task -> Thread);

/// The block for the first value is not built on the stack.
#[test]
fn large_values_need_no_large_stack() {
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let sent = thread.spawn(|| {
        let (sender, receiver) = unbounded::<[u8; 1 << 15]>();
        sender.send([1; 1 << 15]).unwrap();
        receiver.recv().unwrap()[1 << 14]
    });
    assert_eq!(sent.unwrap().join().unwrap(), 1);
}

#[test]
fn a_value_whose_drop_panics_does_not_keep_the_others() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            if self.0.fetch_add(1, Relaxed).is_multiple_of(2) {
                panic!("dropped");
            }
        }
    }
    for (sender, receiver) in [bounded(10), unbounded()] {
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..10 {
            assert!(sender.send(Counted(Arc::clone(&count))).is_ok());
        }
        drop(receiver);
        assert_eq!(count.load(Relaxed), 10);
        drop(sender);
    }
}

/// The line that a panic of this thread names.
fn line_of_panic(panics: impl FnOnce() + std::panic::UnwindSafe) -> (&'static str, u32) {
    use std::cell::Cell;
    use std::sync::Once;
    thread_local! {
        static LAST: Cell<Option<(&'static str, u32)>> = const { Cell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().expect("panics have a place");
            let name = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
            LAST.set(Some((String::leak(name.to_owned()), place.line())));
            before(info);
        }));
    });
    assert!(std::panic::catch_unwind(panics).is_err());
    LAST.take().expect("the hook was called")
}

#[test]
fn a_capacity_that_is_refused_is_the_fault_of_the_callers_line() {
    let asks: [(u32, fn()); 4] = [
        (line!(), || drop(bounded::<i32>(usize::MAX))),
        (line!(), || drop(spsc::<i32>(usize::MAX))),
        (line!(), || drop(broadcast::<i32>(usize::MAX))),
        (line!(), || drop(priority::<i32, 1>([usize::MAX]))),
    ];
    for (line, ask) in asks {
        assert_eq!(line_of_panic(ask), ("channel.rs", line));
    }
}

#[test]
#[should_panic(expected = "beyond any memory")]
fn a_capacity_beyond_memory_is_refused() {
    drop(bounded::<i32>(usize::MAX));
}
