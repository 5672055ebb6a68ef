//! The one place that writes what jobs printed to our own standard output and standard error.
//!
//! Small outputs are collected into one write; [`Writer::flush`] is called when no more is at
//! hand. Knows no order and no jobs.

use super::report::Output;
use super::spool::{Held, MEMORY_LIMIT, Spool};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::AsFd;
use rustix::fs::{FileType, fstat, ftruncate, tell};
use rustix::io::{Errno, write};
use std::fs::File;
use std::io::{self, Read};

/// As much as a job may hold in memory, so that any such output can be collected.
const BUFFER_SIZE: usize = MEMORY_LIMIT;

/// Why output could not be written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// Our own output refused it; the name says which.
    Refused {
        output: &'static str,
        error: io::Error,
    },
    /// A temporary file could not be read back.
    Unreadable(io::Error),
}

/// Our standard output and standard error.
#[derive(Debug)]
pub(crate) struct Writer {
    stdout: Sink,
    stderr: Sink,
}

#[derive(Debug)]
struct Sink {
    name: &'static str,
    file: File,
    pending: Vec<u8>,
    /// How many of our bytes stand after the last newline.
    open_line: usize,
}

impl Writer {
    pub(crate) fn new() -> io::Result<Writer> {
        Ok(Writer {
            stdout: Sink::new("standard output", io::stdout())?,
            stderr: Sink::new("standard error", io::stderr())?,
        })
    }

    /// Whether this output would only be collected, and nothing written yet.
    pub(crate) fn can_collect(&self, output: &Output) -> bool {
        output.stderr.is_empty() && output.stdout.has_room(self.stdout.pending.len())
    }

    pub(crate) fn has_collected(&self) -> bool {
        !self.stdout.pending.is_empty()
    }

    /// Writes the output of a job, standard output first.
    pub(crate) fn write(&mut self, output: Output) -> Result<(), WriteError> {
        self.stdout.take(output.stdout)?;
        if output.stderr.is_empty() {
            return Ok(());
        }
        // On a terminal both are one: keep them in the order of the jobs.
        self.stdout.flush()?;
        self.stderr.take(output.stderr)?;
        self.stderr.flush()
    }

    /// Writes one line of our own to standard output.
    pub(crate) fn write_line(&mut self, line: &[u8]) -> Result<(), WriteError> {
        self.stdout.add(line)?;
        self.stdout.add(b"\n")
    }

    /// Writes what was collected.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.stdout.flush()
    }
}

impl Sink {
    fn new(name: &'static str, stream: impl AsFd) -> io::Result<Sink> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        Ok(Sink {
            name,
            file,
            pending: Vec::new(),
            open_line: 0,
        })
    }

    fn take(&mut self, spool: Spool) -> Result<(), WriteError> {
        match spool.into_held().map_err(WriteError::Unreadable)? {
            Held::Memory(bytes) => self.add(&bytes),
            Held::File(mut file) => {
                let mut buffer = vec![0; BUFFER_SIZE];
                loop {
                    match file.read(&mut buffer).map_err(WriteError::Unreadable)? {
                        0 => return Ok(()),
                        count => self.add(&buffer[..count])?,
                    }
                }
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.pending.len() + bytes.len() > BUFFER_SIZE {
            self.flush()?;
        }
        if bytes.len() > BUFFER_SIZE {
            return self.write_all(bytes);
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        let mut pending = std::mem::take(&mut self.pending);
        let result = self.write_all(&pending);
        pending.clear();
        self.pending = pending;
        result
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
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

    fn wait_for_room(&self) -> Result<(), WriteError> {
        match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(self.refused(error.into())),
        }
    }

    fn refused(&self, error: io::Error) -> WriteError {
        WriteError::Refused {
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
