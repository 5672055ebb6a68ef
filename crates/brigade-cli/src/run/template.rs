//! The command as typed, read once, and the command of each job made from it.
//!
//! The rule, also told by `--help`: several words are a program and its arguments and go to it
//! untouched. One single word is a command line: without shell syntax it is split at white space,
//! otherwise a shell runs it. Without a replacement string the argument is appended.
//!
//! Starts nothing, and looks at the file system only to find the program.

use super::placeholder::{Input, Placeholder};
use super::program;
use super::script::Script;
use super::words::{needs_shell, quote, split};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Shells whose quoting is POSIX; others (fish, csh ...) would misread ours.
const POSIX_SHELLS: &[&str] = &[
    "sh", "ash", "bash", "dash", "ksh", "ksh93", "lksh", "loksh", "mksh", "oksh", "yash", "zsh",
];

/// The command of every job.
#[derive(Debug)]
pub(crate) enum Template {
    /// A program, started directly.
    Direct {
        /// The words, the program's name first.
        words: Vec<Word>,
        /// Where the program was found. `None` if its name depends on the job.
        program: Option<Option<PathBuf>>,
    },
    /// A command line for a shell.
    Shell { shell: PathBuf, script: Script },
}

/// A word with replacement strings in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(Vec<u8>),
    Value(Placeholder),
}

/// What to start for one job.
#[derive(Debug)]
pub(crate) struct JobCommand {
    /// The name as the user knows it, which the program gets as its name too.
    pub(crate) name: OsString,
    /// The file to run; `None` if there is no such program.
    pub(crate) program: Option<PathBuf>,
    pub(crate) arguments: Vec<OsString>,
}

impl Template {
    /// Reads the words of the command; `None` if they hold nothing to run.
    pub(crate) fn parse(command: &[OsString], shell: Option<&OsStr>) -> Option<Template> {
        let words: Vec<&[u8]> = match command {
            [line] if needs_shell(line.as_bytes()) => {
                let script = Script::parse(line.as_bytes());
                return Some(Template::Shell {
                    shell: posix_shell(shell),
                    script,
                });
            }
            [line] => split(line.as_bytes()).collect(),
            words => words.iter().map(|word| word.as_bytes()).collect(),
        };
        let mut words: Vec<Word> = words.into_iter().map(Word::parse).collect();
        let name = words.first().filter(|word| !word.0.is_empty())?;
        let program = name
            .literal()
            .map(|name| program::find(OsStr::from_bytes(name)));
        if words.iter().all(|word| !word.has_values()) {
            words.push(Word(vec![Piece::Value(Placeholder::Argument)]));
        }
        Some(Template::Direct { words, program })
    }

    /// What to start for this job.
    pub(crate) fn for_job(&self, input: &Input) -> JobCommand {
        match self {
            Template::Direct { words, program } => {
                let mut words = words
                    .iter()
                    .map(|word| OsString::from_vec(word.for_job(input)));
                let name = words.next().unwrap_or_default();
                let program = match program {
                    Some(found) => found.clone(),
                    None => program::find(&name),
                };
                JobCommand {
                    program,
                    name,
                    arguments: words.collect(),
                }
            }
            Template::Shell { shell, script } => JobCommand {
                name: shell.clone().into_os_string(),
                program: Some(shell.clone()),
                arguments: vec!["-c".into(), OsString::from_vec(script.for_job(input))],
            },
        }
    }

    /// The command of this job as a line for a shell.
    pub(crate) fn shown(&self, input: &Input) -> Vec<u8> {
        match self {
            Template::Direct { words, .. } => {
                let words: Vec<_> = words
                    .iter()
                    .map(|word| quote(&word.for_job(input)).into_owned())
                    .collect();
                words.join(&b' ')
            }
            Template::Shell { script, .. } => script.for_job(input),
        }
    }

    /// Whether no job can be started, whatever its argument.
    pub(crate) fn has_no_program(&self) -> bool {
        matches!(
            self,
            Template::Direct {
                program: Some(None),
                ..
            }
        )
    }
}

