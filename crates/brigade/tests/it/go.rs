//! What Go's channels and its select are known to do, restated for ours and for both kinds of actors.
//!
//! Where Go panics (a send to a closed channel) there is an error here, and its `nil` channel is `never()`.

use crate::sides::Side::{self, Task, Thread};
use brigade::channel::{Receiver, RecvError, Sender, bounded, never, unbounded};
use brigade::select::Select;
use brigade::{select, select_async};
use std::thread;

const SIDES: [Side; 2] = [Thread, Task];
const CAPACITIES: [usize; 3] = [0, 1, 10];

/// Every capacity with every kind of actor.
fn cases() -> impl Iterator<Item = (usize, Side)> {
    let sides = |capacity| SIDES.map(|side| (capacity, side));
    CAPACITIES.into_iter().flat_map(sides)
}

/// A sender that never finds room.
fn stuck<T>(filling: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(1);
    assert!(sender.send(filling).is_ok());
    (sender, receiver)
}

#[test]
fn nothing_can_be_done_at_channels_that_are_never_ready() {
    let (full, _kept) = stuck(0);
    let (_quiet, empty) = bounded::<i32>(0);
    for _ in 0..100 {
        let done = select! {
            recv(never::<i32>()) -> _ => "never",
            recv(empty) -> _ => "empty",
            send(full, 1) -> _ => "full",
            default => "nothing",
        };
        assert_eq!(done, "nothing");
    }
}

#[test]
fn closed_channels_are_always_ready() {
    for capacity in CAPACITIES {
        let (sender, receiver) = bounded::<i32>(capacity);
        sender.close();
        for _ in 0..20 {
            let closed = select! {
                recv(receiver) -> value => value == Err(RecvError::Closed),
                recv(never::<i32>()) -> _ => false,
            };
            assert!(closed);
            let closed = select! {
                send(sender, 1) -> sent => sent.is_err(),
                default => false,
            };
            assert!(closed);
        }
    }
}

/// The value is in the channel before the look begins, and a close does not take it away.
#[test]
fn a_look_beside_a_close_finds_what_was_sent_before() {
    for _ in 0..2_000 {
        let (sender, receiver) = bounded(1);
        sender.send(1).unwrap();
        thread::scope(|scope| {
            let looks = scope.spawn(|| {
                select! {
                    recv(receiver) -> value => value == Ok(1),
                    default => false,
                }
            });
            sender.close();
            assert!(looks.join().unwrap(), "the value was there");
        });
    }
}

/// One of the two is ready all the time; nobody takes it away.
#[test]
fn a_look_at_two_channels_finds_the_one_that_is_ready() {
    for round in 0..2_000 {
        let channels = [(); 2].map(|()| bounded(1));
        let [(first, one), (second, two)] = &channels;
        let (ready, other) = if round % 2 == 0 {
            (first, second)
        } else {
            (second, first)
        };
        ready.send(1).unwrap();
        thread::scope(|scope| {
            let looks = scope.spawn(|| {
                select! {
                    recv(one) -> value => value.is_ok(),
                    recv(two) -> value => value.is_ok(),
                    default => false,
                }
            });
            other.send(2).unwrap();
            assert!(looks.join().unwrap(), "one of them was ready");
        });
    }
}

/// Two selects over the same two operations on one channel always make a pair, or use its room.
#[test]
fn selects_over_both_ends_of_a_channel_go_on() {
    for (capacity, side) in cases() {
        let (sender, receiver) = bounded(capacity);
        let actors: Vec<_> = (0..2)
            .map(|actor| {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                side.spawn(async move {
                    for round in 0..1_000 {
                        let select = Select::new();
                        let select = if round % 2 == 0 {
                            select
                        } else {
                            select.biased()
                        };
                        let mut select = select
                            .send(&sender, actor, |sent| sent.is_ok())
                            .recv(&receiver, |value| value.is_ok_and(|from| from < 2));
                        assert_eq!(side.select(&mut select).await, Ok(true));
                    }
                })
            })
            .collect();
        for actor in actors {
            actor.join();
        }
        // Room without a receiver was made by a select that has since been done.
        assert!(receiver.try_iter().all(|from| from < 2));
    }
}

/// Sends `each` values at every channel by selects over those that have not had theirs.
async fn send_everywhere(side: Side, senders: [Sender<i32>; 4], each: usize) {
    let (stuck, _kept) = stuck(0);
    let mut sent = [0; 4];
    for _ in 0..4 * each {
        let at = |index: usize| {
            if sent[index] < each {
                &senders[index]
            } else {
                &stuck
            }
        };
        let mut select = Select::new()
            .send(at(0), 0, |sent| sent.map(|()| 0))
            .send(at(1), 1, |sent| sent.map(|()| 1))
            .send(at(2), 2, |sent| sent.map(|()| 2))
            .send(at(3), 3, |sent| sent.map(|()| 3));
        let index = side.select(&mut select).await.unwrap().unwrap();
        drop(select);
        sent[index] += 1;
    }
    assert_eq!(sent, [each; 4]);
}

