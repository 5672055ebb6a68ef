//! The two switches of a run: no new jobs, and end the running ones.
//!
//! A switch can be polled together with pipes, so whoever waits in the kernel sees it at once.
//! Knows nothing of signals, jobs or output: others throw the switches and obey them.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{retry_on_intr, write};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that is set once and never cleared, also visible to `poll` as "readable".
#[derive(Debug)]
pub(crate) struct Latch {
    set: AtomicBool,
    reader: OwnedFd,
    writer: OwnedFd,
}

impl Latch {
    pub(crate) fn new() -> io::Result<Latch> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Latch {
            set: AtomicBool::new(false),
            reader,
            writer,
        })
    }

    pub(crate) fn set(&self) {
        if self.set.swap(true, Ordering::AcqRel) {
            return;
        }
        // The byte is never read: it makes the pipe readable for good.
        retry_on_intr(|| write(&self.writer, b"!"))
            .expect("an empty pipe, whose reader lives as long as its writer, takes a byte");
    }

    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }
}

impl AsFd for Latch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

/// What everyone in a run obeys.
#[derive(Debug)]
pub(crate) struct Control {
    /// No job is started any more.
    pub(crate) stop: Latch,
    /// Running jobs are ended with all their processes.
    pub(crate) end_jobs: Latch,
    interrupted: AtomicBool,
}

impl Control {
    pub(crate) fn new() -> io::Result<Control> {
        Ok(Control {
            stop: Latch::new()?,
            end_jobs: Latch::new()?,
            interrupted: AtomicBool::new(false),
        })
    }

    /// The user asked to stop; true if not for the first time.
    pub(crate) fn interrupt(&self) -> bool {
        let again = self.interrupted.swap(true, Ordering::AcqRel);
        self.stop.set();
        again
    }

    pub(crate) fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// Nothing more is worth doing.
    pub(crate) fn abandon(&self) {
        self.stop.set();
        self.end_jobs.set();
    }
}
