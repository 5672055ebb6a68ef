//! What becomes of the reports: output, sentences, counts, and in the end the exit status.
//!
//! Reports come in the order in which they are written. Runs in one thread, so nothing here is shared. Starts no job.

use super::control::Control;
use super::output::{WriteError, Writer};
use super::report::{Ended, Outcome, Output, Report};
use super::trouble::Troubles;
use crate::exit::{ExitStatus, is_settled};
use crate::progress::Progress;
use std::sync::Arc;

/// The run as seen from its output.
pub(crate) struct Results {
    pub(crate) writer: Writer,
    pub(crate) control: Arc<Control>,
    pub(crate) progress: Progress,
    /// Whether every job fails for want of a program.
    pub(crate) has_no_program: bool,
    pub(crate) failed: u64,
    pub(crate) troubles: Troubles,
    pub(crate) broken: Option<WriteError>,
    pub(crate) input_failed: bool,
}

impl Results {
    /// Takes one report.
    pub(crate) fn take(&mut self, report: Report) {
        match report {
            Report::Part { output } => self.write(output),
            Report::Ended { ended } => self.settle(ended),
            Report::InputEnded { count } => self.progress.set_total(count),
            Report::InputFailed { sentence } => {
                self.input_failed = true;
                self.progress.say(&sentence);
            }
        }
    }

    /// Writes what was collected, because nothing more is at hand.
    pub(crate) fn flush(&mut self) {
        if self.broken.is_none() && self.writer.has_collected() {
            let result = self.progress.aside(|| self.writer.flush());
            self.note(result);
        }
    }

    /// Ends the run, after the last report.
    pub(crate) fn finish(mut self) -> ExitStatus {
        self.flush();
        self.progress.end();
        if let Some(sentence) = self.troubles.rest() {
            self.progress.say(&sentence);
        }
        let interrupted = self.control.was_interrupted();
        match &self.broken {
            Some(error) if error.is_broken_pipe() => {
                if interrupted {
                    ExitStatus::Interrupted
                } else {
                    ExitStatus::BrokenPipe
                }
            }
            Some(error) => {
                self.progress.say(&error.to_string());
                ExitStatus::Error
            }
            None if interrupted => ExitStatus::Interrupted,
            None if self.input_failed => ExitStatus::Error,
            None if self.failed > 0 => ExitStatus::JobsFailed(self.failed),
            None => ExitStatus::Success,
        }
    }

    fn settle(&mut self, ended: Ended) {
        let failed = match &ended.outcome {
            Outcome::Succeeded | Outcome::Skipped => false,
            Outcome::Failed => true,
            Outcome::Trouble(trouble) => {
                if let Some(sentence) = self.troubles.tell(trouble) {
                    self.progress.say(&sentence);
                }
                true
            }
        };
        self.failed += u64::from(failed);
        self.write(ended.output);
        if !matches!(ended.outcome, Outcome::Skipped) {
            self.progress.one_done(self.failed);
        }
        if self.has_no_program && is_settled(self.failed) {
            self.control.stop.set();
        }
    }

    fn write(&mut self, output: Output) {
        if self.broken.is_some() || output.is_empty() {
            return;
        }
        // Taking the progress line away is dear, and not needed as long as nothing is printed.
        let result = if self.writer.can_collect(&output) {
            self.writer.write(output)
        } else {
            self.progress.aside(|| self.writer.write(output))
        };
        self.note(result);
    }

    /// After the first failure nothing is written any more, and the run comes to its end.
    fn note(&mut self, result: Result<(), WriteError>) {
        if let Err(error) = result {
            self.broken = Some(error);
            self.control.abandon();
        }
    }
}
