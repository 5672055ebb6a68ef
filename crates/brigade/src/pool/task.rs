//! One job on its way through a queue of the pool.
//!
//! It does not know who runs it, nor what its closure does.

use super::closure::Closure;
use super::job::Run;
use crate::prim::{StdArc, discard_panic, panics};
use std::panic::Location;
use std::time::Instant;

/// A job in a queue.
pub(super) enum Task {
    /// And where it was submitted.
    Forgotten(Closure, &'static Location<'static>),
    Joinable(Ticket),
}

/// What is known of a job beside its closure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// Where it was submitted: what it is called when it does not finish.
    pub(super) site: &'static Location<'static>,
    /// When it was submitted, in a pool that measures that.
    pub(super) at: Option<Instant>,
}

/// The queue's share of a job with a handle. Dropped without being run, it tells the joiner.
pub(super) struct Ticket(StdArc<dyn Run>);

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
    /// Not: somebody else had it.
    Elsewhere,
}

impl Task {
    pub(super) fn forgotten<F>(job: F, site: &'static Location<'static>) -> Self
    where
        F: FnOnce() + Send + 'static,
    {
        Self::Forgotten(Closure::new(job), site)
    }

    pub(super) fn joinable(cell: StdArc<dyn Run>) -> Self {
        Self::Joinable(Ticket(cell))
    }

    /// The closure that this task was made of.
    ///
    /// # Safety
    ///
    /// It was made by `forgotten` of an `F`.
    pub(super) unsafe fn into_forgotten<F: FnOnce() + Send>(self) -> F {
        let Self::Forgotten(job, _) = self else {
            unreachable!("the caller has made a task of a closure alone")
        };
        // SAFETY: by the contract.
        unsafe { job.into_inner() }
    }

    /// Where the job was submitted.
    pub(super) fn site(&self) -> &'static Location<'static> {
        match self {
            Self::Forgotten(_, site) => site,
            Self::Joinable(ticket) => ticket.0.label().site,
        }
    }

    /// When the job was submitted, in a pool that measures that.
    pub(super) fn submitted_at(&self) -> Option<Instant> {
        match self {
            Self::Forgotten(..) => None,
            Self::Joinable(ticket) => ticket.0.label().at,
        }
    }

    /// Runs the job. Its panic goes no further: the panic hook has been told, and so is the joiner.
    pub(super) fn run(self) -> Ran {
        match self {
            Self::Forgotten(job, _) => {
                if panics(|| job.call()) {
                    Ran::Panicked
                } else {
                    Ran::Done
                }
            }
            Self::Joinable(ticket) => {
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

    /// Drops the job, and tells its joiner. False if somebody else had it.
    pub(super) fn cancel(self) -> bool {
        self.drop_by(|run| run.cancel())
    }

    /// `cancel`, because a newer job takes its place; the joiner is told so.
    pub(super) fn displace(self) -> bool {
        self.drop_by(|run| run.displace())
    }

    fn drop_by(self, drop_unrun: impl FnOnce(&dyn Run) -> bool) -> bool {
        let was_left = match &self {
            Self::Forgotten(..) => true,
            Self::Joinable(ticket) => drop_unrun(&*ticket.0),
        };
        // What a closure owns is the application's, and so is a panic of its drop.
        discard_panic(|| drop(self));
        was_left
    }
}
