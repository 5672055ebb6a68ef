//! Who is in a scope, and what went wrong there.
//!
//! # The count
//!
//! Who runs a child has a [`Member`] from before it starts until it is through, and counts out by dropping that. Only
//! the body of the scope and children enter others, so once the body has returned and the count is 0 nobody enters
//! any more. (Jobs wait in a list for those who run them, and one member runs many: `pool/scope/nursery.rs` says when
//! that is the end.) Where others have the handle of a scope as well, the body is a member too, and nobody enters at 0
//! ([`Ledger::enter_if_open`]).
//!
//! Counting out is the last thing that a child does: by then its result, or what it panicked with, has been stored
//! where somebody else has it, or dropped. After that the owner of the scope may go on at any moment, and everything
//! that the child had borrowed may be gone, the ledger among it. So the count and its queue are on the heap, and a
//! member has them together with the ledger.
//!
//! Counting out is a read-modify-write on the count (`M`), and only whoever counts to 0 looks for the owner. The owner
//! joins the queue and then does a read-modify-write on the count (`R`): the handshake of `wait/README.md`. One waits,
//! so one wake is enough.
//!
//! # The failures
//!
//! A failure is handled in this order: the token is asked why it was cancelled, if it was; the failure is put at the
//! end of the list ([`Ledger::note`]); whoever waits for the child is told; then the token is cancelled, if the policy
//! says so ([`Ledger::call_off`]). Were it cancelled before, whoever joins the child that has failed could be called off
//! in front of the failure. So in the list stands
//!
//! - the failure that has cancelled the scope before all that were noted after they had seen that cancellation;
//! - beside each, whether the scope had been cancelled before, and why.
//!
//! That is all it takes to tell in the end which failure was the cause ([`Ledger::settle`]).
//!
//! A failure is for one only: whoever joins the child takes it out of its [`Entry`], and what nobody has taken by the
//! end is the scope's.
//!
//! This file does not know what a child is, and waits for nobody.

use super::{Failure, OnError, ScopeError};
use crate::cancel::{CancelToken, Reason};
use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{Arc, Lock, StdArc, discard_panic};
use crate::wait::{Interrupts, Operation, Patience, WaitQueue, What, under};
use std::mem;
use std::task::Poll;

/// So many children at once: no program has them, and adding to that never overflows.
const MEMBERS_MAX: usize = usize::MAX / 2;

/// The members of a scope and their failures.
pub(crate) struct Ledger<E> {
    tally: Arc<Tally>,
    token: CancelToken,
    /// What the token ends waits with.
    interrupts: StdArc<dyn Interrupts>,
    on_error: OnError,
    /// In the order in which they came.
    failures: Lock<Vec<StdArc<Entry<E>>>>,
}

/// How many children have not ended, and where the owner waits for them.
struct Tally {
    members: AtomicUsize,
    /// Children that were dropped before their end, and whose failure nobody has taken.
    dropped: AtomicUsize,
    waiting: WaitQueue,
    patience: Patience,
}

/// A child's membership. Dropping it is the last thing that the child does.
#[must_use = "who is not a member is not waited for"]
pub(crate) struct Member(Arc<Tally>);

/// Where members are counted in, for those who have nothing else of the ledger.
pub(crate) struct Entrance(Arc<Tally>);

/// Who has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The body of the scope.
    Body,
    /// What was started in it.
    Child,
}

/// One failure, until somebody takes it.
pub(crate) struct Entry<E> {
    failure: Lock<Option<Failure<E>>>,
    whose: Whose,
    /// Why the scope had been cancelled before.
    after: Option<Reason>,
    /// Where it is counted, if it is not listed.
    counted_in: Option<Arc<Tally>>,
}

impl<E> Entry<E> {
    /// The failure, for the first who asks.
    pub(crate) fn take(&self) -> Option<Failure<E>> {
        let failure = self.failure.lock().take();
        if let (Some(_), Some(tally)) = (&failure, &self.counted_in) {
            tally.dropped.fetch_sub(1, Relaxed);
        }
        failure
    }

