//! Pools: jobs, results, panics, jobs that use their own pool, and the end.

use brigade::channel::{Sender, bounded, unbounded};
use brigade::pool::{BuildError, Full, JobError, JoinTimeoutError, Pool, Rejected, Shutdown};
use std::cell::RefCell;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(2);

fn past() -> Option<Instant> {
    Some(Instant::now())
}

#[test]
fn every_job_is_run_once() {
    let pool = Pool::new(3);
    let count = Arc::new(AtomicUsize::new(0));
    for _ in 0..5000 {
        let count = Arc::clone(&count);
        pool.execute(move || _ = count.fetch_add(1, Relaxed))
            .unwrap();
    }
    drop(pool);
    assert_eq!(count.load(Relaxed), 5000);
}

#[test]
fn results_come_back_to_threads_and_tasks() {
    let pool = Pool::new(2);
    let job = pool.submit(|| String::from("thread")).unwrap();
    assert_eq!(job.join().unwrap(), "thread");
    let job = pool.submit(|| String::from("task")).unwrap();
    assert_eq!(
        futures::executor::block_on(async { job.await.unwrap() }),
        "task"
    );
}

#[test]
fn a_job_can_be_awaited_by_a_task_that_was_polled_before_it_ended() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    let waiting = thread::spawn(move || futures::executor::block_on(async { job.await }));
    crate::sides::until_waiting("job join", file!(), 1);
    go.send(()).unwrap();
    assert!(waiting.join().unwrap().is_ok());
}

#[test]
fn a_panic_reaches_the_joiner_and_the_worker_lives_on() {
    let pool = Pool::new(1);
    let text = pool.submit(|| -> () { panic!("plain text") }).unwrap();
    let formatted = pool.submit(|| -> () { panic!("number {}", 7) }).unwrap();
    let other = pool
        .submit(|| -> () { std::panic::panic_any(42_u8) })
        .unwrap();
    let Err(JobError::Panicked(panic)) = text.join() else {
        panic!("no panic")
    };
    assert_eq!(panic.message(), "plain text");
    assert!(panic.spawned_at().file().ends_with("pool.rs"));
    let Err(JobError::Panicked(panic)) = formatted.join() else {
        panic!("no panic")
    };
    assert_eq!(panic.message(), "number 7");
    let Err(JobError::Panicked(panic)) = other.join() else {
        panic!("no panic")
    };
    assert_eq!(*panic.into_payload().downcast::<u8>().unwrap(), 42);
    pool.execute(|| panic!("forgotten")).unwrap();
    assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
}

#[test]
fn a_panic_can_be_resumed_with_its_payload() {
    let pool = Pool::new(1);
    let job = pool.submit(|| -> () { panic!("onward") }).unwrap();
    let resumed = std::panic::catch_unwind(|| match job.join() {
        Err(JobError::Panicked(panic)) => panic.resume(),
        other => panic!("unexpected {other:?}"),
    });
    assert_eq!(*resumed.unwrap_err().downcast::<&str>().unwrap(), "onward");
}

#[test]
fn a_result_whose_drop_panics_does_not_end_the_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    pool.execute(move || gate.recv().unwrap()).unwrap();
    drop(pool.submit(|| Bomb).unwrap());
    go.send(()).unwrap();
    assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
}

#[test]
fn a_panic_that_throws_what_panics_when_dropped_does_not_end_the_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let pool = Pool::new(1);
    pool.execute(|| std::panic::panic_any(Bomb)).unwrap();
    drop(pool.submit(|| -> () { std::panic::panic_any(Bomb) }));
    assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
}

#[test]
fn a_job_that_is_not_done_comes_back_from_a_join_with_a_deadline() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    let job = pool.submit(move || gate.recv().unwrap()).unwrap();
    let Err(JoinTimeoutError::Timeout(job)) = job.join_timeout(SOON) else {
        panic!("the job cannot be done")
    };
    assert!(!job.is_finished());
    let Err(JoinTimeoutError::Timeout(job)) = job.join_deadline(Instant::now()) else {
        panic!("the job cannot be done")
    };
    go.send(()).unwrap();
    assert!(job.join_timeout(Duration::MAX).is_ok());
}

#[test]
fn a_dropped_handle_lets_the_job_run_on() {
    let pool = Pool::new(1);
    let (done, finished) = bounded(1);
    drop(pool.submit(move || done.send(1).unwrap()).unwrap());
    assert_eq!(finished.recv(), Ok(1));
}

