//! How a stage is described.

use crate::policy::RateLimit;
use crate::prim::StdArc;

/// How a stage runs: on how many items at once, how fast, and what it does about those that fail.
///
/// Wherever one is asked for, a number will do: that many items at once.
///
/// # Examples
///
/// ```
/// use brigade::pipeline::{self, Stage};
/// use brigade::pool::Pool;
///
/// let pool = Pool::new(2);
/// let lines = ["12", "x", "30"];
/// let mut sum = 0;
/// let report = pipeline::from_iter(lines)
///     .try_map(Stage::new(2).skip_errors(), |line| line.parse::<i32>())
///     .map(1, |number| number * 2)
///     .run(&pool, |number| sum += number)?;
/// assert_eq!((sum, report.items_out, report.skipped), (84, 2, 1));
/// assert_eq!(report.dead[0].number, 1);
/// # Ok::<(), brigade::pipeline::PipelineError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stage {
    pub(super) parallel: usize,
    pub(super) buffer: Option<usize>,
    pub(super) rate: Option<StdArc<RateLimit>>,
    pub(super) skips: bool,
    pub(super) blocks: bool,
}

impl Stage {
    /// A stage for at most `parallel` items at once; 0 is no limit but that of the pool, and of what is in flight.
    #[must_use]
    pub fn new(parallel: usize) -> Self {
        Self {
            parallel: if parallel == 0 { usize::MAX } else { parallel },
            buffer: None,
            rate: None,
            skips: false,
            blocks: false,
        }
    }

    /// The stage begins nothing while so many of its results wait for the next stage; 0 is 1.
    ///
    /// Without this they are bounded by what is in flight alone.
    #[must_use]
    pub fn buffer(self, results: usize) -> Self {
        let buffer = Some(results.max(1));
        Self { buffer, ..self }
    }

    /// Items are begun at this rate at most, other attempts included. It may be shared with others.
    ///
    /// The stage takes permits when they are there, and reserves none: who waits for the same limit goes first.
    #[must_use]
    pub fn rate(self, limit: impl Into<StdArc<RateLimit>>) -> Self {
        let rate = Some(limit.into());
        Self { rate, ..self }
    }

    /// An item that fails is left out, and told of in the [report](super::Report). Without this it ends the pipeline.
    #[must_use]
    pub fn skip_errors(self) -> Self {
        let skips = true;
        Self { skips, ..self }
    }

    /// Items may block the thread for long: on a file, a child process, a lock of somebody else.
    ///
    /// They are begun one by one, also if most of them are quick, and what comes of one goes on at once. The calling thread
    /// leaves them to the pool, and pulls from the source meanwhile; only if all threads of the pool run something else, or
    /// the pool has been shut down, it does them itself. Give the pool as many threads as there may be items at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline::{self, Stage};
    /// use brigade::pool::Pool;
    /// use std::process::Command;
    ///
    /// let mut codes = Vec::new();
    /// pipeline::from_iter(["exit 0", "exit 1"])
    ///     .map(Stage::new(2).blocking(), |script| Command::new("sh").args(["-c", script]).status())
    ///     .try_map(1, |status| status.map(|status| status.code()))
    ///     .ordered()
    ///     .run(&Pool::new(2), |code| codes.push(code))?;
    /// assert_eq!(codes, [Some(0), Some(1)]);
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[must_use]
    pub fn blocking(self) -> Self {
        let blocks = true;
        Self { blocks, ..self }
    }
}

impl From<usize> for Stage {
    fn from(parallel: usize) -> Self {
        Self::new(parallel)
    }
}
