//! Room that is reserved, and room that is made by force.

use crate::sides::Side::{Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::{
    Receiver, SendError, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded, unbounded,
};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn channels() -> Vec<(Sender<i32>, Receiver<i32>)> {
    vec![bounded(1), bounded(3), bounded(64)]
}

#[test]
fn room_that_is_reserved_is_missing_to_others_and_not_in_the_order() {
    for (sender, receiver) in channels() {
        let capacity = sender.capacity().unwrap() as i32;
        let permit = sender.try_reserve().unwrap();
        for value in 1..capacity {
            sender.try_send(value).unwrap();
        }
        assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
        assert_eq!(sender.try_reserve().unwrap_err(), TrySendError::Full(()));
        assert_eq!(receiver.len() as i32, capacity - 1);
        // What was sent after the reservation comes out before its value.
        for value in 1..capacity {
            assert_eq!(receiver.try_recv(), Ok(value));
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        permit.send(100).unwrap();
        assert_eq!(receiver.try_recv(), Ok(100));
        for value in 0..capacity {
            sender.try_send(value).unwrap();
        }
    }
}

#[test]
fn a_permit_that_is_dropped_gives_its_room_to_one_who_waits() {
    for side in [Thread, Task] {
        let (sender, receiver) = bounded(1);
        let permit = sender.reserve().unwrap();
        let other = sender.clone();
        let producer = side.spawn(async move { side.send(&other, 1).await });
        until_waiting("channel send", "crates/brigade/tests/it/sides.rs", 1);
        drop(permit);
        assert_eq!(producer.join(), Ok(()));
        assert_eq!(receiver.recv(), Ok(1));
    }
}

#[test]
fn a_reserve_waits_while_the_channel_is_full() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    let producer = {
        let sender = sender.clone();
        thread::spawn(move || sender.reserve().map(|permit| permit.send(2)))
    };
    until_waiting("channel reserve", file!(), 1);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(producer.join().unwrap(), Ok(Ok(())));
    assert_eq!(receiver.recv(), Ok(2));
}

#[test]
fn a_reserve_dropped_after_any_number_of_polls_reserves_nothing() {
    for polls in 0..3 {
        let (sender, receiver) = bounded(1);
        sender.try_send(0).unwrap();
        let mut reserve = Box::pin(sender.reserve_async());
        for _ in 0..polls {
            assert!(poll(reserve.as_mut()).is_pending());
        }
        assert_eq!(receiver.try_recv(), Ok(0));
        drop(reserve);
        assert_eq!(sender.try_send(1), Ok(()));
        assert_eq!(receiver.try_recv(), Ok(1));
        let mut reserve = pin!(sender.reserve_async());
        let Poll::Ready(Ok(permit)) = poll(reserve.as_mut()) else {
            panic!("there is room");
        };
        permit.send(2).unwrap();
        assert_eq!(receiver.try_recv(), Ok(2));
    }
}

#[test]
fn a_closed_channel_reserves_nothing_and_gives_the_value_back() {
    for (sender, receiver) in channels().into_iter().chain([unbounded()]) {
        let permit = sender.reserve().unwrap();
        let dropped = sender.try_reserve();
        receiver.close();
        assert_eq!(permit.send(7), Err(SendError::Closed(7)));
        drop(dropped);
        assert_eq!(sender.reserve().unwrap_err(), SendError::Closed(()));
        assert_eq!(sender.try_reserve().unwrap_err(), TrySendError::Closed(()));
        assert_eq!(sender.force_send(8), Err(SendError::Closed(8)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn without_room_a_permit_is_for_a_question() {
    let (sender, receiver) = bounded(0);
    assert_eq!(sender.try_reserve().unwrap_err(), TrySendError::Full(()));
    let mut recv = pin!(receiver.recv_async());
    assert!(poll(recv.as_mut()).is_pending());
    let permit = sender.try_reserve().unwrap();
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    drop(permit);
    let permit = sender.try_reserve().unwrap();
    permit.send(2).unwrap();
    assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(2)));
}

#[test]
fn a_permit_that_is_leaked_keeps_its_room_and_nothing_else() {
    let (sender, receiver) = bounded(2);
    std::mem::forget(sender.reserve());
    for value in 0..100 {
        sender.send(value).unwrap();
        assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
        assert_eq!(receiver.recv(), Ok(value));
    }
}

/// Permits, sends, force and receives against each other: every value is counted.
#[test]
fn permits_and_sends_mix() {
    const EACH: usize = 2000;
    for capacity in [1, 2, 7] {
        let (sender, receiver) = bounded(capacity);
        let senders: Vec<_> = (0..4)
            .map(|nth| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for value in 0..EACH {
                        match nth {
                            0 => sender.send(value).unwrap(),
                            1 => sender.reserve().unwrap().send(value).unwrap(),
                            2 => {
                                drop(sender.try_reserve());
                                sender.send(value).unwrap();
                            }
                            _ => {
                                let reserved = futures::executor::block_on(sender.reserve_async());
                                reserved.unwrap().send(value).unwrap();
                            }
                        }
                        assert!(sender.len() <= capacity);
                    }
                })
            })
            .collect();
        drop(sender);
        let receivers = [receiver.clone(), receiver].map(|receiver| {
            thread::spawn(move || receiver.iter().fold((0, 0), |(n, sum), v| (n + 1, sum + v)))
        });
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
        let (count, sum) = receivers
            .map(|receiver| receiver.join().unwrap())
            .into_iter()
            .fold((0, 0), |(n, sum), (m, more)| (n + m, sum + more));
        assert_eq!((count, sum), (4 * EACH, 4 * EACH * (EACH - 1) / 2));
    }
}

