//! What all tasks have in common, whatever their future is: the word, the shares of the memory, the waker.
//!
//! One word has both the state and the number of shares, since most steps change both: who is woken gives its share to
//! the queue, who lets go of a task that waits gives its own back. The states are in the module; the shares are these.
//!
//! | whose share | from | until |
//! |---|---|---|
//! | the handle | the spawn | it has the result, or is dropped |
//! | life | the spawn | the task is over. While it is listed, the list has this one |
//! | who runs it | the spawn: the queue it is put into | it waits, or is over |
//! | a waker | it is cloned | it is dropped. Or it wakes the task, and the queue gets it |
//!
//! So a task that is not over is never freed, and what is freed has neither a future nor a result any more. Every step that
//! takes a share away releases, and who frees acquires what all of them have released.
//!
//! It does not know how a future is polled, nor how workers learn that a task is ready.

use crate::pool::worker::Crew;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{Arc, PlainAtomicUsize};
use crate::wait::WaitQueue;
use std::mem::{self, ManuallyDrop};
use std::panic::Location;
use std::process;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

type Site = &'static Location<'static>;

const READY: usize = 1;
const RUNNING: usize = 1 << 1;
const OVER: usize = 1 << 2;
const CANCELLED: usize = 1 << 3;
const DETACHED: usize = 1 << 4;
/// One share. All bits above are their number.
const SHARE: usize = 1 << 5;
/// Those of the handle, of life and of the queue.
const AT_FIRST: usize = 3;

/// The place of a task that is not in the list.
const NOWHERE: usize = usize::MAX;

/// The first part of every task.
pub(super) struct Header {
    word: AtomicUsize,
    waiting: WaitQueue,
    crew: CrewShare,
    site: Site,
    /// Where it is in the list. Written by who runs it.
    place: PlainAtomicUsize,
    kind: &'static Kind,
}

/// What depends on the future.
pub(super) struct Kind {
    /// As [`Task::run`]. The task is of this kind.
    pub(super) run: unsafe fn(Task) -> Option<Task>,
    /// Drops the result. The task is of this kind and over, and the caller is the only one to touch the result.
    pub(super) drop_result: unsafe fn(&Task),
    /// Frees the memory. The task is of this kind, and nobody has a share any more.
    pub(super) free: unsafe fn(NonNull<Header>),
}

/// A share of the crew, from those that the thread has at hand if it is one of the crew.
struct CrewShare(ManuallyDrop<Arc<Crew>>);

impl Drop for CrewShare {
    fn drop(&mut self) {
        // SAFETY: not used after this.
        Crew::give_back(unsafe { ManuallyDrop::take(&mut self.0) });
    }
}

/// A share of a task, whatever its future is.
pub(in crate::pool) struct Task(NonNull<Header>);

// SAFETY: `Cell::spawn` takes futures and outputs that are Send alone, and the word says who may touch them (module).
unsafe impl Send for Task {}
// SAFETY: as above; no reference to either is ever shared.
unsafe impl Sync for Task {}

/// What becomes of a task that its runner lets go of.
pub(super) enum LetGo {
    Waits,
    /// It was woken meanwhile.
    Ready(Task),
    /// It has been cancelled, and is still the runner's.
    Cancelled(Task),
}

impl Header {
    /// Of a task that is ready and in no queue.
    pub(super) fn new(crew: &Arc<Crew>, site: Site, kind: &'static Kind) -> Self {
        Self {
            word: AtomicUsize::new(READY | (AT_FIRST * SHARE)),
            waiting: WaitQueue::new(),
            crew: CrewShare(ManuallyDrop::new(Crew::share(crew))),
            site,
            place: PlainAtomicUsize::new(NOWHERE),
            kind,
        }
    }
}

impl Task {
    /// A share for each of the handle and the queue; the third is life's.
    ///
    /// # Safety
    ///
    /// It points to the header of a task that was just made, with the provenance of all of it.
    pub(super) unsafe fn first_shares(of: NonNull<Header>) -> (Self, Self) {
        (Self(of), Self(of))
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: there while anybody has a share.
        unsafe { self.0.as_ref() }
    }

    #[inline(always)]
    fn word(&self) -> &AtomicUsize {
        &self.header().word
    }

    /// Where the task is.
    #[inline(always)]
    pub(super) fn address(&self) -> NonNull<Header> {
        self.0
    }

