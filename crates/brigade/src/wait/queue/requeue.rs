//! Waiters that are moved from one queue to another instead of being woken.
//!
//! Who waits for a condition will need the lock that guards it. To wake it while somebody has that lock is to wake it
//! for nothing; so it is moved to the queue of the lock, and woken by whoever unlocks. All who wait in such a queue
//! wait as [`Movable`], which knows where it would move to.
//!
//! # Who may touch what
//!
//! `moved` and the move itself are guarded by the lock of the first queue, and a mover holds it from the moment it
//! takes the node out until the node is in the other list (the locks are taken in this order only). So its owner,
//! who takes the lock of the first queue to see where its node is, finds it in one list or the other, or notified.
//!
//! The other queue belongs to a waiter's object, which may be gone as soon as the waiter is. A mover touches it only
//! before it has released the lock of the first queue: the owner needs that lock to go, unless it is notified, and
//! that is the last thing that a mover does to it.
//!
//! Only threads are moved. A thread that sleeps keeps all that it has borrowed. A task's node keeps nothing but itself:
//! its future may have been forgotten, and then what it had borrowed is gone while the node is still in the queue. So
//! a task is woken, and joins the queue of the lock itself if it has to.

use super::{
    IDLE, Kind, NOT_HEAD, NOTIFIED, Node, Rank, WaitQueue, WakeBatch, discard_panic, list, turn,
};
use crate::prim::{
    Ordering::{Relaxed, Release},
    PlainUnsafeCell,
};
use std::pin::Pin;
use std::task::Waker;

/// A waiter that can be moved from the queue it has joined to another.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Movable {
    /// First, so that a pointer to it is one to the whole.
    node: Node,
    to: *const WaitQueue,
    /// Guarded by the lock of the first queue.
    moved: PlainUnsafeCell<bool>,
}

// SAFETY: the pointer is followed only by a mover, under the rule above, and by the owner, whose object it is.
unsafe impl Send for Movable {}
// SAFETY: as above; `moved` is guarded by a lock.
unsafe impl Sync for Movable {}

/// Where a movable waiter was when it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Still where it had joined.
    Unmoved,
    /// Moved, and not woken.
    Moved,
    /// Moved, or about to be, and woken: the wake is the owner's to use or to pass on.
    Woken,
}

impl Movable {
    /// A waiter that would move to `to`, which lives as long as it is in a queue.
    pub(crate) fn new(kind: Kind, to: &WaitQueue) -> Self {
        Self {
            node: Node::new(kind),
            to,
            moved: PlainUnsafeCell::new(false),
        }
    }

    pub(crate) fn node(self: Pin<&Self>) -> Pin<&Node> {
        // SAFETY: never moved out of the whole, which is pinned.
        unsafe { self.map_unchecked(|movable| &movable.node) }
    }

    /// # Safety
    ///
    /// The lock of the first queue is held.
    unsafe fn is_moved(&self) -> bool {
        // SAFETY: by the contract.
        unsafe { *self.moved.get() }
    }
}

/// What is done with all who wait in a queue of [`Movable`]s only.
impl WaitQueue {
    /// Puts a movable waiter at the end of the queue.
    ///
    /// # Safety
    ///
    /// As for [`WaitQueue::join`]; it leaves by [`WaitQueue::leave_movable`], and all who join this queue are movable.
    pub(crate) unsafe fn join_movable(&self, movable: Pin<&Movable>, waker: Waker) {
        // SAFETY: it is in no queue, so the flag is its owner's, which is the caller.
        unsafe { *movable.moved.get() = false };
        // Of the whole, as a mover comes back from the node to it.
        let node = std::ptr::from_ref(movable.get_ref()).cast::<Node>();
        // SAFETY: by the contract; the node is the first part of it.
        unsafe { self.join_at(node, waker, Rank::Last) };
    }

    /// Takes it out, wherever it is.
    ///
    /// # Safety
    ///
    /// It has joined this queue and not left.
    pub(crate) unsafe fn leave_movable(&self, movable: Pin<&Movable>) -> Left {
        let node = movable.node();
        if !node.is_notified() {
            let mut locked = self.lock();
            // SAFETY: the lock is held.
            let moved = unsafe { movable.is_moved() };
            if !moved && !node.is_notified() {
                // SAFETY: the lock is held, and it is still in this list.
                let (head, waker) = unsafe { list::unlink(locked.head, &raw const *node) };
                node.state.store(IDLE, Relaxed);
                locked.head = head;
                self.unlock(locked);
                discard_panic(|| drop(waker));
                return Left::Unmoved;
            }
            self.unlock(locked);
        }
        // SAFETY: moved, or notified, and so not in this queue any more; the other is the owner's, which is the
        // caller.
        if unsafe { (*movable.to).leave(node) } {
            Left::Woken
        } else {
            Left::Moved
        }
    }

