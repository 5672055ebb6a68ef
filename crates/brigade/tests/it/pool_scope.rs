//! Scopes of jobs: what they lend, who runs what, and that a scope ends on any pool.

use crate::sides::hold_worker;
use brigade::cancel::{CancelToken, Reason};
use brigade::channel::{Receiver, RecvError, Sender, bounded};
use brigade::pool::{self, Builder, Pool, Shutdown};
use brigade::scope::{Failure, OnError, Options};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const DEEP: usize = 10_000;

/// Enough for so many scopes within each other, without optimisation.
const DEEP_STACK: usize = 1 << 30;

/// Counts when it is dropped. Borrows, so a drop after the end of the scope would be a use of what is gone.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// A pool of one thread, which is busy until the sender is dropped.
fn busy_pool(queue: usize) -> (Pool, Sender<()>) {
    busy(Pool::builder().threads(1).queue_capacity(queue))
}

fn busy(builder: Builder) -> (Pool, Sender<()>) {
    let pool = builder.build().unwrap();
    let go = hold_worker(&pool);
    (pool, go)
}

fn silence() -> (Sender<i32>, Receiver<i32>) {
    bounded(1)
}

fn unwound<T>(body: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).err().expect("a panic");
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .expect("text")
}

#[test]
fn jobs_borrow_and_change_what_outlives_the_scope() {
    let pool = Pool::new(3);
    let mut numbers: Vec<usize> = (0..1000).collect();
    let count = AtomicUsize::new(0);
    let all = pool
        .scope(|scope| {
            for number in &mut numbers {
                let count = &count;
                scope.spawn(move || {
                    *number *= 2;
                    count.fetch_add(1, Relaxed);
                    Ok::<_, Infallible>(())
                });
            }
            Ok(scope.spawn(|| Ok(7)).join().unwrap())
        })
        .unwrap();
    assert_eq!((all, count.into_inner()), (7, 1000));
    assert!(
        numbers
            .iter()
            .enumerate()
            .all(|(index, number)| *number == 2 * index)
    );
}

#[test]
fn a_scope_ends_on_a_pool_that_is_busy_and_whose_queue_is_full() {
    let (pool, go) = busy_pool(1);
    let late = pool.submit(|| ()).unwrap();
    assert_eq!(pool.queued(), pool.queue_capacity());
    let count = AtomicUsize::new(0);
    pool.scope_plain(|scope| {
        for _ in 0..100 {
            scope.spawn(|| count.fetch_add(1, Relaxed));
        }
    });
    assert_eq!(count.load(Relaxed), 100);
    assert!(!late.is_finished());
    drop(go);
    late.join().unwrap();
}

#[test]
fn a_scope_of_a_job_ends_on_a_pool_of_one() {
    let pool = std::sync::Arc::new(Pool::new(1));
    let inner = std::sync::Arc::clone(&pool);
    let sum = pool
        .submit(move || {
            inner.scope_plain(|scope| {
                let three =
                    scope.spawn(|| inner.scope_plain(|scope| scope.spawn(|| 3).join().unwrap()));
                let four = scope.spawn(|| 4);
                four.join().unwrap() + three.join().unwrap()
            })
        })
        .unwrap();
    assert_eq!(sum.join().unwrap(), 7);
}

#[test]
fn a_scope_ends_on_a_pool_that_has_been_shut_down() {
    for how in [Shutdown::Drain, Shutdown::Abort] {
        let pool = Pool::new(2);
        let here = thread::current().id();
        pool.scope_plain(|scope| {
            let before = scope.spawn(|| 1);
            pool.shutdown(how, None).unwrap();
            let after = scope.spawn(|| thread::current().id());
            assert_eq!(before.join().unwrap(), 1);
            assert_eq!(after.join().unwrap(), here);
            scope.spawn(|| assert_eq!(thread::current().id(), here));
        });
    }
}

#[test]
fn a_queue_that_has_been_aborted_leaves_the_children_to_the_owner() {
    let (pool, go) = busy_pool(4);
    let here = thread::current().id();
    pool.scope_plain(|scope| {
        scope.spawn(|| assert_eq!(thread::current().id(), here));
        assert_eq!(pool.queued(), 0, "a child takes no room of the jobs");
        let unfinished = pool.shutdown(Shutdown::Abort, Some(Instant::now()));
        assert_eq!(unfinished.unwrap_err().queued(), 0);
    });
    drop(go);
}

