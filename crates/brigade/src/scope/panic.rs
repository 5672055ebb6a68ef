//! What a child panicked with, kept for whoever joins it.
//!
//! It knows neither threads nor jobs, only where the child was spawned and on which thread it ran.

use crate::prim::{Lock, discard_panic, thread};
use std::any::Any;
use std::fmt;
use std::panic::{Location, resume_unwind};

/// What a thread or a job panicked with.
///
/// The panic hook has been told of it when it happened; so the place of the panic itself is what the hook printed.
///
/// Dropping it drops what was thrown. If that panics, it goes no further than the panic hook.
///
/// # Examples
///
/// ```
/// use brigade::thread::{self, JoinError};
///
/// let thread = thread::Builder::new().name("digger").spawn(|| panic!("rock")).unwrap();
/// let Err(JoinError::Panicked(panic)) = thread.join() else {
///     unreachable!("it always panics")
/// };
/// assert_eq!(panic.message(), "rock");
/// assert_eq!(panic.thread_name(), Some("digger"));
/// ```
pub struct Panic {
    thrown: Thrown,
    message: String,
    spawned_at: &'static Location<'static>,
    thread_name: Option<String>,
}

/// The payload. Behind a lock only to be `Sync`, which a payload need not be. Nobody ever waits for it.
struct Thrown(Lock<Option<Box<dyn Any + Send>>>);

impl Drop for Thrown {
    fn drop(&mut self) {
        let payload = self.0.lock().take();
        // It may be dropped while something else unwinds, and a payload's drop is code of the application.
        discard_panic(|| drop(payload));
    }
}

impl Panic {
    /// A panic that was caught on this thread, of what was spawned at `spawned_at`.
    pub(crate) fn caught(
        payload: Box<dyn Any + Send>,
        spawned_at: &'static Location<'static>,
    ) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&str>() {
            (*text).to_owned()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "(a payload that is not text)".to_owned()
        };
        Self {
            thrown: Thrown(Lock::new(Some(payload))),
            message,
            spawned_at,
            thread_name: thread::current().name().map(str::to_owned),
        }
    }

    /// What the panic said; a placeholder if its payload is not text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where the thread was spawned, or the job submitted.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// The name of the thread that panicked, if it has one.
    #[must_use]
    pub fn thread_name(&self) -> Option<&str> {
        self.thread_name.as_deref()
    }

    /// The value that was thrown.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        let payload = self.thrown.0.lock().take();
        payload.expect("only this takes it, and takes `self` with it")
    }

    /// Goes on panicking here, without calling the panic hook again.
    pub fn resume(self) -> ! {
        resume_unwind(self.into_payload())
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message)
            .field("spawned_at", &self.spawned_at)
            .field("thread_name", &self.thread_name)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
