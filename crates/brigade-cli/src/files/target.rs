//! Something to read: a file, or standard input.
//!
//! Knows neither how it was found nor what its bytes are for.

use super::name;
use crate::exit::reason;
use rustix::fd::AsFd;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// How much is read at once.
pub(super) const READ_SIZE: usize = 128 * 1024;

#[derive(Debug)]
pub(super) enum Target {
    Stdin,
    File(PathBuf),
}

/// A target that could not be read, and why.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) name: OsString,
    pub(super) error: io::Error,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = name::shown(&self.name);
        write!(f, "cannot read {name}: {}", reason(&self.error))
    }
}

impl Target {
    /// What a word of the user names: `-` is standard input.
    pub(super) fn named(path: PathBuf) -> Target {
        if path.as_os_str() == "-" {
            Target::Stdin
        } else {
            Target::File(path)
        }
    }

    /// What it is called in the output.
    pub(super) fn name(&self) -> &OsStr {
        match self {
            Target::Stdin => OsStr::new("-"),
            Target::File(path) => path.as_os_str(),
        }
    }

    pub(super) fn open(&self) -> io::Result<File> {
        match self {
            Target::Stdin => Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?)),
            Target::File(path) => File::open(path),
        }
    }

    /// Gives out all its bytes, piece by piece, and returns how many there were.
    pub(super) fn read(
        &self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<u64, Unreadable> {
        let unreadable = |error| Unreadable {
            name: self.name().to_owned(),
            error,
        };
        let mut file = self.open().map_err(unreadable)?;
        let mut total = 0;
        loop {
            match file.read(buffer) {
                Ok(0) => return Ok(total),
                Ok(count) => {
                    take(&buffer[..count]);
                    total += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
    }
}
