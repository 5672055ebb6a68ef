//! Who waits for what: every wait that has come to rest is listed here until it ends.
//!
//! Only the slow path pays: a thread enters the list before it parks, a task when it returns
//! `Pending`. The list is cut into shards, so that waiters on different threads do not meet, and
//! links the waits where they are: entering allocates nothing.
//!
//! It watches, and takes part in nothing: no wake-up depends on it.

use super::WaitQueue;
use super::sight::{Held, Holder, Holding, noticed};
use crate::prim::Ordering::Relaxed;
use crate::prim::{PlainAtomicU8, PlainUnsafeCell, SpinLock, clock, thread};
use crossbeam_utils::CachePadded;
use std::fmt;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::thread::{Thread, ThreadId};
use std::time::Instant;

const SHARDS: usize = 8;
/// The shard of a listing that is in none.
const NOWHERE: u8 = u8::MAX;

static LISTS: [CachePadded<SpinLock<List>>; SHARDS] = [const {
    CachePadded::new(SpinLock::new(List {
        first: ptr::null(),
        count: 0,
    }))
}; SHARDS];

/// One shard's listings; the newest first.
struct List {
    first: *const Listing,
    count: usize,
}

// SAFETY: the pointers are only followed under the shard's lock, to listings that are pinned and
// that leave the list before they are freed (`Listing::leave`, called by every owner's drop).
unsafe impl Send for List {}

/// A place in the list, owned by a wait.
#[derive(Debug)]
pub(super) struct Listing {
    /// The shard it is in. Written by the owner only.
    shard: PlainAtomicU8,
    /// Guarded by the shard's lock while listed; the owner's alone otherwise.
    entry: PlainUnsafeCell<Entry>,
    _pinned: PhantomPinned,
}

#[derive(Debug)]
struct Entry {
    previous: *const Listing,
    next: *const Listing,
    /// There while it is listed.
    wait: MaybeUninit<Record>,
}

/// What a wait says of itself, in few words: it is part of every future.
#[derive(Clone, Debug)]
struct Record {
    what: &'static What,
    object: usize,
    site: &'static Location<'static>,
    since: clock::Coarse,
    thread: Option<Thread>,
    holding: Holding,
}

/// What a wait tells of itself when it is listed.
pub(super) struct Wait<'a> {
    pub(super) what: &'static What,
    pub(super) object: &'a WaitQueue,
    pub(super) site: &'static Location<'static>,
    /// The waiting thread; `None` is a task.
    pub(super) thread: Option<Thread>,
    /// Who has what is waited for, if it is something that somebody has.
    pub(super) held: Held,
    /// Whether there is a deadline.
    pub(super) timed: bool,
}

/// What is waited for, in the words of the user: "channel recv".
pub(crate) type What = &'static str;

// SAFETY: as for `List`; an entry is read and written under its shard's lock, or by its owner alone.
unsafe impl Send for Listing {}
// SAFETY: as above.
unsafe impl Sync for Listing {}

impl Listing {
    pub(super) const fn new() -> Self {
        Self {
            shard: PlainAtomicU8::new(NOWHERE),
            entry: PlainUnsafeCell::new(Entry {
                previous: ptr::null(),
                next: ptr::null(),
                wait: MaybeUninit::uninit(),
            }),
            _pinned: PhantomPinned,
        }
    }

