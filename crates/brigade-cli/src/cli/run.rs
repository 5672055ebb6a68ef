//! `brigade run`: its options, its words and its help.

use super::SlotCount;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// Run a command once for each argument, several at a time
#[derive(Debug, Args)]
#[command(
    override_usage = "brigade run [OPTIONS] COMMAND... [::: ARGUMENT...]",
    after_help = "More about the command, the output and the exit status: brigade run --help",
    after_long_help = AFTER_HELP
)]
pub(crate) struct RunArgs {
    /// Run up to N jobs at a time; N% means that share of the CPUs [default: one per CPU]
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t,
        hide_default_value = true
    )]
    pub(crate) jobs: SlotCount,

    /// Print the output of the jobs in the order of the arguments
    #[arg(short, long)]
    pub(crate) keep_order: bool,

    /// Arguments that are read end with a NUL byte, not with a newline
    #[arg(short = '0', long)]
    pub(crate) null: bool,

    /// Read the arguments from FILE; - is standard input
    #[arg(short, long, value_name = "FILE")]
    pub(crate) arg_file: Option<PathBuf>,

    /// Print the commands, ready for a shell, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Show no progress line on the terminal
    #[arg(long)]
    pub(crate) no_progress: bool,

    /// The command, then ::: and its arguments if they are not read
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    words: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Arguments:
  They follow `:::`, or come from the file of -a, or else from standard input, where each line is
  one argument: an empty line is an empty argument, and the last line may lack its newline. They
  are bytes and need not be UTF-8. They are read only as fast as jobs start. Options stand before
  COMMAND.

Command:
  {}    the argument                      {//}  its folder, as dirname has it
  {.}   the argument without extension    {/.}  its last component without extension
  {/}   its last component                {#}   the number of the job, from 1
  A command without any of these gets the argument appended.

  Several words are a program and its arguments. They go to it as they are; no shell is involved:
      brigade run convert {} {.}.png ::: *.jpg
  One single word is a command line. Without shell syntax it is split at white space. With it
  (quotes, | > < ; & $ * ? and so on, X=1 in front, or a word that only a shell knows, as cd), it
  runs through $SHELL -c, or through /bin/sh if $SHELL is not a shell of the POSIX kind. Arguments
  are quoted for it; never put quotes of your own around {} for their sake:
      brigade run 'sort {} | uniq -c > {.}.count' ::: *.txt
  Jobs get nothing on standard input.

Output:
  The output of one job is never mixed with that of another: it is written when the job has ended
  and everything it started has closed its output. Beyond 64 KiB it waits in an unnamed file in
  $TMPDIR (or /tmp). With -k, up to 4 x N + 16 jobs run ahead of the one whose output comes next,
  which is written while it runs.

Ending:
  Ctrl-C stops starting jobs and waits for those that run. A second one, or SIGTERM or SIGHUP, sends
  SIGTERM to all processes of each job, and SIGKILL after 2 seconds. When nobody reads the output
  any more, or it cannot be written, the jobs are ended in the same way.

Exit status:
  0        every job succeeded, or there was none
  1-100    so many jobs failed: they ended with a status other than 0, or by a signal, or were
           not started
  101      more than 100 jobs failed
  130      ended by Ctrl-C, SIGTERM or SIGHUP
  255      wrong usage, unreadable arguments, or output that could not be written
  When nobody reads the output any more, the end is that of SIGPIPE, which shells show as 141.
  If there is no program of the command's name, every argument counts as a failed job; reading
  stops when there are more than 100.";

/// The words after the options, told apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) command: Vec<OsString>,
    /// What follows `:::`, if it was typed.
    pub(crate) arguments: Option<Vec<OsString>>,
}

impl RunArgs {
    /// Tells the command from the arguments; the sentence says what is wrong with them.
    pub(crate) fn words(&self) -> Result<Words, String> {
        let mut lists = self.words.split(|word| word == ":::");
        let command = lists.next().unwrap_or_default().to_vec();
        let arguments = lists.next().map(<[OsString]>::to_vec);
        if lists.next().is_some() {
            return Err(
                "there is more than one ::: in the command; give all arguments after one, \
                        or read them from a file with -a"
                    .to_owned(),
            );
        }
        if let Some(word) = self
            .words
            .iter()
            .find(|word| *word == "::::" || *word == ":::+")
        {
            return Err(format!(
                "{} is not known; put arguments after :::, or read them from a file with -a",
                word.display()
            ));
        }
        if arguments.is_some() && self.arg_file.is_some() {
            return Err("arguments after ::: and -a exclude each other; give one of them".into());
        }
        Ok(Words { command, arguments })
    }

    /// Whether arguments that do not follow `:::` come from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.arg_file
            .as_ref()
            .is_none_or(|path| path.as_os_str() == "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn args(words: &[&str]) -> RunArgs {
        let typed = ["brigade", "run"].iter().chain(words);
        match Cli::try_parse_from(typed).unwrap().command {
            Command::Run(args) => args,
            Command::Files(_) => unreachable!("run was typed"),
        }
    }

    #[test]
    fn options_after_the_command_belong_to_it() {
        let args = args(&["-k", "ls", "-k", "--", "-j0", "--help"]);
        assert!(args.keep_order);
        assert_eq!(
            args.words().unwrap().command,
            ["ls", "-k", "--", "-j0", "--help"]
        );
    }

    #[test]
    fn three_colons_separate_command_and_arguments() {
        let words = args(&["-j1", "a", "b", ":::", "-c", "d"]).words().unwrap();
        assert_eq!(words.command, ["a", "b"]);
        assert_eq!(words.arguments.unwrap(), ["-c", "d"]);
        assert_eq!(
            args(&["a", ":::"]).words().unwrap().arguments,
            Some(Vec::new())
        );
        assert_eq!(args(&["a"]).words().unwrap().arguments, None);
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        assert!(
            args(&["a", ":::", "b", ":::", "c"])
                .words()
                .unwrap_err()
                .contains("more than one")
        );
        assert!(
            args(&["a", "::::", "b"])
                .words()
                .unwrap_err()
                .starts_with("::::")
        );
        assert!(
            args(&["-a", "f", "a", ":::", "b"])
                .words()
                .unwrap_err()
                .contains("-a")
        );
    }
}
