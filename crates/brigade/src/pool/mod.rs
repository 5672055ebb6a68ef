//! A pool of worker threads with bounded queues.
//!
//! - [`Pool::execute`] runs a job and forgets it; [`Pool::submit`] gives a [`Job`] that a thread joins
//!   and a task awaits.
//! - The queue has a bound: who submits faster than the workers work waits, or whatever [`Full`] says.
//! - [`Pool::lane`] has urgent jobs overtake the others, and those of the background come after them.
//! - [`Pool::map`] is an iterator whose items are made on the pool, a bounded number at a time.
//! - A panic reaches the panic hook at once and the joiner as [`JobError::Panicked`]; the worker
//!   lives on.
//! - [`Pool::shutdown`] drains or aborts, until a deadline, and names what did not finish. Dropping
//!   the pool drains it and joins its threads.
//! - [`Pool::scope`] runs jobs that borrow, and waits for all of them: a [`thread::scope`](crate::thread::scope()) of jobs.
//! - [`Pool::join`] runs two closures at once; [`Pool::for_each`], [`reduce`](Pool::reduce) and
//!   [`map_collect`](Pool::map_collect) go through slices and ranges.
//! - [`Pool::resize`] changes the number of threads; [`blocking`] has another take over while a job is blocked by something
//!   that is not Brigade's. [`Pool::stats`] says what has been done.
//! - [`Pool::spawn`] runs futures, of any number, as tasks; [`Pool::block_on`] runs one on the calling thread.
//! - A job may use its own pool, which it finds by [`current`]: one that submits to the full queue runs the new job itself, and one
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
//! Each queue is a [`channel`](crate::channel): an idle worker is a receiver that waits (`idle.rs`).

mod agenda;
mod builder;
mod closure;
mod error;
mod fork;
mod idle;
mod job;
mod lane;
mod local;
mod map;
#[cfg(all(test, brigade_loom))]
mod model;
mod roster;
mod scope;
mod shutdown;
mod span;
mod spawned;
mod stats;
mod task;
#[cfg(feature = "tokio")]
mod tokio;
mod worker;

pub use agenda::Priority;
pub use builder::Builder;
pub use error::{BuildError, JobError, JoinTimeoutError, Rejected, ResizeError};
pub use fork::Worker;
pub use job::{Job, JobFuture};
pub use lane::{Full, Lane, current};
pub use map::{Map, MapAsCompleted};
pub(crate) use scope::Held;
pub use scope::{PlainScope, Scope, ScopedJob};
pub use shutdown::{Shutdown, Unfinished};
pub use span::Span;
pub(crate) use spawned::Nearest;
pub use spawned::{Spawned, SpawnedFuture};
pub use stats::{Durations, Stats};
pub use worker::blocking;

use crate::prim::atomic::AtomicBool;
use crate::prim::{Arc, Lock, PlainOnceLock};
use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use worker::Crew;

/// Threads that run jobs from bounded queues.
///
/// See the [module](self). To share it, put it into an `Arc`, or use the [global](Self::global) one.
pub struct Pool {
    crew: Arc<Crew>,
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

