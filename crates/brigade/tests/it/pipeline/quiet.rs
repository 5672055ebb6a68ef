//! Sources that make the caller wait for what is in flight: the time and wakers are looked at meanwhile.

use super::HOUR;
use brigade::channel;
use brigade::pipeline::{self, Stage};
use brigade::policy::{Backoff, RateLimit};
use brigade::pool::{Pool, Shutdown};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(1);

/// Runs `test` where a thread of the pool is there beside the caller.
fn with_another(test: impl Fn(&Pool) + Send + Sync + 'static) {
    let test = Arc::new(test);
    for threads in [1, 2, 4] {
        let pool = Arc::new(Pool::new(threads));
        test(&pool);
        if threads > 1 {
            let (inside, test) = (Arc::clone(&pool), Arc::clone(&test));
            pool.submit(move || test(&inside)).unwrap().join().unwrap();
        }
        pool.shutdown(Shutdown::Drain, None).unwrap();
    }
}

/// So many items, each of which comes only after what `wait` waits for.
fn each_after(items: usize, mut wait: impl FnMut()) -> impl Iterator<Item = usize> {
    (0..items).inspect(move |n| {
        if *n > 0 {
            wait();
        }
    })
}

#[test]
fn a_batch_is_closed_by_time_while_an_iterator_waits() {
    with_another(|pool| {
        let (stored, confirmed) = channel::bounded(1);
        let source = each_after(4, || confirmed.recv().unwrap());
        let report = pipeline::from_iter(source)
            .batch(100, SOON)
            .try_run(pool, |_| stored.try_send(()));
        assert_eq!(report.unwrap().items_out, 4);
    });
}

#[test]
fn an_item_is_tried_again_while_an_iterator_waits() {
    with_another(|pool| {
        let (stored, confirmed) = channel::bounded(1);
        let calls = AtomicUsize::new(0);
        let backoff = Backoff::constant(SOON).attempts(3);
        let source = each_after(4, || confirmed.recv().unwrap());
        let report = pipeline::from_iter(source)
            .retry_map(1, backoff, |_| match calls.fetch_add(1, SeqCst) % 3 {
                2 => Ok(()),
                _ => Err("not yet"),
            })
            .try_run(pool, |()| stored.try_send(()));
        assert_eq!(report.unwrap().retried, 8);
    });
}

#[test]
fn a_rate_goes_on_while_an_iterator_waits() {
    with_another(|pool| {
        let (stored, confirmed) = channel::unbounded();
        let limit = RateLimit::per(1000, Duration::from_secs(1)).unwrap();
        // Two at a time, of which the second is too early.
        let source = each_after(3, || (0..2).for_each(|_| confirmed.recv().unwrap()));
        let report = pipeline::from_iter(source.flat_map(|n| [n, n]))
            .map(Stage::new(1).rate(limit), |n| n)
            .run(pool, |_| stored.send(()).unwrap());
        assert_eq!(report.unwrap().items_out, 6);
    });
}

#[test]
fn a_future_is_woken_while_an_iterator_waits() {
    with_another(|pool| {
        let (stored, confirmed) = channel::bounded(1);
        let (ask, asked) = channel::bounded(1);
        let (answer, answered) = channel::bounded(1);
        thread::scope(|scope| {
            scope.spawn(move || asked.iter().for_each(|n| answer.send(n).unwrap()));
            let mut next = 0;
            let source = each_after(100, move || {
                ask.send(next).unwrap();
                next += 1;
                confirmed.recv().unwrap();
            });
            let report = pipeline::from_iter(source.take(99).chain(iter::once(99)))
                .map_async(1, |n| {
                    let answered = &answered;
                    async move {
                        if n < 98 {
                            assert_eq!(answered.recv_async().await, Ok(n));
                        }
                    }
                })
                .run(pool, |()| stored.send(()).unwrap_or(()));
            assert_eq!(report.unwrap().items_out, 100);
        });
    });
}

/// Many items that are done in no time come in no time, and then the source waits for all of them; with something that is due
/// long after that, or without.
#[test]
fn what_has_come_in_no_time_comes_through_when_the_iterator_waits() {
    const ITEMS: usize = 6000;
    with_another(|pool| {
        for later in [usize::MAX, 17] {
            let (all_seen, confirmed) = channel::bounded(1);
            let mut left = ITEMS - usize::from(later < ITEMS);
            let source = (0..ITEMS).chain(iter::from_fn(|| {
                confirmed.recv().unwrap();
                None
            }));
            let result = pipeline::from_iter(source)
                .retry_map(1, Backoff::constant(HOUR), |n| {
                    if *n == later { Err("later") } else { Ok(()) }
                })
                .try_run(pool, |()| {
                    left -= 1;
                    if left > 0 {
                        return Ok(());
                    }
                    all_seen.send(()).unwrap();
                    // Nobody waits an hour.
                    if later < ITEMS { Err("enough") } else { Ok(()) }
                });
            assert_eq!(result.is_ok(), later == usize::MAX);
        }
    });
}

