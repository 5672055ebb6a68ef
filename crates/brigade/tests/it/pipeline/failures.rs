//! What ends a pipeline, or does not: errors, panics at every point, cancellation.

use super::{HOUR, ended, everywhere, turn};
use brigade::cancel::{CancelToken, Reason};
use brigade::channel;
use brigade::pipeline::{self, Cause, Part, PipelineError, Report, Stage};
use brigade::policy::{Backoff, RetryError, Stopped};
use brigade::pool::Pool;
use brigade::scope::Failure;
use std::collections::BTreeSet;
use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

#[test]
fn the_first_error_ends_it_and_what_is_in_flight_is_dropped() {
    everywhere(|pool| {
        let alive = Arc::new(());
        let items = (0..).map(|n| (n, Arc::clone(&alive)));
        let result = pipeline::from_iter(items)
            .map(2, |item| item)
            .try_map(2, |item| if item.0 == 50 { Err("fifty") } else { Ok(item) })
            .map_async(2, |item| async move {
                turn().await;
                item
            })
            .batch(7, HOUR)
            .ordered()
            .run(pool, drop);
        let (part, text, report) = ended(result);
        assert_eq!((part, text.as_str()), (Part::Stage(2), "fifty"));
        assert!(report.items_in > 50 && report.items_out <= 8);
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn the_sink_may_fail() {
    everywhere(|pool| {
        let mut room = 10;
        let result = pipeline::from_iter(0..)
            .map(2, |n: u32| n)
            .try_run(pool, |_| {
                room -= 1;
                if room < 0 { Err("full") } else { Ok(()) }
            });
        let (part, text, report) = ended(result);
        assert_eq!((part, text.as_str()), (Part::Sink, "full"));
        assert_eq!(report.items_out, 10);
    });
}

#[test]
fn what_is_left_out_is_told_of() {
    everywhere(|pool| {
        let mut got = Vec::new();
        let skips = || Stage::new(2).skip_errors();
        let report = pipeline::from_iter(0..100)
            .try_map(skips(), |n| if n % 10 == 3 { Err("three") } else { Ok(n) })
            .try_map_async(skips(), |n| async move {
                if n % 10 == 4 { Err("four") } else { Ok(n) }
            })
            .ordered()
            .run(pool, |n| got.push(n))
            .unwrap();
        assert!(
            got.into_iter()
                .eq((0..100).filter(|n| n % 10 != 3 && n % 10 != 4))
        );
        assert_eq!(
            (report.items_in, report.items_out, report.skipped),
            (100, 80, 20)
        );
        let told = |stage| {
            let dead = report.dead.iter().filter(move |dead| dead.stage == stage);
            dead.map(|dead| (dead.number, dead.error.to_string()))
                .collect::<BTreeSet<_>>()
        };
        let by_ten = |from, word: &str| {
            (0..10_u64)
                .map(|ten| (ten * 10 + from, word.to_owned()))
                .collect()
        };
        assert_eq!(told(1), by_ten(3, "three"));
        assert_eq!(told(2), by_ten(4, "four"));
    });
}

#[test]
fn a_report_does_not_grow_with_the_input() {
    let report = pipeline::from_iter(0..5000)
        .try_map(Stage::new(2).skip_errors(), |_| Err::<(), _>("no"))
        .run(&Pool::new(2), drop)
        .unwrap();
    assert_eq!(
        (report.skipped, report.dead.len()),
        (5000, Report::DEAD_MAX)
    );
}

#[test]
fn what_fails_is_tried_as_often_as_the_backoff_says() {
    everywhere(|pool| {
        let calls = [(); 20].map(|()| AtomicUsize::new(0));
        let backoff = Backoff::constant(Duration::from_micros(1)).attempts(3);
        let report = pipeline::from_iter(0..20_usize)
            .retry_map(Stage::new(2).skip_errors(), backoff, |n| {
                let call = calls[*n].fetch_add(1, SeqCst) + 1;
                // Works at the third, the second, the first time; or never.
                if n % 4 < call { Ok(*n) } else { Err("busy") }
            })
            .run(pool, drop)
            .unwrap();
        let calls = calls.map(AtomicUsize::into_inner);
        assert!(
            calls
                .iter()
                .enumerate()
                .all(|(n, calls)| *calls == (n % 4 + 1).min(3))
        );
        assert_eq!(
            (report.items_out, report.skipped, report.retried),
            (15, 5, 5 * 5)
        );
        assert!(
            report
                .dead
                .iter()
                .all(|dead| dead.attempts == 3 && dead.number % 4 == 3)
        );
    });
}

#[test]
fn what_is_not_worth_it_or_too_late_is_not_tried_again() {
    everywhere(|pool| {
        let (calls, asked) = <(AtomicUsize, AtomicUsize)>::default();
        let run = |backoff: Backoff| {
            calls.store(0, SeqCst);
            asked.store(0, SeqCst);
            let worth = |error: &&str| {
                asked.fetch_add(1, SeqCst);
                *error == "busy"
            };
            let report = pipeline::from_iter(["busy", "gone"])
                .retry_map_if(Stage::new(1).skip_errors(), backoff, worth, |n| {
                    calls.fetch_add(1, SeqCst);
                    Err::<(), _>(*n)
                })
                .run(pool, drop)
                .unwrap();
            let mut dead = report.dead;
            dead.sort_by_key(|dead| dead.number);
            let told = dead.iter().map(|dead| {
                let error = dead.error.downcast_ref::<RetryError<Cause>>().unwrap();
                assert_eq!(dead.attempts, error.attempts);
                (error.error.to_string(), error.attempts, error.stopped)
            });
            let told: Vec<_> = told.collect();
            assert_eq!(asked.load(SeqCst), calls.load(SeqCst));
            (told, report.retried, calls.load(SeqCst))
        };
        let gone = || ("gone".to_owned(), 1, Stopped::NotWorthIt);
        let soon = Backoff::constant(Duration::from_micros(1)).attempts(3);
        let busy = ("busy".to_owned(), 3, Stopped::Attempts);
        assert_eq!(run(soon), (vec![busy, gone()], 2, 4));
        // The first delay would be too long. Were it begun, this would last an hour.
        let late = Backoff::constant(HOUR).total(HOUR - Duration::from_secs(1));
        let busy = ("busy".to_owned(), 1, Stopped::Time);
        assert_eq!(run(late), (vec![busy, gone()], 0, 2));
    });
}

/// Runs `pipeline` under a token that is cancelled once `waits` has been called as often as that.
pub(super) fn cancelled(
    calls: usize,
    pipeline: impl FnOnce(&(dyn Fn() + Sync)) -> Result<Report, PipelineError>,
) {
    let token = CancelToken::new();
    let (called, waits) = channel::unbounded();
    let result = thread::scope(|scope| {
        let canceller = token.clone();
        scope.spawn(move || {
            for _ in 0..calls {
                waits.recv().unwrap();
            }
            canceller.cancel();
        });
        token.within(|| pipeline(&move || called.send(()).unwrap()))
    });
    let error = result.unwrap_err();
    assert!(
        matches!(error.failure, Failure::Cancelled(Reason::User)),
        "{error}"
    );
    assert_eq!(error.part, Part::Whole);
}

#[test]
fn who_waits_for_another_attempt_is_in_nobodys_way() {
    everywhere(|pool| {
        cancelled(99, |passed| {
            pipeline::from_iter(0..100)
                .retry_map(1, Backoff::constant(HOUR), |n| {
                    if *n == 5 { Err("later") } else { Ok(*n) }
                })
                .run(pool, |_| passed())
        });
    });
}

#[test]
fn a_wait_in_a_stage_is_cancelled() {
    everywhere(|pool| {
        let (_sender, receiver) = channel::bounded::<u32>(1);
        cancelled(1, |waits| {
            pipeline::from_iter(0..)
                .try_map(Stage::new(0).skip_errors(), |_: u32| {
                    waits();
                    receiver.recv()
                })
                .run(pool, drop)
        });
    });
}

#[test]
fn a_wait_of_the_source_is_cancelled() {
    everywhere(|pool| {
        let (sender, receiver) = channel::bounded(1);
        sender.send(1).unwrap();
        cancelled(1, |waits| {
            pipeline::from_iter(receiver.iter())
                .map(1, |n| n)
                .run(pool, |_| waits())
        });
        sender.send(1).unwrap();
        cancelled(1, |waits| {
            pipeline::from_receiver(receiver.clone())
                .map(1, |n| n)
                .run(pool, |_| waits())
        });
    });
}

#[test]
fn a_wait_of_the_sink_and_of_the_caller_for_tickets_is_cancelled() {
    everywhere(|pool| {
        let (_sender, receiver) = channel::bounded::<u32>(1);
        cancelled(1, |waits| {
            pipeline::from_iter(0..)
                .in_flight(3)
                .map(2, |n: u32| n)
                .try_run(pool, |_| {
                    waits();
                    receiver.recv().map(drop)
                })
        });
    });
}

#[test]
fn futures_that_wait_are_cancelled_and_dropped() {
    everywhere(|pool| {
        let alive = Arc::new(());
        cancelled(4, |waits| {
            pipeline::from_iter(0..)
                .map_async(4, |_: u32| {
                    let held = Arc::clone(&alive);
                    waits();
                    async move {
                        pending::<()>().await;
                        drop(held);
                    }
                })
                .run(pool, drop)
        });
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn a_failure_ends_the_waits_of_the_others() {
    let pool = Pool::new(2);
    let caller = thread::current().id();
    let (_sender, receiver) = channel::bounded::<u32>(1);
    // The caller may come to do the first item itself. Then nobody waits; and it is done once more.
    let has_waited = AtomicBool::new(false);
    while !has_waited.load(SeqCst) {
        let (began, begins) = channel::bounded(1);
        let result = pipeline::from_iter(0..2)
            .try_map(2, |n| {
                if n == 1 {
                    begins.recv()?;
                    return Err::<u32, Cause>("one".into());
                }
                began.send(())?;
                if thread::current().id() == caller {
                    return Ok(0);
                }
                has_waited.store(true, SeqCst);
                Ok(receiver.recv()?)
            })
            .run(&pool, drop);
        assert_eq!(ended(result).1, "one");
    }
}

/// However many items a source has given in no time: it is asked for no more once it has been cancelled.
#[test]
fn a_source_that_is_cancelled_is_pulled_no_more() {
    everywhere(|pool| {
        let (token, mut pulled) = (CancelToken::new(), 0);
        let source = (0..).inspect(|n| {
            pulled += 1;
            if *n == 20_000 {
                token.cancel();
            }
        });
        let ran = token.within(|| pipeline::from_iter(source).run(pool, drop));
        assert!(ran.is_err());
        assert_eq!(pulled, 20_001);
    });
}

#[test]
fn under_a_token_that_is_cancelled_nothing_comes_through() {
    everywhere(|pool| {
        let token = CancelToken::new();
        token.cancel();
        let result = token.within(|| pipeline::from_iter(0..5).run(pool, |_| panic!("cancelled")));
        assert!(matches!(
            result.unwrap_err().failure,
            Failure::Cancelled(Reason::User)
        ));
    });
}

/// Panics when it is dropped, unless that happens in a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("dropped");
        }
    }
}

/// Panics when it is polled or, if not, when it is dropped.
struct Fuse {
    burns: bool,
}

impl Future for Fuse {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        assert!(!self.burns, "boom");
        Poll::Ready(())
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        assert!(self.burns, "boom");
    }
}

/// An error that panics when it is made into a cause.
struct Unnamed;

impl From<Unnamed> for Cause {
    fn from(_: Unnamed) -> Self {
        panic!("boom")
    }
}

fn boom<T>(at: u32) -> impl Fn(u32) -> T + Send + Sync + Copy
where
    T: From<u32>,
{
    move |n| if n == at { panic!("boom") } else { T::from(n) }
}

/// What came of a pipeline that a panic has ended in `part`.
fn ended_by_boom(part: Part, result: Result<Report, PipelineError>) {
    let (at, text, _) = ended(result);
    assert_eq!((at, text.as_str()), (part, "panic: boom"));
}

#[test]
fn a_panic_of_any_closure_is_an_error() {
    everywhere(|pool| {
        let from = || pipeline::from_iter(0..1000_u32);
        let in_stage = |result| ended_by_boom(Part::Stage(1), result);
        let source = (0..1000).map(boom::<u64>(20));
        let source = pipeline::from_iter(source).map(2, |n| n);
        ended_by_boom(Part::Source, source.run(pool, drop));
        let map = boom::<u64>(20);
        let second = from().map(2, |n| n).map(2, map);
        ended_by_boom(Part::Stage(2), second.run(pool, drop));
        in_stage(from().filter_map(2, move |n| Some(map(n))).run(pool, drop));
        let tries = move |n| Ok::<_, String>(map(n));
        let skips = Stage::new(2).skip_errors();
        in_stage(from().try_map(skips, tries).run(pool, drop));
        let backoff = Backoff::constant(Duration::ZERO);
        let retries = from().retry_map(2, backoff, move |n| tries(*n));
        in_stage(retries.run(pool, drop));
        let worth = |_: &&str| panic!("boom");
        let retries =
            from().retry_map_if(2, Backoff::constant(HOUR), worth, |_| Err::<(), _>("no"));
        in_stage(retries.run(pool, drop));
        let sink = |n| {
            map(n);
        };
        ended_by_boom(Part::Sink, from().map(2, |n| n).run(pool, sink));
    });
}

#[test]
fn a_panic_of_a_future_is_an_error() {
    everywhere(|pool| {
        let from = || pipeline::from_iter(0..1000_u32);
        let in_stage = |result| ended_by_boom(Part::Stage(1), result);
        let map = boom::<u64>(20);
        in_stage(from().map_async(2, move |n| ready(map(n))).run(pool, drop));
        for burns in [false, true] {
            in_stage(from().map_async(2, move |_| Fuse { burns }).run(pool, drop));
        }
        let late = from().map_async(2, move |n| async move {
            turn().await;
            map(n)
        });
        in_stage(late.run(pool, drop));
    });
}

#[test]
fn a_panic_in_the_making_of_a_cause_is_an_error() {
    everywhere(|pool| {
        let from = || pipeline::from_iter(0..1000_u32);
        let in_stage = |result| ended_by_boom(Part::Stage(1), result);
        let unnamed = move |n| if n == 20 { Err(Unnamed) } else { Ok(n) };
        let skips = || Stage::new(2).skip_errors();
        in_stage(from().try_map(skips(), unnamed).run(pool, drop));
        let awaited = from().try_map_async(skips(), move |n| ready(unnamed(n)));
        in_stage(awaited.run(pool, drop));
        let sink = move |n| unnamed(n).map(drop);
        ended_by_boom(Part::Sink, from().try_run(pool, sink));
    });
}

/// An item is dropped by the closure that has it, so its panic is that of the closure's part.
#[test]
fn a_panic_of_a_drop_on_the_way_is_an_error() {
    everywhere(|pool| {
        let from = || pipeline::from_iter((0..100).map(|n| (n, Bomb)));
        let to = |part, result| {
            let (at, text, _) = ended(result);
            assert_eq!((at, text.as_str()), (part, "panic: dropped"));
        };
        to(Part::Stage(1), from().map(2, drop).run(pool, drop));
        to(
            Part::Stage(1),
            from()
                .retry_map(1, Backoff::constant(HOUR), |_| Ok::<(), Cause>(()))
                .run(pool, drop),
        );
        to(
            Part::Stage(1),
            from()
                .map_async(1, |item| async move {
                    turn().await;
                    drop(item);
                })
                .run(pool, drop),
        );
        to(Part::Sink, from().map(1, |item| item).run(pool, drop));
        to(Part::Sink, from().batch(1, HOUR).run(pool, drop));
    });
}

#[test]
fn a_panic_of_a_drop_in_the_end_goes_no_further() {
    everywhere(|pool| {
        let result = pipeline::from_iter((0..5).map(|n| (n, Bomb)))
            .in_flight(3)
            .map(1, |item| item)
            .batch(100, HOUR)
            .try_run(pool, |batch| {
                std::mem::forget(batch);
                Err("full")
            });
        assert_eq!(ended(result).1, "full");
        // What is in flight then, and the source itself.
        let bomb = Bomb;
        let source = (0..50).map(move |n| {
            let _held = &bomb;
            (n, Bomb)
        });
        let result = pipeline::from_iter(source).try_map(1, |item| {
            std::mem::forget(item);
            Err::<(), _>("first")
        });
        assert_eq!(ended(result.run(pool, drop)).1, "first");
    });
}
