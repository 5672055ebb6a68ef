//! One output stream of ours: collects small pieces into one write and leaves no half line behind.
//!
//! [`Sink::flush`] is called when no more is at hand. Knows nothing of what is written.

use crate::exit::reason;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::AsFd;
use rustix::fs::{FileType, fstat, ftruncate, tell};
use rustix::io::{Errno, write};
use std::fmt;
use std::fs::File;
use std::io;

/// As much is collected before it is written.
pub(crate) const BUFFER_SIZE: usize = 64 * 1024;

/// Our own output refused what was to be written; the name says which.
#[derive(Debug)]
pub(crate) struct Refused {
    output: &'static str,
    error: io::Error,
}

impl Refused {
    /// Whether nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.error.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot write to {}: {}; the output is incomplete",
            self.output,
            reason(&self.error)
        )
    }
}

/// An output stream, such as standard output.
#[derive(Debug)]
pub(crate) struct Sink {
    name: &'static str,
    file: File,
    pending: Vec<u8>,
    /// How many of our bytes stand after the last newline.
    open_line: usize,
}

impl Sink {
    /// Writes to `stream`, which is called `name` in sentences.
    pub(crate) fn new(name: &'static str, stream: impl AsFd) -> io::Result<Sink> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        Ok(Sink {
            name,
            file,
            pending: Vec::new(),
            open_line: 0,
        })
    }

    /// How many bytes are collected and not yet written.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Adds bytes, which are written at the latest when there are many.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        if self.pending.len() + bytes.len() > BUFFER_SIZE {
            self.flush()?;
        }
        if bytes.len() > BUFFER_SIZE {
            return self.write_all(bytes);
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes what was collected.
    pub(crate) fn flush(&mut self) -> Result<(), Refused> {
        let mut pending = std::mem::take(&mut self.pending);
        let result = self.write_all(&pending);
        pending.clear();
        self.pending = pending;
        result
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Refused> {
        while !bytes.is_empty() {
            match write(&self.file, bytes) {
                Ok(count) => {
                    let (written, rest) = bytes.split_at(count);
                    self.open_line = match written.iter().rposition(|&byte| byte == b'\n') {
                        Some(newline) => count - newline - 1,
                        None => self.open_line + count,
                    };
                    bytes = rest;
                }
                Err(Errno::INTR) => {}
                // Someone who shares our output has made it non-blocking.
                Err(Errno::AGAIN) => self.wait_for_room()?,
                Err(error) => {
                    self.drop_open_line();
                    return Err(self.refused(error.into()));
                }
            }
        }
        Ok(())
    }

    fn wait_for_room(&self) -> Result<(), Refused> {
        match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(self.refused(error.into())),
        }
    }

    fn refused(&self, error: io::Error) -> Refused {
        Refused {
            output: self.name,
            error,
        }
    }

    /// Takes a line that the full disk cut off back out of the file, if it ends with our bytes.
    fn drop_open_line(&mut self) {
        let open_line = self.open_line as u64;
        let is_file = |stat: &rustix::fs::Stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        };
        if (1..=BUFFER_SIZE as u64).contains(&open_line)
            && let Ok(stat) = fstat(&self.file)
            && let Ok(position) = tell(&self.file)
            && is_file(&stat)
            && u64::try_from(stat.st_size) == Ok(position)
            && position >= open_line
            && ftruncate(&self.file, position - open_line).is_ok()
        {
            self.open_line = 0;
        }
    }
}
