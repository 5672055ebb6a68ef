//! What the channels of the standard library are known to do, restated for ours: with a bound and without, and
//! with several receivers.
//!
//! Where the standard library says that the other side has disconnected, the channel is closed here.

use crate::sides::Side::{self, Task, Thread};
use brigade::channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, TrySendError, bounded,
    unbounded,
};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
const CAPACITIES: [Option<usize>; 4] = [None, Some(0), Some(1), Some(4)];
/// Those that take a value before anybody asks for it.
const HOLDING: [Option<usize>; 3] = [None, Some(1), Some(4)];
const SOON: Duration = Duration::from_millis(2);

fn channel<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    capacity.map_or_else(unbounded, bounded)
}

/// Every capacity with every kind of actor on either side.
fn cases() -> impl Iterator<Item = (Option<usize>, Side, Side)> {
    let sides = |capacity| {
        SIDES
            .into_iter()
            .flat_map(move |sends| SIDES.map(|receives| (capacity, sends, receives)))
    };
    CAPACITIES.into_iter().flat_map(sides)
}

#[test]
fn what_is_left_in_a_channel_is_dropped_with_it() {
    for capacity in HOLDING {
        for sender_first in [true, false] {
            let value = Arc::new(());
            let (sender, receiver) = channel(capacity);
            sender.send(Arc::clone(&value)).unwrap();
            assert_eq!(Arc::strong_count(&value), 2);
            if sender_first {
                drop(sender);
                drop(receiver);
            } else {
                drop(receiver);
                drop(sender);
            }
            assert_eq!(Arc::strong_count(&value), 1);
        }
    }
}

#[test]
fn clones_drop_what_is_left_with_the_last_of_them() {
    for capacity in HOLDING {
        let value = Arc::new(());
        let (sender, receiver) = channel(capacity);
        let (clone, other) = (sender.clone(), receiver.clone());
        drop(sender);
        clone.send(Arc::clone(&value)).unwrap();
        drop((clone, receiver));
        assert_eq!(Arc::strong_count(&value), 2);
        drop(other);
        assert_eq!(Arc::strong_count(&value), 1);
    }
}

#[test]
fn a_value_crosses_from_one_actor_to_another() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let producer = sends.spawn(async move { sends.send(&sender, Box::new(10)).await });
        let received = receives.run(async move { receives.recv(&receiver).await });
        assert_eq!(producer.join(), Ok(()));
        assert_eq!(received, Ok(Box::new(10)));
    }
}

#[test]
fn clones_of_a_sender_reach_the_same_receiver() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let clone = sender.clone();
        let producer = sends.spawn(async move {
            sends.send(&sender, 1).await.unwrap();
            drop(sender);
            sends.send(&clone, 1).await.unwrap();
        });
        let sum = receives.run(async move {
            receives.recv(&receiver).await.unwrap() + receives.recv(&receiver).await.unwrap()
        });
        producer.join();
        assert_eq!(sum, 2);
    }
}

#[test]
fn a_send_fails_once_the_receiver_is_gone() {
    for (capacity, sends, _) in cases() {
        let (sender, receiver) = channel(capacity);
        drop(receiver);
        let clone = sender.clone();
        let sent = sends.run(async move {
            // It stays like that, for every clone and however often it is tried.
            [
                sends.send(&sender, 1).await,
                sends.send(&sender, 2).await,
                sends.send(&clone, 3).await,
            ]
        });
        assert_eq!(sent, [1, 2, 3].map(|value| Err(SendError::Closed(value))));
    }
}

#[test]
fn senders_end_when_the_receiver_leaves_among_their_values() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let clone = sender.clone();
        let producers = [sender, clone].map(|sender| {
            sends.spawn(async move { while sends.send(&sender, 1).await.is_ok() {} })
        });
        receives.run(async move {
            for _ in 0..20 {
                receives.recv(&receiver).await.unwrap();
            }
        });
        for producer in producers {
            producer.join();
        }
    }
}

#[test]
fn a_receive_fails_once_the_senders_are_gone() {
    for (capacity, _, receives) in cases() {
        let (sender, receiver) = channel::<i32>(capacity);
        let clone = sender.clone();
        drop(sender);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        drop(clone);
        let received = receives.run(async move {
            [
                receives.recv(&receiver).await,
                receives.recv(&receiver).await,
            ]
        });
        assert_eq!(received, [Err(RecvError::Closed); 2]);
    }
}

