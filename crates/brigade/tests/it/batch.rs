//! Many values in one call: all arrive, in order, and who gives up has neither lost nor taken any.

use crate::sides::Side::{self, Task, Thread};
use brigade::channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, bounded, never,
    tick, unbounded,
};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn channels<T>() -> Vec<(Sender<T>, Receiver<T>)> {
    vec![bounded(0), bounded(1), bounded(3), bounded(64), unbounded()]
}

async fn send_many(side: Side, sender: &Sender<usize>, values: &mut VecDeque<usize>) {
    let sent = match side {
        Thread => sender.send_many(values),
        Task => sender.send_many_async(values).await,
    };
    assert_eq!(sent, Ok(()));
    assert!(values.is_empty());
}

async fn recv_many(
    side: Side,
    receiver: &Receiver<usize>,
    into: &mut Vec<usize>,
    limit: usize,
) -> Result<usize, RecvError> {
    match side {
        Thread => receiver.recv_many(into, limit),
        Task => receiver.recv_many_async(into, limit).await,
    }
}

fn all_values_arrive_in_order(sends: Side, receives: Side) {
    for (sender, receiver) in channels() {
        let producer = sends.spawn(async move {
            for chunk in 0..10 {
                let mut values = (chunk * 100..(chunk + 1) * 100).collect();
                send_many(sends, &sender, &mut values).await;
            }
        });
        let received = receives.run(async move {
            let mut received = Vec::new();
            loop {
                let before = received.len();
                match recv_many(receives, &receiver, &mut received, 7).await {
                    Ok(count) => {
                        assert!((1..=7).contains(&count));
                        assert_eq!(received.len(), before + count);
                    }
                    Err(error) => {
                        assert_eq!(error, RecvError::Closed);
                        break received;
                    }
                }
            }
        });
        producer.join();
        assert_eq!(received, (0..1000).collect::<Vec<_>>());
    }
}

#[test]
fn all_values_arrive_in_order_between_threads() {
    all_values_arrive_in_order(Thread, Thread);
}

#[test]
fn all_values_arrive_in_order_between_tasks() {
    all_values_arrive_in_order(Task, Task);
}

#[test]
fn all_values_arrive_in_order_from_thread_to_task() {
    all_values_arrive_in_order(Thread, Task);
}

#[test]
fn all_values_arrive_in_order_from_task_to_thread() {
    all_values_arrive_in_order(Task, Thread);
}

