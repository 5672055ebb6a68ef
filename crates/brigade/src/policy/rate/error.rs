//! What goes wrong with rates.

use crate::cancel::Reason;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why something may not go on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateError {
    /// It is too early, or it would be too late by the end of the time that was given. Nothing has been reserved.
    NotYet {
        /// How long it takes at least until it is allowed.
        wait: Duration,
    },
    /// So many cannot be asked for: none, or more than the burst.
    BadCount {
        /// How many were asked for.
        count: u32,
        /// How many there are at once.
        burst: u32,
    },
    /// The wait was [cancelled](crate::cancel).
    Cancelled(Reason),
}

/// A rate that no limit can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadRate {
    /// None in any period.
    ZeroCount,
    /// So many in no time.
    ZeroPeriod,
    /// None at once.
    ZeroBurst,
    /// A burst takes longer than nine years at this rate.
    TooLong,
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet { wait } => {
                write!(f, "the rate limit allows it in {wait:?} at the earliest")
            }
            Self::BadCount { count, burst } => write!(
                f,
                "{count} cannot be asked for at once: ask for 1 to {burst}, or make the burst larger"
            ),
            Self::Cancelled(reason) => {
                write!(
                    f,
                    "the wait for the rate limit was cancelled because {reason}"
                )
            }
        }
    }
}

impl fmt::Display for BadRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroCount => "a rate limit has to allow something: give a count of 1 or more",
            Self::ZeroPeriod => "a rate limit has no period of zero: give a longer one",
            Self::ZeroBurst => "a rate limit has to allow one at once: give a burst of 1 or more",
            Self::TooLong => {
                "the burst takes longer than nine years at this rate: give a smaller burst or a higher rate"
            }
        })
    }
}

impl Error for RateError {}
impl Error for BadRate {}
