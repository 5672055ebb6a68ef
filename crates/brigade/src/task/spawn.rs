//! A task of its own: awaited by a task, joined by a thread.
//!
//! What runs elsewhere (`home.rs`) is the future and the runner's share of a cell (`scope`); who runs it knows nothing of the
//! result. If it drops the future before its end, the drop leaves that in the cell.

use super::JoinError;
use super::home::{Home, Running};
use crate::pool::blocking;
use crate::prim::{StdArc, discard_panic};
use crate::scope::{Cell, Panic, Runner};
use crate::wait::{Ended, Limit, Operation, Wait, What, block, deadline_after, under};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What is joined here.
pub(super) enum OfTask {}

impl Runner for OfTask {
    const WAITS_FOR: &'static What = &"task join";
}

type Joining<T> = crate::scope::Joining<Result<T, JoinError>, OfTask>;

/// Blocks the thread until a task has ended. On a worker of a pool another takes over meanwhile: the task may be waiting
/// for this one.
pub(super) fn join_blocking<O>(
    joining: &mut crate::scope::Joining<O, OfTask>,
    limit: Limit<'_>,
    site: &'static Location<'static>,
) -> Result<Option<O>, Ended> {
    match joining.attempt() {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => blocking(|| block(joining, limit, site)),
    }
}

/// The runner's share of the cell.
type Share<T> = StdArc<Cell<Result<T, JoinError>>>;

/// Starts a task on what is around the caller, a runtime of tokio or a [pool](crate::pool), and returns a handle to await or
/// join it.
///
/// If both are around it, the nearer one; if neither is, it is [`Pool::global`](crate::pool::Pool::global). See
/// [where tasks run](crate::task#where-tasks-run).
///
/// The task goes on if the handle is dropped, unless [`Task::abort_on_drop`] was called. It begins with no
/// cancellation token, wherever it is spawned: what is to end with others is spawned in a
/// [`group`](super::group()), or is a future [`within`](crate::cancel::CancelToken::within_async) a token.
///
/// If it is to run on the pool of the program, and the system refuses the threads of that, nothing is started: the future is
/// dropped, and the handle says so when it is awaited or joined ([`JoinError::NotStarted`]).
///
/// # Examples
///
/// ```
/// use brigade::task;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), task::JoinError> {
/// let words = vec!["fill", "lift", "pass", "pour"];
/// let counter = task::spawn(async move { words.len() });
/// assert_eq!(counter.await?, 4);
/// # Ok(())
/// # }
/// ```
///
/// What is not `Send` stays in its task:
///
/// ```compile_fail,E0277
/// let words = std::rc::Rc::new(["fill", "lift", "pass", "pour"]);
/// let counter = brigade::task::spawn(async move { words.len() });
/// ```
///
/// A task may outlive the function that spawned it, so it does not borrow from it:
///
/// ```compile_fail,E0373
/// let words = vec!["fill", "lift", "pass", "pour"];
/// let counter = brigade::task::spawn(async { words.len() });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (joining, cell) = Joining::pair(Location::caller());
    let running = match Home::here() {
        Ok(home) => {
            let life = Life {
                future: Some(future),
                cell: Some(cell),
            };
            Some(home.spawn(life, Location::caller()))
        }
        Err(refused) => {
            cell.fill(Err(JoinError::NotStarted(refused)));
            None
        }
    };
    Task {
        joining,
        stopping: Stopping {
            running,
            on_drop: false,
        },
    }
}

/// A task that was spawned: await it, join it from a thread, or drop it to let it go on alone.
#[must_use = "a task that is dropped goes on, but its result is lost"]
pub struct Task<T> {
    joining: Joining<T>,
    stopping: Stopping,
}

/// Has the task stopped, when it is dropped or before.
struct Stopping {
    /// `None` if nothing was started.
    running: Option<Running>,
    on_drop: bool,
}

impl Stopping {
    fn stop(&self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        if self.on_drop {
            self.stop();
        }
    }
}

impl<T> Task<T> {
    /// Tells the task to stop: it is dropped at its next await. If it has ended, nothing happens.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::task::{self, JoinError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let endless = task::spawn(std::future::pending::<()>());
    /// endless.abort();
    /// assert!(matches!(endless.await, Err(JoinError::Aborted)));
    /// # }
    /// ```
    pub fn abort(&self) {
        self.stopping.stop();
    }

