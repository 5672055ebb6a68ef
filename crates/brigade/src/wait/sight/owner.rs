//! With the feature `sight`: who has which lock.
//!
//! A lock has a record, with a slot for the one who has it alone and a few for those who share it. To take a slot is to
//! store who and where; nobody waits for it, and what does not fit is not seen. Records are never freed, but used
//! again: a wait that is listed may be that of a future which has been forgotten, and what it waited for may be gone.
//! What is then read is somebody else's record, and at worst a circle is seen that a forgotten future is part of.
//! A thread is known by its number. A task is known by the data of the waker that it is polled with, while one of our
//! futures is being polled; if the waker has none, it is nobody. So what a task has awaited, be it as an arm of a select,
//! is the task's, and stays so if the guard is exchanged for one of another kind. What it has taken by a plain method is
//! the thread's. `order.rs` says what can come of that.
//!
//! A slot is let go of by the [`Seat`] that the guard keeps, not by who lets go: a guard is dropped while none of our
//! futures is being polled.
//!
//! What comes of the order in which locks are taken is said in `order.rs`; what is taken by `take` has no part in it.

use super::order::{self, Asks, Entry, Holds, WATCHED};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::{Lock, PlainAtomicUsize, const_new, thread};
use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::task::Context;

/// Nobody, or somebody who is not known.
const NOBODY: usize = 0;
/// Set in the identity of a task.
const TASK: usize = 1;
/// Somebody is about to write into the slot. No task has it: those have more than the mark.
const CLAIMED: usize = TASK;
/// A task that is not known is being polled. What it does, nobody has done, neither it nor the thread.
const UNKNOWN: usize = TASK;

std::thread_local! {
    /// The task whose future is being polled on this thread.
    static POLLED: Cell<usize> = const { Cell::new(NOBODY) };
}

/// Who has a lock. See [`Waiter::held_by`](crate::wait::Waiter::held_by).
///
/// Without the cargo feature `sight` there is none.
#[derive(Clone, Debug)]
pub struct Holder {
    pub(super) who: usize,
    site: &'static Location<'static>,
    /// Whether it shares with others.
    shares: bool,
}

impl Holder {
    /// The line of the program that has locked.
    #[must_use]
    pub fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// Whether it is a task; else it is a thread.
    #[must_use]
    pub fn is_task(&self) -> bool {
        self.who & TASK != 0
    }

    pub(super) fn is_alone(&self) -> bool {
        !self.shares
    }
}

/// Where something was locked, and in which manner it was waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    line: &'static Location<'static>,
    manner: Manner,
}

#[derive(Clone, Copy, Debug)]
enum Manner {
    Waits,
    /// It does not wait, or not for ever.
    Passes,
    Again,
    Upgrades,
}

impl From<&'static Location<'static>> for Site {
    #[inline(always)]
    fn from(line: &'static Location<'static>) -> Self {
        Self {
            line,
            manner: Manner::Waits,
        }
    }
}

impl Site {
    /// For one who does not wait for ever.
    #[inline]
    pub(crate) fn passing(self) -> Self {
        Self {
            manner: Manner::Passes,
            ..self
        }
    }

    /// For one who shares a lock already, and is not held up by who waits to have it alone.
    #[inline]
    pub(crate) fn again(self) -> Self {
        self.waiting(Manner::Again)
    }

    /// For one who has the lock upgradable, and wants it alone.
    #[inline]
    pub(crate) fn upgrading(self) -> Self {
        self.waiting(Manner::Upgrades)
    }

    fn waiting(self, as_one: Manner) -> Self {
        match self.manner {
            Manner::Passes => self,
            _ => Self {
                manner: as_one,
                ..self
            },
        }
    }

