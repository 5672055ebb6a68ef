//! Each operation that can be cancelled, blocked in a thread and in a task, and those that cannot.

use super::{FOREVER, ended_in_task, ended_in_thread, until_asleep};
use crate::by_hand::{poll, poll_counted};
use brigade::cancel::CancelToken;
use brigade::channel::{
    self, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, bounded,
    never, oneshot, unbounded,
};
use brigade::channel::{broadcast, spsc, watch};
use brigade::pool::{JobError, JoinTimeoutError, Pool, Rejected};
use brigade::select::{Select, SelectError, SelectTimeoutError};
use brigade::sync::{AcquireError, AcquireTimeoutError, Barrier, Mutex, Semaphore};
use brigade::{select, select_async};
use futures::{SinkExt, StreamExt};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

/// Channels that are empty, of every kind.
fn empty() -> Vec<(Sender<i32>, Receiver<i32>)> {
    let ([_urgent, sender], receiver) = channel::priority([1, 1]);
    let lanes = (sender, receiver);
    vec![bounded(0), bounded(1), bounded(3), unbounded(), lanes]
}

/// Channels without room for another value.
fn full() -> Vec<(Sender<i32>, Receiver<i32>)> {
    let full = [bounded(0), bounded(1), bounded(3)];
    for (sender, _) in &full {
        while sender.try_send(0).is_ok() {}
    }
    full.into()
}

#[test]
fn a_receive_ends() {
    for (sender, receiver) in empty() {
        let recv = || receiver.recv();
        assert_eq!(
            ended_in_thread("channel recv", recv),
            Err(RecvError::Cancelled)
        );
        assert_eq!(
            ended_in_task(receiver.recv_async()),
            Err(RecvError::Cancelled)
        );
        let recv = || receiver.recv_timeout(FOREVER);
        let cancelled = Err(RecvTimeoutError::Cancelled);
        assert_eq!(ended_in_thread("channel recv", recv), cancelled);
        assert_eq!(
            ended_in_task(receiver.recv_timeout_async(FOREVER)),
            cancelled
        );
        // Nobody asks any more: without room nothing can be sent.
        let sent = sender.try_send(5).is_ok();
        assert_eq!(receiver.try_recv().ok(), sent.then_some(5));
    }
    let recv = || never::<i32>().recv();
    assert_eq!(
        ended_in_thread("channel recv", recv),
        Err(RecvError::Cancelled)
    );
    let late = channel::after(FOREVER);
    assert!(ended_in_thread("channel recv", || late.recv()).is_err());
    assert!(ended_in_task(late.recv_async()).is_err());
}

#[test]
fn a_receive_of_many_ends() {
    for (_sender, receiver) in empty() {
        let mut taken = Vec::new();
        let recv = || receiver.recv_many(&mut taken, 5);
        assert_eq!(
            ended_in_thread("channel recv", recv),
            Err(RecvError::Cancelled)
        );
        let recv = receiver.recv_many_async(&mut taken, 5);
        assert_eq!(ended_in_task(recv), Err(RecvError::Cancelled));
        let recv = || receiver.recv_many_timeout(&mut taken, 5, FOREVER);
        let cancelled = Err(RecvTimeoutError::Cancelled);
        assert_eq!(ended_in_thread("channel recv", recv), cancelled);
        let recv = receiver.recv_many_timeout_async(&mut taken, 5, FOREVER);
        assert_eq!(ended_in_task(recv), cancelled);
        assert!(taken.is_empty());
    }
}

#[test]
fn iterators_and_streams_end() {
    for (sender, receiver) in empty() {
        assert_eq!(
            ended_in_thread("channel recv", || receiver.iter().next()),
            None
        );
        let into = receiver.clone();
        assert_eq!(
            ended_in_thread("channel recv", || into.into_iter().count()),
            0
        );
        let mut stream = receiver.into_stream();
        assert_eq!(ended_in_task(stream.next()), None);
        // It goes on where it is not cancelled; and asks nobody until then.
        assert_eq!(sender.try_send(1).is_ok(), sender.capacity() != Some(0));
        let mut next = stream.next();
        assert_eq!(
            poll(pin!(&mut next)).is_ready(),
            sender.capacity() != Some(0)
        );
    }
}