fn nested(pool: &Pool, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    pool.scope_plain(|scope| {
        // Not joined, so it is left to the end of the scope.
        let below = AtomicUsize::new(0);
        pool.scope_plain(|inner| {
            inner.spawn(|| below.store(nested(pool, depth - 1), Relaxed));
        });
        scope.spawn(|| ());
        below.load(Relaxed) + 1
    })
}

#[test]
fn ten_thousand_scopes_within_each_other() {
    for threads in [1, 2] {
        let pool = Pool::builder().threads(threads).stack_size(DEEP_STACK);
        let pool = pool.build().unwrap();
        let outside = thread::Builder::new().stack_size(DEEP_STACK);
        let depth = outside.spawn(move || nested(&pool, DEEP / 2)).unwrap();
        assert_eq!(depth.join().unwrap(), DEEP / 2);
    }
}

#[test]
fn children_need_no_room_in_the_queue() {
    let (pool, go) = busy_pool(1);
    let (done, is_done) = bounded(1);
    pool.execute(move || done.send(()).unwrap()).unwrap();
    let (left, right) = bounded(0);
    pool.scope_plain(|scope| {
        scope.spawn(move || {
            drop(go);
            is_done.recv().unwrap();
        });
        scope.spawn(move || left.send(thread::current().id()).unwrap());
        scope.spawn(move || {
            assert_ne!(right.recv().unwrap(), thread::current().id());
        });
    });
}

#[test]
fn other_jobs_have_their_turn_between_two_children() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    let (said, order) = bounded(3);
    pool.scope_plain(|scope| {
        let (first, last) = (said.clone(), said.clone());
        let (pool, gate) = (&pool, &gate);
        scope.spawn(move || {
            gate.recv().unwrap();
            let job = first.clone();
            pool.execute(move || job.send("job").unwrap()).unwrap();
            first.send("first").unwrap();
        });
        scope.spawn(move || last.send("last").unwrap());
        go.send(()).unwrap();
        // The owner is here, so all is left to the worker.
        let order = [(); 3].map(|()| order.recv().unwrap());
        assert_eq!(order, ["first", "job", "last"]);
    });
}

/// Has two children meet that were put in while the one worker was busy. The owner takes no part.
fn meet_in(builder: Builder, wait: impl Fn(&Barrier) + Sync, before: impl FnOnce(&Pool)) {
    let (pool, go) = busy(builder.threads(1));
    let barrier = Barrier::new(2);
    let (met, both) = bounded(2);
    pool.scope_plain(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                wait(&barrier);
                met.send(()).unwrap();
            });
        }
        before(&pool);
        drop(go);
        for _ in 0..2 {
            // No limit is long enough for every machine: should they not meet, this waits for ever.
            both.recv().unwrap();
        }
    });
}

#[test]
fn who_takes_over_for_a_child_that_is_blocked_runs_the_others() {
    let builder = Pool::builder().spares(1);
    let wait = |barrier: &Barrier| {
        pool::blocking(|| barrier.wait());
    };
    meet_in(builder, wait, |_| ());
}

#[test]
fn who_comes_when_the_pool_grows_runs_children_that_are_there() {
    let wait = |barrier: &Barrier| {
        barrier.wait();
    };
    let grow = |pool: &Pool| pool.resize(2).unwrap();
    meet_in(Pool::builder().threads_max(2), wait, grow);
}

#[test]
fn a_lock_may_be_held_across_a_join_that_a_sibling_wants() {
    let (pool, go) = busy_pool(4);
    let lock = Mutex::new(Vec::new());
    pool.scope_plain(|scope| {
        scope.spawn(|| lock.lock().unwrap().push("sibling"));
        let child = scope.spawn(|| "child");
        let mut held = lock.lock().unwrap();
        held.push(child.join().unwrap());
    });
    assert_eq!(lock.into_inner().unwrap(), ["child", "sibling"]);
    drop(go);
}

