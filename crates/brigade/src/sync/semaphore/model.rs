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
