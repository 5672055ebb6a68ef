//! How long a wait may last: a deadline, an interrupt, both or neither.

use super::Interrupt;
use crate::prim::clock;
use std::time::{Duration, Instant};

/// What may end a wait before the operation is done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limit<'a> {
    deadline: Option<Instant>,
    interrupt: Option<&'a Interrupt>,
}

impl<'a> Limit<'a> {
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

    /// And until `interrupt` fires, if there is one.
    pub(super) fn under(self, interrupt: Option<&'a Interrupt>) -> Self {
        Self { interrupt, ..self }
    }

    pub(super) fn interrupt(&self) -> Option<&'a Interrupt> {
        self.interrupt
    }

    /// Whether it ends at some time by itself.
    pub(super) fn is_timed(&self) -> bool {
        self.wakes_at().is_some()
    }

    /// When a thread has to look again, though nobody wakes it.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        let due = self.interrupt.and_then(Interrupt::deadline);
        match (self.deadline, due.map(|due| due.at)) {
            (Some(own), Some(due)) => Some(own.min(due)),
            (own, due) => own.or(due),
        }
    }

    /// Whether the wait must end now, and why.
    pub(super) fn reached(&self) -> Option<Ended> {
        if self.interrupt.is_some_and(Interrupt::has_fired) {
            return Some(Ended::Cancelled);
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
    Cancelled,
}

/// The instant `timeout` from now; `None`, for ever, if that is beyond the clock's end.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    clock::now().checked_add(timeout)
}
