//! Futures that a pool runs: from the spawn to the result, and what becomes of them when the pool ends.
//!
//! # State
//!
//! A task is one allocation: a header, which is the same for all (`task.rs`), and the future and later what came of it
//! (`cell.rs`). In the header, one word has the bits of the state and the number of those who share the task. Every change of
//! the state is a read-modify-write that acquires and releases.
//!
//! | state | future | who moves on |
//! |---|---|---|
//! | none of the bits | there, waits | who wakes or cancels it: sets `READY`, and puts the task into the queue |
//! | `READY` | there | who takes it out of the queue: to `RUNNING` |
//! | `RUNNING` | the runner's | the runner: it polls, and then lets go, or sets `OVER` |
//! | `RUNNING`, `READY` | the runner's | it was woken meanwhile: the runner puts it into the queue when it lets go |
//! | `RUNNING`, `OVER` | gone | the handle takes what came of it. Final |
//!
//! Two more bits only get set: `CANCELLED`, after which the future is not polled again but dropped by the next runner, or
//! by the one there is when it would let go, or by who blocks to join it, whoever claims it first; and `DETACHED`, when the
//! handle is dropped without the result: of who sets that and who sets `OVER` the later one drops what came of it.
//!
//! Who sets `READY` where neither `READY` nor `RUNNING` nor `OVER` is set puts the task into the queue, and nobody else
//! does. So a task is in it once at most, the queue is as long at most as there are tasks, and it needs no other bound.
//! A wake never waits. Of two wakes one may do nothing: it is before the other, or before the runner's step to `RUNNING`,
//! in the order of the word, so the poll that follows sees what happened before either.
//!
//! # Which worker looks
//!
//! There is a queue for all, one of the sources of the agenda (`agenda.rs`), and one for what each worker has put in itself
//! (`local.rs`); their ends move by read-modify-writes only. Who puts a
//! task in wakes an idle worker, with one exception: a runner that puts its own task back wakes nobody. It is a
//! worker, and looks there next; so in the sense of `wait/README.md` it counts as woken for what it has put in. A
//! worker that sits out instead of looking, or takes something of another worker's first, wakes another one before.
//! A task that gives way goes behind what is in the shared queues, if there is anything.
//!
//! There is no place for a task that only one worker can take it from: such a task would wait for whatever that worker
//! does next, and for as long as that takes.
//!
//! # The end
//!
//! A task that waits is in no queue, so it is listed before it does (`ready.rs`), and stays so until it is over. One that is
//! done at its first poll never is, and pays nothing for that.
//!
//! A pool that is shut down takes no new tasks, and goes on with those that are ready for as
//! long as one of its workers has something to do. A worker leaves when it finds nothing, and the last to leave ends the
//! tasks: it closes the list and the queue, cancels all that are in them, and drops one after the other. Nothing runs
//! any more then that belongs to the pool, so these wait for something outside, which may never come.
//! A task that is in neither at that moment is in the hands of somebody who is about to list it or to put it in: that is
//! refused, and then it is dropped there.
//! Those who left before stay until then, and enter again when a task is ready: the job that still runs may be blocked,
//! and wait for that task. They go at once if all who have not left wait for the others to end (`roster.rs`): the workers
//! in a shutdown of their own pool. What they stay for changes rarely, so each change is followed by a `wake_all`.
//! [`Shutdown::Abort`](super::Shutdown::Abort) does the same at once, and the tasks that run at that moment are dropped
//! when they let go.
//!
//! A worker that is about to sit out leaves as well. If it is the last by that and the pool has been shut down, it comes
//! back, and leaves like the others. The count of those who have not left changes by read-modify-writes, and each worker
//! that leaves for good has seen the shutdown before: so the last one sees it, whichever way it goes.
//!
//! After that a wake finds `OVER` or a closed queue, and does nothing. Wakers keep the memory of a task, but neither
//! its future nor its result: both are dropped on time. The task keeps the crew, and the crew keeps the tasks in its list
//! and its queues; the end takes them out.
//!
//! # The shares of the crew
//!
//! Who wakes a task needs the crew, which may have ended with its pool by then; so each task has a share of it. All workers
//! would meet at the count of these twice for each task. So a worker to whom a task gives its share back keeps it for the
//! next that it spawns (`worker.rs`), up to a number.

