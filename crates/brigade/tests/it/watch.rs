//! The watch channel: the latest value, for threads and tasks.

use crate::allocations;
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::watch;
use brigade::channel::watch::{
    ChangedError, ChangedTimeoutError, Receiver, Sender, TryChangedError,
};
use futures::StreamExt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(2);
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

async fn changed<T>(side: Side, receiver: &mut Receiver<T>) -> Result<Arc<T>, ChangedError> {
    match side {
        Thread => receiver.changed(),
        Task => receiver.changed_async().await,
    }
}

async fn changed_timeout<T>(
    side: Side,
    receiver: &mut Receiver<T>,
    timeout: Duration,
) -> Result<Arc<T>, ChangedTimeoutError> {
    match side {
        Thread => receiver.changed_timeout(timeout),
        Task => receiver.changed_timeout_async(timeout).await,
    }
}

async fn wait_for<T>(
    side: Side,
    receiver: &mut Receiver<T>,
    matches: impl FnMut(&T) -> bool,
) -> Result<Arc<T>, ChangedError> {
    match side {
        Thread => receiver.wait_for(matches),
        Task => receiver.wait_for_async(matches).await,
    }
}

async fn wait_for_timeout<T>(
    side: Side,
    receiver: &mut Receiver<T>,
    matches: impl FnMut(&T) -> bool,
    timeout: Duration,
) -> Result<Arc<T>, ChangedTimeoutError> {
    match side {
        Thread => receiver.wait_for_timeout(matches, timeout),
        Task => receiver.wait_for_timeout_async(matches, timeout).await,
    }
}

async fn closed<T>(side: Side, sender: &Sender<T>) {
    assert!(match side {
        Thread => sender.closed(),
        Task => sender.closed_async().await,
    });
}

fn until_one_waits(waits_for: &str) {
    until_waiting(waits_for, file!(), 1);
}

fn a_change_wakes_one_who_waits(side: Side) {
    let (sender, mut receiver) = watch(0);
    let waiter = side.spawn(async move { changed(side, &mut receiver).await });
    until_one_waits("watch changed");
    sender.send(1).unwrap();
    assert_eq!(waiter.join().as_deref(), Ok(&1));
}

/// The sender stays: only its wake can end the waits.
fn a_change_wakes_all_who_wait(side: Side) {
    let (sender, receiver) = watch(0);
    let waiters: Vec<_> = (0..40)
        .map(|turn| {
            let side = if turn % 4 == 0 { Thread } else { side };
            let mut receiver = receiver.clone();
            side.spawn(async move { changed(side, &mut receiver).await })
        })
        .collect();
    until_one_waits("watch changed");
    sender.send(1).unwrap();
    for waiter in waiters {
        assert_eq!(waiter.join().as_deref(), Ok(&1));
    }
}

fn the_last_value_is_seen_before_the_close(side: Side) {
    let (sender, mut receiver) = watch(0);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    drop(sender);
    assert!(receiver.is_closed() && receiver.has_changed());
    let seen = side.run(async move {
        let first = changed(side, &mut receiver).await.map(|value| *value);
        (first, changed(side, &mut receiver).await)
    });
    assert_eq!(seen, (Ok(2), Err(ChangedError::Closed)));
}

fn the_last_sender_wakes_all_who_wait(side: Side) {
    let (sender, receiver) = watch(0);
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let mut receiver = receiver.clone();
            side.spawn(async move { changed(side, &mut receiver).await })
        })
        .collect();
    until_one_waits("watch changed");
    drop(sender.clone());
    drop(sender);
    for waiter in waiters {
        assert_eq!(waiter.join(), Err(ChangedError::Closed));
    }
}

/// Every receiver sees values in the order of sending, none twice, and the last one.
fn many_receivers_miss_nothing_that_lasts(side: Side) {
    const VALUES: usize = 2000;
    let (sender, receiver) = watch(0);
    let readers: Vec<_> = (0..6)
        .map(|turn| {
            let side = if turn < 2 { Thread } else { side };
            let mut receiver = receiver.clone();
            side.spawn(async move {
                let mut last = 0;
                while let Ok(value) = changed(side, &mut receiver).await {
                    assert!(*value > last, "{value} after {last}");
                    last = *value;
                }
                last
            })
        })
        .collect();
    drop(receiver);
    side.run(async move {
        for value in 1..=VALUES {
            sender.send(value).unwrap();
        }
    });
    for reader in readers {
        assert_eq!(reader.join(), VALUES);
    }
}