/// Batches and single values, of threads and tasks, at the same ends.
#[test]
fn many_and_single_calls_mix() {
    for (sender, receiver) in channels() {
        let senders: Vec<_> = [Thread, Task, Thread, Task]
            .into_iter()
            .enumerate()
            .map(|(nth, side)| {
                let sender = sender.clone();
                side.spawn(async move {
                    for turn in 0..50 {
                        if nth < 2 {
                            send_many(side, &sender, &mut (0..10).collect()).await;
                        } else {
                            side.send(&sender, turn % 10).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        drop(sender);
        let receivers: Vec<_> = [Thread, Task, Thread, Task]
            .into_iter()
            .enumerate()
            .map(|(nth, side)| {
                let receiver = receiver.clone();
                side.spawn(async move {
                    let mut received = Vec::new();
                    loop {
                        let more = if nth < 2 {
                            recv_many(side, &receiver, &mut received, 5).await.is_ok()
                        } else {
                            let value = side.recv(&receiver).await;
                            received.extend(value);
                            value.is_ok()
                        };
                        if !more {
                            break received;
                        }
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|actor| actor.join());
        let all: Vec<_> = receivers
            .into_iter()
            .flat_map(|actor| actor.join())
            .collect();
        assert_eq!(all.len(), 2 * 50 * 10 + 2 * 50);
        assert_eq!(all.iter().sum::<usize>(), 2 * 50 * 45 + 2 * 5 * 45);
    }
}

#[test]
fn one_call_takes_what_there_is_and_no_more() {
    let (sender, receiver) = unbounded();
    sender.send_many(&mut (0..200).collect()).unwrap();
    let mut into = vec![usize::MAX];
    assert_eq!(receiver.recv_many(&mut into, 0), Ok(0));
    assert_eq!(receiver.recv_many(&mut into, 150), Ok(150));
    assert_eq!(receiver.recv_many(&mut into, usize::MAX), Ok(50));
    assert_eq!(into[1..], (0..200).collect::<Vec<_>>());
}

/// The clock makes a value whenever one is taken.
#[test]
fn one_call_ends_though_values_keep_coming() {
    let mut into = Vec::new();
    let received = tick(Duration::ZERO).recv_many(&mut into, usize::MAX);
    assert_eq!(received, Ok(into.len()));
}

#[test]
fn an_empty_channel_times_out() {
    for (sender, receiver) in channels::<i32>() {
        let mut into = Vec::new();
        let past = Instant::now();
        let soon = Duration::from_millis(1);
        let timed_out = Err(RecvTimeoutError::Timeout);
        assert_eq!(receiver.recv_many_deadline(&mut into, 3, past), timed_out);
        assert_eq!(receiver.recv_many_timeout(&mut into, 3, soon), timed_out);
        let (awaited, receiver) = Task.run(async move {
            let mut into = Vec::new();
            let awaited = receiver.recv_many_timeout_async(&mut into, 3, soon).await;
            (awaited, receiver)
        });
        assert_eq!(awaited, timed_out);
        drop(sender);
        let closed = Err(RecvTimeoutError::Closed);
        assert_eq!(
            receiver.recv_many_timeout(&mut into, 3, Duration::MAX),
            closed
        );
        assert!(into.is_empty());
    }
    assert!(
        never::<i32>()
            .recv_many_timeout(&mut Vec::new(), 1, Duration::ZERO)
            .is_err()
    );
}

#[test]
fn what_a_closed_channel_has_not_taken_stays_with_the_sender() {
    let (sender, receiver) = bounded(2);
    let producer = std::thread::spawn(move || {
        let mut values = VecDeque::from([1, 2, 3, 4]);
        (sender.send_many(&mut values), values)
    });
    assert_eq!(receiver.recv(), Ok(1));
    receiver.close();
    let (sent, left) = producer.join().unwrap();
    assert_eq!(sent, Err(SendError::Closed(())));
    let received: Vec<_> = receiver.iter().collect();
    let all: Vec<_> = [1].into_iter().chain(received).chain(left).collect();
    assert_eq!(all, [1, 2, 3, 4]);
}

#[test]
fn futures_dropped_after_any_number_of_polls_lose_nothing() {
    for polls in 0..3 {
        let (sender, receiver) = bounded(2);
        let mut values = VecDeque::from([1, 2, 3]);
        {
            let mut send = pin!(sender.send_many_async(&mut values));
            for _ in 0..polls {
                assert!(poll(send.as_mut()).is_pending());
            }
        }
        let mut into = Vec::new();
        {
            let mut recv = pin!(receiver.recv_many_async(&mut into, 9));
            if polls > 0 {
                assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(2)));
            }
        }
        let all: Vec<_> = into.into_iter().chain(values).collect();
        assert_eq!(all, [1, 2, 3]);
        let mut into = Vec::new();
        let mut recv = Box::pin(receiver.recv_many_async(&mut into, 9));
        for _ in 0..polls {
            assert!(poll(recv.as_mut()).is_pending());
        }
        sender.try_send(4).unwrap();
        drop(recv);
        assert_eq!(receiver.try_recv(), Ok(4));
    }
}

#[test]
fn a_send_of_many_that_runs_out_of_time_keeps_what_it_has_not_sent() {
    let past = Instant::now();
    for side in [Thread, Task] {
        let (sender, receiver) = bounded(2);
        let mut values = VecDeque::from([1, 2, 3]);
        let sent = side.run(async move {
            let sent = match side {
                Thread => sender.send_many_deadline(&mut values, past),
                Task => sender.send_many_deadline_async(&mut values, past).await,
            };
            (sent, values, sender)
        });
        let (sent, mut values, sender) = sent;
        assert_eq!(sent, Err(SendTimeoutError::Timeout(())));
        assert_eq!(values, [3]);
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2]);
        // With time enough the rest goes, too.
        assert_eq!(sender.send_many_timeout(&mut values, Duration::MAX), Ok(()));
        assert_eq!(receiver.recv(), Ok(3));
        values.push_back(4);
        receiver.close();
        let mut send = pin!(sender.send_many_timeout_async(&mut values, Duration::MAX));
        assert_eq!(
            poll(send.as_mut()),
            Poll::Ready(Err(SendTimeoutError::Closed(())))
        );
    }
}

#[test]
fn a_receive_of_many_with_a_deadline_in_the_past_tries_once() {
    let past = Instant::now();
    for (sender, receiver) in channels() {
        let mut into = Vec::new();
        {
            let mut recv = pin!(receiver.recv_many_deadline_async(&mut into, 5, past));
            assert_eq!(
                poll(recv.as_mut()),
                Poll::Ready(Err(RecvTimeoutError::Timeout))
            );
        }
        if sender.try_send(7).is_err() {
            // Without room nothing is there before somebody asks for it.
            continue;
        }
        {
            let mut recv = pin!(receiver.recv_many_deadline_async(&mut into, 5, past));
            assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(1)));
        }
        assert_eq!(into, [7]);
    }
}
