//! Why a token was cancelled, and the error that says so.

use std::error::Error;
use std::fmt;

/// Why a token was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Somebody called [`cancel`](super::CancelToken::cancel), or dropped a [`DropGuard`](super::DropGuard).
    User,
    /// Another part of the same work has failed.
    Sibling,
    /// The token that it is a child of was cancelled. [`origin`](super::CancelToken::origin) says why.
    Parent,
    /// Its deadline has passed.
    Deadline,
    /// The program, or the part that the work belongs to, is being shut down.
    Shutdown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "it was asked to end",
            Self::Sibling => "another part of the work has failed",
            Self::Parent => "the work that it is part of was cancelled",
            Self::Deadline => "its deadline has passed",
            Self::Shutdown => "of a shutdown",
        })
    }
}

/// The work was cancelled, and why.
///
/// # Examples
///
/// ```
/// use brigade::cancel::{CancelToken, Cancelled, Reason};
///
/// let token = CancelToken::new();
/// token.cancel();
/// let error = token.check().unwrap_err();
/// assert_eq!(error.reason, Reason::User);
/// assert_eq!(error.to_string(), "the work was cancelled because it was asked to end");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cancelled {
    /// Why the token was cancelled.
    pub reason: Reason,
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the work was cancelled because {}", self.reason)
    }
}

impl Error for Cancelled {}

/// A reason, and the one at the ancestor where it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) reason: Reason,
    pub(super) origin: Reason,
}

impl Mark {
    /// It begins here.
    pub(super) fn here(reason: Reason) -> Self {
        Self {
            reason,
            origin: reason,
        }
    }

    /// What it is to a child.
    pub(super) fn for_child(self) -> Self {
        Self {
            reason: Reason::Parent,
            origin: self.origin,
        }
    }

    /// In a byte that is not 0.
    pub(super) fn code(self) -> u8 {
        self.reason.code() | self.origin.code() << 4
    }

    pub(super) fn from_code(code: u8) -> Self {
        Self {
            reason: Reason::from_code(code & 0xF),
            origin: Reason::from_code(code >> 4),
        }
    }
}

impl Reason {
    fn code(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Sibling => 2,
            Self::Parent => 3,
            Self::Deadline => 4,
            Self::Shutdown => 5,
        }
    }

    fn from_code(code: u8) -> Self {
        match code {
            1 => Self::User,
            2 => Self::Sibling,
            3 => Self::Parent,
            4 => Self::Deadline,
            5 => Self::Shutdown,
            _ => unreachable!("no reason has the code {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_from_its_code() {
        let all = [
            Reason::User,
            Reason::Sibling,
            Reason::Parent,
            Reason::Deadline,
            Reason::Shutdown,
        ];
        for reason in all {
            for origin in all {
                let mark = Mark { reason, origin };
                assert_ne!(mark.code(), 0);
                assert_eq!(Mark::from_code(mark.code()), mark);
            }
        }
    }
}
