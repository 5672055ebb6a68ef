//! How the command ends: its exit status, and the one way it speaks to the user about itself.
//!
//! Knows no subcommand.

use std::io::{self, Write};
use std::process::ExitCode;

/// The largest number of failed jobs that a status tells exactly.
const COUNT_LIMIT: u64 = 100;

/// The end of a run. The numbers of a run are those of GNU parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Everything went well: 0.
    Success,
    /// So many jobs failed: 1 to 100, or 101 for more.
    JobsFailed(u64),
    /// Some files could not be read, or are not what they should be: 1.
    FilesFailed,
    /// Ended by the user: 130, as shells have it for Ctrl-C.
    Interrupted,
    /// Nobody reads the output any more: the end that SIGPIPE gives, as with other tools.
    BrokenPipe,
    /// Wrong usage, or something the command needs did not work: 255.
    Error,
}

impl ExitStatus {
    fn number(self) -> u8 {
        match self {
            ExitStatus::Success => 0,
            ExitStatus::JobsFailed(count) => {
                u8::try_from(count.min(COUNT_LIMIT + 1)).unwrap_or(u8::MAX)
            }
            ExitStatus::FilesFailed => 1,
            ExitStatus::Interrupted => 130,
            ExitStatus::BrokenPipe => 141,
            ExitStatus::Error => 255,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        if status == ExitStatus::BrokenPipe
            && let Err(error) =
                signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE)
        {
            // The status below says the same, to shells at least.
            say(&format!("cannot end by SIGPIPE: {error}"));
        }
        ExitCode::from(status.number())
    }
}

/// Whether more failures would not change the status any more.
pub(crate) fn is_settled(failed: u64) -> bool {
    failed > COUNT_LIMIT
}

/// Prints one sentence to standard error, in one write so that it is not mixed with others.
pub(crate) fn say(sentence: &str) {
    let line = format!("brigade: {sentence}\n");
    if io::stderr().write_all(line.as_bytes()).is_err() {
        // Standard error itself is gone: there is no one left to tell.
    }
}

/// The system's words without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_counts_failed_jobs_up_to_a_hundred() {
        for (count, number) in [(1, 1), (100, 100), (101, 101), (u64::MAX, 101)] {
            assert_eq!(ExitStatus::JobsFailed(count).number(), number);
            assert_eq!(is_settled(count), number == 101);
        }
        assert_eq!(ExitStatus::Success.number(), 0);
        assert_eq!(ExitStatus::Error.number(), 255);
    }

    #[test]
    fn reasons_carry_no_error_numbers() {
        assert_eq!(
            reason(&io::Error::from_raw_os_error(2)),
            "No such file or directory"
        );
    }
}
