//! The waiter queue: who waits at one object, oldest first, in one word and without allocation.
//!
//! It knows nothing of threads, tasks, deadlines or what is waited for: a waiter is a [`Waker`].
//! The nodes live where the waiters live (a thread's stack, a task's future); the word points to
//! the oldest of them.
//!
//! # The word
//!
//! | pointer | `LOCKED` | meaning |
//! |---|---|---|
//! | null | 0 | nobody waits: the fast paths of the object see this and do nothing |
//! | node | 0 | `node` is the oldest waiter. The first waiter gets here by one compare-exchange, without the lock: this is the slot for a single waiter |
//! | node | 1 | somebody edits the list whose head was `node` |
//! | null | 1 | somebody locked the empty queue |
//!
//! Beside them stands `COMING`: a thread has been woken and has not yet arrived. Whoever would wake one
//! waiter leaves it to that thread. Set under the lock with the wake, cleared under the lock by
//! [`WaitQueue::arrive`].
//!
//! Two more bits, [`OBJECT`], belong to the object and change whether or not the list is locked: a lock keeps
//! its state there, and so needs no second word ([`WaitQueue::try_change`]).
//!
//! # Who may touch a node
//!
//! 1. `links` (neighbours and waker): whoever holds the queue's lock; the owner alone while the
//!    node is in no queue (`state` is not `QUEUED`).
//! 2. `state` goes `IDLE → QUEUED` by the owner, `QUEUED → NOTIFIED` by a waker under the lock,
//!    and back to `IDLE` by the owner.
//!    `woken_from` is written by that waker just before, and read by the owner after.
//! 3. After a waker has stored `NOTIFIED` it never touches the node again: the owner may already
//!    have freed it. So the [`Waker`] is moved out before, and called after the lock is released.

mod list;
mod requeue;

pub(crate) use requeue::{Left, Movable};

use super::turn::{self, Distance};
use crate::prim::atomic::{AtomicPtr, AtomicU8};
use crate::prim::{
    Ordering::{self, AcqRel, Acquire, Relaxed, Release},
    PlainAtomicUsize, UnsafeCell, const_new, discard_panic, hint,
};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr;
use std::task::Waker;

const LOCKED: usize = 1;
const COMING: usize = 2;
const FLAGS: usize = LOCKED | COMING;
/// The bits that are the object's.
pub(crate) const OBJECT: usize = 0b1100;
/// What is not the pointer.
const NOT_HEAD: usize = FLAGS | OBJECT;

/// Pauses before the lock's holder is taken to be off its processor.
const LOCK_PAUSES: u32 = 64;

/// In no queue; the owner may do with the node what it wants.
const IDLE: u8 = 0;
/// In the queue, or being taken out of it by a waker that holds the lock.
const QUEUED: u8 = 1;
/// Taken out by a waker: the wake is the owner's to use or to pass on.
const NOTIFIED: u8 = 2;

/// The waiters of one object. See the module's table for the word.
#[derive(Debug)]
pub(crate) struct WaitQueue {
    word: AtomicPtr<Node>,
}

/// The word of a queue as it was at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word(*mut Node);

impl Word {
    /// The object's bits.
    #[inline]
    pub(crate) fn bits(self) -> usize {
        self.0.addr() & OBJECT
    }

    /// Whether there is somebody to wake, and no thread on its way that this is left to.
    #[inline]
    pub(crate) fn wants_wake(self) -> bool {
        self.0.addr() & !OBJECT != 0 && !self.is_thread_coming()
    }

    /// Whether a thread has been woken and will look at the object.
    #[inline]
    pub(crate) fn is_thread_coming(self) -> bool {
        self.0.addr() & COMING != 0
    }
}

/// One waiter's place in a queue. Its alignment leaves the low bits of its address to the word.
#[derive(Debug)]
#[repr(align(16))]
pub(crate) struct Node {
    state: AtomicU8,
    waiter: Kind,
    /// How much it wants, if the object has much or little: see [`WaitQueue::wake_one_if`].
    wants: u32,
    /// From where it was woken last. Written before `NOTIFIED`, read after it.
    woken_from: PlainAtomicUsize,
    links: UnsafeCell<Links>,
    _pinned: PhantomPinned,
}

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Once woken, it is certain to look at the object again.
    Thread,
    /// It may be woken and not polled for as long as its owner likes.
    Task,
}

/// Where one joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Behind all who wait.
    Last,
    /// In front of them: it has had its turn, and was beaten by a passer-by.
    First,
}

