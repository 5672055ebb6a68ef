//! The parts of a subcommand: the pool that does the work, the thread that a line of work runs on, and sentences for what
//! goes wrong with them.
//!
//! Knows no subcommand, and not what the parts do.

use crate::exit::reason;
use brigade::pipeline::{PipelineError, Report};
use brigade::pool::{BuildError, Pool};
use brigade::scope::{Failure, Panic};
use brigade::thread::{self, JoinError, Thread};

/// A part that runs a pipeline to its end.
pub(crate) type Line = Thread<Result<Report, PipelineError>>;

/// A pool that does so many things at a time.
pub(crate) fn pool(threads: usize, name: &str) -> Result<Pool, String> {
    let pool = Pool::builder().threads(threads).name(name).build();
    pool.map_err(|error| {
        let why = match &error {
            BuildError::Thread(error) => reason(error),
            other => other.to_string(),
        };
        format!("cannot start {threads} threads: {why}; give a smaller -j")
    })
}

/// Runs a part on a thread of its own. One that nobody joins ends with the process.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    part: impl FnOnce() -> T + Send + 'static,
) -> Result<Thread<T>, String> {
    let started = thread::Builder::new().name(name).spawn(part);
    started.map_err(|error| {
        let why = reason(error.reason());
        format!("cannot start a part of the work: {why}; give a smaller -j")
    })
}

/// Waits for a part.
pub(crate) fn join<T>(part: Thread<T>) -> Result<T, String> {
    part.join().map_err(|error| match &error {
        JoinError::Panicked(panic) => bug(panic),
        _ => format!("a part of the work did not end: {error}"),
    })
}

/// Waits until everything has come through.
pub(crate) fn join_line(line: Line) -> Result<(), String> {
    match join(line)? {
        Ok(_) => Ok(()),
        Err(error) => Err(match &error.failure {
            Failure::Panicked(panic) => bug(panic),
            _ => format!("a part of the work did not end: {error}"),
        }),
    }
}

fn bug(panic: &Panic) -> String {
    format!("a bug in brigade ended it: {}", panic.message())
}
