//! Pipelines: order, the bound, batches, rates, and what a run does with how few threads; in `failures`, what ends one; in
//! `quiet`, sources that make it wait; in `blocking`, stages that block.

mod blocking;
mod failures;
mod quiet;

use crate::allocations;
use brigade::channel;
use brigade::pipeline::{self, Part, PipelineError, Report, Stage};
use brigade::policy::{Backoff, RateLimit};
use brigade::pool::{Pool, Shutdown};
use brigade::scope::Failure;
use failures::cancelled;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Runs `test` on pools of different sizes, from outside and on their workers, and on one that runs nothing any more.
fn everywhere(test: impl Fn(&Pool) + Send + Sync + 'static) {
    let test = Arc::new(test);
    for threads in [1, 2, 4] {
        let pool = Arc::new(Pool::new(threads));
        test(&pool);
        let (inside, test) = (Arc::clone(&pool), Arc::clone(&test));
        pool.submit(move || test(&inside)).unwrap().join().unwrap();
    }
    let pool = Pool::new(1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    test(&pool);
}

/// What ended a pipeline: the part, the failure in words, and the report.
fn ended(result: Result<Report, PipelineError>) -> (Part, String, Report) {
    let error = result.unwrap_err();
    let text = match &error.failure {
        Failure::Panicked(panic) => format!("panic: {}", panic.message()),
        other => other.to_string(),
    };
    assert!(error.site.file().contains("pipeline"));
    assert!(error.to_string().contains(&error.part.to_string()));
    (error.part, text, *error.report)
}

/// Counts up and down, and keeps the most that there were.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn up(&self) {
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
    }

    fn down(&self) {
        self.now.fetch_sub(1, SeqCst);
    }

    fn most(&self) -> usize {
        self.most.load(SeqCst)
    }
}

