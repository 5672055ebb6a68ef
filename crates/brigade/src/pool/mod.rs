//! A pool of worker threads with a bounded queue.
//!
//! - [`Pool::execute`] runs a job and forgets it; [`Pool::submit`] gives a [`Job`] that a thread joins
//!   and a task awaits.
//! - The queue has a bound: who submits faster than the workers work waits.
//! - A panic reaches the panic hook at once and the joiner as [`JobError::Panicked`]; the worker
//!   lives on.
//! - [`Pool::shutdown`] drains or aborts, until a deadline, and names what did not finish. Dropping
//!   the pool drains it and joins its threads.
//! - [`Pool::scope`] runs jobs that borrow, and waits for all of them: a [`thread::scope`](crate::thread::scope()) of jobs.
//! - A job may use its own pool: one that submits to the full queue runs the new job itself, and one
//!   that joins a job which nobody has begun runs it itself. It never runs a job of somebody else. So it
//!   may hold a lock meanwhile, unless the jobs that it submits or joins want the same lock.
//!
//! # Examples
//!
//! ```
//! use brigade::pool::Pool;
//!
//! let pool = Pool::new(2);
//! let jobs: Vec<_> = (1..=4).map(|n| pool.submit(move || n * n)).collect::<Result<_, _>>()?;
//! let squares: Vec<i32> = jobs.into_iter().map(|job| job.join()).collect::<Result<_, _>>()?;
//! assert_eq!(squares, [1, 4, 9, 16]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The queue is a [`channel`](crate::channel): an idle worker is a receiver that waits.

mod builder;
mod error;
mod fork;
mod job;
#[cfg(all(test, brigade_loom))]
mod model;
mod scope;
mod shutdown;
mod span;
mod worker;

pub use builder::Builder;
pub use error::{BuildError, JobError, JoinTimeoutError, Rejected};
pub use fork::Worker;
pub use job::{Job, JobFuture};
pub use scope::{PlainScope, Scope, ScopedJob};
pub use shutdown::{Shutdown, Unfinished};
pub use span::Span;

use crate::channel::{SendError, Sender, TrySendError};
use crate::prim::atomic::AtomicBool;
use crate::prim::thread::JoinHandle;
use crate::prim::{Arc, StdArc};
use job::Cell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use worker::{Crew, Task};

/// A fixed number of threads that run jobs from one bounded queue.
///
/// See the [module](self). To share it, put it into an `Arc`.
pub struct Pool {
    queue: Sender<Task>,
    crew: Arc<Crew>,
    threads: Vec<JoinHandle<()>>,
    /// Whether a shutdown has passed its deadline. A hint for `drop`, which has the pool to itself.
    given_up: AtomicBool,
}

impl Pool {
    /// Starts a pool of `threads` threads, with a queue of [`Builder::QUEUE_CAPACITY`] jobs.
    ///
    /// # Panics
    ///
    /// If `threads` is 0 or the system refuses a thread; [`Builder::build`] returns an error instead.
    #[must_use]
    #[track_caller]
    pub fn new(threads: usize) -> Self {
        match Self::builder().threads(threads).build() {
            Ok(pool) => pool,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts to describe a pool.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Runs `job` on a worker, and forgets it. Blocks the thread while the queue is full.
    ///
    /// Called on a worker of this pool while the queue is full, it runs the job at once on that worker,
    /// inside the job that calls: waiting there for room could be waiting for oneself. Jobs that submit jobs
    /// that submit jobs then go as deep into the stack; give the queue room for what they submit.
    ///
    /// A panic of the job reaches the panic hook, and ends nothing but the job.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the wait is [cancelled](crate::cancel), the job comes back.
    #[track_caller]
    pub fn execute<F>(&self, job: F) -> Result<(), Rejected<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.enqueue(Task::Forgotten(Box::new(job), Location::caller()))
            .map_err(|error| {
                // SAFETY: this task was made of a boxed `F` just above.
                Rejected::of(error, |task| unsafe { task.into_forgotten() })
            })
    }

    /// Runs `job` on a worker, and returns a handle to its result. Blocks the thread while the queue
    /// is full; see [`execute`](Self::execute) for calls on a worker of this pool.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the wait is [cancelled](crate::cancel), the job comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{JobError, Pool};
    ///
    /// let pool = Pool::new(1);
    /// let job = pool.submit(|| -> i32 { panic!("no luck") })?;
    /// match job.join() {
    ///     Err(JobError::Panicked(panic)) => assert_eq!(panic.message(), "no luck"),
    ///     other => panic!("the job has panicked, but gave {other:?}"),
    /// }
    /// assert_eq!(pool.submit(|| 1 + 1)?.join().unwrap(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit<T, F>(&self, job: F) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let cell = StdArc::new(Cell::new(job, Location::caller()));
        let share = StdArc::clone(&cell);
        match self.enqueue(Task::joinable(share)) {
            Ok(()) => Ok(Job::new(cell, Arc::clone(&self.crew))),
            Err(error) => {
                let job = cell.claim().expect("nobody else has seen this job");
                // Only now is the task dropped: it claims its job then, to tell the joiner.
                Err(Rejected::of(error, |_| job))
            }
        }
    }

