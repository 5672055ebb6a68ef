//! Ours: pipelines, of closures and of futures.

use super::{OURS, Peer};
use crate::pipeline::{self, Each, IN_FLIGHT, Lines, PipelineTraffic, check, expected, made};
use crate::run::{Load, repeat};
use brigade::pipeline::{FromIter, Pipeline, from_iter};
use brigade::pool::Pool;
use std::ops::Range;

pub(super) const LINE: Peer<PipelineTraffic> = Peer {
    name: OURS,
    work: |traffic| Ok(pipeline::work::<Pool>(traffic)),
};

pub(super) const AWAITED: Peer<()> = Peer {
    name: OURS,
    work: |()| Ok(Box::new(|load| awaited(load, false))),
};

pub(super) const AWAITED_IN_ORDER: Peer<()> = Peer {
    name: "brigade ordered",
    work: |()| Ok(Box::new(|load| awaited(load, true))),
};

impl Lines for Pool {
    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    fn sum(&self, items: usize, stages: usize, each: impl Each) -> u64 {
        let first = from_iter(0..items as u64).in_flight(IN_FLIGHT).map(0, each);
        match stages {
            1 => into_sum(first, self),
            2 => into_sum(first.map(0, each), self),
            4 => into_sum(first.map(0, each).map(0, each).map(0, each), self),
            _ => unreachable!("no row has {stages} stages"),
        }
    }
}

fn into_sum(pipeline: Pipeline<'_, FromIter<Range<u64>>, u64>, pool: &Pool) -> u64 {
    let mut sum = 0_u64;
    let ran = pipeline.run(pool, |number| sum = sum.wrapping_add(number));
    ran.expect("nothing fails in it");
    sum
}

fn awaited(load: Load, in_order: bool) -> Result<crate::run::Run, String> {
    let pool = Pool::new(crate::fork::THREADS);
    let expected = expected(load.ops, 1);
    repeat(load, load.ops, || {
        let pipeline = from_iter(0..load.ops as u64)
            .in_flight(IN_FLIGHT)
            .map_async(IN_FLIGHT, |number| async move { made(number) });
        let pipeline = if in_order {
            pipeline.ordered()
        } else {
            pipeline
        };
        check(expected, into_sum(pipeline, &pool))
    })
}
