//! What is done once: by whom, what the others see, and what becomes of those who fail.

use crate::allocations;
use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::sync::{Lazy, Once, OnceCell, SetError, WaitTimeoutError};
use std::future::{pending, ready};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);
const PAST: Duration = Duration::ZERO;

async fn get_or_init<T>(side: Side, cell: &OnceCell<T>, init: impl FnOnce() -> T) -> &T {
    match side {
        Thread => cell.get_or_init(init),
        Task => cell.get_or_init_async(|| async { init() }).await,
    }
}

async fn get_or_try_init<T, E>(
    side: Side,
    cell: &OnceCell<T>,
    init: impl FnOnce() -> Result<T, E>,
) -> Result<&T, E> {
    match side {
        Thread => cell.get_or_try_init(init),
        Task => cell.get_or_try_init_async(|| async { init() }).await,
    }
}

async fn wait<T>(side: Side, cell: &OnceCell<T>) -> &T {
    match side {
        Thread => cell.wait(),
        Task => cell.wait_async().await,
    }
}

async fn wait_timeout<T>(
    side: Side,
    cell: &OnceCell<T>,
    timeout: Duration,
) -> Result<&T, WaitTimeoutError> {
    match side {
        Thread => cell.wait_timeout(timeout),
        Task => cell.wait_timeout_async(timeout).await,
    }
}

fn panics<R>(body: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(body)).is_err()
}

fn give_up<T>() -> T {
    // The hook need not hear of it.
    resume_unwind(Box::new(()))
}

/// Counts its drops.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn everybody_sees_the_value_of_one(sides: &[Side]) {
    let cell = Arc::new(OnceCell::new());
    let calls = Arc::new(AtomicUsize::new(0));
    let actors: Vec<_> = sides
        .iter()
        .cycle()
        .take(12)
        .enumerate()
        .map(|(me, side)| {
            let (side, cell, calls) = (*side, Arc::clone(&cell), Arc::clone(&calls));
            side.spawn(async move {
                *get_or_init(side, &cell, || {
                    calls.fetch_add(1, Relaxed);
                    me
                })
                .await
            })
        })
        .collect();
    let seen: Vec<_> = actors.into_iter().map(|actor| actor.join()).collect();
    assert!(seen.iter().all(|value| Some(value) == cell.get()));
    assert_eq!(calls.load(Relaxed), 1);
}

#[test]
fn everybody_sees_the_value_of_one_thread_or_task() {
    everybody_sees_the_value_of_one(&[Thread]);
    everybody_sees_the_value_of_one(&[Task]);
    everybody_sees_the_value_of_one(&[Thread, Task]);
}

/// Only the last to try succeeds, so each that fails has to let in another.
fn failures_let_the_next_in(sides: &[Side], fails_by_panic: bool) {
    const ACTORS: usize = 8;
    let cell = Arc::new(OnceCell::new());
    let tries = Arc::new(AtomicUsize::new(0));
    let actors: Vec<_> = sides
        .iter()
        .cycle()
        .take(ACTORS)
        .map(|side| {
            let (side, cell, tries) = (*side, Arc::clone(&cell), Arc::clone(&tries));
            thread::spawn(move || {
                catch_unwind(AssertUnwindSafe(|| {
                    futures::executor::block_on(get_or_try_init(side, &cell, || {
                        match tries.fetch_add(1, Relaxed) + 1 {
                            ACTORS => Ok(ACTORS),
                            _ if fails_by_panic => give_up(),
                            tried => Err(tried),
                        }
                    }))
                    .copied()
                }))
            })
        })
        .collect();
    let successes = actors
        .into_iter()
        .map(|actor| actor.join().unwrap())
        .filter(|outcome| matches!(outcome, Ok(Ok(_))))
        .count();
    assert_eq!((successes, cell.get()), (1, Some(&ACTORS)));
}

#[test]
fn an_error_lets_the_next_in() {
    failures_let_the_next_in(&[Thread], false);
    failures_let_the_next_in(&[Task], false);
    failures_let_the_next_in(&[Thread, Task], false);
}

#[test]
fn a_panic_lets_the_next_in() {
    failures_let_the_next_in(&[Thread], true);
    failures_let_the_next_in(&[Task], true);
    failures_let_the_next_in(&[Thread, Task], true);
}

#[test]
fn an_initialiser_dropped_halfway_lets_one_of_those_who_wait_try() {
    let cell = OnceCell::new();
    let (first, second) = (Arc::<Count>::default(), Arc::<Count>::default());
    let held = Counted::default();
    let drops = Arc::clone(&held.0);
    let mut halfway = Box::pin(cell.get_or_init_async(|| async {
        let _held = held;
        pending::<i32>().await
    }));
    assert!(poll(halfway.as_mut()).is_pending());
    let mut one = Box::pin(cell.get_or_init_async(|| ready(1)));
    let mut two = Box::pin(cell.get_or_init_async(|| ready(2)));
    let mut reader = Box::pin(cell.wait_async());
    assert!(poll(reader.as_mut()).is_pending());
    assert!(poll_counted(one.as_mut(), &first).is_pending());
    assert!(poll_counted(two.as_mut(), &second).is_pending());
    assert_eq!(cell.set(3), Err(SetError::Initializing(3)));
    drop(halfway);
    assert_eq!(drops.load(Relaxed), 1);
    assert_eq!((first.get(), second.get()), (1, 0));
    // The one who was woken leaves: its wake goes on.
    drop(one);
    assert_eq!(second.get(), 1);
    assert_eq!(poll(two.as_mut()), Poll::Ready(&2));
    assert_eq!(poll(reader.as_mut()), Poll::Ready(&2));
}