    /// What was asked for by one who waits, and then holds it like this.
    #[inline]
    fn asks(self, holds: Holds) -> Option<Asks> {
        Some(match (self.manner, holds) {
            (Manner::Passes, _) => return None,
            (Manner::Upgrades, _) => Asks::Upgrade,
            (Manner::Again, _) => Asks::Again,
            (Manner::Waits, Holds::Alone) => Asks::Alone,
            (Manner::Waits, Holds::Upgradable) => Asks::Upgradable,
            (Manner::Waits, Holds::Shared) => Asks::Shared,
        })
    }
}

/// A thread or a task, if it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner(usize);

impl Owner {
    /// This thread, or the task that is being polled on it.
    #[inline]
    pub(crate) fn this() -> Self {
        Self(match POLLED.get() {
            NOBODY => thread::number() << 1,
            UNKNOWN => NOBODY,
            task => task,
        })
    }
}

/// Where it is noted that somebody has a lock: for the guard to keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat(u8);

impl Seat {
    /// Of one who does not share it.
    const ALONE: Self = Self(0);
    /// Of one who shares it and is not seen.
    const UNSEEN: Self = Self(u8::MAX);
}

/// Who has a lock: one alone, and up to `N - 1` who share it.
#[derive(Debug)]
pub(crate) struct Owners<const N: usize> {
    /// The address of its record; 0 until it is first needed.
    record: PlainAtomicUsize,
}

/// The slots of a lock, whatever its kind.
#[derive(Debug)]
pub(super) struct Record {
    slots: [Slot; SLOTS],
    /// The number of the lock; no other has ever had it.
    lock: PlainAtomicUsize,
    /// 1 if somebody has waited to have it alone with nothing else in hand, or if nobody shares it.
    written: PlainAtomicUsize,
    /// 1 if it may be in the graph of the order.
    ordered: PlainAtomicUsize,
}

/// How many locks have had a record.
static LOCKS: PlainAtomicUsize = PlainAtomicUsize::new(0);

/// So many can be seen to have a lock.
const SLOTS: usize = 9;

/// The records of locks that are gone.
static FREE: Lock<Vec<&'static Record>> = Lock::new(Vec::new());

/// Who has it and where it was taken; the latter as the address of a `Location`.
#[derive(Debug)]
struct Slot {
    who: PlainAtomicUsize,
    site: PlainAtomicUsize,
}

impl Slot {
    #[inline]
    fn fill(&self, Owner(who): Owner, site: Site) {
        self.site
            .store(ptr::from_ref(site.line).expose_provenance(), Relaxed);
        self.who.store(who, Release);
    }

    fn holder(&self, shares: bool) -> Option<Holder> {
        let who = self.who.load(Acquire);
        let site = self.site.load(Relaxed);
        if who == NOBODY || who == CLAIMED || self.who.load(Acquire) != who {
            return None;
        }
        // SAFETY: whoever has stored `who`, which is neither nobody nor a claim, has stored the address of a `Location`
        // that lives for ever before, and nothing else is ever stored from then on.
        let site = unsafe { &*ptr::with_exposed_provenance::<Location<'static>>(site) };
        Some(Holder { who, site, shares })
    }
}

impl<const N: usize> Owners<N> {
    const_new! {
        pub(crate) fn new() -> Self {
            const { assert!(N <= SLOTS, "a record has room for them") };
            Self { record: PlainAtomicUsize::new(0) }
        }
    }

    #[inline]
    fn record(&self) -> &'static Record {
        match self.record.load(Acquire) {
            0 => self.new_record(),
            // SAFETY: only addresses of records are stored, and they live for ever.
            record => unsafe { &*ptr::with_exposed_provenance::<Record>(record) },
        }
    }

