//! Deadlines of tasks, and the instants that channels wait for: one thread, started with the first of them,
//! calls a waker in time.
//!
//! It needs no runtime, and costs nothing while no deadline is near: it sleeps until the earliest.
//! A timer that is set lives inside its owner, such as a future, as a node of a pairing heap (Fredman,
//! Sedgewick, Sleator and Tarjan, "The pairing heap", 1986): setting one allocates nothing and takes
//! constant time, taking one out before its time is logarithmic, amortised.
//!
//! It only wakes. Whether the deadline has passed is the waiter's own look at the clock, so a wake
//! that comes early, late or twice does no harm.

use crate::prim::Ordering::Relaxed;
use crate::prim::{Lock, Parker, PlainAtomicU8, PlainUnsafeCell, clock, discard_panic, thread};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr;
use std::task::Waker;
use std::time::Instant;

/// Wakers called between two looks at the heap.
const BATCH: usize = 16;

static TIMERS: Lock<Timers> = Lock::new(Timers {
    root: ptr::null(),
    keeper: Keeper::NotStarted,
});

struct Timers {
    root: *const Timer,
    keeper: Keeper,
}

/// The thread that keeps the time.
enum Keeper {
    NotStarted,
    Starting,
    /// Its waker: for one who sets a timer that is earlier than all others.
    Running(Waker),
}

// SAFETY: the pointers are only followed under the lock, to timers that are pinned and that leave
// the heap before they are freed (`Timer::drop`).
unsafe impl Send for Timers {}

/// A place in the heap, owned by a future or by what is waited for.
#[derive(Debug)]
pub(crate) struct Timer {
    /// Whether it was ever set. Spares those the lock that were not.
    used: PlainAtomicU8,
    /// Guarded by the lock of `TIMERS`.
    entry: PlainUnsafeCell<Entry>,
    _pinned: PhantomPinned,
}

#[derive(Debug)]
struct Entry {
    /// Set while the timer is in the heap.
    deadline: Option<Instant>,
    waker: Option<Waker>,
    child: *const Timer,
    sibling: *const Timer,
    /// The sibling before, or the parent of the first child.
    previous: *const Timer,
}

// SAFETY: the entry is read and written under the lock of `TIMERS` only; `Waker` is Send and Sync.
unsafe impl Send for Timer {}
// SAFETY: as above.
unsafe impl Sync for Timer {}

impl Timer {
    pub(crate) const fn new() -> Self {
        Self {
            used: PlainAtomicU8::new(0),
            entry: PlainUnsafeCell::new(Entry {
                deadline: None,
                waker: None,
                child: ptr::null(),
                sibling: ptr::null(),
                previous: ptr::null(),
            }),
            _pinned: PhantomPinned,
        }
    }

    /// Has `waker` called at `deadline`, once. Setting it again replaces both.
    pub(crate) fn set(self: Pin<&Self>, deadline: Instant, waker: &Waker) {
        let this: *const Timer = &raw const *self;
        self.used.store(1, Relaxed);
        // Cloning and dropping a waker is the application's code: outside the lock.
        let fresh = waker.clone();
        let mut timers = TIMERS.lock();
        // SAFETY: the lock is held.
        let entry = unsafe { &mut *self.entry.get() };
        let stale = entry.waker.replace(fresh);
        let moved = entry.deadline != Some(deadline);
        if moved {
            if entry.deadline.is_some() {
                // SAFETY: the lock is held and the timer is in the heap.
                timers.root = unsafe { heap::remove(timers.root, this) };
            }
            // SAFETY: the lock is held; the timer is in no heap now, and stays in place until its
            // drop has taken it out.
            unsafe {
                (*self.entry.get()).deadline = Some(deadline);
                timers.root = heap::meld(timers.root, this);
            }
        }
        let call = if moved {
            timers.call_keeper(this)
        } else {
            Call::Nobody
        };
        drop(timers);
        match call {
            Call::Nobody => {}
            Call::Wake(keeper) => keeper.wake(),
            Call::Start => start_keeper(),
        }
        discard_panic(|| drop(stale));
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.used.load(Relaxed) == 0 {
            return;
        }
        let this: *const Timer = self;
        let mut timers = TIMERS.lock();
        // SAFETY: the lock is held.
        let entry = unsafe { &mut *self.entry.get() };
        let waker = entry.waker.take();
        if entry.deadline.is_some() {
            // SAFETY: the lock is held and the timer is in the heap.
            timers.root = unsafe { heap::remove(timers.root, this) };
        }
        drop(timers);
        discard_panic(|| drop(waker));
    }
}

