//! Two closures at once on a pool, and what is made of them: spans of items. The classic traps of such pools.

use brigade::cancel::CancelToken;
use brigade::channel::{self, RecvError};
use brigade::pool::{Pool, Worker};
use brigade::sync::{Mutex, Shared};
use brigade::wait::waiters;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

/// The sum of the numbers below `end`, one join for each.
fn sum_below(worker: &Worker, start: u64, end: u64) -> u64 {
    if end - start < 2 {
        return start;
    }
    let middle = start + (end - start) / 2;
    let (left, right) = worker.join(
        |worker| sum_below(worker, start, middle),
        |worker| sum_below(worker, middle, end),
    );
    left + right
}

fn sum_on(pool: &Pool, end: u64) -> u64 {
    let (left, right) = pool.join(
        |worker| sum_below(worker, 0, end / 2),
        |worker| sum_below(worker, end / 2, end),
    );
    left + right
}

/// Joins on `pool` until another thread has run the second closure of one, which `second` says.
fn until_shared<R: Send>(
    pool: &Pool,
    first: impl Fn() + Sync,
    second: impl Fn() -> R + Sync,
) -> thread::Result<R> {
    until_shared_with(pool, first, |_| second())
}

/// The same for a second closure that joins in turn.
fn until_shared_with<R: Send>(
    pool: &Pool,
    first: impl Fn() + Sync,
    second: impl Fn(&Worker) -> R + Sync,
) -> thread::Result<R> {
    let here = thread::current().id();
    loop {
        let taken = AtomicBool::new(false);
        let joined = catch_unwind(AssertUnwindSafe(|| {
            let ((), result) = pool.join(
                |_| {
                    // Time for somebody to come, and no end if nobody does.
                    for _ in 0..1000 {
                        if taken.load(Relaxed) {
                            first();
                            return;
                        }
                        thread::yield_now();
                    }
                },
                |worker| {
                    if thread::current().id() == here {
                        return None;
                    }
                    taken.store(true, Relaxed);
                    Some(second(worker))
                },
            );
            result
        }));
        match joined {
            Ok(Some(result)) => return Ok(result),
            Ok(None) => {}
            Err(payload) => return Err(payload),
        }
    }
}

#[test]
fn both_closures_borrow_and_yield() {
    for threads in 1..=4 {
        let pool = Pool::new(threads);
        let words = ["bucket".to_owned(), "brigade".to_owned()];
        let (first, second) = pool.join(|_| words[0].len(), |_| &words[1][..]);
        assert_eq!((first, second), (6, "brigade"));
    }
}

#[test]
fn joins_within_joins_add_up_from_outside_and_from_inside() {
    for threads in 1..=4 {
        let pool = Arc::new(Pool::new(threads));
        assert_eq!(sum_on(&pool, 10_000), 49_995_000);
        let inside = Arc::clone(&pool);
        let job = pool.submit(move || sum_on(&inside, 10_000)).unwrap();
        assert_eq!(job.join().unwrap(), 49_995_000);
    }
}

#[test]
fn a_worker_that_is_idle_takes_the_second() {
    let pool = Pool::new(2);
    let name = until_shared(&pool, || (), || thread::current().name().map(String::from));
    assert!(name.unwrap().unwrap().starts_with("brigade-"));
}

#[test]
fn many_threads_outside_share_one_pool() {
    let pool = Pool::new(2);
    thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(sum_on(&pool, 500), 124_750);
                }
            });
        }
    });
}

#[test]
fn one_pool_within_another() {
    let (outer, inner) = (Pool::new(2), Pool::new(2));
    let (left, right) = outer.join(
        |_| sum_on(&inner, 1000),
        |worker| {
            let (a, b) = worker.join(|_| sum_on(&inner, 1000), |_| sum_on(&outer, 1000));
            a + b
        },
    );
    assert_eq!((left, right), (499_500, 999_000));
}

/// rayon-core runs any job while it waits, also one that wants the same mutex: there this hangs.
#[test]
fn a_mutex_may_be_held_across_a_join() {
    let pool = Arc::new(Pool::new(2));
    let total = Shared::new(0);
    let jobs: Vec<_> = (0..64)
        .map(|_| {
            let (pool_inside, total) = (Arc::clone(&pool), total.clone());
            pool.submit(move || {
                let mut total = total.lock();
                *total += sum_on(&pool_inside, 200);
            })
            .unwrap()
        })
        .collect();
    for job in jobs {
        job.join().unwrap();
    }
    assert_eq!(*total.lock(), 64 * 19_900);
}

#[test]
fn ten_thousand_joins_deep() {
    fn deep(worker: &Worker, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let (below, one) = worker.join(|worker| deep(worker, depth - 1), |_| 1);
        below + one
    }
    let pool = Arc::new(
        Pool::builder()
            .threads(2)
            .stack_size(256 << 20)
            .build()
            .unwrap(),
    );
    let inside = Arc::clone(&pool);
    let job = pool.submit(move || inside.join(|worker| deep(worker, 10_000), |_| 0).0);
    assert_eq!(job.unwrap().join().unwrap(), 10_000);
}

