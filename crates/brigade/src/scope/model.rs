//! Loom's proof for the ledger: nobody outlives the scope, nothing that went wrong is lost, and the cause comes first.

use super::{Failure, Ledger, OnError, ScopeError, Whose};
use crate::cancel::{CancelToken, Reason};
use crate::prim::{Arc, UnsafeCell, three_threads};
use crate::wait::{Limit, Wait, block};
use loom::future::block_on;
use loom::thread;
use std::panic::Location;

type Failed = Ledger<u8>;

fn ledger(on_error: OnError) -> Arc<Failed> {
    Arc::new(Ledger::new(CancelToken::new(), on_error))
}

/// A thread that is a member of the scope while `body` runs.
fn child(ledger: &Arc<Failed>, body: impl FnOnce(&Failed) + Send + 'static) {
    let member = ledger.enter().unwrap();
    let ledger = Arc::clone(ledger);
    thread::spawn(move || {
        body(&ledger);
        drop(member);
    });
}

fn wait(ledger: &Failed) {
    let ended = block(&mut ledger.nobody_left(), Limit::NONE, Location::caller());
    assert_eq!(ended, Ok(()));
}

fn fail(ledger: &Failed, error: u8) {
    ledger.note(Failure::Failed(error), Whose::Child);
    ledger.call_off(Whose::Child);
}

/// The errors, the first one first; 0 is a cancellation from outside.
fn errors(error: ScopeError<u8>) -> Vec<u8> {
    let (first, others) = error.into_parts();
    let code = |failure| match failure {
        Failure::Failed(error) => error,
        Failure::Cancelled(_) => 0,
        other => panic!("nobody fails like that: {other}"),
    };
    std::iter::once(first).chain(others).map(code).collect()
}

/// What loom watches for two who touch it at once.
struct Flag(UnsafeCell<bool>);

// SAFETY: the child writes it, and the owner reads it when the scope has ended. Loom sees whether that holds.
unsafe impl Sync for Flag {}

#[test]
fn what_a_child_has_done_is_seen_by_the_thread_that_waits_for_the_end() {
    loom::model(|| {
        let ledger = ledger(OnError::CancelAll);
        let done = Arc::new(Flag(UnsafeCell::new(false)));
        let theirs = Arc::clone(&done);
        child(&ledger, move |_| {
            // SAFETY: the owner looks only when nobody is left.
            theirs.0.with_mut(|done| unsafe { *done = true });
        });
        wait(&ledger);
        // SAFETY: the child has counted itself out, and does not touch it again.
        assert!(done.0.with(|done| unsafe { *done }));
        assert_eq!(ledger.settle(Some(1)).ok(), Some(1));
    });
}

#[test]
fn a_task_waits_for_the_end() {
    loom::model(|| {
        let ledger = ledger(OnError::CancelAll);
        child(&ledger, |ledger| fail(ledger, 1));
        block_on(Wait::new(ledger.nobody_left(), Location::caller()));
        assert_eq!(errors(ledger.settle(Some(())).unwrap_err()), [1]);
    });
}

#[test]
fn of_two_that_fail_one_is_the_cause_and_the_other_is_kept() {
    three_threads(|| {
        let ledger = ledger(OnError::CancelAll);
        child(&ledger, |ledger| fail(ledger, 1));
        child(&ledger, |ledger| fail(ledger, 2));
        wait(&ledger);
        assert_eq!(ledger.token().reason(), Some(Reason::Sibling));
        let errors = errors(ledger.settle(Some(())).unwrap_err());
        assert!(errors == [1, 2] || errors == [2, 1], "{errors:?}");
    });
}

/// Who returns an error because the scope was cancelled is never taken for the cause.
#[test]
fn who_fails_after_the_cancellation_comes_after_its_cause() {
    three_threads(|| {
        let ledger = ledger(OnError::CancelAll);
        child(&ledger, |ledger| fail(ledger, 1));
        child(&ledger, |ledger| {
            if ledger.token().is_cancelled() {
                fail(ledger, 2);
            }
        });
        wait(&ledger);
        assert_eq!(errors(ledger.settle(Some(())).unwrap_err())[0], 1);
    });
}

#[test]
fn a_cancellation_from_outside_is_the_cause_if_it_came_first() {
    three_threads(|| {
        let ledger = ledger(OnError::CancelAll);
        child(&ledger, |ledger| fail(ledger, 1));
        let token = ledger.token().clone();
        let outside = thread::spawn(move || token.cancel());
        wait(&ledger);
        outside.join().unwrap();
        let reason = ledger.token().reason();
        match &errors(ledger.settle(Some(())).unwrap_err())[..] {
            [0, 1] => assert_eq!(reason, Some(Reason::User)),
            // Noted before, whoever of the two was faster with the token after that.
            [1] => assert!(reason.is_some()),
            errors => panic!("{errors:?}"),
        }
    });
}

#[test]
fn a_child_that_starts_another_before_it_ends_is_not_the_last() {
    three_threads(|| {
        let ledger = ledger(OnError::CollectAll);
        let theirs = Arc::clone(&ledger);
        child(&ledger, move |_| child(&theirs, |ledger| fail(ledger, 3)));
        wait(&ledger);
        assert_eq!(errors(ledger.settle(Some(())).unwrap_err()), [3]);
    });
}
