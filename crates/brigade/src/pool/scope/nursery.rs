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
//! # The end
//!
//! A worker is a member of the scope (`scope/ledger.rs`) from the first child that it takes until it finds no other, or
//! turns to something else; so a child costs no count. It becomes one under the lock, before the child is out of the list.
//! Who joins a child is the body, or runs in it or in a child, and so is the owner when it runs one. So at a moment at which
//! the lock is held, the list is empty and nobody is a member, nobody runs a child, and nobody is left who could put one in:
//! when the owner waits, that is the end. Both have to be seen under the lock: one after the other, they may have been
//! true in turns.
//!
//! # No wake is lost
//!
//! The owner joins the queue of the scope's ledger and then looks into the list, under the lock; whoever puts a child in
//! does so under the lock, and then looks into the queue. Of the two times that the lock is held one comes first: it is
//! the read-modify-write of the handshake in `wait/README.md`. For a member that goes, it is that on the count.
//!
//! No code of the application runs under the lock. This file does not know what a child does, nor the pool.

use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicUsize;
use crate::prim::{BriefLock, StdArc};
use crate::scope::{Entrance, Member};
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::Location;

/// A child that nobody has begun.
///
/// There is one of each, and it is used up when it is run.
pub(in crate::pool) struct Child(pub(super) StdArc<dyn Run>);

/// What is done with a child.
pub(super) trait Run: Send + Sync {
    /// Where it was spawned.
    fn site(&self) -> &'static Location<'static>;

    /// Runs it here and now. Does not panic on its account.
    ///
    /// # Safety
    ///
    /// Called once for each child.
    unsafe fn run(self: StdArc<Self>);
}

impl Child {
    /// Where it was spawned.
    pub(in crate::pool) fn site(&self) -> &'static Location<'static> {
        self.0.site()
    }

    /// Runs it here and now. Does not panic on its account.
    pub(in crate::pool) fn run(self) {
        // SAFETY: there is one of it, which is used up here.
        unsafe { self.0.run() };
    }
}

pub(super) struct Nursery {
    list: BriefLock<List>,
    /// How many places are in the list. Changed under the lock, and read without it for a guess.
    unbegun: AtomicUsize,
    entrance: Entrance,
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
    /// Of a scope whose members are counted at `entrance`.
    pub(super) fn new(entrance: Entrance) -> Self {
        Self {
            list: BriefLock::new(List {
                places: VecDeque::new(),
                first: 0,
                tellings: 0,
            }),
            unbegun: AtomicUsize::new(0),
            entrance,
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
        self.note_places(&list);
        (number, self.telling(&mut list, workers))
    }

    /// For the owner: the child that has waited longest, and a telling if others are left and there are fewer tellings
    /// than `workers`.
    pub(super) fn take(self: &StdArc<Self>, workers: usize) -> Option<(Child, Option<Telling>)> {
        let mut list = self.list.lock();
        let child = list.oldest()?;
        self.note_places(&list);
        Some((child, self.telling(&mut list, workers)))
    }

    /// For whoever joins: the child of this number, unless somebody has begun it. Called once for each number.
    pub(super) fn take_numbered(&self, number: usize) -> Option<Child> {
        let mut list = self.list.lock();
        let child = list.numbered(number);
        self.note_places(&list);
        child
    }

    /// Whether a child may be in the list. A guess, for one who looks again.
    pub(super) fn may_have(&self) -> bool {
        self.unbegun.load(Relaxed) > 0
    }

    /// Whether no child is in the list, and `nobody_left` says that there is no member: then the scope has ended.
    pub(super) fn has_ended(&self, nobody_left: impl FnOnce() -> bool) -> bool {
        let list = self.list.lock();
        list.places.is_empty() && nobody_left()
    }

    /// Whether a child is in the list, or there is no member: the second look of the handshake.
    pub(super) fn has_or(&self, nobody_left: impl FnOnce() -> bool) -> bool {
        let list = self.list.lock();
        !list.places.is_empty() || nobody_left()
    }

    fn note_places(&self, list: &List) {
        self.unbegun.store(list.places.len(), Relaxed);
    }

    fn telling(self: &StdArc<Self>, list: &mut List, workers: usize) -> Option<Telling> {
        if list.places.is_empty() || list.tellings >= workers {
            return None;
        }
        list.tellings += 1;
        Some(Telling::of(StdArc::clone(self)))
    }
}

/// Tells a worker that there are children to be run.
pub(in crate::pool) struct Telling {
    nursery: StdArc<Nursery>,
    over: Cell<bool>,
    /// While its worker runs children. It borrows nothing; so it may be the last that is left of them.
    member: Cell<Option<Member>>,
}

impl Telling {
    fn of(nursery: StdArc<Nursery>) -> Self {
        Self {
            nursery,
            over: Cell::new(false),
            member: Cell::new(None),
        }
    }

    /// The next child, and another telling if others are left and there are fewer tellings than `workers`. If there is no
    /// child, the telling is over.
    pub(in crate::pool) fn next(&self, workers: usize) -> Option<(Child, Option<Self>)> {
        if !self.over.get() {
            let mut list = self.nursery.list.lock();
            if let Some(child) = self.oldest(&mut list) {
                self.nursery.note_places(&list);
                return Some((child, self.nursery.telling(&mut list, workers)));
            }
            list.tellings -= 1;
            self.over.set(true);
        }
        self.rest();
        None
    }

    fn oldest(&self, list: &mut List) -> Option<Child> {
        if list.places.is_empty() {
            return None;
        }
        let entered = self.member.take().or_else(|| self.nursery.entrance.enter());
        // Where there is no room for another member, the child is left to the owner.
        let child = entered.is_some().then(|| list.oldest()).flatten();
        self.member.set(entered);
        child
    }

    /// The worker turns to something else. The child that it has run is over.
    pub(in crate::pool) fn rest(&self) {
        drop(self.member.take());
    }

    /// The telling for somebody else, if there is anything to run: its worker is blocked. This one is over.
    pub(in crate::pool) fn hand_over(&self) -> Option<Self> {
        if self.ends() || self.over.replace(true) {
            return None;
        }
        Some(Self::of(StdArc::clone(&self.nursery)))
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
