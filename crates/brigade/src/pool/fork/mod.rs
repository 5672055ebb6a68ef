//! Fork and join on the workers of a pool: two closures, of which the second is run by whoever comes first.
//!
//! # A join that nobody else takes part in
//!
//! The second closure is a [`Half`] on the stack of the joiner. A worker has a few places for such halves, oldest
//! first, which only itself looks at. After the first closure the half is still there, nearly always, and the joiner runs it:
//! one store and a few comparisons, no atomic read-modify-write. When [`PLACES`] halves are in their places already,
//! there is enough for others to take, and a join is two calls.
//!
//! # A join that others take part in
//!
//! At every join a worker looks at one word that says whether anybody has nothing to do. If so it moves its oldest half,
//! which is the largest, from its place to its [`Offer`], unless something is offered already. Who has nothing to do is one
//! of two:
//!
//! - An idle worker, which waits for jobs ([`Idle`](super::idle::Idle)), and takes whatever is offered. Who offers looks
//!   at the numbers of the idle by a read-modify-write, after the offer, and wakes one unless enough are awake: as many as
//!   may take part (`hungry.rs`). The second look of the idle worker is a read-modify-write of these numbers and then a look
//!   at the offers: the handshake of `wait/README.md`.
//! - A worker that waits for its own half. It takes *parts of that half* and nothing else: it may hold a lock, and have
//!   deep frames below it, and its stack grows no deeper than the tree of joins does. Who offers wakes the joiners of
//!   what the offered half is a part of. If none of them takes it, nothing is lost: its owner does.
//!
//! # From outside
//!
//! A thread that is not of the pool runs its join itself, on the slot of a guest, and counts as one of the pool's
//! threads: as many idle workers take no part meanwhile, so that not more run than the pool has threads. A guest that leaves
//! says so in the numbers and then looks at the offers; so it, or who offers, wakes one who may take part again. Guests
//! beyond [`GUESTS`] run alone.
//!
//! # What holds
//!
//! 1. The half of a join is run, or dropped because the first closure panicked, before `join` returns or unwinds.
//!    [`Pending`] sees to it. That is why it may borrow from the caller.
//! 2. While a worker waits for a half, its own places and its own offer are empty: the older halves have been taken before,
//!    the younger are done.

mod half;
mod hungry;
#[cfg(all(test, brigade_loom))]
mod model;
mod offer;
mod wait;

use super::worker::Crew;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{MODEL, discard_panic, thread_local};
use crate::wait::{Patience, WaitQueue};
use crossbeam_utils::CachePadded;
use half::{Half, StackHalf, unwrap};
use hungry::Hungry;
use offer::Offer;
use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::ptr;

/// So many halves does a worker hold ready to be offered: more would be the smaller ones.
const PLACES: usize = 4;

/// So many threads from outside can share what they join, at the same time.
const GUESTS: usize = if MODEL { 1 } else { 16 };

/// What others see of a worker or a guest.
#[derive(Debug)]
pub(super) struct Slot {
    offer: Offer,
    /// Where it waits for a half that somebody has taken.
    waiting: WaitQueue,
}

impl Slot {
    fn new() -> Self {
        Self {
            offer: Offer::new(),
            waiting: WaitQueue::new(),
        }
    }
}

/// What the workers of a pool share to fork and join: first their slots, then those of the guests.
#[derive(Debug)]
pub(super) struct Forks {
    hungry: CachePadded<Hungry>,
    /// A bit for each guest's slot that is taken.
    guests: AtomicUsize,
    /// So many of the slots are those of workers.
    workers: usize,
    /// So many of these have been used.
    used: AtomicUsize,
    slots: Box<[CachePadded<Slot>]>,
    patience: Patience,
}

/// Half of a join that the calling thread has taken, and has to run.
#[must_use = "its joiner waits for it"]
pub(super) struct Taken(*const Half);

