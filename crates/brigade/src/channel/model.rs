//! Loom's proof for the flavors: every value arrives once, nobody sleeps through a value, a free place
//! or a close, and no block or value is freed twice or leaked.

mod cancelled;

use super::{RecvError, bounded, priority, unbounded};
use crate::prim::three_threads;
use futures_sink::Sink;
use loom::future::block_on;
use loom::thread;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

#[test]
fn ring_hands_over_between_threads() {
    loom::model(|| {
        let (sender, receiver) = bounded(1);
        let producer = thread::spawn(move || {
            sender.send(Box::new(1)).unwrap();
            sender.send(Box::new(2)).unwrap();
        });
        assert_eq!(*receiver.recv().unwrap(), 1);
        assert_eq!(*receiver.recv().unwrap(), 2);
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        producer.join().unwrap();
    });
}

#[test]
fn ring_hands_over_from_task_to_thread() {
    loom::model(|| {
        let (sender, receiver) = bounded(1);
        let producer = thread::spawn(move || {
            block_on(async {
                sender.send_async(1).await.unwrap();
                sender.send_async(2).await.unwrap();
            });
        });
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Ok(2));
        producer.join().unwrap();
    });
}

#[test]
fn ring_two_senders_one_receiver() {
    three_threads(|| {
        let (sender, receiver) = bounded(1);
        let producers: Vec<_> = [1, 2]
            .map(|value| {
                let sender = sender.clone();
                thread::spawn(move || sender.send(value).unwrap())
            })
            .into();
        drop(sender);
        let sum = receiver.recv().unwrap() + receiver.recv().unwrap();
        assert_eq!(sum, 3);
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

#[test]
fn ring_two_receivers_share_two_values() {
    three_threads(|| {
        let (sender, receiver) = bounded(2);
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || receiver.recv().unwrap())
            })
            .collect();
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        let sum: i32 = consumers
            .into_iter()
            .map(|consumer| consumer.join().unwrap())
            .sum();
        assert_eq!(sum, 3);
    });
}

#[test]
fn blocks_hand_over_across_a_block() {
    loom::model(|| {
        let (sender, receiver) = unbounded();
        let producer = thread::spawn(move || {
            for value in 0..3 {
                sender.send(Box::new(value)).unwrap();
            }
        });
        for value in 0..3 {
            assert_eq!(*receiver.recv().unwrap(), value);
        }
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        producer.join().unwrap();
    });
}

