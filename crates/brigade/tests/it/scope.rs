//! Scopes of threads: what they lend, who is cancelled by whom, what they tell, and that nothing outlives them.

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

// What is lent.

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

// Who is cancelled by whom.

#[test]
fn the_first_error_cancels_siblings_that_wait_and_they_are_suppressed() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(BoxError::from));
        scope.spawn(|| receiver.recv().map_err(BoxError::from));
        until_waiting("channel recv", file!(), 2);
        scope.spawn(|| Err::<(), _>("the bucket leaks".into()));
        Ok(())
    })
    .unwrap_err();
    assert!(
        matches!(error.first(), Failure::Failed(first) if first.to_string() == "the bucket leaks")
    );
    assert_eq!(error.suppressed().len(), 2);
    for other in error.suppressed() {
        let Failure::Failed(other) = other else {
            panic!("{other:?}")
        };
        assert_eq!(other.downcast_ref(), Some(&RecvError::Cancelled));
    }
    assert_eq!(
        error.to_string(),
        "the bucket leaks (and 2 more failures after it)"
    );
    // As `main` would return it.
    let _: Box<dyn Error> = error.into();
}

#[test]
fn an_error_cancels_the_body_that_waits() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| Err::<(), BoxError>("the bucket leaks".into()));
        Ok(receiver.recv()?)
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert_eq!(first.to_string(), "the bucket leaks");
    assert!(matches!(&suppressed[..], [Failure::Failed(error)] if error.is::<RecvError>()));
}

#[test]
fn the_error_of_the_body_cancels_the_children() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(|_| "cancelled"));
        Err::<(), _>("no rope")
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("no rope")));
    assert!(matches!(suppressed[..], [Failure::Failed("cancelled")]));
}

#[test]
fn a_join_of_another_is_cancelled_by_the_first_error() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        let waits = scope.spawn(|| receiver.recv().map_err(BoxError::from));
        scope.spawn(|| Err::<(), BoxError>("the bucket leaks".into()));
        let joined = waits.join();
        // Its own failure, if the cancelled wait was over sooner; else this wait is the one that ends.
        assert!(matches!(
            joined,
            Err(Failure::Cancelled(Reason::Sibling) | Failure::Failed(_))
        ));
        Ok(joined?)
    });
    assert_eq!(error.unwrap_err().first().to_string(), "the bucket leaks");
}

#[test]
fn a_joined_failure_is_the_joiners_and_what_the_body_makes_of_it_is_the_first() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(io::Error::other));
        let fails = scope.spawn(|| Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)));
        let failure = cancel::shield(|| fails.join());
        Ok(failure?)
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert_eq!(first.into_error().unwrap().kind(), io::ErrorKind::NotFound);
    assert_eq!(suppressed.len(), 1, "the one who was cancelled");
}

#[test]
fn a_joined_failure_that_is_dealt_with_is_none_of_the_scopes() {
    let value = collecting().run(|scope| {
        let fails = scope.spawn(|| Err::<i32, _>("a leak"));
        Ok(fails.join().unwrap_or(7))
    });
    assert_eq!(value.unwrap(), 7);
}

#[test]
fn children_that_were_cancelled_are_told_of_if_nobody_tells_why() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(|_| "cancelled"));
        let fails = scope.spawn(|| Err::<(), _>("a leak"));
        let taken = cancel::shield(|| fails.join());
        assert!(matches!(taken, Err(Failure::Failed("a leak"))));
        Ok(())
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("cancelled")));
    assert!(suppressed.is_empty());
}

#[test]
fn a_panic_of_a_child_cancels_the_others_and_is_told() {
    let (_sender, receiver) = silence();
    let error = ScopeOptions::new().name("digger").run(|scope| {
        scope.spawn(|| -> Result<(), RecvError> { panic!("rock") });
        receiver.recv().map(drop)
    });
    let error = error.unwrap_err();
    let Failure::Panicked(panic) = error.first() else {
        panic!("{error:?}")
    };
    assert_eq!(panic.message(), "rock");
    assert_eq!(panic.thread_name(), Some("digger-0"));
    assert!(panic.spawned_at().file().ends_with("scope.rs"));
    let text = error.to_string();
    assert!(text.starts_with("what was spawned at "), "{text}");
    assert!(text.contains(" panicked: rock (and 1 more"), "{text}");
}

