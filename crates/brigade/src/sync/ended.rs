//! A wait of a task that a deadline ends, for every kind of shared state.

use crate::wait::{Operation, WaitUntil};
use std::panic::Location;
use std::time::Instant;

/// Waits for `operation`; yields `late` if `deadline` comes first.
pub(super) fn in_time<O: Operation, E>(
    operation: O,
    deadline: Option<Instant>,
    site: &'static Location<'static>,
    late: E,
) -> impl Future<Output = Result<O::Output, E>> {
    let wait = WaitUntil::new(operation, deadline, site);
    async move { wait.await.map_err(|_| late) }
}
