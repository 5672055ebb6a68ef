//! Stages whose items block, and what a stage keeps from one item to the next.

use super::{ended, everywhere};
use brigade::channel::{self, Receiver};
use brigade::pipeline::{self, Part, Stage};
use brigade::pool::Pool;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};
use std::time::Duration;

#[test]
fn items_of_a_stage_that_blocks_go_through_everywhere() {
    everywhere(|pool| {
        let mut got = BTreeSet::new();
        pipeline::from_iter(0..500)
            .in_flight(7)
            .map(Stage::new(2).blocking().buffer(1), |n| n + 1)
            .map(1, |n| n)
            .map(Stage::new(0).blocking(), |n| n)
            .run(pool, |n| assert!(got.insert(n)))
            .unwrap();
        assert!(got.into_iter().eq(1..=500));
    });
}

/// A thread of the pool that has been called and does not come for so long is taken for one that is busy: then the caller does
/// what blocks. On a machine that has little time for us, that may happen.
const TRUST: Duration = Duration::from_secs(1);

#[test]
fn the_caller_leaves_what_blocks_to_the_pool() {
    for threads in [1, 2, 4] {
        let (caller, has_worked) = (thread::current().id(), AtomicBool::new(true));
        while has_worked.swap(false, SeqCst) {
            let report = pipeline::from_iter(0..300)
                .in_flight(3)
                .map(Stage::new(2).blocking(), |_| {
                    has_worked.fetch_or(thread::current().id() == caller, SeqCst);
                })
                .run(&Pool::new(threads), drop);
            let took = report.unwrap().elapsed;
            assert!(!has_worked.load(SeqCst) || took >= TRUST, "{took:?}");
        }
    }
}

/// Waits until a value comes, unless this is the caller of the pipeline. Returns whether it is.
fn wait_unless_caller(caller: ThreadId, gate: &Receiver<()>) -> bool {
    let is_caller = thread::current().id() == caller;
    if !is_caller {
        gate.recv().unwrap();
    }
    is_caller
}

/// The first item waits until the source has given the sixth.
#[test]
fn the_source_is_pulled_while_items_block() {
    let (caller, again) = (thread::current().id(), AtomicBool::new(false));
    let mut sizes = vec![1, 2, 4];
    while let Some(threads) = sizes.pop() {
        let (sixth, given) = channel::bounded(1);
        let source = (0..100).inspect(|n| {
            if *n == 5 {
                sixth.send(()).unwrap();
            }
        });
        let report = pipeline::from_iter(source)
            .in_flight(10)
            .map(Stage::new(1).blocking(), |n| {
                if n == 0 && wait_unless_caller(caller, &given) {
                    again.store(true, SeqCst);
                }
            })
            .run(&Pool::new(threads), drop);
        assert_eq!(report.unwrap().items_out, 100);
        sizes.extend(again.swap(false, SeqCst).then_some(threads));
    }
}

/// After many that were quick, an item waits for the result of the one before.
#[test]
fn what_is_done_goes_on_before_the_next_blocks() {
    everywhere(|pool| {
        let (seen, sees) = channel::unbounded();
        let stage = Stage::new(1).blocking();
        pipeline::from_iter(0..2000)
            .in_flight(500)
            .map(stage, |n| {
                while n > 1000 && sees.recv().unwrap() != n - 1 {}
                n
            })
            .ordered()
            .run(pool, |n| seen.send(n).unwrap())
            .unwrap();
    });
}

/// The only thread of the pool waits for the end of the pipeline.
#[test]
fn on_a_pool_that_is_busy_the_caller_does_what_blocks() {
    let pool = Arc::new(Pool::new(1));
    let (over, is_over) = channel::bounded(1);
    let (begun, begins) = channel::bounded(1);
    let busy = pool
        .submit(move || {
            begun.send(()).unwrap();
            is_over.recv().unwrap();
        })
        .unwrap();
    begins.recv().unwrap();
    let report = pipeline::from_iter(0..50)
        .in_flight(4)
        .map(Stage::new(2).blocking(), |n| n)
        .run(&pool, |n| assert!(n < 50));
    assert_eq!(report.unwrap().items_out, 50);
    over.send(()).unwrap();
    busy.join().unwrap();
}

