//! What operations promise as if each were done at one moment, checked on histories of random schedules.
//!
//! Where an operation may fail because somebody else is in the middle of something, though the state alone would let
//! it succeed, the specification says so by `busy`: how many such calls are under way. A call notes that it is
//! (`Enters`, `Leaves`), each at one moment. The sum of a counter promises less than one moment; what it does
//! promise is checked instead.

mod cells;
mod locks;
mod numbers;
mod queues;

use crate::linear::Sequential;
use crate::record::History;

/// Runs `body` while the history knows that somebody is in the middle of it.
fn while_busy<S: Sequential, T>(
    history: &History<S>,
    [enters, leaves]: [S::Call; 2],
    returned: fn() -> S::Return,
    body: impl FnOnce() -> T,
) -> T {
    history.notes(enters, returned());
    let result = body();
    history.notes(leaves, returned());
    result
}
