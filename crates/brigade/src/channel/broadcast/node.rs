//! One place for a value: many clone from it at once, and none of them holds up the sender who needs it.
//!
//! # The word
//!
//! Everything about a place is in one word, `{ lap | pins | phase }`, and moves by read-modify-writes, or by a
//! plain store of the one who has made it `BUSY`.
//!
//! | word | meaning | who may change it |
//! |---|---|---|
//! | `EMPTY` of lap `l` | no value; that of lap `l` is gone (or the ring is new) | the sender of lap `l + 1` |
//! | `FULL` of lap `l`, `n` pins | the value of lap `l`; `n` receivers clone it at this moment | receivers add and take away a pin; with no pin, the sender of lap `l + 1` or a clean-up makes it `BUSY` |
//! | `LEFT`, `n` pins | overtaken while `n` receivers cloned it | they take their pins away; the last one drops the value and makes it `SPARE` |
//! | `BUSY` | somebody moves a value in or out | only that one |
//! | `SPARE` | no value; for the next sender of this slot who finds the value of the lap before pinned | the sender whose turn it is |
//!
//! A pin says that the value stays, no more: it keeps nobody from anything. A sender who finds the value
//! pinned leaves it to those who clone it and writes into another place. So places come in chains, one chain
//! for each slot of the ring. Almost all chains are one place long: a second is made when a receiver is
//! overtaken by a whole lap while it clones, and is used again from then on. Places are freed with the
//! ring only, which is why whoever has the ring may look at any of them.

use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicPtr, AtomicUsize};
use crate::prim::{UnsafeCell, discard_panic};
use std::mem::MaybeUninit;
use std::ptr;

const PHASE: usize = 0b11;
const EMPTY: usize = 0;
const FULL: usize = 1;
const LEFT: usize = 2;
/// Neither a lap nor pins go with these two.
const BUSY: usize = 3;
const SPARE: usize = BUSY | PIN;

const PIN: usize = PHASE + 1;
/// A million threads that clone one value at the same instant, or a thousand where words are short. Whoever
/// comes on top of them looks again later.
const PIN_BITS: u32 = usize::BITS * 5 / 16;
const PINS: usize = ((1 << PIN_BITS) - 1) * PIN;
/// What is left for the lap: 42 bits, or 20 where words are short. There a receiver that stands still for exactly
/// so many laps takes a new value for an old one.
const LAP_SHIFT: u32 = PHASE.count_ones() + PIN_BITS;

const fn full(lap: usize) -> usize {
    lap << LAP_SHIFT | FULL
}

const fn empty(lap: usize) -> usize {
    lap << LAP_SHIFT | EMPTY
}

pub(super) struct Node<T> {
    word: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
    /// The rest of the chain. Set once, by the sender whose turn it is.
    next: AtomicPtr<Node<T>>,
}

// SAFETY: a value is moved in and out only by the one who has made the place `BUSY` or has taken the last
// pin of one that was left, and both acquire what everybody before them released. Values move between
// threads, so T is Send; and several threads clone one at the same time, so T is Sync.
unsafe impl<T: Send + Sync> Send for Node<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Node<T> {}

/// What a receiver that looks for the value of a lap finds.
pub(super) enum Look<'a, T> {
    /// The value.
    Pinned(Pinned<'a, T>),
    /// That of the lap before is the newest, or was.
    NotYet,
    /// Nothing that tells.
    Unsure,
}

/// What the sender of a lap gets of the place of the lap before.
enum Turn<T> {
    /// The place, for writing. With it comes the value that is overtaken.
    Mine(Option<T>),
    /// Nothing: it was left to those who clone its value.
    Left,
    /// Nothing: it is not the place of the lap before, or somebody is still at it.
    NotYet,
}

impl<T> Node<T> {
    /// The first place of a slot: that of lap `lap` is gone.
    pub(super) fn new(lap: usize) -> Self {
        Self::with(empty(lap))
    }

    fn with(word: usize) -> Self {
        Self {
            word: AtomicUsize::new(word),
            value: UnsafeCell::new(MaybeUninit::uninit()),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The next place in the chain.
    fn next(&self) -> Option<&Self> {
        let next = self.next.load(Acquire);
        // SAFETY: null, or a box that `spare` leaked, which this place owns and frees in its own drop.
        unsafe { next.as_ref() }
    }

    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |node| node.next())
    }