    pub(super) fn waiting(&self) -> &WaitQueue {
        &self.header().waiting
    }

    #[inline(always)]
    pub(super) fn crew(&self) -> &Arc<Crew> {
        &self.header().crew.0
    }

    /// Where it was spawned.
    pub(in crate::pool) fn site(&self) -> Site {
        self.header().site
    }

    /// Polls the future once, or drops it if it is cancelled. Does nothing if somebody else has it. Returns the task if it
    /// was woken meanwhile: the caller puts it back into the queue.
    #[must_use = "nobody else puts it back"]
    #[inline]
    pub(in crate::pool) fn run(self) -> Option<Self> {
        // SAFETY: it is the task's own kind.
        unsafe { (self.header().kind.run)(self) }
    }

    /// Another share.
    pub(in crate::pool) fn share(&self) -> Self {
        let before = self.word().fetch_add(SHARE, Relaxed);
        if before > usize::MAX / 2 {
            // Only wakers that are forgotten can be so many. As for `Arc`: no error could be given to anybody.
            process::abort();
        }
        Self(self.0)
    }

    /// The share of life.
    ///
    /// # Safety
    ///
    /// Only who runs the task calls this, once; and gives it to the list, or gives it back at the end.
    pub(super) unsafe fn life(&self) -> Self {
        Self(self.0)
    }

    /// Gives this share back, and that of life.
    pub(super) fn release_with(self, life: Self) {
        mem::forget(life);
        ManuallyDrop::new(self).release(2);
    }

    #[inline]
    fn release(&self, shares: usize) {
        // If there are no others, nobody is left to change the word.
        let is_last = self.word().load(Acquire) / SHARE == shares
            || self.word().fetch_sub(shares * SHARE, AcqRel) / SHARE == shares;
        if is_last {
            // SAFETY: it is the task's own kind, and these were the last shares.
            unsafe { (self.header().kind.free)(self.0) };
        }
    }