/// A job makes place for another at a moment when nothing waits, and an item is due that nobody has looked at: it is tried
/// again for longer than a job stays, and one step before or after.
#[test]
fn who_makes_place_for_another_leaves_nothing_due() {
    let pool = Pool::new(1);
    for steps in 0..3 {
        let (stored, confirmed) = channel::bounded(1);
        let mut pipeline =
            pipeline::from_iter(each_after(3, || confirmed.recv().unwrap())).map(1, |n| n);
        for _ in 0..steps {
            pipeline = pipeline.map(1, |n| n).in_flight(2);
        }
        let calls = AtomicUsize::new(0);
        let backoff = Backoff::constant(Duration::ZERO).attempts(300);
        let report = pipeline
            .retry_map(1, backoff, |_| match calls.fetch_add(1, SeqCst) % 300 {
                299 => Ok(()),
                _ => Err("not yet"),
            })
            .try_run(&pool, |()| stored.try_send(()));
        assert_eq!(report.unwrap().retried, 3 * 299);
    }
}

/// The caller does an item that waits for a batch which is closed by time. Before, nothing is due, and what comes is so little
/// that nobody is called for it.
#[test]
fn what_is_due_does_not_wait_for_an_item_that_the_caller_does() {
    const LAST: usize = 50;
    let pool = Pool::new(1);
    for _ in 0..20 {
        let (sender, receiver) = channel::bounded(1);
        let (pass, passed) = channel::unbounded();
        let (stored, confirmed) = channel::unbounded();
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..=LAST {
                    sender.send(n).unwrap();
                    if n < LAST {
                        passed.recv().unwrap();
                    }
                }
            });
            pipeline::from_receiver(receiver)
                .map(1, |n| {
                    if n < LAST {
                        pass.send(()).unwrap();
                    } else {
                        confirmed.recv().unwrap();
                    }
                    n
                })
                .filter_map(1, |n| (n + 2 > LAST).then_some(n))
                .batch(100, SOON)
                .try_run(&pool, |_| stored.send(()))
                .unwrap();
        });
    }
}

/// Who is called to look has a place in nobody's way, and is gone at the end.
#[test]
fn a_pool_that_is_busy_all_the_time_holds_nothing_up_in_the_end() {
    let pool = Pool::new(1);
    let (free, waits) = channel::bounded::<()>(1);
    let kept = pool.submit(move || waits.recv()).unwrap();
    let report = pipeline::from_iter(0..1000)
        .map_async(4, |n| async move {
            super::turn().await;
            n
        })
        .retry_map(2, Backoff::constant(Duration::ZERO), |n| {
            if n % 3 == 0 { Err("three") } else { Ok(*n) }
        })
        .batch(3, Duration::ZERO)
        .run(&pool, drop);
    assert!(report.is_err());
    let report = pipeline::from_iter(0..1000)
        .map_async(4, |n| async move {
            super::turn().await;
            n
        })
        .batch(3, HOUR)
        .run(&pool, drop);
    assert_eq!(report.unwrap().items_in, 1000);
    drop(free);
    assert!(kept.join().unwrap().is_err());
}

/// The sink has a worker, and waits for an item that the other worker has to bring; all that is left to do is known to be
/// quick, and the source gives nothing more. That item comes before the sink has begun, or after.
#[test]
fn what_is_quick_does_not_wait_for_who_is_kept_by_the_sink() {
    const LAST: usize = 1000;
    let pool = Pool::new(2);
    let caller = thread::current().id();
    // The caller may come to do that item itself. Then nobody waits; and it is done once more.
    let has_waited = AtomicBool::new(false);
    for round in 0.. {
        if round > 10 && has_waited.load(SeqCst) {
            break;
        }
        let (began, begins) = channel::bounded(1);
        let (passed, passes) = channel::bounded(1);
        let (ended, ends) = channel::bounded(1);
        let source = (0..LAST + 3).inspect(|n| match n.checked_sub(LAST) {
            Some(1) if round % 2 == 0 => begins.recv().unwrap(),
            Some(2) => ends.recv().unwrap(),
            _ => {}
        });
        let report = pipeline::from_iter(source)
            .map(1, |n| {
                if n == LAST + 1 {
                    passed.send(()).unwrap();
                }
                n
            })
            .run(&pool, |n| {
                if n == LAST {
                    began.send(()).unwrap();
                    if thread::current().id() != caller {
                        passes.recv().unwrap();
                        has_waited.store(true, SeqCst);
                    }
                    ended.send(()).unwrap();
                }
            });
        assert_eq!(report.unwrap().items_out as usize, LAST + 3);
    }
}
