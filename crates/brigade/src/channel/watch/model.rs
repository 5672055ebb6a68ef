//! Loom's proof for the watch channel: nobody sleeps through a value, a close or the end of the last
//! receiver, the last value is always seen, no update is lost, and no value is freed twice or leaked.

use super::ChangedError;
use crate::channel::watch;
use crate::prim::{Arc, three_threads};
use loom::future::block_on;
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

#[test]
fn a_sleeping_thread_sees_the_last_value_and_then_the_close() {
    loom::model(|| {
        let (sender, mut receiver) = watch(0);
        let writer = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        let mut last = 0;
        while let Ok(value) = receiver.changed() {
            assert!(*value > last, "a value was seen twice or out of order");
            last = *value;
        }
        assert_eq!(last, 2);
        writer.join().unwrap();
    });
}

#[test]
fn a_sleeping_task_sees_the_last_value_and_then_the_close() {
    loom::model(|| {
        let (sender, mut receiver) = watch(0);
        let writer = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        block_on(async {
            let mut last = 0;
            while let Ok(value) = receiver.changed_async().await {
                assert!(*value > last, "a value was seen twice or out of order");
                last = *value;
            }
            assert_eq!(last, 2);
        });
        writer.join().unwrap();
    });
}

/// The sender stays: only its wakes can end the two waits. The thread that the first has woken may be on its
/// way for as long as it likes, and may find the second value: that does nothing for the task.
#[test]
fn a_thread_on_its_way_leaves_no_task_asleep() {
    three_threads(|| {
        let (sender, mut one) = watch(0);
        let mut two = one.clone();
        let task =
            thread::spawn(move || *block_on(two.wait_for_async(|value| *value == 2)).unwrap());
        let writer = thread::spawn(move || {
            sender.send_replace(1);
            sender.send_replace(2);
            sender
        });
        assert!(*one.changed().unwrap() > 0);
        let _sender = writer.join().unwrap();
        assert_eq!(task.join().unwrap(), 2);
    });
}

/// The first wake may be for a value that does not match.
#[test]
fn who_waits_for_a_value_is_woken_by_each() {
    loom::model(|| {
        let (sender, mut receiver) = watch(0);
        let waiter = thread::spawn(move || *receiver.wait_for(|value| *value == 2).unwrap());
        sender.send_replace(1);
        sender.send_replace(2);
        assert_eq!(waiter.join().unwrap(), 2);
    });
}

#[test]
fn close_wakes_a_sleeping_receiver() {
    loom::model(|| {
        let (sender, mut receiver) = watch(0);
        let waiter = thread::spawn(move || receiver.changed());
        drop(sender);
        assert_eq!(waiter.join().unwrap(), Err(ChangedError::Closed));
    });
}

#[test]
fn the_last_receiver_wakes_a_sleeping_sender() {
    three_threads(|| {
        let (sender, one) = watch(0);
        let two = one.clone();
        let gone = thread::spawn(move || drop(one));
        let waiter = thread::spawn(move || sender.closed());
        drop(two);
        gone.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn no_update_is_lost() {
    loom::model(|| {
        let (sender, receiver) = watch(0);
        let other = sender.clone();
        let adder = thread::spawn(move || other.modify(|sum| *sum += 1));
        sender.modify(|sum| *sum += 2);
        adder.join().unwrap();
        assert_eq!(*receiver.get(), 3);
    });
}

/// A future that is dropped, whatever it was told, leaves the others awake and has seen nothing.
#[test]
fn a_dropped_future_costs_nobody_the_value() {
    three_threads(|| {
        let (sender, mut receiver) = watch(0);
        let mut other = receiver.clone();
        let waiter = thread::spawn(move || *other.changed().unwrap());
        let writer = thread::spawn(move || drop(sender.send_replace(1)));
        let polled = pin!(receiver.changed_async())
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready();
        writer.join().unwrap();
        assert_eq!(waiter.join().unwrap(), 1);
        assert_eq!(receiver.has_changed(), !polled);
    });
}

/// Loom counts the owners of each value.
#[test]
fn every_value_is_dropped_once() {
    loom::model(|| {
        let (sender, receiver) = watch(Arc::new(0));
        let reader = thread::spawn(move || (**receiver.get(), receiver));
        sender.send_replace(Arc::new(1));
        let (value, receiver) = reader.join().unwrap();
        assert!(value <= 1);
        drop(sender);
        assert_eq!(**receiver.get(), 1);
    });
}