/// Lets others run once before it is done.
fn turn() -> impl Future<Output = ()> {
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

#[test]
fn every_item_goes_through_every_stage_once() {
    everywhere(|pool| {
        let mut got = BTreeSet::new();
        let report = pipeline::from_iter(0..1000)
            .map(3, |n| n + 1)
            .map(1, |n| n * 2)
            .map(0, |n| n + 1)
            .run(pool, |n| assert!(got.insert(n)))
            .unwrap();
        assert!(got.into_iter().eq((0..1000).map(|n| (n + 1) * 2 + 1)));
        assert_eq!((report.items_in, report.items_out), (1000, 1000));
        assert_eq!((report.skipped, report.retried), (0, 0));
    });
}

#[test]
fn without_stages_and_without_items() {
    everywhere(|pool| {
        let mut got = Vec::new();
        let report = pipeline::from_iter(0..10)
            .ordered()
            .run(pool, |n| got.push(n));
        assert_eq!(report.unwrap().items_out, 10);
        assert_eq!(got, Vec::from_iter(0..10));
        let none = pipeline::from_iter(0..0)
            .map(2, |n: i32| n)
            .batch(3, HOUR)
            .map_async(2, ready)
            .run(pool, |_| panic!("nothing comes"));
        assert_eq!(none.unwrap().items_in, 0);
    });
}

#[test]
fn the_order_is_kept_over_every_kind_of_stage() {
    everywhere(|pool| {
        for in_flight in [1, 2, 7, 200] {
            let failed = Mutex::new(BTreeSet::new());
            let mut got = Vec::new();
            pipeline::from_iter(0..300_u64)
                .in_flight(in_flight)
                .map(Stage::new(3).buffer(2), |n| {
                    if n % 7 == 0 {
                        thread::yield_now();
                    }
                    n
                })
                .filter_map(2, |n| (n % 5 != 0).then_some(n))
                .map_async(4, |n| async move {
                    if n % 3 == 0 {
                        turn().await;
                    }
                    n
                })
                .retry_map(2, Backoff::constant(Duration::from_micros(1)), |n: &u64| {
                    let again = n.is_multiple_of(11) && failed.lock().unwrap().insert(*n);
                    if again { Err("not yet") } else { Ok(*n) }
                })
                .batch(3, HOUR)
                .map(2, |batch| batch)
                .ordered()
                .run(pool, |batch| got.extend(batch))
                .unwrap();
            assert!(got.into_iter().eq((0..300).filter(|n| n % 5 != 0)));
        }
    });
}

#[test]
fn no_more_are_in_flight_and_at_a_stage_than_are_allowed() {
    everywhere(|pool| {
        let (all, stage, tasks, behind) = <(Gauge, Gauge, Gauge, Gauge)>::default();
        let source = (0..2000).inspect(|_| all.up());
        pipeline::from_iter(source)
            .in_flight(20)
            .map(2, |n| {
                stage.up();
                thread::yield_now();
                stage.down();
                n
            })
            .map_async(3, |n| {
                tasks.up();
                let tasks = &tasks;
                async move {
                    turn().await;
                    tasks.down();
                    n
                }
            })
            .map(Stage::new(2).buffer(2), |n| {
                behind.up();
                n
            })
            .map(1, |n| {
                behind.down();
                n
            })
            .ordered()
            .run(pool, |_| all.down())
            .unwrap();
        assert!(all.most() <= 20, "{}", all.most());
        assert!(stage.most() <= 2 && tasks.most() <= 3);
        // Two that wait, and two that the next has claimed and not begun.
        assert!(behind.most() <= 4, "{}", behind.most());
    });
}

/// The caller alone has all of it, so what it holds is what the pipeline holds.
#[test]
fn what_it_holds_does_not_grow_with_the_input() {
    const EARLY: usize = 1000;
    let pool = Pool::new(1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    let before = allocations::held();
    let (mut early, mut late) = (0, 0);
    let source = (0..20 * EARLY).inspect(|n| {
        let held = allocations::held().wrapping_sub(before);
        let most = if *n < EARLY { &mut early } else { &mut late };
        *most = held.max(*most);
    });
    let failed = AtomicUsize::new(usize::MAX);
    let report = pipeline::from_iter(source)
        .filter_map(2, |n| (n % 5 != 0).then_some(n))
        .map_async(4, |n| async move {
            turn().await;
            n
        })
        .retry_map(2, Backoff::constant(Duration::ZERO), |n| {
            let again = n % 3 == 0 && failed.swap(*n, SeqCst) != *n;
            if again { Err("not yet") } else { Ok(*n) }
        })
        .batch(3, HOUR)
        .ordered()
        .run(&pool, drop);
    assert!(report.unwrap().retried > 0);
    assert!(early > 0 && late <= 2 * early, "{early} {late}");
}

#[test]
fn batches_are_full_but_for_the_last() {
    everywhere(|pool| {
        for in_order in [false, true] {
            let mut sizes = Vec::new();
            let mut sum = 0;
            let pipeline = pipeline::from_iter(0..1003_u64)
                .map(3, |n| n)
                .batch(10, HOUR)
                .batch(3, HOUR);
            let pipeline = if in_order {
                pipeline.ordered()
            } else {
                pipeline
            };
            let report = pipeline.run(pool, |outer| {
                sizes.push(outer.iter().map(Vec::len).collect::<Vec<_>>());
                sum += outer.iter().flatten().sum::<u64>();
            });
            assert_eq!(report.unwrap().items_out, 34);
            assert_eq!(sum, (0..1003).sum());
            let (last, full) = sizes.split_last().unwrap();
            assert!(full.iter().all(|outer| *outer == [10, 10, 10]));
            assert_eq!(*last, [10, 3]);
        }
    });
}

#[test]
fn a_batch_larger_than_what_may_be_in_flight_is_closed_as_it_is() {
    everywhere(|pool| {
        let mut got = Vec::new();
        pipeline::from_iter(0..20)
            .in_flight(6)
            .filter_map(1, |n| (n % 2 == 0).then_some(n))
            .batch(100, HOUR)
            .batch(100, HOUR)
            .ordered()
            .run(pool, |outer| got.extend(outer.concat()))
            .unwrap();
        assert!(got.into_iter().eq((0..20).step_by(2)));
    });
}

#[test]
fn a_batch_is_closed_by_time_though_the_source_is_quiet() {
    everywhere(|pool| {
        let (sender, receiver) = channel::bounded(2);
        let (results, batches) = channel::unbounded();
        let mut sender = Some(sender);
        sender.as_ref().unwrap().send(1).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                // Only now is the source over: nothing but the time has closed the batch.
                assert_eq!(batches.recv(), Ok(vec![1]));
                sender = None;
            });
            pipeline::from_receiver(receiver)
                .map(1, |n| n)
                .batch(100, Duration::from_millis(1))
                .run(pool, |batch| results.send(batch).unwrap())
                .unwrap();
        });
    });
}

