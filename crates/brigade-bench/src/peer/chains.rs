//! What is taken where there are no pipelines: a thread for each stage with crossbeam's channels between, rayon's bridge
//! from an iterator, and the buffers of futures that streams have.

use super::Peer;
use crate::pipeline::{self, Each, IN_FLIGHT, Lines, PipelineTraffic, check, expected, made};
use crate::run::{Load, Run, repeat};
use crate::stage::Stage;
use futures::stream::{self, StreamExt};
use rayon::iter::{ParallelBridge, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Mutex;
use std::{future, mem, thread};

pub(super) const CROSSBEAM: Peer<PipelineTraffic> = Peer {
    name: "crossbeam chain",
    work: |traffic| Ok(pipeline::work::<Chain>(traffic)),
};

pub(super) const RAYON: Peer<PipelineTraffic> = Peer {
    name: "rayon par_bridge",
    work: |traffic| Ok(pipeline::work::<ThreadPool>(traffic)),
};

pub(super) const BUFFER_UNORDERED: Peer<()> = Peer {
    name: "futures buffer_unordered",
    work: |()| Ok(Box::new(|load| awaited(load, false))),
};

pub(super) const BUFFERED: Peer<()> = Peer {
    name: "futures buffered",
    work: |()| Ok(Box::new(|load| awaited(load, true))),
};

/// Has as many threads for a stage as it takes to use all that it may: one, but for a stage that takes time.
struct Chain {
    threads: usize,
}

impl Lines for Chain {
    fn start(threads: usize) -> Self {
        Self { threads }
    }

    fn sum(&self, items: usize, stages: usize, each: impl Each) -> u64 {
        let workers = if stages == 1 { self.threads } else { 1 };
        thread::scope(|scope| {
            let (sender, mut receiver) = crossbeam_channel::bounded(IN_FLIGHT);
            scope.spawn(move || (0..items as u64).try_for_each(|number| sender.send(number)));
            for _ in 0..stages {
                let (sender, next) = crossbeam_channel::bounded(IN_FLIGHT);
                let before = mem::replace(&mut receiver, next);
                for _ in 0..workers {
                    let (sender, before) = (sender.clone(), before.clone());
                    scope.spawn(move || {
                        before
                            .iter()
                            .try_for_each(|number| sender.send(each(number)))
                    });
                }
            }
            receiver.iter().fold(0, u64::wrapping_add)
        })
    }
}

impl Lines for ThreadPool {
    fn start(threads: usize) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("the system gives the pool its threads")
    }

    fn sum(&self, items: usize, stages: usize, each: impl Each) -> u64 {
        let sum = Mutex::new(0_u64);
        self.install(|| {
            let through = |number| (0..stages).fold(number, |number, _| each(number));
            let all = (0..items as u64).par_bridge().map(through);
            all.for_each(|number| {
                let mut sum = sum.lock().expect("nobody panics here");
                *sum = sum.wrapping_add(number);
            });
        });
        sum.into_inner().expect("nobody panics here")
    }
}

fn awaited(load: Load, in_order: bool) -> Result<Run, String> {
    let stage = Stage::two_workers().map_err(|fault| fault.to_string())?;
    let expected = expected(load.ops, 1);
    repeat(load, load.ops, || {
        let futures = stream::iter(0..load.ops as u64).map(|number| async move { made(number) });
        let add = |sum: u64, number| future::ready(sum.wrapping_add(number));
        let sum = stage.run(async move {
            if in_order {
                futures.buffered(IN_FLIGHT).fold(0, add).await
            } else {
                futures.buffer_unordered(IN_FLIGHT).fold(0, add).await
            }
        })?;
        check(expected, sum)
    })
}
