//! Loom's proof of the protocol: nobody who waits, and no child and no callback, is missed by a cancel, and what
//! comes to one who is cancelled is neither lost nor slept beside.

use super::{CancelToken, Cancelled, Reason, Registration};
use crate::prim::{Lock, StdArc, three_threads};
use loom::future::block_on;
use loom::thread;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Waker};

/// Counts calls, with std's atomics: they add no interleavings.
fn counted(token: &CancelToken, count: &StdArc<AtomicU32>) -> Registration {
    let count = StdArc::clone(count);
    token.on_cancel(move |reason| {
        assert_eq!(reason, Reason::User);
        count.fetch_add(1, Relaxed);
    })
}

#[test]
fn a_cancel_wakes_a_thread_that_waits_for_it() {
    loom::model(|| {
        let token = CancelToken::new();
        let waiter = {
            let token = token.clone();
            thread::spawn(move || token.wait())
        };
        token.cancel();
        assert_eq!(waiter.join().unwrap(), Reason::User);
    });
}

#[test]
fn a_cancel_wakes_a_task_that_waits_for_it() {
    loom::model(|| {
        let token = CancelToken::new();
        let waiter = {
            let token = token.clone();
            thread::spawn(move || block_on(token.wait_async()))
        };
        token.cancel();
        assert_eq!(waiter.join().unwrap(), Reason::User);
    });
}

#[test]
fn a_cancel_ends_a_future_whatever_it_awaits() {
    loom::model(|| {
        let token = CancelToken::new();
        let runner = {
            let token = token.clone();
            thread::spawn(move || block_on(token.run_async(pending::<()>())))
        };
        token.cancel();
        let reason = Reason::User;
        assert_eq!(runner.join().unwrap(), Err(Cancelled { reason }));
    });
}

/// Made before, meanwhile or after: it is cancelled, and so is what waits for it.
#[test]
fn a_child_made_while_its_parent_is_cancelled_is_cancelled() {
    loom::model(|| {
        let parent = CancelToken::new();
        let below = {
            let parent = parent.clone();
            thread::spawn(move || {
                let child = parent.child();
                let reason = child.wait();
                (reason, child.origin())
            })
        };
        parent.cancel_because(Reason::Shutdown);
        let origin = Some(Reason::Shutdown);
        assert_eq!(below.join().unwrap(), (Reason::Parent, origin));
    });
}

#[test]
fn a_grandchild_made_meanwhile_is_cancelled() {
    loom::model(|| {
        let parent = CancelToken::new();
        let child = parent.child();
        let below = thread::spawn(move || child.child().wait());
        parent.cancel();
        assert_eq!(below.join().unwrap(), Reason::Parent);
    });
}

/// The last clone goes while the parent walks over its children.
#[test]
fn a_child_may_go_while_its_parent_is_cancelled() {
    loom::model(|| {
        let parent = CancelToken::new();
        let (child, other) = (parent.child(), parent.child());
        let below = thread::spawn(move || drop(child.child()));
        parent.cancel();
        below.join().unwrap();
        assert_eq!(other.reason(), Some(Reason::Parent));
    });
}

/// And the parent's own last clone, so that the walk may be the last to hold any of them.
#[test]
fn a_tree_may_go_while_it_is_cancelled() {
    loom::model(|| {
        let parent = CancelToken::new();
        let (child, grandchild) = {
            let child = parent.child();
            let grandchild = child.child();
            (child, grandchild)
        };
        let below = thread::spawn(move || {
            drop(child);
            drop(grandchild);
        });
        parent.cancel();
        drop(parent);
        below.join().unwrap();
    });
}

#[test]
fn a_callback_is_called_once_whenever_it_is_registered() {
    loom::model(|| {
        let token = CancelToken::new();
        let called = StdArc::new(AtomicU32::new(0));
        let registered = {
            let (token, called) = (token.clone(), StdArc::clone(&called));
            thread::spawn(move || counted(&token, &called))
        };
        token.cancel();
        let registration = registered.join().unwrap();
        assert_eq!(called.load(Relaxed), 1);
        drop(registration);
    });
}

/// Taken back or called: never both, and what it has is dropped once, whoever does it.
#[test]
fn a_callback_is_taken_back_or_called() {
    loom::model(|| {
        let token = CancelToken::new();
        let called = StdArc::new(AtomicU32::new(0));
        let registration = counted(&token, &called);
        let taker = thread::spawn(move || drop(registration));
        token.cancel();
        taker.join().unwrap();
        assert!(called.load(Relaxed) <= 1);
        assert_eq!(StdArc::strong_count(&called), 1);
        drop(token);
    });
}

/// One of two reasons, the same for everybody and for ever, and one call.
#[test]
fn the_first_of_two_cancels_counts() {
    loom::model(|| {
        let token = CancelToken::new();
        let child = token.child();
        let called = StdArc::new(Lock::new(Vec::new()));
        let note = StdArc::clone(&called);
        let registration = child.on_cancel(move |reason| note.lock().push(reason));
        let other = {
            let token = token.clone();
            thread::spawn(move || {
                token.cancel_because(Reason::Shutdown);
                token.reason()
            })
        };
        token.cancel_because(Reason::Sibling);
        let reason = token.reason();
        assert_eq!(other.join().unwrap(), reason);
        assert_eq!(child.origin(), reason);
        assert_eq!(*called.lock(), [Reason::Parent]);
        drop(registration);
    });
}

#[test]
fn a_child_and_its_parent_may_be_cancelled_at_once() {
    loom::model(|| {
        let token = CancelToken::new();
        let child = token.child();
        let grandchild = child.child();
        let waiter = thread::spawn(move || {
            child.cancel();
            grandchild.wait()
        });
        token.cancel_because(Reason::Shutdown);
        assert_eq!(waiter.join().unwrap(), Reason::Parent);
    });
}

/// A task that is polled under a token and then dropped leaves the token's queue.
#[test]
fn a_future_dropped_meanwhile_is_not_woken_after_its_end() {
    three_threads(|| {
        let token = CancelToken::new();
        let droppers = [(); 2].map(|()| {
            let token = token.clone();
            thread::spawn(move || {
                let mut wait = pin!(token.wait_async());
                let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            })
        });
        token.cancel();
        for dropper in droppers {
            dropper.join().unwrap();
        }
    });
}