/// Nothing was given to the future that was woken: whoever comes by first may try.
#[test]
fn a_woken_task_that_is_not_polled_holds_up_nobody() {
    let cell = OnceCell::new();
    let mut waits = None;
    let failed = cell.get_or_try_init(|| {
        let mut wait = Box::pin(cell.get_or_init_async(|| ready(1)));
        assert!(poll(wait.as_mut()).is_pending());
        waits = Some(wait);
        Err(())
    });
    assert_eq!(failed, Err(()));
    mem::forget(waits);
    assert_eq!(cell.get_or_init(|| 2), &2);
}

#[test]
fn a_value_set_by_somebody_else_wakes_threads_and_tasks() {
    let cell = Arc::new(OnceCell::new());
    let waiters: Vec<_> = (0..8)
        .map(|turn| {
            let side = if turn % 2 == 0 { Thread } else { Task };
            let cell = Arc::clone(&cell);
            side.spawn(async move { *wait(side, &cell).await })
        })
        .collect();
    let limited = [Thread, Task].map(|side| {
        let cell = Arc::clone(&cell);
        side.spawn(async move { wait_timeout(side, &cell, FOREVER).await.copied() })
    });
    until_waiting("once wait", file!(), 1);
    assert_eq!(cell.set(1), Ok(()));
    for waiter in waiters {
        assert_eq!(waiter.join(), 1);
    }
    for waiter in limited {
        assert_eq!(waiter.join(), Ok(1));
    }
}

#[test]
fn a_cell_that_stays_empty_ends_waits_with_a_limit() {
    for side in [Thread, Task] {
        let waited = side.run(async move {
            let cell = OnceCell::<u8>::new();
            let timeout = wait_timeout(side, &cell, PAST).await.copied();
            let deadline = cell.wait_deadline_async(Instant::now()).await.copied();
            (
                timeout,
                deadline,
                cell.wait_deadline(Instant::now()).copied(),
            )
        });
        let ended = Err(WaitTimeoutError);
        assert_eq!(waited, (ended, ended, ended));
    }
}

#[test]
fn a_set_comes_too_late_and_gives_the_value_back() {
    let cell = OnceCell::from(1);
    let error = cell.set(2).unwrap_err();
    assert_eq!(error.to_string(), "the cell has a value already");
    assert_eq!((error.into_inner(), cell.get()), (2, Some(&1)));
}

#[test]
fn a_thread_that_would_wait_for_itself_panics() {
    let cell = OnceCell::<u8>::new();
    let asks = |ask: &dyn Fn() -> u8| panics(|| cell.get_or_init(ask));
    assert!(asks(&|| *cell.get_or_init(|| 1)));
    assert!(asks(&|| *cell.wait()));
    assert_eq!(cell.get_or_init(|| 2), &2, "and it is free again");
    let once = Once::new();
    assert!(panics(|| once.call_once(|| once.call_once(|| ()))));
    assert!(!once.is_completed());
    static LOOP: Lazy<u8> = Lazy::new(|| *LOOP + 1);
    assert!(panics(|| *LOOP));
}

#[test]
fn an_initialiser_may_look_at_its_cell_without_waiting() {
    let cell = OnceCell::new();
    let value = *cell.get_or_init(|| {
        assert_eq!(cell.get(), None);
        assert_eq!(cell.set(1), Err(SetError::Initializing(1)));
        assert_eq!(cell.wait_timeout(PAST), Err(WaitTimeoutError));
        2
    });
    assert_eq!(value, 2);
}

#[test]
fn values_are_dropped_once() {
    let value = Counted::default();
    let drops = Arc::clone(&value.0);
    let mut cell = OnceCell::from(value);
    assert!(cell.get_mut().is_some());
    let taken = cell.take();
    assert!(cell.get().is_none() && cell.take().is_none());
    assert_eq!(drops.load(Relaxed), 0);
    assert!(cell.set(taken.unwrap()).is_ok());
    drop(cell.clone());
    assert_eq!(drops.load(Relaxed), 1, "that of the clone");
    drop(cell);
    assert_eq!(drops.load(Relaxed), 2);
    assert!(OnceCell::<Counted>::new().into_inner().is_none());
}