#[test]
fn a_panic_of_the_body_cancels_the_children_under_every_policy_and_goes_on() {
    for policy in [OnError::CancelAll, OnError::CollectAll, OnError::Ignore] {
        let (_sender, receiver) = silence();
        let ended = AtomicBool::new(false);
        let options = ScopeOptions::new().on_error(policy);
        let said = unwound(|| {
            options.run(|scope| -> Result<(), RecvError> {
                scope.spawn(|| {
                    let received = receiver.recv();
                    ended.store(true, Relaxed);
                    received
                });
                panic!("the body")
            })
        });
        assert_eq!(said, "the body");
        assert!(ended.load(Relaxed), "{policy:?}");
    }
}

#[test]
fn nobody_is_cancelled_where_all_failures_are_collected() {
    let (go, gate) = bounded(1);
    let error = collecting().run(|scope| {
        let first = scope.spawn(|| Err::<(), _>("first"));
        until(|| first.is_finished());
        let second = scope.spawn(|| -> Result<(), _> { panic!("second") });
        until(|| second.is_finished());
        assert!(!scope.token().is_cancelled());
        let third = scope.spawn(|| gate.recv().map_err(|_| "cancelled"));
        go.send(3).unwrap();
        assert_eq!(third.join().unwrap(), 3);
        Err::<(), _>("body")
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("first")));
    assert!(matches!(
        &suppressed[..],
        [Failure::Panicked(panic), Failure::Failed("body")] if panic.message() == "second"
    ));
}

#[test]
fn failures_are_ignored_where_they_are_the_joiners_business() {
    let (go, gate) = bounded(1);
    let ignoring = ScopeOptions::new().on_error(OnError::Ignore);
    let value = ignoring.clone().run(|scope| {
        let fails = scope.spawn(|| Err::<(), _>("a leak"));
        scope.spawn(|| -> Result<(), _> { panic!("rock") });
        let waits = scope.spawn(|| gate.recv().map_err(|_| "cancelled"));
        assert!(matches!(fails.join(), Err(Failure::Failed("a leak"))));
        assert!(!scope.token().is_cancelled());
        go.send(3).unwrap();
        Ok(waits.join().unwrap())
    });
    assert_eq!(value.unwrap(), 3);
    let error = ignoring.run(|scope| {
        scope.spawn(|| gate.recv().map(drop).map_err(|_| "cancelled"));
        Err::<(), _>("body")
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("body")));
    assert!(suppressed.is_empty());
}

#[test]
fn a_scope_is_cancelled_from_outside_and_says_so() {
    let token = CancelToken::new();
    let (_sender, receiver) = silence();
    let owner = {
        let token = token.clone();
        thread::spawn(move || {
            ScopeOptions::new().token(&token).run(|scope| {
                scope.spawn(|| receiver.recv());
                scope.spawn(|| receiver.recv());
                Ok(())
            })
        })
    };
    until_waiting("channel recv", file!(), 2);
    token.cancel();
    let error = owner.join().unwrap().unwrap_err();
    assert!(matches!(error.first(), Failure::Cancelled(Reason::Parent)));
    assert_eq!(error.suppressed().len(), 2);
}

#[test]
fn a_scope_is_under_the_token_of_its_caller() {
    let token = CancelToken::new();
    token.cancel();
    let (_sender, receiver) = silence();
    let ended = token.within(|| {
        scope(|scope| {
            scope
                .spawn(|| receiver.recv())
                .join()
                .map_err(|_| RecvError::Closed)
        })
    });
    assert!(matches!(
        ended.unwrap_err().first(),
        Failure::Cancelled(Reason::Parent)
    ));
    let free = cancel::shield(|| token.within(cancel::current));
    assert_eq!(free, Some(token));
}

