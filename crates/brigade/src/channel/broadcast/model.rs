//! Loom's proof for the broadcast channel: every value reaches every receiver or is counted as lost, whoever
//! clones has the value for as long, nobody sleeps through a send or a close, and nothing is dropped twice
//! or leaked.

use super::super::broadcast;
use super::{Receiver, RecvError, TryRecvError};
use crate::prim::{clock, three_threads};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A value whose leak or double drop loom notices.
type Value = Arc<usize>;

/// Receives to the end. Returns the values, and how many were lost.
fn drain(receiver: &mut Receiver<Value>) -> (Vec<usize>, u64) {
    let (mut values, mut lost) = (Vec::new(), 0);
    loop {
        match receiver.recv() {
            Ok(value) => values.push(*value),
            Err(RecvError::Lagged(count)) => lost += count,
            Err(_) => return (values, lost),
        }
    }
}

/// `drain`, without waiting.
fn take_what_is_there(receiver: &mut Receiver<Value>) -> (Vec<usize>, u64) {
    let (mut values, mut lost) = (Vec::new(), 0);
    loop {
        match receiver.try_recv() {
            Ok(value) => values.push(*value),
            Err(TryRecvError::Lagged(count)) => lost += count,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return (values, lost),
        }
    }
}

fn is_in_order(values: &[usize]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn a_slow_receiver_loses_what_is_counted_and_nothing_else() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast(1);
        let producer = thread::spawn(move || {
            for value in 1..=2 {
                sender.send(Arc::new(value)).unwrap();
            }
        });
        let (values, lost) = drain(&mut receiver);
        assert_eq!(values.len() + lost as usize, 2);
        assert!(is_in_order(&values) && values.ends_with(&[2]), "{values:?}");
        producer.join().unwrap();
    });
}

/// With two places, and a receiver that has fallen behind before the race begins.
#[test]
fn a_receiver_that_is_overtaken_while_it_looks_counts_exactly() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast(2);
        for value in 1..=3 {
            sender.send(Arc::new(value)).unwrap();
        }
        let producer = thread::spawn(move || {
            for value in 4..=5 {
                sender.send(Arc::new(value)).unwrap();
            }
        });
        let (mut values, mut lost) = take_what_is_there(&mut receiver);
        producer.join().unwrap();
        let rest = take_what_is_there(&mut receiver);
        values.extend(rest.0);
        lost += rest.1;
        assert_eq!(values.len() + lost as usize, 5);
        assert!(
            is_in_order(&values) && values.ends_with(&[4, 5]),
            "{values:?}"
        );
    });
}

/// Two receivers clone the same value while it is overtaken: the last of them drops it.
#[test]
fn a_value_that_is_overtaken_stays_with_those_who_clone_it() {
    three_threads(|| {
        let (sender, mut receiver) = broadcast(1);
        sender.send(Arc::new(1)).unwrap();
        let mut other = receiver.clone();
        let producer = thread::spawn(move || {
            sender.send(Arc::new(2)).unwrap();
            sender.send(Arc::new(3)).unwrap();
        });
        let first = |receiver: &mut Receiver<Value>| match receiver.try_recv() {
            Ok(value) => *value,
            Err(TryRecvError::Lagged(lost)) => lost as usize + 1,
            Err(error) => panic!("there has always been a value: {error}"),
        };
        let consumer = thread::spawn(move || first(&mut other));
        assert!((1..=3).contains(&first(&mut receiver)));
        assert!((1..=3).contains(&consumer.join().unwrap()));
        producer.join().unwrap();
    });
}

#[test]
fn two_senders_of_one_place_take_turns() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast(1);
        let other = sender.clone();
        let producer = thread::spawn(move || other.send(Arc::new(1)).unwrap());
        sender.send(Arc::new(2)).unwrap();
        producer.join().unwrap();
        let (values, lost) = take_what_is_there(&mut receiver);
        assert_eq!((values.len(), lost), (1, 1));
    });
}

#[test]
fn two_senders_and_a_receiver_meet_in_one_place() {
    three_threads(|| {
        let (sender, mut receiver) = broadcast(1);
        let producers = [1, 2].map(|value| {
            let sender = sender.clone();
            thread::spawn(move || sender.send(Arc::new(value)).unwrap())
        });
        let (values, lost) = take_what_is_there(&mut receiver);
        for producer in producers {
            producer.join().unwrap();
        }
        let (rest, lost_after) = take_what_is_there(&mut receiver);
        assert_eq!(values.len() + rest.len() + (lost + lost_after) as usize, 2);
    });
}

