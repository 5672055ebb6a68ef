//! How many threads a pool has: more and fewer of them, spares for those that are blocked, and what is called on them.

use brigade::channel::{bounded, unbounded};
use brigade::pool::{self, BuildError, Builder, JobError, Pool, ResizeError, Shutdown, Worker};
use brigade::wait::{Waiter, waiters};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

/// Has `jobs` jobs meet in the pool: they can only if as many threads run them.
fn meet(pool: &Pool, jobs: usize) {
    let barrier = Arc::new(Barrier::new(jobs));
    let jobs: Vec<_> = (0..jobs)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            pool.submit(move || barrier.wait()).unwrap()
        })
        .collect();
    for job in jobs {
        job.join().unwrap();
    }
}

/// Returns once so many threads whose names begin with `name` wait for this.
pub(crate) fn until_asleep(name: &str, waits_for: &str, count: usize) {
    let asleep = || {
        let waits = |waiter: &&Waiter| {
            let thread = waiter.thread_name();
            waiter.waits_for() == waits_for && thread.is_some_and(|of| of.starts_with(name))
        };
        waiters().iter().filter(waits).count()
    };
    while asleep() < count {
        thread::yield_now();
    }
}

#[test]
fn a_pool_grows_and_shrinks() {
    let pool = Pool::builder().name("shrunk").threads(1).threads_max(4);
    let pool = pool.build().unwrap();
    for threads in [4, 1, 3, 2, 4] {
        pool.resize(threads).unwrap();
        assert_eq!(pool.threads(), threads);
        meet(&pool, threads);
    }
    pool.resize(1).unwrap();
    // One who is not wanted finishes what it has begun, and takes nothing more.
    let most = Arc::new(AtomicUsize::new(0));
    let now = Arc::new(AtomicUsize::new(0));
    until_asleep("shrunk-", "pool worker", 3);
    for _ in 0..200 {
        let (most, now) = (Arc::clone(&most), Arc::clone(&now));
        pool.execute(move || {
            most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
            thread::yield_now();
            now.fetch_sub(1, Relaxed);
        })
        .unwrap();
    }
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(most.load(Relaxed), 1);
}

#[test]
fn one_who_is_not_wanted_any_more_runs_no_further_children() {
    let pool = Pool::builder().name("fewer").threads(2).build().unwrap();
    let is_second = || thread::current().name() == Some("fewer-1");
    let (both, late) = (Barrier::new(3), AtomicUsize::new(0));
    let (go, gate) = bounded::<()>(1);
    let (began, begun) = bounded(2);
    pool.scope_plain(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                began.send(()).unwrap();
                both.wait();
                if !is_second() {
                    let _ = gate.recv();
                }
            });
        }
        for _ in 0..8 {
            scope.spawn(|| late.fetch_add(usize::from(is_second()), Relaxed));
        }
        for _ in 0..2 {
            begun.recv().unwrap();
        }
        pool.resize(1).unwrap();
        both.wait();
        until_asleep("fewer-1", "pool worker", 1);
        drop(go);
    });
    assert_eq!(late.load(Relaxed), 0);
}

#[test]
fn a_size_that_makes_no_sense_is_an_error() {
    let pool = Pool::builder().threads(2).build().unwrap();
    assert!(matches!(pool.resize(0), Err(ResizeError::NoThreads)));
    assert!(matches!(pool.resize(3), Err(ResizeError::TooMany(2))));
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert!(matches!(pool.resize(1), Err(ResizeError::ShutDown)));
    let too_many = Pool::builder().threads_max(Builder::THREADS_MAX);
    assert!(matches!(too_many.build(), Err(BuildError::TooManyThreads)));
}

#[test]
fn a_spare_takes_over_for_each_that_is_blocked() {
    let pool = Pool::builder().threads(1).spares(3).build().unwrap();
    let (waiting, waiter) = unbounded();
    let jobs: Vec<_> = (0..3)
        .map(|n| {
            let (go, gate) = std::sync::mpsc::channel();
            waiting.send(go).unwrap();
            pool.submit(move || pool::blocking(|| gate.recv().map(|()| n)))
                .unwrap()
        })
        .collect();
    // All three are blocked, and the last spare runs this.
    pool.submit(move || waiter.drain().for_each(|go| go.send(()).unwrap()))
        .unwrap()
        .join()
        .unwrap();
    let joined: Vec<_> = jobs.into_iter().map(|job| job.join().unwrap()).collect();
    assert_eq!(joined, [Ok(0), Ok(1), Ok(2)]);
}

