//! Submitting jobs: by priority, and by what becomes of a job that finds its queue full.

use super::agenda::{Agenda, Priority};
use super::job::Cell;
use super::task::{Label, Task};
use super::worker::Crew;
use super::{Job, Pool, Rejected};
use crate::channel::SendFuture;
use crate::prim::{Arc, StdArc};
use std::fmt;
use std::future::Future;
use std::panic::Location;

/// What becomes of a job that finds the queue full. See [`Builder::when_full`](super::Builder::when_full).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Full {
    /// Its submitter waits for room. A worker of the pool does not: it runs the job itself, at once.
    #[default]
    Block,
    /// It comes back: [`Rejected::Full`].
    Reject,
    /// Its submitter runs it itself, at once.
    CallerRuns,
    /// It takes the place of the oldest job in its lane, which is dropped: who joins that gets
    /// [`JobError::Displaced`](super::JobError::Displaced).
    DropOldest,
}

/// The jobs of one priority in a pool. See [`Pool::lane`].
#[derive(Clone, Copy)]
pub struct Lane<'a> {
    crew: &'a Arc<Crew>,
    priority: Priority,
}

/// Calls `act` with the pool whose job or task the calling thread runs at the moment; with `None` on a thread that is
/// none of a pool's.
///
/// A job that submits others needs no handle of its pool for that, which it would share with all other jobs, and which would
/// be dropped by one of them in the end. Through the [`Lane`] it submits jobs of ordinary priority.
///
/// # Examples
///
/// ```
/// use brigade::channel::{Sender, unbounded};
/// use brigade::pool::{self, Pool};
///
/// fn visit(layers: u32, visited: Sender<u32>) {
///     visited.send(layers).unwrap();
///     pool::current(|pool| {
///         let pool = pool.expect("only jobs call this");
///         for _ in 0..if layers > 1 { 2 } else { 0 } {
///             let visited = visited.clone();
///             pool.execute(move || visit(layers - 1, visited)).unwrap();
///         }
///     });
/// }
///
/// let pool = Pool::new(2);
/// let (visited, nodes) = unbounded();
/// pool.execute(move || visit(4, visited))?;
/// assert_eq!(nodes.iter().count(), 15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn current<R>(act: impl FnOnce(Option<Lane<'_>>) -> R) -> R {
    Crew::of_this_thread(|crew| {
        act(crew.map(|(crew, _)| Lane {
            crew,
            priority: Priority::Ordinary,
        }))
    })
}

impl Pool {
    /// Where jobs of this priority are submitted.
    ///
    /// Each priority has a queue of its own with the [capacity](super::Builder::queue_capacity) of the pool. A worker
    /// takes the oldest urgent job before the oldest ordinary one, and that before one of the background. But a queue that has
    /// been passed over for 32 others of these comes next, whatever it is. So nothing is put off for ever, and a background
    /// job makes an urgent one wait now and then. A job that has begun is not interrupted.
    ///
    /// What a worker has put in itself, and [keeps](super::Builder::queue_capacity), comes before the ordinary jobs of others,
    /// but not more than 31 times in a row; and after urgent ones, but not after more than 32 in a row. It does not count as
    /// passing over. While a worker has any of it, its turn for ordinary jobs is one in 32, or one in 64 beside other
    /// workers that have some, as it then takes from them now and then. So where that never ends, the next ordinary job waits
    /// for 64 turns of a worker at most, and one of the background, if there are always others in the queues, 33 times as long.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel::unbounded;
    /// use brigade::pool::{Pool, Priority};
    ///
    /// let pool = Pool::new(1);
    /// let (sender, order) = unbounded();
    /// let (open, gate) = brigade::channel::bounded::<()>(0);
    /// pool.execute(move || gate.recv().unwrap())?;
    /// for (priority, what) in [(Priority::Background, "tidy up"), (Priority::Urgent, "fire!")] {
    ///     let sender = sender.clone();
    ///     pool.lane(priority).execute(move || sender.send(what).unwrap())?;
    /// }
    /// drop(sender);
    /// open.send(())?;
    /// assert_eq!(order.iter().collect::<Vec<_>>(), ["fire!", "tidy up"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lane(&self, priority: Priority) -> Lane<'_> {
        Lane {
            crew: &self.crew,
            priority,
        }
    }
}