    /// Lists the wait, unless it is listed already.
    pub(super) fn enter(self: Pin<&Self>, of: Wait<'_>) {
        if self.shard.load(Relaxed) != NOWHERE {
            return;
        }
        let entry = self.entry.get();
        // Field by field, and before the lock is taken: a record that is put together elsewhere and copied
        // here costs a tenth of a task's wait.
        //
        // SAFETY: not listed yet, so the entry is its owner's, which is the caller; there is no record in it.
        unsafe {
            let wait = (&raw mut (*entry).wait).cast::<Record>();
            (&raw mut (*wait).what).write(of.what);
            (&raw mut (*wait).object).write(ptr::from_ref(of.object).addr());
            (&raw mut (*wait).site).write(of.site);
            (&raw mut (*wait).since).write(clock::coarse());
            (&raw mut (*wait).thread).write(of.thread);
            (&raw mut (*wait).holding).write(Holding::of(of.held, of.timed));
            (*entry).previous = ptr::null();
        }
        let shard = current_shard();
        let this: *const Listing = &raw const *self;
        let mut list = LISTS[usize::from(shard)].lock();
        let next = list.first;
        // SAFETY: as above.
        unsafe { (*entry).next = next };
        if !next.is_null() {
            // SAFETY: listed in this shard, hence alive, and its lock is held.
            unsafe { (*(*next).entry.get()).previous = this };
        }
        list.first = this;
        list.count += 1;
        self.shard.store(shard, Relaxed);
        drop(list);
        noticed(of.held);
    }

    /// Takes the wait off the list, if it is on it.
    pub(super) fn leave(self: Pin<&Self>) {
        let shard = self.shard.load(Relaxed);
        if shard == NOWHERE {
            return;
        }
        let mut list = LISTS[usize::from(shard)].lock();
        // SAFETY: the lock of the shard it is listed in is held.
        let entry = unsafe { &mut *self.entry.get() };
        let (previous, next) = (entry.previous, entry.next);
        if previous.is_null() {
            list.first = next;
        } else {
            // SAFETY: a neighbour in the list is alive, and the lock is held.
            unsafe { (*(*previous).entry.get()).next = next };
        }
        if !next.is_null() {
            // SAFETY: as above.
            unsafe { (*(*next).entry.get()).previous = previous };
        }
        list.count -= 1;
        drop(list);
        self.shard.store(NOWHERE, Relaxed);
        // SAFETY: it was listed and is no more, so the record is there and its owner's; dropped once.
        unsafe { entry.wait.assume_init_drop() };
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        // SAFETY: if it is listed it has been pinned, and a drop is in place.
        unsafe { Pin::new_unchecked(&*self) }.leave();
    }
}

/// Spreads the threads evenly: Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4), because the
/// numbers of threads have much in common.
fn current_shard() -> u8 {
    let spread = (thread::number() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread >> 32) as u8 % SHARDS as u8
}

/// One thread or task that waits at this moment. See [`waiters`].
#[derive(Clone, Debug)]
pub struct Waiter {
    waits_for: &'static str,
    object: usize,
    site: &'static Location<'static>,
    since: Instant,
    thread: Option<Thread>,
    holders: Vec<Holder>,
}

impl Waiter {
    /// What it waits for: `"channel recv"`, `"channel send"`, `"job join"` and so on.
    #[must_use]
    pub fn waits_for(&self) -> &'static str {
        self.waits_for
    }

    /// The identity of the object it waits at. Waiters with the same number wait at the same
    /// object for the same thing; the number means nothing once they are gone.
    #[must_use]
    pub fn object(&self) -> usize {
        self.object
    }

    /// The line of the program that waits.
    #[must_use]
    pub fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// When the wait came to rest, to within a few milliseconds.
    #[must_use]
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Who has what it waits for, as far as that is known: of mutexes and read-write locks, and with the cargo feature
    /// `sight`. Without it nobody.
    #[must_use]
    pub fn held_by(&self) -> &[Holder] {
        &self.holders
    }

    /// The id of the waiting thread; `None` if a task waits.
    #[must_use]
    pub fn thread_id(&self) -> Option<ThreadId> {
        self.thread.as_ref().map(Thread::id)
    }

    /// The name of the waiting thread, if it is a thread and has one.
    #[must_use]
    pub fn thread_name(&self) -> Option<&str> {
        self.thread.as_ref().and_then(Thread::name)
    }
}

