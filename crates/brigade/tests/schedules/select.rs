//! Selects of threads and tasks over two channels and a semaphore: whatever an arm has done is counted once, and what
//! the others had is left to others.

use crate::actors::{any, give_up, join, task, thread};
use crate::explore::explore;
use brigade::channel::{bounded, unbounded};
use brigade::select::Select;
use brigade::sync::{Mutex, Semaphore};
use brigade::{select, select_async};
use std::sync::Arc;
use std::time::Duration;

const EACH: usize = 4;

#[test]
fn three_who_select_get_all_of_two_channels() {
    for capacity in [0, 1, 2] {
        explore(move || {
            let (one_in, one) = bounded(capacity);
            let (two_in, two) = bounded(capacity);
            let senders = [
                thread(move || (0..EACH).for_each(|n| one_in.send(n).unwrap())),
                task(move || async move {
                    for n in EACH..2 * EACH {
                        two_in.send_async(n).await.unwrap();
                    }
                }),
            ];
            let receivers: Vec<_> = (0..3)
                .map(|which| {
                    let (one, two) = (one.clone(), two.clone());
                    if which == 0 {
                        thread(move || {
                            let mut got = Vec::new();
                            let mut open = [true; 2];
                            while open[0] && open[1] {
                                select! {
                                    recv(one) -> n => match n { Ok(n) => got.push(n), Err(_) => open[0] = false },
                                    recv(two) -> n => match n { Ok(n) => got.push(n), Err(_) => open[1] = false },
                                }
                            }
                            got.extend(one.iter().chain(two.iter()));
                            got
                        })
                    } else {
                        task(move || async move {
                            let mut got = Vec::new();
                            let mut open = [true; 2];
                            while open[0] && open[1] {
                                select_async! {
                                    recv(one) -> n => match n { Ok(n) => got.push(n), Err(_) => open[0] = false },
                                    recv(two) -> n => match n { Ok(n) => got.push(n), Err(_) => open[1] = false },
                                }
                            }
                            while let Ok(n) = one.recv_async().await {
                                got.push(n);
                            }
                            while let Ok(n) = two.recv_async().await {
                                got.push(n);
                            }
                            got
                        })
                    }
                })
                .collect();
            drop((one, two));
            join(senders);
            let mut all = join(receivers).concat();
            all.sort_unstable();
            assert_eq!(all, (0..2 * EACH).collect::<Vec<_>>());
        });
    }
}

#[test]
fn a_value_goes_to_one_of_two_channels() {
    for capacity in [0, 1] {
        explore(move || {
            let (one_in, one) = bounded(capacity);
            let (two_in, two) = bounded(capacity);
            let senders: Vec<_> = (0..2)
                .map(|from| {
                    let (one, two) = (one_in.clone(), two_in.clone());
                    thread(move || {
                        for n in 0..EACH {
                            let value = from * EACH + n;
                            Select::new()
                                .send(&one, value, |sent| sent.is_ok())
                                .send(&two, value, |sent| sent.is_ok())
                                .wait()
                                .map(|sent| assert!(sent))
                                .unwrap();
                        }
                    })
                })
                .collect();
            drop((one_in, two_in));
            let receivers = [
                thread(move || one.iter().collect::<Vec<_>>()),
                task(move || async move {
                    let mut got = Vec::new();
                    while let Ok(n) = two.recv_async().await {
                        got.push(n);
                    }
                    got
                }),
            ];
            join(senders);
            let mut all = join(receivers).concat();
            all.sort_unstable();
            assert_eq!(all, (0..2 * EACH).collect::<Vec<_>>());
        });
    }
}

/// Selects that run out of time or are dropped leave what they were woken for to the patient one.
#[test]
fn a_select_that_is_given_up_takes_nothing_with_it() {
    explore(|| {
        let (one_in, one) = unbounded();
        let (two_in, two) = bounded(1);
        let mut actors = vec![thread(move || {
            (0..EACH).for_each(|n| one_in.send(n).unwrap());
            Vec::new()
        })];
        actors.push(thread(move || {
            (EACH..2 * EACH).for_each(|n| two_in.send(n).unwrap());
            Vec::new()
        }));
        let (first, second) = (one.clone(), two.clone());
        actors.push(task(move || async move {
            let mut got = Vec::new();
            for _ in 0..3 {
                let mut select = Select::new()
                    .recv(&first, |n| n.ok())
                    .recv(&second, |n| n.ok());
                if let Some(done) = give_up(1 + any(2), select.wait_async()).await {
                    got.extend(done.unwrap());
                }
            }
            got
        }));
        let (first, second) = (one.clone(), two.clone());
        actors.push(thread(move || {
            let mut got = Vec::new();
            for _ in 0..3 {
                let mut select = Select::new()
                    .recv(&first, |n| n.ok())
                    .recv(&second, |n| n.ok());
                if let Ok(done) = select.wait_timeout(Duration::from_millis(1)) {
                    got.extend(done);
                }
            }
            got
        }));
        actors.push(thread(move || {
            let mut got: Vec<usize> = two.iter().collect();
            got.extend(one.iter());
            got
        }));
        let mut all = join(actors).concat();
        all.sort_unstable();
        assert_eq!(all, (0..2 * EACH).collect::<Vec<_>>());
    });
}

#[test]
fn a_permit_a_lock_and_a_message_are_arms_of_one_select() {
    explore(|| {
        let permits = Arc::new(Semaphore::new(1));
        let total = Arc::new(Mutex::new(0));
        let (sender, receiver) = bounded(1);
        let mut actors: Vec<_> = (0..2)
            .map(|_| {
                let (permits, total, receiver) = (permits.clone(), total.clone(), receiver.clone());
                thread(move || {
                    let (mut locked, mut received) = (0, 0);
                    for _ in 0..EACH {
                        let mut select = Select::new()
                            .acquire(&permits, 1, |permit| drop(permit.unwrap()))
                            .lock(&total, |mut total| {
                                *total += 1;
                                locked += 1;
                            })
                            .recv(&receiver, |value| received += usize::from(value.is_ok()));
                        select.wait().unwrap();
                    }
                    (locked, received)
                })
            })
            .collect();
        let (held, sum) = (permits.clone(), total.clone());
        actors.push(task(move || async move {
            let mut locked = 0;
            for _ in 0..2 {
                let _permit = held.acquire_async().await.unwrap();
                *sum.lock_async().await += 1;
                locked += 1;
            }
            (locked, 0)
        }));
        let sends = thread(move || {
            let sent = (0..2).filter(|n| sender.try_send(*n).is_ok());
            (0, sent.count())
        });
        let done = join(actors);
        let sent = sends.join().unwrap().1;
        let received: usize = done.iter().map(|done| done.1).sum();
        assert_eq!(received + receiver.try_iter().count(), sent);
        assert_eq!(*total.lock(), done.iter().map(|done| done.0).sum::<usize>());
        assert_eq!(permits.available(), 1);
    });
}