#[test]
fn submitting_waits_while_the_queue_is_full() {
    let pool = Arc::new(
        Pool::builder()
            .threads(1)
            .queue_capacity(1)
            .build()
            .unwrap(),
    );
    let (go, gate) = bounded::<()>(1);
    let (started, running) = bounded(1);
    let first = move || {
        started.send(()).unwrap();
        gate.recv().unwrap();
    };
    pool.execute(first).unwrap();
    running.recv().unwrap();
    pool.execute(|| ()).unwrap();
    assert_eq!(
        (pool.queued(), pool.queue_capacity(), pool.threads()),
        (1, 1, 1)
    );
    let submitter = {
        let pool = Arc::clone(&pool);
        thread::spawn(move || pool.submit(|| 5).unwrap().join().unwrap())
    };
    crate::sides::until_waiting("channel send", "crates/brigade/tests/it/pool.rs", 1);
    go.send(()).unwrap();
    assert_eq!(submitter.join().unwrap(), 5);
}

#[test]
fn a_pool_of_one_can_join_its_own_jobs() {
    let pool = Arc::new(Pool::new(1));
    let inner = Arc::clone(&pool);
    let nested = move || {
        let jobs: Vec<_> = (0..10).map(|n| inner.submit(move || n).unwrap()).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).sum::<i32>()
    };
    assert_eq!(pool.submit(nested).unwrap().join().unwrap(), 45);
}

#[test]
fn a_job_that_fills_the_queue_of_its_own_pool_runs_the_rest_itself() {
    let pool = Arc::new(
        Pool::builder()
            .threads(1)
            .queue_capacity(2)
            .build()
            .unwrap(),
    );
    let count = Arc::new(AtomicUsize::new(0));
    let (inner, counted) = (Arc::clone(&pool), Arc::clone(&count));
    let flood = move || {
        for _ in 0..100 {
            let counted = Arc::clone(&counted);
            inner
                .execute(move || _ = counted.fetch_add(1, Relaxed))
                .unwrap();
        }
    };
    pool.submit(flood).unwrap().join().unwrap();
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(count.load(Relaxed), 100);
}

#[test]
fn draining_runs_what_is_queued_and_takes_no_more() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    let (begun, has_begun) = bounded(1);
    let blocks = move || {
        begun.send(()).unwrap();
        gate.recv().unwrap();
    };
    pool.execute(blocks).unwrap();
    has_begun.recv().unwrap();
    let queued = pool.submit(|| 3).unwrap();
    let unfinished = pool.shutdown(Shutdown::Drain, past()).unwrap_err();
    assert_eq!((unfinished.queued(), unfinished.running().len()), (1, 1));
    assert!(matches!(pool.execute(|| ()), Err(Rejected::ShutDown(_))));
    assert!(pool.submit(|| ()).is_err());
    go.send(()).unwrap();
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(queued.join().unwrap(), 3);
}

#[test]
fn a_job_that_is_refused_comes_back() {
    let pool = Pool::new(1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let add = {
        let count = Arc::clone(&count);
        move || count.fetch_add(1, Relaxed)
    };
    let refused = pool.submit(add).unwrap_err();
    assert!(refused.to_string().contains("shut down"));
    assert_eq!(refused.into_inner()(), 0);
    let add = {
        let count = Arc::clone(&count);
        move || _ = count.fetch_add(1, Relaxed)
    };
    pool.execute(add).unwrap_err().into_inner()();
    assert_eq!(count.load(Relaxed), 2);
    assert_eq!(Arc::strong_count(&count), 1, "nothing else holds the jobs");
}

#[test]
fn a_pool_whose_shutdown_has_passed_its_deadline_is_dropped_without_waiting() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    let job = pool.submit(move || gate.recv()).unwrap();
    assert!(pool.shutdown(Shutdown::Drain, past()).is_err());
    drop(pool);
    go.send(()).unwrap();
    assert_eq!(job.join().unwrap(), Ok(()));
}

