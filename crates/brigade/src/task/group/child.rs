//! A child of a group: what is run, and the handle.

use super::guided::{End, Guided};
use super::room::Place;
use super::{Core, Site};
use crate::cancel::why_cancelled;
use crate::prim::{StdArc, discard_panic};
use crate::scope::{Cell, Failure, Outcome, Panic, Whose};
use crate::task::spawn::{OfTask, join_blocking};
use crate::wait::{Limit, Wait};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

pub(super) type Joining<T, E> = crate::scope::Joining<Outcome<T, E>, OfTask>;

/// Where a child leaves it.
pub(super) trait Sink<T, E> {
    /// Called once. Only what nobody wants any more is dropped in it, which may panic.
    fn fill(self, outcome: Outcome<T, E>);
}

impl<T, E> Sink<T, E> for StdArc<Cell<Outcome<T, E>>> {
    fn fill(self, outcome: Outcome<T, E>) {
        Cell::fill(&self, outcome);
    }
}

/// The outcome as the receiver's own: what it takes is not the group's any more.
pub(super) fn settled<T, E>(outcome: Outcome<T, E>) -> Result<T, Failure<E>> {
    outcome.map_err(|entry| {
        // The group has taken it if it has ended meanwhile, with the handle outside of it.
        let failure = entry.take();
        failure.unwrap_or_else(|| Failure::Cancelled(entry.after_all()))
    })
}

/// What is run.
pub(super) struct Life<F, E, S: Sink<T, E>, T>
where
    F: Future<Output = Result<T, E>>,
{
    guided: Guided<F>,
    /// Until the end. It has been counted in.
    rest: Option<Rest<E, S>>,
}

/// What is left of a child when its future is gone.
struct Rest<E, S> {
    core: StdArc<Core<E>>,
    sink: S,
    site: Site,
    /// Whether it has a place in the room of the group.
    has_place: bool,
}

impl<F, E, S, T> Life<F, E, S, T>
where
    F: Future<Output = Result<T, E>>,
    S: Sink<T, E>,
{
    pub(super) fn new(
        future: F,
        core: StdArc<Core<E>>,
        sink: S,
        place: Option<Place>,
        site: Site,
    ) -> Self {
        let rest = Rest {
            core,
            sink,
            site,
            has_place: place.is_some_and(Place::keep),
        };
        Self {
            guided: Guided::new(future),
            rest: Some(rest),
        }
    }
}

impl<F, E, S, T> Future for Life<F, E, S, T>
where
    F: Future<Output = Result<T, E>>,
    S: Sink<T, E>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: what is guided is never moved; the rest is not pinned.
        let (guided, rest) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.guided), &mut this.rest)
        };
        let Some(running) = rest.as_ref() else {
            return Poll::Ready(());
        };
        let polled = guided.poll(running.core.ledger.interrupts(), cx);
        polled.map(|end| {
            if let Some(rest) = rest.take() {
                rest.finish(end);
            }
        })
    }
}

impl<F, E, S, T> Drop for Life<F, E, S, T>
where
    F: Future<Output = Result<T, E>>,
    S: Sink<T, E>,
{
    /// A runtime or a pool that ends drops what it has not finished.
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take() {
            // SAFETY: a drop is in place, and nothing is moved out after it.
            unsafe { Pin::new_unchecked(&mut self.guided) }.discard();
            rest.finish(End::Dropped);
        }
    }
}

impl<E, S> Rest<E, S> {
    /// The order is that of the module's documentation: only its share of the group outlasts its counting out.
    fn finish<T>(self, end: End<Result<T, E>>)
    where
        S: Sink<T, E>,
    {
        let Self {
            core,
            sink,
            site,
            has_place,
        } = self;
        let ledger = &core.ledger;
        let note = |failure| ledger.note(failure, Whose::Child);
        let (outcome, failed) = match end {
            End::Returned(Ok(value)) => (Ok(value), false),
            End::Returned(Err(error)) => (Err(note(Failure::Failed(error))), true),
            End::Panicked(payload) => {
                let panic = Panic::caught(payload, site);
                (Err(note(Failure::Panicked(panic))), true)
            }
            End::Dropped => (Err(ledger.note_dropped(Whose::Child)), false),
        };
        let told = catch_unwind(AssertUnwindSafe(|| sink.fill(outcome)));
        if failed || told.is_err() {
            if let Err(payload) = told {
                note(Failure::Panicked(Panic::caught(payload, site)));
            }
            ledger.call_off(Whose::Child);
        }
        if let (true, Some(room)) = (has_place, &core.room) {
            room.give_back();
        }
        ledger.leave();
        // Nothing that was the child's is in it. But if the group is gone, errors go with it, which are the application's.
        discard_panic(|| drop(core));
    }
}

/// A child of a group: await it for its result, or drop it. The group waits for it either way.
pub struct Child<T, E> {
    joining: Joining<T, E>,
}

impl<T, E> Child<T, E> {
    pub(super) fn new(joining: Joining<T, E>) -> Self {
        Self { joining }
    }

    /// Blocks the thread until the child has ended, and returns its result. As [`Task::join`](crate::task::Task::join).
    ///
    /// # Errors
    ///
    /// If the child failed. The failure is the caller's from then on, and not in the error of the group; but it has
    /// cancelled the others, if that is the policy. Also if this wait is cancelled: the child goes on.
    #[track_caller]
    pub fn join(mut self) -> Result<T, Failure<E>> {
        match join_blocking(&mut self.joining, Limit::NONE, Location::caller()) {
            Ok(Some(outcome)) => settled(outcome),
            Ok(None) => Err(Failure::Cancelled(why_cancelled())),
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Whether the child has ended, in whichever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.is_done()
    }
}

impl<T, E> fmt::Debug for Child<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("finished", &self.is_finished())
            .finish()
    }
}

impl<T, E> IntoFuture for Child<T, E> {
    type Output = Result<T, Failure<E>>;
    type IntoFuture = ChildFuture<T, E>;

    #[track_caller]
    fn into_future(self) -> ChildFuture<T, E> {
        ChildFuture {
            wait: Wait::new(self.joining, Location::caller()),
        }
    }
}

/// A child being awaited; made by awaiting a [`Child`]. It fails as [`Child::join`] does.
///
/// # Cancel safety
///
/// Dropping it leaves the child, and its failure, to the group; a value is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct ChildFuture<T, E> {
    wait: Wait<Joining<T, E>>,
}

impl<T, E> Future for ChildFuture<T, E> {
    type Output = Result<T, Failure<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the only field, never moved out; there is no drop of our own.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        wait.poll(cx).map(|joined| match joined {
            Some(outcome) => settled(outcome),
            None => Err(Failure::Cancelled(why_cancelled())),
        })
    }
}

impl<T, E> fmt::Debug for ChildFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildFuture { .. }")
    }
}