#[test]
fn force_makes_the_oldest_go() {
    for (sender, receiver) in channels() {
        let capacity = sender.capacity().unwrap() as i32;
        for value in 0..capacity {
            assert_eq!(sender.force_send(value), Ok(None));
        }
        for value in 0..3 * capacity {
            assert_eq!(sender.force_send(capacity + value), Ok(Some(value)));
        }
        let left: Vec<_> = receiver.try_iter().collect();
        assert_eq!(left, (3 * capacity..4 * capacity).collect::<Vec<_>>());
    }
    let (sender, receiver) = unbounded();
    assert_eq!(sender.force_send(1), Ok(None));
    assert_eq!(receiver.recv(), Ok(1));
}

#[test]
fn force_finds_no_room_where_none_can_be_made() {
    let (sender, receiver) = bounded(0);
    assert_eq!(sender.force_send(1), Ok(Some(1)));
    let mut recv = pin!(receiver.recv_async());
    assert!(poll(recv.as_mut()).is_pending());
    assert_eq!(sender.force_send(1), Ok(None));
    assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(1)));
    let (sender, receiver) = bounded(1);
    let permit = sender.reserve().unwrap();
    assert_eq!(sender.force_send(1), Ok(Some(1)));
    permit.send(2).unwrap();
    assert_eq!(receiver.recv(), Ok(2));
}

/// Whatever is forced in comes out, at the receivers or at who made it go.
#[test]
fn force_loses_and_doubles_nothing() {
    const EACH: usize = 5000;
    let (sender, receiver) = bounded(3);
    let evicted = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..3)
        .map(|nth| {
            let (sender, evicted) = (sender.clone(), Arc::clone(&evicted));
            thread::spawn(move || {
                for value in 1..=EACH {
                    if nth == 0 {
                        sender.send(value).unwrap();
                    } else if let Some(old) = sender.force_send(value).unwrap() {
                        evicted.fetch_add(old, Relaxed);
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let received = [receiver.clone(), receiver]
        .map(|receiver| thread::spawn(move || receiver.iter().sum::<usize>()));
    senders
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
    let received: usize = received
        .map(|receiver| receiver.join().unwrap())
        .iter()
        .sum();
    assert_eq!(received + evicted.load(Relaxed), 3 * EACH * (EACH + 1) / 2);
}

#[test]
fn a_lane_has_permits_force_and_batches_of_its_own() {
    let ([urgent, ordinary], receiver) = brigade::channel::priority([1, 2]);
    let permit = urgent.try_reserve().unwrap();
    assert!(urgent.try_send(0).is_err());
    ordinary.send_many(&mut [1, 2].into()).unwrap();
    assert_eq!(ordinary.force_send(3), Ok(Some(1)));
    permit.send(9).unwrap();
    assert_eq!(urgent.force_send(10), Ok(Some(9)));
    let mut received = Vec::new();
    assert_eq!(receiver.recv_many(&mut received, 9), Ok(3));
    assert_eq!(received, [10, 2, 3]);
}

#[test]
fn a_reservation_that_runs_out_of_time_holds_no_room() {
    let past = Instant::now();
    for side in [Thread, Task] {
        let (sender, receiver) = bounded(1);
        sender.send(1).unwrap();
        let sender = side.run(async move {
            let timed_out = match side {
                Thread => sender
                    .reserve_deadline(past)
                    .is_err_and(|error| error.is_timeout()),
                Task => {
                    let reserved = sender.reserve_deadline_async(past).await;
                    reserved.is_err_and(|error| error.is_timeout())
                }
            };
            assert!(timed_out);
            sender
        });
        assert_eq!(receiver.recv(), Ok(1));
        // All the room there is can be had, also by one with time enough.
        sender
            .reserve_timeout(Duration::MAX)
            .unwrap()
            .send(2)
            .unwrap();
        assert_eq!(receiver.recv(), Ok(2));
        receiver.close();
        let mut reserve = pin!(sender.reserve_timeout_async(Duration::MAX));
        let Poll::Ready(Err(error)) = poll(reserve.as_mut()) else {
            panic!("the channel is closed");
        };
        assert_eq!(error, SendTimeoutError::Closed(()));
    }
}