#[test]
fn a_stage_that_blocks_may_run_such_a_pipeline_on_the_same_pool() {
    everywhere(|pool| {
        let mut sum = 0;
        pipeline::from_iter(1..10_u64)
            .map(Stage::new(0).blocking(), |n| {
                let mut inner = 0;
                let within = pipeline::from_iter(0..n).map(Stage::new(0).blocking(), |m| m);
                within.run(pool, |m| inner += m).map(|_| inner).unwrap()
            })
            .run(pool, |n| sum += n)
            .unwrap();
        assert_eq!(sum, (1..10_u64).map(|n| n * (n - 1) / 2).sum());
    });
}

/// One item blocks to the end, and so does the source. What has been begun beside them comes through, also when the job that
/// does it makes place for another in the middle.
#[test]
fn what_is_begun_comes_through_though_the_source_and_others_block() {
    const ITEMS: usize = 1000;
    let (caller, again) = (thread::current().id(), AtomicBool::new(false));
    let mut lasts: Vec<_> = (ITEMS - 3..ITEMS).collect();
    while let Some(last) = lasts.pop() {
        let pool = Pool::new(2);
        let (all_given, gate) = channel::bounded(1);
        let (all_seen, source_goes_on) = channel::bounded(1);
        let (over, first_goes_on) = channel::bounded(1);
        let seen = AtomicUsize::new(0);
        let source = (0..=last).chain(std::iter::from_fn(|| {
            all_given.send(()).unwrap();
            source_goes_on.recv().unwrap();
            over.send(()).unwrap();
            None
        }));
        pipeline::from_iter(source)
            .in_flight(2 * ITEMS)
            .map(Stage::new(2).blocking(), |n| {
                let has_not_waited = match n {
                    0 => wait_unless_caller(caller, &first_goes_on),
                    1 => wait_unless_caller(caller, &gate),
                    _ => false,
                };
                again.fetch_or(has_not_waited, SeqCst);
                n
            })
            .map(1, |n| n)
            .run(&pool, |_| {
                if seen.fetch_add(1, SeqCst) + 1 == last {
                    all_seen.send(()).unwrap();
                }
            })
            .unwrap();
        lasts.extend(again.swap(false, SeqCst).then_some(last));
    }
}

/// Counts how many there are, and that one at a time uses it.
struct Desk<'a> {
    there: &'a AtomicUsize,
    taken: AtomicBool,
}

impl<'a> Desk<'a> {
    fn new(made: &AtomicUsize, there: &'a AtomicUsize) -> Self {
        made.fetch_add(1, SeqCst);
        there.fetch_add(1, SeqCst);
        let taken = AtomicBool::new(false);
        Self { there, taken }
    }

    fn used<T>(&mut self, by: impl FnOnce() -> T) -> T {
        assert!(!self.taken.swap(true, SeqCst));
        let made = by();
        self.taken.store(false, SeqCst);
        made
    }
}

impl Drop for Desk<'_> {
    fn drop(&mut self) {
        self.there.fetch_sub(1, SeqCst);
        assert!(thread::panicking(), "a panic that is to go no further");
    }
}

#[test]
fn what_is_kept_is_for_one_at_a_time_and_made_once_for_each_of_them() {
    everywhere(|pool| {
        let (made, there) = <(AtomicUsize, AtomicUsize)>::default();
        let report = pipeline::from_iter(0..1000)
            .map_init(
                2,
                || Desk::new(&made, &there),
                |desk, n| {
                    desk.used(|| {
                        if n % 9 == 0 {
                            thread::yield_now()
                        }
                    })
                },
            )
            .run(pool, drop);
        assert_eq!(report.unwrap().items_out, 1000);
        assert!((1..=2).contains(&made.load(SeqCst)));
        assert_eq!(there.load(SeqCst), 0);
    });
}

#[test]
fn a_panic_of_what_makes_it_or_uses_it_is_an_error() {
    everywhere(|pool| {
        let (made, there) = <(AtomicUsize, AtomicUsize)>::default();
        for in_init in [true, false] {
            let result = pipeline::from_iter(0..1000)
                .map_init(
                    Stage::new(2).skip_errors(),
                    || {
                        assert!(!in_init, "no desk");
                        Desk::new(&made, &there)
                    },
                    |desk, n| desk.used(|| assert_ne!(n, 500, "no desk")),
                )
                .run(pool, drop);
            let (part, text, _) = ended(result);
            assert_eq!(part, Part::Stage(1));
            assert!(text.contains("no desk"), "{text}");
            assert_eq!(there.load(SeqCst), 0);
        }
    });
}