    /// The pool of the program, with a thread for each processor. It is started when it is first asked for, and never ends.
    ///
    /// Libraries had better be given a pool: who owns it says how many threads there are, and when they end.
    ///
    /// # Panics
    ///
    /// If the system refuses a thread. The next call tries again.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let job = Pool::global().submit(|| 6 * 7)?;
    /// assert_eq!(job.join()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn global() -> &'static Self {
        match Self::try_global() {
            Ok(pool) => pool,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`global`](Self::global), and tells of a thread that the system refuses.
    fn try_global() -> Result<&'static Self, BuildError> {
        static GLOBAL: PlainOnceLock<Pool> = PlainOnceLock::new();
        static STARTING: Lock<()> = Lock::new(());
        if let Some(pool) = GLOBAL.get() {
            return Ok(pool);
        }
        let _starting = STARTING.lock();
        if let Some(pool) = GLOBAL.get() {
            return Ok(pool);
        }
        let pool = Self::builder().name("brigade-global").build()?;
        Ok(GLOBAL.get_or_init(|| pool))
    }

    /// Runs `job` on a worker, and forgets it. Blocks the thread while the queue is full, unless the pool was told
    /// to do [something else](Builder::when_full).
    ///
    /// Called on a worker of this pool while the queue is full, it does not wait, but runs the job at once on that worker,
    /// inside the job that calls: waiting there for room could be waiting for oneself. Jobs that submit jobs
    /// that submit jobs then go as deep into the stack; give the queue room for what they submit.
    ///
    /// A panic of the job reaches the panic hook, and ends nothing but the job.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, the wait is [cancelled](crate::cancel), or the queue is full and the pool was
    /// told to [reject](Full::Reject) then, the job comes back.
    #[track_caller]
    pub fn execute<F>(&self, job: F) -> Result<(), Rejected<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.lane(Priority::Ordinary).execute(job)
    }

    /// Runs `job` on a worker, and forgets it, if the queue has room. Never waits, and never runs it here.
    ///
    /// # Errors
    ///
    /// If the queue is full or the pool has been shut down, the job comes back.
    #[track_caller]
    pub fn try_execute<F>(&self, job: F) -> Result<(), Rejected<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.lane(Priority::Ordinary).try_execute(job)
    }

    /// Runs `job` on a worker, and forgets it. Suspends the task while the queue is full, whatever the pool was told to
    /// do then.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the wait is [cancelled](crate::cancel), the job comes back.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the job is dropped and not run.
    #[track_caller]
    pub fn execute_async<F>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<(), Rejected<F>>> + Send + use<'_, F>
    where
        F: FnOnce() + Send + 'static,
    {
        self.lane(Priority::Ordinary).execute_async(job)
    }

    /// Runs `job` on a worker, and returns a handle to its result. When the queue is full it does what
    /// [`execute`](Self::execute) does.
    ///
    /// # Errors
    ///
    /// As for [`execute`](Self::execute).
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
        self.lane(Priority::Ordinary).submit(job)
    }

    /// Runs `job` on a worker if the queue has room, and returns a handle to its result. Never waits, and never runs it
    /// here.
    ///
    /// # Errors
    ///
    /// If the queue is full or the pool has been shut down, the job comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{Pool, Rejected};
    ///
    /// let pool = Pool::builder().threads(1).queue_capacity(1).build()?;
    /// let (open, gate) = brigade::channel::bounded::<()>(1);
    /// pool.execute(move || drop(gate.recv()))?;
    /// let queued = pool.submit(|| "done")?; // there is room for it once the first one runs
    /// let refused = pool.try_submit(|| "one too many");
    /// assert!(matches!(refused, Err(Rejected::Full(_))));
    /// drop(open);
    /// assert_eq!(queued.join()?, "done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit<T, F>(&self, job: F) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.lane(Priority::Ordinary).try_submit(job)
    }

    /// Runs `job` on a worker, and returns a handle to its result. Suspends the task while the queue is full, whatever the
    /// pool was told to do then.
    ///
    /// # Errors
    ///
    /// If the pool has been shut down, or the wait is [cancelled](crate::cancel), the job comes back.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the job is dropped and not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// # futures::executor::block_on(async {
    /// let pool = Pool::new(2);
    /// let job = pool.submit_async(|| "done").await?;
    /// assert_eq!(job.await?, "done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn submit_async<T, F>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<Job<T>, Rejected<F>>> + Send + use<'_, T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.lane(Priority::Ordinary).submit_async(job)
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
        if self.crew.agenda().is_closed() {
            return 0;
        }
        // A worker may be one too many by now.
        let own = usize::from(self.crew.is_own_worker());
        self.threads().saturating_sub(own)
    }

    /// Whether a thread other than the calling one seems to have nothing to do, and so will take up what waits. Halves of
    /// joins count as nothing.
    pub(crate) fn has_idle(&self) -> bool {
        self.crew.running_elsewhere().len() < self.others()
    }

    fn crew(&self) -> &Crew {
        &self.crew
    }

    /// Has the pool have `threads` threads from now on.
    ///
    /// New ones are started at once. Those that are too many finish what they have begun, and end when they have been
    /// idle for 10 seconds.
    ///
    /// # Errors
    ///
    /// If `threads` is 0, or more than the pool was [made for](Builder::threads_max); if the pool has been shut down; or
    /// if the system refuses a thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::builder().threads(1).threads_max(4).build()?;
    /// pool.resize(3)?;
    /// assert_eq!(pool.threads(), 3);
    /// let error = pool.resize(5).unwrap_err();
    /// assert!(error.to_string().starts_with("the pool was made for at most 4 threads"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&self, threads: usize) -> Result<(), ResizeError> {
        let most = self.crew.description().threads_max();
        match threads {
            0 => return Err(ResizeError::NoThreads),
            _ if threads > most => return Err(ResizeError::TooMany(most)),
            _ => {}
        }
        let called = self.crew.roster().resize(threads);
        self.crew.agenda().wake_all_idle();
        let called = called.ok_or(ResizeError::ShutDown)?;
        Crew::start(&self.crew, called).map_err(ResizeError::Thread)
    }

    /// How many threads the pool is to have.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.crew.roster().told()
    }

    /// How many jobs wait in the queues at this moment.
    ///
    /// One that its joiner runs itself is not counted any more, though it keeps its room in the queue until its turn comes.
    #[must_use]
    pub fn queued(&self) -> usize {
        let left = self.crew.meters().tickets_left();
        self.crew.agenda().queued().saturating_sub(left)
    }

    /// How many jobs the queue of each [lane](Self::lane) may hold.
    #[must_use]
    pub fn queue_capacity(&self) -> usize {
        self.crew.agenda().capacity()
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
            .field("closed", &self.crew.agenda().is_closed())
            .finish()
    }
}