/// The queue while it is locked: the oldest waiter, and the flag beside it.
#[derive(Clone, Copy)]
struct Locked {
    head: *const Node,
    coming: bool,
    /// The word as it was left by whoever locked it.
    word: *mut Node,
}

#[derive(Debug)]
struct Links {
    /// The next older waiter; in the oldest, the head, this is the youngest.
    previous: *const Node,
    /// The next younger waiter; null in the youngest.
    next: *const Node,
    waker: Option<Waker>,
}

// SAFETY: the raw pointers are only followed under the queue's lock (rule 1 above), to nodes that
// stay in place until they have left the queue (`Node::leave` and the contract of `WaitQueue::join`);
// `Waker` is Send and Sync.
unsafe impl Send for Node {}
// SAFETY: as above; all shared mutation goes through `state` or happens under the queue's lock.
unsafe impl Sync for Node {}

impl Node {
    pub(crate) fn new(waiter: Kind) -> Self {
        Self::wanting(waiter, 1)
    }

    /// One who wants more or less of what the object has.
    pub(crate) fn wanting(waiter: Kind, wants: u32) -> Self {
        Self {
            state: AtomicU8::new(IDLE),
            waiter,
            wants,
            woken_from: PlainAtomicUsize::new(0),
            links: UnsafeCell::new(Links {
                previous: ptr::null(),
                next: ptr::null(),
                waker: None,
            }),
            _pinned: PhantomPinned,
        }
    }

    /// Whether a waker has taken this node out of its queue since it joined.
    #[inline]
    pub(crate) fn is_notified(&self) -> bool {
        self.state.load(Acquire) == NOTIFIED
    }

    /// From how far away it was woken, as seen from this thread. Only once notified.
    #[inline]
    pub(super) fn distance_of_wake(&self) -> Distance {
        debug_assert!(self.is_notified(), "nobody has woken it yet");
        turn::distance_to(self.woken_from.load(Relaxed))
    }

    /// Whether it was woken last by another thread than this.
    pub(super) fn was_woken_from_afar(&self) -> bool {
        turn::distance_to(self.woken_from.load(Relaxed)) != Distance::SameThread
    }

    /// Whether the node is in a queue or has been taken out by a waker and not been reset since.
    #[inline]
    pub(crate) fn is_joined(&self) -> bool {
        self.state.load(Relaxed) != IDLE
    }

    /// Forgets a notification, so that the node can join again.
    pub(crate) fn reset(&self) {
        debug_assert!(
            self.is_notified(),
            "only a node out of every queue can be reset"
        );
        self.state.store(IDLE, Relaxed);
    }
}