/// Two answer each other: one missed change stops both.
fn no_change_of_a_dialogue_is_missed(side: Side) {
    const TURNS: usize = 1000;
    let (ask, mut asked) = watch(0);
    let (answer, mut answered) = watch(0);
    let responder = side.spawn(async move {
        while let Ok(question) = changed(side, &mut asked).await {
            answer.send_replace(*question);
        }
    });
    side.run(async move {
        for turn in 1..=TURNS {
            ask.send(turn).unwrap();
            let told = changed_timeout(side, &mut answered, FOREVER).await;
            assert_eq!(told.as_deref(), Ok(&turn));
        }
    });
    responder.join();
}

fn one_who_has_seen_it_times_out(side: Side) {
    let (sender, mut receiver) = watch(0);
    let early = side.run(async move {
        let early = changed_timeout(side, &mut receiver, SOON).await;
        (early, receiver)
    });
    let (early, mut receiver) = early;
    assert_eq!(early, Err(ChangedTimeoutError::Timeout));
    sender.send(1).unwrap();
    drop(sender);
    side.run(async move {
        let found = changed_timeout(side, &mut receiver, Duration::ZERO).await;
        assert_eq!(found.as_deref(), Ok(&1));
        let closed = changed_timeout(side, &mut receiver, Duration::MAX).await;
        assert_eq!(closed, Err(ChangedTimeoutError::Closed));
    });
}

fn one_waits_for_the_value_that_matches(side: Side) {
    let (sender, mut receiver) = watch(0);
    let waiter = side.spawn(async move {
        let found = wait_for(side, &mut receiver, |value| *value >= 10).await;
        (*found.unwrap(), receiver.has_changed())
    });
    until_one_waits("watch changed");
    for value in 1..=10 {
        sender.send(value).unwrap();
    }
    assert_eq!(waiter.join(), (10, false));
}

fn a_value_that_matches_is_found_though_it_was_seen(side: Side) {
    let (_sender, mut receiver) = watch(1);
    assert!(!receiver.has_changed());
    let found = side.run(async move { wait_for(side, &mut receiver, |value| *value == 1).await });
    assert_eq!(found.as_deref(), Ok(&1));
}

/// What was only looked at is still unseen when the wait has ended in vain.
fn a_value_that_does_not_match_is_not_seen(side: Side) {
    let (sender, mut receiver) = watch(0);
    sender.send(1).unwrap();
    side.run(async move {
        let timeout = wait_for_timeout(side, &mut receiver, |value| *value == 2, SOON).await;
        assert_eq!(timeout, Err(ChangedTimeoutError::Timeout));
        assert!(receiver.has_changed());
        drop(sender);
        let closed = wait_for_timeout(side, &mut receiver, |value| *value == 2, FOREVER).await;
        assert_eq!(closed, Err(ChangedTimeoutError::Closed));
        let closed = wait_for(side, &mut receiver, |value| *value == 2).await;
        assert_eq!(closed, Err(ChangedError::Closed));
        let seen = changed(side, &mut receiver).await;
        assert_eq!(seen.as_deref(), Ok(&1));
    });
}

fn senders_learn_that_no_receiver_is_left(side: Side) {
    let (sender, receiver) = watch(0);
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let sender = sender.clone();
            side.spawn(async move { closed(side, &sender).await })
        })
        .collect();
    until_one_waits("watch closed");
    let other = receiver.clone();
    drop(receiver);
    assert_eq!((sender.receiver_count(), sender.is_closed()), (1, false));
    drop(other);
    for waiter in waiters {
        waiter.join();
    }
    assert_eq!((sender.receiver_count(), sender.is_closed()), (0, true));
}