    /// What to say to one who asks when it has been taken.
    pub(crate) fn after_all(&self) -> Reason {
        self.after.unwrap_or(Reason::Sibling)
    }

    fn is_taken(&self) -> bool {
        self.failure.lock().is_none()
    }
}

impl<E> Ledger<E> {
    /// An empty ledger of a scope that is cancelled by `token`.
    pub(crate) fn new(token: CancelToken, on_error: OnError) -> Self {
        Self {
            tally: Arc::new(Tally {
                members: AtomicUsize::new(0),
                dropped: AtomicUsize::new(0),
                waiting: WaitQueue::new(),
                patience: Patience::new(),
            }),
            interrupts: token.interrupts(),
            token,
            on_error,
            failures: Lock::new(Vec::new()),
        }
    }

    pub(crate) fn token(&self) -> &CancelToken {
        &self.token
    }

    /// What the token ends waits with.
    pub(crate) fn interrupts(&self) -> &StdArc<dyn Interrupts> {
        &self.interrupts
    }

    /// Runs `body` under the token.
    pub(crate) fn within<R>(&self, body: impl FnOnce() -> R) -> R {
        under(Some(&self.interrupts), body)
    }

    /// Counts a child in. `None` if there are too many. Only called by the body, and by members.
    pub(crate) fn enter(&self) -> Option<Member> {
        Tally::enter(&self.tally)
    }

    /// Where others count themselves in, who know that the scope has not ended.
    pub(crate) fn entrance(&self) -> Entrance {
        Entrance(Arc::clone(&self.tally))
    }

    /// Counts a child in, unless nobody is left: for those who may call when the scope has ended. False also if there
    /// are too many. The child has a share of the ledger, and counts itself out with [`leave`](Self::leave).
    pub(crate) fn enter_if_open(&self) -> bool {
        let count = &self.tally.members;
        let mut members = count.load(Relaxed);
        while members != 0 && members < MEMBERS_MAX {
            match count.compare_exchange_weak(members, members + 1, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(changed) => members = changed,
            }
        }
        false
    }

    /// Counts a child out that has no [`Member`]. From here on the owner may go on.
    pub(crate) fn leave(&self) {
        self.tally.leave();
    }

    /// A failure that is no business of the scope: it has ended.
    pub(crate) fn unlisted(&self, failure: Failure<E>) -> StdArc<Entry<E>> {
        StdArc::new(Entry {
            failure: Lock::new(Some(failure)),
            whose: Whose::Child,
            after: self.token.reason(),
            counted_in: None,
        })
    }

    /// Notes that somebody was dropped before its end. There may be many children, all for one cause: they are counted, until
    /// they are taken, and not listed.
    pub(crate) fn note_dropped(&self, whose: Whose) -> StdArc<Entry<E>> {
        // Only a runtime that ends drops a child without the token.
        let why = self.token.reason();
        let is_counted = whose == Whose::Child && self.on_error != OnError::Ignore;
        if is_counted {
            self.tally.dropped.fetch_add(1, Relaxed);
        }
        let entry = StdArc::new(Entry {
            failure: Lock::new(Some(Failure::Cancelled(why.unwrap_or(Reason::Shutdown)))),
            whose,
            after: why,
            counted_in: is_counted.then(|| Arc::clone(&self.tally)),
        });
        if whose == Whose::Body {
            self.list(StdArc::clone(&entry));
        }
        entry
    }

    /// Notes a failure. Whoever does so calls [`call_off`](Self::call_off) after it.
    pub(crate) fn note(&self, failure: Failure<E>, whose: Whose) -> StdArc<Entry<E>> {
        let entry = StdArc::new(Entry {
            failure: Lock::new(Some(failure)),
            whose,
            after: self.token.reason(),
            counted_in: None,
        });
        if self.on_error != OnError::Ignore || whose == Whose::Body {
            self.list(StdArc::clone(&entry));
        }
        entry
    }

