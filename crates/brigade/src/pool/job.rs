//! One job with a handle: the cell that holds first the closure and then the result.
//!
//! # State
//!
//! | state | closure | result | who moves on |
//! |---|---|---|---|
//! | `QUEUED` | there | – | whoever gets it to `CLAIMED`: a worker, the joiner, or a shutdown |
//! | `CLAIMED` | the claimer's | the claimer's | the claimer alone |
//! | `DONE` | gone | there | the handle takes the result |
//! | `CANCELLED` | dropped | – | |
//! | `DISPLACED` | dropped | – | |
//!
//! The claimer ends with a read-modify-write on the state and then looks for a waiter; the waiter
//! joins the queue and then does a read-modify-write on the state. That is the handshake of
//! `wait/README.md`. Only the handle waits, and there is one handle, so one wake is enough.

use super::task::{Label, Ran};
use super::worker::Crew;
use super::{JobError, JoinTimeoutError};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicU8;
use crate::prim::{Arc, StdArc, UnsafeCell, discard_panic};
use crate::scope::Panic;
use crate::wait::{
    Held, Limit, Operation, Owners, Patience, Wait, WaitQueue, What, block, deadline_after,
};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

const QUEUED: u8 = 0;
const CLAIMED: u8 = 1;
const DONE: u8 = 2;
const CANCELLED: u8 = 3;
/// Like `CANCELLED`, because a newer job has taken its place.
const DISPLACED: u8 = 4;

type Outcome<T> = Result<T, Panic>;

/// A job, its result, and who waits for it, in one allocation.
pub(super) struct Cell<T, F> {
    state: AtomicU8,
    waiting: WaitQueue,
    /// Who runs it.
    runner: Owners<1>,
    closure: UnsafeCell<Option<F>>,
    outcome: UnsafeCell<Option<Outcome<T>>>,
    label: Label,
}

// SAFETY: closure and outcome are touched by the claimer alone until the state says `DONE`, and by
// the one handle after that; the state orders them (release to acquire). Both cross threads: Send.
unsafe impl<T: Send, F: Send> Send for Cell<T, F> {}
// SAFETY: as above; no reference to either is ever shared.
unsafe impl<T: Send, F: Send> Sync for Cell<T, F> {}

impl<T, F: FnOnce() -> T> Cell<T, F> {
    pub(super) fn new(closure: F, label: Label) -> Self {
        Self {
            state: AtomicU8::new(QUEUED),
            waiting: WaitQueue::new(),
            runner: Owners::new(),
            closure: UnsafeCell::new(Some(closure)),
            outcome: UnsafeCell::new(None),
            label,
        }
    }

    /// The closure, for the first who asks.
    pub(super) fn claim(&self) -> Option<F> {
        if self.state.load(Relaxed) != QUEUED
            || self
                .state
                .compare_exchange(QUEUED, CLAIMED, AcqRel, Relaxed)
                .is_err()
        {
            return None;
        }
        self.closure.with_mut(|closure| {
            // SAFETY: claimed, so it is ours alone.
            unsafe { (*closure).take() }
        })
    }

    /// Drops the closure and goes to `state`. False if somebody has claimed it.
    fn drop_unrun(&self, state: u8) -> bool {
        let Some(closure) = self.claim() else {
            return false;
        };
        // What the closure owns is the application's, and so is a panic of its drop.
        discard_panic(|| drop(closure));
        self.finish(state);
        true
    }

    fn finish(&self, state: u8) {
        self.state.swap(state, AcqRel);
        self.waiting.wake_one();
    }
}

/// What a worker does with a job.
pub(super) trait Run: Send + Sync {
    /// Runs it here and now, unless somebody has claimed it. Never panics on the job's account.
    fn run(&self) -> Ran;

    /// Drops the closure. False if somebody has claimed it.
    fn cancel(&self) -> bool;

    /// `cancel`, because a newer job takes its place.
    fn displace(&self) -> bool;

    fn label(&self) -> Label;
}

