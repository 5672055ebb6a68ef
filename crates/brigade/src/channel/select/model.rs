//! Loom's proof for selects: no value, free place or close at any arm is slept through, and the wakes of arms
//! that were not done reach whoever else waits there.

use crate::channel::{Receiver, RecvError, bounded, unbounded};
use crate::prim::three_threads;
use crate::select::Select;
use loom::future::block_on;
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

/// Receives at whichever is first, and says where.
fn either(a: &Receiver<i32>, b: &Receiver<i32>) -> (char, Result<i32, RecvError>) {
    let mut select = Select::new()
        .recv(a, |value| ('a', value))
        .recv(b, |value| ('b', value));
    select.wait().unwrap()
}

async fn either_async(a: &Receiver<i32>, b: &Receiver<i32>) -> (char, Result<i32, RecvError>) {
    let mut select = Select::new()
        .recv(a, |value| ('a', value))
        .recv(b, |value| ('b', value));
    select.wait_async().await.unwrap()
}

#[test]
fn a_value_at_either_arm_wakes_a_thread() {
    for to_first in [true, false] {
        loom::model(move || {
            let (a, b) = (bounded(1), unbounded());
            let select = thread::spawn(move || either(&a.1, &b.1));
            let (sender, arm) = if to_first { (a.0, 'a') } else { (b.0, 'b') };
            sender.send(1).unwrap();
            assert_eq!(select.join().unwrap(), (arm, Ok(1)));
        });
    }
}

#[test]
fn a_value_at_either_arm_wakes_a_task() {
    for to_first in [true, false] {
        loom::model(move || {
            let (a, b) = (bounded(1), unbounded());
            let select = thread::spawn(move || block_on(either_async(&a.1, &b.1)));
            let (sender, arm) = if to_first { (a.0, 'a') } else { (b.0, 'b') };
            sender.send(1).unwrap();
            assert_eq!(select.join().unwrap(), (arm, Ok(1)));
        });
    }
}

/// The second select finds what was left, or waits for what is not there yet.
#[test]
fn two_senders_are_heard_one_after_the_other() {
    three_threads(|| {
        let (a, b) = (bounded(1), bounded(1));
        let senders = [(a.0, 1), (b.0, 2)].map(|(sender, value)| {
            thread::spawn(move || {
                sender.send(value).unwrap();
                // The channel stays open until both have been heard.
                sender
            })
        });
        let sum = either(&a.1, &b.1).1.unwrap() + either(&a.1, &b.1).1.unwrap();
        assert_eq!(sum, 3);
        for sender in senders {
            drop(sender.join().unwrap());
        }
    });
}

/// Of a receive and a future, each of which comes to its end when a thread sends, whichever is first, and then the other.
async fn beside_a_future(a: Receiver<i32>, b: Receiver<i32>) -> i32 {
    let mut future = pin!(b.recv_async());
    let mut select = Select::new()
        .recv(&a, |value| ('a', value))
        .future(future.as_mut(), |value| ('b', value));
    let (first, value) = select.wait_async().await.unwrap();
    drop(select);
    let other = match first {
        'a' => future.await,
        _ => a.recv_async().await,
    };
    value.unwrap() + other.unwrap()
}

#[test]
fn a_future_beside_a_channel_is_woken_and_neither_is_lost() {
    for to_future_first in [true, false] {
        loom::model(move || {
            let (a, b) = (bounded(1), bounded(1));
            let (to_a, to_b) = (a.0.clone(), b.0.clone());
            let sends = thread::spawn(move || {
                if to_future_first {
                    to_b.send(2).unwrap();
                }
                to_a.send(1).unwrap();
                if !to_future_first {
                    to_b.send(2).unwrap();
                }
            });
            assert_eq!(block_on(beside_a_future(a.1, b.1)), 3);
            sends.join().unwrap();
        });
    }
}

#[test]
fn a_future_and_a_channel_are_woken_at_the_same_time() {
    three_threads(|| {
        let (a, b) = (bounded(1), bounded(1));
        let senders = [(a.0, 1), (b.0, 2)].map(|(sender, value)| {
            thread::spawn(move || {
                sender.send(value).unwrap();
                sender
            })
        });
        assert_eq!(block_on(beside_a_future(a.1, b.1)), 3);
        for sender in senders {
            drop(sender.join().unwrap());
        }
    });
}

