//! Channels between three senders and three receivers, threads and tasks: every value arrives once, and those of one
//! sender in their order, whoever is slow, gives up or leaves.

use crate::actors::{any, give_up, join, poll_some, task, thread};
use crate::explore::explore;
use brigade::channel::{
    self, Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded, unbounded,
};
use shuttle::thread::JoinHandle;
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

const SENDERS: usize = 3;
const EACH: usize = 3;
const SOON: Duration = Duration::from_millis(1);

/// Who has sent it, its number there, and something whose copies are counted.
#[derive(Clone, Debug)]
struct Value {
    from: usize,
    number: usize,
    _token: Arc<()>,
}

fn values(from: usize, token: &Arc<()>) -> impl Iterator<Item = Value> + use<> {
    let token = token.clone();
    (0..EACH).map(move |number| Value {
        from,
        number,
        _token: token.clone(),
    })
}

/// What each receiver has got is in order, and all have got everything once.
#[track_caller]
fn all_arrived(received: Vec<Vec<Value>>) {
    let mut found = vec![vec![0; EACH]; SENDERS];
    for of_one in &received {
        let mut last = BTreeMap::new();
        for value in of_one {
            found[value.from][value.number] += 1;
            let before = last.insert(value.from, value.number);
            assert!(
                before.is_none_or(|before| before < value.number),
                "out of order: {of_one:?}"
            );
        }
    }
    assert_eq!(found, vec![vec![1; EACH]; SENDERS]);
}

/// A thread that sends, in one of the ways that a thread has.
fn sends(from: usize, token: &Arc<()>, sender: Sender<Value>) -> JoinHandle<()> {
    let values = values(from, token);
    thread(move || {
        for mut value in values {
            match any(3) {
                0 => sender.send(value).unwrap(),
                1 => {
                    while let Err(error) = sender.send_timeout(value, SOON) {
                        assert!(error.is_timeout());
                        value = error.into_inner();
                    }
                }
                _ => {
                    if let Err(error) = sender.try_send(value) {
                        assert!(error.is_full());
                        sender.send(error.into_inner()).unwrap();
                    }
                }
            }
        }
    })
}

/// A task that sends, and takes some values back in order to send them again.
fn sends_as_task(from: usize, token: &Arc<()>, sender: Sender<Value>) -> JoinHandle<()> {
    let values = values(from, token);
    task(move || async move {
        for value in values {
            let mut left = Some(value);
            while let Some(value) = left.take() {
                let mut send = pin!(sender.send_async(value));
                match poll_some(1 + any(3), send.as_mut()).await {
                    Some(sent) => sent.unwrap(),
                    None => left = send.cancel(),
                }
            }
        }
    })
}

fn receives(receiver: Receiver<Value>) -> JoinHandle<Vec<Value>> {
    thread(move || {
        let mut received = Vec::new();
        loop {
            match any(3) {
                0 => match receiver.recv() {
                    Ok(value) => received.push(value),
                    Err(_) => return received,
                },
                1 => match receiver.recv_timeout(SOON) {
                    Ok(value) => received.push(value),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(_) => return received,
                },
                _ => match receiver.try_recv() {
                    Ok(value) => received.push(value),
                    Err(TryRecvError::Empty) => shuttle::thread::yield_now(),
                    Err(TryRecvError::Closed) => return received,
                },
            }
        }
    })
}

/// A task that receives, and gives up some of its waits.
fn receives_as_task(receiver: Receiver<Value>) -> JoinHandle<Vec<Value>> {
    task(move || async move {
        let mut received = Vec::new();
        loop {
            match give_up(1 + any(3), receiver.recv_async()).await {
                Some(Ok(value)) => received.push(value),
                Some(Err(_)) => return received,
                None => {}
            }
        }
    })
}

/// Threads only wait for ever: then a wake that is lost is a deadlock.
fn patient(make: fn() -> (Sender<Value>, Receiver<Value>)) {
    explore(move || {
        let token = Arc::new(());
        let (sender, receiver) = make();
        let senders: Vec<_> = (0..SENDERS)
            .map(|from| {
                let (values, sender) = (values(from, &token), sender.clone());
                if from % 2 == 0 {
                    thread(move || values.for_each(|value| sender.send(value).unwrap()))
                } else {
                    task(move || async move {
                        for value in values {
                            sender.send_async(value).await.unwrap();
                        }
                    })
                }
            })
            .collect();
        let receivers = (0..3).map(|which| {
            let receiver = receiver.clone();
            if which % 2 == 0 {
                thread(move || receiver.iter().collect::<Vec<_>>())
            } else {
                task(move || async move {
                    let mut received = Vec::new();
                    while let Ok(value) = receiver.recv_async().await {
                        received.push(value);
                    }
                    received
                })
            }
        });
        let receivers: Vec<_> = receivers.collect();
        drop((sender, receiver));
        join(senders);
        all_arrived(join(receivers));
        assert_eq!(Arc::strong_count(&token), 1);
    });
}