#[test]
fn without_spares_and_outside_of_pools_blocking_just_runs() {
    assert_eq!(pool::blocking(|| 1), 1);
    let pool = Pool::builder().threads(1).spares(0).build().unwrap();
    let job = pool.submit(|| pool::blocking(|| 2)).unwrap();
    assert_eq!(job.join().unwrap(), 2);
}

/// A pool of one that counts the threads that it starts.
fn counted(builder: Builder) -> (Pool, Arc<AtomicUsize>) {
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let builder = builder.threads(1).on_thread_start(move |_| {
        count.fetch_add(1, Relaxed);
    });
    (builder.build().unwrap(), started)
}

#[test]
fn there_are_no_more_spares_than_allowed_though_the_pool_may_grow() {
    for spares in [0, 1, 2] {
        let (pool, started) = counted(Pool::builder().threads_max(8).spares(spares));
        let blocked = Arc::new(Barrier::new(spares + 2));
        let jobs: Vec<_> = (0..=spares)
            .map(|_| {
                let blocked = Arc::clone(&blocked);
                pool.submit(move || pool::blocking(|| blocked.wait()))
                    .unwrap()
            })
            .collect();
        blocked.wait();
        for job in jobs {
            job.join().unwrap();
        }
        drop(pool);
        assert_eq!(started.load(Relaxed), 1 + spares);
    }
}

#[test]
fn one_thread_that_is_blocked_twice_has_one_spare() {
    let (pool, started) = counted(Pool::builder().spares(4));
    let job = pool.submit(|| pool::blocking(|| pool::blocking(|| 1)));
    assert_eq!(job.unwrap().join().unwrap(), 1);
    drop(pool);
    assert_eq!(started.load(Relaxed), 2);
}

#[test]
fn a_panic_while_blocked_ends_the_block() {
    let pool = Pool::builder().threads(1).spares(1).build().unwrap();
    for _ in 0..3 {
        let job = pool
            .submit(|| pool::blocking(|| panic!("blocked")))
            .unwrap();
        assert!(matches!(job.join(), Err(JobError::Panicked(_))));
    }
    // A block that did not end would have a spare join in here.
    let (first, second) = (Arc::new(Barrier::new(2)), ());
    let alone = Arc::clone(&first);
    let job = pool
        .submit(move || pool::blocking(|| alone.wait()))
        .unwrap();
    pool.submit(move || first.wait()).unwrap().join().unwrap();
    job.join().unwrap();
    let () = second;
}

#[test]
fn a_pool_that_is_dropped_joins_its_spares() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&stopped);
    let builder = Pool::builder().threads(1).spares(2);
    let pool = builder.on_thread_stop(move |_| _ = count.fetch_add(1, Relaxed));
    let pool = pool.build().unwrap();
    let (go, gate) = std::sync::mpsc::channel();
    pool.execute(move || pool::blocking(|| gate.recv().unwrap()))
        .unwrap();
    pool.execute(move || go.send(()).unwrap()).unwrap();
    drop(pool);
    assert_eq!(stopped.load(Relaxed), 2);
}

#[test]
fn a_shutdown_waits_for_what_is_called_when_a_spare_or_one_too_many_stops() {
    let stopped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&stopped);
    let builder = Pool::builder().threads(3).name("stopping");
    let pool = builder.on_thread_stop(move |_| {
        for _ in 0..100 {
            thread::yield_now();
        }
        count.fetch_add(1, Relaxed);
    });
    let pool = pool.build().unwrap();
    pool.resize(1).unwrap();
    until_asleep("stopping-", "pool worker", 2);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(stopped.load(Relaxed), 3);
}

#[test]
fn what_is_called_when_threads_stop_may_shut_the_pool_down() {
    let shared = Arc::new(std::sync::OnceLock::<Pool>::new());
    let of_hook = Arc::downgrade(&shared);
    let (say, said) = unbounded();
    let builder = Pool::builder().threads(3).name("stopped");
    let pool = builder.on_thread_stop(move |number| {
        let pool = of_hook.upgrade().unwrap();
        pool.get().unwrap().shutdown(Shutdown::Drain, None).unwrap();
        say.send(number).unwrap();
    });
    let pool = shared.get_or_init(|| pool.build().unwrap());
    pool.resize(1).unwrap();
    // Two of them end because they are not wanted, and so are none of the pool's by then.
    until_asleep("stopped-", "pool worker", 2);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(said.try_iter().count(), 3);
}

