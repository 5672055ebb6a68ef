//! Jobs and tasks that make others on the pool they run on, and block, while it is resized and shut down.

use crate::actors::{any, pass, thread};
use crate::explore::explore;
use brigade::channel::bounded;
use brigade::pool::{self, JobError, Pool, Priority, Shutdown};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

const LANES: [Priority; 3] = [Priority::Urgent, Priority::Ordinary, Priority::Background];

/// What a program has made, and what has become of it.
#[derive(Default)]
struct Counts {
    jobs: AtomicUsize,
    ran: AtomicUsize,
    spawned: AtomicUsize,
    blocked: AtomicUsize,
}

/// Lets others run before it goes on.
async fn give_way() {
    let mut was_here = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut was_here, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A job or a task: makes others, as the schedule chooses.
fn visit(pool: &Arc<Pool>, depth: usize, counts: &Arc<Counts>) {
    for _ in 0..if depth > 0 { 2 } else { 0 } {
        make(pool, depth - 1, counts);
    }
}

fn job(pool: &Arc<Pool>, depth: usize, counts: &Arc<Counts>) -> impl FnOnce() + Send + 'static {
    let (pool, counts) = (Arc::clone(pool), Arc::clone(counts));
    move || {
        visit(&pool, depth, &counts);
        counts.ran.fetch_add(1, Relaxed);
    }
}

fn make(pool: &Arc<Pool>, depth: usize, counts: &Arc<Counts>) {
    let made = match any(6) {
        0 | 1 => pool::current(|near| match near {
            Some(near) => near.execute(job(pool, depth, counts)).is_ok(),
            None => pool.execute(job(pool, depth, counts)).is_ok(),
        }),
        2 => pool
            .lane(LANES[any(3)])
            .execute(job(pool, depth, counts))
            .is_ok(),
        3 => match pool.submit(job(pool, depth, counts)) {
            Ok(job) => {
                // Who waits for one that blocks takes no worker away from what that waits for.
                let joined = pool::blocking(|| job.join());
                assert!(matches!(joined, Ok(()) | Err(JobError::Cancelled)));
                joined.is_ok()
            }
            Err(_) => false,
        },
        4 => {
            counts.spawned.fetch_add(1, Relaxed);
            let visit = job(pool, depth, counts);
            let ran = Arc::clone(counts);
            drop(pool.spawn(async move {
                give_way().await;
                visit();
                ran.ran.fetch_sub(1, Relaxed);
                give_way().await;
            }));
            false
        }
        _ => return blocks(pool, counts),
    };
    counts.jobs.fetch_add(usize::from(made), Relaxed);
}

/// Waits until what it has made is run. One does so: it, and who joins it, are as many as there are spares.
fn blocks(pool: &Arc<Pool>, counts: &Arc<Counts>) {
    if counts.blocked.swap(1, Relaxed) == 1 {
        return;
    }
    let (say, heard) = bounded(1);
    let said = if any(2) == 0 {
        counts.spawned.fetch_add(1, Relaxed);
        drop(pool.spawn(async move { say.send(()).unwrap() }));
        None
    } else {
        let ran = Arc::clone(counts);
        let says = move || {
            ran.ran.fetch_add(1, Relaxed);
            say.send(()).unwrap();
        };
        Some(pool.execute(says).is_ok())
    };
    counts
        .jobs
        .fetch_add(usize::from(said == Some(true)), Relaxed);
    let heard = pool::blocking(|| heard.recv());
    assert!(said != Some(true) || heard.is_ok());
}