    #[cold]
    fn new_record(&self) -> &'static Record {
        let free = FREE.lock().pop();
        let record = free.unwrap_or_else(|| Box::leak(Box::new(Record::new())));
        record.begin(N > 1);
        let address = ptr::from_ref(record).expose_provenance();
        if self
            .record
            .compare_exchange(0, address, AcqRel, Acquire)
            .is_err()
        {
            FREE.lock().push(record);
        }
        self.record()
    }

    fn shared(&self) -> &'static [Slot] {
        &self.record().slots[1..N]
    }

    /// Has it alone from now on; not as a lock that is taken in an order.
    #[inline]
    pub(crate) fn take(&self, site: Site) {
        self.record().slots[0].fill(Owner::this(), site);
    }

    /// Has locked it alone.
    #[inline]
    pub(crate) fn lock(&self, owner: Owner, site: Site) -> Seat {
        self.record().lock_as(owner, Holds::Alone, site);
        Seat::ALONE
    }

    /// Has locked it, and may have it alone.
    #[inline]
    pub(crate) fn lock_upgradable(&self, owner: Owner, site: Site) -> Seat {
        self.record().lock_as(owner, Holds::Upgradable, site);
        Seat::ALONE
    }

    /// Nobody has it alone any more, or nobody that is known.
    #[inline]
    pub(crate) fn release(&self) {
        let record = self.record();
        record.slots[0].who.store(NOBODY, Relaxed);
        record.let_go(false);
    }

    /// Whoever has it, and not to share it, may let go of it on another thread: until it is locked once more, it has no
    /// part in the order.
    #[inline]
    pub(crate) fn leave_thread(&self) {
        self.record().let_go(false);
    }

    /// Shares it from now on; not seen if too many do.
    pub(crate) fn lock_shared(&self, owner: Owner, site: Site) -> Seat {
        self.record().comes_next(owner, Holds::Shared, site);
        let free = |slot: &Slot| {
            let taken = slot.who.compare_exchange(NOBODY, CLAIMED, Acquire, Relaxed);
            taken.is_ok()
        };
        // A slot with nobody in it would be somebody else's next.
        if owner.0 != NOBODY
            && let Some(index) = self.shared().iter().position(free)
        {
            self.shared()[index].fill(owner, site);
            // There are no more than `SLOTS`.
            return Seat(index as u8 + 1);
        }
        Seat::UNSEEN
    }

    /// Has it no more.
    #[inline]
    pub(crate) fn leave(&self, seat: Seat) {
        let record = self.record();
        if let Some(slot) = record.slots.get(usize::from(seat.0)) {
            slot.who.store(NOBODY, Release);
        }
        record.let_go(seat.0 != Seat::ALONE.0);
    }

    /// Whoever does not share it has it no more in this manner, and is about to have it in another. Returns who it is.
    pub(crate) fn exchange(&self) -> Owner {
        let owner = Owner(self.record().slots[0].who.load(Relaxed));
        self.leave(Seat::ALONE);
        owner
    }

    /// For one who needs it alone.
    pub(crate) fn held(&self) -> Held {
        Held {
            slots: &self.record().slots[..N],
            alone: 1,
            shares: false,
        }
    }

    /// For one who would share it, and waits for those who share it only if somebody else needs it alone.
    pub(crate) fn held_to_read(&self) -> Held {
        Held {
            shares: true,
            ..self.held()
        }
    }

    /// For one who has it, and waits for those who share it.
    pub(crate) fn held_by_readers(&self) -> Held {
        Held {
            slots: self.shared(),
            alone: 0,
            shares: false,
        }
    }
}

impl<const N: usize> Drop for Owners<N> {
    fn drop(&mut self) {
        if self.record.load(Relaxed) != 0 {
            let record = self.record();
            for slot in &record.slots {
                slot.who.store(NOBODY, Relaxed);
            }
            if record.ordered.load(Relaxed) != 0 {
                order::forget(record.lock());
            }
            FREE.lock().push(record);
        }
    }
}

impl Record {
    pub(super) fn new() -> Self {
        let slot = || Slot {
            who: PlainAtomicUsize::new(NOBODY),
            site: PlainAtomicUsize::new(0),
        };
        Self {
            slots: std::array::from_fn(|_| slot()),
            lock: PlainAtomicUsize::new(0),
            written: PlainAtomicUsize::new(0),
            ordered: PlainAtomicUsize::new(0),
        }
    }