impl<'a> Lane<'a> {
    /// Runs `job` on a worker, and forgets it. See [`Pool::execute`].
    ///
    /// # Errors
    ///
    /// As for [`Pool::execute`].
    #[track_caller]
    pub fn execute<F>(&self, job: F) -> Result<(), Rejected<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let label = self.label();
        if label.at.is_some() {
            // A job with a handle has room for the time.
            return self.submit_at(job, label).map(drop);
        }
        let put = self.put(Task::forgotten(job, label.site));
        put.map_err(forgotten)
    }

    /// Runs `job` on a worker, and forgets it, if the queue has room. See [`Pool::try_execute`].
    ///
    /// # Errors
    ///
    /// As for [`Pool::try_execute`].
    #[track_caller]
    pub fn try_execute<F>(&self, job: F) -> Result<(), Rejected<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let label = self.label();
        if label.at.is_some() {
            return self.try_submit_at(job, label).map(drop);
        }
        let put = self.try_put(Task::forgotten(job, label.site));
        put.map_err(forgotten)
    }

    /// Runs `job` on a worker, and forgets it. Suspends the task while the queue is full. See [`Pool::execute_async`].
    ///
    /// # Errors
    ///
    /// As for [`Pool::execute_async`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Pool::execute_async`].
    #[track_caller]
    pub fn execute_async<F>(
        self,
        job: F,
    ) -> impl Future<Output = Result<(), Rejected<F>>> + Send + use<'a, F>
    where
        F: FnOnce() + Send + 'static,
    {
        let submitting = self.submit_async(job);
        async move { submitting.await.map(drop) }
    }

    /// Runs `job` on a worker, and returns a handle to its result. See [`Pool::submit`].
    ///
    /// # Errors
    ///
    /// As for [`Pool::submit`].
    #[track_caller]
    pub fn submit<T, F>(&self, job: F) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.submit_at(job, self.label())
    }

    #[track_caller]
    fn submit_at<T, F>(&self, job: F, label: Label) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (cell, task) = joinable(job, label);
        self.handle(cell, self.put(task))
    }

    /// Runs `job` on a worker if the queue has room, and returns a handle to its result. See [`Pool::try_submit`].
    ///
    /// # Errors
    ///
    /// As for [`Pool::try_submit`].
    #[track_caller]
    pub fn try_submit<T, F>(&self, job: F) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.try_submit_at(job, self.label())
    }

    fn try_submit_at<T, F>(&self, job: F, label: Label) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (cell, task) = joinable(job, label);
        self.handle(cell, self.try_put(task))
    }

    /// Runs `job` on a worker, and returns a handle to its result. Suspends the task while the queue is full. See
    /// [`Pool::submit_async`].
    ///
    /// # Errors
    ///
    /// As for [`Pool::submit_async`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Pool::submit_async`].
    #[track_caller]
    pub fn submit_async<T, F>(
        self,
        job: F,
    ) -> impl Future<Output = Result<Job<T>, Rejected<F>>> + Send + use<'a, T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (cell, task) = joinable(job, self.label());
        let putting = self.putting(task);
        async move {
            let put = putting.await.map_err(Rejected::from);
            if put.is_ok() {
                self.told();
            }
            self.handle(cell, put)
        }
    }

    /// Runs `job` on a worker, or here and now if the queue is full.
    pub(super) fn submit_or_run<T, F>(
        &self,
        job: F,
        site: &'static Location<'static>,
    ) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let crew = self.crew;
        let at = crew.meters().now();
        let (cell, task) = joinable(job, Label { site, at });
        let put = match self.try_put(task) {
            Err(Rejected::Full(task)) => {
                crew.run_job_here(task);
                Ok(())
            }
            put => put,
        };
        self.handle(cell, put)
    }

    fn agenda(&self) -> &'a Agenda {
        self.crew.agenda()
    }

    /// What is known of a job that is being submitted.
    #[track_caller]
    #[inline]
    fn label(&self) -> Label {
        Label {
            site: Location::caller(),
            at: self.crew.meters().now(),
        }
    }

    #[track_caller]
    fn put(&self, mut task: Task) -> Result<(), Rejected<Task>> {
        let crew = self.crew;
        let full = crew.description().full;
        let worker = crew.own_number();
        if full == Full::Block && worker.is_none() {
            self.agenda().sender(self.priority).send(task)?;
            self.told();
            return Ok(());
        }
        if let Some(worker) = worker.filter(|_| self.keeps_near(full)) {
            match self.agenda().put_own(worker, task) {
                Ok(()) => return Ok(()),
                Err(left) => task = left,
            }
        }
        match (self.try_put(task), full) {
            (Err(Rejected::Full(task)), Full::DropOldest) => self.displace(task),
            (Err(Rejected::Full(task)), Full::Block | Full::CallerRuns) => {
                crew.run_job_here(task);
                Ok(())
            }
            (put, _) => put,
        }
    }

    fn try_put(&self, task: Task) -> Result<(), Rejected<Task>> {
        self.agenda().sender(self.priority).try_send(task)?;
        self.told();
        Ok(())
    }

    /// What puts a task in when it is awaited, and waits for room.
    #[track_caller]
    fn putting(self, task: Task) -> SendFuture<'a, Task> {
        self.agenda().sender(self.priority).send_async(task)
    }

    /// Whether a worker may keep what it submits in a queue of its own. Where it depends on whether the queue is full what
    /// becomes of a job, that is to be the one queue.
    fn keeps_near(&self, full: Full) -> bool {
        self.priority == Priority::Ordinary && matches!(full, Full::Block | Full::CallerRuns)
    }

    /// Puts a job in, in the place of the oldest if there is no room. None loses its place to a job that is not taken.
    fn displace(&self, task: Task) -> Result<(), Rejected<Task>> {
        let oldest = self.agenda().sender(self.priority).force_send(task)?;
        self.told();
        if oldest.is_some_and(|oldest| !oldest.displace()) {
            let crew = self.crew;
            crew.meters().meet_ticket(crew.own_number());
        }
        Ok(())
    }

    /// Something has been put in.
    #[inline]
    fn told(&self) {
        // The ordinary lane is where idle workers wait.
        if self.priority != Priority::Ordinary {
            self.agenda().wake_idle();
        }
    }

    fn handle<T, F>(
        &self,
        cell: StdArc<Cell<T, F>>,
        put: Result<(), Rejected<Task>>,
    ) -> Result<Job<T>, Rejected<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        match put {
            Ok(()) => Ok(Job::new(cell, Arc::clone(self.crew))),
            Err(rejected) => {
                let job = cell.claim().expect("nobody else has seen this job");
                // Only now is the task dropped: it claims its job then, to tell the joiner.
                Err(rejected.map(|_| job))
            }
        }
    }
}

/// The closure of a task that was not taken.
fn forgotten<F: FnOnce() + Send + 'static>(rejected: Rejected<Task>) -> Rejected<F> {
    // SAFETY: called with what has come back of a task that was made of an `F`.
    rejected.map(|task| unsafe { task.into_forgotten() })
}

fn joinable<T, F>(job: F, label: Label) -> (StdArc<Cell<T, F>>, Task)
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let cell = StdArc::new(Cell::new(job, label));
    let share = StdArc::clone(&cell);
    (cell, Task::joinable(share))
}

impl fmt::Debug for Lane<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