#[test]
fn blocks_two_senders_one_receiver() {
    three_threads(|| {
        let (sender, receiver) = unbounded();
        let other = sender.clone();
        let producer = thread::spawn(move || other.send(Box::new(1)).unwrap());
        let second = thread::spawn(move || {
            sender.send(Box::new(2)).unwrap();
        });
        assert_eq!(*receiver.recv().unwrap() + *receiver.recv().unwrap(), 3);
        producer.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn blocks_two_receivers_empty_one_block() {
    loom::model(|| {
        let (sender, receiver) = unbounded();
        sender.send(Box::new(1)).unwrap();
        sender.send(Box::new(2)).unwrap();
        sender.send(Box::new(3)).unwrap();
        let other = receiver.clone();
        let consumer = thread::spawn(move || *other.recv().unwrap());
        let first = *receiver.recv().unwrap();
        assert_ne!(consumer.join().unwrap(), first);
        assert!(receiver.recv().is_ok());
    });
}

#[test]
fn dropping_the_last_receiver_drops_what_is_being_sent() {
    loom::model(|| {
        let (sender, receiver) = unbounded();
        let producer = thread::spawn(move || {
            for value in 0..2 {
                if sender.send(Box::new(value)).is_err() {
                    break;
                }
            }
        });
        drop(receiver);
        producer.join().unwrap();
    });
}

#[test]
fn close_wakes_a_sleeping_sender() {
    loom::model(|| {
        let (sender, receiver) = bounded(1);
        sender.send(1).unwrap();
        let producer = thread::spawn(move || sender.send(2));
        receiver.close();
        assert_eq!(producer.join().unwrap().unwrap_err().into_inner(), 2);
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
    });
}

#[test]
fn close_wakes_a_sleeping_receiver() {
    loom::model(|| {
        let (sender, receiver) = unbounded::<i32>();
        let consumer = thread::spawn(move || receiver.recv());
        sender.close();
        assert_eq!(consumer.join().unwrap(), Err(RecvError::Closed));
    });
}

/// The receiver looks at the lanes one by one, and sleeps through a value in none of them.
#[test]
fn lanes_hand_over_in_the_order_of_urgency() {
    loom::model(|| {
        let ([urgent, ordinary], receiver) = priority([1, 1]);
        let producer = thread::spawn(move || {
            urgent.send(Box::new(1)).unwrap();
            ordinary.send(Box::new(2)).unwrap();
        });
        assert_eq!(*receiver.recv().unwrap(), 1);
        assert_eq!(*receiver.recv().unwrap(), 2);
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        producer.join().unwrap();
    });
}

#[test]
fn lanes_a_sender_each_one_receiver() {
    three_threads(|| {
        let (senders, receiver) = priority([1, 1]);
        let producers = senders.map(|sender| thread::spawn(move || sender.send(1).unwrap()));
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Ok(1));
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

/// Whoever makes room wakes a sender of that lane.
#[test]
fn lanes_a_full_one_hands_over_to_a_task() {
    loom::model(|| {
        let ([urgent, ordinary], receiver) = priority([1, 1]);
        urgent.send(0).unwrap();
        ordinary.send(1).unwrap();
        let producer = thread::spawn(move || block_on(ordinary.send_async(2)).unwrap());
        for value in 0..3 {
            assert_eq!(receiver.recv(), Ok(value));
        }
        producer.join().unwrap();
    });
}

/// Who finds that another has taken what it saw looks again, at all of them.
#[test]
fn lanes_two_receivers_share_two_values() {
    loom::model(|| {
        let ([urgent, ordinary], receiver) = priority([1, 1]);
        ordinary.send(1).unwrap();
        let other = receiver.clone();
        let consumer = thread::spawn(move || other.recv().unwrap());
        urgent.send(2).unwrap();
        assert_eq!(receiver.recv().unwrap() + consumer.join().unwrap(), 3);
    });
}

/// Between the close of one lane and that of the next, nobody is told that it is over.
#[test]
fn lanes_a_close_loses_nothing_that_was_sent() {
    loom::model(|| {
        let ([_urgent, ordinary], receiver) = priority([1, 1]);
        let other = receiver.clone();
        let closer = thread::spawn(move || other.close());
        let sent = ordinary.try_send(1).is_ok();
        assert_eq!(receiver.recv().is_ok(), sent);
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        assert!(closer.join().unwrap());
    });
}

#[test]
fn lanes_a_close_wakes_the_sender_of_the_last() {
    loom::model(|| {
        let ([_urgent, ordinary], receiver) = priority([1, 1]);
        ordinary.send(1).unwrap();
        let producer = thread::spawn(move || ordinary.send(2));
        receiver.close();
        assert_eq!(producer.join().unwrap().unwrap_err().into_inner(), 2);
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
    });
}

/// The value is for whoever still waits, whatever the dropped future was told.
#[test]
fn a_dropped_recv_future_loses_no_value() {
    three_threads(|| {
        let (sender, receiver) = bounded(1);
        let other = receiver.clone();
        let consumer = thread::spawn(move || block_on(other.recv_async()));
        let producer = thread::spawn(move || sender.send(1).unwrap());
        let taken = {
            let mut recv = pin!(receiver.recv_async());
            let polled = recv.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            // It may also find that the other has taken the value and the channel is closed.
            matches!(polled, Poll::Ready(Ok(_)))
        };
        producer.join().unwrap();
        let received = consumer.join().unwrap();
        assert_eq!(received.is_ok(), !taken);
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

/// A wake is spent on an attempt that comes before the sender in front has finished: whoever gives up
/// after that leaves no value beside a sleeper.
#[test]
fn a_receive_that_came_too_early_and_is_dropped_leaves_nobody_asleep() {
    loom::model(|| {
        let (sender, receiver) = bounded(2);
        let woken = [(); 3].map(|()| std::sync::Arc::<Woken>::default());
        let wakers = woken.clone().map(Waker::from);
        let mut receives = [(); 3].map(|()| Box::pin(receiver.recv_async()));
        for (recv, waker) in receives.iter_mut().zip(&wakers) {
            let polled = recv.as_mut().poll(&mut Context::from_waker(waker));
            assert!(polled.is_pending());
        }
        let other = sender.clone();
        let in_front = thread::spawn(move || other.send(1).unwrap());
        sender.send(2).unwrap();
        let [mut hasty, _first, _second] = receives;
        let polled = hasty.as_mut().poll(&mut Context::from_waker(&wakers[0]));
        drop((polled, hasty));
        in_front.join().unwrap();
        let awake =
            |woken: &&std::sync::Arc<Woken>| woken.0.load(std::sync::atomic::Ordering::Relaxed);
        let awake = woken[1..].iter().filter(awake).count();
        assert!(awake >= receiver.len(), "a value lies beside a sleeper");
    });
}

#[test]
fn a_weak_sender_never_opens_what_has_closed() {
    loom::model(|| {
        let (sender, receiver) = bounded(1);
        let weak = sender.downgrade();
        let last = thread::spawn(move || drop(sender));
        let upgraded = weak.upgrade();
        if let Some(sender) = &upgraded {
            sender.try_send(1).unwrap();
        }
        let sent = upgraded.is_some();
        drop(upgraded);
        assert_eq!(receiver.recv().is_ok(), sent);
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        last.join().unwrap();
        assert!(weak.upgrade().is_none());
    });
}

#[test]
fn rendezvous_hands_over_between_threads() {
    loom::model(|| {
        let (sender, receiver) = bounded(0);
        let producer = thread::spawn(move || {
            sender.send(Box::new(1)).unwrap();
            sender.send(Box::new(2)).unwrap();
        });
        assert_eq!(*receiver.recv().unwrap(), 1);
        assert_eq!(*receiver.recv().unwrap(), 2);
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
        producer.join().unwrap();
    });
}

#[test]
fn rendezvous_hands_over_from_thread_to_task() {
    loom::model(|| {
        let (sender, receiver) = bounded(0);
        let producer = thread::spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        block_on(async {
            assert_eq!(receiver.recv_async().await, Ok(1));
            assert_eq!(receiver.recv_async().await, Ok(2));
        });
        producer.join().unwrap();
    });
}

/// More ask at a time than there are slots.
#[test]
fn rendezvous_three_questions_for_two_slots() {
    three_threads(|| {
        let (sender, receiver) = bounded(0);
        let mut asked = [(); 3].map(|()| Box::pin(receiver.recv_async()));
        let cx = &mut Context::from_waker(Waker::noop());
        for recv in &mut asked {
            assert!(recv.as_mut().poll(cx).is_pending());
        }
        let producer = thread::spawn(move || (0..3).for_each(|value| sender.send(value).unwrap()));
        for (value, recv) in asked.into_iter().enumerate() {
            assert_eq!(block_on(recv), Ok(value));
        }
        producer.join().unwrap();
    });
}

/// A receive that gives up takes nothing along, whatever it was told.
#[test]
fn rendezvous_a_dropped_recv_future_loses_no_value() {
    three_threads(|| {
        let (sender, receiver) = bounded(0);
        let producer = thread::spawn(move || sender.send(1));
        let taken = {
            let mut recv = pin!(receiver.recv_async());
            let polled = recv.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            matches!(polled, Poll::Ready(Ok(_)))
        };
        if !taken {
            assert_eq!(receiver.recv(), Ok(1));
        }
        assert!(producer.join().unwrap().is_ok());
    });
}

/// A sender that is dropped after a look has woken it: the one behind it hears of the question that the look has
/// left, and that another receive has taken over.
#[test]
fn rendezvous_a_question_that_is_taken_over_reaches_a_sender() {
    loom::model(|| {
        let (sender, receiver) = bounded(0);
        let mut leaving = sender.clone().into_sink();
        let cx = &mut Context::from_waker(Waker::noop());
        Pin::new(&mut leaving).start_send(1).unwrap();
        assert!(Pin::new(&mut leaving).poll_flush(cx).is_pending());
        let woken = std::sync::Arc::<Woken>::default();
        let waker = Waker::from(std::sync::Arc::clone(&woken));
        let mut staying = pin!(sender.send_async(2));
        let polled = staying.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let leaves = thread::spawn(move || drop(leaving));
        assert!(receiver.try_recv().is_err());
        let mut recv = pin!(receiver.recv_async());
        assert!(recv.as_mut().poll(cx).is_pending());
        leaves.join().unwrap();
        assert!(woken.0.load(std::sync::atomic::Ordering::Relaxed));
    });
}
