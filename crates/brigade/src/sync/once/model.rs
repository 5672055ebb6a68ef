//! Loom's proof for what is done once: one initialiser at a time, one value, nobody asleep when the cell is free and
//! nobody asleep when it is full.

use super::{Once, OnceCell};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{Arc, Ordering::Relaxed, three_threads};
use loom::future::block_on;
use loom::thread;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Loom counts the owners of the value.
#[test]
fn two_threads_see_one_value() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let there = thread::spawn(move || **other.get_or_init(|| Arc::new(1)));
        let here = **cell.get_or_init(|| Arc::new(2));
        assert_eq!(here, there.join().unwrap());
        assert_eq!(cell.get().map(|value| **value), Some(here));
    });
}

#[test]
fn a_thread_and_a_task_see_one_value() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let there = thread::spawn(move || *other.get_or_init(|| 1));
        let here = *block_on(cell.get_or_init_async(|| async { 2 }));
        assert_eq!(here, there.join().unwrap());
    });
}

#[test]
fn what_was_done_is_done_once_and_seen() {
    loom::model(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let once = Arc::new(Once::new());
        let (calls_there, once_there) = (calls.clone(), once.clone());
        let call = |calls: &AtomicUsize| {
            let before = calls.load(Relaxed);
            calls.store(before + 1, Relaxed);
        };
        let there = thread::spawn(move || {
            once_there.call_once(|| call(&calls_there));
            calls_there.load(Relaxed)
        });
        once.call_once(|| call(&calls));
        assert_eq!(calls.load(Relaxed), 1);
        assert_eq!(there.join().unwrap(), 1);
    });
}

#[test]
fn a_set_wakes_readers() {
    three_threads(|| {
        let cell = Arc::new(OnceCell::new());
        let (one, two) = (cell.clone(), cell.clone());
        let thread = thread::spawn(move || *one.wait());
        let task = thread::spawn(move || *block_on(two.wait_async()));
        cell.set(1).unwrap();
        assert_eq!((thread.join().unwrap(), task.join().unwrap()), (1, 1));
    });
}

#[test]
fn after_a_panic_the_one_who_waits_tries() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let there = thread::spawn(move || *other.get_or_init(|| 1));
        let panics = catch_unwind(AssertUnwindSafe(|| {
            *cell.get_or_init(|| std::panic::resume_unwind(Box::new(())))
        }));
        assert_eq!(there.join().unwrap(), 1);
        assert_eq!(cell.get(), Some(&1));
        assert_eq!(panics.unwrap_or(1), 1);
    });
}

#[test]
fn after_an_initialiser_is_dropped_halfway_the_one_who_waits_tries() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let there = thread::spawn(move || *other.get_or_init(|| 1));
        let _ = poll(pin!(cell.get_or_init_async(pending)));
        assert_eq!(there.join().unwrap(), 1);
    });
}

/// The reader waits in front of the one who can try, and does not take its wake.
#[test]
fn a_failure_wakes_one_who_can_try_and_no_reader() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = cell.clone();
        let mut reader = pin!(cell.wait_async());
        assert!(poll(reader.as_mut()).is_pending());
        let claimant = thread::spawn(move || *other.get_or_init(|| 1));
        let failed = cell.get_or_try_init(|| Err(())).copied();
        assert_eq!(failed.unwrap_or(1), 1);
        assert_eq!(claimant.join().unwrap(), 1);
        assert!(poll(reader).is_ready());
    });
}

/// A value wakes those who can try and those who read.
#[test]
fn a_value_wakes_a_reader_and_a_claimant() {
    three_threads(|| {
        let cell = Arc::new(OnceCell::new());
        let (one, two) = (cell.clone(), cell.clone());
        let reader = thread::spawn(move || *one.wait());
        let claimant = thread::spawn(move || *two.get_or_init(|| 1));
        let failed = cell.get_or_try_init(|| Err(())).copied();
        assert_eq!(failed.unwrap_or(1), 1);
        assert_eq!((reader.join().unwrap(), claimant.join().unwrap()), (1, 1));
    });
}

/// The wake of the failure may be spent on the future that is dropped.
#[test]
fn a_claimant_that_is_dropped_passes_its_wake_on() {
    three_threads(|| {
        let cell = Arc::new(OnceCell::new());
        let (one, two) = (cell.clone(), cell.clone());
        let claimant = thread::spawn(move || *one.get_or_init(|| 1));
        let fails = thread::spawn(move || two.get_or_try_init(|| Err(())).copied());
        let _ = poll(pin!(cell.get_or_init_async(pending)));
        assert_eq!(claimant.join().unwrap(), 1);
        assert_eq!(fails.join().unwrap().unwrap_or(1), 1);
    });
}