#[test]
fn a_send_ends_and_gives_the_value_back() {
    for (sender, receiver) in full() {
        let before = receiver.len();
        let send = || sender.send(7);
        assert_eq!(
            ended_in_thread("channel send", send),
            Err(SendError::Cancelled(7))
        );
        assert_eq!(
            ended_in_task(sender.send_async(8)),
            Err(SendError::Cancelled(8))
        );
        let send = || sender.send_timeout(9, FOREVER);
        let cancelled = |value| Err(SendTimeoutError::Cancelled(value));
        assert_eq!(ended_in_thread("channel send", send), cancelled(9));
        assert_eq!(
            ended_in_task(sender.send_timeout_async(10, FOREVER)),
            cancelled(10)
        );
        assert_eq!(receiver.len(), before);
        assert!(receiver.try_iter().all(|value| value == 0));
    }
}

#[test]
fn a_send_of_many_ends_and_keeps_what_was_not_sent() {
    for (sender, _receiver) in full() {
        let mut values = VecDeque::from([1, 2]);
        let send = || sender.send_many(&mut values);
        assert_eq!(
            ended_in_thread("channel send", send),
            Err(SendError::Cancelled(()))
        );
        let send = sender.send_many_async(&mut values);
        assert_eq!(ended_in_task(send), Err(SendError::Cancelled(())));
        let send = || sender.send_many_timeout(&mut values, FOREVER);
        let cancelled = Err(SendTimeoutError::Cancelled(()));
        assert_eq!(ended_in_thread("channel send", send), cancelled);
        let send = sender.send_many_timeout_async(&mut values, FOREVER);
        assert_eq!(ended_in_task(send), cancelled);
        assert_eq!(values, [1, 2]);
    }
    let (sender, receiver) = bounded(2);
    let mut values = VecDeque::from([1, 2, 3]);
    let send = || sender.send_many(&mut values);
    assert_eq!(
        ended_in_thread("channel send", send),
        Err(SendError::Cancelled(()))
    );
    assert_eq!(
        (receiver.try_iter().collect(), values),
        (vec![1, 2], VecDeque::from([3]))
    );
}

#[test]
fn a_reservation_ends() {
    for (sender, _receiver) in full() {
        let reserved = ended_in_thread("channel reserve", || sender.reserve().map(drop));
        assert_eq!(reserved, Err(SendError::Cancelled(())));
        let reserved = ended_in_task(sender.reserve_async());
        assert_eq!(reserved.unwrap_err(), SendError::Cancelled(()));
        let reserve = || sender.reserve_timeout(FOREVER).map(drop);
        let cancelled = SendTimeoutError::Cancelled(());
        assert_eq!(ended_in_thread("channel reserve", reserve), Err(cancelled));
        let reserved = ended_in_task(sender.reserve_timeout_async(FOREVER));
        assert_eq!(reserved.unwrap_err(), cancelled);
    }
}

#[test]
fn a_sink_gives_back_what_it_holds() {
    let (sender, receiver) = bounded(1);
    let mut sink = sender.into_sink();
    let sent = ended_in_task(async {
        sink.feed(1).await?;
        sink.feed(2).await?;
        sink.flush().await
    });
    assert_eq!(sent, Err(SendError::Cancelled(2)));
    assert_eq!(sink.take(), None);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn the_waits_of_a_oneshot_end_and_the_value_can_still_come() {
    let (sender, receiver) = oneshot::<i32>();
    assert_eq!(
        ended_in_thread("oneshot recv", || receiver.recv()),
        Err(RecvError::Cancelled)
    );
    assert!(sender.is_closed());

    let (sender, mut receiver) = oneshot::<i32>();
    let recv = || receiver.recv_timeout(FOREVER);
    let cancelled = Err(RecvTimeoutError::Cancelled);
    assert_eq!(ended_in_thread("oneshot recv", recv), cancelled);
    assert_eq!(
        ended_in_task(receiver.recv_async()),
        Err(RecvError::Cancelled)
    );
    assert_eq!(
        ended_in_task(receiver.recv_timeout_async(FOREVER)),
        cancelled
    );
    assert!(!ended_in_thread("oneshot closed", || sender.closed()));
    assert!(!ended_in_thread("oneshot closed", || sender.closed_timeout(FOREVER)));
    assert!(!ended_in_task(sender.closed_async()));
    assert!(!ended_in_task(sender.closed_timeout_async(FOREVER)));
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));

    let (_sender, receiver) = oneshot::<i32>();
    assert_eq!(
        ended_in_task(async { receiver.await }),
        Err(RecvError::Cancelled)
    );
}