/// Receives `each` values from every channel by selects over those that have not given theirs.
async fn receive_everywhere(side: Side, receivers: [Receiver<i32>; 4], each: usize) {
    let never = never();
    let mut received = [0; 4];
    for _ in 0..4 * each {
        let left = |index: usize| received[index] < each;
        let mut select = Select::new()
            .recv(if left(0) { &receivers[0] } else { &never }, |value| {
                (0, value)
            })
            .recv(if left(1) { &receivers[1] } else { &never }, |value| {
                (1, value)
            })
            .recv(if left(2) { &receivers[2] } else { &never }, |value| {
                (2, value)
            })
            .recv(if left(3) { &receivers[3] } else { &never }, |value| {
                (3, value)
            });
        let (index, value) = side.select(&mut select).await.unwrap();
        drop(select);
        assert_eq!(value, Ok(index as i32));
        received[index] += 1;
    }
    assert_eq!(received, [each; 4]);
}

/// Four channels, each with a plain sender and a plain receiver, and one select on either side over all of them.
#[test]
fn selects_and_plain_operations_share_channels() {
    const EACH: usize = 1_000;
    for side in SIDES {
        let channels = [0, 0, 2, 3].map(bounded);
        let senders = channels.each_ref().map(|(sender, _)| sender.clone());
        let receivers = channels.each_ref().map(|(_, receiver)| receiver.clone());
        let mut actors = vec![
            side.spawn(send_everywhere(side, senders, EACH)),
            side.spawn(receive_everywhere(side, receivers, EACH)),
        ];
        for (value, (sender, receiver)) in (0..).zip(channels) {
            actors.push(side.spawn(async move {
                for _ in 0..EACH {
                    side.send(&sender, value).await.unwrap();
                }
            }));
            actors.push(side.spawn(async move {
                for _ in 0..EACH {
                    assert_eq!(side.recv(&receiver).await, Ok(value));
                }
            }));
        }
        for actor in actors {
            actor.join();
        }
    }
}

/// Two of four are ready, always. The bound is that of a fair coin which is wrong once in a million runs.
#[test]
fn of_two_that_are_ready_neither_is_preferred() {
    const TRIALS: usize = 10_000;
    let channels = [(); 2].map(|()| unbounded());
    for (sender, _) in &channels {
        (0..TRIALS).for_each(|_| sender.send(()).unwrap());
    }
    let [(_, first), (_, second)] = &channels;
    let mut of_first = 0;
    for _ in 0..TRIALS {
        select! {
            recv(never::<()>()) -> _ => unreachable!("never ready"),
            recv(never::<()>()) -> _ => unreachable!("never ready"),
            recv(first) -> value => value.map(|()| of_first += 1).unwrap(),
            recv(second) -> value => value.unwrap(),
        }
    }
    let distance = (of_first as f64 / TRIALS as f64 - 0.5).abs();
    let allowed = 4.9 / (2.0 * (TRIALS as f64).sqrt());
    assert!(distance <= allowed, "{of_first} of {TRIALS}");
}

/// A select that could send either of two values at one channel sends both kinds.
#[test]
fn two_sends_at_one_channel_are_both_chosen() {
    const VALUES: usize = 200;
    for (capacity, side) in cases() {
        let (sender, receiver) = bounded(capacity);
        let producer = side.spawn(async move {
            for _ in 0..VALUES {
                let select = Select::new().send(&sender, 0, |sent| sent);
                let mut select = select.send(&sender, 1, |sent| sent);
                side.select(&mut select).await.unwrap().unwrap();
            }
        });
        let values: Vec<usize> = side.run(async move {
            let mut values = Vec::new();
            while let Ok(value) = side.recv(&receiver).await {
                values.push(value);
            }
            values
        });
        producer.join();
        let ones: usize = values.iter().sum();
        assert_eq!(values.len(), VALUES);
        assert!(
            (VALUES / 10..VALUES * 9 / 10).contains(&ones),
            "{ones} ones"
        );
    }
}

/// The same send in several arms is still one send.
#[test]
fn a_value_in_several_arms_is_sent_once() {
    for (capacity, side) in cases() {
        let (sender, receiver) = bounded(capacity);
        let producer = side.spawn(async move {
            for value in 0..1_000 {
                let mut select = Select::new()
                    .send(&sender, value, |sent| sent)
                    .send(&sender, value, |sent| sent)
                    .send(&sender, value, |sent| sent)
                    .send(&sender, value, |sent| sent);
                side.select(&mut select).await.unwrap().unwrap();
            }
        });
        let values = side.run(async move {
            let mut values = Vec::new();
            while let Ok(value) = side.recv(&receiver).await {
                values.push(value);
            }
            values
        });
        producer.join();
        assert_eq!(values, (0..1_000).collect::<Vec<_>>());
    }
}