impl Forks {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            hungry: CachePadded::new(Hungry::new()),
            guests: AtomicUsize::new(0),
            workers,
            used: AtomicUsize::new(0),
            slots: (0..workers + GUESTS)
                .map(|_| CachePadded::new(Slot::new()))
                .collect(),
            patience: Patience::new(),
        }
    }

    /// Whether somebody would take something.
    #[inline(always)]
    fn is_hungry(&self) -> bool {
        self.hungry.is_any()
    }

    /// The slots in which something may be offered.
    fn in_use(&self) -> impl Iterator<Item = &Slot> {
        self.slots_of(self.used.load(Acquire), self.guests.load(Acquire))
    }

    /// `in_use`, for a second look. Read-modify-writes: who begins to use a slot after this sees what was done before.
    fn in_use_for_sure(&self) -> impl Iterator<Item = &Slot> {
        self.slots_of(
            self.used.fetch_add(0, AcqRel),
            self.guests.fetch_or(0, AcqRel),
        )
    }

    fn slots_of(&self, workers: usize, guests: usize) -> impl Iterator<Item = &Slot> {
        let is_taken = move |place: &usize| guests >> place & 1 != 0;
        let guests = (0..GUESTS).filter(is_taken);
        let guests = guests.map(|place| &self.slots[self.workers + place]);
        let workers = self.slots[..workers].iter();
        workers.chain(guests).map(|slot| &**slot)
    }

    /// The slot of worker `number`.
    fn slot_of(&self, number: usize) -> &Slot {
        self.used.fetch_max(number + 1, AcqRel);
        &self.slots[number]
    }

    /// The number of the worker whose slot this is.
    fn worker_at(&self, slot: *const Slot) -> Option<usize> {
        let workers = self.slots[..self.workers].iter();
        let mut slots = workers.map(|slot| &raw const **slot);
        slots.position(|other| ptr::eq(other, slot))
    }

    /// A worker has nothing to do.
    pub(super) fn idles(&self) {
        self.hungry.idles();
    }

    /// For an idle worker: something that is offered, if the guests have left anybody who may take it.
    pub(super) fn take_offered(&self) -> Option<Taken> {
        if !self.is_hungry() {
            return None;
        }
        let offered = |slot: &&Slot| !slot.offer.is_empty();
        let half = self
            .in_use()
            .filter(offered)
            .find_map(|slot| slot.offer.take());
        half.map(Taken)
    }

    /// An idle worker is about to sleep. Its second look is to follow.
    pub(super) fn sleeps(&self) {
        self.hungry.sleeps();
    }

    /// An idle worker does not sleep any more.
    pub(super) fn wakes_up(&self) {
        self.hungry.wakes_up();
    }

    /// Whether an idle worker is awake: then what has just been put in, and that worker looks at before it sleeps and after it
    /// has become busy, can be left to it.
    pub(super) fn is_one_awake(&self) -> bool {
        self.hungry.numbers().awake > 0
    }

    /// Whether workers are idle, and all of them sleep or are on the way from that. A guess.
    pub(super) fn are_asleep(&self) -> bool {
        self.hungry.are_asleep()
    }

    /// The second look of an idle worker: how much is offered.
    pub(super) fn look(&self) -> usize {
        if self.hungry.is_any_for_sure() {
            let slots = self.in_use_for_sure();
            slots.filter(|slot| !slot.offer.is_empty()).count()
        } else {
            0
        }
    }

    /// A worker that was idle, and is awake, has something to do.
    pub(super) fn works(&self) {
        self.hungry.works();
    }

    /// The number of a guest's slot, until it is given back.
    fn take_slot(&self) -> Option<usize> {
        let mut taken = self.guests.load(Relaxed);
        loop {
            let free = (!taken).trailing_zeros() as usize;
            if free >= GUESTS {
                return None;
            }
            match self
                .guests
                .compare_exchange_weak(taken, taken | 1 << free, AcqRel, Relaxed)
            {
                Ok(_) => return Some(self.workers + free),
                Err(changed) => taken = changed,
            }
        }
    }

    /// A guest leaves. Whether something is offered, which was not for the worker in whose place it has run.
    fn leave_slot(&self, slot: usize) -> bool {
        self.give_slot_back(slot);
        self.hungry.guest_leaves();
        self.in_use().any(|slot| !slot.offer.is_empty())
    }

    fn give_slot_back(&self, slot: usize) {
        let mut taken = self.guests.load(Relaxed);
        while let Err(changed) = self.guests.compare_exchange_weak(
            taken,
            taken & !(1 << (slot - self.workers)),
            AcqRel,
            Relaxed,
        ) {
            taken = changed;
        }
    }
}