#[test]
fn the_waits_of_a_broadcast_end() {
    use broadcast::{RecvError, RecvTimeoutError};
    let (sender, mut receiver) = channel::broadcast(2);
    let recv = |receiver: &mut broadcast::Receiver<i32>| receiver.recv();
    let received = ended_in_thread("broadcast recv", || recv(&mut receiver));
    assert_eq!(received, Err(RecvError::Cancelled));
    assert_eq!(
        ended_in_task(receiver.recv_async()),
        Err(RecvError::Cancelled)
    );
    let cancelled = Err(RecvTimeoutError::Cancelled);
    let received = ended_in_thread("broadcast recv", || receiver.recv_timeout(FOREVER));
    assert_eq!(received, cancelled);
    assert_eq!(
        ended_in_task(receiver.recv_timeout_async(FOREVER)),
        cancelled
    );
    assert_eq!(
        ended_in_thread("broadcast recv", || receiver.iter().next()),
        None
    );
    sender.send(5).unwrap();
    assert_eq!(receiver.recv(), Ok(5));
    assert_eq!(ended_in_task(receiver.into_stream().next()), None);
}

#[test]
fn the_waits_of_a_watch_end() {
    use watch::{ChangedError, ChangedTimeoutError};
    let (sender, mut receiver) = channel::watch(0);
    let cancelled = ChangedError::Cancelled;
    let late = ChangedTimeoutError::Cancelled;
    let what = "watch changed";
    assert_eq!(ended_in_thread(what, || receiver.changed()), Err(cancelled));
    assert_eq!(
        ended_in_thread(what, || receiver.changed_timeout(FOREVER)),
        Err(late)
    );
    assert_eq!(ended_in_task(receiver.changed_async()), Err(cancelled));
    assert_eq!(
        ended_in_task(receiver.changed_timeout_async(FOREVER)),
        Err(late)
    );
    let many = |value: &i32| *value > 5;
    assert_eq!(
        ended_in_thread(what, || receiver.wait_for(many)),
        Err(cancelled)
    );
    assert_eq!(
        ended_in_thread(what, || receiver.wait_for_timeout(many, FOREVER)),
        Err(late)
    );
    assert_eq!(ended_in_task(receiver.wait_for_async(many)), Err(cancelled));
    assert_eq!(
        ended_in_task(receiver.wait_for_timeout_async(many, FOREVER)),
        Err(late)
    );
    assert!(!ended_in_thread("watch closed", || sender.closed()));
    assert!(!ended_in_task(sender.closed_async()));
    sender.send(6).unwrap();
    assert_eq!(receiver.changed().as_deref(), Ok(&6));
    let mut stream = receiver.into_stream();
    assert_eq!(ended_in_task(stream.next()), None);
    sender.send(7).unwrap();
    assert_eq!(poll(pin!(stream.next())), Poll::Ready(Some(Arc::new(7))));
}