/// Beside others that wait at the same channel, a select over it twice takes one place in turn.
#[test]
fn the_same_receive_in_several_arms_takes_one_value() {
    for (capacity, side) in cases() {
        let (sender, receiver) = bounded(capacity);
        let (dones, done) = unbounded();
        for twice in [true, false, true] {
            let (receiver, dones) = (receiver.clone(), dones.clone());
            side.spawn(async move {
                let value = if twice {
                    let select = Select::new().recv(&receiver, |value| value);
                    side.select(&mut select.recv(&receiver, |value| value))
                        .await
                        .unwrap()
                } else {
                    side.recv(&receiver).await
                };
                dones.send(value.unwrap()).unwrap();
            });
        }
        drop(dones);
        side.run(async move {
            for value in 0..3 {
                side.send(&sender, value).await.unwrap();
            }
        });
        let mut taken: Vec<_> = done.iter().collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2]);
    }
}

/// Several wait at one channel, and the select that is last in the queue leaves it because of the other arm.
#[test]
fn a_select_that_leaves_a_queue_leaves_the_others_in_it() {
    for side in SIDES {
        let (to_first, first) = bounded(0);
        let (to_second, second) = bounded(0);
        let waits = |receiver: &Receiver<i32>| {
            let receiver = receiver.clone();
            side.spawn(async move { side.recv(&receiver).await })
        };
        let ahead = waits(&first);
        let select = {
            let (first, second) = (first.clone(), second.clone());
            side.spawn(async move {
                let select = Select::new().recv(&first, |value| value);
                side.select(&mut select.recv(&second, |value| value)).await
            })
        };
        to_second.send(2).unwrap();
        assert_eq!(select.join(), Ok(Ok(2)));
        let behind = waits(&first);
        to_first.send(10).unwrap();
        to_first.send(11).unwrap();
        let sum = ahead.join().unwrap() + behind.join().unwrap();
        assert_eq!(sum, 21);
    }
}

/// Workers take from one channel and answer on another; the answers are complete.
#[test]
fn many_consumers_answer_on_one_channel() {
    const WORKERS: usize = 23;
    const PRIMES: [u64; 10] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
    const QUESTIONS: usize = 5_000;
    for side in SIDES {
        let (questions, question) = bounded(WORKERS * 3);
        let (answers, answer) = bounded(WORKERS * 3);
        for worker in 0..WORKERS {
            let (question, answers) = (question.clone(), answers.clone());
            side.spawn(async move {
                while let Ok(value) = side.recv(&question).await {
                    if PRIMES[worker % PRIMES.len()] == value {
                        tokio::task::yield_now().await;
                    }
                    side.send(&answers, value).await.unwrap();
                }
            });
        }
        drop((question, answers));
        let asks = side.spawn(async move {
            let mut expected = 0;
            for n in 0..QUESTIONS {
                expected += PRIMES[n % PRIMES.len()];
                side.send(&questions, PRIMES[n % PRIMES.len()])
                    .await
                    .unwrap();
            }
            expected
        });
        let (mut number, mut sum) = (0, 0);
        for value in answer {
            number += 1;
            sum += value;
        }
        assert_eq!((number, sum), (QUESTIONS, asks.join()));
    }
}

/// Each passes on what it gets from its neighbour.
#[test]
fn a_long_chain_passes_a_value_along() {
    for (side, links) in [(Thread, 100), (Task, 10_000)] {
        let (start, mut last) = bounded(0);
        for _ in 0..links {
            let (next, receiver) = bounded(0);
            let from = std::mem::replace(&mut last, receiver);
            side.spawn(async move {
                let value: u32 = side.recv(&from).await.unwrap();
                side.send(&next, value + 1).await.unwrap();
            });
        }
        start.send(0).unwrap();
        assert_eq!(last.recv(), Ok(links));
    }
}

/// Every prime has a filter of its own, which starts the next.
#[test]
fn a_sieve_of_filters_finds_the_primes() {
    const PRIMES: [u32; 15] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];
    for (capacity, side) in cases() {
        let (numbers, mut source) = bounded(capacity);
        side.spawn(async move {
            let mut number = 2;
            // The filters go when the primes have been found.
            while side.send(&numbers, number).await.is_ok() {
                number += 1;
            }
        });
        let mut primes = Vec::new();
        while primes.len() < PRIMES.len() {
            let prime = source.recv().unwrap();
            primes.push(prime);
            let (passed, next) = bounded(capacity);
            let from = std::mem::replace(&mut source, next);
            side.spawn(async move {
                while let Ok(number) = side.recv(&from).await {
                    if number % prime != 0 && side.send(&passed, number).await.is_err() {
                        break;
                    }
                }
            });
        }
        assert_eq!(primes, PRIMES);
    }
}

