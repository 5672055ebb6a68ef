//! What the user sees: lines on standard output, sentences and the progress line on standard error.
//!
//! Runs in one thread. Knows nothing of how files are read.

use super::target::Unreadable;
use crate::exit::ExitStatus;
use crate::progress::Progress;
use crate::sink::{Refused, Sink};
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;

pub(super) struct Printer {
    /// Whether lines are JSON objects.
    pub(super) json: bool,
    stdout: Sink,
    progress: Progress,
    failed: u64,
    refused: Option<Refused>,
}

impl Printer {
    /// The progress line shows only if the lines go elsewhere than to the terminal.
    pub(super) fn new(json: bool, progress_wanted: bool) -> io::Result<Printer> {
        let wanted = progress_wanted && !io::stdout().is_terminal();
        Ok(Printer {
            json,
            stdout: Sink::new("standard output", io::stdout())?,
            progress: Progress::new("files", wanted, None),
            failed: 0,
            refused: None,
        })
    }

    /// Prints a line; with nothing `more` at hand, at once. `Break` when output is refused.
    pub(super) fn print(&mut self, line: &[u8], more: bool) -> ControlFlow<()> {
        let mut printed = self.stdout.add(line);
        if !more && printed.is_ok() {
            printed = self.stdout.flush();
        }
        match printed {
            Ok(()) => ControlFlow::Continue(()),
            Err(refused) => {
                self.refused = Some(refused);
                ControlFlow::Break(())
            }
        }
    }

    /// A file is done with.
    pub(super) fn one_done(&self) {
        self.progress.one_done(self.failed);
    }

    /// Says something that makes the whole a failure.
    pub(super) fn fail(&mut self, sentence: &str) {
        self.failed += 1;
        self.progress.say(sentence);
    }

    pub(super) fn unreadable(&mut self, unreadable: &Unreadable) {
        self.fail(&unreadable.to_string());
    }

    /// Counts a failure that the lines tell of.
    pub(super) fn count_failure(&mut self) {
        self.failed += 1;
    }

    /// Says something more about it.
    pub(super) fn say(&self, sentence: &str) {
        self.progress.say(sentence);
    }

    /// How it ended.
    pub(super) fn finish(mut self) -> ExitStatus {
        if self.refused.is_none() {
            self.refused = self.stdout.flush().err();
        }
        self.progress.end();
        match &self.refused {
            Some(refused) if refused.is_broken_pipe() => ExitStatus::BrokenPipe,
            Some(refused) => {
                self.progress.say(&refused.to_string());
                ExitStatus::Error
            }
            None if self.failed > 0 => ExitStatus::FilesFailed,
            None => ExitStatus::Success,
        }
    }
}
