//! Selects that are polled, dropped, forgotten and woken by hand: no wake is swallowed, none goes to memory that
//! is gone.

use crate::by_hand::{poll, poll_counted};
use crate::select::full;
use brigade::channel::{bounded, unbounded};
use brigade::select::{Select, SelectError, SelectTimeoutError};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(2);

#[test]
fn a_future_that_is_dropped_has_done_nothing() {
    for polls in 0..3 {
        let (sender, receiver) = bounded(1);
        let (to_full, kept) = full(1);
        let mut select =
            Select::new()
                .recv(&receiver, |value| value.unwrap())
                .send(&to_full, 2, |_| 0);
        let mut wait = Box::pin(select.wait_async());
        for _ in 0..polls {
            assert!(poll(wait.as_mut()).is_pending());
        }
        sender.send(5).unwrap();
        assert_eq!(kept.recv(), Ok(1));
        drop(wait);
        assert_eq!((receiver.len(), kept.len()), (1, 0));
        // Both are still to be had from the same select.
        let mut done = [select.wait().unwrap(), select.wait().unwrap()];
        done.sort_unstable();
        assert_eq!(done, [0, 5]);
        assert_eq!(kept.recv(), Ok(2));
    }
}

#[test]
fn a_select_that_is_dropped_drops_what_it_has_not_sent() {
    let value = Arc::new(());
    let (sender, _receiver) = bounded(1);
    sender.send(Arc::clone(&value)).unwrap();
    let mut select = Select::new().send(&sender, Arc::clone(&value), |sent| sent.is_ok());
    assert_eq!(
        select.wait_timeout(Duration::ZERO),
        Err(SelectTimeoutError::Timeout)
    );
    drop(select);
    assert_eq!(Arc::strong_count(&value), 2);
}

/// Both arms have been woken; what was meant for the select is had by those behind it.
#[test]
fn a_woken_select_that_is_dropped_wakes_the_next_at_every_arm() {
    let (sender, receiver) = bounded(1);
    let (to_full, kept) = full(1);
    let (own, behind) = (Arc::default(), [Arc::default(), Arc::default()]);
    let mut select =
        Select::new()
            .recv(&receiver, |value| value.is_ok())
            .send(&to_full, 2, |sent| sent.is_ok());
    let mut wait = Box::pin(select.wait_async());
    let mut recv = Box::pin(receiver.recv_async());
    let mut send = Box::pin(to_full.send_async(3));
    assert!(poll_counted(wait.as_mut(), &own).is_pending());
    assert!(poll_counted(recv.as_mut(), &behind[0]).is_pending());
    assert!(poll_counted(send.as_mut(), &behind[1]).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!(kept.try_recv(), Ok(1));
    assert_eq!(own.get(), 2);
    assert_eq!([behind[0].get(), behind[1].get()], [0, 0]);
    drop(wait);
    assert_eq!([behind[0].get(), behind[1].get()], [1, 1]);
    assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(poll(send.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(kept.try_recv(), Ok(3));
}

/// The other arms' wakes are passed on, whichever arm is done; its own is used.
#[test]
fn a_select_passes_on_the_wakes_of_arms_that_were_not_done() {
    for fair in [true, false] {
        let channels = [(); 2].map(|()| bounded(1));
        let (own, behind) = (Arc::default(), [Arc::default(), Arc::default()]);
        let select = Select::new()
            .recv(&channels[0].1, |value| (0, value))
            .recv(&channels[1].1, |value| (1, value));
        let mut select = if fair { select } else { select.biased() };
        let mut wait = Box::pin(select.wait_async());
        assert!(poll_counted(wait.as_mut(), &own).is_pending());
        let mut recvs = [0, 1].map(|at| Box::pin(channels[at].1.recv_async()));
        for (recv, count) in recvs.iter_mut().zip(&behind) {
            assert!(poll_counted(recv.as_mut(), count).is_pending());
        }
        channels[0].0.try_send(10).unwrap();
        channels[1].0.try_send(11).unwrap();
        let Poll::Ready(Ok((done, value))) = poll_counted(wait.as_mut(), &own) else {
            panic!("two arms are ready");
        };
        assert_eq!(value, Ok(10 + done));
        assert!(fair || done == 0);
        let [done, other] = if done == 0 { [0, 1] } else { [1, 0] };
        assert_eq!((behind[done].get(), behind[other].get()), (0, 1));
        assert!(poll(recvs[other].as_mut()).is_ready());
        assert!(poll(recvs[done].as_mut()).is_pending());
    }
}

#[test]
fn a_select_whose_time_is_up_passes_its_wakes_on() {
    let (sender, receiver) = bounded(1);
    let count = Arc::default();
    let mut select = Select::new().recv(&receiver, |value| value);
    let mut wait = Box::pin(select.wait_timeout_async(SOON));
    let first = poll(wait.as_mut());
    let mut behind = Box::pin(receiver.recv_async());
    assert!(poll_counted(behind.as_mut(), &count).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1), "a passer-by was faster");
    let end = Instant::now() + SOON;
    while Instant::now() < end {
        thread::yield_now();
    }
    let woken = count.get();
    if first.is_pending() {
        let ended = poll(wait.as_mut());
        assert_eq!(ended, Poll::Ready(Err(SelectTimeoutError::Timeout)));
        assert_eq!((woken, count.get()), (0, 1));
    }
}

#[test]
fn a_select_that_is_polled_by_a_second_task_wakes_the_second() {
    let (sender, receiver) = bounded(1);
    let (_other, empty) = bounded::<i32>(1);
    let (stale, fresh) = (Arc::default(), Arc::default());
    let list = [empty];
    let mut select = Select::new()
        .recv_any(&list, |_, value| value)
        .recv(&receiver, |value| value);
    let mut wait = pin!(select.wait_async());
    assert!(poll_counted(wait.as_mut(), &stale).is_pending());
    for _ in 0..3 {
        assert!(poll_counted(wait.as_mut(), &fresh).is_pending());
    }
    sender.try_send(1).unwrap();
    assert_eq!((stale.get(), fresh.get()), (0, 1));
    assert_eq!(poll(wait), Poll::Ready(Ok(Ok(1))));
}

#[test]
fn a_future_that_is_polled_after_its_end_selects_again() {
    let (sender, receiver) = bounded(1);
    let (to_full, _kept) = full(1);
    let mut select = Select::new()
        .recv(&receiver, |value| value)
        .send(&to_full, 2, |_| Ok(0));
    let mut wait = pin!(select.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    for value in 5..8 {
        sender.try_send(value).unwrap();
        assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(value))));
        assert!(poll(wait.as_mut()).is_pending());
    }
    let spent = &mut Select::new().send(&sender, 1, |sent| sent);
    let mut wait = pin!(spent.wait_async());
    assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(()))));
    assert_eq!(poll(wait.as_mut()), Poll::Ready(Err(SelectError::NoArms)));
}

