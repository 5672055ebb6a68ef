//! Trees, reasons, callbacks, guards, deadlines.

use super::{FOREVER, SOON, until_asleep};
use crate::allocations;
use crate::by_hand::{poll, poll_counted};
use brigade::cancel::{CancelToken, Cancelled, Reason, Registration};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Instant;

const DEPTH: usize = 100_000;

#[test]
fn a_token_says_whether_and_why() {
    let token = CancelToken::new();
    assert!(!token.is_cancelled());
    assert_eq!(
        (token.reason(), token.origin(), token.check()),
        (None, None, Ok(()))
    );
    token.cancel_because(Reason::Sibling);
    token.cancel();
    assert!(token.is_cancelled());
    let reason = Reason::Sibling;
    assert_eq!(
        (token.reason(), token.origin()),
        (Some(reason), Some(reason))
    );
    assert_eq!(token.check(), Err(Cancelled { reason }));
    assert_eq!(
        format!("{token:?}"),
        "CancelToken { reason: Some(Sibling), .. }"
    );
    assert_eq!(
        (token.wait(), token.wait_timeout(FOREVER)),
        (reason, Some(reason))
    );
    assert_eq!(poll(pin!(token.wait_async())), Poll::Ready(reason));
}

#[test]
fn clones_are_the_same_token_and_others_are_not() {
    let token = CancelToken::default();
    let clone = token.clone();
    assert_eq!(token, clone);
    assert_ne!(token, CancelToken::new());
    assert_ne!(token, token.child());
    clone.cancel();
    assert!(token.is_cancelled());
}

#[test]
fn a_cancel_reaches_all_below_and_nobody_else() {
    let root = CancelToken::new();
    let (left, right) = (root.child(), root.child());
    let below = left.child();
    left.cancel_because(Reason::Shutdown);
    assert_eq!(below.reason(), Some(Reason::Parent));
    assert_eq!(below.origin(), Some(Reason::Shutdown));
    assert!(!root.is_cancelled() && !right.is_cancelled());
    // Its own reason stays, whatever happens above.
    root.cancel();
    assert_eq!(left.reason(), Some(Reason::Shutdown));
    assert_eq!(below.origin(), Some(Reason::Shutdown));
    assert_eq!(
        (right.reason(), right.origin()),
        (Some(Reason::Parent), Some(Reason::User))
    );
    let late = below.child().child();
    assert_eq!(
        (late.reason(), late.origin()),
        (Some(Reason::Parent), Some(Reason::Shutdown))
    );
}

/// The tokens in between are only held by what is below them.
#[test]
fn a_token_in_the_middle_may_be_dropped() {
    let root = CancelToken::new();
    let leaf = root.child().child().child();
    root.cancel();
    assert_eq!(leaf.reason(), Some(Reason::Parent));
    let leaf = CancelToken::new().child();
    assert!(!leaf.is_cancelled());
}

fn chain() -> Vec<CancelToken> {
    let mut chain = vec![CancelToken::new()];
    for _ in 1..DEPTH {
        chain.push(chain[chain.len() - 1].child());
    }
    chain
}

#[test]
fn a_deep_tree_is_cancelled_and_dropped() {
    let mut chain = chain();
    chain[0].cancel();
    assert!(chain.iter().all(CancelToken::is_cancelled));
    // From above: every drop but the last leaves the tree as it is.
    chain.drain(..).for_each(drop);

    let mut deep = self::chain();
    let leaf = deep.pop();
    drop(deep);
    // The last to hold all of it.
    drop(leaf);

    let mut deep = self::chain();
    let (leaf, root) = (deep.pop().unwrap(), deep.swap_remove(0));
    drop(deep);
    root.cancel();
    assert_eq!(leaf.origin(), Some(Reason::User));
}

#[test]
fn many_children_that_come_and_go_leave_nothing_behind() {
    let root = CancelToken::new();
    // The first alarm of the program starts the thread that keeps the time, and what that takes stays.
    let first = root.child_with_timeout(FOREVER);
    assert!(poll(pin!(first.wait_async())).is_pending());
    drop(first);
    let (held, ()) = allocations::held_after(|| {
        for _ in 0..100_000 {
            drop(root.child_with_timeout(FOREVER).child());
        }
        // An alarm holds on to no token.
        for _ in 0..1000 {
            let child = root.child_with_timeout(FOREVER);
            let mut wait = Box::pin(child.wait_async());
            assert!(poll(wait.as_mut()).is_pending());
        }
    });
    assert_eq!(held, 0);
}

/// Notes what it is called with.
fn note(token: &CancelToken, notes: &Arc<Mutex<Vec<Reason>>>) -> Registration {
    let notes = Arc::clone(notes);
    token.on_cancel(move |reason| notes.lock().unwrap().push(reason))
}

