//! The one place that writes what jobs printed to our own standard output and standard error.
//!
//! Small outputs are collected into one write; [`Writer::flush`] is called when no more is at
//! hand. Knows no order and no jobs.

use super::report::Output;
use super::spool::{Held, MEMORY_LIMIT, Spool};
use crate::exit::reason;
use crate::sink::{BUFFER_SIZE, Refused, Sink};
use std::fmt;
use std::io::{self, Read};

// So that whatever a job may hold in memory can be collected.
const _: () = assert!(MEMORY_LIMIT <= BUFFER_SIZE);

/// Why output could not be written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// Our own output refused it.
    Refused(Refused),
    /// A temporary file could not be read back.
    Unreadable(io::Error),
}

impl WriteError {
    /// Whether nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, WriteError::Refused(refused) if refused.is_broken_pipe())
    }
}

impl From<Refused> for WriteError {
    fn from(refused: Refused) -> WriteError {
        WriteError::Refused(refused)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Refused(refused) => refused.fmt(f),
            WriteError::Unreadable(error) => write!(
                f,
                "cannot read kept output back from {}: {}; the output is incomplete",
                std::env::temp_dir().display(),
                reason(error)
            ),
        }
    }
}

/// Our standard output and standard error.
#[derive(Debug)]
pub(crate) struct Writer {
    stdout: Sink,
    stderr: Sink,
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
        output.stderr.is_empty() && output.stdout.has_room(self.stdout.pending())
    }

    pub(crate) fn has_collected(&self) -> bool {
        self.stdout.pending() > 0
    }

    /// Writes the output of a job, standard output first.
    pub(crate) fn write(&mut self, output: Output) -> Result<(), WriteError> {
        put(&mut self.stdout, output.stdout)?;
        if output.stderr.is_empty() {
            return Ok(());
        }
        // On a terminal both are one: keep them in the order of the jobs.
        self.stdout.flush()?;
        put(&mut self.stderr, output.stderr)?;
        Ok(self.stderr.flush()?)
    }

    /// Writes one line of our own to standard output.
    pub(crate) fn write_line(&mut self, line: &[u8]) -> Result<(), WriteError> {
        self.stdout.add(line)?;
        Ok(self.stdout.add(b"\n")?)
    }

    /// Writes what was collected.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        Ok(self.stdout.flush()?)
    }
}

/// Writes the bytes of a spool, wherever they are.
fn put(sink: &mut Sink, spool: Spool) -> Result<(), WriteError> {
    match spool.into_held().map_err(WriteError::Unreadable)? {
        Held::Memory(bytes) => sink.add(&bytes)?,
        Held::File(mut file) => {
            let mut buffer = vec![0; BUFFER_SIZE];
            loop {
                match file.read(&mut buffer).map_err(WriteError::Unreadable)? {
                    0 => break,
                    count => sink.add(&buffer[..count])?,
                }
            }
        }
    }
    Ok(())
}
