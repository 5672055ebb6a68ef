//! `brigade files`: reads many files at a time.
//!
//! ```text
//! walk -> [pipeline: readers, on a pool; in order] -> [channel] -> printer
//! ```
//!
//! This file puts the parts together. What is made of a file (`hash`, `count`, `check`) is a function
//! from bytes to a result, and knows nothing of threads; `pipeline` knows threads and nothing of files.

mod check;
mod count;
mod hash;
mod list;
mod name;
mod pipeline;
mod printer;
mod target;
mod walk;

use crate::cli::{FilesCommand, Options};
use crate::exit::{ExitStatus, say};
use printer::Printer;
use std::path::PathBuf;

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

/// More threads than this read no faster, and so many stacks are room for something else.
const READERS_MAX: usize = 256;

/// How many files are read at a time.
fn readers(options: &Options) -> usize {
    options.jobs.get().min(READERS_MAX)
}

/// Standard input can be read once.
fn refuse_second_stdin(paths: &[PathBuf]) -> Result<(), String> {
    let stdins = paths.iter().filter(|path| path.as_os_str() == "-").count();
    if stdins > 1 {
        return Err("standard input can be read only once; give - once".to_owned());
    }
    Ok(())
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