#[test]
fn the_waits_of_an_spsc_channel_end() {
    let (mut sender, mut receiver) = channel::spsc(1);
    let cancelled = RecvError::Cancelled;
    let late = RecvTimeoutError::Cancelled;
    let what = "channel recv";
    let mut into = Vec::new();
    assert_eq!(ended_in_thread(what, || receiver.recv()), Err(cancelled));
    assert_eq!(
        ended_in_thread(what, || receiver.recv_timeout(FOREVER)),
        Err(late)
    );
    assert_eq!(
        ended_in_thread(what, || receiver.recv_many(&mut into, 5)),
        Err(cancelled)
    );
    assert_eq!(ended_in_thread(what, || receiver.iter().next()), None);
    assert_eq!(ended_in_task(receiver.recv_async()), Err(cancelled));
    assert_eq!(
        ended_in_task(receiver.recv_timeout_async(FOREVER)),
        Err(late)
    );
    assert_eq!(
        ended_in_task(receiver.recv_many_async(&mut into, 5)),
        Err(cancelled)
    );

    let what = "channel send";
    sender.send(1).unwrap();
    assert_eq!(
        ended_in_thread(what, || sender.send(2)),
        Err(SendError::Cancelled(2))
    );
    let late = Err(SendTimeoutError::Cancelled(3));
    assert_eq!(
        ended_in_thread(what, || sender.send_timeout(3, FOREVER)),
        late
    );
    assert_eq!(
        ended_in_task(sender.send_async(4)),
        Err(SendError::Cancelled(4))
    );
    assert_eq!(ended_in_task(sender.send_timeout_async(3, FOREVER)), late);
    let mut values = VecDeque::from([5, 6]);
    let sent = ended_in_thread(what, || sender.send_many(&mut values));
    assert_eq!(sent, Err(SendError::Cancelled(())));
    let sent = ended_in_task(sender.send_many_async(&mut values));
    assert_eq!((sent, values.len()), (Err(SendError::Cancelled(())), 2));
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1]);
    let mut stream: spsc::RecvStream<i32> = receiver.into_stream();
    assert_eq!(ended_in_task(stream.next()), None);
}

#[test]
fn an_acquire_ends_and_lets_the_next_one_by() {
    let semaphore = Semaphore::new(2);
    let what = "semaphore acquire";
    let one = semaphore.acquire().unwrap();
    let cancelled = Some(AcquireError::Cancelled);
    let late = Some(AcquireTimeoutError::Cancelled);
    let many = || semaphore.acquire_many(2).err();
    assert_eq!(ended_in_thread(what, many), cancelled);
    let many = || semaphore.acquire_many_timeout(2, FOREVER).err();
    assert_eq!(ended_in_thread(what, many), late);
    assert_eq!(
        ended_in_task(semaphore.acquire_many_async(2)).err(),
        cancelled
    );
    assert_eq!(
        ended_in_task(semaphore.acquire_many_timeout_async(2, FOREVER)).err(),
        late
    );
    let other = semaphore.try_acquire().unwrap();
    assert_eq!(
        ended_in_thread(what, || semaphore.acquire().err()),
        cancelled
    );
    assert_eq!(
        ended_in_thread(what, || semaphore.acquire_timeout(FOREVER).err()),
        late
    );
    assert_eq!(ended_in_task(semaphore.acquire_async()).err(), cancelled);
    assert_eq!(
        ended_in_task(semaphore.acquire_timeout_async(FOREVER)).err(),
        late
    );
    drop((one, other));
    assert_eq!(semaphore.available(), 2);

    // One in front wants more than there is; when it is cancelled, there is enough for the one behind.
    let one = semaphore.acquire().unwrap();
    let token = CancelToken::new();
    let mut many = pin!(token.within_async(semaphore.acquire_many_async(2)));
    let mut few = pin!(semaphore.acquire_async());
    let woken = Arc::default();
    assert!(poll(many.as_mut()).is_pending());
    assert!(poll_counted(few.as_mut(), &woken).is_pending());
    token.cancel();
    assert!(matches!(
        poll(many),
        Poll::Ready(Err(AcquireError::Cancelled))
    ));
    assert_eq!(woken.get(), 1);
    assert!(matches!(poll(few), Poll::Ready(Ok(_))));
    drop(one);
}