#[test]
fn the_first_error_reaches_into_scopes_inside() {
    let (_sender, receiver) = silence();
    let error = scope(|outer| {
        outer.spawn(|| {
            scope(|inner| {
                inner.spawn(|| receiver.recv());
                inner.spawn(|| receiver.recv());
                Ok(())
            })
            .map_err(BoxError::from)
        });
        until_waiting("channel recv", file!(), 2);
        Err::<(), _>("no rope".into())
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert_eq!(first.to_string(), "no rope");
    let [Failure::Failed(inner)] = &suppressed[..] else {
        panic!("{suppressed:?}")
    };
    let inner: &ScopeError<RecvError> = inner.downcast_ref().unwrap();
    assert!(matches!(inner.first(), Failure::Cancelled(Reason::Parent)));
}

#[test]
fn a_scope_is_cancelled_at_its_deadline() {
    let (_sender, receiver) = silence();
    let hasty = ScopeOptions::new().timeout(Duration::from_millis(2));
    let error = hasty
        .deadline(std::time::Instant::now() + LONG)
        .run(|scope| {
            scope.spawn(|| receiver.recv().map(drop).map_err(BoxError::from));
            Ok(sleep(LONG)?)
        });
    let error = error.unwrap_err();
    assert!(matches!(
        error.first(),
        Failure::Cancelled(Reason::Deadline)
    ));
    assert_eq!(error.suppressed().len(), 2);
}

#[test]
fn a_scope_that_was_cancelled_and_has_all_it_wanted_succeeds() {
    let value = scope(|scope| {
        let (_sender, receiver) = silence();
        let helper = scope.spawn(move || {
            // A helper that is to run until it is told to stop.
            Ok(receiver.recv() == Err(RecvError::Cancelled))
        });
        scope.token().cancel();
        Ok::<_, Infallible>(cancel::shield(|| helper.join()).unwrap())
    });
    assert!(value.unwrap());
}

#[test]
fn children_and_body_are_under_the_token_of_the_scope() {
    scope(|scope| {
        let theirs = scope.spawn(|| Ok::<_, Infallible>(cancel::current()));
        assert_eq!(cancel::current().as_ref(), Some(scope.token()));
        assert_eq!(theirs.join().unwrap().as_ref(), Some(scope.token()));
        Ok(())
    })
    .unwrap();
    assert_eq!(cancel::current(), None);
}

// What goes wrong in code of the application, and in the system.

#[test]
fn a_result_that_nobody_wants_and_that_panics_when_dropped_is_a_failure() {
    let (go, gate) = bounded::<()>(1);
    let error = scope(|scope| {
        drop(scope.spawn(|| gate.recv().map(|()| Bomb)));
        go.send(()).unwrap();
        Ok(())
    });
    let (first, _) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Panicked(panic) if panic.message() == "dropped"));
}

#[test]
fn what_a_closure_owned_may_panic_when_dropped() {
    let bomb = Bomb;
    let error = scope(|scope| {
        scope.spawn(move || {
            let _bomb = &bomb;
            Ok::<_, Infallible>(())
        });
        Ok(())
    });
    assert!(matches!(error.unwrap_err().first(), Failure::Panicked(_)));
}

#[test]
fn a_payload_may_panic_when_dropped() {
    let error = scope(|scope| {
        scope.spawn(|| -> Result<(), Infallible> { panic_any(Bomb) });
        Ok(())
    });
    drop(error);
    let said = unwound(|| {
        collecting().run(|scope| -> Result<(), Infallible> {
            let child = scope.spawn(|| -> Result<(), Infallible> { panic_any(Bomb) });
            until(|| child.is_finished());
            panic!("the body")
        })
    });
    assert_eq!(said, "the body");
}

#[test]
fn a_panic_while_a_handle_is_dropped_is_a_panic_of_the_body() {
    let said = unwound(|| {
        scope(|scope| {
            let child = scope.spawn(|| Ok::<_, Infallible>(Bomb));
            // Dropping the handle could leave it to the thread, which lets go a little later than it is finished.
            drop(child.join());
            Ok(())
        })
    });
    assert_eq!(said, "dropped");
}

#[test]
fn a_thread_that_is_refused_is_a_failure_and_the_others_end() {
    let (_sender, receiver) = silence();
    let dropped = AtomicUsize::new(0);
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv());
        until_waiting("channel recv", file!(), 1);
        let owned = Counted(&dropped);
        let refused = Builder::new()
            .stack_size(usize::MAX / 2)
            .spawn_scoped(scope, move || {
                let _owned = owned;
                Ok(1)
            });
        assert_eq!(dropped.load(Relaxed), 1);
        assert!(refused.is_finished() && refused.name().is_none());
        Ok(())
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::NotStarted(_)));
    assert!(matches!(
        suppressed[..],
        [Failure::Failed(RecvError::Cancelled)]
    ));
    let joined = collecting().run(|scope| {
        let refused = Builder::new()
            .name("a\0b")
            .spawn_scoped(scope, || Ok::<_, Infallible>(1));
        Ok(matches!(refused.join(), Err(Failure::NotStarted(_))))
    });
    assert!(joined.unwrap());
}

#[test]
fn a_join_with_a_deadline_gives_the_handle_back() {
    let (go, gate) = bounded(1);
    let value = scope(|scope| {
        let child = scope.spawn(|| gate.recv());
        let child = child.join_timeout(Duration::ZERO).unwrap_err();
        let child = child.join_deadline(std::time::Instant::now()).unwrap_err();
        go.send(4).unwrap();
        Ok(child.join_timeout(Duration::MAX).unwrap().unwrap())
    });
    assert_eq!(value.unwrap(), 4);
}

#[test]
fn threads_of_a_scope_are_numbered_if_they_are_named() {
    let names = ScopeOptions::new().name("digger").run(|scope| {
        let children = [(); 3].map(|()| scope.spawn(|| Ok(())));
        Ok::<_, Infallible>(children.map(|child| child.name().unwrap().to_owned()))
    });
    assert_eq!(names.unwrap(), ["digger-0", "digger-1", "digger-2"]);
}

