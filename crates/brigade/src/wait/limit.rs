//! How long a wait may last: a deadline, an interrupt, both or neither.

use super::Interrupt;
use crate::prim::clock;
use std::time::{Duration, Instant};

/// What may end a wait before the operation is done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limit<'a> {
    pub(crate) deadline: Option<Instant>,
    pub(crate) interrupt: Option<&'a Interrupt>,
}

impl Limit<'_> {
    /// Wait for ever.
    pub(crate) const NONE: Self = Self {
        deadline: None,
        interrupt: None,
    };

    /// Wait until `deadline`; `None` is for ever.
    pub(crate) fn until(deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            interrupt: None,
        }
    }

    /// Whether the wait must end now, and why.
    pub(super) fn reached(&self) -> Option<Ended> {
        if self.interrupt.is_some_and(Interrupt::has_fired) {
            return Some(Ended::Interrupted);
        }
        match self.deadline {
            Some(at) if clock::now() >= at => Some(Ended::TimedOut),
            _ => None,
        }
    }
}

/// Why a wait ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The deadline passed.
    TimedOut,
    /// The interrupt fired.
    Interrupted,
}

/// The instant `timeout` from now; `None`, for ever, if that is beyond the clock's end.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    clock::now().checked_add(timeout)
}