impl WaitQueue {
    const_new! {
        pub(crate) fn new() -> Self {
            Self { word: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Whether there may be somebody to wake. Exact only for one who has synchronised with the waiters;
    /// see the handshake in this module's README.
    #[inline]
    fn may_need_wake(&self) -> bool {
        Word(self.word.load(Relaxed)).wants_wake()
    }

    /// Whether nobody waits and nobody is on the way. Exact only as `may_need_wake` is.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.word.load(Relaxed).addr() & !OBJECT == 0
    }

    /// The word at this moment. Exact only for one who has synchronised with those who change it.
    #[inline]
    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Relaxed))
    }

    /// Whether exactly one waits, and no thread is on its way.
    pub(crate) fn has_one_waiter_only(&self) -> bool {
        let locked = self.lock();
        // SAFETY: the lock is held.
        let alone = !locked.head.is_null() && unsafe { list::is_last(locked.head) };
        self.unlock(locked);
        alone && !locked.coming
    }

    /// Exchanges the object's bits for `bits`, if the word is still `from`. `ordering` is for success.
    ///
    /// # Errors
    ///
    /// What the word is instead. It may fail although the word is still the same.
    #[inline]
    pub(crate) fn try_change(
        &self,
        from: Word,
        bits: usize,
        ordering: Ordering,
    ) -> Result<(), Word> {
        let to = from.0.map_addr(|addr| addr & !OBJECT | bits);
        match self
            .word
            .compare_exchange_weak(from.0, to, ordering, Relaxed)
        {
            Ok(_) => Ok(()),
            Err(word) => Err(Word(word)),
        }
    }

    /// The change of a word in which nothing but the object's bits is set.
    #[inline]
    pub(crate) fn try_change_alone(&self, from: usize, to: usize, ordering: Ordering) -> bool {
        let (from, to) = (
            ptr::without_provenance_mut(from),
            ptr::without_provenance_mut(to),
        );
        self.word
            .compare_exchange(from, to, ordering, Relaxed)
            .is_ok()
    }

    /// Puts `node` at the end of the queue, as [`WaitQueue::join_as`] does.
    ///
    /// # Safety
    ///
    /// As there.
    pub(crate) unsafe fn join(&self, node: Pin<&Node>, waker: Waker) {
        // SAFETY: by the contract.
        unsafe { self.join_as(node, waker, Rank::Last) };
    }

    /// Puts `node` into the queue.
    ///
    /// Acquires what was released by whoever touched the queue before, and releases to whoever
    /// touches it after.
    ///
    /// # Safety
    ///
    /// `node` is in no queue, and until it has left this one (`is_notified` is true or `leave`
    /// has returned) it stays in place and this queue stays alive.
    pub(crate) unsafe fn join_as(&self, node: Pin<&Node>, waker: Waker, rank: Rank) {
        // SAFETY: by the contract.
        unsafe { self.join_at(&raw const *node, waker, rank) };
    }

    /// # Safety
    ///
    /// As above, for what `node` points to.
    unsafe fn join_at(&self, node: *const Node, waker: Waker, rank: Rank) {
        // SAFETY: the node is alive and in no queue, so its links are the caller's (rule 1).
        unsafe { (*node).state.store(QUEUED, Relaxed) };
        // SAFETY: as above.
        unsafe { &*node }.links.with_mut(|links| {
            // SAFETY: as above; nobody else looks at the links yet.
            unsafe {
                *links = Links {
                    previous: node,
                    next: ptr::null(),
                    waker: Some(waker),
                };
            }
        });
        let word = self.word.load(Relaxed);
        if word.addr() & !(COMING | OBJECT) == 0 {
            let alone = node.cast_mut().map_addr(|addr| addr | word.addr());
            if self
                .word
                .compare_exchange(word, alone, AcqRel, Relaxed)
                .is_ok()
            {
                return;
            }
        }
        let mut locked = self.lock();
        // SAFETY: the lock is held, and every node in the list is alive and in place until it leaves.
        locked.head = unsafe {
            match rank {
                Rank::Last => list::push(locked.head, node),
                Rank::First => list::push_first(locked.head, node),
            }
        };
        self.unlock(locked);
    }

    /// Takes `node` out, if no waker has done so. Returns whether one has: then a wake was spent on
    /// this waiter, who must use it or pass it on.
    ///
    /// # Safety
    ///
    /// `node` has joined this queue and has neither left it nor been reset since.
    pub(crate) unsafe fn leave(&self, node: Pin<&Node>) -> bool {
        if node.is_notified() {
            node.reset();
            return true;
        }
        let mut locked = self.lock();
        if node.is_notified() {
            self.unlock(locked);
            node.reset();
            return true;
        }
        // SAFETY: the lock is held and the node is still queued: a waker would have notified it.
        let (head, waker) = unsafe { list::unlink(locked.head, &raw const *node) };
        node.state.store(IDLE, Relaxed);
        locked.head = head;
        self.unlock(locked);
        // A waker's drop is the application's code, and the caller may hold a value by now.
        discard_panic(|| drop(waker));
        false
    }

    /// Makes a queued node wake `waker`'s task. Returns false if a wake came first.
    ///
    /// # Safety
    ///
    /// As for [`WaitQueue::leave`].
    pub(crate) unsafe fn refresh(&self, node: Pin<&Node>, waker: &Waker) -> bool {
        let same = |links: *const Links| {
            // SAFETY: called under the lock (rule 1). `will_wake` compares two pointers.
            unsafe { (*links).waker.as_ref() }.is_some_and(|old| old.will_wake(waker))
        };
        let locked = self.lock();
        let notified = node.is_notified();
        let same = !notified && node.links.with(same);
        self.unlock(locked);
        if notified || same {
            return !notified;
        }
        // Cloning and dropping a waker is the application's code: outside the lock.
        let fresh = waker.clone();
        let locked = self.lock();
        let notified = node.is_notified();
        let unused = if notified {
            Some(fresh)
        } else {
            node.links.with_mut(|links| {
                // SAFETY: the lock is held (rule 1).
                unsafe { (*links).waker.replace(fresh) }
            })
        };
        self.unlock(locked);
        discard_panic(|| drop(unused));
        !notified
    }

    /// Wakes the oldest waiter, if there is one and no thread is on its way. Returns who it was.
    ///
    /// The caller has made true what the waiter waits for, and has synchronised with the waiters by
    /// the read-modify-write that the README calls the handshake.
    #[inline]
    pub(crate) fn wake_one(&self) -> Option<Kind> {
        if self.may_need_wake() {
            self.wake_oldest()
        } else {
            None
        }
    }

    /// The same, if `enough` says that there is what the oldest waiter wants. It runs under the lock, just before
    /// that waiter can know of its wake.
    pub(crate) fn wake_one_if(&self, enough: impl FnOnce(u32) -> bool) -> Option<Kind> {
        if self.may_need_wake() {
            self.wake_oldest_if(enough)
        } else {
            None
        }
    }

    #[cold]
    fn wake_oldest(&self) -> Option<Kind> {
        self.wake_oldest_if(|_| true)
    }

    fn wake_oldest_if(&self, enough: impl FnOnce(u32) -> bool) -> Option<Kind> {
        let mut locked = self.lock();
        // SAFETY: the lock is held, so the head is alive.
        let is_served = |head: *const Node| enough(unsafe { (*head).wants });
        if locked.head.is_null() || locked.coming || !is_served(locked.head) {
            self.unlock(locked);
            return None;
        }
        // SAFETY: the lock is held, and the head is that of a list that is not empty.
        let (kind, waker) = unsafe { locked.notify_oldest() };
        self.unlock(locked);
        wake(waker);
        Some(kind)
    }

    /// Wakes every waiter there is now, if there is one.
    ///
    /// The caller has synchronised with the waiters as for [`WaitQueue::wake_one`]. A thread on its way
    /// changes nothing: what it will find says nothing about the others.
    #[inline]
    pub(crate) fn wake_everyone(&self) {
        if self.word.load(Relaxed).addr() & !NOT_HEAD != 0 {
            self.wake_all();
        }
    }

    /// Wakes every waiter there is now, whatever the caller has or has not synchronised with.
    ///
    /// Always locks, and so is itself the read-modify-write of the handshake: use it after a plain
    /// store, where it is rare enough (close, cancel, done).
    #[cold]
    pub(crate) fn wake_all(&self) {
        let mut locked = self.lock();
        // Those who join from here on are not meant; should some have left, a few of the newcomers
        // are woken in their place and look again in vain.
        //
        // SAFETY: the lock is held.
        let mut waiting = unsafe { list::count(locked.head) };
        loop {
            let mut batch = WakeBatch::new();
            while waiting > 0 && !locked.head.is_null() && batch.has_room() {
                waiting -= 1;
                // SAFETY: the lock is held, and the head is that of a list that is not empty.
                let (_, waker) = unsafe { locked.notify_oldest() };
                batch.push(waker);
            }
            let done = waiting == 0 || locked.head.is_null();
            self.unlock(locked);
            batch.wake();
            if done {
                return;
            }
            locked = self.lock();
        }
    }

    /// A thread that was woken is about to look at the object. From here on others are woken again.
    ///
    /// What was left to this thread meanwhile it sees only by a second look that it takes after this,
    /// and it has to wake those for whom it leaves anything: see [`WaitQueue::hand_on`].
    pub(crate) fn arrive(&self) {
        // The thread has acquired its own wake, and so sees at least the lock under which it was given.
        if self.word.load(Relaxed).addr() & FLAGS == 0 {
            return;
        }
        let mut locked = self.lock();
        locked.coming = false;
        self.unlock(locked);
    }

    /// Wakes those who were left to a thread that has arrived, for so many `chances`: tasks one by one, up
    /// to the first thread, who does the same when it arrives.
    pub(crate) fn hand_on(&self, chances: usize) {
        for _ in 0..chances {
            if self.wake_one() != Some(Kind::Task) {
                return;
            }
        }
    }

    fn lock(&self) -> Locked {
        let mut pauses = 0;
        loop {
            let word = self.word.load(Relaxed);
            if word.addr() & LOCKED == 0 {
                let locked = word.map_addr(|addr| addr | LOCKED);
                if self
                    .word
                    .compare_exchange_weak(word, locked, Acquire, Relaxed)
                    .is_ok()
                {
                    return Locked {
                        head: word.map_addr(|addr| addr & !NOT_HEAD),
                        coming: word.addr() & COMING != 0,
                        word: locked,
                    };
                }
            }
            // The lock is held for a few dozen instructions and never while user code runs, so it
            // stays taken only while its holder is off its processor.
            if pauses < LOCK_PAUSES {
                pauses += 1;
                hint::spin_loop();
            } else {
                hint::yield_now();
            }
        }
    }

    #[inline]
    fn unlock(&self, locked: Locked) {
        let unlocked = self.try_unlock(locked, |_| true);
        debug_assert!(unlocked.is_ok(), "any word will do");
    }

    /// Unlocks, unless the object's bits are not such as `will_do`. Then it stays locked.
    #[inline]
    fn try_unlock(
        &self,
        mut locked: Locked,
        will_do: impl Fn(usize) -> bool,
    ) -> Result<(), Locked> {
        let flags = if locked.coming { COMING } else { 0 };
        loop {
            // While it is locked only the object's bits change, and they seldom do.
            let bits = locked.word.addr() & OBJECT;
            if !will_do(bits) {
                return Err(locked);
            }
            let word = locked.head.cast_mut().map_addr(|addr| addr | flags | bits);
            match self
                .word
                .compare_exchange_weak(locked.word, word, Release, Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(changed) => locked.word = changed,
            }
        }
    }
}

