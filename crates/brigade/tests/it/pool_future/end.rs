//! What becomes of tasks when their pool ends.

use super::*;
use brigade::channel::{Receiver, Sender, unbounded};
use std::future::pending;
use std::sync;

#[test]
fn a_drain_runs_what_is_ready_and_drops_what_waits() {
    let pool = Pool::new(1);
    let (open, gate) = bounded::<()>(1);
    pool.execute(move || gate.recv().unwrap()).unwrap();
    let (drops, owned) = counted();
    let ready = pool.spawn(async {
        yields().await;
        1
    });
    let (sender, receiver) = bounded::<()>(1);
    let waits = pool.spawn(async move {
        let _owned = owned;
        receiver.recv_async().await
    });
    let shuts = thread::spawn(move || {
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let late = pool.spawn(async { 2 });
        assert!(is_cancelled(late));
        pool
    });
    open.send(()).unwrap();
    let pool = shuts.join().unwrap();
    assert_eq!(ready.join().unwrap(), 1);
    assert!(waits.is_finished());
    assert_eq!(drops.load(SeqCst), 1);
    assert!(is_cancelled(waits));
    assert!(sender.send(()).is_err());
    drop(pool);
}

#[test]
fn a_drain_goes_on_with_tasks_while_jobs_wake_them() {
    let pool = Pool::new(2);
    let (sender, receiver) = bounded::<u32>(1);
    let (open, gate) = bounded::<()>(1);
    let waits = pool.spawn(async move { receiver.recv_async().await });
    pool.execute(move || {
        gate.recv().unwrap();
        sender.send(7).unwrap();
    })
    .unwrap();
    let shuts = thread::spawn(move || pool.shutdown(Shutdown::Drain, None));
    crate::sides::until_waiting("pool shutdown", file!(), 1);
    open.send(()).unwrap();
    shuts.join().unwrap().unwrap();
    assert_eq!(waits.join().unwrap(), Ok(7));
}

#[test]
fn an_abort_drops_what_is_ready_and_what_runs() {
    let pool = Pool::new(1);
    let (began, begun) = bounded(1);
    let (open, gate) = bounded::<()>(1);
    let runs = pool.spawn(async move {
        began.send(()).unwrap();
        gate.recv().unwrap();
        yields().await;
        unreachable!("the pool has ended before");
    });
    begun.recv().unwrap();
    let ready = pool.spawn(async { 1 });
    let left = pool
        .shutdown(Shutdown::Abort, Some(Instant::now()))
        .unwrap_err();
    assert_eq!(left.running().len(), 1);
    assert!(ready.is_finished());
    assert!(is_cancelled(ready));
    assert!(!runs.is_finished());
    open.send(()).unwrap();
    assert!(is_cancelled::<()>(runs));
}

#[test]
fn a_shutdown_that_does_not_end_counts_tasks() {
    let pool = Pool::new(1);
    let endless = pool.spawn(async {
        loop {
            yields().await;
        }
    });
    let _waits = pool.spawn(pending::<()>());
    let left = pool
        .shutdown(Shutdown::Drain, Some(Instant::now()))
        .unwrap_err();
    assert_eq!(left.tasks(), 2);
    assert!(left.to_string().contains("2 tasks"));
    endless.cancel();
    pool.shutdown(Shutdown::Drain, None).unwrap();
}

#[test]
fn a_drain_ends_at_its_deadline_though_a_task_yields_for_ever() {
    let pool = Pool::new(2);
    let (began, begun) = bounded(1);
    let endless = pool.spawn(async move {
        began.send(()).unwrap();
        loop {
            yields().await;
        }
    });
    begun.recv().unwrap();
    let soon = Instant::now() + Duration::from_millis(2);
    let left = pool.shutdown(Shutdown::Drain, Some(soon)).unwrap_err();
    assert_eq!((left.queued(), left.tasks()), (0, 1));
    // What is dropped now waits for nothing, and the task is still there.
    drop(pool);
    assert!(!endless.is_finished());
    endless.cancel();
    assert!(is_cancelled::<()>(endless));
}

