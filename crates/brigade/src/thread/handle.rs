//! The handle of a thread of its own: joined by a thread, awaited by a task.

use super::{JoinError, JoinTimeoutError, Joining};
use crate::prim::thread::{self, JoinHandle};
use crate::scope::Panic;
use crate::wait::{Limit, Wait, block, deadline_after};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

/// A thread that was spawned: join it, await it, or drop it to let it go on alone.
///
/// A thread that nobody joins is cut off when the program ends.
#[must_use = "a thread that is dropped goes on, but its result is lost"]
pub struct Thread<T> {
    joining: Joining<Result<T, Panic>>,
    os: JoinHandle<()>,
    thread: thread::Thread,
}

impl<T> Thread<T> {
    pub(super) fn new(joining: Joining<Result<T, Panic>>, os: JoinHandle<()>) -> Self {
        let thread = thread::of(&os);
        Self {
            joining,
            os,
            thread,
        }
    }

    /// Blocks until the thread has ended, and returns what its closure gave.
    ///
    /// Then the thread is gone from the system: everything that its closure owned has been dropped, and its
    /// thread-locals too. (Called by those thread-locals on the thread itself, it returns the result.)
    ///
    /// # Errors
    ///
    /// If the thread panicked, or the wait is [cancelled](crate::cancel). The latter ends the wait and not the thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::thread::{self, JoinError};
    ///
    /// let leaky = thread::spawn(|| panic!("the bucket leaks"));
    /// match leaky.join() {
    ///     Err(JoinError::Panicked(panic)) => assert_eq!(panic.message(), "the bucket leaks"),
    ///     _ => unreachable!("it always panics"),
    /// }
    /// ```
    #[track_caller]
    pub fn join(mut self) -> Result<T, JoinError> {
        match block(&mut self.joining, Limit::NONE, Location::caller()) {
            Ok(Some(result)) => {
                thread::join(self.os);
                result.map_err(JoinError::Panicked)
            }
            Ok(None) => Err(JoinError::WaitCancelled),
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// As [`join`](Self::join), and blocks for at most `timeout`. A timeout too long for the clock waits for ever.
    ///
    /// It returns as soon as the result is there: thread-locals may still be dropped after that, because nobody can
    /// say how long they take.
    ///
    /// # Errors
    ///
    /// If the time runs out or the wait is cancelled, the handle comes back, to join it again. Also if the thread
    /// panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::thread::{self, JoinTimeoutError};
    /// use std::time::Duration;
    ///
    /// let (sender, receiver) = brigade::channel::bounded(1);
    /// let thread = thread::spawn(move || receiver.recv());
    /// let Err(JoinTimeoutError::Timeout(thread)) = thread.join_timeout(Duration::ZERO) else {
    ///     unreachable!("it waits for a value")
    /// };
    /// sender.send(5)?;
    /// assert_eq!(thread.join()?, Ok(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<T, JoinTimeoutError<T>> {
        self.join_until(deadline_after(timeout), Location::caller())
    }

    /// As [`join_timeout`](Self::join_timeout), until `deadline`. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// As for [`join_timeout`](Self::join_timeout).
    #[track_caller]
    pub fn join_deadline(self, deadline: Instant) -> Result<T, JoinTimeoutError<T>> {
        self.join_until(Some(deadline), Location::caller())
    }

    fn join_until(
        mut self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<T, JoinTimeoutError<T>> {
        match block(&mut self.joining, Limit::until(deadline), site) {
            Ok(Some(result)) => {
                result.map_err(|panic| JoinTimeoutError::Failed(JoinError::Panicked(panic)))
            }
            Ok(None) => Err(JoinTimeoutError::Cancelled(self)),
            Err(_) => Err(JoinTimeoutError::Timeout(self)),
        }
    }

    /// Whether the closure has ended, by returning or by a panic.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.is_done()
    }

    /// The id of the thread.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.thread.id()
    }

    /// The name of the thread, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.thread.name()
    }
}

// A panic of the thread is caught and kept before the handle can see anything of it.
impl<T> UnwindSafe for Thread<T> {}
impl<T> RefUnwindSafe for Thread<T> {}

impl<T> fmt::Debug for Thread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("finished", &self.is_finished())
            .finish()
    }
}

impl<T> IntoFuture for Thread<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = ThreadFuture<T>;

    #[track_caller]
    fn into_future(self) -> ThreadFuture<T> {
        ThreadFuture {
            wait: Wait::new(self.joining, Location::caller()),
        }
    }
}

/// A thread being awaited; made by awaiting a [`Thread`].
///
/// It is done as soon as the result is there; thread-locals may still be dropped after that.
///
/// # Cancel safety
///
/// Dropping it lets the thread go on alone, and its result is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct ThreadFuture<T> {
    wait: Wait<Joining<Result<T, Panic>>>,
}

impl<T> Future for ThreadFuture<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        wait.poll(cx).map(|joined| match joined {
            Some(result) => result.map_err(JoinError::Panicked),
            None => Err(JoinError::WaitCancelled),
        })
    }
}

impl<T> fmt::Debug for ThreadFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadFuture { .. }")
    }
}
