//! Several operations of which one is to be done, as the drivers of `select` see them.
//!
//! It knows how operations join and leave their queues together, and what is owed to other waiters
//! afterwards; not who sleeps in between (`select.rs`), nor how the list of arms comes about (`crate::select`).

use super::queue::{Kind, Node};
use super::registry::{Listing, Wait};
use super::{Held, Operation, Patience};
use crate::prim::thread::Thread;
use std::cell::Cell;
use std::ops::Range;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Poll, Waker};

/// A list of operations that yields one `R`, made of the output of whichever is done.
///
/// Arms are numbered from 0. One that is done for good takes no part any more.
///
/// # Safety
///
/// `Places` are only pinned by the driver that made them, which has `leave` called before it drops them or lets
/// go of the arms.
pub(crate) unsafe trait Drive<R> {
    /// Where the arms wait. `Send`, because whoever awaits a select may not name them to ask for it.
    type Places: Send;

    /// Places for a waiter of this kind.
    fn places(&self, kind: Kind) -> Self::Places;

    /// How many arms there are, those that are done for good among them.
    fn count(&self) -> usize;

    /// Whether every arm is done for good.
    fn is_spent(&self) -> bool;

    /// The task is polled, with this waker: for arms that are woken by themselves, and not through a place. Before
    /// anything else of a poll. Such arms run code of the application in `look`, which may panic.
    fn called(&self, waker: &Waker);

    /// Tries the arms with numbers in `range`, in their order, until one is done. Returns whether one is.
    fn look(&mut self, range: Range<usize>, look: Look) -> bool;

    /// What the object of the first operation has learnt about spinning.
    fn patience(&self) -> Option<&Patience>;

    /// How often the first operation has been done: see [`Operation::moves`].
    fn moves(&self) -> usize;

    /// Joins all queues.
    ///
    /// # Safety
    ///
    /// The places are in no queue; and `leave` is called before they are dropped or the arms end, even if this
    /// panics, as cloning the waker may.
    unsafe fn join(&self, places: Pin<&Self::Places>, waker: &Waker);

    /// The second look: whether one could be done now, of those that wait at a place.
    fn has_chance(&self) -> bool;

    /// Whether one that is woken by itself has been [called](Self::called) and not looked at since.
    fn is_due(&self) -> bool;

    /// Puts the waits on the list of waiters.
    fn list(
        &self,
        places: Pin<&Self::Places>,
        site: &'static Location<'static>,
        thread: Option<&Thread>,
    );

    /// Whether a waker has come.
    fn is_woken(&self, places: Pin<&Self::Places>) -> bool;

    /// Has the wakes go to `waker`. False if one has come before, or a place is in no queue.
    ///
    /// # Safety
    ///
    /// `join` has been called, and `leave` has not been since.
    unsafe fn refresh(&self, places: Pin<&Self::Places>, waker: &Waker) -> bool;

    /// Leaves all queues and the list, and notes where a wake was spent.
    ///
    /// # Safety
    ///
    /// `join` has been called, and this has not been since.
    unsafe fn leave(&self, places: Pin<&Self::Places>);

    /// Once it is over: passes on the wakes that were not for what has been done.
    fn pass_on(&self, places: Pin<&Self::Places>);

    /// Nobody waits any more: see [`Operation::withdraw`].
    fn withdraw(&mut self);

    /// Whether there is an arm that `cancel` could end.
    fn is_cancellable(&self) -> bool;

    /// Ends the first arm that has a word for it: see [`Operation::CANCELLED`]. Once the wait is over and no arm is
    /// done. Returns whether there is one.
    fn cancel(&mut self) -> bool;

    /// What the arm that is done makes of its output; `None` if none is.
    fn finish(&mut self) -> Option<R>;
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// As one who looks again soon.
    Glance,
    /// As one who is about to sleep.
    Exact,
    /// As one who is not coming back.
    Last,
    /// Only at those that are due, while the others stay in their queues.
    Due,
}

/// One arm's place in its queue.
#[derive(Debug)]
pub(crate) struct Place {
    node: Node,
    listing: Listing,
    kind: Kind,
    /// Whether a wake has been spent here since the wait began.
    woken: Cell<bool>,
}

impl Place {
    pub(crate) fn new<O: Operation>(kind: Kind, operation: &O) -> Self {
        Self {
            node: Node::wanting(kind, operation.wants()),
            listing: Listing::new(),
            kind,
            woken: Cell::new(false),
        }
    }

    fn node(self: Pin<&Self>) -> Pin<&Node> {
        // SAFETY: never moved out of a place, which is pinned.
        unsafe { self.map_unchecked(|place| &place.node) }
    }

    fn listing(self: Pin<&Self>) -> Pin<&Listing> {
        // SAFETY: as above.
        unsafe { self.map_unchecked(|place| &place.listing) }
    }

    /// # Safety
    ///
    /// As for [`Drive::join`].
    pub(crate) unsafe fn join<O: Operation>(self: Pin<&Self>, operation: &O, waker: &Waker) {
        // SAFETY: by the contract; the queue lives as long as the operation.
        unsafe {
            operation
                .queue()
                .join_as(self.node(), waker.clone(), operation.rank());
        }
    }

    pub(crate) fn list<O: Operation>(
        self: Pin<&Self>,
        operation: &O,
        site: &'static Location<'static>,
        thread: Option<&Thread>,
    ) {
        self.listing().enter(Wait {
            what: O::WAITS_FOR,
            object: operation.queue(),
            site,
            thread: thread.cloned(),
            // A select waits for one of several.
            held: Held::nobody(),
            timed: false,
        });
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.node.is_notified()
    }

    /// # Safety
    ///
    /// As for [`Drive::refresh`]; the queue that it has joined, if any, is that of `operation`.
    pub(crate) unsafe fn refresh<O: Operation>(
        self: Pin<&Self>,
        operation: &O,
        waker: &Waker,
    ) -> bool {
        // SAFETY: by the contract; joined and not left.
        self.node.is_joined() && unsafe { operation.queue().refresh(self.node(), waker) }
    }

    /// # Safety
    ///
    /// As for [`Drive::leave`]; the queue that it has joined, if any, is that of `operation`.
    pub(crate) unsafe fn leave<O: Operation>(self: Pin<&Self>, operation: &O) {
        self.listing().leave();
        let queue = operation.queue();
        if self.kind == Kind::Task && self.node.is_notified() {
            operation.patience().note_wake(self.node.distance_of_wake());
        }
        // SAFETY: by the contract; joined and not left.
        if self.node.is_joined() && unsafe { queue.leave(self.node()) } {
            self.woken.set(true);
            operation.note_woken(self.kind);
            if self.kind == Kind::Thread {
                queue.arrive();
            }
        }
    }

    /// A wake that was spent here may have been in vain, and a thread on its way has had others left to it.
    pub(crate) fn pass_on<O: Operation>(&self, operation: &O, done: bool) {
        if !self.woken.take() {
            return;
        }
        match (self.kind, done) {
            (Kind::Thread, true) => operation.hand_on(operation.chances()),
            (Kind::Thread, false) => operation.hand_on(operation.chances().max(1)),
            (Kind::Task, true) => {}
            (Kind::Task, false) => operation.hand_on(1),
        }
    }
}

/// Tries an operation.
#[inline]
pub(crate) fn try_once<O: Operation>(operation: &mut O, look: Look) -> Option<O::Output> {
    let polled = match look {
        Look::Glance => operation.glance(),
        Look::Exact => operation.attempt(),
        Look::Last => operation.last_attempt(),
        Look::Due => Poll::Pending,
    };
    match polled {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