/// One half shuts the pool down before it wakes what the other waits for: they wait for each other, until the deadline.
#[test]
fn halves_of_a_join_that_wait_for_each_other_do_so_until_the_deadline() {
    let pool = Arc::new(Pool::new(2));
    let of_job = Arc::clone(&pool);
    let (wake, woken) = bounded::<()>(1);
    let task = Mutex::new(Some(pool.spawn(async move { woken.recv_async().await })));
    let shuts = move || {
        let left = of_job.shutdown(Shutdown::Drain, Some(Instant::now()));
        wake.send(()).unwrap();
        left.unwrap_err()
    };
    let joins = move || task.lock().take().unwrap().join().unwrap();
    let of_job = Arc::clone(&pool);
    let job = pool.submit(move || {
        // Until the other worker has taken the second half before the first has given up hope.
        loop {
            let (is_open, is_taken) = (AtomicBool::new(true), AtomicBool::new(false));
            let (left, woken) = of_job.join(
                |_| {
                    for _ in 0..1000 {
                        if is_taken.load(SeqCst) {
                            return Some(shuts());
                        }
                        thread::yield_now();
                    }
                    (!is_open.swap(false, SeqCst)).then(&shuts)
                },
                |_| {
                    is_open.swap(false, SeqCst).then(|| {
                        is_taken.store(true, SeqCst);
                        joins()
                    })
                },
            );
            if let (Some(left), Some(woken)) = (left, woken) {
                return (left, woken);
            }
        }
    });
    let (left, woken) = job.unwrap().join().unwrap();
    assert_eq!(woken, Ok(()));
    assert_eq!((left.running().len(), left.tasks()), (1, 1));
}

#[test]
fn a_waker_outlives_the_pool() {
    let pool = Pool::new(1);
    let (wakers, woken) = unbounded();
    let (drops, owned) = counted();
    let task = pool.spawn(async move {
        let _owned = owned;
        gives_waker(wakers).await;
    });
    let waker = woken.recv().unwrap();
    drop(pool);
    assert_eq!(drops.load(SeqCst), 1);
    waker.wake_by_ref();
    let other = waker.clone();
    waker.wake();
    assert!(is_cancelled(task));
    other.wake();
}

