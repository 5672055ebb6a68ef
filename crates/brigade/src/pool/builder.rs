//! How a pool is described before it is started.

use super::worker::Crew;
use super::{BuildError, Full, Pool};
use crate::prim::atomic::AtomicBool;
use crate::prim::{Arc, MODEL, StdArc, cpus, discard_panic, thread};
use crate::runtime::Runtime;
use std::fmt;

/// What is called on a worker, with its number.
type Hook = StdArc<dyn Fn(usize) + Send + Sync>;

/// Describes a [`Pool`].
///
/// # Examples
///
/// ```
/// use brigade::pool::Pool;
///
/// let pool = Pool::builder().threads(2).name("press").queue_capacity(16).build()?;
/// let name = pool.submit(|| std::thread::current().name().map(String::from))?.join()?;
/// assert!(name.unwrap().starts_with("press-"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until `build`"]
pub struct Builder {
    description: Description,
}

/// What a pool is told about itself.
#[derive(Clone)]
pub(super) struct Description {
    pub(super) threads: usize,
    threads_max: usize,
    pub(super) spares: usize,
    name: String,
    pub(super) stack_size: Option<usize>,
    pub(super) queue_capacity: usize,
    pub(super) full: Full,
    pub(super) timed: bool,
    cpus: Vec<usize>,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
    /// What is around everything that the pool runs.
    pub(super) runtime: Option<Runtime>,
}

impl Description {
    #[cfg(all(test, brigade_loom))]
    pub(super) fn of(threads: usize) -> Self {
        Builder::new()
            .threads(threads)
            .queue_capacity(1)
            .description
    }

    /// The most workers that there may be.
    pub(super) fn most(&self) -> usize {
        self.threads_max() + self.spares
    }

    /// The most threads that the pool may be told to have.
    pub(super) fn threads_max(&self) -> usize {
        self.threads_max.max(self.threads)
    }

    pub(super) fn name_of(&self, number: usize) -> String {
        format!("{}-{number}", self.name)
    }

    /// Runs the life of a worker between what is called at its start and at its end.
    pub(super) fn cover<R>(&self, number: usize, life: impl FnOnce() -> R) -> R {
        let call = |hook: &Option<Hook>| {
            if let Some(hook) = hook {
                discard_panic(|| hook(number));
            }
        };
        if !self.cpus.is_empty() {
            thread::bind_to_cpu(self.cpus[number % self.cpus.len()]);
        }
        self.in_runtime(|| {
            call(&self.on_start);
            let lived = life();
            call(&self.on_stop);
            lived
        })
    }

    /// Runs `body` in the runtime of the pool, if it has one.
    pub(super) fn in_runtime<R>(&self, body: impl FnOnce() -> R) -> R {
        match &self.runtime {
            None => body(),
            Some(runtime) => runtime.within(body),
        }
    }
}

impl Builder {
    /// The jobs that the queue holds unless told otherwise.
    pub const QUEUE_CAPACITY: usize = 1024;
    /// The most jobs that a queue can be made for: more are a mistake, or memory filling up.
    pub const QUEUE_CAPACITY_MAX: usize = 1 << 24;
    /// The most threads that a pool can have, spares among them.
    pub const THREADS_MAX: usize = 1 << 16;
    /// The spares that a pool may have unless told otherwise.
    pub const SPARES: usize = if MODEL { 0 } else { 16 };