// Scopes without errors.

#[test]
fn a_plain_scope_returns_values() {
    let litres = [3, 1, 4, 1];
    let sum = scope_plain(|scope| {
        let left = scope.spawn(|| litres[..2].iter().sum::<i32>());
        let right = scope.spawn(|| litres[2..].iter().sum::<i32>());
        left.join().unwrap() + right.join().unwrap()
    });
    assert_eq!(sum, 9);
}

#[test]
fn a_plain_scope_goes_on_with_the_panic_of_a_child() {
    let (_sender, receiver) = silence();
    let said = unwound(|| {
        scope_plain(|scope| {
            scope.spawn(|| receiver.recv());
            scope.spawn(|| panic!("rock"));
        })
    });
    assert_eq!(said, "rock");
    let value = scope_plain(|scope| {
        let joined = scope.spawn(|| -> i32 { panic!("rock") }).join();
        joined.unwrap_or(7)
    });
    assert_eq!(value, 7);
}

#[test]
fn a_plain_scope_that_was_cancelled_still_tells_of_a_panic() {
    let said = unwound(|| {
        scope_plain(|scope| {
            scope.token().cancel();
            scope.spawn(|| panic!("rock"));
        })
    });
    assert_eq!(said, "rock");
}

#[test]
fn a_plain_scope_panics_at_its_end_if_a_thread_was_refused() {
    let ended = AtomicBool::new(false);
    let refused = catch_unwind(AssertUnwindSafe(|| {
        ScopeOptions::new()
            .stack_size(usize::MAX / 2)
            .run_plain(|scope| {
                scope.spawn(|| ());
                ended.store(true, Relaxed);
            });
    }));
    assert!(refused.is_err() && ended.load(Relaxed));
}

// Races.

#[test]
fn the_first_success_wins_and_cancels_the_others() {
    let (_sender, receiver) = silence();
    let (go, gate) = bounded(1);
    let losers = AtomicUsize::new(0);
    let wait = |line: &Receiver<i32>| {
        let received = line.recv();
        if received == Err(RecvError::Cancelled) {
            losers.fetch_add(1, Relaxed);
        }
        received
    };
    go.send(7).unwrap();
    // Nobody can win before the last of them is started.
    let lines = [receiver.clone(), receiver, gate];
    let won = race(lines.iter().map(|line| move || wait(line)));
    assert_eq!(won.unwrap(), 7);
    assert_eq!(losers.load(Relaxed), 2);
}

#[test]
fn a_race_without_a_winner_tells_all_failures() {
    type Runner = Box<dyn FnOnce() -> Result<(), &'static str> + Send>;
    let (go, gate) = bounded::<()>(1);
    let runners: [Runner; 3] = [
        Box::new(move || {
            drop(go);
            Err("first")
        }),
        Box::new(move || {
            gate.recv().unwrap_err();
            panic!("second")
        }),
        Box::new(|| Err("third")),
    ];
    let error = race(runners).unwrap_err();
    assert_eq!(error.failures().len(), 3);
    assert!(error.to_string().ends_with("(and 2 more after it)"));
    let nobody = race::<(), Infallible, [fn() -> Result<(), Infallible>; 0]>([]).unwrap_err();
    assert!(nobody.failures().is_empty());
    assert_eq!(nobody.to_string(), "nobody took part in the race");
}

#[test]
fn a_success_that_comes_late_is_dropped() {
    let (started, dropped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let winner = race([1, 2].map(|_| {
        || {
            started.fetch_add(1, Relaxed);
            until(|| started.load(Relaxed) == 2);
            Ok::<_, Infallible>(Counted(&dropped))
        }
    }));
    assert_eq!(dropped.load(Relaxed), 1);
    drop(winner);
    assert_eq!(dropped.load(Relaxed), 2);
}

#[test]
fn a_race_has_a_deadline_and_panics_with_its_iterator() {
    let (_sender, receiver) = silence();
    let hasty = ScopeOptions::new().timeout(Duration::from_millis(1));
    let error = hasty.race([|| receiver.recv()]).unwrap_err();
    assert!(matches!(
        error.into_failures()[..],
        [
            Failure::Cancelled(Reason::Deadline),
            Failure::Failed(RecvError::Cancelled)
        ]
    ));
    let said = unwound(|| {
        race((0..2).map(|n| {
            assert!(n == 0, "no more runners");
            || receiver.recv()
        }))
    });
    assert_eq!(said, "no more runners");
}
