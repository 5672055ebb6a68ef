//! The tasks of a pool: those that are ready, in a queue, and those that wait or have waited and are not over, in a list.
//!
//! It knows when they end, but not what they do, and it wakes nobody.

#![allow(clippy::modulo_one, reason = "a model has one part")]

use super::task::Task;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicUsize};
use crate::prim::{MODEL, SeenLock, thread};
use crate::queue::Blocks;
use crossbeam_utils::CachePadded;
use std::iter;

/// Parts of the list, so that threads that spawn at the same time seldom want the same lock.
const PARTS: usize = if MODEL { 1 } else { 8 };

pub(in crate::pool) struct Tasks {
    /// Whether there has ever been one.
    used: AtomicBool,
    ready: Blocks<Task>,
    list: [CachePadded<SeenLock<Part>>; PARTS],
    /// The workers that have not left.
    present: AtomicUsize,
    ended: AtomicBool,
}

/// A part of the list: the life of each.
struct Part {
    places: Vec<Option<Task>>,
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

    /// Lists a task that is about to wait for the first time. The caller runs it. False if they have been ended.
    pub(super) fn list(&self, task: &Task) -> bool {
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
        task.set_place(index * PARTS + part);
        // SAFETY: the caller runs it, and it has no place in the list so far.
        listed.places[index] = Some(unsafe { task.life() });
        true
    }

    /// The life of a task that is over, taken out of the list if it is there. The caller has run it. None if it has been
    /// taken out already.
    pub(super) fn unlist(&self, task: &Task) -> Option<Task> {
        let Some(place) = task.place() else {
            // SAFETY: the caller runs it, and the list has never had it.
            return Some(unsafe { task.life() });
        };
        let mut part = self.list[place % PARTS].lock();
        let index = place / PARTS;
        let life = part.places.get_mut(index).and_then(Option::take);
        if life.is_some() && !part.closed {
            part.free.push(index as u32);
        }
        life
    }

    /// Puts a task into the queue. If they have been ended, it is dropped.
    #[inline]
    pub(in crate::pool) fn put(&self, task: Task) {
        let mut task = Some(task);
        if self.ready.push(&mut task).is_err()
            && let Some(task) = task
            && task.place().is_none()
        {
            // No end comes by for what is not in the list. And it is no wake that has brought it here.
            Self::cancel(task);
        }
    }

    /// The task that has been ready for longest.
    #[inline]
    pub(in crate::pool) fn take(&self) -> Option<Task> {
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
        // That the queue is closed is no chance. And what was there before the first look may be gone by the second, while another
        // has been put back behind it.
        self.ready.look_for_values();
        self.ready.len()
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

    /// Takes no more tasks, and drops those that nobody runs, with those that `others` gives, which are ready elsewhere; the
    /// tasks that run are dropped when they would wait. All idle workers are to be woken afterwards.
    pub(in crate::pool) fn end(&self, others: impl FnMut() -> Option<Task>) {
        // All first: the drop of one may wait for the end of another.
        for part in &self.list {
            let mut part = part.lock();
            part.closed = true;
            part.places.iter().flatten().for_each(Task::condemn);
        }
        // Those that are ready stay in the queue until it is their turn: the drop of one may block until another is gone,
        // and workers that are free go on with the rest. What comes in after this round is put back by who runs it.
        for task in iter::from_fn(others) {
            task.condemn();
            self.put(task);
        }
        for _ in 0..self.ready.len() {
            let Some(task) = self.take() else { break };
            task.condemn();
            self.put(task);
        }
        self.ready.close();
        iter::from_fn(|| self.take()).for_each(Self::cancel);
        for part in &self.list {
            while let Some(task) = Self::take_listed(part) {
                Self::cancel(task);
            }
        }
        self.ended.store(true, Release);
    }

    /// Takes out a task that is not over.
    fn take_listed(part: &SeenLock<Part>) -> Option<Task> {
        let mut part = part.lock();
        iter::from_fn(|| part.places.pop()).flatten().next()
    }

    /// Has a task dropped that is in no queue, or not to be polled from there; by the caller, unless somebody runs it.
    pub(in crate::pool) fn cancel(task: Task) {
        task.condemn();
        let again = task.run();
        debug_assert!(again.is_none(), "what is condemned is not polled");
    }
}
