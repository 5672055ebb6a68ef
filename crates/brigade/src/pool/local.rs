//! What each worker has put in itself: a queue of its own for jobs, and one for tasks that are ready.
//!
//! Jobs that submit jobs, and tasks that spawn and wake tasks, would meet all other workers at the shared queues with
//! every one of them, and the cache lines of those would go to and fro for work that is best done where it comes from.
//! So a worker puts what it makes into its own queues as long as they have room, and takes from these first.
//!
//! Nothing in them is a worker's alone. Others take the oldest out, when they find nothing in the shared queues, and now
//! and then when they do. So nothing has to wait for the end of what its worker does at the moment.
//!
//! # Who takes out
//!
//! A worker whose task spawns one and awaits it takes that out at once. Another that is on the look-out would be faster
//! half of the time, and then the two go on handing one task over instead of running it. So who looks while it spins
//! ([`Locals::leftover`]) takes out only what its worker is not about to take: of more than [`FEW`], or what has
//! stood there since it looked before. Who is about to sleep takes whatever there is ([`Locals::steal`]).
//!
//! # No wake is lost
//!
//! The ends of the queues move by read-modify-writes only, and the second look of an idle worker ([`Locals::look`]) is one
//! on each of them: see `wait/README.md`. The queues of a worker are made when it first puts something in; that is a rare move,
//! published by a store and then a `wake_all`. They are made and closed under one lock (`agenda.rs`), so none is open
//! after the shutdown.
//!
//! This file does not know which queue comes first, nor whom to wake.

use super::spawned;
use super::task::Task;
use crate::prim::Ordering::{Acquire, Relaxed, Release};
use crate::prim::atomic::AtomicPtr;
use crate::prim::{MODEL, PlainAtomicPtr};
use crate::queue::Ring;
use std::mem::ManuallyDrop;
use std::ptr;

/// The most jobs, and the most tasks, that a worker keeps for itself.
pub(super) const ROOM: usize = if MODEL { 2 } else { 256 };
/// So many a worker is about to take out itself.
const FEW: usize = 2;

/// The looks that follow each other too soon to show that something stands.
const HASTY: usize = 6;

type Ready = spawned::Task;

/// The queues of all workers.
pub(super) struct Locals {
    /// By the numbers of the workers.
    places: Box<[Place]>,
    room: usize,
}

/// Where the queues of one worker are. Null until it has put something in.
struct Place {
    /// For the worker itself, which is the only one to write and to read this.
    own: PlainAtomicPtr<Local>,
    /// For the others.
    published: AtomicPtr<Local>,
}

/// The queues of one worker.
pub(super) struct Local {
    jobs: Ring<Task>,
    tasks: Ring<Ready>,
}

/// What has been taken out.
pub(super) enum Taken {
    Job(Task),
    Task(Ready),
}

/// What one who looks again and again has seen.
#[derive(Default)]
pub(super) struct Seen {
    /// How often it has looked.
    looks: usize,
    /// How much had been taken out when there was something.
    taken: Option<usize>,
}

impl Locals {
    /// For so many workers, in a pool whose lanes have this capacity.
    pub(super) fn new(workers: usize, capacity: usize) -> Self {
        Self {
            places: (0..workers)
                .map(|_| Place {
                    own: PlainAtomicPtr::new(ptr::null_mut()),
                    published: AtomicPtr::new(ptr::null_mut()),
                })
                .collect(),
            room: capacity.min(ROOM),
        }
    }

    /// The queues of worker `number`, who calls this, if it has any.
    #[inline(always)]
    pub(super) fn own(&self, number: usize) -> Option<&Local> {
        // SAFETY: null, or what this worker has made, or the one that had the number before it: that one gives the number up
        // under the lock of the roster, under which it is given to this one. It lives as long as `self`.
        unsafe { self.places[number].own.load(Relaxed).as_ref() }
    }

    /// The queues of worker `number`, if it has any.
    fn of(&self, number: usize) -> Option<&Local> {
        // SAFETY: null, or what `make` has published. It lives as long as `self`.
        unsafe { self.places[number].published.load(Acquire).as_ref() }
    }

    /// Makes the queues of worker `number`, who calls this. Not for two at a time, nor while they are closed.
    #[cold]
    pub(super) fn make(&self, number: usize, is_closed: bool) -> &Local {
        debug_assert!(self.own(number).is_none(), "made by its worker, and once");
        let local = Local {
            jobs: Ring::new(self.room),
            tasks: Ring::new(ROOM),
        };
        if is_closed {
            local.close();
        }
        let local = Box::into_raw(Box::new(local));
        self.places[number].own.store(local, Relaxed);
        self.places[number].published.store(local, Release);
        // SAFETY: just made, and not freed before `self` is dropped.
        unsafe { &*local }
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.all().for_each(Local::close);
    }