#[test]
fn tasks_that_keep_each_other_alive_end_with_the_pool() {
    let pool = Pool::new(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let ((to_left, left), (to_right, right)) = (bounded::<()>(1), bounded::<()>(1));
    for (sender, receiver) in [(to_left, right), (to_right, left)] {
        let owned = Counted(Arc::clone(&drops));
        drop(pool.spawn(async move {
            let _owned = owned;
            let _ = receiver.recv_async().await;
            drop(sender);
        }));
    }
    drop(pool);
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn a_future_whose_drop_waits_for_another_task_does_not_hold_up_the_end() {
    struct JoinsInDrop(Option<Spawned<()>>);
    impl Drop for JoinsInDrop {
        fn drop(&mut self) {
            assert!(is_cancelled(self.0.take().unwrap()));
        }
    }
    for how in [Shutdown::Drain, Shutdown::Abort] {
        let pool = Pool::new(1);
        let (wakers, woken) = unbounded();
        let tasks: Vec<_> = (0..20)
            .map(|_| pool.spawn(gives_waker(wakers.clone())))
            .collect();
        let joins: Vec<_> = tasks
            .into_iter()
            .map(|task| {
                let (joins, wakers) = (JoinsInDrop(Some(task)), wakers.clone());
                pool.spawn(async move {
                    let _joins = joins;
                    gives_waker(wakers).await;
                })
            })
            .collect();
        for _ in 0..40 {
            woken.recv().unwrap();
        }
        pool.shutdown(how, None).unwrap();
        assert!(joins.into_iter().all(is_cancelled));
    }
}

/// The abort drops one of two, which lets a worker go on, and waits for the drop of the other.
#[test]
fn a_worker_drops_what_is_ready_while_the_abort_drops_another_future() {
    struct WaitsInDrop {
        busy: Arc<sync::Mutex<Option<Sender<()>>>>,
        other: (Sender<()>, Receiver<()>),
        in_time: Arc<AtomicBool>,
    }
    impl Drop for WaitsInDrop {
        fn drop(&mut self) {
            let (ended, end) = &self.other;
            let busy = self.busy.lock().unwrap().take();
            match busy {
                Some(busy) => {
                    drop(busy);
                    let waited = end.recv_timeout(Duration::from_secs(60));
                    self.in_time.store(waited.is_ok(), SeqCst);
                }
                None => ended.send(()).unwrap(),
            }
        }
    }
    let pool = Pool::new(1);
    let (busy, gate) = bounded::<()>(0);
    let job = pool.submit(move || gate.recv().unwrap_err()).unwrap();
    while pool.stats().running == 0 {
        thread::yield_now();
    }
    let (busy, other) = (Arc::new(sync::Mutex::new(Some(busy))), bounded(1));
    let in_time = Arc::new(AtomicBool::new(false));
    for _ in 0..2 {
        let waits = WaitsInDrop {
            busy: Arc::clone(&busy),
            other: other.clone(),
            in_time: Arc::clone(&in_time),
        };
        drop(pool.spawn(async move { drop(waits) }));
    }
    pool.shutdown(Shutdown::Abort, None).unwrap();
    assert!(in_time.load(SeqCst));
    job.join().unwrap();
}

#[test]
fn a_pool_is_dropped_by_its_own_task() {
    let pool = Pool::new(1);
    let (done, ended) = bounded(1);
    let (pools, own) = bounded::<Pool>(1);
    let task = pool.spawn(async move {
        drop(own.recv_async().await.unwrap());
        done.send(()).unwrap();
    });
    let waits = pool.spawn(pending::<()>());
    pools.send(pool).unwrap();
    ended.recv().unwrap();
    task.join().unwrap();
    assert!(is_cancelled(waits));
}

/// The pool is shut down while its one worker waits for a task, which is woken from outside after that.
#[test]
fn a_drain_goes_on_with_the_task_that_a_job_waits_for() {
    const ROUNDS: u32 = 1000;
    let pool = Arc::new(Pool::new(1));
    let (sender, receiver) = bounded::<u32>(0);
    let of_job = Arc::clone(&pool);
    let job = pool
        .submit(move || {
            let task = of_job.spawn(async move {
                let mut received = 0;
                while receiver.recv_async().await.is_ok() {
                    received += 1;
                }
                received
            });
            task.join().unwrap()
        })
        .unwrap();
    sender.send(0).unwrap();
    let shuts = thread::spawn(move || pool.shutdown(Shutdown::Drain, None));
    // The other worker would end some time between these, if it did.
    for round in 1..ROUNDS {
        sender.send(round).unwrap();
    }
    drop(sender);
    assert_eq!(job.join().unwrap(), ROUNDS);
    shuts.join().unwrap().unwrap();
}

/// It waits for them to end, so they do not wait for it.
#[test]
fn a_job_that_shuts_its_pool_down_waits_for_no_worker_that_stays_for_tasks() {
    let pool = Arc::new(Pool::new(3));
    let (sender, receiver) = bounded::<u32>(0);
    let task = pool.spawn(async move { receiver.recv_async().await.is_ok() });
    let of_job = Arc::clone(&pool);
    let job = pool.submit(move || of_job.shutdown(Shutdown::Drain, None).is_ok());
    assert!(job.unwrap().join().unwrap());
    drop(pool);
    assert!(is_cancelled(task));
    drop(sender);
}
