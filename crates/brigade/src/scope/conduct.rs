//! The frame of a scope whose children borrow, and the life of one child, whatever it runs on.
//!
//! [`conduct`] does not return, nor unwind, before `end` has: there the owner waits for all children. That is what the
//! borrows of the children rest on. A child lives in [`live`], on whatever runs it.
//!
//! This file does not know what runs the children, nor how their end is waited for.

use super::{Cell, Entry, Failure, Ledger, Panic, ScopeError, Whose};
use crate::cancel::{Reason, why_cancelled};
use crate::prim::StdArc;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What a child leaves in its cell.
pub(crate) type Outcome<T, E> = Result<T, StdArc<Entry<E>>>;

/// Waits for all children when it is dropped, however that comes.
struct Ending<F: Fn()>(F);

impl<F: Fn()> Drop for Ending<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Runs the body of a scope, and then `end`, which waits for the children and does not panic.
pub(crate) fn conduct<T, E>(
    ledger: &Ledger<E>,
    end: impl Fn(),
    body: impl FnOnce() -> Result<T, E>,
) -> Result<T, ScopeError<E>> {
    let ending = Ending(end);
    let returned = catch_unwind(AssertUnwindSafe(|| ledger.within(body)));
    let value = match returned {
        Ok(Ok(value)) => Ok(Some(value)),
        Ok(Err(error)) => {
            ledger.note(Failure::Failed(error), Whose::Body);
            ledger.call_off(Whose::Body);
            Ok(None)
        }
        Err(payload) => {
            ledger.token().cancel_because(Reason::Sibling);
            Err(payload)
        }
    };
    drop(ending);
    match value {
        Ok(value) => ledger.settle(value),
        Err(payload) => {
            ledger.discard();
            resume_unwind(payload)
        }
    }
}

/// The life of a child: runs `closure`, and leaves what came of it to the handle or to the scope.
pub(crate) fn live<T, E, B>(
    ledger: &Ledger<E>,
    cell: StdArc<Cell<Outcome<T, E>, B>>,
    closure: impl FnOnce() -> Result<T, Failure<E>>,
) {
    cell.begin();
    let site = cell.site();
    let outcome = match catch_unwind(AssertUnwindSafe(closure)) {
        Ok(returned) => returned,
        Err(payload) => Err(Failure::Panicked(Panic::caught(payload, site))),
    };
    let outcome = outcome.map_err(|failure| ledger.note(failure, Whose::Child));
    let failed = outcome.is_err();
    // There is one handle, which is not cloned: once it is gone, it is gone for good.
    let mut unwanted = None;
    if StdArc::strong_count(&cell) == 1 {
        cell.leave();
        unwanted = Some(outcome);
    } else {
        cell.finish(outcome);
    }
    if failed {
        ledger.call_off(Whose::Child);
    }
    // If nobody has the handle any more, what is dropped here is the application's, and may panic.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop((unwanted, cell)))) {
        let panic = Panic::caught(payload, site);
        ledger.note(Failure::Panicked(panic), Whose::Child);
        ledger.call_off(Whose::Child);
    }
}

/// What comes of a join: of a wait that was cancelled, if nothing.
pub(crate) fn settled<T, E>(joined: Option<Outcome<T, E>>) -> Result<T, Failure<E>> {
    let Some(outcome) = joined else {
        return Err(Failure::Cancelled(why_cancelled()));
    };
    outcome.map_err(|entry| {
        let failure = entry.take();
        failure.expect("the scope takes what is left only when all who could join are gone")
    })
}

/// What nobody has joined in a scope without errors goes on in the owner of the scope.
pub(crate) fn go_on_panicking(error: ScopeError<Infallible>) -> ! {
    let (first, others) = error.into_parts();
    for failure in std::iter::once(first).chain(others) {
        match failure {
            Failure::Panicked(panic) => panic.resume(),
            // The panics came after it; there is one.
            Failure::Cancelled(_) => {}
            Failure::NotStarted(error) => panic!("cannot start a child of a scope: {error}"),
            Failure::Failed(never) => match never {},
        }
    }
    unreachable!("a scope is cancelled, or else somebody has failed")
}
