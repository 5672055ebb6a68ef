//! Weak handles: they keep nothing open, and open nothing again.

use crate::sides::Side;
use brigade::channel::{RecvError, TryRecvError, TrySendError, bounded, unbounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn an_upgraded_sender_sends_and_keeps_the_channel_open() {
    for side in [Side::Thread, Side::Task] {
        let (sender, receiver) = bounded(1);
        let weak = sender.downgrade();
        let upgraded = weak.upgrade().unwrap();
        drop(sender);
        assert!(!receiver.is_closed());
        let producer = side.spawn(async move {
            side.send(&upgraded, 1).await.unwrap();
            side.send(&upgraded, 2).await.unwrap();
        });
        let received = side.run(async move {
            let first = side.recv(&receiver).await;
            let second = side.recv(&receiver).await;
            (first, second, side.recv(&receiver).await)
        });
        producer.join();
        assert_eq!(received, (Ok(1), Ok(2), Err(RecvError::Closed)));
        assert!(weak.upgrade().is_none());
    }
}

#[test]
fn weak_handles_keep_no_channel_open() {
    let (sender, receiver) = unbounded();
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    sender.send(1).unwrap();
    drop(sender);
    assert!(weak_sender.clone().upgrade().is_none());
    let again = weak_receiver.clone().upgrade().unwrap();
    drop(receiver);
    assert_eq!(again.try_recv(), Ok(1));
    assert_eq!(again.try_recv(), Err(TryRecvError::Closed));
    drop(again);
    assert!(weak_receiver.upgrade().is_none());
}

#[test]
fn the_last_receiver_drops_the_values_although_a_weak_one_is_left() {
    let value = Arc::new(());
    let (sender, receiver) = bounded(2);
    let weak = receiver.downgrade();
    sender.send(Arc::clone(&value)).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(sender.is_closed() && weak.upgrade().is_none());
}

#[test]
fn handles_of_a_closed_channel_can_still_be_made() {
    let (sender, receiver) = bounded(1);
    sender.send(1).unwrap();
    assert!(sender.close());
    let another = sender.downgrade().upgrade().unwrap();
    assert_eq!(another.try_send(2), Err(TrySendError::Closed(2)));
    let other = receiver.downgrade().upgrade().unwrap();
    assert_eq!(other.try_recv(), Ok(1));
    assert_eq!(other.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn only_counted_handles_are_counted() {
    let (sender, receiver) = bounded::<i32>(1);
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    let more = (sender.clone(), weak_sender.upgrade().unwrap());
    let other = weak_receiver.upgrade().unwrap();
    assert_eq!((sender.sender_count(), sender.receiver_count()), (3, 2));
    assert_eq!((other.sender_count(), other.receiver_count()), (3, 2));
    drop((more, receiver));
    assert_eq!((sender.sender_count(), other.receiver_count()), (1, 1));
    let said = format!("{weak_sender:?} {weak_receiver:?}");
    assert_eq!(
        said,
        "WeakSender { senders: 1, closed: false } WeakReceiver { receivers: 1, closed: false }"
    );
}

#[test]
fn handles_of_one_channel_know_each_other() {
    let (sender, receiver) = bounded::<i32>(1);
    let (stranger, other) = bounded::<i32>(1);
    assert!(sender.same_channel(&sender.downgrade().upgrade().unwrap()));
    assert!(receiver.same_channel(&receiver.clone()));
    assert!(!sender.same_channel(&stranger));
    assert!(!receiver.same_channel(&other));
}

/// The last sender goes while others try to become one: whoever succeeds can send.
#[test]
fn who_is_in_time_can_send() {
    for _ in 0..200 {
        let (sender, receiver) = unbounded();
        let sent = Arc::new(AtomicUsize::new(0));
        let actors = [Side::Thread, Side::Task].map(|side| {
            let (weak, sent) = (sender.downgrade(), Arc::clone(&sent));
            side.spawn(async move {
                if let Some(sender) = weak.upgrade() {
                    sender.try_send(()).expect("an upgraded sender is one");
                    sent.fetch_add(1, Relaxed);
                }
            })
        });
        drop(sender);
        let received = receiver.iter().count();
        for actor in actors {
            actor.join();
        }
        assert_eq!(received, sent.load(Relaxed));
    }
}