/// What one who has set a timer must do once the lock is released.
enum Call {
    Nobody,
    Wake(Waker),
    Start,
}

impl Timers {
    fn call_keeper(&mut self, set: *const Timer) -> Call {
        match &self.keeper {
            Keeper::NotStarted => {
                self.keeper = Keeper::Starting;
                Call::Start
            }
            // The keeper's waker is ours, so cloning it here runs no code of the application.
            Keeper::Running(waker) if self.root == set => Call::Wake(waker.clone()),
            Keeper::Starting | Keeper::Running(_) => Call::Nobody,
        }
    }

    /// Takes out whatever there is.
    fn take_all(&mut self, taken: &mut Vec<Waker>) {
        while !self.root.is_null() {
            // SAFETY: in the heap, hence alive, and `&mut self` is the lock.
            taken.extend(unsafe { &mut *(*self.root).entry.get() }.waker.take());
            // SAFETY: as above.
            self.root = unsafe { heap::remove(self.root, self.root) };
        }
    }

    /// Takes out what is due, up to a batch. Returns when to look again.
    fn take_due(&mut self, due: &mut Vec<Waker>) -> Option<Instant> {
        let now = clock::now();
        while !self.root.is_null() && due.len() < BATCH {
            // SAFETY: in the heap, hence alive, and `&mut self` is the lock.
            let entry = unsafe { &mut *(*self.root).entry.get() };
            match entry.deadline {
                Some(at) if at > now => return Some(at),
                _ => {
                    due.extend(entry.waker.take());
                    // SAFETY: as above.
                    self.root = unsafe { heap::remove(self.root, self.root) };
                }
            }
        }
        if self.root.is_null() { None } else { Some(now) }
    }
}

fn start_keeper() {
    if thread::spawn(Some("brigade-timer".into()), None, keep_time).is_ok() {
        return;
    }
    // The system refuses a thread. So the waiters keep their own time, by setting their timers again and
    // again; one of them may have more luck.
    let mut wakers = Vec::new();
    {
        let mut timers = TIMERS.lock();
        timers.keeper = Keeper::NotStarted;
        timers.take_all(&mut wakers);
    }
    for waker in wakers {
        discard_panic(|| waker.wake());
    }
}

/// The body of the thread. It lives as long as the process.
fn keep_time() {
    Parker::with_current(|parker, waker| {
        TIMERS.lock().keeper = Keeper::Running(waker.clone());
        let mut due = Vec::with_capacity(BATCH);
        loop {
            let next = TIMERS.lock().take_due(&mut due);
            if due.is_empty() {
                parker.park(next);
            }
            for waker in due.drain(..) {
                // The time goes on even if a waker panics.
                discard_panic(|| waker.wake());
            }
        }
    });
}

/// The pairing heap. Every function needs the lock, and timers that are alive.
mod heap {
    use super::{Entry, Timer};
    use std::{mem, ptr};

    /// # Safety
    ///
    /// The lock is held and the timer alive; no other reference to its entry is in use.
    unsafe fn entry<'a>(timer: *const Timer) -> &'a mut Entry {
        // SAFETY: by the contract.
        unsafe { &mut *(*timer).entry.get() }
    }

    /// Makes one heap of two; returns its root.
    ///
    /// # Safety
    ///
    /// The lock is held; `a` and `b` are roots (or null) of different heaps of live timers.
    pub(super) unsafe fn meld(a: *const Timer, b: *const Timer) -> *const Timer {
        if a.is_null() {
            return b;
        }
        if b.is_null() {
            return a;
        }
        // SAFETY: both are alive, and the references end with the statement.
        let (root, child) = if unsafe { entry(b).deadline < entry(a).deadline } {
            (b, a)
        } else {
            (a, b)
        };
        // SAFETY: alive; one entry at a time.
        let first = mem::replace(unsafe { &mut entry(root).child }, child);
        // SAFETY: as above.
        let under = unsafe { entry(child) };
        under.sibling = first;
        under.previous = root;
        if !first.is_null() {
            // SAFETY: as above.
            unsafe { entry(first) }.previous = child;
        }
        root
    }

