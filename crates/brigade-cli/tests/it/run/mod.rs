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

use crate::*;
use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::PathBuf;

/// `brigade run` with these arguments; jobs with shell syntax get a plain shell.
fn brigade<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    // Whoever runs the tests may ignore these signals (`nohup` does), and then so would the command.
    let mut command = Command::new("env");
    command
        .args(["--default-signal=INT,TERM,HUP", "--"])
        .arg(env!("CARGO_BIN_EXE_brigade"))
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