#[test]
fn aborting_tells_the_joiners_of_what_was_queued() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(1);
    let (started, running) = bounded(1);
    let first = pool
        .submit(move || {
            started.send(()).unwrap();
            gate.recv().unwrap();
            1
        })
        .unwrap();
    running.recv().unwrap();
    let queued = pool.submit(|| 2).unwrap();
    let unfinished = pool.shutdown(Shutdown::Abort, past()).unwrap_err();
    assert_eq!(unfinished.queued(), 0);
    assert_eq!(unfinished.running().len(), 1);
    assert!(unfinished.running()[0].file().ends_with("pool.rs"));
    assert!(
        unfinished
            .to_string()
            .contains("1 running, 0 queued; submitted at ")
    );
    assert!(matches!(queued.join(), Err(JobError::Cancelled)));
    go.send(()).unwrap();
    assert_eq!(first.join().unwrap(), 1);
    pool.shutdown(Shutdown::Abort, None).unwrap();
}

#[test]
fn a_shutdown_from_a_job_waits_for_the_others_only() {
    let pool = Arc::new(Pool::new(2));
    let inner = Arc::clone(&pool);
    let job = pool
        .submit(move || inner.shutdown(Shutdown::Drain, None).is_ok())
        .unwrap();
    assert!(job.join().unwrap());
}

#[test]
fn two_jobs_that_shut_their_pool_down_do_not_wait_for_each_other() {
    let pool = Arc::new(Pool::new(2));
    let (ready, both) = bounded(2);
    let jobs = [(); 2].map(|()| {
        let (inner, ready) = (Arc::clone(&pool), ready.clone());
        let (go, gate) = bounded::<()>(1);
        let job = pool.submit(move || {
            ready.send(()).unwrap();
            gate.recv().unwrap();
            inner.shutdown(Shutdown::Drain, None).is_ok()
        });
        (job.unwrap(), go)
    });
    both.recv().unwrap();
    both.recv().unwrap();
    for (_, go) in &jobs {
        go.send(()).unwrap();
    }
    for (job, _) in jobs {
        assert!(job.join().unwrap());
    }
}

/// The first to be through goes on with its job, and the other must not wait for that.
#[test]
fn a_job_that_has_shut_its_pool_down_may_wait_for_another_that_does() {
    for _ in 0..100 {
        let pool = Arc::new(Pool::new(2));
        let (tell, told) = bounded(1);
        let (gate, opened) = bounded::<()>(1);
        let sends = {
            let (pool, opened) = (Arc::clone(&pool), opened.clone());
            move || {
                opened.recv().unwrap_err();
                pool.shutdown(Shutdown::Drain, None).unwrap();
                tell.send(()).unwrap();
            }
        };
        let receives = {
            let pool = Arc::clone(&pool);
            move || {
                opened.recv().unwrap_err();
                pool.shutdown(Shutdown::Drain, None).unwrap();
                told.recv().unwrap();
            }
        };
        let jobs = [pool.submit(sends).unwrap(), pool.submit(receives).unwrap()];
        // Both are submitted, so the queue may close.
        gate.close();
        for job in jobs {
            job.join().unwrap();
        }
    }
}

#[test]
fn a_job_that_shuts_its_pool_down_learns_that_nobody_is_left_for_the_queue() {
    let pool = Arc::new(Pool::new(1));
    let (go, gate) = bounded::<()>(1);
    let inner = Arc::clone(&pool);
    let job = pool
        .submit(move || {
            gate.recv().unwrap();
            inner.shutdown(Shutdown::Drain, None)
        })
        .unwrap();
    let queued = pool.submit(|| 7).unwrap();
    go.send(()).unwrap();
    assert_eq!(job.join().unwrap().unwrap_err().queued(), 1);
    assert_eq!(queued.join().unwrap(), 7);
}

/// What is joined before its turn leaves its place in the queue, and nothing in that.
#[test]
fn only_jobs_that_are_still_to_be_run_count_as_queued() {
    for full in [Full::Block, Full::Reject] {
        let pool = Arc::new(Pool::builder().threads(1).when_full(full).build().unwrap());
        let of_job = Arc::clone(&pool);
        let job = pool.submit(move || {
            let inner = Arc::clone(&of_job);
            let joined = of_job.submit(move || inner.queued()).unwrap();
            let waits = of_job.submit(|| 2).unwrap();
            assert_eq!(joined.join().unwrap(), 1);
            assert_eq!((of_job.queued(), of_job.stats().queued), (1, 1));
            let left = of_job.shutdown(Shutdown::Drain, past());
            assert_eq!(left.unwrap_err().queued(), 1);
            assert_eq!(waits.join().unwrap(), 2);
            of_job.shutdown(Shutdown::Drain, past()).unwrap();
        });
        job.unwrap().join().unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(pool.queued(), 0);
    }
}