    #[track_caller]
    fn enqueue(&self, task: Task) -> Result<(), SendError<Task>> {
        if !self.crew.is_own_worker() {
            return self.queue.send(task);
        }
        match self.queue.try_send(task) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(task)) => Err(SendError::Closed(task)),
            Err(TrySendError::Full(task)) => {
                if let Some(site) = task.site() {
                    self.crew.run_inside(site, || task.run());
                }
                Ok(())
            }
        }
    }

    /// Runs both closures, at the same time if there is an idle worker, and returns their results.
    ///
    /// The first is run by the calling thread, the second afterwards, unless a worker has taken it by then. Both may borrow
    /// from the caller, and both get the [`Worker`] that they run on, to [join](Worker::join) further: then a join costs
    /// about as much as two calls. A call on a thread of another pool, or of none, counts as one of the threads of this
    /// pool while it lasts.
    ///
    /// A thread that waits for its second closure runs parts of that closure meanwhile, and nothing else. So it may hold a lock.
    ///
    /// # Panics
    ///
    /// If a closure panics, once both are over; a second closure that nobody has begun by the time the first panics is
    /// dropped. If both panic, the first one's panic goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{Pool, Worker};
    ///
    /// fn sum(worker: &Worker, numbers: &[u64]) -> u64 {
    ///     if numbers.len() < 1000 {
    ///         return numbers.iter().sum();
    ///     }
    ///     let (left, right) = numbers.split_at(numbers.len() / 2);
    ///     let (left, right) = worker.join(|w| sum(w, left), |w| sum(w, right));
    ///     left + right
    /// }
    ///
    /// let numbers: Vec<u64> = (1..=100_000).collect();
    /// let (left, right) = numbers.split_at(50_000);
    /// let pool = Pool::new(2);
    /// let (left, right) = pool.join(|w| sum(w, left), |w| sum(w, right));
    /// assert_eq!(left + right, 5_000_050_000);
    /// ```
    #[track_caller]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&Worker) -> RA,
        B: FnOnce(&Worker) -> RB + Send,
        RB: Send,
    {
        let site = Location::caller();
        Worker::with(&self.crew, |worker| worker.join_at(a, b, site))
    }

    /// How many threads other than the calling one may run jobs of this pool; none once it has been shut down.
    pub(crate) fn others(&self) -> usize {
        if self.queue.is_closed() {
            return 0;
        }
        self.threads() - usize::from(self.crew.is_own_worker())
    }

    fn crew(&self) -> &Crew {
        &self.crew
    }

    /// How many threads the pool has.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// How many jobs wait in the queue at this moment. While closures are [joined](Self::join) it may count more, and less
    /// room is left: that half of a join is offered is told to idle workers in the queue, once for each thread that joins.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// How many jobs the queue may hold.
    #[must_use]
    pub fn queue_capacity(&self) -> usize {
        self.queue.capacity().unwrap_or(usize::MAX)
    }
}

// Jobs that panic are caught, and leave the pool as it was.
impl UnwindSafe for Pool {}
impl RefUnwindSafe for Pool {}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.threads())
            .field("queued", &self.queued())
            .field("queue_capacity", &self.queue_capacity())
            .field("closed", &self.queue.is_closed())
            .finish()
    }
}