macro_rules! on_both_sides {
    ($($test:ident)*) => {
        mod threads {
            use super::*;
            $(#[test] fn $test() { super::$test(Thread) })*
        }
        mod tasks {
            use super::*;
            $(#[test] fn $test() { super::$test(Task) })*
        }
    };
}

on_both_sides! {
    a_change_wakes_one_who_waits
    a_change_wakes_all_who_wait
    the_last_value_is_seen_before_the_close
    the_last_sender_wakes_all_who_wait
    many_receivers_miss_nothing_that_lasts
    no_change_of_a_dialogue_is_missed
    one_who_has_seen_it_times_out
    one_waits_for_the_value_that_matches
    a_value_that_matches_is_found_though_it_was_seen
    a_value_that_does_not_match_is_not_seen
    senders_learn_that_no_receiver_is_left
}

#[test]
fn each_receiver_remembers_for_itself_what_it_has_seen() {
    let (sender, mut one) = watch(0);
    sender.send(1).unwrap();
    let mut unseen = one.clone();
    assert_eq!(*one.changed().unwrap(), 1);
    let mut seen = one.clone();
    let mut fresh = sender.subscribe();
    assert_eq!(unseen.try_changed().as_deref(), Ok(&1));
    for receiver in [&mut one, &mut unseen, &mut seen, &mut fresh] {
        assert_eq!(receiver.try_changed(), Err(TryChangedError::Unchanged));
    }
    sender.send(2).unwrap();
    assert_eq!(one.try_changed().as_deref(), Ok(&2));
    assert!(
        [&unseen, &seen, &fresh]
            .iter()
            .all(|receiver| receiver.has_changed())
    );
}

#[test]
fn a_look_does_not_count_as_seen_unless_it_says_so() {
    let (sender, mut receiver) = watch(0);
    sender.send(1).unwrap();
    assert_eq!(*receiver.get(), 1);
    assert!(receiver.has_changed());
    assert_eq!(*receiver.get_and_mark_seen(), 1);
    assert!(!receiver.has_changed());
    sender.send(2).unwrap();
    receiver.mark_seen();
    assert_eq!(receiver.try_changed(), Err(TryChangedError::Unchanged));
    receiver.mark_unseen();
    assert!(receiver.has_changed() && receiver.clone().has_changed());
    drop(sender);
    assert_eq!(receiver.try_changed().as_deref(), Ok(&2));
    assert_eq!(receiver.try_changed(), Err(TryChangedError::Closed));
}

/// Values of the first version are told apart from those of none, also once the channel is closed.
#[test]
fn a_first_value_of_a_closed_channel_can_be_unseen() {
    let (sender, mut receiver) = watch(0);
    drop(sender);
    assert_eq!(receiver.changed(), Err(ChangedError::Closed));
    receiver.mark_unseen();
    assert!(receiver.has_changed());
    assert_eq!(receiver.changed().as_deref(), Ok(&0));
    assert_eq!(receiver.changed(), Err(ChangedError::Closed));
    assert_eq!(receiver.wait_for(|value| *value == 0).as_deref(), Ok(&0));
}

#[test]
fn deadlines_in_the_past_look_once() {
    let (sender, mut receiver) = watch(0);
    let past = Instant::now();
    let timeout = Err(ChangedTimeoutError::Timeout);
    assert_eq!(receiver.changed_deadline(past), timeout);
    assert_eq!(receiver.wait_for_deadline(|_| false, past), timeout);
    let wait = receiver.changed_deadline_async(past);
    assert_eq!(futures::executor::block_on(wait), timeout);
    let wait = receiver.wait_for_deadline_async(|_| false, past);
    assert_eq!(futures::executor::block_on(wait), timeout);
    sender.send(1).unwrap();
    assert_eq!(receiver.changed_deadline(past).as_deref(), Ok(&1));
    receiver.mark_unseen();
    let wait = receiver.changed_deadline_async(past);
    assert_eq!(futures::executor::block_on(wait).as_deref(), Ok(&1));
    let found = receiver.wait_for_deadline(|value| *value == 1, past);
    assert_eq!(found.as_deref(), Ok(&1));
}

#[test]
fn without_receivers_send_gives_the_value_back_and_the_others_write() {
    let (sender, receiver) = watch(vec![0]);
    drop(receiver);
    assert_eq!(sender.send(vec![1]).unwrap_err().into_inner(), [1]);
    assert_eq!(*sender.get(), [0]);
    assert_eq!(*sender.send_replace(vec![2]), [0]);
    sender.modify(|values| values.push(3));
    assert!(sender.update(|values| Some(vec![values.len()])));
    let receiver = sender.subscribe();
    assert_eq!(
        (&*receiver.get(), receiver.has_changed()),
        (&vec![2], false)
    );
    assert!(sender.send(vec![4]).is_ok());
    assert!(receiver.has_changed());
}

#[test]
fn an_update_that_declines_changes_nothing() {
    let (sender, receiver) = watch(1);
    assert!(!sender.update(|_| None));
    assert!(!sender.modify_if(|value| {
        *value = 9;
        false
    }));
    assert_eq!((*receiver.get(), receiver.has_changed()), (1, false));
    assert!(sender.modify_if(|value| {
        *value = 9;
        true
    }));
    assert_eq!((*receiver.get(), receiver.has_changed()), (9, true));
}

#[test]
fn no_update_of_many_senders_is_lost() {
    const EACH: usize = 500;
    let (sender, receiver) = watch(0);
    let adders: Vec<_> = [Thread, Task, Thread, Task]
        .into_iter()
        .map(|side| {
            let sender = sender.clone();
            side.spawn(async move {
                for _ in 0..EACH {
                    sender.modify(|sum| *sum += 1);
                }
            })
        })
        .collect();
    for adder in adders {
        adder.join();
    }
    assert_eq!(*receiver.get(), 4 * EACH);
}

/// An update is asked again about a value that came meanwhile. The closure itself may be who sends it: there
/// is no lock that it could meet.
#[test]
fn closures_may_use_the_channel_that_calls_them() {
    let (sender, mut receiver) = watch(0);
    let mut asked = Vec::new();
    assert!(sender.update(|latest| {
        asked.push(*latest);
        if *latest == 0 {
            sender.send_replace(10);
        }
        assert_eq!(*receiver.get(), 10);
        Some(latest + 1)
    }));
    assert_eq!((asked, *receiver.get()), (vec![0, 10], 11));
    let found = receiver.wait_for(|latest| {
        if *latest < 15 {
            sender.send_replace(latest + 1);
        }
        *latest == 15
    });
    assert_eq!(found.as_deref(), Ok(&15));
}

#[test]
fn a_closure_that_panics_breaks_nothing() {
    let (sender, mut receiver) = watch(0);
    let panics = |body: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(body)).is_err();
    assert!(panics(&mut || sender.modify(|_| panic!("changing"))));
    assert!(panics(&mut || {
        sender.update(|_| panic!("updating"));
    }));
    assert_eq!((*receiver.get(), receiver.has_changed()), (0, false));
    sender.send(1).unwrap();
    assert!(panics(&mut || drop(
        receiver.wait_for(|_| panic!("matching"))
    )));
    assert!(receiver.has_changed());
    {
        let mut wait = pin!(receiver.wait_for_async(|value| {
            assert!(*value != 1, "matching");
            *value == 3
        }));
        assert!(panics(&mut || drop(poll(wait.as_mut()))));
        sender.send(2).unwrap();
        assert!(poll(wait.as_mut()).is_pending());
        sender.send(3).unwrap();
        assert!(poll(wait.as_mut()).is_ready());
    }
    sender.send(4).unwrap();
    assert_eq!(receiver.changed().as_deref(), Ok(&4));
}

/// Counts its drops; one of an odd number panics.
struct Dropped(usize, Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.fetch_add(1, Relaxed);
        assert!(self.0.is_multiple_of(2), "dropped");
    }
}