/// What counts its drops.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload.downcast_ref::<&str>().copied().unwrap_or("?")
}

#[test]
fn a_panic_of_the_first_goes_on_and_nothing_is_dropped_twice() {
    for threads in 1..=2 {
        let pool = Pool::new(threads);
        for _ in 0..200 {
            let drops = AtomicUsize::new(0);
            let captured = Counted(&drops);
            let joined = catch_unwind(AssertUnwindSafe(|| {
                pool.join(
                    |_| panic!("the first"),
                    |_| {
                        let _captured = captured;
                        Counted(&drops)
                    },
                )
            }));
            assert_eq!(message(&*joined.err().unwrap()), "the first");
            // With the closure, or with the closure's call and its result.
            assert!((1..=2).contains(&drops.load(Relaxed)));
        }
        assert_eq!(sum_on(&pool, 100), 4950);
    }
}

#[test]
fn a_panic_of_the_second_goes_on_wherever_it_was_run() {
    let pool = Pool::new(2);
    let drops = AtomicUsize::new(0);
    let joined = catch_unwind(AssertUnwindSafe(|| {
        pool.join(|_| Counted(&drops), |_| panic!("the second"))
    }));
    assert_eq!(message(&*joined.err().unwrap()), "the second");
    assert_eq!(drops.load(Relaxed), 1);

    let joined = until_shared(&pool, || (), || panic!("elsewhere"));
    assert_eq!(message(&*joined.err().unwrap()), "elsewhere");
    assert_eq!(sum_on(&pool, 100), 4950);
}

#[test]
fn of_two_panics_the_first_goes_on() {
    let pool = Pool::new(2);
    let joined = until_shared(&pool, || panic!("the first"), || panic!("the second"));
    assert_eq!(message(&*joined.err().unwrap()), "the first");
    assert_eq!(sum_on(&pool, 100), 4950);
}

#[test]
fn a_cancelled_join_ends_the_waits_of_both() {
    let pool = Pool::new(2);
    let token = CancelToken::new();
    let (_sender, receiver) = channel::bounded::<()>(1);
    let ended = token.within(|| {
        until_shared(
            &pool,
            || {
                token.cancel();
                assert_eq!(receiver.recv(), Err(RecvError::Cancelled));
            },
            || receiver.recv(),
        )
    });
    assert_eq!(ended.unwrap(), Err(RecvError::Cancelled));
}

#[test]
fn a_pool_that_has_been_shut_down_still_joins_on_the_caller() {
    let pool = Pool::new(2);
    pool.shutdown(brigade::pool::Shutdown::Drain, None).unwrap();
    assert_eq!(sum_on(&pool, 1000), 499_500);
}

#[test]
fn a_pool_may_be_dropped_by_what_it_joins() {
    let pool = Arc::new(Pool::new(2));
    let (sender, receiver) = channel::bounded(1);
    let inside = Arc::clone(&pool);
    pool.execute(move || {
        let sum = sum_on(&inside, 100);
        drop(inside);
        sender.send(sum).unwrap();
    })
    .unwrap();
    drop(pool);
    assert_eq!(receiver.recv(), Ok(4950));
}

#[test]
fn every_item_is_reached_once() {
    for threads in [1, 2, 4] {
        let pool = Pool::new(threads);
        for length in [0, 1, 2, 3, 1000, 100_000] {
            let hits: Vec<AtomicUsize> = (0..length).map(|_| AtomicUsize::new(0)).collect();
            pool.for_each(0..length, |at| {
                hits[at].fetch_add(1, Relaxed);
            });
            pool.for_each(&hits[..], |hit| {
                hit.fetch_add(1, Relaxed);
            });
            assert!(hits.iter().all(|hit| hit.load(Relaxed) == 2));

            let mut numbers = vec![1; length];
            pool.for_each(&mut numbers[..], |number| *number += 1);
            assert_eq!(numbers, vec![2; length]);
        }
    }
}

#[test]
fn results_come_in_the_order_of_the_items() {
    let pool = Pool::new(2);
    for length in [0, 1, 2, 1000, 100_000] {
        let strings = pool.map_collect(0..length, |n| n.to_string());
        assert!(
            strings
                .iter()
                .enumerate()
                .all(|(at, text)| *text == at.to_string())
        );
        assert_eq!(strings.len(), length);
    }
    assert_eq!(pool.map_collect(&[(); 5][..], |()| ()), [(); 5]);
}

#[test]
fn parts_are_merged_with_their_neighbours() {
    let pool = Pool::new(2);
    let words: Vec<String> = (0..5000).map(|n| n.to_string()).collect();
    for _ in 0..20 {
        let text = pool.reduce(
            &words[..],
            String::new,
            |text, word| text + word,
            |left, right| left + &right,
        );
        assert_eq!(text, words.concat());
    }
}

