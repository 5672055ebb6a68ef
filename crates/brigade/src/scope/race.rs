//! The error of a race that nobody has won, of threads or of futures.

use super::Failure;
use std::error::Error;
use std::fmt;

/// Nobody has won a race. Here is why, for each.
#[derive(Debug)]
pub struct RaceError<E> {
    failures: Vec<Failure<E>>,
}

impl<E> RaceError<E> {
    pub(crate) fn new(failures: Vec<Failure<E>>) -> Self {
        Self { failures }
    }

    /// How they failed, in the order in which they did. Empty if nobody took part.
    ///
    /// If the race was cancelled from outside, that comes before all that failed after it.
    #[must_use]
    pub fn failures(&self) -> &[Failure<E>] {
        &self.failures
    }

    /// The same, owned.
    #[must_use]
    pub fn into_failures(self) -> Vec<Failure<E>> {
        self.failures
    }
}

impl<E: fmt::Display> fmt::Display for RaceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failures[..] {
            [] => f.write_str("nobody took part in the race"),
            [only] => write!(f, "nobody has won the race: {only}"),
            [first, others @ ..] => write!(
                f,
                "nobody has won the race: {first} (and {} more after it)",
                others.len()
            ),
        }
    }
}

/// For the same errors as [`Failure`].
impl<E: fmt::Debug + fmt::Display> Error for RaceError<E> {}