#[test]
fn values_are_dropped_once_and_their_panics_cost_no_handle_anything() {
    let count = Arc::new(AtomicUsize::new(0));
    let value = |number| Dropped(number, Arc::clone(&count));
    let (sender, mut receiver) = watch(value(1));
    let woken = Arc::default();
    let mut wait = Box::pin(receiver.changed_async());
    assert!(poll_counted(wait.as_mut(), &woken).is_pending());
    assert!(sender.send(value(2)).is_ok());
    assert_eq!((woken.0.load(Relaxed), count.load(Relaxed)), (1, 1));
    drop(wait);
    let snapshot = receiver.get();
    assert!(sender.send(value(3)).is_ok());
    assert_eq!((snapshot.0, count.load(Relaxed)), (2, 1));
    drop(snapshot);
    assert_eq!(count.load(Relaxed), 2);
    assert!(sender.update(|_| Some(value(5))));
    assert_eq!(count.load(Relaxed), 3);
    drop(receiver);
    assert_eq!(count.load(Relaxed), 3);
    drop(sender);
    assert_eq!(count.load(Relaxed), 4);
}

/// Counts wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn poll_counted<F: Future>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
}

#[test]
fn a_wait_dropped_after_any_number_of_polls_has_seen_nothing() {
    let (sender, mut receiver) = watch(0);
    for polls in 0..4 {
        let mut wait = Box::pin(receiver.changed_async());
        for _ in 0..polls {
            assert!(poll(wait.as_mut()).is_pending());
        }
        sender.send(polls).unwrap();
        drop(wait);
        assert_eq!(receiver.try_changed().as_deref(), Ok(&polls));
    }
}

