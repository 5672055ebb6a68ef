//! The tasks of a pool: those that are ready, in a queue, and all that are not over, in a list.
//!
//! It knows when they end, but not what they do, and it wakes nobody.

#![allow(clippy::modulo_one, reason = "a model has one part")]

use super::cell::Task;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicUsize};
use crate::prim::{MODEL, SeenLock, StdArc, thread};
use crate::queue::Blocks;
use crossbeam_utils::CachePadded;

/// Parts of the list, so that threads that spawn at the same time seldom want the same lock.
const PARTS: usize = if MODEL { 1 } else { 8 };

type Shared = StdArc<dyn Task>;

pub(in crate::pool) struct Tasks {
    /// Whether there has ever been one.
    used: AtomicBool,
    ready: Blocks<Shared>,
    list: [CachePadded<SeenLock<Part>>; PARTS],
    /// The workers that have not left.
    present: AtomicUsize,
    ended: AtomicBool,
}

/// A part of the list of those that are not over.
struct Part {
    places: Vec<Option<Shared>>,
    free: Vec<u32>,
    closed: bool,
}

impl Tasks {
    pub(in crate::pool) fn new() -> Self {
        let part = |_| {
            CachePadded::new(SeenLock::new(Part {
                places: Vec::new(),
                free: Vec::new(),
                closed: false,
            }))
        };
        Self {
            used: AtomicBool::new(false),
            ready: Blocks::new(),
            list: [(); PARTS].map(part),
            present: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Whether there has ever been one. Who makes it so has all idle workers look again afterwards.
    #[inline(always)]
    pub(in crate::pool) fn used(&self) -> bool {
        self.used.load(Acquire)
    }

    /// Notes that there is one. Whether it is the first.
    pub(in crate::pool) fn use_first(&self) -> bool {
        if self.used() {
            return false;
        }
        self.used.store(true, Release);
        true
    }

    /// Lists a task that was spawned. Gives it back if they have been ended.
    pub(in crate::pool) fn list(&self, task: &Shared) -> bool {
        let part = (thread::number() >> 12) % PARTS;
        let mut listed = self.list[part].lock();
        if listed.closed {
            return false;
        }
        let index = match listed.free.pop() {
            Some(index) => index as usize,
            None => {
                listed.places.push(None);
                listed.places.len() - 1
            }
        };
        // Read by who has the task out of the queue, into which it is put after this.
        task.place().store(index * PARTS + part, Relaxed);
        listed.places[index] = Some(StdArc::clone(task));
        true
    }

    /// Takes a task that is over out of the list, if it is there.
    pub(in crate::pool) fn remove(&self, task: &dyn Task) {
        let place = task.place().load(Relaxed);
        if place == usize::MAX {
            return;
        }
        let mut part = self.list[place % PARTS].lock();
        let index = place / PARTS;
        // Not there if they have been ended.
        let share = part.places.get_mut(index).and_then(Option::take);
        if share.is_some() && !part.closed {
            part.free.push(index as u32);
        }
        drop(part);
        drop(share);
    }

    /// Puts a task into the queue; drops that share if they have been ended.
    #[inline]
    pub(in crate::pool) fn put(&self, task: Shared) {
        let mut task = Some(task);
        if self.ready.push(&mut task).is_err() {
            drop(task);
        }
    }

    /// The task that has been ready for longest.
    #[inline]
    pub(in crate::pool) fn take(&self) -> Option<Shared> {
        self.ready.pop().ok()
    }

    /// Whether one is ready. A guess, for one who looks again.
    #[inline(always)]
    pub(in crate::pool) fn may_have(&self) -> bool {
        self.used.load(Relaxed) && self.ready.len() > 0
    }

    /// How many are ready, about.
    pub(in crate::pool) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// How many are ready, about: the second look of the handshake.
    pub(in crate::pool) fn look(&self) -> usize {
        if !self.used() {
            return 0;
        }
        // That the queue is closed is no chance.
        self.ready.look_for_values().min(self.ready.len())
    }

    /// How many are not over.
    pub(in crate::pool) fn count(&self) -> usize {
        let parts = self.list.iter();
        parts
            .map(|part| part.lock().places.iter().flatten().count())
            .sum()
    }

    /// A worker looks for something to do from now on.
    pub(in crate::pool) fn enter(&self) {
        self.present.fetch_add(1, AcqRel);
    }

    /// A worker looks no more. Whether it was the last.
    pub(in crate::pool) fn leave(&self) -> bool {
        self.present.fetch_sub(1, AcqRel) == 1
    }

    /// How many have not left.
    pub(in crate::pool) fn present(&self) -> usize {
        self.present.load(Acquire)
    }

    /// Whether they have been ended.
    pub(in crate::pool) fn are_ended(&self) -> bool {
        self.ended.load(Acquire)
    }

    /// Takes no more tasks, and drops those that nobody runs; the others are dropped when they would wait. All idle workers
    /// are to be woken afterwards.
    pub(in crate::pool) fn end(&self) {
        // All first: the drop of one may wait for the end of another.
        for part in &self.list {
            let mut part = part.lock();
            part.closed = true;
            part.places.iter().flatten().for_each(|task| task.condemn());
        }
        for part in &self.list {
            while let Some(task) = Self::unlist(part) {
                Self::cancel(task);
            }
        }
        self.ready.close();
        while let Some(task) = self.take() {
            drop(task);
        }
        self.ended.store(true, Release);
    }

    /// Takes out a task that is not over.
    fn unlist(part: &SeenLock<Part>) -> Option<Shared> {
        let mut part = part.lock();
        while let Some(place) = part.places.pop() {
            if place.is_some() {
                return place;
            }
        }
        None
    }

    /// Has a task dropped that is in no queue, or not to be polled from there; by the caller, unless somebody runs it.
    pub(in crate::pool) fn cancel(task: Shared) {
        task.condemn();
        let again = task.run();
        debug_assert!(again.is_none(), "what is condemned is not polled");
    }
}
