//! Receivers of every kind of channel as arms of one select.

use crate::by_hand::poll;
use crate::sides::Side::{Task, Thread};
use crate::sides::until_waiting_at;
use brigade::channel::{self, RecvError, after, bounded, broadcast, never, oneshot, spsc, watch};
use brigade::select::{Select, SelectError, TrySelectError};
use brigade::sync::{Mutex, RwLock, Semaphore};
use brigade::{select, select_async};
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

#[test]
fn each_kind_is_done_when_it_has_a_value() {
    for side in [Thread, Task] {
        for ready in 0..5 {
            let done = side.run(async move {
                let (to_many, many) = bounded(1);
                let (mut to_one, mut one) = spsc(1);
                let (to_once, mut once) = oneshot();
                let (to_all, mut all) = broadcast(1);
                let (to_latest, mut latest) = watch(0);
                let mut to_once = Some(to_once);
                match ready {
                    0 => to_many.send(10).unwrap(),
                    1 => to_one.send(11).unwrap(),
                    2 => to_once.take().unwrap().send(12).unwrap(),
                    3 => assert_eq!(to_all.send(13), Ok(1)),
                    _ => to_latest.send(14).unwrap(),
                }
                let mut select = Select::new()
                    .recv(&many, |value| (0, value.unwrap()))
                    .recv(&mut one, |value| (1, value.unwrap()))
                    .recv(&mut once, |value| (2, value.unwrap()))
                    .recv(&mut all, |value| (3, value.unwrap()))
                    .recv(&mut latest, |value| (4, *value.unwrap()));
                let done = side.select(&mut select).await;
                assert_eq!(select.try_wait(), Err(TrySelectError::NotReady));
                drop(to_once);
                done
            });
            assert_eq!(done, Ok((ready, 10 + ready)));
        }
    }
}

#[test]
fn each_kind_wakes_the_select_that_sleeps() {
    for side in [Thread, Task] {
        for ready in 0..5 {
            let (to_many, many) = bounded(1);
            let (mut to_one, mut one) = spsc(1);
            let (to_once, mut once) = oneshot();
            let (to_all, mut all) = broadcast(1);
            let (to_latest, mut latest) = watch(0);
            let waits = side.spawn(async move {
                let mut select = Select::new()
                    .recv(&many, |value| value == Ok(0))
                    .recv(&mut one, |value| value == Ok(1))
                    .recv(&mut once, |value| value == Ok(2))
                    .recv(&mut all, |value| value == Ok(3))
                    .recv(&mut latest, |value| value.is_ok_and(|value| *value == 4));
                match side {
                    Thread => select.wait(),
                    Task => select.wait_async().await,
                }
            });
            until_all_wait();
            let mut to_once = Some(to_once);
            match ready {
                0 => to_many.send(ready).unwrap(),
                1 => to_one.send(ready).unwrap(),
                2 => to_once.take().unwrap().send(ready).unwrap(),
                3 => assert_eq!(to_all.send(ready), Ok(1)),
                _ => to_latest.send(ready).unwrap(),
            }
            assert_eq!(waits.join(), Ok(true));
            drop((to_many, to_one, to_once, to_all, to_latest));
        }
    }
}

/// Five places in the list of waiters for one select.
fn until_all_wait() {
    while brigade::wait::waiters()
        .iter()
        .filter(|waiter| waiter.site().file() == file!())
        .count()
        < 5
    {
        thread::yield_now();
    }
}

#[test]
fn a_oneshot_takes_part_until_it_is_done() {
    let (sender, mut answer) = oneshot();
    let (_kept, other) = bounded::<i32>(1);
    sender.send(5).unwrap();
    let mut both = Select::new()
        .recv(&mut answer, |value| value)
        .recv(&other, |value| value);
    assert_eq!(both.wait(), Ok(Ok(5)));
    assert_eq!(both.try_wait(), Err(TrySelectError::NotReady));
    drop(both);
    // By itself it has nothing left to do.
    let mut alone = Select::new().recv(&mut answer, |value| value);
    assert_eq!(alone.wait(), Ok(Err(RecvError::Closed)));
    assert_eq!(alone.wait(), Err(SelectError::NoArms));
}

#[test]
fn of_many_oneshots_each_is_done_once() {
    let (senders, mut answers): (Vec<_>, Vec<_>) = (0..10).map(|_| oneshot()).unzip();
    let answering = thread::spawn(move || {
        for (number, sender) in senders.into_iter().enumerate().rev() {
            if number % 3 != 0 {
                sender.send(number).unwrap();
            }
        }
    });
    let mut any = Select::new().recv_any(&mut answers, |index, value| (index, value));
    let mut seen = Vec::new();
    while let Ok(answer) = any.wait() {
        seen.push(answer);
    }
    answering.join().unwrap();
    seen.sort_by_key(|(index, _)| *index);
    let expected = (0..10).map(|number| {
        (
            number,
            if number % 3 == 0 {
                Err(RecvError::Closed)
            } else {
                Ok(number)
            },
        )
    });
    assert!(seen.iter().copied().eq(expected), "{seen:?}");
}