/// Two sorted sources become one by a select that holds back nothing.
#[test]
fn a_fan_in_keeps_the_order_of_each_source() {
    for (capacity, side) in cases() {
        let sources = [0, 1].map(|source| {
            let (sender, receiver) = bounded(capacity);
            side.spawn(async move {
                for n in 0..500 {
                    side.send(&sender, (source, n)).await.unwrap();
                }
            });
            receiver
        });
        let (merged, all) = bounded(capacity);
        side.spawn(async move {
            let mut open = sources.to_vec();
            while !open.is_empty() {
                let mut select = Select::new().recv_any(&open, |index, value| (index, value));
                let (index, value) = side.select(&mut select).await.unwrap();
                drop(select);
                match value {
                    Ok(value) => side.send(&merged, value).await.unwrap(),
                    Err(_) => drop(open.remove(index)),
                }
            }
        });
        let mut next = [0; 2];
        for (source, n) in all {
            assert_eq!(next[source], n);
            next[source] += 1;
        }
        assert_eq!(next, [500; 2]);
    }
}

#[test]
fn ping_and_pong() {
    for (capacity, side) in cases() {
        let (ping, pinged) = bounded(capacity);
        let (pong, ponged) = bounded(capacity);
        let other = side.spawn(async move {
            let mut turns = 0;
            while let Ok(ball) = side.recv(&pinged).await {
                side.send(&pong, ball + 1).await.unwrap();
                turns += 1;
            }
            turns
        });
        let ball = side.run(async move {
            let mut ball = 0;
            for _ in 0..1_000 {
                side.send(&ping, ball).await.unwrap();
                ball = side.recv(&ponged).await.unwrap();
            }
            ball
        });
        assert_eq!((ball, other.join()), (1_000, 1_000));
    }
}

/// A channel with one place is a lock: who has put something in holds it.
#[test]
fn a_channel_with_one_place_is_a_lock() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    for side in SIDES {
        let (lock, unlock) = bounded(1);
        let inside = Arc::new(AtomicUsize::new(0));
        let actors: Vec<_> = (0..4)
            .map(|_| {
                let (lock, unlock, inside) = (lock.clone(), unlock.clone(), Arc::clone(&inside));
                side.spawn(async move {
                    for _ in 0..500 {
                        side.send(&lock, ()).await.unwrap();
                        assert_eq!(inside.fetch_add(1, Relaxed), 0, "one at a time");
                        tokio::task::yield_now().await;
                        inside.fetch_sub(1, Relaxed);
                        unlock.try_recv().unwrap();
                    }
                })
            })
            .collect();
        for actor in actors {
            actor.join();
        }
    }
}

#[test]
fn values_of_no_size_are_counted() {
    for (capacity, side) in cases() {
        let (sender, receiver) = bounded(capacity);
        let other = never::<()>();
        let producer = side.spawn(async move {
            for _ in 0..1_000 {
                let mut select = Select::new().send(&sender, (), |sent| sent);
                side.select(&mut select).await.unwrap().unwrap();
            }
        });
        let count = side.run(async move {
            let mut select = Select::new()
                .recv(&other, |value| value)
                .recv(&receiver, |value| value);
            let mut count = 0;
            while side.select(&mut select).await.unwrap().is_ok() {
                count += 1;
            }
            count
        });
        producer.join();
        assert_eq!(count, 1_000);
    }
}

/// A server ends when it is told so, and has answered all that came before.
#[test]
fn a_server_selects_between_work_and_its_end() {
    let serve = |requests: Receiver<(u32, Sender<u32>)>, stop: Receiver<()>| {
        let mut served = 0;
        loop {
            select! {
                recv(requests) -> request => {
                    let (number, answer) = request.unwrap();
                    answer.send(number * number).unwrap();
                    served += 1;
                }
                recv(stop) -> _ => break served,
            }
        }
    };
    let (requests, request) = bounded(0);
    let (stop, stopped) = bounded::<()>(0);
    let server = thread::spawn(move || serve(request, stopped));
    futures::executor::block_on(async {
        for number in 0..100 {
            let (answer, answered) = bounded(1);
            requests.send_async((number, answer)).await.unwrap();
            let square = select_async! {
                recv(answered) -> square => square,
                recv(never()) -> square => square,
            };
            assert_eq!(square, Ok(number * number));
        }
    });
    drop(stop);
    assert_eq!(server.join().unwrap(), 100);
}
