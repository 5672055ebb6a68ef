//! `brigade files`: reads many files at a time.
//!
//! ```text
//! walk -> [channel] -> readers (pool workers) -> [channel] -> order -> printer
//!   ^                                                          |
//!   +----------------- [channel: window] ----------------------+
//! ```
//!
//! This file puts the parts together. What is made of a file (`hash`, `count`, `check`) is a function
//! from bytes to a result, and knows nothing of threads; `pipeline` knows threads and nothing of files.

mod check;
mod count;
mod hash;
mod name;
mod pipeline;
mod printer;
mod target;
mod walk;

use crate::cli::{FilesCommand, Options};
use crate::exit::{ExitStatus, say};
use printer::Printer;

/// Carries it out and says how it ended. Everything the user must know has been printed then.
pub(crate) fn files(command: FilesCommand) -> ExitStatus {
    let done = match command {
        FilesCommand::Hash(args) => match args.check {
            Some(list) => check::check(&list, args.algo, &args.options),
            None => hash::hash(args.paths, args.algo, &args.options),
        },
        FilesCommand::Count(args) => count::count(args.paths, &args.options),
    };
    done.unwrap_or_else(|sentence| {
        say(&sentence);
        ExitStatus::Error
    })
}

/// Standard output as the user wants it.
fn printer(options: &Options) -> Result<Printer, String> {
    Printer::new(options.json, !options.no_progress).map_err(|error| {
        format!(
            "cannot use standard output: {}",
            crate::exit::reason(&error)
        )
    })
}
