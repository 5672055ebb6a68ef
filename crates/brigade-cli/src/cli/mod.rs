//! The command line: what can be typed, and how mistyped input is answered.
//!
//! Knows nothing of how the work is done.

mod files;
mod run;

use crate::exit::{ExitStatus, say};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::str::FromStr;

pub(crate) use files::{Algorithm, FilesCommand, Options};
pub(crate) use run::RunArgs;

/// More slots than this are a typing error.
const SLOT_LIMIT: usize = 100_000;

/// Run any work over many inputs, safely in parallel.
#[derive(Debug, Parser)]
#[command(
    name = "brigade",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    /// Read many files at a time
    #[command(subcommand)]
    Files(FilesCommand),
}

/// How many jobs run at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotCount(NonZeroUsize);

impl SlotCount {
    pub(crate) fn get(self) -> usize {
        self.0.get()
    }

    fn parse(text: &str, cpus: NonZeroUsize) -> Option<SlotCount> {
        let count = match text.strip_suffix('%') {
            Some(share) => {
                let share = share.parse::<NonZeroUsize>().ok()?.get();
                (cpus.get().checked_mul(share)? / 100).max(1)
            }
            None => text.parse().ok()?,
        };
        (count <= SLOT_LIMIT).then_some(())?;
        NonZeroUsize::new(count).map(SlotCount)
    }
}

impl Default for SlotCount {
    fn default() -> SlotCount {
        SlotCount(cpus())
    }
}

impl std::fmt::Display for SlotCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SlotCount {
    type Err = String;

    fn from_str(text: &str) -> Result<SlotCount, String> {
        SlotCount::parse(text, cpus()).ok_or_else(|| {
            format!(
                "type a whole number from 1 to {SLOT_LIMIT}, as in -j 4, or a share of the CPUs, \
                 as in -j 50%"
            )
        })
    }
}

/// Where the system does not say how many CPUs there are, one is a safe answer.
fn cpus() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Reads the command line; what went wrong, or the help text, has been printed if it is an error.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("cannot print the help text: {error}"));
                ExitStatus::Error.into()
            }
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            say(
                "what to do is missing; begin with brigade run COMMAND, brigade files hash PATH or \
                 brigade files count PATH, or see brigade --help",
            );
            ExitStatus::Error.into()
        }
        _ => {
            say(&format!(
                "{}; see {}",
                one_sentence(&error.to_string()),
                help()
            ));
            ExitStatus::Error.into()
        }
    })
}

/// The parser's message without its layout.
fn one_sentence(message: &str) -> String {
    let lines = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:"));
    let text = lines
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"))
        .collect::<Vec<_>>()
        .join(" ");
    text.strip_prefix("error: ")
        .unwrap_or(&text)
        .replace(" tip: ", "; ")
}

/// The help that explains what was typed.
fn help() -> &'static str {
    let typed: Vec<_> = std::env::args_os().skip(1).take(2).collect();
    let word = |at: usize| typed.get(at).and_then(|word| word.to_str());
    match (word(0), word(1)) {
        (Some("run"), _) => "brigade run --help",
        (Some("files"), Some("hash")) => "brigade files hash --help",
        (Some("files"), Some("count")) => "brigade files count --help",
        (Some("files"), _) => "brigade files --help",
        _ => "brigade --help",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn job_counts_are_numbers_or_shares_of_the_cpus() {
        let count =
            |text| SlotCount::parse(text, NonZeroUsize::new(8).unwrap()).map(SlotCount::get);
        for (text, expected) in [
            ("1", 1),
            ("64", 64),
            ("50%", 4),
            ("100%", 8),
            ("250%", 20),
            ("1%", 1),
        ] {
            assert_eq!(count(text), Some(expected), "{text}");
        }
        for text in [
            "0",
            "0%",
            "abc",
            "",
            "%",
            "-1",
            "1.5",
            "999999999",
            "99999999999999999999%",
        ] {
            assert_eq!(count(text), None, "{text}");
        }
    }
}
