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
//! stood there since it looked before.
//!
//! # The watch
//!
//! When a worker is about to sleep and others still have a few, it would be woken for each of these, and find it gone
//! again: a processor spent on looking, and a cache line taken from who is at work with each look. So one of those who have
//! nothing to do watches instead: it dozes, and now and then takes out what has stood there since it looked last. As long
//! as it does, nobody is woken for what is few, and nobody else stays awake for it. So what stands behind a long job is
//! begun after two dozes at the latest, and a row of tasks that spawn and await each other stays with its worker.
//!
//! The watch ends when there has been nothing for a while, or when its worker finds something to do. It says so by a
//! read-modify-write and then takes its second look, by one on each of the queues' ends. Who puts something in moves such
//! an end before it looks whether there is a watch: if that look has not seen it, it sees that the watch is over, and wakes
//! somebody. A worker that leaves the watch for something to do wakes another if there is anything else.
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
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicPtr};
use crate::prim::{MODEL, PlainAtomicPtr, PlainAtomicUsize};
use crate::queue::Ring;
use crossbeam_utils::CachePadded;
use std::mem::ManuallyDrop;
use std::ptr;
use std::time::Duration;

/// The most jobs, and the most tasks, that a worker keeps for itself.
pub(super) const ROOM: usize = if MODEL { 2 } else { 256 };
/// So many a worker is about to take out itself.
const FEW: usize = 2;

/// How long a worker that watches over the others dozes between two looks: what a wake costs on a slow machine.
pub(super) const DOZE: Duration = if MODEL {
    Duration::ZERO
} else {
    Duration::from_micros(50)
};
/// So many looks in a row that find nothing end the watch.
pub(super) const QUIET: usize = if MODEL { 1 } else { 3 };

/// The looks that follow each other too soon to show that something stands.
const HASTY: usize = 6;

type Ready = spawned::Task;

/// The queues of all workers.
pub(super) struct Locals {
    /// By the numbers of the workers.
    places: Box<[Place]>,
    room: usize,
    /// Whether a worker watches.
    watched: CachePadded<AtomicBool>,
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
    /// How much had been taken out when the worker that watches looked last. For that one alone.
    watched_at: CachePadded<PlainAtomicUsize>,
    /// Whether what was taken out last, not in the usual turn of the worker itself, is a job: 1 or 0. A hint.
    job_last: CachePadded<PlainAtomicUsize>,
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
            watched: CachePadded::new(AtomicBool::new(false)),
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
            watched_at: CachePadded::new(PlainAtomicUsize::new(0)),
            job_last: CachePadded::new(PlainAtomicUsize::new(0)),
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
        let (mut first, mut taken) = (None, 0_usize);
        for local in self.others(number) {
            match local.len() {
                0 => {}
                1..=FEW => first = first.or(Some(local)),
                _ => return local.take(),
            }
            taken = taken.wrapping_add(local.taken());
        }
        let Some(first) = first else {
            seen.taken = None;
            return None;
        };
        let stands = seen.taken.replace(taken) == Some(taken) && seen.looks > HASTY;
        stands.then(|| first.take()).flatten()
    }

    /// `steal`, of those who have more than they are about to take out.
    pub(super) fn steal_of_many(&self, number: usize) -> Option<Taken> {
        let many = |local: &&Local| local.len() > FEW;
        self.others(number).filter(many).find_map(Local::take)
    }

    /// Begins to watch over what others than worker `number` have. False if somebody does.
    pub(super) fn begin_watch(&self, number: usize) -> bool {
        let begins = !self.watched.swap(true, AcqRel);
        if begins {
            for local in self.others(number) {
                local.note_watched();
            }
        }
        begins
    }

    /// Ends the watch; the caller has begun it.
    pub(super) fn end_watch(&self) {
        self.watched.swap(false, AcqRel);
    }

    /// Takes something out that stands since the last look of worker `number`, who watches.
    pub(super) fn steal_standing(&self, number: usize) -> Option<Taken> {
        self.others(number).find_map(|local| {
            let stands = local.len() > 0 && local.note_watched();
            stands.then(|| local.take()).flatten()
        })
    }

    /// Whether what the caller has just put into its own queues is left to a worker that watches.
    #[inline]
    pub(super) fn is_watched(&self, own: &Local) -> bool {
        // The end of the queue was moved after the watching worker's second look, or that sees it: then this is ordered
        // after the end of the watch.
        self.watched.load(Relaxed) && own.len() <= FEW
    }

    /// Whether others than worker `number` have something.
    pub(super) fn others_have(&self, number: usize) -> bool {
        self.others(number).any(|local| local.len() > 0)
    }

    /// How much others than worker `number` have: the second look of the handshake. It knows what it has put in itself. While
    /// somebody watches, what is few is left to that one.
    pub(super) fn look(&self, number: usize) -> usize {
        let watched = self.watched.fetch_or(false, AcqRel);
        let seen = self.others(number).map(Local::look);
        seen.filter(|seen| !watched || *seen > FEW).sum()
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

    /// Takes something out: jobs and tasks in turns, as one that goes on making jobs would keep others from a task for ever.
    pub(super) fn take(&self) -> Option<Taken> {
        let job = || self.jobs.pop().ok().map(Taken::Job);
        let task = || self.tasks.pop().ok().map(Taken::Task);
        let taken = if self.job_last.load(Relaxed) == 1 {
            task().or_else(job)
        } else {
            job().or_else(task)
        }?;
        let is_job = matches!(taken, Taken::Job(_));
        self.job_last.store(usize::from(is_job), Relaxed);
        Some(taken)
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

    /// Notes how much has been taken out. Whether that is as much as at the last time.
    fn note_watched(&self) -> bool {
        let taken = self.taken();
        let before = self.watched_at.load(Relaxed);
        self.watched_at.store(taken, Relaxed);
        before == taken
    }

    /// The second look. None if there was a moment at which nothing was there: the worker may have put a task back without a
    /// wake, and then taken what was before it. That a queue is closed is no chance.
    fn look(&self) -> usize {
        self.jobs.look_for_values();
        let jobs = self.jobs.len();
        self.tasks.look_for_values();
        jobs + self.tasks.len()
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

/// Loom's proof for the second look.
#[cfg(all(test, brigade_loom))]
mod model {
    use super::*;
    use crate::prim::StdArc;
    use loom::thread;
    use std::panic::Location;

    /// The worker does in turns what it has, puts each back behind the rest without a wake, and always has something.
    #[test]
    fn a_look_does_not_miss_what_is_put_back_before_the_next_is_taken() {
        loom::model(|| {
            let job = || Task::forgotten(|| (), Location::caller());
            let locals = StdArc::new(Locals::new(2, 2));
            assert!(locals.make(0, false).put_job(job()).is_ok());
            let works = {
                let locals = StdArc::clone(&locals);
                thread::spawn(move || {
                    let own = locals.own(0).unwrap();
                    // Else loom does not try what is taken here before the first load of the other.
                    own.jobs.look_for_room();
                    assert!(own.put_job(job()).is_ok());
                    drop(own.take());
                })
            };
            assert!(locals.look(1) > 0);
            works.join().unwrap();
        });
    }
}