impl fmt::Display for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.thread {
            None => f.write_str("a task")?,
            Some(thread) => match thread.name() {
                Some(name) => write!(f, "thread '{name}'")?,
                None => write!(f, "thread {:?}", thread.id())?,
            },
        }
        let waited = clock::now().saturating_duration_since(self.since);
        write!(
            f,
            " waits for {} of object {:#x} for {:.3} s at {}",
            self.waits_for,
            self.object,
            waited.as_secs_f64(),
            self.site
        )?;
        for holder in &self.holders {
            let who = if holder.is_task() {
                "a task"
            } else {
                "a thread"
            };
            write!(f, "; {who} has it since {}", holder.site())?;
        }
        Ok(())
    }
}

/// Lists the threads and tasks that wait inside Brigade at this moment, the longest first. Idle workers of pools are
/// among them: they wait for a "pool job".
///
/// The answer is a snapshot taken shard by shard: a wait that begins or ends meanwhile may or may
/// not be in it. Waits are held up while their shard is copied, so this is for reports and
/// watchdogs, not for hot paths.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = brigade::channel::bounded::<u32>(1);
/// let consumer = std::thread::spawn(move || receiver.recv());
/// let id = Some(consumer.thread().id());
/// let waiter = loop {
///     // Others may wait as well: every idle worker of a pool does.
///     let waiters = brigade::wait::waiters();
///     if let Some(waiter) = waiters.into_iter().find(|waiter| waiter.thread_id() == id) {
///         break waiter;
///     }
/// };
/// assert_eq!(waiter.waits_for(), "channel recv");
/// println!("{waiter}");
/// sender.send(1)?;
/// assert_eq!(consumer.join().unwrap(), Ok(1));
/// # Ok::<(), brigade::channel::SendError<u32>>(())
/// ```
#[must_use]
pub fn waiters() -> Vec<Waiter> {
    let mut found = Vec::new();
    for list in &LISTS {
        copy_list(list, &mut found);
    }
    found.sort_by_key(|(record, _)| record.since);
    waiters_of(found).map(|(waiter, _)| waiter).collect()
}

/// The waits for something that somebody has.
#[cfg(feature = "sight")]
pub(super) fn sighted() -> Vec<(Waiter, Holding, Vec<Holder>)> {
    let mut found = Vec::new();
    for list in &LISTS {
        copy_list(list, &mut found);
    }
    found.retain(|(record, _)| record.holding.is_for_a_lock());
    waiters_of(found)
        .map(|(waiter, holding)| {
            let holders = waiter.holders.clone();
            (waiter, holding, holders)
        })
        .collect()
}

/// A record, and who had what it waits for when it was copied.
type Found = (Record, Vec<Holder>);

fn waiters_of(found: Vec<Found>) -> impl Iterator<Item = (Waiter, Holding)> {
    let (now, coarse_now) = (clock::now(), clock::coarse());
    found.into_iter().map(move |(record, holders)| {
        let waiter = Waiter {
            waits_for: record.what,
            object: record.object,
            site: record.site,
            since: now
                .checked_sub(coarse_now.since(record.since))
                .unwrap_or(now),
            thread: record.thread,
            holders,
        };
        (waiter, record.holding)
    })
}

fn copy_list(list: &SpinLock<List>, found: &mut Vec<Found>) {
    let expected = list.lock().count;
    // Room is made before the lock is taken, so that nobody waits for the allocator.
    found.reserve(expected);
    let list = list.lock();
    let mut next = list.first;
    while !next.is_null() && found.len() < found.capacity() {
        // SAFETY: listed, hence alive, and the shard's lock is held.
        let entry = unsafe { &*(*next).entry.get() };
        // SAFETY: it is there while it is listed.
        let record = unsafe { entry.wait.assume_init_ref() }.clone();
        let holders = record.holding.holders();
        found.push((record, holders));
        next = entry.next;
    }
}
