//! The children of one scope that nobody has begun, and who has been told of them.
//!
//! A list under a lock, on the heap: a telling on the agenda of the pool may outlive the scope, and finds the list empty
//! then. A child is taken out of the list by whoever runs it, so it is run once:
//!
//! - by a worker that has been told, or by the owner of the scope who waits for its end: the one that has waited longest;
//! - by whoever joins it: that one.
//!
//! # Tellings
//!
//! A [`Telling`] is on the agenda of the pool, or with the worker that has taken it. There are at most as many as
//! workers. One ends when its worker finds nothing left, under the lock under which children are put in: so a child that
//! was not told of, because there were tellings enough, is seen by one of those. Workers that come later, because the
//! pool was resized or one of them is blocked, are told by those that have a telling: whenever they take a child; and one
//! that is blocked hands its telling over. A telling that is dropped (a shutdown) leaves the children to the owner, who
//! looks whenever one is put in.
//!
//! # No wake is lost
//!
//! The owner joins the queue of the scope's ledger and then looks into the list, under the lock; whoever puts a child in
//! does so under the lock, and then looks into the queue. Of the two times that the lock is held one comes first: it is
//! the read-modify-write of the handshake in `wait/README.md`.
//!
//! No code of the application runs under the lock. This file does not know what a child does, nor the pool.

use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicUsize;
use crate::prim::{SeenLock, StdArc};
use crate::scope::Member;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::Location;

/// A child that nobody has begun.
pub(in crate::pool) struct Child {
    pub(super) body: Box<dyn FnOnce() + Send>,
    /// After the body, which borrows until it is gone.
    pub(super) member: Member,
    /// Where it was spawned.
    pub(super) site: &'static Location<'static>,
}

impl Child {
    /// Where it was spawned.
    pub(in crate::pool) fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// Runs it here and now. Does not panic on its account.
    pub(in crate::pool) fn run(self) {
        // In this order: should the body unwind, the membership is still dropped last.
        let member = self.member;
        (self.body)();
        drop(member);
    }
}

pub(super) struct Nursery {
    list: SeenLock<List>,
    /// How many children are in the list. Changed under the lock, and read without it for a guess.
    unbegun: AtomicUsize,
}

struct List {
    /// Empty places are those of children that were joined. The first and the last place are never empty.
    places: VecDeque<Option<Child>>,
    /// The number of the first place.
    first: usize,
    /// Tellings that are not over.
    tellings: usize,
}

impl List {
    /// Takes the child out that has waited longest.
    fn oldest(&mut self) -> Option<Child> {
        let oldest = self.places.pop_front()?;
        self.first = self.first.wrapping_add(1);
        self.trim();
        oldest
    }

    /// Takes a child out by its number.
    ///
    /// The number of a last place is used again when that is empty, so nobody asks for the same twice.
    fn numbered(&mut self, number: usize) -> Option<Child> {
        let place = number.wrapping_sub(self.first);
        let child = self.places.get_mut(place)?.take();
        self.trim();
        child
    }

    fn trim(&mut self) {
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        while let Some(None) = self.places.back() {
            self.places.pop_back();
        }
    }
}

impl Nursery {
    pub(super) fn new() -> Self {
        Self {
            list: SeenLock::new(List {
                places: VecDeque::new(),
                first: 0,
                tellings: 0,
            }),
            unbegun: AtomicUsize::new(0),
        }
    }

    /// Puts a child in. Returns its number, and a telling if there are fewer than `workers`.
    pub(super) fn put(
        self: &StdArc<Self>,
        child: Child,
        workers: usize,
    ) -> (usize, Option<Telling>) {
        let mut list = self.list.lock();
        let number = list.first.wrapping_add(list.places.len());
        list.places.push_back(Some(child));
        self.unbegun.fetch_add(1, Relaxed);
        (number, self.telling(&mut list, workers))
    }

    /// For the owner: the child that has waited longest, and a telling if others are left and there are fewer tellings
    /// than `workers`.
    pub(super) fn take(self: &StdArc<Self>, workers: usize) -> Option<(Child, Option<Telling>)> {
        let mut list = self.list.lock();
        let child = self.taken(list.oldest())?;
        Some((child, self.telling(&mut list, workers)))
    }

    /// For whoever joins: the child of this number, unless somebody has begun it. Called once for each number.
    pub(super) fn take_numbered(&self, number: usize) -> Option<Child> {
        let child = self.list.lock().numbered(number);
        self.taken(child)
    }

    /// Whether a child may be in the list. A guess, for one who looks again.
    pub(super) fn may_have(&self) -> bool {
        self.unbegun.load(Relaxed) > 0
    }

    /// Whether a child is in the list: the second look of the handshake.
    pub(super) fn has(&self) -> bool {
        !self.list.lock().places.is_empty()
    }

    fn taken(&self, child: Option<Child>) -> Option<Child> {
        if child.is_some() {
            self.unbegun.fetch_sub(1, Relaxed);
        }
        child
    }

    fn telling(self: &StdArc<Self>, list: &mut List, workers: usize) -> Option<Telling> {
        if list.places.is_empty() || list.tellings >= workers {
            return None;
        }
        list.tellings += 1;
        Some(Telling {
            nursery: StdArc::clone(self),
            over: Cell::new(false),
        })
    }
}

/// Tells a worker that there are children to be run.
pub(in crate::pool) struct Telling {
    nursery: StdArc<Nursery>,
    over: Cell<bool>,
}

impl Telling {
    /// The next child, and another telling if others are left and there are fewer tellings than `workers`. If there is no
    /// child, the telling is over.
    pub(in crate::pool) fn next(&self, workers: usize) -> Option<(Child, Option<Self>)> {
        if self.over.get() {
            return None;
        }
        let mut list = self.nursery.list.lock();
        if let Some(child) = self.nursery.taken(list.oldest()) {
            return Some((child, self.nursery.telling(&mut list, workers)));
        }
        list.tellings -= 1;
        self.over.set(true);
        None
    }

    /// The telling for somebody else, if there is anything to run: its worker is blocked. This one is over.
    pub(in crate::pool) fn hand_over(&self) -> Option<Self> {
        if self.ends() || self.over.replace(true) {
            return None;
        }
        Some(Self {
            nursery: StdArc::clone(&self.nursery),
            over: Cell::new(false),
        })
    }

    /// Whether there is nothing to run: then it is over.
    pub(in crate::pool) fn ends(&self) -> bool {
        let mut list = self.nursery.list.lock();
        if !self.over.get() && list.places.is_empty() {
            list.tellings -= 1;
            self.over.set(true);
        }
        self.over.get()
    }

    /// Whether there may be more to run.
    pub(in crate::pool) fn may_have_more(&self) -> bool {
        self.nursery.may_have()
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if !self.over.get() {
            self.nursery.list.lock().tellings -= 1;
        }
    }
}
