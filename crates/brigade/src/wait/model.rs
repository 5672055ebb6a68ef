//! Loom's proof of the argument in `README.md`: no interleaving loses a wake, frees a node in use
//! or lets a wait go on that was ended.

use super::Interrupts;
use super::permits::{Cancelled, Permits, Source, take, take_async, try_take, try_take_async};
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::{Arc, StdArc, three_threads};
use loom::future::block_on;
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

#[test]
fn a_put_is_never_lost_on_a_thread() {
    loom::model(|| {
        let permits = Permits::none();
        let taker = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits))
        };
        permits.put();
        taker.join().unwrap();
        assert!(permits.queue.is_at_rest());
    });
}

#[test]
fn a_put_is_never_lost_on_a_task() {
    loom::model(|| {
        let permits = Permits::none();
        let taker = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || block_on(take_async(&permits)))
        };
        permits.put();
        taker.join().unwrap();
        assert!(permits.queue.is_at_rest());
    });
}

#[test]
fn two_puts_serve_a_thread_and_a_task() {
    loom::model(|| {
        let permits = Permits::none();
        let thread = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits))
        };
        let task = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || block_on(take_async(&permits)))
        };
        permits.put();
        permits.put();
        thread.join().unwrap();
        task.join().unwrap();
        assert_eq!(permits.free.load(Acquire), 0);
        assert!(permits.queue.is_at_rest());
    });
}

/// While one thread is on its way, puts wake nobody else; that thread then wakes the next.
#[test]
fn two_puts_serve_two_threads() {
    loom::model(|| {
        let permits = Permits::none();
        let takers = [(); 2].map(|()| {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits))
        });
        permits.put();
        permits.put();
        for taker in takers {
            taker.join().unwrap();
        }
        assert_eq!(permits.free.load(Acquire), 0);
        assert!(permits.queue.is_at_rest());
    });
}

/// What was left to a thread on its way reaches all the tasks behind it, not only the first.
#[test]
fn a_thread_wakes_the_tasks_that_were_left_to_it() {
    loom::model(|| {
        let permits = Permits::none();
        let taker = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits))
        };
        let mut tasks = [(); 2].map(|()| Box::pin(take_async(&permits)));
        let cx = &mut Context::from_waker(Waker::noop());
        for task in &mut tasks {
            assert!(task.as_mut().poll(cx).is_pending());
        }
        for _ in 0..3 {
            permits.put();
        }
        taker.join().unwrap();
        assert!(permits.queue.is_at_rest(), "nobody sleeps beside a permit");
        for task in &mut tasks {
            assert!(task.as_mut().poll(cx).is_ready());
        }
    });
}

/// Polls once, and drops: whatever wake the wait was given must reach the other waiter.
#[test]
fn a_wake_given_to_a_dropped_wait_is_passed_on() {
    loom::model(|| {
        let permits = Permits::none();
        let other = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || take(&permits))
        };
        let putter = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.put())
        };
        let served = {
            let mut wait = pin!(take_async(&permits));
            wait.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        };
        if served {
            permits.put();
        }
        putter.join().unwrap();
        other.join().unwrap();
        assert!(permits.queue.is_at_rest());
    });
}

/// A wait polled again with another waker wakes the new one, or has been woken already.
#[test]
fn a_wait_polled_by_a_second_task_wakes_the_second() {
    loom::model(|| {
        let permits = Permits::none();
        let putter = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.put())
        };
        let mut wait = Box::pin(take_async(&permits));
        let first = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if first.is_pending() {
            block_on(wait);
        }
        putter.join().unwrap();
    });
}

/// Whoever is interrupted while a permit comes has taken it, or left its wake to the other who waits.
fn a_wait_that_is_interrupted_passes_its_wake_on(in_task: bool) {
    let permits = Permits::none();
    let patient = {
        let permits = Arc::clone(&permits);
        thread::spawn(move || take(&permits))
    };
    let source = Source::new();
    let hasty = {
        let (permits, source) = (Arc::clone(&permits), StdArc::clone(&source));
        thread::spawn(move || {
            let taken = if in_task {
                block_on(source.awaits(try_take_async(&permits)))
            } else {
                source.under(|| try_take(&permits))
            };
            if taken.is_ok() {
                permits.put();
            }
        })
    };
    permits.put();
    source.fire();
    hasty.join().unwrap();
    patient.join().unwrap();
    assert!(permits.queue.is_at_rest());
}

#[test]
fn a_thread_that_is_interrupted_passes_its_wake_on() {
    three_threads(|| a_wait_that_is_interrupted_passes_its_wake_on(false));
}

#[test]
fn a_task_that_is_interrupted_passes_its_wake_on() {
    three_threads(|| a_wait_that_is_interrupted_passes_its_wake_on(true));
}

#[test]
fn an_interrupt_ends_the_wait_of_a_thread() {
    loom::model(|| {
        let permits = Permits::none();
        let source = Source::new();
        let waiter = {
            let (permits, source) = (Arc::clone(&permits), StdArc::clone(&source));
            thread::spawn(move || source.under(|| try_take(&permits)))
        };
        source.fire();
        assert_eq!(waiter.join().unwrap(), Err(Cancelled));
        assert!(permits.queue.is_at_rest());
        assert!(source.interrupt().queue().is_at_rest());
    });
}

#[test]
fn an_interrupt_ends_the_wait_of_a_task() {
    loom::model(|| {
        let permits = Permits::none();
        let source = Source::new();
        let waiter = {
            let (permits, source) = (Arc::clone(&permits), StdArc::clone(&source));
            thread::spawn(move || block_on(source.awaits(try_take_async(&permits))))
        };
        source.fire();
        assert_eq!(waiter.join().unwrap(), Err(Cancelled));
        assert!(permits.queue.is_at_rest());
        assert!(source.interrupt().queue().is_at_rest());
    });
}

#[test]
fn wake_all_after_a_plain_store_reaches_every_waiter() {
    loom::model(|| {
        let permits = Permits::none();
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let permits = Arc::clone(&permits);
                thread::spawn(move || take(&permits))
            })
            .collect();
        permits.free.fetch_add(2, AcqRel);
        permits.queue.wake_all();
        for taker in takers {
            taker.join().unwrap();
        }
        assert!(permits.queue.is_at_rest());
    });
}
