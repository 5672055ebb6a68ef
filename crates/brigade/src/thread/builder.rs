//! How a thread is described, and how it is started.

use super::{Joining, SpawnError, Thread};
use crate::prim::thread::JoinHandle;
use crate::prim::{Lock, StdArc, discard_panic, thread};
use crate::scope::{Cell, Panic};
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// Starts a thread that runs `closure`, and returns a handle to join or await it.
///
/// The thread goes on if the handle is dropped. It begins with no ambient cancellation token, wherever it is spawned:
/// what is to end with a scope is spawned in that scope.
///
/// # Panics
///
/// If the system refuses a thread; [`Builder::spawn`] returns an error instead.
///
/// # Examples
///
/// ```
/// use brigade::thread;
///
/// let words = vec!["fill", "lift", "pass", "pour"];
/// let counter = thread::spawn(move || words.len());
/// assert_eq!(counter.join()?, 4);
/// # Ok::<(), thread::JoinError>(())
/// ```
///
/// What is not `Send` stays on its thread:
///
/// ```compile_fail,E0277
/// let words = std::rc::Rc::new(["fill", "lift", "pass", "pour"]);
/// let counter = brigade::thread::spawn(move || words.len());
/// ```
///
/// A thread may outlive the function that spawned it, so it does not borrow from it. A [`scope`](super::scope) does:
///
/// ```compile_fail,E0373
/// let words = vec!["fill", "lift", "pass", "pour"];
/// let counter = brigade::thread::spawn(|| words.len());
/// ```
#[track_caller]
pub fn spawn<T, F>(closure: F) -> Thread<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match Builder::new().spawn(closure) {
        Ok(thread) => thread,
        Err(SpawnError { error, closure }) => {
            drop(closure);
            panic!("cannot start a thread: {error}")
        }
    }
}

/// Describes a thread: its name and its stack.
///
/// # Examples
///
/// ```
/// use brigade::thread;
///
/// let thread = thread::Builder::new().name("digger").stack_size(256 * 1024).spawn(|| 6 * 7)?;
/// assert_eq!(thread.name(), Some("digger"));
/// assert_eq!(thread.join()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing until `spawn`"]
pub struct Builder {
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
}

impl Builder {
    /// A thread without a name, with the stack that the standard library chooses.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the thread is called: by panics, by [`waiters`](crate::wait::waiters), by debuggers.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The stack of the thread in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the thread. See [`spawn`](super::spawn()).
    ///
    /// # Errors
    ///
    /// If the system refuses the thread, or the name has a NUL byte in it. The closure comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::thread::Builder;
    ///
    /// let refused = Builder::new().name("nobody\0").spawn(|| 42).unwrap_err();
    /// assert_eq!(refused.into_inner()(), 42);
    /// ```
    #[track_caller]
    pub fn spawn<T, F>(self, closure: F) -> Result<Thread<T>, SpawnError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (joining, cell) = Joining::pair(Location::caller());
        // Shared with the thread, to get it back if there is none.
        let ours = StdArc::new(Lock::new(Some(closure)));
        let theirs = StdArc::clone(&ours);
        let body = move || {
            let closure = theirs.lock().take();
            drop(theirs);
            run(cell, closure.expect("a thread that runs was started"));
        };
        match self.start(body) {
            Ok(os) => Ok(Thread::new(joining, os)),
            Err(error) => {
                let closure = ours.lock().take();
                let closure = closure.expect("the thread that would take it was not started");
                Err(SpawnError { error, closure })
            }
        }
    }

    /// Starts a thread of the system.
    pub(super) fn start(self, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
        if self.name.as_ref().is_some_and(|name| name.contains('\0')) {
            let wrong = "the name of a thread cannot have a NUL byte in it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, wrong));
        }
        thread::spawn(self.name, self.stack_size, body)
    }
}

/// The life of a thread of its own.
fn run<T>(cell: StdArc<Cell<Result<T, Panic>>>, closure: impl FnOnce() -> T) {
    cell.begin();
    let outcome = catch_unwind(AssertUnwindSafe(closure))
        .map_err(|payload| Panic::caught(payload, cell.site()));
    cell.finish(outcome);
    // If nobody has the handle any more, this drops the result, which is the application's.
    discard_panic(|| drop(cell));
}