/// The source waits for the result of the item before.
#[test]
fn an_item_comes_through_though_the_source_waits() {
    everywhere(|pool| {
        let (results, answers) = channel::bounded(1);
        results.send(0).unwrap();
        let source = answers.iter().take(200);
        let mut last = 0;
        pipeline::from_iter(source)
            .map(2, |n| n + 1)
            .map(1, |n| n)
            .run(pool, |n| {
                last = n;
                results.send(n).unwrap();
            })
            .unwrap();
        assert_eq!(last, 200);
    });
}

#[test]
fn the_values_of_a_channel_come_as_they_are_sent() {
    everywhere(|pool| {
        let (results, answers) = channel::bounded(1);
        let (sender, receiver) = channel::bounded(1);
        thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..200 {
                    sender.send(n).unwrap();
                    assert_eq!(answers.recv(), Ok(n * 2));
                }
            });
            let pipeline = pipeline::from_receiver(receiver).map_async(2, |n| async move {
                turn().await;
                n * 2
            });
            let report = pipeline.run(pool, |n| results.send(n).unwrap());
            assert_eq!(report.unwrap().items_in, 200);
        });
    });
}

#[test]
fn a_rate_is_kept_and_cancelled() {
    everywhere(|pool| {
        let limit = Arc::new(RateLimit::per(1, HOUR).unwrap().burst(3).unwrap());
        let begun = AtomicUsize::new(0);
        cancelled(3, |waits| {
            pipeline::from_iter(0..)
                .map(Stage::new(2).rate(Arc::clone(&limit)), |n: u32| {
                    begun.fetch_add(1, SeqCst);
                    n
                })
                .run(pool, |_| waits())
        });
        assert_eq!(begun.load(SeqCst), 3);
        let often = RateLimit::per(10_000, Duration::from_secs(1)).unwrap();
        let report = pipeline::from_iter(0..20)
            .map(Stage::new(2).rate(often), |n| n)
            .run(pool, drop);
        let report = report.unwrap();
        assert!(report.elapsed >= Duration::from_micros(1900), "{report:?}");
    });
}

#[test]
fn what_was_left_out_takes_nothing_of_a_rate() {
    everywhere(|pool| {
        let limit = Arc::new(RateLimit::per(1, HOUR).unwrap().burst(30).unwrap());
        let stage = || Stage::new(2).rate(Arc::clone(&limit));
        let skips = Stage::new(2).skip_errors();
        let report = pipeline::from_iter(0..30)
            .filter_map(2, |n| (n % 2 == 0).then_some(n))
            .map(stage(), |n| n)
            .try_map_async(skips, |n| async move {
                turn().await;
                if n % 3 == 0 { Err("three") } else { Ok(n) }
            })
            // Of these, batches are left empty.
            .filter_map(1, |n| (n > 20).then_some(n))
            .batch(1, HOUR)
            .ordered()
            .map(stage(), |batch| batch)
            .run(pool, drop);
        let report = report.unwrap();
        assert_eq!((report.items_out, report.skipped), (3, 5));
        // Fifteen have gone through the one stage, 22, 26 and 28 through the other.
        limit.try_acquire_many(30 - 15 - 3).unwrap();
        assert!(limit.try_acquire().is_err());
    });
}

