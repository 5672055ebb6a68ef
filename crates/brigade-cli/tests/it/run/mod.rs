//! `brigade run`, end to end.
//!
//! Where something must happen before something else, jobs and test meet at fifos; nothing here
//! sleeps or measures time.

mod arguments;
mod commands;
mod endings;
mod interrupts;
mod output;
mod refusals;

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// `brigade run` with these arguments; jobs with shell syntax get a plain shell.
fn brigade<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brigade"));
    command
        .arg("run")
        .args(arguments)
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end, with these bytes on standard input.
fn run_with_input<A: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = A>,
    input: impl AsRef<[u8]>,
) -> Output {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_ref()).unwrap();
    file.rewind().unwrap();
    brigade(arguments).stdin(file).output().unwrap()
}

fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    run_with_input(arguments, "")
}

/// All went well and nothing but this was printed.
#[track_caller]
fn check(output: &Output, stdout: impl AsRef<[u8]>) {
    let text = String::from_utf8_lossy;
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), text(stdout.as_ref()));
    assert_eq!(output.status.code(), Some(0));
}

/// It ended with this status, and standard error is one sentence with these words in it.
#[track_caller]
fn check_refusal(output: &Output, status: i32, words: &[&str]) {
    let sentence = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(
        sentence.starts_with("brigade: ") && sentence.ends_with('\n'),
        "{sentence}"
    );
    for word in words {
        assert!(sentence.contains(word), "{word} is missing in: {sentence}");
    }
}

fn lines(bytes: &[u8]) -> Vec<&str> {
    std::str::from_utf8(bytes).unwrap().lines().collect()
}

fn sorted_lines(bytes: &[u8]) -> Vec<&str> {
    let mut lines = lines(bytes);
    lines.sort_unstable();
    lines
}

/// A folder with fifos, at which jobs and test wait for each other.
struct Meeting(TempDir);

impl Meeting {
    fn new(fifos: &[&str]) -> Meeting {
        let meeting = Meeting(TempDir::new().unwrap());
        for fifo in fifos {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            let path = meeting.path(fifo);
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0)
                .unwrap();
        }
        meeting
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `brigade run` whose jobs find the fifos in their working folder.
    fn brigade<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = brigade(arguments);
        command
            .current_dir(self.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Both ends of a fifo, so that nobody's `open` waits.
    fn open(&self, fifo: &str) -> File {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(fifo))
            .unwrap()
    }
}

fn bytes(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
