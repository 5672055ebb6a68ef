//! What the handles of one watch channel share, and the protocol between them.
//!
//! - The **slot** holds the latest value as a snapshot that is shared by counting. Its lock is held while
//!   that pointer is cloned or replaced, and never while code of the application runs: values are made
//!   before and dropped after.
//! - The **version** is one word: how often the value was replaced, and in the lowest bit whether the last
//!   sender has gone. It counts under the slot's lock only, so a snapshot and its version are taken together.
//! - A receiver remembers a version. There is something to see as long as that of the slot is another.
//!
//! # No change is missed
//!
//! This is the handshake of `wait/README.md`. The sender's move is the count, a read-modify-write on the
//! version; after it the sender looks at the queue (`wake_everyone`). The second look of a receiver is a
//! read-modify-write on the version too, and there are no other writes to that word.
//!
//! Every move wakes all who wait, and each of them compares for itself. So no wake is anybody's share, none
//! has to be passed on, and one that the drivers pass on all the same only makes somebody look in vain.
//!
//! # Closed comes last
//!
//! The bit is set when no sender is left to count: the version beside it is that of the last value. Who
//! reads both in one load, and has looked at that version, has seen everything.
//!
//! # No receiver left
//!
//! The last receiver counts down and then uses `wake_all`, which locks the queue. So the second look of who
//! waits for that is a plain load.

use crate::channel::shared::{Gate, add_handle};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicUsize};
use crate::prim::{StdArc, UnsafeCell, discard_panic};
use crate::queue::Backoff;
use crate::wait::Patience;
use crossbeam_utils::CachePadded;
use std::fmt;
use std::mem::{self, ManuallyDrop};

const CLOSED: usize = 1;
const ONE_VERSION: usize = 2;

#[derive(Debug)]
pub(super) struct Shared<T> {
    /// On a line of its own: receivers look at it that have nothing to read.
    state: CachePadded<AtomicUsize>,
    slot: CachePadded<Slot<T>>,
    /// Receivers wait here for another value.
    pub(super) changed: CachePadded<Gate>,
    /// Senders wait here until no receiver is left.
    pub(super) unwatched: CachePadded<Gate>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

/// Which value it is. Starts again after half of all `usize`: to be taken for seen, a value would have to
/// be the last of exactly so many since the receiver looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(usize);

impl Version {
    /// That of no value: versions are even.
    pub(super) const NONE: Self = Self(1);
}

/// The version, and whether there will be no other.
#[derive(Clone, Copy, Debug)]
pub(super) struct State(usize);

impl State {
    pub(super) fn version(self) -> Version {
        Version(self.0 & !CLOSED)
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }
}

impl<T> Shared<T> {
    pub(super) fn new(initial: T) -> Self {
        Self {
            state: CachePadded::new(AtomicUsize::new(0)),
            slot: CachePadded::new(Slot::new(StdArc::new(initial))),
            changed: Gate::new(Patience::new()),
            unwatched: Gate::new(Patience::new()),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        }
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        State(self.state.load(Acquire))
    }

    /// The receivers' second look.
    pub(super) fn look_for_change(&self) -> State {
        State(self.state.fetch_add(0, AcqRel))
    }

    /// The latest value.
    #[inline]
    pub(super) fn get(&self) -> StdArc<T> {
        self.slot.with(|latest| StdArc::clone(latest))
    }

    /// The latest value and what was true of it at that moment.
    #[inline]
    pub(super) fn snapshot(&self) -> (StdArc<T>, State) {
        // The lock orders us with every count.
        let state = || State(self.state.load(Relaxed));
        self.slot.with(|latest| (StdArc::clone(latest), state()))
    }

    /// Puts `value` in the place of the latest, which comes back, and wakes everybody.
    #[inline]
    pub(super) fn replace(&self, value: StdArc<T>) -> StdArc<T> {
        let old = self.slot.with(|latest| self.put(latest, value));
        self.changed.waiting.wake_everyone();
        old
    }

    /// `replace`, if the latest value is still `expected`. Else the latest comes back.
    pub(super) fn replace_if(
        &self,
        expected: &StdArc<T>,
        value: StdArc<T>,
    ) -> Result<(), StdArc<T>> {
        let replaced = self.slot.with(|latest| {
            if StdArc::ptr_eq(latest, expected) {
                Ok(self.put(latest, value))
            } else {
                Err((StdArc::clone(latest), value))
            }
        });
        match replaced {
            Ok(old) => {
                self.changed.waiting.wake_everyone();
                discard_panic(|| drop(old));
                Ok(())
            }
            Err((latest, unused)) => {
                discard_panic(|| drop(unused));
                Err(latest)
            }
        }
    }

    /// Only under the slot's lock.
    #[inline]
    fn put(&self, latest: &mut StdArc<T>, value: StdArc<T>) -> StdArc<T> {
        let old = mem::replace(latest, value);
        self.state.fetch_add(ONE_VERSION, AcqRel);
        old
    }

    pub(super) fn receiver_count(&self) -> usize {
        // What the last receiver did before it went is seen by who learns that it has gone.
        self.receivers.load(Acquire)
    }

    pub(super) fn add_sender(&self) {
        add_handle(&self.senders);
    }

    pub(super) fn add_receiver(&self) {
        add_handle(&self.receivers);
    }

    /// The last sender closes the channel.
    pub(super) fn remove_sender(&self) {
        if self.senders.fetch_sub(1, AcqRel) == 1 {
            self.state.fetch_or(CLOSED, AcqRel);
            self.changed.waiting.wake_all();
        }
    }

    /// The last receiver wakes those who wait for that. Another may come: a sender can make one.
    pub(super) fn remove_receiver(&self) {
        if self.receivers.fetch_sub(1, AcqRel) == 1 {
            self.unwatched.waiting.wake_all();
        }
    }
}

/// The latest value, and the lock of the pointer to it.
struct Slot<T> {
    locked: AtomicBool,
    latest: UnsafeCell<ManuallyDrop<StdArc<T>>>,
}

// SAFETY: the pointer is reached under the lock only (`with`), or by the last owner (`drop`). Threads that
// share the slot get `&T` of one value and may drop it, as with an `Arc<T>`: hence `Send` and `Sync`.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    fn new(value: StdArc<T>) -> Self {
        Self {
            locked: AtomicBool::new(false),
            latest: UnsafeCell::new(ManuallyDrop::new(value)),
        }
    }

    /// Runs `edit` under the lock: a few instructions of ours, that neither panic nor call anybody.
    #[inline]
    fn with<R>(&self, edit: impl FnOnce(&mut StdArc<T>) -> R) -> R {
        let mut backoff = Backoff::new();
        while self
            .locked
            .compare_exchange_weak(false, true, Acquire, Relaxed)
            .is_err()
        {
            backoff.look_again();
        }
        let edited = self.latest.with_mut(|latest| {
            // SAFETY: the lock is held, so this is the only access.
            edit(unsafe { &mut *latest })
        });
        self.locked.store(false, Release);
        edited
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        let latest = self.latest.with_mut(|latest| {
            // SAFETY: the slot is borrowed for us alone, and nobody uses it after its drop.
            unsafe { ManuallyDrop::take(&mut *latest) }
        });
        // The one whose handle happened to be the last cannot help it.
        discard_panic(|| drop(latest));
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot { .. }")
    }
}
