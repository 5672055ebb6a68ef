//! How a pool is described before it is started.

use super::worker::Crew;
use super::{BuildError, Pool};
use crate::channel;
use crate::prim::atomic::AtomicBool;
use crate::prim::{Arc, cpus, thread};

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
    threads: usize,
    name: String,
    stack_size: Option<usize>,
    queue_capacity: usize,
}

impl Builder {
    /// The jobs that the queue holds unless told otherwise.
    pub const QUEUE_CAPACITY: usize = 1024;
    /// The most jobs that a queue can be made for: more are a mistake, or memory filling up.
    pub const QUEUE_CAPACITY_MAX: usize = 1 << 24;
    /// The most threads that a pool can have.
    pub const THREADS_MAX: usize = 1 << 16;

    pub(super) fn new() -> Self {
        Self {
            threads: cpus(),
            name: "brigade".into(),
            stack_size: None,
            queue_capacity: Self::QUEUE_CAPACITY,
        }
    }

    /// How many threads work; without this, as many as there are processors.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// What the threads are called: `name-0`, `name-1` and so on. Without this, `brigade`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The stack of each thread in bytes; without this, what the standard library chooses.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How many jobs may wait; without this, [`QUEUE_CAPACITY`](Self::QUEUE_CAPACITY).
    pub fn queue_capacity(mut self, jobs: usize) -> Self {
        self.queue_capacity = jobs;
        self
    }

    fn check(&self) -> Result<(), BuildError> {
        match (self.threads, self.queue_capacity) {
            (0, _) => Err(BuildError::NoThreads),
            (_, 0) => Err(BuildError::NoQueue),
            (threads, _) if threads > Self::THREADS_MAX => Err(BuildError::TooManyThreads),
            (_, jobs) if jobs > Self::QUEUE_CAPACITY_MAX => Err(BuildError::QueueTooLong),
            _ if self.name.contains('\0') => Err(BuildError::Name),
            _ => Ok(()),
        }
    }

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If the description makes no sense, or the system refuses a thread; those that have been started
    /// are stopped again.
    pub fn build(self) -> Result<Pool, BuildError> {
        self.check()?;
        let (queue, tasks) = channel::bounded(self.queue_capacity);
        let crew = Arc::new(Crew::new(self.threads, queue.downgrade(), tasks));
        let mut pool = Pool {
            queue,
            crew,
            threads: Vec::with_capacity(self.threads),
            given_up: AtomicBool::new(false),
        };
        for number in 0..self.threads {
            let crew = Arc::clone(&pool.crew);
            let name = format!("{}-{number}", self.name);
            match thread::spawn(Some(name), self.stack_size, move || crew.work(number)) {
                Ok(handle) => pool.threads.push(handle),
                Err(error) => {
                    pool.crew.never_started(self.threads - number);
                    return Err(BuildError::Thread(error));
                }
            }
        }
        Ok(pool)
    }
}