/// No close comes after it, which would wake as well.
#[test]
fn one_send_wakes_a_thread() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast(1);
        let consumer = thread::spawn(move || receiver.recv());
        assert_eq!(sender.send(1), Ok(1));
        assert_eq!(consumer.join().unwrap(), Ok(1));
    });
}

/// Notes a wake, with std's atomics: they add no interleavings.
#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

impl std::task::Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn one_send_wakes_a_thread_and_a_task() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast(1);
        let mut other = receiver.clone();
        let woken = std::sync::Arc::<Woken>::default();
        let waker = Waker::from(std::sync::Arc::clone(&woken));
        let mut task = Box::pin(receiver.recv_async());
        let cx = &mut Context::from_waker(&waker);
        assert!(task.as_mut().poll(cx).is_pending());
        let thread = thread::spawn(move || other.recv());
        assert_eq!(sender.send(1), Ok(2));
        assert!(woken.0.load(std::sync::atomic::Ordering::Relaxed));
        assert_eq!(task.as_mut().poll(cx), Poll::Ready(Ok(1)));
        assert_eq!(thread.join().unwrap(), Ok(1));
    });
}

/// Who is woken by the first value must not stay behind with the second.
#[test]
fn a_task_sees_two_values_and_the_end() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast(2);
        let producer = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        block_on(async {
            assert_eq!(receiver.recv_async().await, Ok(1));
            assert_eq!(receiver.recv_async().await, Ok(2));
            assert_eq!(receiver.recv_async().await, Err(RecvError::Closed));
        });
        producer.join().unwrap();
    });
}

#[test]
fn close_wakes_a_sleeping_receiver() {
    loom::model(|| {
        let (sender, mut receiver) = broadcast::<u8>(1);
        let consumer = thread::spawn(move || receiver.recv());
        sender.close();
        assert_eq!(consumer.join().unwrap(), Err(RecvError::Closed));
    });
}

/// The one who gives up has taken no other's wake, nor the value.
#[test]
fn a_dropped_recv_future_loses_no_value() {
    three_threads(|| {
        let (sender, mut receiver) = broadcast(1);
        let mut other = receiver.clone();
        let consumer = thread::spawn(move || block_on(other.recv_async()));
        let producer = thread::spawn(move || sender.send(1).unwrap());
        let polled = {
            let mut recv = pin!(receiver.recv_async());
            recv.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        producer.join().unwrap();
        if polled.is_pending() {
            assert_eq!(receiver.try_recv(), Ok(1));
        }
        assert_eq!(consumer.join().unwrap(), Ok(1));
    });
}

/// The last receiver cleans up while a value is sent and another receiver comes.
#[test]
fn who_subscribes_while_the_last_receiver_goes_loses_nothing() {
    loom::model(|| {
        let (sender, receiver) = broadcast(1);
        sender.send(Arc::new(1)).unwrap();
        let leaving = thread::spawn(move || drop(receiver));
        let mut receiver = sender.subscribe();
        let value = Arc::new(2);
        sender.send(Arc::clone(&value)).unwrap();
        leaving.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 2, "ours, and that of the ring");
        assert_eq!(*receiver.recv().unwrap(), 2);
    });
}

#[test]
fn what_is_sent_while_the_last_receiver_goes_is_dropped_once() {
    loom::model(|| {
        let (sender, receiver) = broadcast(1);
        sender.send(Arc::new(1)).unwrap();
        let leaving = thread::spawn(move || drop(receiver));
        for value in 2..=3 {
            if let Err(error) = sender.send(Arc::new(value)) {
                assert_eq!(*error.into_inner(), value);
            }
        }
        leaving.join().unwrap();
    });
}

/// Also behind one who has claimed a place and not finished.
#[test]
fn who_does_not_wait_finds_what_its_thread_has_sent() {
    for waits in [false, true] {
        loom::model(move || {
            let (sender, mut receiver) = broadcast(2);
            let other = sender.clone();
            let in_front = thread::spawn(move || other.send(1).unwrap());
            sender.send(2).unwrap();
            if waits {
                let now = clock::now();
                let mut recv = pin!(receiver.recv_deadline_async(now));
                let polled = recv.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(polled, Poll::Ready(Ok(_))));
            } else {
                assert!(receiver.recv_deadline(clock::now()).is_ok());
            }
            in_front.join().unwrap();
        });
    }
}