    /// The same handle; but when it is dropped, or the future that awaits it, the task is told to stop.
    pub fn abort_on_drop(mut self) -> Self {
        self.stopping.on_drop = true;
        self
    }

    /// Blocks the thread until the task has ended, and returns its result.
    ///
    /// Tasks await the handle. A worker of tokio that blocks runs no tasks meanwhile, and if it is the only one, it waits for
    /// ever. For a worker of a pool a spare takes over, as for [`blocking`].
    ///
    /// # Errors
    ///
    /// If the task panicked, was stopped or did not begin, or the wait is [cancelled](crate::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::task;
    ///
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let task = {
    ///     let _inside = runtime.enter();
    ///     task::spawn(async { 42 })
    /// };
    /// assert_eq!(task.join()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join(mut self) -> Result<T, JoinError> {
        match join_blocking(&mut self.joining, Limit::NONE, Location::caller()) {
            Ok(joined) => joined.unwrap_or(Err(JoinError::WaitCancelled)),
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// As [`join`](Self::join), and blocks for at most `timeout`. A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// As for [`join`](Self::join). If the time runs out, the handle comes back.
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JoinError>, Self> {
        self.join_until(deadline_after(timeout), Location::caller())
    }

    /// As [`join_timeout`](Self::join_timeout), until `deadline`. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// As for [`join_timeout`](Self::join_timeout).
    #[track_caller]
    pub fn join_deadline(self, deadline: Instant) -> Result<Result<T, JoinError>, Self> {
        self.join_until(Some(deadline), Location::caller())
    }

    fn join_until(
        mut self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Result<Result<T, JoinError>, Self> {
        match join_blocking(&mut self.joining, Limit::until(deadline), site) {
            Ok(joined) => Ok(joined.unwrap_or(Err(JoinError::WaitCancelled))),
            Err(_) => Err(self),
        }
    }

    /// Whether the task has ended, in whichever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.is_done()
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

impl<T> IntoFuture for Task<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = TaskFuture<T>;

    #[track_caller]
    fn into_future(self) -> TaskFuture<T> {
        TaskFuture {
            wait: Wait::new(self.joining, Location::caller()),
            _stopping: self.stopping,
        }
    }
}

/// A task being awaited; made by awaiting a [`Task`].
///
/// # Cancel safety
///
/// Dropping it lets the task go on alone, unless it is to stop then, and its result is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct TaskFuture<T> {
    wait: Wait<Joining<T>>,
    _stopping: Stopping,
}

impl<T> Future for TaskFuture<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: never moved out; there is no drop of our own, and the other field is not pinned.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        wait.poll(cx)
            .map(|joined| joined.unwrap_or(Err(JoinError::WaitCancelled)))
    }
}

impl<T> fmt::Debug for TaskFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskFuture { .. }")
    }
}

/// What is run.
struct Life<F: Future> {
    future: Option<F>,
    /// Until there is an outcome.
    cell: Option<Share<F::Output>>,
}

impl<F: Future> Life<F> {
    fn end(cell: Share<F::Output>, outcome: Result<F::Output, JoinError>) {
        cell.fill(outcome);
        // If nobody has the handle any more, this drops the result, which is the application's.
        discard_panic(|| drop(cell));
    }
}

impl<F: Future> Future for Life<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future is dropped in place and never moved; the cell is not pinned.
        let (mut future, cell) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), &mut this.cell)
        };
        // The future is gone before anybody is told, as with threads.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(running) = future.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let polled = under(None, || running.poll(cx));
            if polled.is_ready() {
                future.set(None);
            }
            polled
        }));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(payload) => Err(payload),
        };
        discard_panic(|| future.set(None));
        if let Some(cell) = cell.take() {
            let site = cell.site();
            let outcome = result.map_err(|thrown| JoinError::Panicked(Panic::caught(thrown, site)));
            Self::end(cell, outcome);
        }
        Poll::Ready(())
    }
}

impl<F: Future> Drop for Life<F> {
    fn drop(&mut self) {
        let Some(cell) = self.cell.take() else {
            return;
        };
        // SAFETY: a drop is in place, and nothing is moved out after it.
        let mut future = unsafe { Pin::new_unchecked(&mut self.future) };
        discard_panic(|| future.set(None));
        Self::end(cell, Err(JoinError::Aborted));
    }
}
