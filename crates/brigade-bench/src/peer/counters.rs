//! fast-counter and contatori: counters cut into shards, one for each thread.

use super::Peer;
use crate::shared::counter::{self, Counting, MOST_THREADS, SharedCounter};
use contatori::counters::unsigned::Unsigned;
use contatori::counters::{CounterValue, Observable};
use fast_counter::ConcurrentCounter;

pub(super) const FAST_COUNTER: Peer<Counting> = Peer {
    name: "fast-counter",
    work: |counting| Ok(counter::work::<ConcurrentCounter>(counting)),
};

pub(super) const CONTATORI: Peer<Counting> = Peer {
    name: "contatori",
    work: |counting| Ok(counter::work::<Unsigned>(counting)),
};

impl SharedCounter for ConcurrentCounter {
    /// With a shard for each thread, as its documentation advises.
    fn new() -> Self {
        Self::new(MOST_THREADS)
    }

    #[inline]
    fn add_one(&self) {
        self.add(1);
    }

    #[inline]
    fn sum(&self) -> usize {
        self.sum() as usize
    }
}

impl SharedCounter for Unsigned {
    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn add_one(&self) {
        self.add(1);
    }

    #[inline]
    fn sum(&self) -> usize {
        match self.value() {
            CounterValue::Unsigned(sum) => sum as usize,
            other => panic!("an unsigned counter has the value {other}"),
        }
    }
}