/// A future that is forgotten stays in its queues, in memory that nobody frees. The select goes on.
#[test]
fn a_select_whose_future_was_forgotten_can_be_used() {
    let (sender, receiver) = bounded(1);
    let list = [receiver.clone(), receiver.clone()];
    let mut select = Select::new()
        .recv(&receiver, |value| value)
        .recv_any(&list, |_, value| value);
    for value in 0..3 {
        let mut leaked = Box::pin(select.wait_async());
        assert!(poll(leaked.as_mut()).is_pending());
        std::mem::forget(leaked);
        sender.try_send(value).unwrap();
        assert_eq!(select.wait(), Ok(Ok(value)));
        sender.try_send(value + 10).unwrap();
        let mut wait = Box::pin(select.wait_async());
        assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(value + 10))));
    }
    drop(select);
    drop((receiver, list));
    assert!(sender.is_closed());
}

#[test]
fn a_closure_that_panics_costs_its_own_value_only() {
    let (sender, receiver) = unbounded();
    let mut select = Select::new().recv(&receiver, |value| match value {
        Ok(0) => panic!("a closure of the application"),
        value => value,
    });
    for value in [0, 1, 0, 2] {
        sender.send(value).unwrap();
    }
    let mut wait = || catch_unwind(AssertUnwindSafe(|| select.wait()));
    assert!(wait().is_err());
    assert_eq!(wait().unwrap(), Ok(Ok(1)));
    let mut wait = Box::pin(select.wait_async());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(wait.as_mut()))).is_err());
    assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(2))));
}

/// A waker that can be cloned so many times; then its clone panics.
struct Brittle {
    clones_left: AtomicUsize,
    wakes: AtomicUsize,
}

impl Brittle {
    const TABLE: RawWakerVTable = RawWakerVTable::new(Self::clone, Self::wake, Self::wake, |_| ());

    fn new(clones: usize) -> &'static Self {
        Box::leak(Box::new(Self {
            clones_left: AtomicUsize::new(clones),
            wakes: AtomicUsize::new(0),
        }))
    }

    fn waker(&'static self) -> Waker {
        // SAFETY: the data lives for ever and is shared by atomics; the table's functions take it as such.
        unsafe { Waker::from_raw(RawWaker::new(std::ptr::from_ref(self).cast(), &Self::TABLE)) }
    }

    fn of(data: *const ()) -> &'static Self {
        // SAFETY: only `waker` hands out the table, with a pointer to one that lives for ever.
        unsafe { &*data.cast() }
    }

    fn clone(data: *const ()) -> RawWaker {
        let left = &Self::of(data).clones_left;
        let enough = left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        assert!(enough.is_ok(), "a waker of the application");
        RawWaker::new(data, &Self::TABLE)
    }

    fn wake(data: *const ()) {
        Self::of(data).wakes.fetch_add(1, Relaxed);
    }
}

/// A wait that could not join all its queues leaves those that it has joined.
#[test]
fn a_waker_whose_clone_panics_leaves_nothing_in_the_queues() {
    for clones in 0..6 {
        let channels = [(); 3].map(|()| bounded(1));
        let (brittle, count) = (Brittle::new(clones), Arc::default());
        let waker = brittle.waker();
        let list = [channels[1].1.clone(), channels[2].1.clone()];
        let mut select = Select::new()
            .recv(&channels[0].1, |value| value)
            .recv_any(&list, |_, value| value);
        let mut wait = Box::pin(select.wait_async());
        let mut first = || wait.as_mut().poll(&mut Context::from_waker(&waker));
        let polled = catch_unwind(AssertUnwindSafe(&mut first));
        assert_eq!(polled.is_err(), clones < 3);
        if clones == 1 {
            // It may even be polled again, with a waker that holds.
            assert!(poll_counted(wait.as_mut(), &count).is_pending());
            channels[2].0.try_send(1).unwrap();
            assert_eq!(count.get(), 1);
            assert_eq!(poll(wait.as_mut()), Poll::Ready(Ok(Ok(1))));
        }
        drop(wait);
        drop(select);
        for (sender, receiver) in &channels {
            sender.try_send(2).unwrap();
            assert_eq!(receiver.try_recv(), Ok(2));
        }
        assert_eq!(brittle.wakes.load(Relaxed), 0);
    }
}
