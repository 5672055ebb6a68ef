//! The progress line at the bottom of a terminal.
//!
//! Shown on standard error and only if that is a terminal. Whatever else is printed goes through
//! [`Progress::aside`], so that neither spoils the other. Knows nothing of what is done but its count.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Duration;

const OPEN_END: &str = "{spinner} {human_pos} {things} done{msg}, {rate}, {elapsed}";
const KNOWN_END: &str = "{spinner} {human_pos} of {human_len} {things} done{msg}, {rate}, \
                         {elapsed}, {eta} left {wide_bar}";
const REDRAW: Duration = Duration::from_millis(200);

/// The progress line, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// What is counted: "jobs", "files".
    things: &'static str,
    /// Kept here because the bar must not be asked while it is out of the way.
    shown: bool,
}

impl Progress {
    /// A line on the terminal, if there is one and it is wanted, that counts such `things`.
    pub(crate) fn new(things: &'static str, wanted: bool, total: Option<u64>) -> Progress {
        if !wanted || !io::stderr().is_terminal() {
            return Progress {
                bar: ProgressBar::hidden(),
                things,
                shown: false,
            };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(OPEN_END, things));
        bar.enable_steady_tick(REDRAW);
        let progress = Progress {
            bar,
            things,
            shown: true,
        };
        if let Some(total) = total {
            progress.set_total(total);
        }
        progress
    }

    /// How many jobs there are in all.
    pub(crate) fn set_total(&self, total: u64) {
        self.bar.set_style(style(KNOWN_END, self.things));
        self.bar.set_length(total);
    }

    pub(crate) fn one_done(&self, failed: u64) {
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

fn style(template: &str, things: &'static str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        // The line is drawn again soon, so one that could not be drawn is not missed.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    let write_things = move |_: &ProgressState, out: &mut dyn Write| {
        let _ = out.write_str(things);
    };
    ProgressStyle::with_template(template)
        .expect("the templates are constants, and tested")
        .with_key("rate", rate)
        .with_key("things", write_things)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        style(OPEN_END, "jobs");
        style(KNOWN_END, "jobs");
    }

    #[test]
    fn an_unwanted_line_is_not_shown_and_changes_nothing() {
        let progress = Progress::new("jobs", false, Some(3));
        progress.one_done(1);
        assert!(!progress.shown);
        assert_eq!(progress.aside(|| 7), 7);
        progress.end();
    }
}