#[test]
fn a_join_ends_and_the_job_goes_on() {
    let pool = Pool::new(1);
    let (go, wait) = bounded::<i32>(1);
    let job = |wait: &Receiver<i32>| {
        let wait = wait.clone();
        pool.submit(move || wait.recv()).unwrap()
    };
    let ended = ended_in_thread("job join", || job(&wait).join());
    assert!(matches!(ended, Err(JobError::WaitCancelled)));
    let ended = ended_in_task(job(&wait).into_future());
    assert!(matches!(ended, Err(JobError::WaitCancelled)));
    let ended = ended_in_thread("job join", || job(&wait).join_timeout(FOREVER));
    let Err(JoinTimeoutError::Cancelled(third)) = ended else {
        panic!("the handle comes back, not {ended:?}");
    };
    for value in 1..=3 {
        go.send(value).unwrap();
    }
    assert_eq!(third.join().unwrap(), Ok(3));
}

#[test]
fn a_submit_that_waits_for_room_ends_and_gives_the_job_back() {
    let pool = Pool::builder()
        .threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let (go, wait) = bounded::<i32>(1);
    let wait_too = wait.clone();
    let running = pool.submit(move || wait_too.recv()).unwrap();
    let queued = pool.submit(move || wait.recv()).unwrap();
    while pool.queued() < 1 {
        thread::yield_now();
    }
    let rejected = ended_in_thread("channel send", || pool.execute(|| ()));
    assert!(matches!(rejected, Err(Rejected::Cancelled(_))));
    let rejected = ended_in_thread("channel send", || pool.submit(|| 5).map(drop));
    assert_eq!(rejected.unwrap_err().into_inner()(), 5);
    go.send(1).unwrap();
    go.send(2).unwrap();
    assert_eq!(
        (running.join().unwrap(), queued.join().unwrap()),
        (Ok(1), Ok(2))
    );
}

#[test]
fn a_select_ends_and_keeps_what_it_was_to_send() {
    let (_quiet, receiver) = bounded::<i32>(1);
    let (sender, kept) = bounded(1);
    sender.send(1).unwrap();
    let mut select =
        Select::new()
            .recv(&receiver, |value| value.is_ok())
            .send(&sender, 2, |sent| sent.is_ok());
    let cancelled = SelectError::Cancelled;
    let late = SelectTimeoutError::Cancelled;
    assert_eq!(
        ended_in_thread("channel send", || select.wait()),
        Err(cancelled)
    );
    assert_eq!(
        ended_in_thread("channel recv", || select.wait_timeout(FOREVER)),
        Err(late)
    );
    assert_eq!(ended_in_task(select.wait_async()), Err(cancelled));
    assert_eq!(ended_in_task(select.wait_timeout_async(FOREVER)), Err(late));
    assert_eq!(kept.try_recv(), Ok(1));
    assert_eq!(select.wait(), Ok(true));
    assert_eq!(kept.try_recv(), Ok(2));

    let mutex = Mutex::new(());
    let held = mutex.lock();
    let mut select = Select::new().lock(&mutex, |_| ());
    assert_eq!(
        ended_in_thread("mutex lock", || select.wait()),
        Err(cancelled)
    );
    assert_eq!(ended_in_task(select.wait_async()), Err(cancelled));
    drop(held);
}

#[test]
fn a_select_of_cases_ends_with_the_first_of_them() {
    let (_quiet, receiver) = bounded::<i32>(1);
    let (sender, _kept) = bounded(1);
    sender.send(1).unwrap();
    let with_both = || {
        select! {
            recv(receiver) -> value => (value, None),
            send(sender, 2) -> sent => (Ok(0), Some(sent)),
        }
    };
    let ended = ended_in_thread("channel recv", with_both);
    assert_eq!(ended, (Err(RecvError::Cancelled), None));
    let ended = ended_in_task(async {
        select_async! {
            send(sender, 2) -> sent => sent,
            recv(receiver) -> _ => Ok(()),
            default(FOREVER) => Ok(()),
        }
    });
    assert_eq!(ended, Err(SendError::Cancelled(2)));
}

