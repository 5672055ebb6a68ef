//! One child process: started in a process group of its own, read until its output ends, waited for.
//!
//! All of it happens in the thread that calls, with one `poll` over both pipes, the end of the
//! process and the switch that ends jobs. A job has ended when it has exited *and* both its pipes
//! are closed: processes that it left behind with its output open are waited for. The child is
//! reaped last, when nothing is signalled any more, so the number of its group cannot have passed
//! to anyone else.
//!
//! While the child lives, our own ends of its pipes stay open for writing. Otherwise each `close`
//! of a short child would wake us for nothing; so a silent child wakes us once, by its exit.
//!
//! Does not know what becomes of the output.

use super::control::Control;
use super::template::JobCommand;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::{Errno, read, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a job may take to end after SIGTERM, and its pipes to close after SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How often the end of a process is looked for where the system cannot announce it.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// One of the two output streams of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// A running child.
#[derive(Debug)]
pub(crate) struct Job {
    child: Child,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    /// There until the child has exited.
    alive: Option<Alive>,
    ending: Ending,
}

/// What is needed as long as the child may live.
#[derive(Debug)]
struct Alive {
    /// Becomes readable when the child exits.
    exit: OwnedFd,
    /// Owns the ends of the pipes that the child writes to.
    _writers: Command,
}

/// How far the job is on its way to a forced end.
#[derive(Debug, Clone, Copy)]
enum Ending {
    NotAsked,
    Terminated { kill_at: Instant },
    Killed { give_up_at: Instant },
}

/// What `poll` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// Bytes to read.
    Output(Stream),
    /// No writer is left.
    Closed(Stream),
    Exit,
    EndJobs,
}

impl Job {
    /// Starts a program with nothing on its standard input.
    pub(crate) fn start(program: &Path, command: &JobCommand) -> io::Result<Job> {
        let (stdout, stdout_writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, stderr_writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let mut writers = Command::new(program);
        let child = writers
            .arg0(&command.name)
            .args(&command.arguments)
            .stdin(Stdio::null())
            .stdout(stdout_writer)
            .stderr(stderr_writer)
            .process_group(0)
            .spawn()?;
        // Where the system cannot announce the exit, the closed pipes have to.
        let alive = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
            .ok()
            .map(|exit| Alive {
                exit,
                _writers: writers,
            });
        Ok(Job {
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
            alive,
            ending: Ending::NotAsked,
        })
    }

    /// Sees the job through to its end and gives its output out as it comes.
    ///
    /// # Errors
    ///
    /// The system failed to wait, or the job was to be ended and could not be.
    pub(crate) fn watch(
        &mut self,
        control: &Control,
        buffer: &mut [u8],
        mut take: impl FnMut(Stream, &[u8]),
    ) -> io::Result<ExitStatus> {
        loop {
            if self.is_closed()
                && let Some(status) = self.child.try_wait()?
            {
                return Ok(status);
            }
            for event in self.wait(control)? {
                match event {
                    Event::Output(stream) => {
                        let pipe = self
                            .pipe(stream)
                            .as_ref()
                            .expect("only open pipes are polled");
                        match retry_on_intr(|| read(pipe, &mut *buffer))? {
                            0 => *self.pipe(stream) = None,
                            count => take(stream, &buffer[..count]),
                        }
                    }
                    Event::Closed(stream) => *self.pipe(stream) = None,
                    Event::Exit => self.alive = None,
                    Event::EndJobs => self.terminate()?,
                }
            }
            self.escalate()?;
        }
    }

    fn is_closed(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none() && self.alive.is_none()
    }

    fn pipe(&mut self, stream: Stream) -> &mut Option<OwnedFd> {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// Waits until something happens, or until it is time to take the next step of a forced end.
    fn wait(&self, control: &Control) -> io::Result<Vec<Event>> {
        let mut fds = Vec::with_capacity(4);
        let mut events = Vec::with_capacity(4);
        let exit = self.alive.as_ref().map(|alive| &alive.exit);
        for (fd, event) in [
            (self.stdout.as_ref(), Event::Output(Stream::Stdout)),
            (self.stderr.as_ref(), Event::Output(Stream::Stderr)),
            (exit, Event::Exit),
        ] {
            if let Some(fd) = fd {
                fds.push(PollFd::new(fd, PollFlags::IN));
                events.push(event);
            }
        }
        if matches!(self.ending, Ending::NotAsked) {
            fds.push(PollFd::new(&control.end_jobs, PollFlags::IN));
            events.push(Event::EndJobs);
        }
        let timeout = self.patience().map(|patience| {
            Timespec::try_from(patience).expect("a few seconds fit into any time type")
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        let ready = fds
            .iter()
            .zip(events)
            .filter(|(fd, _)| !fd.revents().is_empty());
        Ok(ready.map(|(fd, event)| event.with(fd.revents())).collect())
    }

    /// How long to wait at most; `None` for as long as it takes.
    fn patience(&self) -> Option<Duration> {
        let next_step = match self.ending {
            Ending::NotAsked => None,
            Ending::Terminated { kill_at: at } | Ending::Killed { give_up_at: at } => {
                Some(at.saturating_duration_since(Instant::now()))
            }
        };
        if self.is_closed() {
            return Some(next_step.map_or(LOOK_AGAIN, |patience| patience.min(LOOK_AGAIN)));
        }
        next_step
    }

    /// Asks every process of the job to end. A stopped one has to go on to hear it.
    fn terminate(&mut self) -> io::Result<()> {
        self.signal(Signal::TERM)?;
        self.signal(Signal::CONT)?;
        self.ending = Ending::Terminated {
            kill_at: Instant::now() + GRACE,
        };
        Ok(())
    }

    /// Takes the next step of a forced end when its time has come.
    fn escalate(&mut self) -> io::Result<()> {
        match self.ending {
            Ending::Terminated { kill_at } if Instant::now() >= kill_at => {
                self.signal(Signal::KILL)?;
                self.ending = Ending::Killed {
                    give_up_at: Instant::now() + GRACE,
                };
                Ok(())
            }
            Ending::Killed { give_up_at } if Instant::now() >= give_up_at => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "a process of it left its group and holds its output open",
            )),
            _ => Ok(()),
        }
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match kill_process_group(Pid::from_child(&self.child), signal) {
            // The group has ended by itself.
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Event {
    /// A pipe that is ready without bytes is closed, and needs no `read` to tell.
    fn with(self, flags: PollFlags) -> Event {
        match self {
            Event::Output(stream) if !flags.contains(PollFlags::IN) => Event::Closed(stream),
            other => other,
        }
    }
}
