//! Every interleaving of two or three who want permits.

use super::Semaphore;
use crate::prim::{StdArc, three_threads};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

/// Acquires as a thread or as a task, and gives back.
fn use_permits(semaphore: &Semaphore, count: usize, task: bool) {
    if task {
        loom::future::block_on(async { drop(semaphore.acquire_many_async(count).await.unwrap()) });
    } else {
        drop(semaphore.acquire_many(count).unwrap());
    }
}

#[test]
fn permits_that_come_back_are_taken() {
    for task in [false, true] {
        loom::model(move || {
            let semaphore = StdArc::new(Semaphore::new(1));
            let other = StdArc::clone(&semaphore);
            let thread = loom::thread::spawn(move || {
                use_permits(&other, 1, task);
                use_permits(&other, 1, task);
            });
            use_permits(&semaphore, 1, false);
            thread.join().unwrap();
            assert_eq!(semaphore.available(), 1);
        });
    }
}

#[test]
fn one_who_wants_many_and_two_who_want_one() {
    for tasks in [false, true] {
        three_threads(move || {
            let semaphore = StdArc::new(Semaphore::new(2));
            let threads = [2, 1].map(|count| {
                let semaphore = StdArc::clone(&semaphore);
                loom::thread::spawn(move || use_permits(&semaphore, count, tasks))
            });
            use_permits(&semaphore, 1, false);
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(semaphore.available(), 2);
        });
    }
}

/// The first in line wants more than there is and gives up; the second wants less.
#[test]
fn whoever_gives_up_does_not_keep_back_those_behind() {
    for task in [false, true] {
        three_threads(move || {
            let semaphore = StdArc::new(Semaphore::new(0));
            let greedy = StdArc::clone(&semaphore);
            let greedy = loom::thread::spawn(move || {
                if task {
                    let mut wait = pin!(greedy.acquire_many_async(2));
                    let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                } else {
                    let _ = greedy.acquire_many_timeout(2, Duration::ZERO);
                }
            });
            let modest = StdArc::clone(&semaphore);
            let modest = loom::thread::spawn(move || use_permits(&modest, 1, task));
            semaphore.add_permits(1).unwrap();
            greedy.join().unwrap();
            modest.join().unwrap();
        });
    }
}

#[test]
fn a_close_ends_the_waits() {
    for task in [false, true] {
        loom::model(move || {
            let semaphore = StdArc::new(Semaphore::new(0));
            let other = StdArc::clone(&semaphore);
            let thread = loom::thread::spawn(move || {
                let acquired = if task {
                    loom::future::block_on(async { other.acquire_async().await.is_ok() })
                } else {
                    other.acquire().is_ok()
                };
                assert!(!acquired);
            });
            assert!(semaphore.close());
            thread.join().unwrap();
        });
    }
}

/// A task in line is served by its own look, and the wake for it comes too late: nothing stays promised to it, which
/// would keep those who come later waiting for one who does not come.
#[test]
fn a_wake_for_one_who_has_been_served_promises_nothing() {
    loom::model(|| {
        let mut cx = Context::from_waker(Waker::noop());
        let semaphore = StdArc::new(Semaphore::new(1));
        let permit = semaphore.acquire().unwrap();
        let mut task = pin!(semaphore.acquire_async());
        assert!(task.as_mut().poll(&mut cx).is_pending());
        // Woken and beaten, it goes back to the front of the line, and takes what it sees.
        drop(permit);
        let permit = semaphore.try_acquire().unwrap();
        assert!(task.as_mut().poll(&mut cx).is_pending());

        let permit = permit.into_owned(&semaphore);
        let releases = loom::thread::spawn(move || drop(permit));
        drop(loom::future::block_on(task.as_mut()).unwrap());
        releases.join().unwrap();
        let newcomer = pin!(semaphore.acquire_async());
        assert!(newcomer.poll(&mut cx).is_ready(), "nobody else wants it");
    });
}