#[test]
fn what_arrives_while_a_select_is_dropped_is_still_there() {
    for ready in 0..4 {
        let (mut to_one, mut one) = spsc(1);
        let (to_once, mut once) = oneshot();
        let (to_all, mut all) = broadcast(1);
        let (to_latest, mut latest) = watch(0);
        {
            let mut select = Select::new()
                .recv(&mut one, |_| ())
                .recv(&mut once, |_| ())
                .recv(&mut all, |_| ())
                .recv(&mut latest, |_| ());
            let mut waiting = pin!(select.wait_async());
            assert!(poll(waiting.as_mut()).is_pending());
            match ready {
                0 => to_one.send(1).unwrap(),
                1 => to_once.send(1).unwrap(),
                2 => {
                    to_all.send(1).unwrap();
                }
                _ => to_latest.send(1).unwrap(),
            }
        }
        match ready {
            0 => assert_eq!(one.try_recv(), Ok(1)),
            1 => assert_eq!(once.try_recv(), Ok(1)),
            2 => assert_eq!(all.try_recv(), Ok(1)),
            _ => assert_eq!(latest.try_changed(), Ok(Arc::new(1))),
        }
    }
}

#[test]
fn a_lagging_receiver_is_told_in_its_arm() {
    let (sender, mut all) = broadcast(2);
    for value in 0..5 {
        sender.send(value).unwrap();
    }
    let mut select = Select::new().recv(&mut all, |value| value);
    let lost = channel::broadcast::RecvError::Lagged(3);
    assert_eq!(select.wait(), Ok(Err(lost)));
    assert_eq!(select.wait(), Ok(Ok(3)));
}

#[test]
fn the_macros_borrow_every_kind_as_it_needs() {
    let (sender, mut answer) = oneshot();
    let (_settings, mut changed) = watch(0);
    let jobs = never::<()>();
    sender.send(3).unwrap();
    let got = select! {
        recv(answer) -> value => value.unwrap(),
        recv(changed) -> _ => 0,
        recv(&jobs) -> _ => 0,
        recv(after(FOREVER)) -> _ => 0,
        default(FOREVER) => 0,
    };
    assert_eq!(got, 3);
    let (mut to_one, mut one) = spsc(1);
    to_one.send(4).unwrap();
    let got = Task.run(async move {
        select_async! {
            recv(&mut one) -> value => value.unwrap(),
            recv(changed) -> _ => 0,
        }
    });
    assert_eq!(got, 4);
}

#[test]
fn locks_and_permits_are_arms() {
    for side in [Thread, Task] {
        for ready in 0..3 {
            let shared = Arc::new((Mutex::new(0), RwLock::new(0), Semaphore::new(1)));
            let held = (shared.0.lock(), shared.1.read());
            let waits = side.spawn({
                let shared = Arc::clone(&shared);
                async move {
                    let mut select = Select::new()
                        .lock(&shared.0, |mut value| *value = 1)
                        .write(&shared.1, |mut value| *value = 1)
                        .acquire(&shared.2, 2, |permits| permits.unwrap().forget());
                    side.select(&mut select).await
                }
            });
            until_waiting_at(&shared.0, 1);
            until_waiting_at(&shared.1, 1);
            until_waiting_at(&shared.2, 1);
            let mut held = (Some(held.0), Some(held.1));
            match ready {
                0 => held.0 = None,
                1 => held.1 = None,
                _ => shared.2.add_permits(1).unwrap(),
            }
            assert_eq!(waits.join(), Ok(()));
            drop(held);
            // Nothing is left of the waits that were in vain.
            let left = (*shared.0.lock(), *shared.1.read(), shared.2.available());
            let expected = [(1, 0, 1), (0, 1, 1), (0, 0, 0)];
            assert_eq!(left, expected[ready]);
            assert!(shared.1.try_read().is_ok() && shared.1.try_write().is_ok());
        }
    }
}

#[test]
fn an_arm_that_locks_can_be_done_again_and_again() {
    let (mutex, lock, semaphore) = (Mutex::new(0), RwLock::new(0), Semaphore::new(1));
    let mut select = Select::new()
        .lock(&mutex, |mut value| *value += 1)
        .read(&lock, |_| ())
        .write(&lock, |mut value| *value += 1)
        .acquire(&semaphore, 1, |permit| drop(permit.unwrap()));
    for _ in 0..100 {
        select.wait().unwrap();
        futures::executor::block_on(select.wait_async()).unwrap();
        select.try_wait().unwrap();
    }
    drop(select);
    assert!(*mutex.lock() > 0 && *lock.read() > 0);
}
