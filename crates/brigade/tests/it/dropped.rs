//! Futures dropped at every point: no value is lost, none is sent twice, no wake is swallowed.

use crate::by_hand::{poll, poll_counted};
use brigade::channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded, unbounded};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

fn channels() -> Vec<(Sender<i32>, Receiver<i32>)> {
    vec![bounded(1), bounded(3), bounded(64), unbounded()]
}

#[test]
fn a_receive_dropped_after_any_number_of_polls_takes_nothing() {
    for (sender, receiver) in channels() {
        for polls in 0..3 {
            let mut recv = Box::pin(receiver.recv_async());
            for _ in 0..polls {
                assert!(poll(recv.as_mut()).is_pending());
            }
            sender.try_send(polls).unwrap();
            drop(recv);
            assert_eq!(receiver.try_recv(), Ok(polls));
        }
    }
}

#[test]
fn a_woken_receive_that_is_dropped_wakes_the_next() {
    for (sender, receiver) in channels() {
        let (first, second) = (Arc::default(), Arc::default());
        let mut one = Box::pin(receiver.recv_async());
        let mut two = Box::pin(receiver.recv_async());
        assert!(poll_counted(one.as_mut(), &first).is_pending());
        assert!(poll_counted(two.as_mut(), &second).is_pending());
        sender.try_send(1).unwrap();
        assert_eq!((first.get(), second.get()), (1, 0));
        drop(one);
        assert_eq!(second.get(), 1);
        assert_eq!(poll(two.as_mut()), Poll::Ready(Ok(1)));
    }
}

#[test]
fn a_send_dropped_after_any_number_of_polls_sends_nothing() {
    let (sender, receiver) = bounded(1);
    for polls in 0..3 {
        sender.try_send(0).unwrap();
        let mut send = Box::pin(sender.send_async(9));
        for _ in 0..polls {
            assert!(poll(send.as_mut()).is_pending());
        }
        drop(send);
        assert_eq!(receiver.try_recv(), Ok(0));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_woken_send_that_is_dropped_wakes_the_next() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let (first, second) = (Arc::default(), Arc::default());
    let mut one = Box::pin(sender.send_async(1));
    let mut two = Box::pin(sender.send_async(2));
    assert!(poll_counted(one.as_mut(), &first).is_pending());
    assert!(poll_counted(two.as_mut(), &second).is_pending());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((first.get(), second.get()), (1, 0));
    drop(one);
    assert_eq!(second.get(), 1);
    assert_eq!(poll(two.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn a_send_that_is_cancelled_gives_its_value_back() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let mut send = pin!(sender.send_async(String::from("dear").len()));
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!(send.as_mut().cancel(), Some(4));
    assert_eq!(send.cancel(), None);
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let mut sent = pin!(sender.send_async(1));
    assert_eq!(poll(sent.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(sent.cancel(), None);
}

#[test]
fn the_last_waker_is_the_one_that_is_called() {
    let (sender, receiver) = bounded(1);
    let (stale, fresh) = (Arc::default(), Arc::default());
    let mut recv = pin!(receiver.recv_async());
    assert!(poll_counted(recv.as_mut(), &stale).is_pending());
    assert!(poll_counted(recv.as_mut(), &fresh).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!((stale.get(), fresh.get()), (0, 1));
}

#[test]
fn a_stream_that_is_dropped_takes_nothing() {
    let (sender, receiver) = bounded(1);
    let mut stream = receiver.clone().into_stream();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(futures::Stream::poll_next(Pin::new(&mut stream), &mut cx).is_pending());
    sender.try_send(1).unwrap();
    drop(stream);
    assert_eq!(receiver.try_recv(), Ok(1));
}

/// Whatever is leaked stays valid: its place in the queue is memory that nobody frees.
#[test]
fn a_leaked_future_does_no_harm() {
    let (sender, receiver) = bounded(2);
    let sender: &'static Sender<i32> = Box::leak(Box::new(sender));
    let receiver: &'static Receiver<i32> = Box::leak(Box::new(receiver));
    let mut leaked = Box::pin(receiver.recv_async());
    assert!(poll(leaked.as_mut()).is_pending());
    std::mem::forget(leaked);
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(2));
}

/// A future that is misused panics, and the channel goes on as if it had never been.
#[test]
fn a_send_polled_after_its_end_panics_and_claims_nothing() {
    for (sender, receiver) in channels() {
        let mut done = Box::pin(sender.send_async(1));
        assert!(poll(done.as_mut()).is_ready());
        let again = catch_unwind(AssertUnwindSafe(|| poll(done.as_mut())));
        assert!(again.is_err());
        assert_eq!(receiver.try_recv(), Ok(1));
        let mut cancelled = Box::pin(sender.send_async(2));
        assert_eq!(cancelled.as_mut().cancel(), Some(2));
        let again = catch_unwind(AssertUnwindSafe(|| poll(cancelled.as_mut())));
        assert!(again.is_err());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.try_send(3).unwrap();
        assert_eq!((receiver.len(), receiver.try_recv()), (1, Ok(3)));
    }
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the application");
    }
}

/// Whose task is broken is not the fault of the one on the other side.
#[test]
fn a_waker_that_panics_costs_the_other_side_nothing() {
    let broken = Waker::from(Arc::new(Panics));
    let cx = &mut Context::from_waker(&broken);
    let (sender, receiver) = bounded(1);
    let mut recv = Box::pin(receiver.recv_async());
    assert!(recv.as_mut().poll(cx).is_pending());
    assert_eq!(sender.try_send(1), Ok(()));
    let mut send = Box::pin(sender.send_async(2));
    assert!(send.as_mut().poll(cx).is_pending());
    assert_eq!(receiver.recv(), Ok(1));
    let (healthy, count) = (bounded::<i32>(1), Arc::default());
    let mut first = Box::pin(healthy.1.recv_async());
    let mut second = Box::pin(healthy.1.recv_async());
    assert!(first.as_mut().poll(cx).is_pending());
    assert!(poll_counted(second.as_mut(), &count).is_pending());
    assert!(healthy.0.close());
    assert_eq!(count.get(), 1);
}

/// A task that always finds a value lets others run now and then, and loses nothing by it.
#[test]
fn a_task_in_a_receive_loop_yields() {
    for (sender, receiver) in channels() {
        let woken = Arc::default();
        let mut yielded = 0;
        for value in 0.. {
            sender.try_send(value).unwrap();
            let mut recv = pin!(receiver.recv_async());
            while poll_counted(recv.as_mut(), &woken) != Poll::Ready(Ok(value)) {
                yielded += 1;
            }
            if yielded == 3 {
                break;
            }
        }
        assert_eq!(woken.get(), yielded, "it wakes itself");
    }
}

#[test]
fn a_deadline_in_the_past_tries_once_also_at_the_end_of_a_turn() {
    let (sender, receiver) = unbounded();
    let past = std::time::Instant::now();
    for value in 0..100_000 {
        sender.send(value).unwrap();
        let mut recv = pin!(receiver.recv_deadline_async(past));
        assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(value)));
    }
}

/// As one that looks again and again for what is put there by a task on the same thread.
#[test]
fn a_task_in_a_loop_of_deadlines_in_the_past_yields() {
    let (_sender, receiver) = unbounded::<i32>();
    let past = std::time::Instant::now();
    let mut yielded = 0;
    while yielded < 3 {
        let mut recv = pin!(receiver.recv_deadline_async(past));
        while poll(recv.as_mut()) != Poll::Ready(Err(RecvTimeoutError::Timeout)) {
            yielded += 1;
        }
    }
}
