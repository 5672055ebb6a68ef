//! Who may initialise, and who waits for that.
//!
//! | state | meaning | who moves on |
//! |---|---|---|
//! | `EMPTY` | nothing has been done, or what was tried has failed | whoever claims it, to `CLAIMED` or a thread's number |
//! | `CLAIMED` | a task initialises, or a value is about to be put in | its [`Claim`]: to `DONE`, or back to `EMPTY` if it is dropped |
//! | the number of a thread | that thread runs an initialiser | as above |
//! | `DONE` | it is done, for good (but for the owner, who may take it back) | nobody |
//!
//! The number is there for one thing: a thread that is about to sleep until its own initialiser has finished is told
//! so, in place of a deadlock.
//!
//! # Who waits
//!
//! - **Claimants** have an initialiser of their own, and go on if it is done, or if they may try.
//! - **Readers** only wait for `DONE`.
//!
//! They have a queue each: the wake that an attempt which has failed gives away must reach one who can try.
//!
//! This is the handshake of `wait/README.md`. Every move is a read-modify-write on the state, and so is every second
//! look; there are no other writes while anybody can wait. After `DONE` all are woken, in both queues
//! (`wake_everyone`); after `EMPTY` one claimant (`wake_one`). Nothing is given to whom is woken but a
//! reason to look: a claim is made by an attempt, by a thread that runs or a task that is polled.

use super::super::WaitTimeoutError;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{const_new, thread};
use crate::wait::{Limit, Operation, Patience, Wait, WaitQueue, WaitUntil, What, block};
use std::future::Future;
use std::panic::Location;
use std::task::Poll;
use std::time::Instant;

type Site = &'static Location<'static>;

/// That of all cells: one is initialised once, and could not learn for itself.
static PATIENCE: Patience = Patience::new();

const EMPTY: usize = 0;
const DONE: usize = 1;
/// Every number above is that of a thread.
const CLAIMED: usize = 2;

/// The state and its waiters.
#[derive(Debug)]
pub(super) struct Shared {
    state: AtomicUsize,
    claimants: WaitQueue,
    readers: WaitQueue,
}

/// The right to initialise, which nobody else has meanwhile. Dropping it lets the next one try.
#[derive(Debug)]
#[must_use = "nobody else can initialise"]
pub(super) struct Claim<'a> {
    shared: &'a Shared,
}

/// What a claimant finds.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// It has been done.
    Done,
    /// It is for the claimant to do.
    Free(Claim<'a>),
}

/// Who tries.
#[derive(Clone, Copy, Debug)]
enum Who {
    /// The calling thread, which runs the initialiser to its end before it does anything else.
    ThisThread,
    /// A task, or somebody who has the value already.
    Another,
}

impl Who {
    fn mark(self) -> usize {
        match self {
            Self::ThisThread => thread::number().max(CLAIMED),
            Self::Another => CLAIMED,
        }
    }
}

impl Shared {
    const_new! {
        pub(super) fn new() -> Self {
            Self {
                state: AtomicUsize::new(EMPTY),
                claimants: WaitQueue::new(),
                readers: WaitQueue::new(),
            }
        }
    }

