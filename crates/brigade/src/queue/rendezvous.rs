//! A queue without places of its own: a value is let in once a receiver has asked for it.
//!
//! It is a ring, and a count of questions beside it. Every receive asks once, and takes the question back if
//! it gives up; a value is let in while fewer values have ever been let in than were asked for. So as many
//! values are in as receivers wait, at most, and each is one that somebody has asked for.
//!
//! Who gives up when its question has been answered already leaves that value to the next receiver. Nothing
//! is lost by that, and a receiver that comes takes it before it asks anew.
//!
//! # Questions that stand
//!
//! A receiver that only looks would never meet a sender that sleeps: it asks, the sender is woken, the question
//! is taken back, the sender finds none. So one that knows of a sender that was woken by it leaves its question
//! behind, one at a time in the whole queue, and the next that asks takes that one over.
//!
//! # Room
//!
//! The ring has `SLOTS` slots: so many receivers can be served before the first of them has taken its value.
//! Senders who wait for slots, and not for questions, say so once and for all (`crowded`): from then on whoever
//! takes a value looks at the senders. A sender stores that, or has read it, before its second look, a
//! read-modify-write on the head, and who takes a value reads it after one; so the handshake holds for it as for
//! the queue of waiters.

use super::{PopError, PushError, Ring};
use crate::prim::MODEL;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::{AtomicBool, AtomicUsize};
use crossbeam_utils::CachePadded;

const SLOTS: usize = if MODEL { 2 } else { 32 };

/// See the module.
#[derive(Debug)]
pub(crate) struct Rendezvous<T> {
    ring: Ring<T>,
    /// How often values have been asked for, questions taken back not counted.
    asked: CachePadded<AtomicUsize>,
    /// Whether one of these has been left behind by who asked it.
    stands: AtomicBool,
    crowded: AtomicBool,
}

impl<T> Rendezvous<T> {
    pub(crate) fn new() -> Self {
        Self {
            ring: Ring::new(SLOTS),
            asked: CachePadded::new(AtomicUsize::new(0)),
            stands: AtomicBool::new(false),
            crowded: AtomicBool::new(false),
        }
    }

    /// Asks for one value. Whoever waits to send has to be woken after this. Returns whether a sender is expected
    /// already, because of a question that stood.
    #[inline]
    pub(crate) fn ask(&self) -> bool {
        if self.stands.load(Relaxed) && self.stands.swap(false, AcqRel) {
            return true;
        }
        self.asked.fetch_add(1, AcqRel);
        false
    }

    /// Takes one question back. If a sender is `expected` because of it, it may stand.
    pub(crate) fn withdraw(&self, expected: bool) {
        if expected && !self.stands.swap(true, AcqRel) {
            return;
        }
        self.asked.fetch_sub(1, AcqRel);
    }

    /// Puts in the value that `value` holds, if it is asked for. Leaves it there on failure.
    ///
    /// # Panics
    ///
    /// If `value` is `None`.
    #[inline]
    pub(crate) fn push(&self, value: &mut Option<T>) -> Result<(), PushError> {
        self.ring.push_below(value, || self.asked.load(Acquire))
    }

    /// Promises room to one value that is asked for.
    pub(crate) fn try_reserve(&self) -> Result<(), PushError> {
        self.ring.try_reserve_below(|| self.asked.load(Acquire))
    }

    /// As [`Ring::push_reserved`].
    pub(crate) fn push_reserved(&self, value: &mut Option<T>) -> Result<usize, PushError> {
        self.ring.push_reserved(value)
    }

    /// As [`Ring::unreserve`]. Senders who found all that is asked for promised have looked at the questions only.
    pub(crate) fn unreserve(&self) -> usize {
        let senders = self.ring.unreserve();
        self.asked.fetch_add(0, AcqRel);
        senders
    }

    /// Takes the oldest value out. Who has not asked takes one that was for somebody else.
    #[inline]
    pub(crate) fn pop(&self) -> Result<T, PopError> {
        self.ring.pop()
    }

    /// As [`Ring::pop_if_there`].
    #[inline]
    pub(crate) fn pop_if_there(&self) -> Result<T, PopError> {
        self.ring.pop_if_there()
    }

    /// Whether senders may be waiting for a value to be taken out.
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.crowded.load(Relaxed)
    }

    /// The sender's second look before it sleeps: how many values could be let in, or 1 if it is closed.
    /// Synchronises with every `ask`, and with every `pop` of one who has seen `is_crowded`.
    pub(crate) fn look_for_room(&self) -> usize {
        let asked = self.asked.fetch_add(0, AcqRel);
        if self.ring.is_closed() {
            return 1;
        }
        let wanted = self.ring.left_below(asked);
        if wanted == 0 {
            return 0;
        }
        // What others have said counts only if it is known before the look: else a pop may lie between that look
        // and what they said, and neither have seen it nor be seen.
        let said = self.crowded.load(Relaxed);
        let mut room = self.ring.look_for_room();
        if room == 0 && !said {
            self.crowded.store(true, Relaxed);
            room = self.ring.look_for_room();
        }
        wanted.min(room)
    }

    /// As [`Ring::look_for_values`].
    pub(crate) fn look_for_values(&self) -> usize {
        self.ring.look_for_values()
    }

    pub(crate) fn close(&self) -> bool {
        self.ring.close()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// How many values are in, which have been asked for and not yet taken.
    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    /// About how many values have been put in, from anywhere on.
    pub(crate) fn put(&self) -> usize {
        self.ring.put()
    }

    /// About how many values have been taken out, from anywhere on.
    pub(crate) fn taken(&self) -> usize {
        self.ring.taken()
    }
}