/// The select is first in line, and stays there while its future is polled. If that is done, the value at the other arm
/// reaches the task behind.
#[test]
fn a_select_that_is_polled_in_its_place_passes_on_a_wake_that_comes_meanwhile() {
    loom::model(|| {
        let (a, b) = (bounded(1), bounded(1));
        let mut selecting = Box::pin(async {
            let mut future = pin!(b.1.recv_async());
            let mut select = Select::new()
                .recv(&a.1, |_| 'a')
                .future(future.as_mut(), |_| 'b');
            select.wait_async().await.unwrap()
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(selecting.as_mut().poll(&mut cx).is_pending());
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        let mut behind = Box::pin(a.1.recv_async());
        let waits = behind.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(waits.is_pending());
        b.0.send(2).unwrap();
        let to_a = a.0.clone();
        let sends = thread::spawn(move || to_a.send(1).unwrap());
        let done = selecting.as_mut().poll(&mut cx);
        sends.join().unwrap();
        let is_woken = woken.0.load(Relaxed);
        assert!(
            done == Poll::Ready('a') || is_woken,
            "a value lies beside a sleeper"
        );
        assert!(done.is_ready());
    });
}

#[test]
fn an_arm_that_sends_is_woken_by_room() {
    loom::model(|| {
        let (sender, receiver) = bounded(1);
        let (_open, quiet) = bounded::<i32>(1);
        sender.send(1).unwrap();
        let select = thread::spawn(move || {
            let mut select =
                Select::new()
                    .recv(&quiet, |value| value.is_err())
                    .send(&sender, 2, |sent| sent.is_ok());
            select.wait().unwrap()
        });
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Ok(2));
        assert!(select.join().unwrap());
    });
}

#[test]
fn a_close_at_either_arm_wakes_a_select() {
    for receiving in [true, false] {
        loom::model(move || {
            let (a, b) = (bounded::<i32>(1), bounded(1));
            b.0.send(1).unwrap();
            let (to_full, from) = (b.0.clone(), a.1.clone());
            let select = thread::spawn(move || {
                let mut select =
                    Select::new()
                        .recv(&from, |value| value.is_err())
                        .send(&to_full, 2, |sent| sent.is_err());
                select.wait().unwrap()
            });
            if receiving {
                a.1.close();
            } else {
                b.1.close();
            }
            assert!(select.join().unwrap());
        });
    }
}

/// Polled once and dropped: whatever wakes it was given must reach the other receiver.
#[test]
fn a_select_that_is_dropped_passes_its_wake_on() {
    three_threads(|| {
        let (a, b) = (bounded(1), bounded::<i32>(1));
        let from_a = a.1.clone();
        let receiver = thread::spawn(move || from_a.recv().unwrap());
        let to_a = a.0.clone();
        let sender = thread::spawn(move || to_a.send(1).unwrap());
        let taken = {
            let mut select = pin!(either_async(&a.1, &b.1));
            let polled = select
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            polled.is_ready()
        };
        if taken {
            a.0.send(1).unwrap();
        }
        sender.join().unwrap();
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

/// Loom's clock stands still, so that the deadline has come by the first look at it.
#[test]
fn a_select_whose_time_is_up_passes_its_wake_on() {
    three_threads(|| {
        let (a, b) = (bounded(1), bounded::<i32>(1));
        let from_a = a.1.clone();
        let receiver = thread::spawn(move || from_a.recv().unwrap());
        let to_a = a.0.clone();
        let hasty = thread::spawn(move || {
            let mut select = Select::new()
                .recv(&a.1, |value| value)
                .recv(&b.1, |value| value);
            if let Ok(value) = select.wait_timeout(std::time::Duration::ZERO) {
                to_a.send(value.unwrap()).unwrap();
            }
        });
        a.0.send(1).unwrap();
        hasty.join().unwrap();
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

/// Notes a wake, with std's atomics: they add no interleavings.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// Whatever the select takes: a value that it leaves at the other arm reaches the task that waits there, whether
/// the wake was spent on the select, or left to it because it was on its way.
#[test]
fn a_select_passes_on_the_wake_of_the_arm_that_was_not_done() {
    loom::model(|| {
        let (a, b) = (bounded(1), bounded(1));
        let (from_a, from_b) = (a.1.clone(), b.1.clone());
        let select = thread::spawn(move || either(&from_a, &from_b));
        let woken = Arc::<Woken>::default();
        let mut task = Box::pin(a.1.recv_async());
        let waker = Waker::from(Arc::clone(&woken));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        a.0.send(1).unwrap();
        b.0.send(2).unwrap();
        let (arm, _) = select.join().unwrap();
        let is_woken = woken.0.load(Relaxed);
        assert!(arm == 'a' || is_woken, "a value lies beside a sleeper");
    });
}

/// Two values at one arm while the select is on its way: one is its own, the other reaches the task behind.
#[test]
fn a_select_wakes_the_task_behind_it_for_a_second_value() {
    loom::model(|| {
        let (a, b) = (bounded(2), bounded::<i32>(1));
        let (from_a, from_b) = (a.1.clone(), b.1.clone());
        let select = thread::spawn(move || either(&from_a, &from_b));
        let woken = Arc::<Woken>::default();
        let mut task = Box::pin(a.1.recv_async());
        let waker = Waker::from(Arc::clone(&woken));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        a.0.send(1).unwrap();
        a.0.send(2).unwrap();
        assert!(select.join().unwrap().1.is_ok());
        assert!(woken.0.load(Relaxed), "a value lies beside a sleeper");
    });
}

/// A select polled again with another waker wakes the new one at whichever arm, or has been woken already.
#[test]
fn a_select_that_is_polled_by_a_second_task_wakes_the_second() {
    for to_first in [true, false] {
        loom::model(move || {
            let (a, b) = (bounded(1), bounded(1));
            let sender = if to_first { a.0.clone() } else { b.0.clone() };
            let sender = thread::spawn(move || sender.send(1).unwrap());
            let mut select = Box::pin(either_async(&a.1, &b.1));
            let first = select
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            if first.is_pending() {
                assert_eq!(block_on(select).1, Ok(1));
            }
            sender.join().unwrap();
        });
    }
}

/// The same channel at two arms is two places in one queue.
#[test]
fn the_same_channel_at_two_arms_loses_no_value() {
    loom::model(|| {
        let (sender, receiver) = bounded(2);
        let select = thread::spawn(move || {
            let first = either(&receiver, &receiver).1.unwrap();
            first + either(&receiver, &receiver).1.unwrap()
        });
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(select.join().unwrap(), 3);
    });
}

/// A channel without room: the select asks, and takes its question back if the other arm is done.
#[test]
fn a_select_meets_a_sender_without_room() {
    loom::model(|| {
        let (a, b) = (bounded(0), bounded(0));
        let (from_a, from_b) = (a.1.clone(), b.1.clone());
        let select = thread::spawn(move || either(&from_a, &from_b));
        a.0.send(1).unwrap();
        assert_eq!(select.join().unwrap(), ('a', Ok(1)));
        assert!(b.0.try_send(2).is_err(), "nobody asks");
    });
}
