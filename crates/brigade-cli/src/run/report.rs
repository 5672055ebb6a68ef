//! What the jobs and the reader of arguments tell the one who writes.
//!
//! Plain data. Knows no channel and no thread.

use super::job::Stream;
use super::spool::Spool;
use super::trouble::Trouble;

/// One message on its way to the writer.
#[derive(Debug)]
pub(crate) enum Report {
    /// The output so far of a job that is first in the order and goes on.
    Part { output: Output },
    /// A job is done with, one way or another, and its turn has come.
    Ended { ended: Ended },
    /// There are no more arguments; so many there were.
    InputEnded { count: u64 },
    /// The arguments cannot be read any further, and why.
    InputFailed { sentence: String },
}

/// A job that is done with.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) output: Output,
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Succeeded,
    /// It said so itself, by its exit status or by a signal.
    Failed,
    /// It failed for a reason that it cannot tell itself.
    Trouble(Trouble),
    /// Dispatch stopped before it began.
    Skipped,
}

/// What a job printed.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) stdout: Spool,
    pub(crate) stderr: Spool,
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }

    pub(crate) fn of(&mut self, stream: Stream) -> &mut Spool {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}