    fn all(&self) -> impl Iterator<Item = &Local> {
        (0..self.places.len()).filter_map(|number| self.of(number))
    }

    /// Those of the other workers, from the next number on and round.
    fn others(&self, number: usize) -> impl Iterator<Item = &Local> {
        let numbers = (number + 1..self.places.len()).chain(0..number);
        numbers.filter_map(|number| self.of(number))
    }

    /// Takes something out for worker `number`, of what others have.
    pub(super) fn steal(&self, number: usize) -> Option<Taken> {
        self.others(number).find_map(Local::take)
    }

    /// Takes a job out, of anybody's.
    pub(super) fn take_any_job(&self) -> Option<Task> {
        self.all().find_map(|local| local.jobs.pop().ok())
    }

    /// Takes a task out, of anybody's.
    pub(super) fn take_any_task(&self) -> Option<Ready> {
        self.all().find_map(|local| local.tasks.pop().ok())
    }

    /// `steal`, of what nobody else is about to take out, for one who looks again.
    pub(super) fn leftover(&self, number: usize, seen: &mut Seen) -> Option<Taken> {
        seen.looks += 1;
        let left = self.others(number).find(|local| local.len() > FEW);
        if let Some(local) = left {
            return local.take();
        }
        if !self.others_have(number) {
            seen.taken = None;
            return None;
        }
        let others = self.others(number).map(Local::taken);
        let taken = others.fold(0_usize, usize::wrapping_add);
        let stands = seen.taken.replace(taken) == Some(taken) && seen.looks > HASTY;
        stands.then(|| self.steal(number)).flatten()
    }

    /// Whether others than worker `number` have something.
    pub(super) fn others_have(&self, number: usize) -> bool {
        self.others(number).any(|local| local.len() > 0)
    }

    /// How much others than worker `number` have: the second look of the handshake. It knows what it has put in itself.
    pub(super) fn look(&self, number: usize) -> usize {
        self.others(number).map(Local::look).sum()
    }

    /// How many jobs there are.
    pub(super) fn jobs(&self) -> usize {
        self.all().map(|local| local.jobs.len()).sum()
    }

    /// Whether there is a task. A guess.
    pub(super) fn may_have_tasks(&self) -> bool {
        self.all().any(|local| local.tasks.len() > 0)
    }
}

impl Drop for Locals {
    fn drop(&mut self) {
        for place in &self.places {
            let local = place.published.load(Acquire);
            if !local.is_null() {
                // SAFETY: made by `Box::into_raw` and published once; nobody else has them any more.
                drop(unsafe { Box::from_raw(local) });
            }
        }
    }
}

impl Local {
    /// Puts a job in; gives it back if there is no room, or no more are taken.
    #[inline]
    pub(super) fn put_job(&self, job: Task) -> Result<(), Task> {
        put(&self.jobs, job)
    }

    /// Puts a task in that is ready; gives it back if there is no room, or no more are taken.
    #[inline]
    pub(super) fn put_task(&self, task: Ready) -> Result<(), Ready> {
        put(&self.tasks, task)
    }

    /// Takes a job out. May miss one.
    #[inline(always)]
    pub(super) fn glance_job(&self) -> Option<Task> {
        self.jobs.find_at_once().map(|found| found.take())
    }

    /// Takes a task out. May miss one.
    #[inline(always)]
    pub(super) fn glance_task(&self) -> Option<Ready> {
        self.tasks.find_at_once().map(|found| found.take())
    }

    /// Takes something out.
    pub(super) fn take(&self) -> Option<Taken> {
        let job = self.jobs.pop().map(Taken::Job);
        job.or_else(|_| self.tasks.pop().map(Taken::Task)).ok()
    }

    fn close(&self) {
        self.jobs.close();
        self.tasks.close();
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len() + self.tasks.len()
    }

    fn taken(&self) -> usize {
        self.jobs.taken().wrapping_add(self.tasks.taken())
    }

    fn look(&self) -> usize {
        // That a queue is closed is no chance.
        let jobs = self.jobs.look_for_values().min(self.jobs.len());
        jobs + self.tasks.look_for_values().min(self.tasks.len())
    }
}

#[inline(always)]
fn put<T>(queue: &Ring<T>, value: T) -> Result<(), T> {
    let value = ManuallyDrop::new(value);
    // SAFETY: ours, and not used again if it has been put in.
    if unsafe { queue.push_at_once(&raw const *value) } {
        Ok(())
    } else {
        Err(ManuallyDrop::into_inner(value))
    }
}
