//! With the feature `sight`, in builds with debug assertions: the order in which locks are taken.
//!
//! Who takes a lock by waiting for it, and has others, says that those come before it. Each such pair is an edge of
//! the graph in `graph.rs`, and an edge that closes a circle there is a deadlock that could be, though it has not been.
//!
//! Here is what leads to the graph: a list, for each thread, of what has been locked on it and by whom, and the pairs
//! that it has seen already. Those cost no more than a look at the list. The list has [`DEPTH`] places; what is taken
//! beyond is not seen. Guards stay on their thread, so the list is the thread's own; who may let go of a lock elsewhere
//! (an owned guard, a future that has the lock) takes it off first.
//!
//! One who does not wait for ever (`try_`, a limit, an arm of a select) is not held up by the order: it adds no edge
//! into what it takes. It has it all the same, and what is taken then comes after it.
//!
//! # Whose a lock is
//!
//! Only what one has comes before what the same one takes: [`Owner`](super::owner::Owner) says who that is, the thread
//! or one of its tasks. What a task has awaited is the task's, and what it has taken by a plain method is the thread's:
//! nothing tells a plain method that a task is being polled. So two tasks of one thread that take locks by plain methods,
//! and keep the guards across an `await`, look like one who has both locks. If one of them blocks, that is what the
//! thread is: it runs no task then, and the guard of the other one stays where it is. But if nobody else takes these
//! locks, none of them ever blocks, and a report of both orders is false. Tasks that await their locks are told apart.
//!
//! Tasks that are polled with the same waker, as the branches of a `join!` are, look like one task. There the one may let
//! go of what it has while the other waits, so a report of both orders may be false as well.

use super::graph;
use super::owner::Record;
use super::potential;
use std::cell::Cell;
use std::panic::Location;

/// Whether the order is watched.
pub(super) const WATCHED: bool = cfg!(debug_assertions);

/// So many locks can be seen to be held on one thread.
const DEPTH: usize = 16;
/// So many of the nestings seen last are remembered by a thread. A power of two.
const KNOWN: usize = 64;

/// How somebody has a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Alone,
    /// Beside those who share it, and nobody else.
    Upgradable,
    Shared,
}

/// How somebody who waits wants a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asks {
    Alone,
    Upgradable,
    Shared,
    /// To share it, whether or not somebody waits to have it alone.
    Again,
    /// To have it alone, as the one who has it upgradable.
    Upgrade,
}

/// A lock that is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) record: &'static Record,
    /// The number of the lock. That of the record is another one as soon as this lock is gone.
    pub(super) lock: usize,
    pub(super) who: usize,
    pub(super) holds: Holds,
    pub(super) site: &'static Location<'static>,
}

/// What has been locked on this thread.
struct Here {
    count: Cell<usize>,
    entries: [Cell<Option<Entry>>; DEPTH],
    /// What stands for nestings that are in the graph, each at the place of its last bits.
    known: [Cell<u64>; KNOWN],
    /// It is in the graph at this moment. If the allocator of the program uses our locks, their order is not seen.
    is_busy: Cell<bool>,
}

std::thread_local! {
    static HERE: Here = const {
        Here {
            count: Cell::new(0),
            entries: [const { Cell::new(None) }; DEPTH],
            known: [const { Cell::new(0) }; KNOWN],
            is_busy: Cell::new(false),
        }
    };
}

/// A lock has been taken: by waiting for it as `asks` says, or without.
#[inline]
pub(super) fn took(entry: Entry, asks: Option<Asks>) {
    HERE.with(|here| here.take(entry, asks));
}

/// A lock that was taken on this thread is let go of, or may be elsewhere from now on.
#[inline]
pub(super) fn let_go(lock: usize, shared: bool) {
    HERE.with(|here| here.let_go(lock, shared));
}

/// A lock that is in the graph is gone.
#[cold]
pub(super) fn forget(lock: usize) {
    HERE.with(|here| here.alone(|| graph::forget(lock)));
}

/// Stirs `part` into `key`.
#[inline]
fn stir(key: u64, part: usize) -> u64 {
    let key = (key ^ part as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    key ^ key >> 32
}

impl Here {
    #[inline]
    fn take(&self, entry: Entry, asks: Option<Asks>) {
        let count = self.count.get();
        // In words: all that makes the edges what they are.
        let mut key = stir(
            graph::epoch() as u64,
            entry.lock << 3 | asks.map_or(7, |asks| asks as usize),
        );
        let mut is_nested = false;
        for slot in &self.entries[..count] {
            let Some(outer) = slot.get() else { continue };
            let is_same = outer.lock == entry.lock;
            if is_same && outer.holds != Holds::Shared && entry.holds != Holds::Shared {
                // A second guard for what is held: the first was only forgotten.
                slot.set(Some(entry));
                return;
            }
            if outer.who == entry.who {
                is_nested = true;
                key = stir(key, outer.lock << 2 | outer.holds as usize);
            }
        }
        if let Some(asks) = asks {
            let known = &self.known[key as usize % KNOWN];
            if is_nested && known.get() != key {
                known.set(key);
                self.nest(&entry, asks);
            } else if !is_nested && asks == Asks::Alone && !entry.record.is_written() {
                self.alone(|| potential::report(graph::written(entry.record, entry.lock)));
            }
        }
        if count == DEPTH {
            self.sweep();
        }
        let count = self.count.get();
        if let Some(slot) = self.entries.get(count) {
            slot.set(Some(entry));
            self.count.set(count + 1);
        }
    }

    /// Takes those off the list that are gone: their guards have been forgotten.
    #[cold]
    fn sweep(&self) {
        for place in (0..self.count.get()).rev() {
            let held = self.entries[place].get();
            if held.is_none_or(|held| held.record.lock() != held.lock) {
                self.remove(place);
            }
        }
    }

    fn remove(&self, place: usize) {
        let count = self.count.get();
        for next in place + 1..count {
            self.entries[next - 1].set(self.entries[next].get());
        }
        self.count.set(count - 1);
    }

    #[cold]
    fn nest(&self, inner: &Entry, asks: Asks) {
        let held = self.entries[..self.count.get()].iter();
        // Guards that have been forgotten may be of locks that are gone.
        let outer: Vec<Entry> = held
            .filter_map(Cell::get)
            .filter(|outer| outer.who == inner.who && outer.record.lock() == outer.lock)
            .collect();
        self.alone(|| potential::report(graph::nested(&outer, inner, asks)));
    }

    /// Unless this thread is in `body` already.
    fn alone(&self, body: impl FnOnce()) {
        if !self.is_busy.replace(true) {
            body();
            self.is_busy.set(false);
        }
    }

    #[inline]
    fn let_go(&self, lock: usize, shared: bool) {
        let count = self.count.get();
        let is_it = |slot: &Cell<Option<Entry>>| {
            slot.get()
                .is_some_and(|held| held.lock == lock && (held.holds == Holds::Shared) == shared)
        };
        if let Some(place) = self.entries[..count].iter().rposition(is_it) {
            self.remove(place);
        }
    }
}
