//! One of several operations: which is done, and what is left as it was.

use crate::allocations;
use crate::by_hand::poll;
use crate::sides::Side::{self, Task, Thread};
use crate::sides::sleep_once;
use brigade::channel::{
    Receiver, RecvError, SendError, Sender, TryRecvError, after, bounded, never, unbounded,
};
use brigade::select::{Select, SelectError, SelectTimeoutError, TrySelectError};
use brigade::wait::{Waiter, waiters};
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
const SOON: Duration = Duration::from_millis(2);
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

/// Waits, and says before at which line of this file.
macro_rules! wait_at_a_line {
    ($lines:expr, $side:expr, $select:expr) => {{
        $lines.send(line!()).unwrap();
        match $side {
            Thread => $select.wait(),
            Task => $select.wait_async().await,
        }
    }};
}

/// Who waits at `line` of this file.
fn listed(line: u32) -> Vec<Waiter> {
    let mut listed = waiters();
    listed.retain(|waiter| waiter.site().file() == file!() && waiter.site().line() == line);
    listed
}

/// Returns what `count` waits at `line` of this file say of themselves, once there are so many.
fn until_listed(line: u32, count: usize) -> Vec<Waiter> {
    loop {
        let listed = listed(line);
        if listed.len() >= count {
            return listed;
        }
        thread::yield_now();
    }
}

/// A channel with one value in it, which is all that it holds.
pub(crate) fn full(value: i32) -> (Sender<i32>, Receiver<i32>) {
    let (sender, receiver) = bounded(1);
    sender.send(value).unwrap();
    (sender, receiver)
}

#[test]
fn the_arm_that_is_ready_is_done() {
    for side in SIDES {
        for ready in 0..3 {
            let channels = [(); 3].map(|()| bounded(1));
            channels[ready].0.send("here").unwrap();
            let done = side.run(async move {
                let mut select = Select::new()
                    .recv(&channels[0].1, |word| (0, word))
                    .recv(&channels[1].1, |word| (1, word))
                    .recv(&channels[2].1, |word| (2, word));
                side.select(&mut select).await
            });
            assert_eq!(done, Ok((ready, Ok("here"))));
        }
    }
}

#[test]
fn the_arm_that_becomes_ready_is_done() {
    for side in SIDES {
        let (words, word) = bounded(1);
        let (_numbers, number) = bounded::<i32>(1);
        let waits = side.spawn(async move {
            let mut select = Select::new()
                .recv(&number, |number| number.map(|number| number.to_string()))
                .recv(&word, |word: Result<&str, _>| word.map(str::to_owned));
            side.select(&mut select).await
        });
        words.send("here").unwrap();
        assert_eq!(waits.join(), Ok(Ok("here".to_owned())));
    }
}

#[test]
fn one_arm_is_done_and_the_others_are_left() {
    for side in SIDES {
        let (_a, first) = full(1);
        let (_b, second) = full(2);
        let (third, taken) = bounded(1);
        let sum = side.run(async move {
            let mut select = Select::new()
                .recv(&first, |value| value.unwrap())
                .recv(&second, |value| value.unwrap())
                .send(&third, 4, |sent| sent.map(|()| 4).unwrap());
            let mut sum = 0;
            for left in [2, 1, 0] {
                sum += side.select(&mut select).await.unwrap();
                assert_eq!(first.len() + second.len() + 1 - taken.len(), left);
            }
            assert_eq!(select.try_wait(), Err(TrySelectError::NotReady));
            sum
        });
        assert_eq!(sum, 7);
    }
}

/// Of three arms that are always ready, one that is not tried first once in a thousand rounds is never.
#[test]
fn every_arm_that_is_ready_has_its_turn() {
    for side in SIDES {
        let done = side.run(async move {
            let (to_send, receiver) = unbounded();
            let (sender, values) = unbounded();
            let list = [never(), values.clone()];
            let mut done = [0; 4];
            for _ in 0..1000 {
                sender.send(()).unwrap();
                let mut select = Select::new()
                    .send(&to_send, (), |_| 0)
                    .recv(&values, |_| 1)
                    .recv_any(&list, |index, _| 2 + index);
                done[side.select(&mut select).await.unwrap()] += 1;
            }
            assert_eq!(done[0], receiver.len());
            done
        });
        assert!(done[0] > 0 && done[1] > 0 && done[3] > 0, "{done:?}");
        assert_eq!((done[2], done.iter().sum::<usize>()), (0, 1000));
    }
}

