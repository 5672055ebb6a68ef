//! Senders as sinks: what they hold, what they give back, and what their end means.

use crate::sides::Side::{Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::{Receiver, SendError, SendSink, TryRecvError, bounded, unbounded};
use futures::{FutureExt, Sink, SinkExt, StreamExt, stream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A sink that holds 2 because the channel is full with 1.
fn holding() -> (SendSink<i32>, Receiver<i32>) {
    let (sender, receiver) = bounded(1);
    let mut sink = sender.into_sink();
    for value in [1, 2] {
        assert_eq!(sink.feed(value).now_or_never(), Some(Ok(())));
    }
    assert_eq!(receiver.len(), 1);
    (sink, receiver)
}

fn flush(sink: &mut SendSink<i32>) -> Poll<Result<(), SendError<i32>>> {
    Pin::new(sink).poll_flush(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn everything_that_is_fed_arrives_in_its_order() {
    for side in [Thread, Task] {
        for (sender, receiver) in [bounded(1), bounded(7), unbounded()] {
            let values = stream::iter(0..500).map(Ok);
            let feeding = side.spawn(values.forward(sender.into_sink()));
            let received = side.run(async move {
                let mut received = Vec::new();
                while let Ok(value) = side.recv(&receiver).await {
                    received.push(value);
                }
                received
            });
            assert_eq!(feeding.join(), Ok(()));
            assert_eq!(received, (0..500).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_sink_is_ready_again_when_the_channel_has_taken_its_value() {
    let (mut sink, receiver) = holding();
    assert!(flush(&mut sink).is_pending());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_pending());
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(flush(&mut sink), Poll::Ready(Ok(())));
    assert_eq!(receiver.recv(), Ok(2));
    assert_eq!(sink.send(3).now_or_never(), Some(Ok(())));
    assert_eq!(receiver.recv(), Ok(3));
}

#[test]
fn a_flush_that_waits_is_woken() {
    let (mut sink, receiver) = holding();
    let flushing = Task.spawn(async move { sink.flush().await });
    until_waiting("channel send", file!(), 1);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(flushing.join(), Ok(()));
    assert_eq!(receiver.recv(), Ok(2));
}

#[test]
fn a_value_can_be_taken_back_after_any_number_of_polls() {
    for polls in 0..3 {
        let (mut sink, receiver) = holding();
        for _ in 0..polls {
            assert!(flush(&mut sink).is_pending());
        }
        assert_eq!(sink.take(), Some(2));
        assert_eq!(sink.take(), None);
        assert_eq!(flush(&mut sink), Poll::Ready(Ok(())));
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_sink_that_is_dropped_drops_its_value_only() {
    let value = Arc::new(());
    let (sender, receiver) = bounded(1);
    let mut sink = sender.into_sink();
    for _ in 0..2 {
        assert!(matches!(
            sink.feed(Arc::clone(&value)).now_or_never(),
            Some(Ok(()))
        ));
    }
    assert!(sink.flush().now_or_never().is_none());
    assert_eq!(Arc::strong_count(&value), 3);
    drop(sink);
    assert_eq!(Arc::strong_count(&value), 2);
    assert!(receiver.is_closed());
    assert_eq!(receiver.iter().count(), 1);
}

/// It was in front of the other in the queue, and leaves the place that has become free to it.
#[test]
fn a_woken_sink_that_is_dropped_wakes_the_next() {
    let (mut sink, receiver) = holding();
    let sender = sink.sender().unwrap().clone();
    assert!(flush(&mut sink).is_pending());
    let next = Task.spawn(async move { sender.send_async(3).await });
    until_waiting("channel send", file!(), 2);
    assert_eq!(receiver.recv(), Ok(1));
    drop(sink);
    assert_eq!(next.join(), Ok(()));
    assert_eq!(receiver.recv(), Ok(3));
}

#[test]
fn a_closed_channel_gives_the_value_back() {
    let (mut sink, receiver) = holding();
    assert!(flush(&mut sink).is_pending());
    receiver.close();
    assert_eq!(flush(&mut sink), Poll::Ready(Err(SendError::Closed(2))));
    assert_eq!(flush(&mut sink), Poll::Ready(Ok(())));
    assert_eq!(sink.send(3).now_or_never(), Some(Err(SendError::Closed(3))));
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn closing_a_sink_flushes_and_lets_go_of_the_channel() {
    let (mut sink, receiver) = holding();
    assert_eq!(sink.close().now_or_never(), None);
    assert!(sink.sender().is_some());
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(sink.close().now_or_never(), Some(Ok(())));
    assert!(sink.sender().is_none() && receiver.is_closed());
    assert_eq!(sink.close().now_or_never(), Some(Ok(())));
    assert_eq!(sink.send(3).now_or_never(), Some(Err(SendError::Closed(3))));
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [2]);
}

#[test]
fn closing_a_sink_leaves_the_channel_to_other_senders() {
    let (sender, receiver) = unbounded();
    let mut sink = sender.clone().into_sink();
    assert_eq!(sink.close().now_or_never(), Some(Ok(())));
    assert!(!receiver.is_closed());
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
}

/// A sink that is misused panics, and holds what it held.
#[test]
fn a_value_too_many_is_refused() {
    let (mut sink, receiver) = holding();
    let misuse = AssertUnwindSafe(|| Pin::new(&mut sink).start_send(3));
    assert!(catch_unwind(misuse).is_err());
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(flush(&mut sink), Poll::Ready(Ok(())));
    assert_eq!(receiver.recv(), Ok(2));
    assert!(receiver.is_empty());
}
