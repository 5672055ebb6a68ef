//! What comes first in a pool, what becomes of a job that finds the queue full, and what is counted.

use brigade::cancel::CancelToken;
use brigade::channel::{Receiver, Sender, bounded, unbounded};
use brigade::pool::{Builder, Full, JobError, Pool, Priority, Rejected, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// A pool of one worker, which runs nothing more until the sender is dropped.
fn busy(builder: Builder) -> (Pool, Sender<()>) {
    let pool = builder.threads(1).build().unwrap();
    let (go, gate) = bounded::<()>(1);
    let (began, begun) = bounded(1);
    pool.execute(move || {
        began.send(()).unwrap();
        let _ = gate.recv();
    })
    .unwrap();
    begun.recv().unwrap();
    (pool, go)
}

/// Has `count` jobs of each priority say what they are, and returns the order in which they did.
fn order_of(counts: [(Priority, usize); 3]) -> Vec<Priority> {
    let (pool, go) = busy(Pool::builder());
    let (say, said) = unbounded();
    for (priority, count) in counts {
        for _ in 0..count {
            let say = say.clone();
            let job = move || say.send(priority).unwrap();
            pool.lane(priority).execute(job).unwrap();
        }
    }
    drop((go, say));
    said.iter().collect()
}

#[test]
fn what_is_urgent_overtakes_and_the_background_comes_last() {
    use Priority::{Background, Ordinary, Urgent};
    let order = order_of([(Background, 3), (Ordinary, 3), (Urgent, 3)]);
    let expected = [[Urgent; 3], [Ordinary; 3], [Background; 3]].concat();
    assert_eq!(order, expected);
}

#[test]
fn nothing_is_passed_over_more_than_thirty_two_times_in_a_row() {
    use Priority::{Background, Ordinary, Urgent};
    let order = order_of([(Background, 2), (Ordinary, 2), (Urgent, 200)]);
    for late in [Ordinary, Background] {
        let places: Vec<_> = (0..order.len()).filter(|at| order[*at] == late).collect();
        assert_eq!(places.len(), 2);
        assert!(places[0] <= 33, "{late:?} came at {places:?}");
        assert!(places[1] - places[0] <= 34, "{late:?} came at {places:?}");
    }
    assert_eq!(order[..32], [Urgent; 32]);
}

#[test]
fn an_idle_worker_wakes_for_each_lane() {
    let pool = Pool::builder().threads(1).name("sleeps");
    let pool = pool.build().unwrap();
    for _ in 0..50 {
        for priority in [Priority::Urgent, Priority::Background, Priority::Ordinary] {
            crate::pool_size::until_asleep("sleeps-", "pool job", 1);
            let job = pool.lane(priority).submit(move || priority).unwrap();
            assert_eq!(job.join().unwrap(), priority);
        }
    }
}

#[test]
fn each_lane_has_the_bound_of_the_pool() {
    let (pool, go) = busy(Pool::builder().queue_capacity(2).when_full(Full::Reject));
    for priority in [Priority::Urgent, Priority::Ordinary, Priority::Background] {
        let lane = pool.lane(priority);
        assert!(lane.execute(|| ()).is_ok() && lane.execute(|| ()).is_ok());
        assert!(matches!(lane.execute(|| ()), Err(Rejected::Full(_))));
    }
    assert_eq!(pool.queued(), 6);
    drop(go);
}

#[test]
fn a_shutdown_drains_and_aborts_all_lanes() {
    for how in [Shutdown::Drain, Shutdown::Abort] {
        let (pool, go) = busy(Pool::builder());
        let jobs = [Priority::Urgent, Priority::Ordinary, Priority::Background]
            .map(|priority| pool.lane(priority).submit(|| 1).unwrap());
        let left = pool.shutdown(how, Some(Instant::now())).unwrap_err();
        assert_eq!(left.queued(), if how == Shutdown::Drain { 3 } else { 0 });
        drop(go);
        for job in jobs {
            match (how, job.join()) {
                (Shutdown::Drain, Ok(1)) | (Shutdown::Abort, Err(JobError::Cancelled)) => {}
                (_, other) => panic!("after {how:?}: {other:?}"),
            }
        }
        let late = pool.lane(Priority::Urgent).submit(|| 1);
        assert!(matches!(late, Err(Rejected::ShutDown(_))));
    }
}

#[test]
fn a_lane_that_is_first_used_after_the_shutdown_is_closed() {
    let pool = Pool::new(1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    for priority in [Priority::Background, Priority::Urgent] {
        let late = pool.lane(priority).execute(|| ());
        assert!(matches!(late, Err(Rejected::ShutDown(_))));
    }
}

#[test]
fn a_full_queue_gives_the_job_back_to_those_who_try() {
    let (pool, go) = busy(Pool::builder().queue_capacity(1));
    let first = pool.try_submit(|| 1).unwrap();
    match pool.try_submit(|| 2) {
        Err(Rejected::Full(job)) => assert_eq!(job(), 2),
        other => panic!("there is no room, but it gave {other:?}"),
    }
    match pool.try_execute(|| ()) {
        Err(rejected @ Rejected::Full(_)) => {
            assert_eq!(rejected.to_string(), "the queue of the pool is full");
        }
        other => panic!("there is no room, but it gave {other:?}"),
    }
    drop(go);
    assert_eq!(first.join().unwrap(), 1);
}

#[test]
fn a_full_queue_has_the_caller_run_the_job_if_told_so() {
    let (pool, go) = busy(
        Pool::builder()
            .queue_capacity(1)
            .when_full(Full::CallerRuns),
    );
    let here = thread::current().id();
    let there = pool.submit(|| thread::current().id()).unwrap();
    let inline = pool.submit(|| thread::current().id()).unwrap();
    assert!(inline.is_finished());
    assert_eq!(inline.join().unwrap(), here);
    // A panic is the job's, and not the caller's.
    let panics = pool.submit(|| panic!("here")).unwrap();
    assert!(matches!(panics.join(), Err(JobError::Panicked(_))));
    pool.execute(|| panic!("here too")).unwrap();
    drop(go);
    assert_ne!(there.join().unwrap(), here);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.done, stats.panicked), (3, 2));
}