    /// Takes `timer` out of the heap; returns the new root.
    ///
    /// # Safety
    ///
    /// The lock is held and `timer` is in the heap whose root is `root`.
    pub(super) unsafe fn remove(root: *const Timer, timer: *const Timer) -> *const Timer {
        // SAFETY: by the contract, here and below; one entry at a time.
        let own = unsafe { entry(timer) };
        own.deadline = None;
        let child = mem::replace(&mut own.child, ptr::null());
        let sibling = mem::replace(&mut own.sibling, ptr::null());
        let previous = mem::replace(&mut own.previous, ptr::null());
        // SAFETY: the children are whole heaps of live timers.
        let orphans = unsafe { meld_siblings(child) };
        if timer == root {
            return orphans;
        }
        // SAFETY: as above.
        let before = unsafe { entry(previous) };
        if before.child == timer {
            before.child = sibling;
        } else {
            before.sibling = sibling;
        }
        if !sibling.is_null() {
            // SAFETY: as above.
            unsafe { entry(sibling) }.previous = previous;
        }
        // SAFETY: both are roots now.
        unsafe { meld(root, orphans) }
    }

    /// Makes one heap of a row of siblings: in pairs from the left, then all from the right.
    ///
    /// # Safety
    ///
    /// The lock is held; `next` is null or the first of a row of live siblings.
    unsafe fn meld_siblings(mut next: *const Timer) -> *const Timer {
        /// Cuts the first off the row; returns it and the rest.
        ///
        /// # Safety
        ///
        /// As for `meld_siblings`.
        unsafe fn cut(first: *const Timer) -> (*const Timer, *const Timer) {
            if first.is_null() {
                return (first, first);
            }
            // SAFETY: by the contract.
            let own = unsafe { entry(first) };
            own.previous = ptr::null();
            (first, mem::replace(&mut own.sibling, ptr::null()))
        }

        let mut pairs: *const Timer = ptr::null();
        while !next.is_null() {
            // SAFETY: a row of live siblings, here and below.
            let (a, rest) = unsafe { cut(next) };
            // SAFETY: as above.
            let (b, rest) = unsafe { cut(rest) };
            next = rest;
            // SAFETY: both have been cut off and are roots.
            let pair = unsafe { meld(a, b) };
            // SAFETY: a live root has no siblings; the field serves as the link of this list.
            unsafe { entry(pair) }.sibling = pairs;
            pairs = pair;
        }
        let mut root: *const Timer = ptr::null();
        while !pairs.is_null() {
            // SAFETY: the list made above.
            let (pair, rest) = unsafe { cut(pairs) };
            pairs = rest;
            // SAFETY: both are roots.
            root = unsafe { meld(root, pair) };
        }
        root
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Sets `order` as deadlines, removes every `skip`-th again, and returns what comes out.
    fn drained(order: &[u64], removed: &[usize]) -> Vec<u64> {
        let start = clock::now();
        let timers: Vec<_> = order.iter().map(|_| Box::pin(Timer::new())).collect();
        let mut root = ptr::null();
        for (timer, &at) in timers.iter().zip(order) {
            // SAFETY: boxed and pinned; this heap is this test's own, so no lock guards it.
            unsafe {
                (*timer.entry.get()).deadline = Some(start + Duration::from_nanos(at));
                root = heap::meld(root, &raw const **timer);
            }
        }
        for &at in removed {
            // SAFETY: as above, and in the heap.
            root = unsafe { heap::remove(root, &raw const *timers[at]) };
        }
        let mut out = Vec::new();
        while !root.is_null() {
            // SAFETY: as above.
            let due = unsafe { (*(*root).entry.get()).deadline };
            out.push((due.expect("in the heap") - start).as_nanos() as u64);
            // SAFETY: as above.
            root = unsafe { heap::remove(root, root) };
        }
        out
    }

    #[test]
    fn timers_come_out_in_the_order_of_their_deadlines() {
        let mut order: Vec<u64> = (0..500).map(|n| n * 7919 % 503).collect();
        let out = drained(&order, &[]);
        order.sort_unstable();
        assert_eq!(out, order);
    }

    #[test]
    fn timers_can_be_taken_out_from_any_place() {
        let order: Vec<u64> = (0..200).map(|n| n * 7919 % 211).collect();
        let removed: Vec<usize> = (0..200).filter(|at| at % 3 != 0).collect();
        let mut left: Vec<u64> = order
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 3 == 0)
            .map(|(_, &due)| due)
            .collect();
        left.sort_unstable();
        assert_eq!(drained(&order, &removed), left);
    }
}
