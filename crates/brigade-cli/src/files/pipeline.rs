//! Many items through a few threads, and the results in the order of the items.
//!
//! A [pipeline] of the library with one stage, whose results are handed to the calling thread. Everything on the way is
//! bounded: a slow taker slows the readers, and these slow the source. Knows nothing of files.

use crate::parts::{join_line, pool, start};
use brigade::channel;
use brigade::pipeline::{self, Stage};
use std::ops::ControlFlow;

/// Items that may be ahead of the one whose result comes next: enough to keep every thread busy while
/// one of them reads a long file.
const WINDOW: usize = 1024;

/// Results that may wait for the one who takes them: so many that a reader need not wait for that.
const AT_HAND: usize = 1024;

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
    mut take: impl FnMut(R, bool) -> ControlFlow<()>,
) -> Result<(), String>
where
    T: Send + 'static,
    R: Send + 'static,
    I: Iterator<Item = T> + Send + 'static,
    W: Fn(T, &mut [u8]) -> R + Send + Sync + 'static,
{
    let readers = pool(threads, "brigade-files")?;
    let (giver, results) = channel::bounded(AT_HAND);
    let line = pipeline::from_iter(items)
        .in_flight(WINDOW)
        .map_init(
            Stage::new(threads).blocking(),
            move || vec![0; buffer],
            move |buffer, item| work(item, buffer),
        )
        .ordered();
    // Not on this thread, which is to leave at once if nobody wants the rest: a reader may be stuck in something that
    // never ends.
    let line = start("brigade-files-line", move || {
        line.try_run(&readers, |result| {
            giver.send(result).map_err(|_| "nobody wants the rest")
        })
    })?;
    while let Ok(result) = results.recv() {
        if take(result, !results.is_empty()).is_break() {
            return Ok(());
        }
    }
    join_line(line)
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