#[test]
fn a_full_queue_drops_the_oldest_job_if_told_so() {
    let (pool, go) = busy(
        Pool::builder()
            .queue_capacity(2)
            .when_full(Full::DropOldest),
    );
    let jobs: Vec<_> = (0..4).map(|n| pool.submit(move || n).unwrap()).collect();
    assert_eq!(pool.queued(), 2);
    drop(go);
    let joined: Vec<_> = jobs.into_iter().map(|job| job.join()).collect();
    assert!(matches!(joined[0], Err(JobError::Displaced)));
    assert!(matches!(joined[1], Err(JobError::Displaced)));
    assert!(matches!(joined[2], Ok(2)) && matches!(joined[3], Ok(3)));
}

#[test]
fn a_job_loses_its_place_to_one_that_is_taken_only() {
    struct ShutsDown(Arc<Pool>);
    impl Drop for ShutsDown {
        fn drop(&mut self) {
            let now = Some(Instant::now());
            self.0.shutdown(Shutdown::Drain, now).unwrap_err();
        }
    }
    let builder = Pool::builder().queue_capacity(1);
    let (pool, go) = busy(builder.when_full(Full::DropOldest));
    let pool = Arc::new(pool);
    let owned = ShutsDown(Arc::clone(&pool));
    let displaced = pool.submit(move || drop(owned)).unwrap();
    let newer = pool.submit(|| "newer").unwrap();
    assert!(matches!(displaced.join(), Err(JobError::Displaced)));
    assert!(pool.execute(|| ()).is_err());
    drop(go);
    assert_eq!(newer.join().unwrap(), "newer");
}

#[test]
fn what_a_displaced_job_owns_may_panic_when_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let (pool, go) = busy(
        Pool::builder()
            .queue_capacity(1)
            .when_full(Full::DropOldest),
    );
    let bomb = Bomb;
    let displaced = pool.submit(move || drop(bomb)).unwrap();
    let bomb = Bomb;
    pool.execute(move || drop(bomb)).unwrap();
    pool.execute(|| ()).unwrap();
    assert!(matches!(displaced.join(), Err(JobError::Displaced)));
    drop(go);
}

#[test]
fn a_worker_of_the_pool_keeps_to_the_policy_but_never_waits() {
    for (full, is_taken) in [
        (Full::Block, true),
        (Full::CallerRuns, true),
        (Full::DropOldest, true),
        (Full::Reject, false),
    ] {
        let pool = Pool::builder().threads(1).queue_capacity(1).when_full(full);
        let pool = Arc::new(pool.build().unwrap());
        let of_job = Arc::clone(&pool);
        let job = pool.submit(move || {
            of_job.execute(|| ()).unwrap();
            of_job.execute(|| ()).is_ok()
        });
        assert_eq!(job.unwrap().join().unwrap(), is_taken, "{full:?}");
    }
}

