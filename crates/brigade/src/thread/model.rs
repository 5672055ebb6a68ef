//! Loom's proof for the cell of a thread, and for a whole scope.

use super::{ScopeOptions, race, scope, spawn};
use crate::prim::Ordering::Relaxed;
use crate::prim::{PlainAtomicUsize, StdArc, UnsafeCell, three_threads};
use crate::scope::{Failure, OnError};
use loom::future::block_on;
use std::convert::Infallible;
use std::time::Duration;

/// Counts drops.
struct Counted(StdArc<PlainAtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_result_reaches_the_joining_thread() {
    loom::model(|| {
        assert_eq!(spawn(|| 1).join().unwrap(), 1);
    });
}

#[test]
fn a_result_reaches_the_awaiting_task() {
    loom::model(|| {
        let thread = spawn(|| 1);
        assert_eq!(block_on(async { thread.await.unwrap() }), 1);
    });
}

#[test]
fn a_join_that_gives_up_can_be_repeated() {
    loom::model(|| {
        let result = match spawn(|| 1).join_timeout(Duration::ZERO) {
            Err(super::JoinTimeoutError::Timeout(thread)) => thread.join().ok(),
            joined => joined.ok(),
        };
        assert_eq!(result, Some(1));
    });
}

#[test]
fn a_result_is_dropped_once_whoever_lets_go_last() {
    loom::model(|| {
        let dropped = StdArc::new(PlainAtomicUsize::new(0));
        let theirs = StdArc::clone(&dropped);
        scope(|scope| {
            drop(scope.spawn(move || Ok::<_, Infallible>(Counted(theirs))));
            Ok(())
        })
        .unwrap();
        assert_eq!(dropped.load(Relaxed), 1);
    });
}

#[test]
fn what_a_scope_lends_is_back_at_its_end() {
    loom::model(|| {
        let place = UnsafeCell::new(0);
        let mine = Mine(&place);
        scope(|scope| {
            scope.spawn(move || {
                let mine = mine;
                // SAFETY: the only thread that has it, until the scope ends.
                mine.0.with_mut(|place| unsafe { *place = 7 });
                Ok::<_, Infallible>(())
            });
            Ok(())
        })
        .unwrap();
        // SAFETY: the scope has ended.
        assert_eq!(place.with(|place| unsafe { *place }), 7);
    });
}

/// What one thread has for itself.
struct Mine<'a>(&'a UnsafeCell<i32>);

// SAFETY: each test gives it to one thread, and looks at the place when that has ended.
unsafe impl Send for Mine<'_> {}

#[test]
fn a_failure_is_the_joiners_or_the_scopes() {
    loom::model(|| {
        let options = ScopeOptions::new().on_error(OnError::CollectAll);
        let ended = options.run(|scope| {
            let child = scope.spawn(|| Err::<(), _>(1));
            match child.join_timeout(Duration::ZERO) {
                Ok(joined) => {
                    assert!(matches!(joined, Err(Failure::Failed(1))));
                    Ok(true)
                }
                Err(_child) => Ok(false),
            }
        });
        match ended {
            Ok(joined) => assert!(joined),
            Err(error) => assert!(matches!(error.first(), Failure::Failed(1))),
        }
    });
}

/// Though it cancels everybody, that join too.
#[test]
fn whoever_joins_the_child_that_fails_gets_its_failure() {
    loom::model(|| {
        let ended = scope(|scope| {
            let joined = scope.spawn(|| Err::<(), _>(1)).join();
            assert!(matches!(joined, Err(Failure::Failed(1))), "{joined:?}");
            Ok(())
        });
        assert!(ended.is_ok());
    });
}

#[test]
fn a_failure_ends_a_join_of_another() {
    three_threads(|| {
        let error = scope(|scope| {
            let other = scope.spawn(|| Ok(2));
            scope.spawn(|| Err::<(), _>(1));
            match other.join() {
                Ok(value) => assert_eq!(value, 2),
                Err(failure) => assert!(matches!(failure, Failure::Cancelled(_))),
            }
            Ok(())
        });
        assert!(matches!(error.unwrap_err().first(), Failure::Failed(1)));
    });
}

#[test]
fn a_race_has_one_winner() {
    three_threads(|| {
        let won = race([1, 2].map(|n| move || Ok::<_, Infallible>(n)));
        assert!(matches!(won, Ok(1 | 2)));
    });
}
