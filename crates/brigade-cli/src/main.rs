//! The command `brigade`: reads the command line and hands over to the subcommand.

mod cli;
mod exit;
mod files;
mod parts;
mod progress;
mod run;
mod sink;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    match cli.command {
        cli::Command::Run(args) => run::run(args).into(),
        cli::Command::Files(command) => files::files(command).into(),
    }
}