impl Locked {
    /// Takes the oldest waiter out and marks it as woken. Returns what is to be called for it once the
    /// lock is released.
    ///
    /// # Safety
    ///
    /// The queue's lock is held, and `head` is that of its list, which is not empty.
    unsafe fn notify_oldest(&mut self) -> (Kind, Option<Waker>) {
        let oldest = self.head;
        // SAFETY: by the contract.
        let (rest, waker) = unsafe { list::unlink(oldest, oldest) };
        self.head = rest;
        // SAFETY: still queued, hence alive. The store is the last touch (rule 3).
        let oldest = unsafe { &*oldest };
        let kind = oldest.waiter;
        self.coming |= kind == Kind::Thread;
        oldest.woken_from.store(turn::here(), Relaxed);
        oldest.state.store(NOTIFIED, Release);
        (kind, waker)
    }
}

/// Calls a waker. Its panic must cost neither the other waiters their wake nor the caller its result.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        discard_panic(|| waker.wake());
    }
}

/// Wakers to call once the lock is released.
struct WakeBatch {
    wakers: [Option<Waker>; WakeBatch::ROOM],
    count: usize,
}

impl WakeBatch {
    const ROOM: usize = 16;

    fn new() -> Self {
        Self {
            wakers: [const { None }; Self::ROOM],
            count: 0,
        }
    }

