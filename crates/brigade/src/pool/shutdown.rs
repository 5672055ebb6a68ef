//! The end of a pool: drained or aborted, until a deadline, with what did not finish named.

use super::Pool;
use super::fork::Worker;
use crate::prim::Ordering::Relaxed;
use crate::prim::thread;
use crate::wait::Limit;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Instant;

/// What becomes of the jobs in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// They are run. So are [tasks](Pool::spawn), as long as any is ready; those that then wait for something are dropped.
    Drain,
    /// They are dropped, and so are tasks; their joiners get [`JobError::Cancelled`](super::JobError::Cancelled). A task
    /// that runs at this moment is dropped when its poll is over.
    Abort,
}

/// What a shutdown has left. It goes on: the pool takes no jobs, and its
/// workers end when these are done.
#[derive(Clone, Debug)]
pub struct Unfinished {
    running: Vec<&'static Location<'static>>,
    queued: usize,
    tasks: usize,
}

impl Unfinished {
    /// Where the jobs were submitted that are still running.
    ///
    /// One whose result has just been given may be among them: its worker is on the way back from it.
    #[must_use]
    pub fn running(&self) -> &[&'static Location<'static>] {
        &self.running
    }

    /// How many jobs have not begun.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How many [tasks](Pool::spawn) are not over.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the pool has not ended: {} running, {} queued",
            self.running.len(),
            self.queued
        )?;
        if self.tasks > 0 {
            write!(f, ", {} tasks", self.tasks)?;
        }
        for site in &self.running {
            write!(f, "; submitted at {site}")?;
        }
        Ok(())
    }
}

impl Error for Unfinished {}

impl Pool {
    /// Takes no more jobs, and waits until the workers have ended; until `deadline` at most, or for
    /// ever if it is `None`.
    ///
    /// A job that runs is never interrupted: it is waited for. May be called again, and by several
    /// threads. Called by a job of this pool, it waits for all workers but its own, but for those whose jobs wait like
    /// this as well, and but for those that wait for half of a [join](Pool::join) that calls it. A job for which another
    /// waits in any other way should not call it without a deadline: they would wait for each other. So they do if half of a
    /// join shuts the pool down, and the other half waits for a task that the first would have woken after that.
    ///
    /// # Errors
    ///
    /// If the deadline passes, the jobs that are not done. From then on dropping the pool does not wait
    /// for them either. Called by a job, also if no worker is left for what is queued: it is run when that
    /// job ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{Pool, Shutdown};
    ///
    /// let pool = Pool::new(2);
    /// let job = pool.submit(|| "done")?;
    /// pool.shutdown(Shutdown::Drain, None)?;
    /// assert_eq!(job.join()?, "done");
    /// assert!(pool.execute(|| ()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown, deadline: Option<Instant>) -> Result<(), Unfinished> {
        self.close();
        if how == Shutdown::Abort {
            let crew = &self.crew;
            let met = || crew.meters().meet_ticket(crew.own_number());
            crew.agenda().drop_all(met);
        }
        let held_up = Worker::held_up_by_this_thread(&self.crew);
        let roster = self.crew.roster();
        let wake_idle = || self.crew.agenda().wake_all_idle();
        let limit = Limit::until(deadline);
        let waited = roster.wait_for_end(&held_up, wake_idle, limit, Location::caller());
        let queued = self.queued();
        let agenda = self.crew.agenda();
        if waited.is_ok() && queued == 0 && !agenda.may_have_tasks() {
            return Ok(());
        }
        // That nobody but this worker is left to run what is queued is no reason for the drop not to wait.
        if waited.is_err() {
            self.given_up.store(true, Relaxed);
        }
        Err(Unfinished {
            running: self.crew.running_elsewhere(),
            queued,
            tasks: self.crew.meters().tasks(),
        })
    }
}

impl Drop for Pool {
    /// Takes no more jobs, runs those in the queue and tasks as long as any is ready, and joins the threads.
    ///
    /// It leaves the threads to end by themselves if it is dropped by one of its own jobs, or if a
    /// [`shutdown`](Self::shutdown) has passed its deadline: who sets a deadline is not to hang after it.
    fn drop(&mut self) {
        self.close();
        if self.crew.is_own_worker() || self.given_up.load(Relaxed) {
            return;
        }
        // One that takes over for another is started by that, which is joined after it has said so.
        while let Some(thread) = self.crew.roster().next_handle() {
            if thread::is_current(&thread) {
                // Dropped late on a worker, by what its jobs have left to the end of the thread.
                continue;
            }
            let ended = thread.join();
            debug_assert!(ended.is_ok(), "a worker survives the panics of its jobs");
        }
    }
}

impl Pool {
    fn close(&self) {
        self.crew.agenda().close();
        self.crew.roster().close();
    }
}