#[test]
fn futures_are_woken_from_anywhere() {
    everywhere(|pool| {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..100).map(|_| channel::oneshot()).unzip();
        thread::scope(|scope| {
            scope.spawn(|| {
                for (n, sender) in senders.into_iter().enumerate().rev() {
                    sender.send(n).unwrap();
                }
            });
            let mut got = Vec::new();
            pipeline::from_iter(receivers)
                .map_async(0, |receiver| async move { receiver.await.unwrap() })
                .ordered()
                .run(pool, |n| got.push(n))
                .unwrap();
            assert!(got.into_iter().eq(0..100));
        });
    });
}

#[test]
fn a_waker_that_outlives_its_future_and_the_pipeline_does_no_harm() {
    everywhere(|pool| {
        let kept = Mutex::new(Vec::<Waker>::new());
        let kept = &kept;
        let report = pipeline::from_iter(0..50).map_async(2, |_| async move {
            poll_fn(|cx| {
                let mut kept = kept.lock().unwrap();
                kept.iter().for_each(Waker::wake_by_ref);
                kept.push(cx.waker().clone());
                Poll::Ready(())
            })
            .await;
            turn().await;
        });
        assert_eq!(report.run(pool, drop).unwrap().items_out, 50);
        kept.lock().unwrap().drain(..).for_each(Waker::wake);
    });
}

/// There are no handles. What can be forgotten is a pipeline that has not run, a waker, and what a closure has.
#[test]
fn what_is_forgotten_keeps_nothing_from_ending() {
    everywhere(|pool| {
        let alive = Arc::new(());
        let never = pipeline::from_iter(0..5).map(2, |n| (n, &alive));
        std::mem::forget(never);
        let report = pipeline::from_iter((0..50).map(|n| (n, Arc::clone(&alive))))
            .map_async(2, |item| async move {
                let mut polls = 0;
                poll_fn(|cx| {
                    std::mem::forget(cx.waker().clone());
                    polls += 1;
                    if polls == 1 {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(())
                })
                .await;
                item
            })
            .run(pool, drop);
        assert_eq!(report.unwrap().items_out, 50);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn a_stage_may_run_a_pipeline_on_the_same_pool() {
    everywhere(|pool| {
        let mut sum = 0;
        pipeline::from_iter(0..20_u64)
            .map(2, |n| {
                let mut inner = 0;
                let within = pipeline::from_iter(0..n)
                    .map(2, |m| m)
                    .run(pool, |m| inner += m);
                within.map(|_| inner).unwrap()
            })
            .run(pool, |n| sum += n)
            .unwrap();
        assert_eq!(sum, (0..20_u64).map(|n| n * n.saturating_sub(1) / 2).sum());
    });
}

#[test]
fn many_quick_items() {
    let pool = Pool::new(4);
    for in_order in [false, true] {
        let pipeline = pipeline::from_iter(0..100_000_u64)
            .in_flight(1000)
            .map(0, |n| n + 1)
            .map(2, |n| n + 1)
            .map(1, |n| n + 1);
        let pipeline = if in_order {
            pipeline.ordered()
        } else {
            pipeline
        };
        let (mut sum, mut last, mut sorted) = (0, 0, true);
        pipeline
            .run(&pool, |n| {
                sum += n;
                sorted &= last <= n;
                last = n;
            })
            .unwrap();
        assert_eq!(sum, (0..100_000).map(|n| n + 3).sum());
        assert!(sorted || !in_order);
    }
}