thread_local! {
    /// The worker that this thread is, or plays as a guest.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's has no const form")]
    static CURRENT: Cell<*const Worker> = Cell::new(ptr::null());
}

/// A thread at work in a pool: what closures that are forked get, to fork further.
///
/// See [`Pool::join`](super::Pool::join).
pub struct Worker {
    crew: *const Crew,
    /// Its place in the crew. Null for one who offers nothing.
    slot: *const Slot,
    number: usize,
    /// The worker of another crew that this thread is, further down its stack; or null.
    outer: Cell<*const Self>,
    /// Halves by position; those from `oldest` to before `newest` are in their places, the older ones have been offered.
    places: [Cell<*const Half>; PLACES],
    oldest: Cell<usize>,
    newest: Cell<usize>,
    /// The half of somebody else that it is running.
    runs: Cell<*const Half>,
}

impl Worker {
    pub(super) fn of_crew(crew: &Crew, number: usize) -> Self {
        Self::at_slot(crew, crew.forks().slot_of(number), number)
    }

    fn guest(crew: &Crew, number: usize) -> Self {
        Self::at_slot(crew, &raw const *crew.forks().slots[number], number)
    }

    /// One whose places are all taken, by nothing: it offers nothing.
    fn alone(crew: &Crew) -> Self {
        let worker = Self::at_slot(crew, ptr::null(), usize::MAX);
        worker.newest.set(PLACES);
        worker
    }

    fn at_slot(crew: &Crew, slot: *const Slot, number: usize) -> Self {
        Self {
            crew,
            slot,
            number,
            outer: Cell::new(ptr::null()),
            places: [const { Cell::new(ptr::null()) }; PLACES],
            oldest: Cell::new(0),
            newest: Cell::new(0),
            runs: Cell::new(ptr::null()),
        }
    }