    /// Looks in the chain for the value of `lap` and pins it.
    #[inline]
    pub(super) fn pin(&self, lap: usize, before: usize) -> Look<'_, T> {
        let mut look = Look::Unsure;
        for node in self.chain() {
            match node.pin_here(lap, before) {
                Look::Unsure => {}
                Look::NotYet => look = Look::NotYet,
                found @ Look::Pinned(_) => return found,
            }
        }
        look
    }

    #[inline]
    fn pin_here(&self, lap: usize, before: usize) -> Look<'_, T> {
        let mut word = self.word.load(Acquire);
        while word & !PINS == full(lap) && word & PINS != PINS {
            match self
                .word
                .compare_exchange_weak(word, word + PIN, Acquire, Acquire)
            {
                Ok(_) => return Look::Pinned(Pinned(self)),
                Err(now) => word = now,
            }
        }
        if word & !PINS == full(before) || word == empty(before) {
            Look::NotYet
        } else {
            Look::Unsure
        }
    }

    /// Puts the value of `lap` into the chain, in the place of that of the lap `before`, which it returns if
    /// nobody is cloning it. Gives the value back if it is too early: somebody is still at the place.
    ///
    /// Only for the one sender of that lap.
    #[inline]
    pub(super) fn put(&self, lap: usize, before: usize, value: T) -> Result<Option<T>, T> {
        for node in self.chain() {
            match node.take_turn(before) {
                Turn::Mine(overtaken) => {
                    node.fill(lap, value);
                    return Ok(overtaken);
                }
                Turn::Left => {
                    self.spare().fill(lap, value);
                    return Ok(None);
                }
                Turn::NotYet => {}
            }
        }
        Err(value)
    }

    #[inline]
    fn take_turn(&self, before: usize) -> Turn<T> {
        let mut word = self.word.load(Relaxed);
        loop {
            let pins = word & PINS;
            let is_full = word & !PINS == full(before);
            if !is_full && word != empty(before) {
                return Turn::NotYet;
            }
            let turned = if pins == 0 { BUSY } else { LEFT | pins };
            match self
                .word
                .compare_exchange_weak(word, turned, Acquire, Relaxed)
            {
                Ok(_) if pins != 0 => return Turn::Left,
                // SAFETY: `BUSY` is ours alone, and the word said that the value is there.
                Ok(_) => return Turn::Mine(is_full.then(|| unsafe { self.take() })),
                Err(now) => word = now,
            }
        }
    }

    /// Takes out the value of `lap`, if it is there and nobody is cloning it. For a clean-up.
    pub(super) fn clear(&self, lap: usize) -> Option<T> {
        let node = self.chain().find(|node| {
            let turned = node
                .word
                .compare_exchange(full(lap), BUSY, Acquire, Relaxed);
            turned.is_ok()
        })?;
        // SAFETY: `BUSY` is ours alone, and the word said that the value is there.
        let value = unsafe { node.take() };
        node.word.store(empty(lap), Release);
        Some(value)
    }

    /// A place without a value, made if there is none. It belongs to the caller, whose turn it is.
    #[cold]
    fn spare(&self) -> &Self {
        let mut last = self;
        for node in self.chain() {
            // Acquired from whoever has taken the last value out.
            if node.word.load(Acquire) == SPARE {
                return node;
            }
            last = node;
        }
        let made = Box::into_raw(Box::new(Self::with(SPARE)));
        // Nobody else adds to a chain: the turns of a slot are one after the other.
        last.next.store(made, Release);
        // SAFETY: just made, and owned by `last` from now on, which lives as long as `self`.
        unsafe { &*made }
    }

    /// Writes the value and publishes it. The place is the caller's: `BUSY`, or `SPARE` in its turn.
    #[inline]
    fn fill(&self, lap: usize, value: T) {
        self.value.with_mut(|place| {
            // SAFETY: nobody else touches the value of a place that is `BUSY` or `SPARE`.
            unsafe { (*place).write(value) };
        });
        self.word.store(full(lap), Release);
    }

    /// # Safety
    ///
    /// The place holds a value, and is the caller's alone. It holds none afterwards.
    #[inline]
    unsafe fn take(&self) -> T {
        // SAFETY: by the contract.
        self.value
            .with(|place| unsafe { (*place).assume_init_read() })
    }
}

impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        debug_assert!(
            self.word.load(Relaxed) & PHASE != LEFT,
            "who clones keeps the ring"
        );
        if self.word.load(Relaxed) & PHASE == FULL {
            // SAFETY: a place that is dropped is the dropper's alone, and the word says that it is full.
            let value = unsafe { self.take() };
            discard_panic(|| drop(value));
        }
        let next = self.next.load(Relaxed);
        if !next.is_null() {
            // SAFETY: a box that `spare` leaked for this place, which nobody looks at any more.
            drop(unsafe { Box::from_raw(next) });
        }
    }
}

/// A value that stays where it is as long as this lives.
pub(super) struct Pinned<'a, T>(&'a Node<T>);

impl<T: Clone> Pinned<'_, T> {
    /// Clones the value: code of the application, which may do as it likes.
    #[inline]
    pub(super) fn cloned(&self) -> T {
        self.0.value.with(|place| {
            // SAFETY: the pin was set on a full place, and nobody takes the value out of a pinned one.
            // Others look at it at the same time, as T: Sync lets them if they are on other threads.
            unsafe { (*place).assume_init_ref() }.clone()
        })
    }
}

impl<T> Drop for Pinned<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.0.word.fetch_sub(PIN, AcqRel) == LEFT | PIN {
            self.drop_left();
        }
    }
}

impl<T> Pinned<'_, T> {
    #[cold]
    fn drop_left(&self) {
        // SAFETY: it was left with its value, and ours was the last pin: nobody else can get at it.
        let value = unsafe { self.0.take() };
        self.0.word.store(SPARE, Release);
        discard_panic(|| drop(value));
    }
}