#[test]
fn the_first_error_ends_the_waits_of_the_others() {
    let pool = Pool::new(3);
    let (_sender, receiver) = silence();
    let begun = Barrier::new(3);
    let waits = || {
        begun.wait();
        receiver.recv()
    };
    let error = pool.scope(|scope| {
        scope.spawn(waits);
        scope.spawn(waits);
        begun.wait();
        scope.spawn(|| Err::<i32, _>(RecvError::Closed));
        Ok(())
    });
    let (first, others) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed(RecvError::Closed)));
    assert!(matches!(
        others[..],
        [
            Failure::Failed(RecvError::Cancelled),
            Failure::Failed(RecvError::Cancelled)
        ]
    ));
}

#[test]
fn a_scope_that_is_cancelled_from_outside_ends_children_that_wait() {
    let pool = Pool::new(2);
    let token = CancelToken::new();
    let (_sender, receiver) = silence();
    let begun = Barrier::new(3);
    let waits = || {
        begun.wait();
        receiver.recv()
    };
    let error = pool.scope_with(Options::new().token(&token), |scope| {
        scope.spawn(waits);
        scope.spawn(waits);
        begun.wait();
        token.cancel_because(Reason::Shutdown);
        Ok(())
    });
    let (first, others) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Cancelled(Reason::Parent)));
    assert_eq!(others.len(), 2);
}

#[test]
fn what_nobody_has_begun_when_the_scope_is_cancelled_is_dropped() {
    let (pool, go) = busy_pool(4);
    let (run, dropped) = (AtomicBool::new(false), AtomicUsize::new(0));
    let error = pool.scope(|scope| {
        let fails = scope.spawn(|| Err::<(), _>("a leak"));
        let begin = |owned: Counted<'_>| {
            run.store(true, Relaxed);
            drop(owned);
            Ok(())
        };
        let (joined, left) = (Counted(&dropped), Counted(&dropped));
        let joined = scope.spawn(move || begin(joined));
        scope.spawn(move || begin(left));
        assert!(matches!(fails.join(), Err(Failure::Failed("a leak"))));
        assert!(scope.token().is_cancelled());
        assert!(matches!(
            joined.join(),
            Err(Failure::Cancelled(Reason::Sibling))
        ));
        assert_eq!(dropped.load(Relaxed), 1);
        Ok(())
    });
    let (first, others) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Cancelled(Reason::Sibling)));
    assert!(others.is_empty());
    assert!(!run.load(Relaxed));
    assert_eq!(dropped.load(Relaxed), 2);
    drop(go);
}

#[test]
fn the_text_of_the_error_does_not_count_what_was_dropped() {
    let (pool, go) = busy_pool(4);
    let error = pool.scope(|scope| {
        scope.spawn(|| Ok(()));
        scope.spawn(|| Ok(()));
        Err::<(), _>("no rope")
    });
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "no rope");
    assert!(matches!(
        error.suppressed(),
        [
            Failure::Cancelled(Reason::Sibling),
            Failure::Cancelled(Reason::Sibling)
        ]
    ));
    drop(go);
}

#[test]
fn without_errors_everything_is_run_though_the_scope_is_cancelled() {
    let (pool, go) = busy_pool(4);
    let token = CancelToken::new();
    token.cancel();
    let count = AtomicUsize::new(0);
    pool.scope_plain_with(Options::new().token(&token), |scope| {
        for _ in 0..3 {
            scope.spawn(|| count.fetch_add(1, Relaxed));
        }
    });
    assert_eq!(count.load(Relaxed), 3);
    drop(go);
}

#[test]
fn a_panic_in_the_middle_is_told_and_the_workers_live_on() {
    let pool = Pool::new(2);
    let count = AtomicUsize::new(0);
    let all = Options::new().on_error(OnError::CollectAll);
    let error = pool.scope_with(all, |scope| {
        for number in 0..100 {
            let count = &count;
            scope.spawn(move || {
                assert!(number != 50, "the bucket leaks");
                count.fetch_add(1, Relaxed);
                Ok::<_, Infallible>(())
            });
        }
        Ok(())
    });
    let (first, others) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Panicked(panic) if panic.message() == "the bucket leaks"));
    assert!(others.is_empty());
    assert_eq!(count.load(Relaxed), 99);
    assert_eq!(
        unwound(|| pool.scope_plain(|scope| _ = scope.spawn(|| panic!("rock")))),
        "rock"
    );
    assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
}

