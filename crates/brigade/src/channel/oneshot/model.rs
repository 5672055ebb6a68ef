//! Loom's proof: the value arrives or comes back, nobody sleeps through the end of the other side, and what
//! was shared is freed once, after everything else.

use super::super::{RecvError, RecvTimeoutError, oneshot};
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Loom counts its `Arc`s, so a value that is lost or dropped twice is reported.
fn value() -> Arc<i32> {
    Arc::new(7)
}

#[test]
fn the_value_reaches_a_thread() {
    loom::model(|| {
        let (sender, receiver) = oneshot();
        let answers = thread::spawn(move || sender.send(value()).unwrap());
        assert_eq!(*receiver.recv().unwrap(), 7);
        answers.join().unwrap();
    });
}

#[test]
fn the_value_reaches_a_task() {
    loom::model(|| {
        let (sender, receiver) = oneshot();
        let answers = thread::spawn(move || sender.send(value()).unwrap());
        assert_eq!(*block_on(receiver.into_future()).unwrap(), 7);
        answers.join().unwrap();
    });
}

#[test]
fn a_sender_that_is_dropped_wakes_a_thread() {
    loom::model(|| {
        let (sender, receiver) = oneshot::<Arc<i32>>();
        let asks = thread::spawn(move || receiver.recv());
        drop(sender);
        assert!(asks.join().unwrap().is_err());
    });
}

#[test]
fn a_sender_that_is_dropped_wakes_a_task() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::<i32>();
        let asks = thread::spawn(move || block_on(receiver.recv_async()));
        drop(sender);
        assert_eq!(asks.join().unwrap(), Err(RecvError::Closed));
    });
}

#[test]
fn both_ends_leave_at_once() {
    loom::model(|| {
        let (sender, receiver) = oneshot::<Arc<i32>>();
        let leaves = thread::spawn(move || drop(receiver));
        drop(sender);
        leaves.join().unwrap();
    });
}

/// Nobody receives the value: it comes back, or is dropped with what was shared.
#[test]
fn a_receiver_leaves_while_the_value_is_sent() {
    loom::model(|| {
        let (sender, receiver) = oneshot();
        let leaves = thread::spawn(move || drop(receiver));
        let kept = value();
        if let Err(error) = sender.send(Arc::clone(&kept)) {
            assert_eq!(*error.into_inner(), 7);
        }
        leaves.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}

#[test]
fn a_value_is_sent_before_or_after_the_close() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        let answers = thread::spawn(move || sender.send(value()).is_ok());
        let could_send = receiver.close();
        let received = receiver.recv();
        assert_eq!(received.is_ok(), !could_send);
        assert_eq!(answers.join().unwrap(), received.is_ok());
    });
}

#[test]
fn a_receiver_that_leaves_wakes_a_thread() {
    loom::model(|| {
        let (sender, receiver) = oneshot::<i32>();
        let watches = thread::spawn(move || sender.closed());
        drop(receiver);
        watches.join().unwrap();
    });
}

/// Who sees the close sees what was done before it, too.
#[test]
fn a_close_wakes_a_task() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        let before = Arc::new(AtomicBool::new(false));
        let done_before = Arc::clone(&before);
        let watches = thread::spawn(move || {
            block_on(sender.closed_async());
            assert!(done_before.load(Relaxed));
            assert_eq!(sender.send(1).unwrap_err().into_inner(), 1);
        });
        before.store(true, Relaxed);
        assert!(receiver.close());
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        watches.join().unwrap();
    });
}

/// Both sides have waited, so both wake before they are out.
#[test]
fn both_ends_have_waited_and_leave_at_once() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        assert!(poll(pin!(receiver.recv_async())).is_pending());
        assert!(poll(pin!(sender.closed_async())).is_pending());
        let answers = thread::spawn(move || sender.send(value()).is_ok());
        drop(receiver);
        answers.join().unwrap();
    });
}

#[test]
fn a_timeout_leaves_the_value_where_it_is() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        let answers = thread::spawn(move || sender.send(value()).unwrap());
        let received = match receiver.recv_timeout(Duration::from_secs(1)) {
            Err(RecvTimeoutError::Timeout) => receiver.recv(),
            other => Ok(other.unwrap()),
        };
        assert_eq!(*received.unwrap(), 7);
        answers.join().unwrap();
    });
}

#[test]
fn a_dropped_future_leaves_the_value_where_it_is() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        let answers = thread::spawn(move || sender.send(value()).unwrap());
        let polled = poll(pin!(receiver.recv_async()));
        let received = match polled {
            Poll::Ready(received) => received,
            Poll::Pending => block_on(receiver.into_future()),
        };
        assert_eq!(*received.unwrap(), 7);
        answers.join().unwrap();
    });
}

/// A leaked future stays in the queue for ever, and is the oldest there.
#[test]
fn a_leaked_future_takes_nobodys_wake() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        let mut leaked = Box::pin(receiver.recv_async());
        assert!(poll(leaked.as_mut()).is_pending());
        std::mem::forget(leaked);
        let answers = thread::spawn(move || sender.send(value()).unwrap());
        assert_eq!(*receiver.recv().unwrap(), 7);
        answers.join().unwrap();
    });
}
