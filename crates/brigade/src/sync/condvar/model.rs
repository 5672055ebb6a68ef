//! Every interleaving of waiters and notifiers, of those that give up among them.

use super::{Condvar, Wakeup};
use crate::prim::{StdArc, three_threads};
use crate::sync::Mutex;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

type Pair = StdArc<(Mutex<u32>, Condvar)>;

fn pair() -> Pair {
    StdArc::new((Mutex::new(0), Condvar::new()))
}

fn add_one(pair: &Pair) {
    *pair.0.lock() += 1;
}

#[test]
fn a_thread_is_notified() {
    for before_unlock in [false, true] {
        loom::model(move || {
            let pair = pair();
            let other = StdArc::clone(&pair);
            let thread = loom::thread::spawn(move || {
                let mut guard = other.0.lock();
                *guard = 1;
                if before_unlock {
                    other.1.notify_one();
                    drop(guard);
                } else {
                    drop(guard);
                    other.1.notify_one();
                }
            });
            let guard = pair.1.wait_while(pair.0.lock(), |value| *value == 0);
            assert_eq!(*guard, 1);
            drop(guard);
            thread.join().unwrap();
        });
    }
}

#[test]
fn a_task_is_notified() {
    loom::model(|| {
        let pair = pair();
        let other = StdArc::clone(&pair);
        let thread = loom::thread::spawn(move || {
            add_one(&other);
            other.1.notify_one();
        });
        loom::future::block_on(async {
            let guard = pair.0.lock_async().await;
            let guard = pair.1.wait_while_async(guard, |value| *value == 0).await;
            assert_eq!(*guard, 1);
        });
        thread.join().unwrap();
    });
}

#[test]
fn all_are_notified() {
    three_threads(|| {
        let pair = pair();
        let waiting = [(); 2].map(|()| {
            let pair = StdArc::clone(&pair);
            loom::thread::spawn(move || drop(pair.1.wait_while(pair.0.lock(), |value| *value == 0)))
        });
        add_one(&pair);
        pair.1.notify_all();
        for thread in waiting {
            thread.join().unwrap();
        }
    });
}

/// One notification, one waiter that runs out of time and one that does not: it is not lost between them.
#[test]
fn a_notification_is_not_lost_to_one_who_runs_out_of_time() {
    three_threads(|| {
        let pair = pair();
        let hasty = StdArc::clone(&pair);
        let hasty = loom::thread::spawn(move || {
            let (mut guard, wakeup) = hasty.1.wait_timeout(hasty.0.lock(), Duration::ZERO);
            if wakeup == Wakeup::Notified {
                // Its own: it serves the other in turn.
                *guard += 1;
                drop(guard);
                hasty.1.notify_one();
            }
        });
        let notifying = StdArc::clone(&pair);
        let notifying = loom::thread::spawn(move || {
            add_one(&notifying);
            notifying.1.notify_one();
        });
        drop(pair.1.wait_while(pair.0.lock(), |value| *value == 0));
        hasty.join().unwrap();
        notifying.join().unwrap();
        assert!(!pair.0.is_locked());
    });
}

#[test]
fn a_notified_task_that_is_dropped_passes_it_on() {
    three_threads(|| {
        let pair = pair();
        let dropping = StdArc::clone(&pair);
        let dropping = loom::thread::spawn(move || {
            let mut wait = pin!(dropping.1.wait_async(dropping.0.lock()));
            let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        let notifying = StdArc::clone(&pair);
        let notifying = loom::thread::spawn(move || {
            add_one(&notifying);
            notifying.1.notify_one();
        });
        drop(pair.1.wait_while(pair.0.lock(), |value| *value == 0));
        dropping.join().unwrap();
        notifying.join().unwrap();
        assert!(!pair.0.is_locked());
    });
}
