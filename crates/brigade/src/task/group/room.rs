//! How many children may run at once.
//!
//! One word: how many places are free. A place is taken and given back by a read-modify-write; who gives one back then
//! looks for a waiter, and who waits joins the queue and looks again by a read-modify-write: the handshake of
//! `wait/README.md` as it stands. Whoever comes by may take a place before one who was woken for it: that one looks,
//! and goes back to the queue.
//!
//! It does not know what has a place.

use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::wait::{Operation, Patience, WaitQueue, What};
use std::task::Poll;

/// The places of a group.
#[derive(Debug)]
pub(super) struct Room {
    free: AtomicUsize,
    waiting: WaitQueue,
    patience: Patience,
}

/// A place. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Room);

impl Room {
    pub(super) fn new(places: usize) -> Self {
        Self {
            free: AtomicUsize::new(places),
            waiting: WaitQueue::new(),
            patience: Patience::for_permits(),
        }
    }

    pub(super) fn try_enter(&self) -> Option<Place<'_>> {
        let mut free = self.free.load(Relaxed);
        while free > 0 {
            match self
                .free
                .compare_exchange_weak(free, free - 1, AcqRel, Relaxed)
            {
                Ok(_) => return Some(Place(self)),
                Err(changed) => free = changed,
            }
        }
        None
    }

    /// The operation of waiting for a place. `None` if the wait was cancelled.
    pub(super) fn entering(&self) -> Entering<'_> {
        Entering(self)
    }
}

impl Room {
    /// Gives back a place that was kept.
    pub(super) fn give_back(&self) {
        self.free.fetch_add(1, AcqRel);
        self.waiting.wake_one();
    }
}

impl<'a> Place<'a> {
    /// Keeps the place; whoever does so gives it back to the room. Returns true.
    pub(super) fn keep(self) -> bool {
        std::mem::forget(self);
        true
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// See [`Room::entering`].
pub(super) struct Entering<'a>(&'a Room);

// SAFETY: the queue is a field of the room, which is borrowed for as long as the operation lives.
unsafe impl<'a> Operation for Entering<'a> {
    type Output = Option<Place<'a>>;
    const WAITS_FOR: &'static What = &"group room";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| None);

    fn attempt(&mut self) -> Poll<Option<Place<'a>>> {
        match self.0.try_enter() {
            None => Poll::Pending,
            place => Poll::Ready(place),
        }
    }

    fn chances(&self) -> usize {
        self.0.free.fetch_add(0, AcqRel)
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.patience
    }
}