#[test]
fn a_biased_select_keeps_the_order() {
    for side in SIDES {
        let (_a, first) = full(1);
        let (_b, second) = full(2);
        let (third, taken) = bounded(1);
        let order = side.run(async move {
            let list = [first, second];
            let mut select = Select::new()
                .biased()
                .recv_any(&list, |_, value| value.unwrap())
                .send(&third, 3, |sent| sent.map(|()| 3).unwrap());
            let mut order = Vec::new();
            while let Ok(value) = side.select_timeout(&mut select, Duration::ZERO).await {
                order.push(value);
            }
            order
        });
        assert_eq!(order, [1, 2, 3]);
        assert_eq!(taken.recv(), Ok(3));
    }
}

/// A close is told like a value, however busy the others are.
#[test]
fn a_closed_arm_is_not_kept_out_by_a_busy_one() {
    for side in SIDES {
        for (stop, stopped) in [bounded::<()>(1), unbounded()] {
            let (work, jobs) = unbounded();
            drop(stop);
            let done = side.run(async move {
                let mut select = Select::new()
                    .recv(&jobs, |_| false)
                    .recv(&stopped, |_| true);
                let mut done = 0;
                work.send(()).unwrap();
                while !side.select(&mut select).await.unwrap() {
                    work.send(()).unwrap();
                    done += 1;
                    assert!(done < 1000, "the close has not been seen");
                }
                let mut select = Select::new()
                    .biased()
                    .recv(&stopped, |_| true)
                    .recv(&jobs, |_| false);
                side.select(&mut select).await
            });
            assert_eq!(done, Ok(true));
        }
    }
}

#[test]
fn try_wait_does_what_can_be_done_at_once() {
    let (sender, receiver) = bounded(1);
    let mut select = Select::new()
        .recv(&receiver, |value| value)
        .send(&sender, 1, |sent| {
            sent.map(|()| 0).map_err(|_| RecvError::Closed)
        });
    assert_eq!(select.try_wait(), Ok(Ok(0)));
    assert_eq!(select.try_wait(), Ok(Ok(1)));
    assert_eq!(select.try_wait(), Err(TrySelectError::NotReady));
    drop(select);
    assert!(receiver.is_empty());
}

#[test]
fn a_limit_ends_the_wait() {
    for side in SIDES {
        let (sender, receiver) = full(1);
        let (_other, empty) = bounded::<()>(1);
        let start = Instant::now();
        let ended = side.run(async move {
            let mut select = Select::new().send(&sender, 2, |_| ()).recv(&empty, |_| ());
            let ended = side.select_timeout(&mut select, SOON).await;
            (ended, select.try_wait())
        });
        assert_eq!(
            ended,
            (
                Err(SelectTimeoutError::Timeout),
                Err(TrySelectError::NotReady)
            )
        );
        assert!(start.elapsed() >= SOON);
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
    }
}

#[test]
fn a_deadline_in_the_past_tries_once() {
    let past = Instant::now();
    let (sender, receiver) = bounded(1);
    let mut select = Select::new().recv(&receiver, |value| value);
    assert_eq!(select.wait_deadline(past), Err(SelectTimeoutError::Timeout));
    sender.send(1).unwrap();
    assert_eq!(select.wait_deadline(past), Ok(Ok(1)));
    sender.send(2).unwrap();
    let awaited = futures::executor::block_on(async {
        let first = select.wait_deadline_async(past).await;
        (first, select.wait_deadline_async(past).await)
    });
    assert_eq!(awaited, (Ok(Ok(2)), Err(SelectTimeoutError::Timeout)));
}

#[test]
fn a_timeout_beyond_the_clock_waits() {
    for side in SIDES {
        let (sender, receiver) = bounded(1);
        let waits = side.spawn(async move {
            let mut select = Select::new().recv(&receiver, |value| value);
            side.select_timeout(&mut select, Duration::MAX).await
        });
        sender.send(1).unwrap();
        assert_eq!(waits.join(), Ok(Ok(1)));
    }
}

#[test]
fn a_timer_is_an_arm() {
    for side in SIDES {
        let start = Instant::now();
        let due = side.run(async move {
            let over = after(SOON);
            let never = never::<i32>();
            let mut select = Select::new().recv(&never, |_| None).recv(&over, Result::ok);
            side.select(&mut select).await
        });
        assert!(due.unwrap().unwrap() >= start + SOON);
    }
}

#[test]
fn an_arm_that_sends_waits_for_room_and_sends_once() {
    for side in SIDES {
        let (sender, receiver) = full(1);
        let (lines, line) = unbounded();
        let waits = side.spawn(async move {
            let mut select = Select::new().send(&sender, 2, |sent| sent);
            let first = wait_at_a_line!(lines, side, select);
            (first, side.select(&mut select).await, select.try_wait())
        });
        until_listed(line.recv().unwrap(), 1);
        assert_eq!(receiver.recv(), Ok(1));
        let spent = (
            Ok(Ok(())),
            Err(SelectError::NoArms),
            Err(TrySelectError::NoArms),
        );
        assert_eq!(waits.join(), spent);
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [2]);
    }
}

