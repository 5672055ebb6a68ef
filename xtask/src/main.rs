//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! Here is only who does what. This file does not know what the commands consist of.

mod bench;
mod cargo;
mod command_line;
mod races;
mod schedules;
mod test;
mod tidy;

use command_line::{COMMANDS, Command};
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit status for a command line that asks for something that does not exist.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match Command::parse(env::args_os().skip(1)) {
        Ok(command) => command,
        Err(fault) => {
            complain(&format!("{fault}\n\n{COMMANDS}"));
            return ExitCode::from(USAGE);
        }
    };
    run(command).unwrap_or_else(|fault| {
        complain(&fault);
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Help => say(COMMANDS)?,
        Command::Test { fast } => test::run(&root()?, fast)?,
        Command::Tidy => tidy::run(&root()?)?,
        Command::Races => races::run(&root()?)?,
        Command::Schedules(campaign) => schedules::run(&root()?, &campaign)?,
        Command::Bench { arguments } => return bench::run(arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the workspace.
fn root() -> Result<PathBuf, String> {
    env::var_os("CARGO_MANIFEST_DIR")
        .as_deref()
        .and_then(|manifest| Path::new(manifest).parent())
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            "only cargo tells where the repository is; start me with `cargo xtask`".to_owned()
        })
}

/// Prints to standard output. That nobody reads it any more is an error, not a panic.
fn say(text: &str) -> Result<(), String> {
    writeln!(io::stdout().lock(), "{text}")
        .map_err(|fault| format!("cannot write to standard output: {fault}"))
}

fn complain(text: &str) {
    if writeln!(io::stderr().lock(), "xtask: {text}").is_err() {
        // Standard error itself is gone: the exit status is all that is left to say it with.
    }
}
