//! The parts of a subcommand: started on a pool, joined in the end, with sentences for what goes wrong.
//!
//! Knows no subcommand, and not what the parts do.

use crate::exit::reason;
use brigade::pool::{BuildError, Job, JobError, Pool};

/// A pool for so many parts at a time.
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

pub(crate) fn submit(pool: &Pool, part: impl FnOnce() + Send + 'static) -> Result<Job<()>, String> {
    pool.submit(part)
        .map_err(|error| format!("cannot start a part of the work: {error}"))
}

/// Waits for all of them. The sentence is about the first that failed.
pub(crate) fn join(parts: Vec<Job<()>>) -> Result<(), String> {
    let ends: Vec<_> = parts.into_iter().map(Job::join).collect();
    match ends.into_iter().find_map(Result::err) {
        None => Ok(()),
        Some(JobError::Panicked(panic)) => {
            Err(format!("a bug in brigade ended it: {}", panic.message()))
        }
        Some(error) => Err(format!("a part of the work did not end: {error}")),
    }
}
