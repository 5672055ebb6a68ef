//! What a contestant is asked to do and what it reports back. Knows nothing of channels, pools,
//! rounds or statistics.

use crate::cpu_time;
use std::time::{Duration, Instant};

/// One measurement, ready to run as often as wanted. The call behind the box is monomorphised:
/// one dynamic call stands before a whole measurement, none inside it.
pub(crate) type Work = Box<dyn FnMut(Load) -> Result<Run, String>>;

/// How much to do, and when to stop early.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Messages, round trips or jobs.
    pub(crate) ops: usize,
    /// After this long nothing new is begun, so that a contestant that collapses costs seconds
    /// and not minutes.
    pub(crate) limit: Duration,
}

/// What was done, every operation checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Operations completed, which is less than asked for if the limit struck.
    pub(crate) ops: usize,
    /// From the start barrier to the last operation.
    pub(crate) elapsed: Duration,
    /// The figure of this run.
    pub(crate) ns_per_op: f64,
    /// Processor time of the whole process, per operation.
    pub(crate) cpu_ns_per_op: f64,
    /// The limit struck.
    pub(crate) cut_short: bool,
}

impl Run {
    /// A run whose figure is the wall time per operation.
    pub(crate) fn of(asked: usize, ops: usize, elapsed: Duration, cpu: Duration) -> Self {
        Self {
            ops,
            elapsed,
            ns_per_op: per_op(elapsed, ops),
            cpu_ns_per_op: per_op(cpu, ops),
            cut_short: ops < asked,
        }
    }
}

/// Repeats what makes `ops` operations each time, until there are enough or the time is over.
pub(crate) fn repeat(
    load: Load,
    ops: usize,
    mut act: impl FnMut() -> Result<(), String>,
) -> Result<Run, String> {
    let cpu = cpu_time::process();
    let from = Instant::now();
    let mut done = 0;
    while done < load.ops && from.elapsed() < load.limit {
        act()?;
        done += ops;
    }
    let elapsed = from.elapsed();
    Ok(Run::of(load.ops, done, elapsed, cpu_time::process() - cpu))
}

fn per_op(time: Duration, ops: usize) -> f64 {
    time.as_secs_f64() * 1e9 / ops.max(1) as f64
}

/// Says why a peer takes no part in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absent(pub(crate) &'static str);