impl<T: Send, F: FnOnce() -> T + Send> Run for Cell<T, F> {
    fn run(&self) -> Ran {
        let Some(closure) = self.claim() else {
            return Ran::Elsewhere;
        };
        self.runner.take(self.label.site.into());
        let outcome = catch_unwind(AssertUnwindSafe(closure))
            .map_err(|payload| Panic::caught(payload, self.label.site));
        let ran = if outcome.is_ok() {
            Ran::Done
        } else {
            Ran::Panicked
        };
        self.outcome.with_mut(|place| {
            // SAFETY: claimed and not finished, so it is ours alone.
            unsafe { *place = Some(outcome) };
        });
        self.runner.release();
        self.finish(DONE);
        ran
    }

    fn cancel(&self) -> bool {
        self.drop_unrun(CANCELLED)
    }

    fn displace(&self) -> bool {
        self.drop_unrun(DISPLACED)
    }

    fn label(&self) -> Label {
        self.label
    }
}

/// What a handle sees of a job.
trait Join<T>: Run {
    /// The result, once, when the job is over.
    fn take(&self) -> Option<Result<T, JobError>>;

    /// Whether nobody has begun it. A guess.
    fn is_queued(&self) -> bool;

    /// Whether the job is over. `synchronised` makes it the second look of the handshake.
    fn is_over(&self, synchronised: bool) -> bool;

    fn waiting(&self) -> &WaitQueue;

    fn runner(&self) -> Held;
}

impl<T: Send, F: FnOnce() -> T + Send> Join<T> for Cell<T, F> {
    fn take(&self) -> Option<Result<T, JobError>> {
        match self.state.load(Acquire) {
            DONE => {
                let outcome = self.outcome.with_mut(|place| {
                    // SAFETY: done, so the claimer is through; only the one handle calls `take`.
                    unsafe { (*place).take() }
                });
                let outcome = outcome.expect("a job was polled after it had given its result");
                Some(outcome.map_err(JobError::Panicked))
            }
            CANCELLED => Some(Err(JobError::Cancelled)),
            DISPLACED => Some(Err(JobError::Displaced)),
            _ => None,
        }
    }

    fn is_queued(&self) -> bool {
        self.state.load(Relaxed) == QUEUED
    }

    fn is_over(&self, synchronised: bool) -> bool {
        let state = if synchronised {
            self.state.fetch_add(0, AcqRel)
        } else {
            self.state.load(Acquire)
        };
        matches!(state, DONE | CANCELLED | DISPLACED)
    }

    fn waiting(&self) -> &WaitQueue {
        &self.waiting
    }

    fn runner(&self) -> Held {
        self.runner.held()
    }
}

/// A job that was submitted: join it, await it, or drop it to let it run on alone.
#[must_use = "a job that is dropped runs on, but its result is lost"]
pub struct Job<T> {
    joining: Joining<T>,
}

/// The operation of waiting for a job.
struct Joining<T> {
    cell: StdArc<dyn Join<T>>,
    crew: Arc<Crew>,
}

// SAFETY: the queue is a field of the cell, which the `Arc` keeps alive and in place.
unsafe impl<T> Operation for Joining<T> {
    type Output = Result<T, JobError>;
    const WAITS_FOR: &'static What = &"job join";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| Err(JobError::WaitCancelled));

    fn attempt(&mut self) -> Poll<Self::Output> {
        self.cell.take().map_or(Poll::Pending, Poll::Ready)
    }

    fn chances(&self) -> usize {
        usize::from(self.cell.is_over(true))
    }

    fn is_to_wake_up(&self) -> bool {
        self.cell.is_queued() && self.crew.forks().are_asleep()
    }

    fn held(&self) -> Held {
        self.cell.runner()
    }

    fn queue(&self) -> &WaitQueue {
        self.cell.waiting()
    }

    fn patience(&self) -> &Patience {
        self.crew.joins()
    }
}