#[test]
fn a_receiver_ends_when_the_senders_leave_after_their_values() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let clone = sender.clone();
        for sender in [sender, clone] {
            sends.spawn(async move {
                for _ in 0..20 {
                    sends.send(&sender, 1).await.unwrap();
                }
            });
        }
        let sum = receives.run(async move {
            let mut sum = 0;
            while let Ok(value) = receives.recv(&receiver).await {
                sum += value;
            }
            sum
        });
        assert_eq!(sum, 40);
    }
}

#[test]
fn many_values_of_many_senders_all_arrive() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let producers = [(); 8].map(|()| {
            let sender = sender.clone();
            sends.spawn(async move {
                for _ in 0..500 {
                    sends.send(&sender, 1).await.unwrap();
                }
            })
        });
        let number = receives.run({
            let receiver = receiver.clone();
            async move {
                for _ in 0..8 * 500 {
                    assert_eq!(receives.recv(&receiver).await, Ok(1));
                }
                receiver.len()
            }
        });
        assert_eq!(number, 0);
        for producer in producers {
            producer.join();
        }
        drop(sender);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn one_value_sent_and_received_on_one_thread() {
    for capacity in HOLDING {
        let (sender, receiver) = channel(capacity);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        sender.send(Box::new(10)).unwrap();
        assert_eq!(receiver.recv(), Ok(Box::new(10)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(sender.try_send(Box::new(11)), Ok(()));
        drop(sender);
        assert_eq!(receiver.try_recv(), Ok(Box::new(11)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn handles_can_go_in_any_order_without_a_value() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::<Box<i32>>(capacity);
        drop(receiver);
        drop(sender);
        let (sender, receiver) = channel::<Box<i32>>(capacity);
        drop(sender);
        drop(receiver);
    }
}

#[test]
fn a_look_tells_empty_from_closed() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel::<i32>(capacity);
        for _ in 0..2 {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
        drop(sender);
        for _ in 0..2 {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
        }
    }
}

#[test]
fn a_try_tells_full_from_closed() {
    for capacity in [0, 1, 4] {
        let (sender, receiver) = bounded(capacity);
        for value in 0..capacity {
            assert_eq!(sender.try_send(value), Ok(()));
        }
        for _ in 0..2 {
            assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
        }
        drop(receiver);
        for _ in 0..2 {
            assert_eq!(sender.try_send(9), Err(TrySendError::Closed(9)));
        }
    }
}

/// A receiver that is asleep is told of a value, and of the end.
#[test]
fn a_waiting_receiver_hears_of_a_value_and_of_the_end() {
    for (capacity, sends, receives) in cases() {
        for value in [Some(10), None] {
            let (sender, receiver) = channel(capacity);
            let consumer = receives.spawn(async move { receives.recv(&receiver).await });
            sends.run(async move {
                if let Some(value) = value {
                    sends.send(&sender, value).await.unwrap();
                }
            });
            assert_eq!(consumer.join(), value.ok_or(RecvError::Closed));
        }
    }
}

/// Each of these is a race between two who each do one thing.
#[test]
fn two_handles_may_race_in_every_way() {
    for (capacity, one, two) in cases() {
        for _ in 0..50 {
            let (sender, receiver) = channel::<i32>(capacity);
            let goes = one.spawn(async move { drop(receiver) });
            drop(sender);
            goes.join();

            let (sender, receiver) = channel(capacity);
            let goes = one.spawn(async move { drop(receiver) });
            let sent = two.run(async move { two.send(&sender, 1).await });
            goes.join();
            assert!(matches!(sent, Ok(()) | Err(SendError::Closed(1))));

            let (sender, receiver) = channel::<i32>(capacity);
            let waits = one.spawn(async move { one.recv(&receiver).await });
            let goes = two.spawn(async move { drop(sender) });
            goes.join();
            assert_eq!(waits.join(), Err(RecvError::Closed));

            let (sender, receiver) = channel(capacity);
            let sends = one.spawn(async move { one.send(&sender, 1).await });
            let received = two.run(async move { two.recv(&receiver).await });
            assert_eq!((sends.join(), received), (Ok(()), Ok(1)));
        }
    }
}

/// A handle is given on for every value.
#[test]
fn handles_may_move_from_actor_to_actor() {
    for (capacity, sends, receives) in cases() {
        let (mut sender, mut receiver) = channel(capacity);
        for value in 0..50 {
            let sent = sends.spawn(async move {
                sends.send(&sender, Box::new(value)).await.unwrap();
                sender
            });
            let received = receives.spawn(async move {
                let received = receives.recv(&receiver).await;
                (receiver, received)
            });
            sender = sent.join();
            let received = received.join();
            receiver = received.0;
            assert_eq!(received.1, Ok(Box::new(value)));
        }
    }
}

#[test]
fn a_timeout_is_told_from_the_end() {
    for (capacity, _, receives) in cases() {
        let (sender, receiver) = channel::<i32>(capacity);
        let start = Instant::now();
        let (receiver, timed_out) = receives.run(async move {
            let timed_out = receives.recv_timeout(&receiver, SOON).await;
            (receiver, timed_out)
        });
        assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= SOON);
        // A clone changes nothing.
        let clone = sender.clone();
        drop(sender);
        let (receiver, timed_out) = receives.run(async move {
            let timed_out = receives.recv_timeout(&receiver, SOON).await;
            (receiver, timed_out)
        });
        assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
        drop(clone);
        let ended = receives.run(async move { receives.recv_timeout(&receiver, SOON).await });
        assert_eq!(ended, Err(RecvTimeoutError::Closed));
    }
}

/// The receiver is now too early and now in time; it gets everything.
#[test]
fn receives_with_timeouts_get_every_value() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let producers: Vec<_> = (0..3)
            .map(|_| {
                let sender = sender.clone();
                sends.spawn(async move {
                    for value in 0..100 {
                        sends.send(&sender, value).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        drop(sender);
        let (number, sum) = receives.run(async move {
            let (mut number, mut sum) = (0, 0);
            loop {
                let moment = Duration::from_micros(number % 16);
                match receives.recv_timeout(&receiver, moment).await {
                    Ok(value) => {
                        number += 1;
                        sum += value;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(_) => return (number, sum),
                }
            }
        });
        for producer in producers {
            producer.join();
        }
        assert_eq!((number, sum), (300, 3 * 99 * 100 / 2));
    }
}

#[test]
fn a_timeout_longer_than_any_clock_does_no_harm() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let producer = sends.spawn(async move { sends.send(&sender, 1).await });
        let longest = Duration::from_secs(u64::MAX);
        let received = receives.run(async move { receives.recv_timeout(&receiver, longest).await });
        assert_eq!((producer.join(), received), (Ok(()), Ok(1)));
    }
}

/// Far more than fit into any block, ring or cache: what is taken is given back.
#[test]
fn a_channel_may_be_used_for_long() {
    for capacity in HOLDING {
        let (sender, receiver) = channel(capacity);
        for value in 0..20_000 {
            sender.send(value).unwrap();
            assert_eq!(receiver.recv(), Ok(value));
        }
    }
}

/// The last handle may go while others were just made of it.
#[test]
fn handles_are_counted_while_they_come_and_go() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let producers: Vec<_> = (0..4)
            .map(|_| {
                let sender = sender.clone();
                sends.spawn(async move {
                    for value in 0..100 {
                        let short = sender.clone();
                        sends.send(&short, value).await.unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        let number = receives.run(async move {
            let mut number = 0;
            loop {
                let short = receiver.clone();
                if receives.recv(&short).await.is_err() {
                    return number;
                }
                number += 1;
            }
        });
        for producer in producers {
            producer.join();
        }
        assert_eq!(number, 400);
    }
}

#[test]
fn iterators_take_what_comes_until_the_end() {
    for (capacity, sends, _) in cases() {
        let (sender, receiver) = channel(capacity);
        let (sums, sum) = channel(capacity);
        let consumer = thread::spawn(move || sums.send(receiver.iter().sum::<i32>()).unwrap());
        sends.run(async move {
            for value in 1..=3 {
                sends.send(&sender, value).await.unwrap();
            }
        });
        assert_eq!(sum.iter().collect::<Vec<_>>(), [6]);
        consumer.join().unwrap();
    }
}

#[test]
fn an_iterator_may_be_left_early() {
    for capacity in CAPACITIES {
        let (sender, receiver) = channel(capacity);
        let (counts, count) = bounded(1);
        let consumer = thread::spawn(move || {
            let mut seen = 0;
            for value in &receiver {
                if seen >= 3 {
                    break;
                }
                seen += value;
            }
            counts.send(seen).unwrap();
        });
        for value in [2, 2, 2] {
            // The third may find that nobody is there any more.
            let _ = sender.send(value);
        }
        let _ = sender.try_send(2);
        drop(sender);
        assert_eq!(count.recv(), Ok(4));
        consumer.join().unwrap();
    }
}

/// Answers and questions, the asker looking without waiting.
#[test]
fn an_iterator_that_does_not_wait_takes_what_is_there() {
    for capacity in HOLDING {
        let (requests, request) = channel(capacity);
        let (responses, response) = channel(capacity);
        let server = thread::spawn(move || {
            for () in request {
                if responses.send(2).is_err() {
                    break;
                }
            }
        });
        let mut sum = 0;
        while sum < 6 {
            sum += response.try_iter().sum::<i32>();
            if requests.try_send(()).is_err() {
                thread::yield_now();
            }
        }
        assert!(sum >= 6 && sum % 2 == 0);
        drop((requests, response));
        server.join().unwrap();
    }
}

#[test]
fn an_owned_iterator_holds_the_channel_open() {
    let (sender, receiver) = unbounded();
    let mut iter = receiver.into_iter();
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!((iter.next(), iter.next()), (Some(1), Some(2)));
    drop(iter);
    assert_eq!(sender.send(3), Err(SendError::Closed(3)));
    let (sender, receiver) = unbounded::<i32>();
    let mut iter = receiver.into_iter();
    drop(sender);
    assert_eq!((iter.next(), iter.next()), (None, None));
}

/// The state of the channel follows what the other thread does, step by step.
#[test]
fn looks_follow_the_other_side_step_by_step() {
    for capacity in HOLDING {
        let (values, value) = channel(capacity);
        let (steps, step) = bounded(0);
        let (dones, done) = bounded(0);
        let other = thread::spawn(move || {
            step.recv().unwrap();
            values.send(1).unwrap();
            dones.send(()).unwrap();
            step.recv().unwrap();
            drop(values);
            dones.send(()).unwrap();
        });
        assert_eq!(value.try_recv(), Err(TryRecvError::Empty));
        steps.send(()).unwrap();
        done.recv().unwrap();
        assert_eq!(value.try_recv(), Ok(1));
        assert_eq!(value.try_recv(), Err(TryRecvError::Empty));
        steps.send(()).unwrap();
        done.recv().unwrap();
        assert_eq!(value.try_recv(), Err(TryRecvError::Closed));
        other.join().unwrap();
    }
}

/// A sender may be dropped by the actor that it woke, while it is still inside of its send.
#[test]
fn a_receiver_may_end_the_channel_as_soon_as_it_has_its_value() {
    for (capacity, sends, receives) in cases() {
        for _ in 0..100 {
            let (sender, receiver) = channel(capacity);
            let consumer = receives.spawn(async move {
                assert_eq!(receives.recv(&receiver).await, Ok(()));
                drop(receiver);
            });
            sends.run(async move { sends.send(&sender, ()).await.unwrap() });
            consumer.join();
        }
    }
}

/// With a channel of channels, an end that is received is an end like any other.
#[test]
fn channels_may_be_sent_over_channels() {
    for (capacity, sends, receives) in cases() {
        let (sender, receiver) = channel(capacity);
        let producer = sends.spawn(async move {
            for value in 0..20 {
                let (inner, received) = bounded(1);
                sends.send(&sender, received).await.unwrap();
                sends.send(&inner, value).await.unwrap();
            }
        });
        let sum = receives.run(async move {
            let mut sum = 0;
            while let Ok(inner) = receives.recv(&receiver).await {
                sum += receives.recv(&inner).await.unwrap();
                assert_eq!(receives.recv(&inner).await, Err(RecvError::Closed));
            }
            sum
        });
        producer.join();
        assert_eq!(sum, 190);
    }
}

#[test]
fn values_that_are_sent_out_of_a_panic_arrive() {
    struct OnDrop(Sender<i32>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            assert!(thread::panicking());
            self.0.send(1).unwrap();
        }
    }
    let (sender, receiver) = unbounded();
    let panics = thread::spawn(move || {
        let _on_drop = OnDrop(sender);
        panic!("on purpose");
    });
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
    assert!(panics.join().is_err());
}

/// Who sends in the destructor of a thread's local value finds all that a send needs.
#[test]
fn a_send_and_a_receive_work_while_the_thread_ends() {
    struct AtEnd(Sender<i32>, Receiver<i32>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            let answer = self.1.recv().unwrap();
            self.0.send(answer + 1).unwrap();
        }
    }
    thread_local! {
        static AT_END: std::cell::RefCell<Option<AtEnd>> = const { std::cell::RefCell::new(None) };
    }
    for capacity in HOLDING {
        let (answers, answer) = channel(capacity);
        let (results, result) = channel(capacity);
        let ends = thread::spawn(move || {
            AT_END.with_borrow_mut(|at_end| *at_end = Some(AtEnd(results, answer)));
        });
        answers.send(1).unwrap();
        assert_eq!(result.recv(), Ok(2));
        ends.join().unwrap();
    }
}