#[test]
fn hooks_are_called_on_each_thread_and_may_panic() {
    let (say, said) = unbounded();
    let say_more = say.clone();
    let builder = Pool::builder().threads(3).on_thread_start(move |number| {
        say.send((number, thread::current().id())).unwrap();
        assert_ne!(number, 1, "a panic at the start");
    });
    let pool = builder.on_thread_stop(move |number| {
        say_more.send((number, thread::current().id())).unwrap();
        assert_ne!(number, 2, "a panic at the end");
    });
    let pool = pool.build().unwrap();
    meet(&pool, 3);
    drop(pool);
    let said: Vec<_> = said.iter().collect();
    assert_eq!(said.len(), 6);
    assert_eq!(said.iter().collect::<HashSet<_>>().len(), 3);
}

#[test]
#[cfg(target_os = "linux")]
fn threads_are_bound_to_processors() {
    // SAFETY: a set of bits, for which all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours to write, and as long as we say.
    unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) };
    // SAFETY: numbers below the size of the set.
    let cpu = (0..1024)
        .find(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) })
        .unwrap();
    let pool = Pool::builder()
        .threads(2)
        .bind_to_cpus([cpu])
        .build()
        .unwrap();
    for _ in 0..10 {
        // SAFETY: asks, and nothing else.
        let runs_on = pool.submit(|| unsafe { libc::sched_getcpu() }).unwrap();
        assert_eq!(usize::try_from(runs_on.join().unwrap()).unwrap(), cpu);
    }
    let nowhere = Pool::builder()
        .bind_to_cpus([cpu, 9999])
        .build()
        .unwrap_err();
    assert!(matches!(nowhere, BuildError::Cpu(9999)));
    assert!(nowhere.to_string().contains("processor 9999"));
}

#[test]
fn the_global_pool_is_one() {
    assert!(std::ptr::eq(Pool::global(), Pool::global()));
    assert_eq!(Pool::global().submit(|| 1).unwrap().join().unwrap(), 1);
}

/// Joins in a job until another worker has taken the second closure, and calls `second` there.
fn until_taken<R: Send>(worker: &Worker, second: impl Fn(&Worker) -> R + Sync) -> R {
    let here = thread::current().id();
    loop {
        let taken = std::sync::atomic::AtomicBool::new(false);
        let ((), result) = worker.join(
            |_| {
                for _ in 0..1000 {
                    if taken.load(Relaxed) {
                        return;
                    }
                    thread::yield_now();
                }
            },
            |other| {
                (thread::current().id() != here).then(|| {
                    taken.store(true, Relaxed);
                    second(other)
                })
            },
        );
        if let Some(result) = result {
            return result;
        }
    }
}

#[test]
fn half_of_a_join_may_shut_the_pool_down_while_its_joiner_waits() {
    let pool = Arc::new(Pool::new(2));
    let of_job = Arc::clone(&pool);
    let job = pool.submit(move || {
        let pool = &of_job;
        pool.join(
            |worker| until_taken(worker, |_| pool.shutdown(Shutdown::Drain, None).is_ok()),
            |_| (),
        )
        .0
    });
    assert!(job.unwrap().join().unwrap());
}

#[test]
fn a_half_that_was_taken_is_named_when_it_does_not_end() {
    let pool = Arc::new(Pool::new(2));
    let of_job = Arc::clone(&pool);
    let (began, begun) = bounded(1);
    let (go, gate) = bounded::<()>(1);
    let job = pool.submit(move || {
        let waits = |_: &Worker| {
            began.send(()).unwrap();
            gate.recv().unwrap();
        };
        of_job.join(|worker| until_taken(worker, waits), |_| ()).0
    });
    begun.recv().unwrap();
    let unfinished = pool.shutdown(Shutdown::Drain, Some(Instant::now()));
    // The job, and its half.
    assert_eq!(unfinished.unwrap_err().running().len(), 2);
    go.send(()).unwrap();
    job.unwrap().join().unwrap();
}

#[test]
fn what_is_offered_takes_no_room_in_the_queue() {
    let pool = Pool::builder()
        .threads(2)
        .queue_capacity(1)
        .build()
        .unwrap();
    for _ in 0..200 {
        pool.join(
            |worker| worker.join(|_| (), |_| ()),
            |_| assert_eq!(pool.queued(), 0),
        );
        assert_eq!(pool.queued(), 0);
    }
}

#[test]
fn a_thread_that_comes_back_to_a_pool_by_another_is_the_worker_it_was() {
    let (there, here) = (Pool::new(1), Arc::new(Pool::new(2)));
    let of_job = Arc::clone(&here);
    let job = here.submit(move || {
        // The other worker is idle, and takes a half: as a guest this thread would count in its place.
        let back = |_: &Worker| of_job.join(|worker| until_taken(worker, |_| ()), |_| ());
        there.join(back, |_| ()).0
    });
    job.unwrap().join().unwrap();
}