impl<T: Send + 'static> Job<T> {
    pub(super) fn new<F>(cell: StdArc<Cell<T, F>>, crew: Arc<Crew>) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
    {
        Self {
            joining: Joining { cell, crew },
        }
    }
}

impl<T> Job<T> {
    /// Waits for the job, and returns its result.
    ///
    /// On a worker of the same pool, a job that nobody has begun is run here: a pool of one thread
    /// can join its own jobs.
    ///
    /// # Errors
    ///
    /// If the job panicked, or a shutdown dropped it before it began. Or if the wait is [cancelled](crate::cancel):
    /// then the job goes on alone.
    #[track_caller]
    pub fn join(mut self) -> Result<T, JobError> {
        self.help();
        match block(&mut self.joining, Limit::NONE, Location::caller()) {
            Ok(result) => result,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Waits for the job, for at most `timeout`. A timeout too long for the clock waits for ever.
    ///
    /// Unlike [`join`](Self::join) it never runs the job itself: that could take longer.
    ///
    /// # Errors
    ///
    /// If the time runs out or the wait is cancelled, the job comes back, to be joined again. Else as for
    /// [`join`](Self::join).
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<T, JoinTimeoutError<T>> {
        self.join_until(deadline_after(timeout))
    }

    /// Waits for the job, until `deadline` at most.
    ///
    /// Unlike [`join`](Self::join) it never runs the job itself: that could take longer.
    ///
    /// # Errors
    ///
    /// If the deadline passes or the wait is cancelled, the job comes back, to be joined again. Else as for
    /// [`join`](Self::join).
    #[track_caller]
    pub fn join_deadline(self, deadline: Instant) -> Result<T, JoinTimeoutError<T>> {
        self.join_until(Some(deadline))
    }

    #[track_caller]
    fn join_until(mut self, deadline: Option<Instant>) -> Result<T, JoinTimeoutError<T>> {
        match block(
            &mut self.joining,
            Limit::until(deadline),
            Location::caller(),
        ) {
            Ok(Err(JobError::WaitCancelled)) => Err(JoinTimeoutError::Cancelled(self)),
            Ok(result) => result.map_err(JoinTimeoutError::Failed),
            Err(_) => Err(JoinTimeoutError::Timeout(self)),
        }
    }

    /// A worker that would wait for its own pool runs the job, if nobody else does.
    fn help(&self) {
        let Joining { cell, crew } = &self.joining;
        let Some(number) = crew.own_number() else {
            return;
        };
        let (Label { site, at }, meters) = (cell.label(), crew.meters());
        crew.run_here(site, || {
            // Before it runs: it may look at what is queued.
            meters.leave_ticket(Some(number));
            let run = || cell.run();
            if meters.run_by(Some(number), at, run) == Ran::Elsewhere {
                meters.meet_ticket(Some(number));
            }
        });
    }

    /// Drops the job, unless somebody has begun it.
    pub(super) fn cancel(&self) {
        let Joining { cell, crew } = &self.joining;
        if cell.cancel() {
            crew.meters().leave_ticket(crew.own_number());
        }
    }

    /// Whether the job is over: done, panicked or cancelled.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.cell.is_over(false)
    }
}

// A panic of the job is caught and kept before the handle can see anything of it.
impl<T> UnwindSafe for Job<T> {}
impl<T> RefUnwindSafe for Job<T> {}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("finished", &self.is_finished())
            .finish()
    }
}

impl<T> IntoFuture for Job<T> {
    type Output = Result<T, JobError>;
    type IntoFuture = JobFuture<T>;

    #[track_caller]
    fn into_future(self) -> JobFuture<T> {
        JobFuture {
            wait: Wait::new(self.joining, Location::caller()),
        }
    }
}

/// A job being awaited; made by awaiting a [`Job`]. Dropping it lets the job run on alone.
#[must_use = "futures do nothing unless they are awaited"]
pub struct JobFuture<T> {
    wait: Wait<Joining<T>>,
}

impl<T> Future for JobFuture<T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
    }
}

impl<T> fmt::Debug for JobFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobFuture { .. }")
    }
}
