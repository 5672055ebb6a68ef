//! Where the arguments come from: the command line, a file, or standard input.
//!
//! A stream is read only as far as jobs are started. One argument ends at a newline, or at a NUL
//! byte if so chosen; the last one may lack its end; an empty line is an empty argument. Arguments
//! are bytes. Knows nothing of commands and jobs.

use super::control::{Control, Latch};
use crate::exit::reason;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::AsFd;
use rustix::io::retry_on_intr;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::Arc;

/// No system takes an argument as long as this; the input is then not what it was taken for.
const ARGUMENT_LIMIT: usize = 16 * 1024 * 1024;

/// A sequence of arguments.
pub(crate) enum Source {
    List(std::vec::IntoIter<OsString>),
    Stream(Stream),
}

/// Arguments read one after the other.
pub(crate) struct Stream {
    reader: BufReader<Interruptible>,
    separator: u8,
    name: String,
    read: u64,
}

impl Source {
    /// Reads standard input; reading ends early when dispatch is stopped.
    pub(crate) fn stdin(separator: u8, control: &Arc<Control>) -> Result<Source, String> {
        let name = "standard input".to_owned();
        match io::stdin().as_fd().try_clone_to_owned() {
            Ok(handle) => Ok(Source::stream(File::from(handle), name, separator, control)),
            Err(error) => Err(format!("cannot read {name}: {}", reason(&error))),
        }
    }

    /// Reads a file; the sentence says why that cannot be done.
    pub(crate) fn file(
        path: &Path,
        separator: u8,
        control: &Arc<Control>,
    ) -> Result<Source, String> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Source::stream(file, name, separator, control)),
            Err(error) => Err(format!("cannot read {name}: {}", reason(&error))),
        }
    }

    fn stream(file: File, name: String, separator: u8, control: &Arc<Control>) -> Source {
        let interruptible = Interruptible {
            file,
            control: Arc::clone(control),
        };
        let reader = BufReader::with_capacity(64 * 1024, interruptible);
        Source::Stream(Stream {
            reader,
            separator,
            name,
            read: 0,
        })
    }

    /// How many arguments are still to come, if that is known.
    pub(crate) fn remaining(&self) -> Option<usize> {
        match self {
            Source::List(list) => Some(list.len()),
            Source::Stream(_) => None,
        }
    }

    /// Whether the next argument may have to be waited for.
    pub(crate) fn may_wait(&self) -> bool {
        match self {
            Source::List(_) => false,
            Source::Stream(stream) => stream.reader.buffer().is_empty(),
        }
    }

    /// The next argument; `None` at the end.
    ///
    /// # Errors
    ///
    /// A sentence that says what could not be read.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self {
            Source::List(list) => Ok(list.next().map(OsString::into_vec)),
            Source::Stream(stream) => stream.next(),
        }
    }
}

impl Stream {
    fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut argument = Vec::new();
        self.reader
            .by_ref()
            .take(ARGUMENT_LIMIT as u64)
            .read_until(self.separator, &mut argument)
            .map_err(|error| format!("cannot read {}: {}", self.name, reason(&error)))?;
        self.read += 1;
        if argument.last() == Some(&self.separator) {
            argument.pop();
        } else if argument.len() == ARGUMENT_LIMIT {
            return Err(format!(
                "argument {} of {} is longer than 16 MiB; give the right separator: newline, or \
                 NUL with -0",
                self.read, self.name
            ));
        } else if argument.is_empty() {
            return Ok(None);
        }
        Ok(Some(argument))
    }
}

/// A file whose reader gives up waiting when dispatch is stopped: it then sees the end.
struct Interruptible {
    file: File,
    control: Arc<Control>,
}

impl Read for Interruptible {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stop: &Latch = &self.control.stop;
        let mut fds = [
            PollFd::new(&self.file, PollFlags::IN),
            PollFd::new(stop, PollFlags::IN),
        ];
        retry_on_intr(|| poll(&mut fds, None))?;
        if stop.is_set() {
            return Ok(0);
        }
        self.file.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn control() -> Arc<Control> {
        Arc::new(Control::new().unwrap())
    }

    fn source(content: &[u8], separator: u8) -> Source {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        Source::file(file.path(), separator, &control()).unwrap()
    }

    #[track_caller]
    fn check(content: &[u8], separator: u8, expected: &[&[u8]]) {
        let mut source = source(content, separator);
        let mut seen = Vec::new();
        while let Some(argument) = source.next().unwrap() {
            seen.push(argument);
        }
        assert_eq!(seen, expected);
        assert_eq!(source.next(), Ok(None), "the end stays the end");
    }

    #[test]
    fn lines_are_arguments_with_or_without_a_last_newline() {
        check(b"a b\nc\n", b'\n', &[b"a b", b"c"]);
        check(b"a b\nc", b'\n', &[b"a b", b"c"]);
        check(b"", b'\n', &[]);
    }

    #[test]
    fn empty_lines_are_empty_arguments() {
        check(b"\na\n\n", b'\n', &[b"", b"a", b""]);
    }

    #[test]
    fn bytes_pass_unchanged() {
        check(b"\xff\xfe\r\n", b'\n', &[b"\xff\xfe\r"]);
        check(b"a\nb\0c\0", 0, &[b"a\nb", b"c"]);
    }

    #[test]
    fn an_endless_argument_is_refused() {
        let mut source = source(&vec![b'x'; ARGUMENT_LIMIT + 1], b'\n');
        assert!(source.next().unwrap_err().contains("longer than 16 MiB"));
    }

    #[test]
    fn a_reader_that_waits_sees_the_end_when_dispatch_stops() {
        let (reader, _writer) = rustix::pipe::pipe().unwrap();
        let control = control();
        control.stop.set();
        let mut source = Source::stream(File::from(reader), "pipe".into(), b'\n', &control);
        assert_eq!(source.next(), Ok(None));
    }
}
