//! Loom's proof for the lock: readers and writers never meet, and nobody sleeps for ever, whoever gives up.
//!
//! Loom itself watches the value: a read that does not happen before or after a write fails the model. All threads
//! of a model have the same place until they move on.

use super::ReadMostly;
use crate::prim::{Arc, three_threads};
use crate::sync::places;
use loom::future::block_on;
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_reader_and_a_writer() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new((0, 0)));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || {
            let mut both = other.write();
            both.0 += 1;
            both.1 += 1;
        });
        let both = *lock.read();
        assert_eq!(both.0, both.1);
        writer.join().unwrap();
        assert_eq!(*lock.read(), (1, 1));
    });
}

/// The reader is in the other cell, which the writer marks last.
#[test]
fn a_reader_in_another_cell_and_a_writer() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let other = Arc::clone(&lock);
        let reader = thread::spawn(move || {
            places::move_on();
            *other.read()
        });
        *lock.write() += 1;
        assert!(reader.join().unwrap() <= 1);
    });
}

#[test]
fn a_reading_task_and_a_writing_task() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || block_on(async { *other.write_async().await += 1 }));
        let seen = block_on(async { *lock.read_async().await });
        assert!(seen <= 1);
        writer.join().unwrap();
        assert_eq!(*lock.read(), 1);
    });
}

#[test]
fn a_reading_task_and_a_writing_thread() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let other = Arc::clone(&lock);
        let reader = thread::spawn(move || block_on(async { *other.read_async().await }));
        *lock.write() += 1;
        assert!(reader.join().unwrap() <= 1);
    });
}

#[test]
fn two_writers() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || *other.write() += 1);
        *lock.write() += 1;
        writer.join().unwrap();
        assert_eq!(*lock.read(), 2);
    });
}

#[test]
fn a_writing_thread_and_a_writing_task() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || block_on(async { *other.write_async().await += 1 }));
        *lock.write() += 1;
        writer.join().unwrap();
        assert_eq!(*lock.read(), 2);
    });
}

/// A writer that leaves takes no mark away that the next one has set.
#[test]
fn the_marks_of_one_writer_are_not_those_of_the_next() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let held = lock.write();
        let other = Arc::clone(&lock);
        let next = thread::spawn(move || {
            if let Poll::Ready(guard) = poll_once(other.write_async()) {
                places::move_on();
                assert!(other.try_read().is_err());
                drop(guard);
            }
        });
        drop(held);
        next.join().unwrap();
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn two_readers_and_a_writer() {
    three_threads(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let readers = [false, true].map(|elsewhere| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                if elsewhere {
                    places::move_on();
                }
                *lock.read()
            })
        });
        *lock.write() += 1;
        for reader in readers {
            assert!(reader.join().unwrap() <= 1);
        }
    });
}

#[test]
fn two_writers_and_a_reader() {
    three_threads(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let writers = [(); 2].map(|()| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.write() += 1)
        });
        assert!(*lock.read() <= 2);
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(*lock.read(), 2);
    });
}

/// The main thread reads, so the writer can only give up, or come in after that; the second reader may have found
/// its marks and sleep.
#[test]
fn a_writer_that_is_dropped_lets_waiting_readers_go_on() {
    three_threads(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let held = lock.read();
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || assert!(poll_once(lock.write_async()).is_pending()))
        };
        let reader = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.read())
        };
        assert_eq!(reader.join().unwrap(), 0);
        writer.join().unwrap();
        drop(held);
    });
}

#[test]
fn a_writer_that_times_out_lets_a_waiting_reader_go_on() {
    loom::model(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let held = lock.read();
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || assert!(other.write_timeout(Duration::ZERO).is_err()));
        let again = *lock.read();
        writer.join().unwrap();
        assert_eq!(*held, again);
    });
}

#[test]
fn a_failed_try_to_write_lets_a_waiting_reader_go_on() {
    three_threads(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let reader = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *block_on(lock.read_async()))
        };
        let tries = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || drop(lock.try_write()))
        };
        assert_eq!(*lock.read(), 0);
        reader.join().unwrap();
        tries.join().unwrap();
        assert!(lock.try_write().is_ok());
    });
}

/// A reader that backs out may be the last that leaves the cell.
#[test]
fn a_reader_that_steps_back_wakes_the_writer() {
    three_threads(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let held = lock.read();
        let tries = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || drop(lock.try_read()))
        };
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.write() += 1)
        };
        drop(held);
        writer.join().unwrap();
        tries.join().unwrap();
        assert_eq!(*lock.read(), 1);
    });
}

/// Two writers wait for a third, and the one that is woken is dropped: the other one is woken.
#[test]
fn a_woken_writer_that_is_dropped_wakes_the_next() {
    three_threads(|| {
        let lock = Arc::new(ReadMostly::new(0));
        let held = lock.write();
        let dropped = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || drop(poll_once(lock.write_async())))
        };
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *lock.write() += 1)
        };
        drop(held);
        writer.join().unwrap();
        dropped.join().unwrap();
        assert_eq!(*lock.read(), 1);
    });
}
