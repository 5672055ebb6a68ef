//! Pools: jobs that submit and join jobs, and shutdowns against submits. Every job runs once, or its joiner is told.

use crate::actors::{any, join, task, thread};
use crate::explore::explore;
use brigade::channel::bounded;
use brigade::pool::{self, JobError, Pool, Priority, Shutdown};
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

const LANES: [Priority; 3] = [Priority::Urgent, Priority::Ordinary, Priority::Background];

/// Submits to `priority`. Returns how many jobs were taken, all of which are run.
fn submits(pool: &Pool, priority: Priority, ran: &Arc<AtomicUsize>) -> usize {
    let submit = || {
        let ran = ran.clone();
        pool.lane(priority)
            .submit(move || ran.fetch_add(1, Relaxed))
    };
    let jobs: Vec<_> = (0..2).filter_map(|_| submit().ok()).collect();
    let taken = jobs.len();
    for job in jobs {
        job.join().unwrap();
    }
    taken
}

/// A job is blocked until another says something that was submitted after it: a spare runs that, also after a shutdown.
fn blocks(pool: &Pool) {
    for _ in 0..2 {
        let (say, heard) = bounded(1);
        let waits = pool.submit(move || pool::blocking(|| heard.recv()).is_ok());
        let Ok(waits) = waits else { return };
        let says = pool
            .lane(LANES[any(3)])
            .submit(move || say.send(()).unwrap());
        // If it is refused, nobody says anything, and that is heard.
        let is_said = says.is_ok();
        drop(says);
        assert_eq!(waits.join().unwrap(), is_said);
    }
}

#[test]
fn lanes_sizes_and_blocks_against_a_drain() {
    explore(|| {
        let builder = Pool::builder().threads(1).threads_max(2).spares(1);
        let pool = Arc::new(builder.queue_capacity(1 + any(2)).build().unwrap());
        let ran = Arc::new(AtomicUsize::new(0));
        let actors: Vec<_> = [Some(LANES[any(3)]), Some(LANES[any(3)]), None]
            .into_iter()
            .map(|lane| {
                let (pool, ran) = (pool.clone(), ran.clone());
                thread(move || match lane {
                    Some(priority) => submits(&pool, priority, &ran),
                    None => {
                        blocks(&pool);
                        0
                    }
                })
            })
            .collect();
        let sizes = pool.clone();
        let sizes = thread(move || [2, 1].map(|threads| sizes.resize(threads).is_ok()));
        if any(2) == 0 {
            sizes.join().unwrap();
        }
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let taken: usize = join(actors).into_iter().sum();
        assert_eq!(ran.load(Relaxed), taken);
        assert_eq!(pool.queued(), 0);
    });
}

/// Children of a scope that wait for each other, one of them blocked, while the pool is resized.
#[test]
fn scopes_sizes_and_blocks() {
    explore(|| {
        let builder = Pool::builder().threads(1).threads_max(2).spares(1);
        let pool = Arc::new(builder.queue_capacity(1).build().unwrap());
        let sizes = pool.clone();
        let sizes = thread(move || [2, 1].map(|threads| sizes.resize(threads).is_ok()));
        let (say, heard) = bounded(1);
        let (end, ended) = bounded(2);
        pool.scope_plain(|scope| {
            let (end, heard) = (&end, &heard);
            scope.spawn(move || {
                pool::blocking(|| heard.recv()).unwrap();
                end.send(()).unwrap();
            });
            scope.spawn(move || {
                say.send(()).unwrap();
                end.send(()).unwrap();
            });
            for _ in 0..2 {
                ended.recv().unwrap();
            }
        });
        assert_eq!(sizes.join().unwrap(), [true; 2]);
    });
}