#[test]
fn places_in_the_queue_that_are_met_are_not_missing_in_what_is_queued() {
    let pool = Arc::new(Pool::new(1));
    let (go, gate) = bounded::<()>(1);
    let of_job = Arc::clone(&pool);
    for _ in 0..3 {
        let of_job = Arc::clone(&of_job);
        let job = pool.submit(move || {
            for n in 0..10 {
                assert_eq!(of_job.submit(move || n).unwrap().join().unwrap(), n);
            }
        });
        job.unwrap().join().unwrap();
    }
    // By the time it runs, all that was left has been met.
    let (begun, has_begun) = bounded(1);
    let blocks = move || {
        begun.send(()).unwrap();
        gate.recv().unwrap();
    };
    let job = pool.submit(blocks).unwrap();
    let waits = [(); 4].map(|()| pool.submit(|| ()).unwrap());
    has_begun.recv().unwrap();
    assert_eq!(pool.queued(), 4);
    go.send(()).unwrap();
    for job in waits.into_iter().chain([job]) {
        job.join().unwrap();
    }
}

#[test]
fn a_pool_dropped_at_the_end_of_its_own_thread_does_not_join_it() {
    /// The pool, and a sender that tells when the pool has been dropped.
    type Kept = Option<(Arc<Pool>, Sender<()>)>;
    thread_local! {
        static KEPT: RefCell<Kept> = const { RefCell::new(None) };
    }
    let pool = Arc::new(Pool::new(1));
    let (done, ended) = bounded::<()>(1);
    let inner = Arc::clone(&pool);
    let kept = pool.submit(move || KEPT.set(Some((inner, done))));
    kept.unwrap().join().unwrap();
    pool.shutdown(Shutdown::Drain, None).unwrap();
    drop(pool);
    assert!(
        ended.recv().is_err(),
        "it was dropped with what the thread kept"
    );
}

#[test]
fn a_join_with_a_deadline_on_an_own_worker_keeps_it() {
    let pool = Arc::new(Pool::new(1));
    let inner = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let job = inner.submit(|| 1).unwrap();
        match job.join_timeout(Duration::ZERO) {
            Err(JoinTimeoutError::Timeout(job)) => job.join().unwrap(),
            other => panic!("nobody else could run it, but: {other:?}"),
        }
    });
    assert_eq!(outer.unwrap().join().unwrap(), 1);
}

#[test]
#[should_panic(expected = "polled after it had given its result")]
fn a_job_that_is_polled_after_its_end_says_so() {
    let pool = Pool::new(1);
    let mut job = std::pin::pin!(pool.submit(|| 1).unwrap().into_future());
    let _ = futures::executor::block_on(job.as_mut());
    let _ = futures::executor::block_on(job);
}

#[test]
fn a_pool_dropped_by_its_own_job_ends() {
    let pool = Arc::new(Pool::new(1));
    let (done, finished) = unbounded();
    let (handed, handle) = bounded::<Arc<Pool>>(1);
    let last = move || {
        drop(handle.recv());
        done.send(()).unwrap();
    };
    pool.execute(last).unwrap();
    handed.send(pool).unwrap();
    assert_eq!(finished.recv(), Ok(()));
    assert!(
        finished.recv().is_err(),
        "the worker has ended and dropped the job"
    );
}

#[test]
fn pools_that_cannot_work_are_refused() {
    assert!(matches!(
        Pool::builder().threads(0).build(),
        Err(BuildError::NoThreads)
    ));
    assert!(matches!(
        Pool::builder().queue_capacity(0).build(),
        Err(BuildError::NoQueue)
    ));
    let build = |builder: brigade::pool::Builder| builder.build().unwrap_err();
    assert!(matches!(
        build(Pool::builder().threads(usize::MAX)),
        BuildError::TooManyThreads
    ));
    assert!(matches!(
        build(Pool::builder().queue_capacity(usize::MAX)),
        BuildError::QueueTooLong
    ));
    assert!(matches!(
        build(Pool::builder().name("a\0b")),
        BuildError::Name
    ));
    let huge = Pool::builder()
        .threads(1)
        .stack_size(usize::MAX / 2)
        .build();
    assert!(matches!(huge, Err(BuildError::Thread(_))));
}

#[test]
#[should_panic(expected = "a pool needs at least 1 thread")]
fn a_pool_of_none_is_refused() {
    drop(Pool::new(0));
}