#[test]
fn a_panic_among_items_drops_what_there_is() {
    let pool = Pool::new(2);
    for bad in [0, 1, 500, 999] {
        let made = AtomicUsize::new(0);
        let drops = AtomicUsize::new(0);
        let mapped = catch_unwind(AssertUnwindSafe(|| {
            pool.map_collect(0..1000, |n| {
                assert_ne!(n, bad, "a bad item");
                made.fetch_add(1, Relaxed);
                Counted(&drops)
            })
        }));
        assert!(mapped.is_err());
        assert_eq!(made.load(Relaxed), drops.load(Relaxed));
    }
}

#[test]
fn a_range_that_runs_backwards_is_empty() {
    let pool = Pool::new(1);
    let (start, end) = (5, 3);
    assert_eq!(
        pool.reduce(start..end, || 0, |sum, n| sum + n, |a, b| a + b),
        0
    );
    assert_eq!(pool.map_collect(start..end, |n| n), []);
}

#[test]
fn the_first_closure_may_stay_on_its_thread() {
    let pool = Pool::new(2);
    let here = Cell::new(0);
    let (first, second) = pool.join(|_| here.replace(1), |_| 2);
    assert_eq!((first, second, here.get()), (0, 2, 1));
}

#[test]
fn waits_inside_of_a_join_hold_nobody_up_but_their_own() {
    let pool = Pool::new(2);
    let mutex = Mutex::new(0);
    pool.for_each(0..1000, |_| *mutex.lock() += 1);
    assert_eq!(*mutex.lock(), 1000);
}

/// Whether a thread waits for its half that has begun to wait in this file at `line`.
fn joins_at(line: u32) -> bool {
    waiters().iter().any(|waiter| {
        waiter.waits_for() == "pool join"
            && waiter.site().file() == file!()
            && waiter.site().line() == line
    })
}

/// What the second closure does when somebody else has it: waits until its joiner is seen to wait, at `line`.
fn seen_at(line: u32, here: thread::ThreadId) -> bool {
    if thread::current().id() == here {
        return false;
    }
    while !joins_at(line) {
        thread::yield_now();
    }
    true
}

#[test]
fn a_join_that_waits_says_where_it_was_called() {
    let pool = Pool::new(2);
    let here = thread::current().id();
    let taken = AtomicBool::new(false);
    let linger = || {
        for _ in 0..1000 {
            if !taken.load(Relaxed) {
                thread::yield_now();
            }
        }
    };
    let line = line!() + 2;
    let joined = || {
        pool.join(
            |_| linger(),
            |_| {
                taken.store(thread::current().id() != here, Relaxed);
                seen_at(line, here)
            },
        )
        .1
    };
    while !joined() {}
    let line = line!() + 3;
    taken.store(false, Relaxed);
    let walked = || {
        pool.map_collect(0..2, |_| {
            if thread::current().id() == here {
                linger();
                return false;
            }
            taken.store(true, Relaxed);
            seen_at(line, here)
        })
    };
    while !walked().contains(&true) {}
}

/// Goes down to single items, of which those that are `bad` panic. Returns how many there are.
fn some_bad(worker: &Worker, start: u32, end: u32, bad: &(dyn Fn(u32) -> bool + Sync)) -> usize {
    if end - start < 2 {
        thread::yield_now();
        assert!(!bad(start), "a bad item");
        return 1;
    }
    let middle = start + (end - start) / 2;
    let (left, right) = worker.join(
        |worker| some_bad(worker, start, middle, bad),
        |worker| some_bad(worker, middle, end, bad),
    );
    left + right
}

/// A joiner that unwinds still waits for its half, and so may run parts of it that panic, too.
#[test]
fn parts_may_panic_on_a_joiner_that_panics() {
    let pool = Pool::new(3);
    for bad in 2..8 {
        for _ in 0..20 {
            let joined = catch_unwind(AssertUnwindSafe(|| {
                until_shared_with(
                    &pool,
                    || panic!("the first"),
                    |worker| some_bad(worker, 0, 64, &|n| n % bad == 1),
                )
            }));
            assert!(joined.unwrap().is_err());
        }
    }
    assert_eq!(sum_on(&pool, 100), 4950);
}

#[test]
fn thread_locals_may_join_when_their_thread_ends() {
    struct AtTheEnd(Arc<Pool>, Arc<AtomicUsize>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            self.1
                .fetch_add(usize::try_from(sum_on(&self.0, 200)).unwrap(), Relaxed);
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) };
    }
    let pool = Arc::new(Pool::new(2));
    let other = Pool::new(1);
    let sum = Arc::new(AtomicUsize::new(0));
    let leave = || {
        let last = AtTheEnd(Arc::clone(&pool), Arc::clone(&sum));
        move || LAST.set(Some(last))
    };
    thread::spawn(leave()).join().unwrap();
    other.execute(leave()).unwrap();
    drop(other);
    assert_eq!(sum.load(Relaxed), 2 * 19_900);
}