mod block_on;
mod cell;
mod handle;
#[cfg(all(test, brigade_loom))]
mod model;
mod nearest;
mod ready;
mod task;

pub use handle::{Spawned, SpawnedFuture};
pub(crate) use nearest::Nearest;
pub(super) use ready::Tasks;
pub(super) use task::Task;

use super::Pool;
use cell::Cell;
use std::future::Future;
use std::panic::Location;

impl Pool {
    /// Has the workers run `future`, and returns a handle to its result.
    ///
    /// It never waits, and the queues of jobs have nothing to do with it: there are as many tasks as are spawned. Bound
    /// them where they come from, for instance by a [`Semaphore`](crate::sync::Semaphore). Tasks and jobs of ordinary
    /// priority take turns; those that a worker has itself spawned, woken or submitted come before others, but not more than 31
    /// times in a row.
    ///
    /// A task begins with no cancellation token, wherever it is spawned; see
    /// [`within_async`](crate::cancel::CancelToken::within_async). It goes on if the handle is dropped.
    ///
    /// When the pool is shut down, tasks are run for as long as they, or the jobs of the pool, go on. Those that then still
    /// wait for something are dropped, and so are those that are spawned after it: their joiners get
    /// [`JobError::Cancelled`](super::JobError::Cancelled). Dropping the pool, too, ends only when no task is ready to run: one that
    /// never waits holds it up for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::{channel, pool::Pool};
    ///
    /// let pool = Pool::new(2);
    /// let (sender, receiver) = channel::bounded(1);
    /// let sum = pool.spawn(async move {
    ///     let mut sum = 0;
    ///     while let Ok(value) = receiver.recv_async().await {
    ///         sum += value;
    ///     }
    ///     sum
    /// });
    /// sender.send(40)?;
    /// sender.send(2)?;
    /// drop(sender);
    /// assert_eq!(sum.join()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// What is not `Send` stays where it is:
    ///
    /// ```compile_fail,E0277
    /// let words = std::rc::Rc::new(["fill", "lift", "pass", "pour"]);
    /// brigade::pool::Pool::new(1).spawn(async move { words.len() });
    /// ```
    ///
    /// A task may outlive the function that spawned it, so it does not borrow from it:
    ///
    /// ```compile_fail,E0373
    /// let words = vec!["fill", "lift", "pass", "pour"];
    /// brigade::pool::Pool::new(1).spawn(async { words.len() });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Spawned<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Cell::spawn(future, &self.crew, Location::caller())
    }

    /// Runs `future` on the calling thread, which sleeps while it waits, and returns its output.
    ///
    /// [`task::spawn`](crate::task::spawn) and groups in it start their tasks on this pool.
    ///
    /// What ends waits on this thread ends those of the future. On a worker of a pool it is one long job, and runs no other
    /// tasks; while it waits, a spare takes over, as for [`blocking`](super::blocking). So a pool of one can run what it waits
    /// for. When all [spares](super::Builder::spares) are in use, the pool has one worker less meanwhile.
    ///
    /// # Panics
    ///
    /// If the future panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let sum = pool.block_on(async {
    ///     let parts = [20, 22].map(|n| pool.spawn(async move { n }));
    ///     let mut sum = 0;
    ///     for part in parts {
    ///         sum += part.await?;
    ///     }
    ///     Ok::<i32, brigade::pool::JobError>(sum)
    /// });
    /// assert_eq!(sum.unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let site = Location::caller();
        self.crew.description().in_runtime(|| {
            nearest::while_blocked_on(&self.crew, || block_on::block_on(future, site))
        })
    }
}
