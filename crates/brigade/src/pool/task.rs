//! One job on its way through a queue of the pool.
//!
//! It does not know who runs it, nor what its closure does.

use super::job::Run;
use crate::prim::{StdArc, discard_panic, panics};
use std::panic::Location;
use std::time::Instant;

/// A job in a queue.
pub(super) struct Task {
    work: Work,
    /// When it was put there, in a pool that measures that.
    put: Option<Instant>,
}

enum Work {
    /// And where it was submitted: what it is called when it does not finish.
    Forgotten(Box<dyn FnOnce() + Send>, &'static Location<'static>),
    Joinable(Ticket),
}

/// The queue's share of a job with a handle. Dropped without being run, it tells the joiner.
struct Ticket(StdArc<dyn Run>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// How a job that was run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    Done,
    Panicked,
    /// Somebody else had it.
    Elsewhere,
}

impl Task {
    pub(super) fn forgotten<F>(job: F, site: &'static Location<'static>) -> Self
    where
        F: FnOnce() + Send + 'static,
    {
        Self {
            work: Work::Forgotten(Box::new(job), site),
            put: None,
        }
    }

    pub(super) fn joinable(cell: StdArc<dyn Run>) -> Self {
        Self {
            work: Work::Joinable(Ticket(cell)),
            put: None,
        }
    }

    /// Notes when it is put into a queue.
    pub(super) fn put_at(&mut self, now: Instant) {
        self.put = Some(now);
    }

    /// When it was put into a queue, if that was noted.
    pub(super) fn put(&self) -> Option<Instant> {
        self.put
    }

    /// The closure that this task was made of.
    ///
    /// # Safety
    ///
    /// It was made by `forgotten` of an `F`.
    pub(super) unsafe fn into_forgotten<F: FnOnce() + Send>(self) -> F {
        let Work::Forgotten(job, _) = self.work else {
            unreachable!("the caller has made a task of a closure alone")
        };
        // SAFETY: the box was made of an `F`, so that is what it points to and how it was allocated.
        *unsafe { Box::from_raw(Box::into_raw(job).cast::<F>()) }
    }

    /// Where the job was submitted.
    pub(super) fn site(&self) -> &'static Location<'static> {
        match &self.work {
            Work::Forgotten(_, site) => site,
            Work::Joinable(ticket) => ticket.0.site(),
        }
    }

    /// Runs the job. Its panic goes no further: the panic hook has been told, and so is the joiner.
    pub(super) fn run(self) -> Ran {
        match self.work {
            Work::Forgotten(job, _) => match panics(job) {
                false => Ran::Done,
                true => Ran::Panicked,
            },
            Work::Joinable(ticket) => {
                let mut ran = Ran::Done;
                // The result, if nobody is left to take it, is dropped with the ticket, and may panic in that.
                discard_panic(|| {
                    ran = ticket.0.run();
                    drop(ticket);
                });
                ran
            }
        }
    }

    /// Drops the job because a newer one takes its place, and tells its joiner so.
    pub(super) fn displace(self) {
        if let Work::Joinable(ticket) = &self.work {
            ticket.0.displace();
        }
        // What a closure owns is the application's, and so is a panic of its drop.
        discard_panic(|| drop(self));
    }
}