    /// Whether it has been done. What was done before is seen.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.state.load(Acquire) == DONE
    }

    /// Whether it has been done. The owner takes it for undone from here on.
    ///
    /// A claim whose future was forgotten has ended, too: it had borrowed what is borrowed here exclusively.
    pub(super) fn undo(&mut self) -> bool {
        self.state.swap(EMPTY, AcqRel) == DONE
    }

    fn look(&self) -> usize {
        self.state.fetch_add(0, AcqRel)
    }

    /// Claims it, unless it has been done or somebody else has claimed it.
    fn claim(&self, who: Who) -> Poll<Found<'_>> {
        loop {
            match self.state.load(Acquire) {
                DONE => return Poll::Ready(Found::Done),
                EMPTY => {
                    if self
                        .state
                        .compare_exchange(EMPTY, who.mark(), AcqRel, Relaxed)
                        .is_ok()
                    {
                        return Poll::Ready(Found::Free(Claim { shared: self }));
                    }
                }
                _ => return Poll::Pending,
            }
        }
    }

    /// Claims it for somebody who has the value. Does not wait: `None` if somebody else has claimed it.
    pub(super) fn try_claim(&self) -> Option<Found<'_>> {
        match self.claim(Who::Another) {
            Poll::Ready(found) => Some(found),
            Poll::Pending => None,
        }
    }

    /// Waits until it is done or claimed. Whoever claims it initialises it on this thread, at once.
    #[track_caller]
    pub(super) fn claim_blocking(&self, site: Site) -> Found<'_> {
        self.assert_not_own();
        let mut claiming = Claiming {
            shared: self,
            who: Who::ThisThread,
        };
        match block(&mut claiming, Limit::NONE, site) {
            Ok(found) => found,
            Err(_) => unreachable!("a wait without a limit does not end before its time"),
        }
    }

    pub(super) fn claim_async(&self, site: Site) -> impl Future<Output = Found<'_>> + use<'_> {
        let claiming = Claiming {
            shared: self,
            who: Who::Another,
        };
        Wait::new(claiming, site)
    }

    /// Waits until it is done, by somebody else.
    #[inline]
    #[track_caller]
    pub(super) fn wait(&self, site: Site) {
        if self.is_done() {
            return;
        }
        self.assert_not_own();
        match block(&mut Reading { shared: self }, Limit::NONE, site) {
            Ok(()) => {}
            Err(_) => unreachable!("a wait without a limit does not end before its time"),
        }
    }

    pub(super) fn wait_until(
        &self,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<(), WaitTimeoutError> {
        let mut reading = Reading { shared: self };
        block(&mut reading, Limit::until(deadline), site).map_err(|_| WaitTimeoutError)
    }

    pub(super) fn wait_async(&self, site: Site) -> impl Future<Output = ()> + use<'_> {
        Wait::new(Reading { shared: self }, site)
    }

    pub(super) fn wait_until_async(
        &self,
        deadline: Option<Instant>,
        site: Site,
    ) -> impl Future<Output = Result<(), WaitTimeoutError>> + use<'_> {
        let wait = WaitUntil::new(Reading { shared: self }, deadline, site);
        async move { wait.await.map_err(|_| WaitTimeoutError) }
    }

    /// Who is about to sleep must not be the one who is waited for: it would never wake. No one else can write our
    /// number, so a look is enough.
    #[track_caller]
    fn assert_not_own(&self) {
        let state = self.state.load(Relaxed);
        assert!(
            state <= CLAIMED || state != Who::ThisThread.mark(),
            "an initialiser waits for its own end: it has asked for what it initialises"
        );
    }
}

impl Claim<'_> {
    /// It is done: everybody may see what was done before this.
    pub(super) fn finish(self) {
        let Shared {
            state,
            claimants,
            readers,
        } = self.shared;
        std::mem::forget(self);
        state.swap(DONE, AcqRel);
        claimants.wake_everyone();
        readers.wake_everyone();
    }
}

impl Drop for Claim<'_> {
    /// The initialiser has failed, has panicked, or was dropped halfway.
    fn drop(&mut self) {
        self.shared.state.swap(EMPTY, AcqRel);
        self.shared.claimants.wake_one();
    }
}

/// Waits for its turn to initialise, or for somebody else to have done it.
#[derive(Debug)]
struct Claiming<'a> {
    shared: &'a Shared,
    who: Who,
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl<'a> Operation for Claiming<'a> {
    type Output = Found<'a>;
    const WAITS_FOR: &'static What = &"once init";

    fn attempt(&mut self) -> Poll<Found<'a>> {
        self.shared.claim(self.who)
    }

    fn chances(&self) -> usize {
        // At `EMPTY` there is a turn for one, and at `DONE` everybody has a wake of its own.
        usize::from(matches!(self.shared.look(), EMPTY | DONE))
    }

    fn queue(&self) -> &WaitQueue {
        &self.shared.claimants
    }

    fn patience(&self) -> &Patience {
        &PATIENCE
    }
}

/// Waits for somebody to have done it.
#[derive(Debug)]
struct Reading<'a> {
    shared: &'a Shared,
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for Reading<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"once wait";

    fn attempt(&mut self) -> Poll<()> {
        if self.shared.is_done() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        usize::from(self.shared.look() == DONE)
    }

    fn queue(&self) -> &WaitQueue {
        &self.shared.readers
    }

    fn patience(&self) -> &Patience {
        &PATIENCE
    }
}
