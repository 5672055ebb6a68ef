//! Iterators whose items are made on a pool: order, window, panics, the end.

use brigade::cancel::CancelToken;
use brigade::channel::{bounded, unbounded};
use brigade::pool::{JobError, Pool, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

#[test]
fn results_come_in_the_order_of_the_items() {
    let pool = Pool::new(3);
    for window in [0, 1, 2, 7, usize::MAX] {
        let made: Result<Vec<_>, _> = pool.map(0..500, |n| n * 2).window(window).collect();
        assert!(made.unwrap().into_iter().eq((0..500).map(|n| n * 2)));
    }
    assert_eq!(pool.map([(); 0], |()| ()).count(), 0);
}

#[test]
fn each_result_comes_once_as_completed() {
    let pool = Pool::new(3);
    for window in [0, 1, 2, 7, usize::MAX] {
        let made = pool.map(0..500, |n| n).window(window).as_completed();
        let mut made: Vec<_> = made.map(Result::unwrap).collect();
        made.sort_unstable();
        assert!(made.into_iter().eq(0..500));
    }
}

#[test]
fn what_is_done_first_overtakes_what_takes_longer() {
    let pool = Pool::new(2);
    let (go, gate) = bounded(1);
    let mut made = pool
        .map(0..3, move |n| {
            if n == 0 {
                gate.recv().unwrap();
            }
            n
        })
        .as_completed();
    let first = [made.next(), made.next()].map(|made| made.unwrap().unwrap());
    assert_eq!(first.iter().sum::<i32>(), 3);
    go.send(()).unwrap();
    assert_eq!(made.next().unwrap().unwrap(), 0);
    assert!(made.next().is_none() && made.next().is_none());
}

#[test]
fn no_more_than_the_window_is_taken_from_the_source() {
    let pool = Pool::new(2);
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let items = move || {
        let count = Arc::clone(&count);
        (0..).inspect(move |_| _ = count.fetch_add(1, Relaxed))
    };
    let mut ordered = pool.map(items(), |n| n).window(5);
    assert_eq!(taken.load(Relaxed), 0, "it is lazy");
    for had in 0..20 {
        assert_eq!(ordered.next().unwrap().unwrap(), had);
        assert_eq!(taken.load(Relaxed), had + 5);
    }
    drop(ordered);
    taken.store(0, Relaxed);
    let mut unordered = pool.map(items(), |n| n).window(5).as_completed();
    for had in 0..20 {
        unordered.next().unwrap().unwrap();
        assert_eq!(taken.load(Relaxed), had + 5);
    }
}

#[test]
fn a_panic_is_the_result_of_its_item() {
    let pool = Pool::new(2);
    let make = |n| {
        assert_ne!(n, 3, "three");
        n
    };
    let mut made: Vec<_> = pool.map(0..6, make).collect();
    let panic = made.remove(3).unwrap_err();
    assert!(matches!(&panic, JobError::Panicked(panic) if panic.message().contains("three")));
    assert!(panic.to_string().contains("pool_map.rs"), "{panic}");
    assert_eq!(made.into_iter().map(Result::unwrap).sum::<i32>(), 12);
    let made = pool.map(0..6, make).as_completed();
    let panics = made.filter(|made| matches!(made, Err(JobError::Panicked(_))));
    assert_eq!(panics.count(), 1);
}

#[test]
fn a_source_that_panics_leaves_the_pool_as_it_was() {
    let pool = Pool::new(1);
    let items = (0..3).inspect(|n| assert_ne!(*n, 2, "the source"));
    let joined = thread::scope(|scope| scope.spawn(|| pool.map(items, |n| n).count()).join());
    assert!(joined.is_err());
    assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
}

#[test]
fn within_a_job_of_a_pool_of_one_and_with_a_queue_for_one() {
    let pool = Arc::new(
        Pool::builder()
            .threads(1)
            .queue_capacity(1)
            .build()
            .unwrap(),
    );
    let of_job = Arc::clone(&pool);
    let job = pool.submit(move || {
        let ordered = of_job.map(0..50, |n| n).map(Result::unwrap).sum::<i32>();
        let unordered = of_job.map(0..50, |n| n).as_completed();
        (ordered, unordered.map(Result::unwrap).sum::<i32>())
    });
    assert_eq!(job.unwrap().join().unwrap(), (1225, 1225));
}

#[test]
fn what_nobody_has_begun_is_dropped_with_the_iterator() {
    let pool = Pool::new(1);
    let (go, gate) = bounded::<()>(0);
    let (ran, runs) = unbounded();
    let make = move |n: usize| {
        ran.send(n).unwrap();
        if n == 1 {
            gate.recv().unwrap();
        }
    };
    let mut made = pool.map(0..10, make).window(4);
    made.next().unwrap().unwrap();
    // The worker is in the second, and two more are under way.
    assert_eq!((runs.recv(), runs.recv()), (Ok(0), Ok(1)));
    drop(made);
    go.send(()).unwrap();
    pool.shutdown(Shutdown::Drain, None).unwrap();
    assert!(runs.try_recv().is_err());
}

#[test]
fn a_shutdown_ends_it() {
    for as_completed in [false, true] {
        let pool = Pool::new(1);
        let made = pool.map(0.., |n: u32| n).window(2);
        let mut made: Box<dyn Iterator<Item = _>> = if as_completed {
            Box::new(made.as_completed())
        } else {
            Box::new(made)
        };
        made.next().unwrap().unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        let rest: Vec<_> = made.collect();
        let cancelled = |made: &Result<_, _>| matches!(made, Err(JobError::Cancelled));
        assert_eq!(rest.iter().filter(|made| cancelled(made)).count(), 1);
        assert!(
            rest.iter()
                .filter(|made| !cancelled(made))
                .all(Result::is_ok)
        );
    }
}

#[test]
fn a_wait_that_is_cancelled_says_so_and_loses_nothing_as_completed() {
    let pool = Pool::new(1);
    let (go, gate) = bounded(1);
    let made = pool.map(0..1, move |n: i32| gate.recv().map(|()| n).unwrap());
    let mut made = made.as_completed();
    let token = CancelToken::new();
    token.cancel();
    let next = token.within(|| made.next());
    assert!(matches!(next, Some(Err(JobError::WaitCancelled))));
    go.send(()).unwrap();
    assert_eq!(made.next().unwrap().unwrap(), 0);
}
