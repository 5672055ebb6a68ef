//! Many items through a few threads, and the results in the order of the items.
//!
//! Everything between the parts is bounded: a slow taker slows the workers, and these slow the source.
//! Knows nothing of files.

use crate::order::Order;
use crate::parts::{join, pool, submit};
use brigade::channel::{self, Receiver, Sender};
use brigade::pool::Shutdown;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// Items that may be ahead of the one whose result comes next: enough to keep every thread busy while
/// one of them reads a long file.
const WINDOW: usize = 1024;

/// Does `work` for every item, on so many threads, and hands the results to `take` in the order of the
/// items; `take` also learns whether the next result is at hand. Ends early if it says so.
///
/// Each thread has a buffer of `buffer` bytes, which `work` may use.
///
/// # Errors
///
/// A sentence, if the threads cannot be had or a part of the work panics.
pub(super) fn in_order<T, R, I, W>(
    items: I,
    threads: usize,
    buffer: usize,
    work: W,
    take: impl FnMut(R, bool) -> ControlFlow<()>,
) -> Result<(), String>
where
    T: Send + 'static,
    R: Send + 'static,
    I: Iterator<Item = T> + Send + 'static,
    W: Fn(T, &mut [u8]) -> R + Clone + Send + 'static,
{
    // One thread more feeds the others.
    let pool = pool(threads + 1, "brigade-files")?;
    let (places, taken) = channel::bounded(WINDOW);
    let (feed, fed) = channel::bounded(WINDOW);
    let (giver, results) = channel::bounded(WINDOW);
    let mut parts = vec![submit(&pool, move || {
        feed_all(items, &places, &feed);
    })?];
    for _ in 0..threads {
        let (fed, giver, work) = (fed.clone(), giver.clone(), work.clone());
        parts.push(submit(&pool, move || {
            serve(&fed, &giver, &work, &mut vec![0; buffer]);
        })?);
    }
    drop((fed, giver));
    // Takes both receivers along when it ends, which ends all the others.
    match take_in_order(results, taken, take) {
        ControlFlow::Continue(()) => join(parts),
        ControlFlow::Break(()) => {
            // Nobody wants the rest, and a part of it may be stuck in something that never ends. A shutdown
            // whose deadline has passed leaves the threads to end with the process.
            let _ = pool.shutdown(Shutdown::Abort, Some(Instant::now()));
            Ok(())
        }
    }
}

/// Hands the items on, numbered, as long as there are places.
fn feed_all<T>(items: impl Iterator<Item = T>, places: &Sender<()>, feed: &Sender<(u64, T)>) {
    for numbered in (0..).zip(items) {
        if places.send(()).is_err() || feed.send(numbered).is_err() {
            // Nobody wants the rest.
            return;
        }
    }
}

fn serve<T, R>(
    fed: &Receiver<(u64, T)>,
    giver: &Sender<(u64, R)>,
    work: &impl Fn(T, &mut [u8]) -> R,
    buffer: &mut [u8],
) {
    for (number, item) in fed {
        match catch_unwind(AssertUnwindSafe(|| work(item, &mut *buffer))) {
            Ok(result) => {
                if giver.send((number, result)).is_err() {
                    return;
                }
            }
            Err(panic) => {
                // The one who takes in order would wait for this result for ever.
                giver.close();
                resume_unwind(panic);
            }
        }
    }
}

fn take_in_order<R>(
    results: Receiver<(u64, R)>,
    taken: Receiver<()>,
    mut take: impl FnMut(R, bool) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut order = Order::new();
    for (number, result) in &results {
        order.put(number, result);
        while let Some(result) = order.take() {
            // The place was taken before the item was handed on, so one is there.
            taken
                .try_recv()
                .expect("each item holds a place in the window");
            let more = order.is_next_here() || !results.is_empty();
            take(result, more)?;
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(count: u64, threads: usize, mut stop_at: u64) -> Vec<u64> {
        let mut squares = Vec::new();
        in_order(
            0..count,
            threads,
            1,
            |number, _| number * number,
            |square, _| {
                squares.push(square);
                stop_at -= 1;
                if stop_at == 0 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        )
        .unwrap();
        squares
    }

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for threads in [1, 4] {
            let expected: Vec<u64> = (0..5000).map(|number| number * number).collect();
            assert_eq!(squares(5000, threads, u64::MAX), expected);
        }
        assert!(squares(0, 2, u64::MAX).is_empty());
    }

    #[test]
    fn who_takes_may_end_it_although_there_is_no_end_of_items() {
        assert_eq!(squares(u64::MAX, 2, 3), [0, 1, 4]);
    }

    #[test]
    fn who_takes_may_end_it_although_a_worker_is_stuck() {
        let (never, stuck) = channel::bounded::<()>(1);
        let work = move |number: u64, _: &mut [u8]| {
            if number > 0 {
                stuck.recv().expect_err("nothing is sent");
            }
        };
        let mut taken = 0;
        let ended = in_order(0..3, 1, 1, work, |(), _| {
            taken += 1;
            ControlFlow::Break(())
        });
        assert_eq!((ended, taken), (Ok(()), 1));
        drop(never);
    }

    #[test]
    fn a_panic_ends_it_with_a_sentence() {
        let work = |number: u64, _: &mut [u8]| assert_ne!(number, 5000, "not this one");
        let ended = in_order(0.., 2, 1, work, |(), _| ControlFlow::Continue(()));
        assert!(ended.unwrap_err().contains("not this one"));
    }
}
