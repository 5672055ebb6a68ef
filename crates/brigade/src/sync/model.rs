//! Loom's proof for what is made of a gate: nobody sleeps through the end of a round, an opening or a `set`, and an
//! arrival that is taken back is counted in no round and missing in none.

use super::{Barrier, BarrierWaitResult, Event, Latch, WaitGroup};
use crate::prim::{Arc, clock, three_threads};
use loom::future::block_on;
use loom::thread;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn leads(polled: Poll<BarrierWaitResult>) -> Option<bool> {
    match polled {
        Poll::Ready(result) => Some(result.is_leader()),
        Poll::Pending => None,
    }
}

#[test]
fn two_threads_meet_twice_with_one_leader_each_time() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let there = thread::spawn(move || [other.wait(), other.wait()]);
        let here = [barrier.wait(), barrier.wait()];
        for (here, there) in here.into_iter().zip(there.join().unwrap()) {
            assert!(here.is_leader() != there.is_leader());
        }
    });
}

#[test]
fn a_thread_and_a_task_meet() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let thread = thread::spawn(move || other.wait().is_leader());
        let leads = block_on(barrier.wait_async()).is_leader();
        assert!(leads != thread.join().unwrap());
    });
}

#[test]
fn three_meet() {
    three_threads(|| {
        let barrier = Arc::new(Barrier::new(3));
        let (one, two) = (barrier.clone(), barrier.clone());
        let one = thread::spawn(move || one.wait().is_leader());
        let two = thread::spawn(move || block_on(two.wait_async()).is_leader());
        let leads = barrier.wait().is_leader();
        let leaders = [leads, one.join().unwrap(), two.join().unwrap()];
        assert_eq!(leaders.iter().filter(|leads| **leads).count(), 1);
    });
}

/// Either the other has met the one who gives up, or it meets the second try: it never waits for one who has left.
#[test]
fn one_who_gives_up_has_met_the_other_or_never_came() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let thread = thread::spawn(move || other.wait());
        if barrier.wait_deadline(clock::now()).is_err() {
            barrier.wait();
        }
        thread.join().unwrap();
    });
}

#[test]
fn a_future_that_is_dropped_takes_its_arrival_back_or_the_round_is_over() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = barrier.clone();
        let thread = thread::spawn(move || leads(poll(pin!(other.wait_async()))));
        let here = leads(poll(pin!(barrier.wait_async())));
        let there = thread.join().unwrap();
        // Who has gone through without having been the last has seen another who was.
        match (here, there) {
            (Some(here), Some(there)) => assert!(here != there),
            (Some(leads), None) | (None, Some(leads)) => assert!(leads),
            (None, None) => {}
        }
        // The next round needs two, as every round.
        let mut first = pin!(barrier.wait_async());
        assert!(poll(first.as_mut()).is_pending());
        assert!(barrier.wait().is_leader());
        assert!(poll(first).is_ready());
    });
}

#[test]
fn the_last_count_wakes_a_thread_and_a_task() {
    three_threads(|| {
        let latch = Arc::new(Latch::new(2));
        let (one, two) = (latch.clone(), latch.clone());
        let one = thread::spawn(move || {
            one.count_down();
            one.wait();
        });
        let two = thread::spawn(move || block_on(two.wait_async()));
        latch.count_down();
        one.join().unwrap();
        two.join().unwrap();
    });
}

#[test]
fn two_counters_open_a_latch_once_and_never_below_zero() {
    loom::model(|| {
        let latch = Arc::new(Latch::new(3));
        let other = latch.clone();
        let counter = thread::spawn(move || other.count_down_by(2).is_ok());
        let here = latch.count_down_by(2).is_ok();
        assert!(here != counter.join().unwrap());
        latch.count_down();
        latch.wait();
    });
}

#[test]
fn a_dropped_future_costs_nobody_the_opening() {
    three_threads(|| {
        let latch = Arc::new(Latch::new(1));
        let (one, two) = (latch.clone(), latch.clone());
        let waiter = thread::spawn(move || one.wait());
        let counter = thread::spawn(move || two.count_down());
        let _ = poll(pin!(latch.wait_async()));
        counter.join().unwrap();
        waiter.join().unwrap();
    });
}

/// The wait begins with the call; it may look when the event has been reset already.
#[test]
fn a_set_that_is_reset_at_once_lets_through_who_waits() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let other = event.clone();
        let wait = event.wait_async();
        let setter = thread::spawn(move || {
            other.set();
            assert!(other.reset());
        });
        block_on(wait);
        setter.join().unwrap();
        assert!(!event.is_set());
    });
}

/// A thread that comes between `set` and `reset`, or sleeps through both, is not forgotten by the second `set`.
#[test]
fn nobody_sleeps_while_the_event_is_set() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let other = event.clone();
        let waiter = thread::spawn(move || other.wait());
        event.set();
        event.reset();
        event.set();
        waiter.join().unwrap();
    });
}

#[test]
fn two_setters_leave_nobody_asleep() {
    three_threads(|| {
        let event = Arc::new(Event::new());
        let (one, two) = (event.clone(), event.clone());
        let waiter = thread::spawn(move || one.wait());
        let setter = thread::spawn(move || two.set());
        event.set();
        setter.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn the_last_handle_wakes_the_one_who_waits() {
    loom::model(|| {
        let mut group = WaitGroup::new();
        let handle = group.clone();
        let worker = thread::spawn(move || drop(handle));
        group.wait();
        worker.join().unwrap();
    });
}

#[test]
fn handles_that_wait_do_not_wait_for_each_other() {
    three_threads(|| {
        let mut group = WaitGroup::new();
        let (mut other, handle) = (group.clone(), group.clone());
        let waiter = thread::spawn(move || block_on(other.wait_async()));
        let worker = thread::spawn(move || drop(handle));
        group.wait();
        worker.join().unwrap();
        waiter.join().unwrap();
    });
}

#[test]
fn a_handle_that_gives_up_is_counted_again() {
    loom::model(|| {
        let mut group = WaitGroup::new();
        let handle = group.clone();
        let worker = thread::spawn(move || drop(handle));
        let first = group.wait_deadline(clock::now());
        let mut other = group.clone();
        assert!(
            other.wait_deadline(clock::now()).is_err(),
            "the handle that gave up is still there"
        );
        drop(other);
        worker.join().unwrap();
        group.wait();
        let _ = first;
    });
}
