//! What can keep a job from running or its output from being shown, as sentences for people.
//!
//! Ten thousand jobs with the same trouble get one sentence and a count. Knows neither how jobs
//! are run nor where sentences are printed.

use crate::exit::reason;
use rustix::io::Errno;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::io;

/// How many different sentences are worth reading.
const SENTENCE_LIMIT: usize = 10;

/// Why a job failed, where the job itself cannot say it.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// No program has this name.
    NoProgram { name: OsString },
    /// The system refused to start it.
    NotStarted { name: OsString, error: io::Error },
    /// An argument that no program can be given.
    NulByte { number: u64 },
    /// Its output could not be kept until its turn.
    OutputLost { number: u64, error: io::Error },
    /// It could not be ended, or be waited for.
    NotEnded { number: u64, error: io::Error },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoProgram { name } => write!(
                f,
                "command not found: {}; check its spelling, or give its path",
                name.display()
            ),
            Trouble::NotStarted { name, error } => {
                write!(f, "cannot run {}: {}", name.display(), reason(error))?;
                match error.kind() {
                    io::ErrorKind::PermissionDenied => write!(f, "; is it made executable?"),
                    io::ErrorKind::NotFound => write!(f, "; is its interpreter installed?"),
                    io::ErrorKind::ArgumentListTooLong => write!(f, "; the argument is too long"),
                    _ if is_no_format(error) => write!(f, "; a script begins with #!/bin/sh"),
                    _ => Ok(()),
                }
            }
            Trouble::NulByte { number } => write!(
                f,
                "cannot run job {number}: its argument holds a NUL byte; use -0 if NUL separates \
                 the arguments"
            ),
            Trouble::OutputLost { number, error } => write!(
                f,
                "cannot keep the output of job {number} in {}: {}; make room there, or set TMPDIR \
                 to a folder with more",
                std::env::temp_dir().display(),
                reason(error)
            ),
            Trouble::NotEnded { number, error } => write!(
                f,
                "cannot end job {number}: {}; some of its processes may still run",
                reason(error)
            ),
        }
    }
}

impl Trouble {
    /// Troubles with the same key are the same to the reader.
    fn key(&self) -> (std::mem::Discriminant<Trouble>, OsString) {
        let name = match self {
            Trouble::NoProgram { name } | Trouble::NotStarted { name, .. } => name.clone(),
            _ => OsString::new(),
        };
        (std::mem::discriminant(self), name)
    }
}

/// The troubles of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    told: HashSet<(std::mem::Discriminant<Trouble>, OsString)>,
    untold: u64,
}

impl Troubles {
    /// The sentence to print, unless it was printed for another job already.
    pub(crate) fn tell(&mut self, trouble: &Trouble) -> Option<String> {
        if self.told.len() < SENTENCE_LIMIT && self.told.insert(trouble.key()) {
            return Some(trouble.to_string());
        }
        self.untold += 1;
        None
    }

    /// How many more there were, in a sentence.
    pub(crate) fn rest(&self) -> Option<String> {
        match self.untold {
            0 => None,
            1 => Some("1 more job had the same kind of trouble".to_owned()),
            count => Some(format!("{count} more jobs had the same kind of trouble")),
        }
    }
}

/// Whether the file to run is neither a program nor a script.
fn is_no_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_program(name: &str) -> Trouble {
        Trouble::NoProgram { name: name.into() }
    }

    #[test]
    fn the_same_trouble_is_told_once_and_then_counted() {
        let mut troubles = Troubles::default();
        assert!(
            troubles
                .tell(&no_program("a"))
                .unwrap()
                .contains("command not found: a;")
        );
        assert_eq!(troubles.rest(), None);
        for _ in 0..5 {
            assert_eq!(troubles.tell(&no_program("a")), None);
        }
        assert!(troubles.tell(&no_program("b")).is_some());
        assert!(troubles.rest().unwrap().starts_with("5 more jobs"));
    }

    #[test]
    fn different_troubles_without_end_are_counted_in_the_end() {
        let mut troubles = Troubles::default();
        let told = (0..1000).filter_map(|name| troubles.tell(&no_program(&name.to_string())));
        assert_eq!(told.count(), SENTENCE_LIMIT);
        assert!(troubles.rest().unwrap().starts_with("990 more jobs"));
    }
}
