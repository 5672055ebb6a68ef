//! What a job or a task puts into its own pool: it stays with its worker, and still waits for nobody in particular.

use brigade::pool::{self, JobError, Pool, Priority, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// Room that a worker has of its own; more goes into the shared queues.
const ROOM: usize = 256;

fn execute(job: impl FnOnce() + Send + 'static) {
    pool::current(|pool| pool.expect("on a worker").execute(job).unwrap());
}

#[test]
fn a_job_of_a_worker_that_blocks_is_run_by_another() {
    let pool = Pool::new(2);
    let blocks = pool.submit(|| {
        // Once for the first job that the worker puts in, and then for a later one.
        for number in [1, 2] {
            let (sender, receiver) = channel();
            execute(move || sender.send(number).unwrap());
            assert_eq!(receiver.recv(), Ok(number));
        }
    });
    blocks.unwrap().join().unwrap();
}

#[test]
fn a_task_of_a_worker_that_blocks_is_run_by_another() {
    let pool = Arc::new(Pool::new(2));
    let inside = Arc::clone(&pool);
    let blocks = pool.submit(move || {
        for number in [1, 2] {
            let (sender, receiver) = channel();
            drop(inside.spawn(async move { sender.send(number).unwrap() }));
            assert_eq!(receiver.recv(), Ok(number));
        }
    });
    blocks.unwrap().join().unwrap();
}

/// A job that submits itself again until it is to stop.
fn again(stop: Arc<AtomicBool>) {
    if !stop.load(Relaxed) {
        execute(move || again(stop));
    }
}

#[test]
fn a_worker_with_jobs_of_its_own_still_helps_one_that_blocks() {
    let pool = Pool::new(2);
    let stop = Arc::new(AtomicBool::new(false));
    let (begun, has_begun) = channel();
    let stops = Arc::clone(&stop);
    let blocks = pool.submit(move || {
        let (sender, receiver) = channel();
        begun.send(()).unwrap();
        execute(move || sender.send(()).unwrap());
        receiver.recv().unwrap();
        stops.store(true, Relaxed);
    });
    has_begun.recv().unwrap();
    pool.execute(move || again(stop)).unwrap();
    blocks.unwrap().join().unwrap();
}

#[test]
fn jobs_from_outside_have_their_turn_between_those_of_a_worker() {
    let pool = Pool::new(1);
    let stop = Arc::new(AtomicBool::new(false));
    let stops = Arc::clone(&stop);
    pool.execute(move || again(stops)).unwrap();
    pool.submit(|| ()).unwrap().join().unwrap();
    stop.store(true, Relaxed);
}

/// As [`again`], and counts.
fn count_again(count: Arc<AtomicUsize>, stop: Arc<AtomicBool>) {
    if !stop.load(Relaxed) {
        count.fetch_add(1, Relaxed);
        execute(move || count_again(count, stop));
    }
}

/// What a worker keeps is not counted as passing over: 32 ordinary jobs come before one of the background, and each
/// has one turn in 32.
#[test]
fn a_background_job_waits_for_so_many_turns_beside_what_a_worker_keeps() {
    let pool = Pool::new(1);
    let (stop, kept) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let ordinary = Arc::new(AtomicUsize::new(0));
    let (open, gate) = channel::<()>();
    pool.execute(move || gate.recv().unwrap()).unwrap();
    let (count, stops) = (Arc::clone(&kept), Arc::clone(&stop));
    pool.execute(move || count_again(count, stops)).unwrap();
    for _ in 0..100 {
        let ordinary = Arc::clone(&ordinary);
        pool.execute(move || _ = ordinary.fetch_add(1, Relaxed))
            .unwrap();
    }
    let background = pool.lane(Priority::Background).submit(move || {
        stop.store(true, Relaxed);
        (ordinary.load(Relaxed), kept.load(Relaxed))
    });
    open.send(()).unwrap();
    let (ordinary, kept) = background.unwrap().join().unwrap();
    assert!((30..=32).contains(&ordinary), "{ordinary}");
    assert!((30 * 31..=33 * 31).contains(&kept), "{kept}");
}

/// Submits urgent jobs, one after the other, until it is to stop. Returns whether it was stopped before so many were run.
fn urgent(pool: Arc<Pool>, stop: Arc<AtomicBool>, left: usize, say: Sender<bool>) {
    if left == 0 || stop.load(Relaxed) {
        return say.send(left > 0).unwrap();
    }
    let next = Arc::clone(&pool);
    let job = move || urgent(next, stop, left - 1, say);
    pool.lane(Priority::Urgent).execute(job).unwrap();
}

#[test]
fn what_a_worker_keeps_has_its_turn_between_urgent_jobs() {
    let pool = Arc::new(Pool::new(1));
    let stop = Arc::new(AtomicBool::new(false));
    let (say, stopped) = channel();
    let inside = Arc::clone(&pool);
    pool.execute(move || {
        let stops = Arc::clone(&stop);
        execute(move || stops.store(true, Relaxed));
        urgent(inside, stop, 1000, say);
    })
    .unwrap();
    assert_eq!(stopped.recv(), Ok(true));
}

#[test]
fn background_jobs_come_after_those_that_another_worker_keeps() {
    let pool = Arc::new(Pool::new(2));
    let (say, order) = channel();
    let (open, gate) = channel::<()>();
    let (wait, waits) = channel();
    // One worker is held here.
    pool.execute(move || {
        wait.send(()).unwrap();
        gate.recv().unwrap();
    })
    .unwrap();
    waits.recv().unwrap();
    let inside = Arc::clone(&pool);
    let blocks = pool.submit(move || {
        let (done, is_done) = channel();
        for kind in [Priority::Ordinary, Priority::Background] {
            for _ in 0..3 {
                let (say, done) = (say.clone(), done.clone());
                let job = move || {
                    say.send(kind).unwrap();
                    done.send(()).unwrap();
                };
                inside.lane(kind).execute(job).unwrap();
            }
        }
        // The other runs all of them.
        open.send(()).unwrap();
        is_done.iter().take(6).for_each(drop);
    });
    blocks.unwrap().join().unwrap();
    let kinds: Vec<_> = order.iter().collect();
    assert!(kinds.is_sorted(), "{kinds:?}");
}

#[test]
fn what_does_not_fit_goes_into_the_shared_queue_and_all_of_it_is_counted() {
    const JOBS: usize = 3 * ROOM;
    let pool = Arc::new(Pool::new(1));
    let ran = Arc::new(AtomicUsize::new(0));
    let (inside, count) = (Arc::clone(&pool), Arc::clone(&ran));
    let submits = pool.submit(move || {
        for _ in 0..JOBS {
            let count = Arc::clone(&count);
            execute(move || _ = count.fetch_add(1, Relaxed));
        }
        (inside.queued(), count.load(Relaxed))
    });
    assert_eq!(submits.unwrap().join().unwrap(), (JOBS, 0));
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(ran.load(Relaxed), JOBS);
}

#[test]
fn a_full_pool_of_one_runs_what_its_job_submits_at_once() {
    let pool = Arc::new(
        Pool::builder()
            .threads(1)
            .queue_capacity(2)
            .build()
            .unwrap(),
    );
    let inside = Arc::clone(&pool);
    let submits = pool.submit(move || {
        let ran = Arc::new(AtomicUsize::new(0));
        // Two of its own, two of the shared queue.
        for _ in 0..5 {
            let ran = Arc::clone(&ran);
            execute(move || _ = ran.fetch_add(1, Relaxed));
        }
        (inside.queued(), ran.load(Relaxed))
    });
    assert_eq!(submits.unwrap().join().unwrap(), (4, 1));
}

#[test]
fn an_abort_drops_what_workers_have_kept() {
    let pool = Arc::new(Pool::new(1));
    let inside = Arc::clone(&pool);
    let submits = pool.submit(move || {
        let kept = inside.submit(|| ()).unwrap();
        let task = inside.spawn(async {});
        assert!(
            inside
                .shutdown(Shutdown::Abort, Some(Instant::now()))
                .is_ok()
        );
        assert!(inside.execute(|| ()).is_err());
        (kept.join(), task.join())
    });
    let (kept, task) = submits.unwrap().join().unwrap();
    assert!(matches!(kept, Err(JobError::Cancelled)));
    assert!(matches!(task, Err(JobError::Cancelled)));
}

#[test]
fn there_is_no_current_pool_outside() {
    assert!(pool::current(|pool| pool.is_none()));
    let pool = Pool::new(1);
    let names = pool.submit(|| pool::current(|pool| format!("{:?}", pool.unwrap())));
    assert!(names.unwrap().join().unwrap().starts_with("Lane"));
}
