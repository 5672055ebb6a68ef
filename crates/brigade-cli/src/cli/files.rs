//! `brigade files`: its subcommands, their options and their help.

use super::SlotCount;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What to do with the files.
#[derive(Debug, Subcommand)]
pub(crate) enum FilesCommand {
    Hash(HashArgs),
    Count(CountArgs),
}

/// Print the digests of files, or check them against a list
#[derive(Debug, Args)]
#[command(
    override_usage = "brigade files hash [OPTIONS] PATH...\n       \
                      brigade files hash [OPTIONS] --check FILE",
    after_help = "More about the files read, the output and the exit status: brigade files hash --help",
    after_long_help = AFTER_HASH
)]
pub(crate) struct HashArgs {
    /// The digest
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Algorithm::Blake3)]
    pub(crate) algo: Algorithm,

    /// Read digests and names from FILE and check those files; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub(crate) check: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) options: Options,

    /// Files, and folders whose files are all read; - is standard input
    #[arg(value_name = "PATH", required_unless_present = "check")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Count the lines, words and bytes of files
#[derive(Debug, Args)]
#[command(
    override_usage = "brigade files count [OPTIONS] PATH...",
    after_help = "More about the files read, the output and the exit status: brigade files count --help",
    after_long_help = AFTER_COUNT
)]
pub(crate) struct CountArgs {
    #[command(flatten)]
    pub(crate) options: Options,

    /// Files, and folders whose files are all read; - is standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

/// What all of them understand.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Read up to N files at a time; N% means that share of the CPUs [default: one per CPU]
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t,
        hide_default_value = true
    )]
    pub(crate) jobs: SlotCount,

    /// Print one JSON object on a line for each file
    #[arg(long)]
    pub(crate) json: bool,

    /// Show no progress line on the terminal
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// A digest that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    /// As b3sum prints it
    Blake3,
    /// As sha256sum prints it
    Sha256,
}

impl Algorithm {
    /// The name that is typed for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Algorithm::Blake3 => "blake3",
            Algorithm::Sha256 => "sha256",
        }
    }

    /// The name of the one that it may be mistaken for: their digests look alike.
    pub(crate) fn other(self) -> &'static str {
        match self {
            Algorithm::Blake3 => Algorithm::Sha256.name(),
            Algorithm::Sha256 => Algorithm::Blake3.name(),
        }
    }
}

/// What all of them read, and how names are printed.
macro_rules! about_files {
    ($($end:literal),*) => {
        concat!(
            "\
Files:
  Of a folder every file is read, hidden or not, at any depth, in the order of the names. In folders,
  symbolic links are not followed, and what is no file (sockets, devices, fifos) is passed over; what
  is named on the command line is read, whatever it is. A file that cannot be read is named on
  standard error and does not stop the rest. At most 256 are read at a time.

Names:
  They are printed as the bytes that they are. One that holds a newline, a carriage return or a
  backslash is printed with \\n, \\r and \\\\ for them, and its line begins with a backslash.
  With --json, a name that is not UTF-8 is there twice: readable as path, exact as path_hex.
",
            $($end),*
        )
    };
}

const AFTER_HASH: &str = about_files!(
    "
Output:
  One line for each file, its digest, two spaces and its name: what b3sum --check and, with
  --algo sha256, sha256sum --check read. Lines are in the order of the files.

Exit status:
  0    every file was read; with --check, and is as listed
  1    some file could not be read, is not as listed, or a line of the list is none
  255  wrong usage, or output that could not be written
  When nobody reads the output any more, the end is that of SIGPIPE, which shells show as 141."
);

const AFTER_COUNT: &str = about_files!(
    "
Output:
  As wc prints it, in columns of 7: lines, words, bytes and the name, and the sums in the end if there
  is more than one file. A line ends with a newline. A word is a run of bytes that are no ASCII white space.

Exit status:
  0    every file was read
  1    some file could not be read
  255  wrong usage, or output that could not be written
  When nobody reads the output any more, the end is that of SIGPIPE, which shells show as 141."
);

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command, FilesCommand};
    use clap::Parser;

    fn is_taken(words: &[&str]) -> bool {
        let typed = ["brigade", "files"].iter().chain(words);
        Cli::try_parse_from(typed).is_ok_and(|cli| {
            matches!(
                cli.command,
                Command::Files(FilesCommand::Hash(_) | FilesCommand::Count(_))
            )
        })
    }

    #[test]
    fn paths_are_needed_unless_there_is_a_list() {
        assert!(is_taken(&["hash", "a", "b"]));
        assert!(is_taken(&["hash", "--check", "list"]));
        assert!(is_taken(&["count", "a"]));
        assert!(!is_taken(&["hash"]));
        assert!(!is_taken(&["count"]));
        assert!(!is_taken(&["hash", "--check", "list", "a"]));
        assert!(!is_taken(&["hash", "--algo", "md5", "a"]));
    }
}