fn nested(how: Shutdown, threads: usize) {
    explore(move || {
        let builder = Pool::builder().threads(threads).threads_max(2).spares(2);
        let pool = Arc::new(builder.queue_capacity(1 + any(3)).build().unwrap());
        let counts = Arc::new(Counts::default());
        if how == Shutdown::Abort {
            // Nobody says anything then.
            counts.blocked.store(1, Relaxed);
        }
        for _ in 0..2 {
            make(&pool, 2, &counts);
        }
        let sizes = Arc::clone(&pool);
        let sizes = thread(move || [2, 1, 2].map(|threads| sizes.resize(threads).is_ok()));
        if any(2) == 0 {
            sizes.join().unwrap();
        } else {
            make(&pool, 1, &counts);
            drop(sizes);
        }
        pool.shutdown(how, None).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.queued, stats.tasks, stats.running), (0, 0, 0));
        let tasks = stats.tasks_done + stats.tasks_cancelled;
        assert_eq!(tasks, counts.spawned.load(Relaxed));
        assert_eq!((stats.panicked, stats.tasks_panicked), (0, 0));
        let ran = counts.ran.load(Relaxed);
        assert_eq!(stats.done, ran);
        match how {
            Shutdown::Drain => assert_eq!(ran, counts.jobs.load(Relaxed)),
            Shutdown::Abort => assert!(ran <= counts.jobs.load(Relaxed)),
        }
        // Nothing is left, wherever it was.
        assert_eq!(Arc::strong_count(&counts), 1);
    });
}

#[test]
fn nested_work_of_one_worker_is_drained() {
    nested(Shutdown::Drain, 1);
}

#[test]
fn nested_work_of_two_workers_is_drained() {
    nested(Shutdown::Drain, 2);
}

#[test]
fn nested_work_is_aborted() {
    nested(Shutdown::Abort, 2);
}

/// One task holds its worker up until another is run, which that worker has had in its hands.
#[test]
fn a_task_that_blocks_is_helped_by_the_other_worker_after_the_shutdown() {
    explore(|| {
        let pool = Pool::builder().threads(2).spares(0).build().unwrap();
        // The workers have queues of their own.
        for _ in 0..2 {
            let near = || pool::current(|near| near.unwrap().execute(|| ()).is_ok());
            pool.execute(move || _ = near()).unwrap();
        }
        let (say, heard) = bounded(1);
        drop(pool.spawn(async move { heard.recv().unwrap() }));
        for _ in 0..2 {
            drop(pool.spawn(async {}));
        }
        drop(pool.spawn(async move { say.send(()).unwrap() }));
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(pool.stats().tasks_done, 4);
    });
}

/// What a worker keeps stands behind a job that waits for it and does not say so. Of the others one watches, and none is woken
/// for what is few.
#[test]
fn what_stands_behind_a_job_is_found_by_the_others() {
    explore(|| {
        let threads = 2 + any(2);
        let builder = Pool::builder().threads(threads).spares(0);
        let pool = builder.queue_capacity(4).build().unwrap();
        for _ in 0..2 {
            let kept = 1 + any(2);
            let waits = pool.submit(move || {
                let (say, heard) = bounded(1);
                for _ in 0..kept {
                    let say = say.clone();
                    let says = move || say.send(()).unwrap();
                    pool::current(|near| near.unwrap().execute(says).unwrap());
                    if any(2) == 0 {
                        heard.recv().unwrap();
                    } else {
                        pass();
                    }
                }
                drop(say);
                while heard.recv().is_ok() {}
            });
            waits.unwrap().join().unwrap();
        }
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(pool.stats().running, 0);
    });
}

/// A worker that has sat out for long is at its end while another has its number already.
#[test]
fn what_the_end_of_a_worker_makes_is_run() {
    explore(|| {
        let made = Arc::new(AtomicUsize::new(0));
        let ran = Arc::new(AtomicUsize::new(0));
        let (makes, runs) = (Arc::clone(&made), Arc::clone(&ran));
        let put = move |pool: Option<pool::Lane<'_>>| {
            let Some(pool) = pool else { return };
            for _ in 0..2 {
                let runs = Arc::clone(&runs);
                makes.fetch_add(1, Relaxed);
                if pool
                    .execute(move || _ = runs.fetch_add(1, Relaxed))
                    .is_err()
                {
                    makes.fetch_sub(1, Relaxed);
                }
            }
        };
        let (starts, stops) = (put.clone(), put);
        let builder = Pool::builder().threads(2).spares(0);
        let builder = builder.on_thread_start(move |_| pool::current(&starts));
        let builder = builder.on_thread_stop(move |_| pool::current(&stops));
        let pool = builder.build().unwrap();
        pool.resize(1).unwrap();
        (0..any(50)).for_each(|_| pass());
        pool.resize(2).unwrap();
        // Waits for the threads, also for those that count as ended.
        drop(pool);
        assert_eq!(made.load(Relaxed), ran.load(Relaxed));
    });
}