#[test]
fn a_task_waits_for_room() {
    let (pool, go) = busy(Pool::builder().queue_capacity(1));
    let pool = Arc::new(pool);
    pool.execute(|| ()).unwrap();
    let of_task = Arc::clone(&pool);
    let task = crate::sides::Side::Task.spawn(async move {
        let job = of_task.submit_async(|| 7).await.unwrap();
        of_task.execute_async(|| ()).await.unwrap();
        job.await.unwrap()
    });
    crate::sides::until_waiting("channel send", file!(), 1);
    drop(go);
    assert_eq!(task.join(), 7);
}

#[test]
fn a_job_whose_wait_for_room_is_given_up_is_not_run() {
    use std::future::Future;
    use std::task::{Context, Waker};
    let (pool, go) = busy(Pool::builder().queue_capacity(1));
    pool.execute(|| ()).unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let run = Arc::clone(&ran);
    let mut submit = Box::pin(pool.submit_async(move || run.fetch_add(1, Relaxed)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(submit.as_mut().poll(&mut context).is_pending());
    drop(submit);
    let token = CancelToken::new();
    token.cancel();
    let run = Arc::clone(&ran);
    let cancelled = token.within(|| pool.submit(move || run.fetch_add(1, Relaxed)));
    assert!(matches!(cancelled, Err(Rejected::Cancelled(_))));
    drop(go);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(ran.load(Relaxed), 0);
    assert_eq!(Arc::strong_count(&ran), 2, "the job that came back is here");
    drop(cancelled);
    assert_eq!(Arc::strong_count(&ran), 1);
}

fn counts(pool: &Pool) -> (usize, usize, usize, usize) {
    let stats = pool.stats();
    (stats.queued, stats.running, stats.done, stats.panicked)
}

#[test]
fn the_statistics_follow_the_jobs() {
    let (pool, go) = busy(Pool::builder());
    let jobs: [_; 3] = std::array::from_fn(|n| pool.submit(move || assert_ne!(n, 1)).unwrap());
    assert_eq!(counts(&pool), (3, 1, 0, 0));
    assert!(pool.stats().waits.is_none() && pool.stats().runs.is_none());
    drop(go);
    let panicked = jobs
        .into_iter()
        .map(|job| job.join())
        .filter(Result::is_err);
    assert_eq!(panicked.count(), 1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(counts(&pool), (0, 0, 3, 1));
}

#[test]
fn a_timed_pool_measures_every_job() {
    let pool = Pool::builder().threads(2).timed().build().unwrap();
    for n in 0..100 {
        match n % 3 {
            0 => pool.execute(|| ()).unwrap(),
            1 => drop(pool.submit(|| ()).unwrap()),
            _ => pool.try_execute(|| ()).unwrap(),
        }
    }
    pool.shutdown(Shutdown::Drain, None).unwrap();
    let stats = pool.stats();
    assert_eq!(stats.done, 100);
    assert_eq!(stats.waits.unwrap().count(), 100);
    assert_eq!(stats.runs.unwrap().count(), 100);
}

#[test]
fn a_job_that_its_joiner_runs_is_measured_as_well() {
    let pool = Pool::builder().threads(1).timed().build().unwrap();
    let pool = Arc::new(pool);
    let of_job = Arc::clone(&pool);
    let job = pool.submit(move || of_job.submit(|| 1).unwrap().join().unwrap());
    assert_eq!(job.unwrap().join().unwrap(), 1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    let stats = pool.stats();
    assert_eq!(stats.done, 2);
    assert_eq!(stats.waits.unwrap().count(), 2);
    assert_eq!(stats.runs.unwrap().count(), 2);
}

#[test]
fn a_pool_that_rejects_gives_the_job_back_when_it_is_timed() {
    let builder = Pool::builder().queue_capacity(1).when_full(Full::Reject);
    let (pool, go): (_, Sender<()>) = busy(builder.timed());
    let (say, said): (Sender<u8>, Receiver<u8>) = unbounded();
    pool.execute(|| ()).unwrap();
    let rejected = pool.execute(move || say.send(1).unwrap()).unwrap_err();
    assert!(said.is_empty());
    rejected.into_inner()();
    assert_eq!(said.try_recv(), Ok(1));
    drop(go);
}