    fn has_room(&self) -> bool {
        self.count < Self::ROOM
    }

    fn push(&mut self, waker: Option<Waker>) {
        self.wakers[self.count] = waker;
        self.count += 1;
    }

    fn wake(self) {
        for waker in self.wakers {
            wake(waker);
        }
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use crate::prim::StdArc;
    use std::pin::pin;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicU32);

    impl Wake for Count {
        fn wake(self: StdArc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    struct Panics;

    impl Wake for Panics {
        fn wake(self: StdArc<Self>) {
            panic!("a waker of the application");
        }
    }

    fn counted() -> (StdArc<Count>, Waker) {
        let count = StdArc::new(Count::default());
        (StdArc::clone(&count), Waker::from(count))
    }

    fn woken(count: &Count) -> u32 {
        count.0.load(Relaxed)
    }

    #[test]
    fn waiters_are_woken_oldest_first() {
        let queue = WaitQueue::new();
        let nodes = [
            pin!(Node::new(Kind::Task)),
            pin!(Node::new(Kind::Task)),
            pin!(Node::new(Kind::Task)),
        ];
        let wakers = [counted(), counted(), counted()];
        for (node, (_, waker)) in nodes.iter().zip(&wakers) {
            // SAFETY: the nodes are pinned to this frame and all are notified before it ends.
            unsafe { queue.join(node.as_ref(), waker.clone()) };
        }
        for turn in 0..3 {
            queue.wake_one();
            for (at, (count, _)) in wakers.iter().enumerate() {
                assert_eq!(woken(count), u32::from(at <= turn));
            }
        }
        assert!(queue.is_at_rest());
        queue.wake_one();
    }

    #[test]
    fn any_waiter_can_leave_from_any_place() {
        for gone in 0..3 {
            let queue = WaitQueue::new();
            let nodes = [
                pin!(Node::new(Kind::Task)),
                pin!(Node::new(Kind::Task)),
                pin!(Node::new(Kind::Task)),
            ];
            let wakers = [counted(), counted(), counted()];
            for (node, (_, waker)) in nodes.iter().zip(&wakers) {
                // SAFETY: pinned to this frame; each leaves or is notified before it ends.
                unsafe { queue.join(node.as_ref(), waker.clone()) };
            }
            // SAFETY: it has joined and not left.
            assert!(!unsafe { queue.leave(nodes[gone].as_ref()) });
            queue.wake_all();
            for (at, (count, _)) in wakers.iter().enumerate() {
                assert_eq!(woken(count), u32::from(at != gone));
            }
            assert!(queue.is_at_rest());
        }
    }

    #[test]
    fn everyone_is_woken_beside_a_thread_on_its_way() {
        let queue = WaitQueue::new();
        let thread = pin!(Node::new(Kind::Thread));
        let task = pin!(Node::new(Kind::Task));
        let wakers = [counted(), counted()];
        // SAFETY: the nodes are pinned to this frame and both are notified before it ends.
        unsafe { queue.join(thread.as_ref(), wakers[0].1.clone()) };
        queue.wake_one();
        // SAFETY: as above.
        unsafe { queue.join(task.as_ref(), wakers[1].1.clone()) };
        queue.wake_one();
        assert_eq!(wakers.each_ref().map(|(count, _)| woken(count)), [1, 0]);
        queue.wake_everyone();
        assert_eq!(wakers.each_ref().map(|(count, _)| woken(count)), [1, 1]);
        queue.wake_everyone();
        queue.arrive();
        assert!(queue.is_at_rest());
    }

    #[test]
    fn one_who_was_woken_learns_it_when_leaving() {
        let queue = WaitQueue::new();
        let node = pin!(Node::new(Kind::Task));
        let (_, waker) = counted();
        // SAFETY: pinned to this frame, leaves before it ends.
        unsafe { queue.join(node.as_ref(), waker) };
        queue.wake_one();
        // SAFETY: it has joined and not left.
        assert!(unsafe { queue.leave(node.as_ref()) });
        assert!(!node.is_joined());
    }

    #[test]
    fn wake_all_reaches_more_waiters_than_one_batch_holds() {
        let queue = WaitQueue::new();
        let (count, waker) = counted();
        let nodes: Vec<_> = (0..3 * WakeBatch::ROOM + 1)
            .map(|_| Box::pin(Node::new(Kind::Task)))
            .collect();
        for node in &nodes {
            // SAFETY: boxed and pinned, and notified before the boxes are dropped.
            unsafe { queue.join(node.as_ref(), waker.clone()) };
        }
        queue.wake_all();
        assert_eq!(woken(&count) as usize, nodes.len());
        assert!(nodes.iter().all(|node| node.is_notified()));
    }

    #[test]
    fn a_move_for_all_is_not_left_to_a_thread_on_its_way() {
        let queue = WaitQueue::new();
        let (thread, task) = (pin!(Node::new(Kind::Thread)), pin!(Node::new(Kind::Task)));
        let (count, waker) = counted();
        // SAFETY: pinned to this frame, and notified before it ends.
        unsafe { queue.join(thread.as_ref(), waker.clone()) };
        assert_eq!(queue.wake_one(), Some(Kind::Thread));
        queue.wake_everyone();
        assert_eq!(woken(&count), 1);
        // SAFETY: as above.
        unsafe { queue.join(task.as_ref(), waker) };
        assert_eq!(queue.wake_one(), None);
        queue.wake_everyone();
        assert_eq!(woken(&count), 2);
        queue.arrive();
        assert!(queue.is_at_rest());
    }

    #[test]
    fn wakers_that_panic_cost_nobody_else_the_wake() {
        let queue = WaitQueue::new();
        let (count, waker) = counted();
        // More than one batch, and more than one in a batch that panics.
        let nodes: Vec<_> = (0..3 * WakeBatch::ROOM)
            .map(|_| Box::pin(Node::new(Kind::Task)))
            .collect();
        for (at, node) in nodes.iter().enumerate() {
            let waker = if at % 3 == 0 {
                Waker::from(StdArc::new(Panics))
            } else {
                waker.clone()
            };
            // SAFETY: boxed and pinned, and notified before the boxes are dropped.
            unsafe { queue.join(node.as_ref(), waker) };
        }
        queue.wake_one();
        queue.wake_all();
        assert_eq!(woken(&count) as usize, 2 * WakeBatch::ROOM);
        assert!(queue.is_at_rest());
    }
}
