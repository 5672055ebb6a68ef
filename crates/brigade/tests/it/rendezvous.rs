//! Channels without room: a value is accepted once a receiver has asked for it, and not before.

use crate::by_hand::poll;
use crate::sides::Side::{self, Task, Thread};
use brigade::channel::{RecvTimeoutError, TryRecvError, TrySendError, bounded};
use brigade::select::{Select, SelectTimeoutError, TrySelectError};
use std::pin::pin;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn nothing_is_accepted_that_nobody_has_asked_for() {
    let (sender, receiver) = bounded(0);
    assert_eq!(sender.capacity(), Some(0));
    assert!(sender.is_empty() && sender.is_full());
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    let mut send = pin!(sender.send_async(1));
    assert!(poll(send.as_mut()).is_pending());
    assert!(receiver.is_empty());
}

#[test]
fn a_receive_that_waits_is_a_place() {
    let (sender, receiver) = bounded(0);
    let mut first = pin!(receiver.recv_async());
    let mut second = pin!(receiver.recv_async());
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Ok(()));
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(poll(first.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(poll(second.as_mut()), Poll::Ready(Ok(2)));
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
}

#[test]
fn a_receive_that_gives_up_takes_its_question_back() {
    let (sender, receiver) = bounded(0);
    for _ in 0..3 {
        let mut recv = Box::pin(receiver.recv_async());
        assert!(poll(recv.as_mut()).is_pending());
        drop(recv);
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    }
    let past = Instant::now();
    assert_eq!(receiver.recv_deadline(past), Err(RecvTimeoutError::Timeout));
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
}

#[test]
fn a_value_for_one_who_has_left_goes_to_the_next() {
    let (sender, receiver) = bounded(0);
    let mut recv = Box::pin(receiver.recv_async());
    assert!(poll(recv.as_mut()).is_pending());
    assert_eq!(sender.try_send(1), Ok(()));
    drop(recv);
    assert_eq!(receiver.len(), 1);
    assert!(receiver.is_full() && sender.is_full());
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
}

/// Who only looks meets one who sleeps.
fn looks_meet_a_sender(sends: Side) {
    let (sender, receiver) = bounded(0);
    let producer = sends.spawn(async move {
        for value in 0..100 {
            sends.send(&sender, value).await.unwrap();
        }
    });
    let mut received = Vec::new();
    while received.len() < 100 {
        match receiver.try_recv() {
            Ok(value) => received.push(value),
            Err(_) => thread::yield_now(),
        }
    }
    producer.join();
    assert_eq!(received, (0..100).collect::<Vec<_>>());
}

#[test]
fn looks_meet_a_thread_that_sends() {
    looks_meet_a_sender(Thread);
}

#[test]
fn looks_meet_a_task_that_sends() {
    looks_meet_a_sender(Task);
}

/// Who has got a value asks for no more in the same call.
#[test]
fn a_batch_is_what_was_asked_for() {
    let (sender, receiver) = bounded(0);
    let mut first = pin!(sender.send_async(1));
    let mut second = pin!(sender.send_async(2));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    let mut into = Vec::new();
    let mut recv = Box::pin(receiver.recv_many_async(&mut into, 8));
    assert!(poll(recv.as_mut()).is_pending());
    assert!(poll(first.as_mut()).is_ready());
    assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(1)));
    drop(recv);
    assert!(poll(second.as_mut()).is_pending(), "nobody asks");
    assert_eq!(into, [1]);
}

/// The values that looks have made way for are at most one.
#[test]
fn looks_make_no_room() {
    let (sender, receiver) = bounded(0);
    let mut sends: Vec<_> = (0..3).map(|n| Box::pin(sender.send_async(n))).collect();
    for send in &mut sends {
        assert!(poll(send.as_mut()).is_pending());
    }
    for _ in 0..5 {
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
    let ready = sends
        .iter_mut()
        .filter_map(|send| match poll(send.as_mut()) {
            Poll::Ready(sent) => Some(sent),
            Poll::Pending => None,
        });
    assert_eq!(ready.count(), 1);
    assert_eq!(receiver.len(), 1);
}

#[test]
fn more_receivers_than_slots_are_all_served() {
    const MANY: usize = 100;
    let (sender, receiver) = bounded(0);
    let mut receives: Vec<_> = (0..MANY).map(|_| Box::pin(receiver.recv_async())).collect();
    for recv in &mut receives {
        assert!(poll(recv.as_mut()).is_pending());
    }
    let mut sends: Vec<_> = (0..MANY).map(|n| Box::pin(sender.send_async(n))).collect();
    let mut received = 0;
    let mut rounds = 0;
    while received < MANY {
        rounds += 1;
        // Twice, because the first may say that the turn of this task is over, and then another would be faster.
        sends.retain_mut(|send| {
            poll(send.as_mut()).is_pending() && poll(send.as_mut()).is_pending()
        });
        receives.retain_mut(|recv| match poll(recv.as_mut()) {
            Poll::Ready(value) => {
                assert_eq!(value, Ok(received));
                received += 1;
                false
            }
            Poll::Pending => true,
        });
    }
    assert!(sends.is_empty());
    assert!((2..=MANY).contains(&rounds), "{rounds}");
}

#[test]
fn threads_that_ask_in_crowds_are_all_served() {
    const RECEIVERS: usize = 48;
    let (sender, receiver) = bounded(0);
    let sum = Arc::new(AtomicUsize::new(0));
    let receivers: Vec<_> = (0..RECEIVERS)
        .map(|_| {
            let (receiver, sum) = (receiver.clone(), Arc::clone(&sum));
            thread::spawn(move || {
                for value in receiver {
                    sum.fetch_add(value, Relaxed);
                }
            })
        })
        .collect();
    drop(receiver);
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let sender = sender.clone();
            thread::spawn(move || (1..=500).for_each(|value| sender.send(value).unwrap()))
        })
        .collect();
    drop(sender);
    for thread in senders.into_iter().chain(receivers) {
        thread.join().unwrap();
    }
    assert_eq!(sum.load(Relaxed), 4 * 500 * 501 / 2);
}

