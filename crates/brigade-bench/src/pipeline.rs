//! What the rows of pipelines need from a peer, and their workloads: numbers that come one by one, stages that make
//! something of each, and one place where all of them arrive. The peers are in [`crate::peer`].

use crate::cpu_time;
use crate::fork::{THREADS, busy, map};
use crate::run::{Load, Run, Work, repeat};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Items between the source and the end, where a peer has a bound of that kind; and so many futures at once.
pub(crate) const IN_FLIGHT: usize = 128;
/// Items of a run whose items take some time.
const FEW: usize = 10_000;

/// What the stages do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipelineTraffic {
    /// So many stages, each of which does next to nothing.
    Stages(usize),
    /// One stage, whose items take 5 us.
    Busy,
}

/// Pipelines of a peer, used as its users use them, on two threads where it has no thread for each stage. What arrives
/// is added up in one place.
pub(crate) trait Lines: Sized + 'static {
    fn start(threads: usize) -> Self;
    /// The sum of what `stages` times `each` makes of the numbers below `items`.
    fn sum(&self, items: usize, stages: usize, each: impl Each) -> u64;
}

/// What a stage makes of a number.
pub(crate) trait Each: Fn(u64) -> u64 + Copy + Send + Sync + 'static {}

impl<F: Fn(u64) -> u64 + Copy + Send + Sync + 'static> Each for F {}

/// Makes the work that a peer's pipelines are to do.
pub(crate) fn work<P: Lines>(traffic: PipelineTraffic) -> Work {
    match traffic {
        PipelineTraffic::Stages(stages) => Box::new(move |load| trivial::<P>(stages, load)),
        PipelineTraffic::Busy => Box::new(of_perfect::<P>),
    }
}

/// As good as nothing, but different for every number.
#[inline]
pub(crate) fn made(number: u64) -> u64 {
    black_box(number).wrapping_mul(3) ^ 1
}

/// The sum that has to arrive.
pub(crate) fn expected(items: usize, stages: usize) -> u64 {
    let through = |number| (0..stages).fold(number, |number, _| made(number));
    (0..items as u64).fold(0, |sum, number| sum.wrapping_add(through(number)))
}

/// The figure of all stages together becomes that of one.
pub(crate) fn per_stage(stages: usize, run: Run) -> Run {
    Run {
        ns_per_op: run.ns_per_op / stages as f64,
        cpu_ns_per_op: run.cpu_ns_per_op / stages as f64,
        ..run
    }
}

pub(crate) fn check(expected: u64, sum: u64) -> Result<(), String> {
    match sum == expected {
        true => Ok(()),
        false => Err(format!("the sum {sum} has arrived and not {expected}")),
    }
}

fn trivial<P: Lines>(stages: usize, load: Load) -> Result<Run, String> {
    let line = P::start(THREADS);
    check(expected(100, stages), line.sum(100, stages, made))?;
    let expected = expected(load.ops, stages);
    let run = repeat(load, load.ops, || {
        check(expected, line.sum(load.ops, stages, made))
    })?;
    Ok(per_stage(stages, run))
}

/// The figure is how many times as long it takes as on two processors that do nothing else.
fn of_perfect<P: Lines>(load: Load) -> Result<Run, String> {
    let each = |number| busy(map::LIGHT, made(number));
    let perfect = map::seconds()[0] * FEW as f64 / THREADS as f64;
    let line = P::start(THREADS);
    check(expected(8, 1), line.sum(8, 1, each))?;
    let expected = expected(FEW, 1);
    let cpu = cpu_time::process();
    let from = Instant::now();
    let mut runs = 0;
    while runs * FEW < load.ops && from.elapsed() < load.limit {
        check(expected, line.sum(FEW, 1, each))?;
        runs += 1;
    }
    let elapsed = from.elapsed();
    let cpu = cpu_time::process() - cpu;
    let of_perfect = |time: Duration| time.as_secs_f64() / (perfect * runs.max(1) as f64);
    Ok(Run {
        ns_per_op: of_perfect(elapsed),
        cpu_ns_per_op: of_perfect(cpu),
        ..Run::of(load.ops, runs * FEW, elapsed, cpu)
    })
}

#[cfg(test)]
mod tests {
    use super::{check, expected, made};

    #[test]
    fn every_stage_counts_and_a_missing_item_is_seen() {
        assert_eq!(expected(2, 2), made(made(0)) + made(made(1)));
        assert_eq!(check(3, 3), Ok(()));
        assert!(check(expected(5, 1), expected(4, 1)).is_err());
    }
}
