//! What the row of values that are set once needs from a peer, and its workload: one thread reads
//! a value that has been set long ago.

use crate::cpu_time;
use crate::run::{Load, Work};
use crate::tally::{Tally, settle};
use std::hint::black_box;

/// Reads between two looks at the clock: a read waits for nobody.
const LOOK: usize = 4096;
/// What is read.
pub(crate) const VALUE: usize = 3;

/// The question the row puts to a peer: to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Getting;

/// A value that is set once.
pub(crate) trait SetOnce: 'static {
    /// One that has been set to [`VALUE`].
    fn set() -> Self;
    fn get(&self) -> usize;
}

/// Makes the work that a peer's cell is to do.
pub(crate) fn work<S: SetOnce>(Getting: Getting) -> Work {
    Box::new(|load: Load| {
        let cell = S::set();
        let cpu = cpu_time::process();
        let (mut expected, mut read) = (Tally::start(), Tally::start());
        while read.count() < load.ops && !read.expired(load.limit) {
            let stop = load.ops.min(read.count() + LOOK);
            for _ in read.count()..stop {
                read.add(black_box(&cell).get());
            }
        }
        let read = read.stop();
        for _ in 0..read.count() {
            expected.add(VALUE);
        }
        settle(load.ops, &[expected], &[read], cpu_time::process() - cpu)
    })
}