#[test]
fn a_select_may_send_and_receive_at_one_channel() {
    for side in SIDES {
        let received = side.run(async move {
            let (sender, receiver) = bounded(1);
            let mut select = Select::new()
                .send(&sender, 7, |sent| sent.map(|()| None).unwrap())
                .recv(&receiver, |value| value.ok());
            let sent = side.select(&mut select).await;
            let received = side.select(&mut select).await;
            (sent, received, side.select_timeout(&mut select, SOON).await)
        });
        let timeout = Err(SelectTimeoutError::Timeout);
        assert_eq!(received, (Ok(None), Ok(Some(7)), timeout));
    }
}

/// Some receive and some send, all by selects that could do either.
#[test]
fn selects_that_send_and_receive_serve_each_other() {
    for (side, other) in [(Thread, Thread), (Thread, Task), (Task, Task)] {
        let (sender, receiver) = full(0);
        let actors: Vec<_> = [side, other]
            .into_iter()
            .enumerate()
            .map(|(actor, side)| {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                side.spawn(async move {
                    let (mut sent, mut received) = (0, 0);
                    for n in 0..500 {
                        let value = actor as i32 * 1000 + n;
                        let mut select = Select::new()
                            .send(&sender, value, |sent| (sent.map(|()| value).unwrap(), 0))
                            .recv(&receiver, |value| (0, value.unwrap()));
                        let done = side.select_timeout(&mut select, FOREVER).await.unwrap();
                        sent += done.0;
                        received += done.1;
                    }
                    (sent, received)
                })
            })
            .collect();
        let sums = actors.into_iter().map(|actor| actor.join());
        let (sent, received) = sums.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        assert_eq!(sent, received + receiver.try_iter().sum::<i32>());
    }
}

#[test]
fn arms_of_closed_channels_are_done_with_the_error() {
    for side in SIDES {
        let (sender, receiver) = full(1);
        let (kept, gone) = bounded::<i32>(1);
        drop(gone);
        sender.close();
        let done = side.run(async move {
            let mut select = Select::new()
                .biased()
                .recv(&receiver, |value| value.map_err(|_| 0))
                .send(&kept, 9, |sent| {
                    sent.map(|()| 0).map_err(SendError::into_inner)
                });
            [
                side.select(&mut select).await,
                side.select(&mut select).await,
            ]
        });
        assert_eq!(done, [Ok(Ok(1)), Ok(Err(0))]);
    }
    let (sender, receiver) = bounded::<i32>(1);
    drop(receiver);
    let mut select = Select::new().send(&sender, 9, |sent| sent);
    assert_eq!(select.wait(), Ok(Err(SendError::Closed(9))));
    assert_eq!(select.wait(), Err(SelectError::NoArms));
}

#[test]
fn a_close_wakes_a_select() {
    for side in SIDES {
        let (sender, receiver) = bounded::<i32>(1);
        let (to_full, _kept) = full(1);
        let actors = [(); 3].map(|()| {
            let (receiver, to_full) = (receiver.clone(), to_full.clone());
            side.spawn(async move {
                let mut select = Select::new().recv(&receiver, |value| value.is_err()).send(
                    &to_full,
                    2,
                    |sent| sent.is_err(),
                );
                side.select(&mut select).await
            })
        });
        sender.close();
        for actor in actors {
            assert_eq!(actor.join(), Ok(true));
        }
    }
}

#[test]
fn a_select_without_arms_waits_for_nothing() {
    for side in SIDES {
        let ended = side.run(async move {
            let none: [Receiver<i32>; 0] = [];
            let mut empty = Select::new();
            let mut list = Select::new().recv_any(&none, |_, value| value.unwrap());
            assert_eq!(empty.try_wait::<i32>(), Err(TrySelectError::NoArms));
            assert_eq!(list.try_wait(), Err(TrySelectError::NoArms));
            assert_eq!(
                side.select_timeout(&mut list, FOREVER).await,
                Err(SelectTimeoutError::NoArms)
            );
            (
                side.select::<i32, _>(&mut empty).await,
                side.select(&mut list).await,
            )
        });
        assert_eq!(ended, (Err(SelectError::NoArms), Err(SelectError::NoArms)));
    }
}