#[test]
fn a_panic_of_the_body_cancels_the_children_and_goes_on() {
    let pool = Pool::new(2);
    let (_sender, receiver) = silence();
    let (began, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let said = unwound(|| {
        pool.scope(|scope| -> Result<(), RecvError> {
            scope.spawn(|| {
                began.store(true, Relaxed);
                let received = receiver.recv();
                ended.store(true, Relaxed);
                received
            });
            while !began.load(Relaxed) {
                thread::yield_now();
            }
            panic!("the body")
        })
    });
    assert_eq!(said, "the body");
    assert!(ended.load(Relaxed));
}

#[test]
fn closures_and_results_that_panic_when_dropped_are_failures() {
    let (pool, go) = busy_pool(4);
    let all = || Options::new().on_error(OnError::CollectAll);
    let error = pool.scope_with(all(), |scope| {
        drop(scope.spawn(|| Ok::<_, Infallible>(Bomb)));
        Ok(())
    });
    let (first, _) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Panicked(panic) if panic.message() == "dropped"));
    let error = pool.scope(|scope| {
        let bomb = Bomb;
        scope.spawn(move || {
            let _bomb = &bomb;
            Ok::<_, Infallible>(())
        });
        scope.token().cancel();
        Ok(())
    });
    let (first, others) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Cancelled(Reason::User)));
    assert!(matches!(&others[..], [Failure::Panicked(panic)] if panic.message() == "dropped"));
    drop(go);
}

#[test]
fn handles_may_be_forgotten() {
    let pool = Pool::new(2);
    let count = AtomicUsize::new(0);
    pool.scope_plain(|scope| {
        for _ in 0..10 {
            std::mem::forget(scope.spawn(|| count.fetch_add(1, Relaxed)));
        }
    });
    assert_eq!(count.load(Relaxed), 10);
}

#[test]
fn a_result_that_nobody_wants_is_dropped_in_time() {
    let pool = Pool::new(2);
    let dropped = AtomicUsize::new(0);
    pool.scope_plain(|scope| {
        for _ in 0..100 {
            let counted = Counted(&dropped);
            drop(scope.spawn(move || counted));
        }
    });
    assert_eq!(dropped.load(Relaxed), 100);
}

#[test]
fn a_join_with_a_deadline_does_not_run_the_job() {
    let (pool, go) = busy_pool(4);
    pool.scope_plain(|scope| {
        let child = scope.spawn(|| 4);
        let child = child.join_timeout(Duration::ZERO).unwrap_err();
        let child = child.join_deadline(Instant::now()).unwrap_err();
        assert!(!child.is_finished());
        assert_eq!(child.join().unwrap(), 4);
        // The number of one that was joined is used again, for another handle.
        let (one, two) = (scope.spawn(|| 1), scope.spawn(|| 2));
        assert_eq!(two.join().unwrap(), 2);
        let three = scope.spawn(|| 3);
        assert_eq!(one.join().unwrap(), 1);
        assert_eq!(three.join().unwrap(), 3);
    });
    drop(go);
}

#[test]
fn children_spawn_children_from_every_worker() {
    fn tree<'scope>(
        scope: brigade::pool::Scope<'scope, '_, Infallible>,
        depth: usize,
        count: &'scope AtomicUsize,
    ) {
        count.fetch_add(1, Relaxed);
        if depth > 0 {
            for _ in 0..2 {
                scope.spawn(move || {
                    tree(scope, depth - 1, count);
                    Ok(())
                });
            }
        }
    }
    let count = AtomicUsize::new(0);
    let pool = Pool::builder()
        .threads(4)
        .queue_capacity(2)
        .build()
        .unwrap();
    pool.scope(|scope| {
        tree(scope, 12, &count);
        Ok(())
    })
    .unwrap();
    assert_eq!(count.load(Relaxed), (1 << 13) - 1);
}
