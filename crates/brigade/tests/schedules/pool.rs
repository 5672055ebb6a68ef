//! Pools: jobs that submit and join jobs, and shutdowns against submits. Every job runs once, or its joiner is told.

use crate::actors::{any, join, task, thread};
use crate::explore::explore;
use brigade::pool::{JobError, Pool, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn pool(threads: usize, queue: usize) -> Arc<Pool> {
    let builder = Pool::builder().threads(threads).queue_capacity(queue);
    Arc::new(builder.build().unwrap())
}

/// Counts leaves of a tree whose nodes each submit two jobs to the pool they run on and join them.
fn leaves(pool: &Arc<Pool>, depth: usize) -> usize {
    if depth == 0 {
        return 1;
    }
    let jobs = [(); 2].map(|()| {
        let inner = pool.clone();
        pool.submit(move || leaves(&inner, depth - 1)).unwrap()
    });
    jobs.map(|job| job.join().unwrap()).iter().sum()
}

#[test]
fn jobs_join_jobs_on_a_pool_of_one() {
    explore(|| {
        let pool = pool(1, 1);
        let others = [pool.clone(), pool.clone()].map(|pool| thread(move || leaves(&pool, 2)));
        assert_eq!(leaves(&pool, 2), 4);
        assert_eq!(join(others), [4, 4]);
    });
}

#[test]
fn jobs_join_jobs_on_a_pool_of_two() {
    explore(|| {
        let pool = pool(2, 2);
        let others = [pool.clone(), pool.clone()].map(|pool| thread(move || leaves(&pool, 2)));
        assert_eq!(leaves(&pool, 2), 4);
        assert_eq!(join(others), [4, 4]);
    });
}

#[test]
fn threads_join_and_tasks_await() {
    for threads in [1, 2] {
        explore(move || {
            let pool = pool(threads, 1);
            let mut actors = Vec::new();
            for which in 0..3 {
                let pool = pool.clone();
                let jobs =
                    move || (0..2).map(move |n| pool.submit(move || which * 10 + n).unwrap());
                actors.push(if which == 0 {
                    task(move || async move {
                        let mut sum = 0;
                        for job in jobs() {
                            sum += job.await.unwrap();
                        }
                        sum
                    })
                } else {
                    thread(move || jobs().map(|job| job.join().unwrap()).sum())
                });
            }
            assert_eq!(join(actors), [1, 21, 41]);
        });
    }
}

/// Each submit that is refused gives its job back, each that is not is run or said to be cancelled.
fn shut_down_against_submits(threads: usize, how: Shutdown) {
    explore(move || {
        let pool = pool(threads, 1);
        let ran = Arc::new(AtomicUsize::new(0));
        let actors: Vec<_> = (0..3)
            .map(|which| {
                let (pool, ran) = (pool.clone(), ran.clone());
                thread(move || {
                    let mut done = 0;
                    for _ in 0..2 {
                        let ran = ran.clone();
                        let submitted = pool.submit(move || ran.fetch_add(1, Relaxed));
                        let Ok(job) = submitted else { continue };
                        let result = if which == 0 {
                            shuttle::future::block_on(async { job.await })
                        } else {
                            job.join()
                        };
                        match result {
                            Ok(_) => done += 1,
                            Err(error) => {
                                assert!(matches!(error, JobError::Cancelled), "{error}");
                                assert_eq!(how, Shutdown::Abort);
                            }
                        }
                    }
                    done
                })
            })
            .collect();
        let stops = pool.clone();
        let stops = thread(move || stops.shutdown(how, None).unwrap());
        stops.join().unwrap();
        let done: usize = join(actors).into_iter().sum();
        assert_eq!(ran.load(Relaxed), done);
        assert!(pool.execute(|| ()).is_err());
    });
}

#[test]
fn a_drain_against_submits_on_a_pool_of_one() {
    shut_down_against_submits(1, Shutdown::Drain);
}

#[test]
fn a_drain_against_submits_on_a_pool_of_two() {
    shut_down_against_submits(2, Shutdown::Drain);
}

#[test]
fn an_abort_against_submits_on_a_pool_of_one() {
    shut_down_against_submits(1, Shutdown::Abort);
}

#[test]
fn an_abort_against_submits_on_a_pool_of_two() {
    shut_down_against_submits(2, Shutdown::Abort);
}

/// The last handle of the pool is a job's: the worker does not wait for itself.
#[test]
fn a_pool_is_dropped_by_whoever_is_last() {
    explore(|| {
        let pool = pool(1 + any(2), 2);
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let (inner, ran) = (pool.clone(), ran.clone());
            let job = move || {
                ran.fetch_add(1, Relaxed);
                drop(inner);
            };
            pool.execute(job).unwrap();
        }
        let last = pool.submit(|| 5).unwrap();
        drop(pool);
        assert_eq!(last.join().unwrap(), 5);
    });
}