    /// Gets it to `RUNNING`, if it is nobody else's. Whether it has been cancelled.
    pub(super) fn claim(&self) -> Option<bool> {
        let mut word = self.word().load(Relaxed);
        while word & (RUNNING | OVER) == 0 {
            let running = word & !READY | RUNNING;
            match self.word().compare_exchange(word, running, AcqRel, Relaxed) {
                Ok(_) => return Some(word & CANCELLED != 0),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Lets go of a future that has been polled; of the share as well if it waits.
    pub(super) fn let_go(self) -> LetGo {
        let mut word = self.word().load(Relaxed);
        while word & CANCELLED == 0 {
            let is_ready = word & READY != 0;
            let idle = word & !RUNNING;
            let to = if is_ready { idle } else { idle - SHARE };
            match self.word().compare_exchange(word, to, AcqRel, Relaxed) {
                Ok(_) if is_ready => return LetGo::Ready(self),
                Ok(_) => {
                    // It was not the last: life has one.
                    mem::forget(self);
                    return LetGo::Waits;
                }
                Err(now) => word = now,
            }
        }
        LetGo::Cancelled(self)
    }

    /// Whether it has been woken since it runs. A guess.
    pub(super) fn may_be_ready(&self) -> bool {
        self.word().load(Relaxed) & READY != 0
    }

    /// Says that what came of it is there. Whether nobody will take that: then the caller drops it.
    pub(super) fn set_over(&self) -> bool {
        self.word().fetch_or(OVER, AcqRel) & DETACHED != 0
    }

    /// Whether it waits for somebody to poll it. A guess.
    pub(super) fn is_queued(&self) -> bool {
        self.word().load(Relaxed) & (READY | RUNNING) == READY
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.word().load(Acquire) & OVER != 0
    }

    /// The same, as the second look of the handshake.
    pub(super) fn look_whether_over(&self) -> bool {
        self.word().fetch_add(0, AcqRel) & OVER != 0
    }

    /// The handle is gone: nobody will take the result.
    pub(super) fn detach(self) {
        let mut word = self.word().load(Acquire);
        while word & OVER == 0 {
            let to = (word | DETACHED) - SHARE;
            match self.word().compare_exchange(word, to, AcqRel, Acquire) {
                Ok(_) => {
                    // It was not the last: life has one.
                    mem::forget(self);
                    return;
                }
                Err(now) => word = now,
            }
        }
        // SAFETY: it is the task's own kind, and over; who ran it has not seen `DETACHED`, and leaves the result to us.
        unsafe { (self.header().kind.drop_result)(&self) };
    }

    /// Has the future dropped instead of polled, by whoever runs it next. Wakes nobody.
    pub(in crate::pool) fn condemn(&self) {
        self.word().fetch_or(CANCELLED, AcqRel);
    }

    /// Has the future dropped at the next chance.
    pub(super) fn cancel(&self) {
        self.make_ready(CANCELLED);
    }

    /// Drops the future here and now, if it is to be dropped and nobody has it.
    pub(super) fn drop_condemned(&self) {
        if self.word().load(Relaxed) & CANCELLED != 0 {
            let again = self.share().run();
            debug_assert!(again.is_none(), "what is condemned is not polled");
        }
    }

    /// Its place in the list, if it is there.
    pub(super) fn place(&self) -> Option<usize> {
        Some(self.header().place.load(Relaxed)).filter(|place| *place != NOWHERE)
    }

    /// Notes its place in the list. Who runs it calls this; it is read by who runs it, or puts it into a queue, after that.
    pub(super) fn set_place(&self, place: usize) {
        self.header().place.store(place, Relaxed);
    }

    /// The waker of this share, which stays the caller's.
    #[inline]
    pub(super) fn waker(&self) -> ManuallyDrop<Waker> {
        // SAFETY: the functions are those for the header of a task, and keep what wakers promise (below).
        ManuallyDrop::new(unsafe { Waker::from_raw(self.raw_waker()) })
    }

    fn raw_waker(&self) -> RawWaker {
        RawWaker::new(self.0.as_ptr().cast_const().cast(), &WAKER)
    }

    /// Wakes the task with this share, which the queue gets if the task waits.
    fn wake(self) {
        let mut word = self.word().load(Relaxed);
        loop {
            if word & OVER != 0 {
                return;
            }
            let waits = word & (READY | RUNNING) == 0;
            // The queue or the runner has a share beside this one.
            let to = (word | READY) - if waits { 0 } else { SHARE };
            match self.word().compare_exchange(word, to, AcqRel, Relaxed) {
                Ok(_) if waits => return self.put(),
                Ok(_) => return mem::forget(self),
                Err(now) => word = now,
            }
        }
    }

    /// Puts this share into the queue. The task may be over before an idle worker is called for it, and with it the crew.
    fn put(self) {
        Crew::of_this_thread(|crew| match crew {
            // The usual case: the thread has a share of the crew.
            Some((crew, number)) if Arc::ptr_eq(crew, self.crew()) => {
                crew.agenda().put(self, Some(number));
            }
            _ => {
                let keeps = self.share();
                keeps.crew().agenda().put(self, None);
            }
        });
    }

    /// Makes the task ready, with `bits` set beside, unless it is over; and puts it into the queue if it waits. The caller's
    /// share keeps the crew.
    fn make_ready(&self, bits: usize) {
        let mut word = self.word().load(Relaxed);
        while word & OVER == 0 {
            let waits = word & (READY | RUNNING) == 0;
            let to = (word | READY | bits) + if waits { SHARE } else { 0 };
            match self.word().compare_exchange(word, to, AcqRel, Relaxed) {
                Ok(_) if waits => {
                    let worker = self.crew().own_number();
                    return self.crew().agenda().put(Self(self.0), worker);
                }
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        self.release(1);
    }
}

/// What a waker's data is: a share that is not dropped with it.
///
/// # Safety
///
/// `data` is that of a waker of `Task::raw_waker`, which has a share.
unsafe fn of_waker(data: *const ()) -> ManuallyDrop<Task> {
    // SAFETY: made from a pointer that is not null, by the contract.
    let header = unsafe { NonNull::new_unchecked(data.cast_mut().cast()) };
    ManuallyDrop::new(Task(header))
}

static WAKER: RawWakerVTable = RawWakerVTable::new(
    // SAFETY: in all four, the caller is a waker, which has `data` from `raw_waker`, and a share.
    |data| ManuallyDrop::new(unsafe { of_waker(data) }.share()).raw_waker(),
    // SAFETY: as above; the share is the waker's to give.
    |data| ManuallyDrop::into_inner(unsafe { of_waker(data) }).wake(),
    // SAFETY: as above.
    |data| unsafe { of_waker(data) }.make_ready(0),
    // SAFETY: as above; the share is the waker's to give.
    |data| drop(ManuallyDrop::into_inner(unsafe { of_waker(data) })),
);