    /// Makes it wake `waker`'s task, wherever it is. False if a wake came first.
    ///
    /// # Safety
    ///
    /// As for [`WaitQueue::leave_movable`].
    pub(crate) unsafe fn refresh_movable(&self, movable: Pin<&Movable>, waker: &Waker) -> bool {
        let fresh = waker.clone();
        let node = movable.node();
        let locked = self.lock();
        if node.is_notified() {
            self.unlock(locked);
            return false;
        }
        // SAFETY: the lock is held.
        if unsafe { movable.is_moved() } {
            self.unlock(locked);
            // SAFETY: moved once, it is never moved again; the other queue is the caller's.
            return unsafe { (*movable.to).refresh(node, waker) };
        }
        // SAFETY: the lock is held, and it is still in this list: neither moved nor notified.
        let old = node
            .links
            .with_mut(|links| unsafe { (*links).waker.replace(fresh) });
        self.unlock(locked);
        discard_panic(|| drop(old));
        true
    }

    /// Moves the oldest waiter, or all of them, to where they go, and wakes one if nobody there will: that is who has
    /// one of the bits `busy` set in the word of the other queue, or a thread that is on its way to it. Returns how
    /// many there were.
    ///
    /// # Safety
    ///
    /// All who wait here are [`Movable`].
    pub(crate) unsafe fn move_waiters(&self, most: usize, busy: usize) -> usize {
        if self.word.load(Relaxed).addr() & !NOT_HEAD == 0 {
            return 0;
        }
        // SAFETY: by the contract.
        unsafe { self.move_waiters_there(most, busy) }
    }

    /// # Safety
    ///
    /// As above.
    #[cold]
    unsafe fn move_waiters_there(&self, most: usize, busy: usize) -> usize {
        let mut locked = self.lock();
        // Those who join while wakers are called are not meant.
        //
        // SAFETY: the lock is held.
        let most = most.min(unsafe { list::count(locked.head) });
        let mut count = 0;
        while count < most && !locked.head.is_null() {
            let mut batch = WakeBatch::new();
            while count < most && !locked.head.is_null() && batch.has_room() {
                let movable = locked.head.cast::<Movable>();
                // SAFETY: the lock is held.
                let (rest, waker) = unsafe { list::unlink(locked.head, locked.head) };
                locked.head = rest;
                count += 1;
                // SAFETY: it was the oldest in this list, whose lock is held, and by the contract it is movable.
                batch.push(unsafe { move_on(movable, waker, busy) });
            }
            self.unlock(locked);
            batch.wake();
            if count < most {
                locked = self.lock();
            } else {
                return count;
            }
        }
        self.unlock(locked);
        count
    }
}

/// Moves one who has been taken out of its first queue. Returns its waker if it is to be woken instead.
///
/// # Safety
///
/// The lock of its first queue is held; it is in no list, and not notified.
unsafe fn move_on(movable: *const Movable, waker: Option<Waker>, busy: usize) -> Option<Waker> {
    // SAFETY: its owner needs the lock that is held to let it go, or a notification. So it lives.
    let node = unsafe { &raw const (*movable).node };
    // SAFETY: as above.
    if unsafe { (*node).waiter } == Kind::Task {
        // SAFETY: as above; it is in no list.
        unsafe { notify(node) };
        return waker;
    }
    // SAFETY: as above; a thread keeps the queue that it goes to for as long as it sleeps.
    let to = unsafe {
        *(*movable).moved.get() = true;
        &*(*movable).to
    };
    let mut target = to.lock();
    // SAFETY: in no list, so its links belong to whoever holds the first lock; a list of one.
    unsafe {
        (*node).links.with_mut(|links| {
            (*links).previous = node;
            (*links).next = std::ptr::null();
            (*links).waker = waker;
        });
    }
    // SAFETY: the other list's lock is held, and the node is in no list.
    target.head = unsafe { list::push(target.head, node) };
    let coming = target.coming;
    let unlocked = to.try_unlock(target, |bits| coming || bits & busy != 0);
    let Err(mut target) = unlocked else {
        return None;
    };
    // SAFETY: pushed above, and the lock has been held since.
    let (head, waker) = unsafe { list::unlink(target.head, node) };
    target.head = head;
    target.coming = true;
    // The last touch of the other queue, which may be gone once the node is notified.
    to.unlock(target);
    // SAFETY: as at the top; it is in no list.
    unsafe { notify(node) };
    waker
}

/// Marks a node as woken. It may be gone from here on.
///
/// # Safety
///
/// It lives, and is in no list.
unsafe fn notify(node: *const Node) {
    // SAFETY: by the contract.
    let node = unsafe { &*node };
    node.woken_from.store(turn::here(), Relaxed);
    node.state.store(NOTIFIED, Release);
}