    /// Makes this the worker of the thread while `act` runs.
    pub(super) fn at_work<R>(&self, act: impl FnOnce() -> R) -> R {
        struct Restore(*const Worker);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(self.0));
            }
        }
        let outer = CURRENT.with(|current| current.replace(self));
        self.outer.set(outer);
        let _restore = Restore(outer);
        act()
    }

    /// Calls `act` with the worker of `crew` that this thread is; as a guest if it is none.
    pub(super) fn with<R>(crew: &Crew, act: impl FnOnce(&Self) -> R) -> R {
        let mut current = CURRENT.with(Cell::get);
        // SAFETY: set by a frame of this thread that holds the worker, and takes it away before it ends; so the outer
        // ones, further down the stack, are there as well.
        while let Some(worker) = unsafe { current.as_ref() } {
            if ptr::eq(worker.crew, crew) {
                return act(worker);
            }
            current = worker.outer.get();
        }
        as_guest(crew, act)
    }

    fn crew(&self) -> &Crew {
        // SAFETY: workers hold their crew for as long as they live, guests borrow the pool that does.
        unsafe { &*self.crew }
    }

    #[inline(always)]
    fn forks(&self) -> &Forks {
        // SAFETY: as above.
        unsafe { (*self.crew).forks() }
    }

    /// Runs both closures, at the same time if somebody has nothing else to do, and returns their results.
    ///
    /// The first is run here. The second is run here afterwards, unless another worker has taken it by then; so a join
    /// costs about as much as two calls. See [`Pool::join`](super::Pool::join).
    ///
    /// # Panics
    ///
    /// If a closure panics, once both are over; a second closure that nobody has begun by the time the first panics is
    /// dropped. If both panic, the first one's panic goes on.
    #[inline]
    #[track_caller]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&Self) -> RA,
        B: FnOnce(&Self) -> RB + Send,
        RB: Send,
    {
        self.join_at(a, b, Location::caller())
    }

    /// `join`, called at `site`.
    #[inline(always)]
    pub(super) fn join_at<A, B, RA, RB>(
        &self,
        a: A,
        b: B,
        site: &'static Location<'static>,
    ) -> (RA, RB)
    where
        A: FnOnce(&Self) -> RA,
        B: FnOnce(&Self) -> RB + Send,
        RB: Send,
    {
        let position = self.newest.get();
        if position - self.oldest.get() >= PLACES {
            if self.forks().is_hungry() {
                self.share();
            }
            return (a(self), b(self));
        }
        let second = StackHalf::new(b, site);
        self.places[position % PLACES].set(second.half());
        self.newest.set(position + 1);
        if self.forks().is_hungry() {
            self.share();
        }
        let pending = Pending {
            worker: self,
            second: &second,
            position,
            site,
        };
        let first = a(self);
        std::mem::forget(pending);
        if self.oldest.get() <= position {
            self.newest.set(position);
            // SAFETY: it is out of its place, and was never offered: nobody else has seen it.
            let b = unsafe { second.take() };
            return (first, b(self));
        }
        (first, self.join_offered(&second, position, site))
    }

    /// The second half of a join that has been offered.
    #[cold]
    #[inline(never)]
    fn join_offered<F: FnOnce(&Self) -> R, R>(
        &self,
        second: &StackHalf<F, R>,
        position: usize,
        site: &'static Location<'static>,
    ) -> R {
        if self.get_back(second.half(), position, site) {
            // SAFETY: taken back, so nobody else touches it.
            let b = unsafe { second.take() };
            return b(self);
        }
        // SAFETY: somebody has taken it, and it is done. This is the joiner.
        unwrap(unsafe { second.result() })
    }

    /// Takes a half back that has been offered. If somebody has taken it, waits until it is done, and returns false.
    fn get_back(
        &self,
        half: *const Half,
        position: usize,
        site: &'static Location<'static>,
    ) -> bool {
        debug_assert!(
            self.oldest.get() == position + 1 && self.newest.get() == position + 1,
            "all younger halves are done, and all older ones have been offered"
        );
        self.oldest.set(position);
        self.newest.set(position);
        // SAFETY: a slot lives as long as its crew.
        if unsafe { &*self.slot }.offer.take_back(half) {
            return true;
        }
        self.wait_for(half, site);
        false
    }

    /// Whether somebody would take what is forked next.
    #[inline]
    pub(super) fn has_takers(&self) -> bool {
        self.forks().is_hungry() && {
            // SAFETY: null, or a slot of the crew, which lives as long as that.
            let slot = unsafe { self.slot.as_ref() };
            slot.is_some_and(|slot| slot.offer.is_empty())
        }
    }

    /// Offers the oldest half, unless something is offered.
    #[cold]
    #[inline(never)]
    fn share(&self) {
        // SAFETY: null, or a slot of the crew, which lives as long as that.
        let Some(slot) = (unsafe { self.slot.as_ref() }) else {
            return;
        };
        let oldest = self.oldest.get();
        if oldest == self.newest.get() || !slot.offer.is_empty() {
            return;
        }
        let half = self.places[oldest % PLACES].get();
        self.oldest.set(oldest + 1);
        // SAFETY: its join, a frame below, waits for this call.
        unsafe { (*half).describe(slot, self.runs.get()) };
        slot.offer.put(half);
        let numbers = self.forks().hungry.numbers();
        if numbers.idle <= 0 {
            self.tell_joiners();
        } else if numbers.is_one_to_wake() {
            self.crew().agenda().wake_idle();
        }
    }

    /// Wakes one who waits for what is being run, or for what that is a part of.
    fn tell_joiners(&self) {
        let mut half = self.runs.get();
        while !half.is_null() {
            // SAFETY: it is being run here, or what is being run is a part of it: it is not done, hence in place; and
            // slots live as long as the crew.
            unsafe {
                if (*(*half).joiner()).waiting.wake_one().is_some() {
                    return;
                }
                half = (*half).part_of();
            }
        }
    }

    /// Runs a half that this thread has taken.
    pub(super) fn run_half(&self, half: Taken) {
        self.run_taken(half.0);
    }

    fn run_taken(&self, half: *const Half) {
        debug_assert!(
            self.oldest.get() == self.newest.get(),
            "who runs for others has nothing in its places"
        );
        let outer = self.runs.replace(half);
        // SAFETY: taken, and so in place until it is done.
        let site = unsafe { (*half).site() };
        self.crew().note_running(site, self.number, || {
            // SAFETY: taken.
            unsafe { Half::run_taken(half, self) };
        });
        self.runs.set(outer);
    }

    /// The workers of its crew that cannot go on before what this one runs is over: they wait for a half that it is, or is
    /// a part of.
    fn waited_for_by(&self) -> Vec<usize> {
        let mut waiting = Vec::new();
        let mut half = self.runs.get();
        while !half.is_null() {
            // SAFETY: it is being run here, or what is being run is a part of it: it is not done, hence in place.
            let (joiner, part_of) = unsafe { ((*half).joiner(), (*half).part_of()) };
            waiting.extend(self.forks().worker_at(joiner));
            half = part_of;
        }
        waiting
    }

    /// The workers of `crew` that cannot go on before the calling thread does.
    pub(super) fn held_up_by_this_thread(crew: &Crew) -> Vec<usize> {
        let mut held_up: Vec<_> = crew.own_number().into_iter().collect();
        let mut current = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
        // SAFETY: as in `with`.
        while let Some(worker) = unsafe { current.as_ref() } {
            if ptr::eq(worker.crew, crew) {
                held_up.extend(worker.waited_for_by());
            }
            current = worker.outer.get();
        }
        held_up.sort_unstable();
        held_up.dedup();
        held_up
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// Plays a worker while `act` runs.
#[cold]
#[inline(never)]
fn as_guest<R>(crew: &Crew, act: impl FnOnce(&Worker) -> R) -> R {
    struct Leave<'a> {
        crew: &'a Crew,
        slot: usize,
    }
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            if self.crew.forks().leave_slot(self.slot) {
                self.crew.agenda().wake_idle();
            }
        }
    }
    let forks = crew.forks();
    let Some(slot) = forks.take_slot() else {
        let worker = Worker::alone(crew);
        return worker.at_work(|| act(&worker));
    };
    forks.hungry.guest_comes();
    let _leave = Leave { crew, slot };
    let worker = Worker::guest(crew, slot);
    worker.at_work(|| act(&worker))
}

/// A join whose first closure is running. Dropped if that panics.
struct Pending<'a, F: FnOnce(&Worker) -> R, R> {
    worker: &'a Worker,
    second: &'a StackHalf<F, R>,
    position: usize,
    site: &'static Location<'static>,
}

impl<F: FnOnce(&Worker) -> R, R> Drop for Pending<'_, F, R> {
    fn drop(&mut self) {
        let worker = self.worker;
        let ours = if worker.oldest.get() <= self.position {
            worker.newest.set(self.position);
            true
        } else {
            worker.get_back(self.second.half(), self.position, self.site)
        };
        // Both are the application's, and may panic in their drops; one panic is under way.
        if ours {
            // SAFETY: out of its place or taken back: nobody else touches it.
            let b = unsafe { self.second.take() };
            discard_panic(|| drop(b));
        } else {
            // SAFETY: done, and this is the joiner.
            let result = unsafe { self.second.result() };
            discard_panic(|| drop(result));
        }
    }
}