    pub(super) fn new() -> Self {
        Self {
            description: Description {
                threads: cpus(),
                threads_max: 0,
                spares: Self::SPARES,
                name: "brigade".into(),
                stack_size: None,
                queue_capacity: Self::QUEUE_CAPACITY,
                full: Full::default(),
                timed: false,
                cpus: Vec::new(),
                on_start: None,
                on_stop: None,
                runtime: None,
            },
        }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Description)) -> Self {
        change(&mut self.description);
        self
    }

    /// How many threads work; without this, as many as there are processors.
    pub fn threads(self, threads: usize) -> Self {
        self.with(|description| description.threads = threads)
    }

    /// How many threads the pool can be [resized](Pool::resize) to; without this, as many as it starts with.
    pub fn threads_max(self, threads: usize) -> Self {
        self.with(|description| description.threads_max = threads)
    }

    /// How many threads at most take over for workers that are [blocked](super::blocking); without this,
    /// [`SPARES`](Self::SPARES). One is started when it is first needed, and ends when it has not been needed for
    /// 10 seconds.
    pub fn spares(self, spares: usize) -> Self {
        self.with(|description| description.spares = spares)
    }

    /// What the threads are called: `name-0`, `name-1` and so on. Without this, `brigade`.
    pub fn name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.with(|description| description.name = name)
    }

    /// The stack of each thread in bytes; without this, what the standard library chooses.
    pub fn stack_size(self, bytes: usize) -> Self {
        self.with(|description| description.stack_size = Some(bytes))
    }

    /// How many jobs may wait in each [lane](Pool::lane); without this, [`QUEUE_CAPACITY`](Self::QUEUE_CAPACITY).
    ///
    /// What a worker submits to its own pool by `execute` or `submit`, it keeps in a queue of its own first, which has room for
    /// as many, but for 256 at most; others take from it when they find nothing else. Not so with
    /// [`Full::Reject`] and [`Full::DropOldest`], where the one queue decides.
    pub fn queue_capacity(self, jobs: usize) -> Self {
        self.with(|description| description.queue_capacity = jobs)
    }

    /// What becomes of a job that finds the queue full; without this, its submitter waits: [`Full::Block`].
    pub fn when_full(self, full: Full) -> Self {
        self.with(|description| description.full = full)
    }

    /// Measures how long jobs wait and run, for [`Pool::stats`]. It costs three readings of the clock for each job.
    pub fn timed(self) -> Self {
        self.with(|description| description.timed = true)
    }

    /// Binds each thread to one of these processors, in turn. Linux only.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{BuildError, Pool};
    ///
    /// match Pool::builder().threads(2).bind_to_cpus([0]).build() {
    ///     Ok(pool) => assert_eq!(pool.submit(|| "on processor 0")?.join()?, "on processor 0"),
    ///     Err(error) => assert!(matches!(error, BuildError::Cpu(0))),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bind_to_cpus(self, cpus: impl IntoIterator<Item = usize>) -> Self {
        let cpus = cpus.into_iter().collect();
        self.with(|description| description.cpus = cpus)
    }

    /// Calls `hook` on each thread before it does anything else, with the number of its worker.
    ///
    /// If it panics, the panic hook is told, and the worker works all the same.
    pub fn on_thread_start(self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.with(|description| description.on_start = Some(StdArc::new(hook)))
    }

    /// Calls `hook` on each thread when it has done everything else, with the number of its worker.
    ///
    /// A thread that ends because it is not wanted any more is none of the pool's by then, for [`current`](super::current) and
    /// all else: another may have its number already.
    ///
    /// A [shutdown](Pool::shutdown) waits for it. If it shuts the pool down itself, that does not wait for the thread it is
    /// called on.
    ///
    /// If it panics, the panic hook is told, and the worker ends all the same.
    pub fn on_thread_stop(self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.with(|description| description.on_stop = Some(StdArc::new(hook)))
    }

    fn check(&self) -> Result<(), BuildError> {
        let description = &self.description;
        let most = description.threads_max().saturating_add(description.spares);
        match (description.threads, description.queue_capacity) {
            (0, _) => return Err(BuildError::NoThreads),
            (_, 0) => return Err(BuildError::NoQueue),
            _ if most > Self::THREADS_MAX => return Err(BuildError::TooManyThreads),
            (_, jobs) if jobs > Self::QUEUE_CAPACITY_MAX => return Err(BuildError::QueueTooLong),
            _ if description.name.contains('\0') => return Err(BuildError::Name),
            _ => {}
        }
        if description.cpus.is_empty() {
            return Ok(());
        }
        let bindable = thread::bindable_cpus().unwrap_or_default();
        let missing = description.cpus.iter().find(|cpu| !bindable.contains(cpu));
        missing.map_or(Ok(()), |cpu| Err(BuildError::Cpu(*cpu)))
    }

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If the description makes no sense, or the system refuses a thread; those that have been started
    /// are stopped again.
    pub fn build(self) -> Result<Pool, BuildError> {
        self.check()?;
        let threads = self.description.threads;
        let pool = Pool {
            crew: Arc::new(Crew::new(self.description)),
            given_up: AtomicBool::new(false),
        };
        let started = Crew::start(&pool.crew, (0..threads).collect());
        started.map_err(BuildError::Thread)?;
        Ok(pool)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("threads", &self.threads)
            .field("threads_max", &self.threads_max())
            .field("spares", &self.spares)
            .field("name", &self.name)
            .field("stack_size", &self.stack_size)
            .field("queue_capacity", &self.queue_capacity)
            .field("full", &self.full)
            .field("timed", &self.timed)
            .field("cpus", &self.cpus)
            .field("in_runtime", &self.runtime.is_some())
            .finish_non_exhaustive()
    }
}