#[test]
fn an_empty_list_is_no_hindrance_to_the_other_arms() {
    for side in SIDES {
        let none: [Receiver<i32>; 0] = [];
        let (sender, receiver) = bounded(1);
        let (to_full, kept) = full(7);
        let waits = side.spawn(async move {
            let mut select = Select::new()
                .recv_any(&none, |index, _| Err(index))
                .recv(&receiver, |value| value.map_err(|_| 100))
                .recv_any(&none, |index, _| Err(index))
                .send(&to_full, 8, |_| Ok(0));
            let first = side.select(&mut select).await;
            let second = side.select(&mut select).await;
            (first.unwrap(), second.unwrap())
        });
        sender.send(1).unwrap();
        assert_eq!(kept.recv(), Ok(7));
        let mut done: [_; 2] = waits.join().into();
        done.sort_unstable();
        assert_eq!(done, [Ok(0), Ok(1)]);
    }
}

#[test]
fn a_list_names_the_receiver_that_has_received() {
    for side in SIDES {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..20).map(|_| bounded(1)).unzip();
        let waits = side.spawn(async move {
            let (other, never) = (never(), never());
            let mut select = Select::new()
                .recv(&other, |value| (100, value))
                .recv_any(&receivers, |index, value| (index, value))
                .recv_any([&never], |index, value| (200 + index, value));
            let mut received = Vec::new();
            for _ in 0..20 {
                let (index, value) = side.select(&mut select).await.unwrap();
                received.push((index, value.unwrap()));
            }
            received
        });
        for (index, sender) in senders.iter().enumerate() {
            sender.send(index * 10).unwrap();
        }
        let mut received = waits.join();
        received.sort_unstable();
        let all = (0..20).map(|index| (index, index * 10));
        assert!(received.into_iter().eq(all));
    }
}

#[test]
fn the_same_channel_may_be_in_several_arms() {
    for side in SIDES {
        let (sender, receiver) = bounded(1);
        let consumer = side.spawn(async move {
            let same = [receiver.clone(), receiver.clone(), receiver.clone()];
            let mut select = Select::new()
                .recv(&receiver, |value| value)
                .recv_any(&same, |_, value| value);
            let mut received = Vec::new();
            while let Ok(value) = side.select(&mut select).await.unwrap() {
                received.push(value);
            }
            received
        });
        for value in 0..500 {
            sender.send(value).unwrap();
        }
        drop(sender);
        assert_eq!(consumer.join(), (0..500).collect::<Vec<_>>());
    }
}

#[test]
fn a_sleeping_select_is_listed_once_for_each_arm() {
    for side in SIDES {
        let (sender, receiver) = bounded::<i32>(1);
        let (to_full, kept) = full(1);
        let (lines, line) = unbounded();
        let sleeper = side.spawn(async move {
            let mut select =
                Select::new()
                    .recv(&receiver, |value| value.is_ok())
                    .send(&to_full, 2, |_| false);
            wait_at_a_line!(lines, side, select)
        });
        let line = line.recv().unwrap();
        let mut arms = until_listed(line, 2);
        arms.sort_by_key(Waiter::waits_for);
        let [recv, send] = &arms[..] else {
            panic!("two arms, listed as {arms:?}");
        };
        assert_eq!(recv.waits_for(), "channel recv");
        assert_eq!(send.waits_for(), "channel send");
        assert_ne!(recv.object(), send.object());
        assert_eq!(recv.thread_id(), send.thread_id());
        assert_eq!(recv.thread_id().is_some(), matches!(side, Thread));
        sender.send(5).unwrap();
        assert_eq!(sleeper.join(), Ok(true));
        assert_eq!(kept.try_iter().collect::<Vec<_>>(), [1]);
        assert_eq!(listed(line).len(), 0);
    }
}

#[test]
fn a_blocked_select_allocates_nothing() {
    let (sender, receiver) = full(1);
    let (_other, empty) = bounded::<()>(1);
    let mut select = Select::new()
        .send(&sender, 2, |sent| sent.is_ok())
        .recv(&empty, |_| false);
    let moment = Duration::from_micros(100);
    // The first sleep makes the thread's own parker, the first deadline of a task the keeper of the time.
    sleep_once();
    assert!(poll(pin!(select.wait_timeout_async(FOREVER))).is_pending());
    let count = allocations::during(|| {
        assert!(select.wait_timeout(moment).is_err());
        assert!(poll(pin!(select.wait_timeout_async(FOREVER))).is_pending());
        let mut wait = pin!(select.wait_async());
        assert!(poll(wait.as_mut()).is_pending());
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(poll(wait), Poll::Ready(Ok(true)));
        let built = &mut Select::new().recv(&receiver, |value| value.is_ok());
        assert_eq!(built.wait(), Ok(true));
    });
    assert_eq!(count, 0);
}

#[test]
fn a_select_leaves_the_channels_as_they_were() {
    let (sender, receiver) = bounded(1);
    let mut select = Select::new().recv(&receiver, |value| value);
    assert!(poll(pin!(select.wait_async())).is_pending());
    assert!(select.wait_timeout(Duration::ZERO).is_err());
    drop(select);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
}