    /// Is that of another lock from now on.
    fn begin(&self, is_shared: bool) {
        self.lock.store(LOCKS.fetch_add(1, Relaxed) + 1, Relaxed);
        self.written.store(usize::from(!is_shared), Relaxed);
        self.ordered.store(0, Relaxed);
    }

    /// One who does not share it has locked it.
    #[inline]
    fn lock_as(&'static self, owner: Owner, holds: Holds, site: Site) {
        self.slots[0].fill(owner, site);
        self.comes_next(owner, holds, site);
    }

    /// After what its owner has by now comes this lock.
    #[inline]
    fn comes_next(&'static self, Owner(who): Owner, holds: Holds, site: Site) {
        if !WATCHED {
            return;
        }
        let entry = Entry {
            record: self,
            lock: self.lock(),
            who,
            holds,
            site: site.line,
        };
        order::took(entry, site.asks(holds).filter(|_| who != NOBODY));
    }

    #[inline]
    fn let_go(&self, shared: bool) {
        if WATCHED {
            order::let_go(self.lock(), shared);
        }
    }

    /// The number of the lock.
    #[inline]
    pub(super) fn lock(&self) -> usize {
        self.lock.load(Relaxed)
    }

    #[inline]
    pub(super) fn is_written(&self) -> bool {
        self.written.load(Relaxed) != 0
    }

    pub(super) fn note_written(&self) {
        self.written.store(1, Relaxed);
    }

    pub(super) fn note_ordered(&self) {
        self.ordered.store(1, Relaxed);
    }
}

impl Entry {
    pub(super) fn is_of_task(&self) -> bool {
        self.who & TASK != 0
    }
}

/// By whom something is held that is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    slots: &'static [Slot],
    /// How many of the slots are for those who have it alone.
    alone: usize,
    shares: bool,
}

impl Held {
    pub(crate) fn nobody() -> Self {
        Held {
            slots: &[],
            alone: 0,
            shares: false,
        }
    }
}

/// The same, as part of a record of a wait, with who waits.
#[derive(Clone, Debug)]
pub(in crate::wait) struct Holding {
    slots: &'static [Slot],
    alone: usize,
    pub(super) shares: bool,
    /// Whether the wait ends by itself.
    pub(super) timed: bool,
    pub(super) waiter: usize,
    /// Different for every wait.
    pub(super) serial: usize,
}

static SERIAL: PlainAtomicUsize = PlainAtomicUsize::new(0);

impl Holding {
    pub(in crate::wait) fn of(held: Held, timed: bool) -> Self {
        Self {
            slots: held.slots,
            alone: held.alone,
            shares: held.shares,
            timed,
            waiter: Owner::this().0,
            serial: SERIAL.fetch_add(1, Relaxed),
        }
    }

    /// Whether it waits for something that can have holders.
    pub(in crate::wait) fn is_for_a_lock(&self) -> bool {
        !self.slots.is_empty()
    }

    /// Who has it at this moment.
    pub(in crate::wait) fn holders(&self) -> Vec<Holder> {
        let holders = self.slots.iter().enumerate();
        holders
            .filter_map(|(index, slot)| slot.holder(index >= self.alone))
            .collect()
    }
}

/// A wait has been listed.
pub(in crate::wait) fn noticed(held: Held) {
    if !held.slots.is_empty() {
        super::watch::begin();
    }
}

/// A task is being polled, until this is dropped.
pub(crate) struct Polling {
    outer: usize,
}

impl Polling {
    #[inline]
    pub(crate) fn of(cx: &Context<'_>) -> Self {
        let waker = cx.waker().data().addr();
        // Wakers without data are no identity.
        let task = if waker == 0 {
            UNKNOWN
        } else {
            waker << 1 | TASK
        };
        Self {
            outer: POLLED.replace(task),
        }
    }
}

impl Drop for Polling {
    #[inline]
    fn drop(&mut self) {
        POLLED.set(self.outer);
    }
}
