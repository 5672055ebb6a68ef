//! Takes arguments from their source and hands them to the slots, no faster than they are used.
//!
//! Two bounds hold it back: the channel to the slots, and with kept order the window of jobs whose
//! output is not yet written. Knows nothing of what is done with an argument.

use super::control::Control;
use super::input::Source;
use super::placeholder::Input;
use super::report::Report;
use brigade::channel::Sender;
use std::sync::Arc;

/// The end of the run where arguments enter.
pub(crate) struct Dispatch {
    pub(crate) source: Source,
    pub(crate) control: Arc<Control>,
    pub(crate) inputs: Sender<Input>,
    /// Takes one place for each job until its output is written.
    pub(crate) window: Option<Sender<()>>,
    pub(crate) reports: Sender<Report>,
}

impl Dispatch {
    /// Works until there are no more arguments or dispatch is stopped.
    pub(crate) fn run(mut self) {
        let mut count = 0;
        let last = loop {
            match self.source.next() {
                Err(sentence) => break Report::InputFailed { sentence },
                Ok(None) => break Report::InputEnded { count },
                // A reading that was broken off may have ended within an argument.
                Ok(Some(_)) if self.control.stop.is_set() => break Report::InputEnded { count },
                Ok(Some(argument)) => {
                    if !self.hand_over(Input {
                        index: count,
                        argument,
                    }) {
                        break Report::InputEnded { count };
                    }
                    count += 1;
                }
            }
        };
        if self.reports.send(last).is_err() {
            // The writer has gone, and with it the one who would want to know.
        }
    }

    /// Waits for room; false if there is no one to hand to.
    fn hand_over(&self, input: Input) -> bool {
        self.window
            .as_ref()
            .is_none_or(|window| window.send(()).is_ok())
            && self.inputs.send(input).is_ok()
    }
}
