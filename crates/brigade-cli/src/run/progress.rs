//! The progress line at the bottom of a terminal.
//!
//! Shown on standard error and only if that is a terminal. Whatever else is printed goes through
//! [`Progress::aside`], so that neither spoils the other. Knows nothing of jobs but their count.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

const OPEN_END: &str = "{spinner} {human_pos} jobs done{msg}, {rate}, {elapsed}";
const KNOWN_END: &str = "{spinner} {human_pos} of {human_len} jobs done{msg}, {rate}, \
                         {elapsed}, {eta} left {wide_bar}";
const REDRAW: Duration = Duration::from_millis(200);

/// The progress line, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Kept here because the bar must not be asked while it is out of the way.
    shown: bool,
}

impl Progress {
    /// A line on the terminal, if there is one and it is wanted.
    pub(crate) fn new(wanted: bool, total: Option<u64>) -> Progress {
        if !wanted || !io::stderr().is_terminal() {
            return Progress {
                bar: ProgressBar::hidden(),
                shown: false,
            };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(OPEN_END));
        bar.enable_steady_tick(REDRAW);
        let progress = Progress { bar, shown: true };
        if let Some(total) = total {
            progress.set_total(total);
        }
        progress
    }

    /// How many jobs there are in all.
    pub(crate) fn set_total(&self, total: u64) {
        self.bar.set_style(style(KNOWN_END));
        self.bar.set_length(total);
    }

    pub(crate) fn job_done(&self, failed: u64) {
        if failed > 0 && self.shown {
            self.bar.set_message(format!(", {failed} failed"));
        }
        self.bar.inc(1);
    }

    /// Does something that may print, while the line is out of the way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.shown {
            self.bar.suspend(print)
        } else {
            print()
        }
    }

    /// Says one sentence to the user.
    pub(crate) fn say(&self, sentence: &str) {
        self.aside(|| crate::exit::say(sentence));
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        // The line is drawn again soon, so one that could not be drawn is not missed.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .expect("the templates are constants, and tested")
        .with_key("rate", rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        style(OPEN_END);
        style(KNOWN_END);
    }

    #[test]
    fn an_unwanted_line_is_not_shown_and_changes_nothing() {
        let progress = Progress::new(false, Some(3));
        progress.job_done(1);
        assert!(!progress.shown);
        assert_eq!(progress.aside(|| 7), 7);
        progress.end();
    }
}
