//! The arguments of a run, numbered: what its jobs are made of, and word of the end.
//!
//! Whoever takes one waits for it, and takes no more than are used. Knows nothing of what is done with an argument.

use super::control::Control;
use super::input::Source;
use super::placeholder::Input;
use super::report::Report;
use brigade::channel::Sender;
use std::sync::Arc;

/// Ends with the source, or when dispatch is stopped.
pub(crate) struct Arguments {
    pub(crate) source: Source,
    pub(crate) control: Arc<Control>,
    /// How many there have been.
    pub(crate) count: u64,
    /// Is told why there are no more.
    pub(crate) reports: Sender<Report>,
}

impl Iterator for Arguments {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        let index = self.count;
        let last = match self.source.next() {
            Err(sentence) => Report::InputFailed { sentence },
            Ok(Some(argument)) if !self.control.stop.is_set() => {
                self.count += 1;
                return Some(Input { index, argument });
            }
            // A reading that was broken off may have ended within an argument.
            Ok(_) => Report::InputEnded { count: index },
        };
        if self.reports.send(last).is_err() {
            // The writer has gone, and with it the one who would want to know.
        }
        None
    }
}