    /// Cancels the scope because of a failure that has been noted, if that is the policy.
    pub(crate) fn call_off(&self, whose: Whose) {
        let cancels = match self.on_error {
            OnError::CancelAll => true,
            OnError::CollectAll => false,
            OnError::Ignore => whose == Whose::Body,
        };
        if cancels {
            self.token.cancel_because(Reason::Sibling);
        }
    }

    fn list(&self, entry: StdArc<Entry<E>>) {
        let mut failures = self.failures.lock();
        if failures.len() == failures.capacity() {
            // A scope may live for long, and have most of its failures taken by those who join.
            failures.retain(|entry| !entry.is_taken());
        }
        failures.push(entry);
    }

    /// The operation of waiting until nobody is left. Nothing cancels it: what a scope has lent has to come back.
    pub(crate) fn nobody_left(&self) -> NobodyLeft<'_> {
        NobodyLeft(&self.tally)
    }

    /// Has the owner look again, who waits for more than that nobody is left. Only called by the body, and by members.
    pub(crate) fn wake_owner(&self) {
        self.tally.waiting.wake_one();
    }

    /// Drops all failures: the body of the scope is panicking, and that is told in their place.
    pub(crate) fn discard(&self) {
        let listed = mem::take(&mut *self.failures.lock());
        for entry in listed {
            // An error is the application's, and so is a panic of its drop.
            discard_panic(|| drop(entry));
        }
    }

    /// What the scope returns, once nobody is left; `None` for `value` if the body has failed, which has been noted.
    ///
    /// The first failure is the one that came first, unless the scope had been cancelled by then:
    ///
    /// - from outside: then that is what went wrong first;
    /// - by a failure that somebody has taken by joining the child: then what the body made of it, if it failed.
    pub(crate) fn settle<T>(&self, value: Option<T>) -> Result<T, ScopeError<E>> {
        let listed = mem::take(&mut *self.failures.lock());
        let (mut marks, mut failures) = (Vec::new(), Vec::new());
        for entry in listed {
            if let Some(failure) = entry.take() {
                marks.push((entry.whose, entry.after));
                failures.push(failure);
            }
        }
        if self.tally.dropped.load(Relaxed) > 0 {
            let why = self.token.reason();
            marks.push((Whose::Child, why));
            failures.push(Failure::Cancelled(why.unwrap_or(Reason::Shutdown)));
        }
        let first = match marks.first() {
            None => {
                return Ok(value.expect("only children are joined, so the body's failure is there"));
            }
            Some((_, None)) => failures.remove(0),
            Some((_, Some(Reason::Sibling))) => {
                let body = marks.iter().position(|(whose, _)| *whose == Whose::Body);
                failures.remove(body.unwrap_or(0))
            }
            Some((_, Some(reason))) => Failure::Cancelled(*reason),
        };
        Err(ScopeError::new(first, failures))
    }
}

impl Entrance {
    /// As [`Ledger::enter`].
    pub(crate) fn enter(&self) -> Option<Member> {
        Tally::enter(&self.0)
    }
}

impl Member {
    /// As [`Ledger::wake_owner`], for one who has no ledger at hand.
    pub(crate) fn wake_owner(&self) {
        self.0.waiting.wake_one();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Tally {
    fn enter(this: &Arc<Self>) -> Option<Member> {
        if this.members.fetch_add(1, Relaxed) >= MEMBERS_MAX {
            // Not through a `Member`: somebody else is still there, so nobody has to be woken.
            this.members.fetch_sub(1, AcqRel);
            return None;
        }
        Some(Member(Arc::clone(this)))
    }

    /// From the first line on the owner may go on. The tally is on the heap, and the caller has a share of it.
    fn leave(&self) {
        if self.members.fetch_sub(1, AcqRel) == 1 {
            self.waiting.wake_one();
        }
    }
}

/// The operation of waiting until no child is left.
pub(crate) struct NobodyLeft<'a>(&'a Tally);

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for NobodyLeft<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"scope end";

    fn attempt(&mut self) -> Poll<()> {
        if self.chances() > 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        usize::from(self.0.members.fetch_add(0, AcqRel) == 0)
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.patience
    }
}
