//! Loom's proof for the pool: a job's result reaches its joiner, a shutdown ends, nothing is lost.

use super::{JobError, Pool, Shutdown};
use crate::prim::three_threads;
use loom::future::block_on;
use loom::thread;

fn pool_of_one(queue: usize) -> Pool {
    Pool::builder()
        .threads(1)
        .queue_capacity(queue)
        .build()
        .unwrap()
}

#[test]
fn a_result_reaches_the_joining_thread() {
    loom::model(|| {
        let pool = pool_of_one(1);
        assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
        drop(pool);
    });
}

#[test]
fn a_result_reaches_the_awaiting_task() {
    loom::model(|| {
        let pool = pool_of_one(1);
        let job = pool.submit(|| 1).unwrap();
        assert_eq!(block_on(async { job.await.unwrap() }), 1);
        drop(pool);
    });
}

#[test]
fn draining_runs_what_is_queued() {
    loom::model(|| {
        let pool = pool_of_one(1);
        let job = pool.submit(|| 1).unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert!(job.is_finished());
        assert_eq!(job.join().unwrap(), 1);
    });
}

#[test]
fn aborting_runs_or_cancels_and_tells_the_joiner() {
    loom::model(|| {
        let pool = pool_of_one(1);
        let job = pool.submit(|| 1).unwrap();
        pool.shutdown(Shutdown::Abort, None).unwrap();
        match job.join() {
            Ok(value) => assert_eq!(value, 1),
            Err(error) => assert!(matches!(error, JobError::Cancelled)),
        }
    });
}

#[test]
fn a_shutdown_wakes_a_submitter_who_waits_for_room() {
    three_threads(|| {
        let pool = loom::sync::Arc::new(pool_of_one(1));
        let submitter = {
            let pool = loom::sync::Arc::clone(&pool);
            thread::spawn(move || {
                let first = pool.execute(|| ()).is_ok();
                let second = pool.execute(|| ()).is_ok();
                assert!(first || !second, "a closed pool does not open again");
            })
        };
        pool.shutdown(Shutdown::Drain, None).unwrap();
        submitter.join().unwrap();
    });
}