#[test]
fn callbacks_are_called_once_unless_they_are_taken_back() {
    let token = CancelToken::new();
    let child = token.child();
    let notes = Arc::default();
    let kept = note(&token, &notes);
    drop(note(&token, &notes));
    note(&child, &notes).keep();
    assert_eq!(Arc::strong_count(&notes), 3);
    token.cancel();
    token.cancel();
    assert_eq!(*notes.lock().unwrap(), [Reason::User, Reason::Parent]);
    assert_eq!(Arc::strong_count(&notes), 1);
    drop(kept);
    // At once, on this thread.
    let late = note(&child, &notes);
    assert_eq!(notes.lock().unwrap().len(), 3);
    drop(late);
}

#[test]
fn a_callback_that_was_kept_is_dropped_unrun_with_the_token() {
    let token = CancelToken::new();
    let notes = Arc::default();
    note(&token, &notes).keep();
    let held = note(&token.child(), &notes);
    // The registration keeps the child, and that its parent.
    drop(token);
    assert_eq!(Arc::strong_count(&notes), 3);
    drop(held);
    assert_eq!(
        (Arc::strong_count(&notes), notes.lock().unwrap().len()),
        (1, 0)
    );
}

/// What panics when it is dropped, if nothing panics already.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new(()));
        }
    }
}

#[test]
fn a_callback_that_panics_costs_nobody_else_anything() {
    let token = CancelToken::new();
    let child = token.child();
    let notes = Arc::default();
    let registrations = [
        note(&token, &notes),
        token.on_cancel(|_| resume_unwind(Box::new(()))),
        token.on_cancel(|_| panic_any(Bomb)),
        note(&token, &notes),
        child.on_cancel(|_| resume_unwind(Box::new(()))),
        note(&child, &notes),
    ];
    let bomb = Bomb;
    let dropped = token.on_cancel(move |_| drop(bomb));
    let bomb = Bomb;
    token.on_cancel(move |_| drop(bomb)).keep();
    // Taken back, its drop panics too.
    drop(dropped);
    token.cancel();
    assert_eq!(notes.lock().unwrap().len(), 3);
    drop(registrations);
    drop(token.on_cancel(|_| resume_unwind(Box::new(()))));

    // And one that goes with its token.
    let (bomb, token) = (Bomb, CancelToken::new());
    token.on_cancel(move |_| drop(bomb)).keep();
    drop(token);
}

/// Whatever a callback does to its token is allowed, and it is under none.
#[test]
fn a_callback_may_use_the_token() {
    let token = CancelToken::new();
    let called = Arc::new(AtomicU32::new(0));
    let (inner, count) = (token.clone(), Arc::clone(&called));
    let other = token.on_cancel(|_| ());
    token
        .on_cancel(move |reason| {
            assert_eq!(brigade::cancel::current(), None);
            inner.cancel_because(Reason::Shutdown);
            assert_eq!(inner.reason(), Some(reason));
            assert!(inner.child().is_cancelled());
            let again = Arc::clone(&count);
            inner
                .on_cancel(move |_| _ = again.fetch_add(1, Relaxed))
                .keep();
            drop(other);
            count.fetch_add(1, Relaxed);
        })
        .keep();
    token.within(|| token.cancel());
    assert_eq!(called.load(Relaxed), 2);
}

#[test]
fn a_guard_cancels_unless_it_is_disarmed() {
    let token = CancelToken::new();
    let thrown = catch_unwind(AssertUnwindSafe(|| {
        let _guard = token.clone().drop_guard();
        resume_unwind(Box::new(()));
    }));
    assert!(thrown.is_err());
    assert_eq!(token.reason(), Some(Reason::User));

    let guard = CancelToken::new().drop_guard();
    let token = guard.disarm();
    assert!(!token.is_cancelled());
    drop(token.clone().drop_guard());
    assert!(token.is_cancelled());
}

#[test]
fn what_is_forgotten_does_no_harm() {
    let token = CancelToken::new();
    let child = token.child();
    std::mem::forget(child.clone());
    std::mem::forget(token.clone().drop_guard());
    let notes = Arc::default();
    std::mem::forget(note(&token, &notes));
    let mut wait = Box::pin(token.wait_async());
    assert!(poll(wait.as_mut()).is_pending());
    std::mem::forget(wait);
    let (sender, receiver) = brigade::channel::bounded::<i32>(1);
    let mut recv = Box::pin(token.within_async(async move { receiver.recv_async().await }));
    assert!(poll(recv.as_mut()).is_pending());
    std::mem::forget(recv);
    let mut run = Box::pin(token.run_async(std::future::pending::<()>()));
    assert!(poll(run.as_mut()).is_pending());
    std::mem::forget(run);
    token.cancel();
    assert!(child.is_cancelled());
    assert_eq!(notes.lock().unwrap().len(), 1);
    sender.send(1).unwrap();
}