#[test]
fn a_wait_that_is_dropped_leaves_the_others_awake() {
    let (sender, mut one) = watch(0);
    let (mut two, mut three) = (one.clone(), one.clone());
    let counts: [Arc<Count>; 3] = Default::default();
    let mut waits = [&mut one, &mut two, &mut three].map(|each| Box::pin(each.changed_async()));
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert!(poll_counted(wait.as_mut(), count).is_pending());
    }
    let [before, mut stays, after] = waits;
    drop(before);
    sender.send(1).unwrap();
    drop(after);
    assert_eq!(counts.map(|count| count.0.load(Relaxed)), [0, 1, 1]);
    assert!(poll(stays.as_mut()).is_ready());
}

#[test]
fn a_leaked_wait_does_no_harm() {
    let (sender, receiver) = watch(0);
    let receiver = Box::leak(Box::new(receiver));
    let mut other = receiver.clone();
    let mut leaked = Box::pin(receiver.changed_async());
    assert!(poll(leaked.as_mut()).is_pending());
    std::mem::forget(leaked);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!(other.changed().as_deref(), Ok(&2));
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the application");
    }
}

#[test]
fn a_waker_that_panics_costs_neither_the_sender_nor_the_others_anything() {
    let (sender, mut one) = watch(0);
    let mut two = one.clone();
    let (broken, count) = (Waker::from(Arc::new(Panics)), Arc::default());
    let mut first = Box::pin(one.changed_async());
    let mut second = Box::pin(two.changed_async());
    let polled = first.as_mut().poll(&mut Context::from_waker(&broken));
    assert!(polled.is_pending());
    assert!(poll_counted(second.as_mut(), &count).is_pending());
    assert!(sender.send(1).is_ok());
    assert_eq!(count.0.load(Relaxed), 1);
}

#[test]
fn a_stream_yields_what_was_not_seen_and_ends_with_the_channel() {
    let (sender, receiver) = watch(0);
    let mut late = sender.subscribe();
    let mut stream = receiver.into_stream();
    let next = |stream: &mut watch::ChangedStream<i32>| poll(pin!(stream.next()));
    assert!(next(&mut stream).is_pending());
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!(next(&mut stream), Poll::Ready(Some(Arc::new(2))));
    assert!(next(&mut stream).is_pending());
    let reader = Task.spawn(stream.map(|value| *value).collect::<Vec<_>>());
    sender.send(3).unwrap();
    drop(sender);
    assert_eq!(reader.join(), [3]);
    late.mark_unseen();
    let rest = futures::executor::block_on(late.into_stream().collect::<Vec<_>>());
    assert_eq!(rest, [Arc::new(3)]);
}

#[test]
fn a_wait_allocates_nothing() {
    let (sender, mut receiver) = watch(0);
    let mut cx = Context::from_waker(Waker::noop());
    crate::sides::sleep_once();
    let count = allocations::during(|| {
        assert!(receiver.changed_timeout(SOON).is_err());
        assert!(receiver.wait_for_timeout(|_| false, SOON).is_err());
        assert!(pin!(receiver.changed_async()).poll(&mut cx).is_pending());
        assert!(pin!(sender.closed_async()).poll(&mut cx).is_pending());
    });
    assert_eq!(count, 0);
}

#[test]
fn errors_are_sentences() {
    let closed = "the channel is closed: its value will not change any more";
    assert_eq!(ChangedError::Closed.to_string(), closed);
    assert_eq!(TryChangedError::Closed.to_string(), closed);
    assert_eq!(ChangedTimeoutError::Closed.to_string(), closed);
    assert_eq!(
        TryChangedError::Unchanged.to_string(),
        "the value has not changed since it was last seen"
    );
    assert_eq!(
        ChangedTimeoutError::Timeout.to_string(),
        "the awaited value did not come before the deadline"
    );
}
