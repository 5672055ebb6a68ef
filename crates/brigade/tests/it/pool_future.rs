//! Futures that a pool runs: results, wakes, cancellation, panics, the end of the pool, and sockets and timers of tokio.

mod end;
#[cfg(feature = "tokio")]
mod in_tokio;

use crate::sides::hold_worker;
use brigade::cancel::CancelToken;
use brigade::channel::{self, RecvError, bounded};
use brigade::pool::{self, JobError, Pool, Shutdown, Spawned};
use brigade::sync::Mutex;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Counts drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn counted() -> (Arc<AtomicUsize>, Counted) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Arc::clone(&drops), Counted(drops))
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in the drop");
    }
}

/// Returns `Pending` once, and is woken by itself.
fn yields() -> impl Future<Output = ()> + Send {
    let mut yielded = false;
    poll_fn(move |cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Waits for ever, and gives its waker away when it is first polled.
fn gives_waker(to: channel::Sender<Waker>) -> impl Future<Output = ()> + Send {
    let mut given = false;
    poll_fn(move |cx| {
        if !given {
            given = true;
            to.send(cx.waker().clone()).unwrap();
        }
        Poll::Pending
    })
}

fn is_cancelled<T>(task: Spawned<T>) -> bool {
    matches!(task.join(), Err(JobError::Cancelled))
}

fn message<T>(task: Spawned<T>) -> String {
    match task.join() {
        Err(JobError::Panicked(panic)) => panic.message().to_owned(),
        Err(other) => panic!("not a panic: {other}"),
        Ok(_) => panic!("no panic"),
    }
}

#[test]
fn ten_thousand_tasks_give_their_results() {
    for threads in [1, 3] {
        let pool = Pool::new(threads);
        let tasks: Vec<_> = (0..10_000_u64)
            .map(|n| pool.spawn(async move { n }))
            .collect();
        let sum: u64 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
        assert_eq!(sum, 9_999 * 5_000);
    }
}

#[test]
fn ten_thousand_tasks_wait_at_the_same_time() {
    let pool = Pool::new(2);
    let (sender, receiver) = bounded::<()>(1);
    let tasks: Vec<_> = (0..10_000)
        .map(|_| {
            let receiver = receiver.clone();
            pool.spawn(async move { receiver.recv_async().await })
        })
        .collect();
    sender.send(()).unwrap();
    drop(sender);
    let received = tasks.into_iter().map(|task| task.join().unwrap());
    assert_eq!(received.filter(Result::is_ok).count(), 1);
}

#[test]
fn tasks_that_yield_take_turns() {
    let pool = Pool::new(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    // The one worker is held until both are there: else the first could be through before the second comes.
    let open = hold_worker(&pool);
    let tasks = ["a", "b"].map(|name| {
        let order = Arc::clone(&order);
        pool.spawn(async move {
            for _ in 0..100 {
                order.lock().push(name);
                yields().await;
            }
        })
    });
    open.send(()).unwrap();
    for task in tasks {
        task.join().unwrap();
    }
    let order = order.lock();
    assert!(
        order[1..199].windows(2).all(|two| two[0] != two[1]),
        "{order:?}"
    );
}

#[test]
fn a_task_that_yields_for_ever_starves_neither_jobs_nor_other_tasks() {
    let pool = Pool::new(1);
    let endless = pool.spawn(async {
        loop {
            yields().await;
        }
    });
    assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
    assert_eq!(pool.spawn(async { 2 }).join().unwrap(), 2);
    endless.cancel();
    assert!(is_cancelled(endless));
}

#[test]
fn jobs_do_not_starve_tasks() {
    let pool = Arc::new(Pool::new(1));
    let stop = Arc::new(AtomicBool::new(false));
    // Each job submits the next, so there is always one in the queue.
    fn again(pool: &Arc<Pool>, stop: &Arc<AtomicBool>) {
        if !stop.load(Relaxed) {
            let (next, stop) = (Arc::clone(pool), Arc::clone(stop));
            let _ = pool.execute(move || again(&next, &stop));
        }
    }
    again(&pool, &stop);
    again(&pool, &stop);
    assert_eq!(pool.spawn(async { 1 }).join().unwrap(), 1);
    stop.store(true, Relaxed);
    pool.shutdown(Shutdown::Drain, None).unwrap();
}

#[test]
fn tasks_await_tasks() {
    fn sum(pool: &Arc<Pool>, depth: u32) -> Spawned<u32> {
        let own = Arc::clone(pool);
        pool.spawn(async move {
            if depth == 0 {
                return 1;
            }
            let (left, right) = (sum(&own, depth - 1), sum(&own, depth - 1));
            left.await.unwrap() + right.await.unwrap()
        })
    }
    let pool = Arc::new(Pool::new(1));
    assert_eq!(sum(&pool, 8).join().unwrap(), 256);
}

#[test]
fn threads_and_tasks_of_other_runtimes_wait_for_a_task() {
    let pool = Pool::new(1);
    let (sender, receiver) = bounded(1);
    let task = pool.spawn(async move { receiver.recv_async().await });
    let waits = thread::spawn(move || futures::executor::block_on(async { task.await }));
    crate::sides::until_waiting("task join", file!(), 1);
    sender.send(7).unwrap();
    assert_eq!(waits.join().unwrap().unwrap(), Ok(7));
}

#[test]
fn a_join_with_a_limit_gives_the_handle_back() {
    let pool = Pool::new(1);
    let (sender, receiver) = bounded(1);
    let task = pool.spawn(async move { receiver.recv_async().await });
    let task = task.join_timeout(Duration::ZERO).unwrap_err();
    let task = task.join_deadline(Instant::now()).unwrap_err();
    assert!(!task.is_finished());
    sender.send(7).unwrap();
    assert_eq!(task.join_timeout(Duration::MAX).unwrap().unwrap(), Ok(7));
}

#[test]
fn a_join_that_is_cancelled_leaves_the_task_alone() {
    let pool = Pool::new(1);
    let (sender, receiver) = bounded(1);
    let (done, ended) = bounded(1);
    let task = pool.spawn(async move {
        let received = receiver.recv_async().await;
        done.send(received).unwrap();
    });
    let token = CancelToken::new();
    token.cancel();
    let joined = token.within(|| task.join());
    assert!(matches!(joined, Err(JobError::WaitCancelled)));
    sender.send(7).unwrap();
    assert_eq!(ended.recv(), Ok(Ok(7)));
}

#[test]
fn a_token_around_a_spawn_is_not_that_of_the_task() {
    let pool = Pool::new(1);
    let (sender, receiver) = bounded(1);
    let token = CancelToken::new();
    let task = token.within(|| pool.spawn(async move { receiver.recv_async().await }));
    token.cancel();
    sender.send(7).unwrap();
    assert_eq!(task.join().unwrap(), Ok(7));
    let inside = token.within_async(pending_recv());
    assert_eq!(
        pool.spawn(inside).join().unwrap(),
        Err(RecvError::Cancelled)
    );
}

async fn pending_recv() -> Result<(), RecvError> {
    let (_sender, receiver) = bounded(1);
    receiver.recv_async().await
}

#[test]
fn a_dropped_handle_lets_the_task_go_on_and_its_result_is_dropped() {
    let pool = Pool::new(1);
    let (drops, result) = counted();
    let (wakers, woken) = bounded(1);
    let (done, ended) = bounded(1);
    let mut gives = Box::pin(gives_waker(wakers));
    drop(pool.spawn(async move {
        poll_fn(|cx| {
            let _ = gives.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
        done.send(()).unwrap();
        result
    }));
    ended.recv().unwrap();
    let kept = woken.recv().unwrap();
    // One worker: it is through with the first task when it runs the second.
    pool.spawn(async {}).join().unwrap();
    assert_eq!(drops.load(SeqCst), 1);
    drop(kept);
}

#[test]
fn a_handle_may_be_forgotten() {
    let pool = Pool::new(1);
    std::mem::forget(pool.spawn(async { 1 }));
    let mut future = Box::pin(std::future::IntoFuture::into_future(pool.spawn(async {
        yields().await;
    })));
    let _ = crate::by_hand::poll(future.as_mut());
    std::mem::forget(future);
    assert_eq!(pool.spawn(async { 2 }).join().unwrap(), 2);
}

#[test]
fn a_waiting_task_is_cancelled() {
    let pool = Pool::new(1);
    let (drops, owned) = counted();
    let (wakers, woken) = bounded(1);
    let task = pool.spawn(async move {
        let _owned = owned;
        gives_waker(wakers).await;
    });
    let kept = woken.recv().unwrap();
    task.cancel();
    task.cancel();
    assert!(is_cancelled(task));
    assert_eq!(drops.load(SeqCst), 1);
    kept.wake();
    assert_eq!(pool.spawn(async { 1 }).join().unwrap(), 1);
}

#[test]
fn a_task_that_is_cancelled_before_its_first_poll_is_never_polled() {
    let pool = Pool::new(1);
    let open = hold_worker(&pool);
    let polled = Arc::new(AtomicBool::new(false));
    let task = pool.spawn({
        let polled = Arc::clone(&polled);
        async move { polled.store(true, SeqCst) }
    });
    task.cancel();
    open.send(()).unwrap();
    assert!(is_cancelled(task));
    assert!(!polled.load(SeqCst));
}

#[test]
fn a_running_task_is_cancelled_when_its_poll_is_over() {
    let pool = Pool::new(1);
    let (began, begun) = bounded(1);
    let (open, gate) = bounded::<()>(1);
    let task = pool.spawn(async move {
        began.send(()).unwrap();
        gate.recv().unwrap();
        yields().await;
        unreachable!("it was cancelled before");
    });
    begun.recv().unwrap();
    task.cancel();
    assert!(!task.is_finished());
    open.send(()).unwrap();
    assert!(is_cancelled::<()>(task));
}

#[test]
fn a_task_that_is_done_in_its_last_poll_is_not_cancelled() {
    let pool = Pool::new(1);
    let (began, begun) = bounded(1);
    let (open, gate) = bounded::<()>(1);
    let task = pool.spawn(async move {
        began.send(()).unwrap();
        gate.recv().unwrap();
        1
    });
    begun.recv().unwrap();
    task.cancel();
    open.send(()).unwrap();
    assert_eq!(task.join().unwrap(), 1);
}

#[test]
fn a_task_cancels_itself() {
    let pool = Pool::new(1);
    let (handles, own) = bounded::<Arc<Spawned<()>>>(1);
    let task = Arc::new(pool.spawn(async move {
        own.recv_async().await.unwrap().cancel();
        yields().await;
        unreachable!("it was cancelled before");
    }));
    handles.send(Arc::clone(&task)).unwrap();
    // It is over when nobody else has the handle.
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert!(is_cancelled(Arc::into_inner(task).unwrap()));
}

#[test]
fn a_panic_has_message_and_place_and_the_worker_lives_on() {
    let pool = Pool::new(1);
    let task = pool.spawn(async {
        yields().await;
        panic!("no luck")
    });
    let Err(JobError::Panicked(panic)) = task.join() else {
        panic!("no panic")
    };
    assert_eq!(panic.message(), "no luck");
    assert!(panic.spawned_at().file().ends_with("pool_future.rs"));
    assert_eq!(pool.spawn(async { 1 }).join().unwrap(), 1);
}

#[test]
fn a_panic_in_the_drop_of_a_future_is_that_of_the_task() {
    let pool = Pool::new(1);
    let done = pool.spawn(poll_fn({
        let bomb = PanicsInDrop;
        move |_| {
            let _ = &bomb;
            Poll::Ready(())
        }
    }));
    assert_eq!(message(done), "in the drop");
    let (wakers, woken) = bounded(1);
    let waiting = pool.spawn(async move {
        let _bomb = PanicsInDrop;
        gives_waker(wakers).await;
    });
    woken.recv().unwrap();
    waiting.cancel();
    assert_eq!(message(waiting), "in the drop");
    // Two in one task: the first is told.
    let both = pool.spawn(poll_fn({
        let bomb = PanicsInDrop;
        move |_| -> Poll<()> {
            let _ = &bomb;
            panic!("in the poll")
        }
    }));
    assert_eq!(message(both), "in the poll");
    drop(pool.spawn(async { PanicsInDrop }));
    assert_eq!(pool.spawn(async { 1 }).join().unwrap(), 1);
}

#[test]
fn a_pool_of_one_runs_what_its_worker_waits_for() {
    let pool = Arc::new(Pool::new(1));
    let inner = Arc::clone(&pool);
    let joins = pool
        .submit(move || inner.spawn(async { 1 }).join().unwrap())
        .unwrap();
    assert_eq!(joins.join().unwrap(), 1);
    let inner = Arc::clone(&pool);
    let runs = pool
        .submit(move || inner.block_on(async { inner.spawn(async { 2 }).await.unwrap() }))
        .unwrap();
    assert_eq!(runs.join().unwrap(), 2);
    let inner = Arc::clone(&pool);
    let within = pool.spawn(async move {
        inner.block_on(async {
            let task = inner.spawn(async {
                yields().await;
                3
            });
            task.await.unwrap()
        })
    });
    assert_eq!(within.join().unwrap(), 3);
}

#[test]
fn a_thread_runs_a_future() {
    let pool = Pool::new(1);
    assert_eq!(pool.block_on(async { 1 }), 1);
    pool.block_on(yields());
    let (sender, receiver) = bounded(0);
    let sends = thread::spawn(move || sender.send(2));
    assert_eq!(pool.block_on(receiver.recv_async()), Ok(2));
    sends.join().unwrap().unwrap();
    let panics = thread::spawn(move || pool.block_on(async { panic!("goes on") }));
    assert!(panics.join().is_err());
}

#[test]
fn what_ends_the_waits_of_a_thread_ends_those_of_its_future() {
    let pool = Pool::new(1);
    let token = CancelToken::new();
    let waits = thread::spawn({
        let token = token.clone();
        move || token.within(|| pool.block_on(pending_recv()))
    });
    crate::sides::until_waiting("channel recv", file!(), 1);
    token.cancel();
    assert_eq!(waits.join().unwrap(), Err(RecvError::Cancelled));
}

#[test]
fn channels_carry_values_from_task_to_task() {
    let pool = Pool::new(2);
    for capacity in [0, 1, 16] {
        let (sender, receiver) = bounded(capacity);
        let sums: Vec<_> = (0..4)
            .map(|_| {
                let receiver = receiver.clone();
                pool.spawn(async move {
                    let mut sum = 0;
                    while let Ok(value) = receiver.recv_async().await {
                        sum += value;
                    }
                    sum
                })
            })
            .collect();
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let sender = sender.clone();
                pool.spawn(async move {
                    for value in 1..=1000_u32 {
                        sender.send_async(value).await.unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        for sender in senders {
            sender.join().unwrap();
        }
        let sum: u32 = sums.into_iter().map(|sum| sum.join().unwrap()).sum();
        assert_eq!(sum, 4 * 500_500);
    }
}

#[test]
fn a_pool_that_shrinks_and_grows_runs_its_tasks() {
    let pool = Pool::builder().threads(1).threads_max(4).build().unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            pool.spawn(async {
                for _ in 0..2000 {
                    yields().await;
                }
            })
        })
        .collect();
    for threads in [4, 1, 3, 2, 4, 1].repeat(20) {
        pool.resize(threads).unwrap();
        thread::yield_now();
    }
    for task in tasks {
        task.join().unwrap();
    }
    pool.shutdown(Shutdown::Drain, None).unwrap();
}

#[test]
fn a_task_that_blocks_leaves_the_others_to_a_spare() {
    let pool = Pool::new(1);
    let (open, gate) = std::sync::mpsc::channel();
    let blocks = pool.spawn(async move { pool::blocking(|| gate.recv()) });
    pool.spawn(async move { open.send(7).unwrap() })
        .join()
        .unwrap();
    assert_eq!(blocks.join().unwrap(), Ok(7));
}

#[test]
fn a_yield_allocates_nothing() {
    let pool = Pool::new(1);
    let task = pool.spawn(async {
        for _ in 0..100 {
            yields().await;
        }
        let before = crate::allocations::so_far();
        for _ in 0..1000 {
            yields().await;
        }
        crate::allocations::so_far() - before
    });
    assert_eq!(task.join().unwrap(), 0);
}

#[test]
fn tasks_are_counted_by_how_they_ended() {
    let pool = Pool::new(2);
    let waiting = pool.spawn(std::future::pending::<()>());
    let done = [1, 2, 3].map(|n| pool.spawn(async move { n }));
    let panics = pool.spawn(async { panic!("counted") });
    let cancelled = pool.spawn(std::future::pending::<()>());
    cancelled.cancel();
    assert!(is_cancelled(cancelled));
    assert_eq!(message::<()>(panics), "counted");
    for task in done {
        task.join().unwrap();
    }
    // Who joins one finds it counted.
    let ended = |stats: pool::Stats| {
        let pool::Stats {
            done,
            tasks_done,
            tasks_panicked,
            tasks_cancelled,
            ..
        } = stats;
        [done, tasks_done, tasks_panicked, tasks_cancelled]
    };
    assert_eq!(ended(pool.stats()), [0, 3, 1, 1]);
    assert!(pool.stats().tasks >= 1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert!(is_cancelled(waiting));
    assert!(is_cancelled(pool.spawn(async {})));
    assert_eq!(ended(pool.stats()), [0, 3, 1, 3]);
    assert_eq!(pool.stats().tasks, 0);
}