#[test]
fn a_thread_and_a_task_wait_for_a_token() {
    let token = CancelToken::new();
    assert_eq!(token.wait_timeout(SOON), None);
    assert_eq!(token.wait_deadline(Instant::now()), None);
    let child = token.child();
    let mut task = pin!(child.wait_async());
    let woken = Arc::default();
    assert!(poll_counted(task.as_mut(), &woken).is_pending());
    thread::scope(|scope| {
        let waiters = [0, 1].map(|_| scope.spawn(|| token.wait()));
        let timed = scope.spawn(|| token.wait_timeout(FOREVER));
        for waiter in &waiters {
            until_asleep(waiter.thread().id(), "cancel token");
        }
        until_asleep(timed.thread().id(), "cancel token");
        token.cancel();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), Reason::User);
        }
        assert_eq!(timed.join().unwrap(), Some(Reason::User));
    });
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(task), Poll::Ready(Reason::Parent));
}

#[test]
fn a_deadline_cancels() {
    let token = CancelToken::with_timeout(SOON);
    assert_eq!(token.wait(), Reason::Deadline);
    assert_eq!(
        (token.reason(), token.origin()),
        (Some(Reason::Deadline), Some(Reason::Deadline))
    );
    // Too late.
    token.cancel();
    assert_eq!(token.reason(), Some(Reason::Deadline));

    let past = CancelToken::with_deadline(Instant::now());
    assert_eq!(
        past.check(),
        Err(Cancelled {
            reason: Reason::Deadline
        })
    );
    past.cancel();
    assert_eq!(past.reason(), Some(Reason::Deadline));
    assert_eq!(past.child().reason(), Some(Reason::Parent));
    assert_eq!(
        past.child_with_timeout(FOREVER).origin(),
        Some(Reason::Deadline)
    );

    let soon = CancelToken::with_timeout(SOON);
    let waited = futures::executor::block_on(soon.wait_async());
    assert_eq!(waited, Reason::Deadline);

    let never = CancelToken::with_timeout(std::time::Duration::MAX);
    assert!(!never.is_cancelled());
    let cancelled = CancelToken::with_timeout(FOREVER);
    cancelled.cancel();
    assert_eq!(cancelled.reason(), Some(Reason::User));
}

#[test]
fn a_deadline_reaches_children_with_the_reason_of_the_token_whose_it_is() {
    let parent = CancelToken::with_timeout(SOON);
    let child = parent.child();
    let longer = parent.child_with_timeout(FOREVER);
    let grandchild = longer.child();
    assert_eq!(child.wait(), Reason::Parent);
    assert_eq!(child.origin(), Some(Reason::Deadline));
    assert_eq!(
        futures::executor::block_on(grandchild.wait_async()),
        Reason::Parent
    );
    assert_eq!(longer.reason(), Some(Reason::Parent));

    let parent = CancelToken::with_timeout(FOREVER);
    let shorter = parent.child_with_timeout(SOON);
    assert_eq!(shorter.child().wait(), Reason::Parent);
    assert_eq!(shorter.reason(), Some(Reason::Deadline));
    assert!(!parent.is_cancelled());
    let shorter = parent.child_with_deadline(Instant::now() + SOON);
    assert_eq!(shorter.wait(), Reason::Deadline);
}

/// Nobody waits for them: the callbacks are what the time is kept for.
#[test]
fn a_deadline_calls_callbacks() {
    let (sender, called) = mpsc::channel();
    let token = CancelToken::with_timeout(SOON);
    let child = token.child();
    let tell = |name| {
        let sender = sender.clone();
        move |reason| sender.send((name, reason)).unwrap()
    };
    let registrations = [
        child.on_cancel(tell("child")),
        token.on_cancel(tell("token")),
    ];
    let mut calls = [called.recv().unwrap(), called.recv().unwrap()];
    calls.sort_by_key(|(name, _)| *name);
    assert_eq!(
        calls,
        [("child", Reason::Parent), ("token", Reason::Deadline)]
    );
    drop(registrations);
}

/// Who looks first finds the deadline, and the callbacks are still called, once.
#[test]
fn a_deadline_that_was_seen_by_a_look_still_calls_callbacks() {
    let (sender, called) = mpsc::channel();
    let token = CancelToken::with_timeout(SOON);
    let registration = token.on_cancel(move |reason| sender.send(reason).unwrap());
    while !token.is_cancelled() {
        thread::yield_now();
    }
    token.cancel();
    assert_eq!(called.recv(), Ok(Reason::Deadline));
    assert!(called.recv().is_err());
    drop(registration);
}