impl Word {
    fn parse(text: &[u8]) -> Word {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(&byte) = rest.first() {
            let Some(placeholder) = Placeholder::at_start(rest) else {
                literal.push(byte);
                rest = &rest[1..];
                continue;
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Piece::Value(placeholder));
            rest = &rest[placeholder.spelling().len()..];
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Word(pieces)
    }

    fn has_values(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Value(_)))
    }

    /// The whole word, if no part of it depends on the job.
    fn literal(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(b""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    fn for_job(&self, input: &Input) -> Vec<u8> {
        let mut text = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.extend_from_slice(literal),
                Piece::Value(placeholder) => text.extend_from_slice(&placeholder.value(input)),
            }
        }
        text
    }
}

/// The user's shell if it reads POSIX syntax, else the system's.
fn posix_shell(preferred: Option<&OsStr>) -> PathBuf {
    preferred
        .map(Path::new)
        .filter(|shell| {
            let name = shell.file_name().unwrap_or_default();
            POSIX_SHELLS.iter().any(|known| name == *known) && shell.is_file()
        })
        .unwrap_or(Path::new("/bin/sh"))
        .to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(command: &[&str]) -> Template {
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        Template::parse(&command, None).unwrap()
    }

    #[track_caller]
    fn check(command: &[&str], argument: &[u8], shown: &[u8]) {
        let input = Input {
            index: 0,
            argument: argument.to_vec(),
        };
        let seen = template(command).shown(&input);
        assert_eq!(
            String::from_utf8_lossy(&seen),
            String::from_utf8_lossy(shown)
        );
    }

    #[test]
    fn several_words_are_an_argv_whatever_they_hold() {
        check(
            &["echo", "$HOME", "a b", ""],
            b"x",
            b"echo '$HOME' 'a b' '' x",
        );
        check(&["a b", "{}"], b"x", b"'a b' x");
    }

    #[test]
    fn one_plain_word_is_split_at_white_space() {
        check(&["gzip  -9 "], b"a b", b"gzip -9 'a b'");
        check(&["true"], b"", b"true ''");
    }

    #[test]
    fn replacement_strings_stand_anywhere_in_a_word() {
        check(
            &["mv", "{}", "{//}/{#}-{/.}.{#}x{"],
            b"d/n.t",
            b"mv d/n.t 'd/1-n.1x{'",
        );
        check(&["{}", "-v"], b"tool", b"tool -v");
        check(
            &["cp {} {.}\u{e9}"],
            b"f\xff.c",
            b"cp 'f\xff.c' 'f\xff\xc3\xa9'",
        );
    }

    #[test]
    fn shell_syntax_in_one_word_makes_a_script() {
        assert!(matches!(
            template(&["echo {} | wc"]),
            Template::Shell { .. }
        ));
        assert!(matches!(template(&["cd {}"]), Template::Shell { .. }));
        assert!(matches!(template(&["echo", "|"]), Template::Direct { .. }));
    }

    #[test]
    fn an_empty_command_is_none() {
        for command in [&[""][..], &["  "], &[], &["", "x"]] {
            let command: Vec<OsString> = command.iter().map(OsString::from).collect();
            assert!(Template::parse(&command, None).is_none(), "{command:?}");
        }
    }

    #[test]
    fn a_literal_program_is_looked_up_once_and_keeps_its_name() {
        let template = template(&["sh", "-c", "true"]);
        let command = template.for_job(&Input {
            index: 0,
            argument: Vec::new(),
        });
        assert_eq!(command.name, "sh");
        assert!(command.program.unwrap().is_absolute());
        assert!(self::template(&["no-such-program-here"]).has_no_program());
    }

    #[test]
    fn shells_with_another_syntax_are_not_used() {
        assert_eq!(
            posix_shell(Some(OsStr::new("/usr/bin/fish"))),
            Path::new("/bin/sh")
        );
        assert_eq!(
            posix_shell(Some(OsStr::new("/no/such/bash"))),
            Path::new("/bin/sh")
        );
        assert_eq!(posix_shell(None), Path::new("/bin/sh"));
    }
}