#[test]
fn the_owner_can_use_a_cell_again_whose_initialiser_was_forgotten() {
    let mut cell = OnceCell::new();
    let mut halfway = Box::pin(cell.get_or_init_async(pending));
    assert!(poll(halfway.as_mut()).is_pending());
    mem::forget(halfway);
    assert_eq!(cell.set(1), Err(SetError::Initializing(1)));
    assert_eq!(cell.get_mut(), None);
    assert_eq!(cell.take(), None);
    assert_eq!(cell.set(2), Ok(()));
}

#[test]
fn a_call_is_made_once_and_seen_by_all() {
    let (once, calls) = (Arc::new(Once::new()), Arc::new(AtomicUsize::new(0)));
    let actors: Vec<_> = (0..12)
        .map(|turn| {
            let side = if turn % 2 == 0 { Thread } else { Task };
            let (once, calls) = (Arc::clone(&once), Arc::clone(&calls));
            let call = move || {
                let before = calls.load(Relaxed);
                calls.store(before + 1, Relaxed);
            };
            side.spawn(async move {
                match (side, turn % 3) {
                    (Thread, 0) => once.wait(),
                    (Task, 0) => once.wait_async().await,
                    (Thread, _) => once.call_once(call),
                    (Task, _) => once.call_once_async(|| async { call() }).await,
                }
                assert!(once.is_completed());
            })
        })
        .collect();
    for actor in actors {
        actor.join();
    }
    assert_eq!(calls.load(Relaxed), 1);
    assert_eq!(once.wait_timeout(PAST), Ok(()));
}

#[test]
fn a_call_that_panics_or_is_dropped_has_not_been_made() {
    let once = Once::default();
    assert!(panics(|| once.call_once(give_up)));
    let mut halfway = Box::pin(once.call_once_async(pending));
    assert!(poll(halfway.as_mut()).is_pending());
    assert_eq!(once.wait_timeout(PAST), Err(WaitTimeoutError));
    drop(halfway);
    assert!(poll(pin!(once.call_once_async(|| ready(())))).is_ready());
    assert!(once.is_completed());
}

#[test]
fn a_lazy_value_is_made_when_it_is_first_wanted() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    static LAZY: Lazy<usize> = Lazy::new(|| CALLS.fetch_add(1, Relaxed) + 1);
    assert_eq!((Lazy::get(&LAZY), CALLS.load(Relaxed)), (None, 0));
    let actors = [Thread, Task, Thread, Task].map(|side| {
        side.spawn(async move {
            match side {
                Thread => *LAZY,
                Task => *Lazy::force_async(&LAZY).await,
            }
        })
    });
    assert_eq!(actors.map(|actor| actor.join()), [1; 4]);
}

#[test]
fn a_lazy_value_that_panics_is_tried_again() {
    let calls = AtomicUsize::new(0);
    let lazy = Lazy::new(|| match calls.fetch_add(1, Relaxed) {
        0 => give_up(),
        tried => tried,
    });
    assert!(panics(|| *lazy));
    assert_eq!(*lazy, 1);
    assert_eq!(Lazy::into_inner(lazy).ok(), Some(1));
}

/// The thread that initialises is known by its number, which another thread has not.
#[test]
fn a_thread_that_waits_for_another_does_not_take_it_for_itself() {
    let cell = Arc::new(OnceCell::new());
    let (begun, begins) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let other = Arc::clone(&cell);
    let initialises = thread::spawn(move || {
        *other.get_or_init(|| {
            begun.send(()).unwrap();
            goes_on.recv().unwrap()
        })
    });
    begins.recv().unwrap();
    let waits = [Thread, Task].map(|side| {
        let cell = Arc::clone(&cell);
        side.spawn(async move { *get_or_init(side, &cell, || 0).await })
    });
    until_waiting("once init", file!(), 1);
    go_on.send(1).unwrap();
    assert_eq!(waits.map(|wait| wait.join()), [1; 2]);
    assert_eq!(initialises.join().unwrap(), 1);
}

#[test]
fn an_initialisation_allocates_nothing() {
    let count = allocations::during(|| {
        let cell = OnceCell::new();
        assert!(poll(pin!(cell.wait_async())).is_pending());
        assert_eq!(cell.get_or_init(|| 1), &1);
        assert_eq!(
            poll(pin!(cell.get_or_init_async(|| ready(2)))),
            Poll::Ready(&1)
        );
    });
    assert_eq!(count, 0);
}

#[test]
fn what_may_cross_threads() {
    fn shared(_: &(impl Send + Sync)) {}
    fn sent(_: &impl Send) {}
    let (cell, once) = (OnceCell::<u8>::new(), Once::new());
    shared(&cell);
    shared(&once);
    shared(&Lazy::<u8>::new(|| 1));
    sent(&OnceCell::<std::cell::Cell<u8>>::new());
    sent(&cell.wait_async());
    sent(&cell.wait_timeout_async(FOREVER));
    sent(&cell.get_or_init_async(|| ready(1)));
    sent(&cell.get_or_try_init_async(|| ready(Err(()))));
    sent(&once.call_once_async(|| ready(())));
}
