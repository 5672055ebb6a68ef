//! What a pipeline tells in the end.

use crate::scope::Failure;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// The error of an item, whatever its type was.
pub type Cause = Box<dyn Error + Send + Sync>;

/// What a pipeline has done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many items the source has given.
    pub items_in: u64,
    /// How many have gone into the sink, batches and results.
    pub items_out: u64,
    /// How many have failed and were left out.
    pub skipped: u64,
    /// The first [thousand](Report::DEAD_MAX) of those.
    pub dead: Vec<Dead>,
    /// How often an item was tried again.
    pub retried: u64,
    /// From the beginning of the run to its end.
    pub elapsed: Duration,
}

impl Report {
    /// So many of the items that were left out are kept, so that a report does not grow with the input.
    pub const DEAD_MAX: usize = 1000;
}

/// An item that has failed and was left out.
#[derive(Debug)]
#[non_exhaustive]
pub struct Dead {
    /// At which stage; the first is 1.
    pub stage: usize,
    /// Which item it was of those of the source or, behind a batch, of the batches. The first is 0.
    pub number: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// What it failed with, the last time.
    pub error: Cause,
}

/// What part of a pipeline something happened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Where the items come from.
    Source,
    /// A stage; the first is 1.
    Stage(usize),
    /// Where the items go.
    Sink,
    /// Nothing of the three: the work was cancelled from outside.
    Whole,
}

/// What ended a pipeline before its source did, and what had been done by then.
#[derive(Debug)]
#[non_exhaustive]
pub struct PipelineError {
    /// What went wrong first. What went wrong because of that is not kept.
    pub failure: Failure<Cause>,
    /// Where it went wrong.
    pub part: Part,
    /// Where that part is written in the program.
    pub site: &'static Location<'static>,
    /// What had been done.
    pub report: Box<Report>,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source => f.write_str("source"),
            Self::Stage(number) => write!(f, "stage {number}"),
            Self::Sink => f.write_str("sink"),
            Self::Whole => f.write_str("pipeline"),
        }
    }
}

impl fmt::Display for PipelineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, site, .. } = self;
        match &self.failure {
            Failure::Panicked(panic) => write!(f, "the {part} at {site} panicked: {panic}"),
            failure => write!(f, "the {part} at {site} failed: {failure}"),
        }
    }
}

/// As the text has the failure in it, there is no `source`.
impl Error for PipelineError {}