/// Some give up, take back, run out of time and come again.
fn fickle(make: fn() -> (Sender<Value>, Receiver<Value>)) {
    explore(move || {
        let token = Arc::new(());
        let (sender, receiver) = make();
        let senders = [
            sends(0, &token, sender.clone()),
            sends_as_task(1, &token, sender.clone()),
            sends_as_task(2, &token, sender),
        ];
        let receivers = [
            receives(receiver.clone()),
            receives_as_task(receiver.clone()),
            receives_as_task(receiver),
        ];
        join(senders);
        all_arrived(join(receivers));
        assert_eq!(Arc::strong_count(&token), 1);
    });
}

/// The receivers leave after a few values. What was sent and not received is dropped, once.
fn deserted(make: fn() -> (Sender<Value>, Receiver<Value>)) {
    explore(move || {
        let token = Arc::new(());
        let (sender, receiver) = make();
        let senders: Vec<_> = (0..SENDERS)
            .map(|from| {
                let (values, sender) = (values(from, &token), sender.clone());
                if from == 0 {
                    task(move || async move {
                        let mut sent = 0;
                        for value in values {
                            sent += usize::from(sender.send_async(value).await.is_ok());
                        }
                        sent
                    })
                } else {
                    thread(move || {
                        values
                            .filter(|value| sender.send(value.clone()).is_ok())
                            .count()
                    })
                }
            })
            .collect();
        let receivers: Vec<_> = [1, 2, 1]
            .map(|most| {
                let receiver = receiver.clone();
                thread(move || receiver.iter().take(most).count())
            })
            .into_iter()
            .collect();
        drop((sender, receiver));
        let received: usize = join(receivers).into_iter().sum();
        let sent: usize = join(senders).into_iter().sum();
        assert_eq!(received, 4);
        assert!(sent >= received);
        assert_eq!(Arc::strong_count(&token), 1);
    });
}

#[test]
fn a_rendezvous_of_the_patient() {
    patient(|| bounded(0));
}

#[test]
fn one_place_and_the_patient() {
    patient(|| bounded(1));
}

#[test]
fn two_places_and_the_patient() {
    patient(|| bounded(2));
}

#[test]
fn no_bound_and_the_patient() {
    patient(unbounded);
}

#[test]
fn a_rendezvous_of_the_fickle() {
    fickle(|| bounded(0));
}

#[test]
fn one_place_and_the_fickle() {
    fickle(|| bounded(1));
}

#[test]
fn two_places_and_the_fickle() {
    fickle(|| bounded(2));
}

#[test]
fn no_bound_and_the_fickle() {
    fickle(unbounded);
}

#[test]
fn a_rendezvous_is_deserted() {
    deserted(|| bounded(0));
}

#[test]
fn one_place_is_deserted() {
    deserted(|| bounded(1));
}

#[test]
fn two_places_are_deserted() {
    deserted(|| bounded(2));
}

#[test]
fn no_bound_is_deserted() {
    deserted(unbounded);
}

/// Somebody closes the channel in the middle: whatever `send` has accepted is received.
#[test]
fn what_was_accepted_before_a_close_arrives() {
    explore(|| {
        let (sender, receiver) = bounded(2);
        let senders: Vec<_> = (0..3)
            .map(|_| {
                let sender = sender.clone();
                thread(move || (0..3).filter(|number| sender.send(*number).is_ok()).count())
            })
            .collect();
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let receiver = receiver.clone();
                thread(move || receiver.iter().count())
            })
            .collect();
        let closes = thread(move || receiver.close());
        assert!(closes.join().unwrap());
        let sent: usize = join(senders).into_iter().sum();
        assert_eq!(join(receivers).into_iter().sum::<usize>(), sent);
        assert_eq!(sender.try_send(0), Err(TrySendError::Closed(0)));
    });
}

#[test]
fn batches_and_promised_places_mix_with_single_values() {
    explore(|| {
        let token = Arc::new(());
        let (sender, receiver) = bounded(2);
        let (batch, permits) = (sender.clone(), sender.clone());
        let mut all: VecDeque<_> = values(1, &token).collect();
        let promised = values(2, &token);
        let senders = [
            sends(0, &token, sender),
            thread(move || batch.send_many(&mut all).unwrap()),
            task(move || async move {
                for value in promised {
                    // One is given back at first.
                    drop(give_up(1, permits.reserve_async()).await);
                    permits.reserve_async().await.unwrap().send(value).unwrap();
                }
            }),
        ];
        let many = receiver.clone();
        let receivers = [
            receives(receiver),
            thread(move || {
                let mut received = Vec::new();
                while many.recv_many(&mut received, 2).is_ok() {}
                received
            }),
        ];
        join(senders);
        all_arrived(join(receivers));
        assert_eq!(Arc::strong_count(&token), 1);
    });
}

#[test]
fn a_oneshot_delivers_or_gives_back() {
    explore(|| {
        let token = Arc::new(());
        let pairs: Vec<_> = (0..2)
            .map(|_| {
                let (sender, mut receiver) = channel::oneshot();
                let value = token.clone();
                let sends = thread(move || sender.send(value).is_ok());
                let receives = task(move || async move { give_up(2, receiver.recv_async()).await });
                (sends, receives)
            })
            .collect();
        for (sends, receives) in pairs {
            let received = receives.join().unwrap();
            let sent = sends.join().unwrap();
            if let Some(received) = received {
                assert!(received.is_ok() && sent);
            }
        }
        assert_eq!(Arc::strong_count(&token), 1);
    });
}
