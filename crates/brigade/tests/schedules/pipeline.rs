//! Pipelines: sources, stages of closures and of futures, and sinks on a pool; what is cancelled, and what panics. Every item
//! comes through or is dropped, and nobody sleeps for ever.

use crate::actors::{any, pass, thread};
use crate::explore::explore;
use brigade::cancel::CancelToken;
use brigade::channel::{self, Receiver, bounded};
use brigade::pipeline::{self, Cause, Part, PipelineError, Report, Stage};
use brigade::pool::Pool;
use brigade::scope::Failure;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

/// An item that is counted.
struct Item(
    usize,
    #[expect(dead_code, reason = "for its count")] Arc<()>,
);

/// Items of an iterator, or of a channel that somebody fills.
fn run(
    pool: &Pool,
    items: usize,
    alive: &Arc<()>,
    fails: impl Fn(usize) -> Result<(), Cause> + Send + Sync,
    mut sink: impl FnMut(usize) + Send,
) -> Result<Report, PipelineError> {
    // Each future waits for a word of another thread, and another time in vain.
    let (ask, asked): (_, Receiver<channel::oneshot::Sender<()>>) = bounded(1 + any(2));
    let answers = thread(move || {
        asked
            .iter()
            .for_each(|answer| answer.send(()).unwrap_or(()))
    });
    let source = (0..items).map(|n| Item(n, alive.clone()));
    let stage = |width: usize| Stage::new(width).buffer(1 + any(2));
    let result = pipeline::from_iter(source)
        .in_flight(1 + any(3))
        .map(stage(any(3)), |item| {
            pass();
            item
        })
        .map_async(stage(1 + any(2)), |item| {
            let ask = ask.clone();
            async move {
                let (answer, answered) = channel::oneshot();
                if ask.send_async(answer).await.is_ok() {
                    let _ = answered.await;
                }
                item
            }
        })
        .try_map(stage(2).skip_errors(), |item| {
            fails(item.0)?;
            Ok::<_, Cause>(item)
        })
        .batch(2, Duration::from_secs(1 << 20))
        .ordered()
        .run(pool, |batch| {
            batch.into_iter().for_each(|item| sink(item.0))
        });
    drop(ask);
    answers.join().unwrap();
    result
}

fn pool() -> Pool {
    Pool::new(1 + any(2))
}

#[test]
fn every_item_comes_through_in_order() {
    explore(|| {
        let (pool, alive, mut got) = (pool(), Arc::new(()), Vec::new());
        let left_out = |n| if n == 1 { Err("one".into()) } else { Ok(()) };
        let report = run(&pool, 4, &alive, left_out, |n| got.push(n)).unwrap();
        assert_eq!(got, [0, 2, 3]);
        assert_eq!((report.items_in, report.skipped), (4, 1));
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn a_run_on_a_worker_of_its_own_pool() {
    explore(|| {
        let pool = Arc::new(pool());
        let inside = pool.clone();
        let job = pool.submit(move || {
            let (alive, mut got) = (Arc::new(()), Vec::new());
            run(&inside, 3, &alive, |_| Ok(()), |n| got.push(n)).unwrap();
            assert_eq!(Arc::strong_count(&alive), 1);
            got
        });
        assert_eq!(job.unwrap().join().unwrap(), [0, 1, 2]);
    });
}

#[test]
fn a_panic_ends_it_and_nothing_is_left() {
    explore(|| {
        let (pool, alive) = (pool(), Arc::new(()));
        let at = any(3);
        let panics = move |n| {
            if n == at {
                // Past the panic hook, for which it would be a failure of the schedule.
                resume_unwind(Box::new("boom"));
            }
            Ok(())
        };
        let error = run(&pool, 3, &alive, panics, drop).unwrap_err();
        assert_eq!(error.part, Part::Stage(3));
        assert!(matches!(&error.failure, Failure::Panicked(panic) if panic.message() == "boom"));
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn cancelled_at_any_moment() {
    explore(|| {
        let (pool, alive, token) = (pool(), Arc::new(()), CancelToken::new());
        let cancels = token.clone();
        let cancels = thread(move || {
            (0..any(20)).for_each(|_| pass());
            cancels.cancel();
        });
        let mut came = 0;
        let result = token.within(|| run(&pool, 3, &alive, |_| Ok(()), |_| came += 1));
        match result {
            Ok(_) => assert_eq!(came, 3),
            Err(error) => {
                assert_eq!(error.part, Part::Whole);
                assert!(matches!(error.failure, Failure::Cancelled(_)));
            }
        }
        assert_eq!(Arc::strong_count(&alive), 1);
        cancels.join().unwrap();
    });
}

/// The iterator waits for each item to come through: what is woken meanwhile is looked at by a job of the pool.
#[test]
fn an_iterator_waits_for_what_is_in_flight() {
    explore(|| {
        let pool = Pool::new(1 + any(2));
        let (ask, asked): (_, Receiver<channel::oneshot::Sender<()>>) = bounded(1);
        let answers = thread(move || {
            asked
                .iter()
                .for_each(|answer| answer.send(()).unwrap_or(()))
        });
        let (stored, confirmed) = bounded(1);
        let source = (0..3).inspect(|n| {
            if *n > 0 {
                confirmed.recv().unwrap();
            }
        });
        let report = pipeline::from_iter(source)
            .map_async(1, |_| {
                let ask = ask.clone();
                async move {
                    let (answer, answered) = channel::oneshot();
                    ask.send_async(answer).await.unwrap();
                    answered.await.unwrap();
                }
            })
            .run(&pool, |()| stored.send(()).unwrap());
        assert_eq!(report.unwrap().items_out, 3);
        drop(ask);
        answers.join().unwrap();
    });
}