#[test]
fn values_are_dropped_once_however_it_ends() {
    struct Bucket(Arc<AtomicUsize>);
    impl Drop for Bucket {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = bounded(0);
    let mut recv = Box::pin(receiver.recv_async());
    assert!(poll(recv.as_mut()).is_pending());
    assert!(sender.try_send(Bucket(Arc::clone(&drops))).is_ok());
    drop(recv);
    assert_eq!(drops.load(Relaxed), 0);
    drop(receiver);
    assert_eq!(drops.load(Relaxed), 1);
    let mut send = pin!(sender.send_async(Bucket(Arc::clone(&drops))));
    assert!(matches!(poll(send.as_mut()), Poll::Ready(Err(_))));
    assert_eq!(drops.load(Relaxed), 2);
}

#[test]
fn a_send_waits_for_its_receiver_until_its_deadline() {
    let (sender, receiver) = bounded(0);
    let late = sender.send_timeout(1, Duration::from_millis(1));
    assert_eq!(late.unwrap_err().into_inner(), 1);
    let consumer = thread::spawn(move || receiver.recv());
    assert_eq!(sender.send_timeout(2, Duration::MAX), Ok(()));
    assert_eq!(consumer.join().unwrap(), Ok(2));
}

/// However it ends, a select that has not received leaves no place to senders.
#[test]
fn a_select_that_is_done_elsewhere_takes_its_question_back() {
    let (sender, receiver) = bounded(0);
    let (other, value) = bounded(1);
    let nobody_asks = || assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    let mut select = Select::new()
        .biased()
        .recv(&receiver, |value| value)
        .recv(&value, |value| value);
    other.send(7).unwrap();
    assert_eq!(select.wait(), Ok(Ok(7)));
    nobody_asks();
    assert_eq!(select.try_wait(), Err(TrySelectError::NotReady));
    nobody_asks();
    let timeout = Err(SelectTimeoutError::Timeout);
    assert_eq!(select.wait_timeout(Duration::from_millis(1)), timeout);
    nobody_asks();
    let mut wait = Box::pin(select.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    other.send(8).unwrap();
    assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(8))));
    nobody_asks();
    assert!(poll(wait.as_mut()).is_pending());
    drop(wait);
    nobody_asks();
    let mut wait = Box::pin(select.wait_async());
    other.send(9).unwrap();
    assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(9))));
    nobody_asks();
    assert!(receiver.is_empty());
}

#[test]
fn a_select_that_waits_is_a_place() {
    let (sender, receiver) = bounded(0);
    let (_other, quiet) = bounded::<i32>(1);
    let mut select = Select::new()
        .recv(&quiet, |value| value)
        .recv(&receiver, |value| value);
    let mut wait = pin!(select.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(poll(wait), Poll::Ready(Ok(Ok(1))));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
}

/// Both sides select, and each pair of them meets at one of two places.
#[test]
fn selects_meet_selects() {
    for (sends, receives) in [
        (Thread, Thread),
        (Task, Task),
        (Thread, Task),
        (Task, Thread),
    ] {
        let channels = [(); 2].map(|()| bounded(0));
        let [to, from] = [channels.clone(), channels];
        let producer = sends.spawn(async move {
            for value in 0..1000 {
                let select = Select::new().send(&to[0].0, value, |sent| sent);
                let mut select = select.send(&to[1].0, value, |sent| sent);
                sends.select(&mut select).await.unwrap().unwrap();
            }
        });
        let sum = receives.run(async move {
            let mut select = Select::new()
                .recv(&from[0].1, |value| value.unwrap())
                .recv(&from[1].1, |value| value.unwrap());
            let mut sum = 0;
            for _ in 0..1000 {
                sum += receives.select(&mut select).await.unwrap();
            }
            sum
        });
        producer.join();
        assert_eq!(sum, 999 * 1000 / 2);
    }
}