#[test]
fn a_token_is_an_arm_of_a_select() {
    let (_quiet, receiver) = bounded::<i32>(1);
    let token = CancelToken::new();
    let mut select = Select::new()
        .recv(&receiver, |_| None)
        .cancelled(&token, Some);
    let woken = Arc::default();
    {
        let mut wait = pin!(select.wait_async());
        assert!(poll_counted(wait.as_mut(), &woken).is_pending());
    }
    let reason = thread::scope(|scope| {
        let waiter = scope.spawn(|| select.wait());
        until_asleep(waiter.thread().id(), "cancel token");
        token.cancel();
        waiter.join().unwrap()
    });
    assert_eq!((reason.unwrap(), woken.get()), (token.reason(), 0));
    // Again and again.
    assert_eq!(select.try_wait().unwrap(), token.reason());
    let reason = select! {
        cancelled(token) -> reason => Some(reason),
        recv(receiver) -> _ => None,
    };
    assert_eq!(reason, token.reason());
    let child = token.child();
    let wait = async {
        select_async! {
            recv(receiver) -> _ => None,
            cancelled(child) -> reason => Some(reason),
        }
    };
    assert_eq!(poll(pin!(wait)), Poll::Ready(child.reason()));
}

#[test]
fn what_can_be_done_at_once_is_done() {
    let token = CancelToken::new();
    token.cancel();
    let (sender, receiver) = bounded(1);
    token.within(|| {
        assert_eq!(sender.send(1), Ok(()));
        assert_eq!(sender.send(2), Err(SendError::Cancelled(2)));
        assert!(sender.try_send(2).unwrap_err().is_full());
        assert_eq!(receiver.recv(), Ok(1));
        assert_eq!(receiver.recv(), Err(RecvError::Cancelled));
        assert!(receiver.try_recv().is_err());
        assert!(Semaphore::new(1).acquire().is_ok());
        drop(sender);
        assert_eq!(receiver.recv(), Err(RecvError::Closed));
    });
}

#[test]
fn locks_and_meetings_go_on_waiting() {
    let token = CancelToken::new();
    token.cancel();
    let mutex = Mutex::new(0);
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let held = mutex.lock();
        let locker = scope.spawn(|| token.within(|| *mutex.lock() += 1));
        until_asleep(locker.thread().id(), "mutex lock");
        drop(held);
        locker.join().unwrap();
        let meeter = scope.spawn(|| token.within(|| barrier.wait()));
        until_asleep(meeter.thread().id(), "barrier wait");
        barrier.wait();
        meeter.join().unwrap();
    });
    assert_eq!(*mutex.lock(), 1);
}

/// The wake of a value was spent on one who is cancelled before it looks: it takes the value, or another does.
#[test]
fn a_value_that_comes_with_the_cancel_is_not_lost() {
    for (sender, receiver) in [bounded(1), bounded(3), unbounded()] {
        let token = CancelToken::new();
        let mut first = pin!(token.within_async(receiver.recv_async()));
        let mut second = pin!(receiver.recv_async());
        let woken = Arc::default();
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll_counted(second.as_mut(), &woken).is_pending());
        sender.send(1).unwrap();
        token.cancel();
        assert_eq!(poll(first), Poll::Ready(Ok(1)));
        sender.send(2).unwrap();
        assert_eq!(woken.get(), 1);
        assert_eq!(poll(second), Poll::Ready(Ok(2)));
    }
}

/// A select that was woken for a value and is cancelled, when somebody else has taken the value.
#[test]
fn a_select_that_is_cancelled_passes_its_wakes_on() {
    let (sender, receiver) = bounded(1);
    let (_quiet, other) = bounded::<i32>(1);
    let token = CancelToken::new();
    let mut select = Select::new()
        .recv(&receiver, |value| value)
        .recv(&other, |value| value);
    let mut first = pin!(token.within_async(select.wait_async()));
    let mut second = pin!(receiver.recv_async());
    let woken = Arc::default();
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll_counted(second.as_mut(), &woken).is_pending());
    sender.send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    token.cancel();
    assert_eq!(poll(first), Poll::Ready(Err(SelectError::Cancelled)));
    assert_eq!(woken.get(), 1);
}
