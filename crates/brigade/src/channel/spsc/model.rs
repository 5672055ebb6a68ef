//! Loom's proof for the channel of two: every value arrives once and in order, and nobody sleeps through a value,
//! a free place or a close.

use super::super::{RecvError, spsc};
use super::{Receiver, Sender};
use loom::future::block_on;
use loom::thread;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

/// Runs a sender in a thread of its own and the receiver in this one.
fn between<T: std::marker::Send + 'static>(
    capacity: usize,
    send: fn(Sender<T>),
    receive: fn(Receiver<T>),
) {
    loom::model(move || {
        let (sender, receiver) = spsc(capacity);
        let producer = thread::spawn(move || send(sender));
        receive(receiver);
        producer.join().unwrap();
    });
}

#[test]
fn threads_hand_over() {
    between(
        1,
        |mut sender| {
            sender.send(Box::new(1)).unwrap();
            sender.send(Box::new(2)).unwrap();
        },
        |mut receiver| {
            assert_eq!(*receiver.recv().unwrap(), 1);
            assert_eq!(*receiver.recv().unwrap(), 2);
            assert_eq!(receiver.recv(), Err(RecvError::Closed));
        },
    );
}

#[test]
fn a_task_hands_over_to_a_thread() {
    between(
        1,
        |mut sender| {
            block_on(async {
                sender.send_async(1).await.unwrap();
                sender.send_async(2).await.unwrap();
            });
        },
        |mut receiver| {
            assert_eq!((receiver.recv(), receiver.recv()), (Ok(1), Ok(2)));
        },
    );
}

#[test]
fn a_thread_hands_over_to_a_task() {
    between(
        1,
        |mut sender| {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        },
        |mut receiver| {
            block_on(async {
                assert_eq!(receiver.recv_async().await, Ok(1));
                assert_eq!(receiver.recv_async().await, Ok(2));
                assert_eq!(receiver.recv_async().await, Err(RecvError::Closed));
            });
        },
    );
}

#[test]
fn threads_hand_over_many() {
    between(
        2,
        |mut sender| {
            let mut values = VecDeque::from([1, 2, 3]);
            sender.send_many(&mut values).unwrap();
            assert!(values.is_empty());
        },
        |mut receiver| {
            let mut values = Vec::new();
            while receiver.recv_many(&mut values, 2).is_ok() {}
            assert_eq!(values, [1, 2, 3]);
        },
    );
}

#[test]
fn tasks_hand_over_many() {
    between(
        1,
        |mut sender| {
            let mut values = VecDeque::from([1, 2]);
            block_on(sender.send_many_async(&mut values)).unwrap();
        },
        |mut receiver| {
            let mut values = Vec::new();
            while block_on(receiver.recv_many_async(&mut values, 2)).is_ok() {}
            assert_eq!(values, [1, 2]);
        },
    );
}

#[test]
fn a_close_wakes_the_sender() {
    between(
        1,
        |mut sender| {
            let sent = [1, 2].map(|value| sender.send(value).is_ok());
            assert!(!sent[1], "there was room for one");
        },
        drop,
    );
}

#[test]
fn a_close_wakes_the_receiver() {
    between::<i32>(1, drop, |mut receiver| {
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
    });
}

/// What was sent is received or dropped, and what was not comes back.
#[test]
fn a_receiver_that_goes_drops_what_is_being_sent() {
    between(
        2,
        |mut sender| {
            let mut values = VecDeque::from([Box::new(1), Box::new(2), Box::new(3)]);
            assert!(sender.send_many(&mut values).is_err());
            assert!(!values.is_empty());
        },
        drop,
    );
}

#[test]
fn a_dropped_receive_loses_nothing() {
    between(
        1,
        |mut sender| sender.send(1).unwrap(),
        |mut receiver| {
            let received = {
                let mut recv = pin!(receiver.recv_async());
                recv.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_ready()
            };
            assert_eq!(receiver.recv().is_ok(), !received);
        },
    );
}
