//! Scopes of threads: what they lend, and that nothing outlives them.
//!
//! - `errors`: who is cancelled by whom, and what the scope tells.
//! - `faults`: panics at every point where code of the application runs, and threads that the system refuses.
//! - `race`: the first success, and scopes without errors.

mod errors;
mod faults;
mod race;

use crate::sides::until_waiting;
use brigade::cancel::{self, CancelToken, Reason};
use brigade::channel::{Receiver, RecvError, Sender, bounded};
use brigade::scope::{Failure, OnError, ScopeError};
use brigade::thread::{self, Builder, Scope, ScopeOptions, race, scope, scope_plain, sleep};
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

type BoxError = Box<dyn Error + Send + Sync>;

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// Counts when it is dropped. Borrows, so a drop after the end of the scope would be a use of what is gone.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A channel that stays open and empty.
fn silence() -> (Sender<i32>, Receiver<i32>) {
    bounded(1)
}

fn collecting() -> ScopeOptions {
    ScopeOptions::new().on_error(OnError::CollectAll)
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

fn unwound<T>(body: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).err().expect("a panic");
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .expect("text")
}

#[test]
fn threads_borrow_and_change_what_outlives_the_scope() {
    let words = ["fill", "lift", "pass", "pour"];
    let mut litres = [3, 1, 4, 1];
    let (left, right) = litres.split_at_mut(2);
    let (first, second) = scope(|scope| {
        let first = scope.spawn(|| {
            left.iter_mut().for_each(|litre| *litre *= 2);
            Ok(words[0])
        });
        let second = scope.spawn(|| {
            right.iter_mut().for_each(|litre| *litre += 1);
            Ok(words[3])
        });
        Ok::<_, BoxError>((first.join()?, second.join()?))
    })
    .unwrap();
    assert_eq!((first, second, litres), ("fill", "pour", [6, 2, 5, 2]));
}

#[test]
fn a_scope_waits_for_threads_that_nobody_joins() {
    let count = AtomicUsize::new(0);
    scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                count.fetch_add(1, Relaxed);
                Ok::<_, Infallible>(())
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(count.load(Relaxed), 100);
}

#[test]
fn threads_spawn_others_in_the_same_scope() {
    fn fan<'scope>(scope: Scope<'scope, '_, Infallible>, count: &'scope AtomicUsize, depth: u32) {
        count.fetch_add(1, Relaxed);
        if depth > 0 {
            for _ in 0..2 {
                scope.spawn(move || {
                    fan(scope, count, depth - 1);
                    Ok(())
                });
            }
        }
    }
    let count = AtomicUsize::new(0);
    scope(|scope| {
        fan(scope, &count, 5);
        Ok(())
    })
    .unwrap();
    assert_eq!(count.load(Relaxed), 63);
}

#[test]
fn a_sibling_joins_a_handle_that_was_given_to_it() {
    let sum = scope(|scope| {
        let first = scope.spawn(|| Ok(20));
        let second = scope.spawn(|| Ok::<_, BoxError>(first.join()? + 22));
        Ok(second.join()?)
    });
    assert_eq!(sum.unwrap(), 42);
}

#[test]
fn a_hundred_scopes_inside_each_other() {
    fn nest(depth: usize) -> Result<usize, BoxError> {
        if depth == 0 {
            return Ok(0);
        }
        let inner = scope(|scope| Ok(scope.spawn(|| nest(depth - 1)).join()?))?;
        Ok(inner + 1)
    }
    assert_eq!(nest(100).unwrap(), 100);
}

#[test]
fn what_children_own_and_return_is_gone_by_the_end() {
    let dropped = AtomicUsize::new(0);
    scope(|scope| {
        // Owned, returned and not joined, returned and joined, left in a handle.
        let owned = Counted(&dropped);
        scope.spawn(move || {
            let _owned = owned;
            Ok(())
        });
        scope.spawn(|| Ok(Counted(&dropped)));
        drop(scope.spawn(|| Ok(Counted(&dropped))).join());
        let held = scope.spawn(|| Ok(Counted(&dropped)));
        until(|| held.is_finished());
        drop(held);
        Ok::<_, Infallible>(())
    })
    .unwrap();
    assert_eq!(dropped.load(Relaxed), 4);
    let failed = collecting().run(|scope| {
        scope.spawn(|| Err::<(), _>(Counted(&dropped)));
        Err::<(), _>(Counted(&dropped))
    });
    assert_eq!(dropped.load(Relaxed), 4);
    drop(failed);
    assert_eq!(dropped.load(Relaxed), 6);
}

#[test]
fn a_forgotten_handle_changes_nothing() {
    let count = AtomicUsize::new(0);
    scope(|scope| {
        std::mem::forget(scope.spawn(|| {
            count.fetch_add(1, Relaxed);
            Ok::<_, Infallible>(String::from("leaked"))
        }));
        Ok(())
    })
    .unwrap();
    assert_eq!(count.load(Relaxed), 1);
    let failed = scope(|scope| {
        std::mem::forget(scope.spawn(|| Err::<(), _>("a leak")));
        Ok(())
    });
    assert_eq!(failed.unwrap_err().to_string(), "a leak");
}

#[test]
fn children_are_freed_as_they_finish() {
    let kept = Arc::new(());
    scope(|scope| {
        for _ in 0..200 {
            let theirs = Arc::clone(&kept);
            drop(scope.spawn(move || Ok::<_, Infallible>(theirs)));
        }
        until(|| Arc::strong_count(&kept) == 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_end_of_a_scope_is_waited_for_where_all_waits_are() {
    let (go, gate) = bounded::<()>(1);
    let owner = thread::spawn(move || {
        scope(|scope| {
            scope.spawn(|| gate.recv());
            Ok(())
        })
    });
    until_waiting("scope end", file!(), 1);
    go.send(()).unwrap();
    assert!(owner.join().unwrap().is_ok());
}
