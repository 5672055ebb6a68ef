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

    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If there are no threads or no queue to start with, or the system refuses a thread; those that
    /// have been started are stopped again.
    pub fn build(self) -> Result<Pool, BuildError> {
        if self.threads == 0 {
            return Err(BuildError::NoThreads);
        }
        if self.queue_capacity == 0 {
            return Err(BuildError::NoQueue);
        }
        let (queue, tasks) = channel::bounded(self.queue_capacity);
        let crew = Arc::new(Crew::new(self.threads, tasks));
        let mut pool = Pool {
            queue,
            crew,
            threads: Vec::with_capacity(self.threads),
            given_up: AtomicBool::new(false),
        };
        for number in 0..self.threads {
            let crew = Arc::clone(&pool.crew);
            let name = format!("{}-{number}", self.name);
            match thread::spawn(name, self.stack_size, move || crew.work(number)) {
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
